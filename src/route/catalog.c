/* The names of a configuration and what they lead to.
 *
 *	flux-auto  flux-fast  flux-standard  flux-reasoning  flux-pinned-NAME   ours, first
 *	aliases of the configuration                                            in their order
 *	gpt-5-mini  openai/gpt-5-mini  gpt-5-mini-2025-08-07               unless strict_names
 *	claude-*haiku*  gpt-*                                              unless strict_names
 *
 * Built when a configuration is loaded, asked with every request: a request's look-up is a binary
 * search over names in lower case, and a walk over the operator's aliases. */
#include "route/catalog.h"

#include "base/hash.h"
#include "base/json_write.h"
#include "limits.h"
#include "route/near.h"
#include "route/scorer_file.h"

#include <inttypes.h>

/* A name that means a model. Of equal names the one with the lowest rank counts, and of those the
 * first in the configuration. */
struct catalog_name {
	struct str name;
	int rank;
	int model;
};

enum name_rank { NAME_BARE, NAME_ID, NAME_UNDATED, NAME_TAIL };

/* Names that agents have built in, for models that are not in the catalog by that name. */
static const struct {
	struct str glob;
	enum llm_tier tier;
} habits[] = {
    {STR_INIT("claude-*haiku*"), LLM_FAST},      {STR_INIT("claude-*opus*"), LLM_REASONING},
    {STR_INIT("claude-*fable*"), LLM_REASONING}, {STR_INIT("claude-*"), LLM_STANDARD},
    {STR_INIT("gpt-*nano*"), LLM_FAST},          {STR_INIT("gpt-*mini*"), LLM_FAST},
    {STR_INIT("gpt-*-pro*"), LLM_REASONING},     {STR_INIT("gpt-*"), LLM_STANDARD},
    {STR_INIT("codex-*"), LLM_STANDARD},
};

static const struct str tier_aliases[LLM_TIERS] = {STR_INIT("flux-fast"), STR_INIT("flux-standard"),
                                                   STR_INIT("flux-reasoning")};

struct str catalog_tier_alias(enum llm_tier tier)
{
	must(tier < LLM_TIERS);
	return tier_aliases[tier];
}

const char *catalog_lane_name(enum config_lane lane)
{
	static const char *const names[] = {"express", "daily", "deep"};

	must(lane <= CONFIG_DEEP);
	return names[lane];
}

static void lower_into(char *out, struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		out[i] = (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] + 32
		                                                         : name.ptr[i]);
}

/* ---- building ---- */

static struct str lower_copy(struct arena *arena, struct str name)
{
	char *copy = arena_get(arena, name.len + 1);

	lower_into(copy, name);
	return (struct str){copy, name.len};
}

static bool are_digits(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0;
}

/* gpt-5-mini-2025-08-07, claude-haiku-4-5-20251001: without the date. */
static struct str undated(struct str name)
{
	struct str tail = name.len > 9 ? str_part(name, name.len - 9, 9) : STR("");
	struct str iso = name.len > 11 ? str_part(name, name.len - 11, 11) : STR("");

	if (tail.len && tail.ptr[0] == '-' && tail.ptr[1] == '2' &&
	    are_digits(str_part(tail, 1, 8)))
		return str_part(name, 0, name.len - 9);
	if (iso.len && iso.ptr[0] == '-' && iso.ptr[5] == '-' && iso.ptr[8] == '-' &&
	    are_digits(str_part(iso, 1, 4)) && are_digits(str_part(iso, 6, 2)) &&
	    are_digits(str_part(iso, 9, 2)))
		return str_part(name, 0, name.len - 11);
	return name;
}

static struct str behind_slash(struct str name)
{
	size_t at = str_find_byte(name, '/');

	return at < name.len ? str_part(name, at + 1, name.len) : name;
}

struct naming {
	struct arena *arena;
	struct catalog_name *names;
	int count;
};

