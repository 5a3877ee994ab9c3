/* Any document as a provider's whole answer in each dialect, for a client of each: not one, or
 * written as JSON. */
#include "talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void hear(struct wire_job *job, struct str body, struct buf *out)
{
	struct talk_answer answer;
	struct json_error error;
	struct json doc, said;

	json_init(&doc), json_init(&said);
	doc.allows_duplicates = said.allows_duplicates = true;
	if (json_read(&doc, body, &error) == 0 && translate_answer(job, &doc, &answer) == 0) {
		translate_write_answer(job, &answer, out);
		must(json_read(&said, buf_str(out), &error) == 0);
	}
	json_release(&doc), json_release(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	talk_run(hear, (struct str){(const char *)bytes, len});
	return 0;
}
