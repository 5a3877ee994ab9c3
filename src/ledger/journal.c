/* The writer of one loop's journal.
 *
 *	               current segment                     spare segment
 *	| written ... | gathered in memory | free ....... | free ................ |
 *	              ^ gathered_from      ^ next                     room_end() ^
 *
 * Sequences run on through the segments, passing over slot 0, the header. `promised` slots of the
 * free ones belong to attempts that are open: PROMISE each, for the close record and the three
 * names that it may have to repeat in a new segment. An open is granted only if the rest is
 * enough for what it needs itself, so a close always has room, whatever the disk does. A spare is
 * made when the room gets short; by then the write of the current one has long been done, so two
 * files are enough.
 *
 * Invariants: written <= gathered_from <= next <= room_end; promised <= free slots; nothing is
 * written twice or moved.
 *
 * Called by request (put), loop (commit), main (open, close). Must never block but for the disk
 * call itself, and never lose a record: a failed write leaves all of it gathered.
 *
 * THREADS: the loop's own; the tail is shared, by atomics. */
#include "ledger/journal.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/random.h"
#include "base/timer.h"
#include "ledger/segment.h"

#include <errno.h>
#include <fcntl.h>

enum { RECENT_NAMES = 4 };
enum { PROMISE = 4, BORDER_SLACK = 6, OPEN_NEEDS = 4 + PROMISE + BORDER_SLACK, RETRY_MS = 50 };
static const size_t gathered_max = (size_t)1 << 30;

struct journal_file {
	int fd; /* -1: none */
	uint64_t number;
};

struct journal {
	struct loop *loop;
	struct timer retry;
	struct arena arena; /* as long as the journal */
	struct str data_dir;
	struct record_segment header; /* of the next segment to make */

	struct journal_file current, spare;
	struct buf gathered;
	uint64_t gathered_from, next;
	int64_t promised;
	bool write_fails, syncs_each;

	uint64_t names_of; /* segment whose names these are */
	struct recent {
		char text[RECORD_NAME_MAX];
		size_t len;
		uint32_t slot;  /* 0: none */
	} recent[RECENT_NAMES]; /* some of these that were asked for lately */
	int oldest;
	struct map names; /* text -> slot */
	struct arena names_arena;

	struct journal_tail *tail;
};

static uint64_t first_slot(uint64_t segment)
{
	return record_sequence(segment, 1);
}

static int make_file(struct journal *j, struct journal_file *out, struct fail *f)
{
	j->header.made_ms = clock_wall_ms();
	if (segment_create(j->data_dir, &j->header, &out->fd, f) < 0)
		return -1;
	out->number = j->header.number++;
	return 0;
}

/* Slots from `next` to the end of what is prepared, headers left out. */
static int64_t free_slots(const struct journal *j)
{
	uint64_t last = j->spare.fd >= 0 ? j->spare.number : j->current.number;
	uint64_t here = record_segment_of(j->next);

	if (here > last)
		return 0;
	return (int64_t)(RECORD_SLOTS - record_slot_of(j->next)) +
	       (int64_t)(last - here) * (RECORD_SLOTS - 1);
}

/* The spare becomes the current one; its write position is its first slot. */
static void turn_over(struct journal *j)
{
	close(j->current.fd);
	j->current = j->spare;
	j->spare.fd = -1;
}

static int find_room(struct journal *j, struct fail *f)
{
	if (free_slots(j) - j->promised >= OPEN_NEEDS)
		return 0;
	if (j->spare.fd >= 0 && record_segment_of(j->gathered_from) == j->spare.number)
		turn_over(j);
	if (j->spare.fd < 0 && make_file(j, &j->spare, f) < 0)
		return -1;
	if (free_slots(j) - j->promised >= OPEN_NEEDS)
		return 0;
	return fail(f, FAIL_JOURNAL_UNAVAILABLE,
	            "the journal has no room for another request: "
	            "too many are under way");
}

/* Room in memory for the record whose sequence is `next`, which moves on. */
static uint8_t *take_slot(struct journal *j)
{
	char *room = buf_room(&j->gathered, RECORD_BYTES);

	must(room != NULL && free_slots(j) > 0);
	buf_grew(&j->gathered, RECORD_BYTES);
	j->next = record_after(j->next);
	return (uint8_t *)room;
}

static void forget_names(struct journal *j, uint64_t segment)
{
	map_release(&j->names);
	arena_reset(&j->names_arena);
	map_init(&j->names, &j->names_arena);
	j->names_of = segment;
	memset(j->recent, 0, sizeof j->recent);
}

