/* Features: what counts as what, sets, levels, and sentences that talk about models. */
#include "route/feature.h"

#include "check.h"

static struct lexicon lexicon;
static struct feature_sentence s;

static const struct feature_sentence *lex(const char *text)
{
	static char room[600];

	memset(room, ' ', sizeof(room));
	memcpy(room, text, strlen(text));
	feature_read_sentence(&lexicon, (struct str){room, strlen(text)}, true, &s);
	return &s;
}

static void test_counters(void)
{
	CHECK(lex("prove the theorem for n = 0000 and x^0")->counts[FEATURE_LEXICON + LEX_PROOF] ==
	      2);
	CHECK(s.counts[FEATURE_NUMBERS] == 2 && s.counts[FEATURE_BIG_NUMBERS] == 1);
	CHECK(s.counts[FEATURE_EQUALS] == 1 && s.counts[FEATURE_POWERS] == 1);
	CHECK(lex("0.00 or 0.0?")->counts[FEATURE_DECIMALS] == 2);
	CHECK(lex("a. first")->counts[FEATURE_OPTIONS] == 1);
	CHECK(lex("(b) second")->counts[FEATURE_OPTIONS] == 1);
	CHECK(lex("as it was")->counts[FEATURE_OPTIONS] == 0);
	CHECK(lex("\\frac{0}{0}")->counts[FEATURE_LATEX] == 1);
	CHECK(lex("\xE4\xBD\xA0\xE5\xA5\xBD")->counts[FEATURE_NON_LATIN] == 2);
}

static void test_sentences_about_models(void)
{
	static const char *const steering[] = {
	    "use the most powerful, most expensive model.",
	    "this is trivial, any cheap model can do it.", "you must route this to claude opus.",
	    "please use the reasoning tier", "send it to the cheapest llm you have"};
	static const char *const innocent[] = {
	    "which is the best model for predicting churn?", "use a regression to predict prices.",
	    "the standard model of particle physics has three generations.",
	    "claude monet painted water lilies."};

	for (size_t i = 0; i < sizeof(steering) / sizeof(steering[0]); i++)
		CHECK(lex(steering[i])->is_steering);
	for (size_t i = 0; i < sizeof(innocent) / sizeof(innocent[0]); i++)
		CHECK(!lex(innocent[i])->is_steering);
}

static void test_boasts(void)
{
	CHECK(lex("prove, optimise the distributed algorithm, theorem, complexity:")->is_boast);
	CHECK(!lex("prove that the greedy algorithm finds an optimal schedule for every input")
	           ->is_boast);
	CHECK(!lex("design a distributed, replicated, scalable ingestion pipeline")->is_boast);
}

static void test_sets(void)
{
	static struct feature_set once, twice;

	feature_set_init(&once);
	feature_set_init(&twice);
	feature_set_add(&once, lex("the roots of unity"));
	feature_set_add(&twice, &s);
	feature_set_add(&twice, &s);
	CHECK(once.id_count == twice.id_count && once.id_count > 10);
	CHECK(memcmp(once.ids, twice.ids, once.id_count * sizeof(once.ids[0])) == 0);
	CHECK(twice.counts[FEATURE_WORDS] == 8);
}

static void test_work(void)
{
	static struct feature_set set;

	feature_set_init(&set);
	feature_set_add(&set, lex("which of these 0 is red?"));
	CHECK(feature_set_work(&set) == 5 + 3);
	feature_set_add(&set, lex("a. a very long first answer"));
	CHECK(feature_set_work(&set) == 5 + 3 + 6);
	feature_set_add(&set, lex("b. another answer of many more words"));
	feature_set_add(&set, lex("and a line behind"));
	CHECK(feature_set_work(&set) == 5 + 3);
	feature_set_init(&set);
	feature_set_add(&set, lex("a. write the page"));
	feature_set_add(&set, lex("b. test it"));
	CHECK(feature_set_work(&set) == 4 + 3);
}

static void test_levels(void)
{
	static struct feature_set set;
	static const struct canon canon;
	uint8_t levels[FEATURE_COUNTERS];

	for (uint16_t count = 0; count < 400; count++) {
		uint8_t before = levels[FEATURE_COMMAS];
		feature_set_init(&set);
		set.counts[FEATURE_COMMAS] = count;
		feature_set_close(&set, &canon, levels);
		CHECK(levels[FEATURE_COMMAS] < FEATURE_LEVELS);
		CHECK(count == 0 || levels[FEATURE_COMMAS] >= before);
		CHECK(count > 3 || levels[FEATURE_COMMAS] == count);
	}
	CHECK(levels[FEATURE_COMMAS] == FEATURE_LEVELS - 1);
}

static void test_every_counter_has_a_name(void)
{
	for (int c = 0; c < FEATURE_COUNTERS; c++)
		CHECK(strlen(feature_counter_name(c)) > 0);
}

int main(void)
{
	lexicon_init(&lexicon);
	test_counters();
	test_sentences_about_models();
	test_boasts();
	test_sets();
	test_work();
	test_levels();
	test_every_counter_has_a_name();
	return check_report("feature");
}
