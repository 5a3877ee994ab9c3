/* The decision: rules, bounds, what may never happen to a conversation, and 5,000 results kept as
 * numbers in tests/routing/golden.bin, the same on every compiler, level and machine.
 * GOLDEN_WRITE=1 writes them anew: after tools/train, never to silence a failure. */
#include "base/buf.h"
#include "base/hash.h"
#include "route/reading.h"
#include "route/score.h"
#include "route/scorer_file.h"

#include "check.h"
#include "conversations.h"

#define GOLDEN 5000
#define GOLDEN_PATH "tests/routing/golden.bin"

static struct talk talk;

static struct score_result decide(const struct score_turn *turns, size_t count)
{
	struct score_request request = {.turns = turns, .turn_count = count};
	struct score_result result;

	score_decide(&request, NULL, &result);
	return result;
}

static void test_tools_lift_to_standard(void)
{
	struct str hello = STR("hello"), done = STR("done");
	struct score_turn turns[] = {{.role = SCORE_USER, .parts = &hello, .part_count = 1},
	                             {.role = SCORE_TOOL_RESULT, .parts = &done, .part_count = 1}};

	CHECK(decide(turns, 1).tier == SCORE_FAST);
	CHECK(decide(turns, 2).tier == SCORE_STANDARD);
	CHECK(decide(turns, 2).rule == SCORE_BY_LOOP);
}

static void test_effort_is_a_hard_signal(void)
{
	struct str hello = STR("hello"),
	           proof = STR("Prove that there are infinitely many primes.");
	struct score_turn turn = {.role = SCORE_USER, .parts = &hello, .part_count = 1};
	struct score_request request = {
	    .turns = &turn, .turn_count = 1, .effort = SCORE_EFFORT_HIGH};
	struct score_policy capped = {.ceiling = SCORE_STANDARD};
	struct score_result result;

	score_decide(&request, NULL, &result);
	CHECK(result.tier == SCORE_REASONING && result.rule == SCORE_BY_EFFORT);
	score_decide(&request, &capped, &result);
	CHECK(result.tier == SCORE_STANDARD && result.rule == SCORE_BY_BOUNDS);
	turn.parts = &proof;
	request.effort = SCORE_EFFORT_UNSET;
	score_decide(&request, NULL, &result);
	CHECK(result.tier == SCORE_REASONING);
	request.effort = SCORE_EFFORT_LOW;
	score_decide(&request, NULL, &result);
	CHECK(result.tier == SCORE_STANDARD && result.rule == SCORE_BY_EFFORT);
}

/* A text of one word: the explanation says of the word what the tables say of the text. */
static void test_words_weigh_as_in_the_sum(void)
{
	static struct reading reading;
	struct str text = STR("theorem");
	struct gather_source source = {&text, 1, false};
	struct score_turn turn = {.role = SCORE_USER, .parts = &text, .part_count = 1};
	struct score_request request = {.turns = &turn, .turn_count = 1};
	struct score_result result;
	int32_t z[SCORE_TIERS];

	reading_read(scorer_current(), &source,
	             (struct canon_limits){CANON_HEAD_BYTES, CANON_TAIL_BYTES}, &reading);
	reading_weigh_words(scorer_current(), &reading, z);
	score_explain(&request, NULL, &result);
	CHECK(result.word_count == 1 && result.words[0].weight != 0);
	CHECK(result.words[0].weight == (int32_t)(-(int64_t)z[SCORE_FAST] * 5771 / 65536));
}

static int32_t sum_of(struct str text)
{
	static struct reading reading;
	struct gather_source source = {&text, 1, false};
	int32_t z[SCORE_TIERS];

	reading_read(scorer_current(), &source,
	             (struct canon_limits){CANON_HEAD_BYTES, CANON_TAIL_BYTES}, &reading);
	reading_weigh(scorer_current(), &reading, z);
	return z[SCORE_FAST];
}

/* How hard to try, in words that the trainer has not seen, says nothing about a question. */
static void test_urging_makes_no_difference(void)
{
	static const char urging[] =
	    "Leave no stone unturned, be meticulous and flawless, as the most brilliant minds "
	    "would be.\n";
	static const char ask[] = "Find the degree of the field extension Q(sqrt(2)) over Q.";
	char both[sizeof(urging) + sizeof(ask)];
	int32_t alone = sum_of(str_of(ask)), urged;

	memcpy(both, urging, sizeof(urging) - 1);
	memcpy(both + sizeof(urging) - 1, ask, sizeof(ask));
	urged = sum_of(str_of(both));
	CHECK(abs(alone - urged) < 655); /* 0.01 of success: lines and what is left out count */
}

