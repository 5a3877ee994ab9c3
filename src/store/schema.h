/* The store's tables and how they came to be: versions, migrations. Only files of store/ include
 * it. docs/ledger.md, "Schema" and "Migrations", explains them. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/engine.h"

enum {
	SCHEMA_VERSION = 4,
	SCHEMA_FIRST = 2, /* that a new store is made with; then migrated on */
};

/* What an engine's tables are made with. */
struct schema {
	const char *all; /* statements that make SCHEMA_FIRST of nothing */
	/* [v]: from version v - 1 to v; SCHEMA_VERSION + 1 rows, NULL where this engine never had
	 * v - 1. */
	const char *const *to;
};

extern const struct schema schema_sqlite, schema_postgres;

/* Brings the database to SCHEMA_VERSION, as `how` allows. -1: f says which version it has and
 * what to do. */
int schema_check(struct store *, enum store_open_how, struct fail *) MUST_USE;

#endif
