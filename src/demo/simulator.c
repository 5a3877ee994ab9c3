/* The simulator's loop: reads requests with the gateway's own front and dialects, answers with a
 * speech, and lets the events of a stream out one by one, STEP_MS apart.
 *
 * One timer of the loop paces all streams; it runs while there is one. A stream whose client does
 * not take what was sent waits for it. Failures are answered in the dialect of the path, marked
 * as the demo's. Called by demo.c in a process of its own; must never reach out to anybody. */
#include "demo/simulator.h"

#include "demo/speech.h"
#include "front/listen.h"
#include "limits.h"
#include "wire/wire.h"

enum { STEP_MS = 20 };

#define MARK "[FluxRouter demo] "

struct simulator {
	struct loop loop;
	struct front *front;
	uv_pipe_t lifeline;
	uv_timer_t pacer;
	struct list talks; /* streams with events to come */
};

/* One request; of its stream's arena. */
struct talk {
	struct simulator *simulator;
	struct stream *stream;
	enum llm_dialect dialect;
	struct list_node node;
	struct speech_frame *next; /* event to send */
};

/* --- answers --- */

static const struct http_header json_type_header = {STR_INIT("Content-Type"),
                                                    STR_INIT("application/json")};

static void send_whole(struct stream *s, int status, struct str body)
{
	stream_begin(s, status, &json_type_header, 1, (int64_t)body.len);
	stream_write(s, body);
	stream_end(s, NULL, 0);
}

static void send_failure(struct talk *t, struct fail *f)
{
	struct buf body;

	f->message = arena_printf(f->arena, MARK "%.*s", STR_ARG(f->message));
	buf_init(&body, LIMIT_ERROR_BODY_BYTES);
	wire_dialect(t->dialect)->put_error(&body, f, STR("demo"));
	send_whole(t->stream, fail_status(f), buf_str(&body));
	buf_release(&body);
}

static void send_speech(struct talk *t, struct speech *s)
{
	struct json_writer w;
	struct buf body;

	buf_init(&body, LIMIT_ANSWER_BYTES * (size_t)2);
	json_writer_init(&w, &body);
	json_open_object(&w);
	speech_dialect(t->dialect)->put_whole(s, &w);
	json_close_object(&w);
	send_whole(t->stream, 200, buf_str(&body));
	buf_release(&body);
}

/* --- streams --- */

static void send_next(struct talk *t)
{
	if (stream_unsent_bytes(t->stream) > LIMIT_STREAM_UNSENT_BYTES)
		return;
	stream_write_borrowed(t->stream, t->next->text);
	t->next = t->next->next;
	if (t->next)
		return;
	stream_end(t->stream, NULL, 0);
	list_remove(&t->node);
}

static void on_pace(uv_timer_t *pacer)
{
	struct simulator *m = pacer->data;
	struct list_node *node = m->talks.head.next;

	while (node != &m->talks.head) {
		struct talk *t = LIST_OBJECT(node, struct talk, node);

		node = node->next;
		send_next(t);
	}
	if (list_is_empty(&m->talks))
		uv_timer_stop(pacer);
}

static void start_stream(struct talk *t, struct speech *s)
{
	static const struct http_header headers[] = {
	    {STR_INIT("Content-Type"), STR_INIT("text/event-stream; charset=utf-8")},
	    {STR_INIT("Cache-Control"), STR_INIT("no-cache")},
	};
	struct simulator *m = t->simulator;

	speech_dialect(t->dialect)->put_stream(s);
	t->next = s->first;
	stream_begin(t->stream, 200, headers, 2, STREAM_CHUNKED);
	if (list_is_empty(&m->talks))
		uv_timer_start(&m->pacer, on_pace, STEP_MS, STEP_MS);
	list_push(&m->talks, &t->node);
	send_next(t);
}

/* --- requests --- */

static int read_request(struct talk *t, struct json *doc, struct llm_request *out, struct fail *f)
{
	struct json_error error;
	struct str body = stream_body(t->stream);

	if (json_read(doc, body, &error) < 0)
		return fail(f, FAIL_INVALID_JSON, "the body is not valid JSON: %s at byte %zu",
		            error.reason, error.offset);
	if (wire_dialect(t->dialect)->read_request(doc, f->arena, out, f) < 0)
		return -1;
	if (out->choices > SPEECH_CHOICES_MAX)
		return fail_at(f, FAIL_INVALID_VALUE, STR("n"),
		               "n is %lld; the demo gives up to %d", (long long)out->choices,
		               SPEECH_CHOICES_MAX);
	if (out->choices < 1)
		out->choices = 1;
	return 0;
}

