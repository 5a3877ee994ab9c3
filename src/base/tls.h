/* TLS 1.2 and 1.3 as a pure state object: cipher bytes in, plain bytes out and the other way
 * round; no sockets, no loop.
 *
 * 	t = tls_new(client); or tls_accept(server);  whoever owns the socket:
 * 	tls_output(t)                              bytes that must go to the peer; drop what is gone
 * 	tls_feed(t, cipher);                       bytes that came from the peer, borrowed...
 * 	while ((n = tls_read(t, room, sizeof room)))   ...until this gives 0
 * 		use(room, n);
 * 	tls_state(t)                               TLS_OPEN: tls_write may be called
 *
 * A server's certificate is always verified: against ca_file or the system's store, and against
 * the host's name or address (RFC 9525). Nothing turns that off. Clients are not asked for theirs.
 *
 * THREADS: a tls_contexts and all that is made of it belong to one thread; a tls_server may be
 * shared. */
#ifndef BASE_TLS_H
#define BASE_TLS_H

#include "base/buf.h"

enum {
	TLS_OUTPUT_BYTES = 256 * 1024,
	TLS_WRITE_BYTES = 64 * 1024,
	TLS_CERTS_MAX = 16 /* of one server */
};

struct tls_files {
	struct str ca_file;   /* PEM; empty: the system's store */
	struct str cert_file; /* PEM chain of a client certificate; empty: none */
	struct str key_file;  /* PEM, not encrypted; empty: in cert_file */
};

struct tls_contexts; /* what was read from files, kept by their names */
struct tls_client;   /* one peer: whom to expect, and the session to resume with it; counted */
struct tls_server;   /* what we are to clients; counted */
struct tls;          /* one connection */

struct tls_contexts *tls_contexts_new(void);
void tls_contexts_free(struct tls_contexts **); /* clients live on */
void tls_contexts_clear(struct tls_contexts *); /* the files are read anew when next asked for */

/* `host` is a name (then also sent as SNI) or an address without brackets. NULL: `out_problem`
 * says in words which file is wrong and how. */
struct tls_client *tls_client_new(struct tls_contexts *, const struct tls_files *, struct str host,
                                  struct buf *out_problem);
void tls_client_put(struct tls_client **); /* connections live on */

struct tls_cert {
	struct str cert_file; /* PEM, the chain behind the certificate */
	struct str key_file;  /* PEM, not encrypted; empty: in cert_file */
};

/* What is shown to clients: certificates, the first of them also to those that name none of the
 * hosts that they are for. Counted. Files are read in tls_server_add and never again; both names
 * end with a NUL. */
struct tls_server *tls_server_new(bool speaks_http2);
/* -1: `out_problem` says in words which file is wrong and how. Else how long the certificate is
 * still good for; negative: it is not any more. */
int tls_server_add(struct tls_server *, const struct tls_cert *, int64_t *out_seconds_left,
                   struct buf *out_problem) MUST_USE;
struct tls_server *tls_server_get(struct tls_server *);
void tls_server_put(struct tls_server **); /* connections live on */

enum tls_state {
	TLS_SHAKING, /* hands */
	TLS_OPEN,
	TLS_CLOSED, /* the peer said that nothing more will come (close_notify) */
	TLS_FAILED, /* see tls_problem */
};

struct tls *tls_new(struct tls_client *);    /* the first message is in tls_output */
struct tls *tls_accept(struct tls_server *); /* which has a certificate */
void tls_free(struct tls **);
enum tls_state tls_state(const struct tls *);
bool tls_was_resumed(const struct tls *);
bool tls_speaks_http2(const struct tls *); /* as agreed (ALPN); in TLS_OPEN */

/* The bytes must stay in place until tls_read has given 0. */
void tls_feed(struct tls *, struct str cipher);
/* Decrypted bytes, at most `room`; goes on with the handshake too. 0: all that was fed is used
 * up, or the state is TLS_CLOSED or TLS_FAILED. */
size_t tls_read(struct tls *, char *out, size_t room) MUST_USE;

/* Encrypts all of it (at most TLS_WRITE_BYTES) behind tls_output. -1: the state is TLS_FAILED
 * now. Only in TLS_OPEN. */
int tls_write(struct tls *, struct str plain) MUST_USE;
struct buf *tls_output(struct tls *);
void tls_say_close(struct tls *); /* close_notify behind tls_output; harmless in any state */

/* "certificate verify failed: self-signed certificate"; empty unless TLS_FAILED. */
struct str tls_problem(const struct tls *);

#endif
