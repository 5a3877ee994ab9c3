/* Text to numbers: sentences that are small talk or about models go, the rest is summed up.
 *
 *   z[tier] = bias + words / sqrt(count) + levels of the counters + length
 *
 * Invariants: integers only, every sum in 64 bits or bounded by the file's 16-bit weights, every
 * shift of a value that may be negative goes through shift_down. A text that is nothing but small
 * talk is read as it is. Called by score.c and by tools/features, which prints the same numbers
 * for training. */
#include "route/reading.h"

#define LETTERS_BYTES 1536 /* behind them words are enough, and cheaper */
#define KEEP_ALL INT32_MIN
#define PADDED_BYTES 1000 /* shorter texts have no room for much padding */
#define WORK_FLOOR 16     /* below it length says little */
#define ASK_BYTES 200
#define SHORT_BYTES 300
#define REPEAT_TOKENS 3 /* shorter lines may well come again */

static int64_t shift_down(int64_t x, int bits)
{
	return x >= 0 ? x >> bits : -(-x >> bits);
}

static uint32_t root(uint64_t x)
{
	uint64_t r = 0;

	for (uint64_t bit = (uint64_t)1 << 32; bit; bit >>= 2) {
		uint64_t trial = r + bit;
		r >>= 1;
		if (x >= trial) {
			x -= trial;
			r += bit;
		}
	}
	return (uint32_t)r;
}

/* 16 x log2(x), the fraction straight between powers. */
static uint32_t doublings_of(uint32_t x)
{
	uint32_t top;

	if (x == 0)
		return 0;
	top = 31 - (uint32_t)__builtin_clz(x);
	return 16 * top + (uint32_t)(((uint64_t)x << 4 >> top) & 15);
}

/* Does a sentence speak of anything that people ask machines about? */
static bool has_matter(const struct feature_sentence *s)
{
	static const enum lexicon_class matters[] = {
	    LEX_PROOF,     LEX_MATH,   LEX_GEOMETRY,   LEX_CODE,     LEX_KEYWORD,
	    LEX_FAULT,     LEX_DESIGN, LEX_HARD_FAULT, LEX_OPTIMISE, LEX_PHYSICS,
	    LEX_TRANSFORM, LEX_LAW,    LEX_MONEY,      LEX_LIFE};
	uint32_t count = s->counts[FEATURE_NUMBERS] + s->counts[FEATURE_EQUALS];

	for (size_t i = 0; i < sizeof(matters) / sizeof(matters[0]); i++)
		count += s->counts[FEATURE_LEXICON + matters[i]];
	return count >= 2;
}

/* Mean salience of the sentence's buckets, 1/256; above every floor where there is matter. */
static int32_t salience_of(const struct scorer *scorer, const struct feature_sentence *s)
{
	int32_t sum = 0;
	size_t i = 0;

	if (s->counts[FEATURE_TOKENS] < 2 || s->id_count == 0 || has_matter(s))
		return INT32_MAX;
	for (; i + 4 <= s->id_count; i += 4)
		sum += scorer->buckets[s->ids[i]][3] + scorer->buckets[s->ids[i + 1]][3] +
		       scorer->buckets[s->ids[i + 2]][3] + scorer->buckets[s->ids[i + 3]][3];
	for (; i < s->id_count; i++)
		sum += scorer->buckets[s->ids[i]][3];
	return sum * 256 / (int32_t)s->id_count;
}

/* Sentences seen, by a part of their hash; one that comes again is not read again. */
struct seen {
	uint32_t slots[1024];
};

static bool was_seen(struct seen *seen, uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32) | 1;
	size_t at = hash >> 20 & 1023;

	while (seen->slots[at] && seen->slots[at] != tag)
		at = (at + 1) & 1023;
	if (seen->slots[at])
		return true;
	seen->slots[at] = tag;
	return false;
}

enum place { PLACE_ASK, PLACE_END, PLACE_PASTE };

/* The ask stands at the begin or the end of a long text, and never in a quotation. */
static enum place place_of(const struct canon *canon, size_t sentence, size_t begin)
{
	if (canon->is_quoted[sentence])
		return PLACE_PASTE;
	if (begin < ASK_BYTES || canon->len <= SHORT_BYTES)
		return PLACE_ASK;
	return (size_t)canon->ends[sentence] + ASK_BYTES > canon->len ? PLACE_END : PLACE_PASTE;
}

static bool has_ask(const uint16_t *counts)
{
	static const enum lexicon_class asks[] = {LEX_TRANSFORM, LEX_WH,    LEX_WHY,    LEX_WRITE,
	                                          LEX_WEIGH,     LEX_PROOF, LEX_DESIGN, LEX_FAULT};
	uint32_t found = counts[FEATURE_QUESTIONS];

	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		found += counts[FEATURE_LEXICON + asks[i]];
	return found > 0;
}

/* What stands at the end is the ask only if nothing was asked at the begin. */
static void add(struct reading *out, const struct feature_sentence *s, enum place place)
{
	if (out->is_ask_only)
		out->set.counts[FEATURE_SENTENCES]++;
	else
		feature_set_add(&out->set, s);
	if (place == PLACE_PASTE || (place == PLACE_END && has_ask(out->ask)))
		return;
	feature_add_counts(out->ask, s->counts);
}

