/* Terms from JSON and from command lines, and back.
 *
 * Both ways of reading bring a value to one text form and go through read_value, so that a term
 * means the same wherever it is set. Numbers are read from their decimal text, never through a
 * double: 0.1 USD is 100,000,000 nano-dollars. A number may stand in quotes, since some programs
 * write amounts so.
 *
 * Invariant: what terms_write puts, terms_read takes, and gives the same terms. Called by the
 * table of accounts, and by whoever sets terms (admin, cli). Must never keep half of what it was
 * given: *out is untouched on failure. */
#include "gate/terms.h"

#include "base/decimal.h"
#include "base/json_write.h"
#include "llm.h"

#define USD INT64_C(1000000000)

static const struct term_row rows[TERM_COUNT] = {
#define TERM(name, kind, whose, help) {#name, TERM_##kind, whose, help},
    TERMS_TABLE(TERM)
#undef TERM
};

/* At which scale a kind's number is kept, and what it may be. */
static const struct {
	int scale;
	struct decimal_range range;
} numbers[] = {
    [TERM_USD] = {9, {0, 1000 * 1000 * 1000 * USD}},
    [TERM_NUMBER] = {0, {1, 1000 * 1000 * 1000}},
    [TERM_PERCENT] = {2, {-100 * 100, 10000 * 100}},
};

static const char *const remedies[] = {
    [TERM_USD] = "give US dollars such as 20 or 0.25, at most 1000000000",
    [TERM_NUMBER] = "give a whole number from 1 to 1000000000",
    [TERM_PERCENT] = "give a percentage such as 20 or 12.5, from -100 to 10000",
    [TERM_BOOL] = "give true or false",
    [TERM_TIER] = "give fast, standard or reasoning",
    [TERM_GLOBS] = "give a comma list of names such as \"gpt-*,claude-*\"",
};

const struct term_row *terms_row(enum term term)
{
	must(term < TERM_COUNT);
	return &rows[term];
}

static int refuse(enum term term, const char *problem, struct fail *f)
{
	return fail_at(f, FAIL_INVALID_VALUE, str_of(rows[term].name), "%s %s; %s", rows[term].name,
	               problem, remedies[rows[term].kind]);
}

static int read_number(enum term term, struct str text, struct terms *t, struct fail *f)
{
	enum term_kind kind = rows[term].kind;
	const char *problem = decimal_problem(text, numbers[kind].scale, numbers[kind].range);

	if (problem ||
	    decimal_read(text, numbers[kind].scale, numbers[kind].range, &t->values[term]) < 0)
		return refuse(term, problem, f);
	return 0;
}

static int read_bool(enum term term, struct str text, struct terms *t, struct fail *f)
{
	bool is_true = str_eq(text, STR("true"));

	if (!is_true && !str_eq(text, STR("false")))
		return refuse(term, "is neither true nor false", f);
	t->values[term] = is_true;
	return 0;
}

static int read_tier(enum term term, struct str text, struct terms *t, struct fail *f)
{
	enum llm_tier tier;

	if (llm_tier_of(text, &tier) < 0)
		return refuse(term, "is no tier", f);
	t->values[term] = tier;
	return 0;
}

static int read_globs(enum term term, struct str text, struct terms *t, struct fail *f)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~' || text.ptr[i] == '"' ||
		    text.ptr[i] == '\\')
			return refuse(term, "has characters that no model's name has", f);
	if (text.len == 0)
		return refuse(term, "is empty, which would allow none", f);
	t->models = text;
	return 0;
}

static int read_value(enum term term, struct str text, struct terms *t, struct fail *f)
{
	static int (*const readers[])(enum term, struct str, struct terms *, struct fail *) = {
	    [TERM_USD] = read_number, [TERM_NUMBER] = read_number, [TERM_PERCENT] = read_number,
	    [TERM_BOOL] = read_bool,  [TERM_TIER] = read_tier,     [TERM_GLOBS] = read_globs,
	};

	if (readers[rows[term].kind](term, text, t, f) < 0)
		return -1;
	t->set |= 1u << term;
	return 0;
}

/* ---- names ---- */

static int unknown(struct str name, struct fail *f)
{
	const char *near = NULL;
	int best = 3;

	for (int i = 0; i < TERM_COUNT; i++) {
		int distance = str_distance(name, str_of(rows[i].name), best);

		if (distance < best) {
			best = distance;
			near = rows[i].name;
		}
	}
	name = str_part(name, 0, 64);
	if (near)
		return fail_at(f, FAIL_INVALID_VALUE, name,
		               "there is no term \"%.*s\"; did you mean %s?", STR_ARG(name), near);
	return fail_at(f, FAIL_INVALID_VALUE, name,
	               "there is no term \"%.*s\"; docs/operations.md lists them", STR_ARG(name));
}

static const char *whose_name(enum terms_of whose)
{
	return whose == TERMS_OF_PLAN      ? "a plan"
	       : whose == TERMS_OF_ACCOUNT ? "an account"
	       : whose == TERMS_OF_TEAM    ? "a team"
	       : whose == TERMS_OF_USER    ? "a user"
	                                   : "a key";
}

