/* Sentence by sentence from canonical text to buckets and counts.
 *
 *   "the 0 roots of x^0"  tokens: the 0 roots of x ^ 0
 *       words      the 0 roots of x 0             one bucket each, one for each pair in a row
 *       letters    " roo" "root" "oots" "ots "    within a word but "the" and its like
 *       symbols    ^                               one bucket each, one for each pair in a row
 *
 * Invariants: a bucket depends on the bytes of its own group only; the order of sentences matters
 * for nothing but the work, which is what stands before the answer options; no pair reaches over
 * the end of a sentence. Integer arithmetic, little-endian by construction. Called by score.c and
 * by the trainer's dumper: there is one truth. */
#include "route/feature.h"

#include "route/prose.h"

#define KIND_PAIR 0x9E3779B97F4A7C15u
#define KIND_SYMBOL 0x51ED270B27D4EB2Fu
#define NUMBER_WORK 3    /* words */
#define CHOICE_OPTIONS 2 /* one alone is no choice */
#define LONG_WORD 9      /* bytes */
#define STEERING_NEAR 3  /* words between a rank and a model word */

static uint16_t bucket_of(uint64_t x)
{
	return (uint16_t)(x * 0xD6E8FEB86659FD93u >> 48);
}

struct lexer {
	const struct lexicon *lexicon;
	const char *begin;
	const char *p;
	const char *end;
	struct feature_sentence *out;
	uint32_t previous;                  /* hash of the word before; 0: none in this sentence */
	uint64_t last_symbol;               /* if it ended right here */
	uint32_t at;                        /* words so far */
	uint32_t rank_at, use_at, model_at; /* 1 + index of the last such word; 0: none */
	bool with_letters;
	bool is_near; /* a rank next to a model word */
};