/* A provider and a few of its models are what most records name. */
static uint32_t recent_slot(const struct journal *j, struct str name)
{
	for (int i = 0; i < RECENT_NAMES; i++) {
		const struct recent *r = &j->recent[i];

		if (r->slot && str_eq((struct str){r->text, r->len}, name))
			return r->slot;
	}
	return 0;
}

static void note_recent(struct journal *j, struct str name, uint32_t slot)
{
	struct recent *r = &j->recent[j->oldest];

	memcpy(r->text, name.ptr, name.len);
	r->len = name.len;
	r->slot = slot;
	j->oldest = (j->oldest + 1) % RECENT_NAMES;
}

/* The slot of that name in the segment where the next records go; its record is gathered if there
 * is none yet. */
static uint32_t name_slot(struct journal *j, struct str name)
{
	uint64_t sequence = j->next;
	uintptr_t slot;

	name = str_part(name, 0, RECORD_NAME_MAX);
	if (str_is_empty(name))
		return 0;
	slot = recent_slot(j, name);
	if (slot)
		return (uint32_t)slot;
	slot = (uintptr_t)map_get(&j->names, name);
	if (slot) {
		note_recent(j, name, (uint32_t)slot);
		return (uint32_t)slot;
	}
	record_write_name(take_slot(j), sequence, name);
	map_put(&j->names, name, (void *)(uintptr_t)record_slot_of(sequence));
	return record_slot_of(sequence);
}

/* A record and its names stand in one segment. Where a border falls between them the names are
 * put again behind it, since slots have no gaps; that costs three slots at most, once in the room
 * that is prepared: BORDER_SLACK. */
static uint64_t put_entry(struct journal *j, enum record_kind kind, uint64_t open_sequence,
                          const struct entry *e)
{
	struct record_entry record = {.entry = *e, .open_sequence = open_sequence};
	uint64_t sequence;

	do {
		if (j->names_of != record_segment_of(j->next))
			forget_names(j, record_segment_of(j->next));
		record.model_slot = name_slot(j, e->model);
		if (j->names_of == record_segment_of(j->next))
			record.provider_slot = name_slot(j, e->provider);
		if (j->names_of == record_segment_of(j->next))
			record.tags_slot = name_slot(j, e->tags);
	} while (j->names_of != record_segment_of(j->next));
	sequence = j->next;
	if (kind == RECORD_OPEN)
		record.open_sequence = sequence;
	record_write_entry(take_slot(j), kind, sequence, &record);
	return sequence;
}

static int refuse_if_failing(struct journal *j, struct fail *f)
{
	if (j->write_fails)
		return fail(f, FAIL_JOURNAL_UNAVAILABLE, "the journal cannot be written");
	if (atomic_load_explicit(&j->tail->sync_fails, memory_order_relaxed))
		return fail(f, FAIL_JOURNAL_UNAVAILABLE, "the journal cannot be synced to disk");
	return 0;
}

int journal_put_open(struct journal *j, const struct entry *e, struct journal_slot *out,
                     struct fail *f)
{
	if (refuse_if_failing(j, f) < 0 || find_room(j, f) < 0)
		return -1;
	out->sequence = put_entry(j, RECORD_OPEN, 0, e);
	j->promised += PROMISE;
	return 0;
}

void journal_put_close(struct journal *j, struct journal_slot *slot, const struct entry *e)
{
	must(slot->sequence != 0 && j->promised >= PROMISE);
	j->promised -= PROMISE;
	put_entry(j, RECORD_CLOSE, slot->sequence, e);
	slot->sequence = 0;
}

/* As much as lies in the current segment, in one write. */
static int write_part(struct journal *j)
{
	unsigned slot = record_slot_of(j->gathered_from);
	size_t most = (size_t)(RECORD_SLOTS - slot) * RECORD_BYTES;
	size_t bytes = j->gathered.len < most ? j->gathered.len : most;
	ssize_t wrote = pwrite(j->current.fd, j->gathered.ptr, bytes, (off_t)slot * RECORD_BYTES);

	if (wrote < RECORD_BYTES)
		return -1;
	if (j->syncs_each && fdatasync(j->current.fd) < 0)
		return -1; /* written again, and then synced */
	bytes = (size_t)wrote / RECORD_BYTES * RECORD_BYTES;
	buf_drop(&j->gathered, bytes);
	j->gathered_from += bytes / RECORD_BYTES;
	if (record_slot_of(j->gathered_from) == 0)
		j->gathered_from++;
	return 0;
}

static int write_all(struct journal *j)
{
	while (j->gathered.len > 0) {
		if (record_segment_of(j->gathered_from) != j->current.number)
			turn_over(j);
		must(record_segment_of(j->gathered_from) == j->current.number);
		if (write_part(j) < 0)
			return -1;
	}
	return 0;
}

