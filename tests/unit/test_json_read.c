/* The JSON reader: what it accepts and refuses and where, how it is asked, and that slices of
 * any size and a document that ends at a forbidden page change nothing. */
#include "base/json_read.h"

#include "check.h"
#include "guard.h"

#include "base/buf.h"

static const struct str accepted[] = {
    STR_INIT("{}"),
    STR_INIT("[]"),
    STR_INIT(" [ ] "),
    STR_INIT("\t\r\n null \n"),
    STR_INIT("true"),
    STR_INIT("false"),
    STR_INIT("0"),
    STR_INIT("-0"),
    STR_INIT("-1"),
    STR_INIT("1234567890123456789012345678901234567890"),
    STR_INIT("0.0"),
    STR_INIT("1.5e+10"),
    STR_INIT("1E-2"),
    STR_INIT("0e0"),
    STR_INIT("1e99999"),
    STR_INIT("\"\""),
    STR_INIT("\"a\""),
    STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    STR_INIT("\"\\u0000\""),
    STR_INIT("\"\\uABCD\\uabcd\\u00e9\""),
    STR_INIT("\"\\uD83D\\uDE00\\ud83d\\ude00\""),
    STR_INIT("\"\\uDBFF\\uDFFF\""),
    STR_INIT("\"\x7f\""),
    STR_INIT("\"\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf\""),
    STR_INIT("\"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\""),
    STR_INIT("\"\xef\xbb\xbf\""),
    STR_INIT("[1,2,[3,[4]],{\"a\":[{}]}]"),
    STR_INIT("{\"\":0,\"a\":{\"a\":{\"a\":1}},\"A\":1}"),
    STR_INIT("{\"a\\u0000\":1,\"a\":2}"),
    STR_INIT("[\"a\",\"a\"]"),
    STR_INIT("[{\"a\":1},{\"a\":1}]"),
    STR_INIT("{\"a\" : 1 , \"b\"\n:\t2 }"),
    STR_INIT("\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefXYZ\""),
};

struct refused {
	struct str bytes;
	size_t offset;
	const char *reason; /* a part of it */
};

#define REFUSED(bytes, offset, reason)                                                             \
	{                                                                                          \
		STR_INIT(bytes), offset, reason                                                    \
	}

