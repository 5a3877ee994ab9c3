/* Stickiness without memory, by weighted rendezvous hashing: each target draws a number from the
 * hash of conversation and target, -log2(draw) / weight, and the smallest comes first (Efraimidis
 * and Spirakis 2006: the order is that of drawing without replacement by weight). In fixed point,
 * so that every machine and compiler agrees.
 *
 * Only the beginning and length of long texts are hashed: a system prompt may have 100 KB, and two
 * conversations that agree in all that may well share a target. Pure. */
#include "route/conversation.h"

#include "base/hash.h"

#include <endian.h>

enum { HASHED_BYTES = 1024, LOG_BITS = 24 };

/* Claude Code puts a text of this beginning, different in every request, before its system prompt.
 * */
static bool is_nonce(struct str text)
{
	return str_starts_with(text, STR("x-anthropic-billing-header"));
}

static inline uint64_t word_at(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return le64toh(word);
}

/* Both halves of a product of 128 bits: each bit of it depends on bits of both factors. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Sixteen bytes a step; the rest is filled up with zeros, and tells its length. Who wants two texts
 * to share a target can have that, and it is no harm: no table is built on this hash. */
static uint64_t hash_begin(struct str text)
{
	const uint64_t one = UINT64_C(0x9e3779b97f4a7c15), two = UINT64_C(0xc2b2ae3d27d4eb4f);
	uint64_t hash = text.len ^ two;
	char rest[16] = {0};
	size_t at = 0;

	for (; at + 16 <= text.len; at += 16)
		hash = fold(word_at(text.ptr + at) ^ hash, word_at(text.ptr + at + 8) ^ one);
	if (at < text.len)
		memcpy(rest, text.ptr + at, text.len - at);
	return fold(word_at(rest) ^ hash, word_at(rest + 8) ^ one);
}

static uint64_t mix(uint64_t hash, struct str text)
{
	struct {
		uint64_t before, length, begin;
	} words = {hash, text.len, hash_begin(str_part(text, 0, HASHED_BYTES))};

	return hash_stable((struct str){(const char *)&words, sizeof words});
}

static uint64_t mix_turn(uint64_t hash, const struct llm_turn *turn)
{
	for (int i = 0; i < turn->text_count; i++)
		if (!is_nonce(turn->texts[i]))
			hash = mix(hash, turn->texts[i]);
	return hash;
}

uint64_t conversation_hash(const struct llm_request *r, struct str header_session)
{
	struct str session = header_session.len ? header_session : r->session;
	uint64_t hash = 0;

	if (session.len > 0)
		return mix(1, session);
	for (int i = 0; i < r->turn_count; i++) {
		if (r->turns[i].role == LLM_SYSTEM)
			hash = mix_turn(hash, &r->turns[i]);
		if (r->turns[i].role == LLM_USER)
			return mix_turn(hash, &r->turns[i]);
	}
	return hash;
}

/* -log2(draw / 2^64) with LOG_BITS bits behind the point, for draw > 0: the whole part from the
 * leading zeros, the bits of the fraction by squaring. */
static uint64_t minus_log2(uint64_t draw)
{
	int zeros = __builtin_clzll(draw);
	uint64_t x = draw << zeros >> 32; /* in [2^31, 2^32): 1.0 to 2.0 */
	uint64_t fraction = 0;

	for (int bit = 0; bit < LOG_BITS; bit++) {
		x = x * x >> 31;
		fraction <<= 1;
		if (x >> 32) {
			fraction |= 1;
			x >>= 1;
		}
	}
	return ((uint64_t)(zeros + 1) << LOG_BITS) - fraction;
}

static uint64_t draw_of(uint64_t conversation, const struct target *t)
{
	uint64_t draw = mix(conversation, t->name);

	return (minus_log2(draw | 1) << 16) / (uint64_t)t->config->weight;
}

/* Insertion: there are few. Equal draws keep the order of the configuration. */
void conversation_order(uint64_t conversation, const struct target **targets, int count)
{
	for (int i = 1; i < count; i++) {
		const struct target *t = targets[i];
		uint64_t draw = draw_of(conversation, t);
		int at = i;

		for (; at > 0 && draw_of(conversation, targets[at - 1]) > draw; at--)
			targets[at] = targets[at - 1];
		targets[at] = t;
	}
}
