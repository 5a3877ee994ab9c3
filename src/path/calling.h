/* How often the provider's own tools may be called for a request, at the target that is tried:
 * under a ceiling as often as is paid for, and never as often as the model likes. wire/calls.h has
 * what limits them in each dialect. */
#ifndef PATH_CALLING_H
#define PATH_CALLING_H

#include "wire/calls.h"

struct request;

/* -1: UNSUPPORTED_CONTENT with its path: nothing limits one of the tools there, or nothing does
 * anywhere. */
int calling_check(struct request *) MUST_USE;
/* Calls of all tools, where each may make so many. */
int64_t calling_most(const struct request *, int64_t each);
/* Is the whole conversation read, and charged, once more after each call?
 * https://platform.claude.com/docs/en/api/messages: input_tokens of message_delta are cumulative;
 * https://community.openai.com/t/massive-input-token-inflation-50x-with-o3-web-search/1317167: a
 * prompt of 4,981 tokens, 13 searches, 243,551 tokens of input. */
bool calling_reads_again(const struct request *);
/* What the request is told; not set where it says all itself, or calls no tools. */
struct wire_calls calling_limit(const struct request *, int64_t each, bool is_limited);
/* Are searches of the web to be left out there, since nothing would limit them? */
bool calling_leaves_searches(const struct request *);

#endif