static const struct refused refused[] = {
    REFUSED("", 0, "empty"),
    REFUSED("  ", 2, "empty"),
    REFUSED("[", 1, "ends before"),
    REFUSED("{", 1, "ends before"),
    REFUSED("[1", 2, "ends before"),
    REFUSED("[1,", 3, "ends before"),
    REFUSED("{\"a\"", 4, "ends before"),
    REFUSED("{\"a\":", 5, "ends before"),
    REFUSED("{\"a\":1", 6, "ends before"),
    REFUSED("\"", 1, "ends before"),
    REFUSED("\"abc", 4, "ends before"),
    REFUSED("]", 0, "end of a container"),
    REFUSED("[1,]", 3, "end of a container"),
    REFUSED("[,1]", 1, "','"),
    REFUSED("[1,,2]", 3, "','"),
    REFUSED("[1 2]", 3, "',' or ']'"),
    REFUSED("[1}", 2, "',' or ']'"),
    REFUSED("{\"a\":1]", 6, "',' or '}'"),
    REFUSED("{\"a\":1,}", 7, "a key"),
    REFUSED("{a:1}", 1, "a key"),
    REFUSED("{1:1}", 1, "a key"),
    REFUSED("{'a':1}", 1, "a key"),
    REFUSED("{\"a\" 1}", 5, "':'"),
    REFUSED("{\"a\",1}", 4, "':'"),
    REFUSED("{\"a\"::1}", 5, "unexpected byte"),
    REFUSED("{\"a\":}", 5, "end of a container"),
    REFUSED("{,}", 1, "a key"),
    REFUSED("1 2", 2, "behind the end"),
    REFUSED("{}x", 2, "behind the end"),
    REFUSED("{}}", 2, "behind the end"),
    REFUSED("[]\0", 2, "behind the end"),
    REFUSED("nul", 0, "unknown word"),
    REFUSED("nulL", 0, "unknown word"),
    REFUSED("True", 0, "unexpected byte"),
    REFUSED("tru e", 0, "unknown word"),
    REFUSED("nullx", 4, "behind the end"),
    REFUSED("NaN", 0, "unexpected byte"),
    REFUSED("-Infinity", 1, "without digits"),
    REFUSED("-", 1, "without digits"),
    REFUSED("+1", 0, "unexpected byte"),
    REFUSED("01", 1, "leading zero"),
    REFUSED("-01", 2, "leading zero"),
    REFUSED("00", 1, "leading zero"),
    REFUSED("1.", 2, "behind the point"),
    REFUSED(".5", 0, "unexpected byte"),
    REFUSED("1.e1", 2, "behind the point"),
    REFUSED("1e", 2, "exponent"),
    REFUSED("1e+", 3, "exponent"),
    REFUSED("1e1.5", 3, "behind the end"),
    REFUSED("0x10", 1, "behind the end"),
    REFUSED("1_000", 1, "behind the end"),
    REFUSED("// c\n1", 0, "unexpected byte"),
    REFUSED("'a'", 0, "unexpected byte"),
    REFUSED("\xef\xbb\xbf{}", 0, "byte order mark"),
    REFUSED("\xc2\xa0"
            "1",
            0, "unexpected byte"),
    REFUSED("\f1", 0, "unexpected byte"),
    REFUSED("\"a\nb\"", 2, "control character"),
    REFUSED("\"\t\"", 1, "control character"),
    REFUSED("\"a\0b\"", 2, "control character"),
    REFUSED("\"\x1f\"", 1, "control character"),
    REFUSED("\"\\x41\"", 1, "unknown escape"),
    REFUSED("\"\\'\"", 1, "unknown escape"),
    REFUSED("\"\\0\"", 1, "unknown escape"),
    REFUSED("\"\\U0041\"", 1, "unknown escape"),
    REFUSED("\"\\", 1, "ends inside an escape"),
    REFUSED("\"\\u12\"", 1, "hexadecimal"),
    REFUSED("\"\\u12g4\"", 1, "hexadecimal"),
    REFUSED("\"\\u", 1, "hexadecimal"),
    REFUSED("\"\\u+123\"", 1, "hexadecimal"),
    REFUSED("\"\\ud800\"", 1, "unpaired surrogate"),
    REFUSED("\"\\udc00\"", 1, "unpaired surrogate"),
    REFUSED("\"x\\ud800\\ud800\"", 2, "unpaired surrogate"),
    REFUSED("\"\\ud800\\u0041\"", 1, "unpaired surrogate"),
    REFUSED("\"\\udc00\\ud800\"", 1, "unpaired surrogate"),
    REFUSED("\"\\ud800 \\udc00\"", 1, "unpaired surrogate"),
    REFUSED("\"\\ud800\\udc0\"", 1, "unpaired surrogate"),
    REFUSED("\"\x80\"", 1, "UTF-8"),
    REFUSED("\"a\xbf\"", 2, "UTF-8"),
    REFUSED("\"\xc0\x80\"", 1, "UTF-8"),
    REFUSED("\"\xc1\xbf\"", 1, "UTF-8"),
    REFUSED("\"\xc3\"", 1, "UTF-8"),
    REFUSED("\"\xc3\xa9\xc3", 3, "UTF-8"),
    REFUSED("\"\xe0\x80\x80\"", 1, "UTF-8"),
    REFUSED("\"\xe0\x9f\xbf\"", 1, "UTF-8"),
    REFUSED("\"\xe2\x82\"", 1, "UTF-8"),
    REFUSED("\"\xe2(\xa1\"", 1, "UTF-8"),
    REFUSED("\"\xed\xa0\x80\"", 1, "UTF-8"),
    REFUSED("\"\xed\xbf\xbf\"", 1, "UTF-8"),
    REFUSED("\"\xf0\x80\x80\x80\"", 1, "UTF-8"),
    REFUSED("\"\xf0\x8f\xbf\xbf\"", 1, "UTF-8"),
    REFUSED("\"\xf0\x9f\x98\"", 1, "UTF-8"),
    REFUSED("\"\xf4\x90\x80\x80\"", 1, "UTF-8"),
    REFUSED("\"\xf5\x80\x80\x80\"", 1, "UTF-8"),
    REFUSED("\"\xff\"", 1, "UTF-8"),
    REFUSED("{\"a\":1,\"a\":2}", 7, "duplicate key \"a\""),
    REFUSED("{\"\":1,\"\":2}", 6, "duplicate key \"\""),
    REFUSED("{\"model\":1,\"mod\\u0065l\":2}", 11, "duplicate key \"mod\\u0065l\""),
    REFUSED("{\"mod\\u0065l\":1,\"model\":2}", 16, "duplicate key \"model\""),
    REFUSED("{\"\\/\":1,\"\\u002f\":2}", 8, "duplicate key"),
    REFUSED("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", 18, "duplicate key"),
    REFUSED("[{\"x\":{\"a\":1,\"b\":[],\"a\":2}}]", 20, "duplicate key \"a\""),
};

