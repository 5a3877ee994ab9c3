/* The simulator, asked over its socket: each dialect whole and as a stream, read back by the
 * gateway's own readers, so that what the demo says can be metered and priced. */
#include "demo/demo.h"

#include "base/json_read.h"
#include "check.h"
#include "front/http1.h"
#include "wire/wire.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int port;
static struct arena arena;
static struct buf heard;

static int dial(int to_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to_port)};
	struct timeval wait = {10, 0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	close(fd);
	return -1;
}

static struct str hear_all(int fd)
{
	ssize_t n;

	buf_clear(&heard);
	do {
		char *room = buf_room(&heard, 65536);

		n = recv(fd, room, 65536, 0);
		if (n > 0)
			buf_grew(&heard, (size_t)n);
	} while (n > 0);
	close(fd);
	return buf_str(&heard);
}

/* Behind the head; decoded, if it came in chunks. */
static struct str body_of(struct str answer)
{
	size_t end = str_find(answer, STR("\r\n\r\n"));
	struct http_head head;
	struct http1_body body;
	struct fail f;
	size_t len, taken;

	fail_init(&f, &arena);
	must(http1_read_answer(str_part(answer, 0, end + 4), STR("POST"), &arena, &head, &f) == 0);
	answer = arena_copy(&arena, str_part(answer, end + 4, SIZE_MAX));
	http1_body_init(&body, &head);
	CHECK(http1_body_feed(&body, (char *)(uintptr_t)answer.ptr, answer.len, &len, &taken) ==
	      HTTP1_END);
	return str_part(answer, 0, len);
}

static struct str ask(const char *method, const char *path, const char *body, int *out_status)
{
	int fd = dial(port);
	struct str answer;
	int64_t status = 0;
	char head[512];
	int len;

	must(fd >= 0);
	len = snprintf(head, sizeof head,
	               "%s %s HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n"
	               "Content-Length: %zu\r\n\r\n",
	               method, path, strlen(body));
	must(send(fd, head, (size_t)len, 0) == len);
	must(send(fd, body, strlen(body), 0) == (ssize_t)strlen(body));
	answer = hear_all(fd);
	must(str_to_i64(str_part(answer, 9, 3), 100, 599, &status) == 0);
	*out_status = (int)status;
	return body_of(answer);
}

struct said {
	struct wire_meter meter;
	struct str names; /* of a stream's events, in order, runs of one name told once */
	int kinds[WIRE_ERROR + 1];
};

static void meter_whole(enum llm_dialect d, struct str body, struct said *out)
{
	struct wire_noting n = {.meter = &out->meter, .arena = &arena};
	struct json_error error;
	struct str usage;
	struct json doc;

	json_init(&doc);
	n.scratch = &doc;
	CHECK(json_read(&doc, body, &error) == 0);
	CHECK(wire_dialect(d)->read_answer(&doc, &n, &usage) == 0);
	json_release(&doc);
}

static void name_event(struct said *s, struct str name)
{
	if (str_ends_with(s->names, name))
		return;
	s->names = arena_printf(&arena, "%.*s%s%.*s", STR_ARG(s->names), s->names.len ? " " : "",
	                        STR_ARG(name));
}

static void meter_stream(enum llm_dialect d, struct str body, struct said *out)
{
	struct wire_noting n = {.meter = &out->meter, .arena = &arena};
	struct sse_event e;
	struct sse sse = {0};
	struct json doc;

	json_init(&doc);
	n.scratch = &doc;
	out->names = STR("");
	while (sse_next(&sse, body, &arena, &e) == SSE_EVENT) {
		struct wire_note note;

		body = str_part(body, e.raw.len, SIZE_MAX);
		wire_dialect(d)->note_event(&n, &e, &note);
		out->kinds[note.kind]++;
		name_event(out, e.name);
	}
	CHECK(body.len == 0);
	json_release(&doc);
}

