/* Loopback sockets for the bench rig (stub.c and load.c call it).
 *
 * Everything is IPv4 on 127.0.0.1, non-blocking, TCP_NODELAY. Connecting waits: the rig opens its
 * connections before it measures, and the order of opening is part of the plan. It must never be
 * linked into the daemon: it exits. */
#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/socket.h>

void rig_die(const char *format, ...)
{
	int saved = errno;
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	if (saved)
		fprintf(stderr, ": %s", strerror(saved));
	fputc('\n', stderr);
	exit(2);
}

static struct sockaddr_in loopback_address(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static void set_no_delay(int fd)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		rig_die("TCP_NODELAY");
}

int socket_listen(uint16_t port)
{
	struct sockaddr_in a = loopback_address(port);
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		rig_die("socket");
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 4096))
		rig_die("listen on 127.0.0.1:%u", port);
	return fd;
}

int socket_dial(uint16_t port)
{
	struct sockaddr_in a = loopback_address(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		rig_die("socket");
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
		rig_die("connect to 127.0.0.1:%u", port);
	set_no_delay(fd);
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		rig_die("O_NONBLOCK");
	return fd;
}

int socket_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		set_no_delay(fd);
	return fd;
}

void socket_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		rig_die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		rig_die("setrlimit");
}
