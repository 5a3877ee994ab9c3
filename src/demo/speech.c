/* The words, and the counts that go with them. The same question gets the same words.
 *
 *	[FluxRouter demo] I am a simulator; no model was asked. To "demo-fast" you said: "Hello"
 *
 * Tokens are estimated as four bytes each, plus a little for every message and tool, so they grow
 * with what was sent and never pass the limit that the request set. The mark in front is never
 * cut away, whatever the limit. Called by the simulator and the dialects' files. Must never
 * pretend to be a model. */
#include "demo/speech.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"

#define MARK "[FluxRouter demo]"

enum { ECHO_CHARACTERS = 80, ID_BYTES = 12, TOKEN_BYTES = 4, TURN_TOKENS = 4, IMAGE_TOKENS = 85 };
enum { FRAME_BYTES_MAX = 256 * 1024 * 1024 };

/* The first characters of a text, with blanks for control characters. */
static struct str first_characters(struct str text, struct arena *arena)
{
	struct str out = arena_copy(arena, str_part(text, 0, ECHO_CHARACTERS * 4));
	char *bytes = (char *)(uintptr_t)out.ptr; /* the copy is ours */
	int characters = 0;

	for (size_t i = 0; i < out.len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if ((c & 0xc0) != 0x80 && characters++ == ECHO_CHARACTERS)
			return str_part(out, 0, i);
		if (c < ' ')
			bytes[i] = ' ';
	}
	return out;
}

/* Decodes the inside of a JSON string, which is what a turn's texts are. */
static struct str decoded(struct str inside, struct arena *arena)
{
	struct str quoted = arena_printf(arena, "\"%.*s\"", STR_ARG(inside));
	struct json_error error;
	struct str text = STR("");
	struct json doc;

	json_init(&doc);
	if (json_read(&doc, quoted, &error) == 0)
		text = json_text(&doc, json_root(&doc), arena);
	json_release(&doc);
	return text;
}

static struct str last_question(const struct llm_request *r, struct arena *arena)
{
	for (int i = r->turn_count - 1; i >= 0; i--) {
		const struct llm_turn *turn = &r->turns[i];

		if (turn->role == LLM_USER && turn->text_count > 0)
			return decoded(turn->texts[turn->text_count - 1], arena);
	}
	return STR("");
}

static int64_t tokens_of(int64_t bytes)
{
	return (bytes + TOKEN_BYTES - 1) / TOKEN_BYTES;
}

static int64_t count_input(const struct llm_request *r)
{
	return 3 + tokens_of(r->text_bytes) + tokens_of(r->tool_bytes) +
	       tokens_of(r->schema_bytes) + TURN_TOKENS * (int64_t)r->turn_count +
	       IMAGE_TOKENS * (int64_t)r->images;
}

/* Cuts the text at the limit, between characters. */
static void keep_limit(struct speech *s, int64_t limit)
{
	size_t len = sizeof MARK - 1;

	if (limit == 0 || tokens_of((int64_t)s->text.len) <= limit)
		return;
	if (len < (size_t)limit * TOKEN_BYTES)
		len = (size_t)limit * TOKEN_BYTES;
	while (((unsigned char)s->text.ptr[len] & 0xc0) == 0x80)
		len--;
	s->text.len = len;
	s->is_cut = true;
}

static struct str random_id(struct arena *arena)
{
	char bytes[ID_BYTES];
	struct buf text;
	struct str out;

	random_bytes(bytes, sizeof bytes);
	buf_init(&text, 2 * ID_BYTES);
	encode_hex(&text, (struct str){bytes, sizeof bytes});
	out = arena_copy(arena, buf_str(&text));
	buf_release(&text);
	return out;
}

void speech_compose(struct speech *s, const struct llm_request *r, struct arena *arena)
{
	struct str asked = first_characters(last_question(r, arena), arena);
	int64_t tokens;

	*s = (struct speech){.arena = arena, .doc = r->doc, .asked = r};
	s->id = random_id(arena);
	s->created_s = clock_wall_ms() / 1000;
	s->text = arena_printf(
	    arena, MARK " I am a simulator; no model was asked. To \"%.*s\" you said: \"%.*s\"",
	    STR_ARG(r->model), STR_ARG(asked));
	keep_limit(s, r->max_output);
	tokens = tokens_of((int64_t)s->text.len);
	if (r->max_output && tokens > r->max_output)
		tokens = r->max_output;
	s->input_tokens = count_input(r);
	s->output_tokens = tokens * (r->choices > 1 ? r->choices : 1);
	buf_init(&s->frame, FRAME_BYTES_MAX);
}

/* --- events --- */

static void add_frame(struct speech *s, struct str text)
{
	struct speech_frame *f = ARENA_NEW(s->arena, struct speech_frame);

	f->text = arena_copy(s->arena, text);
	if (s->last)
		s->last->next = f;
	else
		s->first = f;
	s->last = f;
}

void speech_open_event(struct speech *s, const char *name)
{
	if (name)
		buf_printf(&s->frame, "event: %s\n", name);
	buf_put(&s->frame, STR("data: "));
	json_writer_init(&s->writer, &s->frame);
	json_open_object(&s->writer);
}

void speech_close_event(struct speech *s)
{
	json_close_object(&s->writer);
	must(json_writer_is_done(&s->writer) && !buf_is_over(&s->frame));
	buf_put(&s->frame, STR("\n\n"));
	add_frame(s, buf_str(&s->frame));
	buf_release(&s->frame);
}

void speech_put_event(struct speech *s, struct str text)
{
	add_frame(s, text);
}

bool speech_next_piece(struct str *rest, struct str *out_piece)
{
	size_t end;

	if (rest->len == 0)
		return false;
	end = 1 + str_find_byte(str_part(*rest, 1, SIZE_MAX), ' ');
	*out_piece = str_part(*rest, 0, end);
	*rest = str_part(*rest, end, SIZE_MAX);
	return true;
}

void speech_echo(struct speech *s, struct json_writer *w, struct str key, struct str otherwise)
{
	uint32_t value = json_get(s->doc, json_root(s->doc), key);

	json_key_raw(w, key, value == JSON_NONE ? otherwise : json_raw(s->doc, value));
}

const struct speech_dialect *speech_dialect(enum llm_dialect d)
{
	static const struct speech_dialect *const table[LLM_DIALECTS] = {
	    [LLM_CHAT] = &speech_chat,
	    [LLM_RESPONSES] = &speech_responses,
	    [LLM_MESSAGES] = &speech_messages,
	};

	return table[d];
}