static void test_accepted(void)
{
	struct json doc;
	struct json_error error;

	json_init(&doc);
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		struct guard guard = guard_copy(accepted[i]);

		if (!CHECK(json_read(&doc, guard.bytes, &error) == 0))
			printf("    %.*s: %s\n", STR_ARG(accepted[i]), error.reason);
		CHECK(json_root(&doc) == 0);
		guard_free(&guard);
	}
	json_release(&doc);
}

static void test_refused(void)
{
	struct json doc;

	json_init(&doc);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct guard guard = guard_copy(refused[i].bytes);
		struct json_error error = {.reason = "accepted"};

		CHECK(json_read(&doc, guard.bytes, &error) == -1);
		if (!CHECK(error.offset == refused[i].offset) ||
		    !CHECK(strstr(error.reason, refused[i].reason) != NULL))
			printf("    %.*s: %s at %zu\n", STR_ARG(refused[i].bytes), error.reason,
			       error.offset);
		guard_free(&guard);
	}
	json_release(&doc);
}

/* Reads in slices of that budget; gives the steps it took, or 0 when refused. */
static size_t read_in_slices(struct json *doc, struct str bytes, size_t budget,
                             struct json_error *out_error)
{
	struct json_reader reader;
	enum json_step step;
	size_t steps = 0;

	json_reader_init(&reader, doc, bytes);
	do {
		step = json_reader_step(&reader, budget);
		steps++;
	} while (step == JSON_MORE);
	CHECK(json_reader_step(&reader, budget) == step);
	*out_error = reader.error;
	return step == JSON_DONE ? steps : 0;
}

static bool same_tape(const struct json *a, const struct json *b)
{
	bool same = a->count == b->count;

	for (uint32_t i = 0; same && i < a->count; i++) {
		const struct json_node *m = &a->nodes[i], *n = &b->nodes[i];

		same = m->start == n->start && m->end == n->end && m->next == n->next &&
		       m->type == n->type && m->marks == n->marks;
	}
	return same;
}

