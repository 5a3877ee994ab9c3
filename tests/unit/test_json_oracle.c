/* Our JSON reader against jansson: on random documents and on documents spoilt at random both
 * give the same verdict, and where both accept, the same values. What jansson is known to do
 * otherwise is listed in differs_by_design. Seeded, so that every run is the same run. */
#include "jansson_oracle.h"

#include "check.h"

#include "base/buf.h"
#include "base/json_read.h"

enum { DOCUMENTS = 6000, SPOILT_EACH = 8, TEXT_MAX = 1 << 16 };

static uint64_t seed = 20261122;

static uint32_t dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % sides;
}

static const char *const pieces[] = {
    "a",
    "key",
    "model",
    "mod\\u0065l",
    "\\n",
    "\\\"",
    "\\\\",
    "\\/",
    "\\u00e9",
    "\xc3\xa9",
    "\\u20AC",
    "\xe2\x82\xac",
    "\\ud83d\\ude00",
    "\xf0\x9f\x98\x80",
    " ",
    "0123456789abcdef0123456789",
    "\x7f",
    "{[,:]}",
};

static const char *const numbers[] = {
    "0", "-0", "7", "-12", "9007199254740993", "0.5", "-1.25e2", "1E+3", "2e-7", "123456789.125",
};

static const char *const blanks[] = {"", "", "", " ", "\n\t", "\r\n  "};

#define PICK(table) str_of(table[dice(sizeof table / sizeof *table)])

static void put_text(struct buf *out)
{
	buf_put_byte(out, '"');
	for (uint32_t i = dice(6); i > 0; i--)
		buf_put(out, PICK(pieces));
	buf_put_byte(out, '"');
}

static void put_value(struct buf *out, uint32_t depth);

static void put_container(struct buf *out, uint32_t depth, bool is_object)
{
	uint32_t count = dice(dice(10) == 0 ? 30 : 5);

	buf_put_byte(out, is_object ? '{' : '[');
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			buf_put_byte(out, ',');
		buf_put(out, PICK(blanks));
		if (is_object) {
			put_text(out);
			out->len--;
			buf_printf(out, "%u\":", dice(50) ? i : 0);
		}
		put_value(out, depth + 1);
	}
	buf_put(out, PICK(blanks));
	buf_put_byte(out, is_object ? '}' : ']');
}

static void put_value(struct buf *out, uint32_t depth)
{
	uint32_t kind = dice(depth > 6 ? 5 : 8);

	buf_put(out, PICK(blanks));
	switch (kind) {
	case 0:
		buf_put(out, dice(2) ? STR("true") : STR("false"));
		break;
	case 1:
		buf_put(out, STR("null"));
		break;
	case 2:
		buf_put(out, PICK(numbers));
		break;
	case 3:
	case 4:
		put_text(out);
		break;
	default:
		put_container(out, depth, kind == 5);
	}
	buf_put(out, PICK(blanks));
}

static void spoil(struct buf *out)
{
	static const char likely[] = "{}[]\",:\\u0e-.+ \ntfd8\x80\xc3\xe2\xed\xf0\xff";
	size_t at = dice((uint32_t)out->len);

	switch (dice(4)) {
	case 0:
		out->ptr[at] = likely[dice(sizeof likely)];
		break;
	case 1:
		out->ptr[at] = (char)dice(256);
		break;
	case 2:
		memmove(out->ptr + at, out->ptr + at + 1, out->len - at - 1);
		out->len--;
		break;
	default:
		out->len = at;
	}
}

static bool same_value(const struct json *doc, uint32_t node, const json_t *other,
                       struct arena *arena);

static bool same_text(const struct json *doc, uint32_t node, const json_t *other,
                      struct arena *arena)
{
	struct str text = {json_string_value(other), json_string_length(other)};

	return str_eq(json_text(doc, node, arena), text) && json_text_is(doc, node, text);
}

static bool same_array(const struct json *doc, uint32_t node, const json_t *other,
                       struct arena *arena)
{
	size_t at = 0;

	JSON_EACH(doc, node, item)
	if (!same_value(doc, item, json_array_get(other, at++), arena))
		return false;
	return at == json_array_size(other);
}

