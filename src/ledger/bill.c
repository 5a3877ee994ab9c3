/* Reading providers' exports.
 *
 *	text ─csv─> header ─> which of the shapes ─> a role for each column ─> rows, summed
 *
 * Invariants: a figure that cannot be read refuses the whole file, never counts as 0; an empty
 * one is 0. Called by `fluxrouter reconcile`. Pure. */
#include "ledger/bill.h"

#include "base/clock.h"
#include "base/csv.h"

static const int64_t day_s = 24 * 3600;

enum role {
	ROLE_NONE,
	ROLE_DAY,
	ROLE_MODEL,
	ROLE_ITEM, /* "gpt-5-mini, input" */
	ROLE_CURRENCY,
	ROLE_CACHED, /* cache read, and contained in the input that is told */
	ROLE_FIGURE, /* ROLE_FIGURE + enum bill_figure */
};

#define FIGURE(name) ((enum role)(ROLE_FIGURE + BILL_##name))

struct column {
	const char *name;
	enum role role;
	bool is_needed; /* and shows that it is this shape */
};

enum { COLUMNS_MAX = 8 };

static const struct shape {
	const char *name, *provider;
	struct column columns[COLUMNS_MAX];
} shapes[] = {
    {"openai-usage",
     "openai",
     {{"start_time", ROLE_DAY, true},
      {"model", ROLE_MODEL, true},
      {"input_tokens", FIGURE(INPUT), true},
      {"input_cached_tokens", ROLE_CACHED, false},
      {"output_tokens", FIGURE(OUTPUT), true},
      {"num_model_requests", FIGURE(REQUESTS), false}}},
    {"openai-cost",
     "openai",
     {{"start_time", ROLE_DAY, true},
      {"amount_value", FIGURE(COST), true},
      {"amount_currency", ROLE_CURRENCY, false},
      {"line_item", ROLE_ITEM, false}}},
    {"anthropic-usage",
     "anthropic",
     {{"usage_date_utc", ROLE_DAY, true},
      {"model_version", ROLE_MODEL, true},
      {"usage_input_tokens_no_cache", FIGURE(INPUT), true},
      {"usage_input_tokens_cache_read", FIGURE(CACHE_READ), true},
      {"usage_input_tokens_cache_write_5m", FIGURE(CACHE_WRITE), false},
      {"usage_input_tokens_cache_write_1h", FIGURE(CACHE_WRITE), false},
      {"usage_input_tokens_cache_write", FIGURE(CACHE_WRITE), false},
      {"usage_output_tokens", FIGURE(OUTPUT), true}}},
    {"anthropic-cost",
     "anthropic",
     {{"usage_date_utc", ROLE_DAY, true},
      {"model", ROLE_MODEL, true},
      {"cost_usd", FIGURE(COST), true}}},
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static const char *const figure_names[BILL_FIGURE_COUNT] = {
#define X(name, text) text,
    BILL_FIGURES(X)
#undef X
};

const char *bill_figure_name(enum bill_figure figure)
{
	must(figure < BILL_FIGURE_COUNT);
	return figure_names[figure];
}

/* ---- names ---- */

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* A pattern of 'd' for a digit and bytes for themselves. */
static bool ends_like(struct str name, const char *pattern)
{
	size_t len = strlen(pattern);

	if (name.len <= len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char byte = name.ptr[name.len - len + i];

		if (pattern[i] == 'd' ? !is_digit(byte) : byte != pattern[i])
			return false;
	}
	return true;
}

static struct str without_end(struct str name)
{
	static const char *const ends[] = {"-dddddddd", "-dddd-dd-dd"};

	if (name.len > 7 && str_ends_with(name, STR("-latest")))
		return str_part(name, 0, name.len - 7);
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (ends_like(name, ends[i]))
			return str_part(name, 0, name.len - strlen(ends[i]));
	return name;
}

struct str bill_model_name(struct str name, struct arena *arena)
{
	char *copy;

	name = str_trim(name);
	for (size_t slash; (slash = str_find_byte(name, '/')) < name.len;)
		name = str_part(name, slash + 1, name.len);
	copy = arena_get(arena, name.len + 1);
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.ptr[i];

		copy[i] = (char)(byte >= 'A' && byte <= 'Z'   ? byte + 32
		                 : byte == ' ' || byte == '.' ? '-'
		                                              : byte);
	}
	return without_end((struct str){copy, name.len});
}

/* "gpt-5-mini, cached input", "web search tool calls | gpt-4.1" */
static struct str model_of_item(struct str item)
{
	size_t bar = str_find(item, STR(" | "));

	if (bar < item.len)
		item = str_part(item, bar + 3, item.len);
	return str_part(item, 0, str_find_byte(item, ','));
}

/* ---- values ---- */

enum { PUSD_DIGITS = 12 };

/* Digits with at most one point among them, taken together as one number that is to be divided by
 * 10^*out_places; digits that are too small to count are dropped. */
