/* Log lines, gathered by each thread and written to standard error.
 *
 *	logfmt   time=2026-11-22T15:20:43.123Z level=info msg=request model=gpt-5 status=200
 *	JSON     {"time":"2026-11-22T15:20:43.123Z","level":"info","msg":"request","status":200}
 *
 * A value is quoted, and escaped as JSON is, unless all its bytes are plain. A field that does
 * not fit into LOG_LINE_BYTES is left out whole and the line says cut=true; so a line is always
 * well-formed and never longer than what a pipe takes in one piece (PIPE_BUF, 4096).
 *
 * Never blocks: a pipe or socket that says POLLOUT has room for that many, and no more than
 * that goes with one write; a file takes all at once. What finds no room is dropped and counted;
 * the count goes out with the next lines that do.
 *
 * Called from everywhere. Must never be given content, keys or other secrets.
 *
 * THREADS: lines belong to the thread that gathers them. `one_writes` keeps two threads from
 * taking the same room in the pipe; it is held for calls that do not wait. */
#include "base/log.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/json_write.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/stat.h>

enum { LOG_TAIL_BYTES = 16, LOG_FIELDS_BYTES = LOG_LINE_BYTES - LOG_TAIL_BYTES };
enum { LOG_PACED_BYTES = LOG_GATHER_BYTES / 2 }; /* of which a pipe takes two */
enum { LOG_SAY_BYTES = 2048, KEY_FRAME_BYTES = 4, SECOND_BYTES = 20 };

struct gathered {
	char bytes[LOG_GATHER_BYTES];
	size_t len;
	int64_t dropped;    /* lines */
	int64_t written_ns; /* at the end of a turn, lately */
};

static enum log_format format = LOG_LOGFMT;
static enum log_level lowest = LOG_INFO;
static bool is_file; /* standard error is one: it never waits for a reader */
static pthread_mutex_t one_writes = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct gathered gathered;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_set(enum log_format f, enum log_level l)
{
	struct stat out;

	format = f;
	lowest = l;
	is_file = fstat(STDERR_FILENO, &out) == 0 && S_ISREG(out.st_mode);
}

/* A bit for each byte: visible ASCII but " = and \ */
static const uint64_t plain_bytes[4] = {UINT64_C(0xdffffffa00000000), UINT64_C(0x7fffffffefffffff)};

static const uint64_t ones = UINT64_C(0x0101010101010101);

/* The top bit of each byte that is c, and perhaps of bytes above such a one. */
static inline uint64_t equal_bytes(uint64_t word, char c)
{
	word ^= ones * (unsigned char)c;
	return (word - ones) & ~word;
}

/* Eight at a time, the last eight over those before: a byte's top bit is set in the word itself, in
 * the word less 0x21 or in the word and 1. Borrows and carries come only from bytes that are marked
 * anyway. */
static bool is_plain(struct str value)
{
	uint64_t found = 0, word;
	size_t at = 0;

	for (; value.len >= 8 && at < value.len; at += 8) {
		memcpy(&word, value.ptr + (at + 8 <= value.len ? at : value.len - 8), 8);
		found |= word | (word - ones * 0x21) | (word + ones) | equal_bytes(word, '"') |
		         equal_bytes(word, '=') | equal_bytes(word, '\\');
	}
	for (; at < value.len; at++) {
		unsigned char c = (unsigned char)value.ptr[at];

		if (!(plain_bytes[c / 64] >> c % 64 & 1))
			return false;
	}
	return value.len > 0 && !(found & ones * 0x80);
}

static void put_quoted(struct buf *b, struct str value)
{
	buf_put_byte(b, '"');
	json_put_escaped(b, value);
	buf_put_byte(b, '"');
}

static void put_key(struct buf *b, struct str key)
{
	char *at = buf_room(b, key.len + KEY_FRAME_BYTES);

	if (at == NULL)
		return;
	if (format == LOG_JSON) {
		*at++ = b->len ? ',' : '{';
		*at++ = '"';
	} else if (b->len) {
		*at++ = ' ';
	}
	memcpy(at, key.ptr, key.len);
	at += key.len;
	if (format == LOG_JSON) {
		*at++ = '"';
		*at++ = ':';
	} else {
		*at++ = '=';
	}
	b->len = (size_t)(at - b->ptr);
}

/* `from` is where the field began: one that did not fit is taken back, up to there. */
static void end_field(struct log_line *l, size_t from)
{
	if (!buf_is_over(&l->text))
		return;
	l->text.len = from;
	l->text.over = false;
	l->is_cut = true;
}

static bool is_wanted(const struct log_line *l)
{
	return l->level >= lowest;
}

/* Lines come by the thousand in a second: only their milliseconds differ. */
static void put_time(struct buf *b, int64_t wall_ms)
{
	static _Thread_local struct {
		int64_t second;
		char text[SECOND_BYTES + 8];
	} last = {.second = -1};
	int64_t ms = wall_ms % 1000;

	if (last.second != wall_ms / 1000) {
		struct buf text = {
		    .ptr = last.text, .cap = sizeof last.text, .max = sizeof last.text};

		clock_put_rfc3339(&text, wall_ms);
		last.second = wall_ms / 1000;
	}
	last.text[SECOND_BYTES] = (char)('0' + ms / 100);
	last.text[SECOND_BYTES + 1] = (char)('0' + ms / 10 % 10);
	last.text[SECOND_BYTES + 2] = (char)('0' + ms % 10);
	buf_put(b, format == LOG_JSON ? STR("\"") : STR(""));
	buf_put(b, (struct str){last.text, SECOND_BYTES + 4});
	buf_put(b, format == LOG_JSON ? STR("\"") : STR(""));
}

