/* Hashes against published vectors: the stable ones are on disk and in decisions, and may never
 * change. */
#include "base/hash.h"

#include "check.h"

#include "base/encode.h"

static void test_siphash(void)
{
	uint8_t key[16];
	char message[15];

	for (int i = 0; i < 16; i++)
		key[i] = (uint8_t)i;
	for (int i = 0; i < 15; i++)
		message[i] = (char)i;
	/* The example of the paper's appendix A, and the first of the reference implementation's
	 * list. */
	CHECK(hash_siphash(key, (struct str){message, 15}) == UINT64_C(0xa129ca6149be45e5));
	CHECK(hash_siphash(key, STR("")) == UINT64_C(0x726fdb47dd0e0e31));
	CHECK(hash_siphash(key, (struct str){message, 8}) == UINT64_C(0x93f5f5799a932462));
}

static void test_keyed_and_stable(void)
{
	static const uint8_t zero[16];

	CHECK(hash_stable(STR("gpt-5-mini")) == hash_siphash(zero, STR("gpt-5-mini")));
	CHECK(hash_keyed(STR("a")) == hash_keyed(STR("a")));
	CHECK(hash_keyed(STR("a")) != hash_keyed(STR("b")));
	CHECK(hash_keyed(STR("a")) != hash_stable(STR("a")));
}

static void test_crc32c(void)
{
	char zeros[32] = {0};
	struct str text = STR("The checksum of a journal's record, long enough for whole words.");

	CHECK(hash_crc32c(0, STR("123456789")) == UINT32_C(0xe3069283));
	CHECK(hash_crc32c(0, STR("")) == 0);
	CHECK(hash_crc32c(0, (struct str){zeros, 32}) == UINT32_C(0x8a9136aa)); /* RFC 3720 B.4 */
	for (size_t cut = 0; cut <= text.len; cut++) {
		struct str part = str_part(text, 0, cut), rest = str_part(text, cut, text.len);

		CHECK(hash_crc32c(hash_crc32c(0, part), rest) == hash_crc32c(0, text));
		CHECK(hash_crc32c_by_table(0, part) == hash_crc32c(0, part));
	}
}

static void test_crc32(void)
{
	CHECK(hash_crc32(0, STR("123456789")) == UINT32_C(0xcbf43926));
	CHECK(hash_crc32(hash_crc32(0, STR("1234")), STR("56789")) == UINT32_C(0xcbf43926));
	CHECK(hash_crc32(0, STR("")) == 0);
}

static struct str hex_of(struct buf *out, const uint8_t digest[HASH_SHA256_BYTES])
{
	buf_clear(out);
	encode_hex(out, (struct str){(const char *)digest, HASH_SHA256_BYTES});
	return buf_str(out);
}

static void test_sha256(void)
{
	uint8_t digest[HASH_SHA256_BYTES];
	struct buf hex;

	buf_init(&hex, 64);
	hash_sha256(STR("abc"), digest);
	CHECK_STR(hex_of(&hex, digest),
	          STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	hash_sha256_pieces((const struct str[]){STR("a"), STR(""), STR("bc")}, 3, digest);
	CHECK_STR(hex_of(&hex, digest),
	          STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	hash_sha256(STR(""), digest);
	CHECK_STR(hex_of(&hex, digest),
	          STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	/* RFC 4231, test case 2. */
	hash_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), digest);
	CHECK_STR(hex_of(&hex, digest),
	          STR("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
	hash_hmac_sha256(STR(""), STR(""), digest);
	CHECK_STR(hex_of(&hex, digest),
	          STR("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
	buf_release(&hex);
}

int main(void)
{
	test_siphash();
	test_keyed_and_stable();
	test_crc32c();
	test_crc32();
	test_sha256();
	return check_report("hash");
}
