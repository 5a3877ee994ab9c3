/* fluxrouter ledger verify: do journal, store and sums agree? Exit 0 when they do, 1 with a line
 * for each thing that does not. */
#include "cli/cli.h"

#include "cli/books.h"
#include "cli/option.h"
#include "ledger/verify.h"

static void on_wrong(void *arg, struct str sentence)
{
	(void)arg;
	printf("wrong: %.*s\n", STR_ARG(sentence));
}

static int verify_in(struct books *b)
{
	struct verify_report r;

	books_catch_up(b);
	if (verify_ledger(b->store, b->data_dir, on_wrong, NULL, &r, &b->fail) < 0)
		return books_fails(b);
	printf("journal: %" PRId64 " entries, %" PRId64 " on their way to the store, %" PRId64
	       " attempts open",
	       r.entries, r.pending, r.open);
	if (r.torn)
		printf(", torn tail of %" PRId64 " records", r.torn);
	printf("\n%s\n", r.wrong ? "ledger: WRONG" : "ledger: ok");
	return r.wrong ? 1 : 0;
}

static int ledger_verify(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT);
	const struct option options[] = {
	    {"data", "DIR", "data directory (" CLI_DATA_DEFAULT ")", &data, NULL}};
	const struct option_set set = {"ledger verify [--data DIR]",
	                               "Compares journals, entries and sums to the nano-dollar, "
	                               "also beside a running daemon.",
	                               options, 1, 0};
	struct option_words words;
	struct books b;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = books_open(&b, data, STORE_READ_ONLY) < 0 ? 1 : verify_in(&b);
	books_release(&b);
	return status;
}

int cli_ledger(int argc, char **argv)
{
	bool is_help = argc > 1 && str_eq(str_of(argv[1]), STR("--help"));

	if (argc > 1 && str_eq(str_of(argv[1]), STR("verify")))
		return ledger_verify(argc - 1, argv + 1);
	if (argc > 1 && !is_help)
		option_wrong("ledger has no verb \"%s\"", argv[1]);
	fprintf(is_help ? stdout : stderr, "Usage: fluxrouter ledger verify [--data DIR]\n\n"
	                                   "  verify       do journals, entries and sums agree?\n");
	return is_help ? 0 : 2;
}
