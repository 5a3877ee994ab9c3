/* Hexadecimal and base64 against the vectors of RFC 4648, section 10. */
#include "base/encode.h"

#include "check.h"

struct encoded {
	struct str bytes;
	struct str hex;
	struct str base64;
	struct str base64url;
};

#define ENCODED(bytes, hex, base64, base64url)                                                     \
	{                                                                                          \
		STR_INIT(bytes), STR_INIT(hex), STR_INIT(base64), STR_INIT(base64url)              \
	}

static const struct encoded table[] = {
    ENCODED("", "", "", ""),
    ENCODED("f", "66", "Zg==", "Zg"),
    ENCODED("fo", "666f", "Zm8=", "Zm8"),
    ENCODED("foo", "666f6f", "Zm9v", "Zm9v"),
    ENCODED("foob", "666f6f62", "Zm9vYg==", "Zm9vYg"),
    ENCODED("fooba", "666f6f6261", "Zm9vYmE=", "Zm9vYmE"),
    ENCODED("foobar", "666f6f626172", "Zm9vYmFy", "Zm9vYmFy"),
    ENCODED("\xfb\xff\xfe\x00", "fbfffe00", "+//+AA==", "-__-AA"),
};

static void test_read_hex(void)
{
	uint8_t out[4] = {0};
	static const struct str bad[] = {STR_INIT("0011223"),      STR_INIT("001122334"),
	                                 STR_INIT("0011223g"),     STR_INIT(" 0112233"),
	                                 STR_INIT("+0112233"),     STR_INIT("0x112233"),
	                                 STR_INIT("001122334455"), STR_INIT("")};

	CHECK(encode_read_hex(STR("00aBfF7e"), out, 4) == 0);
	CHECK(memcmp(out, "\x00\xab\xff\x7e", 4) == 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(encode_read_hex(bad[i], out, 4) < 0);
	CHECK(memcmp(out, "\x00\xab\xff\x7e", 4) == 0);
	CHECK(encode_read_hex(STR(""), out, 0) == 0);
}

static void test_read_percent(void)
{
	static const struct {
		struct str text, bytes;
	} rows[] = {
	    {STR_INIT(""), STR_INIT("")},         {STR_INIT("a/b"), STR_INIT("a/b")},
	    {STR_INIT("a%2Fb"), STR_INIT("a/b")}, {STR_INIT("%2f%C3%a4"), STR_INIT("/\xc3\xa4")},
	    {STR_INIT("%252F"), STR_INIT("%2F")}, {STR_INIT("100%"), STR_INIT("100%")},
	    {STR_INIT("a%2"), STR_INIT("a%2")},   {STR_INIT("%zz%4g"), STR_INIT("%zz%4g")},
	    {STR_INIT("%00x"), STR_INIT("\0x")},  {STR_INIT("%%41"), STR_INIT("%A")},
	};
	struct buf out;

	buf_init(&out, 100);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_clear(&out);
		encode_read_percent(&out, rows[i].text);
		CHECK_STR(buf_str(&out), rows[i].bytes);
	}
	buf_release(&out);
}

static void check_encoded(struct buf *out, const struct encoded *row)
{
	buf_clear(out);
	encode_hex(out, row->bytes);
	CHECK_STR(buf_str(out), row->hex);
	buf_clear(out);
	encode_base64(out, row->bytes);
	CHECK_STR(buf_str(out), row->base64);
	buf_clear(out);
	encode_base64url(out, row->bytes);
	CHECK_STR(buf_str(out), row->base64url);
	buf_clear(out);
	CHECK(encode_read_base64(out, row->base64) == 0);
	CHECK_STR(buf_str(out), row->bytes);
	buf_clear(out);
	CHECK(encode_read_base64(out, row->base64url) == 0);
	CHECK_STR(buf_str(out), row->bytes);
}

static void test_bad_base64(struct buf *out)
{
	static const struct str bad[] = {STR_INIT("a"), STR_INIT("abcde"), STR_INIT("ab c"),
	                                 STR_INIT("a==="), STR_INIT("=abc"), STR_INIT("ab\n=")};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(encode_read_base64(out, bad[i]) < 0);
}

static void test_percent(struct buf *out)
{
	buf_clear(out);
	encode_percent(out, STR("a-._~/:%\xc3"), STR("/"));
	CHECK_STR(buf_str(out), STR("a-._~/%3A%25%C3"));
}

int main(void)
{
	struct buf out;

	test_read_hex();
	test_read_percent();
	buf_init(&out, 16);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		check_encoded(&out, &table[i]);
	test_bad_base64(&out);
	test_percent(&out);
	buf_clear(&out);
	encode_base64(&out, STR("thirteen bytes"));
	CHECK(buf_is_over(&out) && out.len == 0);
	buf_release(&out);
	return check_report("encode");
}
