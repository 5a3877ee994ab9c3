/* How many tokens is that text? By classes of bytes, each with a weight in 1/256 tokens: letters
 * share a token among four, digits and capitals are cut often, most punctuation is half a token,
 * bytes beyond ASCII are dear. The texts are the insides of JSON strings, so an escape counts as
 * the bytes it is written with, which errs upwards.
 *
 * Long requests are sampled: of every `stride` blocks one is read, so that no body holds the loop
 * for more than some 20 microseconds. The same request always gives the same number. Pure; an
 * estimate for routing and holds, never for bills of what a provider reported. */
#include "route/policy.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
	BLOCK_BYTES = 1024,
	SCAN_BYTES = 32 * 1024, /* read about so much of a request */
	TOKENS_PER_TURN = 4,    /* role and frame */
	TOKENS_PER_IMAGE = 1000,
	TOKENS_PER_AUDIO = 1000,
	TOKENS_PER_FILE = 3000,
};

/* Weights in 1/256 tokens: a least-squares fit of what OpenAI's o200k vocabulary makes of English,
 * six other languages, mathematics, source code, JSON and tables, plus a tenth, since other
 * vocabularies cut finer. Over those texts the estimate is 0.93 to 1.30 of the count. */
#define LETTER 60
#define CAPITAL 180 /* names, constants and camel case are cut often */
#define DIGIT 230
#define BLANK 4 /* goes with the word behind it */
#define MARK 150
#define QUOTE 100 /* " and \ come in pairs with what they escape */
#define FOLLOW 50 /* second and later byte of a character, and the first of two */
#define LEAD 150  /* first byte of three or four */
#define ROW(w) w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w

static const uint16_t weights[256] = {
    ROW(BLANK),  ROW(BLANK),  BLANK,       MARK,        QUOTE,       MARK,        MARK,
    MARK,        MARK,        MARK,        MARK,        MARK,        MARK,        MARK,
    MARK,        MARK,        MARK,        MARK,        DIGIT,       DIGIT,       DIGIT,
    DIGIT,       DIGIT,       DIGIT,       DIGIT,       DIGIT,       DIGIT,       DIGIT,
    MARK,        MARK,        MARK,        MARK,        MARK,        MARK,        MARK,
    CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,
    CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,
    CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,
    CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     CAPITAL,     MARK,        QUOTE,
    MARK,        MARK,        MARK,        MARK,        LETTER,      LETTER,      LETTER,
    LETTER,      LETTER,      LETTER,      LETTER,      LETTER,      LETTER,      LETTER,
    LETTER,      LETTER,      LETTER,      LETTER,      LETTER,      LETTER,      LETTER,
    LETTER,      LETTER,      LETTER,      LETTER,      LETTER,      LETTER,      LETTER,
    LETTER,      LETTER,      MARK,        MARK,        MARK,        MARK,        BLANK,
    ROW(FOLLOW), ROW(FOLLOW), ROW(FOLLOW), ROW(FOLLOW), ROW(FOLLOW), ROW(FOLLOW), ROW(LEAD),
    ROW(LEAD),
};

static uint64_t weigh_each(const unsigned char *bytes, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += weights[bytes[i]];
	return sum;
}

#if defined(__x86_64__)
enum { LANES = 32 };

#define WITH_AVX2 __attribute__((target("avx2")))
#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

WITH_AVX2 static inline __m256i put_where(__m256i found, __m256i bytes, char c, int weight)
{
	__m256i is_there = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c));

	return _mm256_blendv_epi8(found, _mm256_set1_epi8((char)weight), is_there);
}

/* The table by halves of a byte: its upper half says letter, digit and so on, but for marks that
 * stand among them (a bit for each of their lower halves, and for each upper half those of its
 * own), the quotes and the blanks. */
