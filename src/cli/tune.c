/* fluxrouter tune [-c FILE] [--data DIR] [--requests FILE] -o FILE
 *
 * Refits the weights of facts to an operator's own labels, and writes a new scorer file for the
 * option scorer_file. Labels are what POST /v1/feedback kept (joined with the records of the
 * decisions by request id and account; the last word about a request counts), and requests in a
 * file, one JSON object a line: {"tier": "fast", "body": {...}}, the body in any dialect.
 *
 * A quarter of the requests, told by a hash, is kept apart. Nothing is written when there are too
 * few labels, or when those kept apart would be decided no better. The same labels give the same
 * file. Writes nothing but that. */
#include "base/hash.h"
#include "base/map.h"
#include "cli/cli.h"
#include "cli/option.h"
#include "cli/settings.h"
#include "limits.h"
#include "route/judge.h"
#include "route/refit.h"
#include "trace/series.h"
#include "wire/wire.h"

enum {
	LABELS_MIN = 200,
	LABELS_OF_TIER_MIN = 20,
	LABELS_MAX = 50000,
	APART_ONE_OF = 4,
	PIECE_BYTES = 1 << 20,
	REQUESTS_MAX_BYTES = 256 << 20
};

struct said {
	enum llm_tier should_be;
	int64_t account_id;
};

struct tune {
	struct config *config;
	struct score_policy policy;  /* the configuration's, without bounds */
	struct arena arena, scratch; /* scratch: of one line */
	struct fail fail;
	struct map said; /* request id -> struct said */
	struct refit_row *rows;
	int count;
	int from_feedback;       /* labels used */
	int other_words;         /* left out for the words they were read by, */
	int refused;             /* and since the daemon would refuse the request */
	struct str first_reason; /* of that */
};

static int complain(const char *what, struct str why)
{
	fprintf(stderr, "fluxrouter: %s%.*s\n", what, STR_ARG(why));
	return 1;
}

static void add_row(struct tune *t, const struct score_gist *gist, enum llm_tier should_be,
                    struct str id)
{
	if (t->count < LABELS_MAX)
		t->rows[t->count++] = (struct refit_row){
		    .gist = *gist,
		    .should_be = (enum score_tier)should_be,
		    .is_apart = hash_stable(id) % APART_ONE_OF == 0,
		};
}

/* ---- labels from feedback ---- */

static struct str id_of(const struct trace *trace)
{
	return (struct str){(const char *)trace->request_id, TRACE_ID_BYTES};
}

static bool on_feedback(void *arg, const struct trace *trace)
{
	struct tune *t = arg;
	struct said *said;

	if (trace->kind != TRACE_FEEDBACK)
		return true;
	said = map_get(&t->said, id_of(trace));
	if (!said) {
		said = ARENA_NEW(&t->arena, struct said);
		map_put(&t->said, id_of(trace), said);
	}
	*said = (struct said){trace->should_be, trace->account_id};
	return true;
}

static bool on_decision(void *arg, const struct trace *trace)
{
	struct tune *t = arg;
	const struct said *said;

	if (trace->kind != TRACE_DECISION || !trace->is_scored)
		return true;
	said = map_get(&t->said, id_of(trace));
	if (!said || said->account_id != trace->account_id)
		return true;
	if (trace->words != t->policy.scorer->words_hash) {
		t->other_words++;
		return true;
	}
	t->from_feedback++;
	add_row(t, &trace->gist, said->should_be, id_of(trace));
	return true;
}

static int read_feedback(struct tune *t, struct str data)
{
	struct str dir = t->config->decisions_dir;
	struct series_range all = {0, INT64_MAX};
	int64_t damaged = 0;

	if (dir.len == 0)
		dir = arena_printf(&t->arena, "%.*s/decisions", STR_ARG(data));
	if (series_each(dir, all, on_feedback, t, &damaged, &t->fail) < 0 ||
	    series_each(dir, all, on_decision, t, &damaged, &t->fail) < 0)
		return complain("", t->fail.message);
	return 0;
}

/* ---- labels from a file ---- */

static int read_label(const struct json *doc, enum llm_tier *out, struct arena *arena)
{
	uint32_t node = json_get(doc, json_root(doc), STR("should_be"));

	if (node == JSON_NONE)
		node = json_get(doc, json_root(doc), STR("tier"));
	return json_type(doc, node) == JSON_STRING ? llm_tier_of(json_text(doc, node, arena), out)
	                                           : -1;
}