static const struct str sliced[] = {
    STR_INIT(
        "{\"model\":\"flux-auto\",\"messages\":[{\"role\":\"user\",\"content\":\"Gr\xc3\xbc\xc3\x9f"
        "e \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80 \\ud83d\\ude00 \\n and a longer run of plain "
        "bytes that fills more than one block of sixty-four\"}], \"n\" : 1 , \"t\":0.25,"
        "\"s\":true,\"z\":null , \"e\":{ } }  "),
    STR_INIT("[[[[[]]],{\"a\":{\"b\":[1,2,3,\"\"]}}],\"\\\\\\\"\"]"),
    STR_INIT("{\"a\":[1,2,{\"b\":\"x\\ud800\"}]}"),
    STR_INIT("{\"a\":[1,2,{\"b\":0,\"\\u0062\":1}]}"),
};

static void slices_agree(struct str bytes)
{
	struct json whole, slices;
	struct json_error error = {0}, error_in_slices = {0};
	bool good;

	json_init(&whole);
	json_init(&slices);
	good = json_read(&whole, bytes, &error) == 0;
	for (size_t budget = 1; budget <= bytes.len + 1; budget++) {
		size_t steps = read_in_slices(&slices, bytes, budget, &error_in_slices);

		CHECK((steps > 0) == good);
		CHECK(same_tape(&whole, &slices));
		if (good && budget == 1)
			CHECK(steps > bytes.len / 16);
		if (!good)
			CHECK(memcmp(&error, &error_in_slices, sizeof error) == 0);
	}
	json_release(&whole);
	json_release(&slices);
}

static void test_slices(void)
{
	for (size_t i = 0; i < sizeof sliced / sizeof *sliced; i++) {
		struct guard guard = guard_copy(sliced[i]);

		slices_agree(guard.bytes);
		guard_free(&guard);
	}
}

/* Every front of a good document, ended at a forbidden page, is refused without a look beyond. */
static void test_cut_short(void)
{
	struct json doc;
	struct json_error error;
	struct str whole = str_trim(sliced[0]);

	json_init(&doc);
	for (size_t len = 0; len < whole.len; len++) {
		struct guard guard = guard_copy(str_part(whole, 0, len));

		CHECK(json_read(&doc, guard.bytes, &error) == -1);
		CHECK(error.offset <= len);
		guard_free(&guard);
	}
	json_release(&doc);
}

static void test_caps(void)
{
	struct json doc;
	struct json_error error;
	struct buf text;

	json_init(&doc);
	doc.depth_max = 3;
	doc.nodes_max = 5;
	CHECK(json_read(&doc, STR("[[[]]]"), &error) == 0);
	CHECK(json_read(&doc, STR("[[[[]]]]"), &error) == -1 && error.offset == 3);
	CHECK(strstr(error.reason, "more than 3 levels") != NULL);
	CHECK(json_read(&doc, STR("[1,2,3,4]"), &error) == 0);
	CHECK(json_read(&doc, STR("[1,2,3,4,5]"), &error) == -1 && error.offset == 9);
	CHECK(strstr(error.reason, "too many values (more than 5)") != NULL);
	json_release(&doc);

	json_init(&doc);
	buf_init(&text, 1 << 20);
	for (uint32_t i = 0; i < JSON_DEPTH_MAX; i++)
		buf_put_byte(&text, '[');
	for (uint32_t i = 0; i < JSON_DEPTH_MAX; i++)
		buf_put_byte(&text, ']');
	CHECK(json_read(&doc, buf_str(&text), &error) == 0);
	buf_clear(&text);
	for (uint32_t i = 0; i < JSON_NUMBER_BYTES_MAX; i++)
		buf_put_byte(&text, '7');
	CHECK(json_read(&doc, buf_str(&text), &error) == 0);
	buf_put_byte(&text, '7');
	CHECK(json_read(&doc, buf_str(&text), &error) == -1);
	CHECK(strstr(error.reason, "number too long") != NULL);
	json_release(&doc);
	buf_release(&text);
}

static void put_key_of(struct buf *text, uint32_t bytes)
{
	buf_clear(text);
	buf_put(text, STR("{\""));
	for (uint32_t i = 0; i < bytes; i++)
		buf_put_byte(text, 'k');
	buf_put(text, STR("\":1}"));
}

