/* The journal: what is written is read back; torn tails, damage, borders of segments, failing
 * disks. */
#include "check.h"
#include "guard.h"
#include "ledger/journal.h"
#include "ledger/replay.h"
#include "ledger_sample.h"
#include "tempdir.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct arena arena;
static struct fail f;
static struct loop loop;
static struct str dir;

/* What a replay gave: counts, and whether each entry was as it should be. */
struct heard {
	int closed, lost, wrong;
	int64_t last;
};

static void on_entry(void *arg, const struct entry *e, uint64_t sequence)
{
	struct heard *h = arg;
	int64_t n = sample_number(e);
	struct entry want = e->end == ENTRY_LOST ? sample_lost(n) : sample_entry(n);

	(void)sequence;
	h->last = n;
	if (e->end == ENTRY_LOST)
		h->lost++;
	else
		h->closed++;
	if (!entry_is_same(e, &want))
		h->wrong++;
}

static void fresh_dir(void)
{
	dir = tempdir_make(&arena);
	fail_init(&f, &arena);
}

static struct journal *opened(int index)
{
	struct journal *j = journal_open(&loop, dir, index, &f);

	if (!CHECK(j != NULL))
		printf("    %.*s\n", STR_ARG(f.message));
	return j;
}

static int put_open(struct journal *j, int64_t n, struct journal_slot *slot)
{
	struct entry e = sample_open(n);

	return journal_put_open(j, &e, slot, &f);
}

static void put_close(struct journal *j, int64_t n, struct journal_slot *slot)
{
	struct entry e = sample_entry(n);

	journal_put_close(j, slot, &e);
}

static void put_both(struct journal *j, int64_t n)
{
	struct journal_slot slot;

	must(put_open(j, n, &slot) == 0);
	put_close(j, n, &slot);
}

/* All segments of the directory, whose loops are taken for one after the other. */
static struct heard heard_in(struct str place, struct replay *out)
{
	struct heard h = {0};
	struct segment_id *ids;
	int count, fd;

	replay_init(out, on_entry, &h);
	must(segment_list(place, &arena, &ids, &count, &f) == 0);
	for (int i = 0; i < count; i++) {
		uint64_t at = record_sequence(ids[i].number, 0);

		must(segment_open(place, ids[i], &fd, &f) == 0);
		while (record_segment_of(at) == ids[i].number)
			must(replay_read(out, fd, at, UINT64_MAX, &at, &f) == 0);
		close(fd);
	}
	replay_end_run(out);
	replay_release(out);
	return h;
}

static void test_round_trip(void)
{
	struct journal *j;
	struct journal_slot slots[10];
	struct replay r;
	struct heard h;

	fresh_dir();
	j = opened(0);
	for (int n = 0; n < 10; n++)
		CHECK(put_open(j, n, &slots[n]) == 0 && slots[n].sequence != 0);
	CHECK(journal_commit(j) == 0);
	for (int n = 9; n >= 2; n--)
		put_close(j, n, &slots[n]);
	CHECK(slots[9].sequence == 0 && slots[1].sequence != 0);
	CHECK(journal_commit(j) == 0 && journal_commit(j) == 0);
	h = heard_in(dir, &r);
	CHECK(h.closed == 8 && h.lost == 2 && h.wrong == 0);
	CHECK(r.damaged == 0 && r.torn == 0);
	journal_close(&j);
	h = heard_in(dir, &r);
	CHECK(h.closed == 8 && h.lost == 2 && h.wrong == 0 && r.damaged == 0);

	j = opened(0); /* another run: a new segment, the old one stays */
	put_both(j, 100);
	journal_close(&j);
	h = heard_in(dir, &r);
	CHECK(h.closed == 9 && h.lost == 2 && h.last == 100 && h.wrong == 0);
	tempdir_remove(dir);
}

