/* A directory for one test that leaves nothing behind: tempdir_make at its start, tempdir_remove
 * at its end. */
#ifndef TESTS_UNIT_TEMPDIR_H
#define TESTS_UNIT_TEMPDIR_H

#include "base/arena.h"

#include <ftw.h>

__attribute__((unused)) static struct str tempdir_make(struct arena *arena)
{
	char name[] = "/tmp/flux-unit-XXXXXX";

	must(mkdtemp(name) != NULL);
	return arena_copy(arena, str_of(name));
}

static int tempdir_unlink(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

__attribute__((unused)) static void tempdir_remove(struct str dir)
{
	nftw(dir.ptr, tempdir_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
