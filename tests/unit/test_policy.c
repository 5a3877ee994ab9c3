/* Decisions: filters with their reasons, the order of candidates, stickiness, and what is said when
 * nothing is left. */
#include "route/explain.h"
#include "route/conversation.h"

#include "check.h"

static const char world[] =
    "providers:\n"
    "  - {name: c1, dialect: chat, base_url: \"http://c1\"}\n"
    "  - {name: c2, dialect: chat, base_url: \"http://c2\"}\n"
    "  - {name: m1, dialect: messages, base_url: \"http://m1\"}\n"
    "models:\n"
    "  - {name: tiny, lane: express, price: {input: 1, output: 2}, context: 8000, max_output: "
    "4000,\n"
    "     targets: [{provider: c1, model: tiny}]}\n"
    "  - {name: eye, lane: daily, price: {input: 2, output: 4}, context: 100000, max_output: "
    "8000,\n"
    "     can: [images, tools], targets: [{provider: c1, model: eye, weight: 3}, {provider: c2, "
    "model: eye}]}\n"
    "  - {name: deep, lane: deep, price: {input: 5, output: 25}, context: 200000, max_output: "
    "64000,\n"
    "     can: [tools, thinking], targets: [{provider: c2, model: deep}, {provider: m1, model: "
    "deep}]}\n"
    "tiers:\n"
    "  fast: [tiny]\n"
    "  standard: [eye, tiny]\n"
    "  reasoning: [deep]\n";

static struct config *load(void)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	must(config_read_text(STR("t"), str_of(world), &c, &f) == 0);
	must(catalog_build(c, &f) == 0);
	arena_release(&arena);
	return c;
}

struct scene {
	struct arena arena;
	struct config *config;
	struct llm_request request;
	struct route_wish wish;
	struct llm_turn turns[4];
	struct str texts[4];
	struct decision decision;
	struct fail fail;
};

static void scene_init(struct scene *s, const char *model, const char *text)
{
	*s = (struct scene){.config = load()};
	arena_init(&s->arena);
	fail_init(&s->fail, &s->arena);
	s->texts[0] = STR("You are a helper.");
	s->texts[1] = str_of(text);
	s->turns[0] = (struct llm_turn){.role = LLM_SYSTEM, .texts = &s->texts[0], .text_count = 1};
	s->turns[1] = (struct llm_turn){.role = LLM_USER, .texts = &s->texts[1], .text_count = 1};
	s->request = (struct llm_request){
	    .model = str_of(model),
	    .turns = s->turns,
	    .turn_count = 2,
	    .choices = 1,
	    .text_bytes = (int64_t)(s->texts[0].len + s->texts[1].len),
	};
}

static void scene_release(struct scene *s)
{
	arena_release(&s->arena);
	config_put(&s->config);
}

static int decide(struct scene *s)
{
	fail_init(&s->fail, &s->arena);
	return route_decide(s->config->catalog, &s->request, &s->wish, &s->decision, &s->fail);
}

static bool rejects(const struct scene *s, const char *model, const char *reason)
{
	for (int i = 0; i < s->decision.rejected_count; i++)
		if (str_eq(s->decision.rejected[i].model->name, str_of(model)))
			return str_eq(s->decision.rejected[i].reason, str_of(reason));
	return false;
}

static void test_filters(void)
{
	struct scene s;

	scene_init(&s, "flux-standard", "hello");
	CHECK(decide(&s) == 0 && s.decision.candidate_count == 3);
	CHECK_STR(s.decision.candidates[0]->model->name, STR("eye"));
	CHECK_STR(s.decision.candidates[2]->name, STR("c1:tiny"));
	CHECK(!s.decision.is_scored && s.decision.has_tier && s.decision.tier == LLM_STANDARD);

	s.request.needs = LLM_CAN_IMAGES;
	CHECK(decide(&s) == 0 && s.decision.candidate_count == 2);
	CHECK(rejects(&s, "tiny", "lacks images"));

	s.request.needs = LLM_CAN_IMAGES | LLM_CAN_AUDIO;
	CHECK(decide(&s) < 0 && s.fail.kind == FAIL_UNSUPPORTED_CONTENT);
	CHECK_STR(s.fail.message,
	          STR("the request needs audio, and no model of \"flux-standard\" has that"));

	s.request.needs = 0;
	s.request.dialect = LLM_MESSAGES;
	CHECK(decide(&s) == 0 && s.decision.candidate_count == 3);
	scene_release(&s);
}

