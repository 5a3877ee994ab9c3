/* One connection: hears a request, finds its rule, plays the answer, and goes on or ends.
 *
 *   HEARING -> PLAYING -> HEARING ...            (request whole, or a rule that begins with `read`)
 *              PLAYING -> DRAINING -> HEARING    (answered early: the rest is read first)
 *   HEARING -> TUNNEL                            (CONNECT in proxy mode)
 *   any     -> CLOSING
 *
 * Invariant: at most one request is under way; bytes behind it wait in `ahead`. The timer serves
 * one purpose at a time: slow reading while HEARING, gaps and waits while PLAYING, idle-close
 * between requests. Must never give an answer that its script does not say. */
#include "peer.h"

#include "base/clock.h"
#include "control.h"
#include "tunnel.h"

enum { AHEAD_MAX = 64 << 20, QUEUE_MAX = 1 << 20, TLS_TEXT_MAX = 1024 };

static void peer_play(struct peer *);
static void peer_feed(struct peer *, const char *bytes, size_t count);

static void request_clear(struct peer *p)
{
	heard_clear(&p->heard);
	play_release(&p->play);
	play_init(&p->play);
	p->is_control = false;
	p->sent_bytes = p->first_mono_ns = p->heard_mono_ns = p->answer_mono_ns = 0;
	p->slow_ms = 0;
	p->pipe.read_bytes = 0;
}

static int64_t since_first_ms(const struct peer *p, int64_t mono_ns)
{
	return mono_ns > 0 ? (mono_ns - p->first_mono_ns) / 1000000 : -1;
}

static void write_record(struct peer *p, enum ending ending)
{
	struct buf tls;

	buf_init(&tls, TLS_TEXT_MAX);
	pipe_describe_tls(&p->pipe, &tls);
	struct record r = {.heard = &p->heard,
	                   .ending = ending,
	                   .is_scripted = p->play.rule != NULL,
	                   .connection = p->id,
	                   .number = p->requests,
	                   .sent_bytes = p->sent_bytes,
	                   .heard_ms = since_first_ms(p, p->heard_mono_ns),
	                   .answered_ms = since_first_ms(p, p->answer_mono_ns),
	                   .ended_ms = since_first_ms(p, clock_mono_ns()),
	                   .tls = buf_str(&tls)};

	if (p->first_mono_ns > 0 && !p->is_control)
		record_book_add(&p->provider->book, &r);
	p->first_mono_ns = 0;
	buf_release(&tls);
}

void peer_end(struct peer *p, enum ending ending, bool reset)
{
	if (p->state == PEER_CLOSING)
		return;
	write_record(p, ending);
	if (p->tunnel)
		tunnel_end(&p->tunnel);
	p->state = PEER_CLOSING;
	uv_timer_stop(&p->timer);
	uv_close((uv_handle_t *)&p->timer, NULL);
	if (reset)
		pipe_reset(&p->pipe);
	else
		pipe_close(&p->pipe);
}

static void on_idle(uv_timer_t *timer)
{
	struct peer *p = timer->data;

	peer_end(p, ENDING_CLOSED, false);
}

/* The request is answered and read: the connection goes on with the next one or ends. */
static void next_request(struct peer *p)
{
	int64_t idle_ms = p->play.idle_close_ms;
	bool stays = p->play.stays_open;
	struct buf ahead = p->ahead;

	if (!stays) {
		peer_end(p, ENDING_ANSWERED, false);
		return;
	}
	write_record(p, ENDING_ANSWERED);
	request_clear(p);
	p->state = PEER_HEARING;
	buf_init(&p->ahead, AHEAD_MAX);
	if (idle_ms >= 0)
		uv_timer_start(&p->timer, on_idle, (uint64_t)idle_ms, 0);
	pipe_read(&p->pipe);
	if (ahead.len > 0)
		peer_feed(p, ahead.ptr, ahead.len);
	buf_release(&ahead);
}

static void on_play_timer(uv_timer_t *timer)
{
	peer_play(timer->data);
}

static void play_later(struct peer *p, int64_t ms)
{
	uv_timer_start(&p->timer, on_play_timer, (uint64_t)ms, 0);
}

static void die(struct peer *p)
{
	if (p->play.death == DIE_STALL) {
		buf_clear(&p->play.out);
		p->play.sent = 0;
		p->play.die_after = -1;
		p->deed = DEED_STALL;
	} else {
		peer_end(p, ENDING_DIED, p->play.death == DIE_RESET);
	}
}

