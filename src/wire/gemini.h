/* Google's generateContent, for providers only: no client speaks it here. Its row in translate.h.
 *
 *	POST {base}/models/{model}:generateContent
 *	POST {base}/models/{model}:streamGenerateContent?alt=sse
 *
 * Source: https://ai.google.dev/api/generate-content, and for signatures
 * https://ai.google.dev/gemini-api/docs/thought-signatures. Pure. */
#ifndef WIRE_GEMINI_H
#define WIRE_GEMINI_H

#include "wire/translate.h"

extern const struct translator wire_gemini_translator;

#endif