static void test_allow_list(void)
{
	struct scene s;

	scene_init(&s, "flux-standard", "hello");
	s.wish.allowed_models = STR("tiny, deep");
	CHECK(decide(&s) == 0 && s.decision.candidate_count == 1);
	CHECK(rejects(&s, "eye", "not allowed for this key"));
	s.wish.allowed_models = STR("flux-pinned-e*");
	CHECK(decide(&s) == 0 && s.decision.candidate_count == 2);
	s.wish.allowed_models = STR("flux-standard");
	CHECK(decide(&s) == 0 && s.decision.candidate_count == 3);
	s.wish.allowed_models = STR("flux-fast");
	CHECK(decide(&s) < 0 && s.fail.kind == FAIL_MODEL_NOT_ALLOWED &&
	      fail_status(&s.fail) == 403);
	s.wish.allowed_models = STR("deep");
	s.request.model = STR("flux-pinned-tiny");
	CHECK(decide(&s) < 0 && s.fail.kind == FAIL_MODEL_NOT_ALLOWED);
	scene_release(&s);
}

/* flux-auto goes up, then down, when the matched tier cannot; its own alias does not. */
static void test_moving_between_tiers(void)
{
	struct scene s;
	enum llm_tier matched;

	scene_init(&s, "flux-auto", "hi");
	CHECK(decide(&s) == 0 && s.decision.is_scored);
	matched = s.decision.matched;
	CHECK(s.decision.tier == matched);
	s.request.needs = LLM_CAN_THINKING;
	CHECK(decide(&s) == 0 && s.decision.tier == LLM_REASONING);
	CHECK_STR(s.decision.candidates[0]->model->name, STR("deep"));
	s.request.needs = LLM_CAN_IMAGES;
	s.request.effort = LLM_EFFORT_HIGH;
	CHECK(decide(&s) == 0 && s.decision.tier == LLM_STANDARD);
	if (s.decision.matched == LLM_REASONING) {
		struct buf line;

		CHECK(rejects(&s, "deep", "lacks images"));
		buf_init(&line, 1000);
		decision_put_line(&line, &s.decision, s.config->catalog);
		CHECK(str_find(buf_str(&line), STR(" served=standard scorer=")) < line.len);
		buf_release(&line);
	}
	s.request.model = STR("flux-fast");
	CHECK(decide(&s) < 0 && s.fail.kind == FAIL_UNSUPPORTED_CONTENT);
	scene_release(&s);
}

/* What the operator allows a key holds also where another tier could serve. */
static void test_bounds(void)
{
	struct scene s;

	scene_init(&s, "flux-auto", "hi");
	s.wish.has_bounds = true;
	s.wish.floor = s.wish.ceiling = LLM_STANDARD;
	CHECK(decide(&s) == 0 && s.decision.tier == LLM_STANDARD);
	CHECK(s.decision.score->rule == SCORE_BY_BOUNDS);
	s.request.effort = LLM_EFFORT_XHIGH;
	CHECK(decide(&s) == 0 && s.decision.tier == LLM_STANDARD);
	s.wish.ceiling = LLM_REASONING;
	CHECK(decide(&s) == 0 && s.decision.tier == LLM_REASONING);
	CHECK(s.decision.score->rule == SCORE_BY_EFFORT);
	s.request.effort = LLM_EFFORT_UNSET;
	s.request.needs = LLM_CAN_THINKING;
	s.wish.floor = LLM_REASONING, s.wish.ceiling = LLM_STANDARD; /* the ceiling wins */
	CHECK(decide(&s) < 0 && s.fail.kind == FAIL_UNSUPPORTED_CONTENT);
	CHECK(rejects(&s, "deep", "its tier is above the ceiling (standard)"));
	CHECK(rejects(&s, "eye", "lacks thinking"));
	s.request.model = STR("flux-reasoning"); /* a name does not lead past it */
	CHECK(decide(&s) < 0 && s.fail.kind == FAIL_MODEL_NOT_ALLOWED);
	s.request.model = STR("flux-fast");
	s.request.needs = 0;
	CHECK(decide(&s) == 0 && s.decision.tier == LLM_FAST);
	s.request.model = STR("flux-auto");
	s.wish.allowed_models = STR("deep");
	CHECK(decide(&s) < 0 && s.fail.kind == FAIL_MODEL_NOT_ALLOWED);
	scene_release(&s);
}

