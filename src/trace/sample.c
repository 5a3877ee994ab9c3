/* Writing, expiring and reading samples.
 *
 *	put -> sealed in memory --(half a second, or 512 KiB)--> write() -> the current file
 *	a file is turned over after a 24th of the time to keep; older than that time: deleted
 *
 * So a sample lives between keep and keep + a 24th. A disk that fails costs the samples that were
 * gathered, nothing else. Called by the path of requests (put), by worker, and by replay (read).
 * Must never write a body that is not sealed. */
#include "trace/sample.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/timer.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEAD_BYTES = 24,
	FRAME_BYTES_MAX = HEAD_BYTES + SAMPLE_BODY_BYTES + CIPHER_EXTRA_BYTES,
	GATHERED_BYTES = 512 * 1024,
	FLUSH_MS = 500,
	EXPIRE_MS = 60 * 1000,
	FILES_PER_SPAN = 24,
	FILE_BYTES_MAX = 64 * 1024 * 1024,
};

static const char magic[4] = "FXS1";

struct cipher_key sample_key(struct str secret)
{
	return cipher_key_of(secret, STR("fluxrouter samples 1"));
}

bool sample_is_drawn(const uint8_t id[TRACE_ID_BYTES], int percent)
{
	return hash_stable((struct str){(const char *)id, TRACE_ID_BYTES}) % 100 <
	       (uint64_t)percent;
}

/* ---- files ---- */

static bool name_is_file(const char *name, int64_t *out_made_ms)
{
	struct str s = str_of(name);

	return s.len == 22 && s.ptr[2] == '-' && str_ends_with(s, STR(".fluxs")) &&
	       str_to_i64(str_part(s, 3, 13), 0, INT64_MAX, out_made_ms) == 0;
}

static void delete_expired(struct str dir, int64_t before_ms)
{
	struct arena arena;
	DIR *open = opendir(dir.ptr);
	int64_t made_ms;

	arena_init(&arena);
	for (struct dirent *d; open && (d = readdir(open));)
		if (name_is_file(d->d_name, &made_ms) && made_ms < before_ms)
			unlink(arena_printf(&arena, "%.*s/%s", STR_ARG(dir), d->d_name).ptr);
	if (open)
		closedir(open);
	arena_release(&arena);
}

/* ---- writing ---- */

struct sampler {
	struct loop *loop;
	struct timer flush, expire;
	struct arena arena;
	struct str dir;
	int64_t keep_ms;
	struct buf gathered;
	int fd; /* -1: none yet */
	int64_t made_ms, file_bytes;
};

/* What is as old as a file may get, and that file's own span. */
static int64_t oldest_ms(int64_t keep_ms)
{
	return clock_wall_ms() - keep_ms - keep_ms / FILES_PER_SPAN;
}

static void on_expire(struct timer *t)
{
	struct sampler *s = LIST_OBJECT(t, struct sampler, expire);

	delete_expired(s->dir, oldest_ms(s->keep_ms));
	timer_set(&s->expire, s->loop, EXPIRE_MS, on_expire);
}

struct sampler *sampler_open(struct loop *loop, struct str dir, int64_t keep_ms)
{
	struct sampler *s = mem_get(sizeof *s);

	s->loop = loop;
	s->fd = -1;
	s->keep_ms = keep_ms;
	arena_init(&s->arena);
	s->dir = arena_copy(&s->arena, dir);
	buf_init(&s->gathered, GATHERED_BYTES + FRAME_BYTES_MAX);
	timer_set(&s->expire, loop, 0, on_expire);
	return s;
}

