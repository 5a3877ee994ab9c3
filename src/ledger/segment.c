/* The journal's files on the disk.
 *
 *	DATA/journal/node                   32 hexadecimal digits, newline: this node
 *	DATA/journal/LL-NNNNNNNNNN.fluxj    segment NNNNNNNNNN of loop LL
 *
 * A segment appears under its name only when it is whole: it is made as NAME.new and renamed. So
 * whoever lists the directory never meets half a header, and a disk that fills up meanwhile
 * leaves nothing behind.
 *
 * Called by journal (making), carrier and ledger verify (listing, syncing, deleting). Must never
 * write into a segment that exists: that is the journal's, on its loop. THREADS: no state; safe
 * on any. */
#include "ledger/segment.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { PATH_MAX_BYTES = 4096, NODE_HEX_BYTES = 2 * RECORD_NODE_BYTES };

static int disk_fails(struct fail *f, const char *verb, struct str path)
{
	return fail(f, FAIL_JOURNAL_UNAVAILABLE, "cannot %s %.*s: %s", verb, STR_ARG(path),
	            strerror(errno));
}

struct str segment_path(struct str data_dir, struct segment_id id, struct arena *arena)
{
	return arena_printf(arena, "%.*s/journal/%02d-%010" PRIu64 ".fluxj", STR_ARG(data_dir),
	                    id.loop, id.number);
}

static struct str dir_path(struct str data_dir, const char *name, struct arena *arena)
{
	return arena_printf(arena, "%.*s/journal%s", STR_ARG(data_dir), name);
}

static int read_node(struct str path, uint8_t *out_node)
{
	char hex[NODE_HEX_BYTES];
	int fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -1;
	got = pread(fd, hex, sizeof hex, 0);
	close(fd);
	if (got != NODE_HEX_BYTES)
		return -1;
	return encode_read_hex((struct str){hex, sizeof hex}, out_node, RECORD_NODE_BYTES);
}

/* Under another name first, and linked: of two processes that start at once, one wins and both
 * read the same. */
static int make_node(struct str path, struct str draft)
{
	uint8_t node[RECORD_NODE_BYTES];
	struct buf text;
	int fd, done = -1;

	random_bytes(node, sizeof node);
	node[6] = (uint8_t)((node[6] & 0x0f) | 0x40); /* RFC 9562 5.4 */
	node[8] = (uint8_t)((node[8] & 0x3f) | 0x80);
	buf_init(&text, NODE_HEX_BYTES + 1);
	encode_hex(&text, (struct str){(const char *)node, sizeof node});
	buf_put_byte(&text, '\n');
	fd = open(draft.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0) {
		if (write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0 &&
		    (link(draft.ptr, path.ptr) == 0 || errno == EEXIST))
			done = 0;
		close(fd);
		unlink(draft.ptr);
	}
	buf_release(&text);
	return done;
}

int segment_dir_make(struct str data_dir, uint8_t *out_node, struct fail *f)
{
	struct str dir = dir_path(data_dir, "", f->arena);
	struct str path = dir_path(data_dir, "/node", f->arena);
	struct str draft = arena_printf(f->arena, "%.*s.%d", STR_ARG(path), (int)getpid());

	if (mkdir(dir.ptr, 0700) < 0 && errno != EEXIST)
		return disk_fails(f, "make directory", dir);
	if (access(path.ptr, F_OK) < 0 && make_node(path, draft) < 0)
		return disk_fails(f, "write", path);
	return segment_dir_read(data_dir, out_node, f);
}

int segment_dir_read(struct str data_dir, uint8_t *out_node, struct fail *f)
{
	struct str path = dir_path(data_dir, "/node", f->arena);
	uint8_t node[RECORD_NODE_BYTES];

	errno = 0;
	if (read_node(path, node) < 0)
		return fail(f, FAIL_JOURNAL_UNAVAILABLE, "%.*s: %s", STR_ARG(path),
		            errno ? strerror(errno) : "is not 32 hexadecimal digits");
	memcpy(out_node, node, sizeof node);
	return 0;
}

