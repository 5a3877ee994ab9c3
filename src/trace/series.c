/* Listing and reading files of traces.
 *
 * A record is found by the time in its request's id: it was written after that, in a file that was
 * begun before, and times grow within a file. Clocks may step back a little: searches begin
 * SLACK_MS early. Called by the verbs replay and tune, by feedback and by the writer. Must never
 * write. */
#include "trace/series.h"

#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_RECORDS = 256, SLACK_MS = 2000, READING_MS = 10 * 60 * 1000, LOOKED_MAX = 50000 };

struct str series_path(struct str dir, struct series_file file, struct arena *arena)
{
	return arena_printf(arena, "%.*s/%02d-%013lld.fluxd", STR_ARG(dir), file.loop,
	                    (long long)file.made_ms);
}

static bool name_is_file(const char *name, struct series_file *out)
{
	struct str s = str_of(name);
	int64_t loop, made_ms;

	if (s.len != 22 || s.ptr[2] != '-' || !str_ends_with(s, STR(".fluxd")) ||
	    str_to_i64(str_part(s, 0, 2), 0, SERIES_LOOPS_MAX - 1, &loop) < 0 ||
	    str_to_i64(str_part(s, 3, 13), 0, INT64_MAX, &made_ms) < 0)
		return false;
	*out = (struct series_file){(int)loop, made_ms};
	return true;
}

static int compare_files(const void *a, const void *b)
{
	const struct series_file *x = a, *y = b;

	if (x->made_ms != y->made_ms)
		return x->made_ms < y->made_ms ? -1 : 1;
	return x->loop - y->loop;
}

int series_list(struct str dir, struct arena *arena, struct series_file **out, int *out_count,
                struct fail *f)
{
	DIR *open = opendir(arena_copy(arena, dir).ptr);
	struct series_file *files = NULL, file;
	int count = 0, room = 0;

	if (!open && errno != ENOENT)
		return fail(f, FAIL_INTERNAL, "cannot read directory %.*s: %s", STR_ARG(dir),
		            strerror(errno));
	for (struct dirent *d; open && (d = readdir(open));) {
		if (!name_is_file(d->d_name, &file))
			continue;
		if (count == room) {
			struct series_file *more =
			    ARENA_ARRAY(arena, struct series_file, (size_t)room * 2 + 16);

			if (count)
				memcpy(more, files, (size_t)count * sizeof *files);
			files = more;
			room = room * 2 + 16;
		}
		files[count++] = file;
	}
	if (open)
		closedir(open);
	if (count)
		qsort(files, (size_t)count, sizeof *files, compare_files);
	*out = files;
	*out_count = count;
	return 0;
}

/* ---- one file ---- */

struct reader {
	int fd;
	int64_t records; /* in the file, the header among them */
	int64_t at;      /* of the next one */
	int64_t held_from;
	int held;
	uint8_t bytes[CHUNK_RECORDS][TRACE_BYTES];
};

/* false: it is gone, or no file of ours. */
static bool open_file(struct reader *r, struct str path)
{
	struct trace header;
	struct stat stat;

	*r = (struct reader){.fd = open(path.ptr, O_RDONLY | O_CLOEXEC)};
	if (r->fd < 0)
		return false;
	if (fstat(r->fd, &stat) == 0 && pread(r->fd, r->bytes[0], TRACE_BYTES, 0) == TRACE_BYTES &&
	    trace_read(r->bytes[0], &header) == 0 && header.kind == TRACE_HEADER) {
		r->records = (int64_t)stat.st_size / TRACE_BYTES;
		r->at = 1;
		return true;
	}
	close(r->fd);
	return false;
}

/* NULL at the end. */
static const uint8_t *record_at(struct reader *r, int64_t at)
{
	ssize_t got;

	if (at >= r->records)
		return NULL;
	if (at >= r->held_from && at < r->held_from + r->held)
		return r->bytes[at - r->held_from];
	got = pread(r->fd, r->bytes, sizeof r->bytes, (off_t)at * TRACE_BYTES);
	r->held_from = at;
	r->held = got < 0 ? 0 : (int)(got / TRACE_BYTES);
	return r->held ? r->bytes[0] : NULL;
}

