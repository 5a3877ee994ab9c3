/* The JSON reader: a state machine over tokens that lays a flat tape of nodes.
 *
 *	{"a":[1,2],"b":"x"}      0 object  start 0  end 19  next 7
 *	                         1 key     "a"              next 2
 *	                         2 array   [1,2]            next 5
 *	                         3 number  1                next 4
 *	                         4 number  2                next 5
 *	                         5 key     "b"              next 6
 *	                         6 string  "x"              next 7
 *
 * While a container is open its `next` holds the container around it, so the tape is its own
 * stack; a string being read is the last node of the tape. What is left between two steps is
 * therefore the position, the state, the innermost container and the depth.
 *
 * A step's budget is in bytes, and nodes and hashed keys are charged as so many bytes as they
 * take time for. Only strings and blanks are interrupted inside; numbers, escapes and literals
 * are short by their caps.
 *
 * When reading fails, open containers are closed where they are, so that json_path can name the
 * place.
 *
 * Called by everybody who gets JSON from outside. Must never copy the document, and never read
 * past its end. */
#include "base/json_read.h"

#include "base/json_keys.h"
#include "base/json_run.h"
#include "base/json_scan.h"
#include "base/work.h"

#include <stdarg.h>

enum {
	TAPE_FIRST_ROOM = 64,
	CHARGE_HASHED_KEY = 256,
	QUOTED_MAX = 48, /* of the client's text in a reason */
};

void json_init(struct json *doc)
{
	*doc = (struct json){.nodes_max = JSON_NODES_MAX, .depth_max = JSON_DEPTH_MAX};
}

void json_release(struct json *doc)
{
	mem_put(doc->nodes);
	json_keys_free(&doc->keys);
	json_init(doc);
}

void json_reader_init(struct json_reader *r, struct json *doc, struct str bytes)
{
	*r = (struct json_reader){.doc = doc, .parent = JSON_NONE, .state = STATE_VALUE};
	doc->bytes = bytes;
	doc->count = 0;
	doc->root_keys = 0;
	json_keys_free(&doc->keys);
}

static bool is_inside_text(const struct json_reader *r)
{
	return r->state == STATE_TEXT || r->state == STATE_KEY_TEXT;
}

static uint32_t last_node(const struct json_reader *r)
{
	return r->doc->count - 1;
}

/* A key that broke off has no text to show. Gives whether there was one. */
static bool drop_half_key(struct json_reader *r)
{
	const struct json_node *n;

	if (r->state != STATE_KEY_TEXT)
		return false;
	n = &r->doc->nodes[last_node(r)];
	if (n->end > n->start)
		return false;
	r->doc->count--;
	return true;
}

/* Open containers end where reading failed. */
static void tape_close_all(struct json_reader *r)
{
	uint32_t container = r->parent;

	while (container != JSON_NONE) {
		struct json_node *n = &r->doc->nodes[container];

		container = n->next;
		n->next = r->doc->count;
		n->end = (uint32_t)r->at;
	}
	r->parent = JSON_NONE;
}

/* Gives -1, with the error filled. `node` is where it is, the container around it if there is
 * none of its own. */
__attribute__((format(printf, 3, 4))) static int fail_at(struct json_reader *r, uint32_t node,
                                                         const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->error.reason, sizeof r->error.reason, format, args);
	va_end(args);
	r->error.offset = r->at;
	r->error.node = drop_half_key(r) ? r->parent : node;
	tape_close_all(r);
	r->state = STATE_FAILED;
	return -1;
}

static bool parent_is_object(const struct json_reader *r)
{
	return r->doc->nodes[r->parent].type == JSON_OBJECT;
}

/* Where to put the blame for a value that is not there: on its key, else on what is around it. */
static uint32_t place_of_value(const struct json_reader *r)
{
	if (r->state == STATE_VALUE && r->parent != JSON_NONE && parent_is_object(r))
		return last_node(r);
	return r->parent;
}

static int fail_too_many(struct json_reader *r)
{
	return fail_at(r, place_of_value(r), "too many values (more than %u)", r->doc->nodes_max);
}

static void tape_grow(struct json *doc)
{
	uint32_t room = doc->room ? doc->room : TAPE_FIRST_ROOM / 2;

	doc->room = room < doc->nodes_max / 2 ? room * 2 : doc->nodes_max;
	doc->nodes = mem_resize(doc->nodes, doc->room * sizeof *doc->nodes);
}

/* A node that begins at r->at. */
static inline int tape_put(struct json_reader *r, enum json_type type, uint8_t marks)
{
	struct json *doc = r->doc;

	if (doc->count >= doc->nodes_max)
		return fail_too_many(r);
	if (doc->count >= doc->room)
		tape_grow(doc);
	doc->nodes[doc->count] = (struct json_node){
	    .start = (uint32_t)r->at,
	    .end = (uint32_t)r->at,
	    .next = doc->count + 1,
	    .type = (uint8_t)type,
	    .marks = marks,
	};
	doc->count++;
	return 0;
}

static inline void value_done(struct json_reader *r)
{
	r->state = r->parent == JSON_NONE ? STATE_END : STATE_AFTER_VALUE;
}