static bool name_is_segment(const char *name, struct segment_id *out)
{
	struct str s = str_of(name), dash = str_part(s, 2, 1), suffix = str_part(s, 13, SIZE_MAX);
	int64_t loop, number;

	if (!str_eq(dash, STR("-")) || !str_eq(suffix, STR(".fluxj")) ||
	    str_to_i64(str_part(s, 0, 2), 0, 99, &loop) < 0 ||
	    str_to_i64(str_part(s, 3, 10), 0, INT64_MAX, &number) < 0)
		return false;
	*out = (struct segment_id){.loop = (int)loop, .number = (uint64_t)number};
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	const struct segment_id *x = a, *y = b;

	if (x->loop != y->loop)
		return x->loop < y->loop ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

int segment_list(struct str data_dir, struct arena *arena, struct segment_id **out, int *out_count,
                 struct fail *f)
{
	struct str path = dir_path(data_dir, "", f->arena);
	DIR *dir = opendir(path.ptr);
	struct segment_id *ids = NULL, id;
	int count = 0, room = 0;

	if (!dir && errno != ENOENT)
		return disk_fails(f, "read directory", path);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		if (!name_is_segment(d->d_name, &id))
			continue;
		if (count == room) {
			struct segment_id *more =
			    ARENA_ARRAY(arena, struct segment_id, (size_t)room * 2 + 16);

			if (count)
				memcpy(more, ids, (size_t)count * sizeof *ids);
			ids = more;
			room = room * 2 + 16;
		}
		ids[count++] = id;
	}
	if (dir)
		closedir(dir);
	if (count)
		qsort(ids, (size_t)count, sizeof *ids, compare_ids);
	*out = ids;
	*out_count = count;
	return 0;
}

/* All its room is taken here: later writes cannot meet a full disk. */
static int fill_draft(int fd, const struct record_segment *s)
{
	uint8_t header[RECORD_BYTES];
	int error = posix_fallocate(fd, 0, (off_t)RECORD_SLOTS * RECORD_BYTES);

	if (error) {
		errno = error;
		return -1;
	}
	record_write_segment(header, s);
	return pwrite(fd, header, sizeof header, 0) == (ssize_t)sizeof header ? 0 : -1;
}

int segment_create(struct str data_dir, const struct record_segment *s, int *out_fd, struct fail *f)
{
	struct segment_id id = {(int)s->loop, s->number};
	struct str path = segment_path(data_dir, id, f->arena);
	struct str draft = arena_printf(f->arena, "%.*s.new", STR_ARG(path));
	int fd = open(draft.ptr, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return disk_fails(f, "make", path);
	if (fill_draft(fd, s) < 0 || rename(draft.ptr, path.ptr) < 0) {
		disk_fails(f, "make", path);
		close(fd);
		unlink(draft.ptr);
		return -1;
	}
	*out_fd = fd;
	return 0;
}

int segment_open(struct str data_dir, struct segment_id id, int *out_fd, struct fail *f)
{
	struct str path = segment_path(data_dir, id, f->arena);
	int fd = open(path.ptr, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return disk_fails(f, "open", path);
	*out_fd = fd;
	return 0;
}

void segment_delete(struct str data_dir, struct segment_id id)
{
	struct arena arena;

	arena_init(&arena);
	unlink(segment_path(data_dir, id, &arena).ptr);
	arena_release(&arena);
}

static int sync_dir(struct str data_dir, struct fail *f)
{
	struct str path = dir_path(data_dir, "", f->arena);
	int fd = open(path.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? -1 : fsync(fd);

	if (result < 0)
		disk_fails(f, "sync", path);
	if (fd >= 0)
		close(fd);
	return result;
}

int segment_sync(struct str data_dir, struct segment_id id, bool is_new, struct fail *f)
{
	int fd, result;

	if (segment_open(data_dir, id, &fd, f) < 0)
		return -1;
	result = fdatasync(fd);
	if (result < 0)
		disk_fails(f, "sync", segment_path(data_dir, id, f->arena));
	close(fd);
	return result < 0 || !is_new ? result : sync_dir(data_dir, f);
}
