/* TLS over OpenSSL 3, with memory on both sides of it.
 *
 * 	socket --cipher--> tls_feed  -> [span BIO | SSL | buf BIO] -> tls_read  --plain--> caller
 * 	socket <--cipher-- tls_output <-[                        ] <- tls_write <--plain-- caller
 *
 * The BIO is our own: reading takes from the caller's span without a copy between, writing
 * appends to a buf that the caller sends and drops. tls_client.c and tls_server.c say what is
 * expected of the peer and shown to it.
 *
 * Called by upstream and front. Must never do I/O on sockets, or leave OpenSSL's error queue filled
 * for the next connection.
 *
 * THREADS: a connection belongs to one; the BIO's method is made once for all. */
#include "base/tls.h"

#include "base/tls_own.h"
#include "base/work.h"

#include <openssl/x509v3.h>
#include <pthread.h>

/* --- the BIO --- */

static int span_read(BIO *bio, char *out, int room)
{
	struct tls *t = BIO_get_data(bio);
	size_t len = t->input.len < (size_t)room ? t->input.len : (size_t)room;

	BIO_clear_retry_flags(bio);
	if (len == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(out, t->input.ptr, len);
	t->input = str_part(t->input, len, t->input.len);
	return (int)len;
}

static int span_write(BIO *bio, const char *bytes, int len)
{
	struct tls *t = BIO_get_data(bio);

	buf_put(&t->output, (struct str){bytes, (size_t)len});
	return buf_is_over(&t->output) ? -1 : len;
}

static long span_ctrl(BIO *bio, int command, long number, void *arg)
{
	(void)bio;
	(void)number;
	(void)arg;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *span_bio;
static pthread_once_t span_once = PTHREAD_ONCE_INIT;

/* One for the process: OpenSSL has not many numbers for such. */
static void make_span_bio(void)
{
	span_bio = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "span");
	must(span_bio && BIO_meth_set_read(span_bio, span_read));
	must(BIO_meth_set_write(span_bio, span_write) && BIO_meth_set_ctrl(span_bio, span_ctrl));
}

/* --- files --- */

int tls_no_passphrase(char *out, int room, int writing, void *arg)
{
	(void)out;
	(void)room;
	(void)writing;
	(void)arg;
	return 0;
}

/* The oldest error of the queue: what went wrong, before whoever called for it went wrong too. */
const char *tls_first_reason(void)
{
	unsigned long error = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error))
	                                             : ERR_reason_error_string(error);

	return reason ? reason : "unknown reason";
}

int tls_refuse_file(struct buf *out_problem, const char *what, struct str name)
{
	buf_printf(out_problem, "%s %.*s: %s", what, STR_ARG(name), tls_first_reason());
	ERR_clear_error();
	return -1;
}

/* --- connections --- */

static void note_failure(struct tls *t)
{
	long verified = SSL_get_verify_result(t->ssl);

	if (t->state == TLS_SHAKING && verified != X509_V_OK)
		snprintf(t->problem, sizeof t->problem, "certificate verify failed: %s",
		         X509_verify_cert_error_string(verified));
	else
		snprintf(t->problem, sizeof t->problem, "%s", tls_first_reason());
	ERR_clear_error();
	t->state = TLS_FAILED;
}

/* After any call into OpenSSL that gave `result` <= 0. */
static void note_result(struct tls *t, int result)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return;
	case SSL_ERROR_ZERO_RETURN:
		t->state = TLS_CLOSED;
		return;
	default:
		note_failure(t);
	}
}

void tls_shake(struct tls *t)
{
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(t->ssl);
	if (result == 1)
		t->state = TLS_OPEN;
	else
		note_result(t, result);
}

struct tls *tls_make(SSL_CTX *ctx)
{
	struct tls *t = mem_get(sizeof *t);
	BIO *bio;

	must(pthread_once(&span_once, make_span_bio) == 0);
	bio = BIO_new(span_bio);
	buf_init(&t->output, TLS_OUTPUT_BYTES);
	t->ssl = SSL_new(ctx);
	must(t->ssl && bio);
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_app_data(t->ssl, t);
	return t;
}

void tls_free(struct tls **tls)
{
	struct tls *t = *tls;

	if (t == NULL)
		return;
	/* Otherwise OpenSSL takes an unfinished close for a broken session and spoils it for the
	 * next one. */
	SSL_set_quiet_shutdown(t->ssl, 1);
	SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	tls_client_put(&t->client);
	tls_server_put(&t->server);
	buf_release(&t->output);
	mem_put(t);
	*tls = NULL;
}

enum tls_state tls_state(const struct tls *t)
{
	return t->state;
}

bool tls_was_resumed(const struct tls *t)
{
	return SSL_session_reused(t->ssl);
}

void tls_feed(struct tls *t, struct str cipher)
{
	must(t->input.len == 0);
	work_did(cipher.len);
	t->input = cipher;
}

size_t tls_read(struct tls *t, char *out, size_t room)
{
	size_t len = 0;

	if (t->state == TLS_SHAKING)
		tls_shake(t);
	if (t->state == TLS_OPEN) {
		int result;

		ERR_clear_error();
		result = SSL_read_ex(t->ssl, out, room, &len);
		if (result == 1)
			return len;
		note_result(t, result);
	}
	if (t->state != TLS_SHAKING && t->state != TLS_OPEN)
		t->input = STR("");
	must(t->input.len == 0);
	return 0;
}

int tls_write(struct tls *t, struct str plain)
{
	size_t written = 0;
	int result;

	must(t->state == TLS_OPEN && plain.len <= TLS_WRITE_BYTES);
	if (plain.len == 0)
		return 0;
	work_did(plain.len);
	ERR_clear_error();
	result = SSL_write_ex(t->ssl, plain.ptr, plain.len, &written);
	if (result == 1 && written == plain.len)
		return 0;
	note_failure(t);
	return -1;
}

struct buf *tls_output(struct tls *t)
{
	return &t->output;
}

void tls_say_close(struct tls *t)
{
	if (t->state != TLS_OPEN && t->state != TLS_CLOSED)
		return;
	ERR_clear_error();
	SSL_shutdown(t->ssl);
	ERR_clear_error();
}

struct str tls_problem(const struct tls *t)
{
	return str_of(t->problem);
}