static void add_name(struct naming *n, struct str name, enum name_rank rank, int model)
{
	struct str lower = lower_copy(n->arena, name);
	struct str plain = undated(lower);

	n->names[n->count++] = (struct catalog_name){lower, rank, model};
	if (plain.len < lower.len)
		n->names[n->count++] = (struct catalog_name){
		    plain, rank > NAME_UNDATED ? (int)rank : NAME_UNDATED, model};
}

static int compare_names(const void *left, const void *right)
{
	const struct catalog_name *a = left, *b = right;
	int by_name = str_compare(a->name, b->name);

	if (by_name != 0)
		return by_name;
	return a->rank != b->rank ? a->rank - b->rank : a->model - b->model;
}

static void build_names(struct catalog *catalog, struct arena *arena)
{
	struct naming n = {.arena = arena};
	size_t most = 0;

	for (int i = 0; i < catalog->model_count; i++)
		most += 2 + 4 * (size_t)catalog->models[i].target_count;
	n.names = ARENA_ARRAY(arena, struct catalog_name, most);
	for (int i = 0; i < catalog->model_count; i++) {
		const struct model *m = &catalog->models[i];

		add_name(&n, m->name, NAME_BARE, i);
		for (int t = 0; t < m->target_count; t++) {
			add_name(&n, m->targets[t].config->model, NAME_ID, i);
			add_name(&n, behind_slash(m->targets[t].config->model), NAME_TAIL, i);
		}
	}
	if (n.count > 0)
		qsort(n.names, (size_t)n.count, sizeof n.names[0], compare_names);
	catalog->names = n.names;
	catalog->name_count = n.count;
}

static struct str price_json(const struct price *p, struct arena *arena)
{
	struct json_writer w;
	struct str result;
	struct buf out;

	buf_init(&out, 512);
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_key(&w, STR("input"));
	json_put_decimal(&w, p->input_pusd, 6);
	json_put_key(&w, STR("output"));
	json_put_decimal(&w, p->output_pusd, 6);
	json_put_key(&w, STR("cache_read"));
	json_put_decimal(&w, p->cache_read_pusd, 6);
	json_put_key(&w, STR("cache_write"));
	json_put_decimal(&w, p->cache_write_5m_pusd, 6);
	json_close_object(&w);
	result = arena_copy(arena, buf_str(&out));
	buf_release(&out);
	return result;
}

/* Another address or another credential is another target, whatever its name: what a wrong key met
 * says nothing of the right one. */
static struct health *find_health(struct arena *arena, const struct target *t)
{
	const struct config_target *config = t->config;
	uint64_t place = hash_stable(config->provider->base_url);
	uint64_t credential = hash_stable(config->api_key);

	return health_find(arena_printf(arena, "%.*s %016" PRIx64 "%016" PRIx64, STR_ARG(t->name),
	                                place, credential));
}

static void build_model(struct config *c, const struct config_model *from, struct model *to)
{
	to->config = from;
	to->name = from->name;
	to->pinned = arena_printf(&c->arena, "flux-pinned-%.*s", STR_ARG(from->name));
	to->price_json = price_json(config_price(from), &c->arena);
	to->target_count = from->target_count;
	to->targets = ARENA_ARRAY(&c->arena, struct target, (size_t)from->target_count);
	for (int i = 0; i < from->target_count; i++) {
		const struct config_target *target = &from->targets[i];
		struct str which = target->credential
		                       ? arena_printf(&c->arena, "#%d", target->credential)
		                       : STR("");

		to->targets[i] = (struct target){
		    .is_stopped = ARENA_NEW(&c->arena, _Atomic bool),
		    .config = target,
		    .model = to,
		    .name =
		        arena_printf(&c->arena, "%.*s%.*s:%.*s", STR_ARG(target->provider->name),
		                     STR_ARG(which), STR_ARG(target->model)),
		};
		to->targets[i].health = find_health(&c->arena, &to->targets[i]);
	}
}

