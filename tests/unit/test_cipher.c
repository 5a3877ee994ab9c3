/* Sealing: opened again by the same key only, with the same bytes beside it, unchanged in every
 * bit; and the published vector of AES-256-GCM, which shows that it is that cipher. */
#include "base/cipher.h"

#include "check.h"

/* NIST GCM test case 15, without the last block: key, nonce, plain text, cipher text and tag. */
static void test_vector(void)
{
	static const uint8_t
	    sealed
	        [] =
	            {
	                0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8,
	                0x88, /* nonce */
	                0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4, 0x7f, 0x37,
	                0xa3, 0x2a, 0x84, 0x42, 0x7d, 0x64, 0x3a, 0x8c, 0xdc, 0xbf, 0xe5,
	                0xc0, 0xc9, 0x75, 0x98, 0xa2, 0xbd, 0x25, 0x55, 0xd1, 0xaa, 0x8c,
	                0xb0, 0x8e, 0x48, 0x59, 0x0d, 0xbb, 0x3d, 0xa7, 0xb0, 0x8b, 0x10,
	                0x56, 0x82, 0x88, 0x38, 0xc5, 0xf6, 0x1e, 0x63, 0x93, 0xba, 0x7a,
	                0x0a, 0xbc, 0xc9, 0xf6, 0x62, 0x89, 0x80, 0x15, 0xad, /* cipher text */
	                0xb0, 0x94, 0xda, 0xc5, 0xd9, 0x34, 0x71, 0xbd, 0xec, 0x1a, 0x50,
	                0x22, 0x70, 0xe3, 0xcc, 0x6c, /* tag */
	            };
	static const struct cipher_key key = {{0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
	                                       0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
	                                       0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
	                                       0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08}};
	struct buf plain;

	buf_init(&plain, 1000);
	if (CHECK(cipher_open(&plain, &key, (struct str){(const char *)sealed, sizeof sealed},
	                      STR("")) == 0))
		CHECK(plain.len == 64 && (uint8_t)plain.ptr[0] == 0xd9 &&
		      (uint8_t)plain.ptr[63] == 0x55);
	buf_release(&plain);
}

static void test_changes_show(void)
{
	struct cipher_key key = cipher_key_of(STR("a secret"), STR("tests"));
	struct cipher_key other = cipher_key_of(STR("a secret"), STR("others"));
	struct buf sealed, twice, plain;
	struct str text = STR("what nobody else may read");

	buf_init(&sealed, 1000);
	buf_init(&twice, 1000);
	buf_init(&plain, 1000);
	cipher_seal(&sealed, &key, text, STR("7"));
	cipher_seal(&twice, &key, text, STR("7"));
	CHECK(sealed.len == text.len + CIPHER_EXTRA_BYTES);
	CHECK(!str_eq(buf_str(&sealed), buf_str(&twice)));
	CHECK(cipher_open(&plain, &key, buf_str(&sealed), STR("7")) == 0);
	CHECK_STR(buf_str(&plain), text);
	CHECK(cipher_open(&plain, &other, buf_str(&sealed), STR("7")) < 0);
	CHECK(cipher_open(&plain, &key, buf_str(&sealed), STR("8")) < 0);
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.ptr[i] ^= 1;
		CHECK(cipher_open(&plain, &key, buf_str(&sealed), STR("7")) < 0);
		sealed.ptr[i] ^= 1;
		CHECK(cipher_open(&plain, &key, str_part(buf_str(&sealed), 0, i), STR("7")) < 0);
	}
	CHECK_STR(buf_str(&plain), text);
	buf_clear(&sealed);
	cipher_seal(&sealed, &key, STR(""), STR(""));
	CHECK(cipher_open(&plain, &key, buf_str(&sealed), STR("")) == 0 && plain.len == text.len);
	buf_release(&sealed);
	buf_release(&twice);
	buf_release(&plain);
}

int main(void)
{
	test_vector();
	test_changes_show();
	return check_report("cipher");
}