/* A dry run names words; the evidence says what kind it is. */
static void test_evidence(void)
{
	struct scene s;
	struct buf json;
	struct json_writer w;

	scene_init(&s, "flux-auto", "Prove that the theorem of Fermat holds.");
	buf_init(&json, 100000);
	for (int i = 0; i < 2; i++) {
		s.wish.explains = i == 1;
		CHECK(decide(&s) == 0);
		buf_clear(&json);
		json_writer_init(&w, &json);
		decision_put_json(&w, &s.decision, s.config->catalog, &s.request);
		CHECK((str_find(buf_str(&json), STR("{\"kind\":\"words\"")) < json.len) ==
		      (i == 1));
		CHECK(str_find(buf_str(&json), STR("{\"kind\":\"fact\",\"name\":\"proof\"")) <
		      json.len);
	}
	buf_release(&json);
	scene_release(&s);
}

static void test_context(void)
{
	struct scene s;
	char *text = mem_get(400001);

	memset(text, 'a', 400000);
	for (int i = 4; i < 400000; i += 5)
		text[i] = ' ';
	text[60000] = '\0';
	scene_init(&s, "flux-standard", text);
	CHECK(decide(&s) == 0 && s.decision.candidate_count == 2);
	CHECK(s.decision.counted_tokens > 9000 && s.decision.counted_tokens < 20000);
	CHECK(s.decision.required_tokens == s.decision.counted_tokens + 1024);
	CHECK(str_starts_with(s.decision.rejected[0].reason,
	                      STR("its window of 8000 tokens is too ")));

	/* the client's own words decide, with room to spare */
	s.wish.context_tokens = 90000;
	CHECK(decide(&s) < 0 && s.fail.kind == FAIL_CONTEXT_WINDOW_EXCEEDED);
	CHECK(s.fail.required_tokens == 90000 && s.fail.model_window == 100000);
	CHECK_STR(s.fail.routed_model, STR("eye"));
	s.wish.context_managed = true;
	CHECK(decide(&s) < 0 && s.fail.kind == FAIL_CONTEXT_OVERFLOW &&
	      fail_status(&s.fail) == 409);
	s.request.model = STR("flux-pinned-eye");
	CHECK(decide(&s) == 0);
	s.request.model = STR("flux-auto");
	CHECK(decide(&s) == 0 && s.decision.tier == LLM_REASONING);
	scene_release(&s);

	text[60000] = 'a';
	scene_init(&s, "flux-fast", text);
	CHECK(decide(&s) < 0 && s.fail.kind == FAIL_CONTEXT_LENGTH_EXCEEDED);
	CHECK(str_starts_with(s.fail.message, STR("This model's maximum context length is 8000 ")));
	CHECK_STR(fail_code(s.fail.kind), STR("context_length_exceeded"));
	s.request.dialect = LLM_MESSAGES;
	s.request.model = STR("deep");
	s.request.max_output = 64000;
	CHECK(decide(&s) == 0);
	s.texts[2] = s.texts[3] = s.texts[1];
	s.turns[2] = s.turns[3] = s.turns[1];
	s.request.turn_count = 3;
	CHECK(decide(&s) < 0);
	CHECK(
	    str_starts_with(s.fail.message, STR("input length and `max_tokens` exceed context ")));
	s.request.turn_count = 4;
	CHECK(decide(&s) < 0);
	CHECK(str_starts_with(s.fail.message, STR("prompt is too long: ")));
	CHECK(str_ends_with(s.fail.message, STR(" tokens > 136000 maximum (with 64000 for the "
	                                        "answer)")));
	/* so little room that no shorter answer would help */
	while (decide(&s) < 0 && s.decision.counted_tokens > 200000)
		s.texts[1].len -= 1000;
	CHECK(s.decision.counted_tokens > 196000);
	CHECK(str_starts_with(s.fail.message, STR("prompt is too long: ")));
	scene_release(&s);
	mem_put(text);
}

