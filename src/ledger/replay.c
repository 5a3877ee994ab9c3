/* The reader of journals: what the carrier does all day, recovery at start and `ledger verify` on
 * request are this one code.
 *
 *	segment header   another run than before? then what is open is lost. Names begin anew.
 *	name             remembered by its slot until the segment ends
 *	open             waits in open_by_sequence
 *	close            takes its open away; is an entry
 *	anything bad     damage if a good record of the run follows, else the torn tail
 *
 * Invariants: an open comes out at most once, as its close or as lost; a close always comes out,
 * with or without its open; memory is bounded by the attempts that were open at once and the
 * names of one segment. Records that are good by checksum but not by sense are treated as
 * damaged, so bytes from anywhere are safe. Must never write. */
#include "ledger/replay.h"

#include <errno.h>

enum { SPARES_MAX = 256 };

struct replay_open {
	struct list_node node;
	uint64_t sequence; /* the map's key is its bytes */
	struct entry entry;
	char model[RECORD_NAME_MAX], provider[RECORD_NAME_MAX], tags[RECORD_NAME_MAX];
};

struct replay_name {
	uint32_t slot;
	struct str text;
};

/* In order of slots, as they were written. */
struct replay_names {
	struct replay_name *rows;
	size_t count, room;
};

static void names_clear(struct replay *r)
{
	arena_reset(&r->names_arena);
	r->names = ARENA_NEW(&r->names_arena, struct replay_names);
}

static void names_add(struct replay *r, uint32_t slot, struct str text)
{
	struct replay_names *n = r->names;

	if (n->count == n->room) {
		size_t room = n->room * 2 + 16;
		struct replay_name *more = ARENA_ARRAY(&r->names_arena, struct replay_name, room);

		if (n->count)
			memcpy(more, n->rows, n->count * sizeof *more);
		n->rows = more;
		n->room = room;
	}
	n->rows[n->count++] = (struct replay_name){slot, arena_copy(&r->names_arena, text)};
}

/* Empty where there is none: the name's record was damaged. */
static struct str name_of(const struct replay *r, uint32_t slot)
{
	size_t low = 0, high = r->names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->names->rows[middle].slot < slot)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < r->names->count && r->names->rows[low].slot == slot)
		return r->names->rows[low].text;
	return (struct str){0};
}

void replay_init(struct replay *r, void (*on_entry)(void *, const struct entry *, uint64_t),
                 void *arg)
{
	*r = (struct replay){.on_entry = on_entry, .arg = arg};
	map_init(&r->open_by_sequence, NULL);
	list_init(&r->opens);
	list_init(&r->spares);
	arena_init(&r->names_arena);
	names_clear(r);
}

static void drop_open(struct replay *r, struct replay_open *o)
{
	struct str key = {(const char *)&o->sequence, sizeof o->sequence};

	map_remove(&r->open_by_sequence, key);
	list_remove(&o->node);
	if (r->spare_count == SPARES_MAX) {
		mem_put(o);
		return;
	}
	list_push(&r->spares, &o->node);
	r->spare_count++;
}

static struct replay_open *new_open(struct replay *r)
{
	struct list_node *node = list_pop(&r->spares);

	if (!node)
		return mem_get(sizeof(struct replay_open));
	r->spare_count--;
	return LIST_OBJECT(node, struct replay_open, node);
}

void replay_release(struct replay *r)
{
	struct list_node *node;

	while ((node = list_first(&r->opens)))
		drop_open(r, LIST_OBJECT(node, struct replay_open, node));
	while ((node = list_pop(&r->spares)))
		mem_put(LIST_OBJECT(node, struct replay_open, node));
	map_release(&r->open_by_sequence);
	arena_release(&r->names_arena);
}

static struct str keep_text(char *place, struct str text)
{
	if (text.len)
		memcpy(place, text.ptr, text.len);
	return (struct str){place, text.len};
}

static void take_open(struct replay *r, const struct record_entry *record, uint64_t sequence)
{
	struct replay_open *o = new_open(r);
	struct str key = {(const char *)&o->sequence, sizeof o->sequence};

	o->sequence = sequence;
	o->entry = record->entry;
	o->entry.model = keep_text(o->model, name_of(r, record->model_slot));
	o->entry.provider = keep_text(o->provider, name_of(r, record->provider_slot));
	o->entry.tags = keep_text(o->tags, name_of(r, record->tags_slot));
	must(map_put(&r->open_by_sequence, key, o) == NULL);
	list_push(&r->opens, &o->node);
	r->opened++;
}

static void take_close(struct replay *r, const struct record_entry *record, uint64_t sequence)
{
	struct str key = {(const char *)&record->open_sequence, sizeof record->open_sequence};
	struct replay_open *o = map_get(&r->open_by_sequence, key);
	struct entry e = record->entry;

	if (o)
		drop_open(r, o);
	e.model = name_of(r, record->model_slot);
	e.provider = name_of(r, record->provider_slot);
	e.tags = name_of(r, record->tags_slot);
	r->closed++;
	r->on_entry(r->arg, &e, sequence);
}

