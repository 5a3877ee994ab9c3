/* Reading a vocabulary's file into tables that are quick to ask: a hash table over all texts, and
 * one array for texts of two bytes, which are asked for most. Pure but for memory. Called once at
 * start; a file that is not whole is refused. */
#include "token/vocab.h"

#include "base/hash.h"

#include <endian.h>

enum { HEADER_BYTES = 32, TWO_BYTES = 1 << 16 };

static uint32_t u32_at(struct str file, size_t at)
{
	uint32_t x;

	memcpy(&x, file.ptr + at, sizeof x);
	return le32toh(x);
}

/* All of up to eight bytes, in one figure that differs for texts of one length that differ. */
static inline uint64_t word_of(const char *p, size_t len)
{
	uint32_t first, last;

	if (len >= 4) {
		memcpy(&first, p, sizeof first);
		memcpy(&last, p + len - 4, sizeof last);
		return first | (uint64_t)last << 32;
	}
	return len ? (uint8_t)p[0] | (uint64_t)(uint8_t)p[len / 2] << 8 |
	                 (uint64_t)(uint8_t)p[len - 1] << 16
	           : 0;
}

static inline uint64_t mix(uint64_t hash)
{
	hash *= UINT64_C(0xff51afd7ed558ccd);
	return hash ^ hash >> 32;
}

/* What a slot has of a text. */
static inline uint64_t slot_word(struct str text)
{
	uint64_t hash = 0, word;
	const char *p = text.ptr, *end = text.ptr + text.len;

	if (text.len <= 8)
		return word_of(p, text.len);
	for (; end - p > 8; p += 8) {
		memcpy(&word, p, sizeof word);
		hash = mix(hash ^ word);
	}
	return mix(hash ^ word_of(p, (size_t)(end - p)));
}

/* Which slot to look at first, and its mark. */
struct way {
	uint32_t at;
	uint8_t mark;
};

static inline struct way way_to(const struct vocab *v, uint64_t word, size_t len)
{
	uint64_t hash = mix(word ^ len * UINT64_C(0x9e3779b97f4a7c15));

	return (struct way){(uint32_t)hash & v->slots_mask, (uint8_t)(hash >> 56 | 1)};
}

static bool is_text(const struct vocab *v, uint32_t rank, struct str text)
{
	return memcmp(v->texts + v->starts[rank], text.ptr, text.len) == 0;
}

uint32_t vocab_rank(const struct vocab *v, struct str text)
{
	uint64_t word;
	struct way way;

	if (text.len > v->longest)
		return VOCAB_NO_TOKEN;
	if (text.len == 2)
		return v->pairs[(uint8_t)text.ptr[0] << 8 | (uint8_t)text.ptr[1]];
	word = slot_word(text);
	for (way = way_to(v, word, text.len); v->marks[way.at];
	     way.at = (way.at + 1) & v->slots_mask) {
		const struct vocab_slot *slot = &v->slots[way.at];

		if (v->marks[way.at] == way.mark && slot->word == word && slot->len == text.len &&
		    (text.len <= 8 || is_text(v, slot->rank, text)))
			return slot->rank;
	}
	return VOCAB_NO_TOKEN;
}

static void put_token(struct vocab *v, uint32_t rank)
{
	struct str text = {v->texts + v->starts[rank], v->starts[rank + 1] - v->starts[rank]};
	uint64_t word = slot_word(text);
	struct way way = way_to(v, word, text.len);

	if (text.len > v->longest)
		v->longest = (uint32_t)text.len;
	if (text.len == 2)
		v->pairs[(uint8_t)text.ptr[0] << 8 | (uint8_t)text.ptr[1]] = rank;
	while (v->marks[way.at])
		way.at = (way.at + 1) & v->slots_mask;
	v->marks[way.at] = way.mark;
	v->slots[way.at] = (struct vocab_slot){word, rank, (uint32_t)text.len};
}

