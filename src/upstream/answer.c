/* Answers.
 *
 * 	[1xx head]* head body            anything behind it is leftover
 *
 * A head that lies in one feed is copied once, to the arena; else its parts gather in
 * head_bytes. The body is decoded where it lies (front/http1):
 *
 * 	handed over:  the feed's memory -> `fresh` -> (taken) -> what is left: `kept`
 * 	gathered:     of known length: the socket reads into `kept` itself; else appended to it
 *
 * An event stream with status 2xx is handed over even when gathering was asked for: it has no
 * end worth waiting for. Invariants: `fresh` and `kept` never hold bytes both while handing
 * over; a gathered body is never more than gather_max. Called by exchange. Must never take
 * memory that a stranger's number asks for before it was compared with a cap. */
#include "upstream/answer.h"

#include "base/loop.h"
#include "limits.h"

enum { ANSWER_INTERIM_HEADS = 16, ANSWER_KEPT_BYTES = 256 * 1024 };

static enum answer_fed refuse(struct answer *a, struct str why)
{
	a->problem = why;
	return ANSWER_BAD;
}

/* --- the body --- */

static bool is_event_stream(const struct http_head *head)
{
	static const struct str streams[] = {STR_INIT("text/event-stream"),
	                                     STR_INIT("application/vnd.amazon.eventstream")};
	struct str type = http_header(head, STR("content-type"));

	for (size_t i = 0; head->status / 100 == 2 && i < sizeof streams / sizeof streams[0]; i++)
		if (str_eq_nocase(str_part(type, 0, streams[i].len), streams[i]))
			return true;
	return false;
}

static enum answer_fed too_large(struct answer *a)
{
	a->problem = arena_printf(a->arena, "answer of more than %zu bytes", a->gather_max);
	return ANSWER_TOO_LARGE;
}

/* One spare byte behind a body of known length: a socket that gives less than was asked for is
 * empty, which saves the read that would only say so; and what does come there is a byte too
 * many. */
static enum answer_fed begin_body(struct answer *a)
{
	bool known = a->head->framing == HTTP_LENGTH;
	size_t max = a->gather_max;

	http1_body_init(&a->body, a->head);
	if (is_event_stream(a->head))
		a->gather_max = 0;
	if (a->gather_max == 0)
		return ANSWER_MORE;
	if (known && (uint64_t)a->head->content_length > max)
		return too_large(a);
	if (known)
		max = (size_t)a->head->content_length;
	buf_init(&a->kept, max + 1);
	if (known)
		must(buf_reserve(&a->kept, max + 1) != NULL);
	return ANSWER_MORE;
}

static bool gather(struct answer *a, struct str bytes)
{
	if (a->kept.ptr && bytes.ptr == a->kept.ptr + a->kept.len)
		buf_grew(&a->kept, bytes.len);
	else
		buf_put(&a->kept, bytes);
	return !buf_is_over(&a->kept) && a->kept.len <= a->gather_max;
}

static void hand_over(struct answer *a, struct str bytes)
{
	if (a->kept.len == 0) {
		a->fresh = bytes;
		return;
	}
	buf_put(&a->kept, bytes);
	must(!buf_is_over(&a->kept)); /* who does not take pauses the link */
}

static enum answer_fed feed_body(struct answer *a, char *bytes, size_t len)
{
	size_t body_len = 0, taken = 0;
	enum http1_fed fed = http1_body_feed(&a->body, bytes, len, &body_len, &taken);
	struct str body = {bytes, body_len};

	if (!a->gather_max)
		hand_over(a, body);
	else if (!gather(a, body))
		return too_large(a);
	if (fed == HTTP1_BAD)
		return refuse(a, STR("broken chunks"));
	if (fed == HTTP1_MORE)
		return ANSWER_MORE;
	a->leftover = len - taken;
	return ANSWER_END;
}

char *answer_room(struct answer *a, size_t *out_bytes)
{
	if (a->head == NULL || !a->gather_max || a->body.framing != HTTP_LENGTH)
		return NULL;
	*out_bytes = a->kept.cap - a->kept.len;
	return a->kept.ptr + a->kept.len;
}

