/* Flat windows on a text that comes in parts: the whole of it, or its beginning and its end. */
#ifndef ROUTE_GATHER_H
#define ROUTE_GATHER_H

#include "base/str.h"

#define GATHER_HEAD_BYTES 6144
#define GATHER_TAIL_BYTES 3072
#define GATHER_WHOLE_BYTES (GATHER_HEAD_BYTES + GATHER_TAIL_BYTES)

/* The text to read: the parts joined, either decoded UTF-8 or the insides of JSON strings. No part
 * of the latter ends inside an escape. */
struct gather_source {
	const struct str *parts;
	size_t part_count;
	bool is_escaped;
};

/* Up to GATHER_WHOLE_BYTES of decoded text come whole, as head with an empty tail; of more come
 * the first GATHER_HEAD_BYTES and the last GATHER_TAIL_BYTES. The windows point into `room` or
 * into the source. */
struct gather {
	struct str head;
	struct str tail;
	bool is_cut;
	char room[GATHER_WHOLE_BYTES + 8];
};

/* The first decoded bytes of the text, at most `max`; gives how many. */
size_t gather_prefix(const struct gather_source *source, char *out_to, size_t max);

void gather_read(const struct gather_source *source, struct gather *out);

#endif
