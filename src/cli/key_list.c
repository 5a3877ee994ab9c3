/* Making keys from a list: all of it is read, then line by line account, team, user, key.
 *
 * What fails in the middle names the line; what was printed before is in force. A user that is
 * there already gets one more key. Called by `fluxrouter key create --from`. */
#include "cli/key_list.h"

#include "base/csv.h"
#include "cli/file.h"
#include "cli/option.h"
#include "gate/terms.h"

enum { FILE_MAX_BYTES = 16 << 20 };

enum column { ACCOUNT, TEAM, USER, LABEL, MODELS, EXPIRES, COLUMNS, TERM = COLUMNS };

static const struct {
	const char *name;
	enum column column;
} names[] = {
    {"account", ACCOUNT}, {"team", TEAM},   {"user", USER},     {"email", USER},
    {"name", USER},       {"label", LABEL}, {"models", MODELS}, {"expires", EXPIRES},
};

struct line {
	int64_t number;
	struct str values[COLUMNS];
	struct str terms[OPTION_TAKEN_MAX]; /* month_usd=5 */
	int term_count;
	struct line *next;
};

struct reading {
	struct errand *e;
	const struct key_list_ask *ask;
	struct csv csv;
	int columns[CSV_FIELDS_MAX];
	struct str heads[CSV_FIELDS_MAX];
	int column_count;
	struct line *first, **last;
};

/* ---- reading ---- */

static bool is_term(struct str name)
{
	for (int i = 0; i < TERM_COUNT; i++)
		if (str_eq(name, str_of(terms_row((enum term)i)->name)) && i != TERM_models)
			return true;
	return false;
}

static int column_of(struct str name)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_eq_nocase(name, str_of(names[i].name)))
			return names[i].column;
	return is_term(name) ? TERM : -1;
}

static int read_heads(struct reading *r, struct fail *f)
{
	struct str heads[CSV_FIELDS_MAX];
	int count = csv_row(&r->csv, &r->e->books.arena, heads);

	if (count <= 0)
		return fail(f, FAIL_INVALID_VALUE, "%.*s %s", STR_ARG(r->ask->file),
		            count < 0 ? r->csv.problem : "is empty");
	for (int i = 0; i < count; i++) {
		r->heads[i] = str_trim(heads[i]);
		r->columns[i] = column_of(r->heads[i]);
		if (r->columns[i] < 0)
			return fail(f, FAIL_INVALID_VALUE,
			            "%.*s: there is no column \"%.*s\"; there are account, team, "
			            "user, label, models, expires and the names of terms",
			            STR_ARG(r->ask->file), STR_ARG(str_part(r->heads[i], 0, 64)));
	}
	r->column_count = count;
	return 0;
}

static int take_value(struct reading *r, struct line *line, int at, struct str value)
{
	if (r->columns[at] != TERM) {
		line->values[r->columns[at]] = value;
		return 0;
	}
	if (value.len == 0)
		return 0;
	if (line->term_count == OPTION_TAKEN_MAX)
		return -1;
	line->terms[line->term_count++] =
	    arena_printf(&r->e->books.arena, "%.*s=%.*s", STR_ARG(r->heads[at]), STR_ARG(value));
	return 0;
}

static int read_line(struct reading *r, const struct str *fields, int count, struct fail *f)
{
	struct line *line = ARENA_NEW(&r->e->books.arena, struct line);

	if (count != r->column_count)
		return fail(f, FAIL_INVALID_VALUE,
		            "%.*s: line %" PRId64 " has %d fields, the first one %d",
		            STR_ARG(r->ask->file), r->csv.line, count, r->column_count);
	line->number = r->csv.line;
	line->values[ACCOUNT] = r->ask->account;
	for (int i = 0; i < count; i++) {
		struct str value = str_trim(fields[i]);

		if ((value.len || r->columns[i] != ACCOUNT) && take_value(r, line, i, value) < 0)
			return fail(f, FAIL_INVALID_VALUE, "%.*s: too many terms",
			            STR_ARG(r->ask->file));
	}
	*r->last = line;
	r->last = &line->next;
	return 0;
}