static int64_t time_at(struct reader *r, int64_t at)
{
	const uint8_t *bytes = record_at(r, at);
	struct trace t;

	return bytes && trace_read(bytes, &t) == 0 ? t.at_ms : INT64_MIN;
}

/* To the first record that is not before from_ms. */
static void seek(struct reader *r, int64_t from_ms)
{
	int64_t low = 1, high = r->records;

	while (low < high) {
		int64_t middle = low + (high - low) / 2;

		if (time_at(r, middle) < from_ms)
			low = middle + 1;
		else
			high = middle;
	}
	r->at = low;
}

/* ---- all of them ---- */

struct walk {
	struct series_range range;
	bool (*on_trace)(void *, const struct trace *);
	void *arg;
	int64_t damaged;
};

/* false: enough. */
static bool read_file(struct walk *w, struct reader *r)
{
	const uint8_t *bytes;
	struct trace t;

	seek(r, w->range.from_ms - SLACK_MS);
	while ((bytes = record_at(r, r->at++))) {
		if (trace_read(bytes, &t) < 0 || t.kind == TRACE_HEADER) {
			w->damaged++;
			continue;
		}
		if (t.at_ms >= w->range.to_ms + SLACK_MS)
			break;
		if (t.at_ms >= w->range.from_ms && t.at_ms < w->range.to_ms &&
		    !w->on_trace(w->arg, &t))
			return false;
	}
	return true;
}

static bool begins_too_late(struct series_file file, int64_t to_ms)
{
	return to_ms < INT64_MAX - SLACK_MS && file.made_ms >= to_ms + SLACK_MS;
}

int series_each(struct str dir, struct series_range range,
                bool (*on_trace)(void *, const struct trace *), void *arg, int64_t *out_damaged,
                struct fail *f)
{
	struct walk w = {.range = range, .on_trace = on_trace, .arg = arg};
	struct reader *r;
	struct series_file *files;
	bool goes_on = true;
	int count;

	w.range.to_ms = range.to_ms > INT64_MAX - SLACK_MS ? INT64_MAX - SLACK_MS : range.to_ms;
	w.range.from_ms = range.from_ms < 0 ? 0 : range.from_ms;
	if (series_list(dir, f->arena, &files, &count, f) < 0)
		return -1;
	r = mem_get(sizeof *r);
	for (int i = 0; i < count && goes_on && !begins_too_late(files[i], range.to_ms); i++)
		if (open_file(r, series_path(dir, files[i], f->arena))) {
			goes_on = read_file(&w, r);
			close(r->fd);
		}
	mem_put(r);
	*out_damaged = w.damaged;
	return 0;
}

struct wanted {
	const uint8_t *id;
	struct arena *arena;
	struct trace *out;
	bool is_found;
	int looked;
};

static bool on_candidate(void *arg, const struct trace *t)
{
	struct wanted *w = arg;

	if (t->kind != TRACE_DECISION || memcmp(t->request_id, w->id, TRACE_ID_BYTES) != 0)
		return ++w->looked < LOOKED_MAX;
	*w->out = *t;
	w->out->asked = arena_copy(w->arena, t->asked);
	w->is_found = true;
	return false;
}

bool series_find(struct str dir, const uint8_t id[TRACE_ID_BYTES], struct arena *arena,
                 struct trace *out)
{
	struct wanted wanted = {.id = id, .arena = arena, .out = out};
	int64_t from_ms = trace_id_ms(id), damaged;
	struct fail f;

	fail_init(&f, arena);
	if (series_each(dir, (struct series_range){from_ms, from_ms + READING_MS}, on_candidate,
	                &wanted, &damaged, &f) < 0)
		return false;
	return wanted.is_found;
}