static inline struct json_scan scan_from(const struct json_reader *r)
{
	const char *bytes = r->doc->bytes.ptr;

	return (struct json_scan){.at = bytes + r->at, .end = bytes + r->doc->bytes.len};
}

static int open_container(struct json_reader *r, enum json_type type)
{
	if (r->depth >= r->doc->depth_max)
		return fail_at(r, place_of_value(r), "nested too deep (more than %u levels)",
		               r->doc->depth_max);
	if (tape_put(r, type, 0) < 0)
		return -1;
	r->doc->nodes[last_node(r)].next = r->parent;
	r->parent = last_node(r);
	r->depth++;
	r->at++;
	r->state = type == JSON_OBJECT ? STATE_FIRST_KEY : STATE_FIRST_ITEM;
	return 0;
}

static inline void close_container(struct json_reader *r)
{
	struct json_node *n = &r->doc->nodes[r->parent];

	r->at++;
	r->parent = n->next;
	r->depth--;
	n->end = (uint32_t)r->at;
	n->next = r->doc->count;
	value_done(r);
}

static int read_literal(struct json_reader *r, struct str word, enum json_type type)
{
	uint32_t place = place_of_value(r);

	if (!str_eq(str_part(r->doc->bytes, r->at, word.len), word))
		return fail_at(r, place, "unknown word where a value is due");
	if (tape_put(r, type, 0) < 0)
		return -1;
	r->at += word.len;
	r->doc->nodes[last_node(r)].end = (uint32_t)r->at;
	value_done(r);
	return 0;
}

static int read_number(struct json_reader *r)
{
	struct json_scan scan = scan_from(r);
	enum json_scan_result result;

	if (tape_put(r, JSON_NUMBER, 0) < 0)
		return -1;
	result = json_scan_number(&scan);
	r->at = (size_t)(scan.at - r->doc->bytes.ptr);
	if (result == JSON_SCAN_BAD)
		return fail_at(r, last_node(r), "%s", scan.reason);
	r->doc->nodes[last_node(r)].end = (uint32_t)r->at;
	value_done(r);
	return 0;
}

static int fail_no_value(struct json_reader *r, char c)
{
	bool is_bom = r->at == 0 && str_starts_with(r->doc->bytes, STR("\xef\xbb\xbf"));
	const char *reason = is_bom                 ? "byte order mark before the value"
	                     : c == ','             ? "',' where a value is due"
	                     : c == '}' || c == ']' ? "end of a container where a value is due"
	                                            : "unexpected byte where a value is due";

	return fail_at(r, place_of_value(r), "%s", reason);
}

static int read_value(struct json_reader *r, char c)
{
	switch (c) {
	case '"':
		if (tape_put(r, JSON_STRING, 0) < 0)
			return -1;
		r->at++;
		r->state = STATE_TEXT;
		return 0;
	case '{':
		return open_container(r, JSON_OBJECT);
	case '[':
		return open_container(r, JSON_ARRAY);
	case 't':
		return read_literal(r, STR("true"), JSON_TRUE);
	case 'f':
		return read_literal(r, STR("false"), JSON_FALSE);
	case 'n':
		return read_literal(r, STR("null"), JSON_NULL);
	case '-':
	case '0' ... '9':
		return read_number(r);
	default:
		return fail_no_value(r, c);
	}
}

static int read_key(struct json_reader *r, char c)
{
	if (c != '"')
		return fail_at(r, r->parent, "a key in quotes is due");
	if (tape_put(r, JSON_STRING, JSON_IS_KEY) < 0)
		return -1;
	r->at++;
	r->state = STATE_KEY_TEXT;
	return 0;
}

static int read_colon(struct json_reader *r, char c)
{
	if (c != ':')
		return fail_at(r, last_node(r), "':' is due behind a key");
	r->at++;
	r->state = STATE_VALUE;
	return 0;
}

static int read_after_value(struct json_reader *r, char c)
{
	bool in_object = parent_is_object(r);

	if (c == ',') {
		r->at++;
		r->state = in_object ? STATE_KEY : STATE_VALUE;
		return 0;
	}
	if (c != (in_object ? '}' : ']'))
		return fail_at(r, r->parent, in_object ? "',' or '}' is due" : "',' or ']' is due");
	close_container(r);
	return 0;
}

/* The longest front of the text that may be quoted in a reason, not cut inside a character. */
static struct str quotable(struct str text)
{
	size_t len = text.len;

