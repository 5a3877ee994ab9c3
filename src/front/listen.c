/* Listening sockets, and the front of one loop.
 *
 * Each loop listens with a socket of its own on the same address (SO_REUSEPORT), so the kernel
 * deals connections out; unix sockets know no such thing, there all loops accept from one. A
 * second process must not join in by accident, though SO_REUSEPORT would let it: the first
 * socket on an address is bound without, tried and closed again. TCP_NODELAY and keep-alive
 * probes are set on the listening socket; Linux hands them down to what is accepted.
 *
 * Called by main. THREADS: the table of addresses of this process, under a mutex, touched only
 * when listening begins and ends; all else belongs to the front's loop. */
#include "front/listen.h"

#include "base/clock.h"
#include "front/conn.h"
#include "front/inherit.h"
#include "limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { BACKLOG = 4096, PROBE_IDLE_S = 120, PROBE_EVERY_S = 30, PROBES = 4 };

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un un;
};

/* One address on which this process listens, with any number of sockets. */
struct bound {
	struct list_node node;
	union address address;
	socklen_t len;
	int fd;      /* the one that all share: of unix sockets, and where a TCP socket that
	              * was inherited shares its port with nobody; else -1 */
	ino_t inode; /* unix: of the file that we made */
	int user_count;
};

struct listener {
	uv_tcp_t tcp;
	struct front *front;
	struct bound *bound;
	struct front_manner manner;
};

static pthread_mutex_t bounds_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list bounds = {{&bounds.head, &bounds.head}};

/* --- addresses --- */

static int read_port(struct str text, in_port_t *out_port)
{
	int64_t port;

	if (str_to_i64(text, 0, 65535, &port) != 0)
		return -1;
	*out_port = htons((uint16_t)port);
	return 0;
}

static int read_unix(struct str path, union address *out, socklen_t *out_len)
{
	if (path.len == 0 || path.len >= sizeof out->un.sun_path)
		return -1;
	out->un.sun_family = AF_UNIX;
	memcpy(out->un.sun_path, path.ptr, path.len);
	*out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
	return 0;
}

static int read_ip(struct str text, union address *out, socklen_t *out_len)
{
	char host[INET6_ADDRSTRLEN] = {0};
	bool six = text.len && text.ptr[0] == '[';
	size_t end = str_find_byte(text, six ? ']' : ':');
	struct str name = str_part(text, six, end - six);
	struct str port = str_part(text, end + 1 + six, SIZE_MAX);

	if (name.len == 0 || name.len >= sizeof host ||
	    (six && !str_starts_with(str_part(text, end, 2), STR("]:"))))
		return -1;
	memcpy(host, name.ptr, name.len);
	*out_len = six ? sizeof out->six : sizeof out->four;
	out->any.sa_family = six ? AF_INET6 : AF_INET;
	if (six)
		return inet_pton(AF_INET6, host, &out->six.sin6_addr) == 1
		           ? read_port(port, &out->six.sin6_port)
		           : -1;
	return inet_pton(AF_INET, host, &out->four.sin_addr) == 1
	           ? read_port(port, &out->four.sin_port)
	           : -1;
}

static int read_address(struct str text, union address *out, socklen_t *out_len)
{
	*out = (union address){.un = {0}};
	if (str_starts_with(text, STR("unix:")))
		return read_unix(str_part(text, 5, SIZE_MAX), out, out_len);
	return read_ip(text, out, out_len);
}

/* --- sockets --- */

static void set_option(int fd, int level, int name, int value)
{
	must(setsockopt(fd, level, name, &value, sizeof value) == 0);
}

