/* What the writers of dialects share: texts that are escaped already, inputs of calls in the form
 * that the dialect wants, usage, events of a stream. Pure. */
#ifndef WIRE_PUT_H
#define WIRE_PUT_H

#include "base/json_write.h"
#include "wire/job.h"

/* The member, left out where the text is empty. */
void put_raw_if(struct json_writer *, struct str key, struct str raw);   /* "key":"raw" */
void put_json_if(struct json_writer *, struct str key, struct str json); /* "key":json */
void put_text_if(struct json_writer *, struct str key, struct str text);
void put_flag_if(struct json_writer *, struct str key, enum talk_flag);

/* A call's input as the inside of a JSON string: {} escaped where there is none. */
struct str put_input_raw(const struct talk_part *, struct arena *);
/* The same as a JSON object, for dialects that take no text: what is no object becomes
 * {"input": ..}, with a warning. Arena or the part's own bytes. */
struct str put_input_json(struct wire_job *, const struct talk_part *);

/* Responses refuse less: "integer below minimum value. Expected a value >= 16". */
enum { PUT_LEAST_RESPONSES_OUTPUT = 16 };

/* The free text of a custom tool out of {"input": ".."}, raw both; what is not that stays. */
struct str put_unwrapped(struct str input_raw, struct arena *);

/* Raw of plain text; the way back is json_plain. The bytes themselves where nothing is escaped. */
struct str put_escaped(struct str plain, struct arena *);

/* Texts of a part list joined by "\n" (escaped); kinds other than text are left out. Arena. */
struct str put_joined_text(const struct talk_part *, int count, struct arena *);

/* Raw data:image/png;base64,.. -> plain type and raw data; false: it is none. */
bool put_read_data_url(struct str url, struct arena *, struct str *out_type, struct str *out_data);

/* cost_usd and currency, where the job has a charge. */
void put_cost(struct json_writer *, const struct wire_job *);

/* `event: NAME` (empty: none) and `data: `; the JSON follows, then put_event_end. */
void put_event_begin(struct buf *, struct str name);
void put_event_end(struct buf *);

/* ---- tables ---- */

/* STOP becomes CALLS where there were calls: some providers say so. */
enum talk_finish put_finish(enum talk_finish, bool has_calls);

/* Effort and budget, each where only the other is known; never more than max_output - 1. */
int64_t put_budget_of_effort(enum talk_effort, int64_t max_output);
enum talk_effort put_effort_of_budget(int64_t budget);
/* The effort that is meant, whichever way the client said it; UNSET: none. */
enum talk_effort put_effort(const struct talk_thinking *);

/* Seals travel through dialects that have no place for them inside the proof of the client's own:
 * "fxr." origin "." kind "." the proof. Anything else is the client dialect's own. */
struct str put_seal(const struct talk_seal *, enum llm_dialect client, struct arena *);
struct talk_seal put_read_seal(struct str raw, enum llm_dialect client);
/* The proof may go to this target: it is its own. */
bool put_seal_fits(const struct talk_seal *, const struct wire_job *);

#endif