static int read_lines(struct reading *r, struct fail *f)
{
	struct str fields[CSV_FIELDS_MAX];
	int count;

	if (read_heads(r, f) < 0)
		return -1;
	while ((count = csv_row(&r->csv, &r->e->books.arena, fields)) > 0)
		if (read_line(r, fields, count, f) < 0)
			return -1;
	if (count < 0)
		return fail(f, FAIL_INVALID_VALUE, "%.*s: line %" PRId64 " %s",
		            STR_ARG(r->ask->file), r->csv.line, r->csv.problem);
	return 0;
}

/* ---- making ---- */

/* Makes the team or user unless it is there. */
static int make_owner(struct errand *e, const char *kind, struct str name, const struct line *line)
{
	struct errand_place there = {.kind = kind, .which = name, .account = line->values[ACCOUNT]};
	struct errand_place all = {.kind = kind};

	if (name.len == 0 || errand_try(e, "GET", errand_target(e, &there)) == 0)
		return 0;
	errand_put(e, "account", line->values[ACCOUNT]);
	errand_put(e, "name", name);
	if (str_eq(str_of(kind), STR("user")))
		errand_put(e, "team", line->values[TEAM]);
	return errand_try(e, "POST", errand_target(e, &all));
}

static int make_key(struct errand *e, const struct line *line)
{
	static const char *const members[COLUMNS] = {
	    [ACCOUNT] = "account", [TEAM] = "team",     [USER] = "user",
	    [LABEL] = "label",     [MODELS] = "models", [EXPIRES] = "expires"};
	struct errand_place place = {.kind = "key"};
	int64_t id;

	if (store_account_named(e->books.store, line->values[ACCOUNT], &id, &e->books.fail) < 0 ||
	    make_owner(e, "team", line->values[TEAM], line) < 0 ||
	    make_owner(e, "user", line->values[USER], line) < 0)
		return -1;
	for (int i = 0; i < COLUMNS; i++)
		errand_put(e, members[i], line->values[i]);
	if (errand_put_terms(e, line->terms, line->term_count) < 0)
		return -1;
	return errand_try(e, "POST", errand_target(e, &place));
}

static int print_key(struct errand *e, const struct line *line)
{
	struct buf out;
	int result;

	buf_init(&out, 1 << 16);
	buf_put(&out, errand_text(e, json_root(&e->answer), "key"));
	for (int i = ACCOUNT; i <= LABEL; i++) {
		buf_put_byte(&out, ',');
		csv_put(&out, line->values[i]);
	}
	buf_put_byte(&out, '\n');
	result = fwrite(out.ptr, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : -1;
	buf_release(&out);
	if (result < 0)
		fprintf(stderr,
		        "fluxrouter: the key of line %" PRId64
		        " was made but could not be printed; revoke it\n",
		        line->number);
	return result;
}

static int make_all(struct errand *e, const struct line *first)
{
	for (const struct line *line = first; line; line = line->next) {
		if (make_key(e, line) < 0) {
			fprintf(stderr, "fluxrouter: line %" PRId64 ": %.*s\n", line->number,
			        STR_ARG(e->books.fail.message));
			return 1;
		}
		if (print_key(e, line) < 0)
			return 1;
	}
	return 0;
}

int key_list_create(struct errand *e, const struct key_list_ask *ask)
{
	struct reading r = {.e = e, .ask = ask};
	struct buf text;
	int status;

	r.last = &r.first;
	buf_init(&text, FILE_MAX_BYTES);
	if (file_read(ask->file, &text, &e->books.fail) < 0) {
		status = books_fails(&e->books);
	} else {
		csv_init(&r.csv, buf_str(&text));
		status = read_lines(&r, &e->books.fail) < 0 ? books_fails(&e->books)
		                                            : make_all(e, r.first);
	}
	buf_release(&text);
	return status;
}
