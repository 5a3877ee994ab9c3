/* Turns acts into the bytes of an answer.
 *
 *   status, header ...   gathered
 *   first body act       the head goes out; its framing is
 *                          chunked   when `chunked` or `sse` was said
 *                          bare      when `until-close` was said
 *                          counted   else: Content-Length is `length`, or what the body acts sum to
 *   body acts            framed
 *   end                  the last chunk
 *
 * Invariant: out grows by at most one fill slice per call. Called by peer.c only. Must never
 * correct a script: wrong lengths and half answers are what it is for. */
#include "play.h"
#include "base/encode.h"
#include "reply.h"

enum { OUT_MAX = 256 << 20, FIELDS_MAX = 1 << 20, FILL_SLICE = 1 << 16, DEED_AT = 1 << 18 };

void play_init(struct play *p)
{
	*p = (struct play){.length = -1, .die_after = -1, .idle_close_ms = -1, .stays_open = true};
	arena_init(&p->arena);
	buf_init(&p->out, OUT_MAX);
	buf_init(&p->fields, FIELDS_MAX);
	buf_init(&p->trailers, FIELDS_MAX);
}

void play_release(struct play *p)
{
	rule_put(&p->rule);
	acts_release(&p->acts);
	arena_release(&p->arena);
	buf_release(&p->out);
	buf_release(&p->fields);
	buf_release(&p->trailers);
}

void play_start(struct play *p, struct rule *rule, const struct heard *h)
{
	struct act builtin = {.kind = ACT_BUILTIN};

	p->rule = rule;
	p->stays_open = heard_keeps_alive(h);
	if (rule)
		acts_insert(&p->acts, 0, &rule->acts);
	else
		acts_add(&p->acts, builtin);
}

void play_start_raw(struct play *p, struct str bytes)
{
	acts_add(&p->acts, (struct act){.kind = ACT_SEND, .text = arena_copy(&p->arena, bytes)});
}

static void put_event(struct buf *out, struct str name, struct str payload)
{
	struct str line;

	if (name.len > 0)
		buf_printf(out, "event: %.*s\n", STR_ARG(name));
	while (str_next_field(&payload, '\n', &line))
		buf_printf(out, "data: %.*s\n", STR_ARG(line));
	buf_put_byte(out, '\n');
}

/* CRC-32 bit by bit: another program than the one that is tested. */
static uint32_t crc_of(struct str bytes)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < bytes.len; i++) {
		sum ^= (uint8_t)bytes.ptr[i];
		for (int bit = 0; bit < 8; bit++)
			sum = sum & 1 ? sum >> 1 ^ UINT32_C(0xedb88320) : sum >> 1;
	}
	return ~sum;
}

static void put_u32(struct buf *out, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_put_byte(out, (char)(n >> shift));
}

static void put_frame_header(struct buf *out, struct str name, struct str value)
{
	buf_put_byte(out, (char)name.len);
	buf_put(out, name);
	buf_put_byte(out, 7);
	buf_put_byte(out, (char)(value.len >> 8));
	buf_put_byte(out, (char)value.len);
	buf_put(out, value);
}

/* https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html */
static void put_message(struct buf *out, struct str headers, struct str payload, bool is_bad)
{
	size_t from = out->len;

	put_u32(out, (uint32_t)(headers.len + payload.len + 16));
	put_u32(out, (uint32_t)headers.len);
	put_u32(out, crc_of(str_part(buf_str(out), from, 8)));
	buf_put(out, headers);
	buf_put(out, payload);
	put_u32(out, crc_of(str_part(buf_str(out), from, out->len)) + is_bad);
}

static void put_frame(struct buf *out, struct str kind, struct str text)
{
	bool is_bad = str_eq(kind, STR("bad")), is_chunk = is_bad || str_eq(kind, STR("chunk"));
	struct buf headers, payload;

	buf_init(&headers, 1024);
	buf_init(&payload, OUT_MAX);
	put_frame_header(&headers, is_chunk ? STR(":event-type") : STR(":exception-type"),
	                 is_chunk ? STR("chunk") : kind);
	put_frame_header(&headers, STR(":content-type"), STR("application/json"));
	put_frame_header(&headers, STR(":message-type"),
	                 is_chunk ? STR("event") : STR("exception"));
	if (is_chunk) {
		buf_put(&payload, STR("{\"bytes\":\""));
		encode_base64(&payload, text);
		buf_put(&payload, STR("\",\"p\":\"abcdefgh\"}"));
	} else {
		buf_put(&payload, text);
	}
	put_message(out, buf_str(&headers), buf_str(&payload), is_bad);
	buf_release(&headers);
	buf_release(&payload);
}

