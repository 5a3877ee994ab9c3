/* What a provider says went wrong: the error object of a body, or of an event in a stream that
 * began with 200. Of all dialects at once, since servers mix them. Pure.
 *
 *	{"error":{..}}, {"error":"..."}          OpenAI, Anthropic, Gemini, most servers
 *	{"response":{"error":{..}}}              responses: response.failed
 *	{"choices":[{"error":{..}}]}             OpenRouter, behind content
 *	{"message":..}, {"detail":..}            the object itself: `error` of responses, vLLM */
#ifndef WIRE_FAULT_H
#define WIRE_FAULT_H

#include "base/json_read.h"

struct wire_fault {
	int status; /* HTTP's word for it, by its number, code or type; 0: it cannot be told */
	bool is_overflow;          /* the prompt is longer than the model's window */
	struct str message, param; /* plain; empty: none */
};

/* Texts borrow from the bytes, or are in the arena; `scratch` is used. Bytes that are no JSON give
 * an empty fault. */
void wire_read_fault(struct str bytes, struct json *scratch, struct arena *,
                     struct wire_fault *out);

/* Is it what providers say of a prompt that is longer than their window? */
bool wire_is_overflow(struct str message);
/* Is it what providers say with 400 of our account there? */
bool wire_is_of_account(struct str message);

#endif
