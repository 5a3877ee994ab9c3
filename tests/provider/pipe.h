/* One connection's bytes, over TLS or not. The owner gets and gives plain bytes. */
#ifndef TESTS_PROVIDER_PIPE_H
#define TESTS_PROVIDER_PIPE_H

#include "base/buf.h"

#include <openssl/ssl.h>
#include <uv.h>

struct pipe_events {
	void (*on_bytes)(void *owner, const char *bytes, size_t count);
	void (*on_end)(void *owner,
	               bool reset);      /* the other side closed (or half-closed), or reset */
	void (*on_drained)(void *owner); /* a write that had to wait is done */
	void (*on_closed)(void *owner);  /* last call; the memory may go */
};

struct pipe {
	uv_tcp_t tcp;
	SSL *tls; /* NULL: plain */
	BIO *cipher_in;
	BIO *cipher_out;
	const struct pipe_events *events;
	void *owner;
	size_t read_bytes;   /* the most to take in one read; 0: as comes */
	size_t queued_bytes; /* given to libuv, not yet with the kernel */
	bool closing;
};

void pipe_init(struct pipe *, uv_loop_t *, const struct pipe_events *, void *owner);
int pipe_accept(struct pipe *, uv_stream_t *listener, SSL_CTX *tls) MUST_USE;
void pipe_read(struct pipe *);
void pipe_pause(struct pipe *);
void pipe_write(struct pipe *, struct str bytes);
void pipe_half_close(struct pipe *); /* FIN after what was written */
void pipe_close(struct pipe *); /* FIN, or RST where unread bytes are left; twice is harmless */
void pipe_reset(struct pipe *); /* RST */

/* Appends "TLSv1.3 sni=NAME client=SUBJECT"; nothing for a plain connection. */
void pipe_describe_tls(const struct pipe *, struct buf *out);

/* A server's TLS settings. NULL: why is on standard error. No `ca`: clients need no certificate. */
SSL_CTX *pipe_tls_new(const char *certificate, const char *key, const char *ca);

#endif
