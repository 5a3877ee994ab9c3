/* A translation's warnings and refusals. Both name the place in the client's own document; what
 * goes into a header is ASCII, so that no key of a stranger can break a line there. Called by
 * readers, writers and the driver. */
#include "wire/job.h"

#include "limits.h"

#include <stdarg.h>

enum { KIND_BYTES = 64, PATHS_MAX = 64 /* each is a walk over the document */ };

static const struct rename_rule rules[LLM_WIRES] = {
    [LLM_CHAT] = {.name_max = 64, .id_max = 40},
    [LLM_RESPONSES] = {.name_max = 64, .id_max = 64},
    [LLM_MESSAGES] = {.name_max = 128, .id_max = 64, .id_words = true},
    [LLM_GEMINI] = {.name_max = 64, .name_dots = true, .name_letters = true, .id_max = 64},
};

void job_init(struct wire_job *job, struct fail *f)
{
	struct rename_rule rule = rules[job->target.dialect];

	if (job_has_habit(job, WIRE_NINE_LETTER_IDS))
		rule.id_max = RENAME_NINE_LETTERS;
	job->fail = f;
	job->charge_nusd = -1;
	job->warnings = STR("");
	rename_init(&job->renames, rule, job->arena);
}

bool job_has_habit(const struct wire_job *job, enum wire_habit habit)
{
	return job->target.habits & habit;
}

static struct str path_of(const struct wire_job *job, uint32_t node)
{
	return node == JSON_NONE ? STR("") : json_path(job->doc, node, job->arena);
}

static struct str to_ascii(struct str text, struct arena *arena)
{
	char *out = arena_get(arena, text.len + 1);

	for (size_t i = 0; i < text.len; i++)
		out[i] = text.ptr[i] >= ' ' && text.ptr[i] < 0x7f ? text.ptr[i] : '?';
	return (struct str){out, text.len};
}

static struct str print(struct arena *arena, const char *format, va_list args)
{
	char text[512];
	int len = vsnprintf(text, sizeof text, format, args);

	must(len >= 0);
	return arena_copy(arena, str_part(str_of(text), 0, (size_t)len));
}

static void add_warning(struct wire_job *job, struct str sentence)
{
	struct str between = job->warnings.len ? STR("; ") : STR("");

	if (str_find(job->warnings, sentence) < job->warnings.len)
		return;
	if (job->warnings.len + between.len + sentence.len > LIMIT_WARNINGS_BYTES - 20)
		job->warnings_left_out++;
	else
		job->warnings = ARENA_JOIN(job->arena, job->warnings, between, sentence);
}

void job_warn(struct wire_job *job, uint32_t node, const char *format, ...)
{
	struct str path, words;
	va_list args;

	if (node != JSON_NONE && job->warning_count++ >= PATHS_MAX) {
		job->warnings_left_out++;
		return;
	}
	path = path_of(job, node);
	va_start(args, format);
	words = print(job->arena, format, args);
	va_end(args);
	words = ARENA_JOIN(job->arena, path, path.len ? STR(": ") : STR(""), words);
	add_warning(job, to_ascii(words, job->arena));
}

void job_drop(struct wire_job *job, uint32_t node)
{
	job_warn(job, node, "dropped, not known to %s", llm_dialect_name(job->target.dialect));
}

void job_lose(struct wire_job *job, struct str kind)
{
	struct str words =
	    ARENA_JOIN(job->scratch, str_part(kind, 0, KIND_BYTES), STR(" of the answer left out"));

	add_warning(job, to_ascii(words, job->scratch));
}

/* Official SDKs read one in responses only, an image_generation_call. */
bool job_shows_images(const struct wire_job *job)
{
	return job->client == LLM_RESPONSES && !job->compaction;
}

int job_refuse(struct wire_job *job, uint32_t node, const char *format, ...)
{
	struct str path = path_of(job, node), words;
	va_list args;

	va_start(args, format);
	words = print(job->arena, format, args);
	va_end(args);
	return fail_at(job->fail, FAIL_UNSUPPORTED_CONTENT, path, "%.*s%s%.*s", STR_ARG(path),
	               path.len ? ": " : "", STR_ARG(words));
}

struct str job_warnings(struct wire_job *job)
{
	if (job->warnings_left_out == 0)
		return job->warnings;
	return arena_printf(job->arena, "%.*s; and %d more", STR_ARG(job->warnings),
	                    job->warnings_left_out);
}

void job_release(struct wire_job *job)
{
	rename_release(&job->renames);
}
