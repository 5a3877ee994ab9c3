/* Failures in the shapes that SDKs parse: OpenAI's {"error":{..}} with real nulls, Anthropic's
 * {"type":"error","error":{..},"request_id"}, and the events that end each dialect's stream as
 * broken. Pure. */
#ifndef WIRE_ERROR_H
#define WIRE_ERROR_H

#include "base/buf.h"
#include "fail.h"

void error_put_openai(struct buf *, const struct fail *, struct str request_id);
void error_put_anthropic(struct buf *, const struct fail *, struct str request_id);
void error_put_chat_event(struct buf *, const struct fail *, struct str request_id, bool is_first);
void error_put_responses_event(struct buf *, const struct fail *, struct str request_id,
                               bool is_first);
void error_put_messages_event(struct buf *, const struct fail *, struct str request_id,
                              bool is_first);

#endif
