/* OpenAI responses. https://platform.openai.com/docs/api-reference/responses */
#ifndef WIRE_RESPONSES_H
#define WIRE_RESPONSES_H

#include "wire/wire.h"

struct translator;

extern const struct dialect wire_responses;
extern const struct translator wire_responses_translator;

#endif
