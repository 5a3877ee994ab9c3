/* Prices: exact integer arithmetic in 128 bits, rounded once.
 *
 *	pico = (sum of tokens x rate (pUSD) x percent x regional + calls x rate) x mark-up
 *	nano = pico / (1000 x 10,000 for each percentage), half up
 *
 * A sum of ten products of 63-bit numbers can pass 127 bits, so each step is checked; nothing
 * wraps. Percentages multiply the sum before it is divided, so nothing is lost to a rounding in
 * between; what overflows 128 bits there would not fit in 63 bits of nano-dollars either. A bound
 * is rounded up. docs/ledger.md, "Prices" and "The bound". Called by attempt, relay and route's
 * price estimate. Pure. */
#include "ledger/price.h"

#include "base/hash.h"

enum {
	PICO_PER_NANO = 1000,
	MESSAGE_TOKENS = 16, /* role marks; 3 to 8 are usual */
	TOOL_TOKENS = 64,    /* wrapping of one definition */
	TOOLS_TOKENS = 1024, /* instructions that providers add when there are tools */
	BOUND_CALLS_MAX = 1000 * 1000,
	PICTURE_TOKENS = 8192, /* of one that comes by address; see token/picture.h */
};

/* ---- exact amounts ---- */

struct amount {
	__int128 value; /* pico-dollars, times 10,000 for each percentage */
	__int128 per_nano;
	bool over; /* of 128 bits, or a negative figure came in */
};

static struct amount no_amount(void)
{
	return (struct amount){.per_nano = PICO_PER_NANO};
}

static void add_product(struct amount *a, __int128 count, int64_t rate)
{
	__int128 product;

	if (count < 0 || rate < 0 || __builtin_mul_overflow(count, (__int128)rate, &product) ||
	    __builtin_add_overflow(a->value, product, &a->value))
		a->over = true;
}

/* A percentage of nothing would be a price of nothing: nobody means that, so it fails. */
static void take_percent(struct amount *a, int64_t bp)
{
	if (bp == PRICE_WHOLE_BP)
		return;
	if (bp <= 0 || __builtin_mul_overflow(a->value, (__int128)bp, &a->value))
		a->over = true;
	a->per_nano *= PRICE_WHOLE_BP;
}

/* An account may be served for nothing (-100 %), if somebody says so. */
static void take_markup(struct amount *a, int64_t bp)
{
	if (bp == 0)
		*a = no_amount(); /* of too much, too */
	else
		take_percent(a, bp);
}

static int give_nano(const struct amount *a, __int128 round_by, int64_t *out_nusd)
{
	__int128 nano;

	if (a->over || __builtin_add_overflow(a->value, round_by, &nano))
		return -1;
	nano /= a->per_nano;
	if (nano > INT64_MAX)
		return -1;
	*out_nusd = (int64_t)nano;
	return 0;
}

/* ---- which row ---- */

const struct price_version *price_at(const struct price_set *set, int64_t wall_ms)
{
	int i = set->count - 1;

	must(set->count > 0);
	while (i > 0 && set->versions[i].from_ms > wall_ms)
		i--;
	return &set->versions[i];
}

const struct price *price_row(const struct price_version *v, enum llm_service service,
                              int64_t input_tokens)
{
	const struct price *found = NULL;

	for (int i = 0; i < v->row_count; i++) {
		const struct price *row = &v->rows[i];

		if (row->service == service &&
		    (row->above_tokens == 0 || row->above_tokens < input_tokens) &&
		    (!found || row->above_tokens > found->above_tokens))
			found = row;
	}
	return found;
}

/* ---- amounts of a usage ---- */

/* Tokens that are left where a part is priced apart; where a provider reports a part larger than
 * the whole, none are. */
static int64_t without(int64_t tokens, int64_t part)
{
	return tokens > part ? tokens - part : 0;
}