static void answer(struct talk *t)
{
	struct arena *arena = stream_arena(t->stream);
	struct llm_request request = {0};
	struct speech speech;
	struct json doc;
	struct fail f;

	fail_init(&f, arena);
	json_init(&doc);
	request.doc = &doc;
	if (read_request(t, &doc, &request, &f) < 0) {
		send_failure(t, &f);
	} else {
		speech_compose(&speech, &request, arena);
		if (request.stream)
			start_stream(t, &speech);
		else
			send_speech(t, &speech);
	}
	json_release(&doc);
}

static void refuse_body(struct talk *t)
{
	struct fail f;

	fail_init(&f, stream_arena(t->stream));
	stream_body_fail(t->stream, &f);
	send_failure(t, &f);
}

static void step(struct talk *t)
{
	switch (stream_state(t->stream)) {
	case STREAM_BODY:
		answer(t);
		break;
	case STREAM_REFUSED:
		refuse_body(t);
		break;
	case STREAM_READING:
	case STREAM_SENDING:
		break;
	case STREAM_SENT:
	case STREAM_GONE:
		list_remove(&t->node);
		stream_close(&t->stream);
		break;
	}
}

static void on_stream_event(void *owner)
{
	step(owner);
}

/* -1: nothing that the demo has. */
static int find_dialect(const struct http_head *head, enum llm_dialect *out)
{
	for (enum llm_dialect d = 0; d < LLM_DIALECTS; d++)
		if (str_ends_with(head->path, str_of(speech_dialect(d)->path))) {
			*out = d;
			return str_eq(head->method, STR("POST")) ? 0 : -1;
		}
	return -1;
}

static void refuse_path(struct talk *t, const struct http_head *head)
{
	struct fail f;

	fail_init(&f, stream_arena(t->stream));
	(void)fail(&f, FAIL_ENDPOINT_NOT_FOUND,
	           "no %.*s %.*s here; POST to a path that ends in /chat/completions, /responses"
	           " or /messages",
	           STR_ARG(head->method), STR_ARG(head->path));
	send_failure(t, &f);
}

static void on_request(struct stream *s, void *simulator)
{
	const struct http_head *head = stream_head(s);
	struct talk *t = ARENA_NEW(stream_arena(s), struct talk);

	*t = (struct talk){.simulator = simulator, .stream = s};
	stream_set_owner(s, on_stream_event, t);
	if (find_dialect(head, &t->dialect) < 0) {
		refuse_path(t, head);
		return;
	}
	stream_read_body(s, LIMIT_BODY_BYTES);
	step(t);
}

static void on_bad_head(const struct fail *f, struct front_refusal *out, void *simulator)
{
	(void)simulator;
	wire_dialect(LLM_CHAT)->put_error(&out->body, f, STR("demo"));
}

/* --- life --- */

static void on_lifeline_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	static char room[16];

	(void)handle;
	(void)suggested;
	*out = uv_buf_init(room, sizeof room);
}

static void on_lifeline(uv_stream_t *lifeline, ssize_t read, const uv_buf_t *bytes)
{
	struct simulator *m = lifeline->data;

	(void)bytes;
	if (read < 0)
		loop_stop(&m->loop);
}

static void watch_lifeline(struct simulator *m, int fd)
{
	must(uv_pipe_init(&m->loop.uv, &m->lifeline, 0) == 0);
	must(uv_pipe_open(&m->lifeline, fd) == 0);
	m->lifeline.data = m;
	must(uv_read_start((uv_stream_t *)&m->lifeline, on_lifeline_room, on_lifeline) == 0);
}

/* Behind the colon of 127.0.0.1:41234. */
static int port_of(struct str address)
{
	int64_t port = 0;

	must(str_to_i64(str_part(address, str_find_byte(address, ':') + 1, SIZE_MAX), 1, 65535,
	                &port) == 0);
	return (int)port;
}

void simulator_run(int lifeline)
{
	static struct simulator m; /* dies with the process */
	const struct front_server server = {on_request, on_bad_head, &m};
	struct arena arena;
	struct fail f;
	int port;

	arena_init(&arena);
	fail_init(&f, &arena);
	loop_init(&m.loop, 0);
	list_init(&m.talks);
	must(uv_timer_init(&m.loop.uv, &m.pacer) == 0);
	m.pacer.data = &m;
	m.front = front_new(&m.loop, &server);
	if (front_listen(m.front, STR("127.0.0.1:0"), &f) < 0)
		return;
	port = port_of(front_address(m.front, 0, &arena));
	if (write(lifeline, &port, sizeof port) != (ssize_t)sizeof port)
		return;
	watch_lifeline(&m, lifeline);
	loop_run(&m.loop);
}