static int read_request(struct tune *t, const struct json *line, struct score_result *out)
{
	struct judging judging = {.policy = &t->policy, .arena = &t->scratch};
	uint32_t body = json_get(line, json_root(line), STR("body"));
	struct llm_request request = {.model = {0}};
	struct json_error error;
	struct json doc;
	int result = -1;

	json_init(&doc);
	if (body == JSON_NONE || json_read(&doc, json_raw(line, body), &error) < 0)
		fail(&t->fail, FAIL_INVALID_JSON, "has no \"body\"");
	else
		result = wire_dialect(wire_guess_dialect(&doc))
		             ->read_request(&doc, &t->scratch, &request, &t->fail);
	if (result == 0)
		judge_request(&judging, &request, out);
	json_release(&doc);
	return result;
}

static int read_line(struct tune *t, struct str text)
{
	struct score_result result;
	struct json_error error;
	enum llm_tier tier;
	struct json line;
	int done = -1;

	json_init(&line);
	if (json_read(&line, text, &error) < 0)
		fail(&t->fail, FAIL_INVALID_JSON, "is not JSON: %s", error.reason);
	else if (read_label(&line, &tier, &t->scratch) < 0)
		fail(&t->fail, FAIL_INVALID_VALUE,
		     "has no \"tier\" that is fast, standard or reasoning");
	else
		done = 0;
	if (done == 0 && read_request(t, &line, &result) == 0)
		add_row(t, &result.gist, tier, text);
	else if (done == 0 && t->refused++ == 0)
		t->first_reason = t->fail.message;
	json_release(&line);
	return done;
}

static int read_lines(struct tune *t, struct str text, struct str name)
{
	struct str line;
	int number = 0;

	while (str_next_field(&text, '\n', &line)) {
		number++;
		arena_reset(&t->scratch);
		if (str_trim(line).len > 0 && read_line(t, line) < 0)
			return complain("", arena_printf(&t->arena, "%.*s:%d: %.*s", STR_ARG(name),
			                                 number, STR_ARG(t->fail.message)));
	}
	return 0;
}

static int read_requests(struct tune *t, struct str name)
{
	FILE *file = fopen(name.ptr, "re");
	struct buf text;
	char *room = NULL;
	int result;

	if (!file)
		return complain("cannot read ", arena_printf(&t->arena, "%.*s: %m", STR_ARG(name)));
	buf_init(&text, REQUESTS_MAX_BYTES);
	while (!feof(file) && !ferror(file) && (room = buf_room(&text, PIECE_BYTES)))
		buf_grew(&text, fread(room, 1, PIECE_BYTES, file));
	fclose(file);
	result = room ? read_lines(t, buf_str(&text), name)
	              : complain("too long (256 MiB at most): ", name);
	buf_release(&text);
	return result;
}

/* ---- fitting ---- */

static int check_enough(const struct tune *t)
{
	int of_tier[LLM_TIERS] = {0}, kinds = 0;

	for (int i = 0; i < t->count; i++)
		of_tier[t->rows[i].should_be]++;
	for (int tier = 0; tier < LLM_TIERS; tier++)
		kinds += of_tier[tier] >= LABELS_OF_TIER_MIN;
	printf("labels: %d (fast %d, standard %d, reasoning %d), %d from feedback\n", t->count,
	       of_tier[LLM_FAST], of_tier[LLM_STANDARD], of_tier[LLM_REASONING], t->from_feedback);
	if (t->other_words)
		printf("left out: %d, read by a scorer of other words\n", t->other_words);
	if (t->refused)
		printf("left out: %d that would be refused (the first: %.*s)\n", t->refused,
		       STR_ARG(t->first_reason));
	if (t->count >= LABELS_MIN && kinds >= 2)
		return 0;
	fprintf(stderr,
	        "fluxrouter: too few labels: it takes %d, and %d each of two tiers; nothing is "
	        "written\n",
	        LABELS_MIN, LABELS_OF_TIER_MIN);
	return 1;
}

static void print_figures(const char *what, struct refit_figures f)
{
	printf("  %-26s %5d of %5d right (%.1f %%), %d too low, %d too high\n", what, f.right,
	       f.rows, f.rows ? 100.0 * f.right / f.rows : 0.0, f.too_low, f.too_high);
}

static void print_weights(const struct refit *r)
{
	printf("weights that change, doublings of the odds (fast, standard, reasoning):\n");
	for (int fact = 0; fact < STRUCTURE_FACTS; fact++) {
		const int16_t *was = r->scorer->structure[fact], *now = r->structure[fact];

		if (memcmp(was, now, sizeof(r->structure[fact])) == 0)
			continue;
		printf("  %-20s %+5.2f %+5.2f %+5.2f  ->  %+5.2f %+5.2f %+5.2f\n",
		       structure_fact_name(fact), was[0] / 64.0, was[1] / 64.0, was[2] / 64.0,
		       now[0] / 64.0, now[1] / 64.0, now[2] / 64.0);
	}
}

