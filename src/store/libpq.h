/* PostgreSQL's client library, loaded when a store is one: it costs 7 MB, and who has no
 * PostgreSQL need not have it. Declared here as far as it is used, from its documentation
 * (https://www.postgresql.org/docs/15/libpq.html); its interface has not changed in these parts
 * since version 14. Only postgres*.c include this.
 *
 * THREADS: libpq_get may be called from any. */
#ifndef STORE_LIBPQ_H
#define STORE_LIBPQ_H

#include "fail.h"

struct pg_conn;   /* PGconn */
struct pg_result; /* PGresult */
typedef unsigned pg_oid;

enum pg_status { PG_CONNECTED = 0 };
enum pg_transaction { PG_IDLE = 0 };
enum pg_result_status {
	PG_COMMAND_OK = 1,
	PG_TUPLES_OK = 2,
	PG_FATAL_ERROR = 7,
	PG_PIPELINE_SYNC = 10,
	PG_PIPELINE_ABORTED = 11,
};
enum { PG_SQLSTATE = 'C' };
enum pg_type {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
};

/* X(result, function without PQ, parameters) */
#define LIBPQ_FUNCTIONS(X)                                                                         \
	X(struct pg_conn *, connectdbParams, (const char *const *, const char *const *, int))      \
	X(int, libVersion, (void))                                                                 \
	X(void, finish, (struct pg_conn *))                                                        \
	X(int, status, (const struct pg_conn *))                                                   \
	X(char *, errorMessage, (const struct pg_conn *))                                          \
	X(int, socket, (const struct pg_conn *))                                                   \
	X(int, sendQuery, (struct pg_conn *, const char *))                                        \
	X(int, sendQueryParams,                                                                    \
	  (struct pg_conn *, const char *, int, const pg_oid *, const char *const *, const int *,  \
	   const int *, int))                                                                      \
	X(int, sendPrepare, (struct pg_conn *, const char *, const char *, int, const pg_oid *))   \
	X(int, sendQueryPrepared,                                                                  \
	  (struct pg_conn *, const char *, int, const char *const *, const int *, const int *,     \
	   int))                                                                                   \
	X(int, consumeInput, (struct pg_conn *))                                                   \
	X(int, isBusy, (struct pg_conn *))                                                         \
	X(struct pg_result *, getResult, (struct pg_conn *))                                       \
	X(int, enterPipelineMode, (struct pg_conn *))                                              \
	X(int, exitPipelineMode, (struct pg_conn *))                                               \
	X(int, pipelineSync, (struct pg_conn *))                                                   \
	X(int, resultStatus, (const struct pg_result *))                                           \
	X(char *, resultErrorField, (const struct pg_result *, int))                               \
	X(char *, resultErrorMessage, (const struct pg_result *))                                  \
	X(void, clear, (struct pg_result *))                                                       \
	X(int, ntuples, (const struct pg_result *))                                                \
	X(int, nfields, (const struct pg_result *))                                                \
	X(pg_oid, ftype, (const struct pg_result *, int))                                          \
	X(int, getisnull, (const struct pg_result *, int, int))                                    \
	X(int, getlength, (const struct pg_result *, int, int))                                    \
	X(char *, getvalue, (const struct pg_result *, int, int))                                  \
	X(char *, cmdStatus, (struct pg_result *))                                                 \
	X(char *, cmdTuples, (struct pg_result *))

struct libpq {
#define X(result, name, parameters) result(*name) parameters;
	LIBPQ_FUNCTIONS(X)
#undef X
};

/* Loads it at first; it stays. -1: it is not there, or too old. */
int libpq_get(const struct libpq **out, struct fail *) MUST_USE;

#endif