/* Clearing a set takes as long as reading a short text. */
static void begin_set(struct reading *out)
{
	if (out->is_ask_only)
		out->set.counts[FEATURE_SENTENCES] = 0;
	else
		feature_set_init(&out->set);
}

/* Reads all sentences above the floor. Gives how many bytes were below the floor for padding. */
static size_t read_sentences(const struct scorer *scorer, struct reading *out, int32_t floor)
{
	struct feature_sentence s;
	struct seen seen;
	bool may_repeat = out->canon.sentence_count > 1;
	size_t begin = 0, padding = 0;

	if (may_repeat)
		seen = (struct seen){{0}};
	begin_set(out);
	memset(out->ask, 0, sizeof(out->ask));
	out->steering = out->small_talk = 0;
	for (size_t i = 0; i < out->canon.sentence_count; begin = out->canon.ends[i++]) {
		struct str text = {out->canon.text + begin, out->canon.ends[i] - begin};
		int32_t salience;
		feature_read_sentence(&scorer->lexicon, text, begin < LETTERS_BYTES, &s);
		salience = salience_of(scorer, &s);
		padding += salience < scorer->padding_floor ? text.len : 0;
		if (may_repeat && s.counts[FEATURE_TOKENS] > REPEAT_TOKENS &&
		    was_seen(&seen, s.hash))
			continue;
		if ((s.is_steering || s.is_boast) && floor != KEEP_ALL)
			out->steering++;
		else if (salience < floor)
			out->small_talk++;
		else
			add(out, &s, place_of(&out->canon, i, begin));
	}
	return padding;
}

static void read_text(const struct scorer *scorer, const struct gather_source *source,
                      struct canon_limits limits, struct reading *out)
{
	size_t padding;

	canon_read(source, limits, &out->canon);
	memset(out->canon.text + out->canon.len, ' ', 8);
	padding = read_sentences(scorer, out, scorer->salience_floor);
	if (out->canon.len >= PADDED_BYTES && padding * 2 >= out->canon.len)
		read_sentences(scorer, out, scorer->padding_floor);
	if (out->set.counts[FEATURE_SENTENCES] == 0)
		read_sentences(scorer, out, KEEP_ALL);
}

void reading_read_ask(const struct scorer *scorer, const struct gather_source *source,
                      struct canon_limits limits, struct reading *out)
{
	out->is_ask_only = true;
	read_text(scorer, source, limits, out);
}

void reading_read(const struct scorer *scorer, const struct gather_source *source,
                  struct canon_limits limits, struct reading *out)
{
	out->is_ask_only = false;
	read_text(scorer, source, limits, out);
	out->doublings = doublings_of(WORK_FLOOR + feature_set_work(&out->set));
	feature_set_close(&out->set, &out->canon, out->levels);
}

/* 65536 by the root of how many buckets there are. */
static int64_t share_of(const struct reading *r)
{
	return root(((uint64_t)1 << 32) / (r->set.id_count + 1));
}

int32_t reading_words_part(const struct scorer *scorer, const struct reading *r, int64_t sum,
                           int tier)
{
	return (int32_t)shift_down(sum * share_of(r) * scorer->scale[tier], 24);
}

void reading_weigh_words(const struct scorer *scorer, const struct reading *r,
                         int32_t out_z[SCORE_TIERS])
{
	int32_t sum[SCORE_TIERS] = {0};
	int64_t share = share_of(r);

	for (size_t i = 0; i < r->set.id_count; i++) {
		const int8_t *w = scorer->buckets[r->set.ids[i]];
		sum[0] += w[0];
		sum[1] += w[1];
		sum[2] += w[2];
	}
	for (int t = 0; t < SCORE_TIERS; t++)
		out_z[t] = (int32_t)shift_down(sum[t] * share * scorer->scale[t], 24);
}

void reading_weigh(const struct scorer *scorer, const struct reading *r, int32_t out_z[SCORE_TIERS])
{
	int32_t sum[SCORE_TIERS] = {0};

	reading_weigh_words(scorer, r, out_z);
	for (int c = 0; c < FEATURE_COUNTERS; c++) {
		const int16_t *w = scorer->levels[c][r->levels[c]];
		for (int t = 0; t < SCORE_TIERS; t++)
			sum[t] += w[t];
	}
	for (int t = 0; t < SCORE_TIERS; t++)
		out_z[t] += scorer->bias[t] + sum[t] +
		            (int32_t)shift_down((int64_t)scorer->length[t] * r->doublings, 4);
}

uint32_t reading_curve(const struct scorer_curve *curve, int32_t z)
{
	int64_t from_start = (int64_t)z - curve->from;
	int64_t step = from_start / curve->step, rest = from_start % curve->step;

	if (from_start <= 0)
		return curve->knot[0];
	if (step >= SCORER_STEPS)
		return curve->knot[SCORER_STEPS];
	return (uint32_t)(curve->knot[step] +
	                  (curve->knot[step + 1] - curve->knot[step]) * rest / curve->step);
}
