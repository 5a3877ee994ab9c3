/* Names: what each means, in which order of precedence, and what is said of the unknown. */
#include "route/catalog.h"
#include "route/scorer_file.h"

#include "check.h"

#define MODELS                                                                                     \
	"providers:\n"                                                                             \
	"  - {name: a, dialect: chat, base_url: \"http://a\"}\n"                                   \
	"  - {name: or, dialect: chat, base_url: \"http://o\"}\n"                                  \
	"models:\n"                                                                                \
	"  - name: gpt-5-mini\n"                                                                   \
	"    price: {input: 0.25, output: 2, cache_read: 0.025, cache_write: 0.3}\n"               \
	"    targets: [{provider: a, model: gpt-5-mini}, {provider: or, model: "                   \
	"openai/gpt-5-mini}]\n"                                                                    \
	"  - name: Haiku\n"                                                                        \
	"    price: {input: 1, output: 5}\n"                                                       \
	"    targets: [{provider: a, model: claude-haiku-4-5-20251001}]\n"                         \
	"  - name: gpt-4o-2024-05-13\n"                                                            \
	"    price: {input: 5, output: 15}\n"                                                      \
	"    targets: [{provider: a, model: gpt-4o-2024-05-13}]\n"                                 \
	"tiers: {fast: [gpt-5-mini], standard: [haiku]}\n"                                         \
	"aliases:\n"                                                                               \
	"  - {match: \"claude-*haiku*\", to: flux-reasoning}\n"                                    \
	"  - {match: GPT-4o-mini, to: haiku}\n"                                                    \
	"  - {match: small, to: flux-auto}\n"

static struct config *load(const char *text)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (config_read_text(STR("t"), str_of(text), &c, &f) < 0 || catalog_build(c, &f) < 0) {
		printf("    %.*s\n", STR_ARG(f.message));
		must(false);
	}
	arena_release(&arena);
	return c;
}

/* "auto", "tier:fast", "model:NAME" or "?". */
static void check_name(const struct config *c, const char *name, const char *want)
{
	struct arena arena;
	struct alias alias = {.kind = ALIAS_AUTO};
	struct fail f;
	struct str got = STR("?");

	arena_init(&arena);
	fail_init(&f, &arena);
	if (catalog_resolve(c->catalog, str_of(name), &alias, &f) < 0)
		CHECK(f.kind == FAIL_MODEL_NOT_FOUND && str_eq(f.param, STR("model")));
	else if (alias.kind == ALIAS_AUTO)
		got = STR("auto");
	else if (alias.kind == ALIAS_TIER)
		got = arena_printf(&arena, "tier:%s", llm_tier_name(alias.tier));
	else
		got = arena_printf(&arena, "model:%.*s", STR_ARG(alias.model->name));
	if (!CHECK(str_eq(got, str_of(want))))
		printf("    %s: got %.*s, want %s\n", name, STR_ARG(got), want);
	arena_release(&arena);
}

static const struct {
	const char *name, *loose, *strict;
} names[] = {
    {"flux-auto", "auto", "auto"},
    {"FLUX-Auto", "auto", "auto"},
    {"flux-fast", "tier:fast", "tier:fast"},
    {"flux-standard", "tier:standard", "tier:standard"},
    {"flux-reasoning", "tier:reasoning", "tier:reasoning"},
    {"flux-pinned-gpt-5-mini", "model:gpt-5-mini", "model:gpt-5-mini"},
    {"Flux-Pinned-HAIKU", "model:Haiku", "model:Haiku"},
    {"flux-pinned-openai/gpt-5-mini", "?", "?"},
    {"flux-pinned-nothing", "?", "?"},
    {"flux-unknown", "?", "?"},
    {"small", "auto", "auto"},
    {"gpt-4o-mini", "model:Haiku", "model:Haiku"},
    {"claude-3-haiku", "tier:reasoning", "tier:reasoning"}, /* the operator's own, before ours */
    {"claude-haiku-4-5-20251001", "tier:reasoning", "tier:reasoning"},
    {"gpt-5-mini", "model:gpt-5-mini", "?"},
    {"GPT-5-MINI", "model:gpt-5-mini", "?"},
    {"gpt-5-mini-2025-08-07", "model:gpt-5-mini", "?"},
    {"openai/gpt-5-mini", "model:gpt-5-mini", "?"},
    {"gpt-4o-2024-05-13", "model:gpt-4o-2024-05-13", "?"},
    {"gpt-4o", "model:gpt-4o-2024-05-13", "?"},
    {"gpt-9-nano", "tier:fast", "?"},
    {"gpt-9-mini-high", "tier:fast", "?"},
    {"gpt-9-pro", "tier:reasoning", "?"},
    {"gpt-9-codex", "tier:standard", "?"},
    {"claude-sonnet-9", "tier:standard", "?"},
    {"claude-opus-9-20300101", "tier:reasoning", "?"},
    {"llama", "?", "?"},
    {"", "?", "?"},
};

