/* OpenSSL's AES-256-GCM. What cannot fail but for memory or a broken library aborts. Called by
 * trace/sample. Must never reuse a nonce: each is drawn anew. */
#include "base/cipher.h"

#include "base/hash.h"
#include "base/random.h"

#include <limits.h>
#include <openssl/evp.h>

_Static_assert(CIPHER_KEY_BYTES == HASH_SHA256_BYTES, "the key is a digest");

struct cipher_key cipher_key_of(struct str text, struct str purpose)
{
	struct cipher_key key = {{0}};

	hash_hmac_sha256(text, purpose, key.bytes);
	return key;
}

static const unsigned char *bytes_of(struct str s)
{
	return (const unsigned char *)s.ptr;
}

void cipher_seal(struct buf *out, const struct cipher_key *key, struct str plain, struct str beside)
{
	char *room = buf_room(out, plain.len + CIPHER_EXTRA_BYTES);
	unsigned char *at = (unsigned char *)room;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int len;

	must(c && room && plain.len < INT_MAX && beside.len < INT_MAX);
	random_bytes(at, CIPHER_NONCE_BYTES);
	must(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key->bytes, at) == 1);
	at += CIPHER_NONCE_BYTES;
	must(EVP_EncryptUpdate(c, NULL, &len, bytes_of(beside), (int)beside.len) == 1);
	must(EVP_EncryptUpdate(c, at, &len, bytes_of(plain), (int)plain.len) == 1);
	must((size_t)len == plain.len);
	at += len;
	must(EVP_EncryptFinal_ex(c, at, &len) == 1 && len == 0);
	must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, CIPHER_TAG_BYTES, at) == 1);
	EVP_CIPHER_CTX_free(c);
	buf_grew(out, plain.len + CIPHER_EXTRA_BYTES);
}

int cipher_open(struct buf *out, const struct cipher_key *key, struct str sealed, struct str beside)
{
	size_t plain_len = sealed.len - CIPHER_EXTRA_BYTES;
	const unsigned char *at = bytes_of(sealed) + CIPHER_NONCE_BYTES;
	unsigned char tag[CIPHER_TAG_BYTES], *room;
	EVP_CIPHER_CTX *c;
	int len, is_whole;

	if (sealed.len < CIPHER_EXTRA_BYTES || sealed.len > INT_MAX ||
	    !(room = (unsigned char *)buf_room(out, plain_len + 1)))
		return -1;
	c = EVP_CIPHER_CTX_new();
	must(c &&
	     EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key->bytes, bytes_of(sealed)) == 1);
	must(EVP_DecryptUpdate(c, NULL, &len, bytes_of(beside), (int)beside.len) == 1);
	must(EVP_DecryptUpdate(c, room, &len, at, (int)plain_len) == 1);
	memcpy(tag, at + plain_len, sizeof tag);
	must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, sizeof tag, tag) == 1);
	is_whole = EVP_DecryptFinal_ex(c, room + plain_len, &len) == 1;
	EVP_CIPHER_CTX_free(c);
	if (!is_whole)
		return -1;
	buf_grew(out, plain_len);
	return 0;
}
