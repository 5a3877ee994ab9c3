/* Counting by looking at borders gives what joining pair by pair gives: over vocabularies that are
 * learnt here from noise, for texts of the same letters, short and long. */
#include "token/count.h"

#include "check.h"
#include "guard.h"
#include "vocabulary.h"

enum { LEARNT = 40, SAMPLE = 300, TEXT_MAX = 700 };

struct learnt {
	char texts[LEARNT][128];
	const char *list[LEARNT];
	int count;
};

static uint32_t noise = 1;

static uint32_t next_noise(void)
{
	noise = noise * 1664525 + 1013904223;
	return noise >> 16;
}

static void fill(char *text, size_t len, unsigned letters)
{
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + next_noise() % letters * (next_noise() % 3 != 0));
	text[len] = '\0';
}

/* Rank by text; -1: none. */
static int rank_of(const struct learnt *l, struct str text)
{
	for (int i = 0; i < l->count; i++)
		if (str_eq(str_of(l->texts[i]), text))
			return i;
	return -1;
}

/* Joins the first pair of the lowest rank, until there is none; gives how many parts are left, and
 * where they begin. */
static size_t join_all(const struct learnt *l, struct str text, size_t *starts)
{
	size_t count = text.len;

	for (size_t i = 0; i <= text.len; i++)
		starts[i] = i;
	for (;;) {
		int best = -1;
		size_t at = 0;

		for (size_t i = 0; i + 1 < count; i++) {
			int rank = rank_of(l, str_part(text, starts[i], starts[i + 2] - starts[i]));

			if (rank >= 0 && (best < 0 || rank < best)) {
				best = rank;
				at = i;
			}
		}
		if (best < 0)
			return count;
		memmove(starts + at + 1, starts + at + 2, (count - at - 1) * sizeof *starts);
		count--;
	}
}

/* The most frequent pair of a sample's parts; empty: none is short enough. */
static struct str frequent_pair(const struct learnt *l, struct str sample)
{
	size_t starts[SAMPLE + 1], count = join_all(l, sample, starts), most = 0;
	struct str best = {0};

	for (size_t i = 0; i + 2 <= count; i++) {
		struct str pair = str_part(sample, starts[i], starts[i + 2] - starts[i]);
		size_t often = 0;

		for (size_t j = 0; j + 2 <= count; j++)
			often +=
			    str_eq(pair, str_part(sample, starts[j], starts[j + 2] - starts[j]));
		if (often > most && pair.len < sizeof l->texts[0]) {
			most = often;
			best = pair;
		}
	}
	return best;
}

/* The most frequent pair becomes the next token, again and again. */
static void learn(struct learnt *l, unsigned letters)
{
	char sample[SAMPLE + 1];
	struct str pair;

	fill(sample, SAMPLE, letters);
	*l = (struct learnt){0};
	while (l->count < LEARNT && (pair = frequent_pair(l, (struct str){sample, SAMPLE})).len) {
		memcpy(l->texts[l->count], pair.ptr, pair.len);
		l->list[l->count] = l->texts[l->count];
		l->count++;
	}
}

static struct vocab *vocab_of(const struct learnt *l)
{
	return vocabulary_read(VOCAB_O200K, l->list, l->count);
}

static void check_texts(const struct learnt *l, const struct vocab *v, unsigned letters)
{
	size_t starts[TEXT_MAX + 1];
	char text[TEXT_MAX + 1];

	for (int i = 0; i < 200; i++) {
		size_t len = i < 190 ? next_noise() % 60 + 1 : TEXT_MAX - (size_t)i % 7;
		struct guard guard;

		fill(text, len, letters);
		guard = guard_copy((struct str){text, len});
		CHECK(count_tokens(v, guard.bytes) == (int64_t)join_all(l, guard.bytes, starts));
		guard_free(&guard);
	}
}

static void test_borders(void)
{
	static struct learnt learnt;

	for (unsigned letters = 1; letters <= 4; letters++) {
		struct vocab *v;

		learn(&learnt, letters);
		v = vocab_of(&learnt);
		check_texts(&learnt, v, letters);
		vocab_free(&v);
	}
}

/* Of two alike the left one is joined first. */
static void test_alike(void)
{
	struct learnt learnt = {.texts = {"aa"}, .list = {"aa"}, .count = 1};
	struct vocab *v = vocab_of(&learnt);
	char text[TEXT_MAX];

	for (size_t len = 1; len < TEXT_MAX; len++) {
		text[len - 1] = 'a';
		CHECK(count_tokens(v, (struct str){text, len}) == (int64_t)(len + 1) / 2);
	}
	vocab_free(&v);
}

/* A token that joining cannot make, and one of a pair of higher rank. */
static void test_refused(void)
{
	static const char *const lists[][3] = {{"abc", "ab", "x"}, {"ab", "bc", "abcd"}};
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	for (int i = 0; i < 2; i++) {
		struct vocab *v = NULL;
		struct buf file;

		fail_init(&f, &arena);
		buf_init(&file, 1 << 20);
		vocabulary_file(VOCAB_O200K, lists[i], 3, &file);
		CHECK(vocab_read(buf_str(&file), &v, &f) < 0 && v == NULL);
		buf_release(&file);
	}
	arena_release(&arena);
}

int main(void)
{
	test_borders();
	test_alike();
	test_refused();
	return check_report("count");
}
