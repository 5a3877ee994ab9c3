/* A run of tokens with the reader's place in registers.
 *
 * The reader proper (json_read.c) can stop anywhere and explain everything, for which it keeps
 * its place in memory and goes by single tokens. Most of a document needs neither. Here a member
 * is read in one go, `"key":` and the value and the comma behind it, and nothing is ever refused:
 * whatever is wrong, rare (escapes in keys, hashed objects, a full tape, a document's last bytes)
 * or longer than the budget is left standing where the reader begins with it again.
 *
 * Invariant: behind each token the tape, the place and the state are what the reader would have
 * made of it. Called by json_reader_step. Must never fail, nor grow the tape. */
#include "base/json_run.h"

#include "base/json_keys.h"
#include "base/json_scan.h"

/* All of it is one function, so that the run lives in registers. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { COUNT_DIGITS = 12 };

struct run {
	const char *bytes, *at, *end;
	const char *from;                      /* where the run began */
	struct json_node *nodes, *next, *full; /* the tape, its first free place, its end */
	const struct json_node *first;         /* of this run */
	uint32_t parent;
	uint32_t depth;
	enum json_state state;
	struct json *doc;
};

ALWAYS_INLINE uint32_t place_of(const struct run *t, const char *at)
{
	return (uint32_t)(at - t->bytes);
}

ALWAYS_INLINE void put(struct run *t, const char *from, enum json_type type, uint8_t marks)
{
	uint32_t index = (uint32_t)(t->next - t->nodes);

	*t->next++ = (struct json_node){.start = place_of(t, from),
	                                .end = place_of(t, t->at),
	                                .next = index + 1,
	                                .type = (uint8_t)type,
	                                .marks = marks};
}

ALWAYS_INLINE bool in_object(const struct run *t)
{
	return t->nodes[t->parent].type == JSON_OBJECT;
}

/* Takes the comma too, if it follows at once. */
ALWAYS_INLINE void value_done(struct run *t)
{
	if (t->parent == JSON_NONE) {
		t->state = STATE_END;
		return;
	}
	t->state = STATE_AFTER_VALUE;
	if (t->at < t->end && *t->at == ',') {
		t->at++;
		t->state = in_object(t) ? STATE_KEY : STATE_VALUE;
	}
}

ALWAYS_INLINE bool run_close(struct run *t)
{
	struct json_node *n = &t->nodes[t->parent];

	t->at++;
	t->parent = n->next;
	t->depth--;
	n->end = place_of(t, t->at);
	n->next = (uint32_t)(t->next - t->nodes);
	value_done(t);
	return true;
}

ALWAYS_INLINE bool run_open(struct run *t, enum json_type type)
{
	uint32_t index = (uint32_t)(t->next - t->nodes);

	if (t->depth >= t->doc->depth_max)
		return false;
	t->at++;
	put(t, t->at - 1, type, 0);
	t->nodes[index].next = t->parent;
	t->parent = index;
	t->depth++;
	t->state = type == JSON_OBJECT ? STATE_FIRST_KEY : STATE_FIRST_ITEM;
	return true;
}

ALWAYS_INLINE bool is_twice(struct run *t)
{
	return !t->doc->allows_duplicates &&
	       json_keys_add(t->doc, t->parent, (uint32_t)(t->next - t->nodes) - 1);
}

/* A key without escapes, and its colon. */
ALWAYS_INLINE bool run_key(struct run *t)
{
	const char *from = t->at, *quote = json_scan_short(from + 1, t->end);

	if (quote == NULL || *quote != '"' || t->nodes[t->parent].marks & JSON_IS_HASHED)
		return false;
	t->at = quote + 1;
	put(t, from, JSON_STRING, JSON_IS_KEY);
	if (t->parent == 0)
		t->doc->root_keys |=
		    json_key_bit((struct str){from + 1, (size_t)(quote - from - 1)});
	if (is_twice(t)) {
		t->at = from;
		t->next--;
		return false;
	}
	t->state = STATE_COLON;
	if (t->at < t->end && *t->at == ':') {
		t->at++;
		t->state = STATE_VALUE;
	}
	return true;
}

/* What was read so far, nodes included, which take as long as so many bytes. */
ALWAYS_INLINE size_t spent_by(const struct run *t)
{
	return (size_t)(t->at - t->from) + (size_t)(t->next - t->first) * JSON_CHARGE_NODE;
}

/* As far as a token may go that can be interrupted. */
ALWAYS_INLINE const char *limit_of(const struct run *t, size_t budget_bytes)
{
	size_t spent = spent_by(t), left = spent < budget_bytes ? budget_bytes - spent : 0;

	return left < (size_t)(t->end - t->at) ? t->at + left : t->end;
}

/* A string that goes on behind the first stop or the budget. What is not whole is a string that
 * the reader is inside of. */
ALWAYS_INLINE bool run_long_text(struct run *t, size_t budget_bytes)
{
	const char *from = t->at, *limit = limit_of(t, budget_bytes);
	struct json_scan scan = {.at = from + 1, .end = t->end};
	enum json_scan_result result;

	if (from + 1 >= limit)
		return false;
	result = json_scan_string(&scan, limit);
	t->at = result == JSON_SCAN_BAD ? from + 1 : scan.at + (result == JSON_SCAN_END);
	put(t, from, JSON_STRING, scan.escapes ? JSON_HAS_ESCAPES : 0);
	if (result == JSON_SCAN_END) {
		value_done(t);
		return true;
	}
	t->next[-1].end = t->next[-1].start;
	t->state = STATE_TEXT;
	return false;
}

