/* The journal's records, in and out: the byte tables of docs/ledger.md as X-macros, one row a
 * field.
 *
 *	0     4 5 6     8          16                                    256
 *	| crc |k|0|marks| sequence | by kind ...                          |
 *
 * Invariants: a record that was written is read back equal; nothing that fails its checksum or
 * stands in a place not its own is taken for a record; every value that is given out lies in the
 * range of its type. Called by journal (write), replay and segment (read). Does no I/O. */
#include "ledger/record.h"

#include "base/hash.h"

#include <endian.h>

enum { AT_KIND = 4, AT_MARKS = 6, AT_SEQUENCE = 8, AT_REQUEST_ID = 16, AT_NAME = 18 };
enum {
	MARK_HAS_TIER = 1,
	MARK_STREAM = 2,
	MARK_REPORTED = 4,
	MARK_UNPRICED = 8,
	MARK_REGIONAL = 16,
};

static const char magic[8] = "FLUXJRNL";

/* X(offset, bytes, field of struct record_entry) */
#define FIELDS(X)                                                                                  \
	X(32, 8, open_sequence)                                                                    \
	X(40, 8, entry.account_id)                                                                 \
	X(48, 8, entry.key_id)                                                                     \
	X(56, 8, entry.opened_ms)                                                                  \
	X(64, 8, entry.closed_ms)                                                                  \
	X(72, 8, entry.held_nusd)                                                                  \
	X(80, 8, entry.cost_nusd)                                                                  \
	X(88, 8, entry.charge_nusd)                                                                \
	X(96, 8, entry.usage.input)                                                                \
	X(104, 8, entry.usage.cache_read)                                                          \
	X(112, 8, entry.usage.cache_write_5m)                                                      \
	X(120, 8, entry.usage.cache_write_1h)                                                      \
	X(128, 8, entry.usage.output)                                                              \
	X(136, 8, entry.usage.reasoning)                                                           \
	X(144, 8, entry.usage.audio_input)                                                         \
	X(152, 8, entry.usage.audio_output)                                                        \
	X(160, 8, entry.usage.image_input)                                                         \
	X(168, 8, entry.usage.calls)                                                               \
	X(176, 4, model_slot)                                                                      \
	X(180, 4, provider_slot)                                                                   \
	X(184, 4, entry.price_version)                                                             \
	X(188, 4, entry.duration_ms)                                                               \
	X(192, 4, entry.first_byte_ms)                                                             \
	X(196, 2, entry.attempt)                                                                   \
	X(198, 2, entry.status)                                                                    \
	X(200, 1, entry.dialect)                                                                   \
	X(201, 1, entry.tier)                                                                      \
	X(202, 1, entry.lane)                                                                      \
	X(203, 1, entry.end)                                                                       \
	X(204, 8, entry.team_id)                                                                   \
	X(212, 8, entry.user_id)                                                                   \
	X(220, 4, tags_slot)                                                                       \
	X(224, 8, entry.usage.image_output)                                                        \
	X(232, 8, entry.usage.searches)                                                            \
	X(240, 4, entry.charge_version)                                                            \
	X(244, 1, entry.usage.service)

/* Little-endian bytes are the low ones of the word: one move where the size is known. */
static inline void put(uint8_t *at, size_t bytes, uint64_t value)
{
	uint64_t word = htole64(value);

	memcpy(at, &word, bytes);
}

static inline uint64_t get(const uint8_t *at, size_t bytes)
{
	uint64_t word = 0;

	memcpy(&word, at, bytes);
	return le64toh(word);
}

static uint32_t checksum(const uint8_t *bytes)
{
	return hash_crc32c(0, (struct str){(const char *)bytes + 4, RECORD_BYTES - 4});
}

static void begin(uint8_t *out, enum record_kind kind, uint64_t sequence)
{
	memset(out, 0, RECORD_BYTES);
	out[AT_KIND] = (uint8_t)kind;
	put(out + AT_SEQUENCE, 8, sequence);
}

static void end(uint8_t *out)
{
	put(out, 4, checksum(out));
}

void record_write_segment(uint8_t *out, const struct record_segment *s)
{
	begin(out, RECORD_SEGMENT, record_sequence(s->number, 0));
	memcpy(out + 16, magic, sizeof magic);
	put(out + 24, 4, s->format);
	put(out + 28, 4, RECORD_BYTES);
	put(out + 32, 4, RECORD_SLOTS);
	put(out + 36, 4, s->loop);
	put(out + 40, 8, s->number);
	memcpy(out + 48, s->node, RECORD_NODE_BYTES);
	put(out + 64, 8, (uint64_t)s->made_ms);
	put(out + 72, 8, s->run);
	end(out);
}

