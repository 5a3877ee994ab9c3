/* Server-sent events, cut out of a stream of bytes (WHATWG HTML, 9.2.6: event stream
 * interpretation).
 *
 *	event: message_start\n        lines end with LF, CRLF or CR
 *	data: {"type": ...\n          one space behind the colon is not part of the value
 *	data: ...}\n                  several data lines are joined with LF
 *	: comment\n                   ignored
 *	\n                            an empty line ends the event
 *
 * Pure. The raw bytes of every event are kept at hand, so that they can be passed on untouched. */
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "base/arena.h"

struct sse_event {
	struct str raw;  /* all of its bytes, with the empty line and comments before it */
	struct str name; /* of the last event: line; empty: none */
	struct str
	    data;      /* joined; borrows from the bytes when it is one line, else from the arena */
	bool has_data; /* some data: line was there; else it is a comment or an empty line */
};

struct sse {
	size_t line_at; /* where the unfinished event's unfinished line begins */
	size_t looked;  /* how far that line was searched for its end */
};

enum sse_found { SSE_EVENT, SSE_MORE };

/* The first whole event in `bytes`, which begin where the last one ended. SSE_MORE: it is not
 * whole yet; come again with the same bytes and more behind them. A byte order mark in front is
 * part of the raw event only. */
enum sse_found sse_next(struct sse *, struct str bytes, struct arena *, struct sse_event *out);

/* The same in two steps, for events that are long. Where the first one ends; 0: it is not whole
 * yet. */
size_t sse_end(struct sse *, struct str bytes);
void sse_read(struct str raw, struct arena *, struct sse_event *out);

/* Where byte `at` of the event's data, 0 to its length, stands in its raw bytes. */
size_t sse_raw_at(const struct sse_event *, size_t at);

#endif
