/* Writes and keeps records. Bytes above 0x7e and controls become \u00XX, so that every byte can be
 * read back (latin-1). Invariant: kept_bytes is the sum over lines and at most kept_max, the oldest
 * line falls out first. */
#include "record.h"
#include "script.h"

enum { RECORD_MAX = 256 << 20 };

struct record_line {
	struct list_node node;
	struct str key;
	size_t len;
	char text[];
};

#define ENDING_WORD(name, word) [ENDING_##name] = word,
static const char *const ending_words[] = {ENDING_TABLE(ENDING_WORD)};
#undef ENDING_WORD

void record_book_init(struct record_book *b, size_t kept_max, FILE *file)
{
	*b = (struct record_book){.kept_max = kept_max, .file = file};
	list_init(&b->lines);
}

static void put_bytes(struct buf *out, struct str bytes)
{
	buf_put_byte(out, '"');
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];

		if (c == '"' || c == '\\')
			buf_put_byte(out, '\\');
		if (c < ' ' || c > '~')
			buf_printf(out, "\\u%04x", c);
		else
			buf_put_byte(out, (char)c);
	}
	buf_put_byte(out, '"');
}

static void put_member(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, ",\"%s\":", name);
	put_bytes(out, value);
}

static void put_fields(struct buf *out, const struct heard *h)
{
	buf_put(out, STR(",\"headers\":["));
	for (size_t i = 0; i < h->field_count; i++) {
		buf_put(out, i > 0 ? STR(",[") : STR("["));
		put_bytes(out, h->fields[i].name);
		buf_put_byte(out, ',');
		put_bytes(out, h->fields[i].value);
		buf_put_byte(out, ']');
	}
	buf_put_byte(out, ']');
}

static void put_record(struct buf *out, const struct record *r, int64_t number)
{
	static const char *const framings[] = {"none", "length", "chunked"};
	const struct heard *h = r->heard;

	buf_printf(out, "{\"number\":%" PRId64, number);
	put_member(out, "key", heard_key(h));
	put_member(out, "method", h->method);
	put_member(out, "target", h->target);
	put_member(out, "version", h->version);
	put_fields(out, h);
	put_member(out, "head", buf_str(&h->head));
	put_member(out, "body", buf_str(&h->body));
	put_member(out, "trailers", buf_str(&h->trailers));
	put_member(out, "tls", r->tls);
	buf_printf(out, ",\"framing\":\"%s\",\"whole\":%s,\"scripted\":%s,\"ended\":\"%s\"",
	           framings[h->framing], h->state == HEARD_DONE ? "true" : "false",
	           r->is_scripted ? "true" : "false", ending_words[r->ending]);
	buf_printf(out, ",\"connection\":%" PRId64 ",\"request\":%" PRId64, r->connection,
	           r->number);
	buf_printf(out, ",\"body_bytes\":%zu,\"wire_bytes\":%" PRId64 ",\"sent_bytes\":%" PRId64,
	           h->body.len, h->wire_bytes, r->sent_bytes);
	buf_printf(out,
	           ",\"heard_ms\":%" PRId64 ",\"answered_ms\":%" PRId64 ",\"ended_ms\":%" PRId64,
	           r->heard_ms, r->answered_ms, r->ended_ms);
	buf_put(out, STR("}\n"));
}

static void line_drop(struct record_book *b, struct record_line *l)
{
	list_remove(&l->node);
	b->kept_bytes -= l->len;
	mem_put(l);
}

void record_book_clear(struct record_book *b, struct str key)
{
	struct list_node *n = b->lines.head.next;

	while (n != &b->lines.head) {
		struct record_line *l = LIST_OBJECT(n, struct record_line, node);

		n = n->next;
		if (key.len == 0 || str_eq(key, l->key))
			line_drop(b, l);
	}
}

static void keep(struct record_book *b, struct str text, struct str key)
{
	struct record_line *l = mem_get(sizeof(*l) + text.len + key.len);

	memcpy(l->text, text.ptr, text.len);
	if (key.len > 0)
		memcpy(l->text + text.len, key.ptr, key.len);
	l->len = text.len;
	l->key = (struct str){l->text + text.len, key.len};
	list_push(&b->lines, &l->node);
	b->kept_bytes += l->len;
	while (b->kept_bytes > b->kept_max && !list_is_empty(&b->lines))
		line_drop(b, LIST_OBJECT(list_first(&b->lines), struct record_line, node));
}

void record_book_add(struct record_book *b, const struct record *r)
{
	struct buf line;

	b->next_number++;
	if (b->file == NULL && b->kept_max == 0)
		return;
	buf_init(&line, RECORD_MAX);
	put_record(&line, r, b->next_number);
	if (b->file) {
		fwrite(line.ptr, 1, line.len, b->file);
		fflush(b->file);
	}
	if (b->kept_max > 0)
		keep(b, buf_str(&line), heard_key(r->heard));
	buf_release(&line);
}

void record_book_put(const struct record_book *b, struct str key, struct buf *out)
{
	for (const struct list_node *n = b->lines.head.next; n != &b->lines.head; n = n->next) {
		const struct record_line *l = LIST_OBJECT(n, const struct record_line, node);

		if (key.len == 0 || str_eq(key, l->key))
			buf_put(out, (struct str){l->text, l->len});
	}
}