static const struct row {
	enum llm_dialect dialect;
	const char *path;
	const char *request;  /* two holes: stream, limit */
	const char *names;    /* of the stream's events */
	const char *cut_word; /* how it says that the limit was reached */
} rows[] = {
    {LLM_CHAT, "/v1/chat/completions",
     "{\"model\":\"demo-fast\",\"stream\":%s,\"max_completion_tokens\":%d,"
     "\"stream_options\":{\"include_usage\":true},"
     "\"messages\":[{\"role\":\"user\",\"content\":\"Say \\\"h\\u00e9\\\"\\nplease\"}]}",
     "", "\"finish_reason\":\"length\""},
    {LLM_RESPONSES, "/x/responses",
     "{\"model\":\"demo-fast\",\"stream\":%s,\"max_output_tokens\":%d,"
     "\"input\":\"Say \\\"h\\u00e9\\\"\\nplease\","
     "\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}",
     "response.created response.in_progress response.output_item.added"
     " response.content_part.added response.output_text.delta response.output_text.done"
     " response.content_part.done response.output_item.done response.completed",
     "\"status\":\"incomplete\""},
    {LLM_MESSAGES, "/v1/messages",
     "{\"model\":\"demo-fast\",\"stream\":%s,\"max_tokens\":%d,"
     "\"messages\":[{\"role\":\"user\",\"content\":\"Say \\\"h\\u00e9\\\"\\nplease\"}]}",
     "message_start content_block_start ping content_block_delta content_block_stop"
     " message_delta message_stop",
     "\"stop_reason\":\"max_tokens\""},
};

static struct str ask_row(const struct row *row, bool stream, int limit)
{
	char request[1024];
	int status;
	struct str body;

	snprintf(request, sizeof request, row->request, stream ? "true" : "false", limit);
	body = ask("POST", row->path, request, &status);
	CHECK(status == 200);
	CHECK(str_find(body, STR("[FluxRouter")) < body.len);
	return body;
}

static bool has(struct str text, const char *part)
{
	return str_find(text, str_of(part)) < text.len;
}

static void test_whole(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct said said = {0};
		struct str body = ask_row(&rows[i], false, 1000);

		CHECK(has(body,
		          "To \\\"demo-fast\\\" you said: \\\"Say \\\"h\xc3\xa9\\\" please\\\""));
		CHECK(!has(body, rows[i].cut_word));
		meter_whole(rows[i].dialect, body, &said);
		CHECK(said.meter.has_usage && said.meter.usage.input > 5);
		CHECK(said.meter.usage.output > 20 && said.meter.usage.output < 40);
		CHECK_STR(said.meter.model, STR("demo-fast"));
	}
}

static void test_streams(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct said whole = {0}, stream = {0};
		struct str body;

		meter_whole(rows[i].dialect, ask_row(&rows[i], false, 1000), &whole);
		body = ask_row(&rows[i], true, 1000);
		meter_stream(rows[i].dialect, body, &stream);
		CHECK_STR(stream.names, str_of(rows[i].names));
		CHECK(stream.kinds[WIRE_END] == 1 && stream.kinds[WIRE_ERROR] == 0);
		CHECK(stream.kinds[WIRE_CONTENT] > 10 && stream.kinds[WIRE_LIFECYCLE] > 0);
		CHECK(stream.meter.has_usage);
		CHECK(stream.meter.usage.input == whole.meter.usage.input);
		CHECK(stream.meter.usage.output == whole.meter.usage.output);
	}
}

static void test_limit(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct said said = {0};
		struct str body = ask_row(&rows[i], false, 1);

		CHECK(has(body, "[FluxRouter demo]"));
		CHECK(has(body, rows[i].cut_word));
		meter_whole(rows[i].dialect, body, &said);
		CHECK(said.meter.usage.output == 1);
		CHECK(has(ask_row(&rows[i], true, 10), rows[i].cut_word));
	}
}

