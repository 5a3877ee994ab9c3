/* Sums over entries, for whoever wants to know what was spent.
 *
 * Sums by day, account, key and model are read from the store's day sums, whose cost does not grow
 * with the entries; other groups from the entries themselves. Days whose entries were purged
 * (store/purge.h) have only their day sums: there team, user, provider, lane and tags are empty.
 *
 * THREADS: as store/store.h. */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include "store/store.h"

/* In the order in which they stand in rows and are sorted by. */
#define REPORT_GROUPS(X)                                                                           \
	X(DAY, "day")                                                                              \
	X(ACCOUNT, "account")                                                                      \
	X(TEAM, "team")                                                                            \
	X(USER, "user")                                                                            \
	X(KEY, "key")                                                                              \
	X(PROVIDER, "provider")                                                                    \
	X(LANE, "lane")                                                                            \
	X(MODEL, "model")                                                                          \
	X(TAG, "tag")

enum report_group {
#define X(name, text) REPORT_##name,
	REPORT_GROUPS(X)
#undef X
	    REPORT_GROUP_COUNT
};

const char *report_group_name(enum report_group);
int report_group_of(struct str name, enum report_group *out) MUST_USE; /* -1: none */

/* Entries (attempts) that were closed on UTC days: a range is taken as the days that its ends fall
 * on, `to_ms` left out when it is a day's first millisecond. */
struct report_ask {
	unsigned by; /* 1 << enum report_group */
	int64_t from_ms, to_ms;
	int64_t account_id; /* 0: all */
	int64_t key_id;     /* 0: all */
};

struct report_sum {
	struct str groups[REPORT_GROUP_COUNT]; /* empty where not grouped by, or there is none */
	int64_t requests, input, cache_read, cache_write, output, cost_nusd, charge_nusd, estimated;
};

/* A row for each group; texts in the arena. Accounts, teams and users are told by name, keys by
 * prefix, and label where they have one. on_sum gives false to stop. */
int store_report(struct store *, const struct report_ask *, struct arena *,
                 bool (*on_sum)(void *, const struct report_sum *), void *arg,
                 struct fail *) MUST_USE;

/* What one account used of one model at one price: its version, with mark-up and all, as entries
 * name it (charge_version; in entries of old, price_version). */
struct report_line {
	struct str model; /* arena */
	uint32_t price_version;
	int64_t requests, estimated;
	struct llm_usage usage; /* sums; `reported` says nothing here */
	int64_t cost_nusd, charge_nusd;
};

/* Lines of the entries that were closed from from_ms to before to_ms, by model and price version.
 * -1 also where entries of that time were purged: lines cannot be made of sums. */
int store_lines(struct store *, const struct report_ask *, struct arena *,
                bool (*on_line)(void *, const struct report_line *), void *arg,
                struct fail *) MUST_USE;

#endif
