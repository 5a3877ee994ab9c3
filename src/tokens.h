/* POST /v1/messages/count_tokens: how many tokens a request's input is. */
#ifndef TOKENS_H
#define TOKENS_H

struct request;

void tokens_answer(struct request *);

#endif
