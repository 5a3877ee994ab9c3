/* One form for all spellings: tables of texts, every cut, every byte escaped, texts that end at a
 * forbidden page. */
#include "route/canon.h"

#include "check.h"
#include "guard.h"

static const struct canon_limits whole = {CANON_HEAD_BYTES, CANON_TAIL_BYTES};

static struct str read_parts(const struct str *parts, size_t count, bool is_escaped,
                             struct canon *out)
{
	struct gather_source source = {parts, count, is_escaped};

	canon_read(&source, whole, out);
	return (struct str){out->text, out->len};
}

static void test_same_form(void)
{
	static const struct {
		const char *text;
		const char *form;
	} cases[] = {
	    {"Hello World", "hello world"},
	    {"  hello \t\n\n world \n", "hello world"},
	    {"he\xE2\x80\x8Bllo wor\xC2\xADld", "hello world"},
	    {"\xEF\xBC\xA8"
	     "ello\xE3\x80\x80World",
	     "hello world"},
	    {"It\xE2\x80\x99s \xE2\x80\x9Cok\xE2\x80\x9D", "its \"ok\""},
	    {"In 1984, 3.14 and 1234567", "in 0000, 0.00 and 0000"},
	    {"\xC3\x84rger \xD0\x9C\xD0\x98\xD0\xA0", "\xC3\xA4rger \xD0\xBC\xD0\xB8\xD1\x80"},
	    {"a aGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Q0NTY3ODkwMTIzNDU2 b", "a b"},
	    {"sha 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 end", "sha end"},
	    {"\xC2\xBFQu\xC3\xA9 es?", "qu\xC3\xA9 es?"},
	    {"\xFF\xFE broken \xC3", "broken"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = str_of(cases[i].text);
		struct canon c;
		CHECK_STR(read_parts(&text, 1, false, &c), str_of(cases[i].form));
	}
}

static void test_sentences(void)
{
	struct str text = STR("Is 3.5 more? Yes. A: no.\n\nNext line\nwraps here.\nA. one\nB. two");
	struct canon c;

	read_parts(&text, 1, false, &c);
	CHECK(c.sentence_count == 6);
	CHECK_STR(((struct str){c.text, c.ends[0]}), STR("is 0.0 more?"));
	CHECK_STR(((struct str){c.text + c.ends[2], (size_t)(c.ends[3] - c.ends[2])}),
	          STR("next line wraps here."));
}

static void test_quotations_are_cut(void)
{
	static char text[6000];
	struct str part = {text, 0};
	struct canon c;

	part.len = (size_t)snprintf(text, sizeof(text), "Sum up.\n<document>\n");
	while (part.len < 4000)
		part.len += (size_t)snprintf(text + part.len, 64, "Sentence %zu of it. ", part.len);
	part.len += (size_t)snprintf(text + part.len, 64, "</document>\nThanks.\n> old mail");
	read_parts(&part, 1, false, &c);
	CHECK(c.len < 8 + CANON_QUOTED_BYTES + 64);
	CHECK(c.quoted_bytes > 3900);
	CHECK(!c.is_quoted[0] && c.is_quoted[1]);
}

static bool is_same(const struct canon *a, const struct canon *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0 &&
	       a->sentence_count == b->sentence_count && a->lines == b->lines &&
	       memcmp(a->ends, b->ends, a->sentence_count * sizeof(a->ends[0])) == 0 &&
	       a->quoted_bytes == b->quoted_bytes && a->code_bytes == b->code_bytes;
}

static size_t escape(struct str text, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '"' || c == '\\') {
			to[n++] = '\\';
			to[n++] = c;
		} else if (c == '\n') {
			to[n++] = '\\';
			to[n++] = 'n';
		} else if ((i * 7 + (uint8_t)c) % 5 == 0 && c > 0) {
			n += (size_t)snprintf(to + n, 8, "\\u%04X", c);
		} else {
			to[n++] = c;
		}
	}
	return n;
}

static const char sample[] = "Caf\xC3\xA9 \\ \"quoted\" text.\n> a line\n```c\nint x = "
                             "42;\n```\n\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82"
                             "\xF0\x9F\x98\x80 end\\\\";

static void test_every_cut(void)
{
	struct str text = {sample, sizeof(sample) - 1};
	struct canon want, got;

	read_parts(&text, 1, false, &want);
	for (size_t at = 0; at <= text.len; at++) {
		struct str parts[] = {
		    str_part(text, 0, at), {NULL, 0}, str_part(text, at, text.len)};
		read_parts(parts, 3, false, &got);
		CHECK(is_same(&want, &got));
	}
}

/* Texts around the sizes where windows begin to be cut, decoded and escaped. */
static void test_escapes_make_no_difference(void)
{
	static char plain[14000], escaped[90000];

	for (size_t size = 0; size < sizeof(plain); size += size < 9000 ? 997 : 61) {
		struct str text = {plain, size}, raw = {escaped, 0};
		struct canon want, got;
		for (size_t i = 0; i < size; i++)
			plain[i] = sample[(i * 13 / 11 + i / 97) % 60 % (sizeof(sample) - 40)];
		for (size_t i = 0; i < size; i++)
			if (plain[i] < 0)
				plain[i] = '\\';
		raw.len = escape(text, escaped);
		read_parts(&text, 1, false, &want);
		read_parts(&raw, 1, true, &got);
		CHECK(is_same(&want, &got));
	}
}

static void test_surrogates(void)
{
	struct str raw = STR("x \\ud83d\\ude00 y \\ud83d z"),
	           text = STR("x \xF0\x9F\x98\x80 y \xEF\xBF\xBD z");
	struct canon want, got;

	read_parts(&text, 1, false, &want);
	read_parts(&raw, 1, true, &got);
	CHECK(is_same(&want, &got));
}

static void test_ends_at_guard_page(void)
{
	for (size_t len = 0; len < sizeof(sample); len++) {
		struct guard g = guard_copy((struct str){sample, len});
		struct canon c;
		CHECK(read_parts(&g.bytes, 1, false, &c).len <= CANON_MAX_BYTES);
		CHECK(read_parts(&g.bytes, 1, true, &c).len <= CANON_MAX_BYTES);
		guard_free(&g);
	}
}

int main(void)
{
	test_same_form();
	test_sentences();
	test_quotations_are_cut();
	test_every_cut();
	test_escapes_make_no_difference();
	test_surrogates();
	test_ends_at_guard_page();
	return check_report("canon");
}
