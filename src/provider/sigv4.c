/* Signing. What was signed is what is sent: whoever puts the request line and host does so from the
 * same texts. Keys that were derived are wiped. Called once per attempt at a provider of AWS, and
 * for nothing else. */
#include "provider/sigv4.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/hash.h"

#include <openssl/crypto.h>

enum { CANONICAL_BYTES_MAX = 64 * 1024, SECRET_BYTES_MAX = 1024, STAMP_BYTES = 16 };

/* 20150830T123600Z; the first eight are the day. */
static struct str stamp_of(int64_t now_s, char out[STAMP_BYTES])
{
	struct clock_day day = clock_day_of(now_s * 1000);
	struct buf text = {.ptr = out, .cap = STAMP_BYTES, .max = STAMP_BYTES};
	int64_t second = now_s % 86400;

	buf_put_digits(&text, (uint64_t)day.year, 4);
	buf_put_digits(&text, (uint64_t)day.month, 2);
	buf_put_digits(&text, (uint64_t)day.day, 2);
	buf_put_byte(&text, 'T');
	buf_put_digits(&text, (uint64_t)(second / 3600), 2);
	buf_put_digits(&text, (uint64_t)(second / 60 % 60), 2);
	buf_put_digits(&text, (uint64_t)(second % 60), 2);
	buf_put_byte(&text, 'Z');
	return buf_str(&text);
}

static void put_digest(struct buf *out, const uint8_t digest[HASH_SHA256_BYTES])
{
	encode_hex(out, (struct str){(const char *)digest, HASH_SHA256_BYTES});
}

static void put_names(struct buf *out, const struct sigv4_ask *ask)
{
	buf_put(out, ask->content_type.len ? STR("content-type;") : STR(""));
	buf_put(out, STR("host;x-amz-date"));
	buf_put(out, ask->session.len ? STR(";x-amz-security-token") : STR(""));
}

static void put_header(struct buf *out, struct str name, struct str value)
{
	if (value.len == 0)
		return;
	buf_put(out, name);
	buf_put_byte(out, ':');
	buf_put(out, value);
	buf_put_byte(out, '\n');
}

static void put_canonical(struct buf *out, const struct sigv4_ask *ask, struct str stamp)
{
	uint8_t digest[HASH_SHA256_BYTES];

	buf_put(out, ask->method);
	buf_put_byte(out, '\n');
	encode_percent(out, ask->path.len ? ask->path : STR("/"), STR("/"));
	buf_put_byte(out, '\n');
	buf_put(out, ask->query);
	buf_put_byte(out, '\n');
	put_header(out, STR("content-type"), ask->content_type);
	put_header(out, STR("host"), ask->host);
	put_header(out, STR("x-amz-date"), stamp);
	put_header(out, STR("x-amz-security-token"), ask->session);
	buf_put_byte(out, '\n');
	put_names(out, ask);
	buf_put_byte(out, '\n');
	hash_sha256_pieces(ask->body, ask->body_pieces, digest);
	put_digest(out, digest);
}

static void put_scope(struct buf *out, const struct sigv4_ask *ask, struct str stamp)
{
	buf_put(out, str_part(stamp, 0, 8));
	buf_put_byte(out, '/');
	buf_put(out, ask->region);
	buf_put_byte(out, '/');
	buf_put(out, ask->service);
	buf_put(out, STR("/aws4_request"));
}

static void derive_key(const struct sigv4_ask *ask, struct str stamp,
                       uint8_t key[HASH_SHA256_BYTES])
{
	const struct str parts[] = {str_part(stamp, 0, 8), ask->region, ask->service,
	                            STR("aws4_request")};
	char room[SECRET_BYTES_MAX];
	struct buf secret = {.ptr = room, .cap = sizeof room, .max = sizeof room};
	struct str with = {(const char *)key, HASH_SHA256_BYTES};

	buf_put(&secret, STR("AWS4"));
	buf_put(&secret, ask->secret);
	hash_hmac_sha256(buf_str(&secret), parts[0], key);
	for (size_t i = 1; i < sizeof parts / sizeof parts[0]; i++)
		hash_hmac_sha256(with, parts[i], key);
	OPENSSL_cleanse(room, sizeof room);
}

static void put_text_to_sign(struct buf *out, const struct sigv4_ask *ask, struct str stamp)
{
	uint8_t digest[HASH_SHA256_BYTES];
	struct buf canonical;

	buf_init(&canonical, CANONICAL_BYTES_MAX);
	put_canonical(&canonical, ask, stamp);
	hash_sha256(buf_str(&canonical), digest);
	buf_release(&canonical);
	buf_put(out, STR("AWS4-HMAC-SHA256\n"));
	buf_put(out, stamp);
	buf_put_byte(out, '\n');
	put_scope(out, ask, stamp);
	buf_put_byte(out, '\n');
	put_digest(out, digest);
}

static void put_signature(struct buf *out, const struct sigv4_ask *ask, struct str stamp)
{
	uint8_t key[HASH_SHA256_BYTES], signature[HASH_SHA256_BYTES];
	struct buf text;

	buf_init(&text, 1024);
	put_text_to_sign(&text, ask, stamp);
	derive_key(ask, stamp, key);
	hash_hmac_sha256((struct str){(const char *)key, sizeof key}, buf_str(&text), signature);
	OPENSSL_cleanse(key, sizeof key);
	buf_release(&text);
	put_digest(out, signature);
}

void sigv4_put_headers(struct buf *out, const struct sigv4_ask *ask)
{
	char room[STAMP_BYTES];
	struct str stamp = stamp_of(ask->now_s, room);

	buf_put(out, STR("x-amz-date: "));
	buf_put(out, stamp);
	if (ask->session.len) {
		buf_put(out, STR("\r\nx-amz-security-token: "));
		buf_put(out, ask->session);
	}
	buf_put(out, STR("\r\nauthorization: AWS4-HMAC-SHA256 Credential="));
	buf_put(out, ask->key_id);
	buf_put_byte(out, '/');
	put_scope(out, ask, stamp);
	buf_put(out, STR(", SignedHeaders="));
	put_names(out, ask);
	buf_put(out, STR(", Signature="));
	put_signature(out, ask, stamp);
	buf_put(out, STR("\r\n"));
}
