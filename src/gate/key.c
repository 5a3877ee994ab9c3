/* The table of keys in memory.
 *
 *	presented text -> SHA-256 -> map (keyed hash) -> record
 *
 * Nobody can learn a key by timing: what is looked up is the digest of what was presented, in a
 * map whose hash is keyed, and the digests are compared once more in constant time. Nobody can
 * learn one from the store: it has digests only, of 256 random bits, which need no salt.
 *
 * Invariant: a record in the table is the newest revision that was put. What a request gets is a
 * copy, so a record dies as soon as it is replaced.
 *
 * THREADS: a read-write lock around the table: loops read, the carrier writes. Writes are short. */
#include "gate/key.h"

#include "base/encode.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/random.h"
#include "store/store.h"

#include <pthread.h>

static const struct str key_head = STR_INIT("sk-flux-");

struct key_record {
	int64_t id, account_id, expires_ms, revoked_ms;
	uint8_t digest[HASH_SHA256_BYTES]; /* the map's key */
	struct str account_name, label, models;
	char texts[]; /* theirs */
};

struct key_table {
	pthread_rwlock_t lock;
	struct map by_digest; /* struct key_record, owned */
	int64_t revision;
};

struct key_table *key_table_new(void)
{
	struct key_table *t = mem_get(sizeof *t);

	must(pthread_rwlock_init(&t->lock, NULL) == 0);
	map_init(&t->by_digest, NULL);
	return t;
}

void key_table_free(struct key_table **table)
{
	struct key_table *t = *table;
	const struct map_entry *entry;
	size_t at = 0;

	*table = NULL;
	if (!t)
		return;
	while ((entry = map_next(&t->by_digest, &at)))
		mem_put(entry->value);
	map_release(&t->by_digest);
	pthread_rwlock_destroy(&t->lock);
	mem_put(t);
}

static struct str digest_str(const uint8_t *digest)
{
	return (struct str){(const char *)digest, HASH_SHA256_BYTES};
}

static struct str keep(char **at, struct str text)
{
	struct str kept = {*at, text.len};

	if (text.len)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return kept;
}

static struct key_record *record_new(const struct store_key *k)
{
	struct key_record *r =
	    mem_get(sizeof *r + k->account_name.len + k->label.len + k->models.len);
	char *at = r->texts;

	r->id = k->id;
	r->account_id = k->account_id;
	r->expires_ms = k->expires_ms;
	r->revoked_ms = k->revoked_ms;
	memcpy(r->digest, k->digest, sizeof r->digest);
	r->account_name = keep(&at, k->account_name);
	r->label = keep(&at, k->label);
	r->models = keep(&at, k->models);
	return r;
}

void key_table_put(struct key_table *t, const struct store_key *k)
{
	struct key_record *r = record_new(k), *old;

	pthread_rwlock_wrlock(&t->lock);
	old = map_remove(&t->by_digest, digest_str(r->digest)); /* its bytes are the map's key */
	map_put(&t->by_digest, digest_str(r->digest), r);
	if (k->revision > t->revision)
		t->revision = k->revision;
	pthread_rwlock_unlock(&t->lock);
	mem_put(old);
}

int64_t key_table_revision(const struct key_table *table)
{
	struct key_table *t = (struct key_table *)table; /* the lock changes, the table does not */
	int64_t revision;

	pthread_rwlock_rdlock(&t->lock);
	revision = t->revision;
	pthread_rwlock_unlock(&t->lock);
	return revision;
}

size_t key_table_count(const struct key_table *table)
{
	struct key_table *t = (struct key_table *)table;
	size_t count;

	pthread_rwlock_rdlock(&t->lock);
	count = map_count(&t->by_digest);
	pthread_rwlock_unlock(&t->lock);
	return count;
}

static bool is_base64url(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

bool key_is_well_formed(struct str presented)
{
	if (presented.len != KEY_TEXT_BYTES || !str_starts_with(presented, key_head))
		return false;
	for (size_t i = key_head.len; i < presented.len; i++)
		if (!is_base64url(presented.ptr[i]))
			return false;
	return true;
}

static void copy_key(const struct key_record *r, struct arena *arena, struct key *out)
{
	*out = (struct key){
	    .id = r->id,
	    .account_id = r->account_id,
	    .account_name = arena_copy(arena, r->account_name),
	    .label = arena_copy(arena, r->label),
	    .models = arena_copy(arena, r->models),
	};
}

static enum key_verdict judge(const struct key_record *r, int64_t now_ms)
{
	if (r->revoked_ms != 0)
		return KEY_REVOKED;
	return r->expires_ms != 0 && now_ms >= r->expires_ms ? KEY_EXPIRED : KEY_GOOD;
}

static enum key_verdict look_up(struct key_table *t, struct str presented, int64_t now_ms,
                                struct arena *arena, struct key *out)
{
	uint8_t digest[HASH_SHA256_BYTES];
	enum key_verdict verdict = KEY_UNKNOWN;
	const struct key_record *r;

	hash_sha256(presented, digest);
	pthread_rwlock_rdlock(&t->lock);
	r = map_get(&t->by_digest, digest_str(digest));
	if (r && str_eq_secret(digest_str(r->digest), digest_str(digest))) {
		verdict = judge(r, now_ms);
		copy_key(r, arena, out);
	}
	pthread_rwlock_unlock(&t->lock);
	return verdict;
}

enum key_verdict key_identify(struct key_table *t, const struct keys_presented *presented,
                              int64_t now_ms, struct arena *arena, struct key *out)
{
	enum key_verdict verdict = KEY_MISSING;

	for (int i = 0; i < presented->count; i++) {
		enum key_verdict one = KEY_MALFORMED;
		struct str text = presented->texts[i];

		if (str_is_empty(text))
			continue;
		if (key_is_well_formed(text))
			one = look_up(t, text, now_ms, arena, out);
		if (one != KEY_MALFORMED && one != KEY_UNKNOWN)
			return one;
		if (verdict != KEY_UNKNOWN)
			verdict = one;
	}
	return verdict;
}

void key_make(char *out_text, uint8_t *out_digest)
{
	uint8_t secret[32];
	struct buf text;

	random_bytes(secret, sizeof secret);
	buf_init(&text, KEY_TEXT_BYTES + 4); /* the encoder takes room in fours */
	buf_put(&text, key_head);
	encode_base64url(&text, (struct str){(const char *)secret, sizeof secret});
	must(text.len == KEY_TEXT_BYTES && !buf_is_over(&text));
	memcpy(out_text, text.ptr, KEY_TEXT_BYTES);
	hash_sha256(buf_str(&text), out_digest);
	buf_release(&text);
}
