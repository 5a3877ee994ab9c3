/* The log: one line per thing that happened, as logfmt or JSON, on standard error. Under load the
 * lines of some turns of a loop go out with one write. Never content, never secrets: the caller
 * gives names and numbers only.
 *
 * 	struct log_line l;
 * 	log_start(&l, LOG_INFO, "request");
 * 	log_text(&l, "model", model);
 * 	log_i64(&l, "status", 200);
 * 	log_end(&l);
 *
 * 	time=2026-11-22T15:20:43.123Z level=info msg=request model=gpt-5 status=200
 *
 * THREADS: each thread gathers its own lines; log_flush writes them. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/buf.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

enum { LOG_LINE_BYTES = 4096, LOG_GATHER_BYTES = 64 * 1024, LOG_PAUSE_MS = 20 };

struct log_line {
	enum log_level level;
	struct buf text; /* in `bytes` */
	bool is_cut;     /* a field did not fit and was left out */
	char bytes[LOG_LINE_BYTES];
};

void log_set(enum log_format, enum log_level lowest); /* at start, before threads */

void log_start(struct log_line *, enum log_level, const char *message);
void log_text_of(struct log_line *, struct str key, struct str value); /* quoted as needed */
void log_i64_of(struct log_line *, struct str key, int64_t value);
void log_nusd_of(struct log_line *, struct str key, int64_t nusd); /* decimal USD */
void log_bool_of(struct log_line *, struct str key, bool value);
void log_end(struct log_line *); /* takes the line; gathers it */

/* Keys are literals, whose length the compiler knows. */
static inline void log_text(struct log_line *l, const char *key, struct str value)
{
	log_text_of(l, str_of(key), value);
}

static inline void log_i64(struct log_line *l, const char *key, int64_t value)
{
	log_i64_of(l, str_of(key), value);
}

static inline void log_nusd(struct log_line *l, const char *key, int64_t nusd)
{
	log_nusd_of(l, str_of(key), nusd);
}

static inline void log_bool(struct log_line *l, const char *key, bool value)
{
	log_bool_of(l, str_of(key), value);
}

/* A sentence by itself: log_say(LOG_WARN, "reload: %s", reason). Written at once. */
void log_say(enum log_level, const char *format, ...) PRINTF_LIKE(2, 3);

/* Writes what this thread gathered. A full pipe drops lines rather than blocking; how many is
 * said in the next line. */
void log_flush(void);

/* The same at the end of a loop's turn, unless this thread wrote within the last LOG_PAUSE_MS and
 * has gathered little since: then true, and log_flush is to be called within a moment. A write
 * costs the kernel far more than the lines in it. */
bool log_flush_paced(void);

#endif