/* A bound socket, or -1 with errno. */
static int bind_socket(const union address *a, socklen_t len, bool shared)
{
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), reason;

	if (fd < 0)
		return -1;
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (a->any.sa_family != AF_UNIX) {
		set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
		set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
		set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, PROBE_IDLE_S);
		set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY_S);
		set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
	}
	if (a->any.sa_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (shared)
		set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (bind(fd, &a->any, len) == 0)
		return fd;
	reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

/* Whether somebody answers on that unix socket. */
static bool is_alive(const union address *a, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive = fd >= 0 && connect(fd, &a->any, len) == 0;

	if (fd >= 0)
		close(fd);
	return alive;
}

/* The file of a process that has died is in the way of the next one. */
static int bind_unix(const union address *a, socklen_t len)
{
	struct stat was;

	if (lstat(a->un.sun_path, &was) == 0 && S_ISSOCK(was.st_mode) && !is_alive(a, len))
		unlink(a->un.sun_path);
	return bind_socket(a, len, false);
}

/* Nobody else listens there: a socket that shares with nobody can be bound. */
static int try_alone(const union address *a, socklen_t len)
{
	int fd = bind_socket(a, len, false);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* --- the table of this process --- */

static struct bound *find_bound(const union address *a, socklen_t len)
{
	for (struct list_node *n = bounds.head.next; n != &bounds.head; n = n->next) {
		struct bound *b = LIST_OBJECT(n, struct bound, node);

		if (b->len == len && memcmp(&b->address, a, len) == 0)
			return b;
	}
	return NULL;
}

static struct bound *add_bound(const union address *a, socklen_t len)
{
	struct bound *b = mem_get(sizeof *b);

	*b = (struct bound){.address = *a, .len = len, .fd = -1};
	list_push(&bounds, &b->node);
	return b;
}

static void remove_bound_file(struct bound *b)
{
	struct stat now;

	if (b->fd < 0)
		return;
	close(b->fd);
	if (b->address.any.sa_family == AF_UNIX && !inherit_is_handed_over() &&
	    stat(b->address.un.sun_path, &now) == 0 && now.st_ino == b->inode)
		unlink(b->address.un.sun_path);
}

static void put_bound(struct bound *b)
{
	pthread_mutex_lock(&bounds_lock);
	if (--b->user_count == 0) {
		remove_bound_file(b);
		list_remove(&b->node);
		mem_put(b);
	}
	pthread_mutex_unlock(&bounds_lock);
}

static int open_first_unix(const union address *a, socklen_t len, struct bound **out)
{
	struct stat made;
	int fd = inherit_take(&a->any, len);

	if (fd < 0)
		fd = bind_unix(a, len);
	if (fd < 0)
		return -1;
	*out = add_bound(a, len);
	(*out)->fd = fd;
	(*out)->inode = stat(a->un.sun_path, &made) == 0 ? made.st_ino : 0;
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static bool shares_port(int fd)
{
	int value = 0;
	socklen_t len = sizeof value;

	return getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &len) == 0 && value;
}

/* A socket that was inherited, if there is one; systemd's may be the only one on its port. */
static int take_tcp(const union address *a, socklen_t len, struct bound **inout)
{
	int fd = inherit_take(&a->any, len);

	if (fd < 0)
		return -1;
	if (*inout == NULL)
		*inout = add_bound(a, len);
	if (shares_port(fd) || (*inout)->fd >= 0)
		return fd;
	(*inout)->fd = fd;
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* Port 0 becomes what the kernel chose, so that the next loop finds it in the table. */
static int open_tcp(union address *a, socklen_t len, struct bound **inout)
{
	int fd = take_tcp(a, len, inout);

	if (fd >= 0)
		return fd;
	if (*inout && (*inout)->fd >= 0)
		return fcntl((*inout)->fd, F_DUPFD_CLOEXEC, 0);
	if (*inout == NULL && try_alone(a, len) != 0)
		return -1;
	fd = bind_socket(a, len, true);
	if (fd < 0)
		return -1;
	must(getsockname(fd, &a->any, &len) == 0);
	if (*inout == NULL)
		*inout = add_bound(a, len);
	return fd;
}

/* A bound socket for one more loop. -1: errno says why. */
static int open_socket(union address *a, socklen_t len, struct bound **out)
{
	int fd;

	pthread_mutex_lock(&bounds_lock);
	*out = find_bound(a, len);
	if (a->any.sa_family != AF_UNIX)
		fd = open_tcp(a, len, out);
	else if (*out)
		fd = fcntl((*out)->fd, F_DUPFD_CLOEXEC, 0);
	else
		fd = open_first_unix(a, len, out);
	if (fd >= 0)
		(*out)->user_count++;
	pthread_mutex_unlock(&bounds_lock);
	return fd;
}

/* --- the front --- */

struct front *front_new(struct loop *loop, const struct front_server *server)
{
	struct front *f = mem_get(sizeof *f);

	f->loop = loop;
	f->server = *server;
	f->date_s = -1;
	f->conn_max = LIMIT_CONNECTIONS;
	list_init(&f->open);
	list_init(&f->closing);
	return f;
}

void front_set_connections(struct front *front, int max)
{
	front->conn_max = max;
}

void front_free(struct front **front)
{
	struct front *f = *front;

	*front = NULL;
	if (f == NULL)
		return;
	front_stop_listening(f);
	must(f->conn_count == 0);
	while (f->spare_count)
		arena_release(&f->spares[--f->spare_count]);
	mem_put((void *)(uintptr_t)f->trust.ranges);
	mem_put(f);
}

static void on_listener_closed(uv_handle_t *handle)
{
	mem_put(handle->data);
}

static void close_listener(struct listener *l)
{
	uv_os_fd_t fd;

	tls_server_put(&l->manner.tls);
	if (uv_fileno((uv_handle_t *)&l->tcp, &fd) == 0)
		inherit_forget(fd);
	put_bound(l->bound);
	uv_close((uv_handle_t *)&l->tcp, on_listener_closed);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct listener *l = stream->data;

	loop_woke(l->front->loop);
	if (status == 0)
		conn_accept(l->front, stream, &l->manner,
		            l->bound->address.any.sa_family == AF_UNIX);
}

static struct listener *add_listener(struct front *front, int fd, struct bound *bound)
{
	struct listener *l = mem_get(sizeof *l);

	l->front = front;
	l->bound = bound;
	must(uv_tcp_init(&front->loop->uv, &l->tcp) == 0);
	l->tcp.data = l;
	must(uv_tcp_open(&l->tcp, fd) == 0);
	inherit_note(fd);
	return l;
}

static int fail_to_listen(struct str address, int reason, struct fail *f)
{
	return fail(f, FAIL_CONFIG, "cannot listen on %.*s: %s", STR_ARG(address),
	            uv_strerror(reason));
}

int front_listen(struct front *front, struct str address, struct fail *f)
{
	union address a;
	socklen_t len;
	struct bound *bound;
	struct listener *l;
	int fd, reason;

	if (front->listener_count == FRONT_LISTENERS)
		return fail(f, FAIL_CONFIG, "more than %d addresses to listen on", FRONT_LISTENERS);
	if (read_address(address, &a, &len) != 0)
		return fail(f, FAIL_CONFIG,
		            "cannot listen on \"%.*s\": write 127.0.0.1:8686, [::1]:8686 or "
		            "unix:/path",
		            STR_ARG(address));
	fd = open_socket(&a, len, &bound);
	if (fd < 0)
		return fail_to_listen(address, -errno, f);
	l = add_listener(front, fd, bound);
	reason = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
	if (reason != 0) {
		close_listener(l);
		return fail_to_listen(address, reason, f);
	}
	front->listeners[front->listener_count++] = l;
	return 0;
}

static void set_manner(struct listener *l, const struct front_manner *manner)
{
	if (manner->tls)
		tls_server_get(manner->tls);
	tls_server_put(&l->manner.tls);
	l->manner = *manner;
}

/* Of all sockets on that address: there may be inherited ones. */
void front_set_manner(struct front *front, int index, const struct front_manner *manner)
{
	const struct bound *bound;

	must(index >= 0 && index < front->listener_count);
	bound = front->listeners[index]->bound;
	for (int i = 0; i < front->listener_count; i++)
		if (front->listeners[i]->bound == bound)
			set_manner(front->listeners[i], manner);
}

void front_set_trust(struct front *front, const struct front_trust *trust)
{
	size_t bytes = (size_t)trust->count * sizeof *trust->ranges;
	struct cidr *copy = trust->count ? mem_get(bytes) : NULL;

	if (copy)
		memcpy(copy, trust->ranges, bytes);
	mem_put((void *)(uintptr_t)front->trust.ranges);
	front->trust = *trust;
	front->trust.ranges = copy;
}

/* A socket of its own that was lent for that address. Of a unix socket all that are lent are one,
 * which is in use already. */
static int take_own(const struct listener *l)
{
	const struct bound *b = l->bound;
	int fd = inherit_take(&b->address.any, b->len);

	while (fd >= 0 && b->address.any.sa_family == AF_UNIX) {
		close(fd);
		fd = inherit_take(&b->address.any, b->len);
	}
	return fd;
}

/* `out`: the listener that this front has on its address. */
static int take_rest(struct front *front, struct listener **out)
{
	int fd = -1;

	pthread_mutex_lock(&bounds_lock);
	for (int i = 0; i < front->listener_count && fd < 0; i++) {
		*out = front->listeners[i];
		fd = take_own(*out);
		(*out)->bound->user_count += fd >= 0;
	}
	pthread_mutex_unlock(&bounds_lock);
	return fd;
}

bool front_listen_rest(struct front *front)
{
	struct listener *l, *like;
	int fd = front->listener_count < FRONT_LISTENERS ? take_rest(front, &like) : -1;

	if (fd < 0)
		return false;
	l = add_listener(front, fd, like->bound);
	set_manner(l, &like->manner);
	must(uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection) == 0);
	front->listeners[front->listener_count++] = l;
	return true;
}

struct str front_address(const struct front *front, int index, struct arena *arena)
{
	const struct bound *b;
	char host[INET6_ADDRSTRLEN];

	must(index >= 0 && index < front->listener_count);
	b = front->listeners[index]->bound;
	if (b->address.any.sa_family == AF_UNIX)
		return arena_printf(arena, "unix:%s", b->address.un.sun_path);
	if (b->address.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &b->address.six.sin6_addr, host, sizeof host);
		return arena_printf(arena, "[%s]:%d", host, ntohs(b->address.six.sin6_port));
	}
	inet_ntop(AF_INET, &b->address.four.sin_addr, host, sizeof host);
	return arena_printf(arena, "%s:%d", host, ntohs(b->address.four.sin_port));
}

void front_stop_listening(struct front *front)
{
	while (front->listener_count)
		close_listener(front->listeners[--front->listener_count]);
}

static void for_each_conn(struct front *front, void (*visit)(struct conn *))
{
	struct list_node *node = front->open.head.next;

	while (node != &front->open.head) {
		struct conn *c = LIST_OBJECT(node, struct conn, node);

		node = node->next;
		visit(c);
	}
}

void front_leave(struct front *front)
{
	front->is_leaving = true;
	for_each_conn(front, conn_leave);
}

void front_drain(struct front *front)
{
	front->is_leaving = front->is_draining = true;
	for_each_conn(front, conn_drain);
}

/* Telling an owner may close other streams, so each round begins at the list's head again. */
void front_cut_all(struct front *front)
{
	struct list_node *node;

	while ((node = list_first(&front->open)))
		conn_cut(LIST_OBJECT(node, struct conn, node));
}

int front_connections(const struct front *front)
{
	return front->conn_count;
}

void front_close(struct front **front)
{
	struct front *f = *front;

	if (f == NULL)
		return;
	front_stop_listening(f);
	front_cut_all(f);
	while (f->conn_count)
		uv_run(&f->loop->uv, UV_RUN_ONCE);
	front_free(front);
}

struct str front_date(struct front *front)
{
	int64_t now_ms = clock_wall_ms();
	struct buf text;

	if (now_ms / 1000 != front->date_s) {
		buf_init(&text, 64);
		clock_put_http_date(&text, now_ms);
		must(text.len < sizeof front->date);
		memcpy(front->date, text.ptr, text.len);
		front->date_len = text.len;
		front->date_s = now_ms / 1000;
		buf_release(&text);
	}
	return (struct str){front->date, front->date_len};
}
