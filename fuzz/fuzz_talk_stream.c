/* Any bytes as a provider's stream of each dialect, for a client of each: neutral events in their
 * order, and whole events of JSON for the client. */
#include "talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void hear(struct wire_job *job, struct str stream, struct buf *out)
{
	struct talk_order order = {0};
	struct sse sse = {0};
	struct sse_event e;

	while (sse_next(&sse, stream, job->scratch, &e) == SSE_EVENT) {
		struct talk_events events;

		stream = str_part(stream, e.raw.len, stream.len);
		if (translate_read(job, &e, &events) < 0)
			break;
		for (int i = 0; i < events.count; i++) {
			order_check(&order, &events.list[i]);
			translate_write(job, &events.list[i], out);
		}
	}
	order_check_said(buf_str(out), job->arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	talk_run(hear, (struct str){(const char *)bytes, len});
	return 0;
}
