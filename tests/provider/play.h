/* One answer being given: acts become bytes and deeds, which only the connection can do. No I/O. */
#ifndef TESTS_PROVIDER_PLAY_H
#define TESTS_PROVIDER_PLAY_H

#include "asked.h"
#include "script.h"

/* What the connection has to do once all of `out` is with the kernel. */
enum deed {
	DEED_MORE, /* nothing; call play_on again */
	DEED_WAIT, /* number: milliseconds */
	DEED_STALL,
	DEED_CLOSE,
	DEED_RESET,
	DEED_HALF_CLOSE,
	DEED_READ, /* act: how the request is read from here */
	DEED_FINISHED
};

/* What `die` does. */
enum play_death { DIE_CLOSE, DIE_RESET, DIE_STALL };
enum play_body { BODY_NONE, BODY_COUNTED, BODY_CHUNKED, BODY_BARE, BODY_ENDED };

struct play {
	struct rule *rule; /* NULL: built in */
	struct acts acts;
	size_t next;
	struct act act; /* the one that the last deed comes from */
	struct arena arena;
	struct buf out;
	size_t sent;  /* bytes of `out`, by pieces */
	struct buf fields; /* header lines said so far */
	struct buf trailers;
	int64_t status; /* 0: none said */
	struct str reason;
	enum play_body body;
	bool chunked;
	bool until_close;
	bool stays_open; /* keep the connection after the answer */
	int64_t length;  /* Content-Length as said; -1: as counted */
	int64_t fill_left;
	struct str fill;
	struct str extension;
	int64_t piece; /* bytes to a write; 0: all at once */
	int64_t gap_ms;
	int64_t die_after; /* bytes of the answer; -1: lives */
	enum play_death death;
	int64_t idle_close_ms; /* -1: never */
	struct wish wish;
};

void play_init(struct play *);
void play_release(struct play *);
void play_start(struct play *, struct rule *, const struct heard *); /* takes the rule's holding */
void play_start_raw(struct play *, struct str bytes);                /* sends bytes as they are */

/* Appends to `out` up to the next deed. */
enum deed play_on(struct play *, const struct heard *) MUST_USE;

#endif
