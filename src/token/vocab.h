/* A vocabulary: which byte strings are tokens, and in which order pairs of them are joined. Made
 * by tools/tokenizer from a package that carries OpenAI's rank files; not part of this program,
 * which counts by token/guess.h where it is absent.
 *
 * The file, integers little-endian:
 *
 *	bytes 0-7    "FLUXTOK1"
 *	8-11         how text is cut before pairs are joined: enum vocab_cut
 *	12-15        tokens; their ranks are 0, 1, ...; the first 256 are the single bytes, each
 *	             other is joined from two of lower rank
 *	16-19        bytes of all their texts
 *	20-23        runs of characters of one class
 *	24-27        CRC-32C of all bytes behind the header
 *	28-31        zero
 *	then         each token's length, one byte each; their texts; the runs, four bytes
 *	             each: class in the highest one, the first character in the others,
 *	             ascending from 0
 *
 * THREADS: read-only once it is made. */
#ifndef TOKEN_VOCAB_H
#define TOKEN_VOCAB_H

#include "fail.h"
#include "token/joins.h"

enum vocab_cut { VOCAB_CL100K = 1, VOCAB_O200K = 2 };

/* Unicode's general categories, as far as cutting asks for them. */
enum vocab_class {
	VOCAB_OTHER,
	VOCAB_UPPER,   /* Lu Lt */
	VOCAB_LOWER,   /* Ll */
	VOCAB_LETTER,  /* Lm Lo: of no case */
	VOCAB_MARK,    /* M */
	VOCAB_NUMBER,  /* N */
	VOCAB_SPACE,   /* White_Space but for the next */
	VOCAB_NEWLINE, /* carriage return, line feed */
	VOCAB_CLASSES
};

enum { VOCAB_CHARACTERS = 0x110000, VOCAB_FILE_MAX = 32 * 1024 * 1024 };

struct vocab {
	uint64_t serial; /* no two of a process have the same; from 1 */
	enum vocab_cut cut;
	uint8_t *classes; /* of every character */
	uint8_t *lens;    /* of every token's text */
	struct trie trie;
	struct joins joins;
};

/* Takes the bytes of a file apart. -1: INVALID_VALUE. */
int vocab_read(struct str file, struct vocab **out, struct fail *) MUST_USE;
void vocab_free(struct vocab **);

#endif
