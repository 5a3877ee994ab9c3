/* The journal's records: 256 bytes each, in and out. docs/ledger.md draws them. Pure. */
#ifndef LEDGER_RECORD_H
#define LEDGER_RECORD_H

#include "store/entry.h"

enum {
	RECORD_BYTES = 256,
	RECORD_NAME_MAX = 63, /* longer names are cut */
	RECORD_SLOTS = 65536, /* in a segment; slot 0 is its header */
	RECORD_FORMAT = 1,    /* version of it all */
	RECORD_NODE_BYTES = 16,
};

enum record_kind { RECORD_SEGMENT = 1, RECORD_NAME, RECORD_OPEN, RECORD_CLOSE };
enum record_state { RECORD_EMPTY, RECORD_GOOD, RECORD_DAMAGED };

/* Where a record belongs: segment number and slot. */
static inline uint64_t record_sequence(uint64_t segment, unsigned slot)
{
	return segment * RECORD_SLOTS + slot;
}

static inline uint64_t record_segment_of(uint64_t sequence)
{
	return sequence / RECORD_SLOTS;
}

static inline unsigned record_slot_of(uint64_t sequence)
{
	return (unsigned)(sequence % RECORD_SLOTS);
}

/* The place behind a record's: slot 0 is passed over. */
static inline uint64_t record_after(uint64_t sequence)
{
	return record_slot_of(sequence + 1) ? sequence + 1 : sequence + 2;
}

struct record_segment {
	uint32_t format;
	uint32_t loop;
	uint64_t number;
	uint8_t node[RECORD_NODE_BYTES];
	int64_t made_ms;
	uint64_t run;
};

struct record_entry {
	struct entry entry; /* without its texts */
	uint64_t open_sequence;
	uint32_t model_slot; /* 0: no name */
	uint32_t provider_slot;
	uint32_t tags_slot;
};

void record_write_segment(uint8_t *out, const struct record_segment *);
void record_write_name(uint8_t *out, uint64_t sequence, struct str name); /* 1..63 bytes */
void record_write_entry(uint8_t *out, enum record_kind, uint64_t sequence,
                        const struct record_entry *);

/* What stands in that place: bytes of RECORD_BYTES. */
enum record_state record_check(const uint8_t *bytes, uint64_t sequence);
unsigned record_kind_of(const uint8_t *bytes); /* of a good one; may be a kind of later */

/* Of good records. -1: a figure is out of its range; the record is as good as damaged. */
int record_read_segment(const uint8_t *bytes, struct record_segment *out) MUST_USE;
int record_read_name(const uint8_t *bytes, struct str *out) MUST_USE; /* borrows */
int record_read_entry(const uint8_t *bytes, struct record_entry *out) MUST_USE;

#endif
