/* The stub provider's answers, built once and sent many times. A command names one:
 *
 *   json:BYTES             a chat completion whose body has exactly BYTES bytes (at least 1024)
 *   sse:EVENTS             a whole event stream, ready to be sent in one write
 *   pace:EVENTS:INTERVAL   the same, one event each INTERVAL milliseconds
 *   404                    what a request without a command gets
 *
 * Every stream has EVENTS content events, then finish, usage and [DONE], each event in a chunk of
 * its own, as providers send them. All functions take what a rig program built itself, so a wrong
 * command ends the program. */
#ifndef BENCH_CANNED_H
#define BENCH_CANNED_H

#include "base/buf.h"

enum {
	CANNED_COMMAND_MAX = 48,
	CANNED_STAMP_DIGITS = 16, /* microseconds, zero-padded */
};

struct canned {
	char command[CANNED_COMMAND_MAX];
	struct buf whole; /* json, sse: head and body. pace: the head alone */
	struct buf event; /* pace: one content event, its chunk framing included */
	size_t stamp_at;  /* where in `event` the digits of the time stand */
	struct buf tail;  /* pace: everything behind the last content event */
	int64_t events;
	int64_t interval_ms; /* 0: not paced */
};

/* The answer for a command; borrowed, lives as long as the process. */
struct canned *canned_find(struct str command);

/* Writes the time into the event, for the reader to tell how long it was under way. */
void canned_stamp(struct canned *, int64_t mono_ns);

#endif
