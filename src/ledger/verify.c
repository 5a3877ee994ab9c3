/* Comparing journals with the store.
 *
 *	checkpoint of a loop, read first          up to it the store must have each entry, equal
 *	its segments, replayed                    above: on its way
 *	the store's sums and entries, at once     equal
 *
 * Beside a running daemon segments may vanish (they are done with) and a read may meet half a
 * write, so what looks damaged then is looked at again. Must never write or lock. Called by the
 * verbs ledger and usage. */
#include "ledger/verify.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"
#include "ledger/replay.h"
#include "ledger/seat.h"
#include "store/purge.h"

enum { LOOKS = 4, BETWEEN_LOOKS_MS = 100, POLL_MS = 5 };

/* One look at everything. */
struct look {
	struct store *store;
	struct str data_dir;
	uint8_t node[RECORD_NODE_BYTES];
	void (*on_wrong)(void *, struct str);
	void *arg;
	struct fail *fail;

	int64_t purged_ms; /* entries before that are gone, but for lost ones */
	int loop;
	uint64_t carried;     /* its checkpoint */
	uint64_t last_closed; /* highest sequence of a close */
	int64_t late;         /* entries still on their way when the wait was over */
	int result;           /* of what callbacks did */
	struct verify_report report;
};

static void say_wrong(struct look *l, struct str sentence)
{
	l->report.wrong++;
	if (l->on_wrong)
		l->on_wrong(l->arg, sentence);
}

static struct str name_of(const struct entry *e, struct arena *arena)
{
	char id[UUID_TEXT_BYTES];

	uuid_text(e->request_id, id);
	return arena_printf(arena, "entry %.*s/%d", UUID_TEXT_BYTES, id, e->attempt);
}

static void compare(struct look *l, const struct entry *e)
{
	struct arena arena;
	struct entry kept;

	if (e->end != ENTRY_LOST && e->closed_ms < l->purged_ms)
		return;
	arena_init(&arena);
	if (store_entry(l->store, e->request_id, e->attempt, &arena, &kept, l->fail) < 0)
		l->result = -1;
	else if (kept.attempt == 0)
		say_wrong(l,
		          arena_printf(&arena,
		                       "%.*s: in the journal (%" PRId64 " nUSD), not in the store",
		                       STR_ARG(name_of(e, &arena)), e->cost_nusd));
	else if (!entry_is_same(e, &kept))
		say_wrong(l,
		          arena_printf(&arena,
		                       "%.*s: the journal has %" PRId64 " nUSD, the store %" PRId64
		                       ", or another field differs",
		                       STR_ARG(name_of(e, &arena)), e->cost_nusd, kept.cost_nusd));
	arena_release(&arena);
}

/* Lost entries come out when a later run begins, and that began after its recovery: they must be
 * there. */
static void on_entry(void *arg, const struct entry *e, uint64_t sequence)
{
	struct look *l = arg;

	l->report.entries++;
	if (e->end != ENTRY_LOST)
		l->last_closed = sequence;
	if (e->end != ENTRY_LOST && sequence > l->carried)
		l->report.pending++;
	else if (l->on_wrong)
		compare(l, e);
}

/* A segment that vanished was carried whole; what follows is no gap. */
static int read_segment(struct look *l, struct replay *r, struct segment_id id)
{
	uint64_t at = record_sequence(id.number, 0);
	struct fail gone;
	int fd, result = 0;

	fail_init(&gone, l->fail->arena);
	if (segment_open(l->data_dir, id, &fd, &gone) < 0) {
		r->expected = 0;
		if (access(segment_path(l->data_dir, id, gone.arena).ptr, F_OK) < 0)
			return 0;
		return fail(l->fail, gone.kind, "%.*s", STR_ARG(gone.message));
	}
	while (result == 0 && record_segment_of(at) == id.number)
		result = replay_read(r, fd, at, UINT64_MAX, &at, l->fail);
	close(fd);
	return result;
}

static void say_damage(struct look *l, const struct replay *r)
{
	struct arena arena;

	if (r->damaged == 0)
		return;
	arena_init(&arena);
	say_wrong(l, arena_printf(&arena, "journal of loop %d: %" PRId64 " damaged records",
	                          l->loop, r->damaged));
	arena_release(&arena);
}

