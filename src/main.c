/* The program's entry: a table of verbs. Every verb reads its own options and has --help. */
#include "cli/cli.h"
#include "cli/verb.h"

#include "base/str.h"
#include "version.h"

#include <malloc.h>
#include <signal.h>

static const struct verb verbs[] = {
    {"serve", cli_serve, "run the gateway"},
    {"check", cli_check, "check a configuration file"},
    {"route", cli_route, "tell where a request would go, and why"},
    {"replay", cli_replay, "tell what another configuration would have done"},
    {"tune", cli_tune, "refit the scorer to your own labels"},
    {"models", cli_models, "list what can be served"},
    {"connect", cli_connect, "print the settings of a client"},
    {"catalog", cli_catalog, "compare prices with another list, show their versions"},
    {"dialects", cli_dialects, "tell what becomes of features between dialects"},
    {"plan", cli_plan, "what accounts may do, by name"},
    {"account", cli_account, "who pays"},
    {"team", cli_team, "within an account"},
    {"user", cli_user, "within an account"},
    {"key", cli_key, "create, list, change, rotate and revoke keys"},
    {"usage", cli_usage, "spending by day, model, key, ...; purge what is old"},
    {"invoice", cli_invoice, "what an account is to pay for a month"},
    {"reconcile", cli_reconcile, "compare a provider's export with the ledger"},
    {"ledger", cli_ledger, "verify the books, write leases off"},
    {"backup", cli_backup, "copy the store into a file"},
    {"restore", cli_restore, "put such a copy back"},
};

enum {
	VERBS = sizeof verbs / sizeof verbs[0],
	/* Bodies of this size go back to the system when they are done with; left to itself, malloc
	 * keeps some 500 MiB after a rush of large ones. */
	LARGE_BYTES = MEM_LARGE_BYTES,
	/* Beneath that, memory at the top of the heap is kept: giving it back after each answer of
	 * some hundred KiB costs a page fault for each of its pages with the next. */
	KEPT_BYTES = 16 * 1024 * 1024,
};

static int print_help(FILE *out)
{
	fprintf(out, "fluxrouter " FLUXROUTER_VERSION ": one endpoint in front of many models\n\n"
	             "usage: fluxrouter VERB [options]\n\n");
	verb_list(verbs, VERBS, out);
	fprintf(out, "\nfluxrouter VERB --help tells each one's options.\n");
	return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	struct str word = argc > 1 ? str_of(argv[1]) : STR("");
	const struct verb *verb;

	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	signal(SIGPIPE, SIG_IGN); /* a peer that left is told by write's result */
	signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow */
	if (str_eq(word, STR("--version"))) {
		printf("fluxrouter " FLUXROUTER_VERSION "\n");
		return 0;
	}
	if (str_eq(word, STR("--help")) || str_eq(word, STR("-h")) || str_eq(word, STR("help")))
		return print_help(stdout);
	if (argc > 1 && (verb = verb_find(verbs, VERBS, argv[1])))
		return verb->run(argc - 1, argv + 1);
	if (word.len)
		fprintf(stderr, "fluxrouter: there is no verb \"%.*s\"\n", STR_ARG(word));
	return print_help(stderr);
}
