/* SipHash-2-4 with a random or the zero key, CRC-32C with the processor's instruction where
 * there is one, SHA-256 by OpenSSL.
 *
 * The random key is drawn once, by the first who asks; nothing that outlives the process may
 * depend on it. The stable hash and the checksum are written to disk and compared between
 * machines: their results may never change (the tests hold published vectors).
 *
 * THREADS: the key and the checksum's table are made once under pthread_once and only read after
 * that.
 *
 * Called by map, json_keys, journal, keys of accounts, choices between targets. */
#include "base/hash.h"

#include "base/random.h"
#include "base/work.h"

#include <endian.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <openssl/hmac.h>
#include <pthread.h>

static pthread_once_t keyed_once = PTHREAD_ONCE_INIT;
static uint8_t keyed_key[16];

static void keyed_start(void)
{
	random_bytes(keyed_key, sizeof keyed_key);
}

struct sip {
	uint64_t a, b, c, d;
};

static inline uint64_t rotate(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline void sip_round(struct sip *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotate(s->b, 13) ^ s->a;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a = rotate(s->a, 32);
	s->c += s->b;
	s->a += s->d;
	s->b = rotate(s->b, 17) ^ s->c;
	s->d = rotate(s->d, 21) ^ s->a;
	s->c = rotate(s->c, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->d ^= word;
	sip_round(s);
	sip_round(s);
	s->a ^= word;
}

static inline uint64_t load_le64(const void *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return le64toh(word);
}

/* The last 0..7 bytes, and the length's low byte on top. */
static uint64_t sip_tail(struct str rest, size_t whole_len)
{
	uint64_t word = (uint64_t)whole_len << 56;

	for (size_t i = 0; i < rest.len; i++)
		word |= (uint64_t)(uint8_t)rest.ptr[i] << (8 * i);
	return word;
}

uint64_t hash_siphash(const uint8_t key[16], struct str bytes)
{
	uint64_t k0 = load_le64(key), k1 = load_le64(key + 8);
	struct sip s = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
	                k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
	size_t whole = bytes.len & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8)
		sip_word(&s, load_le64(bytes.ptr + i));
	sip_word(&s, sip_tail(str_part(bytes, whole, 7), bytes.len));
	s.c ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

uint64_t hash_keyed(struct str bytes)
{
	must(pthread_once(&keyed_once, keyed_start) == 0);
	return hash_siphash(keyed_key, bytes);
}

uint64_t hash_stable(struct str bytes)
{
	static const uint8_t zero[16];

	return hash_siphash(zero, bytes);
}

enum crc { CRC_CASTAGNOLI, CRC_IEEE, CRC_COUNT };

static pthread_once_t crc_once = PTHREAD_ONCE_INIT;
static uint32_t crc_tables[CRC_COUNT][256];

static void crc_fill(uint32_t table[256], uint32_t polynomial)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t sum = byte;

		for (int bit = 0; bit < 8; bit++)
			sum = (sum >> 1) ^ (sum & 1 ? polynomial : 0);
		table[byte] = sum;
	}
}

static void crc_start(void)
{
	crc_fill(crc_tables[CRC_CASTAGNOLI], UINT32_C(0x82f63b78));
	crc_fill(crc_tables[CRC_IEEE], UINT32_C(0xedb88320));
}

static uint32_t crc_of(enum crc which, uint32_t sum, struct str bytes)
{
	const uint32_t *table = crc_tables[which];

	must(pthread_once(&crc_once, crc_start) == 0);
	for (size_t i = 0; i < bytes.len; i++)
		sum = (sum >> 8) ^ table[(sum ^ (uint8_t)bytes.ptr[i]) & 0xff];
	return sum;
}

static uint32_t crc_by_table(uint32_t sum, struct str bytes)
{
	return crc_of(CRC_CASTAGNOLI, sum, bytes);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t sum, struct str bytes)
{
	size_t whole = bytes.len & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8)
		sum = (uint32_t)__builtin_ia32_crc32di(sum, load_le64(bytes.ptr + i));
	for (size_t i = whole; i < bytes.len; i++)
		sum = __builtin_ia32_crc32qi(sum, (unsigned char)bytes.ptr[i]);
	return sum;
}

static bool crc_has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#else
static uint32_t crc_by_instruction(uint32_t sum, struct str bytes)
{
	return crc_by_table(sum, bytes);
}

static bool crc_has_instruction(void)
{
	return false;
}
#endif

uint32_t hash_crc32c(uint32_t before, struct str bytes)
{
	return crc_has_instruction() ? ~crc_by_instruction(~before, bytes)
	                             : ~crc_by_table(~before, bytes);
}

uint32_t hash_crc32c_by_table(uint32_t before, struct str bytes)
{
	return ~crc_by_table(~before, bytes);
}

uint32_t hash_crc32(uint32_t before, struct str bytes)
{
	return ~crc_of(CRC_IEEE, ~before, bytes);
}

/* OpenSSL 3 looks an algorithm up by name in each one-shot call, which takes longer than hashing a
 * key does: it is fetched once, and each thread keeps one state, freed when the thread ends. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static pthread_key_t sha256_key;
static _Thread_local EVP_MD_CTX *sha256_work;

static void free_sha256_work(void *work)
{
	EVP_MD_CTX_free(work);
}

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	must(sha256 != NULL);
	must(pthread_key_create(&sha256_key, free_sha256_work) == 0);
}

static EVP_MD_CTX *new_sha256_work(void)
{
	EVP_MD_CTX *work = EVP_MD_CTX_new();

	must(work != NULL);
	must(pthread_setspecific(sha256_key, work) == 0);
	return work;
}

void hash_sha256_pieces(const struct str *pieces, int count, uint8_t out_digest[HASH_SHA256_BYTES])
{
	unsigned int len = 0;

	must(pthread_once(&sha256_once, fetch_sha256) == 0);
	for (int i = 0; i < count; i++)
		work_did(pieces[i].len);
	if (sha256_work == NULL)
		sha256_work = new_sha256_work();
	must(EVP_DigestInit_ex2(sha256_work, sha256, NULL) == 1);
	for (int i = 0; i < count; i++)
		must(EVP_DigestUpdate(sha256_work, pieces[i].ptr, pieces[i].len) == 1);
	must(EVP_DigestFinal_ex(sha256_work, out_digest, &len) == 1);
	must(len == HASH_SHA256_BYTES);
}

void hash_sha256(struct str bytes, uint8_t out_digest[HASH_SHA256_BYTES])
{
	hash_sha256_pieces(&bytes, 1, out_digest);
}

void hash_hmac_sha256(struct str key, struct str bytes, uint8_t out_digest[HASH_SHA256_BYTES])
{
	unsigned int len = 0;
	const void *key_bytes = key.len ? key.ptr : "";

	must(key.len <= INT32_MAX);
	must(HMAC(EVP_sha256(), key_bytes, (int)key.len, (const uint8_t *)bytes.ptr, bytes.len,
	          out_digest, &len) != NULL);
	must(len == HASH_SHA256_BYTES);
}
