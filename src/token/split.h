/* Cutting text into the pieces within which tokens are joined: what the regular expressions of
 * cl100k_base and o200k_base match, by hand. They stand in the packages that carry the
 * vocabularies (`pat_str`) and in https://github.com/openai/tiktoken, openai_public.py. Pure. */
#ifndef TOKEN_SPLIT_H
#define TOKEN_SPLIT_H

#include "token/vocab.h"

/* Bytes of the piece that a text begins with; at least 1. The text is not empty. Bytes that are no
 * UTF-8 count as characters of no class. */
size_t split_piece(const struct vocab *, struct str text);

#endif