static void build_tier(struct config *c, struct catalog *catalog, int which)
{
	const struct config_tier *from = &c->tiers[which];

	catalog->tier_counts[which] = from->model_count;
	catalog->tiers[which] =
	    ARENA_ARRAY(&c->arena, const struct model *, (size_t)from->model_count);
	for (int i = 0; i < from->model_count; i++)
		catalog->tiers[which][i] = &catalog->models[from->models[i] - c->models];
}

/* What a call of each tier costs about, for the scorer: 3,000 tokens in, 700 out. A tier without
 * models costs what the one below does; a configuration of free models keeps the scorer's own. */
static struct score_policy build_policy(const struct config *c, const struct scorer *scorer)
{
	struct score_wish wish = {.scorer = scorer,
	                          .quality = c->quality,
	                          .reasoning_percent = c->reasoning_percent,
	                          .floor = (enum score_tier)c->tier_floor,
	                          .ceiling = (enum score_tier)c->tier_ceiling};

	for (int tier = 0; tier < LLM_TIERS; tier++) {
		const struct config_tier *t = &c->tiers[tier];

		if (t->model_count > 0)
			wish.price[tier] = 3000 * config_price(t->models[0])->input_pusd +
			                   700 * config_price(t->models[0])->output_pusd;
		else if (tier > 0)
			wish.price[tier] = wish.price[tier - 1];
	}
	return score_policy_of(&wish);
}

static bool is_ours(const struct catalog *, struct str lower, struct alias *out);
static const struct model *model_named(const struct catalog *, struct str lower);

static int build_aliases(struct config *c, struct catalog *catalog, struct fail *f)
{
	catalog->aliases = ARENA_ARRAY(&c->arena, struct alias, (size_t)c->alias_count);
	for (int i = 0; i < c->alias_count; i++) {
		struct str to = lower_copy(&c->arena, c->aliases[i].to);
		struct alias *alias = &catalog->aliases[i];

		if (is_ours(catalog, to, alias))
			continue;
		alias->kind = ALIAS_PINNED;
		alias->model = model_named(catalog, to);
		if (!alias->model)
			return fail(f, FAIL_CONFIG,
			            "the alias \"%.*s\" leads to \"%.*s\", which is no "
			            "tier or model",
			            STR_ARG(c->aliases[i].match), STR_ARG(c->aliases[i].to));
	}
	return 0;
}

/* The one that the configuration names lives and dies with it. */
static int build_scorer(struct config *c, const struct scorer **out, struct fail *f)
{
	struct scorer *scorer;

	*out = scorer_current();
	if (c->scorer_bytes.len == 0)
		return 0;
	scorer = ARENA_NEW(&c->arena, struct scorer);
	if (scorer_read(c->scorer_bytes, scorer, f) < 0)
		return fail(f, FAIL_CONFIG, "scorer_file %.*s: %.*s", STR_ARG(c->scorer_file),
		            STR_ARG(f->message));
	*out = scorer;
	return 0;
}

int catalog_build(struct config *c, struct fail *f)
{
	struct catalog *catalog = ARENA_NEW(&c->arena, struct catalog);
	const struct scorer *scorer;

	catalog->config = c;
	catalog->model_count = c->model_count;
	catalog->models = ARENA_ARRAY(&c->arena, struct model, (size_t)c->model_count);
	for (int i = 0; i < c->model_count; i++)
		build_model(c, &c->models[i], &catalog->models[i]);
	for (int tier = 0; tier < LLM_TIERS; tier++)
		build_tier(c, catalog, tier);
	build_names(catalog, &c->arena);
	if (build_scorer(c, &scorer, f) < 0 || build_aliases(c, catalog, f) < 0)
		return -1;
	catalog->policy = build_policy(c, scorer);
	c->catalog = catalog;
	return 0;
}

/* ---- asking ---- */

/* The first entry of that name, by binary search. */
static const struct catalog_name *find_name(const struct catalog *catalog, struct str lower)
{
	int low = 0, high = catalog->name_count;

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (str_compare(catalog->names[middle].name, lower) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < catalog->name_count && str_eq(catalog->names[low].name, lower))
		return &catalog->names[low];
	return NULL;
}