bool answer_ends_at_close(const struct answer *a)
{
	return a->head && http1_body_ends_at_close(&a->body);
}

/* --- the head --- */

/* Interim answers are skipped; nobody asked for a 101. */
static enum answer_fed judge_head(struct answer *a, struct http_head *head)
{
	if (head->status == 101)
		return refuse(a, STR("101 Switching Protocols, unasked"));
	if (head->status < 200)
		return ++a->interim_heads > ANSWER_INTERIM_HEADS
		           ? refuse(a, STR("interim answers without end"))
		           : ANSWER_MORE;
	a->head = head;
	return begin_body(a);
}

/* One head at the front of `bytes`. *out_used stays 0 when it is not whole. */
static enum answer_fed feed_head(struct answer *a, struct str bytes, size_t *out_used)
{
	struct http_head *head;
	struct str copy;
	struct fail f;
	int64_t len;

	fail_init(&f, a->arena);
	len = http1_find_head(bytes, &a->scanned, &f);
	if (len == 0)
		return ANSWER_MORE;
	if (len < 0)
		return refuse(a, f.message);
	*out_used = (size_t)len;
	a->scanned = 0;
	copy = arena_copy(a->arena, str_part(bytes, 0, (size_t)len));
	head = ARENA_NEW(a->arena, struct http_head);
	if (http1_read_answer(copy, a->method, a->arena, head, &f) < 0)
		return refuse(a, f.message);
	return judge_head(a, head);
}

/* `bytes` are the feed's or head_bytes' own. */
static enum answer_fed feed_heads(struct answer *a, char *bytes, size_t len)
{
	enum answer_fed fed = ANSWER_MORE;
	size_t at = 0, used = 1;

	while (a->head == NULL && used && fed == ANSWER_MORE && at < len) {
		used = 0;
		fed = feed_head(a, (struct str){bytes + at, len - at}, &used);
		at += used;
	}
	if (fed != ANSWER_MORE)
		return fed;
	if (a->head)
		return feed_body(a, bytes + at, len - at);
	if (bytes == a->head_bytes.ptr)
		buf_drop(&a->head_bytes, at);
	else
		buf_put(&a->head_bytes, (struct str){bytes + at, len - at});
	must(!buf_is_over(&a->head_bytes));
	return ANSWER_MORE;
}

/* --- feeding and taking --- */

enum answer_fed answer_feed(struct answer *a, char *bytes, size_t len)
{
	must(a->fresh.len == 0);
	if (a->head)
		return feed_body(a, bytes, len);
	if (a->head_bytes.len == 0)
		return feed_heads(a, bytes, len);
	buf_put(&a->head_bytes, (struct str){bytes, len});
	must(!buf_is_over(&a->head_bytes)); /* an unfinished head is under its limit */
	return feed_heads(a, a->head_bytes.ptr, a->head_bytes.len);
}

struct str answer_body(const struct answer *a)
{
	return a->fresh.len ? a->fresh : buf_str(&a->kept);
}

void answer_take(struct answer *a, size_t bytes)
{
	if (a->fresh.len) {
		must(bytes <= a->fresh.len);
		a->fresh = str_part(a->fresh, bytes, a->fresh.len);
		return;
	}
	must(!a->gather_max);
	buf_drop(&a->kept, bytes);
	if (a->kept.len == 0)
		buf_release(&a->kept);
}

void answer_keep(struct answer *a)
{
	if (a->fresh.len) { /* a gathered body has none, and may be with the pool by now */
		buf_put(&a->kept, a->fresh);
		a->fresh = STR("");
	}
	must(a->gather_max || !buf_is_over(&a->kept));
	if (a->head)
		buf_release(&a->head_bytes);
}

void answer_init(struct answer *a, struct arena *arena, struct str method, size_t gather_max)
{
	*a = (struct answer){.arena = arena, .method = method, .gather_max = gather_max};
	buf_init(&a->head_bytes, LIMIT_HEAD_BYTES + LOOP_READ_BYTES);
	buf_init(&a->kept, ANSWER_KEPT_BYTES);
}

void answer_release(struct answer *a)
{
	buf_release(&a->head_bytes);
	buf_release(&a->kept);
}
