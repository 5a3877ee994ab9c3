/* Anthropic messages. https://docs.anthropic.com/en/api/messages */
#ifndef WIRE_MESSAGES_H
#define WIRE_MESSAGES_H

#include "wire/wire.h"

struct translator;

extern const struct dialect wire_messages;
extern const struct translator wire_messages_translator;

#endif
