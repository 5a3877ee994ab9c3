/* The next piece of a text. In words, first match wins:
 *
 *	cl100k	's 't 're 've 'm 'll 'd
 *		[one that is no letter, number or newline] letters
 *		up to three numbers
 *		[a space] others, newlines
 *		blanks up to their last newline
 *		blanks, but for the last one where something follows
 *	o200k	the same, but letters are one of
 *			[one ..] (upper or caseless)* (lower or caseless)+ ['s ..]
 *			[one ..] (upper or caseless)+ ['s ..]
 *		where marks are caseless too, and slashes go with newlines behind others
 *
 * Marks are letters for those two rows alone; everywhere else they are others. All repetitions are
 * as long as they can be, and give back only where noted. */
#include "token/split.h"

#include <endian.h>

#define BIT(class) (1u << (class))

enum {
	LETTERS = BIT(VOCAB_UPPER) | BIT(VOCAB_LOWER) | BIT(VOCAB_LETTER),
	CASELESS = BIT(VOCAB_LETTER) | BIT(VOCAB_MARK),
	UPPERS = BIT(VOCAB_UPPER) | CASELESS,
	LOWERS = BIT(VOCAB_LOWER) | CASELESS,
	NUMBERS = BIT(VOCAB_NUMBER),
	NEWLINES = BIT(VOCAB_NEWLINE),
	BLANKS = BIT(VOCAB_SPACE) | NEWLINES,
	OTHERS = BIT(VOCAB_OTHER) | BIT(VOCAB_MARK),
};

struct place {
	const struct vocab *v;
	struct str text;
};

static unsigned decode(struct str text, size_t at, size_t *out_bytes)
{
	const unsigned char *p = (const unsigned char *)text.ptr + at;
	size_t bytes = str_utf8_bytes(text, at);

	*out_bytes = bytes ? bytes : 1;
	switch (bytes) {
	case 2:
		return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	case 3:
		return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	case 4:
		return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 |
		       (p[3] & 0x3fu);
	default:
		return p[0];
	}
}

/* The class of the character at `at`, as a bit; 0 behind the end. */
static inline unsigned class_at(const struct place *p, size_t at, size_t *out_bytes)
{
	unsigned char byte;

	*out_bytes = 1;
	if (at >= p->text.len)
		return 0;
	byte = (unsigned char)p->text.ptr[at];
	if (byte < 0x80)
		return BIT(p->v->classes[byte]);
	byte = p->v->classes[decode(p->text, at, out_bytes)];
	return *out_bytes == 1 ? BIT(VOCAB_OTHER) : BIT(byte);
}

/* Behind the characters of these classes that begin at `at`. */
static size_t skip(const struct place *p, size_t at, unsigned classes)
{
	size_t bytes;

	while (class_at(p, at, &bytes) & classes)
		at += bytes;
	return at;
}

static char small(const struct place *p, size_t at)
{
	char c = at < p->text.len ? p->text.ptr[at] : '\0';

	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* Bytes of an English contraction's end; 0: there is none. */
static size_t contraction(const struct place *p, size_t at)
{
	char first, second;

	if (at >= p->text.len || p->text.ptr[at] != '\'')
		return 0;
	first = small(p, at + 1);
	second = small(p, at + 2);
	if (first == 's' || first == 't' || first == 'm' || first == 'd')
		return 2;
	if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
	    (first == 'l' && second == 'l'))
		return 3;
	return 0;
}

static size_t numbers(const struct place *p)
{
	size_t at = 0, bytes;

	for (int i = 0; i < 3 && (class_at(p, at, &bytes) & NUMBERS); i++)
		at += bytes;
	return at;
}

static size_t others(const struct place *p)
{
	size_t from = p->text.ptr[0] == ' ' ? 1 : 0, at = skip(p, from, OTHERS);

	if (at == from)
		return 0;
	for (; at < p->text.len; at++) {
		char c = p->text.ptr[at];

		if (c != '\r' && c != '\n' && (c != '/' || p->v->cut != VOCAB_O200K))
			break;
	}
	return at;
}

