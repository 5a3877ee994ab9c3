/* A connection.
 *
 * 	LINK_NEW -> LINK_CONNECTING -> LINK_PLAIN -> LINK_SHAKING -> LINK_SECURE
 * 	    \______________\________________\______________\______________\___> LINK_CLOSED -> freed
 *
 * Sending: the pieces of the user wait in `pieces` from `piece_at` on. In plain the socket gets
 * them as they are with one system call; what it does not take goes to uv_write, which is then
 * in flight. Under TLS they are encrypted by TLS_WRITE_BYTES; what the socket does not take of
 * that is moved to `in_flight`, so that TLS may go on to write into its own output. Of a large
 * request each turn of the loop sends a share. Reading goes on all the while: a system call per
 * request less than starting and stopping it.
 *
 * Invariants: at most one uv_write at a time; no call to the user once LINK_CLOSED; the struct
 * stays until libuv has let go of it. Called by dial, pool and exchange. Must never retry
 * anything. */
#include "upstream/link.h"

#include "base/work.h"
#include "upstream/pool.h"

#include <errno.h>
#include <sys/socket.h>

enum {
	LINK_PIECES = EXCHANGE_PIECES_MAX,
	LINK_WRITE_BYTES = 128 * 1024, /* with one call */
	LINK_TURN_BYTES = 256 * 1024,  /* of a request in one turn of the loop */
};
enum link_state {
	LINK_NEW,
	LINK_CONNECTING,
	LINK_PLAIN,
	LINK_SHAKING,
	LINK_SECURE,
	LINK_CLOSED,
};

struct link {
	uv_tcp_t tcp;
	union {
		uv_connect_t connect;
		uv_write_t write;
	} request;
	struct list_node node; /* of all links of the upstream */
	struct link_idle idle;
	struct upstream *upstream;
	struct pool *pool;
	const struct link_user *user;
	void *owner;
	enum link_state state;
	union address peer;
	int status;
	struct tls *tls;

	const struct str *pieces;
	int piece_count;
	int piece_at;
	size_t piece_offset;
	struct buf in_flight;
	uint64_t turn; /* of the loop, in which `turn_bytes` were sent */
	size_t turn_bytes;
	struct loop_task more; /* the next turn's share */
	bool is_writing;       /* uv_write is under way */
	bool has_sent;
	bool is_paused;
};

static void push(struct link *l);
static void go_on(struct link *l);

/* --- reading --- */

static void set_state(struct link *l, enum link_state state)
{
	int *open = &l->upstream->open_count;

	if (l->state < LINK_PLAIN && state == LINK_PLAIN)
		++*open;
	if (l->state >= LINK_PLAIN && state == LINK_CLOSED)
		--*open;
	l->state = state;
}

static void on_alloc(uv_handle_t *tcp, size_t suggested, uv_buf_t *out)
{
	struct link *l = tcp->data;
	struct loop *loop = l->upstream->loop;
	size_t bytes = 0, most = loop_may_read(loop, l);
	char *room = NULL;

	(void)suggested;
	if (l->tls == NULL && l->user->room)
		room = l->user->room(l, &bytes);
	if (room == NULL) {
		room = loop->read_bytes;
		bytes = LOOP_READ_BYTES;
	}
	*out = uv_buf_init(room, (unsigned)(bytes < most ? bytes : most));
}

/* Gives false when the link was closed meanwhile. */
static bool read_plain_text(struct link *l)
{
	size_t bytes = 0, len;
	char *room = NULL;

	while (l->state != LINK_CLOSED) {
		if (l->state == LINK_SECURE && l->user->room)
			room = l->user->room(l, &bytes);
		if (room == NULL) {
			room = upstream_plain_bytes(l->upstream);
			bytes = LOOP_READ_BYTES;
		}
		len = tls_read(l->tls, room, bytes);
		if (l->state == LINK_SHAKING && tls_state(l->tls) == TLS_OPEN) {
			set_state(l, LINK_SECURE);
			l->user->on_open(l);
		}
		if (l->state == LINK_CLOSED || len == 0)
			break;
		l->user->on_bytes(l, room, len);
		room = NULL;
	}
	return l->state != LINK_CLOSED;
}

