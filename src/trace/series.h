/* The files that traces are kept in: DIR/LL-MMMMMMMMMMMMM.fluxd, LL the loop, M the millisecond in
 * which the file was begun. A header, then records of TRACE_BYTES, in the order of time.
 *
 * THREADS: no state; calls block on the disk: for verbs, threads of the pool, and the start. */
#ifndef TRACE_SERIES_H
#define TRACE_SERIES_H

#include "trace/trace.h"

enum { SERIES_LOOPS_MAX = 100 };

struct series_file {
	int loop;
	int64_t made_ms;
};

/* All there are, oldest first; arena. None where there is no directory. */
int series_list(struct str dir, struct arena *, struct series_file **out, int *out_count,
                struct fail *) MUST_USE;
struct str series_path(struct str dir, struct series_file, struct arena *);

/* Every good record from from_ms to before to_ms: file by file, so only of one loop in the order of
 * time. on_trace gives false to stop. out_damaged counts records that cannot be read. */
struct series_range {
	int64_t from_ms, to_ms;
};
int series_each(struct str dir, struct series_range, bool (*on_trace)(void *, const struct trace *),
                void *arg, int64_t *out_damaged, struct fail *) MUST_USE;

/* The decision of that request, its texts in the arena; false: there is none any more, or not yet.
 * Looks where its time says, for as long as a request may take to be read. */
bool series_find(struct str dir, const uint8_t request_id[TRACE_ID_BYTES], struct arena *,
                 struct trace *out);

#endif