/* The bytes that a body act adds, fill apart. */
static void put_act_body(struct buf *out, const struct act *a)
{
	if (a->kind == ACT_EVENT || a->kind == ACT_DATA)
		put_event(out, a->word, a->text);
	else if (a->kind == ACT_FRAME)
		put_frame(out, a->word, a->text);
	else if (a->kind == ACT_BODY || a->kind == ACT_JSON)
		buf_put(out, a->text);
}

/* What the body acts from here to the end of this answer add up to. */
static int64_t body_ahead(struct play *p, size_t from)
{
	int64_t bytes = 0;
	struct buf one;

	buf_init(&one, OUT_MAX);
	for (size_t i = from; i < p->acts.count && p->acts.ptr[i].kind != ACT_END; i++) {
		const struct act *a = &p->acts.ptr[i];

		buf_clear(&one);
		put_act_body(&one, a);
		bytes += (int64_t)one.len + (a->kind == ACT_FILL ? a->number : 0);
	}
	buf_release(&one);
	return bytes;
}

static bool fields_have(struct play *p, struct str name)
{
	struct str rest = buf_str(&p->fields);
	struct str line;

	while (str_next_field(&rest, '\n', &line))
		if (str_eq_nocase(str_part(line, 0, str_find_byte(line, ':')), name))
			return true;
	return false;
}

static void put_framing(struct play *p)
{
	bool has_body = p->status >= 200 && p->status != 204 && p->status != 304;
	bool says_length = fields_have(p, STR("content-length"));

	p->body = p->chunked                    ? BODY_CHUNKED
	          : p->until_close || !has_body ? BODY_BARE
	                                        : BODY_COUNTED;
	if (p->chunked && !fields_have(p, STR("transfer-encoding")))
		buf_put(&p->out, STR("transfer-encoding: chunked\r\n"));
	if (p->until_close)
		p->stays_open = false;
	if ((p->body == BODY_COUNTED && !says_length) || p->length >= 0)
		buf_printf(&p->out, "content-length: %" PRId64 "\r\n",
		           p->length >= 0 ? p->length : body_ahead(p, p->next - 1));
}

static void put_head(struct play *p)
{
	if (p->status == 0)
		p->status = 200;
	if (p->reason.len == 0)
		p->reason = p->status == 200 ? STR("OK") : STR("Scripted");
	buf_printf(&p->out, "HTTP/1.1 %" PRId64 " %.*s\r\n", p->status, STR_ARG(p->reason));
	buf_put(&p->out, buf_str(&p->fields));
	put_framing(p);
	buf_put(&p->out, STR("\r\n"));
	buf_clear(&p->fields);
}

static void put_framed(struct play *p, struct str bytes)
{
	if (bytes.len == 0)
		return;
	if (p->body == BODY_CHUNKED)
		buf_printf(&p->out, "%zx%.*s\r\n", bytes.len, STR_ARG(p->extension));
	buf_put(&p->out, bytes);
	if (p->body == BODY_CHUNKED)
		buf_put(&p->out, STR("\r\n"));
}

static void put_body_act(struct play *p, const struct act *a)
{
	struct buf one;

	if (a->kind == ACT_JSON && !fields_have(p, STR("content-type")))
		buf_put(&p->fields, STR("content-type: application/json\r\n"));
	if (p->body == BODY_NONE)
		put_head(p);
	buf_init(&one, OUT_MAX);
	put_act_body(&one, a);
	put_framed(p, buf_str(&one));
	buf_release(&one);
	if (a->kind == ACT_FILL) {
		p->fill_left = a->number;
		p->fill = a->text.len > 0 ? a->text : STR("x");
	}
}

static void put_fill_slice(struct play *p)
{
	size_t want = p->fill_left < FILL_SLICE ? (size_t)p->fill_left : FILL_SLICE;
	struct buf slice;

	buf_init(&slice, FILL_SLICE * 2);
	while (slice.len < want)
		buf_put(&slice, str_part(p->fill, 0, want - slice.len));
	p->fill_left -= (int64_t)want;
	put_framed(p, buf_str(&slice));
	buf_release(&slice);
}

static void end_body(struct play *p)
{
	if (p->body == BODY_NONE && p->status > 0)
		put_head(p);
	if (p->body == BODY_CHUNKED) {
		buf_put(&p->out, STR("0\r\n"));
		buf_put(&p->out, buf_str(&p->trailers));
		buf_put(&p->out, STR("\r\n"));
	}
	p->body = BODY_ENDED;
	p->status = 0;
}

