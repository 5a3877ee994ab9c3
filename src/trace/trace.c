/* Decisions as records, in and out, little-endian; one row of a table for each field.
 *
 *	0     4 5      8      16           32                                      320
 *	| crc |k|flags | at   | request id | fields ... | messages | asked name      |
 *
 * Invariants: what was written is read back equal, but for what is cut as the header says; nothing
 * that fails its checksum, and no value outside its type's range, is given out. No text of the
 * request is in a trace, only the name of the model that it asked for. Called by trace/writer
 * (write), trace/series (read) and by the verbs replay and tune. Does no I/O. */
#include "trace/trace.h"

#include "base/encode.h"
#include "base/hash.h"
#include "route/scorer_file.h"

#include <endian.h>

enum { AT_KIND = 4, AT_FLAGS = 5, AT_ID = 16, AT_CONFIG = 48, CONFIG_BYTES = 6 };
enum { AT_MESSAGES = 164, MESSAGE_BYTES = 15, AT_NAME_LEN = 224, AT_NAME = 225 };

#define FLAGS(X)                                                                                   \
	X(0, is_scored)                                                                            \
	X(1, has_tier)                                                                             \
	X(2, is_stream)                                                                            \
	X(3, is_managed)                                                                           \
	X(4, has_sample)                                                                           \
	X(5, has_bounds)                                                                           \
	X(6, gist.has_results)                                                                     \
	X(7, gist.front_is_cut)

/* X(offset, bytes, field, how many values it may have; 0: all) */
#define FIELDS(X)                                                                                  \
	X(8, 8, at_ms, 0)                                                                          \
	X(32, 8, account_id, 0)                                                                    \
	X(40, 8, key_id, 0)                                                                        \
	X(54, 2, needs, 0)                                                                         \
	X(56, 8, scorer, 0)                                                                        \
	X(64, 8, words, 0)                                                                         \
	X(72, 8, conversation, 0)                                                                  \
	X(80, 8, counted_tokens, 0)                                                                \
	X(88, 8, context_tokens, 0)                                                                \
	X(96, 8, expected_output, 0)                                                               \
	X(104, 8, max_output, 0)                                                                   \
	X(112, 8, gist.thinking_tokens, 0)                                                         \
	X(120, 4, tool_bytes, 0)                                                                   \
	X(124, 4, schema_bytes, 0)                                                                 \
	X(128, 4, text_bytes, 0)                                                                   \
	X(132, 2, turns, 0)                                                                        \
	X(134, 2, tools, 0)                                                                        \
	X(136, 2, images, 0)                                                                       \
	X(138, 2, files, 0)                                                                        \
	X(140, 2, score, 0)                                                                        \
	X(142, 2, gist.users, 0)                                                                   \
	X(144, 1, gist.corrections, 0)                                                             \
	X(145, 1, gist.failures, 0)                                                                \
	X(146, 1, gist.effort, SCORE_EFFORT_XHIGH + 1)                                             \
	X(147, 1, gist.front_count, SCORE_FRONT_MAX + 1)                                           \
	X(148, 1, gist.deciding, SCORE_FRONT_MAX)                                                  \
	X(149, 1, dialect, LLM_DIALECTS)                                                           \
	X(150, 1, matched, LLM_TIERS)                                                              \
	X(151, 1, tier, LLM_TIERS)                                                                 \
	X(152, 1, rule, SCORE_RULES)                                                               \
	X(153, 1, floor, LLM_TIERS)                                                                \
	X(154, 1, ceiling, LLM_TIERS)                                                              \
	X(155, 1, should_be, LLM_TIERS)

_Static_assert(AT_MESSAGES + SCORE_FRONT_MAX * MESSAGE_BYTES <= AT_NAME_LEN, "messages fit");
_Static_assert(AT_NAME + TRACE_NAME_MAX <= TRACE_BYTES, "the name fits");

static const char magic[8] = "FLUXDCSN";

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

