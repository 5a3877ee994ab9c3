/* A connection to PostgreSQL that mends itself: what the engine in postgres.c says statements
 * over. Only postgres*.c include it. */
#ifndef STORE_POSTGRES_LINK_H
#define STORE_POSTGRES_LINK_H

#include "store/engine.h"
#include "store/libpq.h"

struct postgres {
	struct store store; /* first */
	const struct libpq *pq;
	struct str url;       /* secret */
	struct pg_conn *conn; /* NULL: none */
	bool is_prepared[SQL_STATEMENT_COUNT];
	bool in_transaction;
	int64_t answer_ms; /* how long an answer may take */
	int64_t retry_ns;  /* no connecting before */
	int64_t pause_ms;  /* between the last two tries */
};

/* Connects where there is no connection, and the pause after the last failure is over. Not
 * within a transaction: that is lost. */
int link_open(struct postgres *, struct fail *) MUST_USE;
/* Gives the connection up. The next call to link_open makes another. */
void link_drop(struct postgres *);

/* The next result of what was sent, NULL behind the last; waits at most answer_ms. -1: the
 * connection is gone. */
int link_result(struct postgres *, struct pg_result **out, struct fail *) MUST_USE;
/* All results of what was sent, to on_result; -1 where one is an error. */
int link_finish(struct postgres *, const char *doing, void (*on_result)(void *, struct pg_result *),
                void *arg, struct fail *) MUST_USE;
/* An error that a result tells; drops the connection where it will not do any more. -1. */
int link_fails(struct postgres *, const char *doing, const struct pg_result *, struct fail *);
/* What was just sent was not taken. -1. */
int link_send_fails(struct postgres *, const char *doing, struct fail *);

/* A plain text of statements. */
int link_exec(struct postgres *, const char *doing, const char *text, struct fail *) MUST_USE;

#endif