static void read_cipher(struct link *l, struct str cipher)
{
	tls_feed(l->tls, cipher);
	if (!read_plain_text(l))
		return;
	go_on(l);
	if (l->state == LINK_CLOSED)
		return;
	if (tls_state(l->tls) == TLS_CLOSED)
		l->user->on_end(l, LINK_ENDED);
	else if (tls_state(l->tls) == TLS_FAILED)
		l->user->on_end(l, LINK_TLS_FAILED);
}

/* Where the last bytes and a reset come together, libuv tells of an end: uv__stream_io takes a
 * hang-up behind a short read for one. */
static bool was_reset(const struct link *l)
{
	uv_os_fd_t fd;
	char byte;

	return uv_fileno((const uv_handle_t *)&l->tcp, &fd) == 0 &&
	       recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == ECONNRESET;
}

static void on_read(uv_stream_t *tcp, ssize_t len, const uv_buf_t *buf)
{
	struct link *l = tcp->data;

	if (len == 0 || len == UV_ENOBUFS) /* the latter: it has had its share of this turn */
		return;
	if (len > 0)
		loop_has_read(l->upstream->loop, (size_t)len);
	if (len == UV_EOF && was_reset(l))
		len = UV_ECONNRESET;
	if (len < 0) {
		uv_read_stop(tcp);
		l->status = (int)len;
		if (len != UV_EOF)
			l->user->on_end(l, LINK_BROKEN);
		else
			l->user->on_end(l, l->tls ? LINK_CUT : LINK_ENDED);
	} else if (l->tls) {
		read_cipher(l, (struct str){buf->base, (size_t)len});
	} else {
		l->user->on_bytes(l, buf->base, (size_t)len);
	}
}

void link_pause(struct link *l)
{
	if (l->is_paused || l->state == LINK_CLOSED)
		return;
	l->is_paused = true;
	uv_read_stop((uv_stream_t *)&l->tcp);
}

void link_resume(struct link *l)
{
	if (!l->is_paused || l->state == LINK_CLOSED)
		return;
	l->is_paused = false;
	uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read);
}

/* --- sending --- */

static void advance(struct link *l, size_t bytes)
{
	l->turn_bytes += bytes;
	while (l->piece_at < l->piece_count) {
		size_t left = l->pieces[l->piece_at].len - l->piece_offset;

		if (bytes < left) {
			l->piece_offset += bytes;
			return;
		}
		bytes -= left;
		l->piece_at++;
		l->piece_offset = 0;
	}
	must(bytes == 0);
}

static struct str next_piece(const struct link *l)
{
	struct str piece = l->pieces[l->piece_at];

	return str_part(piece, l->piece_offset, piece.len);
}

/* The other side is gone for sending. What it said before may still be read, and the end of
 * reading says the rest. */
static void give_up_sending(struct link *l)
{
	l->is_writing = true;
}

static void go_on(struct link *l)
{
	push(l);
	if (!link_is_sending(l) && l->pieces) {
		l->pieces = NULL;
		l->user->on_sent(l);
	}
}

static void on_more(struct loop_task *task)
{
	go_on(LIST_OBJECT(task, struct link, more));
}

/* While a large body is copied, or encrypted, others on the loop wait; and libuv goes on with what
 * was written up to nine times before it polls again. */
static bool has_share(struct link *l)
{
	struct loop *loop = l->upstream->loop;

	if (l->turn != loop->turn) {
		l->turn = loop->turn;
		l->turn_bytes = 0;
	}
	if (l->turn_bytes < LINK_TURN_BYTES || l->piece_at == l->piece_count)
		return true;
	loop_next_turn(loop, &l->more);
	return false;
}

