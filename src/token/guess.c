/* A text's words, numbers, marks and characters beyond ASCII each weigh something, in 1/256
 * tokens: a least-squares fit of what o200k_base counts in documentation, source code, data and
 * prose in fourteen languages. A blank before a word belongs to it, and so does a mark. */
#include "token/guess.h"

enum { WORD_MAX = 16, WHOLE = 256 };

/* By a word's letters; capitals begin a new one, unless they follow one another. */
static const uint16_t words[WORD_MAX + 1] = {0,   213, 331, 307, 146, 219, 158, 326, 428,
                                             331, 421, 490, 488, 341, 524, 534, 675};

enum {
	DIGITS = 374,    /* up to three */
	BLANKS = 270,    /* in a row, but for one */
	MARK = 119,      /* before a word */
	MARKS = 260,     /* other marks: the first in a row, */
	MORE_MARKS = 33, /* each of the others */
	LATIN = 252,     /* characters of two bytes, up to U+037F */
	CYRILLIC = 79,   /* ... beyond, with Greek, Hebrew and Arabic */
	KANA = 182,      /* three bytes: hiragana, katakana */
	CJK_MARK = 141,  /* ideographic and full-width marks */
	HAN = 206,       /* U+4000..9FFF */
	HANGUL = 178,    /* U+A000..DFFF */
	OTHER_THREE = 339,
	FOUR = 640, /* four bytes: emoji and old scripts */
};

enum kind { NO_KIND, SMALL, LARGE, DIGIT, BLANK, ASCII_MARK };

static enum kind kind_of(unsigned char c)
{
	if (c >= 'a' && c <= 'z')
		return SMALL;
	if (c >= 'A' && c <= 'Z')
		return LARGE;
	if (c >= '0' && c <= '9')
		return DIGIT;
	if (c == ' ' || (c >= '\t' && c <= '\r'))
		return BLANK;
	return c < 0x80 ? ASCII_MARK : NO_KIND;
}

struct place {
	const unsigned char *at, *end;
};

static size_t run(const struct place *p, enum kind kind)
{
	const unsigned char *at = p->at;

	while (at < p->end && kind_of(*at) == kind)
		at++;
	return (size_t)(at - p->at);
}

static int64_t word(struct place *p)
{
	size_t large = run(p, LARGE), len = large, small;

	p->at += large;
	if (large <= 1) {
		small = run(p, SMALL);
		len += small;
		p->at += small;
	} else if (p->at < p->end && kind_of(*p->at) == SMALL) {
		len--; /* the last one begins the next word */
		p->at--;
	}
	return words[len < WORD_MAX ? len : WORD_MAX];
}

static int64_t marks(struct place *p)
{
	size_t len = run(p, ASCII_MARK);

	p->at += len;
	if (len == 1 && p->at < p->end && (kind_of(*p->at) == SMALL || kind_of(*p->at) == LARGE))
		return MARK;
	return MARKS + MORE_MARKS * (int64_t)(len - 1);
}

static int64_t blanks(struct place *p)
{
	size_t len = run(p, BLANK);
	bool leads = len == 1 && *p->at == ' ' && p->at + 1 < p->end;

	p->at += len;
	return leads ? 0 : BLANKS;
}

static int64_t three_bytes(unsigned char first, unsigned char second)
{
	if (first == 0xe3)
		return second == 0x80 ? CJK_MARK : second <= 0x83 ? KANA : OTHER_THREE;
	if (first == 0xef && second >= 0xbc)
		return CJK_MARK;
	if (first >= 0xe4 && first <= 0xe9)
		return HAN;
	return first >= 0xea && first <= 0xed ? HANGUL : OTHER_THREE;
}

static int64_t beyond_ascii(struct place *p)
{
	unsigned char first = *p->at, second = p->at + 1 < p->end ? p->at[1] : 0;
	size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
	size_t left = (size_t)(p->end - p->at);

	p->at += bytes < left ? bytes : left;
	switch (bytes) {
	case 1:
		return WHOLE;
	case 2:
		return first < 0xce ? LATIN : CYRILLIC;
	case 3:
		return three_bytes(first, second);
	default:
		return FOUR;
	}
}

int64_t guess_tokens(struct str text)
{
	struct place p = {(const unsigned char *)text.ptr,
	                  (const unsigned char *)text.ptr + text.len};
	int64_t weight = 0;
	size_t digits;

	while (p.at < p.end) {
		switch (kind_of(*p.at)) {
		case SMALL:
		case LARGE:
			weight += word(&p);
			break;
		case DIGIT:
			digits = run(&p, DIGIT);
			p.at += digits;
			weight += DIGITS * (int64_t)((digits + 2) / 3);
			break;
		case BLANK:
			weight += blanks(&p);
			break;
		case ASCII_MARK:
			weight += marks(&p);
			break;
		case NO_KIND:
			weight += beyond_ascii(&p);
			break;
		}
	}
	return (weight + WHOLE - 1) / WHOLE;
}