/* Under another name first: a daemon that reloads meanwhile reads the old file or the new one. */
static int write_file(struct tune *t, struct str name, struct str bytes)
{
	struct str draft = arena_printf(&t->arena, "%.*s.new", STR_ARG(name));
	FILE *file = fopen(draft.ptr, "wbe");

	if (file && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len && fclose(file) == 0 &&
	    rename(draft.ptr, name.ptr) == 0)
		return 0;
	return complain("cannot write ", arena_printf(&t->arena, "%.*s: %m", STR_ARG(name)));
}

static int write_scorer(struct tune *t, const struct refit *r, struct str name)
{
	struct str bytes =
	    t->config->scorer_bytes.len ? t->config->scorer_bytes : scorer_builtin_bytes();
	struct scorer *scorer = ARENA_NEW(&t->arena, struct scorer);
	struct buf file;
	int status;

	buf_init(&file, SCORER_MAX_BYTES);
	scorer_put_refitted(&file, bytes, r->structure);
	must(scorer_read(buf_str(&file), scorer, &t->fail) == 0);
	status = write_file(t, name, buf_str(&file));
	if (status == 0)
		printf("written: %.*s, scorer %s (was %s); use it with scorer_file: and a reload\n",
		       STR_ARG(name), scorer->version, r->scorer->version);
	buf_release(&file);
	return status;
}

static int fit(struct tune *t, struct str name)
{
	struct refit r = {
	    .scorer = t->policy.scorer, .policy = t->policy, .rows = t->rows, .count = t->count};
	struct refit_figures before, after;

	if (check_enough(t) != 0)
		return 1;
	refit_run(&r);
	before = refit_measure(&r, r.scorer->structure, true);
	after = refit_measure(&r, r.structure, true);
	print_figures("fitted, before", refit_measure(&r, r.scorer->structure, false));
	print_figures("fitted, after", refit_measure(&r, r.structure, false));
	print_figures("kept apart, before", before);
	print_figures("kept apart, after", after);
	if (after.right <= before.right)
		return complain("no better on the requests kept apart; nothing is written",
		                STR(""));
	print_weights(&r);
	return write_scorer(t, &r, name);
}

struct words_of_tune {
	struct str file, data, requests, out;
};

static int run(struct config *config, const struct words_of_tune *words)
{
	struct tune t = {.config = config, .policy = config->catalog->policy};
	int status = 0;

	t.policy.floor = SCORE_FAST;
	t.policy.ceiling = SCORE_REASONING;
	arena_init(&t.arena);
	arena_init(&t.scratch);
	fail_init(&t.fail, &t.arena);
	map_init(&t.said, &t.arena);
	t.rows = mem_get(sizeof(*t.rows) * LABELS_MAX);
	if (words->data.len)
		status = read_feedback(&t, words->data);
	if (status == 0 && words->requests.len)
		status = read_requests(&t, words->requests);
	if (status == 0)
		status = fit(&t, words->out);
	mem_put(t.rows);
	map_release(&t.said);
	arena_release(&t.scratch);
	arena_release(&t.arena);
	return status;
}

int cli_tune(int argc, char **argv)
{
	struct words_of_tune words = {.data = STR(CLI_DATA_DEFAULT)};
	const struct option options[] = {
	    {"c", "FILE", "configuration: prices, quality, scorer (without: as serve finds)",
	     &words.file, NULL},
	    {"data", "DIR", "data directory with feedback (" CLI_DATA_DEFAULT ")", &words.data,
	     NULL},
	    {"requests", "FILE", "more labels: a line each, {\"tier\": ..., \"body\": ...}",
	     &words.requests, NULL},
	    {"o", "FILE", "the scorer file to write", &words.out, NULL},
	};
	const struct option_set set = {
	    .usage = "tune [-c FILE] [--data DIR] [--requests FILE] -o FILE",
	    .about = "Refits the scorer to your own labels: feedback that was kept, requests in a "
	             "file. Tells figures\nbefore and after; writes nothing that is no better.",
	    .options = options,
	    .count = OPTION_COUNT(options),
	};
	struct option_words read;
	struct config *c;
	int status;

	if (option_read(&set, argc, argv, &read) < 0)
		return read.status;
	if (words.out.len == 0)
		return option_wrong("tune needs -o FILE, the scorer file to write");
	c = settings_load(words.file);
	if (!c)
		return 1;
	status = run(c, &words);
	config_put(&c);
	return status;
}
