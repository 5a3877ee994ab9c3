/* Conversations for the scorer's tests, drawn by a fixed generator from a list of words: the same
 * on every machine, so that golden results can be kept as numbers. */
#ifndef TESTS_UNIT_CONVERSATIONS_H
#define TESTS_UNIT_CONVERSATIONS_H

#include "route/score.h"

#define TALK_TURNS 10
#define TALK_BYTES 1600

struct talk {
	uint32_t dice;
	struct score_turn turns[TALK_TURNS];
	struct str texts[TALK_TURNS];
	char bytes[TALK_TURNS][TALK_BYTES];
	struct str tools[4];
	struct score_request request;
};

static const char *const talk_words[] = {
    "the",
    "a",
    "of",
    "Hello",
    "thanks,",
    "please",
    "prove",
    "that",
    "theorem",
    "Translate",
    "to",
    "German:",
    "summarize",
    "this",
    "why",
    "does",
    "it",
    "still",
    "fail?",
    "deadlock",
    "under",
    "load.",
    "race",
    "mutex",
    "def",
    "f(x):",
    "return",
    "x^2",
    "+",
    "= 0",
    "3.14",
    "1984",
    "$\\frac{1}{2}$",
    "matrix",
    "prime",
    "What",
    "is",
    "capital",
    "France?",
    "design",
    "distributed",
    "system",
    "\n",
    "\n\n",
    "> quoted",
    "```c\nint i;\n```",
    "<document>",
    "</document>",
    "Use",
    "best",
    "model.",
    "weather",
    "lovely",
    "garden",
    "my",
    "dog",
    "sleeps.",
    "\xC3\xA9t\xC3\xA9",
    "\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82",
    "\xE4\xBD\xA0\xE5\xA5\xBD",
    "A) yes\nB) no",
    "src/main.c:42",
    "error:",
    "Traceback",
    "wrong,",
    "again",
    "no",
    "doesn't",
    "work.",
    "{\"k\": [1]}",
    "must",
    "exactly",
    "compare",
    "options",
    "write",
    "code",
    "tests",
    "algorithm",
    "aGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Q0NTY3ODkwMTIzNDU2",
    "\xE2\x80\x9Cso\xE2\x80\x9D",
};

static uint32_t talk_roll(struct talk *t, uint32_t sides)
{
	t->dice = t->dice * 1664525 + 1013904223;
	return (t->dice >> 8) % sides;
}

static void talk_text(struct talk *t, size_t turn)
{
	size_t n = 0, words = 1 + talk_roll(t, talk_roll(t, 4) ? 30 : 150);

	for (size_t i = 0; i < words; i++) {
		const char *word =
		    talk_words[talk_roll(t, sizeof(talk_words) / sizeof(talk_words[0]))];
		size_t len = strlen(word);
		if (n + len + 2 > TALK_BYTES)
			break;
		memcpy(t->bytes[turn] + n, word, len);
		n += len;
		t->bytes[turn][n++] = ' ';
	}
	t->texts[turn] = (struct str){t->bytes[turn], n};
}

/* The conversation with this number. */
static void talk_draw(struct talk *t, uint32_t number)
{
	static const struct str names[] = {STR_INIT("get_weather"), STR_INIT("edit_file"),
	                                   STR_INIT("bash"), STR_INIT("search")};
	struct score_request *r = &t->request;

	memset(r, 0, sizeof(*r));
	t->dice = number * 2654435761u + 1;
	r->turn_count = 1 + talk_roll(t, TALK_TURNS);
	for (size_t i = 0; i < r->turn_count; i++) {
		enum score_role role = (enum score_role)talk_roll(t, 4);
		if (role == SCORE_SYSTEM && i > 0)
			role = SCORE_USER;
		talk_text(t, i);
		t->turns[i] = (struct score_turn){.role = role,
		                                  .parts = &t->texts[i],
		                                  .part_count = 1,
		                                  .is_error = talk_roll(t, 3) == 0,
		                                  .calls_hash = talk_roll(t, 3)};
	}
	r->turns = t->turns;
	r->tool_count = talk_roll(t, 3) ? 0 : talk_roll(t, 4);
	for (size_t i = 0; i < r->tool_count; i++)
		t->tools[i] = names[(i + number) % 4];
	r->tool_names = t->tools;
	r->tool_schema_bytes = r->tool_count * talk_roll(t, 6000);
	r->image_count = talk_roll(t, 9) == 0;
	r->max_output_tokens = talk_roll(t, 5) ? 0 : (int64_t)1 << talk_roll(t, 16);
	r->effort = talk_roll(t, 6) ? SCORE_EFFORT_UNSET : (enum score_effort)talk_roll(t, 6);
}

#endif
