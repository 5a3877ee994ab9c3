/* A conversation in neutral words: what the heavy model holds when client and provider speak
 * different dialects. One reader per dialect fills it, one writer per dialect empties it; nothing
 * here is any dialect's spelling. The light summary for router and limits is llm_request.
 *
 * Three kinds of text, told by the name of the member:
 *
 *	..._raw    the inside of a JSON string, escapes and all, as it stood in the source; goes
 *	           out with json_put_inside() and is never decoded on the way
 *	..._json   one JSON value, with its quotes or brackets; empty: absent
 *	the rest   plain text: names, ids, words
 *
 * An empty str means absent, unless a comment says otherwise. Everything borrows from the
 * document or the job's arena. `node` is the place in the document for paths in messages;
 * JSON_NONE where there is none. Pure. */
#ifndef WIRE_TALK_H
#define WIRE_TALK_H

#include "llm.h"
#include "wire/feature.h"

enum talk_role { TALK_SYSTEM, TALK_DEVELOPER, TALK_USER, TALK_ASSISTANT, TALK_TOOL };
enum talk_flag { TALK_UNSET, TALK_NO, TALK_YES };

enum talk_kind {
	TALK_TEXT,     /* text_raw, notes */
	TALK_IMAGE,    /* media */
	TALK_AUDIO,    /* media; text_raw: its transcript */
	TALK_FILE,     /* media: a PDF or another document */
	TALK_THINKING, /* text_raw, seal */
	TALK_REFUSAL,  /* text_raw: the assistant's words of refusal */
	TALK_CALL,     /* call; id, name, input */
	TALK_RESULT,   /* id and name of the call; parts; is_error */
	TALK_SUMMARY,  /* text_raw: what a compaction made of the conversation; answers only */
	TALK_FOREIGN,  /* json: a block or item that only its own dialect understands */
	TALK_KINDS
};

enum talk_source {
	TALK_BYTES, /* media.raw is base64 */
	TALK_URL,   /* http(s) */
	TALK_ID,    /* a file that the provider keeps */
	TALK_PLAIN, /* media.raw is the document's text itself */
};

struct talk_media {
	enum talk_source source;
	struct str type;      /* image/png, audio/wav, application/pdf; empty: not told */
	struct str raw;       /* by source */
	struct str name_raw;  /* file name or title */
	struct str detail;    /* images: low, high, auto, original */
	struct str about_raw; /* documents: what the caller says of it beside the title */
	enum talk_flag cites; /* documents: citations are wanted */
};

/* The proof that a provider wants back with its own thinking: a signature, or the thinking
 * itself, encrypted. It means nothing to anybody else. */
enum talk_seal_kind {
	TALK_UNSEALED,
	TALK_SIGNATURE, /* of the text; the text may be empty */
	TALK_REDACTED,  /* messages: redacted_thinking; there is no text */
	TALK_ENCRYPTED, /* responses: encrypted_content; the text is a summary */
};

struct talk_seal {
	enum talk_seal_kind kind;
	enum llm_dialect origin; /* who made it; LLM_WIRES: nobody knows */
	struct str raw;
	struct str id; /* responses: the item's own id */
};

enum talk_call_kind {
	TALK_FUNCTION, /* input is a JSON object */
	TALK_CUSTOM,   /* input is free text */
};

/* A citation or annotation of a text. */
struct talk_note {
	enum talk_note_kind {
		TALK_NOTE_URL,      /* url_raw, title_raw */
		TALK_NOTE_DOCUMENT, /* title_raw, document */
		TALK_NOTE_FOREIGN   /* json only */
	} kind;
	struct str url_raw, title_raw, quote_raw;
	int64_t start, end; /* characters of the text that it backs; -1: not told */
	int64_t document;   /* position among the request's documents; -1: not told */
	struct str json;    /* as its own dialect says it */
	enum llm_dialect origin;
};

#define TALK_NOTE_WORDS STR("annotations") /* what they are called where they are lost */

struct talk_part {
	enum talk_kind kind;
	uint32_t node;
	struct str text_raw;
	struct talk_media media;
	struct talk_seal seal; /* of thinking; gemini also seals texts and calls */
	struct talk_note *notes;
	int note_count;

