/* One translation: a client's request in one dialect, a target that speaks another, and the
 * answer on its way back. Everything that readers and writers need beside the words themselves.
 *
 *	job_init          facts filled in by the caller, who owns the struct
 *	...               translate.h
 *	translate_release
 *
 * The sentences of warnings end up in X-Flux-Warnings; refusals become 400
 * unsupported_content. Both begin with the JSON path. Pure. */
#ifndef WIRE_JOB_H
#define WIRE_JOB_H

#include "fail.h"
#include "wire/calls.h"
#include "wire/rename.h"
#include "wire/talk.h"

/* What a target does differently from its dialect's book; a set of bits. */
enum wire_habit {
	WIRE_OLD_MAX_TOKENS = 1 << 0,    /* chat: max_tokens, not max_completion_tokens */
	WIRE_NO_DEVELOPER = 1 << 1,      /* chat: the role is system */
	WIRE_NO_STREAM_OPTIONS = 1 << 2, /* chat: usage comes without asking */
	WIRE_SENDS_REASONING = 1 << 3,   /* chat: reasoning_content goes back with the turn */
	WIRE_NO_EFFORT = 1 << 4,         /* knows no effort word and no budget */
	WIRE_NINE_LETTER_IDS = 1 << 5,   /* Mistral: call ids are nine letters or digits */
	WIRE_NO_STRICT = 1 << 6,         /* chat: no `strict` in tools */
	WIRE_NO_SCHEMA = 1 << 7,         /* response_format json_object at most */
	WIRE_ADAPTIVE_THINKING = 1 << 8, /* messages: effort instead of a budget */
	WIRE_COUNTS_REST = 1 << 9,       /* chat: see usage_read_chat */
	WIRE_NO_PARALLEL = 1 << 10,      /* chat: no parallel_tool_calls */
	WIRE_NO_CUSTOM_TOOLS = 1 << 11,  /* custom tools go as functions of one text */
	WIRE_NO_CACHE_MARKS = 1 << 12,   /* messages: no cache_control */
	WIRE_NO_SAMPLING = 1 << 13,      /* temperature, top_p and the like are refused there */
	WIRE_NO_STORE = 1 << 14,         /* chat, responses: no `store` */
	/* chat: none of the words for OpenAI's own account: metadata, store, prompt_cache_key,
	 * service_tier, verbosity */
	WIRE_NO_NAMES = 1 << 15,
	WIRE_NO_JSON_OBJECT = 1 << 16,    /* response_format json_schema alone */
	WIRE_SWITCHES_THINKING = 1 << 17, /* chat: thinking {"type":"enabled"|"disabled"} */
	WIRE_ENABLES_THINKING = 1 << 18,  /* chat: enable_thinking, and no effort word */
	/* chat: reasoning_split parts thinking from the text; it goes back as reasoning_details */
	WIRE_SPLITS_REASONING = 1 << 19,
};

struct wire_target {
	enum llm_dialect dialect; /* LLM_GEMINI too */
	struct str model;         /* the provider's id */
	unsigned habits;          /* enum wire_habit bits */
	unsigned can;             /* enum llm_ability bits */
	int64_t max_output;       /* the model's own limit in tokens; 0: unknown */
	bool no_store;            /* ask it to keep nothing, where the dialect can say that */
	int64_t clamp_output;     /* replace the asked output limit by this; 0: leave */
	struct wire_calls calls;  /* that searches of the web may make */
	bool leaves_searches;     /* out, since nothing would limit them there */
	struct str body_version;  /* messages: as in struct wire_change */
};

struct wire_job {
	/* Set by the caller before job_init. */
	enum llm_dialect client;
	struct wire_target target;
	const struct json *doc; /* the client's request */
	struct arena *arena;    /* the request's: what stays until the answer is out */
	struct arena *scratch;  /* reset after every turn of the loop */
	struct json *events;    /* reused for every event of the provider */
	struct str request_id;  /* ours: ids that we make up derive from it */
	int64_t now_s;          /* Unix time, for answers that do not tell when they began */
	enum llm_compaction compaction;
	bool leaves_thinking; /* the target is not the one that made it */
	int64_t input_tokens; /* our own count of the request; 0: none */

	/* Brought up to date by the caller before it writes events or answers. */
	int64_t done_s;      /* Unix time when the answer was whole; 0: it is not */
	int64_t charge_nusd; /* so far, for cost_usd in usage; -1: leave out */

	/* Kept by the driver; readers and writers may look. */
	struct fail *fail;
	struct talk *talk; /* the request; names and ids of its calls are the target's */
	struct rename renames;
	struct str warnings; /* as far as there is room; see job_warnings; grows at its end */
	int warning_count;   /* that were asked for */
	int warnings_left_out;
	struct llm_usage usage; /* newest figures */
	bool has_usage;
	bool has_head;
	struct talk_head head;     /* as the provider told it, texts in the arena */
	struct talk_part *summary; /* of a compaction's stream, once it is open */
	struct flow *flow;         /* order of the stream that is read */
	void *reading, *writing;   /* the dialects' states of this stream; translate.h */
};

void job_init(struct wire_job *, struct fail *);
void job_release(struct wire_job *); /* translate_release calls it */

/* Names a loss that does no harm. `node` in job->doc; JSON_NONE: no path. At most
 * LIMIT_WARNINGS_BYTES are kept, "and N more" tells of the rest. ASCII only. */
void job_warn(struct wire_job *, uint32_t node, const char *format, ...) PRINTF_LIKE(3, 4);
/* "metadata.x: dropped, not known to chat" */
/* Of an answer: something of this kind has no place in the client's dialect. */
void job_lose(struct wire_job *, struct str kind);
/* Can the client be shown an image of an answer? */
bool job_shows_images(const struct wire_job *);
void job_drop(struct wire_job *, uint32_t node);
/* Refuses what cannot be left out: UNSUPPORTED_CONTENT at that path. Gives -1. */
int job_refuse(struct wire_job *, uint32_t node, const char *format, ...) PRINTF_LIKE(3, 4);

/* "path: what; path: what; and 3 more"; empty: none. */
struct str job_warnings(struct wire_job *);

bool job_has_habit(const struct wire_job *, enum wire_habit);

#endif
