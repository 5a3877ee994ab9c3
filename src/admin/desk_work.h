/* One request at the desk, while it is answered. Private to admin. */
#ifndef ADMIN_DESK_WORK_H
#define ADMIN_DESK_WORK_H

#include "admin/desk.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "store/owner.h"

struct desk_work {
	struct store *store;
	struct arena *arena;
	struct fail *fail;
	struct json_writer json; /* onto the answer's body */
	struct str query;
	struct str id; /* what stood for {id}, decoded */
	const struct desk_row *row;
	struct json body; /* read: an object */
	struct desk_answer answer;
	int64_t now_ms;
};

enum { DESK_NAME_MAX = 200, DESK_PAGE = 100, DESK_PAGE_MAX = 1000 };

/* The answers of the table: 0, or -1 with w->fail set. */
int owner_answer_list(struct desk_work *);
int owner_answer_create(struct desk_work *);
int owner_answer_get(struct desk_work *);
int owner_answer_patch(struct desk_work *);
int owner_answer_close(struct desk_work *);
int key_answer_list(struct desk_work *);
int key_answer_create(struct desk_work *);
int key_answer_get(struct desk_work *);
int key_answer_patch(struct desk_work *);
int key_answer_revoke(struct desk_work *);
int key_answer_rotate(struct desk_work *);
int target_answer_list(struct desk_work *);
int report_answer_usage(struct desk_work *);
int report_answer_invoice(struct desk_work *);

/* Values of the query, decoded; the empty text with ptr NULL where there is none. */
struct str desk_query(struct desk_work *, const char *name);
/* -1: a name in the query is none of `names` (NULL behind the last). */
int desk_check_query(struct desk_work *, const char *const *names) MUST_USE;

/* A field of the body. `read` gets its node; fields that are absent are left alone. */
struct desk_field {
	const char *name;
	unsigned kinds; /* 1 << enum store_owner_kind; keys: DESK_KEYS */
	bool only_at_birth;
	int (*read)(struct desk_work *, uint32_t node, void *object);
};
enum { DESK_KEYS = 1 << STORE_OWNER_KIND_COUNT };

/* Reads the body's members by the table, in its order. -1: one is unknown, wrong, or cannot be
 * changed. */
int desk_read_fields(struct desk_work *, const struct desk_field *, int count, unsigned kind,
                     void *object) MUST_USE;

/* A text of at most DESK_NAME_MAX bytes without control characters; null is the empty text. */
int desk_read_text(struct desk_work *, uint32_t node, struct str *out) MUST_USE;
/* The owner that a name or a number names, within an account where it is a team or a user. -1:
 * there is none. null gives id 0. */
int desk_read_owner(struct desk_work *, uint32_t node, enum store_owner_kind, int64_t account_id,
                    struct store_owner *out) MUST_USE;
/* The same by text. */
int desk_find_owner(struct desk_work *, struct str which, enum store_owner_kind, int64_t account_id,
                    struct store_owner *out) MUST_USE;
/* Merges an object of terms into the text of others: null takes one away. `whose`: enum
 * terms_of. */
int desk_merge_terms(struct desk_work *, uint32_t node, unsigned whose, struct str *terms) MUST_USE;

/* Members of an answer. */
void desk_put_time(struct json_writer *, const char *name, int64_t wall_ms); /* 0: null */
void desk_put_terms(struct json_writer *, struct str terms);
void desk_put_owner_name(struct desk_work *, const char *name, enum store_owner_kind,
                         int64_t id); /* 0: null */

/* after and limit of the query. */
struct desk_page {
	int64_t after;
	int64_t limit;
};
int desk_read_page(struct desk_work *, struct desk_page *out) MUST_USE;

#endif