#define SEVENTY "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

static void test_long_keys(void)
{
	struct json doc;
	struct json_error error;
	struct buf text;

	json_init(&doc);
	buf_init(&text, 1 << 20);
	put_key_of(&text, JSON_KEY_BYTES_MAX - 2);
	CHECK(json_read(&doc, buf_str(&text), &error) == 0);
	put_key_of(&text, JSON_KEY_BYTES_MAX - 1);
	CHECK(json_read(&doc, buf_str(&text), &error) == -1);
	CHECK(strstr(error.reason, "key too long") != NULL);
	buf_clear(&text);
	buf_put(&text, STR("{\"" SEVENTY "\":1,\"\\u006b" SEVENTY "\":2}"));
	CHECK(json_read(&doc, buf_str(&text), &error) == 0);
	CHECK(json_read(&doc, STR("{\"k" SEVENTY "\":1,\"\\u006b" SEVENTY "\":2}"), &error) == -1);
	CHECK(strstr(error.reason, "duplicate key") != NULL);
	json_release(&doc);
	buf_release(&text);
}

/* Keys k0..k<count-1>, of which the one numbered `escaped` is written with an escape; then
 * `last`. */
static void put_large_object(struct buf *text, uint32_t count, uint32_t escaped, struct str last)
{
	buf_clear(text);
	buf_put(text, STR("[{\"o\":{"));
	for (uint32_t i = 0; i < count; i++)
		buf_printf(text, "\"%s%u\":{\"in\":%u},", i == escaped ? "\\u006b" : "k", i, i);
	buf_printf(text, "\"%.*s\":0}}]", STR_ARG(last));
}

static void large_object(uint32_t count, struct buf *text, struct arena *arena)
{
	struct json doc;
	struct json_error error;
	uint32_t object;
	char name[16];

	json_init(&doc);
	put_large_object(text, count, count / 2, STR("last"));
	CHECK(json_read(&doc, buf_str(text), &error) == 0);
	object = json_get(&doc, json_item(&doc, 0, 0), STR("o"));
	CHECK(json_count(&doc, object) == count + 1);
	for (uint32_t i = 0; i < count; i++) {
		struct str key = {name, (size_t)snprintf(name, sizeof name, "k%u", i)};
		uint32_t inner = json_get(&doc, json_get(&doc, object, key), STR("in"));
		int64_t value = -1;

		CHECK(json_i64(&doc, inner, 0, count, &value) == 0 && value == i);
	}
	CHECK(json_get(&doc, object, STR("k")) == JSON_NONE);
	CHECK(json_get(&doc, object, STR("in")) == JSON_NONE);
	snprintf(name, sizeof name, "k%u", count / 2);
	put_large_object(text, count, count / 2, str_of(name));
	CHECK(json_read(&doc, buf_str(text), &error) == -1);
	CHECK(strstr(error.reason, "duplicate key") != NULL);
	CHECK_STR(json_path(&doc, error.node, arena), arena_printf(arena, "[0].o.%s", name));
	put_large_object(text, count, count, STR("\\u006b0"));
	CHECK(json_read(&doc, buf_str(text), &error) == -1);
	CHECK(strstr(error.reason, "duplicate key \"\\u006b0\"") != NULL);
	json_release(&doc);
}

static void test_large_objects(void)
{
	static const uint32_t counts[] = {1, 2, 14, 15, 16, 17, 18, 100, 1000, 100000};
	struct buf text;
	struct arena arena;

	buf_init(&text, 1 << 24);
	arena_init(&arena);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		large_object(counts[i], &text, &arena);
	buf_release(&text);
	arena_release(&arena);
}

static const char asked[] =
    "{\"s\":\"plain\",\"e\":\"a\\u00e9\\n\\\"\\ud83d\\ude00\\u0000z\",\"n\":-42,"
    "\"f\":2.5,\"x\":1e3,\"big\":9223372036854775808,\"t\":true,\"nil\":null,"
    "\"a\":[1,[],{\"a b\":{\"c-d\":\"deep\"}},4],\"o\":{}}";

