/* A request whose target speaks another dialect than the client: which one it is asked in, the
 * translated request, and the answer on its way back. attempt.c and relay.c call here where they
 * would else pass bytes on. */
#ifndef PATH_TRANSLATION_H
#define PATH_TRANSLATION_H

#include "path/request.h"

/* The client's own where the provider speaks it, else the one that loses least. */
enum llm_dialect translation_dialect(const struct config_provider *, const struct llm_request *);

/* The client's own bytes can go to r->now: it speaks the dialect, and does what is asked for. */
bool translation_is_needless(const struct request *);

/* The provider's body; r->now.job is set from here on, also where it fails. -1:
 * UNSUPPORTED_CONTENT or the like, with the path. `max_output`: as in struct wire_change. */
int translation_compose(struct request *, int64_t max_output, struct str *out_body) MUST_USE;

/* Reads a whole answer and its usage. -1: it is none. Then the client's body, with its cost. */
int translation_read_answer(struct request *, const struct json *) MUST_USE;
struct str translation_write_answer(struct request *, int64_t charge_nusd);

/* What one event of the provider is; the client's events go to `out`. */
enum wire_kind translation_hear(struct request *, const struct sse_event *, struct buf *out);
/* Ends a begun stream as broken. */
void translation_put_error(struct request *, struct buf *out);

void translation_release(struct request *);

#endif