static void put_id(struct lexer *l, uint64_t x)
{
	if (l->out->id_count < FEATURE_SENTENCE_IDS)
		l->out->ids[l->out->id_count++] = bucket_of(x);
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

/* ---- words about models -------------------------------------------------------------------- */

static bool is_close(uint32_t earlier, uint32_t now)
{
	return earlier && now - earlier <= STEERING_NEAR;
}

static void note_steering(struct lexer *l, int class)
{
	uint32_t now = l->at + 1;

	if (class == LEX_RANK) {
		l->rank_at = now;
		l->is_near |= is_close(l->model_at, now);
	} else if (class == LEX_USE) {
		l->use_at = now;
	} else if (class == LEX_MODEL) {
		l->model_at = now;
		l->is_near |= is_close(l->rank_at, now);
	} else if (class == LEX_VENDOR && is_close(l->use_at, now)) {
		l->out->is_steering = true;
	}
}

/* ---- tokens -------------------------------------------------------------------------------- */

#define BLANK ((uint64_t)' ')
#define SHORT_WORD 6  /* letters that fit into eight bytes with their blanks */
#define PLAIN_WORD 16 /* shorter ones are read in one go */

/* Four letters at a time, with a blank before and behind the word: len - 1 of them. */
static void put_groups(uint16_t *id, const char *w, size_t len)
{
	*id++ = bucket_of((lexicon_load(w) << 8 | BLANK) & 0xFFFFFFFF);
	for (size_t i = 0; i + 4 <= len; i++)
		*id++ = bucket_of(lexicon_load(w + i) & 0xFFFFFFFF);
	*id = bucket_of((lexicon_load(w + len - 3) & 0xFFFFFF) | BLANK << 24);
}

static void put_letters(struct lexer *l, const char *w, size_t len)
{
	if (len < 3 || l->out->id_count + len > FEATURE_SENTENCE_IDS)
		return;
	put_groups(l->out->ids + l->out->id_count, w, len);
	l->out->id_count += len - 1;
}

/* Whether a word has a class is anybody's guess, so nothing jumps by it. */
static inline void note_class(struct lexer *l, int class)
{
	l->out->counts[FEATURE_LEXICON + class] += class >= 0;
	if ((unsigned)class <= LEX_USE)
		note_steering(l, class);
}

/* Gives the word's class, or -1. */
static int put_word(struct lexer *l, const char *w, size_t len)
{
	uint32_t hash = lexicon_hash(w, len);
	int class = lexicon_class_of(l->lexicon, hash);

	put_id(l, (uint64_t)hash << 32 | 1);
	if (l->previous)
		put_id(l, (((uint64_t)l->previous << 32) + hash) * KIND_PAIR);
	l->previous = hash | 1;
	l->out->hash = (l->out->hash ^ hash) * KIND_PAIR;
	note_class(l, class);
	l->at++;
	l->out->counts[FEATURE_TOKENS]++;
	return class;
}

static inline size_t word_len(const char *w, const char *end)
{
	const char *p = w;
	size_t run = 63;

	while (run == 63 && p < end)
		p += run = prose_ones(prose_mask(p, end));
	return (size_t)(p - w);
}

/* put_groups of a word of 3 to SHORT_WORD letters, its `head`. Always writes SHORT_WORD - 1: that
 * costs less than a wrong guess of how many there are. */
static inline void put_short_groups(uint16_t *id, uint64_t head, size_t len)
{
	uint64_t all = head << 8 | BLANK | BLANK << (8 * len + 8);

	for (unsigned i = 0; i < SHORT_WORD - 1; i++, all >>= 8)
		id[i] = bucket_of(all & 0xFFFFFFFF);
}

/* The lexer's place among words, held in registers. */
struct words {
	const char *p, *end;
	const char *stale; /* from here on `mask` may not tell of a whole plain word */
	uint64_t mask;     /* which bytes from p on belong to words; the highest is 0 */
	uint16_t *id;
	uint64_t order;
	uint32_t previous;
};

/* Finds the word at w->p. Is it short, with nothing unusual behind it? */
static inline bool find_plain(struct words *w, size_t *out_len)
{
	char behind;

	if (w->p >= w->stale) {
		w->stale = w->p + 64 - PLAIN_WORD;
		w->mask = prose_mask(w->p, w->end) & INT64_MAX;
	}
	*out_len = (size_t)__builtin_ctzll(~w->mask);
	behind = w->p[*out_len];
	return *out_len - 1 < PLAIN_WORD - 1 && (behind == ' ' || w->p + *out_len == w->end ||
	                                         (behind != '\'' && (uint8_t)behind < 0x80));
}

/* put_word, put_letters and the counts of read_latin. */
static inline void take_word(struct lexer *l, struct words *w, size_t len)
{
	uint16_t *counts = l->out->counts;
	uint64_t head = len <= 8 ? lexicon_head(w->p, len) : 0;
	uint32_t hash = len <= 8 ? lexicon_mix(len ^ head) : lexicon_hash(w->p, len);
	int class = lexicon_class_of(l->lexicon, hash);

	*w->id++ = bucket_of((uint64_t)hash << 32 | 1);
	if (w->previous)
		*w->id++ = bucket_of((((uint64_t)w->previous << 32) + hash) * KIND_PAIR);
	w->previous = hash | 1;
	w->order = (w->order ^ hash) * KIND_PAIR;
	note_class(l, class);
	l->at++;
	counts[FEATURE_LONG_WORDS] += len >= LONG_WORD;
	counts[FEATURE_SHORT_WORDS] += (len == 1) & (*w->p != 'a') & (*w->p != 'i');
	if (!((class != LEX_STOP) & (len >= 3) & l->with_letters))
		return;
	if (len <= SHORT_WORD)
		put_short_groups(w->id, head, len);
	else
		put_groups(w->id, w->p, len);
	w->id += len - 1;
}

/* At a letter. Plain words with a blank between, as read_latin would take them one by one; stops
 * before what is not of that kind. With their blank they have no more ids than bytes. */
static void read_words(struct lexer *l)
{
	struct feature_sentence *out = l->out;
	struct words w = {.p = l->p,
	                  .end = l->end,
	                  .stale = l->p,
	                  .id = out->ids + out->id_count,
	                  .order = out->hash,
	                  .previous = l->previous};
	uint32_t before = l->at;
	size_t len;

	if (out->id_count + (size_t)(w.end - w.p) + PLAIN_WORD > FEATURE_SENTENCE_IDS)
		return;
	do {
		if (!find_plain(&w, &len))
			break;
		take_word(l, &w, len);
		w.p += len;
		w.mask >>= len + 1; /* and the blank */
	} while (w.p < w.end && *w.p == ' ' && is_letter(*++w.p));
	l->p = w.p;
	out->id_count = (size_t)(w.id - out->ids);
	out->hash = w.order;
	l->previous = w.previous;
	out->counts[FEATURE_TOKENS] += (uint16_t)(l->at - before);
	out->counts[FEATURE_WORDS] += (uint16_t)(l->at - before);
}

static void read_latin(struct lexer *l)
{
	const char *w = l->p;
	uint16_t *counts = l->out->counts;
	size_t len;

	l->p += word_len(w, l->end);
	if (l->p < l->end && (uint8_t)*l->p >= 0xC3 && (uint8_t)*l->p < 0xCD)
		while (l->p < l->end && (is_letter(*l->p) || (uint8_t)*l->p >= 0x80))
			l->p++;
	len = (size_t)(l->p - w);
	if (put_word(l, w, len) != LEX_STOP && l->with_letters)
		put_letters(l, w, len);
	counts[FEATURE_WORDS]++;
	counts[FEATURE_LONG_WORDS] += len >= LONG_WORD;
	counts[FEATURE_SHORT_WORDS] += len == 1 && *w != 'a' && *w != 'i';
	if (l->p < l->end && *l->p == '\'' && l->p + 1 < l->end && is_letter(l->p[1]))
		l->p++;
}

static void read_number(struct lexer *l)
{
	const char *w = l->p;
	uint16_t *counts = l->out->counts;

	while (l->p < l->end && *l->p == '0')
		l->p++;
	counts[FEATURE_NUMBERS]++;
	counts[FEATURE_BIG_NUMBERS] += l->p - w >= 3;
	if (l->p + 1 < l->end && *l->p == '.' && l->p[1] == '0') {
		counts[FEATURE_DECIMALS]++;
		for (l->p++; l->p < l->end && *l->p == '0';)
			l->p++;
	}
	put_word(l, w, (size_t)(l->p - w));
}

static size_t letter_len(const char *p, const char *end)
{
	uint8_t b = (uint8_t)*p;
	size_t len = b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;

	return (size_t)(end - p) < len ? (size_t)(end - p) : len;
}

/* Scripts with words (Greek, Cyrillic, Arabic ..) have letters of two bytes; all others are read
 * letter by letter. */
static void read_foreign(struct lexer *l)
{
	const char *w = l->p;
	bool has_words = (uint8_t)*w < 0xE0;
	size_t len;

	if (!has_words) {
		l->p += letter_len(l->p, l->end);
		l->out->counts[FEATURE_NON_LATIN]++;
		put_word(l, w, (size_t)(l->p - w));
		return;
	}
	while (l->p < l->end && (uint8_t)*l->p >= 0x80 && (uint8_t)*l->p < 0xE0)
		l->p += letter_len(l->p, l->end);
	while (l->p < l->end && is_letter(*l->p))
		l->p++;
	len = (size_t)(l->p - w);
	put_word(l, w, len);
	if (len > 8)
		put_id(l, lexicon_load(w) ^ KIND_SYMBOL); /* the stem */
	l->out->counts[(uint8_t)*w < 0xCD ? FEATURE_ACCENTS : FEATURE_NON_LATIN]++;
	l->out->counts[FEATURE_WORDS] += (uint8_t)*w < 0xCD;
}

static int counter_of_symbol(char c)
{
	switch (c) {
	case '+':
	case '-':
	case '*':
	case '%':
	case '<':
	case '>':
	case '|':
	case '&':
		return FEATURE_OPERATORS;
	case '=':
		return FEATURE_EQUALS;
	case '^':
		return FEATURE_POWERS;
	case '$':
		return FEATURE_LATEX;
	case '(':
		return FEATURE_ROUND;
	case '[':
		return FEATURE_SQUARE;
	case '{':
		return FEATURE_CURLY;
	case '"':
	case '\'':
		return FEATURE_QUOTES;
	case '?':
		return FEATURE_QUESTIONS;
	case '!':
		return FEATURE_EXCLAMATIONS;
	case ',':
		return FEATURE_COMMAS;
	case ':':
		return FEATURE_COLONS;
	case ';':
		return FEATURE_SEMICOLONS;
	case '_':
		return FEATURE_UNDERSCORES;
	case '/':
		return FEATURE_SLASHES;
	default:
		return -1;
	}
}

static void read_latex_name(struct lexer *l)
{
	const char *w = l->p++;

	while (l->p < l->end && is_letter(*l->p))
		l->p++;
	put_word(l, w, (size_t)(l->p - w));
	l->out->counts[FEATURE_LATEX]++;
}

static void read_symbol(struct lexer *l)
{
	char c = *l->p++;
	uint64_t symbol = (uint8_t)c;
	int counter = counter_of_symbol(c);

	put_id(l, symbol * KIND_SYMBOL);
	if (l->last_symbol)
		put_id(l, (l->last_symbol << 8 | symbol) * KIND_SYMBOL);
	l->last_symbol = symbol;
	l->out->counts[FEATURE_TOKENS]++;
	if (counter >= 0)
		l->out->counts[counter]++;
}

static void read_token(struct lexer *l)
{
	char c = *l->p;

	if (is_letter(c)) {
		read_words(l);
		if (l->p < l->end && is_letter(*l->p))
			read_latin(l);
	} else if (c == '0') {
		read_number(l);
	} else if ((uint8_t)c >= 0x80) {
		read_foreign(l);
	} else if (c == '\\' && l->p + 1 < l->end && is_letter(l->p[1])) {
		read_latex_name(l);
	} else if (c != ' ') {
		read_symbol(l);
		return;
	} else {
		l->p++;
	}
	l->last_symbol = 0;
}

/* "a. text", "(b) text", "c) text" at the begin of a sentence. */
static bool is_option(struct str t)
{
	size_t i = t.len > 0 && t.ptr[0] == '(';

	return t.len >= i + 2 && t.ptr[i] >= 'a' && t.ptr[i] <= 'j' &&
	       (t.ptr[i + 1] == '.' || t.ptr[i + 1] == ')' || t.ptr[i + 1] == ':');
}

/* "prove rigorously, optimise the distributed algorithm, theorem, complexity": no one asks like
 * that. */
static bool is_boast(const struct feature_sentence *s)
{
	static const enum lexicon_class hard[] = {LEX_PROOF, LEX_OPTIMISE, LEX_DESIGN,
	                                          LEX_MATH,  LEX_CODE,     LEX_HARD_FAULT};
	uint32_t words = 0, classes = 0;

	for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++) {
		words += s->counts[FEATURE_LEXICON + hard[i]];
		classes += s->counts[FEATURE_LEXICON + hard[i]] > 0;
	}
	return classes >= 3 && words >= 5 && words * 2 >= s->counts[FEATURE_WORDS];
}