static void ask_scalars(const struct json *doc, struct arena *arena)
{
	int64_t number = 7;
	double real = 0;
	bool truth = false;

	CHECK_STR(json_text(doc, json_get(doc, 0, STR("s")), arena), STR("plain"));
	CHECK_STR(json_text(doc, json_get(doc, 0, STR("e")), arena),
	          STR("a\xc3\xa9\n\"\xf0\x9f\x98\x80\0z"));
	CHECK(
	    json_text_is(doc, json_get(doc, 0, STR("e")), STR("a\xc3\xa9\n\"\xf0\x9f\x98\x80\0z")));
	CHECK(
	    !json_text_is(doc, json_get(doc, 0, STR("e")), STR("a\xc3\xa9\n\"\xf0\x9f\x98\x80\0")));
	CHECK(!json_text_is(doc, json_get(doc, 0, STR("s")), STR("plai")));
	CHECK(!json_text_is(doc, json_get(doc, 0, STR("n")), STR("-42")));
	CHECK_STR(json_raw(doc, json_get(doc, 0, STR("s"))), STR("\"plain\""));
	CHECK(json_i64(doc, json_get(doc, 0, STR("n")), -42, 0, &number) == 0 && number == -42);
	CHECK(json_i64(doc, json_get(doc, 0, STR("n")), -41, 0, &number) == -1);
	CHECK(json_i64(doc, json_get(doc, 0, STR("f")), -41, 9, &number) == -1);
	CHECK(json_i64(doc, json_get(doc, 0, STR("x")), 0, 9999, &number) == -1);
	CHECK(json_i64(doc, json_get(doc, 0, STR("big")), 0, INT64_MAX, &number) == -1);
	CHECK(json_i64(doc, json_get(doc, 0, STR("s")), 0, 9999, &number) == -1);
	CHECK(number == -42);
	CHECK(json_f64(doc, json_get(doc, 0, STR("x")), 0, 1e4, &real) == 0 && real == 1000.0);
	CHECK(json_f64(doc, json_get(doc, 0, STR("f")), 0, 2, &real) == -1);
	CHECK(json_bool(doc, json_get(doc, 0, STR("t")), &truth) == 0 && truth);
	CHECK(json_bool(doc, json_get(doc, 0, STR("nil")), &truth) == -1);
	CHECK(json_is_null(doc, json_get(doc, 0, STR("nil"))));
	CHECK(!json_is_null(doc, JSON_NONE));
}

static void ask_absent(const struct json *doc, struct arena *arena)
{
	uint32_t none = json_get(doc, json_get(doc, 0, STR("s")), STR("x"));

	CHECK(none == JSON_NONE && json_type(doc, none) == JSON_ABSENT);
	CHECK(json_get(doc, none, STR("x")) == JSON_NONE && json_first(doc, none) == JSON_NONE);
	CHECK(json_next(doc, none, none) == JSON_NONE && json_value(none) == JSON_NONE);
	CHECK(json_count(doc, none) == 0 && json_item(doc, none, 0) == JSON_NONE);
	CHECK(str_is_empty(json_raw(doc, none)) && str_is_empty(json_text(doc, none, arena)));
	CHECK(!json_text_is(doc, none, STR("")));
	CHECK(json_first(doc, json_get(doc, 0, STR("o"))) == JSON_NONE);
	CHECK(str_is_empty(json_path(doc, none, arena)) && str_is_empty(json_path(doc, 0, arena)));
}

