/* How long translating takes: a request of 32 KiB and one event of a stream, for every pair of
 * dialects, in microseconds.
 *
 * The request is an agent's: rules, tools with schemas, rounds of question, call, result and
 * answer. It is made as chat and brought into the other dialects by our own writers, and so are
 * the streams. Indexing the request's JSON is not counted, since every request is indexed anyway;
 * parsing each event is. Each figure is the best of many rounds on the thread's own clock, since
 * others may use the machine. The aims are 60 us and 1.5 us (issue 5). */
#include "wire/translate.h"

#include <time.h>

#define ROUNDS 40
#define EVENTS 400

enum { ASK_BYTES = 32 * 1024, REQUESTS_EACH = 20 };

#define PROSE                                                                                      \
	"The service returns an error when we send two requests at once; please find out why "     \
	"this "                                                                                    \
	"happens, and propose a fix.\\n\\tfor (int i = 0; i < n; i++)\\n"

static const char *const names[] = {"chat", "responses", "messages", "gemini"};

static int64_t thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* ---- what is translated ---- */

static void put_tools(struct buf *out)
{
	for (int i = 0; i < 12; i++)
		buf_printf(
		    out,
		    "%s{\"type\":\"function\",\"function\":{\"name\":\"tool_%d\",\"description\":"
		    "\"" PROSE "\",\"parameters\":{\"type\":\"object\",\"properties\":{\"path\":{"
		    "\"type\":\"string\",\"description\":\"where\"},\"limit\":{\"type\":"
		    "\"integer\"}"
		    "},\"required\":[\"path\"]}}}",
		    i ? "," : "", i);
}

static void put_prose(struct buf *out, int times)
{
	for (int i = 0; i < times; i++)
		buf_put(out, STR(PROSE));
}

static void put_round(struct buf *out, int n)
{
	buf_put(out, STR(",{\"role\":\"user\",\"content\":\""));
	put_prose(out, 3);
	buf_printf(
	    out,
	    "\"},{\"role\":\"assistant\",\"content\":\"I look.\",\"tool_calls\":[{\"id\":"
	    "\"call_%d\",\"type\":\"function\",\"function\":{\"name\":\"tool_%d\",\"arguments\":"
	    "\"{\\\"path\\\": \\\"src/main.c\\\", \\\"limit\\\": %d}\"}}]},{\"role\":\"tool\","
	    "\"tool_call_id\":\"call_%d\",\"content\":\"",
	    n, n % 12, n, n);
	put_prose(out, 8);
	buf_put(out, STR("\"},{\"role\":\"assistant\",\"content\":\""));
	put_prose(out, 2);
	buf_put(out, STR("\"}"));
}

static void put_chat_ask(struct buf *out)
{
	buf_put(out,
	        STR("{\"model\":\"m\",\"stream\":true,\"max_completion_tokens\":4096,\"tools\":["));
	put_tools(out);
	buf_put(out, STR("],\"messages\":[{\"role\":\"system\",\"content\":\""));
	put_prose(out, 20);
	buf_put(out, STR("\"}"));
	for (int n = 0; out->len + 2100 < ASK_BYTES; n++)
		put_round(out, n);
	buf_put(out, STR("]}"));
}

static void put_chat_stream(struct buf *out)
{
	struct str head = STR("data: {\"id\":\"chatcmpl-BXyz0123456789\",\"object\":"
	                      "\"chat.completion.chunk\",\"created\":1764000000,\"model\":"
	                      "\"gpt-5-mini-2025-08-07\",\"service_tier\":\"default\","
	                      "\"system_fingerprint\":null,\"choices\":[{\"index\":0,\"delta\":");

	for (int i = 0; i < EVENTS; i++) {
		buf_put(out, head);
		buf_put(out,
		        STR("{\"content\":\" request\"},\"logprobs\":null,\"finish_reason\":null}],"
		            "\"usage\":null,\"obfuscation\":\"aB3xY\"}\n\n"));
	}
	buf_put(out, head);
	buf_put(out, STR("{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"));
}

#define GEMINI_TEXT                                                                                \
	"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" "                            \
	"request\"}],\"role\":\"model\"},"                                                         \
	"\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":2,"      \
	"\"totalTokenCount\":11},\"modelVersion\":\"gemini-3-flash\",\"responseId\":\"r1\"}\n\n"

static void put_gemini_stream(struct buf *out)
{
	for (int i = 0; i < EVENTS; i++)
		buf_put(out, STR(GEMINI_TEXT));
}

/* ---- one translation ---- */

struct bench {
	struct arena arena, scratch;
	struct json doc, events;
	struct fail fail;
	struct wire_job job;
	struct buf out;
};

static void bench_init(struct bench *b)
{
	*b = (struct bench){0};
	arena_init(&b->arena);
	arena_init(&b->scratch);
	json_init(&b->doc);
	json_init(&b->events);
	buf_init(&b->out, 1 << 24);
}

