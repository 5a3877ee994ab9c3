/* How many tokens is that text, exactly, in a vocabulary. Words for special tokens are text like
 * any other. Pure but for memory that is given back. */
#ifndef TOKEN_COUNT_H
#define TOKEN_COUNT_H

#include "token/vocab.h"

enum { COUNT_PIECE_MAX = 64 * 1024 }; /* pieces beyond it are counted in parts: a token more each */

int64_t count_tokens(const struct vocab *, struct str text);

#endif
