/* Entries: names of their ends, and equality. Pure. */
#include "store/entry.h"

static const char *const end_names[ENTRY_END_COUNT] = {
#define X(name, text) text,
    ENTRY_ENDS(X)
#undef X
};

const char *entry_end_name(enum entry_end end)
{
	must(end < ENTRY_END_COUNT);
	return end_names[end];
}

int entry_end_of(struct str name, enum entry_end *out)
{
	for (int i = 0; i < ENTRY_END_COUNT; i++) {
		if (!str_eq(name, str_of(end_names[i])))
			continue;
		*out = (enum entry_end)i;
		return 0;
	}
	return -1;
}

static bool usage_is_same(const struct llm_usage *a, const struct llm_usage *b)
{
	return a->input == b->input && a->cache_read == b->cache_read &&
	       a->cache_write_5m == b->cache_write_5m && a->cache_write_1h == b->cache_write_1h &&
	       a->output == b->output && a->reasoning == b->reasoning &&
	       a->audio_input == b->audio_input && a->audio_output == b->audio_output &&
	       a->image_input == b->image_input && a->image_output == b->image_output &&
	       a->searches == b->searches && a->calls == b->calls && a->service == b->service &&
	       a->is_regional == b->is_regional && a->reported == b->reported;
}

static bool money_is_same(const struct entry *a, const struct entry *b)
{
	return a->held_nusd == b->held_nusd && a->cost_nusd == b->cost_nusd &&
	       a->charge_nusd == b->charge_nusd && a->price_version == b->price_version &&
	       a->charge_version == b->charge_version && a->is_unpriced == b->is_unpriced;
}

static bool way_is_same(const struct entry *a, const struct entry *b)
{
	return str_eq(a->model, b->model) && str_eq(a->provider, b->provider) &&
	       a->dialect == b->dialect && a->has_tier == b->has_tier &&
	       (!a->has_tier || a->tier == b->tier) && a->lane == b->lane && a->stream == b->stream;
}

bool entry_is_same(const struct entry *a, const struct entry *b)
{
	return memcmp(a->request_id, b->request_id, sizeof a->request_id) == 0 &&
	       a->attempt == b->attempt && a->account_id == b->account_id &&
	       a->key_id == b->key_id && a->team_id == b->team_id && a->user_id == b->user_id &&
	       str_eq(a->tags, b->tags) && a->opened_ms == b->opened_ms &&
	       a->closed_ms == b->closed_ms && a->end == b->end && a->status == b->status &&
	       a->duration_ms == b->duration_ms && a->first_byte_ms == b->first_byte_ms &&
	       money_is_same(a, b) && usage_is_same(&a->usage, &b->usage) && way_is_same(a, b);
}