void log_start(struct log_line *l, enum log_level level, const char *message)
{
	l->level = level;
	l->is_cut = false;
	l->text = (struct buf){.ptr = l->bytes, .cap = LOG_FIELDS_BYTES, .max = LOG_FIELDS_BYTES};
	if (!is_wanted(l))
		return;
	put_key(&l->text, STR("time"));
	put_time(&l->text, clock_wall_ms());
	log_text(l, "level", str_of(level_names[level]));
	log_text(l, "msg", str_of(message));
}

void log_text_of(struct log_line *l, struct str key, struct str value)
{
	size_t from = l->text.len;

	if (!is_wanted(l))
		return;
	put_key(&l->text, key);
	if (format == LOG_LOGFMT && is_plain(value))
		buf_put(&l->text, value);
	else
		put_quoted(&l->text, value);
	end_field(l, from);
}

static void put_bare(struct log_line *l, struct str key, struct str value)
{
	size_t from = l->text.len;

	put_key(&l->text, key);
	buf_put(&l->text, value);
	end_field(l, from);
}

void log_i64_of(struct log_line *l, struct str key, int64_t value)
{
	size_t from = l->text.len;

	if (!is_wanted(l))
		return;
	put_key(&l->text, key);
	buf_put_i64(&l->text, value);
	end_field(l, from);
}

void log_nusd_of(struct log_line *l, struct str key, int64_t nusd)
{
	size_t from = l->text.len;

	if (!is_wanted(l))
		return;
	put_key(&l->text, key);
	buf_put_nusd(&l->text, nusd);
	end_field(l, from);
}

void log_bool_of(struct log_line *l, struct str key, bool value)
{
	if (is_wanted(l))
		put_bare(l, key, value ? STR("true") : STR("false"));
}

static void gather(struct str line)
{
	if (line.len > sizeof gathered.bytes - gathered.len)
		log_flush();
	memcpy(gathered.bytes + gathered.len, line.ptr, line.len);
	gathered.len += line.len;
}

void log_end(struct log_line *l)
{
	if (is_wanted(l)) {
		l->text.cap = l->text.max = sizeof l->bytes;
		if (l->is_cut)
			put_bare(l, STR("cut"), STR("true"));
		buf_put(&l->text, format == LOG_JSON ? STR("}\n") : STR("\n"));
		gather(buf_str(&l->text));
	}
}

void log_say(enum log_level level, const char *sentence, ...)
{
	char text[LOG_SAY_BYTES];
	struct log_line l;
	va_list args;

	va_start(args, sentence);
	vsnprintf(text, sizeof text, sentence, args);
	va_end(args);
	log_start(&l, level, text);
	log_end(&l);
	log_flush();
}

/* Whole lines from the front of `bytes`, as many as go with one write. */
static struct str next_piece(struct str bytes)
{
	size_t len = bytes.len < LOG_LINE_BYTES || is_file ? bytes.len : LOG_LINE_BYTES;

	while (len > 0 && bytes.ptr[len - 1] != '\n')
		len--;
	return str_part(bytes, 0, len);
}

/* -1: not now, or not at all; part of the piece may be out, where it is a terminal's. */
static int write_piece(struct str piece)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

	while (piece.len) {
		ssize_t n;

		if (!is_file && (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT)))
			return -1;
		n = write(STDERR_FILENO, piece.ptr, piece.len);
		if (n <= 0)
			return -1;
		piece = str_part(piece, (size_t)n, SIZE_MAX);
	}
	return 0;
}

static int64_t count_lines(struct str bytes)
{
	int64_t lines = 0;

	for (size_t i = 0; i < bytes.len; i++)
		lines += bytes.ptr[i] == '\n';
	return lines;
}

static int write_dropped(void)
{
	char text[128];
	int len;

	if (gathered.dropped == 0)
		return 0;
	len = snprintf(text, sizeof text,
	               format == LOG_JSON ? "{\"level\":\"warn\",\"msg\":\"log lines dropped\","
	                                    "\"lines\":%" PRId64 "}\n"
	                                  : "level=warn msg=\"log lines dropped\" lines=%" PRId64
	                                    "\n",
	               gathered.dropped);
	if (write_piece((struct str){text, (size_t)len}) < 0)
		return -1;
	gathered.dropped = 0;
	return 0;
}

void log_flush(void)
{
	struct str rest = {gathered.bytes, gathered.len};

	if (rest.len == 0)
		return;
	pthread_mutex_lock(&one_writes);
	while (rest.len) {
		struct str piece = next_piece(rest);

		if (write_dropped() < 0 || write_piece(piece) < 0)
			break;
		rest = str_part(rest, piece.len, SIZE_MAX);
	}
	pthread_mutex_unlock(&one_writes);
	gathered.dropped += count_lines(rest);
	gathered.len = 0;
}

bool log_flush_paced(void)
{
	int64_t now;

	if (gathered.len == 0)
		return false;
	now = clock_mono_ns();
	if (gathered.len < LOG_PACED_BYTES &&
	    now - gathered.written_ns < LOG_PAUSE_MS * INT64_C(1000000))
		return true;
	gathered.written_ns = now;
	log_flush();
	return false;
}
