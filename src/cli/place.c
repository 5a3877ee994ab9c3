/* Finding the store of a data directory. Called by serve (note) and by books, which verbs open.
 * Must never write a password down. */
#include "cli/place.h"

#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ADDRESS_BYTES_MAX = 4096 };

static struct str note_path(struct str data_dir, struct arena *arena)
{
	return arena_printf(arena, "%.*s/store.url", STR_ARG(data_dir));
}

static struct str read_note(struct str data_dir, struct arena *arena)
{
	char bytes[ADDRESS_BYTES_MAX];
	int fd = open(note_path(data_dir, arena).ptr, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
	struct str text = {bytes, got > 0 ? (size_t)got : 0};

	if (fd >= 0)
		close(fd);
	return arena_copy(arena, str_part(text, 0, str_find_byte(text, '\n')));
}

struct str place_of_environment(struct str data_dir)
{
	struct str address = str_of(getenv("FLUXROUTER_STORE"));

	return store_is_url(address) ? address : data_dir;
}

struct str place_of(struct str data_dir, struct arena *arena)
{
	struct str where = place_of_environment(data_dir), noted;

	if (store_is_url(where))
		return where;
	noted = read_note(data_dir, arena);
	return store_is_url(noted) ? noted : data_dir;
}

int place_note(struct str data_dir, struct str address, struct fail *f)
{
	struct str path = note_path(data_dir, f->arena), text;
	int fd, result = 0;

	if (str_is_empty(address)) {
		unlink(path.ptr);
		return 0;
	}
	text = ARENA_JOIN(f->arena, store_without_password(address, f->arena), STR("\n"));
	fd = open(path.ptr, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text.ptr, text.len) != (ssize_t)text.len)
		result =
		    fail(f, FAIL_STORE, "cannot write %.*s: %s", STR_ARG(path), strerror(errno));
	if (fd >= 0)
		close(fd);
	return result;
}
