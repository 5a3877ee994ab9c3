/* What a database must be able to do to be a store: run the statements of store/sql.h, in
 * transactions. Everything that the statements mean stands once, in the files beside this one;
 * an engine is sqlite.c or postgres.c. Only files of store/ include this.
 *
 *	store_put_entries, store_owner_put, ...   what is meant, the same for all engines
 *	          │ struct sql: statement, values, what to do with rows
 *	struct store_engine                       how it is said to the database
 *
 * THREADS: as store/store.h. */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "store/sql.h"
#include "store/store.h"

enum value_kind { VALUE_NULL, VALUE_I64, VALUE_TEXT, VALUE_BYTES };

struct sql_value {
	enum value_kind kind;
	int64_t i64;
	struct str text; /* of TEXT and BYTES; borrows */
};

static inline struct sql_value value_i64(int64_t value)
{
	return (struct sql_value){.kind = VALUE_I64, .i64 = value};
}
static inline struct sql_value value_text(struct str text)
{
	return (struct sql_value){.kind = VALUE_TEXT, .text = text};
}
static inline struct sql_value value_bytes(const void *bytes, size_t len)
{
	return (struct sql_value){.kind = VALUE_BYTES, .text = {bytes, len}};
}

/* One statement, once. */
struct sql {
	enum sql_statement which;
	const char *text;  /* of SQL_GIVEN: a statement of the moment */
	const char *doing; /* for the sentence: "cannot <doing>: ..." */
	const struct sql_value *values;
	int count;
	/* Each row; its texts live until the call returns. false: no more. */
	bool (*on_row)(void *arg, const struct sql_value *row);
	void *arg;
	int64_t changed; /* out: rows that it inserted, updated or deleted */
};

#define SQL_WITH(...)                                                                              \
	.values = (const struct sql_value[]){__VA_ARGS__},                                         \
	.count = (int)(sizeof((const struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value))

/* One statement that gives no rows, for many rows of values. */
struct sql_many {
	enum sql_statement which;
	/* Does the same for SQL_TOGETHER rows, or fails as a whole where one of them cannot be
	 * inserted; SQL_GIVEN: none does. An engine may use it or not. */
	enum sql_statement together;
	const char *doing;
	int rows;
	int width; /* values of each, at most SQL_WIDTH_MAX */
	void (*fill)(void *arg, int row, struct sql_value *out); /* texts stay until the end */
	void (*on_done)(void *arg, int row, bool changed);       /* in order; NULL: no matter */
	void *arg;
};

enum { SQL_WIDTH_MAX = 64 };
enum sql_begin { SQL_TO_WRITE, SQL_TO_READ }; /* to read: all of it sees one state */

struct store_engine {
	const char *name;
	/* How the schema's texts call things here. */
	const struct schema *schema;

	int (*open)(struct str where, enum store_open_how, struct store **out, struct fail *);
	void (*close)(struct store *);
	void (*set_patience)(struct store *, int wait_ms);
	void (*relax)(struct store *); /* NULL: it does not */
	int (*begin)(struct store *, enum sql_begin, struct fail *);
	/* Commits if `result` is 0, else rolls back. Gives the result, -1 if the commit failed. */
	int (*end)(struct store *, int result, struct fail *);
	int (*run)(struct store *, struct sql *, struct fail *);
	int (*run_many)(struct store *, const struct sql_many *, struct fail *);
	/* Statements without values or rows, divided by semicolons. */
	int (*script)(struct store *, const char *text, struct fail *);
	int (*has_table)(struct store *, const char *name, bool *out, struct fail *);
	/* In a transaction, before the schema is looked at to be changed; NULL: no need. */
	int (*lock_schema)(struct store *, struct fail *);
	/* One state of all of it, whoever writes meanwhile, into a new file. NULL: the database has
	 * tools of its own for that. */
	int (*backup)(struct store *, struct str path, struct fail *);
	int (*sync)(struct store *, struct fail *);
	int (*now_ms)(struct store *, int64_t *out, struct fail *); /* the database's clock */
};

/* An engine's own begins with this. */
struct store {
	const struct store_engine *engine;
	struct arena arena;
	struct str name; /* as sentences call it: a path, an address without its password */
};

extern const struct store_engine store_sqlite, store_postgres;

int store_run(struct store *, struct sql *, struct fail *) MUST_USE;
/* The first column of the first row; `otherwise` where there is none. */
int store_ask_i64(struct store *, struct sql *, int64_t otherwise, int64_t *out,
                  struct fail *) MUST_USE;
/* 20261122T183546.123Z, for names of files. */
struct str store_time_text(int64_t wall_ms, struct arena *);
int store_begin(struct store *, enum sql_begin, struct fail *) MUST_USE;
int store_end(struct store *, int result, struct fail *) MUST_USE;
/* Of owners and keys, in the transaction that changes one: others wait until it ends. */
int store_next_revision(struct store *, int64_t *out, struct fail *) MUST_USE;
/* store_owner_put, inside a transaction. */
struct store_owner;
int owner_put(struct store *, struct store_owner *, struct fail *) MUST_USE;

/* Sums never wrap: what no integer holds stays at the highest. */
void store_add(int64_t *sum, int64_t more);

#endif
