/* Gathering what a request has to be counted, and counting it. */
#include "token/tally.h"

#include "token/count.h"
#include "token/guess.h"

enum {
	PER_TURN = 4,
	PER_ANSWER = 3,
	PER_PICTURE = 1000,
	PER_AUDIO = 1000,
	PER_FILE = 3000,
};

/* The member that all three dialects have; what stands elsewhere is estimated by its bytes. */
static struct str tools_of(const struct llm_request *r)
{
	uint32_t node = json_get(r->doc, json_root(r->doc), STR("tools"));

	return json_type(r->doc, node) == JSON_ARRAY ? json_raw(r->doc, node) : STR("");
}

void tally_take(struct tally *t, const struct llm_request *r, struct arena *arena)
{
	struct str tools = tools_of(r);
	int64_t more = r->tool_bytes - (int64_t)tools.len;
	int count = 0;

	*t = (struct tally){.tools = tools, .bytes = tools.len};
	for (int i = 0; i < r->turn_count; i++)
		count += r->turns[i].text_count;
	t->texts = ARENA_ARRAY(arena, struct str, (size_t)count + 1);
	for (int i = 0; i < r->turn_count; i++)
		for (int k = 0; k < r->turns[i].text_count; k++) {
			t->texts[t->text_count++] = r->turns[i].texts[k];
			t->bytes += r->turns[i].texts[k].len;
		}
	t->rest = PER_ANSWER + PER_TURN * (int64_t)r->turn_count +
	          ((more > 0 ? more : 0) + r->schema_bytes) * 2 / 7 +
	          PER_PICTURE * (int64_t)r->images + PER_AUDIO * (int64_t)r->audios +
	          PER_FILE * (int64_t)r->files;
}

static int64_t count(const struct vocab *v, struct str text)
{
	return v ? count_tokens(v, text) : guess_tokens(text);
}

int64_t tally_count(const struct tally *t, const struct vocab *v, struct arena *arena)
{
	int64_t tokens = t->rest + count(v, t->tools);

	for (int i = 0; i < t->text_count; i++)
		tokens += count(v, json_plain(t->texts[i], arena));
	return tokens;
}
