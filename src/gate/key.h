/* Who calls? Keys are looked up by the SHA-256 of what was presented, in a table in memory that
 * follows the store.
 *
 * A key: "sk-flux-" + 43 characters base64url of 256 random bits. Kept only as digest and display
 * prefix.
 *
 * THREADS: the table is shared by all loops and the carrier thread, guarded by a read-write lock;
 * the records are immutable and live until the table is freed or replaced by a revision (a grace
 * list), so a request keeps a copy. */
#ifndef GATE_KEY_H
#define GATE_KEY_H

#include "fail.h"

enum { KEY_TEXT_BYTES = 8 + 43, KEY_PREFIX_BYTES = 14 };

struct key { /* a copy for one request; texts in the request's arena */
	int64_t id;
	int64_t account_id;
	struct str account_name;
	struct str label;
	struct str models; /* comma list of globs; empty: all */
};

struct key_table;
struct store_key;

struct key_table *key_table_new(void);
void key_table_free(struct key_table **);
void key_table_put(struct key_table *, const struct store_key *); /* new or changed */
int64_t key_table_revision(const struct key_table *);
size_t key_table_count(const struct key_table *);

bool key_is_well_formed(struct str presented);

enum key_verdict { KEY_GOOD, KEY_UNKNOWN, KEY_EXPIRED, KEY_REVOKED, KEY_MALFORMED, KEY_MISSING };

/* What a request presents (Authorization: Bearer, x-api-key), in the order in which it counts. */
enum { KEYS_PRESENTED_MAX = 4 };
struct keys_presented {
	struct str texts[KEYS_PRESENTED_MAX];
	int count;
};

/* The first text that is one of our keys counts. */
enum key_verdict key_identify(struct key_table *, const struct keys_presented *, int64_t now_ms,
                              struct arena *, struct key *out) MUST_USE;

/* Makes a new key: text (KEY_TEXT_BYTES, caller shows it once), digest and prefix. */
void key_make(char *out_text, uint8_t *out_digest);

#endif
