/* Events of providers by their member `type`. Called by read_event of messages and responses; the
 * texts also by gemini's, whose events have no type. */
#include "wire/hearing.h"

#include "wire/field.h"

struct str hearing_raw(const struct json *doc, uint32_t object, const char *key)
{
	return field_raw_text(doc, json_get(doc, object, str_of(key)));
}

struct str hearing_text(const struct wire_job *job, const struct json *doc, uint32_t object,
                        const char *key)
{
	return json_text(doc, json_get(doc, object, str_of(key)), job->arena);
}

struct str hearing_value(const struct json *doc, uint32_t object, const char *key)
{
	uint32_t node = json_get(doc, object, str_of(key));

	return node == JSON_NONE || json_is_null(doc, node) ? STR("") : json_raw(doc, node);
}

void hearing_error(struct wire_job *job, uint32_t root, struct flow *flow)
{
	(void)job;
	(void)root;
	flow_error(flow);
}

int hearing_event(struct wire_job *job, const struct sse_event *e, struct flow *flow,
                  const struct hearing_row *rows, size_t count)
{
	struct json *doc = job->events;
	struct json_error error;
	uint32_t type;

	if (json_read(doc, e->data, &error) < 0)
		return -1;
	type = json_get(doc, json_root(doc), STR("type"));
	for (size_t i = 0; i < count; i++)
		if (json_text_is(doc, type, rows[i].type)) {
			rows[i].hear(job, json_root(doc), flow);
			return 0;
		}
	return json_type(doc, type) == JSON_STRING ? 0 : -1;
}
