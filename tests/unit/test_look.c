/* The verbs that only look: check, models, route. What they print and their exit status. */
#include "cli/cli.h"

#include "base/json_read.h"
#include "check.h"

#include <fcntl.h>

static char printed[1 << 16];

/* Runs a verb with this standard input; its standard output goes into `printed`, its standard error
 * nowhere. */
static int run(int (*verb)(int, char **), const char *const *words, const char *input)
{
	FILE *in = tmpfile(), *out = tmpfile();
	int old_in = dup(0), old_out = dup(1), old_err = dup(2), null = open("/dev/null", O_WRONLY);
	int argc = 0, status;
	size_t len;

	must(in && out && fputs(input, in) >= 0 && fflush(in) == 0);
	rewind(in);
	fflush(stdout);
	must(dup2(fileno(in), 0) == 0 && dup2(fileno(out), 1) == 1 && dup2(null, 2) == 2);
	clearerr(stdin);
	rewind(stdin);
	while (words[argc])
		argc++;
	status = verb(argc, (char **)(uintptr_t)words);
	fflush(stdout);
	must(dup2(old_in, 0) == 0 && dup2(old_out, 1) == 1 && dup2(old_err, 2) == 2);
	rewind(out);
	len = fread(printed, 1, sizeof printed - 1, out);
	printed[len] = '\0';
	fclose(in);
	fclose(out);
	close(old_in);
	close(old_out);
	close(old_err);
	close(null);
	return status;
}

static const char config_text[] =
    "providers: [{name: p, dialect: chat, base_url: \"http://h\"}]\n"
    "models:\n"
    "  - {name: small, price: {input: 0.25, output: 2}, context: 8000, max_output: 1000,\n"
    "     can: [tools], targets: [{provider: p, model: s-1}]}\n"
    "tiers: {fast: [small], standard: [small]}\n"
    "aliases: [{match: mine, to: flux-fast}]\n";

static char good_file[] = "/tmp/fluxrouter-good-XXXXXX";
static char bad_file[] = "/tmp/fluxrouter-bad-XXXXXX";

static void write_file(char *name, const char *text)
{
	int fd = mkstemp(name);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

#define RUN(verb, input, ...) run(verb, (const char *const[]){#verb, __VA_ARGS__, NULL}, input)

static bool was_printed(const char *text)
{
	return strstr(printed, text) != NULL;
}

static void test_check(void)
{
	CHECK(RUN(cli_check, "", "-c", good_file) == 0);
	CHECK(was_printed("fine (providers: 1, models: 1, aliases: 1;"));
	CHECK(RUN(cli_check, "", "-c", bad_file) == 1);
	CHECK(was_printed(":1:10: threads: is not a whole number"));
	CHECK(was_printed(":2:1: lissten: there is no such option; did you mean \"listen\"?"));
	CHECK(RUN(cli_check, "", "-c", "/no/such/file") == 1);
	CHECK(was_printed("/no/such/file: No such file"));
	CHECK(RUN(cli_check, "", "--help") == 0 && was_printed("check -c FILE"));
	CHECK(RUN(cli_check, "", "--") == 2);
	CHECK(RUN(cli_check, "", "--nope") == 2);
}

static void test_models(void)
{
	struct json_error error;
	struct json doc;

	CHECK(RUN(cli_models, "", "-c", good_file) == 0);
	CHECK(was_printed("small") && was_printed("p:s-1") && was_printed("fast standard"));
	CHECK(was_printed("mine -> flux-fast"));
	CHECK(RUN(cli_models, "", "-c", good_file, "--json") == 0);
	json_init(&doc);
	CHECK(json_read(&doc, str_of(printed), &error) == 0);
	CHECK(was_printed("\"price\":{\"input\":0.25,\"output\":2,"));
	CHECK(was_printed("\"can\":[\"tools\"]") && was_printed("\"dialects\":[\"chat\"]"));
	json_release(&doc);
	CHECK(RUN(cli_models, "", "-c", bad_file) == 1);
	setenv("MISTRAL_API_KEY", "k", 1);
	CHECK(RUN(cli_models, "", "--json") == 0 && was_printed("mistral-small-2603"));
}

static void test_route(void)
{
	struct json_error error;
	struct json doc;

	CHECK(RUN(cli_route,
	          "{\"model\":\"flux-auto\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
	          "-c", good_file) == 0);
	json_init(&doc);
	CHECK(json_read(&doc, str_of(printed), &error) == 0);
	CHECK(was_printed("\"model\":\"small\"") && was_printed("\"asked\":\"flux-auto\""));
	CHECK(was_printed("\"estimate_usd\":") && was_printed("\"most_usd\":"));
	json_release(&doc);

	CHECK(RUN(cli_route,
	          "{\"model\":\"flux-auto\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
	          "-c", good_file, "--explain") == 0);
	CHECK(was_printed("flux-auto -> small at p, tier "));
	CHECK(was_printed("decided by ") && was_printed("  <- the most\n"));
	CHECK(was_printed("fact     greeting") && was_printed("as standard  $"));
	CHECK(was_printed(" scorer=") && was_printed(" config="));

	CHECK(RUN(cli_route, "{\"model\":\"flux-auto\",\"messages\":[]", "-c", good_file) == 1);
	CHECK(was_printed("\"code\":\"invalid_json\""));
	CHECK(RUN(cli_route,
	          "{\"model\":\"smal\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
	          "-c", good_file) == 1);
	CHECK(was_printed("\"code\":\"model_not_found\"") && was_printed("small"));
	CHECK(RUN(cli_route,
	          "{\"model\":\"small\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
	          "\"content\":\"hi\"}]}",
	          "-c", good_file, "--dialect", "messages") == 0);
	CHECK(was_printed("\"model\":\"small\"")); /* translated for it */
	CHECK(RUN(cli_route, "{\"model\":\"small\",\"messages\":[]}", "-c", good_file, "--dialect",
	          "messages") == 1);
	CHECK(was_printed("\"type\":\"error\"") && was_printed("invalid_value"));
	CHECK(RUN(cli_route, "{}", "-c", good_file, "--dialect", "klingon") == 1);
	CHECK(RUN(cli_route, "", "-c", bad_file) == 1);
}

int main(void)
{
	write_file(good_file, config_text);
	write_file(bad_file, "threads: many\nlissten: [x]\n");
	test_check();
	test_models();
	test_route();
	unlink(good_file);
	unlink(bad_file);
	return check_report("look");
}