static void test_max_output_is_clamped_first(void)
{
	struct scene s;

	scene_init(&s, "flux-fast", "hello");
	s.request.max_output = 1000000; /* the model gives 4,000 at most */
	CHECK(decide(&s) == 0);
	CHECK(s.decision.required_tokens == s.decision.counted_tokens + 4000);
	scene_release(&s);
}

/* The whole decision is a function of the request: 1,000 times the same, also in other memory. */
static void test_determinism(void)
{
	struct scene a, b;
	struct buf one, two;
	struct json_writer w;

	buf_init(&one, 1 << 16);
	buf_init(&two, 1 << 16);
	scene_init(&a, "flux-auto", "Prove that there are infinitely many primes.");
	CHECK(decide(&a) == 0);
	json_writer_init(&w, &one);
	decision_put_json(&w, &a.decision, a.config->catalog, &a.request);
	CHECK(json_writer_is_done(&w));
	for (int i = 0; i < 1000; i++) {
		scene_init(&b, "flux-auto", "Prove that there are infinitely many primes.");
		CHECK(decide(&b) == 0);
		buf_clear(&two);
		json_writer_init(&w, &two);
		decision_put_json(&w, &b.decision, b.config->catalog, &b.request);
		if (!CHECK(str_eq(buf_str(&one), buf_str(&two))))
			break;
		scene_release(&b);
	}
	scene_release(&a);
	buf_release(&one);
	buf_release(&two);
}

static uint64_t conversation_of(struct scene *s)
{
	return conversation_hash(&s->request, s->wish.session);
}

static void test_stickiness(void)
{
	struct scene s;
	struct str nonce = STR("x-anthropic-billing-header: cc_version=2; cch=1f2e3;");
	struct str two[2] = {nonce, STR("You are a helper.")};
	uint64_t first;

	scene_init(&s, "flux-standard", "a hard question");
	first = conversation_of(&s);
	s.texts[2] = STR("an answer");
	s.turns[2] =
	    (struct llm_turn){.role = LLM_ASSISTANT, .texts = &s.texts[2], .text_count = 1};
	s.texts[3] = STR("yes, go on");
	s.turns[3] = (struct llm_turn){.role = LLM_USER, .texts = &s.texts[3], .text_count = 1};
	s.request.turn_count = 4;
	CHECK(conversation_of(&s) == first);
	s.turns[0].texts = two;
	s.turns[0].text_count = 2;
	CHECK(conversation_of(&s) == first);
	s.turns[0].texts = &two[1];
	s.turns[0].text_count = 1;
	CHECK(conversation_of(&s) == first);
	s.texts[1] = STR("another question");
	CHECK(conversation_of(&s) != first);
	s.request.session = STR("thread-7");
	first = conversation_of(&s);
	s.texts[1] = STR("a third question");
	CHECK(conversation_of(&s) == first);
	s.wish.session = STR("header-9");
	CHECK(conversation_of(&s) != first);
	scene_release(&s);
}

/* Weights 3 and 1: of 20,000 conversations three quarters begin at the first, and order changes
 * nothing. */
static void test_weights(void)
{
	struct config *c = load();
	const struct model *eye = &c->catalog->models[1];
	int first = 0;

	for (uint64_t i = 0; i < 20000; i++) {
		const struct target *a[2] = {&eye->targets[0], &eye->targets[1]};
		const struct target *b[2] = {&eye->targets[1], &eye->targets[0]};

		conversation_order(i * 0x9e3779b97f4a7c15u, a, 2);
		conversation_order(i * 0x9e3779b97f4a7c15u, b, 2);
		if (a[0] != b[0])
			CHECK(false);
		first += a[0] == &eye->targets[0];
	}
	CHECK(first > 14700 && first < 15300);
	config_put(&c);
}

