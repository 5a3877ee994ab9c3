/* Prices: exact integer arithmetic in 128 bits, rounded once.
 *
 *	pico = sum of tokens x rate (pUSD)      nano = pico / 1000
 *
 * A sum of eight products of 63-bit numbers can pass 127 bits, so each step is checked; nothing
 * wraps. Cost is rounded half up, a bound is rounded up. docs/ledger.md, "Prices" and "The
 * bound". Called by request and route's price estimate. Pure. */
#include "ledger/price.h"

#include "base/hash.h"

enum {
	PICO_PER_NANO = 1000,
	MESSAGE_TOKENS = 16,   /* role marks; 3 to 8 are usual */
	TOOL_TOKENS = 64,      /* wrapping of one definition */
	TOOLS_TOKENS = 1024,   /* instructions that providers add when there are tools */
	PICTURE_TOKENS = 8192, /* of one that comes by address; the dearest known is below 5,000 */
};

struct amount {
	__int128 pico;
	bool over; /* of 128 bits, or a negative figure came in */
};

static void add_product(struct amount *a, __int128 count, int64_t rate)
{
	__int128 product;

	if (count < 0 || rate < 0 || __builtin_mul_overflow(count, (__int128)rate, &product) ||
	    __builtin_add_overflow(a->pico, product, &a->pico))
		a->over = true;
}

static int give_nano(const struct amount *a, int64_t round_by, int64_t *out_nusd)
{
	__int128 nano;

	if (a->over || __builtin_add_overflow(a->pico, (__int128)round_by, &nano))
		return -1;
	nano /= PICO_PER_NANO;
	if (nano > INT64_MAX)
		return -1;
	*out_nusd = (int64_t)nano;
	return 0;
}

/* Tokens that are priced as text; where a provider reports more audio than tokens, there are none.
 */
static int64_t without(int64_t tokens, int64_t part)
{
	return tokens > part ? tokens - part : 0;
}

int price_cost_nusd(const struct price *p, const struct llm_usage *u, int64_t *out_nusd)
{
	struct amount a = {0};

	if (u->input < 0 || u->output < 0)
		return -1;
	add_product(&a, without(u->input, u->audio_input), p->input_pusd);
	add_product(&a, u->audio_input, p->audio_input_pusd);
	add_product(&a, u->cache_read, p->cache_read_pusd);
	add_product(&a, u->cache_write_5m, p->cache_write_5m_pusd);
	add_product(&a, u->cache_write_1h, p->cache_write_1h_pusd);
	add_product(&a, without(u->output, u->audio_output), p->output_pusd);
	add_product(&a, u->audio_output, p->audio_output_pusd);
	add_product(&a, (__int128)u->calls * PICO_PER_NANO, p->call_nusd);
	return give_nano(&a, PICO_PER_NANO / 2, out_nusd);
}

static int64_t dearest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static __int128 bound_input(const struct price_bound *b)
{
	return (__int128)b->body_bytes + (__int128)MESSAGE_TOKENS * ((__int128)b->messages + 1) +
	       (__int128)TOOL_TOKENS * b->tools + (b->tools > 0 ? TOOLS_TOKENS : 0) +
	       (__int128)PICTURE_TOKENS * b->pictures;
}

static bool bound_is_sane(const struct price_bound *b)
{
	return b->body_bytes >= 0 && b->messages >= 0 && b->tools >= 0 && b->pictures >= 0 &&
	       b->choices >= 0 && b->max_output >= 0 && b->calls >= 0;
}

int price_bound_nusd(const struct price *p, const struct price_bound *b, int64_t *out_nusd)
{
	struct amount a = {0};

	if (!bound_is_sane(b))
		return -1;
	add_product(
	    &a, bound_input(b),
	    dearest(p->input_pusd, dearest(p->cache_write_5m_pusd, p->cache_write_1h_pusd)));
	add_product(&a, (__int128)b->choices * b->max_output,
	            dearest(p->output_pusd, p->audio_output_pusd));
	add_product(&a, (__int128)b->calls * PICO_PER_NANO, p->call_nusd);
	return give_nano(&a, PICO_PER_NANO - 1, out_nusd);
}

void price_set_version(struct price *p)
{
	const int64_t rates[] = {p->input_pusd,          p->cache_read_pusd, p->cache_write_5m_pusd,
	                         p->cache_write_1h_pusd, p->output_pusd,     p->audio_input_pusd,
	                         p->audio_output_pusd,   p->call_nusd};
	uint8_t bytes[sizeof rates];

	for (size_t i = 0; i < sizeof bytes; i++) /* little-endian on every machine */
		bytes[i] = (uint8_t)((uint64_t)rates[i / 8] >> 8 * (i % 8));
	p->version = (uint32_t)(hash_stable((struct str){(const char *)bytes, sizeof bytes}) >> 32);
}
