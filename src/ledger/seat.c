/* Seats and their locks.
 *
 * The lock is flock(2)'s: it goes with its process, however that ends. The byte tells whether what
 * is there was seen to. A journal whose process has died gets one more segment, empty, for each
 * loop: that is how a reader knows that what is open there has ended (docs/ledger.md, "Reading
 * and recovery").
 *
 * Called by serve (take, leave), by the carrier at its start and then every few seconds (recover),
 * by verbs (is_taken). Must never touch the journal of a seat that it could not lock. */
#include "ledger/seat.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "store/datadir.h"
#include "store/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

struct str seat_dir(struct str data_dir, int index, struct arena *arena)
{
	if (index == 0)
		return arena_copy(arena, data_dir);
	return arena_printf(arena, "%.*s/seat-%d", STR_ARG(data_dir), index);
}

static int open_lock(struct str dir, struct arena *arena, int flags)
{
	struct str path = arena_printf(arena, "%.*s/journal/seat", STR_ARG(dir));

	return open(path.ptr, flags | O_RDWR | O_CLOEXEC, 0600);
}

/* The lock of a seat that is there already. -1: it is not, or somebody has it. */
static int lock_seat(struct str dir, struct arena *arena, int flags)
{
	int fd = open_lock(dir, arena, flags);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int make_seat(struct str dir, struct fail *f)
{
	uint8_t node[RECORD_NODE_BYTES];

	return datadir_make(dir, f) < 0 || segment_dir_make(dir, node, f) < 0 ? -1 : 0;
}

int seat_take(struct str data_dir, struct seat *out, struct fail *f)
{
	*out = (struct seat){.fd = -1};
	for (int i = 0; i < SEATS && out->fd < 0; i++) {
		*out = (struct seat){seat_dir(data_dir, i, f->arena), i, -1};
		if (make_seat(out->dir, f) < 0)
			return -1;
		out->fd = lock_seat(out->dir, f->arena, O_CREAT);
	}
	if (out->fd < 0)
		return fail(f, FAIL_STORE, "%d processes are at work in %.*s already", SEATS,
		            STR_ARG(data_dir));
	if (pwrite(out->fd, "1", 1, 0) == 1)
		return 0;
	return fail(f, FAIL_STORE, "cannot write to %.*s/journal: %s", STR_ARG(out->dir),
	            strerror(errno));
}

void seat_leave(struct seat *seat, bool ended_well)
{
	if (seat->fd < 0)
		return;
	if (ended_well && ftruncate(seat->fd, 0) < 0)
		log_say(LOG_WARN, "%.*s: its lock cannot be emptied: %s; the next process will",
		        STR_ARG(seat->dir), strerror(errno));
	close(seat->fd);
	seat->fd = -1;
}

bool seat_is_taken(struct str dir)
{
	struct arena arena;
	bool taken = false;
	int fd;

	arena_init(&arena);
	fd = open_lock(dir, &arena, 0);
	if (fd >= 0) {
		taken = flock(fd, LOCK_SH | LOCK_NB) < 0;
		close(fd);
	}
	arena_release(&arena);
	return taken;
}

bool seat_any_taken(struct str data_dir)
{
	struct arena arena;
	bool taken = false;

	arena_init(&arena);
	for (int i = 0; i < SEATS && !taken; i++)
		taken = seat_is_taken(seat_dir(data_dir, i, &arena));
	arena_release(&arena);
	return taken;
}

/* An empty segment of another run, behind the last one of each loop. */
static int end_runs(struct str dir, const uint8_t *node, struct fail *f)
{
	struct segment_id *ids;
	int count, fd;

	if (segment_list(dir, f->arena, &ids, &count, f) < 0)
		return -1;
	for (int i = 0; i < count; i++) {
		struct record_segment next = {.format = RECORD_FORMAT,
		                              .loop = (uint32_t)ids[i].loop,
		                              .number = ids[i].number + 1,
		                              .made_ms = clock_wall_ms()};

		if (i + 1 < count && ids[i + 1].loop == ids[i].loop)
			continue;
		memcpy(next.node, node, sizeof next.node);
		random_bytes(&next.run, sizeof next.run);
		if (segment_create(dir, &next, &fd, f) < 0)
			return -1;
		if (ftruncate(fd, RECORD_BYTES) < 0 || fsync(fd) < 0)
			next.number = 0; /* its room stays taken; no harm */
		close(fd);
	}
	return 0;
}

static int recover_one(struct store *store, struct str dir, struct carry_recovery *out,
                       struct fail *f)
{
	struct carry_recovery found;
	uint8_t node[RECORD_NODE_BYTES];

	if (carry_recover(store, dir, &found, f) < 0 || segment_dir_read(dir, node, f) < 0 ||
	    store_lease_release(store, node, f) < 0)
		return -1;
	if (found.lost && end_runs(dir, node, f) < 0)
		return -1;
	out->entries += found.entries;
	out->lost += found.lost;
	out->damaged += found.damaged;
	out->torn += found.torn;
	return 0;
}

int seat_recover(struct store *store, struct str data_dir, bool all, struct carry_recovery *out,
                 struct fail *f)
{
	struct stat state;
	int result = 0;

	for (int i = 0; i < SEATS && result == 0; i++) {
		struct str dir = seat_dir(data_dir, i, f->arena);
		struct seat seat = {dir, i, lock_seat(dir, f->arena, 0)};

		if (seat.fd >= 0 && fstat(seat.fd, &state) == 0 && (all || state.st_size > 0))
			result = recover_one(store, dir, out, f);
		seat_leave(&seat, result == 0);
	}
	return result;
}
