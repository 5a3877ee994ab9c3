/* Messages, translated: the functions of its row in translate.h. Private to wire/messages*.c. */
#ifndef WIRE_MESSAGES_TALK_H
#define WIRE_MESSAGES_TALK_H

#include "wire/put.h"
#include "wire/reading.h"
#include "wire/translate.h"
#include "wire/wire.h"

int messages_read_talk(struct wire_job *, struct talk *out);
int messages_read_turns(struct reading *) MUST_USE; /* `system` and `messages` */
int messages_write_request(struct wire_job *, const struct talk *, struct buf *out);
int messages_read_event(struct wire_job *, const struct sse_event *, struct flow *);
int messages_read_answer(struct wire_job *, const struct json *, struct talk_answer *out);
void messages_write_event(struct wire_job *, const struct talk_event *, struct buf *out);
void messages_write_answer(struct wire_job *, const struct talk_answer *, struct buf *out);

/* ---- states of a stream ---- */

struct messages_hearing {
	struct llm_usage told, usage; /* usage.h */
};

struct messages_saying {
	int index; /* of the block that is open, or the next: parts that do not show have none */
	enum talk_finish finish;
	struct str stop_raw;
};

#endif
