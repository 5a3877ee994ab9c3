/* Gemini's generateContent, translated: the functions of its row in translate.h. Private to
 * wire/gemini*.c.
 *
 * SIGNATURES stand on any part there: on a thought, on the first call of a step, on a text or on an
 * empty text at the end. Other dialects have a place for proofs in thinking only, so each travels
 * in a thinking part, and the id of its seal says where it belongs:
 *
 *	""        the thought itself
 *	"call"    the call that follows
 *	"text"    an empty text at this place */
#ifndef WIRE_GEMINI_TALK_H
#define WIRE_GEMINI_TALK_H

#include "wire/put.h"
#include "wire/translate.h"

#define GEMINI_SEALS_CALL STR("call")
#define GEMINI_SEALS_TEXT STR("text")

int gemini_write_request(struct wire_job *, const struct talk *, struct buf *out);
int gemini_read_event(struct wire_job *, const struct sse_event *, struct flow *);
int gemini_read_answer(struct wire_job *, const struct json *, struct talk_answer *out);

/* State of a stream. */
struct gemini_hearing {
	int calls; /* so far */
};

#endif
