/* Written under another name and renamed, so that a reader never meets half a number. Called by
 * serve. Must never remove what another process has written. */
#include "cli/pid_file.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { NUMBER_BYTES = 24 };

static int write_draft(struct str draft)
{
	struct buf text;
	int fd = open(draft.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), result = -1;

	if (fd < 0)
		return -1;
	buf_init(&text, NUMBER_BYTES);
	buf_printf(&text, "%d\n", (int)getpid());
	if (write(fd, text.ptr, text.len) == (ssize_t)text.len)
		result = 0;
	buf_release(&text);
	close(fd);
	return result;
}

int pid_file_write(struct str path, struct fail *f)
{
	struct str draft = arena_printf(f->arena, "%.*s.%d", STR_ARG(path), (int)getpid());

	if (write_draft(draft) == 0 && rename(draft.ptr, arena_copy(f->arena, path).ptr) == 0)
		return 0;
	fail(f, FAIL_CONFIG, "cannot write %.*s: %s", STR_ARG(path), strerror(errno));
	unlink(draft.ptr);
	return -1;
}

static bool is_ours(const char *path)
{
	char text[NUMBER_BYTES];
	int64_t pid = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
	struct str number = {text, got > 0 ? (size_t)got - 1 : 0};

	if (fd >= 0)
		close(fd);
	return str_to_i64(number, 1, INT32_MAX, &pid) == 0 && pid == getpid();
}

void pid_file_remove(struct str path)
{
	struct arena arena;
	struct str name;

	arena_init(&arena);
	name = arena_copy(&arena, path);
	if (is_ours(name.ptr))
		unlink(name.ptr);
	arena_release(&arena);
}
