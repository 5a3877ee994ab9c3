/* Chat completions, as the simulator says them. A stream, every chunk with the same id:
 *
 *	{"choices":[{"delta":{"role":"assistant","content":""}}]}          for each choice
 *	{"choices":[{"delta":{"content":" word"}}]} ..
 *	{"choices":[{"delta":{},"finish_reason":"stop"}]}
 *	{"choices":[],"usage":{..}}                                         if it was asked for
 *	[DONE]
 *
 * https://platform.openai.com/docs/api-reference/chat-streaming */
#include "demo/speech.h"

static void put_usage(const struct speech *s, struct json_writer *w)
{
	json_put_key(w, STR("usage"));
	json_open_object(w);
	json_key_i64(w, STR("prompt_tokens"), s->input_tokens);
	json_key_i64(w, STR("completion_tokens"), s->output_tokens);
	json_key_i64(w, STR("total_tokens"), s->input_tokens + s->output_tokens);
	json_key_raw(w, STR("prompt_tokens_details"),
	             STR("{\"cached_tokens\":0,\"audio_tokens\":0}"));
	json_key_raw(w, STR("completion_tokens_details"),
	             STR("{\"reasoning_tokens\":0,\"audio_tokens\":0,"
	                 "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}"));
	json_close_object(w);
}

static void put_head(const struct speech *s, struct json_writer *w, struct str object)
{
	json_key_text(w, STR("id"), arena_printf(s->arena, "chatcmpl-demo-%.*s", STR_ARG(s->id)));
	json_key_text(w, STR("object"), object);
	json_key_i64(w, STR("created"), s->created_s);
	json_key_text(w, STR("model"), s->asked->model);
	json_key_text(w, STR("service_tier"), STR("default"));
	json_key_text(w, STR("system_fingerprint"), STR("fp_fluxrouter_demo"));
}

static struct str finish_of(const struct speech *s)
{
	return s->is_cut ? STR("length") : STR("stop");
}

static void put_whole(struct speech *s, struct json_writer *w)
{
	put_head(s, w, STR("chat.completion"));
	json_put_key(w, STR("choices"));
	json_open_array(w);
	for (int64_t i = 0; i < s->asked->choices; i++) {
		json_open_object(w);
		json_key_i64(w, STR("index"), i);
		json_put_key(w, STR("message"));
		json_open_object(w);
		json_key_text(w, STR("role"), STR("assistant"));
		json_key_text(w, STR("content"), s->text);
		json_key_null(w, STR("refusal"));
		json_key_raw(w, STR("annotations"), STR("[]"));
		json_close_object(w);
		json_key_null(w, STR("logprobs"));
		json_key_text(w, STR("finish_reason"), finish_of(s));
		json_close_object(w);
	}
	json_close_array(w);
	put_usage(s, w);
}

/* `delta` is JSON; finish empty: null. */
static void put_chunk(struct speech *s, int64_t index, struct str delta, struct str finish)
{
	struct json_writer *w = &s->writer;

	speech_open_event(s, NULL);
	put_head(s, w, STR("chat.completion.chunk"));
	json_put_key(w, STR("choices"));
	json_open_array(w);
	json_open_object(w);
	json_key_i64(w, STR("index"), index);
	json_key_raw(w, STR("delta"), delta);
	json_key_null(w, STR("logprobs"));
	if (finish.len)
		json_key_text(w, STR("finish_reason"), finish);
	else
		json_key_null(w, STR("finish_reason"));
	json_close_object(w);
	json_close_array(w);
	if (s->asked->wants_stream_usage)
		json_key_null(w, STR("usage"));
	speech_close_event(s);
}

static struct str content_delta(struct speech *s, struct str piece)
{
	struct buf text;
	struct str out;

	buf_init(&text, 6 * piece.len + 64);
	buf_put(&text, STR("{\"content\":\""));
	json_put_escaped(&text, piece);
	buf_put(&text, STR("\"}"));
	out = arena_copy(s->arena, buf_str(&text));
	buf_release(&text);
	return out;
}

static void put_usage_chunk(struct speech *s)
{
	speech_open_event(s, NULL);
	put_head(s, &s->writer, STR("chat.completion.chunk"));
	json_key_raw(&s->writer, STR("choices"), STR("[]"));
	put_usage(s, &s->writer);
	speech_close_event(s);
}

static void put_stream(struct speech *s)
{
	int64_t choices = s->asked->choices;
	struct str rest = s->text, piece;

	for (int64_t i = 0; i < choices; i++)
		put_chunk(s, i, STR("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}"),
		          STR(""));
	while (speech_next_piece(&rest, &piece))
		for (int64_t i = 0; i < choices; i++)
			put_chunk(s, i, content_delta(s, piece), STR(""));
	for (int64_t i = 0; i < choices; i++)
		put_chunk(s, i, STR("{}"), finish_of(s));
	if (s->asked->wants_stream_usage)
		put_usage_chunk(s);
	speech_put_event(s, STR("data: [DONE]\n\n"));
}

const struct speech_dialect speech_chat = {"/chat/completions", put_whole, put_stream};