	/* Calls and results. While reading and writing requests ids and names are the client's
	 * until the driver maps them to the target's; writers see only mapped ones. */
	enum talk_call_kind call;
	struct str id;
	struct str name;
	struct str space;      /* responses: the namespace; the driver joins it into `name` */
	struct str input_json; /* a call's input in one of two forms: the JSON itself, ... */
	struct str input_raw;  /* ... or the inside of a string that holds it (custom: free text) */
	bool is_error;
	struct talk_part *parts; /* of a result: text, image, file */
	int part_count;

	struct str json;         /* TALK_FOREIGN: the whole block or item */
	enum llm_dialect origin; /* of json */
	struct str cache_json;   /* cache_control; empty: no mark */
};

struct talk_turn {
	enum talk_role role;
	uint32_t node;
	struct str name_raw; /* of the speaker */
	struct talk_part *parts;
	int part_count;
};

enum talk_tool_kind {
	TALK_TOOL_FUNCTION,
	TALK_TOOL_CUSTOM, /* free text in, perhaps by a grammar */
	TALK_TOOL_SERVER, /* the provider runs it: web search, code, .. */
};

struct talk_tool {
	enum talk_tool_kind kind;
	uint32_t node;
	struct str name;
	struct str space; /* as in talk_part */
	struct str description_raw;
	struct str schema_json; /* of a function's input; empty: none given */
	enum talk_flag strict;
	bool is_deferred;  /* not shown to the model until it searches for it */
	struct str syntax; /* custom: of its grammar, lark or regex; empty: free text */
	struct str grammar_raw;
	struct str type;         /* server: "web_search" for any dialect's; or its own word */
	struct str json;         /* server: the whole definition */
	struct str domains_json; /* web search: the only ones that it may find; empty: all */
	enum llm_dialect origin; /* of json */
	struct str cache_json;
};

enum talk_choice_kind {
	TALK_CHOICE_UNSET,
	TALK_CHOICE_AUTO,
	TALK_CHOICE_NONE,
	TALK_CHOICE_REQUIRED,
	TALK_CHOICE_NAMED, /* names[0] */
};

struct talk_choice {
	enum talk_choice_kind kind;
	struct str *names; /* NAMED: one; else the only ones allowed, none: all of them */
	int name_count;
	bool has_unnamed; /* what has no name is allowed: a tool that the provider runs */
	enum talk_flag parallel;
};

enum talk_format_kind { TALK_FORMAT_UNSET, TALK_FORMAT_TEXT, TALK_FORMAT_JSON, TALK_FORMAT_SCHEMA };

struct talk_format {
	enum talk_format_kind kind;
	struct str name, description_raw, schema_json;
	enum talk_flag strict;
};

enum talk_effort {
	TALK_EFFORT_UNSET,
	TALK_EFFORT_NONE,
	TALK_EFFORT_MINIMAL,
	TALK_EFFORT_LOW,
	TALK_EFFORT_MEDIUM,
	TALK_EFFORT_HIGH,
	TALK_EFFORT_XHIGH,
	TALK_EFFORT_MAX,
	TALK_EFFORTS
};

struct talk_thinking {
	enum talk_effort effort;
	bool is_off;        /* messages: disabled */
	bool is_adaptive;   /* messages: adaptive; gemini: budget -1 */
	int64_t budget;     /* tokens; 0: none told */
	struct str summary; /* responses: auto, concise, detailed */
	struct str display; /* messages: summarized, omitted */
	bool wants_sealed;  /* responses: include reasoning.encrypted_content */
};

/* Numbers and objects that go over as they stand. */
struct talk_options {
	int64_t max_output; /* tokens; 0: not given */
	struct str temperature_json, top_p_json, top_k_json, seed_json;
	struct str frequency_penalty_json, presence_penalty_json, logit_bias_json;
	struct str *stops_raw;
	int stop_count;
	int64_t n; /* at least 1 */
	bool logprobs;
	int64_t top_logprobs; /* 0: none asked */
	struct str metadata_json, user_raw, safety_id_raw, cache_key_raw;
	struct str service_tier, verbosity;
	enum talk_flag store;
	bool stream;
	bool wants_usage; /* chat: stream_options.include_usage */
};