static int read_loop(struct look *l, const struct segment_id *ids, int count)
{
	struct replay r;
	int result = 0;

	l->loop = ids[0].loop;
	l->last_closed = 0;
	if (store_mark_of(l->store, l->node, l->loop, &l->carried, l->fail) < 0)
		return -1;
	replay_init(&r, on_entry, l);
	for (int i = 0; i < count && result == 0; i++)
		result = read_segment(l, &r, ids[i]);
	say_damage(l, &r);
	l->report.open += replay_open_count(&r);
	l->report.torn += r.torn + r.bad_here;
	replay_release(&r);
	return result < 0 ? -1 : l->result;
}

static int loop_end(const struct segment_id *ids, int from, int count)
{
	int end = from;

	while (end < count && ids[end].loop == ids[from].loop)
		end++;
	return end;
}

/* Each loop's segments in turn; none where there is no journal yet. */
static int each_loop_here(struct look *l,
                          int (*visit)(struct look *, const struct segment_id *, int))
{
	struct segment_id *ids;
	int count, result = 0;

	if (segment_list(l->data_dir, l->fail->arena, &ids, &count, l->fail) < 0)
		return -1;
	if (count > 0 && segment_dir_read(l->data_dir, l->node, l->fail) < 0)
		return -1;
	for (int from = 0, end; from < count && result == 0; from = end) {
		end = loop_end(ids, from, count);
		result = visit(l, ids + from, end - from);
	}
	return result;
}

/* The same for all seats of the data directory. */
static int each_loop(struct look *l,
                     int (*visit)(struct look *, const struct segment_id *, int))
{
	struct str data_dir = l->data_dir;
	int result = 0;

	for (int i = 0; i < SEATS && result == 0; i++) {
		l->data_dir = seat_dir(data_dir, i, l->fail->arena);
		result = each_loop_here(l, visit);
	}
	l->data_dir = data_dir;
	return result;
}

static void keep_quiet(void *arg, struct str sentence)
{
	(void)arg;
	(void)sentence;
}

static int look_once(const struct look *how, void (*on_wrong)(void *, struct str),
                     struct verify_report *out)
{
	struct look l = *how;

	l.on_wrong = on_wrong;
	if (store_purged_ms(l.store, &l.purged_ms, l.fail) < 0 || each_loop(&l, read_loop) < 0)
		return -1;
	*out = l.report;
	return 0;
}

static void on_wrong_sum(void *arg, struct str sentence)
{
	say_wrong(arg, sentence);
}

int verify_ledger(struct store *store, struct str data_dir, void (*on_wrong)(void *, struct str),
                  void *arg, struct verify_report *out, struct fail *f)
{
	struct look l = {.store = store, .data_dir = data_dir, .arg = arg, .fail = f};
	struct look sums;

	for (int i = 1; i < LOOKS && seat_any_taken(data_dir); i++) {
		if (look_once(&l, keep_quiet, out) < 0)
			return -1;
		if (out->wrong == 0)
			break;
		usleep(BETWEEN_LOOKS_MS * 1000);
	}
	if (look_once(&l, on_wrong, out) < 0)
		return -1;
	sums = l;
	sums.on_wrong = on_wrong;
	if (store_verify_sums(store, on_wrong_sum, &sums, f) < 0)
		return -1;
	if (recount_entries(store, on_wrong_sum, &sums, &out->recount, f) < 0)
		return -1;
	out->wrong += sums.report.wrong;
	return 0;
}

/* Waits for one loop's checkpoint to reach the last close that its journal holds now. */
static int wait_loop(struct look *l, const struct segment_id *ids, int count)
{
	int64_t *end_ns = l->arg;

	l->report.pending = 0;
	if (read_loop(l, ids, count) < 0)
		return -1;
	while (l->carried < l->last_closed && clock_mono_ns() < *end_ns &&
	       seat_is_taken(l->data_dir)) {
		usleep(POLL_MS * 1000);
		if (store_mark_of(l->store, l->node, l->loop, &l->carried, l->fail) < 0)
			return -1;
	}
	if (l->carried < l->last_closed)
		l->late += l->report.pending;
	return 0;
}

int verify_wait_carried(struct store *store, struct str data_dir, int64_t wait_ms,
                        int64_t *out_pending, struct fail *f)
{
	int64_t end_ns = clock_mono_ns() + wait_ms * 1000000;
	struct look l = {.store = store, .data_dir = data_dir, .arg = &end_ns, .fail = f};

	if (each_loop(&l, wait_loop) < 0)
		return -1;
	*out_pending = l.late;
	return 0;
}