WITH_AVX2 static inline __m256i weights_of(__m256i bytes)
{
	const __m256i rows =
	    TWICE(BLANK, BLANK, MARK - 256, DIGIT - 256, CAPITAL - 256, CAPITAL - 256, LETTER,
	          LETTER, FOLLOW, FOLLOW, FOLLOW, FOLLOW, FOLLOW, FOLLOW, LEAD - 256, LEAD - 256);
	const __m256i marks_lower = TWICE(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 6, 6, 6, 6, 6);
	const __m256i marks_upper = TWICE(0, 0, 0, 2, 1, 4, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m256i half = _mm256_set1_epi8(15);
	__m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
	__m256i lower = _mm256_and_si256(bytes, half);
	__m256i marks = _mm256_and_si256(_mm256_shuffle_epi8(marks_lower, lower),
	                                 _mm256_shuffle_epi8(marks_upper, upper));
	__m256i is_mark = _mm256_cmpgt_epi8(marks, _mm256_setzero_si256());
	__m256i found = _mm256_blendv_epi8(_mm256_shuffle_epi8(rows, upper),
	                                   _mm256_set1_epi8((char)MARK), is_mark);

	found = put_where(found, bytes, '"', QUOTE);
	found = put_where(found, bytes, '\\', QUOTE);
	found = put_where(found, bytes, 0x7f, BLANK);
	return put_where(found, bytes, ' ', BLANK);
}

/* The rest is filled up with zeros, which weigh as blanks. */
WITH_AVX2 static uint64_t weigh_lanes(const unsigned char *bytes, size_t len)
{
	__m256i sums = _mm256_setzero_si256(), zero = sums;
	unsigned char last[LANES] = {0};
	uint64_t each[4];
	size_t at = 0;

	for (; at + LANES <= len; at += LANES) {
		__m256i lanes = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + at));

		sums = _mm256_add_epi64(sums, _mm256_sad_epu8(weights_of(lanes), zero));
	}
	memcpy(last, bytes + at, len - at);
	sums = _mm256_add_epi64(
	    sums, _mm256_sad_epu8(
	              weights_of(_mm256_loadu_si256((const __m256i *)(const void *)last)), zero));
	_mm256_storeu_si256((__m256i *)(void *)each, sums);
	return each[0] + each[1] + each[2] + each[3] - BLANK * (LANES - (len - at));
}

/* The same sum, either way. */
static uint64_t weigh(const unsigned char *bytes, size_t len)
{
	return __builtin_cpu_supports("avx2") ? weigh_lanes(bytes, len) : weigh_each(bytes, len);
}
#else
static uint64_t weigh(const unsigned char *bytes, size_t len)
{
	return weigh_each(bytes, len);
}
#endif

/* Of the whole text, from every stride-th block and at least its first. */
static int64_t weigh_sampled(struct str text, size_t stride)
{
	const unsigned char *bytes = (const unsigned char *)text.ptr;
	size_t read = 0;
	int64_t sum = 0;

	for (size_t at = 0; at < text.len; at += stride * BLOCK_BYTES) {
		size_t len = text.len - at < BLOCK_BYTES ? text.len - at : BLOCK_BYTES;

		sum += (int64_t)weigh(bytes + at, len);
		read += len;
	}
	return read == 0 ? 0 : sum * (int64_t)text.len / (int64_t)read;
}

int64_t route_estimate_tokens(const struct llm_request *r)
{
	size_t stride = 1 + (size_t)r->text_bytes / SCAN_BYTES;
	int64_t weight = 0;

	for (int i = 0; i < r->turn_count; i++)
		for (int t = 0; t < r->turns[i].text_count; t++)
			weight += weigh_sampled(r->turns[i].texts[t], stride);
	/* Definitions are JSON: about three and a half bytes a token. */
	return (weight + 255) / 256 + (r->tool_bytes + r->schema_bytes) * 2 / 7 +
	       TOKENS_PER_TURN * (int64_t)r->turn_count + TOKENS_PER_IMAGE * (int64_t)r->images +
	       TOKENS_PER_AUDIO * (int64_t)r->audios + TOKENS_PER_FILE * (int64_t)r->files;
}
