/* What the scorer sees of a canonical text: hashed words and groups of letters, and named
 * counters.
 *
 * Set semantics: a bucket is present or not, however often. Counters are bounded: only their level
 * 0..15 counts. */
#ifndef ROUTE_FEATURE_H
#define ROUTE_FEATURE_H

#include "route/canon.h"
#include "route/lexicon.h"

#define FEATURE_BUCKETS 65536
#define FEATURE_LEVELS 16
#define FEATURE_SENTENCE_IDS 1024
#define FEATURE_MAX_IDS 8192

/* id, name; counted in one sentence and added up */
#define FEATURE_SUM_TABLE(X)                                                                       \
	X(FEATURE_BYTES, "length")                                                                 \
	X(FEATURE_WORDS, "words")                                                                  \
	X(FEATURE_LONG_WORDS, "long words")                                                        \
	X(FEATURE_SHORT_WORDS, "single letters")                                                   \
	X(FEATURE_NUMBERS, "numbers")                                                              \
	X(FEATURE_BIG_NUMBERS, "long numbers")                                                     \
	X(FEATURE_DECIMALS, "decimal fractions")                                                   \
	X(FEATURE_OPERATORS, "operators")                                                          \
	X(FEATURE_EQUALS, "equal signs")                                                           \
	X(FEATURE_POWERS, "powers and indices")                                                    \
	X(FEATURE_LATEX, "LaTeX")                                                                  \
	X(FEATURE_ROUND, "round brackets")                                                         \
	X(FEATURE_SQUARE, "square brackets")                                                       \
	X(FEATURE_CURLY, "curly brackets")                                                         \
	X(FEATURE_QUOTES, "quotation marks")                                                       \
	X(FEATURE_QUESTIONS, "question marks")                                                     \
	X(FEATURE_EXCLAMATIONS, "exclamation marks")                                               \
	X(FEATURE_COMMAS, "commas")                                                                \
	X(FEATURE_COLONS, "colons")                                                                \
	X(FEATURE_SEMICOLONS, "semicolons")                                                        \
	X(FEATURE_UNDERSCORES, "underscores")                                                      \
	X(FEATURE_SLASHES, "slashes")                                                              \
	X(FEATURE_OPTIONS, "answer options")                                                       \
	X(FEATURE_NON_LATIN, "non-Latin words")                                                    \
	X(FEATURE_ACCENTS, "accented words")                                                       \
	X(FEATURE_TOKENS, "tokens")

/* id, name; of the text as a whole */
#define FEATURE_WHOLE_TABLE(X)                                                                     \
	X(FEATURE_SENTENCES, "sentences")                                                          \
	X(FEATURE_LINES, "lines")                                                                  \
	X(FEATURE_LONGEST, "longest sentence")                                                     \
	X(FEATURE_FENCES, "code fences")                                                           \
	X(FEATURE_CODE_BYTES, "fenced code")                                                       \
	X(FEATURE_QUOTED, "quoted text")                                                           \
	X(FEATURE_BLOBS, "blobs")                                                                  \
	X(FEATURE_WORD_LENGTH, "mean word length")                                                 \
	X(FEATURE_VARIETY, "variety of words")                                                     \
	X(FEATURE_NUMBER_SHARE, "share of numbers")                                                \
	X(FEATURE_SYMBOL_SHARE, "share of symbols")                                                \
	X(FEATURE_STOP_SHARE, "share of function words")                                           \
	X(FEATURE_OPTION_LENGTH, "text per option")

#define FEATURE_ENUM(id, name) id,
enum feature_counter {
	FEATURE_SUM_TABLE(FEATURE_ENUM) FEATURE_SUMS,
	FEATURE_LEXICON = FEATURE_SUMS, /* + enum lexicon_class */
	FEATURE_WHOLE_BEGIN = FEATURE_LEXICON + LEXICON_CLASSES,
	FEATURE_BEFORE_WHOLE = FEATURE_WHOLE_BEGIN - 1,
	FEATURE_WHOLE_TABLE(FEATURE_ENUM) FEATURE_COUNTERS
};

#define FEATURE_ROOM ((FEATURE_COUNTERS + 15) / 16 * 16) /* so that a sum is a few vectors */

struct feature_sentence {
	size_t id_count;
	uint64_t hash; /* of all its words in their order */
	uint16_t counts[FEATURE_ROOM];
	bool is_steering; /* it talks about which model to use */
	bool is_boast;    /* a heap of hard words from several fields and little else */
	uint16_t ids[FEATURE_SENTENCE_IDS]; /* may repeat */
};

/* `text` has 8 readable bytes behind its end. Without letters: words, pairs and symbols only. */
void feature_read_sentence(const struct lexicon *, struct str text, bool with_letters,
                           struct feature_sentence *out);

struct feature_set {
	uint16_t counts[FEATURE_ROOM];
	uint32_t asked;  /* work_of all sentences before the first answer option */
	bool has_option; /* one was added */
	size_t id_count;
	uint16_t ids[FEATURE_MAX_IDS + 1];
	uint64_t seen[FEATURE_BUCKETS / 64];
};

void feature_add_counts(uint16_t *restrict to, const uint16_t *restrict from);
void feature_set_init(struct feature_set *);
void feature_set_add(struct feature_set *, const struct feature_sentence *);
/* After the last sentence: fills the counters of the whole and turns every count into its level. */
void feature_set_close(struct feature_set *, const struct canon *,
                       uint8_t out_levels[FEATURE_COUNTERS]);

/* How much there is to work through: words, and each number as three more. Of a multiple choice
 * only what stands before its options: long options make an exam's question easier, not harder. */
uint32_t feature_set_work(const struct feature_set *);

const char *feature_counter_name(int counter);

#endif
