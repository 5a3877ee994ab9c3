/* Anthropic messages, as the simulator says them. A stream:
 *
 *	message_start        the message without content, with the input's usage
 *	content_block_start  an empty text block
 *	ping
 *	content_block_delta  {"type":"text_delta","text":" word"} ..
 *	content_block_stop
 *	message_delta        stop_reason, and the usage that is final
 *	message_stop
 *
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming */
#include "demo/speech.h"

static void put_usage(const struct speech *s, struct json_writer *w, int64_t output_tokens)
{
	json_put_key(w, STR("usage"));
	json_open_object(w);
	json_key_i64(w, STR("input_tokens"), s->input_tokens);
	json_key_i64(w, STR("cache_creation_input_tokens"), 0);
	json_key_i64(w, STR("cache_read_input_tokens"), 0);
	json_key_raw(w, STR("cache_creation"),
	             STR("{\"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":0}"));
	json_key_i64(w, STR("output_tokens"), output_tokens);
	json_key_text(w, STR("service_tier"), STR("standard"));
	json_close_object(w);
}

static void put_stop(const struct speech *s, struct json_writer *w)
{
	json_key_text(w, STR("stop_reason"), s->is_cut ? STR("max_tokens") : STR("end_turn"));
	json_key_null(w, STR("stop_sequence"));
}

static void put_head(const struct speech *s, struct json_writer *w)
{
	json_key_text(w, STR("id"), arena_printf(s->arena, "msg_demo_%.*s", STR_ARG(s->id)));
	json_key_text(w, STR("type"), STR("message"));
	json_key_text(w, STR("role"), STR("assistant"));
	json_key_text(w, STR("model"), s->asked->model);
}

static void put_whole(struct speech *s, struct json_writer *w)
{
	put_head(s, w);
	json_put_key(w, STR("content"));
	json_open_array(w);
	json_open_object(w);
	json_key_text(w, STR("type"), STR("text"));
	json_key_text(w, STR("text"), s->text);
	json_close_object(w);
	json_close_array(w);
	put_stop(s, w);
	put_usage(s, w, s->output_tokens);
}

static void open_event(struct speech *s, const char *type)
{
	speech_open_event(s, type);
	json_key_text(&s->writer, STR("type"), str_of(type));
}

static void put_start(struct speech *s)
{
	struct json_writer *w = &s->writer;

	open_event(s, "message_start");
	json_put_key(w, STR("message"));
	json_open_object(w);
	put_head(s, w);
	json_key_raw(w, STR("content"), STR("[]"));
	json_key_null(w, STR("stop_reason"));
	json_key_null(w, STR("stop_sequence"));
	put_usage(s, w, 1);
	json_close_object(w);
	speech_close_event(s);
}

static void put_block(struct speech *s, const char *type, struct str key, struct str value)
{
	open_event(s, type);
	json_key_i64(&s->writer, STR("index"), 0);
	if (key.len)
		json_key_raw(&s->writer, key, value);
	speech_close_event(s);
}

static void put_delta(struct speech *s, struct str piece)
{
	struct json_writer *w = &s->writer;

	open_event(s, "content_block_delta");
	json_key_i64(w, STR("index"), 0);
	json_put_key(w, STR("delta"));
	json_open_object(w);
	json_key_text(w, STR("type"), STR("text_delta"));
	json_key_text(w, STR("text"), piece);
	json_close_object(w);
	speech_close_event(s);
}

static void put_end(struct speech *s)
{
	struct json_writer *w = &s->writer;

	open_event(s, "message_delta");
	json_put_key(w, STR("delta"));
	json_open_object(w);
	put_stop(s, w);
	json_close_object(w);
	put_usage(s, w, s->output_tokens);
	speech_close_event(s);
	open_event(s, "message_stop");
	speech_close_event(s);
}

static void put_stream(struct speech *s)
{
	struct str rest = s->text, piece;

	put_start(s);
	put_block(s, "content_block_start", STR("content_block"),
	          STR("{\"type\":\"text\",\"text\":\"\"}"));
	open_event(s, "ping");
	speech_close_event(s);
	while (speech_next_piece(&rest, &piece))
		put_delta(s, piece);
	put_block(s, "content_block_stop", STR(""), STR(""));
	put_end(s);
}

const struct speech_dialect speech_messages = {"/messages", put_whole, put_stream};
