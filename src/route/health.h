/* How a target has been doing, and whether it should be asked now: a breaker with single probes, a
 * budget for retries, and averages for operators to look at.
 *
 * It says whether, never which: the order of candidates is the decision's. Kept by name, address
 * and credential of a target beside the snapshots, so that a reload forgets nothing that still
 * holds; there are as many as configurations ever named, and they live until the process ends.
 *
 * THREADS: any, without locks; health_find takes one, and is called where configurations are made.
 */
#ifndef ROUTE_HEALTH_H
#define ROUTE_HEALTH_H

#include "config/config.h"

struct health; /* one target's */

/* The one of that key, new and well when there is none yet. */
struct health *health_find(struct str name);

/* Times are monotonic milliseconds, as health_now_ms gives them. */
int64_t health_now_ms(void);

enum health_state { HEALTH_CLOSED, HEALTH_OPEN, HEALTH_PROBED };

/* On which ground it is asked. */
enum health_pass {
	HEALTH_REFUSED, /* it is not: the breaker is open, or a probe is out */
	HEALTH_GOES,
	HEALTH_PROBES, /* the one that finds out whether it is well again */
	HEALTH_FORCED, /* it is open, and there is nowhere else to go; paid from the budget */
};

/* Every pass but REFUSED is given back by exactly one health_note. */
enum health_pass health_enter(struct health *, const struct config_health *, int64_t now_ms);
/* REFUSED when the budget has nothing left. */
enum health_pass health_force(struct health *, const struct config_health *, int64_t now_ms);
/* Whether it may be asked again for a request that failed elsewhere: its retries have not failed
 * more often than the budget allows. */
bool health_has_budget(struct health *, const struct config_health *, int64_t now_ms);
/* How long until health_enter may say yes; 0: now. */
int64_t health_wait_ms(const struct health *, int64_t now_ms);

enum health_verdict { HEALTH_WELL, HEALTH_ILL, HEALTH_UNTOLD /* says nothing about the target */ };

struct health_news {
	enum health_pass pass;
	enum health_verdict verdict;
	bool is_retry;          /* the request failed elsewhere before */
	int64_t told_ms;        /* how long the provider said to stay away; 0: it did not */
	int64_t first_byte_us;  /* 0: there was none */
	enum fail_kind failure; /* with HEALTH_ILL */
	int status;             /* of HTTP, where there was one; else 0 */
};

/* What became of the breaker by it. */
enum health_change { HEALTH_AS_IT_WAS, HEALTH_HAS_OPENED, HEALTH_HAS_CLOSED };

enum health_change health_note(struct health *, const struct config_health *,
                               const struct health_news *, int64_t now_ms);
/* A probe's answer has begun, which may take long to end: others may come. Changes *pass. */
enum health_change health_note_answer(struct health *, const struct config_health *,
                                      enum health_pass *pass, int64_t now_ms);
/* Whether requests pass it over just now. */
bool health_is_open(const struct health *, const struct config_health *);

/* To look at. */
struct health_look {
	enum health_state state;
	int streak;             /* failures since the last success */
	int opened;             /* how often in a row: the cool-down has grown so many times */
	int64_t wait_ms;        /* until a probe; 0: none is due */
	int64_t first_byte_us;  /* average, weighted 1/16 to the last; 0: not known */
	int error_ppm;          /* the same, of failures */
	int64_t well, ill;      /* attempts since the start */
	int budget_milli;       /* thousandths of a retry */
	enum fail_kind failure; /* the last; FAIL_NONE: there was none */
	int status;
};
void health_look(const struct health *, const struct config_health *, int64_t now_ms,
                 struct health_look *out);
const char *health_state_name(enum health_state); /* closed, open, half-open */

#endif