static void start_answer(struct play *p, const struct act *a)
{
	if (p->status >= 100 && p->status < 200)
		put_head(p);
	p->body = BODY_NONE;
	p->status = a->number;
	p->reason = a->text;
}

static void read_usage(struct play *p, struct str text)
{
	struct str one;

	p->wish.has_usage = true;
	for (int i = 0; i < USAGE_PARTS && str_next_field(&text, ' ', &one); i++)
		if (str_to_i64(one, 0, INT64_MAX, &p->wish.usage[i]) < 0)
			p->wish.usage[i] = 0;
}

static void expand_builtin(struct play *p, const struct heard *h)
{
	struct reply reply = {.arena = &p->arena};

	reply_build(&reply, h, &p->wish);
	acts_insert(&p->acts, p->next, &reply.acts);
	acts_release(&reply.acts);
}

/* Acts that only set something for later bytes. */
static void note_act(struct play *p, const struct act *a, const struct heard *h)
{
	switch (a->kind) {
	case ACT_SSE:
		buf_put(&p->fields, STR("content-type: text/event-stream; charset=utf-8\r\n"
		                        "cache-control: no-cache\r\n"));
		p->chunked = true;
		break;
	case ACT_FRAMES:
		buf_put(&p->fields, STR("content-type: application/vnd.amazon.eventstream\r\n"));
		p->chunked = true;
		break;
	case ACT_HEADER:
		buf_printf(&p->fields, "%.*s\r\n", STR_ARG(a->text));
		if (str_eq_nocase(a->text, STR("connection: close")))
			p->stays_open = false;
		break;
	case ACT_TRAILER:
		buf_printf(&p->trailers, "%.*s\r\n", STR_ARG(a->text));
		break;
	case ACT_CHUNKED:
		p->chunked = true;
		break;
	case ACT_EXTENSION:
		p->extension = a->text;
		break;
	case ACT_UNTIL_CLOSE:
		p->until_close = true;
		break;
	case ACT_LENGTH:
		p->length = a->number;
		break;
	case ACT_PIECE:
		p->piece = a->number;
		break;
	case ACT_GAP:
		p->gap_ms = a->number;
		break;
	case ACT_IDLE_CLOSE:
		p->idle_close_ms = a->number;
		break;
	case ACT_DIE:
		p->die_after = a->number;
		p->death = str_eq(a->text, STR("reset"))   ? DIE_RESET
		           : str_eq(a->text, STR("stall")) ? DIE_STALL
		                                           : DIE_CLOSE;
		break;
	case ACT_SAY:
		p->wish.say = a->text;
		break;
	case ACT_TOOL:
	case ACT_CALL:
	case ACT_CUSTOM:
		p->wish.tool_name = a->word;
		p->wish.tool_input = a->text;
		p->wish.calls_again = a->kind != ACT_TOOL;
		p->wish.is_custom = a->kind == ACT_CUSTOM;
		break;
	case ACT_USAGE:
		read_usage(p, a->text);
		break;
	case ACT_BUILTIN:
		expand_builtin(p, h);
		break;
	default:
		must(!"an act without effect");
	}
}

static enum deed deed_of(enum act_kind kind)
{
	switch (kind) {
	case ACT_WAIT:
		return DEED_WAIT;
	case ACT_STALL:
		return DEED_STALL;
	case ACT_CLOSE:
		return DEED_CLOSE;
	case ACT_RESET:
		return DEED_RESET;
	case ACT_HALF_CLOSE:
		return DEED_HALF_CLOSE;
	default:
		return DEED_READ;
	}
}

static void do_act(struct play *p, const struct act *a, const struct heard *h)
{
	switch (a->kind) {
	case ACT_STATUS:
		start_answer(p, a);
		break;
	case ACT_BODY:
	case ACT_JSON:
	case ACT_FILL:
	case ACT_EVENT:
	case ACT_DATA:
	case ACT_FRAME:
		put_body_act(p, a);
		break;
	case ACT_END:
		end_body(p);
		break;
	case ACT_SEND:
		buf_put(&p->out, a->text);
		break;
	default:
		note_act(p, a, h);
	}
}

enum deed play_on(struct play *p, const struct heard *h)
{
	while (p->out.len < DEED_AT) {
		if (p->fill_left > 0) {
			put_fill_slice(p);
			continue;
		}
		if (p->next == p->acts.count) {
			if (p->body != BODY_ENDED)
				end_body(p);
			return DEED_FINISHED;
		}
		p->act = p->acts.ptr[p->next++];
		if (act_turn_of(p->act.kind) == ACT_FLUSHED)
			return deed_of(p->act.kind);
		do_act(p, &p->act, h);
	}
	return DEED_MORE;
}