/* -1: the lengths are not those of the texts. */
static int read_tokens(struct vocab *v, struct str lengths, struct str texts)
{
	size_t slots = 16, at = 0;

	while (slots < 2 * lengths.len)
		slots *= 2;
	v->count = (uint32_t)lengths.len;
	v->slots_mask = (uint32_t)slots - 1;
	v->slots = mem_get(slots * sizeof *v->slots);
	v->marks = mem_get(slots);
	v->pairs = mem_get(TWO_BYTES * sizeof *v->pairs);
	memset(v->pairs, 0xff, TWO_BYTES * sizeof *v->pairs);
	v->starts = mem_get((lengths.len + 1) * sizeof *v->starts);
	v->texts = mem_get(texts.len + 1);
	memcpy(v->texts, texts.ptr, texts.len);
	for (size_t i = 0; i < lengths.len; i++) {
		at += (uint8_t)lengths.ptr[i];
		v->starts[i + 1] = (uint32_t)at;
		if (at > texts.len)
			return -1;
		if (lengths.ptr[i])
			put_token(v, (uint32_t)i);
	}
	return at == texts.len ? 0 : -1;
}

/* -1: the runs do not ascend from 0, or a class is none. */
static int read_classes(struct vocab *v, struct str runs)
{
	uint32_t next = 0, from;

	v->classes = mem_get(VOCAB_CHARACTERS);
	for (size_t i = 0; i < runs.len; i += 4) {
		uint32_t run = u32_at(runs, i), to = VOCAB_CHARACTERS;

		from = run & 0xffffff;
		if (i + 4 < runs.len)
			to = u32_at(runs, i + 4) & 0xffffff;
		if (from != next || to <= from || to > VOCAB_CHARACTERS ||
		    run >> 24 >= VOCAB_CLASSES)
			return -1;
		memset(v->classes + from, (int)(run >> 24), to - from);
		next = to;
	}
	return runs.len ? 0 : -1;
}

/* All bytes by themselves are tokens, or some text could not be counted. */
static bool has_all_bytes(const struct vocab *v)
{
	for (int byte = 0; byte < 256; byte++) {
		char text = (char)byte;

		if (vocab_rank(v, (struct str){&text, 1}) == VOCAB_NO_TOKEN)
			return false;
	}
	return true;
}

static int read_parts(struct vocab *v, struct str file)
{
	size_t tokens = u32_at(file, 12), texts = u32_at(file, 16), runs = u32_at(file, 20);

	v->cut = (enum vocab_cut)u32_at(file, 8);
	if ((v->cut != VOCAB_CL100K && v->cut != VOCAB_O200K) || tokens > VOCAB_TOKENS_MAX ||
	    runs > VOCAB_CHARACTERS || file.len != HEADER_BYTES + tokens + texts + 4 * runs)
		return -1;
	file = str_part(file, HEADER_BYTES, file.len);
	if (read_tokens(v, str_part(file, 0, tokens), str_part(file, tokens, texts)) < 0 ||
	    read_classes(v, str_part(file, tokens + texts, 4 * runs)) < 0)
		return -1;
	return has_all_bytes(v) ? 0 : -1;
}

int vocab_read(struct str file, struct vocab **out, struct fail *f)
{
	struct vocab *v;

	if (file.len < HEADER_BYTES || !str_starts_with(file, STR("FLUXTOK1")))
		return fail(f, FAIL_INVALID_VALUE, "this is no vocabulary (%zu bytes)", file.len);
	if (u32_at(file, 24) != hash_crc32c(0, str_part(file, HEADER_BYTES, file.len)))
		return fail(f, FAIL_INVALID_VALUE,
		            "the vocabulary is damaged: its checksum differs");
	v = mem_get(sizeof *v);
	if (read_parts(v, file) < 0) {
		vocab_free(&v);
		return fail(f, FAIL_INVALID_VALUE, "the vocabulary is damaged");
	}
	*out = v;
	return 0;
}

void vocab_free(struct vocab **v)
{
	if (*v == NULL)
		return;
	mem_put((*v)->classes);
	mem_put((*v)->pairs);
	mem_put((*v)->slots);
	mem_put((*v)->marks);
	mem_put((*v)->starts);
	mem_put((*v)->texts);
	mem_put(*v);
	*v = NULL;
}