static int64_t lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static struct amount amount_of(const struct price *p, const struct llm_usage *u)
{
	struct amount a = no_amount();
	int64_t text_in = without(without(u->input, u->audio_input), u->image_input);
	int64_t written = without(without(u->output, u->audio_output), u->image_output);
	int64_t reasoning = lesser(written, u->reasoning);

	a.over = u->input < 0 || u->output < 0 || u->reasoning < 0;
	add_product(&a, text_in, p->input_pusd);
	add_product(&a, u->audio_input, p->audio_input_pusd);
	add_product(&a, u->image_input, p->image_input_pusd);
	add_product(&a, u->cache_read, p->cache_read_pusd);
	add_product(&a, u->cache_write_5m, p->cache_write_5m_pusd);
	add_product(&a, u->cache_write_1h, p->cache_write_1h_pusd);
	add_product(&a, written - reasoning, p->output_pusd);
	add_product(&a, reasoning, p->reasoning_pusd);
	add_product(&a, u->audio_output, p->audio_output_pusd);
	add_product(&a, u->image_output, p->image_output_pusd);
	take_percent(&a, p->percent_bp);
	if (u->is_regional)
		take_percent(&a, p->regional_bp);
	add_product(&a, (__int128)u->calls * a.per_nano, p->call_nusd);
	add_product(&a, (__int128)u->searches * a.per_nano, p->search_nusd);
	return a;
}

int price_cost_nusd(const struct price *p, const struct llm_usage *u, int64_t *out_nusd)
{
	struct amount a = amount_of(p, u);

	return give_nano(&a, a.per_nano / 2, out_nusd);
}

static int64_t input_in_all(const struct llm_usage *u)
{
	int64_t sum = 0;

	if (__builtin_add_overflow(u->input, u->cache_read, &sum) ||
	    __builtin_add_overflow(sum, u->cache_write_5m, &sum) ||
	    __builtin_add_overflow(sum, u->cache_write_1h, &sum))
		return INT64_MAX;
	return sum;
}

/* A service without a row pays the standard one's, and that is no known price. */
static int priced(const struct price_version *v, int64_t markup_bp, const struct llm_usage *u,
                  struct price_amounts *out)
{
	const struct price *row = price_row(v, u->service, input_in_all(u));
	struct amount a;

	out->is_unknown |= v->is_unknown || !row;
	if (!row)
		row = price_row(v, LLM_SERVICE_STANDARD, input_in_all(u));
	a = amount_of(row, u);
	take_markup(&a, markup_bp);
	return give_nano(&a, a.per_nano / 2, &out->charge_nusd);
}

int price_amounts_of(const struct price_deal *deal, const struct llm_usage *u,
                     struct price_amounts *out)
{
	struct price_amounts cost = {0}, charge = {0};

	if (priced(deal->cost, PRICE_WHOLE_BP, u, &cost) < 0)
		return -1;
	charge = cost;
	if ((deal->charge != deal->cost || deal->markup_bp != PRICE_WHOLE_BP) &&
	    priced(deal->charge, deal->markup_bp, u, &charge) < 0)
		return -1;
	*out = (struct price_amounts){.cost_nusd = cost.charge_nusd,
	                              .charge_nusd = charge.charge_nusd,
	                              .is_unknown =
	                                  cost.is_unknown || charge.is_unknown || u->has_unpriced};
	return 0;
}

/* ---- the bound ---- */

static int64_t dearest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* With each call the model is asked anew, with all that was found so far. */
static __int128 bound_calls(const struct price_bound *b)
{
	__int128 found = (__int128)b->found_tokens * b->calls;

	if (b->again_tokens == 0)
		return found;
	return found + (__int128)b->again_tokens * b->calls + found * (b->calls - 1) / 2;
}

static __int128 bound_text(const struct price_bound *b)
{
	return (__int128)b->input_tokens + (__int128)MESSAGE_TOKENS * ((__int128)b->messages + 1) +
	       (__int128)TOOL_TOKENS * b->tools + (b->tools > 0 ? TOOLS_TOKENS : 0) +
	       bound_calls(b);
}

static bool bound_is_sane(const struct price_bound *b)
{
	return b->input_tokens >= 0 && b->messages >= 0 && b->tools >= 0 && b->pictures >= 0 &&
	       b->choices >= 0 && b->max_output >= 0 && b->calls >= 0 && b->found_tokens >= 0 &&
	       b->again_tokens >= 0 && b->calls <= BOUND_CALLS_MAX;
}

