/* Responses, translated: the functions of its row in translate.h. Private to wire/responses*.c. */
#ifndef WIRE_RESPONSES_TALK_H
#define WIRE_RESPONSES_TALK_H

#include "wire/put.h"
#include "wire/reading.h"
#include "wire/translate.h"
#include "wire/wire.h"

int responses_read_talk(struct wire_job *, struct talk *out);
int responses_read_items(struct reading *) MUST_USE; /* `instructions` and `input` */
/* `tools`, also those of an item; `space` is the namespace they are in. */
int responses_read_tools(struct reading *, uint32_t tools, struct str space) MUST_USE;
int responses_write_request(struct wire_job *, const struct talk *, struct buf *out);
int responses_read_event(struct wire_job *, const struct sse_event *, struct flow *);
int responses_read_answer(struct wire_job *, const struct json *, struct talk_answer *out);
void responses_write_event(struct wire_job *, const struct talk_event *, struct buf *out);
void responses_write_answer(struct wire_job *, const struct talk_answer *, struct buf *out);
void responses_write_error(struct wire_job *, const struct fail *, struct buf *out);
void responses_release_writing(struct wire_job *);

/* ---- responses_item.c ---- */

/* One item of an answer's output; `index` is its place, which its id is made of. */
struct responses_item {
	const struct talk_part *part;
	struct str text_raw;   /* of a text or summary; a call's input; an image's base64 */
	struct str notes_json; /* annotations, and logprobs, without the array's brackets */
	struct str logprobs_json;
	int index;
	bool is_done; /* else it was only begun */
};

bool responses_has_item(const struct talk_part *); /* other parts show in no item */
/* Scratch: every delta of a stream has it. */
struct str responses_item_id(const struct wire_job *, const struct talk_part *, int index);
void responses_put_item(const struct wire_job *, struct json_writer *,
                        const struct responses_item *);
void responses_put_content(struct json_writer *, const struct responses_item *);
void responses_put_summary(struct json_writer *, struct str text_raw);
void responses_put_note(struct buf *, const struct talk_note *);

enum responses_status {
	RESPONSES_IN_PROGRESS,
	RESPONSES_COMPLETED,
	RESPONSES_INCOMPLETE,
	RESPONSES_FAILED
};
enum responses_status responses_status_of(enum talk_finish);

struct responses_state {
	enum responses_status status;
	enum talk_finish finish;
	struct str output_json; /* items, without the array's brackets */
	struct str error_json;  /* empty: none */
};
void responses_put_response(const struct wire_job *, struct json_writer *,
                            const struct responses_state *);

/* ---- states of a stream ---- */

struct responses_hearing {
	int items;      /* that were added */
	bool has_delta; /* the newest item came in deltas */
	bool has_refusal;
	int64_t summary; /* the newest summary part */
};

struct responses_saying {
	bool has_begun;
	int64_t sequence; /* of the next event */
	int index;        /* of the item that is open, or the next */
	struct buf text;  /* of the open item */
	struct buf notes;
	int note_count;
	struct buf logprobs;
	struct buf items; /* those that are done, with commas */
	struct buf place; /* of the open item, as its events say it */
	enum talk_finish finish;
};

#endif
