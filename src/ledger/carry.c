/* From journal to store.
 *
 *	segment files ─replay─> batch ─transaction─> entries, day sums, checkpoint
 *
 * Invariants: the batch holds exactly the entries between the checkpoint and `next`; a batch that
 * could not be put stays and is put before anything else is read. A segment is deleted only in
 * order, when the store's log is on the disk, none of its opens waits, and a later segment exists
 * (so numbers only grow).
 *
 * Must never change a segment. Called by carrier, on its thread, and by carry_recover before
 * there are any. */
#include "ledger/carry.h"

#include "store/purge.h"

/* Mostly the name that the entry before had. */
static struct str keep_text(struct carry *c, struct str text, struct str before)
{
	return str_eq(text, before) ? before : arena_copy(&c->texts, text);
}

static void on_entry(void *arg, const struct entry *e, uint64_t sequence)
{
	struct carry *c = arg;
	struct str model = {0}, provider = {0}, tags = {0};
	struct entry *kept;

	if (sequence <= c->carried && e->end != ENTRY_LOST && e->closed_ms < c->purged_ms)
		return;
	if (c->batch_count > 0) {
		model = c->batch[c->batch_count - 1].model;
		provider = c->batch[c->batch_count - 1].provider;
		tags = c->batch[c->batch_count - 1].tags;
	}
	if (c->batch_count == c->batch_room) {
		c->batch_room = c->batch_room * 2 + REPLAY_READ_SLOTS;
		c->batch = mem_resize(c->batch, (size_t)c->batch_room * sizeof *c->batch);
	}
	kept = &c->batch[c->batch_count++];
	*kept = *e;
	kept->model = keep_text(c, e->model, model);
	kept->provider = keep_text(c, e->provider, provider);
	kept->tags = keep_text(c, e->tags, tags);
}

void carry_init(struct carry *c, struct store *store, const struct carry_place *place)
{
	*c = (struct carry){.store = store, .data_dir = place->data_dir, .fd = -1};
	memcpy(c->mark.node, place->node, sizeof c->mark.node);
	c->mark.loop = place->loop;
	c->next = record_sequence(place->first_segment, 0);
	c->oldest = place->first_segment;
	replay_init(&c->replay, on_entry, c);
	arena_init(&c->texts);
}

void carry_release(struct carry *c)
{
	if (c->fd >= 0)
		close(c->fd);
	replay_release(&c->replay);
	mem_put(c->batch);
	arena_release(&c->texts);
}

/* The store is asked only when there is something to tell: opens alone do not move the checkpoint.
 */
static int put_batch(struct carry *c, struct fail *f)
{
	struct store_mark mark = c->mark;

	if (c->batch_count == 0)
		return 0;
	mark.sequence = c->next - 1;
	/* A journal that another node left here spends from that node's leases. */
	if (c->replay.segment.format != 0)
		memcpy(mark.node, c->replay.segment.node, sizeof mark.node);
	if (store_put_entries(c->store, c->batch, c->batch_count, &mark, f) < 0)
		return -1;
	c->batch_count = 0;
	arena_reset(&c->texts);
	return 0;
}

static int open_segment(struct carry *c, struct fail *f)
{
	struct segment_id id = {c->mark.loop, record_segment_of(c->next)};

	if (c->fd >= 0 && c->fd_segment == id.number)
		return 0;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->fd_segment = id.number;
	return segment_open(c->data_dir, id, &c->fd, f);
}

bool carry_is_done(const struct carry *c, uint64_t to)
{
	return c->next >= to && c->batch_count == 0;
}

int carry_some(struct carry *c, uint64_t to, struct fail *f)
{
	uint64_t enough = c->next + CARRY_SLOTS;

	if (put_batch(c, f) < 0)
		return -1;
	while (c->next < to && c->next < enough)
		if (open_segment(c, f) < 0 ||
		    replay_read(&c->replay, c->fd, c->next, to, &c->next, f) < 0)
			return -1;
	return put_batch(c, f);
}

int carry_end_run(struct carry *c, struct fail *f)
{
	replay_end_run(&c->replay);
	return put_batch(c, f);
}

int carry_delete_done(struct carry *c, struct fail *f)
{
	uint64_t open = record_segment_of(replay_oldest_open(&c->replay));
	uint64_t here = record_segment_of(c->next);
	uint64_t end = open < here ? open : here;

	if (c->oldest >= end || c->batch_count > 0)
		return 0;
	if (store_sync(c->store, f) < 0)
		return -1;
	for (; c->oldest < end; c->oldest++)
		segment_delete(c->data_dir, (struct segment_id){c->mark.loop, c->oldest});
	return 0;
}

/* All segments of one loop: ids[0..count). */
static int recover_loop(struct carry *c, const struct segment_id *ids, int count, struct fail *f)
{
	for (int i = 0; i < count; i++) {
		uint64_t end = record_sequence(ids[i].number + 1, 0);

		c->next = record_sequence(ids[i].number, 0);
		while (!carry_is_done(c, end))
			if (carry_some(c, end, f) < 0)
				return -1;
	}
	return carry_end_run(c, f);
}

static void add_up(struct carry_recovery *sum, const struct replay *r)
{
	sum->entries += r->closed;
	sum->lost += r->lost;
	sum->damaged += r->damaged;
	sum->torn += r->torn;
}

/* What was carried and purged since is left out (store/purge.h): it would come back, and raise the
 * sums of its day once more. */
static int read_purged(struct carry *c, struct fail *f)
{
	if (store_mark_of(c->store, c->mark.node, c->mark.loop, &c->carried, f) < 0)
		return -1;
	return store_purged_ms(c->store, &c->purged_ms, f);
}

/* The newest stays; the next run's first segment comes behind it. */
static int delete_old(struct store *store, struct str data_dir, const struct segment_id *ids,
                      int count, struct fail *f)
{
	struct fail ignored;

	fail_init(&ignored, f->arena);
	if (count <= 1 || store_sync(store, &ignored) < 0)
		return 0; /* next time */
	for (int i = 0; i < count - 1; i++)
		segment_delete(data_dir, ids[i]);
	return 0;
}

static int loop_end(const struct segment_id *ids, int from, int count)
{
	int end = from;

	while (end < count && ids[end].loop == ids[from].loop)
		end++;
	return end;
}

int carry_recover(struct store *store, struct str data_dir, struct carry_recovery *out,
                  struct fail *f)
{
	struct carry_place place = {.data_dir = data_dir};
	struct segment_id *ids;
	struct carry c;
	int count, result = 0;

	*out = (struct carry_recovery){0};
	if (segment_dir_make(data_dir, place.node, f) < 0 ||
	    segment_list(data_dir, f->arena, &ids, &count, f) < 0)
		return -1;
	for (int from = 0, end; from < count && result == 0; from = end) {
		end = loop_end(ids, from, count);
		place.loop = ids[from].loop;
		place.first_segment = ids[from].number;
		carry_init(&c, store, &place);
		result = read_purged(&c, f);
		if (result == 0)
			result = recover_loop(&c, ids + from, end - from, f);
		add_up(out, &c.replay);
		carry_release(&c);
		if (result == 0)
			result = delete_old(store, data_dir, ids + from, end - from, f);
	}
	return result;
}