static void ask_containers(const struct json *doc, struct arena *arena)
{
	uint32_t array = json_get(doc, 0, STR("a")), members = 0, items = 0, deep;

	JSON_EACH(doc, 0, key)
	{
		CHECK(json_get(doc, 0, json_text(doc, key, arena)) == json_value(key));
		members++;
	}
	JSON_EACH(doc, array, item)
	CHECK(json_item(doc, array, items++) == item);
	CHECK(members == 10 && json_count(doc, 0) == 10);
	CHECK(items == 4 && json_item(doc, array, 4) == JSON_NONE);
	deep = json_get(doc, json_get(doc, json_item(doc, array, 2), STR("a b")), STR("c-d"));
	CHECK_STR(json_path(doc, deep, arena), STR("a[2][\"a b\"].c-d"));
	CHECK_STR(json_path(doc, array, arena), STR("a"));
	CHECK_STR(json_path(doc, json_item(doc, array, 3), arena), STR("a[3]"));
	CHECK(strcmp(json_type_name(json_type(doc, array)), "an array") == 0);
}

static void test_asking(void)
{
	struct json doc;
	struct json_error error;
	struct arena arena;

	json_init(&doc);
	arena_init(&arena);
	if (CHECK(json_read(&doc, str_of(asked), &error) == 0)) {
		ask_scalars(&doc, &arena);
		ask_absent(&doc, &arena);
		ask_containers(&doc, &arena);
	}
	json_release(&doc);
	arena_release(&arena);
}

struct misplaced {
	const char *bytes;
	const char *path;
};

static const struct misplaced misplaced[] = {
    {"{\"messages\":[{},{},{\"content\":\"\\ud800\"}]}", "messages[2].content"},
    {"{\"messages\":[{},{},{\"content\":01}]}", "messages[2].content"},
    {"{\"messages\":[{},{},{\"content\":nil}]}", "messages[2].content"},
    {"{\"messages\":[{},{},{\"content\"}]}", "messages[2].content"},
    {"{\"messages\":[{},{},{\"con\\ent\"}]}", "messages[2]"},
    {"{\"messages\":[{},{},{content:1}]}", "messages[2]"},
    {"{\"messages\":[{},{}", "messages"},
    {"{\"messages\":[{},{\"x\":[", "messages[1].x"},
    {"{\"a\":1,\"b\":[2],\"a\":3}", "a"},
    {"[1,2,3.]", "[2]"},
    {"[1,2,x]", ""},
    {"{} {}", ""},
};

static void test_failing_paths(void)
{
	struct json doc;
	struct json_error error;
	struct arena arena;

	json_init(&doc);
	arena_init(&arena);
	for (size_t i = 0; i < sizeof misplaced / sizeof *misplaced; i++) {
		CHECK(json_read(&doc, str_of(misplaced[i].bytes), &error) == -1);
		CHECK_STR(json_path(&doc, error.node, &arena), str_of(misplaced[i].path));
	}
	json_release(&doc);
	arena_release(&arena);
}

static void test_place(void)
{
	struct json_place place = json_place(STR("{\n \"a\":\n  x}"), 10);

	CHECK(place.line == 3 && place.column == 3);
	place = json_place(STR("ab"), 9);
	CHECK(place.line == 1 && place.column == 3);
	place = json_place(STR(""), 0);
	CHECK(place.line == 1 && place.column == 1);
}

static void test_duplicates_are_let_pass_on_request(void)
{
	struct json doc;
	struct json_error error;

	json_init(&doc);
	CHECK(json_read(&doc, STR("{\"a\":1,\"a\":2}"), &error) == -1);
	doc.allows_duplicates = true;
	CHECK(json_read(&doc, STR("{\"a\":1,\"a\":2}"), &error) == 0);
	CHECK_STR(json_raw(&doc, json_get(&doc, json_root(&doc), STR("a"))), STR("1"));
	json_release(&doc);
}

int main(void)
{
	test_accepted();
	test_refused();
	test_slices();
	test_cut_short();
	test_caps();
	test_long_keys();
	test_large_objects();
	test_asking();
	test_failing_paths();
	test_place();
	test_duplicates_are_let_pass_on_request();
	return check_report("json_read");
}
