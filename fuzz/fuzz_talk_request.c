/* Any document as a request of each dialect for a target of each: refused, or written as JSON. */
#include "wire/translate.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
static struct json_error error;

static void translate(struct wire_job *job, struct fail *f, struct json *said)
{
	struct buf out;

	buf_init(&out, 1 << 24);
	job_init(job, f);
	if (translate_request(job, &out) < 0)
		must(f->message.len > 0);
	else
		must(!fail_is_set(f) && json_read(said, buf_str(&out), &error) == 0);
	translate_release(job), buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct json doc, said;
	json_init(&doc), json_init(&said);
	for (int pair = 0; pair < LLM_DIALECTS * LLM_WIRES; pair++) {
		struct arena arena = {0};
		struct fail f = {.arena = &arena};
		struct wire_target to = {pair / LLM_DIALECTS, STR("m"), .habits = (unsigned)len};
		struct wire_job job = {pair % LLM_DIALECTS, to, &doc, &arena, &arena, .fail = &f};
		job.compaction = len % 3;
		struct llm_request r = {0};

		if (translate_is_possible(job.client, to.dialect) &&
		    json_read(&doc, (struct str){(const char *)bytes, len}, &error) == 0 &&
		    wire_dialect(job.client)->read_request(&doc, &arena, &r, &f) == 0)
			translate(&job, &f, &said);
		arena_release(&arena);
	}
	return json_release(&doc), json_release(&said), 0;
}