void feature_read_sentence(const struct lexicon *lexicon, struct str text, bool with_letters,
                           struct feature_sentence *out)
{
	struct lexer l = {
	    .lexicon = lexicon, .begin = text.ptr, .p = text.ptr, .end = text.ptr + text.len};

	l.out = out;
	l.with_letters = with_letters;
	out->id_count = 0;
	out->hash = text.len;
	out->is_steering = false;
	memset(out->counts, 0, sizeof(out->counts));
	out->counts[FEATURE_BYTES] = (uint16_t)text.len;
	out->counts[FEATURE_OPTIONS] = is_option(text);
	while (l.p < l.end)
		read_token(&l);
	if (l.is_near && l.use_at && !out->counts[FEATURE_LEXICON + LEX_WH])
		out->is_steering = true;
	out->is_boast = is_boast(out);
}

/* ---- the set ------------------------------------------------------------------------------- */

void feature_set_init(struct feature_set *set)
{
	memset(set->counts, 0, sizeof(set->counts));
	memset(set->seen, 0, sizeof(set->seen));
	set->id_count = 0;
	set->asked = 0;
	set->has_option = false;
}

static uint32_t work_of(const uint16_t *c)
{
	return c[FEATURE_WORDS] + c[FEATURE_NON_LATIN] + NUMBER_WORK * c[FEATURE_NUMBERS];
}

