/* Two lists of prices, row by row.
 *
 * Of a catalog every rate of every row is compared, of a table only what it tells: its rates are
 * those of the first row. A table's numbers may come from binary fractions
 * (0.09999999999999999), so they are rounded to six digits behind the point, which is as fine as
 * our own. Called by the verb catalog. */
#include "cli/catalog_diff.h"

#include "base/decimal.h"

enum { RATE_DIGITS = 6, CALL_DIGITS = 9, PERCENT_DIGITS = 2 };

/* One line in the making: nothing is printed until something differs. */
struct line {
	struct buf *out;
	struct str name, row;
	bool is_begun;
};

static void put_difference(struct line *l, const char *what, int64_t ours, int64_t theirs,
                           int digits)
{
	if (ours == theirs)
		return;
	if (!l->is_begun)
		buf_printf(l->out, "~ %.*s%.*s:", STR_ARG(l->name), STR_ARG(l->row));
	buf_printf(l->out, "%s %s ", l->is_begun ? "," : "", what);
	decimal_put(l->out, ours, digits);
	buf_put(l->out, STR(" -> "));
	decimal_put(l->out, theirs, digits);
	l->is_begun = true;
}

static int end_line(struct line *l)
{
	if (l->is_begun)
		buf_put_byte(l->out, '\n');
	return l->is_begun;
}

static void put_rate(struct buf *out, const char *what, int64_t pusd)
{
	buf_printf(out, " %s ", what);
	decimal_put(out, pusd, RATE_DIGITS);
}

/* ---- two catalogs ---- */

static const struct price_version *newest(const struct config_model *m)
{
	return &m->prices.versions[m->prices.count - 1];
}

static const struct price *same_row(const struct price_version *v, const struct price *row)
{
	for (int i = 0; i < v->row_count; i++)
		if (v->rows[i].service == row->service &&
		    v->rows[i].above_tokens == row->above_tokens)
			return &v->rows[i];
	return NULL;
}

/* " [flex above 272000]"; empty for the first row. */
static struct str row_name(const struct price *p, struct arena *arena)
{
	if (p->service == LLM_SERVICE_STANDARD && p->above_tokens == 0)
		return STR("");
	if (p->above_tokens == 0)
		return arena_printf(arena, " [%s]", llm_service_name(p->service));
	return arena_printf(arena, " [%s above %lld]", llm_service_name(p->service),
	                    (long long)p->above_tokens);
}

static int compare_rows(struct line l, const struct price *a, const struct price *b)
{
#define X(rate, fallback) put_difference(&l, #rate, a->rate##_pusd, b->rate##_pusd, RATE_DIGITS);
	PRICE_RATES(X)
#undef X
	put_difference(&l, "per_call", a->call_nusd, b->call_nusd, CALL_DIGITS);
	put_difference(&l, "per_search", a->search_nusd, b->search_nusd, CALL_DIGITS);
	put_difference(&l, "percent", a->percent_bp, b->percent_bp, PERCENT_DIGITS);
	put_difference(&l, "regional", a->regional_bp, b->regional_bp, PERCENT_DIGITS);
	return end_line(&l);
}

static int compare_prices(const struct config_model *ours, const struct config_model *theirs,
                          struct buf *out, struct arena *arena)
{
	const struct price_version *a = newest(ours), *b = newest(theirs);
	int count = 0;

	for (int i = 0; i < a->row_count; i++) {
		struct line l = {out, ours->name, row_name(&a->rows[i], arena), false};
		const struct price *other = same_row(b, &a->rows[i]);

		if (other) {
			count += compare_rows(l, &a->rows[i], other);
			continue;
		}
		buf_printf(out, "- %.*s%.*s\n", STR_ARG(l.name), STR_ARG(l.row));
		count++;
	}
	for (int i = 0; i < b->row_count; i++) {
		struct str row = row_name(&b->rows[i], arena);

		if (same_row(a, &b->rows[i]))
			continue;
		buf_printf(out, "+ %.*s%.*s:", STR_ARG(ours->name), STR_ARG(row));
		put_rate(out, "input", b->rows[i].input_pusd);
		put_rate(out, "output", b->rows[i].output_pusd);
		buf_put_byte(out, '\n');
		count++;
	}
	return count;
}

static int compare_models(const struct config_model *ours, const struct config_model *theirs,
                          struct buf *out)
{
	struct line l = {out, ours->name, STR(""), false};
	struct arena arena;
	int count;

	put_difference(&l, "context", ours->context, theirs->context, 0);
	put_difference(&l, "max_output", ours->max_output, theirs->max_output, 0);
	count = end_line(&l);
	arena_init(&arena);
	count += compare_prices(ours, theirs, out, &arena);
	arena_release(&arena);
	return count;
}

static const struct config_model *model_of(const struct config *c, struct str name)
{
	for (int i = 0; i < c->model_count; i++)
		if (str_eq_nocase(c->models[i].name, name))
			return &c->models[i];
	return NULL;
}

int catalog_diff(const struct config *ours, const struct config *theirs, struct buf *out)
{
	int count = 0;

	for (int i = 0; i < ours->model_count; i++) {
		const struct config_model *m = &ours->models[i], *other = model_of(theirs, m->name);

		if (other) {
			count += compare_models(m, other, out);
			continue;
		}
		buf_printf(out, "- %.*s\n", STR_ARG(m->name));
		count++;
	}
	for (int i = 0; i < theirs->model_count; i++) {
		const struct config_model *m = &theirs->models[i];

		if (model_of(ours, m->name))
			continue;
		buf_printf(out, "+ %.*s:", STR_ARG(m->name));
		put_rate(out, "input", newest(m)->rows[0].input_pusd);
		put_rate(out, "output", newest(m)->rows[0].output_pusd);
		buf_put_byte(out, '\n');
		count++;
	}
	return count;
}