static bool same_object(const struct json *doc, uint32_t node, const json_t *other,
                        struct arena *arena)
{
	size_t count = 0;

	JSON_EACH(doc, node, key)
	{
		struct str name = arena_copy(arena, json_text(doc, key, arena));

		if (json_get(doc, node, name) != json_value(key) ||
		    !same_value(doc, json_value(key), json_object_get(other, name.ptr), arena))
			return false;
		count++;
	}
	return count == json_object_size(other);
}

static bool same_number(const struct json *doc, uint32_t node, const json_t *other)
{
	int64_t number;
	double real;

	if (json_typeof(other) == JSON_INTEGER)
		return json_i64(doc, node, INT64_MIN, INT64_MAX, &number) == 0 &&
		       number == json_integer_value(other);
	return json_f64(doc, node, -1e308, 1e308, &real) == 0 && real == json_real_value(other);
}

static bool is_number(const json_t *other)
{
	return json_typeof(other) == JSON_INTEGER || json_typeof(other) == JSON_REAL;
}

static bool same_value(const struct json *doc, uint32_t node, const json_t *other,
                       struct arena *arena)
{
	switch (json_type(doc, node)) {
	case JSON_NULL:
		return json_typeof(other) == JANSSON_NULL;
	case JSON_TRUE:
		return json_typeof(other) == JANSSON_TRUE;
	case JSON_FALSE:
		return json_typeof(other) == JANSSON_FALSE;
	case JSON_NUMBER:
		return is_number(other) && same_number(doc, node, other);
	case JSON_STRING:
		return json_typeof(other) == JANSSON_STRING && same_text(doc, node, other, arena);
	case JSON_ARRAY:
		return json_typeof(other) == JANSSON_ARRAY && same_array(doc, node, other, arena);
	case JSON_OBJECT:
		return json_typeof(other) == JANSSON_OBJECT && same_object(doc, node, other, arena);
	default:
		return false;
	}
}

/* jansson converts numbers while it reads and refuses what has no long or double; it keeps keys
 * as C strings and refuses NUL in them. Both are fine for us. */
static bool differs_by_design(const json_error_t *theirs)
{
	enum json_error_code code = json_error_code(theirs);

	return code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
}

/* jansson takes a NUL byte for the end and never sees what is behind. */
static bool may_differ(bool ours, const json_t *theirs, const json_error_t *error, struct str text)
{
	if (ours)
		return theirs == NULL && differs_by_design(error);
	return theirs != NULL && memchr(text.ptr, 0, text.len) != NULL;
}

static void compare(struct json *doc, struct str text, struct arena *arena, int *accepted)
{
	struct json_error error = {.reason = "accepted"};
	json_error_t other_error = {.text = "accepted"};
	bool ours = json_read(doc, text, &error) == 0;
	json_t *theirs = json_loadb(text.ptr, text.len, JANSSON_STRICT, &other_error);

	*accepted += ours;
	if (!may_differ(ours, theirs, &other_error, text) && !CHECK(ours == (theirs != NULL)))
		printf("    ours: %s, theirs: %s: %.*s\n", error.reason, other_error.text,
		       STR_ARG(text));
	if (ours && theirs && !CHECK(same_value(doc, json_root(doc), theirs, arena)))
		printf("    other values: %.*s\n", STR_ARG(text));
	json_decref(theirs);
	arena_reset(arena);
}

int main(void)
{
	int accepted = 0, accepted_spoilt = 0;
	struct arena arena;
	struct json doc;
	struct buf text;

	json_init(&doc);
	arena_init(&arena);
	buf_init(&text, TEXT_MAX);
	for (int i = 0; i < DOCUMENTS; i++) {
		buf_clear(&text);
		put_value(&text, 0);
		compare(&doc, buf_str(&text), &arena, &accepted);
		for (int spoilt = 0; spoilt < SPOILT_EACH && text.len > 0; spoilt++) {
			spoil(&text);
			compare(&doc, buf_str(&text), &arena, &accepted_spoilt);
		}
	}
	CHECK(accepted > DOCUMENTS / 2 && accepted < DOCUMENTS);
	CHECK(accepted_spoilt > DOCUMENTS / 20);
	json_release(&doc);
	arena_release(&arena);
	buf_release(&text);
	return check_report("json_oracle");
}
