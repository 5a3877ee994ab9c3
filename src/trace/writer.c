/* The writer of one loop's traces.
 *
 *	put -> gathered in memory --(half a second, or 64 KiB)--> write() -> the current file
 *	a file is full (16 MiB) -> the next one; of this loop's files the oldest go
 *
 * The oldest are looked for when a file is begun, which is seldom. Called by the path of requests
 * (put) and by worker (open, close). Must never fail a request. */
#include "trace/writer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "metric.h"
#include "trace/series.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	GATHERED_BYTES = 64 * 1024,
	GATHERED_MAX_BYTES = GATHERED_BYTES + TRACE_BYTES,
	FLUSH_MS = 500,
	FILE_BYTES = 16 * 1024 * 1024,
	FILES_MIN = 2, /* of a loop, whatever the bound */
};
static const int64_t retry_ns = 60LL * 1000 * 1000 * 1000;

struct writer {
	struct loop *loop;
	struct timer flush;
	struct arena arena;
	struct writer_options options;
	struct buf gathered;
	int fd; /* -1: none yet */
	int64_t file_bytes;
	int64_t last_ms;         /* times within a file do not fall */
	int64_t failed_until_ns; /* a disk that failed is left alone for a while */
};

struct writer *writer_open(struct loop *loop, const struct writer_options *options)
{
	struct writer *w = mem_get(sizeof *w);

	must(options->loop >= 0 && options->loop < SERIES_LOOPS_MAX);
	w->loop = loop;
	w->fd = -1;
	arena_init(&w->arena);
	w->options = *options;
	w->options.dir = arena_copy(&w->arena, options->dir);
	buf_init(&w->gathered, GATHERED_MAX_BYTES);
	return w;
}

struct str writer_dir(const struct writer *w)
{
	return w->options.dir;
}

/* ---- files ---- */

static int64_t size_of(struct str path)
{
	struct stat stat_of;

	return stat(path.ptr, &stat_of) == 0 ? (int64_t)stat_of.st_size : 0;
}

/* So that this loop's files, with one more, stay within the bound. */
static void delete_oldest(struct writer *w, struct arena *arena)
{
	struct series_file *files;
	int64_t total = FILE_BYTES;
	struct fail f;
	int count, kept = 0;

	fail_init(&f, arena);
	if (series_list(w->options.dir, arena, &files, &count, &f) < 0)
		return;
	for (int i = count - 1; i >= 0; i--) {
		struct str path = series_path(w->options.dir, files[i], arena);

		if (files[i].loop != w->options.loop)
			continue;
		total += size_of(path);
		if (++kept >= FILES_MIN && total > w->options.max_bytes)
			unlink(path.ptr);
	}
}

static int write_all(int fd, struct str bytes)
{
	while (bytes.len > 0) {
		ssize_t wrote = write(fd, bytes.ptr, bytes.len);

		if (wrote <= 0)
			return -1;
		bytes = str_part(bytes, (size_t)wrote, bytes.len);
	}
	return 0;
}

static int begin_file(struct writer *w)
{
	struct series_file file = {w->options.loop, clock_wall_ms()};
	uint8_t header[TRACE_BYTES];
	struct arena arena;
	int result = -1;

	if (w->fd >= 0)
		close(w->fd);
	arena_init(&arena);
	if (mkdir(w->options.dir.ptr, 0700) == 0 || errno == EEXIST) {
		delete_oldest(w, &arena);
		w->fd = open(series_path(w->options.dir, file, &arena).ptr,
		             O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
		trace_write_header(header);
		if (w->fd >= 0)
			result =
			    write_all(w->fd, (struct str){(const char *)header, sizeof header});
		w->file_bytes = sizeof header;
	}
	arena_release(&arena);
	return result;
}

static void give_up(struct writer *w)
{
	log_say(LOG_WARN, "decision records cannot be written to %.*s: %s; dropped for a minute",
	        STR_ARG(w->options.dir), strerror(errno));
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->failed_until_ns = clock_mono_ns() + retry_ns;
}

static bool has_room(struct writer *w)
{
	return (w->fd >= 0 && w->file_bytes < FILE_BYTES) || begin_file(w) == 0;
}

/* What was gathered is gone afterwards, one way or the other. */
static int flush(struct writer *w)
{
	int64_t records = (int64_t)w->gathered.len / TRACE_BYTES;
	int result = -1;

	if (records == 0)
		return 0;
	if (clock_mono_ns() >= w->failed_until_ns && has_room(w))
		result = write_all(w->fd, buf_str(&w->gathered));
	w->file_bytes += (int64_t)w->gathered.len;
	if (result < 0 && clock_mono_ns() >= w->failed_until_ns)
		give_up(w);
	metric_add(result < 0 ? METRIC_DECISIONS_DROPPED : METRIC_DECISIONS_KEPT, records);
	buf_clear(&w->gathered);
	return result;
}

static void on_flush(struct timer *t)
{
	flush(LIST_OBJECT(t, struct writer, flush));
}

/* ---- traces ---- */

static void gather(struct writer *w, struct trace *t, int64_t now_ms)
{
	char *room = buf_room(&w->gathered, TRACE_BYTES);

	must(room != NULL);
	t->at_ms = now_ms;
	if (t->at_ms < w->last_ms)
		t->at_ms = w->last_ms;
	w->last_ms = t->at_ms;
	trace_write((uint8_t *)room, t);
	buf_grew(&w->gathered, TRACE_BYTES);
}

void writer_put(struct writer *w, struct trace *t)
{
	if (w->gathered.len == 0)
		timer_set(&w->flush, w->loop, FLUSH_MS, on_flush);
	/* When the request came, which its id tells without asking the clock. */
	gather(w, t, trace_id_ms(t->request_id));
	if (w->gathered.len >= GATHERED_BYTES)
		flush(w);
}

int writer_put_now(struct writer *w, struct trace *t)
{
	gather(w, t, clock_wall_ms());
	return flush(w);
}

void writer_close(struct writer **writer)
{
	struct writer *w = *writer;

	*writer = NULL;
	if (!w)
		return;
	timer_cancel(&w->flush);
	flush(w);
	if (w->fd >= 0)
		close(w->fd);
	buf_release(&w->gathered);
	arena_release(&w->arena);
	mem_put(w);
}
