/* Certificates for tests, made on the spot: an authority, and what it or nobody signs. P-256, so
 * that making them costs nothing. */
#ifndef TESTS_UNIT_CERTS_H
#define TESTS_UNIT_CERTS_H

#include "base/str.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct cert {
	X509 *x509;
	EVP_PKEY *key;
};

static void cert_extend(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	must(extension && X509_add_ext(x509, extension, -1));
	X509_EXTENSION_free(extension);
}

/* `names` as in openssl.cnf: "DNS:localhost,IP:127.0.0.1"; NULL: an authority. `by` NULL: signed
 * by itself. */
static struct cert cert_make(const char *names, const struct cert *by, long seconds_left)
{
	static long serial = 1;
	struct cert c = {X509_new(), EVP_EC_gen("P-256")};
	X509_NAME *subject = X509_get_subject_name(c.x509);
	const char *name = names ? "server" : "test authority";

	must(X509_set_version(c.x509, 2) && X509_set_pubkey(c.x509, c.key));
	ASN1_INTEGER_set(X509_get_serialNumber(c.x509), serial++);
	X509_gmtime_adj(X509_getm_notBefore(c.x509), -86400);
	X509_gmtime_adj(X509_getm_notAfter(c.x509), seconds_left);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
	                           0);
	X509_set_issuer_name(c.x509, by ? X509_get_subject_name(by->x509) : subject);
	cert_extend(c.x509, NID_basic_constraints, names ? "CA:FALSE" : "critical,CA:TRUE");
	if (names)
		cert_extend(c.x509, NID_subject_alt_name, names);
	must(X509_sign(c.x509, by ? by->key : c.key, EVP_sha256()));
	return c;
}

static void cert_release(struct cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
}

/* Certificate and then key into one PEM file. */
__attribute__((unused)) static void cert_save(const struct cert *c, const char *path)
{
	FILE *file = fopen(path, "w");

	must(file && PEM_write_X509(file, c->x509));
	must(PEM_write_PrivateKey(file, c->key, NULL, NULL, 0, NULL, NULL));
	must(fclose(file) == 0);
}

__attribute__((unused)) static SSL_CTX *cert_server(const struct cert *c,
                                                    const struct cert *ask_client_of)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	must(SSL_CTX_use_certificate(ctx, c->x509) && SSL_CTX_use_PrivateKey(ctx, c->key));
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"test", 4);
	if (ask_client_of) {
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ask_client_of->x509);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	return ctx;
}

#endif
