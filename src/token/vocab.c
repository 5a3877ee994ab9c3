/* Reading a vocabulary's file into tables that are quick to ask. Pure but for memory. Called when
 * the vocabulary is first asked for; a file that is not whole is refused, and one whose tokens
 * joining could not make, for which counting (count.c) is not right. */
#include "token/vocab.h"

#include "base/hash.h"

#include <endian.h>
#include <stdatomic.h>

enum { HEADER_BYTES = 32 };

static uint32_t u32_at(struct str file, size_t at)
{
	uint32_t x;

	memcpy(&x, file.ptr + at, sizeof x);
	return le32toh(x);
}

static bool has_all_bytes(const struct trie *t, const char *texts, const uint32_t *starts)
{
	for (int byte = 0; byte < 256; byte++)
		if ((unsigned char)texts[starts[trie_token(t->bytes[byte])]] != byte)
			return false;
	return true;
}

static int take_texts(struct vocab *v, struct str texts, const uint32_t *starts, uint32_t count)
{
	if (trie_make(&v->trie, texts.ptr, starts, count) < 0 ||
	    !has_all_bytes(&v->trie, texts.ptr, starts))
		return -1;
	return joins_make(&v->joins, &v->trie, texts.ptr, starts, count);
}

/* -1: the lengths are not those of the texts, or no vocabulary has such tokens. */
static int read_tokens(struct vocab *v, struct str lengths, struct str texts)
{
	uint32_t *starts = mem_get((lengths.len + 1) * sizeof *starts);
	int result = -1;

	v->lens = mem_get(lengths.len);
	memcpy(v->lens, lengths.ptr, lengths.len);
	for (size_t i = 0; i < lengths.len; i++)
		starts[i + 1] = starts[i] + v->lens[i];
	if (texts.len && starts[lengths.len] == texts.len)
		result = take_texts(v, texts, starts, (uint32_t)lengths.len);
	mem_put(starts);
	return result;
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

static int read_parts(struct vocab *v, struct str file)
{
	size_t tokens = u32_at(file, 12), texts = u32_at(file, 16), runs = u32_at(file, 20);

	v->cut = (enum vocab_cut)u32_at(file, 8);
	if ((v->cut != VOCAB_CL100K && v->cut != VOCAB_O200K) || tokens > TOKENS_MAX ||
	    runs > VOCAB_CHARACTERS || file.len != HEADER_BYTES + tokens + texts + 4 * runs)
		return -1;
	file = str_part(file, HEADER_BYTES, file.len);
	if (read_tokens(v, str_part(file, 0, tokens), str_part(file, tokens, texts)) < 0 ||
	    read_classes(v, str_part(file, tokens + texts, 4 * runs)) < 0)
		return -1;
	return 0;
}

int vocab_read(struct str file, struct vocab **out, struct fail *f)
{
	static _Atomic uint64_t serials;
	struct vocab *v;

	if (file.len < HEADER_BYTES || !str_starts_with(file, STR("FLUXTOK1")))
		return fail(f, FAIL_INVALID_VALUE, "this is no vocabulary (%zu bytes)", file.len);
	if (u32_at(file, 24) != hash_crc32c(0, str_part(file, HEADER_BYTES, file.len)))
		return fail(f, FAIL_INVALID_VALUE,
		            "the vocabulary is damaged: its checksum differs");
	v = mem_get(sizeof *v);
	v->serial = atomic_fetch_add(&serials, 1) + 1;
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
	mem_put((*v)->lens);
	trie_release(&(*v)->trie);
	joins_release(&(*v)->joins);
	mem_put(*v);
	*v = NULL;
}
