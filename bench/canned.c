/* Builds the stub's answers (stub.c calls it, once per command; the table below is the cache).
 *
 *   HTTP/1.1 200 OK  fields as a real provider sends them
 *   for json         {"id":...,"usage":{...}}
 *   for streams      HEX-SIZE CRLF data: {"id":...,"choices":[...]} LF LF CRLF   ... 0 CRLF CRLF
 *
 * Invariants: an entry never changes once built, except for the digits of its stamp; sizes are
 * exact, since the load generator checks them. It must never allocate while answers are being sent.
 * */
#include "canned.h"
#include "socket.h"

enum { CANNED_MAX = 64, CANNED_BYTES_MAX = 64 << 20 };

static struct canned table[CANNED_MAX];
static int table_len;

#define STREAM_ID                                                                                  \
	"\"id\":\"chatcmpl-C8xStub0123456789abcdefghijk\",\"object\":\"chat.completion.chunk\","   \
	"\"created\":1764000000,\"model\":\"stub-1\",\"service_tier\":\"default\","                \
	"\"system_fingerprint\":\"fp_stub\""

#define USAGE(completion)                                                                          \
	"\"usage\":{\"prompt_tokens\":250,\"completion_tokens\":" completion                       \
	",\"total_tokens\":1250,"                                                                  \
	"\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"                      \
	"\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,"                \
	"\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}"

/* X-Accel-Buffering is asked of nginx by applications that stream; FluxRouter's own answers say it
 * too. */
static void put_head(struct buf *b, const char *type, const char *framing)
{
	buf_printf(b,
	           "HTTP/1.1 200 OK\r\n"
	           "Date: Sun, 22 Nov 2026 15:20:43 GMT\r\n"
	           "Content-Type: %s\r\n"
	           "%s\r\n"
	           "openai-organization: stub\r\n"
	           "openai-processing-ms: 1\r\n"
	           "openai-version: 2020-10-01\r\n"
	           "x-ratelimit-limit-requests: 10000\r\n"
	           "x-ratelimit-remaining-requests: 9999\r\n"
	           "x-request-id: req_0123456789abcdef0123456789abcdef\r\n"
	           "\r\n",
	           type, framing);
}

/* Prose with the escapes that prose has in JSON; `bytes` of it, cut so that no escape is torn. */
static void put_filler(struct buf *b, size_t bytes)
{
	static const struct str line = STR_INIT(
	    "The quick brown fox \\\"jumps\\\" over the lazy dog, and nothing else happens.\\n");

	for (; bytes > line.len; bytes -= line.len)
		buf_put(b, line);
	while (bytes--)
		buf_put_byte(b, '.');
}

static void build_json(struct canned *c, size_t bytes)
{
	static const struct str before =
	    STR_INIT("{\"id\":\"chatcmpl-C8xStub0123456789abcdefghijk\",\"object\":"
	             "\"chat.completion\",\"created\":1764000000,\"model\":\"stub-1\",\"choices\":"
	             "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
	static const struct str behind = STR_INIT(
	    "\",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"stop\""
	    "}]," USAGE(
	        "1000") ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_stub\"}");
	char length[64];

	if (bytes < before.len + behind.len)
		rig_die("json: %zu bytes are too few", bytes);
	snprintf(length, sizeof(length), "Content-Length: %zu", bytes);
	put_head(&c->whole, "application/json", length);
	buf_put(&c->whole, before);
	put_filler(&c->whole, bytes - before.len - behind.len);
	buf_put(&c->whole, behind);
}

static void put_chunk(struct buf *b, const char *payload)
{
	buf_printf(b, "%zx\r\n%s\r\n", strlen(payload), payload);
}

static void put_tail(struct buf *b)
{
	put_chunk(b, "data: {" STREAM_ID ",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":"
	             "null,\"finish_reason\":\"stop\"}],\"usage\":null}\n\n");
	put_chunk(b, "data: {" STREAM_ID ",\"choices\":[]," USAGE("1000") "}\n\n");
	put_chunk(b, "data: [DONE]\n\n");
	buf_put(b, STR("0\r\n\r\n"));
}

static void put_event(struct buf *b)
{
	put_chunk(b, "data: {" STREAM_ID ",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
	             "\" t=0000000000000000\"},\"logprobs\":null,\"finish_reason\":null}],"
	             "\"usage\":null}\n\n");
}

static void build_stream(struct canned *c)
{
	put_head(&c->whole, "text/event-stream; charset=utf-8",
	         "Transfer-Encoding: chunked\r\nX-Accel-Buffering: no");
	if (c->interval_ms) {
		put_event(&c->event);
		c->stamp_at = str_find(buf_str(&c->event), STR("t=0")) + 2;
		put_tail(&c->tail);
		return;
	}
	for (int64_t i = 0; i < c->events; i++)
		put_event(&c->whole);
	put_tail(&c->whole);
}

static void build_refusal(struct canned *c)
{
	buf_put(&c->whole, STR("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
}

static void build(struct canned *c, struct str command)
{
	struct str rest = command, verb, count, interval = STR("0");

	if (str_eq(command, STR("404"))) {
		memcpy(c->command, "404", 4);
		buf_init(&c->whole, CANNED_BYTES_MAX);
		build_refusal(c);
		return;
	}
	if (command.len >= CANNED_COMMAND_MAX || !str_next_field(&rest, ':', &verb) ||
	    !str_next_field(&rest, ':', &count) || str_to_i64(count, 1, 1 << 30, &c->events))
		rig_die("not a command: \"%.*s\"", STR_ARG(command));
	memcpy(c->command, command.ptr, command.len);
	buf_init(&c->whole, CANNED_BYTES_MAX);
	buf_init(&c->event, CANNED_BYTES_MAX);
	buf_init(&c->tail, CANNED_BYTES_MAX);
	if (str_eq(verb, STR("json"))) {
		build_json(c, (size_t)c->events);
		return;
	}
	if (str_eq(verb, STR("pace")) && !str_next_field(&rest, ':', &interval))
		rig_die("pace without interval");
	if (str_to_i64(interval, 0, 60000, &c->interval_ms))
		rig_die("interval out of range: \"%.*s\"", STR_ARG(command));
	build_stream(c);
}

struct canned *canned_find(struct str command)
{
	for (int i = 0; i < table_len; i++) {
		if (str_eq(str_of(table[i].command), command))
			return &table[i];
	}
	if (table_len == CANNED_MAX)
		rig_die("more than %d different commands", CANNED_MAX);
	build(&table[table_len], command);
	return &table[table_len++];
}

void canned_stamp(struct canned *c, int64_t mono_ns)
{
	int64_t rest = mono_ns / 1000;

	for (int i = CANNED_STAMP_DIGITS - 1; i >= 0; i--) {
		c->event.ptr[c->stamp_at + (size_t)i] = (char)('0' + rest % 10);
		rest /= 10;
	}
}
