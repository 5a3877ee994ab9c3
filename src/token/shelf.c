/* Vocabularies are read once, by the thread that asks first, and live as long as the process: a
 * file that is replaced is read by the next one. Called by daemon.c at start, and by counting.c.
 *
 * THREADS: `lock` guards reading; what was read is published by an atomic pointer. */
#include "token/shelf.h"

#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { CUTS = VOCAB_O200K + 1, PATH_BYTES = 4096, PIECE_BYTES = 256 * 1024 };

static struct {
	const char *file;
	char path[PATH_BYTES]; /* empty: there is none */
	_Atomic(const struct vocab *) vocab;
	bool was_read; /* under the lock */
} shelf[CUTS] = {
    [VOCAB_CL100K] = {.file = "cl100k_base.vocab"},
    [VOCAB_O200K] = {.file = "o200k_base.vocab"},
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* https://github.com/openai/tiktoken, model.py: the first that fits. */
static const struct {
	const char *glob;
	enum vocab_cut cut;
} families[] = {
    {"gpt-4o*", VOCAB_O200K},  {"gpt-4.*", VOCAB_O200K},  {"gpt-5*", VOCAB_O200K},
    {"gpt-6*", VOCAB_O200K},   {"gpt-oss*", VOCAB_O200K}, {"chatgpt-4o*", VOCAB_O200K},
    {"codex-*", VOCAB_O200K},  {"o1*", VOCAB_O200K},      {"o3*", VOCAB_O200K},
    {"o4-*", VOCAB_O200K},     {"gpt-4*", VOCAB_CL100K},  {"gpt-3.5*", VOCAB_CL100K},
    {"gpt-35*", VOCAB_CL100K},
};

bool shelf_knows(struct str model, enum vocab_cut *out)
{
	struct str rest = model, name = model;

	while (str_next_field(&rest, '/', &name)) /* "openai/gpt-5" */
		;
	*out = VOCAB_O200K;
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
		if (str_matches_glob(name, str_of(families[i].glob))) {
			*out = families[i].cut;
			return true;
		}
	return false;
}

static int look_in(struct str directory)
{
	int found = 0;

	for (int i = 0; i < CUTS; i++) {
		if (!shelf[i].file)
			continue;
		snprintf(shelf[i].path, PATH_BYTES, "%.*s/%s", STR_ARG(directory), shelf[i].file);
		if (access(shelf[i].path, R_OK) == 0)
			found++;
		else
			shelf[i].path[0] = '\0';
	}
	return found;
}

/* "tokenizer" in the folder of this program. */
static struct str beside_us(char *bytes)
{
	ssize_t len = readlink("/proc/self/exe", bytes, PATH_BYTES - sizeof "tokenizer");

	while (len > 0 && bytes[len - 1] != '/')
		len--;
	if (len <= 0)
		return STR("tokenizer");
	memcpy(bytes + len, "tokenizer", sizeof "tokenizer" - 1);
	return (struct str){bytes, (size_t)len + sizeof "tokenizer" - 1};
}

int shelf_open(struct str directory)
{
	char bytes[PATH_BYTES];
	int found;

	if (directory.len)
		return look_in(directory);
	found = look_in(beside_us(bytes));
	if (!found)
		found = look_in(STR("/usr/local/share/fluxrouter/tokenizer"));
	return found ? found : look_in(STR("/usr/share/fluxrouter/tokenizer"));
}

bool shelf_has(enum vocab_cut cut)
{
	return shelf[cut].path[0] != '\0';
}

const struct vocab *shelf_look(enum vocab_cut cut)
{
	return atomic_load_explicit(&shelf[cut].vocab, memory_order_acquire);
}

static int read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 1;
	char *room;

	while (got > 0) {
		room = buf_room(out, PIECE_BYTES);
		got = room ? read(fd, room, PIECE_BYTES) : -1;
		if (got > 0)
			buf_grew(out, (size_t)got);
	}
	if (fd >= 0)
		close(fd);
	return got == 0 ? 0 : -1;
}

static void read_vocab(enum vocab_cut cut)
{
	const char *path = shelf[cut].path;
	struct vocab *v = NULL;
	struct arena arena;
	struct log_line l;
	struct fail f;
	struct buf file;

	arena_init(&arena);
	fail_init(&f, &arena);
	buf_init(&file, VOCAB_FILE_MAX);
	if (read_file(path, &file) < 0 || vocab_read(buf_str(&file), &v, &f) < 0) {
		log_start(&l, LOG_ERROR, "a vocabulary cannot be used, tokens are estimated");
		log_text(&l, "file", str_of(path));
		log_end(&l);
	}
	atomic_store_explicit(&shelf[cut].vocab, v, memory_order_release);
	buf_release(&file);
	arena_release(&arena);
}

const struct vocab *shelf_take(enum vocab_cut cut)
{
	pthread_mutex_lock(&lock);
	if (!shelf[cut].was_read && shelf_has(cut))
		read_vocab(cut);
	shelf[cut].was_read = true;
	pthread_mutex_unlock(&lock);
	return shelf_look(cut);
}
