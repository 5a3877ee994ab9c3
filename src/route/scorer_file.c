/* Reads the scorer file into a struct and keeps the one in use.
 *
 * Invariants: a file is taken whole or not at all: size, checksum, layout, curves that never fall
 * and counters within range are checked before anything uses it. Reading does no I/O (only
 * scorer_use_file does, at start and reload). Called by main, config and score.c.
 *
 * THREADS: scorer_current may be called from every thread; scorer_use from any one at a time. */
#include "route/scorer_file.h"

#include "base/hash.h"

#include <endian.h>
#include <pthread.h>
#include <stdatomic.h>

#define HEADER_BYTES 24
#define CRC_AT 16
#define SCALARS 16
#define LEVELS_BYTES (FEATURE_COUNTERS * FEATURE_LEVELS * SCORE_TIERS * 2)
#define STRUCTURE_AT (HEADER_BYTES + SCALARS * 4 + LEVELS_BYTES)
#define STRUCTURE_BYTES (STRUCTURE_FACTS * SCORE_TIERS * 2)

/* The built-in file, as a read-only symbol. The assembler reads it: `make clean` after
 * tools/train. */
__asm__(".section .rodata\n"
        ".balign 64\n"
        ".global scorer_builtin_begin\n"
        ".global scorer_builtin_end\n"
        "scorer_builtin_begin:\n"
        ".incbin \"src/route/scorer.bin\"\n"
        "scorer_builtin_end:\n"
        ".byte 0\n"
        ".text\n");
extern const char scorer_builtin_begin[], scorer_builtin_end[];

static _Atomic(const struct scorer *) in_use;
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct cursor {
	const char *p;
	const char *end;
};

static uint16_t take_u16(struct cursor *c)
{
	uint16_t x;

	must(c->end - c->p >= (ptrdiff_t)sizeof(x));
	memcpy(&x, c->p, sizeof(x));
	c->p += sizeof(x);
	return le16toh(x);
}

static uint32_t take_u32(struct cursor *c)
{
	uint32_t low = take_u16(c);

	return low | (uint32_t)take_u16(c) << 16;
}

static int32_t take_i32(struct cursor *c)
{
	return (int32_t)take_u32(c);
}

static void take_i16s(struct cursor *c, int16_t *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = (int16_t)take_u16(c);
}

static uint32_t names_crc(uint32_t crc, const char *name)
{
	return hash_crc32c(crc, (struct str){name, strlen(name) + 1});
}

uint32_t scorer_layout(void)
{
	uint32_t crc = lexicon_layout();

	for (int c = 0; c < FEATURE_COUNTERS; c++)
		crc = names_crc(crc, feature_counter_name(c));
	for (int f = 0; f < STRUCTURE_FACTS; f++)
		crc = names_crc(crc, structure_fact_name(f));
	return crc;
}

/* Bytes between the header and the buckets, without the padding. */
static size_t fixed_bytes(void)
{
	return SCALARS * 4 + LEVELS_BYTES + STRUCTURE_BYTES +
	       SCORE_TIERS * (8 + (SCORER_STEPS + 2) * 2) + SCORER_SKETCH * SCORE_TIERS * 2;
}

static int check_header(struct str bytes, struct fail *f)
{
	struct cursor c = {bytes.ptr + 8, bytes.ptr + bytes.len};
	uint32_t version, size, crc, layout;

	if (bytes.len < HEADER_BYTES + fixed_bytes() + sizeof(int8_t[FEATURE_BUCKETS][4]) ||
	    bytes.len > SCORER_MAX_BYTES || !str_starts_with(bytes, STR("FLUXSCOR")))
		return fail(f, FAIL_INVALID_VALUE, "this is no scorer file (%zu bytes)", bytes.len);
	version = take_u32(&c);
	size = take_u32(&c);
	crc = take_u32(&c);
	layout = take_u32(&c);
	if (version != SCORER_VERSION || layout != scorer_layout())
		return fail(
		    f, FAIL_INVALID_VALUE,
		    "the scorer file was made for another release: version %u, layout %08x; "
		    "this one reads version %d, layout %08x",
		    version, layout, SCORER_VERSION, scorer_layout());
	if (size != bytes.len || crc != hash_crc32c(0, str_part(bytes, HEADER_BYTES, bytes.len)))
		return fail(f, FAIL_INVALID_VALUE,
		            "the scorer file is damaged: its checksum differs");
	return 0;
}

static void read_scalars(struct cursor *c, struct scorer *out)
{
	for (int t = 0; t < SCORE_TIERS; t++)
		out->bias[t] = take_i32(c);
	for (int t = 0; t < SCORE_TIERS; t++)
		out->scale[t] = take_i32(c);
	for (int t = 0; t < SCORE_TIERS; t++)
		out->length[t] = take_i32(c);
	out->salience_floor = take_i32(c);
	out->later_margin = take_i32(c);
	out->padding_floor = take_i32(c);
	for (int i = 12; i < SCALARS; i++)
		take_u32(c);
}

