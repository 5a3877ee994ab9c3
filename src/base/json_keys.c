/* Keys of objects, small and large.
 *
 * A small object's keys are compared one by one on the tape. As soon as an object has more than
 * KEYS_PAIRWISE of them, or a long one, it is marked JSON_IS_HASHED and all its keys, those
 * before too, go into one table per document:
 *
 *	struct json_keys   64 shards, chosen by the top bits of the hash of (object, decoded key)
 *	shard              open addressing, linear probing
 *	slot               {hash, object, key node + 1}; 0: free
 *
 * The hash is keyed with the process's random key: nobody can choose keys that collide. A shard
 * doubles when it is full to its own limit, between 2/5 and 4/5, so that shards of equal size
 * grow one after the other: growing them all at once would hold the loop for milliseconds.
 *
 * Called by json_read while reading, by json_ask for json_get. Must never compare raw text where
 * there are escapes. */
#include "base/json_keys.h"

#include "base/hash.h"

enum {
	KEYS_PAIRWISE = 16,
	KEYS_PAIRWISE_BYTES = 64,
	SHARD_BITS = 6,
	SHARDS = 1 << SHARD_BITS,
	SHARD_FIRST_ROOM = 16,
};

struct key_slot {
	uint32_t hash;
	uint32_t object;
	uint32_t key_plus_1;
};

struct key_shard {
	struct key_slot *slots;
	uint32_t room; /* a power of two, or 0 */
	uint32_t count;
};

struct json_keys {
	struct key_shard shards[SHARDS];
	char *scratch; /* JSON_KEY_BYTES_MAX, taken with the first escaped key */
};

/* A key while it is looked for: its decoded text and its hash. */
struct key_wanted {
	struct str text;
	uint64_t hash;
	uint32_t object;
};

void json_keys_free(struct json_keys **keys)
{
	if (*keys == NULL)
		return;
	for (int i = 0; i < SHARDS; i++)
		mem_put((*keys)->shards[i].slots);
	mem_put((*keys)->scratch);
	mem_put(*keys);
	*keys = NULL;
}

static bool has_escapes(const struct json *doc, uint32_t node)
{
	return doc->nodes[node].marks & JSON_HAS_ESCAPES;
}

static struct key_wanted wanted(uint32_t object, struct str text)
{
	uint64_t hash = (hash_keyed(text) ^ object) * UINT64_C(0x9e3779b97f4a7c15);

	return (struct key_wanted){text, hash ^ hash >> 32, object};
}

static uint32_t shard_of(uint64_t hash)
{
	return (uint32_t)(hash >> (64 - SHARD_BITS));
}

/* The slot that has the key, or the free one where it belongs. */
static struct key_slot *slot_of(const struct json *doc, const struct key_shard *shard,
                                const struct key_wanted *want)
{
	uint32_t hash = (uint32_t)want->hash, at = hash & (shard->room - 1);

	while (true) {
		struct key_slot *slot = &shard->slots[at];

		if (slot->key_plus_1 == 0)
			return slot;
		if (slot->hash == hash && slot->object == want->object &&
		    json_key_is(doc, slot->key_plus_1 - 1, want->text))
			return slot;
		at = (at + 1) & (shard->room - 1);
	}
}

static void shard_move(struct key_shard *to, const struct key_slot *slot)
{
	uint32_t at = slot->hash & (to->room - 1);

	while (to->slots[at].key_plus_1)
		at = (at + 1) & (to->room - 1);
	to->slots[at] = *slot;
}

static void shard_grow(struct key_shard *shard)
{
	struct key_shard bigger = {
	    .room = shard->room ? shard->room * 2 : SHARD_FIRST_ROOM,
	    .count = shard->count,
	};

	bigger.slots = mem_get(bigger.room * sizeof *bigger.slots);
	for (uint32_t i = 0; i < shard->room; i++)
		if (shard->slots[i].key_plus_1)
			shard_move(&bigger, &shard->slots[i]);
	mem_put(shard->slots);
	*shard = bigger;
}

static bool shard_is_full(const struct key_shard *shard, uint32_t index)
{
	return (uint64_t)shard->count * 5 * SHARDS >= (uint64_t)shard->room * 2 * (SHARDS + index);
}

/* The decoded text of a key; valid until the next one. */
static struct str key_text(struct json *doc, uint32_t key)
{
	struct str inside = json_inside(doc, key);

	if (!has_escapes(doc, key))
		return inside;
	if (doc->keys->scratch == NULL)
		doc->keys->scratch = mem_get(JSON_KEY_BYTES_MAX);
	return (struct str){doc->keys->scratch, json_scan_decode(inside, doc->keys->scratch)};
}

static bool add_hashed(struct json *doc, uint32_t object, uint32_t key)
{
	struct key_wanted want = wanted(object, key_text(doc, key));
	uint32_t index = shard_of(want.hash);
	struct key_shard *shard = &doc->keys->shards[index];
	struct key_slot *slot;

	if (shard_is_full(shard, index))
		shard_grow(shard);
	slot = slot_of(doc, shard, &want);
	if (slot->key_plus_1)
		return true;
	*slot = (struct key_slot){(uint32_t)want.hash, object, key + 1};
	shard->count++;
	return false;
}

/* All keys of the object into the table; the last may be a double. */
static bool turn_hashed(struct json *doc, uint32_t object, uint32_t last)
{
	uint32_t key = object + 1;

	if (doc->keys == NULL)
		doc->keys = mem_get(sizeof *doc->keys);
	doc->nodes[object].marks |= JSON_IS_HASHED;
	for (; key != last; key = doc->nodes[key + 1].next)
		must(!add_hashed(doc, object, key));
	return add_hashed(doc, object, last);
}

/* Against each key before, as long as they are few; `text` is the decoded text of the last. */
static bool add_pairwise(struct json *doc, uint32_t object, uint32_t last, struct str text)
{
	uint32_t before = 0;

	for (uint32_t key = object + 1; key != last; key = doc->nodes[key + 1].next) {
		if (json_key_is(doc, key, text))
			return true;
		before++;
	}
	return before == KEYS_PAIRWISE && turn_hashed(doc, object, last);
}

bool json_keys_add(struct json *doc, uint32_t object, uint32_t last)
{
	char decoded[KEYS_PAIRWISE_BYTES];
	struct str text = json_inside(doc, last);

	if (doc->nodes[object].marks & JSON_IS_HASHED)
		return add_hashed(doc, object, last);
	if (text.len > KEYS_PAIRWISE_BYTES)
		return turn_hashed(doc, object, last);
	if (has_escapes(doc, last))
		text = (struct str){decoded, json_scan_decode(text, decoded)};
	return add_pairwise(doc, object, last, text);
}

static uint32_t find_hashed(const struct json *doc, uint32_t object, struct str text)
{
	struct key_wanted want = wanted(object, text);
	const struct key_shard *shard = &doc->keys->shards[shard_of(want.hash)];

	if (shard->room == 0)
		return JSON_NONE;
	return slot_of(doc, shard, &want)->key_plus_1 - 1;
}

uint32_t json_keys_find(const struct json *doc, uint32_t object, struct str text)
{
	uint32_t end = doc->nodes[object].next;

	if (doc->nodes[object].marks & JSON_IS_HASHED)
		return find_hashed(doc, object, text);
	for (uint32_t key = object + 1; key < end; key = doc->nodes[key + 1].next)
		if (json_key_is(doc, key, text))
			return key;
	return JSON_NONE;
}