static void test_names(void)
{
	struct config *loose = load(MODELS), *strict = load("strict_names: true\n" MODELS);
	char giant[400];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		check_name(loose, names[i].name, names[i].loose);
		check_name(strict, names[i].name, names[i].strict);
	}
	memset(giant, 'g', sizeof giant - 1);
	giant[sizeof giant - 1] = '\0';
	check_name(loose, giant, "?");
	config_put(&loose);
	config_put(&strict);
}

static void check_unknown(const struct config *c, const char *name, const char *want)
{
	struct arena arena;
	struct alias alias;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	CHECK(catalog_resolve(c->catalog, str_of(name), &alias, &f) < 0);
	CHECK_STR(f.message, str_of(want));
	arena_release(&arena);
}

static void test_near_names(void)
{
	struct config *c = load("strict_names: true\n" MODELS);

	check_unknown(
	    c, "flux-fats",
	    "there is no model \"flux-fats\"; did you mean \"flux-fast\" or \"flux-auto\"? "
	    "GET /v1/models lists all names");
	check_unknown(c, "gpt-5-mni",
	              "there is no model \"gpt-5-mni\"; did you mean \"gpt-5-mini\" or "
	              "\"GPT-4o-mini\"? GET /v1/models lists all names");
	check_unknown(c, "flux-pinned-gpt-5",
	              "there is no model \"flux-pinned-gpt-5\"; did you mean "
	              "\"flux-pinned-gpt-5-mini\"? GET /v1/models lists all names");
	check_unknown(c, "xxxxxxxxxxxxxxx",
	              "there is no model \"xxxxxxxxxxxxxxx\"; GET /v1/models lists all names");
	config_put(&c);
}

static void test_shape(void)
{
	struct config *c = load(MODELS);
	const struct catalog *catalog = c->catalog;

	CHECK(catalog->model_count == 3 && catalog->tier_counts[LLM_REASONING] == 0);
	CHECK(catalog->tiers[LLM_STANDARD][0] == &catalog->models[1]);
	CHECK_STR(catalog->models[1].pinned, STR("flux-pinned-Haiku"));
	CHECK_STR(catalog->models[0].targets[1].name, STR("or:openai/gpt-5-mini"));
	CHECK(catalog->models[0].targets[1].model == &catalog->models[0]);
	CHECK_STR(catalog->models[0].price_json,
	          STR("{\"input\":0.25,\"output\":2,\"cache_read\":0.025,\"cache_write\":0.3}"));
	config_put(&c);
}

/* Every model of the built-in catalog is reached by its own name, pinned, and by every provider id.
 * */
