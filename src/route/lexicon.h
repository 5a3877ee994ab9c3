/* Words that say something about how hard a request is, by class. Each class is one of the
 * scorer's named counters. */
#ifndef ROUTE_LEXICON_H
#define ROUTE_LEXICON_H

#include "base/str.h"

#include <endian.h>

/* id, name of the counter */
#define LEXICON_TABLE(X)                                                                           \
	X(LEX_MODEL, "model words")                                                                \
	X(LEX_VENDOR, "model names")                                                               \
	X(LEX_RANK, "best/cheapest words")                                                         \
	X(LEX_USE, "use/route words")                                                              \
	X(LEX_PRAISE, "words of effort")                                                           \
	X(LEX_PROOF, "proof words")                                                                \
	X(LEX_MATH, "mathematics words")                                                           \
	X(LEX_GEOMETRY, "geometry words")                                                          \
	X(LEX_WEIGH, "weighing words")                                                             \
	X(LEX_QUANTITY, "how-many words")                                                          \
	X(LEX_LOGIC, "logic words")                                                                \
	X(LEX_COMPARE, "comparing words")                                                          \
	X(LEX_NEGATION, "negations")                                                               \
	X(LEX_WH, "what/who/when words")                                                           \
	X(LEX_WHY, "why/how words")                                                                \
	X(LEX_CODE, "code words")                                                                  \
	X(LEX_KEYWORD, "programming keywords")                                                     \
	X(LEX_FAULT, "fault words")                                                                \
	X(LEX_HARD_FAULT, "hard-fault words")                                                      \
	X(LEX_DESIGN, "design words")                                                              \
	X(LEX_OPTIMISE, "optimise words")                                                          \
	X(LEX_TRANSFORM, "transform-this words")                                                   \
	X(LEX_WRITE, "write-me words")                                                             \
	X(LEX_CHAT, "small talk")                                                                  \
	X(LEX_CONSTRAINT, "constraint words")                                                      \
	X(LEX_TIME, "calendar words")                                                              \
	X(LEX_PHYSICS, "physics and chemistry words")                                              \
	X(LEX_LIFE, "biology and medicine words")                                                  \
	X(LEX_LAW, "law words")                                                                    \
	X(LEX_MONEY, "economics words")                                                            \
	X(LEX_MIND, "psychology and ethics words")                                                 \
	X(LEX_SEQUENCE, "sequence words")                                                          \
	X(LEX_PERSON, "he/she words")                                                              \
	X(LEX_NUMBER, "number words")                                                              \
	X(LEX_STOP, "function words")                                                              \
	X(LEX_FIX_AGAIN, "still-wrong words")

#define LEXICON_ENUM(id, name) id,
enum lexicon_class { LEXICON_TABLE(LEXICON_ENUM) LEXICON_CLASSES };

#define LEXICON_SLOTS 4096

/* Each word stands in one of two places that its hash tells, so that a look-up need not guess. */
struct lexicon {
	uint32_t hashes[LEXICON_SLOTS];
	uint8_t classes[LEXICON_SLOTS]; /* class + 1; 0: empty */
};

void lexicon_init(struct lexicon *);
uint32_t lexicon_layout(void); /* changes with any class or word */

static inline uint64_t lexicon_load(const char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return le64toh(x);
}

/* The first `len` bytes at p, 1..8. */
static inline uint64_t lexicon_head(const char *p, size_t len)
{
	unsigned spare = 64 - 8 * (unsigned)len;

	return lexicon_load(p) << spare >> spare;
}

static inline uint32_t lexicon_mix(uint64_t h)
{
	h *= 0x9E3779B97F4A7C15u;
	return (uint32_t)(h >> 32) ^ (uint32_t)(h >> 15);
}

/* The hash of a canonical word; `word` has 8 readable bytes behind its end. */
static inline uint32_t lexicon_hash(const char *word, size_t len)
{
	uint64_t h = len;

	for (; len > 8; word += 8, len -= 8)
		h = (h ^ lexicon_load(word)) * 0x9E3779B97F4A7C15u, h ^= h >> 29;
	return lexicon_mix(h ^ lexicon_head(word, len));
}

static inline size_t lexicon_first(uint32_t hash)
{
	return hash % LEXICON_SLOTS;
}

static inline size_t lexicon_second(uint32_t hash)
{
	return hash / LEXICON_SLOTS % LEXICON_SLOTS;
}

/* The class of the word with this hash, or -1. */
static inline int lexicon_class_of(const struct lexicon *l, uint32_t hash)
{
	size_t a = lexicon_first(hash), b = lexicon_second(hash);
	int in_a = -(l->hashes[a] == hash), in_b = -(l->hashes[b] == hash);

	return ((l->classes[a] & in_a) | (l->classes[b] & in_b)) - 1;
}

#endif