void record_write_name(uint8_t *out, uint64_t sequence, struct str name)
{
	must(name.len >= 1 && name.len <= RECORD_NAME_MAX);
	begin(out, RECORD_NAME, sequence);
	put(out + 16, 2, name.len);
	memcpy(out + AT_NAME, name.ptr, name.len);
	end(out);
}

void record_write_entry(uint8_t *out, enum record_kind kind, uint64_t sequence,
                        const struct record_entry *r)
{
	const struct entry *e = &r->entry;

	must(kind == RECORD_OPEN || kind == RECORD_CLOSE);
	begin(out, kind, sequence);
	put(out + AT_MARKS, 2,
	    (uint64_t)(e->has_tier ? MARK_HAS_TIER : 0) | (e->stream ? MARK_STREAM : 0) |
	        (e->usage.reported ? MARK_REPORTED : 0) | (e->is_unpriced ? MARK_UNPRICED : 0) |
	        (e->usage.is_regional ? MARK_REGIONAL : 0));
	memcpy(out + AT_REQUEST_ID, e->request_id, sizeof e->request_id);
#define X(offset, bytes, field) put(out + (offset), bytes, (uint64_t)r->field);
	FIELDS(X)
#undef X
	end(out);
}

static bool is_zero(const uint8_t *bytes)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, RECORD_BYTES - 1) == 0;
}

enum record_state record_check(const uint8_t *bytes, uint64_t sequence)
{
	if (bytes[AT_KIND] != 0 && get(bytes + AT_SEQUENCE, 8) == sequence &&
	    get(bytes, 4) == checksum(bytes))
		return RECORD_GOOD;
	return is_zero(bytes) ? RECORD_EMPTY : RECORD_DAMAGED;
}

unsigned record_kind_of(const uint8_t *bytes)
{
	return bytes[AT_KIND];
}

int record_read_segment(const uint8_t *bytes, struct record_segment *out)
{
	if (bytes[AT_KIND] != RECORD_SEGMENT || memcmp(bytes + 16, magic, sizeof magic) != 0)
		return -1;
	out->format = (uint32_t)get(bytes + 24, 4);
	if (out->format == RECORD_FORMAT &&
	    (get(bytes + 28, 4) != RECORD_BYTES || get(bytes + 32, 4) != RECORD_SLOTS))
		return -1;
	out->loop = (uint32_t)get(bytes + 36, 4);
	out->number = get(bytes + 40, 8);
	memcpy(out->node, bytes + 48, RECORD_NODE_BYTES);
	out->made_ms = (int64_t)get(bytes + 64, 8);
	out->run = get(bytes + 72, 8);
	return 0;
}

int record_read_name(const uint8_t *bytes, struct str *out)
{
	size_t len = get(bytes + 16, 2);

	if (bytes[AT_KIND] != RECORD_NAME || len < 1 || len > RECORD_NAME_MAX)
		return -1;
	*out = (struct str){(const char *)bytes + AT_NAME, len};
	return 0;
}

int record_read_entry(const uint8_t *bytes, struct record_entry *out)
{
	struct record_entry r = {0};
	uint64_t marks = get(bytes + AT_MARKS, 2);

	if (bytes[AT_KIND] != RECORD_OPEN && bytes[AT_KIND] != RECORD_CLOSE)
		return -1;
	if (bytes[200] >= LLM_DIALECTS || bytes[201] >= LLM_TIERS ||
	    bytes[203] >= ENTRY_END_COUNT || bytes[244] >= LLM_SERVICE_COUNT)
		return -1;
#define X(offset, bytes_, field) r.field = get(bytes + (offset), bytes_);
	FIELDS(X)
#undef X
	memcpy(r.entry.request_id, bytes + AT_REQUEST_ID, sizeof r.entry.request_id);
	r.entry.has_tier = marks & MARK_HAS_TIER;
	r.entry.stream = marks & MARK_STREAM;
	r.entry.usage.reported = marks & MARK_REPORTED;
	r.entry.is_unpriced = marks & MARK_UNPRICED;
	r.entry.usage.is_regional = marks & MARK_REGIONAL;
	*out = r;
	return 0;
}
