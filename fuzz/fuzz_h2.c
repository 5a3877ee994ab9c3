/* An HTTP/2 connection, from the bytes behind its preface on: real sockets, a server that gives
 * every body back. Whatever comes, the connection ends and nothing of it is left. */
#pragma GCC diagnostic ignored "-Wunused-function"
#include "../tests/unit/front_server.h"

static void start(void)
{
	struct front_server server = {on_request, on_bad_head, NULL};
	struct arena arena;
	struct fail f;
	signal(SIGPIPE, SIG_IGN);
	arena_init(&arena);
	fail_init(&f, &arena);
	loop_init(&loop, 0);
	front = front_new(&loop, &server);
	must(front_listen(front, STR("127.0.0.1:0"), &f) == 0);
	front_set_manner(front, 0, &(struct front_manner){.speaks_http2 = true});
	dial_at(front_address(front, 0, &arena));
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct linger reset = {1, 0}; /* so that no port stays behind */

	if (front == NULL)
		start();
	int fd = dial();
	say(fd, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"));
	say(fd, (struct str){(const char *)bytes, len});
	for (int i = 0; i < 4; i++)
		uv_run(&loop.uv, UV_RUN_NOWAIT);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
	while (front_connections(front))
		uv_run(&loop.uv, UV_RUN_ONCE);
	must(open_requests == 0 && told_twice == 0 && front_body_memory_used() == 0);
	return 0;
}
