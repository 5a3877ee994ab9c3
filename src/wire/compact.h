/* Compaction: a client of responses asks for its conversation to be made shorter, and gets back one
 * opaque item that stands for it.
 *
 *	POST /v1/responses/compact        {"object":"response.compaction","output":[..],..}
 *	POST /v1/responses, {"type":"compaction_trigger"} at the end of `input`     a response
 *
 * A provider that has it answers itself, and its item is opaque to us. For any other one the
 * request becomes a question of its own, for a summary; what comes back is told as
 *
 *	{"id":"cmp_..","type":"compaction","encrypted_content":"fxr.summary.This is ..\n.."}
 *
 * and when such an item comes back it is a user's turn with that text, at every target.
 *
 * https://developers.openai.com/api/docs/guides/compaction; the trigger, as Codex sends it:
 * https://github.com/openai/codex/pull/22809. Pure. */
#ifndef WIRE_COMPACT_H
#define WIRE_COMPACT_H

#include "wire/translate.h"

enum { COMPACT_ASK_BYTES_MAX = 2048 }; /* what asking for a summary adds to a request */

/* The text of an item that is ours, as the inside of a JSON string; empty: it is none. */
struct str compact_summary(const struct json *, uint32_t item);
bool compact_is_trigger(const struct json *, uint32_t item);

/* Turns a conversation that was read into the question for its summary. */
void compact_ask(struct wire_job *, struct talk *);
/* Makes the answer one part, TALK_SUMMARY. -1: it has no summary, or half of one. */
int compact_answer(struct wire_job *, struct talk_answer *) MUST_USE;
/* The same for what one event of a stream became. -1: it ends without a summary. */
int compact_events(struct wire_job *, struct talk_events *) MUST_USE;

#endif
