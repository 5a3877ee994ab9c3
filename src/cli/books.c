/* Opening and closing the store for a verb. Called by key, usage and ledger. */
#include "cli/books.h"

#include "cli/place.h"
#include "ledger/verify.h"

enum { CATCH_UP_MS = 2000 };

int books_open(struct books *b, struct str data_dir, enum store_open_how how)
{
	*b = (struct books){.data_dir = data_dir};
	while (b->data_dir.len > 1 && str_ends_with(b->data_dir, STR("/")))
		b->data_dir.len--;
	arena_init(&b->arena);
	fail_init(&b->fail, &b->arena);
	if (store_open(place_of(b->data_dir, &b->arena), how, &b->store, &b->fail) == 0)
		return 0;
	books_fails(b);
	return -1;
}

void books_release(struct books *b)
{
	store_close(&b->store);
	arena_release(&b->arena);
}

int books_fails(const struct books *b)
{
	fprintf(stderr, "fluxrouter: %.*s\n", STR_ARG(b->fail.message));
	return 1;
}

void books_catch_up(struct books *b)
{
	int64_t pending = 0;

	if (verify_wait_carried(b->store, b->data_dir, CATCH_UP_MS, &pending, &b->fail) < 0)
		books_fails(b);
	else if (pending > 0)
		fprintf(stderr,
		        "fluxrouter: %" PRId64 " entries are in the journal only; a running daemon "
		        "brings them, else the next start\n",
		        pending);
}