static int read_curve(struct cursor *c, struct scorer_curve *out, struct fail *f)
{
	out->from = take_i32(c);
	out->step = take_i32(c);
	for (int i = 0; i <= SCORER_STEPS; i++)
		out->knot[i] = take_u16(c);
	take_u16(c);
	if (out->step <= 0)
		return fail(f, FAIL_INVALID_VALUE, "the scorer file has a curve without steps");
	for (int i = 0; i < SCORER_STEPS; i++)
		if (out->knot[i] > out->knot[i + 1])
			return fail(f, FAIL_INVALID_VALUE, "the scorer file has a falling curve");
	return 0;
}

/* Two files that differ in the weights of facts alone read every text the same. */
static uint64_t hash_of_words(struct str bytes)
{
	size_t from = STRUCTURE_AT, to = from + STRUCTURE_BYTES;
	uint64_t halves[2] = {
	    htole64(hash_stable(str_part(bytes, HEADER_BYTES, from - HEADER_BYTES))),
	    htole64(hash_stable(str_part(bytes, to, bytes.len)))};

	return hash_stable((struct str){(const char *)halves, sizeof(halves)});
}

int scorer_read(struct str bytes, struct scorer *out, struct fail *f)
{
	struct cursor c = {bytes.ptr + HEADER_BYTES, bytes.ptr + bytes.len};
	size_t buckets_bytes = sizeof(int8_t[FEATURE_BUCKETS][4]);

	if (check_header(bytes, f) < 0)
		return -1;
	read_scalars(&c, out);
	take_i16s(&c, &out->levels[0][0][0], FEATURE_COUNTERS * FEATURE_LEVELS * SCORE_TIERS);
	take_i16s(&c, &out->structure[0][0], STRUCTURE_FACTS * SCORE_TIERS);
	for (int t = 0; t < SCORE_TIERS; t++)
		if (read_curve(&c, &out->curve[t], f) < 0)
			return -1;
	for (int i = 0; i < SCORER_SKETCH; i++)
		for (int t = 0; t < SCORE_TIERS; t++)
			out->sketch[i][t] = take_u16(&c);
	out->buckets = (const int8_t(*)[4])(const void *)(bytes.ptr + bytes.len - buckets_bytes);
	out->hash = hash_stable(bytes);
	out->words_hash = hash_of_words(bytes);
	snprintf(out->version, sizeof(out->version), "%016" PRIx64, out->hash);
	lexicon_init(&out->lexicon);
	return 0;
}

static void put_u16(char *at, uint16_t x)
{
	x = htole16(x);
	memcpy(at, &x, sizeof(x));
}

void scorer_put_refitted(struct buf *out, struct str bytes,
                         const int16_t structure[STRUCTURE_FACTS][SCORE_TIERS])
{
	size_t start = out->len, at = STRUCTURE_AT;
	uint32_t crc;
	char *file;

	buf_put(out, bytes);
	must(!buf_is_over(out));
	file = out->ptr + start;
	for (int fact = 0; fact < STRUCTURE_FACTS; fact++)
		for (int t = 0; t < SCORE_TIERS; t++, at += 2)
			put_u16(file + at, (uint16_t)structure[fact][t]);
	crc = hash_crc32c(0, (struct str){file + HEADER_BYTES, bytes.len - HEADER_BYTES});
	put_u16(file + CRC_AT, (uint16_t)crc);
	put_u16(file + CRC_AT + 2, (uint16_t)(crc >> 16));
}

struct str scorer_builtin_bytes(void)
{
	return (struct str){scorer_builtin_begin,
	                    (size_t)(scorer_builtin_end - scorer_builtin_begin)};
}

static void use_builtin(void)
{
	struct scorer *s = mem_get(sizeof(*s));
	struct arena arena;
	struct fail f;
	const struct scorer *none = NULL;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (scorer_read(scorer_builtin_bytes(), s, &f) < 0) {
		fprintf(stderr, "built-in scorer: %.*s\n", STR_ARG(f.message));
		must(!"the built-in scorer was built with this program");
	}
	arena_release(&arena);
	if (!atomic_compare_exchange_strong(&in_use, &none, s))
		mem_put(s);
}

const struct scorer *scorer_current(void)
{
	const struct scorer *s = atomic_load_explicit(&in_use, memory_order_acquire);

	if (s)
		return s;
	pthread_once(&once, use_builtin);
	return atomic_load_explicit(&in_use, memory_order_acquire);
}

int scorer_use(struct str bytes, struct fail *f)
{
	struct scorer *s = mem_get(sizeof(*s) + bytes.len);
	char *copy = (char *)(s + 1);

	if (bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	if (scorer_read((struct str){copy, bytes.len}, s, f) < 0) {
		mem_put(s);
		return -1;
	}
	s->before = atomic_load_explicit(&in_use, memory_order_acquire);
	atomic_store_explicit(&in_use, s, memory_order_release);
	return 0;
}

int scorer_use_file(const char *path, struct fail *f)
{
	FILE *file = fopen(path, "rb");
	char *room;
	size_t len;
	int result;

	if (!file)
		return fail(f, FAIL_INVALID_VALUE, "scorer file %s: %m", path);
	room = mem_get(SCORER_MAX_BYTES + 1);
	len = fread(room, 1, SCORER_MAX_BYTES + 1, file);
	fclose(file);
	result = scorer_use((struct str){room, len}, f);
	mem_put(room);
	return result;
}
