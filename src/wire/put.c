/* What writers share. Two forms of a call's input meet here: text that holds JSON (chat,
 * responses) and JSON itself (messages, gemini).
 *
 * Effort and budgets: providers name no figures for their words, and no words for figures. The
 * steps below are those that the vendors' own compatibility layers are seen to use, rounded to
 * powers of two, so that a word that went through a budget comes back as the same word.
 *
 * Called by the dialects' writers, the flow and the driver. Must never decode text that it can
 * pass on. */
#include "wire/put.h"

/* ---- members ---- */

void put_raw_if(struct json_writer *w, struct str key, struct str raw)
{
	if (raw.len == 0)
		return;
	json_put_key(w, key);
	json_put_inside(w, raw);
}

void put_json_if(struct json_writer *w, struct str key, struct str json)
{
	if (json.len)
		json_key_raw(w, key, json);
}

void put_text_if(struct json_writer *w, struct str key, struct str text)
{
	if (text.len)
		json_key_text(w, key, text);
}

void put_flag_if(struct json_writer *w, struct str key, enum talk_flag flag)
{
	if (flag != TALK_UNSET)
		json_key_bool(w, key, flag == TALK_YES);
}

void put_cost(struct json_writer *w, const struct wire_job *job)
{
	if (job->charge_nusd < 0)
		return;
	json_key_nusd(w, STR("cost_usd"), job->charge_nusd);
	json_key_text(w, STR("currency"), STR("USD"));
}

void put_event_begin(struct buf *out, struct str name)
{
	if (name.len) {
		buf_put(out, STR("event: "));
		buf_put(out, name);
		buf_put_byte(out, '\n');
	}
	buf_put(out, STR("data: "));
}

void put_event_end(struct buf *out)
{
	buf_put(out, STR("\n\n"));
}

/* ---- texts ---- */

struct str put_escaped(struct str plain, struct arena *arena)
{
	struct buf out;
	struct str copy;

	buf_init(&out, 6 * plain.len + 1);
	json_put_escaped(&out, plain);
	copy = str_eq(buf_str(&out), plain) ? plain : arena_copy(arena, buf_str(&out));
	buf_release(&out);
	return copy;
}

struct str put_joined_text(const struct talk_part *parts, int count, struct arena *arena)
{
	struct str *pieces = ARENA_ARRAY(arena, struct str, 2 * (size_t)count + 1);
	int n = 0;

	for (int i = 0; i < count; i++) {
		if (parts[i].kind != TALK_TEXT)
			continue;
		if (n)
			pieces[n++] = STR("\\n");
		pieces[n++] = parts[i].text_raw;
	}
	return n == 1 ? pieces[0] : arena_join(arena, pieces, n);
}

bool put_read_data_url(struct str url, struct arena *arena, struct str *out_type,
                       struct str *out_data)
{
	size_t comma = str_find_byte(str_part(url, 0, 256), ',');
	struct str head = str_part(url, 0, comma);

	if (!str_starts_with(head, STR("data:")) || !str_ends_with(head, STR(";base64")))
		return false;
	head = str_part(head, 5, head.len - 5 - 7);
	*out_type = json_plain(str_part(head, 0, str_find_byte(head, ';')), arena);
	*out_data = str_part(url, comma + 1, url.len);
	return true;
}

/* ---- inputs of calls ---- */

struct str put_input_raw(const struct talk_part *call, struct arena *arena)
{
	if (call->input_raw.len)
		return call->input_raw;
	return call->input_json.len ? put_escaped(call->input_json, arena) : STR("{}");
}

static bool is_object(struct str plain)
{
	struct json_error error;
	struct json doc;
	bool is;

	json_init(&doc);
	is = json_read(&doc, plain, &error) == 0 && json_type(&doc, json_root(&doc)) == JSON_OBJECT;
	json_release(&doc);
	return is;
}

struct str put_input_json(struct wire_job *job, const struct talk_part *call)
{
	struct str plain = str_trim(json_plain(call->input_raw, job->arena));

	if (call->input_json.len)
		return call->input_json;
	if (plain.len == 0)
		return STR("{}");
	if (is_object(plain))
		return plain;
	job_warn(job, call->node, "the call's arguments are no JSON object; sent as its `input`");
	return ARENA_JOIN(job->arena, STR("{\"input\":\""), call->input_raw, STR("\"}"));
}

struct str put_unwrapped(struct str input_raw, struct arena *arena)
{
	struct str plain = json_plain(input_raw, arena), text = input_raw;
	struct json_error error;
	struct json doc;
	uint32_t input;

	json_init(&doc);
	if (json_read(&doc, plain, &error) == 0) {
		input = json_get(&doc, json_root(&doc), STR("input"));
		text = json_raw(&doc, input);
		text = json_type(&doc, input) == JSON_STRING ? str_part(text, 1, text.len - 2)
		                                             : input_raw;
	}
	json_release(&doc);
	return arena_copy(arena, text);
}

/* ---- tables ---- */

enum talk_finish put_finish(enum talk_finish finish, bool has_calls)
{
	return finish == TALK_FINISH_STOP && has_calls ? TALK_FINISH_CALLS : finish;
}

static const int64_t budgets[TALK_EFFORTS] = {
    [TALK_EFFORT_MINIMAL] = 1024, [TALK_EFFORT_LOW] = 2048,    [TALK_EFFORT_MEDIUM] = 8192,
    [TALK_EFFORT_HIGH] = 16384,   [TALK_EFFORT_XHIGH] = 32768, [TALK_EFFORT_MAX] = 65536,
};

int64_t put_budget_of_effort(enum talk_effort effort, int64_t max_output)
{
	int64_t budget = budgets[effort];

	return max_output > 0 && budget >= max_output ? max_output - 1 : budget;
}

enum talk_effort put_effort_of_budget(int64_t budget)
{
	if (budget <= 0)
		return TALK_EFFORT_UNSET;
	for (int e = TALK_EFFORT_LOW; e < TALK_EFFORT_HIGH; e++)
		if (budget <= budgets[e])
			return (enum talk_effort)e;
	return TALK_EFFORT_HIGH;
}

enum talk_effort put_effort(const struct talk_thinking *t)
{
	if (t->effort != TALK_EFFORT_UNSET)
		return t->effort;
	if (t->is_off)
		return TALK_EFFORT_NONE;
	return t->budget > 0 ? put_effort_of_budget(t->budget) : TALK_EFFORT_UNSET;
}