static int bound_by_row(const struct price *p, const struct price_bound *b, int64_t markup_bp,
                        int64_t *out_nusd)
{
	struct amount a = no_amount();
	int64_t input =
	    dearest(p->input_pusd, dearest(p->cache_write_5m_pusd, p->cache_write_1h_pusd));
	int64_t output = dearest(dearest(p->output_pusd, p->reasoning_pusd),
	                         dearest(p->audio_output_pusd, p->image_output_pusd));

	add_product(&a, bound_text(b), input);
	add_product(&a, (__int128)PICTURE_TOKENS * b->pictures,
	            dearest(input, p->image_input_pusd));
	add_product(&a, (__int128)b->choices * b->max_output, output);
	take_percent(&a, p->percent_bp);
	take_percent(&a, dearest(p->regional_bp, PRICE_WHOLE_BP));
	add_product(&a, (__int128)b->calls * a.per_nano, dearest(p->call_nusd, p->search_nusd));
	take_markup(&a, markup_bp);
	return give_nano(&a, a.per_nano - 1, out_nusd);
}

static bool may_apply(const struct price *p, const struct price_bound *b)
{
	__int128 input = bound_text(b) + (__int128)PICTURE_TOKENS * b->pictures;

	return (p->service == LLM_SERVICE_STANDARD || p->service == b->service) &&
	       p->above_tokens < input;
}

int price_bound_nusd(const struct price_deal *deal, const struct price_bound *b, int64_t *out_nusd)
{
	const struct price_version *v = deal->charge;
	int64_t most = 0;

	if (!bound_is_sane(b) || v->is_unknown || !price_row(v, b->service, 0))
		return -1;
	for (int i = 0; i < v->row_count; i++) {
		int64_t nusd;

		if (!may_apply(&v->rows[i], b))
			continue;
		if (bound_by_row(&v->rows[i], b, deal->markup_bp, &nusd) < 0)
			return -1;
		most = dearest(most, nusd);
	}
	*out_nusd = most;
	return 0;
}

bool price_has_calls(const struct price_version *v)
{
	bool has = false;

	for (int i = 0; i < v->row_count; i++)
		has = has || v->rows[i].call_nusd > 0 || v->rows[i].search_nusd > 0;
	return has;
}

/* ---- names of prices ---- */

static uint64_t mixed(uint64_t hash, int64_t value)
{
	uint8_t bytes[16];

	for (int i = 0; i < 8; i++) { /* little-endian on every machine */
		bytes[i] = (uint8_t)(hash >> 8 * i);
		bytes[8 + i] = (uint8_t)((uint64_t)value >> 8 * i);
	}
	return hash_stable((struct str){(const char *)bytes, sizeof bytes});
}

static uint32_t id_of(uint64_t hash)
{
	uint32_t id = (uint32_t)(hash >> 32);

	return id ? id : 1;
}

static uint64_t mixed_row(uint64_t hash, const struct price *p)
{
	hash = mixed(mixed(hash, p->service), p->above_tokens);
#define X(rate, fallback) hash = mixed(hash, p->rate##_pusd);
	PRICE_RATES(X)
#undef X
	hash = mixed(mixed(hash, p->call_nusd), p->search_nusd);
	return mixed(mixed(hash, p->percent_bp), p->regional_bp);
}

void price_set_id(struct price_version *v)
{
	uint64_t hash = v->is_unknown;

	for (int i = 0; i < v->row_count; i++)
		hash = mixed_row(hash, &v->rows[i]);
	v->id = id_of(hash);
}

struct price_deal price_deal_of(const struct price_set *set, const struct price_terms *terms,
                                int64_t opened_ms)
{
	struct price_deal d = {.cost = price_at(set, opened_ms), .markup_bp = PRICE_WHOLE_BP};

	d.charge = d.cost;
	if (terms && terms->own)
		d.charge = price_at(terms->own, opened_ms);
	if (terms)
		d.markup_bp = terms->markup_bp;
	d.charge_id = d.markup_bp == PRICE_WHOLE_BP
	                  ? d.charge->id
	                  : id_of(mixed(mixed(0, d.charge->id), d.markup_bp));
	return d;
}
