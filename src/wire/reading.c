/* What the readers of requests share. Called by the dialects' read_talk. Must never copy what it
 * can point at. */
#include "wire/reading.h"

#include "wire/field.h"

int reading_wrong(const struct reading *r, uint32_t node, const char *wanted)
{
	struct str path = json_path(r->doc, node, r->job->arena);
	enum json_type type = json_type(r->doc, node);
	struct str said = type >= JSON_ARRAY ? str_of(json_type_name(type))
	                                     : str_part(json_raw(r->doc, node), 0, 60);

	return fail_at(r->job->fail, FAIL_INVALID_VALUE, path, "%.*s is %.*s; it must be %s",
	               STR_ARG(path), STR_ARG(said), wanted);
}

int reading_members(struct reading *r, uint32_t object, const struct reading_member *rows,
                    size_t count)
{
	if (object == JSON_NONE || json_is_null(r->doc, object))
		return 0;
	if (json_type(r->doc, object) != JSON_OBJECT)
		return reading_wrong(r, object, "an object");
	JSON_EACH(r->doc, object, key)
	{
		uint32_t value = json_value(key);
		size_t i = 0;

		if (json_is_null(r->doc, value))
			continue;
		while (i < count && !json_text_is(r->doc, key, rows[i].key))
			i++;
		if (i == count)
			job_drop(r->job, value);
		else if (rows[i].read && rows[i].read(r, value) < 0)
			return -1;
	}
	return 0;
}

int reading_list(const struct reading *r, uint32_t node)
{
	if (node == JSON_NONE || json_is_null(r->doc, node) ||
	    json_type(r->doc, node) == JSON_ARRAY)
		return 0;
	return reading_wrong(r, node, "an array");
}

void reading_mark(struct reading *r, enum feature f, uint32_t node)
{
	feature_mark(&r->talk->use, f, node);
}

void reading_mark_role(struct reading *r, enum talk_role role, uint32_t node)
{
	bool is_system = role == TALK_SYSTEM || role == TALK_DEVELOPER;

	if (role == TALK_DEVELOPER)
		reading_mark(r, FEATURE_DEVELOPER, node);
	if (is_system && r->has_spoken)
		reading_mark(r, FEATURE_LATE_SYSTEM, node);
	r->has_spoken |= !is_system;
}

struct str reading_plain(const struct reading *r, uint32_t object, struct str key)
{
	return json_text(r->doc, json_get(r->doc, object, key), r->job->arena);
}

struct str reading_inside(const struct reading *r, uint32_t object, struct str key)
{
	return field_raw_text(r->doc, json_get(r->doc, object, key));
}

struct str reading_value(const struct reading *r, uint32_t object, struct str key)
{
	uint32_t node = json_get(r->doc, object, key);

	return node == JSON_NONE || json_is_null(r->doc, node) ? STR("") : json_raw(r->doc, node);
}

int reading_input(const struct reading *r, uint32_t object, struct str key, struct str *out_raw)
{
	uint32_t node = json_get(r->doc, object, key);

	*out_raw = field_raw_text(r->doc, node);
	if (node == JSON_NONE || json_is_null(r->doc, node) ||
	    json_type(r->doc, node) == JSON_STRING)
		return 0;
	return reading_wrong(r, node, "a string");
}

enum talk_flag reading_flag(const struct reading *r, uint32_t node)
{
	bool value;

	if (json_bool(r->doc, node, &value) < 0)
		return TALK_UNSET;
	return value ? TALK_YES : TALK_NO;
}

int reading_number(struct reading *r, uint32_t node, enum feature f, struct str *out_json)
{
	if (json_type(r->doc, node) != JSON_NUMBER)
		return reading_wrong(r, node, "a number");
	*out_json = json_raw(r->doc, node);
	reading_mark(r, f, node);
	return 0;
}

struct talk_part *reading_part(struct reading *r, enum talk_kind kind, uint32_t node)
{
	struct talk_part *part = talk_add_part(r->turn, r->job->arena, kind, node);

	part->cache_json = reading_value(r, node, STR("cache_control"));
	if (part->cache_json.len)
		reading_mark(r, FEATURE_CACHE_MARK, node);
	return part;
}

struct talk_part *reading_add(struct reading *r, struct reading_place *to, enum talk_kind kind,
                              uint32_t node)
{
	struct arena *arena = r->job->arena;
	struct talk_part *part =
	    to->result ? talk_grow_parts(&to->result->parts, &to->result->part_count, arena, kind)
	               : talk_add_part(to->turn, arena, kind, node);

	part->node = node;
	part->cache_json = reading_value(r, node, STR("cache_control"));
	if (part->cache_json.len)
		reading_mark(r, FEATURE_CACHE_MARK, node);
	return part;
}

int reading_stream(struct reading *r, uint32_t value)
{
	r->talk->options.stream = json_type(r->doc, value) == JSON_TRUE;
	return 0;
}

int reading_temperature(struct reading *r, uint32_t value)
{
	return reading_number(r, value, FEATURE_TEMPERATURE, &r->talk->options.temperature_json);
}

int reading_top_p(struct reading *r, uint32_t value)
{
	return reading_number(r, value, FEATURE_TOP_P, &r->talk->options.top_p_json);
}

int reading_stops(struct reading *r, uint32_t value)
{
	struct talk_options *o = &r->talk->options;
	bool is_one = json_type(r->doc, value) == JSON_STRING;
	uint32_t count = is_one ? 1 : json_count(r->doc, value);

	if (!is_one && reading_list(r, value) < 0)
		return -1;
	if (count == 0)
		return 0;
	reading_mark(r, FEATURE_STOP, value);
	o->stops_raw = ARENA_ARRAY(r->job->arena, struct str, count);
	if (is_one)
		o->stops_raw[o->stop_count++] = field_raw_text(r->doc, value);
	JSON_EACH(r->doc, is_one ? JSON_NONE : value, item)
	{
		if (json_type(r->doc, item) != JSON_STRING)
			return reading_wrong(r, item, "a string");
		o->stops_raw[o->stop_count++] = field_raw_text(r->doc, item);
	}
	return 0;
}

int reading_max_output(struct reading *r, uint32_t value)
{
	if (json_i64(r->doc, value, 0, INT32_MAX, &r->talk->options.max_output) == 0)
		reading_mark(r, FEATURE_MAX_OUTPUT, value);
	return 0;
}

int reading_calls(struct reading *r, uint32_t value)
{
	if (!r->job->target.calls.is_set)
		job_drop(r->job, value);
	return 0;
}

int reading_effort(struct reading *r, uint32_t value)
{
	enum talk_effort effort = talk_effort_of(json_text(r->doc, value, r->job->arena));

	if (effort == TALK_EFFORT_UNSET)
		return reading_wrong(r, value, "none, minimal, low, medium, high, xhigh or max");
	r->talk->thinking.effort = effort;
	reading_mark(r, FEATURE_EFFORT, value);
	return 0;
}

int reading_service_tier(struct reading *r, uint32_t value)
{
	r->talk->options.service_tier = json_text(r->doc, value, r->job->arena);
	if (!str_eq(r->talk->options.service_tier, STR("auto")))
		reading_mark(r, FEATURE_SERVICE_TIER, value);
	return 0;
}

int reading_domains(struct reading *r, uint32_t value)
{
	if (json_count(r->doc, value) == 0)
		return 0;
	if (r->job->target.dialect == LLM_GEMINI)
		return job_refuse(r->job, value, "a search there finds whatever there is");
	r->talk->tools[r->talk->tool_count - 1].domains_json = json_raw(r->doc, value);
	return 0;
}
