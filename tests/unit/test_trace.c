/* Decision records: in and out, what is cut, what is refused; files of them, found again by request
 * and by time, kept within their bound; and that deciding again from one gives what was decided. */
#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "route/conversation.h"
#include "trace/series.h"
#include "trace/writer.h"

#include "check.h"
#include "conversations.h"
#include "tempdir.h"

#include <dirent.h>
#include <unistd.h>

static const char world[] =
    "providers: [{name: p, dialects: [chat, messages], base_url: \"http://h\"}]\n"
    "models:\n"
    "  - {name: a, price: {input: 1, output: 2}, context: 8000, targets: [{provider: p, model: "
    "a}]}\n"
    "  - {name: b, price: {input: 2, output: 4}, can: [tools, thinking, images], targets: "
    "[{provider: p, model: b}]}\n"
    "  - {name: c, price: {input: 5, output: 25}, can: [tools, thinking], targets: [{provider: p, "
    "model: c}]}\n"
    "tiers: {fast: [a], standard: [b], reasoning: [c]}\n";

static struct config *load(const char *more)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;
	struct str text;

	arena_init(&arena);
	fail_init(&f, &arena);
	text = arena_printf(&arena, "%s%s", world, more);
	must(config_read_text(STR("t"), text, &c, &f) == 0 && catalog_build(c, &f) == 0);
	arena_release(&arena);
	return c;
}

/* A talk of the scorer's tests as a request. */
static void request_of(const struct talk *talk, struct arena *arena, struct llm_request *out)
{
	static const enum llm_role roles[] = {LLM_SYSTEM, LLM_USER, LLM_ASSISTANT, LLM_TOOL};
	size_t count = talk->request.turn_count;

	*out = (struct llm_request){.model = STR("flux-auto"), .choices = 1};
	out->turns = ARENA_ARRAY(arena, struct llm_turn, count);
	for (size_t i = 0; i < count; i++) {
		out->turns[i] = (struct llm_turn){.role = roles[talk->turns[i].role],
		                                  .is_error = talk->turns[i].is_error,
		                                  .calls_hash = talk->turns[i].calls_hash,
		                                  .texts = (struct str *)&talk->texts[i],
		                                  .text_count = 1};
		out->text_bytes += (int64_t)talk->texts[i].len;
	}
	out->turn_count = (int)count;
	out->needs = talk->request.tool_count ? LLM_CAN_TOOLS : 0;
	out->effort = (enum llm_effort)talk->request.effort;
	out->max_output = talk->request.max_output_tokens;
}

/* Through the bytes and back, under the same configuration and under another one. */
static void test_recall(void)
{
	static struct talk talk;
	struct config *was = load(""), *other = load("quality: best\ntier_ceiling: standard\n");
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	for (uint32_t i = 0; i < 1000; i++) {
		struct llm_request request;
		struct route_wish wish = {.has_bounds = i % 7 == 0, .ceiling = LLM_STANDARD};
		struct decision first, second, again;
		struct trace_recall recall;
		struct trace t, back;
		uint8_t bytes[TRACE_BYTES];
		int wanted;

		fail_init(&f, &arena);
		talk_draw(&talk, 800000 + i);
		request_of(&talk, &arena, &request);
		must(route_decide(was->catalog, &request, &wish, &first, &f) == 0);
		wanted = route_decide(other->catalog, &request, &wish, &second, &f);
		trace_fill(&t, &request, &wish, &first, was->catalog);
		trace_write(bytes, &t);
		must(trace_read(bytes, &back) == 0);
		trace_recall(&back, &recall);
		CHECK(route_decide(was->catalog, &recall.request, &recall.wish, &again, &f) == 0);
		CHECK(again.tier == first.tier && again.candidates[0] == first.candidates[0]);
		CHECK(again.score->score == first.score->score);
		CHECK(again.counted_tokens == first.counted_tokens);
		if (back.gist.front_is_cut)
			continue;
		CHECK(route_decide(other->catalog, &recall.request, &recall.wish, &again, &f) ==
		      wanted);
		CHECK(wanted < 0 ||
		      (again.tier == second.tier && again.candidates[0] == second.candidates[0]));
		arena_reset(&arena);
	}
	arena_release(&arena);
	config_put(&was);
	config_put(&other);
}

static struct trace sample(int number)
{
	struct trace t = {.kind = TRACE_DECISION,
	                  .account_id = 7,
	                  .key_id = -1,
	                  .config = "0123456789ab",
	                  .scorer = UINT64_MAX,
	                  .asked = STR("flux-auto"),
	                  .is_scored = true,
	                  .dialect = LLM_MESSAGES,
	                  .tier = LLM_REASONING,
	                  .turns = number};

	t.gist.front_count = 1;
	t.gist.front[0] = (struct score_message){.p = {1, 65535, 300}, .facts = 5};
	return t;
}