static void on_written(uv_write_t *request, int status)
{
	struct link *l = request->data;

	if (l->state == LINK_CLOSED || status < 0)
		return;
	loop_woke(l->upstream->loop);
	l->is_writing = false;
	l->has_sent = true;
	buf_clear(&l->in_flight);
	go_on(l);
}

static void write_later(struct link *l, const uv_buf_t *bufs, int count)
{
	l->is_writing = true;
	l->request.write.data = l;
	for (int i = 0; i < count; i++)
		work_did(bufs[i].len);
	if (uv_write(&l->request.write, (uv_stream_t *)&l->tcp, bufs, (unsigned)count, on_written))
		give_up_sending(l);
}

/* What the socket takes now; -1: it will never take more. */
static ssize_t write_now(struct link *l, const uv_buf_t *bufs, int count)
{
	int sent = uv_try_write((uv_stream_t *)&l->tcp, bufs, (unsigned)count);

	if (sent == UV_EAGAIN)
		return 0;
	if (sent < 0) {
		give_up_sending(l);
		return -1;
	}
	l->has_sent = l->has_sent || sent > 0;
	work_did((size_t)sent);
	return sent;
}

/* As much as may go with one call. */
static int gather_pieces(const struct link *l, uv_buf_t bufs[LINK_PIECES], size_t *out_bytes)
{
	int count = 0;

	*out_bytes = 0;
	for (int i = l->piece_at; i < l->piece_count && *out_bytes < LINK_WRITE_BYTES; i++) {
		struct str piece = i == l->piece_at ? next_piece(l) : l->pieces[i];

		piece = str_part(piece, 0, LINK_WRITE_BYTES - *out_bytes);
		if (piece.len)
			bufs[count++] = uv_buf_init((char *)piece.ptr, (unsigned)piece.len);
		*out_bytes += piece.len;
	}
	return count;
}

/* What the socket does not take at once, and the next part of a large body, is in uv_write's hands
 * then; on_written comes in a later turn. */
static void push_plain(struct link *l)
{
	uv_buf_t bufs[LINK_PIECES];
	size_t bytes;
	int count = gather_pieces(l, bufs, &bytes);
	ssize_t sent;

	if (count == 0 || (sent = write_now(l, bufs, count)) < 0)
		return;
	advance(l, (size_t)sent);
	count = gather_pieces(l, bufs, &bytes);
	advance(l, bytes);
	if (count)
		write_later(l, bufs, count);
}

static int encrypt_some(struct link *l)
{
	while (l->state == LINK_SECURE && l->piece_at < l->piece_count &&
	       tls_output(l->tls)->len < TLS_WRITE_BYTES) {
		struct str part = str_part(next_piece(l), 0, TLS_WRITE_BYTES);

		if (tls_write(l->tls, part) < 0)
			return -1;
		advance(l, part.len);
	}
	return 0;
}

static void push_tls(struct link *l)
{
	struct buf *out = tls_output(l->tls);

	while (has_share(l) && encrypt_some(l) == 0 && out->len) {
		uv_buf_t bytes = uv_buf_init(out->ptr, (unsigned)out->len);
		ssize_t sent = write_now(l, &bytes, 1);

		if (sent < 0)
			return;
		buf_drop(out, (size_t)sent);
		if (out->len == 0)
			continue;
		buf_release(&l->in_flight);
		l->in_flight = *out;
		buf_init(out, TLS_OUTPUT_BYTES);
		bytes = uv_buf_init(l->in_flight.ptr, (unsigned)l->in_flight.len);
		write_later(l, &bytes, 1);
		return;
	}
}

static void push(struct link *l)
{
	if (l->is_writing || !has_share(l))
		return;
	if (l->tls)
		push_tls(l);
	else
		push_plain(l);
}

void link_send(struct link *l, const struct str *pieces, int count)
{
	must((l->state == LINK_PLAIN || l->state == LINK_SECURE) && count <= LINK_PIECES);
	l->pieces = pieces;
	l->piece_count = count;
	l->piece_at = 0;
	l->piece_offset = 0;
	l->has_sent = false;
	advance(l, 0);
	push(l);
	if (!link_is_sending(l))
		l->pieces = NULL;
}