static void test_estimate(void)
{
	static const struct {
		const char *text;
		int64_t lowest, highest;
	} rows[] = {
	    {"", 8, 8},
	    {"The quick brown fox jumps over the lazy dog.", 8 + 8, 8 + 14},
	    {"for (int i = 0; i < n; i++) { sum += values[i] * 2; }", 8 + 16, 8 + 32},
	    {"\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95\x8c", 8 + 3, 8 + 8},
	    {"1234567890", 8 + 3, 8 + 10},
	};
	char *big = mem_get(3000001);
	struct scene s;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t got;

		scene_init(&s, "flux-auto", rows[i].text);
		s.texts[0] = STR("");
		got = route_estimate_tokens(&s.request);
		if (!CHECK(got >= rows[i].lowest && got <= rows[i].highest))
			printf("    %s: %lld\n", rows[i].text, (long long)got);
		scene_release(&s);
	}
	/* sampled, a long text still counts in proportion */
	for (int i = 0; i < 3000000; i++)
		big[i] = "the quick brown fox jumps "[i % 26];
	big[30000] = '\0';
	scene_init(&s, "flux-auto", big);
	int64_t small = route_estimate_tokens(&s.request);
	scene_release(&s);
	big[30000] = 't';
	scene_init(&s, "flux-auto", big);
	int64_t large = route_estimate_tokens(&s.request);
	CHECK(large > small * 99 && large < small * 101);
	scene_release(&s);
	mem_put(big);
}

/* Text is weighed in blocks; byte by byte it must weigh the same. */
static void test_estimate_by_blocks(void)
{
	char text[513] = {0};
	struct str bytes[512];
	struct scene s;

	scene_init(&s, "flux-auto", "");
	for (int i = 0; i < 512; i++) {
		text[i] = (char)(i * 7);
		bytes[i] = (struct str){text + i, 1};
	}
	for (int len = 0; len <= 512; len++) {
		struct str whole = {text, (size_t)len};
		int64_t estimate;

		s.request.text_bytes = len;
		s.request.turn_count = 1;
		s.turns[0].texts = &whole;
		s.turns[0].text_count = 1;
		estimate = route_estimate_tokens(&s.request);
		s.turns[0].texts = bytes;
		s.turns[0].text_count = len;
		CHECK(route_estimate_tokens(&s.request) == estimate);
	}
	scene_release(&s);
}

static int weight_of(int byte)
{
	if (byte >= 0x80)
		return byte >= 0xe0 ? 150 : 50;
	if (byte <= ' ' || byte == 0x7f)
		return 4;
	if (byte == '"' || byte == '\\')
		return 100;
	if (byte >= '0' && byte <= '9')
		return 230;
	if (byte >= 'A' && byte <= 'Z')
		return 180;
	return byte >= 'a' && byte <= 'z' ? 60 : 150;
}

/* 256 of a byte are as many tokens as one of it has 256ths. */
static void test_estimate_of_each_byte(void)
{
	char text[256];
	struct str whole = {text, sizeof text};
	struct scene s;

	scene_init(&s, "flux-auto", "");
	s.request.text_bytes = sizeof text;
	s.request.turn_count = 1;
	s.turns[0].texts = &whole;
	s.turns[0].text_count = 1;
	for (int byte = 0; byte < 256; byte++) {
		memset(text, byte, sizeof text);
		CHECK(route_estimate_tokens(&s.request) == weight_of(byte) + 4);
	}
	scene_release(&s);
}

int main(void)
{
	test_estimate_of_each_byte();
	test_estimate_by_blocks();
	test_filters();
	test_allow_list();
	test_moving_between_tiers();
	test_bounds();
	test_evidence();
	test_context();
	test_max_output_is_clamped_first();
	test_determinism();
	test_stickiness();
	test_weights();
	test_estimate();
	return check_report("policy");
}
