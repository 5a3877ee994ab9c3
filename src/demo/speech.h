/* What the simulator answers to one request: a text, its tokens, and the events of a stream.
 * Private to demo.
 *
 * Everything is of the request's arena, or borrows from its body. */
#ifndef DEMO_SPEECH_H
#define DEMO_SPEECH_H

#include "base/json_write.h"
#include "llm.h"

enum { SPEECH_CHOICES_MAX = 8 };

struct speech_frame { /* one event of a stream, as it goes out */
	struct str text;
	struct speech_frame *next;
};

struct speech {
	struct arena *arena;
	const struct json *doc;
	const struct llm_request *asked;
	struct str id; /* what is random in the identifiers */
	int64_t created_s;
	struct str text;
	bool is_cut; /* at the request's output limit */
	int64_t input_tokens;
	int64_t output_tokens; /* of all choices */

	struct speech_frame *first;
	struct speech_frame *last;
	struct buf frame; /* the event that is being written */
	struct json_writer writer;
};

/* Fills all but the frames. */
void speech_compose(struct speech *, const struct llm_request *, struct arena *);

/* An event is an object that the caller fills through `writer` in between. `name` NULL: without
 * the line that names it. */
void speech_open_event(struct speech *, const char *name);
void speech_close_event(struct speech *);
void speech_put_event(struct speech *, struct str text); /* as it stands */

/* The text in pieces: a word with the blank before it. false: there are no more. */
bool speech_next_piece(struct str *rest, struct str *out_piece);

/* The request's own value of that key, or what it would be by default. */
void speech_echo(struct speech *, struct json_writer *, struct str key, struct str otherwise);

/* How each dialect says it: a whole answer, or all events of a stream. */
struct speech_dialect {
	const char *path; /* what the request's path ends with */
	void (*put_whole)(struct speech *, struct json_writer *);
	void (*put_stream)(struct speech *);
};

const struct speech_dialect *speech_dialect(enum llm_dialect);

extern const struct speech_dialect speech_chat, speech_responses, speech_messages;

#endif