static void test_built_in(void)
{
	struct config_offer *offers;
	struct config_found found[64];
	struct config *c = NULL;
	struct arena arena;
	struct fail f;
	int count;

	arena_init(&arena);
	fail_init(&f, &arena);
	count = config_offers(&arena, &offers);
	for (int i = 0; i < count; i++)
		found[i] = (struct config_found){.provider = offers[i].provider};
	CHECK(config_built_in(found, count, &c, &f) == 0 && catalog_build(c, &f) == 0);
	for (int i = 0; i < c->catalog->model_count; i++) {
		const struct model *m = &c->catalog->models[i];
		const char *want = arena_printf(&arena, "model:%.*s", STR_ARG(m->name)).ptr;

		check_name(c, arena_copy(&arena, m->name).ptr, want);
		check_name(c, arena_copy(&arena, m->pinned).ptr, want);
		for (int t = 0; t < m->target_count; t++)
			check_name(c, arena_copy(&arena, m->targets[t].config->model).ptr, want);
	}
	check_name(c, "claude-haiku-4-5-20251001", "model:claude-haiku-4-5");
	check_name(c, "claude-haiku-4.5", "model:claude-haiku-4-5");
	check_name(c, "gpt-5-codex", "tier:standard");
	config_put(&c);
	arena_release(&arena);
}

static char scorer_file[] = "/tmp/fluxrouter-scorer-XXXXXX";

/* The built-in scorer, for which every fact weighs that much in favour of the fast tier. */
static void write_scorer(int16_t weight)
{
	int16_t structure[STRUCTURE_FACTS][SCORE_TIERS];
	struct buf file;
	FILE *out = fopen(scorer_file, "wb");

	for (int fact = 0; fact < STRUCTURE_FACTS; fact++)
		for (int t = 0; t < SCORE_TIERS; t++)
			structure[fact][t] = t == SCORE_FAST ? weight : 0;
	buf_init(&file, SCORER_MAX_BYTES);
	scorer_put_refitted(&file, scorer_builtin_bytes(), structure);
	must(out && fwrite(file.ptr, 1, file.len, out) == file.len);
	fclose(out);
	buf_release(&file);
}

static enum score_tier tier_under(const struct config *c)
{
	struct str text = STR("Write a function that reverses a list.");
	struct score_turn turn = {.role = SCORE_USER, .parts = &text, .part_count = 1};
	struct score_request request = {.turns = &turn, .turn_count = 1};
	struct score_result result;

	score_decide(&request, &c->catalog->policy, &result);
	return result.text_tier;
}

/* Every snapshot decides by the scorer that it was loaded with, whatever is loaded later. */
static void test_scorer_files(void)
{
	char text[2000];
	int fd = mkstemp(scorer_file);
	struct config *easy, *hard, *own = load(MODELS);

	must(fd >= 0);
	close(fd);
	snprintf(text, sizeof text, MODELS "scorer_file: %s\n", scorer_file);
	write_scorer(600);
	easy = load(text);
	write_scorer(-600);
	hard = load(text);
	CHECK(tier_under(easy) == SCORE_FAST && tier_under(hard) > SCORE_FAST);
	for (int i = 0; i < 1000; i++)
		CHECK(tier_under(easy) == SCORE_FAST);
	CHECK(strcmp(easy->hash, hard->hash) != 0 && strcmp(easy->hash, own->hash) != 0);
	CHECK(!str_eq(score_version(&easy->catalog->policy), score_version(&own->catalog->policy)));
	config_put(&easy);
	CHECK(tier_under(hard) > SCORE_FAST);
	config_put(&hard);
	config_put(&own);
	unlink(scorer_file);
}

/* quality and reasoning_share reach the tolls. */
static void test_wishes(void)
{
	struct config *eco = load(MODELS "quality: eco\n"), *best = load(MODELS "quality: best\n");
	struct config *few = load(MODELS "reasoning_share: 1%\n");
	struct config *many = load(MODELS "reasoning_share: 60%\ntier_floor: standard\n");

	CHECK(eco->catalog->policy.toll[2] > best->catalog->policy.toll[2]);
	CHECK(few->catalog->policy.toll[2] > many->catalog->policy.toll[2]);
	CHECK(many->catalog->policy.floor == SCORE_STANDARD);
	CHECK(strcmp(few->hash, many->hash) != 0);
	config_put(&eco);
	config_put(&best);
	config_put(&few);
	config_put(&many);
}

int main(void)
{
	test_names();
	test_near_names();
	test_shape();
	test_built_in();
	test_scorer_files();
	test_wishes();
	return check_report("catalog");
}