static size_t blanks(const struct place *p)
{
	size_t at = 0, last = 0, newline = 0, bytes;
	unsigned class;

	while ((class = class_at(p, at, &bytes)) & BLANKS) {
		last = at;
		at += bytes;
		if (class & NEWLINES)
			newline = at;
	}
	if (newline)
		return newline;
	return at < p->text.len && last > 0 ? last : at;
}

/* ---- cl100k ---- */

static size_t plain_word(const struct place *p)
{
	size_t bytes, end = contraction(p, 0);
	unsigned class = class_at(p, 0, &bytes);

	if (end)
		return end;
	if (class & LETTERS)
		return skip(p, 0, LETTERS);
	if (class & (NUMBERS | NEWLINES))
		return 0;
	end = skip(p, bytes, LETTERS);
	return end > bytes ? end : 0;
}

/* ---- o200k ---- */

/* (upper or caseless)* (lower or caseless)+: the first gives back until the second has something,
 * which can only be a caseless one. 0: no match. */
static size_t mixed_word(const struct place *p, size_t from)
{
	size_t at = from, given_back = 0, bytes;
	unsigned class;

	while ((class = class_at(p, at, &bytes)) & UPPERS) {
		at += bytes;
		if (class & CASELESS)
			given_back = at;
	}
	return class & LOWERS ? skip(p, at, LOWERS) : given_back;
}

static size_t cased_word(const struct place *p)
{
	size_t bytes, end = 0, upper;
	unsigned class = class_at(p, 0, &bytes);
	bool may_lead = !(class & (LETTERS | NUMBERS | NEWLINES));

	if (may_lead)
		end = mixed_word(p, bytes);
	if (!end && (class & (LETTERS | BIT(VOCAB_MARK))))
		end = mixed_word(p, 0);
	if (!end) {
		upper = may_lead ? bytes : 0;
		end = skip(p, upper, UPPERS);
		if (end == upper)
			return 0;
	}
	return end + contraction(p, end);
}

/* ---- most pieces: small letters of English, perhaps behind a mark and a capital ---- */

enum { SIMPLE_ROOM = 32 }; /* bytes there must be */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* How many of eight bytes, from the first on, are a to z. */
static inline size_t small_letters(const char *p)
{
	uint64_t word, low, is_small;

	memcpy(&word, p, sizeof word);
	word = le64toh(word);
	low = word & EACH(0x7f);
	is_small = (low + EACH(0x80 - 'a')) & ~(low + EACH(0x7f - 'z')) & ~word & EACH(0x80);
	is_small ^= EACH(0x80);
	return is_small ? (size_t)__builtin_ctzll(is_small) / 8 : sizeof word;
}

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* What the rows for letters match; 0: it is for them to say. */
static inline size_t simple_word(const struct vocab *v, struct str text)
{
	unsigned char first = (unsigned char)text.ptr[0];
	size_t from, at, small;

	if (text.len < SIMPLE_ROOM || first >= 0x80 || first == '\'')
		return 0;
	from = !(BIT(v->classes[first]) & (LETTERS | NUMBERS | NEWLINES));
	at = from + is_capital(text.ptr[from]);
	small = small_letters(text.ptr + at);
	at += small;
	if (small == sizeof(uint64_t)) {
		small = small_letters(text.ptr + at);
		at += small;
		if (small == sizeof(uint64_t))
			return 0;
		small = 1;
	}
	if (at == from || text.ptr[at] < 0 || text.ptr[at] == '\'' ||
	    (is_capital(text.ptr[at]) && (!small || v->cut != VOCAB_O200K)))
		return 0;
	return at;
}

size_t split_piece(const struct vocab *v, struct str text)
{
	const struct place p = {v, text};
	size_t end = simple_word(v, text);

	if (!end)
		end = v->cut == VOCAB_O200K ? cased_word(&p) : plain_word(&p);
	if (!end)
		end = numbers(&p);
	if (!end)
		end = others(&p);
	if (!end)
		end = blanks(&p);
	return end ? end : 1;
}