bool link_is_sending(const struct link *l)
{
	return l->is_writing || l->piece_at < l->piece_count;
}

bool link_has_sent(const struct link *l)
{
	return l->has_sent;
}

size_t link_unsent_bytes(const struct link *l)
{
	size_t bytes = uv_stream_get_write_queue_size((const uv_stream_t *)&l->tcp);

	for (int i = l->piece_at; i < l->piece_count; i++)
		bytes += i == l->piece_at ? next_piece(l).len : l->pieces[i].len;
	return bytes;
}

/* --- life --- */

struct link *link_new(struct upstream *up, struct pool *pool)
{
	struct link *l = mem_get(sizeof *l);

	must(uv_tcp_init(&up->loop->uv, &l->tcp) == 0);
	l->tcp.data = l;
	l->upstream = up;
	l->pool = pool;
	l->idle.generation = up->generation;
	buf_init(&l->in_flight, TLS_OUTPUT_BYTES);
	l->more.run = on_more;
	list_push(&up->links, &l->node);
	return l;
}

static void on_connected(uv_connect_t *request, int status)
{
	struct link *l = request->data;

	if (l->state == LINK_CLOSED)
		return;
	loop_woke(l->upstream->loop);
	l->status = status;
	if (status < 0) {
		l->user->on_end(l, LINK_BROKEN);
		return;
	}
	set_state(l, LINK_PLAIN);
	uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read);
	l->user->on_open(l);
}

int link_connect(struct link *l, const union address *to)
{
	must(l->state == LINK_NEW && l->user);
	l->peer = *to;
	l->request.connect.data = l;
	set_state(l, LINK_CONNECTING);
	uv_tcp_nodelay(&l->tcp, 1);
	return uv_tcp_connect(&l->request.connect, &l->tcp, &to->any, on_connected);
}

void link_start_tls(struct link *l, struct tls_client *client)
{
	must(l->state == LINK_PLAIN && !link_is_sending(l));
	l->tls = tls_new(client);
	set_state(l, LINK_SHAKING);
	push(l);
}

static void on_closed(uv_handle_t *tcp)
{
	struct link *l = tcp->data;

	tls_free(&l->tls);
	buf_release(&l->in_flight);
	mem_put(l);
}

void link_close(struct link **link)
{
	struct link *l = *link;

	*link = NULL;
	if (l == NULL)
		return;
	must(l->state != LINK_CLOSED);
	if (l->tls && !l->is_writing) {
		l->piece_at = l->piece_count;
		tls_say_close(l->tls);
		push(l);
	}
	set_state(l, LINK_CLOSED);
	loop_drop_task(&l->more);
	list_remove(&l->node);
	must(!list_has_node(&l->idle.node));
	uv_close((uv_handle_t *)&l->tcp, on_closed);
}

void link_use(struct link *l, const struct link_user *user, void *owner)
{
	l->user = user;
	l->owner = owner;
	l->has_sent = false;
	l->pieces = NULL; /* of the user before */
}

void *link_owner(const struct link *l)
{
	return l->owner;
}

struct pool *link_pool(const struct link *l)
{
	return l->pool;
}

const union address *link_peer(const struct link *l)
{
	return &l->peer;
}

const char *link_problem(const struct link *l)
{
	if (l->tls && tls_state(l->tls) == TLS_FAILED)
		return tls_problem(l->tls).ptr;
	return l->status == UV_EOF ? "closed" : uv_strerror(l->status);
}

int link_status(const struct link *l)
{
	return l->status;
}

struct link_idle *link_idle(struct link *l)
{
	return &l->idle;
}

struct link *link_of_idle(struct list_node *node)
{
	return LIST_OBJECT(node, struct link, idle.node);
}

struct link *link_of_list(struct list_node *node)
{
	return LIST_OBJECT(node, struct link, node);
}
