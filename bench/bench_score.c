/* How long a decision takes: one message of 500 B and 4 KB, and a conversation of 100 KB, in
 * microseconds.
 *
 * The text is English prose with some code, made from a fixed list of words. Each figure is the
 * best of many rounds on the thread's own clock, since others may use the machine. */
#include "base/clock.h"
#include "route/score.h"

#include <time.h>

#define ROUNDS 25

static const char *const words[] = {
    "the",     "service",  "returns", "an",      "error",    "when",     "we",        "send",
    "two",     "requests", "at",      "once;",   "please",   "find",     "out",       "why",
    "this",    "happens,", "and",     "propose", "a",        "fix.",     "for",       "(int",
    "i",       "=",        "0;",      "matrix",  "of",       "integers", "x^2",       "must",
    "hold",    "every",    "value",   "between", "customer", "invoices", "quarterly", "summary,",
    "weather", "large",    "number",  "theory",  "question?"};

static char room[128 * 1024];

static size_t write_text(char *to, size_t bytes, uint32_t seed)
{
	size_t n = 0;

	while (n + 16 < bytes) {
		const char *word;
		size_t len;

		seed = seed * 1664525 + 1013904223;
		word = words[(seed >> 9) % (sizeof(words) / sizeof(words[0]))];
		len = strlen(word);
		memcpy(to + n, word, len);
		to[n + len] = seed % 23 == 0 ? '\n' : ' ';
		n += len + 1;
	}
	return n;
}

static int64_t thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void measure(const char *name, const struct score_request *request, size_t bytes)
{
	struct score_result result;
	int64_t best = INT64_MAX;
	int each = (int)(400000 / (bytes + 1000)) + 5;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin = thread_ns(), took;
		for (int i = 0; i < each; i++)
			score_decide(request, NULL, &result);
		took = (thread_ns() - begin) / each;
		if (took < best)
			best = took;
	}
	printf("score %-22s %7zu B  %7.2f us  %5.2f ns/B  %s\n", name, bytes, (double)best / 1000,
	       (double)best / (double)bytes, score_tier_name(result.tier));
}

static void measure_message(const char *name, size_t bytes, bool is_escaped)
{
	struct str text = {room, write_text(room, bytes, 1)};
	struct score_turn turn = {
	    .role = SCORE_USER, .parts = &text, .part_count = 1, .is_escaped = is_escaped};
	struct score_request request = {.turns = &turn, .turn_count = 1};

	measure(name, &request, bytes);
}

/* Rounds of: a question, a call, its result, an answer; `user_bytes` each for the user, the rest
 * for results. */
static void measure_conversation(const char *name, size_t user_bytes)
{
	static struct score_turn turns[80];
	static struct str texts[80];
	size_t at = 0;

	for (int i = 0; i < 80; i++) {
		static const enum score_role roles[] = {SCORE_USER, SCORE_ASSISTANT,
		                                        SCORE_TOOL_RESULT, SCORE_ASSISTANT};
		size_t want = roles[i % 4] == SCORE_USER ? user_bytes : (5000 - user_bytes) / 3;
		texts[i] = (struct str){room + at, write_text(room + at, want, (uint32_t)i + 7)};
		at += texts[i].len;
		turns[i] = (struct score_turn){
		    .role = roles[i % 4], .parts = &texts[i], .part_count = 1, .is_escaped = true};
	}
	measure(name, &(struct score_request){.turns = turns, .turn_count = 80}, at);
}

int main(void)
{
	measure_message("message", 500, false);
	measure_message("message, as JSON", 500, true);
	measure_message("message", 4096, false);
	measure_message("message, as JSON", 4096, true);
	measure_message("message", 100000, true);
	measure_conversation("agent's conversation", 400);
	measure_conversation("user's conversation", 3000);
	return 0;
}