static int find(struct str name, enum terms_of whose, enum term *out, struct fail *f)
{
	int i = 0;

	while (i < TERM_COUNT && !str_eq(name, str_of(rows[i].name)))
		i++;
	if (i == TERM_COUNT)
		return unknown(name, f);
	if (!(rows[i].whose & whose))
		return fail_at(f, FAIL_INVALID_VALUE, name,
		               "%s cannot be set on %s; set it on a plan or an account",
		               rows[i].name, whose_name(whose));
	*out = (enum term)i;
	return 0;
}

/* ---- JSON ---- */

/* A text in quotes is taken for what is in it only where the value is a number or a word. */
static int value_text(const struct json *doc, uint32_t node, enum term term, struct arena *arena,
                      struct str *out)
{
	enum json_type type = json_type(doc, node);
	enum term_kind kind = rows[term].kind;
	bool is_number = kind == TERM_USD || kind == TERM_NUMBER || kind == TERM_PERCENT;

	if (type == JSON_STRING && kind != TERM_BOOL) {
		*out = arena_copy(arena, json_text(doc, node, arena));
		return 0;
	}
	*out = json_raw(doc, node);
	return (type == JSON_NUMBER && is_number) ||
	               ((type == JSON_TRUE || type == JSON_FALSE) && kind == TERM_BOOL)
	           ? 0
	           : -1;
}

static int read_member(const struct json *doc, uint32_t key, enum terms_of whose, struct terms *t,
                       struct fail *f)
{
	uint32_t value = json_value(key);
	struct str text;
	enum term term;

	if (find(json_text(doc, key, f->arena), whose, &term, f) < 0)
		return -1;
	if (json_is_null(doc, value))
		return 0;
	if (value_text(doc, value, term, f->arena, &text) < 0)
		return refuse(
		    term,
		    arena_printf(f->arena, "is %s", json_type_name(json_type(doc, value))).ptr, f);
	return read_value(term, text, t, f);
}

static int read_object(const struct json *doc, enum terms_of whose, struct terms *t, struct fail *f)
{
	if (json_type(doc, json_root(doc)) != JSON_OBJECT)
		return fail(f, FAIL_INVALID_VALUE,
		            "terms must be a JSON object such as "
		            "{\"month_usd\": 20}");
	JSON_EACH(doc, json_root(doc), key)
	if (read_member(doc, key, whose, t, f) < 0)
		return -1;
	return 0;
}

int terms_read(struct str json, enum terms_of whose, struct arena *arena, struct terms *out,
               struct fail *f)
{
	struct terms t = {0};
	struct json_error error;
	struct json doc;
	int result;

	if (json.len > TERMS_BYTES_MAX)
		return fail(f, FAIL_INVALID_VALUE, "terms have %zu bytes; %d are the most",
		            json.len, TERMS_BYTES_MAX);
	json_init(&doc);
	if (json.len == 0)
		result = 0;
	else if (json_read(&doc, json, &error) < 0)
		result = fail(f, FAIL_INVALID_VALUE, "terms are not valid JSON: %s", error.reason);
	else
		result = read_object(&doc, whose, &t, f);
	json_release(&doc);
	if (result < 0)
		return -1;
	t.models = arena_copy(arena, t.models);
	*out = t;
	return 0;
}

/* ---- command lines ---- */

int terms_set(struct terms *t, enum terms_of whose, const struct str name_and_text[2],
              struct arena *arena, struct fail *f)
{
	struct terms changed = *t;
	enum term term;

	if (find(name_and_text[0], whose, &term, f) < 0)
		return -1;
	if (str_eq(name_and_text[1], STR("unset")))
		changed.set &= ~(1u << term);
	else if (read_value(term, arena_copy(arena, name_and_text[1]), &changed, f) < 0)
		return -1;
	*t = changed;
	return 0;
}

struct terms terms_merge(const struct terms *under, const struct terms *over)
{
	struct terms t = *under;

	t.set |= over->set;
	for (int i = 0; i < TERM_COUNT; i++)
		if (terms_has(over, (enum term)i))
			t.values[i] = over->values[i];
	if (terms_has(over, TERM_models))
		t.models = over->models;
	return t;
}

static void put_value(struct json_writer *w, const struct terms *t, enum term term)
{
	switch (rows[term].kind) {
	case TERM_USD:
	case TERM_NUMBER:
	case TERM_PERCENT:
		json_put_decimal(w, t->values[term], numbers[rows[term].kind].scale);
		break;
	case TERM_BOOL:
		json_put_bool(w, t->values[term]);
		break;
	case TERM_TIER:
		json_put_text(w, str_of(llm_tier_name((enum llm_tier)t->values[term])));
		break;
	case TERM_GLOBS:
		json_put_text(w, t->models);
		break;
	}
}

void terms_write(struct buf *out, const struct terms *t)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	for (int i = 0; i < TERM_COUNT; i++) {
		if (!terms_has(t, (enum term)i))
			continue;
		json_put_key(&w, str_of(rows[i].name));
		put_value(&w, t, (enum term)i);
	}
	json_close_object(&w);
}
