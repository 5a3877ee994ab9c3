/* The vocabularies of this installation: which files there are, which model counts by which, and
 * reading one when it is first asked for (some 0.3 s and 13 MB).
 *
 * THREADS: shelf_open before there are any others; the rest from all of them. */
#ifndef TOKEN_SHELF_H
#define TOKEN_SHELF_H

#include "token/vocab.h"

/* Looks for o200k_base.vocab and cl100k_base.vocab in `directory`; empty: in `tokenizer` beside
 * the program, then in /usr/local/share/fluxrouter/tokenizer and /usr/share/fluxrouter/tokenizer.
 * Gives how many there are. */
int shelf_open(struct str directory);

/* By which vocabulary a model counts, told by its provider's id: true for OpenAI's, which are
 * known. Others are counted by o200k_base, which is near. */
bool shelf_knows(struct str model, enum vocab_cut *out);

/* Its file is there. */
bool shelf_has(enum vocab_cut);
/* The vocabulary, if it was read already; else NULL. */
const struct vocab *shelf_look(enum vocab_cut);
/* The same, and reads it where that was not done yet: may block. NULL: it is not there, or damaged,
 * which is logged. */
const struct vocab *shelf_take(enum vocab_cut);

#endif