/* The most that so many bytes hold. */
static inline uint64_t most_of(size_t bytes)
{
	return bytes == 8 ? INT64_MAX : ((uint64_t)1 << (8 * bytes)) - 1;
}

static inline uint64_t capped(int64_t value, size_t bytes)
{
	return value < 0 ? 0 : (uint64_t)value > most_of(bytes) ? most_of(bytes) : (uint64_t)value;
}

static uint32_t checksum(const uint8_t *bytes)
{
	return hash_crc32c(0, (struct str){(const char *)bytes + 4, TRACE_BYTES - 4});
}

int64_t trace_id_ms(const uint8_t id[TRACE_ID_BYTES])
{
	uint64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id[i];
	return (int64_t)ms;
}

/* ---- bytes ---- */

static void write_message(uint8_t *at, const struct score_message *m)
{
	for (size_t t = 0; t < SCORE_TIERS; t++)
		put(at + 2 * t, 2, m->p[t]);
	put(at + 6, 1, m->is_later);
	put(at + 7, 8, m->facts);
}

static void read_message(const uint8_t *at, struct score_message *out)
{
	for (size_t t = 0; t < SCORE_TIERS; t++)
		out->p[t] = (uint16_t)get(at + 2 * t, 2);
	out->is_later = at[6] != 0;
	out->facts = get(at + 7, 8) & (((uint64_t)1 << STRUCTURE_FACTS) - 1);
}

void trace_write_header(uint8_t out[TRACE_BYTES])
{
	memset(out, 0, TRACE_BYTES);
	out[AT_KIND] = TRACE_HEADER;
	memcpy(out + AT_ID, magic, sizeof magic);
	put(out + 24, 4, TRACE_FORMAT);
	put(out + 28, 4, TRACE_BYTES);
	put(out, 4, checksum(out));
}

void trace_write(uint8_t out[TRACE_BYTES], const struct trace *t)
{
	struct str asked = str_part(t->asked, 0, TRACE_NAME_MAX);

	memset(out, 0, TRACE_BYTES);
	out[AT_KIND] = (uint8_t)t->kind;
	memcpy(out + AT_ID, t->request_id, TRACE_ID_BYTES);
	if (encode_read_hex(str_of(t->config), out + AT_CONFIG, CONFIG_BYTES) < 0)
		memset(out + AT_CONFIG, 0, CONFIG_BYTES);
#define X(bit, field) out[AT_FLAGS] |= (uint8_t)(t->field << bit);
	FLAGS(X)
#undef X
#define X(at, bytes, field, values)                                                                \
	put(out + at, bytes, bytes == 8 ? (uint64_t)t->field : capped((int64_t)t->field, bytes));
	FIELDS(X)
#undef X
	for (int i = 0; i < t->gist.front_count; i++)
		write_message(out + AT_MESSAGES + i * MESSAGE_BYTES, &t->gist.front[i]);
	out[AT_NAME_LEN] = (uint8_t)asked.len;
	if (asked.len)
		memcpy(out + AT_NAME, asked.ptr, asked.len);
	put(out, 4, checksum(out));
}

static void read_config(const uint8_t *bytes, char out[13])
{
	struct buf hex;

	buf_init(&hex, 2 * CONFIG_BYTES);
	encode_hex(&hex, (struct str){(const char *)bytes + AT_CONFIG, CONFIG_BYTES});
	memcpy(out, hex.ptr, 2 * CONFIG_BYTES);
	out[2 * CONFIG_BYTES] = '\0';
	buf_release(&hex);
}

static bool is_one_of(uint64_t value, uint64_t values)
{
	return values == 0 || value < values;
}

static bool is_within(const uint8_t *bytes)
{
	bool within = bytes[AT_NAME_LEN] <= TRACE_NAME_MAX;

#define X(at, size, field, values) within &= is_one_of(get(bytes + at, size), values);
	FIELDS(X)
#undef X
	return within;
}