/* Every pair of lengths of names, so that names are cut and empty ones come back empty. */
static void test_names(void)
{
	char text[80];
	struct record_entry back;
	struct record_entry r = {.entry = sample_entry(7), .open_sequence = 5};
	uint8_t bytes[RECORD_BYTES];
	struct str name;

	memset(text, 'm', sizeof text);
	for (size_t len = 1; len <= RECORD_NAME_MAX; len++) {
		record_write_name(bytes, 99, (struct str){text, len});
		CHECK(record_check(bytes, 99) == RECORD_GOOD);
		CHECK(record_check(bytes, 98) == RECORD_DAMAGED);
		CHECK(record_read_name(bytes, &name) == 0 && name.len == len);
	}
	record_write_entry(bytes, RECORD_CLOSE, 12, &r);
	CHECK(record_read_entry(bytes, &back) == 0 && back.open_sequence == 5);
	for (int i = 0; i < RECORD_BYTES; i++) {
		bytes[i] ^= 0x10;
		CHECK(record_check(bytes, 12) == RECORD_DAMAGED);
		bytes[i] ^= 0x10;
	}
	memset(bytes, 0, sizeof bytes);
	CHECK(record_check(bytes, 0) == RECORD_EMPTY);
}

/* Reading ends with the record, also at the end of all memory. */
static void test_guard(void)
{
	struct record_entry r = {.entry = sample_entry(7), .open_sequence = 5}, back;
	uint8_t bytes[RECORD_BYTES];
	struct guard guard;
	struct str name;

	record_write_entry(bytes, RECORD_CLOSE, 12, &r);
	guard = guard_copy((struct str){(const char *)bytes, sizeof bytes});
	CHECK(record_check((const uint8_t *)guard.bytes.ptr, 12) == RECORD_GOOD);
	CHECK(record_read_entry((const uint8_t *)guard.bytes.ptr, &back) == 0);
	CHECK(record_read_name((const uint8_t *)guard.bytes.ptr, &name) < 0);
	guard_free(&guard);
}

static struct str file_of(uint64_t number)
{
	return segment_path(dir, (struct segment_id){0, number}, &arena);
}

static void write_at(struct str path, off_t offset, const void *bytes, size_t len)
{
	int fd = open(path.ptr, O_WRONLY);

	must(fd >= 0 && pwrite(fd, bytes, len, offset) == (ssize_t)len);
	close(fd);
}

/* Slots 1.. of the file: model, provider, then open 0, open 1, close 0, close 1. A cut at any
 * byte, or zeros, or noise from there, leaves what is whole and makes lost what is open. */
static void check_cut(size_t cut, int how)
{
	enum { OPEN0 = 3, OPEN1 = 6, CLOSE0 = 7, CLOSE1 = 8, END = 9 };
	static const unsigned char noise[END * RECORD_BYTES] = {[0 ... END * RECORD_BYTES - 1] =
	                                                            0xa5};
	static const unsigned char zeros[END * RECORD_BYTES];
	size_t whole = cut / RECORD_BYTES; /* slots 0..whole-1 are */
	struct journal *j = opened(0);
	struct journal_slot a, b;
	struct replay r;
	struct heard h;

	must(put_open(j, 0, &a) == 0 && put_open(j, 1, &b) == 0);
	put_close(j, 0, &a);
	put_close(j, 1, &b);
	must(journal_commit(j) == 0);
	if (how == 0)
		must(truncate(file_of(1).ptr, (off_t)cut) == 0);
	else
		write_at(file_of(1), (off_t)cut, how == 1 ? zeros : noise,
		         END * RECORD_BYTES - cut);
	h = heard_in(dir, &r);
	CHECK(h.closed == (whole > CLOSE0) + (whole > CLOSE1) && h.wrong == 0);
	CHECK(h.lost == (whole > OPEN0) + (whole > OPEN1) - h.closed);
	CHECK(r.damaged == 0 && r.torn >= 0);
	journal_close(&j);
}

