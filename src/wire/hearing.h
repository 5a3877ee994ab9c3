/* Hearing a provider's answer: what the dialects' readers of events share. Pure. */
#ifndef WIRE_HEARING_H
#define WIRE_HEARING_H

#include "wire/flow.h"
#include "wire/job.h"
#include "wire/sse.h"

/* A member's string: as it stands, borrowed from the document, and decoded, in the request's
 * arena where it has escapes. Empty where it is absent or no string. */
struct str hearing_raw(const struct json *, uint32_t object, const char *key);
struct str hearing_text(const struct wire_job *, const struct json *, uint32_t object,
                        const char *key);
/* A member's own bytes; empty where it is absent or null. */
struct str hearing_value(const struct json *, uint32_t object, const char *key);

struct hearing_row {
	struct str type;
	void (*hear)(struct wire_job *, uint32_t root, struct flow *);
};

/* The row of an event that ends the stream as failed. */
void hearing_error(struct wire_job *, uint32_t root, struct flow *);

/* Parses the event's data into job->events and calls the row of its member `type`; types without
 * a row are passed over. -1: it is no JSON, or has no type. */
int hearing_event(struct wire_job *, const struct sse_event *, struct flow *,
                  const struct hearing_row *rows, size_t count) MUST_USE;

#endif