/* ---- a table ---- */

enum column { PROVIDER, ID, INPUT, OUTPUT, CACHE_READ, CACHE_WRITE, CONTEXT, MAX_OUTPUT, COLUMNS };

static const char *const column_names[COLUMNS] = {
    "provider", "id", "in_usd_per_m", "out", "cache_read", "cache_write", "context", "max_output"};

struct table {
	int at[COLUMNS]; /* place of the column in a line; -1: it has none */
};

/* Names of the same provider elsewhere. */
static struct str our_name(struct str provider)
{
	static const struct {
		struct str theirs, ours;
	} names[] = {
	    {STR_INIT("google"), STR_INIT("gemini")},
	    {STR_INIT("moonshotai"), STR_INIT("moonshot")},
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_eq(provider, names[i].theirs))
			return names[i].ours;
	return provider;
}

static void read_columns(struct str line, struct table *t)
{
	struct str field;

	for (int c = 0; c < COLUMNS; c++)
		t->at[c] = -1;
	for (int i = 0; str_next_field(&line, '\t', &field); i++)
		for (int c = 0; c < COLUMNS; c++)
			if (str_eq(str_trim(field), str_of(column_names[c])))
				t->at[c] = i;
}

static void read_fields(const struct table *t, struct str line, struct str fields[COLUMNS])
{
	struct str field;

	for (int c = 0; c < COLUMNS; c++)
		fields[c] = STR("");
	for (int i = 0; str_next_field(&line, '\t', &field); i++)
		for (int c = 0; c < COLUMNS; c++)
			if (t->at[c] == i)
				fields[c] = str_trim(field);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Rounded half up; 0 where it is no plain number: not told. */
static int64_t number(struct str text, int digits)
{
	size_t point = str_find_byte(text, '.');
	int64_t value = 0;
	size_t at = 0;

	for (; at < text.len && at <= point + (size_t)digits && value < INT64_MAX / 100; at++)
		if (at != point && !is_digit(text.ptr[at]))
			return 0;
		else if (at != point)
			value = value * 10 + (text.ptr[at] - '0');
	for (size_t had = point < text.len ? at - point - 1 : 0; had < (size_t)digits; had++)
		value *= 10;
	return value + (at < text.len && text.ptr[at] >= '5' && is_digit(text.ptr[at]));
}

struct place {
	const struct config_model *model;
	bool knows_provider;
};

static struct place find(const struct config *c, struct str provider, struct str id)
{
	struct place place = {0};

	for (int i = 0; i < c->model_count; i++)
		for (int t = 0; t < c->models[i].target_count; t++) {
			const struct config_target *target = &c->models[i].targets[t];

			if (!str_eq(target->provider->name, provider))
				continue;
			place.knows_provider = true;
			if (str_eq(target->model, id))
				place.model = &c->models[i];
		}
	return place;
}

static void compare_told(struct line *l, const char *what, int64_t ours, int64_t theirs, int digits)
{
	if (theirs > 0)
		put_difference(l, what, ours, theirs, digits);
}

static int compare_line(const struct config *ours, struct str fields[COLUMNS], struct buf *out)
{
	struct str provider = our_name(fields[PROVIDER]);
	struct place place = find(ours, provider, fields[ID]);
	struct line l = {.out = out};
	const struct price *p;

	if (!place.knows_provider)
		return 0;
	if (!place.model) {
		buf_printf(out, "+ %.*s/%.*s:", STR_ARG(provider), STR_ARG(fields[ID]));
		put_rate(out, "input", number(fields[INPUT], RATE_DIGITS));
		put_rate(out, "output", number(fields[OUTPUT], RATE_DIGITS));
		buf_put_byte(out, '\n');
		return 1;
	}
	p = &newest(place.model)->rows[0];
	l.name = place.model->name;
	compare_told(&l, "input", p->input_pusd, number(fields[INPUT], RATE_DIGITS), RATE_DIGITS);
	compare_told(&l, "output", p->output_pusd, number(fields[OUTPUT], RATE_DIGITS),
	             RATE_DIGITS);
	compare_told(&l, "cache_read", p->cache_read_pusd, number(fields[CACHE_READ], RATE_DIGITS),
	             RATE_DIGITS);
	compare_told(&l, "cache_write", p->cache_write_5m_pusd,
	             number(fields[CACHE_WRITE], RATE_DIGITS), RATE_DIGITS);
	compare_told(&l, "context", place.model->context, number(fields[CONTEXT], 0), 0);
	compare_told(&l, "max_output", place.model->max_output, number(fields[MAX_OUTPUT], 0), 0);
	if (l.is_begun)
		buf_printf(out, "  (%.*s/%.*s)", STR_ARG(provider), STR_ARG(fields[ID]));
	return end_line(&l);
}

int catalog_diff_table(const struct config *ours, struct str table, struct buf *out)
{
	struct str line, fields[COLUMNS];
	struct table t;
	int count = 0;

	if (!str_next_field(&table, '\n', &line))
		return 0;
	read_columns(line, &t);
	while (str_next_field(&table, '\n', &line)) {
		if (str_ends_with(line, STR("\r")))
			line.len--;
		read_fields(&t, line, fields);
		if (fields[ID].len)
			count += compare_line(ours, fields, out);
	}
	return count;
}
