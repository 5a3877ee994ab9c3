/* Counting tokens: how text is cut, how pairs are joined, damaged vocabularies, what is counted of
 * a request. That the counts are OpenAI's own is what tests/run_tokens.py shows. */
#include "token/count.h"
#include "token/guess.h"
#include "token/shelf.h"
#include "token/split.h"
#include "token/tally.h"
#include "wire/wire.h"

#include "check.h"
#include "guard.h"
#include "vocabulary.h"

static const char *const texts[] = {"he", "ll", "hell", "hello", " hello", "lo", "ab", "bc", "abc"};

static struct vocab *vocab_of(enum vocab_cut cut)
{
	return vocabulary_read(cut, texts, sizeof texts / sizeof texts[0]);
}

/* Pieces with | between, by the two ways of cutting. */
static const struct {
	const char *text, *cl100k, *o200k;
} cuts[] = {
    {"Hello world", "Hello| world", "Hello| world"},
    {"HelloWorld aBC", "HelloWorld| aBC", "Hello|World| a|BC"},
    {"it's IT'S we'll", "it|'s| IT|'S| we|'ll", "it's| IT'S| we'll"},
    {"1234567", "123|456|7", "123|456|7"},
    {"a  b", "a| | b", "a| | b"},
    {"a \n\n  b", "a| \n\n| | b", "a| \n\n| | b"},
    {"end  ", "end|  ", "end|  "},
    {"x == y;\n", "x| ==| y|;\n", "x| ==| y|;\n"},
    {"//a\n/", "//|a|\n|/", "//|a|\n|/"},
    {".\n/\n", ".\n|/\n", ".\n/\n"},
    {"\tif", "\tif", "\tif"},
    {"\nif", "\n|if", "\n|if"},
    {"a\u0301b", "a|\u0301b", "a\u0301b"},
    {"\u65e5\u672cAB", "\u65e5\u672cAB", "\u65e5\u672c|AB"},
    {"\xff\xfe", "\xff\xfe", "\xff\xfe"},
};

static void check_cut(const struct vocab *v, const char *text, const char *want)
{
	struct guard guard = guard_copy(str_of(text));
	struct str rest = guard.bytes;
	struct buf got;

	buf_init(&got, 1000);
	while (rest.len) {
		size_t bytes = split_piece(v, rest);

		buf_put(&got, got.len ? STR("|") : STR(""));
		buf_put(&got, str_part(rest, 0, bytes));
		rest = str_part(rest, bytes, rest.len);
	}
	CHECK_STR(buf_str(&got), str_of(want));
	buf_release(&got);
	guard_free(&guard);
}

static void test_cuts(void)
{
	struct vocab *old = vocab_of(VOCAB_CL100K), *new = vocab_of(VOCAB_O200K);

	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		check_cut(old, cuts[i].text, cuts[i].cl100k);
		check_cut(new, cuts[i].text, cuts[i].o200k);
	}
	vocab_free(&old);
	vocab_free(&new);
}

/* "hello" is joined as he ll o, hell o, hello; "abc" by ab before bc; long pieces, which go by a
 * heap, as their parts would. */
static void test_joins(void)
{
	struct vocab *v = vocab_of(VOCAB_O200K);
	char *many = mem_get(3 * 1000);

	CHECK(count_tokens(v, STR("")) == 0);
	CHECK(count_tokens(v, STR("hello")) == 1);
	CHECK(count_tokens(v, STR("hello hello")) == 2);
	CHECK(count_tokens(v, STR("help")) == 3);
	CHECK(count_tokens(v, STR("abcab")) == 2);
	CHECK(count_tokens(v, STR("cabc")) == 2);
	for (int i = 0; i < 1000; i++)
		memcpy(many + 3 * i, "abc", 3);
	for (size_t len = 3; len <= 3000; len += 3)
		CHECK(count_tokens(v, (struct str){many, len}) == (int64_t)len / 3);
	mem_put(many);
	vocab_free(&v);
}

static void test_damage(void)
{
	struct vocab *v = NULL;
	struct arena arena;
	struct fail f;
	struct buf file;

	arena_init(&arena);
	buf_init(&file, 1 << 20);
	vocabulary_file(VOCAB_O200K, texts, 3, &file);
	for (size_t i = 0; i < file.len; i += i < 64 ? 1 : 37) {
		fail_init(&f, &arena);
		file.ptr[i] ^= 0x55;
		CHECK(vocab_read(buf_str(&file), &v, &f) == (i >= 28 && i < 32 ? 0 : -1));
		vocab_free(&v);
		file.ptr[i] ^= 0x55;
		fail_init(&f, &arena);
		CHECK(vocab_read(str_part(buf_str(&file), 0, i), &v, &f) < 0);
	}
	buf_release(&file);
	arena_release(&arena);
}

static void test_families(void)
{
	static const struct {
		const char *model;
		bool is_known;
		enum vocab_cut cut;
	} rows[] = {
	    {"gpt-5-mini", true, VOCAB_O200K},        {"openai/gpt-4.1", true, VOCAB_O200K},
	    {"gpt-4o-2024-08-06", true, VOCAB_O200K}, {"o3", true, VOCAB_O200K},
	    {"gpt-4-turbo", true, VOCAB_CL100K},      {"gpt-3.5-turbo", true, VOCAB_CL100K},
	    {"claude-opus-4-5", false, VOCAB_O200K},  {"llama", false, VOCAB_O200K},
	};
	enum vocab_cut cut;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(shelf_knows(str_of(rows[i].model), &cut) == rows[i].is_known);
		CHECK(cut == rows[i].cut);
	}
	CHECK(shelf_open(STR("/nowhere")) == 0 && !shelf_has(VOCAB_O200K));
	CHECK(shelf_take(VOCAB_O200K) == NULL);
}

static int64_t tally(const char *body, const struct vocab *v)
{
	struct llm_request llm = {.is_counted_only = true};
	struct json_error error;
	struct tally taken;
	struct arena arena;
	struct json doc;
	struct fail f;
	int64_t tokens;

	arena_init(&arena);
	fail_init(&f, &arena);
	json_init(&doc);
	must(json_read(&doc, str_of(body), &error) == 0);
	must(wire_dialect(LLM_MESSAGES)->read_request(&doc, &arena, &llm, &f) == 0);
	tally_take(&taken, &llm, &arena);
	json_release(&doc);
	tokens = tally_count(&taken, v, &arena);
	arena_release(&arena);
	return tokens;
}

/* 3 for the answer and 4 for a turn; escapes are decoded before they are counted. */
static void test_tally(void)
{
	struct vocab *v = vocab_of(VOCAB_O200K);

	CHECK(tally("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}",
	            v) == 8);
	CHECK(tally("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
	            "\"\\u0068ello hello\"}]}",
	            v) == 9);
	CHECK(tally("{\"model\":\"m\",\"system\":\"hello\",\"messages\":[{\"role\":\"user\","
	            "\"content\":\"hello\"}],\"tools\":[]}",
	            v) == 3 + 2 * 5 + 2);
	vocab_free(&v);
}

static void test_guess(void)
{
	struct guard guard = guard_copy(STR("The quick \xe6\x97"));

	CHECK(guess_tokens(STR("")) == 0);
	CHECK(guess_tokens(guard.bytes) >= 2);
	for (size_t len = 0; len < guard.bytes.len; len++)
		CHECK(guess_tokens(str_part(guard.bytes, guard.bytes.len - len, len)) <= 8);
	guard_free(&guard);
}

int main(void)
{
	test_cuts();
	test_joins();
	test_damage();
	test_families();
	test_tally();
	test_guess();
	return check_report("vocab");
}