static int read_digits(struct str text, int64_t *out, int64_t *out_places)
{
	bool behind = false;
	int64_t value = 0, places = 0;
	size_t digits = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '.' && !behind) {
			behind = true;
			continue;
		}
		if (!is_digit(text.ptr[i]))
			return -1;
		digits++;
		if (behind && places >= PUSD_DIGITS + 3)
			continue;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text.ptr[i] - '0', &value))
			return -1;
		places += behind;
	}
	*out = value;
	*out_places = places;
	return digits > 0 ? 0 : -1;
}

static int scale(int64_t *value, int64_t shift)
{
	if (shift > 18 && *value != 0)
		return -1;
	for (; shift > 0 && *value != 0; shift--)
		if (__builtin_mul_overflow(*value, 10, value))
			return -1;
	for (; shift < 0 && *value != 0; shift++)
		*value /= 10;
	return 0;
}

int bill_read_pusd(struct str text, int64_t *out_pusd)
{
	bool is_negative = str_starts_with(text, STR("-"));
	struct str number = str_part(text, is_negative ? 1 : 0, text.len);
	size_t mark = str_find_byte(number, 'e') < number.len ? str_find_byte(number, 'e')
	                                                      : str_find_byte(number, 'E');
	struct str power = str_part(number, mark + 1, number.len);
	int64_t value, places, exponent = 0;

	if (str_starts_with(power, STR("+")))
		power = str_part(power, 1, power.len);
	if (mark < number.len && str_to_i64(power, -400, 400, &exponent) < 0)
		return -1;
	if (read_digits(str_part(number, 0, mark), &value, &places) < 0 ||
	    scale(&value, PUSD_DIGITS - places + exponent) < 0)
		return -1;
	*out_pusd = is_negative ? -value : value;
	return 0;
}

/* A date, with or without a time behind it, or Unix seconds. */
static int read_day(struct str text, int64_t *out_day)
{
	int64_t seconds, wall_ms;

	if (str_to_i64(text, 0, 253402300799, &seconds) < 0) {
		if (clock_read_day(str_part(text, 0, 10), &wall_ms) < 0)
			return -1;
		seconds = wall_ms / 1000;
	}
	*out_day = seconds / day_s;
	return 0;
}

/* ---- rows ---- */

struct reading {
	struct csv csv;
	const struct shape *shape;
	const struct column *columns[CSV_FIELDS_MAX]; /* NULL: left alone */
	int column_count;
	struct arena *arena;
	struct bill *bill;
	int room;
};

static const struct column *column_named(const struct shape *shape, struct str name)
{
	for (int i = 0; i < COLUMNS_MAX && shape->columns[i].name; i++)
		if (str_eq_nocase(str_trim(name), str_of(shape->columns[i].name)))
			return &shape->columns[i];
	return NULL;
}

static bool has_columns(const struct shape *shape, const struct str *names, int count)
{
	for (int i = 0; i < COLUMNS_MAX && shape->columns[i].name; i++) {
		bool found = !shape->columns[i].is_needed;

		for (int j = 0; j < count && !found; j++)
			found = column_named(shape, names[j]) == &shape->columns[i];
		if (!found)
			return false;
	}
	return true;
}

static void set_columns(struct reading *r, const struct str *names, int count)
{
	r->column_count = count;
	for (int i = 0; i < count; i++) {
		r->columns[i] = column_named(r->shape, names[i]);
		if (r->columns[i] && r->columns[i]->role >= ROLE_FIGURE)
			r->bill->knows |= 1u << (r->columns[i]->role - ROLE_FIGURE);
		if (r->columns[i] && r->columns[i]->role == ROLE_CACHED)
			r->bill->knows |= 1u << BILL_CACHE_READ;
	}
}

static int read_header(struct reading *r, struct fail *f)
{
	struct str names[CSV_FIELDS_MAX];
	int count = csv_row(&r->csv, r->arena, names);

	if (count <= 0)
		return fail(f, FAIL_INVALID_VALUE, "the export %s",
		            count < 0 ? r->csv.problem : "is empty");
	for (int i = 0; i < SHAPES && !r->shape; i++)
		if (has_columns(&shapes[i], names, count))
			r->shape = &shapes[i];
	if (!r->shape)
		return fail(f, FAIL_INVALID_VALUE,
		            "the export's columns are none of a usage or cost export of OpenAI or "
		            "Anthropic; it begins with \"%.*s\"",
		            STR_ARG(str_part(names[0], 0, 64)));
	r->bill->shape = r->shape->name;
	r->bill->provider = str_of(r->shape->provider);
	set_columns(r, names, count);
	return 0;
}

static int wrong(const struct reading *r, const struct column *c, struct str value, struct fail *f)
{
	return fail(f, FAIL_INVALID_VALUE, "line %" PRId64 ": %s \"%.*s\" cannot be read",
	            r->csv.line, c->name, STR_ARG(str_part(value, 0, 64)));
}

static int add(int64_t *sum, int64_t more)
{
	return __builtin_add_overflow(*sum, more, sum) ? -1 : 0;
}