static void test_no_usage_unasked(void)
{
	int status;
	struct str body = ask("POST", "/v1/chat/completions",
	                      "{\"model\":\"m\",\"stream\":true,\"n\":2,\"messages\":[{\"role\":"
	                      "\"user\",\"content\":\"hi\"}]}",
	                      &status);

	CHECK(!has(body, "usage") && str_ends_with(body, STR("data: [DONE]\n\n")));
	CHECK(has(body, "\"index\":1"));
}

static void test_failures(void)
{
	static const struct {
		const char *method, *path, *body;
		int status;
		const char *says;
	} failures[] = {
	    {"POST", "/v1/chat/completions", "{", 400, "\"code\":\"invalid_json\""},
	    {"POST", "/v1/chat/completions", "{\"model\":\"m\"}", 400, "\"param\":\"messages\""},
	    {"POST", "/v1/messages", "{\"model\":\"m\"}", 400, "{\"type\":\"error\","},
	    {"POST", "/v1/responses", "{\"input\":\"x\"}", 400, "\"param\":\"model\""},
	    {"POST", "/v1/else", "{}", 404, "\"code\":\"endpoint_not_found\""},
	    {"GET", "/v1/messages", "", 404, "{\"type\":\"error\","},
	    {"POST", "/v1/chat/completions",
	     "{\"model\":\"m\",\"n\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 400,
	     "\"param\":\"n\""},
	};

	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
		int status;
		struct str body =
		    ask(failures[i].method, failures[i].path, failures[i].body, &status);

		CHECK(status == failures[i].status);
		CHECK(has(body, failures[i].says) && has(body, "[FluxRouter demo] "));
	}
}

/* The first 80 characters, whole ones. */
static void test_long_question(void)
{
	struct buf request;
	struct str body;
	int status;

	buf_init(&request, 4096);
	buf_put(&request, STR("{\"model\":\"m\",\"input\":\""));
	for (int i = 0; i < 100; i++)
		buf_put(&request, STR("\xe2\x82\xac"));
	buf_put(&request, STR("\"}"));
	buf_put_byte(&request, 0);
	body = ask("POST", "/v1/responses", request.ptr, &status);
	size_t from = str_find(body, STR("\xe2\x82\xac"));
	size_t end = from + str_find_byte(str_part(body, from, SIZE_MAX), '\\');

	CHECK(end - from == (size_t)80 * 3);
	buf_release(&request);
}

/* A client that leaves in the middle costs nobody else anything. */
static void test_client_gone(void)
{
	const char *request = "POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 91\r\n\r\n"
	                      "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"messages\":"
	                      "[{\"role\":\"user\",\"content\":\"hello\"}]}";

	for (int i = 0; i < 10; i++) {
		int fd = dial(port);

		must(send(fd, request, strlen(request), 0) > 0);
		usleep(5000 * (i % 4));
		close(fd);
	}
	test_whole();
}

static bool is_served(int at_port)
{
	int fd = dial(at_port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A daemon that is killed takes its simulator along. */
static void test_dies_with_parent(void)
{
	int ends[2], orphan_port = 0;
	struct fail f;
	pid_t parent;

	must(pipe(ends) == 0);
	parent = fork();
	if (parent == 0) {
		fail_init(&f, &arena);
		if (demo_start(&f, &orphan_port) < 0)
			_exit(1);
		must(write(ends[1], &orphan_port, sizeof orphan_port) > 0);
		pause();
	}
	must(read(ends[0], &orphan_port, sizeof orphan_port) == (ssize_t)sizeof orphan_port);
	CHECK(is_served(orphan_port));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	for (int i = 0; i < 3000 && is_served(orphan_port); i++)
		usleep(10000);
	CHECK(!is_served(orphan_port));
}

int main(void)
{
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	buf_init(&heard, 1 << 24);
	test_dies_with_parent();
	demo_stop();
	if (CHECK(demo_start(&f, &port) == 0)) {
		test_whole();
		test_streams();
		test_limit();
		test_no_usage_unasked();
		test_failures();
		test_long_question();
		test_client_gone();
		demo_stop();
		CHECK(!is_served(port));
	}
	demo_stop();
	buf_release(&heard);
	arena_release(&arena);
	return check_report("demo");
}
