/* Two short lists of descriptors: what came from the process before, and what is listened on now.
 *
 * Called by main at the start, by listen.c whenever a listener begins or ends, by the daemon when
 * it hands over. Must never close a socket that somebody listens on.
 *
 * THREADS: `lock` guards both lists. */
#include "front/inherit.h"

#include "base/list.h"
#include "base/must.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

struct fds {
	int fd[INHERIT_SOCKETS];
	int count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fds left, used;
static atomic_bool is_handed_over;

static bool listens(int fd)
{
	int value = 0;
	socklen_t len = sizeof value;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len) == 0 && value == SOCK_STREAM;
}

static void give_one(int fd)
{
	if (!listens(fd) || left.count == INHERIT_SOCKETS) {
		close(fd);
		return;
	}
	must(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
	must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
	left.fd[left.count++] = fd;
}

void inherit_give(int first, int count)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < count; i++)
		give_one(first + i);
	pthread_mutex_unlock(&lock);
}

static bool is_at(int fd, const struct sockaddr *address, socklen_t len)
{
	struct sockaddr_storage own;
	socklen_t own_len = sizeof own;

	memset(&own, 0, sizeof own);
	return getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 && own_len == len &&
	       memcmp(&own, address, len) == 0;
}

static int take_at(struct fds *from, int i)
{
	int fd = from->fd[i];

	from->fd[i] = from->fd[--from->count];
	return fd;
}

int inherit_take(const struct sockaddr *address, socklen_t len)
{
	int fd = -1;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < left.count && fd < 0; i++)
		if (is_at(left.fd[i], address, len))
			fd = take_at(&left, i);
	pthread_mutex_unlock(&lock);
	return fd;
}

void inherit_drop_rest(void)
{
	pthread_mutex_lock(&lock);
	while (left.count)
		close(take_at(&left, left.count - 1));
	pthread_mutex_unlock(&lock);
}

void inherit_note(int fd)
{
	pthread_mutex_lock(&lock);
	must(used.count < INHERIT_SOCKETS);
	used.fd[used.count++] = fd;
	pthread_mutex_unlock(&lock);
}

void inherit_forget(int fd)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < used.count; i++)
		if (used.fd[i] == fd) {
			take_at(&used, i);
			break;
		}
	pthread_mutex_unlock(&lock);
}

int inherit_list(int *out, int max)
{
	int count;

	pthread_mutex_lock(&lock);
	count = used.count < max ? used.count : max;
	memcpy(out, used.fd, (size_t)count * sizeof *out);
	pthread_mutex_unlock(&lock);
	return count;
}

void inherit_handed_over(void)
{
	atomic_store(&is_handed_over, true);
}

bool inherit_is_handed_over(void)
{
	return atomic_load(&is_handed_over);
}
