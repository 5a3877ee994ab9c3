/* Reading a whole file. Called by the verbs that take lists and exports. */
#include "cli/file.h"

#include <errno.h>

enum { PIECE_BYTES = 64 * 1024 };

static int read_all(FILE *file, struct str name, struct buf *out, struct fail *f)
{
	char *room = NULL;

	while (!feof(file) && !ferror(file) && (room = buf_room(out, PIECE_BYTES)))
		buf_grew(out, fread(room, 1, PIECE_BYTES, file));
	if (ferror(file))
		return fail(f, FAIL_INVALID_VALUE, "%.*s cannot be read", STR_ARG(name));
	if (!room)
		return fail(f, FAIL_INVALID_VALUE, "%.*s is longer than %zu MiB", STR_ARG(name),
		            out->max >> 20);
	return 0;
}

int file_read(struct str name, struct buf *out, struct fail *f)
{
	FILE *file;
	int result;

	if (str_eq(name, STR("-")))
		return read_all(stdin, name, out, f);
	file = fopen(arena_copy(f->arena, name).ptr, "re");
	if (!file)
		return fail(f, FAIL_INVALID_VALUE, "%.*s: %s", STR_ARG(name), strerror(errno));
	result = read_all(file, name, out, f);
	fclose(file);
	return result;
}