static void bench_release(struct bench *b)
{
	json_release(&b->doc);
	json_release(&b->events);
	buf_release(&b->out);
	arena_release(&b->scratch);
	arena_release(&b->arena);
}

static void ask(struct bench *b, enum llm_dialect client, enum llm_dialect target)
{
	b->job = (struct wire_job){.client = client,
	                           .target = {.dialect = target, .model = STR("real-model")},
	                           .doc = &b->doc,
	                           .arena = &b->arena,
	                           .scratch = &b->scratch,
	                           .events = &b->events,
	                           .request_id = STR("0192-req"),
	                           .now_s = 1764000000};
	fail_init(&b->fail, &b->arena);
	job_init(&b->job, &b->fail);
	buf_clear(&b->out);
	must(translate_request(&b->job, &b->out) == 0);
}

/* All events of the stream; gives their number. */
static int hear(struct bench *b, struct str stream, bool keeps)
{
	struct sse sse = {0};
	struct sse_event e;
	int count = 0;

	while (sse_next(&sse, stream, &b->scratch, &e) == SSE_EVENT) {
		struct talk_events events;

		stream = str_part(stream, e.raw.len, stream.len);
		must(translate_read(&b->job, &e, &events) == 0);
		for (int i = 0; i < events.count; i++)
			translate_write(&b->job, &events.list[i], &b->out);
		count++;
		if (keeps)
			continue;
		buf_clear(&b->out);
		arena_reset(&b->scratch);
	}
	return count;
}

static double measure_request(struct bench *b, enum llm_dialect client, enum llm_dialect target)
{
	int64_t best = INT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin = thread_ns(), took;

		for (int i = 0; i < REQUESTS_EACH; i++) {
			ask(b, client, target);
			translate_release(&b->job);
			arena_reset(&b->arena);
		}
		took = (thread_ns() - begin) / REQUESTS_EACH;
		best = took < best ? took : best;
	}
	return (double)best / 1000;
}

static double measure_events(struct bench *b, enum llm_dialect client, enum llm_dialect target,
                             struct str stream)
{
	int64_t best = INT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin, took;
		int count;

		ask(b, client, target);
		buf_clear(&b->out);
		begin = thread_ns();
		count = hear(b, stream, false);
		took = (thread_ns() - begin) / count;
		best = took < best ? took : best;
		translate_release(&b->job);
		arena_reset(&b->arena);
	}
	return (double)best / 1000;
}

/* ---- all pairs ---- */

static struct buf asks[LLM_WIRES], streams[LLM_WIRES];

static void read_ask(struct bench *b, enum llm_dialect client)
{
	struct json_error error;

	must(json_read(&b->doc, buf_str(&asks[client]), &error) == 0);
}

/* The chat request and stream as the other dialects say them. */
static void make(enum llm_dialect d)
{
	struct bench b;

	buf_init(&asks[d], 1 << 24);
	buf_init(&streams[d], 1 << 24);
	if (d == LLM_CHAT || d == LLM_GEMINI) {
		put_chat_ask(&asks[d]);
		(d == LLM_CHAT ? put_chat_stream : put_gemini_stream)(&streams[d]);
		return;
	}
	bench_init(&b);
	read_ask(&b, LLM_CHAT);
	ask(&b, LLM_CHAT, d);
	buf_put(&asks[d], buf_str(&b.out));
	translate_release(&b.job);
	read_ask(&b, d);
	ask(&b, d, LLM_CHAT);
	buf_clear(&b.out);
	hear(&b, buf_str(&streams[LLM_CHAT]), true);
	buf_put(&streams[d], buf_str(&b.out));
	translate_release(&b.job);
	bench_release(&b);
}

int main(void)
{
	for (int d = 0; d < LLM_WIRES; d++)
		if (translate_row((enum llm_dialect)d))
			make((enum llm_dialect)d);
	for (int client = 0; client < LLM_DIALECTS; client++)
		for (int target = 0; target < LLM_WIRES; target++) {
			enum llm_dialect c = (enum llm_dialect)client, t = (enum llm_dialect)target;
			struct bench b;
			double request, event;

			if (!translate_is_possible(c, t))
				continue;
			bench_init(&b);
			read_ask(&b, c);
			request = measure_request(&b, c, t);
			event = measure_events(&b, c, t, buf_str(&streams[t]));
			printf("wire %-9s -> %-9s  request of %zu B %6.1f us   event %5.2f us\n",
			       names[c], names[t], asks[c].len, request, event);
			bench_release(&b);
		}
	for (int d = 0; d < LLM_WIRES; d++) {
		buf_release(&asks[d]);
		buf_release(&streams[d]);
	}
	return 0;
}
