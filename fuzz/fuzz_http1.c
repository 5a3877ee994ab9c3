/* Heads and bodies, requests and answers: the whole input in one piece and cut in two must be told
 * alike. The first byte chooses kind and cut. */
#include "../tests/unit/http1_run.h"

static struct str run(struct http1_run *r, struct str bytes, struct str method, size_t cut)
{
	http1_run_init(r, method);
	http1_run_feed(r, str_part(bytes, 0, cut));
	http1_run_feed(r, str_part(bytes, cut, SIZE_MAX));
	return http1_run_text(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct str methods[] = {STR_INIT(""), STR_INIT("GET"), STR_INIT("HEAD"),
	                                     STR_INIT("CONNECT")};
	struct str message = {(const char *)bytes + 1, len - 1};
	struct http1_run whole, pieces;

	if (len < 2)
		return 0;
	struct str method = methods[bytes[0] & 3], one = run(&whole, message, method, 0);

	must(str_eq(one, run(&pieces, message, method, message.len * (bytes[0] >> 2) / 64)));
	http1_run_release(&whole);
	http1_run_release(&pieces);
	return 0;
}