static size_t next_piece(const struct peer *p)
{
	const struct play *play = &p->play;
	size_t part = play->out.len - play->sent;

	if (play->piece > 0 && (size_t)play->piece < part)
		part = (size_t)play->piece;
	if (play->die_after >= 0 && (int64_t)part > play->die_after - p->sent_bytes)
		part = (size_t)(play->die_after - p->sent_bytes);
	return part;
}

static void send_piece(struct peer *p, size_t bytes)
{
	struct play *play = &p->play;

	if (p->answer_mono_ns == 0)
		p->answer_mono_ns = clock_mono_ns();
	pipe_write(&p->pipe, (struct str){play->out.ptr + play->sent, bytes});
	p->sent_bytes += (int64_t)bytes;
	play->sent += bytes;
	if (play->sent == play->out.len) {
		buf_clear(&play->out);
		play->sent = 0;
	}
}

/* Sends what is in play.out, by pieces. Gives true when all of it is with the kernel. */
static bool push_out(struct peer *p)
{
	struct play *play = &p->play;

	while (play->out.len > 0 && p->pipe.queued_bytes < QUEUE_MAX) {
		send_piece(p, next_piece(p));
		if (play->die_after >= 0 && p->sent_bytes >= play->die_after) {
			die(p);
			return false;
		}
		if (play->gap_ms > 0 && play->out.len > 0) {
			play_later(p, play->gap_ms);
			return false;
		}
	}
	return play->out.len == 0 && p->pipe.queued_bytes == 0;
}

static void on_slow_timer(uv_timer_t *timer)
{
	struct peer *p = timer->data;

	pipe_read(&p->pipe);
}

static void read_slowly(struct peer *p, struct str text)
{
	struct str bytes;
	int64_t n = 1;

	if (!str_next_field(&text, ' ', &bytes) || str_to_i64(bytes, 1, INT64_MAX, &n) < 0)
		n = 1;
	p->pipe.read_bytes = (size_t)n;
	if (str_to_i64(str_trim(text), 1, INT64_MAX, &p->slow_ms) < 0)
		p->slow_ms = 1;
}

/* Whether the act `read` lets the play go on now. */
static bool read_is_satisfied(struct peer *p)
{
	struct str how = p->play.act.word;
	int64_t bytes = 0;

	if (heard_is_whole(&p->heard) || str_eq(how, STR("head")))
		return true;
	if (str_eq(how, STR("none"))) {
		pipe_pause(&p->pipe);
		return true;
	}
	if (str_eq(how, STR("slow")) && p->slow_ms == 0)
		read_slowly(p, p->play.act.text);
	return str_to_i64(how, 0, INT64_MAX, &bytes) == 0 && (int64_t)p->heard.body.len >= bytes;
}

static void finish_answer(struct peer *p)
{
	if (heard_is_whole(&p->heard)) {
		next_request(p);
		return;
	}
	p->state = PEER_DRAINING;
	pipe_read(&p->pipe);
}

/* Does what the play asks for. Gives true when the play can go on at once. */
static bool do_deed(struct peer *p)
{
	switch (p->deed) {
	case DEED_MORE:
		return true;
	case DEED_READ:
		return read_is_satisfied(p);
	case DEED_HALF_CLOSE:
		pipe_half_close(&p->pipe);
		return true;
	case DEED_WAIT:
		p->deed = DEED_MORE;
		play_later(p, p->play.act.number);
		return false;
	case DEED_CLOSE:
		peer_end(p, ENDING_CLOSED, false);
		return false;
	case DEED_RESET:
		peer_end(p, ENDING_RESET, true);
		return false;
	case DEED_FINISHED:
		finish_answer(p);
		return false;
	case DEED_STALL:
		return false;
	}
	return false;
}

static void peer_play(struct peer *p)
{
	while (p->state == PEER_PLAYING) {
		if (!push_out(p) || !do_deed(p))
			return;
		p->deed = play_on(&p->play, &p->heard);
	}
}

static void start_play(struct peer *p, struct rule *rule)
{
	p->state = PEER_PLAYING;
	p->deed = DEED_MORE;
	uv_timer_stop(&p->timer);
	play_start(&p->play, rule, &p->heard);
	peer_play(p);
}

void peer_answer_raw(struct peer *p, struct str raw)
{
	p->state = PEER_PLAYING;
	p->deed = DEED_MORE;
	p->play.stays_open = heard_keeps_alive(&p->heard);
	play_start_raw(&p->play, raw);
	peer_play(p);
}

