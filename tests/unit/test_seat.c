/* Seats: one for each process, the first that is free; what a dead one left is seen to once. */
#include "check.h"
#include "ledger/journal.h"
#include "ledger/seat.h"
#include "ledger/verify.h"
#include "ledger_sample.h"
#include "tempdir.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct arena arena;
static struct fail f;
static struct loop loop;
static struct str dir;
static struct store *store;

static void begin(void)
{
	fail_init(&f, &arena);
	dir = tempdir_make(&arena);
	must(store_open(dir, STORE_CREATE, &store, &f) == 0);
}

static void end(void)
{
	store_close(&store);
	tempdir_remove(dir);
}

static void test_first_free(void)
{
	struct seat seats[SEATS], more;

	begin();
	CHECK(!seat_any_taken(dir));
	for (int i = 0; i < SEATS; i++)
		CHECK(seat_take(dir, &seats[i], &f) == 0 && seats[i].index == i);
	CHECK(str_eq(seats[0].dir, dir));
	CHECK(seat_any_taken(dir) && seat_is_taken(seats[3].dir));
	CHECK(seat_take(dir, &more, &f) < 0 && more.fd < 0);
	seat_leave(&seats[3], true);
	CHECK(!seat_is_taken(seats[3].dir));
	CHECK(seat_take(dir, &more, &f) == 0 && more.index == 3);
	seat_leave(&more, true);
	for (int i = 0; i < SEATS; i++)
		seat_leave(&seats[i], true);
	CHECK(!seat_any_taken(dir));
	end();
}

/* Nodes are as many as seats, and stay what they are. */
static void test_nodes(void)
{
	uint8_t nodes[3][RECORD_NODE_BYTES];
	struct seat seats[2];

	begin();
	for (int i = 0; i < 2; i++) {
		must(seat_take(dir, &seats[i], &f) == 0);
		must(segment_dir_read(seats[i].dir, nodes[i], &f) == 0);
	}
	CHECK(memcmp(nodes[0], nodes[1], sizeof nodes[0]) != 0);
	seat_leave(&seats[1], true);
	must(seat_take(dir, &seats[1], &f) == 0);
	must(segment_dir_read(seats[1].dir, nodes[2], &f) == 0);
	CHECK(memcmp(nodes[1], nodes[2], sizeof nodes[1]) == 0);
	seat_leave(&seats[0], true);
	seat_leave(&seats[1], true);
	end();
}

/* A process on that seat that ends with `closed` attempts done and one under way. */
static void die_on(struct str seat, int64_t from, int64_t closed)
{
	struct journal *j = journal_open(&loop, seat, 0, &f);

	must(j != NULL);
	for (int64_t n = from; n <= from + closed; n++) {
		struct entry open = sample_open(n), close = sample_entry(n);
		struct journal_slot slot;

		must(journal_put_open(j, &open, &slot, &f) == 0);
		if (n < from + closed)
			journal_put_close(j, &slot, &close);
		must(journal_commit(j) == 0);
	}
	journal_close(&j);
}

static void check_books(int64_t entries)
{
	struct verify_report r;

	CHECK(verify_ledger(store, dir, NULL, NULL, &r, &f) == 0);
	CHECK(r.wrong == 0 && r.open == 0 && r.pending == 0);
	CHECK(r.entries == entries);
}

static void test_recover(void)
{
	struct carry_recovery found = {0};
	struct seat mine, dead;

	begin();
	must(seat_take(dir, &mine, &f) == 0 && seat_take(dir, &dead, &f) == 0);
	die_on(dead.dir, 0, 5);
	CHECK(seat_recover(store, dir, false, &found, &f) == 0);
	CHECK(found.entries == 0 && found.lost == 0); /* it lives */
	seat_leave(&dead, false);
	CHECK(seat_recover(store, dir, false, &found, &f) == 0);
	CHECK(found.entries == 5 && found.lost == 1);
	check_books(6);
	found = (struct carry_recovery){0};
	CHECK(seat_recover(store, dir, false, &found, &f) == 0);
	CHECK(found.entries == 0 && found.lost == 0); /* once is enough */
	CHECK(seat_recover(store, dir, true, &found, &f) == 0);
	check_books(0); /* segments that are done with have gone */
	seat_leave(&mine, true);
	end();
}

int main(void)
{
	arena_init(&arena);
	loop_init(&loop, 0);
	test_first_free();
	test_nodes();
	test_recover();
	loop_release(&loop);
	arena_release(&arena);
	return check_report("seat");
}