static void test_cut_at_every_byte(void)
{
	for (int how = 0; how < 3; how++) {
		for (size_t cut = RECORD_BYTES; cut <= 9 * RECORD_BYTES; cut += how ? 37 : 1) {
			if (how == 1 && cut % RECORD_BYTES > 96) /* zeros behind are its own */
				continue;
			fresh_dir();
			check_cut(cut, how);
			tempdir_remove(dir);
		}
	}
}

/* A bad record in the middle costs itself only, and is counted. */
static void test_damage(void)
{
	enum { LAST = 47 }; /* 20 opens, 20 closes, and names: 3 models, 2 providers, 2 tags */
	struct journal *j;
	struct replay r;
	struct heard h;

	fresh_dir();
	j = opened(0);
	for (int n = 0; n < 20; n++)
		put_both(j, n);
	must(journal_commit(j) == 0);
	for (unsigned slot = 4; slot <= LAST; slot++) {
		uint8_t good[RECORD_BYTES], bad[RECORD_BYTES];
		int fd = open(file_of(1).ptr, O_RDONLY);

		must(pread(fd, good, sizeof good, (off_t)slot * RECORD_BYTES) == sizeof good);
		close(fd);
		memcpy(bad, good, sizeof bad);
		bad[100] ^= 1;
		write_at(file_of(1), (off_t)slot * RECORD_BYTES, bad, sizeof bad);
		h = heard_in(dir, &r);
		CHECK(h.closed + h.lost >= 19 && h.closed + h.lost <= 20);
		CHECK(r.damaged == (slot < LAST) && r.torn == (slot == LAST));
		write_at(file_of(1), (off_t)slot * RECORD_BYTES, good, sizeof good);
	}
	write_at(file_of(1), 24, "\xff", 1); /* a header that is no header */
	h = heard_in(dir, &r);
	CHECK(h.closed == 20 && h.wrong == 0 && r.damaged == 1);
	journal_close(&j);
	tempdir_remove(dir);
}

static void test_newer_format(void)
{
	struct record_segment s = {.format = RECORD_FORMAT + 1, .number = 1};
	struct replay r;
	uint8_t node[RECORD_NODE_BYTES];
	uint64_t next;
	int fd;

	fresh_dir();
	must(segment_dir_make(dir, node, &f) == 0);
	must(segment_create(dir, &s, &fd, &f) == 0);
	replay_init(&r, on_entry, NULL);
	CHECK(replay_read(&r, fd, record_sequence(1, 0), UINT64_MAX, &next, &f) < 0);
	CHECK(str_find(f.message, STR("format 2")) < f.message.len);
	replay_release(&r);
	close(fd);
	tempdir_remove(dir);
}

/* Twice over the border of a segment, with entries that are open across it and names that must be
 * put again. */
static void test_borders(void)
{
	enum { ENTRIES = 75000, OPEN_FOR = 97 };
	struct journal_slot slots[ENTRIES];
	struct journal *j;
	struct replay r;
	struct heard h;

	fresh_dir();
	j = opened(0);
	for (int n = 0; n < ENTRIES + OPEN_FOR; n++) {
		if (n < ENTRIES)
			must(put_open(j, n, &slots[n]) == 0);
		if (n >= OPEN_FOR)
			put_close(j, n - OPEN_FOR, &slots[n - OPEN_FOR]);
		if (n % 50 == 0)
			must(journal_commit(j) == 0);
	}
	must(journal_commit(j) == 0);
	h = heard_in(dir, &r);
	CHECK(h.closed == ENTRIES && h.lost == 0 && h.wrong == 0 && r.damaged == 0 && r.torn == 0);
	CHECK(access(file_of(3).ptr, F_OK) == 0);
	journal_close(&j);
	tempdir_remove(dir);
}

