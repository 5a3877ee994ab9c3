/* The old process's side of a hand-over.
 *
 *	begin ──> under way ──"ready"──────────────────────> on_ready; the process is watched on
 *	                   \──ended, "failed", or too late──> on_failed
 *
 * The program is found as it was when this process was started, by the same name: the file may be
 * another by now, which is the point. It gets the listening sockets themselves (as descriptors),
 * so that the kernel's queues have one more reader and lose nobody.
 *
 * Called by the daemon. Must never close a listening socket: the daemon's workers do, each on its
 * own loop, when on_ready was called. */
#include "daemon/handover.h"

#include "base/arena.h"
#include "base/log.h"
#include "front/inherit.h"
#include "daemon/heir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { WORDS_MAX = 64 };

extern char **environ;

void handover_init(struct handover *h, const struct handover_options *options)
{
	*h = (struct handover){.options = *options, .talk_fd = -1};
}

/* ---- the end of a try ---- */

static void on_closed(uv_handle_t *handle)
{
	struct handover *h = handle->data;

	h->open_handles--;
}

static void hang_up(struct handover *h)
{
	if (h->talk_fd < 0)
		return;
	timer_cancel(&h->patience);
	uv_close((uv_handle_t *)&h->talk, on_closed);
	close(h->talk_fd);
	h->talk_fd = -1;
}

static struct str said(const struct handover *h)
{
	return (struct str){h->said, h->said_len};
}

static struct str why_failed(const struct handover *h, int64_t status, int signal_number)
{
	struct arena *scratch = &h->options.loop->scratch;

	if (h->is_late)
		return arena_printf(scratch, "it was not ready within %d s",
		                    HANDOVER_PATIENCE_MS / 1000);
	if (str_starts_with(said(h), STR("failed ")))
		return arena_copy(scratch, str_part(said(h), 7, SIZE_MAX));
	if (signal_number)
		return arena_printf(scratch, "it was ended by signal %d", signal_number);
	return arena_printf(scratch, "it ended with status %lld; it has said why on standard error",
	                    (long long)status);
}

/* After it was ready the service is the new one's; that it did not end well is worth a line. */
static void on_ended(uv_process_t *process, int64_t status, int signal_number)
{
	struct handover *h = process->data;
	bool was_under_way = h->is_under_way;

	uv_close((uv_handle_t *)process, on_closed);
	h->is_under_way = false;
	hang_up(h);
	if (was_under_way)
		h->options.on_failed(h, why_failed(h, status, signal_number));
	else if (status || signal_number)
		log_say(LOG_ERROR,
		        "the process that had taken over has ended (status %lld, signal %d)",
		        (long long)status, signal_number);
}

static void on_late(struct timer *t)
{
	struct handover *h = LIST_OBJECT(t, struct handover, patience);

	h->is_late = true;
	uv_process_kill(&h->process, SIGKILL);
}

/* ---- the line ---- */

static void on_talk(uv_poll_t *poll, int status, int events)
{
	struct handover *h = poll->data;
	ssize_t got = recv(h->talk_fd, h->said + h->said_len, sizeof h->said - h->said_len, 0);

	(void)events;
	if (got > 0)
		h->said_len += (size_t)got;
	if (status < 0 || got == 0 || h->said_len == sizeof h->said)
		uv_poll_stop(poll); /* on_ended has the last word */
	if (!str_eq(said(h), STR("ready\n")) || !h->is_under_way)
		return;
	h->is_under_way = false;
	hang_up(h);
	h->options.on_ready(h, uv_process_get_pid(&h->process));
}

static void listen_to(struct handover *h, int fd)
{
	struct loop *loop = h->options.loop;

	h->talk_fd = fd;
	h->said_len = 0;
	h->is_late = false;
	must(uv_poll_init(&loop->uv, &h->talk, fd) == 0);
	h->talk.data = h;
	h->open_handles++;
	must(uv_poll_start(&h->talk, UV_READABLE, on_talk) == 0);
	timer_set(&h->patience, loop, HANDOVER_PATIENCE_MS, on_late);
}

