/* Chooses the built-in answer by path. Called by peer.c for the act `builtin` and where no rule
 * fits; must never read the script. */
#include "reply.h"

struct reply_row {
	const char *target; /* glob */
	void (*whole)(struct reply *, const struct asked *);
	void (*stream)(struct reply *, const struct asked *);
};

static void add(struct reply *r, struct act act)
{
	acts_add(&r->acts, act);
}

void reply_event(struct reply *r, const char *name, struct str payload)
{
	enum act_kind kind = name[0] ? ACT_EVENT : ACT_DATA;

	add(r, (struct act){.kind = kind, .word = str_of(name), .text = payload});
}

void reply_json(struct reply *r, struct str json)
{
	add(r, (struct act){.kind = ACT_JSON, .text = json});
}

static void models_whole(struct reply *r, const struct asked *a)
{
	(void)a;
	reply_json(r,
	           STR("{\"object\":\"list\",\"data\":[{\"id\":\"scripted-1\",\"object\":\"model\","
	               "\"created\":1700000000,\"owned_by\":\"fluxprovider\"}]}"));
}

static const struct reply_row rows[] = {
    {"*/chat/completions*", chat_whole, chat_stream},
    {"*/responses*", responses_whole, responses_stream},
    {"*/messages*", messages_whole, messages_stream},
    {"*:generateContent*", gemini_whole, gemini_whole},
    {"*:streamGenerateContent*", gemini_stream, gemini_stream},
    {"*/models*", models_whole, models_whole},
};

static void not_found(struct reply *r)
{
	add(r, (struct act){.kind = ACT_STATUS, .number = 404, .text = STR("Not Found")});
	reply_json(r, STR("{\"error\":{\"message\":\"nothing is served here\","
	                  "\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}"));
}

static void add_head(struct reply *r, const char *request_id)
{
	add(r, (struct act){.kind = ACT_STATUS, .number = 200, .text = STR("OK")});
	add(r, (struct act){.kind = ACT_HEADER, .text = str_of(request_id)});
}

void reply_build(struct reply *r, const struct heard *h, const struct wish *w)
{
	struct asked asked;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!str_matches_glob(h->target, str_of(rows[i].target)))
			continue;
		asked_read(&asked, h, w, r->arena);
		add_head(r, "x-request-id: req_scripted");
		if (asked.wants_stream)
			add(r, (struct act){.kind = ACT_SSE});
		(asked.wants_stream ? rows[i].stream : rows[i].whole)(r, &asked);
		return;
	}
	not_found(r);
}
