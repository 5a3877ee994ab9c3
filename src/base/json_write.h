/* JSON written onto a buf. Commas come by themselves; nesting is watched, and a misuse (a value
 * where a key is due, a close that fits no open) is a bug and aborts. Text is escaped as RFC
 * 8259 asks and no further: valid UTF-8 passes as it is, each invalid byte becomes U+FFFD. What
 * does not fit into the buf shows in buf_is_over() at the end.
 *
 *	json_writer_init(&w, &out);
 *	json_open_object(&w);
 *	json_put_key(&w, STR("model"));
 *	json_put_text(&w, model);
 *	json_key_i64(&w, STR("created"), 1764000000);        the same in one call
 *	json_close_object(&w);
 *	must(json_writer_is_done(&w));
 * / */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include "base/buf.h"

#define JSON_WRITE_DEPTH_MAX 64

struct json_writer {
	struct buf *out;  /* borrows */
	uint64_t objects; /* bit n: level n is an object; level 0 is the document */
	int depth;
	bool comma_due;
	bool value_due; /* a key was put */
};

void json_writer_init(struct json_writer *, struct buf *out);
bool json_writer_is_done(const struct json_writer *); /* one whole value was written */

void json_open_object(struct json_writer *);
void json_close_object(struct json_writer *);
void json_open_array(struct json_writer *);
void json_close_array(struct json_writer *);

void json_put_key(struct json_writer *, struct str key);
void json_put_text(struct json_writer *, struct str text);
/* The inside of a JSON string, escaped already, as json_read found it. */
void json_put_inside(struct json_writer *, struct str escaped);
void json_put_i64(struct json_writer *, int64_t value);
void json_put_bool(struct json_writer *, bool value);
void json_put_null(struct json_writer *);
void json_put_raw(struct json_writer *, struct str json); /* a value that is JSON already */
/* value / 10^scale as a plain decimal number, exact, no exponent, no trailing zeros; scale
 * 0..18. */
void json_put_decimal(struct json_writer *, int64_t value, int scale);
void json_put_nusd(struct json_writer *,
                   int64_t cost_nusd); /* in US dollars: 123456 -> 0.000123456 */

/* A member of the object that is open: key and value. */
void json_key_text(struct json_writer *, struct str key, struct str text);
void json_key_i64(struct json_writer *, struct str key, int64_t value);
void json_key_bool(struct json_writer *, struct str key, bool value);
void json_key_null(struct json_writer *, struct str key);
void json_key_raw(struct json_writer *, struct str key, struct str json);
void json_key_nusd(struct json_writer *, struct str key, int64_t cost_nusd);

/* Text escaped for the inside of a JSON string, without the quotes. */
void json_put_escaped(struct buf *, struct str text);

#endif