static bool is_connect(const struct peer *p)
{
	return p->provider->is_proxy && str_eq(p->heard.method, STR("CONNECT"));
}

static void answer_whole(struct peer *p)
{
	if (str_starts_with(p->heard.target, STR("/_flux/"))) {
		p->is_control = true;
		p->provider->request_count--;
		control_answer(p);
		return;
	}
	struct rule *rule = script_take(&p->provider->script, &p->heard);

	if (rule == NULL && is_connect(p))
		tunnel_open(p);
	else
		start_play(p, rule);
}

static void on_heard(struct peer *p)
{
	struct rule *rule = NULL;

	if (heard_is_whole(&p->heard)) {
		p->heard_mono_ns = clock_mono_ns();
		answer_whole(p);
	} else if (heard_has_head(&p->heard)) {
		if (str_eq_nocase(heard_field(&p->heard, STR("expect")), STR("100-continue")) &&
		    p->heard.body.len == 0)
			pipe_write(&p->pipe, STR("HTTP/1.1 100 Continue\r\n\r\n"));
		rule = script_take(&p->provider->script, &p->heard);
		if (rule)
			start_play(p, rule);
	}
}

static void first_byte(struct peer *p)
{
	p->requests++;
	p->provider->request_count++;
	p->first_mono_ns = clock_mono_ns();
	uv_timer_stop(&p->timer);
}

static void note_body_end(struct peer *p)
{
	if (heard_is_whole(&p->heard) && p->heard_mono_ns == 0) {
		p->heard_mono_ns = clock_mono_ns();
		p->slow_ms = 0;
		p->pipe.read_bytes = 0;
	}
}

static void peer_feed(struct peer *p, const char *bytes, size_t count)
{
	size_t used = 0;

	if (p->state == PEER_HEARING && p->first_mono_ns == 0)
		first_byte(p);
	if (!heard_is_whole(&p->heard))
		used = heard_feed(&p->heard, bytes, count);
	buf_put(&p->ahead, (struct str){bytes + used, count - used});
	if (p->state == PEER_HEARING) {
		on_heard(p);
		return;
	}
	note_body_end(p);
	if (p->state == PEER_DRAINING && heard_is_whole(&p->heard))
		next_request(p);
	else if (p->state == PEER_PLAYING && p->deed == DEED_READ)
		peer_play(p);
}

static void on_bytes(void *owner, const char *bytes, size_t count)
{
	struct peer *p = owner;

	if (p->state == PEER_TUNNEL) {
		tunnel_send(p->tunnel, (struct str){bytes, count});
		return;
	}
	peer_feed(p, bytes, count);
	if (p->slow_ms > 0 && p->state != PEER_CLOSING) {
		pipe_pause(&p->pipe);
		uv_timer_start(&p->timer, on_slow_timer, (uint64_t)p->slow_ms, 0);
	}
}

static void on_end(void *owner, bool reset)
{
	struct peer *p = owner;

	peer_end(p, reset ? ENDING_PEER_RESET : ENDING_PEER_CLOSED, false);
}

static void on_drained(void *owner)
{
	struct peer *p = owner;

	if (p->state == PEER_TUNNEL)
		tunnel_more(p->tunnel);
	else if (p->state == PEER_PLAYING && !uv_is_active((uv_handle_t *)&p->timer))
		peer_play(p);
}

static void on_closed(void *owner)
{
	struct peer *p = owner;

	list_remove(&p->node);
	p->provider->peer_count--;
	heard_release(&p->heard);
	play_release(&p->play);
	buf_release(&p->ahead);
	mem_put(p);
}

static const struct pipe_events peer_events = {on_bytes, on_end, on_drained, on_closed};

void peer_accept(struct provider *provider, uv_stream_t *listener, SSL_CTX *tls)
{
	struct peer *p = mem_get(sizeof(*p));

	p->provider = provider;
	p->id = ++provider->next_peer;
	p->state = PEER_HEARING;
	heard_init(&p->heard);
	play_init(&p->play);
	buf_init(&p->ahead, AHEAD_MAX);
	list_push(&provider->peers, &p->node);
	provider->peer_count++;
	pipe_init(&p->pipe, provider->loop, &peer_events, p);
	uv_timer_init(provider->loop, &p->timer);
	p->timer.data = p;
	if (pipe_accept(&p->pipe, listener, tls) < 0)
		peer_end(p, ENDING_CLOSED, false);
	else
		pipe_read(&p->pipe);
}
