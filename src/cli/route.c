/* fluxrouter route [-c FILE] [--dialect NAME] [--explain] < body.json
 *
 * The dry run of POST /v1/route without a daemon: reads a request's body, decides, and prints the
 * decision with its reasons and price estimate as JSON, or as a page. Calls nobody. What a client
 * would have been refused for is printed as that client would get it, with exit status 1. */
#include "cli/cli.h"
#include "cli/option.h"
#include "cli/page.h"
#include "cli/settings.h"
#include "limits.h"
#include "route/explain.h"
#include "wire/wire.h"

enum { OUTPUT_BYTES_MAX = 16 * 1024 * 1024, PIECE_BYTES = 64 * 1024 };

struct dry_run {
	struct config *config;
	struct str dialect; /* empty: by the body's shape */
	bool as_page;
	enum llm_dialect speaks;
	struct arena arena;
	struct fail fail;
	struct buf body, out;
	struct json doc;
	struct llm_request request;
	struct decision decision;
};

static int read_body(struct dry_run *run)
{
	char *room;

	while ((room = buf_room(&run->body, PIECE_BYTES)) && !feof(stdin) && !ferror(stdin))
		buf_grew(&run->body, fread(room, 1, PIECE_BYTES, stdin));
	if (!room || run->body.len > LIMIT_BODY_BYTES)
		return fail(&run->fail, FAIL_BODY_TOO_LARGE, "the body is longer than %d MiB",
		            LIMIT_BODY_BYTES >> 20);
	return 0;
}

static int parse_body(struct dry_run *run)
{
	struct json_error error;
	struct json_place place;

	if (json_read(&run->doc, buf_str(&run->body), &error) == 0)
		return 0;
	place = json_place(buf_str(&run->body), error.offset);
	return fail_at(&run->fail, FAIL_INVALID_JSON, json_path(&run->doc, error.node, &run->arena),
	               "the body is not JSON: %s (line %zu, column %zu)", error.reason, place.line,
	               place.column);
}

static int choose_dialect(struct dry_run *run)
{
	if (run->dialect.len == 0) {
		run->speaks = wire_guess_dialect(&run->doc);
		return 0;
	}
	if (llm_dialect_of(run->dialect, &run->speaks) == 0)
		return 0;
	return fail(&run->fail, FAIL_INVALID_VALUE,
	            "--dialect %.*s is none of chat, responses, messages", STR_ARG(run->dialect));
}

static int decide(struct dry_run *run)
{
	struct route_wish wish = {.explains = true};

	if (read_body(run) < 0 || parse_body(run) < 0 || choose_dialect(run) < 0)
		return -1;
	if (wire_dialect(run->speaks)
	        ->read_request(&run->doc, &run->arena, &run->request, &run->fail) < 0)
		return -1;
	return route_decide(run->config->catalog, &run->request, &wish, &run->decision, &run->fail);
}

static void put_result(struct dry_run *run, bool is_decided)
{
	struct json_writer w;

	json_writer_init(&w, &run->out);
	if (is_decided && run->as_page)
		page_put_decision(&run->out, &run->decision, run->config->catalog, &run->request);
	else if (is_decided)
		decision_put_json(&w, &run->decision, run->config->catalog, &run->request);
	else
		wire_dialect(run->request.dialect)
		    ->put_error(&run->out, &run->fail, STR("dry-run"));
	if (!run->as_page || !is_decided)
		buf_put_byte(&run->out, '\n');
	fwrite(run->out.ptr, 1, run->out.len, stdout);
}

static int run_dry(struct config *config, struct str dialect, bool as_page)
{
	struct dry_run run = {.config = config, .dialect = dialect, .as_page = as_page};
	bool is_decided;

	arena_init(&run.arena);
	fail_init(&run.fail, &run.arena);
	buf_init(&run.body, LIMIT_BODY_BYTES + PIECE_BYTES);
	buf_init(&run.out, OUTPUT_BYTES_MAX);
	json_init(&run.doc);
	is_decided = decide(&run) == 0;
	put_result(&run, is_decided);
	json_release(&run.doc);
	buf_release(&run.out);
	buf_release(&run.body);
	arena_release(&run.arena);
	return is_decided ? 0 : 1;
}

int cli_route(int argc, char **argv)
{
	struct str file = {0}, dialect = {0};
	bool as_page = false;
	const struct option options[] = {
	    {"c", "FILE", "configuration (without: providers of the environment)", &file, NULL},
	    {"dialect", "NAME", "chat, responses or messages (without: by the body)", &dialect,
	     NULL},
	    {"explain", NULL, "as a page for people rather than JSON", NULL, &as_page},
	};
	const struct option_set set = {
	    .usage = "route [-c FILE] [--dialect NAME] [--explain] < body.json",
	    .about = "Tells where a request would go, why, and what it would cost, without calling "
	             "anyone. Reads\n"
	             "the body of a request from standard input and prints JSON, or a page with "
	             "--explain.",
	    .options = options,
	    .count = OPTION_COUNT(options),
	};
	struct option_words words;
	struct config *c;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	c = settings_load(file);
	if (!c)
		return 1;
	status = run_dry(c, dialect, as_page);
	config_put(&c);
	return status;
}