uint32_t feature_set_work(const struct feature_set *set)
{
	bool is_choice = set->counts[FEATURE_OPTIONS] >= CHOICE_OPTIONS && set->asked > 0;

	return is_choice ? set->asked : work_of(set->counts);
}

void feature_add_counts(uint16_t *restrict to, const uint16_t *restrict from)
{
	for (int c = 0; c < FEATURE_ROOM; c++)
		to[c] = (uint16_t)(to[c] + from[c]);
}

void feature_set_add(struct feature_set *set, const struct feature_sentence *s)
{
	size_t room = FEATURE_MAX_IDS - set->id_count;
	size_t count = s->id_count < room ? s->id_count : room, n = set->id_count;

	for (size_t i = 0; i < count; i++) {
		uint16_t id = s->ids[i];
		uint64_t word = set->seen[id / 64];
		set->ids[n] = id;
		n += ~word >> (id % 64) & 1;
		set->seen[id / 64] = word | (uint64_t)1 << (id % 64);
	}
	set->id_count = n;
	set->has_option |= s->counts[FEATURE_OPTIONS] > 0;
	if (!set->has_option)
		set->asked += work_of(s->counts);
	feature_add_counts(set->counts, s->counts);
	set->counts[FEATURE_SENTENCES]++;
	if (set->counts[FEATURE_LONGEST] < s->counts[FEATURE_TOKENS])
		set->counts[FEATURE_LONGEST] = s->counts[FEATURE_TOKENS];
}

