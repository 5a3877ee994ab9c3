/* URLs and host:port pairs: any bytes, and what is read lies inside them. */
#include "base/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must_lie_inside(struct str part, struct str whole)
{
	must(part.len == 0 ||
	     (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	struct str host;
	struct url u;
	int port;

	if (url_read(text, &u) == NULL) {
		must_lie_inside(u.host, text);
		must_lie_inside(u.path, text);
		must_lie_inside(u.user, text);
		must_lie_inside(u.password, text);
		must(u.host.len > 0 && u.port >= 0 && u.port <= 65535);
	}
	if (url_read_host_port(text, &host, &port) == NULL)
		must_lie_inside(host, text);
	return 0;
}