/* The rule of docs/ledger.md: charged as estimated at the open, dated at the open. */
static void give_lost(struct replay *r, struct replay_open *o)
{
	struct entry e = o->entry;

	e.end = ENTRY_LOST;
	e.closed_ms = e.opened_ms;
	e.usage.reported = false;
	r->lost++;
	r->on_entry(r->arg, &e, o->sequence);
	drop_open(r, o);
}

void replay_end_run(struct replay *r)
{
	struct list_node *node;

	while ((node = list_first(&r->opens)))
		give_lost(r, LIST_OBJECT(node, struct replay_open, node));
	r->torn += r->bad_here;
	r->bad_here = 0;
	r->expected = 0;
}

static int take_header(struct replay *r, const uint8_t *bytes)
{
	struct record_segment s;

	if (record_read_segment(bytes, &s) < 0)
		return -1;
	if (s.run != r->run)
		replay_end_run(r);
	r->run = s.run;
	r->segment = s;
	return 0;
}

/* Slots of the run are written without a gap; what is missing before a good record is damage. */
static void note_gap(struct replay *r, uint64_t sequence)
{
	uint64_t from = r->expected ? r->expected : sequence;
	uint64_t headers = record_segment_of(sequence) - record_segment_of(from);

	if (sequence > from)
		r->damaged += (int64_t)(sequence - from - headers);
	r->bad_here = 0;
	r->expected = record_after(sequence);
}

static int take_good(struct replay *r, const uint8_t *bytes, uint64_t sequence)
{
	struct record_entry record;
	struct str name;

	switch (record_kind_of(bytes)) {
	case RECORD_SEGMENT:
		return -1;
	case RECORD_NAME:
		if (record_read_name(bytes, &name) < 0)
			return -1;
		note_gap(r, sequence);
		names_add(r, record_slot_of(sequence), name);
		return 0;
	case RECORD_OPEN:
	case RECORD_CLOSE:
		if (record_read_entry(bytes, &record) < 0)
			return -1;
		note_gap(r, sequence);
		if (record_kind_of(bytes) == RECORD_OPEN)
			take_open(r, &record, sequence);
		else
			take_close(r, &record, sequence);
		return 0;
	default:
		note_gap(r, sequence); /* a kind of a later program */
		return 0;
	}
}

void replay_record(struct replay *r, const uint8_t *bytes, uint64_t sequence)
{
	enum record_state state = record_check(bytes, sequence);

	if (record_slot_of(sequence) == 0) {
		names_clear(r);
		if (state != RECORD_GOOD || take_header(r, bytes) < 0)
			r->damaged++;
		return;
	}
	if (state == RECORD_GOOD && take_good(r, bytes, sequence) < 0)
		state = RECORD_DAMAGED;
	if (state == RECORD_DAMAGED)
		r->bad_here++;
}

uint64_t replay_oldest_open(const struct replay *r)
{
	struct list_node *node = list_first(&r->opens);

	return node ? LIST_OBJECT(node, struct replay_open, node)->sequence : UINT64_MAX;
}

int64_t replay_open_count(const struct replay *r)
{
	return (int64_t)map_count(&r->open_by_sequence);
}

static int check_format(const uint8_t *bytes, uint64_t sequence, struct fail *f)
{
	struct record_segment s;

	if (record_slot_of(sequence) != 0 || record_check(bytes, sequence) != RECORD_GOOD ||
	    record_read_segment(bytes, &s) < 0 || s.format == RECORD_FORMAT)
		return 0;
	return fail(f, FAIL_JOURNAL_UNAVAILABLE,
	            "journal segment %" PRIu64 " has format %u; this program knows %d",
	            record_segment_of(sequence), s.format, RECORD_FORMAT);
}

static uint64_t read_limit(uint64_t from, uint64_t to)
{
	uint64_t end = record_sequence(record_segment_of(from) + 1, 0);

	if (to > end)
		to = end;
	return to - from > REPLAY_READ_SLOTS ? from + REPLAY_READ_SLOTS : to;
}

int replay_read(struct replay *r, int fd, uint64_t from, uint64_t to, uint64_t *out_next,
                struct fail *f)
{
	static _Thread_local uint8_t bytes[REPLAY_READ_SLOTS * RECORD_BYTES];
	uint64_t limit = read_limit(from, to);
	off_t offset = (off_t)record_slot_of(from) * RECORD_BYTES;
	ssize_t got = pread(fd, bytes, (size_t)(limit - from) * RECORD_BYTES, offset);

	must(to > from);
	if (got < 0)
		return fail(f, FAIL_JOURNAL_UNAVAILABLE,
		            "cannot read journal segment %" PRIu64 ": %s", record_segment_of(from),
		            strerror(errno));
	if (check_format(bytes, from, f) < 0)
		return -1;
	for (uint64_t i = 0; i < (uint64_t)got / RECORD_BYTES; i++)
		replay_record(r, bytes + i * RECORD_BYTES, from + i);
	if ((uint64_t)got / RECORD_BYTES < limit - from)
		limit = record_sequence(record_segment_of(from) + 1, 0);
	*out_next = limit;
	return 0;
}
