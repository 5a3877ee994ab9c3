/* Chat completions, translated: the functions of its row in translate.h. Private to
 * wire/chat*.c. */
#ifndef WIRE_CHAT_TALK_H
#define WIRE_CHAT_TALK_H

#include "wire/reading.h"
#include "wire/translate.h"

int chat_read_talk(struct wire_job *, struct talk *out);
int chat_read_messages(struct reading *, uint32_t messages) MUST_USE;
int chat_write_request(struct wire_job *, const struct talk *, struct buf *out);
int chat_read_event(struct wire_job *, const struct sse_event *, struct flow *);
int chat_read_answer(struct wire_job *, const struct json *, struct talk_answer *out);
/* A choice that ended for no reason of the model's or the client's: it is not an answer. */
bool chat_went_wrong(const struct json *, uint32_t choice);
void chat_write_event(struct wire_job *, const struct talk_event *, struct buf *out);
void chat_write_answer(struct wire_job *, const struct talk_answer *, struct buf *out);

/* States of a stream. */
enum { CHAT_CALLS = 64 /* whose index is remembered */ };

struct chat_reading {
	struct {
		int index;        /* as the provider counts */
		int key;          /* as the flow does */
		uint64_t id_hash; /* 0: it came without */
	} calls[CHAT_CALLS];
	int call_count;
	bool has_refusal;
	bool has_finish;
	bool owes_name; /* a call that has come without one */
	size_t detail_bytes; /* of details of thinking so far, and their CRC-32C */
	uint32_t detail_crc;
};

struct chat_writing {
	struct str head; /* what every chunk begins with; arena */
	int calls;       /* opened so far */
	bool has_input;  /* the open call */
	bool is_old;     /* the client knows functions, not tools */
};

#endif
