/* A server for tests: one thread that plays a script over blocking sockets on 127.0.0.1, in
 * plain or with TLS. Nothing waits longer than SERVER_PATIENCE_MS. */
#ifndef TESTS_UNIT_SERVER_H
#define TESTS_UNIT_SERVER_H

#include "base/clock.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

enum { SERVER_PATIENCE_MS = 60 * 1000 }; /* of slow machines, too */

struct server {
	int listener;
	int port;
	int family; /* 0: AF_INET */
	SSL_CTX *ctx;
	pthread_t thread;
	void (*script)(struct server *);
	int accepted;
	char request[65536]; /* the last one read, with a NUL */
	size_t request_len;
};

struct peer {
	int fd; /* -1: nobody came */
	SSL *ssl;
};

__attribute__((unused)) static int server_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 3; /* ".", ".." and the directory itself */
}

static void *server_run(void *arg)
{
	struct server *s = arg;

	s->script(s);
	return NULL;
}

/* A listener on a free port of the loopback. */
static void server_listen(struct server *s)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof v6;

	signal(SIGPIPE, SIG_IGN);
	s->listener = socket(s->family ? s->family : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(s->listener >= 0);
	if (s->family == AF_INET6)
		must(bind(s->listener, (struct sockaddr *)&v6, sizeof v6) == 0);
	else
		must(bind(s->listener, (struct sockaddr *)&v4, sizeof v4) == 0);
	must(listen(s->listener, 512) == 0);
	must(getsockname(s->listener, (struct sockaddr *)&v6, &len) == 0);
	s->port = ntohs(v6.sin6_port); /* at the same place in both */
}

__attribute__((unused)) static void server_start(struct server *s, void (*script)(struct server *))
{
	server_listen(s);
	s->script = script;
	must(pthread_create(&s->thread, NULL, server_run, s) == 0);
}

/* After the script has come to its end. */
__attribute__((unused)) static void server_join(struct server *s)
{
	must(pthread_join(s->thread, NULL) == 0);
	close(s->listener);
	SSL_CTX_free(s->ctx);
}

static bool server_waits(int fd, int wait_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, wait_ms) == 1;
}

static struct peer server_accept(struct server *s)
{
	struct timeval patience = {.tv_sec = SERVER_PATIENCE_MS / 1000};
	struct peer p = {.fd = -1};
	int on = 1;

	if (!server_waits(s->listener, SERVER_PATIENCE_MS))
		return p;
	p.fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	must(p.fd >= 0);
	s->accepted++;
	setsockopt(p.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(p.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(p.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (s->ctx) {
		p.ssl = SSL_new(s->ctx);
		SSL_set_fd(p.ssl, p.fd);
		SSL_accept(p.ssl);
	}
	return p;
}

static ssize_t peer_read(struct peer *p, char *out, size_t room)
{
	return p->ssl ? SSL_read(p->ssl, out, (int)room) : recv(p->fd, out, room, 0);
}

static void peer_say_part(struct peer *p, const char *bytes, size_t len)
{
	ssize_t n = 1;

	for (; len && n > 0; bytes += n, len -= (size_t)n)
		n = p->ssl ? SSL_write(p->ssl, bytes, (int)len) : send(p->fd, bytes, len, 0);
}

static void peer_say(struct peer *p, const char *text)
{
	peer_say_part(p, text, strlen(text));
}

__attribute__((unused)) static void peer_say_slowly(struct peer *p, const char *text)
{
	for (; *text; text++) {
		peer_say_part(p, text, 1);
		usleep(300);
	}
}

static void peer_close(struct peer *p)
{
	if (p->ssl)
		SSL_shutdown(p->ssl);
	SSL_free(p->ssl);
	if (p->fd >= 0)
		close(p->fd);
	*p = (struct peer){.fd = -1};
}

/* Reads nothing until the other side has gone, or for so long. */
__attribute__((unused)) static void peer_sit(const struct peer *p, int most_ms)
{
	struct pollfd wait = {.fd = p->fd, .events = POLLRDHUP};

	(void)poll(&wait, 1, most_ms);
}

/* Without close_notify. */
__attribute__((unused)) static void peer_cut(struct peer *p)
{
	if (p->ssl)
		SSL_set_quiet_shutdown(p->ssl, 1);
	peer_close(p);
}

__attribute__((unused)) static void peer_reset(struct peer *p)
{
	struct linger now = {.l_onoff = 1};

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	peer_cut(p);
}

/* Head and, by its Content-Length, body; into s->request. Gives false when the peer closed
 * before. */
__attribute__((unused)) static bool peer_read_request(struct server *s, struct peer *p)
{
	size_t want = SIZE_MAX;
	ssize_t n;

	s->request_len = 0;
	while (s->request_len < want && s->request_len < sizeof s->request - 1) {
		char *head_end, *length;

		n = peer_read(p, s->request + s->request_len,
		              sizeof s->request - 1 - s->request_len);
		if (n <= 0)
			return false;
		s->request_len += (size_t)n;
		s->request[s->request_len] = '\0';
		head_end = strstr(s->request, "\r\n\r\n");
		if (head_end == NULL)
			continue;
		length = strcasestr(s->request, "content-length:");
		want = (size_t)(head_end + 4 - s->request);
		if (length && length < head_end)
			want += strtoul(length + 15, NULL, 10);
	}
	return true;
}

/* Reads away what comes until the end; false: it did not end. */
__attribute__((unused)) static bool peer_wait_end(struct peer *p)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(p->fd, bytes, sizeof bytes, 0)) > 0)
		;
	return n == 0 || errno == ECONNRESET;
}

#endif
