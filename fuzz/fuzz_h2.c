/* An HTTP/2 connection, from the bytes behind its preface on: real sockets, a server that gives
 * every body back. Whatever comes, the connection ends and nothing of it is left. Unix sockets
 * connect without waiting: what waits is interrupted by libFuzzer's alarm, every few seconds. */
#pragma GCC diagnostic ignored "-Wunused-function"
#include "../tests/unit/front_server.h"

static void start(void)
{
	struct front_server server = {on_request, on_bad_head, NULL};
	static struct arena arena;
	struct fail f;

	signal(SIGPIPE, SIG_IGN);
	arena_init(&arena);
	fail_init(&f, &arena);
	loop_init(&loop, 0);
	front = front_new(&loop, &server);
	struct str path = arena_printf(&arena, "unix:/tmp/fluxrouter-fuzz-h2.%d", (int)getpid());
	must(front_listen(front, path, &f) == 0);
	front_set_manner(front, 0, &(struct front_manner){.speaks_http2 = true});
	dial_at(arena_printf(&arena, "unix:/proc/self/fd/%d", open(path.ptr + 5, O_PATH)));
	unlink(path.ptr + 5); /* a crash leaves no file */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (front == NULL)
		start();
	int fd = dial();
	say(fd, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"));
	say(fd, (struct str){(const char *)bytes, len});
	for (int i = 0; i < 4; i++)
		uv_run(&loop.uv, UV_RUN_NOWAIT);
	close(fd);
	while (front_connections(front))
		uv_run(&loop.uv, UV_RUN_ONCE);
	must(open_requests == 0 && told_twice == 0 && front_body_memory_used() == 0);
	return 0;
}
