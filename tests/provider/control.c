/* POST, DELETE /_flux/script; GET, DELETE /_flux/log; GET /_flux/state; each may have ?key=KEY.
 *
 * Called by peer.c; must leave no record of itself. */
#include "control.h"
#include "peer.h"

enum { ANSWER_MAX = 1 << 30 };

struct control_row {
	const char *method;
	const char *path;
	int (*answer)(struct provider *, const struct heard *, struct str key, struct buf *out);
};

static int post_script(struct provider *v, const struct heard *h, struct str key, struct buf *out)
{
	return script_add(&v->script, buf_str(&h->body), key, out);
}

static int delete_script(struct provider *v, const struct heard *h, struct str key, struct buf *out)
{
	(void)h;
	(void)out;
	script_clear(&v->script, key);
	return 0;
}

static int get_log(struct provider *v, const struct heard *h, struct str key, struct buf *out)
{
	(void)h;
	record_book_put(&v->book, key, out);
	return 0;
}

static int delete_log(struct provider *v, const struct heard *h, struct str key, struct buf *out)
{
	(void)h;
	(void)out;
	record_book_clear(&v->book, key);
	return 0;
}

/* Connections whose script is being played, or has come to a stall, for a request of this key
 * (empty: any). */
static int64_t count_playing(const struct provider *v, struct str key, bool stalled)
{
	int64_t count = 0;

	for (const struct list_node *n = v->peers.head.next; n != &v->peers.head; n = n->next) {
		const struct peer *p = LIST_OBJECT(n, const struct peer, node);
		bool counts = p->state == PEER_PLAYING && (!stalled || p->deed == DEED_STALL);

		count += counts && (key.len == 0 || str_eq(heard_key(&p->heard), key));
	}
	return count;
}

/* The control connections count themselves: a caller takes off its own. */
static int get_state(struct provider *v, const struct heard *h, struct str key, struct buf *out)
{
	(void)h;
	buf_printf(out, "{\"stalled\":%" PRId64 ",\"playing\":%" PRId64 ",",
	           count_playing(v, key, true), count_playing(v, key, false));
	buf_printf(
	    out, "\"connections\":%" PRId64 ",\"accepted\":%" PRId64 ",\"requests\":%" PRId64 "}\n",
	    v->peer_count, v->next_peer, v->request_count);
	return 0;
}

static const struct control_row rows[] = {
    {"POST", "/_flux/script", post_script}, {"DELETE", "/_flux/script", delete_script},
    {"GET", "/_flux/log", get_log},         {"DELETE", "/_flux/log", delete_log},
    {"GET", "/_flux/state", get_state},
};

static int control_find(struct peer *p, struct buf *out)
{
	const struct heard *h = &p->heard;
	struct str query = h->target;
	struct str path;

	if (!str_next_field(&query, '?', &path))
		path = h->target;
	struct str key =
	    str_starts_with(query, STR("key=")) ? str_part(query, 4, query.len) : STR("");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(h->method, str_of(rows[i].method)) && str_eq(path, str_of(rows[i].path)))
			return rows[i].answer(p->provider, h, key, out);
	buf_put(out, STR("no such control\n"));
	return -1;
}

void control_answer(struct peer *p)
{
	struct buf body;
	struct buf raw;

	buf_init(&body, ANSWER_MAX);
	buf_init(&raw, ANSWER_MAX);
	int result = control_find(p, &body);

	buf_printf(&raw, "HTTP/1.1 %s\r\ncontent-length: %zu\r\n\r\n",
	           result == 0 ? "200 OK" : "400 Bad Request", body.len);
	buf_put(&raw, buf_str(&body));
	peer_answer_raw(p, buf_str(&raw));
	buf_release(&body);
	buf_release(&raw);
}
