/* What is served where. One table: method and path -> what to do; everything else is 404, 405,
 * 403 or 426 in the caller's dialect. docs and --help print it. */
#ifndef PATH_ENDPOINT_H
#define PATH_ENDPOINT_H

#include "fail.h"
#include "front/http1.h"
#include "llm.h"

struct request;

enum endpoint_kind {
	ENDPOINT_SERVE, /* a model answers */
	ENDPOINT_ROUTE, /* the same up to the decision, which is the answer */
	ENDPOINT_TELL,  /* JSON that we are told, and an answer of our own, for a key */
	ENDPOINT_READ,  /* an answer of our own, for a key */
	ENDPOINT_OPEN,  /* the same for anybody */
};

struct endpoint {
	const char *method;
	const char *path; /* a last part of "{id}" stands for the rest of the path */
	enum endpoint_kind kind;
	enum llm_dialect dialect;         /* ENDPOINT_SERVE, and of errors */
	void (*answer)(struct request *); /* all others */
	const char *help;
};

/* f: ENDPOINT_NOT_FOUND, METHOD_NOT_ALLOWED, ENDPOINT_NOT_SERVED, UPGRADE_REQUIRED. *out_id is
 * what stands for {id}; *out_allow lists the methods of a path that is served by others. */
int endpoint_find(const struct http_head *, const struct endpoint **out, struct str *out_id,
                  struct str *out_allow, struct fail *) MUST_USE;

/* Whose error shape a caller of this path understands. */
enum llm_dialect endpoint_dialect(const struct http_head *);

/* Every row, for documentation; NULL behind the last. */
const struct endpoint *endpoint_row(int index);

#endif