/* A write fails: nothing is lost, nothing is granted, and it goes on when the disk does. */
static void test_write_error(void)
{
	struct rlimit old, small;
	struct journal_slot slot, refused = {77};
	struct journal *j;
	struct replay r;
	struct heard h;

	fresh_dir();
	signal(SIGXFSZ, SIG_IGN);
	j = opened(0);
	put_both(j, 1);
	must(put_open(j, 2, &slot) == 0 && journal_commit(j) == 0);
	must(getrlimit(RLIMIT_FSIZE, &old) == 0);
	small = old;
	small.rlim_cur = (rlim_t)6 * RECORD_BYTES + 100; /* in the middle of a record */
	must(setrlimit(RLIMIT_FSIZE, &small) == 0);
	put_both(j, 3);
	CHECK(journal_commit(j) == -1);
	CHECK(put_open(j, 4, &refused) < 0 && refused.sequence == 77);
	CHECK(f.kind == FAIL_JOURNAL_UNAVAILABLE);
	put_close(j, 2, &slot);
	CHECK(journal_commit(j) == -1);
	must(setrlimit(RLIMIT_FSIZE, &old) == 0);
	CHECK(journal_commit(j) == 0);
	CHECK(put_open(j, 4, &slot) == 0 && journal_commit(j) == 0);
	h = heard_in(dir, &r);
	CHECK(h.closed == 3 && h.lost == 1 && h.wrong == 0 && r.damaged == 0);
	put_close(j, 4, &slot);
	journal_close(&j);
	tempdir_remove(dir);
}

/* A disk for one segment and no more: opens are refused in time, and every close still has its
 * place. */
static void test_disk_full(void)
{
	enum { OPEN_MAX = 40000 };
	static struct journal_slot slots[OPEN_MAX];
	struct journal *j;
	struct replay r;
	struct heard h;
	int open = 0;

	fresh_dir();
	if (mount("none", dir.ptr, "tmpfs", 0, "size=20m") < 0) {
		printf("unit journal: disk full is not tried: no right to mount a small disk\n");
		tempdir_remove(dir);
		return;
	}
	j = opened(0);
	while (open < OPEN_MAX && put_open(j, open, &slots[open]) == 0)
		open++;
	CHECK(open > 13000 && open < 13120 && f.kind == FAIL_JOURNAL_UNAVAILABLE);
	CHECK(journal_commit(j) == 0);
	for (int n = 0; n < open; n++)
		put_close(j, n, &slots[n]);
	CHECK(journal_commit(j) == 0);
	for (int n = 0; put_open(j, open, &slots[0]) == 0;
	     n++) { /* closes take less than promised */
		put_close(j, open++, &slots[0]);
		CHECK(journal_commit(j) == 0);
	}
	h = heard_in(dir, &r);
	CHECK(h.closed == open && h.lost == 0 && h.wrong == 0 && r.damaged == 0);
	CHECK(open > 32000);
	CHECK(access(file_of(2).ptr, F_OK) < 0);
	journal_close(&j);
	must(umount(dir.ptr) == 0);
	tempdir_remove(dir);
}

static void test_two_loops(void)
{
	struct journal *a, *b;
	struct segment_id *ids;
	int count;

	fresh_dir();
	a = opened(0);
	b = opened(12);
	CHECK(segment_list(dir, &arena, &ids, &count, &f) == 0 && count == 2);
	CHECK(ids[0].loop == 0 && ids[1].loop == 12 && ids[1].number == 1);
	journal_close(&a);
	journal_close(&b);
	CHECK(b == NULL);
	tempdir_remove(dir);
}

int main(void)
{
	arena_init(&arena);
	loop_init(&loop, 0);
	test_round_trip();
	test_names();
	test_guard();
	test_cut_at_every_byte();
	test_damage();
	test_newer_format();
	test_borders();
	test_write_error();
	test_disk_full();
	test_two_loops();
	loop_release(&loop);
	arena_release(&arena);
	return check_report("journal");
}