/* ---- the new process ---- */

struct lending {
	struct arena arena;
	char *words[WORDS_MAX + 2];
	char **env;
	uv_stdio_container_t *fds;
	int count;
};

static void lend(struct lending *l, int fd)
{
	bool is_open = fcntl(fd, F_GETFD) >= 0;

	l->fds[l->count].flags = is_open ? UV_INHERIT_FD : UV_IGNORE;
	l->fds[l->count++].data.fd = fd;
}

/* In the order that heir.h tells. */
static int lend_all(struct lending *l, int talk, int lock)
{
	int *sockets = ARENA_ARRAY(&l->arena, int, INHERIT_SOCKETS);
	int count = inherit_list(sockets, INHERIT_SOCKETS);

	l->fds = ARENA_ARRAY(&l->arena, uv_stdio_container_t, INHERIT_SOCKETS + HEIR_SOCKETS_FD);
	for (int fd = 0; fd < HEIR_TALK_FD; fd++)
		lend(l, fd);
	lend(l, talk);
	lend(l, lock);
	for (int i = 0; i < count; i++)
		lend(l, sockets[i]);
	return count;
}

static void set_env(struct lending *l, int sockets)
{
	size_t count = 0;

	while (environ[count])
		count++;
	l->env = ARENA_ARRAY(&l->arena, char *, count + 2);
	for (size_t i = 0; i < count; i++)
		l->env[i] = environ[i];
	l->env[count] = (char *)arena_printf(&l->arena, HEIR_VARIABLE "=%d", sockets).ptr;
	l->env[count + 1] = NULL;
}

static void set_words(struct lending *l, char **words)
{
	int count = 1;

	l->words[0] = program_invocation_name;
	while (words[count - 1] && count <= WORDS_MAX) {
		l->words[count] = words[count - 1];
		count++;
	}
	l->words[count] = NULL;
}

/* 0, or what libuv says. */
static int start_process(struct handover *h, int talk)
{
	struct lending l = {0};
	uv_process_options_t how = {.file = program_invocation_name, .exit_cb = on_ended};
	int result;

	arena_init(&l.arena);
	set_env(&l, lend_all(&l, talk, h->options.lock));
	set_words(&l, h->options.words);
	how.args = l.words;
	how.env = l.env;
	how.stdio = l.fds;
	how.stdio_count = l.count;
	h->process.data = h;
	h->open_handles++;
	result = uv_spawn(&h->options.loop->uv, &h->process, &how);
	if (result < 0)
		uv_close((uv_handle_t *)&h->process, on_closed);
	else
		uv_unref((uv_handle_t *)&h->process);
	arena_release(&l.arena);
	return result;
}

int handover_begin(struct handover *h, struct fail *f)
{
	int ends[2], result;

	if (h->open_handles > 0)
		return fail(f, FAIL_INTERNAL, "a new program is starting already");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return fail(f, FAIL_INTERNAL, "no socket to talk over: %s", strerror(errno));
	result = start_process(h, ends[1]);
	close(ends[1]);
	if (result < 0) {
		close(ends[0]);
		return fail(f, FAIL_INTERNAL, "cannot start %s: %s", program_invocation_name,
		            uv_strerror(result));
	}
	h->is_under_way = true;
	listen_to(h, ends[0]);
	return 0;
}

void handover_cancel(struct handover *h)
{
	if (!h->is_under_way)
		return;
	h->is_under_way = false;
	uv_process_kill(&h->process, SIGTERM);
	hang_up(h);
}

void handover_release(struct handover *h)
{
	handover_cancel(h);
	hang_up(h);
	if (h->open_handles > 0 && !uv_is_closing((uv_handle_t *)&h->process))
		uv_close((uv_handle_t *)&h->process, on_closed);
}
