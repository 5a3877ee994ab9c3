/* Proofs of thinking on their way through a foreign dialect:
 *
 *	fxr.responses.e.rs_68af.gAAAAAB...     origin, kind, the item's id, the proof
 *	fxr.chat.u..                           thinking that never had a proof
 *
 * So a client of messages keeps in `signature` what a responses provider wants back, and a block
 * whose proof begins otherwise is known to be Anthropic's own. Called by the dialects and the
 * driver. Must never change a proof's bytes. */
#include "wire/put.h"

static const char letters[] = {
    [TALK_UNSEALED] = 'u', [TALK_SIGNATURE] = 's', [TALK_REDACTED] = 'r', [TALK_ENCRYPTED] = 'e'};

struct str put_seal(const struct talk_seal *seal, enum llm_dialect client, struct arena *arena)
{
	struct str kind = {&letters[seal->kind], 1};

	if (seal->origin == client || seal->origin >= LLM_WIRES)
		return seal->raw;
	return ARENA_JOIN(arena, STR("fxr."), str_of(llm_dialect_name(seal->origin)), STR("."),
	                  kind, STR("."), seal->id, STR("."), seal->raw);
}

static int origin_of(struct str word, enum llm_dialect *out)
{
	for (int d = 0; d < LLM_WIRES; d++)
		if (str_eq(word, str_of(llm_dialect_name((enum llm_dialect)d)))) {
			*out = (enum llm_dialect)d;
			return 0;
		}
	return -1;
}

static int kind_of(struct str letter, enum talk_seal_kind *out)
{
	for (size_t i = 0; i < sizeof letters; i++)
		if (letter.len == 1 && letter.ptr[0] == letters[i]) {
			*out = (enum talk_seal_kind)i;
			return 0;
		}
	return -1;
}

struct talk_seal put_read_seal(struct str raw, enum llm_dialect client)
{
	struct talk_seal own = {TALK_SIGNATURE, client, raw, STR("")}, seal = own;
	struct str rest = str_part(raw, 4, raw.len), origin, kind;

	if (client == LLM_RESPONSES)
		own.kind = TALK_ENCRYPTED;
	if (raw.len == 0)
		own.kind = TALK_UNSEALED;
	if (!str_starts_with(raw, STR("fxr.")) || !str_next_field(&rest, '.', &origin) ||
	    !str_next_field(&rest, '.', &kind) || !str_next_field(&rest, '.', &seal.id) ||
	    origin_of(origin, &seal.origin) < 0 || kind_of(kind, &seal.kind) < 0)
		return own;
	seal.raw = rest;
	return seal;
}

bool put_seal_fits(const struct talk_seal *seal, const struct wire_job *job)
{
	return seal->kind != TALK_UNSEALED && seal->origin == job->target.dialect;
}
