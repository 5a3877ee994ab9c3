/* fluxrouter backup --data DIR --to FILE, fluxrouter restore --data DIR --from FILE
 *
 * Of the SQLite store. A backup may be taken at any time; restoring needs the data directory to
 * itself, and keeps what was there. */
#include "cli/cli.h"

#include "cli/books.h"
#include "cli/option.h"
#include "cli/place.h"
#include "ledger/seat.h"
#include "store/datadir.h"

static int backup_to(struct books *b, struct str to)
{
	books_catch_up(b);
	if (store_backup(b->store, to, &b->fail) < 0)
		return books_fails(b);
	printf("the store of %.*s is in %.*s\n", STR_ARG(b->data_dir), STR_ARG(to));
	return 0;
}

int cli_backup(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT), to = STR("");
	const struct option options[] = {
	    OPTION_DATA(data),
	    {"to", "FILE", "the file to make", &to, NULL},
	};
	const struct option_set set = {"backup [--data DIR] --to FILE",
	                               "Copies the store, as it is at one moment, into a new file, "
	                               "also beside a running daemon.",
	                               options,
	                               2,
	                               0,
	                               NULL};
	struct option_words words;
	struct books b;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	if (str_is_empty(to))
		return option_wrong("where to? (usage: fluxrouter %s)", set.usage);
	status = books_open(&b, data, STORE_READ_ONLY) < 0 ? 1 : backup_to(&b, to);
	books_release(&b);
	return status;
}

static int restore_from(struct str data, struct str from, struct fail *f)
{
	struct str kept = STR("");
	int lock;

	if (store_is_url(place_of(data, f->arena)))
		return fail(f, FAIL_STORE,
		            "the store of %.*s is a PostgreSQL, which has tools of its own: "
		            "pg_dump --format=custom and pg_restore",
		            STR_ARG(data));
	if (datadir_make(data, f) < 0 || datadir_lock(data, &lock, f) < 0)
		return -1;
	if (seat_any_taken(data))
		return fail(f, FAIL_STORE, "a fluxrouter still finishes its work in %.*s",
		            STR_ARG(data));
	if (store_restore(data, from, &kept, f) < 0)
		return -1;
	printf("%.*s is the store of %.*s now\n", STR_ARG(from), STR_ARG(data));
	if (kept.len)
		printf("what it was before is kept in %.*s\n", STR_ARG(kept));
	return 0;
}

int cli_restore(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT), from = STR("");
	const struct option options[] = {
	    OPTION_DATA(data),
	    {"from", "FILE", "what backup made", &from, NULL},
	};
	const struct option_set set = {
	    "restore [--data DIR] --from FILE",
	    "Checks a backup and puts it in the place of the store, which "
	    "is kept. No daemon may run there.",
	    options,
	    2,
	    0,
	    NULL};
	struct option_words words;
	struct arena arena;
	struct fail f;
	int result;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	if (str_is_empty(from))
		return option_wrong("from where? (usage: fluxrouter %s)", set.usage);
	arena_init(&arena);
	fail_init(&f, &arena);
	result = restore_from(arena_copy(&arena, data), from, &f);
	if (result < 0)
		fprintf(stderr, "fluxrouter: %.*s\n", STR_ARG(f.message));
	arena_release(&arena);
	return result < 0 ? 1 : 0;
}
