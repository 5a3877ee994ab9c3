/* One form for all spellings of a text: what the scorer reads instead of what the client wrote.
 *
 * Bounded: of any text the first 3 KiB and the last 1 KiB of canonical bytes are looked at. Case,
 * runs of white space, zero-width characters, typographic quotes and full-width letters make no
 * difference; digits are '0'; blobs (base64, minified code) and sentences about which model to use
 * are gone; quoted documents are cut to a few hundred bytes. */
#ifndef ROUTE_CANON_H
#define ROUTE_CANON_H

#include "route/gather.h"

#define CANON_HEAD_BYTES 3072
#define CANON_TAIL_BYTES 1024
#define CANON_QUOTED_BYTES 512 /* of all quoted text together */
#define CANON_CODE_BYTES 1536  /* of all fenced code together */
#define CANON_SENTENCE_BYTES 400
#define CANON_MAX_BYTES (CANON_HEAD_BYTES + CANON_TAIL_BYTES + 16)
#define CANON_MAX_SENTENCES 512

struct canon_limits {
	size_t head_bytes; /* at most CANON_HEAD_BYTES */
	size_t tail_bytes; /* at most CANON_TAIL_BYTES */
};

/* Bytes of `text`: a-z, '0', punctuation, lower-cased UTF-8, single spaces; a sentence never
 * begins with a space. Sentence i ends before ends[i] and begins at ends[i - 1]. */
struct canon {
	char text[CANON_MAX_BYTES + 8];
	uint16_t ends[CANON_MAX_SENTENCES];
	bool is_quoted[CANON_MAX_SENTENCES];
	size_t len;
	size_t sentence_count;
	uint32_t lines;
	uint32_t blobs;        /* tokens left out */
	uint32_t quoted_bytes; /* in quotes and documents, read or not */
	uint32_t code_bytes;   /* in fences, read or not */
	uint32_t fences;
	uint32_t is_long; /* 1: there was a middle that was not read */
};

void canon_read(const struct gather_source *source, struct canon_limits limits, struct canon *out);

#endif