static int read_figure(const struct column *c, struct str text, struct bill_row *row)
{
	int64_t *figure = &row->figures[c->role - ROLE_FIGURE];
	int64_t value = 0;

	if (text.len == 0)
		return 0;
	if (c->role == FIGURE(COST) ? bill_read_pusd(text, &value) < 0
	                            : str_to_i64(text, 0, INT64_MAX / 2, &value) < 0)
		return -1;
	return add(figure, value);
}

/* -1: cannot be read. */
static int read_value(const struct reading *r, const struct column *c, struct str text,
                      struct bill_row *row)
{
	int64_t cached = 0;

	switch ((int)c->role) {
	case ROLE_DAY:
		return read_day(text, &row->day);
	case ROLE_MODEL:
		row->model = bill_model_name(text, r->arena);
		return 0;
	case ROLE_ITEM:
		row->model = bill_model_name(model_of_item(text), r->arena);
		return 0;
	case ROLE_CURRENCY:
		return text.len == 0 || str_eq_nocase(text, STR("usd")) ? 0 : -1;
	case ROLE_CACHED:
		if (text.len && str_to_i64(text, 0, INT64_MAX / 2, &cached) < 0)
			return -1;
		row->figures[BILL_CACHE_READ] += cached;
		row->figures[BILL_INPUT] -= cached;
		return 0;
	default:
		return read_figure(c, text, row);
	}
}

static int read_fields(const struct reading *r, const struct str *fields, int count,
                       struct bill_row *row, struct fail *f)
{
	if (count != r->column_count)
		return fail(f, FAIL_INVALID_VALUE,
		            "line %" PRId64 " has %d fields, the first line %d", r->csv.line, count,
		            r->column_count);
	for (int i = 0; i < count; i++)
		if (r->columns[i] && read_value(r, r->columns[i], str_trim(fields[i]), row) < 0)
			return wrong(r, r->columns[i], fields[i], f);
	return 0;
}

static void note_day(struct bill *b, int64_t day)
{
	b->first_day = b->first_day < 0 || day < b->first_day ? day : b->first_day;
	b->last_day = day > b->last_day ? day : b->last_day;
}

/* A day without use is told as a row of nothing. */
static bool is_nothing(const struct bill_row *row)
{
	for (int i = 0; i < BILL_FIGURE_COUNT; i++)
		if (row->figures[i])
			return false;
	return true;
}

static void keep_row(struct reading *r, const struct bill_row *row)
{
	struct bill_row *grown;

	if (r->bill->count == r->room) {
		r->room = r->room * 2 + 64;
		grown = ARENA_ARRAY(r->arena, struct bill_row, (size_t)r->room);
		if (r->bill->count)
			memcpy(grown, r->bill->rows, (size_t)r->bill->count * sizeof *grown);
		r->bill->rows = grown;
	}
	r->bill->rows[r->bill->count++] = *row;
}

static int read_rows(struct reading *r, struct fail *f)
{
	struct str fields[CSV_FIELDS_MAX];
	int count;

	while ((count = csv_row(&r->csv, r->arena, fields)) > 0) {
		struct bill_row row = {0};

		if (read_fields(r, fields, count, &row, f) < 0)
			return -1;
		note_day(r->bill, row.day);
		if (!is_nothing(&row))
			keep_row(r, &row);
		if (r->bill->count > BILL_ROWS_MAX)
			return fail(f, FAIL_INVALID_VALUE, "the export has over %d rows",
			            BILL_ROWS_MAX);
	}
	if (count < 0)
		return fail(f, FAIL_INVALID_VALUE, "line %" PRId64 " %s", r->csv.line,
		            r->csv.problem);
	return 0;
}

int bill_compare_rows(const void *left, const void *right)
{
	const struct bill_row *a = left, *b = right;

	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	return str_compare(a->model, b->model);
}

static int add_row(struct bill_row *to, const struct bill_row *more)
{
	for (int i = 0; i < BILL_FIGURE_COUNT; i++)
		if (add(&to->figures[i], more->figures[i]) < 0)
			return -1;
	return 0;
}

int bill_gather(struct bill_row *rows, int count)
{
	int kept = 0;

	if (count == 0)
		return 0;
	qsort(rows, (size_t)count, sizeof *rows, bill_compare_rows);
	for (int i = 1; i < count; i++) {
		if (bill_compare_rows(&rows[kept], &rows[i]) != 0)
			rows[++kept] = rows[i];
		else if (add_row(&rows[kept], &rows[i]) < 0)
			return -1;
	}
	return kept + 1;
}

int bill_read(struct str text, struct arena *arena, struct bill *out, struct fail *f)
{
	struct bill bill = {.first_day = -1, .last_day = -1};
	struct reading r = {.arena = arena, .bill = &bill};

	csv_init(&r.csv, text);
	if (read_header(&r, f) < 0 || read_rows(&r, f) < 0)
		return -1;
	bill.count = bill_gather(bill.rows, bill.count);
	if (bill.count < 0)
		return fail(f, FAIL_INVALID_VALUE, "the export's sums are too large");
	*out = bill;
	return 0;
}
