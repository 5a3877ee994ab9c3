/* Built-in answers: plausible replies of the dialects, so that a provider without a script serves
 * real clients. */
#ifndef TESTS_PROVIDER_REPLY_H
#define TESTS_PROVIDER_REPLY_H

#include "asked.h"
#include "script.h"

/* Where a dialect writes its answer: acts, with their texts in the arena. */
struct reply {
	struct arena *arena;
	struct acts acts;
};

void reply_event(struct reply *, const char *name, struct str payload); /* name "": data only */
void reply_json(struct reply *, struct str json);
#define REPLY_EVENT(reply, name, ...)                                                              \
	reply_event((reply), (name), arena_printf((reply)->arena, __VA_ARGS__))
#define REPLY_JSON(reply, ...) reply_json((reply), arena_printf((reply)->arena, __VA_ARGS__))

/* One row each in reply.c. */
void chat_whole(struct reply *, const struct asked *);
void chat_stream(struct reply *, const struct asked *);
void responses_whole(struct reply *, const struct asked *);
void responses_stream(struct reply *, const struct asked *);
void messages_whole(struct reply *, const struct asked *);
void messages_stream(struct reply *, const struct asked *);
void gemini_whole(struct reply *, const struct asked *);
void gemini_stream(struct reply *, const struct asked *);

/* Adds the acts that answer this request by its path; an unknown path gets a 404. */
void reply_build(struct reply *, const struct heard *, const struct wish *);

#endif