/* Behind the last record; not beyond the header of a segment that may not be there yet. */
static uint64_t written_to(const struct journal *j)
{
	bool at_border = record_slot_of(j->gathered_from) == 1 &&
	                 record_segment_of(j->gathered_from) != j->current.number;

	return at_border ? j->gathered_from - 1 : j->gathered_from;
}

static void tell_written(struct journal *j)
{
	void (*on_written)(void *) =
	    atomic_load_explicit(&j->tail->on_written, memory_order_acquire);

	atomic_store_explicit(&j->tail->written, written_to(j), memory_order_release);
	if (on_written)
		on_written(j->tail->on_written_arg);
}

void journal_sync_each(struct journal *j)
{
	j->syncs_each = true;
}

static void on_retry(struct timer *t)
{
	journal_commit(LIST_OBJECT(t, struct journal, retry));
}

int journal_commit(void *journal)
{
	struct journal *j = journal;

	if (j->gathered.len == 0)
		return 0;
	j->write_fails = write_all(j) < 0;
	tell_written(j);
	if (!j->write_fails)
		return 0;
	timer_set(&j->retry, j->loop, RETRY_MS, on_retry);
	return -1;
}

static int number_after_last(struct journal *j, int index, struct fail *f)
{
	struct segment_id *ids;
	int count;

	if (segment_list(j->data_dir, f->arena, &ids, &count, f) < 0)
		return -1;
	j->header.number = 1;
	for (int i = 0; i < count; i++)
		if (ids[i].loop == index)
			j->header.number = ids[i].number + 1;
	return 0;
}

static struct journal_tail *tail_new(int loop, uint64_t first)
{
	struct journal_tail *tail = mem_get(sizeof *tail);

	atomic_store(&tail->holders, 1);
	tail->loop = loop;
	tail->first = first;
	atomic_store(&tail->written, first + 1);
	return tail;
}

static struct journal *journal_new(struct loop *loop, struct str data_dir, int index)
{
	struct journal *j = mem_get(sizeof *j);

	must(index >= 0 && index < SEGMENT_LOOPS_MAX);
	j->loop = loop;
	j->current.fd = j->spare.fd = -1;
	arena_init(&j->arena);
	arena_init(&j->names_arena);
	map_init(&j->names, &j->names_arena);
	buf_init(&j->gathered, gathered_max);
	j->data_dir = arena_copy(&j->arena, data_dir);
	j->header = (struct record_segment){.format = RECORD_FORMAT, .loop = (uint32_t)index};
	random_bytes(&j->header.run, sizeof j->header.run);
	return j;
}

static void journal_free(struct journal **journal)
{
	struct journal *j = *journal;

	if (j->current.fd >= 0)
		close(j->current.fd);
	if (j->spare.fd >= 0)
		close(j->spare.fd);
	map_release(&j->names);
	arena_release(&j->names_arena);
	buf_release(&j->gathered);
	journal_tail_put(&j->tail);
	arena_release(&j->arena);
	mem_put(j);
	*journal = NULL;
}

struct journal *journal_open(struct loop *loop, struct str data_dir, int index, struct fail *f)
{
	struct journal *j = journal_new(loop, data_dir, index);

	if (segment_dir_make(j->data_dir, j->header.node, f) < 0 ||
	    number_after_last(j, index, f) < 0 || make_file(j, &j->current, f) < 0) {
		journal_free(&j);
		return NULL;
	}
	j->next = j->gathered_from = first_slot(j->current.number);
	j->names_of = j->current.number;
	j->tail = tail_new(index, record_sequence(j->current.number, 0));
	return j;
}

/* Cuts the room that was not used; the newest segment stays, since its number must not come
 * again. */
static void trim(struct journal *j)
{
	if (j->spare.fd >= 0) {
		segment_delete(j->data_dir, (struct segment_id){j->tail->loop, j->spare.number});
		close(j->spare.fd);
		j->spare.fd = -1;
	}
	if (ftruncate(j->current.fd, (off_t)record_slot_of(j->gathered_from) * RECORD_BYTES) < 0)
		return; /* zeros at the end do no harm */
	fdatasync(j->current.fd);
}

void journal_close(struct journal **journal)
{
	struct journal *j = *journal;

	if (!j)
		return;
	timer_cancel(&j->retry);
	if (write_all(j) == 0 && record_segment_of(j->gathered_from) == j->current.number)
		trim(j);
	tell_written(j);
	journal_free(journal);
}

struct journal_tail *journal_tail_get(struct journal *j)
{
	atomic_fetch_add(&j->tail->holders, 1);
	return j->tail;
}

void journal_tail_put(struct journal_tail **tail)
{
	struct journal_tail *t = *tail;

	*tail = NULL;
	if (t && atomic_fetch_sub(&t->holders, 1) == 1)
		mem_put(t);
}
