/* fluxrouter ledger verify | leases | write-off
 *
 * verify: do journal, store and sums agree? Exit 0 when they do, 1 with a line for each thing that
 * does not. leases: what nodes may spend without asking. write-off: an operator's word that a node
 * will not come back. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/encode.h"
#include "base/random.h"
#include "cli/books.h"
#include "cli/option.h"
#include "cli/verb.h"
#include "ledger/verify.h"
#include "store/lease.h"

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
	printf("\nprices: %" PRId64 " entries computed again", r.recount.entries);
	if (r.recount.unkept)
		printf(", %" PRId64 " whose rates are not kept", r.recount.unkept);
	printf("\n%s\n", r.wrong ? "ledger: WRONG" : "ledger: ok");
	return r.wrong ? 1 : 0;
}

static int ledger_verify(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT);
	const struct option options[] = {OPTION_DATA(data)};
	const struct option_set set = {"ledger verify [--data DIR]",
	                               "Compares journals, entries and sums to the nano-dollar, "
	                               "also beside a running daemon.",
	                               options,
	                               1,
	                               0,
	                               NULL};
	struct option_words words;
	struct books b;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = books_open(&b, data, STORE_READ_ONLY) < 0 ? 1 : verify_in(&b);
	books_release(&b);
	return status;
}

/* ---- leases ---- */

static bool on_lease(void *arg, const struct store_lease *l)
{
	char node[UUID_TEXT_BYTES];
	struct buf line;

	uuid_text(l->node, node);
	buf_init(&line, 512);
	buf_printf(&line, "%.*s  %-16s  %10" PRId64 "  ", UUID_TEXT_BYTES, node,
	           store_scope_name(l->bucket.scope), l->bucket.owner);
	buf_put_nusd(&line, l->amount_nusd);
	buf_printf(&line, "  %s ", l->expires_ms < clock_wall_ms() ? "expired" : "until");
	clock_put_rfc3339(&line, l->expires_ms);
	printf("%.*s\n", STR_ARG(buf_str(&line)));
	buf_release(&line);
	++*(int *)arg;
	return true;
}

static int list_leases(struct books *b)
{
	int count = 0;

	printf("%-36s  %-16s  %10s  USD\n", "node", "ceiling", "of");
	if (store_leases(b->store, &b->arena, on_lease, &count, &b->fail) < 0)
		return books_fails(b);
	if (count == 0)
		printf("no node has a lease\n");
	return 0;
}

static int ledger_leases(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT);
	const struct option options[] = {OPTION_DATA(data)};
	const struct option_set set = {
	    "ledger leases [--data DIR]",
	    "Lists what nodes may spend without asking again. One that "
	    "has expired counts as spent until its node comes back or is "
	    "written off.",
	    options,
	    1,
	    0,
	    NULL};
	struct option_words words;
	struct books b;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = books_open(&b, data, STORE_READ_ONLY) < 0 ? 1 : list_leases(&b);
	books_release(&b);
	return status;
}

/* A node's id as uuid_text writes it. */
static int read_node(struct str text, uint8_t out[UUID_BYTES], struct arena *arena)
{
	struct str hex = STR(""), part;

	while (text.len > 0 && str_next_field(&text, '-', &part))
		hex = ARENA_JOIN(arena, hex, part);
	return hex.len == 2 * UUID_BYTES ? encode_read_hex(hex, out, UUID_BYTES) : -1;
}

static int write_off(struct books *b, struct str text)
{
	uint8_t node[UUID_BYTES];

	if (read_node(text, node, &b->arena) < 0)
		return option_wrong("\"%.*s\" is no node: see fluxrouter ledger leases",
		                    STR_ARG(text));
	if (store_lease_write_off(b->store, node, &b->fail) < 0)
		return books_fails(b);
	printf("written off: what it had leased may be spent by others\n");
	return 0;
}

static int ledger_write_off(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT);
	const struct option options[] = {OPTION_DATA(data)};
	const struct option_set set = {"ledger write-off [--data DIR] NODE",
	                               "Gives back what a node has leased that will not come back. "
	                               "What it spent and never carried is not billed, unless its "
	                               "journal is found and replayed.",
	                               options,
	                               1,
	                               1,
	                               "node"};
	struct option_words words;
	struct books b;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = books_open(&b, data, STORE_EXISTING) < 0 ? 1 : write_off(&b, words.operands[0]);
	books_release(&b);
	return status;
}

static const struct verb verbs[] = {
    {"verify", ledger_verify, "do journals, entries and sums agree?"},
    {"leases", ledger_leases, "what nodes may spend without asking"},
    {"write-off", ledger_write_off, "give back the leases of a node that is gone"},
};

int cli_ledger(int argc, char **argv)
{
	return verb_run("ledger", verbs, OPTION_COUNT(verbs), argc, argv);
}