static uint32_t digest(const struct score_result *r)
{
	struct buf bytes;
	uint32_t crc;

	buf_init(&bytes, 4096);
	buf_printf(&bytes, "%d %d %d %d %zu %u %u %u", r->tier, r->text_tier, r->rule, r->score,
	           r->deciding_turn, r->p_ok[0], r->p_ok[1], r->p_ok[2]);
	for (size_t i = 0; i < r->evidence_count; i++)
		buf_printf(&bytes, " %s %d", r->evidence[i].name, r->evidence[i].weight);
	for (size_t i = 0; i < r->word_count; i++)
		buf_printf(&bytes, " %s %d", r->words[i].name, r->words[i].weight);
	crc = hash_crc32c(0, buf_str(&bytes));
	buf_release(&bytes);
	return crc;
}

static void write_golden(const uint8_t *bytes)
{
	FILE *file = fopen(GOLDEN_PATH, "wb");

	if (!CHECK(file != NULL))
		return;
	CHECK(fwrite(bytes, 1, (size_t)GOLDEN * 4, file) == (size_t)GOLDEN * 4);
	fclose(file);
}

static void test_golden(void)
{
	static uint8_t kept[GOLDEN * 4], now[GOLDEN * 4];
	FILE *file = fopen(GOLDEN_PATH, "rb");
	int same = 0;

	for (uint32_t i = 0; i < GOLDEN; i++) {
		struct score_result result;
		talk_draw(&talk, i);
		score_explain(&talk.request, NULL, &result);
		uint32_t crc = digest(&result);
		for (int b = 0; b < 4; b++)
			now[i * 4 + (uint32_t)b] = (uint8_t)(crc >> (8 * b));
	}
	if (getenv("GOLDEN_WRITE"))
		write_golden(now);
	else if (CHECK(file != NULL))
		CHECK(fread(kept, 1, sizeof(kept), file) == sizeof(kept));
	for (size_t i = 0; i < GOLDEN && file; i++)
		same += memcmp(now + i * 4, kept + i * 4, 4) == 0;
	CHECK(getenv("GOLDEN_WRITE") || same == GOLDEN);
	if (file)
		fclose(file);
}

/* Neither tier nor score falls when a conversation grows. */
static void test_prefixes_never_fall(void)
{
	for (uint32_t i = 0; i < 1500; i++) {
		struct score_wish wish = {.quality = (int)(i % 101), .ceiling = SCORE_REASONING};
		struct score_policy policy = score_policy_of(&wish);
		struct score_result before = {.tier = SCORE_FAST}, after;
		size_t all, users = 0;

		talk_draw(&talk, 100000 + i);
		all = talk.request.turn_count;
		for (talk.request.turn_count = 1; talk.request.turn_count <= all;
		     talk.request.turn_count++) {
			score_decide(&talk.request, &policy, &after);
			users += talk.turns[talk.request.turn_count - 1].role == SCORE_USER;
			if (users == 0) /* no request ends before the first user has spoken */
				continue;
			CHECK(after.tier >= before.tier);
			CHECK(after.score >= before.score);
			before = after;
		}
	}
}

/* A gist decides as the request it is of: under the policy that it was made with always, under any
 * other wherever no message was left out. */
static void test_gists_decide_the_same(void)
{
	int cut = 0;

	for (uint32_t i = 0; i < 2000; i++) {
		struct score_wish wish = {.quality = (int)(i * 7 % 101),
		                          .ceiling = i % 5 ? SCORE_REASONING : SCORE_STANDARD};
		struct score_policy made = score_policy_of(&wish), other;
		struct score_result first, again, want;

		talk_draw(&talk, 500000 + i);
		score_decide(&talk.request, &made, &first);
		score_again(&first.gist, &made, &again);
		CHECK(again.tier == first.tier && again.text_tier == first.text_tier);
		CHECK(memcmp(again.p_ok, first.p_ok, sizeof again.p_ok) == 0);
		cut += first.gist.front_is_cut;
		for (wish.quality = 0; wish.quality <= 100; wish.quality += 20) {
			other = score_policy_of(&wish);
			score_decide(&talk.request, &other, &want);
			score_again(&first.gist, &other, &again);
			CHECK(again.tier == want.tier || first.gist.front_is_cut);
		}
	}
	CHECK(cut < 100);
}