static bool is_header(const uint8_t *bytes)
{
	return memcmp(bytes + AT_ID, magic, sizeof magic) == 0 &&
	       get(bytes + 24, 4) == TRACE_FORMAT && get(bytes + 28, 4) == TRACE_BYTES;
}

int trace_read(const uint8_t bytes[TRACE_BYTES], struct trace *out)
{
	unsigned kind = bytes[AT_KIND];

	if (get(bytes, 4) != checksum(bytes) || kind < TRACE_HEADER || kind > TRACE_FEEDBACK ||
	    (kind == TRACE_HEADER && !is_header(bytes)) || !is_within(bytes))
		return -1;
	*out = (struct trace){.kind = (enum trace_kind)kind};
	memcpy(out->request_id, bytes + AT_ID, TRACE_ID_BYTES);
	read_config(bytes, out->config);
#define X(bit, field) out->field = bytes[AT_FLAGS] >> bit & 1;
	FLAGS(X)
#undef X
#define X(at, size, field, values) out->field = (__typeof__(out->field))get(bytes + at, size);
	FIELDS(X)
#undef X
	for (int i = 0; i < out->gist.front_count; i++)
		read_message(bytes + AT_MESSAGES + i * MESSAGE_BYTES, &out->gist.front[i]);
	out->asked = (struct str){(const char *)bytes + AT_NAME, bytes[AT_NAME_LEN]};
	return 0;
}

/* ---- meaning ---- */

void trace_fill(struct trace *out, const struct llm_request *r, const struct route_wish *wish,
                const struct decision *d, const struct catalog *catalog)
{
	const struct scorer *scorer = catalog->policy.scorer;

	*out = (struct trace){
	    .kind = TRACE_DECISION,
	    .scorer = scorer->hash,
	    .words = scorer->words_hash,
	    .asked = d->asked,
	    .is_scored = d->is_scored,
	    .has_tier = d->has_tier,
	    .is_stream = r->stream,
	    .is_managed = wish->context_managed,
	    .dialect = r->dialect,
	    .matched = d->matched,
	    .tier = d->tier,
	    .rule = d->score->rule,
	    .score = d->score->score,
	    .gist = d->score->gist,
	    .has_bounds = wish->has_bounds,
	    .floor = wish->floor,
	    .ceiling = wish->ceiling,
	    .needs = r->needs,
	    .conversation = d->conversation,
	    .counted_tokens = d->counted_tokens,
	    .context_tokens = wish->context_tokens,
	    .expected_output = wish->expected_output,
	    .max_output = r->max_output,
	    .tool_bytes = r->tool_bytes,
	    .schema_bytes = r->schema_bytes,
	    .text_bytes = r->text_bytes,
	    .turns = r->turn_count,
	    .tools = r->tools,
	    .images = r->images,
	    .files = r->files,
	};
	memcpy(out->config, catalog->config->hash, sizeof out->config);
}

void trace_recall(const struct trace *t, struct trace_recall *out)
{
	out->request = (struct llm_request){
	    .dialect = t->dialect,
	    .model = t->asked,
	    .stream = t->is_stream,
	    .needs = t->needs,
	    .tools = t->tools,
	    .tool_bytes = t->tool_bytes,
	    .schema_bytes = t->schema_bytes,
	    .images = t->images,
	    .files = t->files,
	    .thinking_budget = t->gist.thinking_tokens,
	    .max_output = t->max_output,
	    .choices = 1,
	    .text_bytes = t->text_bytes,
	};
	out->recalled = (struct route_recalled){
	    .is_scored = t->is_scored,
	    .gist = &t->gist,
	    .score = t->score,
	    .counted_tokens = t->counted_tokens,
	    .conversation = t->conversation,
	};
	out->wish = (struct route_wish){
	    .context_tokens = t->context_tokens,
	    .expected_output = t->expected_output,
	    .context_managed = t->is_managed,
	    .has_bounds = t->has_bounds,
	    .floor = t->floor,
	    .ceiling = t->ceiling,
	    .recalled = &out->recalled,
	};
}
