/* One exchange under test: asks, runs the loop until the end is told, keeps what was told. */
#ifndef TESTS_UNIT_PROBE_H
#define TESTS_UNIT_PROBE_H

#include "base/timer.h"
#include "upstream/exchange.h"

#include "check.h"
#include "server.h"

enum { PROBE_PATIENCE_MS = 60 * 1000 }; /* of slow machines, too */

struct probe {
	struct loop *loop;
	struct upstream *upstream;
	struct origin origin;
	struct arena arena;
	struct exchange *ex;
	size_t gather_max;
	struct str body_piece; /* of the request, behind its head; may be empty */
	bool holds;            /* takes nothing, until told */
	int events;
	bool ended;   /* DONE or FAILED was told */
	bool in_call; /* of a function of exchange.h: no event may come */
	size_t largest_piece;
	struct buf body;
	void (*on_each)(struct probe *); /* may end the exchange */
	struct timer patience;
};

static void probe_init(struct probe *p, struct loop *loop, struct upstream *up, int port)
{
	*p = (struct probe){.loop = loop, .upstream = up};
	p->origin = (struct origin){.pool_key = STR("test"),
	                            .host = STR("127.0.0.1"),
	                            .port = port,
	                            .connect_ms = PROBE_PATIENCE_MS,
	                            .first_byte_ms = PROBE_PATIENCE_MS,
	                            .idle_ms = PROBE_PATIENCE_MS};
	buf_init(&p->body, 64 * 1024 * 1024);
	arena_init(&p->arena);
}

static void probe_on_event(void *owner)
{
	struct probe *p = owner;
	struct str body = exchange_body(p->ex);

	CHECK(!p->in_call);
	CHECK(!p->ended);
	p->events++;
	if (body.len > p->largest_piece)
		p->largest_piece = body.len;
	if (!p->holds && !p->gather_max && body.len) {
		buf_put(&p->body, body);
		exchange_take(p->ex, body.len);
	}
	p->ended = exchange_state(p->ex) >= EXCHANGE_DONE;
	if (p->ended)
		loop_stop(p->loop);
	if (p->on_each)
		p->on_each(p);
}

static void probe_start(struct probe *p)
{
	struct str head = arena_printf(&p->arena,
	                               "POST /v1/chat HTTP/1.1\r\nHost: test\r\n"
	                               "Content-Length: %zu\r\n\r\n",
	                               p->body_piece.len);
	struct str pieces[2] = {head, p->body_piece};
	struct exchange_ask ask = {.origin = &p->origin,
	                           .method = STR("POST"),
	                           .pieces = pieces,
	                           .piece_count = 2,
	                           .gather_max = p->gather_max};

	p->ended = false;
	p->in_call = true;
	p->events = 0;
	buf_clear(&p->body);
	p->ex = exchange_start(p->upstream, &ask, &p->arena, probe_on_event, p);
	p->in_call = false;
}

static void probe_lose_patience(struct timer *t)
{
	loop_stop(t->loop);
}

/* Runs the loop for that long, or until the exchange's end. */
static void probe_run_ms(struct probe *p, int64_t wait_ms)
{
	timer_set(&p->patience, p->loop, wait_ms, probe_lose_patience);
	loop_run(p->loop);
	timer_cancel(&p->patience);
}

static void probe_wait(struct probe *p)
{
	if (!p->ended)
		probe_run_ms(p, PROBE_PATIENCE_MS);
	CHECK(p->ended);
	if (p->ended && p->gather_max)
		buf_put(&p->body, exchange_body(p->ex));
}

static void probe_end(struct probe *p)
{
	p->in_call = true;
	exchange_end(&p->ex);
	exchange_end(&p->ex);
	p->in_call = false;
	buf_release(&p->body);
	arena_release(&p->arena);
}

/* The whole of it. */
__attribute__((unused)) static void probe_ask(struct probe *p)
{
	probe_start(p);
	probe_wait(p);
}

#define CHECK_FAILED(p, want, text)                                                                \
	(CHECK(exchange_state((p)->ex) == EXCHANGE_FAILED),                                        \
	 CHECK(exchange_failure((p)->ex) == EXCHANGE_##want##_FAILURE),                            \
	 CHECK_STR(exchange_failure_detail((p)->ex), arena_printf(&(p)->arena, "%s", (text))))

/* A loop, an upstream, and the promise that all descriptors are given back. */
struct stage {
	struct loop loop;
	struct upstream *upstream;
	int fds;
};

static void stage_open(struct stage *s)
{
	loop_init(&s->loop, 0); /* the very first one opens what libuv keeps for good */
	loop_release(&s->loop);
	s->fds = server_fds();
	loop_init(&s->loop, 0);
	s->upstream = upstream_new(&s->loop);
}

static void stage_close(struct stage *s)
{
	upstream_free(&s->upstream);
	loop_release(&s->loop);
	CHECK(server_fds() == s->fds);
}

#endif
