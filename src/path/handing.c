/* Handing a stream's bytes on.
 *
 *	give ──before content──> held ──begin──> the client    in shares of a turn, if it is much
 *	  \───behind it, with nothing held───────^
 *
 * Invariant: the client gets bytes in the order in which they were given; a bulk's come when
 * nothing is held any more. Called by relay.c. */
#include "path/handing.h"

#include "limits.h"
#include "path/candidate.h"
#include "path/heartbeat.h"
#include "path/relay.h"
#include "path/reply.h"

enum { MOVE_BYTES = 128 * 1024 }; /* in one turn */

void handing_give(struct request *r, struct str bytes)
{
	if (r->has_content && r->relay.held.len == 0)
		stream_write(r->stream, bytes);
	else
		buf_put(&r->relay.held, bytes);
}

void handing_begin(struct request *r)
{
	struct buf *held = &r->relay.held;

	if (r->has_content)
		return;
	r->has_content = true;
	candidate_note_answer(r);
	heartbeat_stop(r);
	timer_cancel(&r->relay.patience);
	r->relay.is_silent = false;
	if (!r->has_begun)
		reply_begin_stream(
		    r, r->now.job || relay_is_framed(r)
		           ? STR("text/event-stream")
		           : http_header(exchange_head(r->now.exchange), STR("content-type")));
	if (held->len > MOVE_BYTES)
		return; /* moves */
	stream_write(r->stream, buf_str(held));
	buf_release(held);
}

bool handing_is_left(const struct request *r)
{
	const struct relay *relay = &r->relay;

	return (r->has_content && relay->held.len) || (relay->bulk && relay->bulk->is_taken);
}

/* What comes next of what moves; empty: nothing is left. */
static struct str next_moved(struct request *r, size_t max)
{
	struct relay *relay = &r->relay;
	struct bulk *b = relay->bulk;
	struct str piece;

	if (r->has_content && relay->held.len) {
		piece = str_part(buf_str(&relay->held), relay->held_at, max);
		relay->held_at += piece.len;
		return piece;
	}
	while (b && b->at < b->count && b->pieces[b->at].len == 0)
		b->at++;
	if (b == NULL || !b->is_taken || b->at == b->count)
		return STR("");
	piece = str_part(b->pieces[b->at], 0, max);
	b->pieces[b->at] = str_part(b->pieces[b->at], piece.len, SIZE_MAX);
	return piece;
}

static void put_moved(struct request *r, struct str piece)
{
	struct relay *relay = &r->relay;

	if (!r->has_content) {
		buf_put(&relay->held, piece);
		return;
	}
	stream_write(r->stream, piece);
	if (relay->held_at < relay->held.len)
		return;
	buf_release(&relay->held);
	relay->held_at = 0;
}

bool handing_move(struct request *r)
{
	struct loop *loop = &r->worker->loop;
	size_t left = r->relay.moved_turn == loop->turn ? 0 : MOVE_BYTES;

	r->relay.moved_turn = loop->turn;
	while (left) {
		struct str piece = next_moved(r, left);

		if (piece.len == 0)
			return true;
		put_moved(r, piece);
		left -= piece.len;
	}
	if (!r->has_content || stream_unsent_bytes(r->stream) <= LIMIT_STREAM_UNSENT_BYTES)
		loop_next_turn(loop, &r->later);
	return false;
}

void handing_end(struct request *r)
{
	struct buf *held = &r->relay.held;

	if (r->has_content && held->len)
		stream_write(r->stream, str_part(buf_str(held), r->relay.held_at, held->len));
	buf_release(held);
}
