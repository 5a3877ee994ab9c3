/* Reading the key and signing with it. What was copied of the key is wiped. Signing takes about a
 * millisecond: called by the keeper's thread, and once when a configuration is read to see that the
 * key is one. */
#include "provider/jwt.h"

#include "base/encode.h"
#include "base/json_read.h"
#include "base/json_write.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

enum { PART_BYTES_MAX = 16 * 1024, SIGNATURE_BYTES_MAX = 1024, LIFE_S = 3600 };

struct account {
	struct str email, key_id;
	EVP_PKEY *key;
};

/* A key that is sealed with a passphrase is none of ours: nobody is asked for it. */
static int no_passphrase(char *out, int room, int writes, void *arg)
{
	(void)out;
	(void)room;
	(void)writes;
	(void)arg;
	return 0;
}

static EVP_PKEY *read_pem(struct str pem)
{
	BIO *bytes = pem.len && pem.len < INT_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
	EVP_PKEY *key = bytes ? PEM_read_bio_PrivateKey(bytes, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bytes);
	ERR_clear_error();
	if (key && !EVP_PKEY_is_a(key, "RSA")) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static int read_account(const struct json *doc, struct arena *arena, struct account *out,
                        struct fail *f)
{
	uint32_t root = json_root(doc);

	if (!json_text_is(doc, json_get(doc, root, STR("type")), STR("service_account")))
		return fail(f, FAIL_CONFIG,
		            "the key file is no service account's (its `type` is "
		            "not service_account)");
	out->email = json_text(doc, json_get(doc, root, STR("client_email")), arena);
	out->key_id = json_text(doc, json_get(doc, root, STR("private_key_id")), arena);
	out->key = read_pem(json_text(doc, json_get(doc, root, STR("private_key")), arena));
	if (out->email.len == 0 || out->key == NULL)
		return fail(f, FAIL_CONFIG, "the key file has no %s",
		            out->email.len ? "`private_key` that is an RSA key in PEM"
		                           : "`client_email`");
	return 0;
}

static void put_head(struct buf *out, const struct account *account)
{
	struct json_writer w;
	struct buf text;

	buf_init(&text, PART_BYTES_MAX);
	json_writer_init(&w, &text);
	json_open_object(&w);
	json_key_text(&w, STR("alg"), STR("RS256"));
	json_key_text(&w, STR("typ"), STR("JWT"));
	if (account->key_id.len)
		json_key_text(&w, STR("kid"), account->key_id);
	json_close_object(&w);
	encode_base64url(out, buf_str(&text));
	buf_release(&text);
}

static void put_claims(struct buf *out, const struct account *account, const struct jwt_ask *ask)
{
	struct json_writer w;
	struct buf text;

	buf_init(&text, PART_BYTES_MAX);
	json_writer_init(&w, &text);
	json_open_object(&w);
	json_key_text(&w, STR("iss"), account->email);
	json_key_text(&w, STR("scope"), ask->scope);
	json_key_text(&w, STR("aud"), ask->audience);
	json_key_i64(&w, STR("iat"), ask->now_s);
	json_key_i64(&w, STR("exp"), ask->now_s + LIFE_S);
	json_close_object(&w);
	encode_base64url(out, buf_str(&text));
	buf_release(&text);
}

/* Behind the dot that ends what is signed. */
static int put_signature(struct buf *out, EVP_PKEY *key, struct str text, struct fail *f)
{
	unsigned char signature[SIGNATURE_BYTES_MAX];
	size_t len = sizeof signature;
	EVP_MD_CTX *work = EVP_MD_CTX_new();
	bool is_signed =
	    work && EVP_DigestSignInit(work, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(work, signature, &len, (const unsigned char *)text.ptr, text.len) == 1;

	EVP_MD_CTX_free(work);
	if (!is_signed)
		return fail(f, FAIL_CONFIG, "the key file's key cannot sign");
	buf_put_byte(out, '.');
	encode_base64url(out, (struct str){(const char *)signature, len});
	return 0;
}

static int put_token(struct buf *out, const struct account *account, const struct jwt_ask *ask,
                     struct fail *f)
{
	struct buf text;
	int result;

	buf_init(&text, 4 * PART_BYTES_MAX);
	put_head(&text, account);
	buf_put_byte(&text, '.');
	put_claims(&text, account, ask);
	buf_put(out, buf_str(&text));
	result = put_signature(out, account->key, buf_str(&text), f);
	buf_release(&text);
	return result;
}

int jwt_put(struct buf *out, const struct jwt_ask *ask, struct fail *f)
{
	struct account account = {.key = NULL};
	struct json_error error;
	struct arena arena;
	struct json doc;
	int result;

	arena_init(&arena);
	json_init(&doc);
	if (json_read(&doc, ask->key_json, &error) < 0)
		result = fail(f, FAIL_CONFIG, "the key file is not JSON");
	else
		result = read_account(&doc, &arena, &account, f);
	if (result == 0)
		result = put_token(out, &account, ask, f);
	EVP_PKEY_free(account.key);
	json_release(&doc);
	arena_wipe(&arena);
	return result;
}
