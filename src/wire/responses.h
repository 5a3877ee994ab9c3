/* OpenAI responses. https://platform.openai.com/docs/api-reference/responses */
#ifndef WIRE_RESPONSES_H
#define WIRE_RESPONSES_H

#include "wire/wire.h"

extern const struct dialect wire_responses;

#endif
