/* OpenAI chat completions. https://platform.openai.com/docs/api-reference/chat */
#ifndef WIRE_CHAT_H
#define WIRE_CHAT_H

#include "wire/translate.h"
#include "wire/wire.h"

extern const struct dialect wire_chat;
extern const struct translator wire_chat_translator;

#endif
