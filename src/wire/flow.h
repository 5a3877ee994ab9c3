/* The order of a stream that is read: neutral events come out in the grammar of talk.h however
 * the provider's stream is cut. Readers say what they see; the flow opens and closes parts, puts
 * interleaved calls one behind the other, and numbers them. Used by every read_event. Pure. */
#ifndef WIRE_FLOW_H
#define WIRE_FLOW_H

#include "wire/talk.h"

struct wire_job;
struct flow;

/* The first thing of a stream; later ones only fill in what is not known yet. */
void flow_head(struct flow *, const struct talk_head *);

/* `key` is the reader's own number for the part (chat: 0 text, 1 thinking, 16 + index of a tool
 * call; messages: the block's index): the part that is open under the same key is meant, else a
 * new one opens. Opening another key closes the open part, but for a call whose input is not
 * whole yet: then the newer part waits in the flow until it is. `part` is copied; its texts are
 * kept in the request's arena. */
void flow_open(struct flow *, int key, const struct talk_part *part);
bool flow_is_open(const struct flow *, int key); /* opened and not closed yet, waiting or not */
/* More of a part; without an open one under that key it is dropped. Empty text is, too. */
void flow_delta(struct flow *, int key, enum talk_delta, struct str raw);
/* On the open part of that key, in the client's words; else it is named as lost. */
void flow_note(struct flow *, int key, const struct talk_note *);
/* What came to be known of a thinking's proof, or of a call's id or name, before its CLOSE. */
void flow_seal(struct flow *, int key, const struct talk_seal *);
void flow_close(struct flow *, int key);

void flow_usage(struct flow *, const struct llm_usage *); /* cumulative */
/* Closes what is open. The first finish counts. */
void flow_finish(struct flow *, enum talk_finish, struct str stop_raw);
void flow_end(struct flow *); /* with FINISH if none came */
void flow_error(struct flow *);

/* ---- the driver's side ---- */

struct flow *flow_new(struct wire_job *);
/* Events from now on go to a new list in job->scratch. */
void flow_begin(struct flow *);
struct talk_event *flow_events(struct flow *, int *out_count);
/* More parallel calls, or larger ones, than are kept, or one without a name, which nobody can run:
 * the stream is to end as broken. */
bool flow_is_broken(const struct flow *);
void flow_free(struct flow **);

#endif
