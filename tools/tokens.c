/* Counts tokens of texts, for tests/run_tokens.py and for whoever wants to know.
 *
 *   tokens VOCAB              standard input: u32 length, bytes, again and again; standard output:
 *                             u32 tokens of each, by the vocabulary; numbers are little-endian
 *   tokens VOCAB --guess      the same, and u32 what token/guess.h says without one
 *   tokens VOCAB --speed      counts standard input for a second and tells MB/s of CPU time */
#include "base/buf.h"
#include "token/count.h"
#include "token/guess.h"

#include <time.h>

enum { INPUT_MAX = 512 * 1024 * 1024, PIECE_BYTES = 1 << 20 };

static void read_all(FILE *file, struct buf *out)
{
	while (!feof(file)) {
		char *room = buf_room(out, PIECE_BYTES);

		must(room);
		buf_grew(out, fread(room, 1, PIECE_BYTES, file));
	}
}

static struct vocab *open_vocab(const char *name)
{
	FILE *file = fopen(name, "rb");
	struct vocab *vocab = NULL;
	struct arena arena;
	struct fail f;
	struct buf bytes;

	arena_init(&arena);
	fail_init(&f, &arena);
	buf_init(&bytes, INPUT_MAX);
	if (file) {
		read_all(file, &bytes);
		fclose(file);
	}
	if (!file || vocab_read(buf_str(&bytes), &vocab, &f) < 0)
		fprintf(stderr, "tokens: %s cannot be read\n", name);
	buf_release(&bytes);
	arena_release(&arena);
	return vocab;
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void tell_speed(const struct vocab *v, struct str text)
{
	double began = cpu_s(), spent;
	int64_t tokens = 0, guess;
	int rounds = 0;

	do {
		tokens = count_tokens(v, text);
		rounds++;
	} while ((spent = cpu_s() - began) < 1);
	printf("%zu bytes, %lld tokens, %.1f MB/s", text.len, (long long)tokens,
	       (double)text.len * rounds / spent / 1e6);
	began = cpu_s();
	rounds = 0;
	do {
		guess = guess_tokens(text);
		rounds++;
	} while ((spent = cpu_s() - began) < 1);
	printf("; guessed %.3f at %.1f MB/s\n", (double)guess / (double)tokens,
	       (double)text.len * rounds / spent / 1e6);
}

static void put(int64_t figure)
{
	uint32_t word = (uint32_t)figure;

	must(fwrite(&word, sizeof word, 1, stdout) == 1);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	struct vocab *v = argc > 1 ? open_vocab(argv[1]) : NULL;
	struct str rest;
	struct buf input;
	uint32_t len;

	if (!v)
		return 1;
	buf_init(&input, INPUT_MAX);
	read_all(stdin, &input);
	rest = buf_str(&input);
	if (strcmp(what, "--speed") == 0)
		tell_speed(v, rest);
	for (; strcmp(what, "--speed") != 0 && rest.len >= sizeof len;
	     rest = str_part(rest, sizeof len + len, rest.len)) {
		memcpy(&len, rest.ptr, sizeof len);
		put(count_tokens(v, str_part(rest, sizeof len, len)));
		if (strcmp(what, "--guess") == 0)
			put(guess_tokens(str_part(rest, sizeof len, len)));
	}
	buf_release(&input);
	vocab_free(&v);
	return 0;
}
