/* The data directory and its lock, DATA/lock, by flock(2): it vanishes with its process, so a
 * crash leaves nothing to clean; a process lends it to the one that replaces it. Called by serve
 * and restore. Must never remove anything. */
#include "store/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

static int make_one(struct str path, struct fail *f)
{
	struct stat st;
	struct str name = arena_copy(f->arena, path);

	if (mkdir(name.ptr, 0700) == 0 || (stat(name.ptr, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	return fail(f, FAIL_STORE, "cannot make directory %s: %s", name.ptr,
	            strerror(errno == EEXIST ? ENOTDIR : errno));
}

int datadir_make(struct str data_dir, struct fail *f)
{
	for (size_t i = 1; i < data_dir.len; i++)
		if (data_dir.ptr[i] == '/' && make_one(str_part(data_dir, 0, i), f) < 0)
			return -1;
	return make_one(data_dir, f);
}

static int open_lock(struct str data_dir, struct arena *arena, int flags)
{
	return open(arena_printf(arena, "%.*s/lock", STR_ARG(data_dir)).ptr,
	            flags | O_RDWR | O_CLOEXEC, 0600);
}

int datadir_lock(struct str data_dir, int *out_fd, struct fail *f)
{
	int fd = open_lock(data_dir, f->arena, O_CREAT);

	if (fd < 0)
		return fail(f, FAIL_STORE, "cannot open %.*s/lock: %s", STR_ARG(data_dir),
		            strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return fail(f, FAIL_STORE, "another fluxrouter serves from %.*s",
		            STR_ARG(data_dir));
	}
	*out_fd = fd;
	return 0;
}

bool datadir_is_lock(struct str data_dir, int fd)
{
	struct stat lent, there;
	struct arena arena;
	bool is_same;

	arena_init(&arena);
	is_same = fd >= 0 && fstat(fd, &lent) == 0 &&
	          stat(arena_printf(&arena, "%.*s/lock", STR_ARG(data_dir)).ptr, &there) == 0 &&
	          lent.st_ino == there.st_ino && lent.st_dev == there.st_dev;
	arena_release(&arena);
	return is_same;
}
