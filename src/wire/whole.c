/* Counting brackets behind two layers of escapes: {\"a\":\"b\\\"}\"} is the object {"a":"b\"}"}.
 * Called by the flow for every piece of a call's input. Must never look behind the piece. */
#include "wire/whole.h"

static void take(struct whole *w, char c)
{
	if (w->is_escaped) {
		w->is_escaped = false;
	} else if (w->in_string) {
		w->is_escaped = c == '\\';
		w->in_string = c != '"';
	} else if (c == '"') {
		w->in_string = true;
	} else if (c == '{' || c == '[') {
		w->has_begun = true;
		w->depth++;
	} else if (c == '}' || c == ']') {
		w->depth--;
	}
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : 0;
}

/* The character behind a backslash; what is outside ASCII stands for itself. Gives the bytes that
 * it took. */
static size_t take_escape(struct whole *w, struct str rest)
{
	int code = 0;

	if (rest.ptr[0] != 'u' || rest.len < 5) {
		take(w, strchr("nrtbf", rest.ptr[0]) ? ' ' : rest.ptr[0]);
		return 1;
	}
	for (int i = 1; i < 5; i++)
		code = code * 16 + digit(rest.ptr[i]);
	take(w, code < 0x80 ? (char)code : ' ');
	return 5;
}

void whole_feed(struct whole *w, struct str raw)
{
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.ptr[i] == '\\' && i + 1 < raw.len)
			i += take_escape(w, str_part(raw, i + 1, raw.len));
		else
			take(w, raw.ptr[i]);
	}
}

bool whole_is_over(const struct whole *w)
{
	return w->has_begun && w->depth <= 0;
}
