/* The JSON writer: commas, escapes, numbers, costs; and that our reader and jansson read what it
 * wrote. */
#include "jansson_oracle.h"

#include "check.h"

#include "base/json_read.h"
#include "base/json_write.h"

static void write_all(struct json_writer *w)
{
	json_open_object(w);
	json_key_text(w, STR("model"), STR("flux-auto"));
	json_key_i64(w, STR("lowest"), INT64_MIN);
	json_key_bool(w, STR("yes"), true);
	json_key_bool(w, STR("no"), false);
	json_key_null(w, STR("nil"));
	json_key_raw(w, STR("raw"), STR("[1, 2]"));
	json_key_nusd(w, STR("cost_usd"), 123456);
	json_put_key(w, STR("a \"b\""));
	json_open_array(w);
	json_open_object(w);
	json_close_object(w);
	json_open_array(w);
	json_close_array(w);
	json_put_i64(w, 0);
	json_put_text(w, STR(""));
	json_put_decimal(w, 250000, 6);
	json_close_array(w);
	json_put_key(w, STR("o"));
	json_open_object(w);
	json_key_i64(w, STR("x"), 1);
	json_close_object(w);
	json_key_i64(w, STR("last"), -7);
	json_close_object(w);
}

static void test_document(void)
{
	struct json_writer writer;
	struct json_error error;
	struct json doc;
	struct buf out;

	buf_init(&out, 4096);
	json_init(&doc);
	json_writer_init(&writer, &out);
	CHECK(!json_writer_is_done(&writer));
	write_all(&writer);
	CHECK(json_writer_is_done(&writer) && !buf_is_over(&out));
	CHECK_STR(buf_str(&out),
	          STR("{\"model\":\"flux-auto\",\"lowest\":-9223372036854775808,\"yes\":true,"
	              "\"no\":false,\"nil\":null,\"raw\":[1, 2],\"cost_usd\":0.000123456,"
	              "\"a \\\"b\\\"\":[{},[],0,\"\",0.25],\"o\":{\"x\":1},\"last\":-7}"));
	CHECK(json_read(&doc, buf_str(&out), &error) == 0);
	json_release(&doc);
	buf_release(&out);
}

struct escaped {
	struct str text;
	struct str escaped;
};

#define ESCAPED(text, escaped)                                                                     \
	{                                                                                          \
		STR_INIT(text), STR_INIT(escaped)                                                  \
	}

static const struct escaped table[] = {
    ESCAPED("", ""),
    ESCAPED("plain /", "plain /"),
    ESCAPED("\"\\", "\\\"\\\\"),
    ESCAPED("\b\t\n\f\r", "\\b\\t\\n\\f\\r"),
    ESCAPED("\0\x01\x1f\x7f", "\\u0000\\u0001\\u001f\x7f"),
    ESCAPED("Gr\xc3\xbc\xc3\x9f"
            "e \xe2\x82\xac \xf0\x9f\x98\x80",
            "Gr\xc3\xbc\xc3\x9f"
            "e \xe2\x82\xac \xf0\x9f\x98\x80"),
    ESCAPED("a\xff"
            "b",
            "a\xef\xbf\xbd"
            "b"),
    ESCAPED("\xc3", "\xef\xbf\xbd"),
    ESCAPED("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"),
    ESCAPED("\xf0\x9f\x98\"", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\\""),
    ESCAPED("\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"),
    ESCAPED("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\\n"),
};

static void test_escapes(void)
{
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		buf_clear(&out);
		json_put_escaped(&out, table[i].text);
		CHECK_STR(buf_str(&out), table[i].escaped);
	}
	buf_release(&out);
}

/* Every byte value at every place of a short text: both readers take what was written. */
static void test_any_byte(void)
{
	char text[] = "ab\xc3\xa9z";
	struct json_error error;
	json_error_t other_error;
	struct json doc;
	struct buf out;

	buf_init(&out, 4096);
	json_init(&doc);
	for (int i = 0; i < 256 * 5; i++) {
		struct json_writer writer;
		char kept = text[i % 5];
		json_t *theirs;

		text[i % 5] = (char)(i / 5);
		buf_clear(&out);
		json_writer_init(&writer, &out);
		json_put_text(&writer, (struct str){text, 5});
		theirs = json_loadb(out.ptr, out.len, JANSSON_STRICT, &other_error);
		CHECK(json_read(&doc, buf_str(&out), &error) == 0 && theirs != NULL);
		json_decref(theirs);
		text[i % 5] = kept;
	}
	json_release(&doc);
	buf_release(&out);
}

static void test_too_much(void)
{
	struct json_writer writer;
	struct buf out;

	buf_init(&out, 16);
	json_writer_init(&writer, &out);
	json_put_text(&writer, STR("more than sixteen bytes"));
	CHECK(buf_is_over(&out) && out.len <= 16);
	buf_release(&out);
}

int main(void)
{
	test_document();
	test_escapes();
	test_any_byte();
	test_too_much();
	return check_report("json_write");
}
