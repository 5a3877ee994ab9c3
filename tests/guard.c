/* Parsers at a guard page. Linked with one fuzz target (fuzz/fuzz_NAME.c) this program hands it
 * the files of its corpus and their beginnings, each ending right before a page that nobody may
 * touch: who looks one byte past the end crashes, in every build and also in assembler. So each
 * parser that has a fuzz target has this test.
 *
 * 	build/guard/NAME        from the root of the tree; exit 0, "guard NAME: N passed, 0 failed"
 *
 * Where a target copies its input before it parses (http1, answer), a unit test does the same
 * beside the parser. */
#include "unit/guard.h"

#include "base/buf.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Of one file, and of all of them together, about. */
enum { BEGINNINGS_MAX = 512, BEGINNINGS_IN_ALL = 40000, FILE_BYTES_MAX = 1 << 20 };

static void read_file(const char *folder, const char *name, struct buf *out)
{
	char path[512];
	FILE *file;
	char *room;

	must(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
	file = fopen(path, "re");
	must(file != NULL);
	buf_clear(out);
	while (!feof(file) && (room = buf_room(out, 4096)))
		buf_grew(out, fread(room, 1, 4096, file));
	must(!buf_is_over(out));
	fclose(file);
}

static void feed(struct str bytes)
{
	struct guard guard = guard_copy(bytes);

	LLVMFuzzerTestOneInput((const uint8_t *)guard.bytes.ptr, guard.bytes.len);
	guard_free(&guard);
}

/* All beginnings of a short file; of a long one so many, spread over it. */
static int feed_beginnings(struct str bytes, size_t most)
{
	size_t step = bytes.len / most + 1;
	int fed = 1;

	for (size_t len = 0; len < bytes.len; len += step, fed++)
		feed(str_part(bytes, 0, len));
	feed(bytes);
	return fed;
}

static size_t count_files(DIR *dir)
{
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	rewinddir(dir);
	return count;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	char folder[256];
	struct dirent *entry;
	size_t files, most = BEGINNINGS_MAX;
	struct buf bytes;
	int fed = 0;
	DIR *dir;

	must(argc == 1);
	must(snprintf(folder, sizeof folder, "fuzz/corpus/%s", name) < (int)sizeof folder);
	dir = opendir(folder);
	must(dir != NULL);
	files = count_files(dir);
	if (files * most > BEGINNINGS_IN_ALL)
		most = BEGINNINGS_IN_ALL / files + 1;
	buf_init(&bytes, FILE_BYTES_MAX);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		read_file(folder, entry->d_name, &bytes);
		fed += feed_beginnings(buf_str(&bytes), most);
	}
	closedir(dir);
	buf_release(&bytes);
	printf("guard %s: %d passed, %d failed\n", name, fed, fed ? 0 : 1);
	return fed ? 0 : 1;
}
