/* What the two sides of TLS have in common. Private to tls*.c. */
#ifndef BASE_TLS_OWN_H
#define BASE_TLS_OWN_H

#include "base/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

struct tls {
	SSL *ssl;
	struct tls_client *client; /* of these two one is NULL */
	struct tls_server *server;
	enum tls_state state;
	struct str input;
	struct buf output;
	char problem[192];
};

/* A connection that has not begun: tls_shake begins it, once its side is set. */
struct tls *tls_make(SSL_CTX *);
void tls_shake(struct tls *);

/* The oldest error of OpenSSL's queue, in words. */
const char *tls_first_reason(void);
/* "WHAT NAME: why", from OpenSSL's queue, which is emptied. -1, always. */
int tls_refuse_file(struct buf *out_problem, const char *what, struct str name);
/* For SSL_CTX_set_default_passwd_cb: encrypted keys are refused without asking. */
int tls_no_passphrase(char *out, int room, int writing, void *arg);

#endif