/* Whoever has used tools is never sent to the fast tier, whatever the prices; but by a ceiling. */
static void test_loops_stay_above_fast(void)
{
	int loops = 0;

	for (uint32_t i = 0; i < 2000; i++) {
		struct score_wish wish = {.quality = (int)(i % 101), .ceiling = SCORE_REASONING};
		struct score_policy policy = score_policy_of(&wish);
		struct score_result result;
		bool is_loop = false;

		talk_draw(&talk, 650000 + i);
		for (size_t t = 0; t < talk.request.turn_count; t++)
			is_loop |= talk.turns[t].role == SCORE_TOOL_RESULT;
		score_decide(&talk.request, &policy, &result);
		CHECK(!is_loop || result.tier >= SCORE_STANDARD);
		policy.ceiling = SCORE_FAST;
		score_decide(&talk.request, &policy, &result);
		CHECK(result.tier == SCORE_FAST);
		loops += is_loop;
	}
	CHECK(loops > 500);
}

/* The same request, a thousand times: the same in every byte. */
static void test_nothing_is_remembered(void)
{
	for (uint32_t i = 0; i < 20; i++) {
		struct score_result first, later;

		for (int again = 0; again < 1000; again++) {
			talk_draw(&talk, 600000 + i);
			score_explain(&talk.request, NULL, again ? &later : &first);
			CHECK(digest(&first) == digest(again ? &later : &first));
			talk_draw(&talk, 700000 + (uint32_t)again);
			score_decide(&talk.request, NULL, &later);
		}
	}
}

static size_t escape(struct str text, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '"' || text.ptr[i] == '\\' || text.ptr[i] == '\n') {
			to[n++] = '\\';
			to[n++] = text.ptr[i] == '\n' ? 'n' : text.ptr[i];
		} else {
			to[n++] = text.ptr[i];
		}
	return n;
}

static void test_cuts_and_escapes_make_no_difference(void)
{
	static char escaped[TALK_BYTES * 2];

	for (uint32_t i = 0; i < 1500; i++) {
		struct score_result want, got;
		struct str parts[3], raw;
		size_t cut;

		talk_draw(&talk, 200000 + i);
		score_decide(&talk.request, NULL, &want);
		cut = talk.texts[0].len * (i % 100) / 100;
		parts[0] = str_part(talk.texts[0], 0, cut);
		parts[1] = (struct str){NULL, 0};
		parts[2] = str_part(talk.texts[0], cut, talk.texts[0].len);
		talk.turns[0].parts = parts;
		talk.turns[0].part_count = 3;
		score_decide(&talk.request, NULL, &got);
		CHECK(digest(&want) == digest(&got));
		raw = (struct str){escaped, escape(talk.texts[0], escaped)};
		talk.turns[0].parts = &raw;
		talk.turns[0].part_count = 1;
		talk.turns[0].is_escaped = true;
		score_decide(&talk.request, NULL, &got);
		CHECK(digest(&want) == digest(&got));
	}
}

static int reasoning_share(const struct score_wish *wish)
{
	struct score_policy policy = score_policy_of(wish);
	int share = 0;

	for (uint32_t i = 0; i < 300; i++) {
		struct score_result result;
		talk_draw(&talk, 300000 + i);
		score_decide(&talk.request, &policy, &result);
		share += result.text_tier == SCORE_REASONING;
	}
	return share;
}

static void test_wishes(void)
{
	struct score_wish wish = {.ceiling = SCORE_REASONING};
	int before = -1;

	for (wish.quality = 0; wish.quality <= 100; wish.quality += 25) {
		int share = reasoning_share(&wish);
		CHECK(share >= before);
		before = share;
	}
	wish =
	    (struct score_wish){.quality = 50, .reasoning_percent = 2, .ceiling = SCORE_REASONING};
	before = reasoning_share(&wish);
	wish.reasoning_percent = 60;
	CHECK(reasoning_share(&wish) > before);
	wish.price[0] = 100, wish.price[1] = 500, wish.price[2] = 2500;
	struct score_policy a = score_policy_of(&wish);
	wish.price[0] = wish.price[1] = wish.price[2] = 0;
	struct score_policy b = score_policy_of(&wish);
	CHECK(memcmp(&a, &b, sizeof(a)) == 0);
}

static void test_line(void)
{
	struct buf line;

	buf_init(&line, 400);
	for (uint32_t i = 0; i < 300; i++) {
		struct score_result result;
		talk_draw(&talk, 400000 + i);
		score_explain(&talk.request, NULL, &result);
		buf_clear(&line);
		score_put_line(&line, &result);
		CHECK(!buf_is_over(&line) && buf_str(&line).len <= 200);
	}
	buf_release(&line);
}

int main(void)
{
	test_tools_lift_to_standard();
	test_effort_is_a_hard_signal();
	test_words_weigh_as_in_the_sum();
	test_urging_makes_no_difference();
	test_golden();
	test_prefixes_never_fall();
	test_gists_decide_the_same();
	test_loops_stay_above_fast();
	test_nothing_is_remembered();
	test_cuts_and_escapes_make_no_difference();
	test_wishes();
	test_line();
	return check_report("score");
}