static void test_bytes(void)
{
	static char longest[200];
	uint8_t bytes[TRACE_BYTES], again[TRACE_BYTES];
	struct trace t = sample(70000), back;

	memset(longest, 'm', sizeof longest);
	t.asked = (struct str){longest, sizeof longest};
	trace_write(bytes, &t);
	if (!CHECK(trace_read(bytes, &back) == 0))
		return;
	CHECK(back.asked.len == TRACE_NAME_MAX && back.turns == 65535 && back.key_id == -1);
	CHECK(back.scorer == UINT64_MAX && strcmp(back.config, "0123456789ab") == 0);
	trace_write(again, &back);
	CHECK(memcmp(bytes, again, sizeof again) == 0);
	for (int i = 0; i < TRACE_BYTES; i++) {
		bytes[i] ^= 0x40;
		CHECK(trace_read(bytes, &back) < 0);
		bytes[i] ^= 0x40;
	}
	t.matched = (enum llm_tier)LLM_TIERS;
	trace_write(bytes, &t);
	CHECK(trace_read(bytes, &back) < 0);
	trace_write_header(bytes);
	CHECK(trace_read(bytes, &back) == 0 && back.kind == TRACE_HEADER);
}

struct files {
	struct arena arena;
	struct str root, dir;
	struct loop loop;
	struct uuid7_maker ids;
};

static void files_init(struct files *s)
{
	*s = (struct files){.dir = {0}};
	arena_init(&s->arena);
	s->root = tempdir_make(&s->arena);
	s->dir = arena_printf(&s->arena, "%.*s/decisions", STR_ARG(s->root));
	loop_init(&s->loop, 3);
}

static void files_release(struct files *s)
{
	loop_release(&s->loop);
	tempdir_remove(s->root);
	arena_release(&s->arena);
}

static struct writer *open_writer(struct files *s, int64_t max_bytes)
{
	return writer_open(&s->loop, &(struct writer_options){s->dir, 3, max_bytes});
}

static bool count_one(void *arg, const struct trace *t)
{
	CHECK(t->kind == TRACE_DECISION || t->kind == TRACE_FEEDBACK);
	++*(int64_t *)arg;
	return true;
}

static int64_t count_between(struct files *s, int64_t from_ms, int64_t to_ms)
{
	int64_t count = 0, damaged = 0;
	struct fail f;

	fail_init(&f, &s->arena);
	CHECK(series_each(s->dir, (struct series_range){from_ms, to_ms}, count_one, &count,
	                  &damaged, &f) == 0);
	CHECK(damaged == 0);
	return count;
}

static void test_files(void)
{
	struct files s;
	struct writer *w;
	struct trace t, found;
	uint8_t ids[1000][16], unknown[16];
	int64_t now = clock_wall_ms();

	files_init(&s);
	CHECK(count_between(&s, 0, INT64_MAX) == 0);
	w = open_writer(&s, 1 << 30);
	CHECK(access(s.dir.ptr, F_OK) < 0); /* made with the first record */
	for (int i = 0; i < 1000; i++) {
		t = sample(i);
		uuid7_make(&s.ids, clock_wall_ms(), ids[i]);
		memcpy(t.request_id, ids[i], 16);
		writer_put(w, &t);
	}
	CHECK(!series_find(s.dir, ids[999], &s.arena, &found)); /* gathered, not written */
	t = (struct trace){.kind = TRACE_FEEDBACK, .should_be = LLM_FAST, .account_id = 7};
	memcpy(t.request_id, ids[5], 16);
	CHECK(writer_put_now(w, &t) == 0);
	for (int i = 0; i < 1000; i += 37)
		CHECK(series_find(s.dir, ids[i], &s.arena, &found) && found.turns == i);
	uuid7_make(&s.ids, clock_wall_ms(), unknown);
	CHECK(!series_find(s.dir, unknown, &s.arena, &found));
	CHECK(count_between(&s, 0, INT64_MAX) == 1001);
	CHECK(count_between(&s, now - 5000, clock_wall_ms() + 1) == 1001);
	CHECK(count_between(&s, 0, now - 5000) == 0);
	CHECK(count_between(&s, now + 3600 * 1000, INT64_MAX) == 0);
	writer_close(&w);
	files_release(&s);
}

static int64_t bytes_in(struct files *s, int *out_files)
{
	struct series_file *files;
	int64_t bytes = 0;
	struct fail f;

	fail_init(&f, &s->arena);
	must(series_list(s->dir, &s->arena, &files, out_files, &f) == 0);
	for (int i = 0; i < *out_files; i++) {
		FILE *file = fopen(series_path(s->dir, files[i], &s->arena).ptr, "rb");

		must(file && fseek(file, 0, SEEK_END) == 0);
		bytes += ftell(file);
		fclose(file);
	}
	return bytes;
}

/* Five files' worth of records within a bound of three. */
static void test_bound(void)
{
	struct files s;
	struct writer *w;
	int files;

	files_init(&s);
	w = open_writer(&s, 48 << 20);
	for (int i = 0; i < 5 * (16 << 20) / TRACE_BYTES; i++) {
		struct trace t = sample(i);

		writer_put(w, &t);
	}
	writer_close(&w);
	CHECK(bytes_in(&s, &files) <= 48 << 20 && files >= 2);
	files_release(&s);
}

static void test_no_room(void)
{
	struct files s;
	struct writer *w;
	struct trace t = sample(1);

	files_init(&s);
	s.dir = STR("/dev/null/decisions");
	w = open_writer(&s, 1 << 30);
	CHECK(writer_put_now(w, &t) < 0);
	writer_put(w, &t);
	writer_close(&w);
	files_release(&s);
}

int main(void)
{
	test_recall();
	test_bytes();
	test_files();
	test_bound();
	test_no_room();
	return check_report("trace");
}