/* Only the configured name itself. */
static const struct model *model_named(const struct catalog *catalog, struct str lower)
{
	const struct catalog_name *name = find_name(catalog, lower);

	return name && name->rank == NAME_BARE ? &catalog->models[name->model] : NULL;
}

static bool is_ours(const struct catalog *catalog, struct str lower, struct alias *out)
{
	static const struct str pinned = STR_INIT("flux-pinned-");

	if (!str_starts_with(lower, STR("flux-")))
		return false;
	if (str_eq(lower, STR("flux-auto"))) {
		*out = (struct alias){.kind = ALIAS_AUTO};
		return true;
	}
	for (int tier = 0; tier < LLM_TIERS; tier++)
		if (str_eq(lower, tier_aliases[tier])) {
			*out = (struct alias){.kind = ALIAS_TIER, .tier = (enum llm_tier)tier};
			return true;
		}
	if (!str_starts_with(lower, pinned))
		return false;
	*out = (struct alias){
	    .kind = ALIAS_PINNED,
	    .model = model_named(catalog, str_part(lower, pinned.len, lower.len)),
	};
	return out->model != NULL;
}

static bool is_operators(const struct catalog *catalog, struct str lower, struct alias *out)
{
	const struct config *c = catalog->config;

	for (int i = 0; i < c->alias_count; i++)
		if (str_matches_glob(lower, c->aliases[i].match)) {
			*out = catalog->aliases[i];
			return true;
		}
	return false;
}

static bool is_models(const struct catalog *catalog, struct str lower, struct alias *out)
{
	const struct catalog_name *name = find_name(catalog, lower);

	if (!name)
		name = find_name(catalog, undated(lower));
	if (!name)
		return false;
	*out = (struct alias){.kind = ALIAS_PINNED, .model = &catalog->models[name->model]};
	return true;
}

static bool is_habit(struct str lower, struct alias *out)
{
	for (size_t i = 0; i < sizeof habits / sizeof habits[0]; i++)
		if (str_matches_glob(lower, habits[i].glob)) {
			*out = (struct alias){.kind = ALIAS_TIER, .tier = habits[i].tier};
			return true;
		}
	return false;
}

static int unknown(const struct catalog *catalog, struct str name, struct fail *f)
{
	struct near near;

	near_init(&near, name);
	near_offer(&near, STR("flux-auto"));
	for (int tier = 0; tier < LLM_TIERS; tier++)
		near_offer(&near, tier_aliases[tier]);
	for (int i = 0; i < catalog->model_count; i++) {
		near_offer(&near, catalog->models[i].name);
		near_offer(&near, catalog->models[i].pinned);
	}
	for (int i = 0; i < catalog->config->alias_count; i++)
		if (str_find_byte(catalog->config->aliases[i].match, '*') ==
		    catalog->config->aliases[i].match.len)
			near_offer(&near, catalog->config->aliases[i].match);
	return fail_at(f, FAIL_MODEL_NOT_FOUND, STR("model"),
	               "there is no model \"%.*s\"; %.*sGET /v1/models lists all names",
	               STR_ARG(str_part(name, 0, 80)), STR_ARG(near_sentence(&near, f->arena)));
}

int catalog_resolve(const struct catalog *catalog, struct str name, struct alias *out,
                    struct fail *f)
{
	char bytes[LIMIT_ALIAS_BYTES];
	struct str lower = {bytes, name.len};

	if (name.len == 0 || name.len > sizeof bytes)
		return unknown(catalog, name, f);
	lower_into(bytes, name);
	if (is_ours(catalog, lower, out) || is_operators(catalog, lower, out))
		return 0;
	if (!catalog->config->strict_names && !str_starts_with(lower, STR("flux-")) &&
	    (is_models(catalog, lower, out) || is_habit(lower, out)))
		return 0;
	return unknown(catalog, name, f);
}

void target_stop(const struct target *t)
{
	atomic_store(t->is_stopped, true);
}

bool target_is_stopped(const struct target *t)
{
	return atomic_load_explicit(t->is_stopped, memory_order_relaxed);
}