	if (len <= QUOTED_MAX)
		return text;
	len = QUOTED_MAX;
	while (len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
		len--;
	return (struct str){text.ptr, len};
}

static int fail_duplicate(struct json_reader *r)
{
	struct str key = json_inside(r->doc, last_node(r)), part = quotable(key);

	r->at = r->doc->nodes[last_node(r)].start;
	return fail_at(r, last_node(r), "duplicate key \"%.*s%s\"", STR_ARG(part),
	               part.len < key.len ? "..." : "");
}

static int key_done(struct json_reader *r)
{
	const struct json_node *n = &r->doc->nodes[last_node(r)];

	if (n->end - n->start > JSON_KEY_BYTES_MAX)
		return fail_at(r, last_node(r), "key too long (more than %u bytes)",
		               JSON_KEY_BYTES_MAX);
	if (r->parent == 0)
		r->doc->root_keys |= n->marks & JSON_HAS_ESCAPES
		                         ? UINT64_MAX
		                         : json_key_bit(json_inside(r->doc, last_node(r)));
	if (!r->doc->allows_duplicates && json_keys_add(r->doc, r->parent, last_node(r)))
		return fail_duplicate(r);
	r->state = STATE_COLON;
	return 0;
}

/* Goes on inside the string that is the last node. */
static int read_text(struct json_reader *r, size_t limit)
{
	struct json_scan scan = scan_from(r);
	struct json_node *n = &r->doc->nodes[last_node(r)];
	enum json_scan_result result = json_scan_string(&scan, r->doc->bytes.ptr + limit);

	r->at = (size_t)(scan.at - r->doc->bytes.ptr);
	if (scan.escapes)
		n->marks |= JSON_HAS_ESCAPES;
	if (result == JSON_SCAN_BAD)
		return fail_at(r, last_node(r), "%s", scan.reason);
	if (result == JSON_SCAN_MORE)
		return 0;
	r->at++;
	n->end = (uint32_t)r->at;
	if (r->state == STATE_KEY_TEXT)
		return key_done(r);
	value_done(r);
	return 0;
}

/* One token that begins with c, which is no blank. */
static inline int read_token(struct json_reader *r, char c)
{
	switch ((enum json_state)r->state) {
	case STATE_FIRST_ITEM:
		if (c != ']')
			return read_value(r, c);
		close_container(r);
		return 0;
	case STATE_FIRST_KEY:
		if (c != '}')
			return read_key(r, c);
		close_container(r);
		return 0;
	case STATE_VALUE:
		return read_value(r, c);
	case STATE_KEY:
		return read_key(r, c);
	case STATE_COLON:
		return read_colon(r, c);
	case STATE_AFTER_VALUE:
		return read_after_value(r, c);
	case STATE_END:
		return fail_at(r, JSON_NONE, "something behind the end of the value");
	case STATE_TEXT:
	case STATE_KEY_TEXT:
	case STATE_FAILED:
		break;
	}
	must(!"a token inside a string or behind a failure");
	return -1;
}

static enum json_step at_end(struct json_reader *r)
{
	bool inside = is_inside_text(r);

	if (r->state == STATE_END)
		return JSON_DONE;
	fail_at(r, inside || r->state == STATE_COLON ? last_node(r) : place_of_value(r), "%s",
	        r->doc->count == 0 ? "empty document" : "ends before the value does");
	return JSON_FAILED;
}

/* One token, or what the limit lets through of a string or of blanks. Gives what it costs in
 * budget beside its bytes, or -1. */
static inline int read_some(struct json_reader *r, size_t limit)
{
	const char *bytes = r->doc->bytes.ptr, *at = bytes + r->at;
	uint32_t count = r->doc->count;

	if (is_inside_text(r)) {
		bool is_key = r->state == STATE_KEY_TEXT;

		if (read_text(r, limit) < 0)
			return -1;
		return is_key && r->doc->nodes[r->parent].marks & JSON_IS_HASHED ? CHARGE_HASHED_KEY
		                                                                 : 0;
	}
	if ((unsigned char)*at <= ' ') {
		at = json_scan_blank(at, bytes + limit);
		r->at = (size_t)(at - bytes);
		if (r->at == limit)
			return 0;
	}
	if (read_token(r, *at) < 0)
		return -1;
	return r->doc->count == count ? 0 : JSON_CHARGE_NODE;
}

static enum json_step step(struct json_reader *r, size_t budget_bytes)
{
	size_t len = r->doc->bytes.len, from = r->at, charged = 0;

	if (r->state == STATE_FAILED)
		return JSON_FAILED;
	if (len >= UINT32_MAX) {
		fail_at(r, JSON_NONE, "longer than 4 GiB");
		return JSON_FAILED;
	}
	while (r->at < len) {
		size_t spent = r->at - from + charged;
		int charge;

		if (spent >= budget_bytes)
			return JSON_MORE;
		if (!is_inside_text(r) && r->doc->room)
			charged += json_run(r, budget_bytes - spent);
		spent = r->at - from + charged;
		if (r->at == len || spent >= budget_bytes)
			continue;
		charge = read_some(
		    r, len - r->at < budget_bytes - spent ? len : r->at + (budget_bytes - spent));
		if (charge < 0)
			return JSON_FAILED;
		charged += (size_t)charge;
	}
	return at_end(r);
}

enum json_step json_reader_step(struct json_reader *r, size_t budget_bytes)
{
	size_t from = r->at;
	enum json_step result = step(r, budget_bytes);

	work_did(r->at - from);
	return result;
}

int json_read(struct json *doc, struct str bytes, struct json_error *out_error)
{
	struct json_reader reader;

	json_reader_init(&reader, doc, bytes);
	if (json_reader_step(&reader, SIZE_MAX) == JSON_DONE)
		return 0;
	*out_error = reader.error;
	return -1;
}
