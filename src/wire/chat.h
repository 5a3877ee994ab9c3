/* OpenAI chat completions. https://platform.openai.com/docs/api-reference/chat */
#ifndef WIRE_CHAT_H
#define WIRE_CHAT_H

#include "wire/wire.h"

extern const struct dialect wire_chat;

#endif
