/* The JSON writer: escapes, commas, nesting.
 *
 * Each level is one bit (object or array) in a word, which is all the nesting there is to
 * remember: the comma is due exactly after a value or a closed container, and a value in an
 * object only behind its key. Text goes out in runs: up to the next byte that needs a hand, as
 * json_scan finds it.
 *
 * Called by the dialects, the log, admin and the verbs. Must never write anything but one valid
 * document, whatever bytes the text holds. */
#include "base/json_write.h"

#include "base/decimal.h"
#include "base/json_scan.h"

void json_writer_init(struct json_writer *w, struct buf *out)
{
	*w = (struct json_writer){.out = out};
}

bool json_writer_is_done(const struct json_writer *w)
{
	return w->depth == 0 && w->comma_due;
}

static bool in_object(const struct json_writer *w)
{
	return w->objects >> w->depth & 1;
}

/* Before any value: its comma, and that it may stand here. */
static void begin_value(struct json_writer *w)
{
	must(in_object(w) == w->value_due);
	must(w->depth > 0 || !w->comma_due); /* one value to a document */
	if (w->comma_due)
		buf_put_byte(w->out, ',');
	w->comma_due = true;
	w->value_due = false;
}

static void open_level(struct json_writer *w, bool is_object)
{
	begin_value(w);
	w->depth++;
	must(w->depth < JSON_WRITE_DEPTH_MAX);
	w->objects &= ~(UINT64_C(1) << w->depth);
	w->objects |= (uint64_t)is_object << w->depth;
	w->comma_due = false;
	buf_put_byte(w->out, is_object ? '{' : '[');
}

static void close_level(struct json_writer *w, bool is_object)
{
	must(w->depth > 0 && in_object(w) == is_object && !w->value_due);
	w->depth--;
	w->comma_due = true;
	buf_put_byte(w->out, is_object ? '}' : ']');
}

void json_open_object(struct json_writer *w)
{
	open_level(w, true);
}

void json_close_object(struct json_writer *w)
{
	close_level(w, true);
}

void json_open_array(struct json_writer *w)
{
	open_level(w, false);
}

void json_close_array(struct json_writer *w)
{
	close_level(w, false);
}

static void put_control(struct buf *out, unsigned char c)
{
	static const char letters[0x20] = {
	    ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	};

	if (letters[c])
		buf_put(out, (struct str){(const char[]){'\\', letters[c]}, 2});
	else
		buf_printf(out, "\\u%04x", c);
}

/* The bytes that stopped a run; gives how many it took. */
static size_t put_stop(struct buf *out, const char *at, const char *end)
{
	unsigned char c = (unsigned char)*at;
	size_t len;

	if (c < 0x20) {
		put_control(out, c);
		return 1;
	}
	if (c < 0x80) {
		buf_put(out, (struct str){(const char[]){'\\', *at}, 2});
		return 1;
	}
	len = json_scan_utf8(at, end);
	if (len == 0) {
		buf_put(out, STR("\xef\xbf\xbd"));
		return 1;
	}
	buf_put(out, (struct str){at, len});
	return len;
}

void json_put_escaped(struct buf *out, struct str text)
{
	const char *at = text.ptr, *end;

	if (text.len == 0) /* of which the pointer may be none */
		return;
	end = at + text.len;
	while (at < end) {
		const char *stop = json_scan_plain(at, end);

		buf_put(out, (struct str){at, (size_t)(stop - at)});
		at = stop;
		if (at < end)
			at += put_stop(out, at, end);
	}
}

static void put_quoted(struct buf *out, struct str text)
{
	buf_put_byte(out, '"');
	json_put_escaped(out, text);
	buf_put_byte(out, '"');
}

/* All of a key that needs no hand at once, with its marks: most of a document are such. */
static bool put_plain_key(struct json_writer *w, struct str key)
{
	char *room = buf_room(w->out, key.len + 4), *at = room;

	if (room == NULL || key.len == 0 ||
	    json_scan_plain(key.ptr, key.ptr + key.len) != key.ptr + key.len)
		return false;
	if (w->comma_due)
		*at++ = ',';
	*at++ = '"';
	memcpy(at, key.ptr, key.len);
	at += key.len;
	*at++ = '"';
	*at++ = ':';
	buf_grew(w->out, (size_t)(at - room));
	return true;
}

void json_put_key(struct json_writer *w, struct str key)
{
	must(in_object(w) && !w->value_due);
	if (!put_plain_key(w, key)) {
		if (w->comma_due)
			buf_put_byte(w->out, ',');
		put_quoted(w->out, key);
		buf_put_byte(w->out, ':');
	}
	w->comma_due = false;
	w->value_due = true;
}

void json_put_text(struct json_writer *w, struct str text)
{
	begin_value(w);
	put_quoted(w->out, text);
}

void json_put_inside(struct json_writer *w, struct str escaped)
{
	begin_value(w);
	buf_put_byte(w->out, '"');
	buf_put(w->out, escaped);
	buf_put_byte(w->out, '"');
}

void json_put_i64(struct json_writer *w, int64_t value)
{
	begin_value(w);
	buf_put_i64(w->out, value);
}

void json_put_bool(struct json_writer *w, bool value)
{
	begin_value(w);
	buf_put(w->out, value ? STR("true") : STR("false"));
}

void json_put_null(struct json_writer *w)
{
	begin_value(w);
	buf_put(w->out, STR("null"));
}

void json_put_raw(struct json_writer *w, struct str json)
{
	must(json.len > 0);
	begin_value(w);
	buf_put(w->out, json);
}

void json_put_decimal(struct json_writer *w, int64_t value, int scale)
{
	begin_value(w);
	decimal_put(w->out, value, scale);
}

void json_put_nusd(struct json_writer *w, int64_t cost_nusd)
{
	begin_value(w);
	buf_put_nusd(w->out, cost_nusd);
}

void json_key_text(struct json_writer *w, struct str key, struct str text)
{
	json_put_key(w, key);
	json_put_text(w, text);
}

void json_key_i64(struct json_writer *w, struct str key, int64_t value)
{
	json_put_key(w, key);
	json_put_i64(w, value);
}

void json_key_bool(struct json_writer *w, struct str key, bool value)
{
	json_put_key(w, key);
	json_put_bool(w, value);
}

void json_key_null(struct json_writer *w, struct str key)
{
	json_put_key(w, key);
	json_put_null(w);
}

void json_key_raw(struct json_writer *w, struct str key, struct str json)
{
	json_put_key(w, key);
	json_put_raw(w, json);
}

void json_key_nusd(struct json_writer *w, struct str key, int64_t cost_nusd)
{
	json_put_key(w, key);
	json_put_nusd(w, cost_nusd);
}