struct talk {
	struct talk_turn *turns; /* in the order of the conversation, system texts first */
	int turn_count;
	struct talk_tool *tools;
	int tool_count;
	struct talk_choice choice;
	struct talk_format format;
	struct talk_thinking thinking;
	struct talk_options options;
	struct feature_use use; /* what the request has: every reader marks what it meets */
};

/* ---- answers ---- */

enum talk_finish {
	TALK_FINISH_UNSET,
	TALK_FINISH_STOP,
	TALK_FINISH_STOP_SEQUENCE, /* finish_raw: which one; empty: not told */
	TALK_FINISH_LENGTH,
	TALK_FINISH_CALLS,
	TALK_FINISH_FILTER,   /* the provider's content filter */
	TALK_FINISH_REFUSAL,  /* the model's own */
	TALK_FINISH_PAUSE,    /* messages: a long turn of server tools, to be sent back as it is */
	TALK_FINISH_OVERFLOW, /* the context window is full */
	TALK_FINISHES
};

struct talk_head {
	struct str id;     /* the provider's, plain */
	struct str model;  /* the version that served, plain */
	int64_t created_s; /* Unix time; 0: not told */
	struct str service_tier;
};

/* A whole answer: its parts are those of an assistant's turn. */
struct talk_answer {
	struct talk_head head;
	struct talk_part *parts;
	int part_count;
	enum talk_finish finish;
	struct str finish_raw;
	struct str logprobs_json; /* of all texts, in chat's form: an array of tokens */
	struct llm_usage usage;
	bool has_usage;
};

/* ---- streams ----
 *
 *	HEAD  ( OPEN (DELTA | NOTE)* CLOSE )*  FINISH  END          with USAGE anywhere
 *
 * Parts follow one another and never overlap. ERROR may come instead of anything. A stream that
 * stops without END or ERROR is broken. flow.h keeps this order for readers. */
enum talk_event_type {
	TALK_HEAD,
	TALK_OPEN,  /* part: kind; calls with id, name, call; thinking with seal.id */
	TALK_DELTA, /* raw: more of what `delta` says */
	TALK_NOTE,  /* note: a citation of the open text */
	TALK_CLOSE, /* part: as opened, with the seal known by now; texts are not repeated */
	TALK_USAGE, /* usage so far, cumulative: the newest counts */
	TALK_FINISH,
	TALK_END,
	TALK_ERROR, /* the provider's own; what it says, wire/fault.h reads */
};

enum talk_delta {
	TALK_DELTA_TEXT,     /* of a text, a refusal, thinking, or an audio's transcript */
	TALK_DELTA_INPUT,    /* of a call: JSON in pieces, or a custom tool's free text */
	TALK_DELTA_MEDIA,    /* base64 of an image or audio */
	TALK_DELTA_LOGPROBS, /* tokens, in chat's form, without the array's brackets */
};

struct talk_event {
	enum talk_event_type type;
	enum talk_delta delta;
	struct str raw; /* DELTA; FINISH: the stop sequence */
	int number;     /* OPEN, DELTA, NOTE, CLOSE: which part, from 0 */
	enum talk_finish finish;
	const struct talk_part *part; /* OPEN, CLOSE; DELTA and NOTE have the open one too */
	const struct talk_note *note;
	const struct talk_head *head;
	struct llm_usage usage;
};

/* ---- making one ---- */

/* Lists that grow in an arena; both give a zeroed new last element. */
struct talk_turn *talk_add_turn(struct talk *, struct arena *, enum talk_role, uint32_t node);
struct talk_tool *talk_add_tool(struct talk *, struct arena *, enum talk_tool_kind, uint32_t node);
struct talk_part *talk_add_part(struct talk_turn *, struct arena *, enum talk_kind, uint32_t node);
/* The same for any list of parts (an answer's, a result's). */
struct talk_part *talk_grow_parts(struct talk_part **parts, int *count, struct arena *,
                                  enum talk_kind);
/* Can this client be told it? Places on the web anybody; the rest in its dialect's own words. */
bool talk_note_is_for(const struct talk_note *, enum llm_dialect client);
struct talk_note *talk_add_note(struct talk_part *, struct arena *);

const char *talk_effort_word(enum talk_effort);   /* "minimal"; "" for UNSET */
enum talk_effort talk_effort_of(struct str word); /* UNSET: not known */

#endif
