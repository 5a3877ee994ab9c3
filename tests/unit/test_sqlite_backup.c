/* Copies of a store: one state, whoever writes; put back only when they are sound. */
#include "check.h"
#include "ledger_sample.h"
#include "store/store.h"
#include "tempdir.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static struct fail f;
static struct str dir;

static struct str in_dir(const char *name)
{
	return arena_printf(&arena, "%.*s/%s", STR_ARG(dir), name);
}

static struct store *opened(const char *name)
{
	struct store *s = NULL;

	fail_init(&f, &arena);
	if (store_open(in_dir(name), STORE_CREATE, &s, &f) < 0)
		printf("    %.*s\n", STR_ARG(f.message));
	return s;
}

static void put(struct store *s, int64_t from, int64_t to)
{
	for (int64_t n = from; n < to; n++) {
		struct entry e = sample_entry(n);

		must(store_put_entries(s, &e, 1, NULL, &f) == 0);
	}
}

static int wrong_sums;

static void on_wrong(void *arg, struct str sentence)
{
	(void)arg;
	printf("    %.*s\n", STR_ARG(sentence));
	wrong_sums++;
}

/* Entries from 0 on that are there; the sums must be theirs. */
static int64_t count_entries(const char *name)
{
	struct store *s = opened(name);
	struct entry got = {.attempt = 1};
	int64_t n = 0;

	for (; got.attempt; n++) {
		struct entry want = sample_entry(n);

		must(store_entry(s, want.request_id, 1, &arena, &got, &f) == 0);
	}
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 0);
	store_close(&s);
	return n - 1;
}

static void write_file(const char *name, struct str bytes)
{
	FILE *file = fopen(in_dir(name).ptr, "wb");

	must(file && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len && fclose(file) == 0);
}

static bool is_refused(const char *from, const char *word)
{
	struct str kept = STR("?");

	fail_init(&f, &arena);
	if (store_restore(in_dir("a"), in_dir(from), &kept, &f) == 0)
		return false;
	if (str_find(f.message, str_of(word)) == f.message.len)
		printf("    %.*s\n", STR_ARG(f.message));
	return f.kind == FAIL_STORE && str_find(f.message, str_of(word)) < f.message.len;
}

static void test_there_and_back(void)
{
	struct store *s = opened("a");
	struct str kept = STR("");
	struct stat st;

	put(s, 0, 20);
	CHECK(store_backup(s, in_dir("copy"), &f) == 0);
	CHECK(stat(in_dir("copy").ptr, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(store_backup(s, in_dir("copy"), &f) < 0);
	CHECK(str_find(f.message, STR("there already")) < f.message.len);
	put(s, 20, 30);
	store_close(&s);
	CHECK(count_entries("a") == 30);
	CHECK(store_restore(in_dir("a"), in_dir("copy"), &kept, &f) == 0);
	CHECK(str_find(kept, STR("/a/flux.db.before-restore-2")) < kept.len);
	CHECK(stat(kept.ptr, &st) == 0);
	CHECK(count_entries("a") == 20);
	CHECK(store_restore(in_dir("new"), in_dir("copy"), &kept, &f) == 0 && kept.len == 0);
	CHECK(count_entries("new") == 20);
	CHECK(stat(in_dir("new/flux.db").ptr, &st) == 0 && (st.st_mode & 0777) == 0600);
}

static void test_refused(void)
{
	char bytes[64 * 1024];
	FILE *file = fopen(in_dir("copy").ptr, "rb");
	size_t len = fread(bytes, 1, sizeof bytes, file);

	fclose(file);
	must(len == sizeof bytes);
	CHECK(is_refused("nothing", "No such file"));
	write_file("half", (struct str){bytes, len});
	CHECK(is_refused("half", "damaged"));
	write_file("text", STR("hello"));
	CHECK(is_refused("text", "damaged"));
	write_file("empty", STR(""));
	CHECK(is_refused("empty", "not a store"));
	CHECK(count_entries("a") == 20); /* as it was */
	CHECK(access(in_dir("a/flux.db.restoring").ptr, F_OK) < 0);
}

static atomic_bool stopping;

static void *write_on(void *arg)
{
	struct store *s = arg;
	struct arena own;
	struct fail ff;

	arena_init(&own);
	fail_init(&ff, &own);
	for (int64_t n = 20; !atomic_load(&stopping); n++) {
		struct entry e = sample_entry(n);

		must(store_put_entries(s, &e, 1, NULL, &ff) == 0);
	}
	arena_release(&own);
	return NULL;
}

/* Under load every copy is one state: a gapless row of entries, and sums that are theirs. */
static void test_under_load(void)
{
	struct store *writer = opened("a"), *reader = opened("a");
	int64_t last = 20;
	pthread_t thread;

	must(pthread_create(&thread, NULL, write_on, writer) == 0);
	for (int i = 0; i < 5; i++) {
		struct str name = arena_printf(&arena, "load%d", i), kept;
		struct str copy = in_dir(arena_printf(&arena, "load%d.copy", i).ptr);
		int64_t count;

		CHECK(store_backup(reader, copy, &f) == 0);
		CHECK(store_restore(in_dir(name.ptr), copy, &kept, &f) == 0);
		count = count_entries(name.ptr);
		CHECK(count >= last);
		last = count;
		usleep(20000);
	}
	CHECK(last > 20);
	atomic_store(&stopping, true);
	must(pthread_join(thread, NULL) == 0);
	store_close(&writer);
	store_close(&reader);
}

int main(void)
{
	arena_init(&arena);
	dir = tempdir_make(&arena);
	test_there_and_back();
	test_refused();
	test_under_load();
	tempdir_remove(dir);
	arena_release(&arena);
	return check_report("sqlite_backup");
}