/* 0 1 2 3 4 6 8 12 16 24 32 48 64 96 128 192: the level is the last step that the count reaches. */
static uint8_t level_of(uint32_t count)
{
	uint32_t log;

	if (count < 4)
		return (uint8_t)count;
	log = 31 - (uint32_t)__builtin_clz(count);
	log = 2 * log + (count >> (log - 1) & 1);
	return log >= 15 ? 15 : (uint8_t)log;
}

static void close_shares(uint16_t *c, size_t ids)
{
	uint32_t tokens = c[FEATURE_TOKENS] ? c[FEATURE_TOKENS] : 1;
	uint32_t words = c[FEATURE_WORDS] ? c[FEATURE_WORDS] : 1;
	uint32_t letters = c[FEATURE_BYTES] * 4 / words, groups = (uint32_t)ids * 4 / tokens;
	uint32_t symbols = tokens > c[FEATURE_WORDS] ? tokens - c[FEATURE_WORDS] : 0;

	c[FEATURE_WORD_LENGTH] = (uint16_t)(letters > 12 ? letters - 12 : 0);
	c[FEATURE_VARIETY] = (uint16_t)(groups > 6 ? groups - 6 : 0);
	c[FEATURE_NUMBER_SHARE] = (uint16_t)(c[FEATURE_NUMBERS] * 128 / tokens);
	c[FEATURE_SYMBOL_SHARE] = (uint16_t)(symbols * 128 / tokens);
	c[FEATURE_STOP_SHARE] = (uint16_t)(c[FEATURE_LEXICON + LEX_STOP] * 128 / tokens);
	c[FEATURE_OPTION_LENGTH] =
	    (uint16_t)(c[FEATURE_OPTIONS] ? c[FEATURE_BYTES] / c[FEATURE_OPTIONS] : 0);
}

void feature_set_close(struct feature_set *set, const struct canon *canon,
                       uint8_t out_levels[FEATURE_COUNTERS])
{
	uint16_t *c = set->counts;

	close_shares(c, set->id_count);
	c[FEATURE_LINES] = (uint16_t)(canon->lines);
	c[FEATURE_FENCES] = (uint16_t)(canon->fences);
	c[FEATURE_CODE_BYTES] = (uint16_t)(canon->code_bytes / 16);
	c[FEATURE_QUOTED] = (uint16_t)(canon->quoted_bytes / 16);
	c[FEATURE_BLOBS] = (uint16_t)(canon->blobs);
	c[FEATURE_BYTES] /= 8;
	for (int i = 0; i < FEATURE_COUNTERS; i++)
		out_levels[i] = level_of(c[i]);
}

#define SUM_NAME(id, name) [id] = name,
#define LEX_NAME(id, name) [FEATURE_LEXICON + id] = name,

const char *feature_counter_name(int counter)
{
	static const char *const names[FEATURE_COUNTERS] = {
	    FEATURE_SUM_TABLE(SUM_NAME) LEXICON_TABLE(LEX_NAME) FEATURE_WHOLE_TABLE(SUM_NAME)};

	must(counter >= 0 && counter < FEATURE_COUNTERS);
	return names[counter];
}