ALWAYS_INLINE bool run_text(struct run *t, size_t budget_bytes)
{
	const char *from = t->at, *quote = json_scan_short(from + 1, t->end);

	if (quote == NULL || *quote != '"')
		return run_long_text(t, budget_bytes);
	t->at = quote + 1;
	put(t, from, JSON_STRING, 0);
	value_done(t);
	return true;
}

ALWAYS_INLINE bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A count of up to COUNT_DIGITS digits, with what must stand behind it in any container. */
ALWAYS_INLINE const char *skip_count(const char *from, const char *end)
{
	const char *at = from;

	if (end - from <= COUNT_DIGITS || *at == '0')
		return NULL;
	while (is_digit(*at) && at - from < COUNT_DIGITS)
		at++;
	return at > from && (*at == ',' || *at == '}' || *at == ']') ? at : NULL;
}

ALWAYS_INLINE bool run_number(struct run *t)
{
	struct json_scan scan = {.at = t->at, .end = t->end};
	const char *from = t->at, *after = skip_count(from, t->end);

	if (after == NULL && json_scan_number(&scan) == JSON_SCAN_BAD)
		return false;
	t->at = after ? after : scan.at;
	put(t, from, JSON_NUMBER, 0);
	value_done(t);
	return true;
}

ALWAYS_INLINE bool run_word(struct run *t, struct str word, enum json_type type)
{
	const char *from = t->at;

	if ((size_t)(t->end - from) < word.len || memcmp(from, word.ptr, word.len) != 0)
		return false;
	t->at += word.len;
	put(t, from, type, 0);
	value_done(t);
	return true;
}

ALWAYS_INLINE bool run_value(struct run *t, char c, size_t budget_bytes)
{
	switch (c) {
	case '"':
		return run_text(t, budget_bytes);
	case '{':
		return run_open(t, JSON_OBJECT);
	case '[':
		return run_open(t, JSON_ARRAY);
	case 't':
		return run_word(t, STR("true"), JSON_TRUE);
	case 'f':
		return run_word(t, STR("false"), JSON_FALSE);
	case 'n':
		return run_word(t, STR("null"), JSON_NULL);
	case '-':
	case '0' ... '9':
		return run_number(t);
	default:
		return false;
	}
}

/* Past blanks, of which there mostly is one; false: there is nothing behind them yet. */
ALWAYS_INLINE bool skip_blank(struct run *t, size_t budget_bytes)
{
	if ((unsigned char)*t->at > ' ')
		return true;
	if (*t->at == ' ' && t->end - t->at > 1 && (unsigned char)t->at[1] > ' ') {
		t->at++;
		return true;
	}
	t->at = json_scan_blank(t->at, limit_of(t, budget_bytes));
	return t->at < t->end && (unsigned char)*t->at > ' ';
}

/* A key, and its value where that follows at once. */
ALWAYS_INLINE bool run_member(struct run *t, size_t budget_bytes)
{
	if (!run_key(t))
		return false;
	if (t->state != STATE_VALUE || t->at == t->end || t->next == t->full)
		return true;
	return skip_blank(t, budget_bytes) && run_value(t, *t->at, budget_bytes);
}

/* What is common in this state; false: nothing was taken, or a string is not whole. */
ALWAYS_INLINE bool run_token(struct run *t, char c, size_t budget_bytes)
{
	switch (t->state) {
	case STATE_FIRST_KEY:
	case STATE_KEY:
		if (c == '"')
			return run_member(t, budget_bytes);
		return c == '}' && t->state == STATE_FIRST_KEY && run_close(t);
	case STATE_FIRST_ITEM:
	case STATE_VALUE:
		if (c == ']' && t->state == STATE_FIRST_ITEM)
			return run_close(t);
		return run_value(t, c, budget_bytes);
	case STATE_AFTER_VALUE:
		return c == (in_object(t) ? '}' : ']') && run_close(t);
	default:
		return false;
	}
}

size_t json_run(struct json_reader *r, size_t budget_bytes)
{
	struct json *doc = r->doc;
	struct run t = {.bytes = doc->bytes.ptr,
	                .at = doc->bytes.ptr + r->at,
	                .end = doc->bytes.ptr + doc->bytes.len,
	                .from = doc->bytes.ptr + r->at,
	                .nodes = doc->nodes,
	                .next = doc->nodes + doc->count,
	                .full = doc->nodes + doc->room,
	                .first = doc->nodes + doc->count,
	                .parent = r->parent,
	                .depth = r->depth,
	                .state = (enum json_state)r->state,
	                .doc = doc};

	while (t.at < t.end && t.next < t.full && spent_by(&t) < budget_bytes)
		if (!skip_blank(&t, budget_bytes) || !run_token(&t, *t.at, budget_bytes))
			break;
	r->at = (size_t)(t.at - t.bytes);
	r->parent = t.parent;
	r->depth = t.depth;
	r->state = (uint8_t)t.state;
	doc->count = (uint32_t)(t.next - t.nodes);
	return (size_t)(t.next - t.first) * JSON_CHARGE_NODE;
}
