/* The router's regression suite: the .jsonl files of tests/routing hold chat-completions bodies as
 * agents and applications send them, each with the tier that an experienced engineer would choose
 * and why. A share of either half must come out as labelled, below which nothing may fall. The
 * tuning half may be looked at when weights are set; the test half may not.
 *
 * ROUTING_SHOW=1 prints every disagreement. */
#include "base/arena.h"
#include "base/buf.h"
#include "route/score.h"

#include "check.h"

#include <jansson.h>

static struct arena arena;

static struct str str_of_json(json_t *value)
{
	return json_is_string(value)
	           ? (struct str){json_string_value(value), json_string_length(value)}
	           : (struct str){"", 0};
}

static enum score_role role_of(json_t *message)
{
	struct str role = str_of_json(json_object_get(message, "role"));

	if (str_eq(role, STR("system")) || str_eq(role, STR("developer")))
		return SCORE_SYSTEM;
	if (str_eq(role, STR("assistant")))
		return SCORE_ASSISTANT;
	return str_eq(role, STR("tool")) ? SCORE_TOOL_RESULT : SCORE_USER;
}

static void read_content(json_t *content, struct score_turn *turn, struct score_request *request)
{
	size_t count = json_is_array(content) ? json_array_size(content) : 1;
	struct str *parts = ARENA_ARRAY(&arena, struct str, count + 1);

	turn->parts = parts;
	if (json_is_string(content))
		parts[turn->part_count++] = str_of_json(content);
	for (size_t i = 0; i < json_array_size(content); i++) {
		json_t *part = json_array_get(content, i);
		if (json_object_get(part, "text"))
			parts[turn->part_count++] = str_of_json(json_object_get(part, "text"));
		request->image_count += json_object_get(part, "image_url") != NULL;
	}
}

static void read_calls(json_t *calls, struct score_turn *turn)
{
	for (size_t i = 0; i < json_array_size(calls); i++) {
		json_t *function = json_object_get(json_array_get(calls, i), "function");
		char *text = json_dumps(function, JSON_COMPACT | JSON_SORT_KEYS);
		turn->tool_calls++;
		for (const char *c = text; c && *c; c++)
			turn->calls_hash = (turn->calls_hash ^ (uint8_t)*c) * 1099511628211u;
		free(text);
	}
}

static void read_turns(json_t *messages, struct score_request *request)
{
	struct score_turn *turns =
	    ARENA_ARRAY(&arena, struct score_turn, json_array_size(messages) + 1);

	for (size_t i = 0; i < json_array_size(messages); i++) {
		json_t *message = json_array_get(messages, i);
		turns[i].role = role_of(message);
		read_content(json_object_get(message, "content"), &turns[i], request);
		read_calls(json_object_get(message, "tool_calls"), &turns[i]);
	}
	request->turns = turns;
	request->turn_count = json_array_size(messages);
}

static size_t bytes_of(json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
	size_t bytes = text ? strlen(text) : 0;

	free(text);
	return bytes;
}

static enum score_effort effort_of(struct str name)
{
	static const struct {
		struct str name;
		enum score_effort effort;
	} efforts[] = {
	    {STR_INIT("none"), SCORE_EFFORT_NONE}, {STR_INIT("minimal"), SCORE_EFFORT_NONE},
	    {STR_INIT("low"), SCORE_EFFORT_LOW},   {STR_INIT("medium"), SCORE_EFFORT_MEDIUM},
	    {STR_INIT("high"), SCORE_EFFORT_HIGH}, {STR_INIT("xhigh"), SCORE_EFFORT_XHIGH}};

	for (size_t i = 0; i < sizeof(efforts) / sizeof(efforts[0]); i++)
		if (str_eq(name, efforts[i].name))
			return efforts[i].effort;
	return SCORE_EFFORT_UNSET;
}

static void read_tools(json_t *tools, struct score_request *request)
{
	struct str *names = ARENA_ARRAY(&arena, struct str, json_array_size(tools) + 1);

	for (size_t i = 0; i < json_array_size(tools); i++)
		names[i] = str_of_json(
		    json_object_get(json_object_get(json_array_get(tools, i), "function"), "name"));
	request->tool_names = names;
	request->tool_count = json_array_size(tools);
	request->tool_schema_bytes = bytes_of(tools);
}

static void read_body(json_t *body, struct score_request *request)
{
	json_t *format = json_object_get(body, "response_format");

	memset(request, 0, sizeof(*request));
	read_turns(json_object_get(body, "messages"), request);
	read_tools(json_object_get(body, "tools"), request);
	request->answer_schema_bytes = bytes_of(json_object_get(format, "json_schema"));
	request->effort = effort_of(str_of_json(json_object_get(body, "reasoning_effort")));
	request->thinking_tokens =
	    json_integer_value(json_object_get(json_object_get(body, "thinking"), "budget_tokens"));
	request->max_output_tokens = json_integer_value(json_object_get(body, "max_tokens"));
	request->answer_count = json_integer_value(json_object_get(body, "n"));
	request->stop_count = json_array_size(json_object_get(body, "stop"));
	request->has_logprobs = json_is_true(json_object_get(body, "logprobs"));
	request->has_tool_choice = json_is_object(json_object_get(body, "tool_choice"));
}

static void show(json_t *row, const struct score_result *result)
{
	struct buf line;
	struct str ask = {"", 0};
	json_t *messages = json_object_get(json_object_get(row, "body"), "messages");

	for (size_t i = 0; i < json_array_size(messages); i++)
		if (role_of(json_array_get(messages, i)) == SCORE_USER)
			ask = str_of_json(json_object_get(json_array_get(messages, i), "content"));
	buf_init(&line, 4096);
	score_put_line(&line, result);
	printf("%s wants %s (%s), got %.*s\n    %.*s\n",
	       json_string_value(json_object_get(row, "id")),
	       json_string_value(json_object_get(row, "tier")),
	       json_string_value(json_object_get(row, "why")), STR_ARG(buf_str(&line)),
	       STR_ARG(str_part(ask, 0, 100)));
	buf_release(&line);
}

static void run_half(const char *path, int percent)
{
	FILE *file = fopen(path, "r");
	json_t *row;
	int rows = 0, right = 0;

	if (!CHECK(file != NULL))
		return;
	while ((row = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL))) {
		struct score_request request;
		struct score_result result;
		bool agrees;

		read_body(json_object_get(row, "body"), &request);
		score_decide(&request, NULL, &result);
		agrees = strcmp(score_tier_name(result.tier),
		                json_string_value(json_object_get(row, "tier"))) == 0;
		rows++;
		right += agrees;
		if (!agrees && getenv("ROUTING_SHOW"))
			show(row, &result);
		json_decref(row);
		arena_reset(&arena);
	}
	fclose(file);
	printf("%s: %d of %d as labelled\n", path, right, rows);
	CHECK(rows >= 200);
	CHECK(right * 100 >= rows * percent);
}

int main(void)
{
	arena_init(&arena);
	run_half("tests/routing/tuning.jsonl", 96);
	run_half("tests/routing/test.jsonl", 94);
	arena_release(&arena);
	return check_report("routing");
}
