/* Prints what the scorer sees of texts, for tools/train and tools/eval: there is one truth about
 * features, this one.
 *
 *   features --layout               the number a scorer file must carry; names of counters, facts
 *   features --read SCORER          u32 ids, u16 id[ids], u8 level[..], u8 doublings, u64 facts
 *   features --sentences SCORER     u32 sentences, each u32 ids, u16 id[ids] (nothing left out)
 *   features --score SCORER         i32 z[3], u32 p[3], u32 p[3] after facts, i32 score, u8 tier
 *
 * Per text. Standard input: u32 length, bytes, again and again; numbers are little-endian. SCORER
 * `-` is the built-in. */
#include "base/buf.h"
#include "route/reading.h"

static struct reading reading;

static void put(const void *bytes, size_t len)
{
	must(fwrite(bytes, 1, len, stdout) == len);
}

static void print_layout(void)
{
	printf("%u\n", scorer_layout());
	for (int c = 0; c < FEATURE_COUNTERS; c++)
		printf("counter %s\n", feature_counter_name(c));
	for (int f = 0; f < STRUCTURE_FACTS; f++)
		printf("fact %s\n", structure_fact_name(f));
}

static void print_sentences(struct str text)
{
	static struct feature_sentence s;
	struct gather_source source = {&text, 1, false};
	uint32_t count;
	size_t begin = 0;

	canon_read(&source, (struct canon_limits){CANON_HEAD_BYTES, CANON_TAIL_BYTES},
	           &reading.canon);
	count = (uint32_t)reading.canon.sentence_count;
	put(&count, sizeof(count));
	for (size_t i = 0; i < count; i++) {
		size_t end = reading.canon.ends[i];
		feature_read_sentence(&scorer_current()->lexicon,
		                      (struct str){reading.canon.text + begin, end - begin}, true,
		                      &s);
		uint32_t ids = (uint32_t)s.id_count;
		put(&ids, sizeof(ids));
		put(s.ids, ids * sizeof(s.ids[0]));
		begin = end;
	}
}

static void read_text(struct str text)
{
	struct gather_source source = {&text, 1, false};

	reading_read(scorer_current(), &source,
	             (struct canon_limits){CANON_HEAD_BYTES, CANON_TAIL_BYTES}, &reading);
}

static void print_reading(struct str text)
{
	uint32_t ids;
	uint8_t doublings;
	uint64_t facts;

	read_text(text);
	ids = (uint32_t)reading.set.id_count;
	doublings = (uint8_t)reading.doublings;
	facts = structure_of_user(reading.ask, &reading.canon);
	put(&ids, sizeof(ids));
	put(reading.set.ids, ids * sizeof(reading.set.ids[0]));
	put(reading.levels, FEATURE_COUNTERS);
	put(&doublings, 1);
	put(&facts, sizeof(facts));
}

static void print_score(struct str text)
{
	struct score_turn turn = {.role = SCORE_USER, .parts = &text, .part_count = 1};
	struct score_request request = {.turns = &turn, .turn_count = 1};
	struct score_result result;
	int32_t z[SCORE_TIERS];
	uint8_t tier;

	read_text(text);
	reading_weigh(scorer_current(), &reading, z);
	score_decide(&request, NULL, &result);
	tier = (uint8_t)result.tier;
	put(z, sizeof(z));
	for (int t = 0; t < SCORE_TIERS; t++) {
		uint32_t p = reading_curve(&scorer_current()->curve[t], z[t]);
		put(&p, sizeof(p));
	}
	put(result.p_ok, sizeof(result.p_ok));
	put(&result.score, sizeof(result.score));
	put(&tier, 1);
}

static int use(const char *path)
{
	struct arena arena;
	struct fail f;

	if (strcmp(path, "-") == 0)
		return 0;
	arena_init(&arena);
	fail_init(&f, &arena);
	if (scorer_use_file(path, &f) < 0) {
		fprintf(stderr, "features: %.*s\n", STR_ARG(f.message));
		return -1;
	}
	arena_release(&arena);
	return 0;
}

int main(int argc, char **argv)
{
	static const size_t room = 1 << 24;
	void (*print)(struct str) = NULL;
	uint32_t len;
	char *bytes;

	if (argc == 2 && strcmp(argv[1], "--layout") == 0) {
		print_layout();
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--read") == 0)
		print = print_reading;
	if (argc == 3 && strcmp(argv[1], "--sentences") == 0)
		print = print_sentences;
	if (argc == 3 && strcmp(argv[1], "--score") == 0)
		print = print_score;
	if (!print || use(argv[2]) < 0) {
		fprintf(stderr, "usage: features --layout | --read|--sentences|--score SCORER\n");
		return 2;
	}
	bytes = mem_get(room);
	while (fread(&len, sizeof(len), 1, stdin) == 1 && len <= room &&
	       fread(bytes, 1, len, stdin) == len)
		print((struct str){bytes, len});
	mem_put(bytes);
	return 0;
}
