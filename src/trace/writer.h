/* Keeps the traces of one loop: gathered in memory, written with one call every half second or 64
 * KiB, in files that are turned over and deleted so that all of them together stay within a bound.
 *
 * What cannot be written is dropped and counted: a full disk must not stop service, and these are
 * not the books. A killed process loses what it had gathered.
 *
 * THREADS: used on its loop, or after that has ended. */
#ifndef TRACE_WRITER_H
#define TRACE_WRITER_H

#include "base/loop.h"
#include "trace/trace.h"

struct writer;

struct writer_options {
	struct str dir;    /* made when the first trace is written; copied */
	int loop;          /* 0.. */
	int64_t max_bytes; /* of this loop's files together */
};

struct writer *writer_open(struct loop *, const struct writer_options *);
/* Writes what is gathered. */
void writer_close(struct writer **);

/* Sets the trace's time: the request's, or that of the record before where it is later. */
void writer_put(struct writer *, struct trace *);
/* At once: whoever asked hears only then that it is kept. -1: it could not be. */
int writer_put_now(struct writer *, struct trace *) MUST_USE;

struct str writer_dir(const struct writer *);

#endif
