/* POST /v1/messages/count_tokens: how many tokens a request's input is. */
#ifndef PATH_TOKENS_H
#define PATH_TOKENS_H

struct request;

/* Called again whenever the request is resumed, until there is an answer. */
void tokens_answer(struct request *);
void tokens_release(struct request *); /* the request goes; fine without a count */

#endif