static void begin_file(struct sampler *s)
{
	struct str path;

	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->made_ms = clock_wall_ms();
	s->file_bytes = 0;
	path = arena_printf(&s->loop->scratch, "%.*s/%02d-%013lld.fluxs", STR_ARG(s->dir),
	                    s->loop->index, (long long)s->made_ms);
	if (mkdir(s->dir.ptr, 0700) == 0 || errno == EEXIST)
		s->fd = open(path.ptr, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
}

static bool is_full(const struct sampler *s)
{
	return s->fd < 0 || s->file_bytes >= FILE_BYTES_MAX ||
	       clock_wall_ms() - s->made_ms > s->keep_ms / FILES_PER_SPAN;
}

static void flush(struct sampler *s)
{
	if (s->gathered.len == 0)
		return;
	if (is_full(s))
		begin_file(s);
	/* After half a write nothing behind it could be read. */
	if (s->fd >= 0 &&
	    write(s->fd, s->gathered.ptr, s->gathered.len) != (ssize_t)s->gathered.len) {
		close(s->fd);
		s->fd = -1;
	}
	s->file_bytes += (int64_t)s->gathered.len;
	buf_clear(&s->gathered);
}

static void on_flush(struct timer *t)
{
	flush(LIST_OBJECT(t, struct sampler, flush));
}

void sampler_put(struct sampler *s, const struct cipher_key *key, const uint8_t id[TRACE_ID_BYTES],
                 struct str body)
{
	size_t start = s->gathered.len;
	uint32_t sealed_len = htole32((uint32_t)(body.len + CIPHER_EXTRA_BYTES));
	char head[HEAD_BYTES];

	if (body.len > SAMPLE_BODY_BYTES)
		return;
	if (start == 0)
		timer_set(&s->flush, s->loop, FLUSH_MS, on_flush);
	memcpy(head, magic, sizeof magic);
	memcpy(head + 4, &sealed_len, sizeof sealed_len);
	memcpy(head + 8, id, TRACE_ID_BYTES);
	buf_put(&s->gathered, (struct str){head, sizeof head});
	cipher_seal(&s->gathered, key, body, (struct str){head, sizeof head});
	must(!buf_is_over(&s->gathered));
	if (s->gathered.len >= GATHERED_BYTES)
		flush(s);
}

void sampler_close(struct sampler **sampler)
{
	struct sampler *s = *sampler;

	*sampler = NULL;
	if (!s)
		return;
	timer_cancel(&s->flush);
	timer_cancel(&s->expire);
	flush(s);
	if (s->fd >= 0)
		close(s->fd);
	buf_release(&s->gathered);
	arena_release(&s->arena);
	mem_put(s);
}

/* ---- reading ---- */

struct place {
	struct str path;
	int64_t at; /* of the frame */
	uint32_t sealed_len;
	uint8_t id[TRACE_ID_BYTES];
};

static bool read_head(int fd, int64_t at, char head[HEAD_BYTES], uint32_t *out_len)
{
	if (pread(fd, head, HEAD_BYTES, (off_t)at) != HEAD_BYTES ||
	    memcmp(head, magic, sizeof magic) != 0)
		return false;
	memcpy(out_len, head + 4, sizeof *out_len);
	*out_len = le32toh(*out_len);
	return *out_len >= CIPHER_EXTRA_BYTES && *out_len <= FRAME_BYTES_MAX - HEAD_BYTES;
}

static void read_file(struct samples *s, struct str path)
{
	int fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
	char head[HEAD_BYTES];
	uint32_t len;

	for (int64_t at = 0; fd >= 0 && read_head(fd, at, head, &len); at += HEAD_BYTES + len) {
		struct place *place = ARENA_NEW(&s->arena, struct place);

		*place = (struct place){.path = path, .at = at, .sealed_len = len};
		memcpy(place->id, head + 8, TRACE_ID_BYTES);
		map_put(&s->places, (struct str){(const char *)place->id, TRACE_ID_BYTES}, place);
		s->bytes += HEAD_BYTES + len;
	}
	if (fd >= 0)
		close(fd);
}

void samples_read(struct samples *s, struct str dir, int64_t keep_ms)
{
	DIR *open;
	int64_t made_ms;

	*s = (struct samples){.bytes = 0};
	arena_init(&s->arena);
	map_init(&s->places, NULL);
	open = opendir(arena_copy(&s->arena, dir).ptr);
	for (struct dirent *d; open && (d = readdir(open));)
		if (name_is_file(d->d_name, &made_ms) && made_ms >= oldest_ms(keep_ms))
			read_file(s, arena_printf(&s->arena, "%.*s/%s", STR_ARG(dir), d->d_name));
	if (open)
		closedir(open);
}

void samples_release(struct samples *s)
{
	map_release(&s->places);
	arena_release(&s->arena);
}

int samples_get(const struct samples *s, const struct cipher_key *key,
                const uint8_t id[TRACE_ID_BYTES], struct buf *out_body)
{
	const struct place *p = map_get(&s->places, (struct str){(const char *)id, TRACE_ID_BYTES});
	char head[HEAD_BYTES], *sealed;
	uint32_t len = 0;
	int fd = p ? open(p->path.ptr, O_RDONLY | O_CLOEXEC) : -1, result = -1;

	if (fd < 0)
		return -1;
	sealed = mem_get(p->sealed_len);
	if (read_head(fd, p->at, head, &len) && len == p->sealed_len &&
	    pread(fd, sealed, len, (off_t)p->at + HEAD_BYTES) == (ssize_t)len)
		result = cipher_open(out_body, key, (struct str){sealed, len},
		                     (struct str){head, sizeof head});
	mem_put(sealed);
	close(fd);
	return result;
}
