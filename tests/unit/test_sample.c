/* Samples: sealed on the disk, found again by request and key, expired, never longer than they
 * may be. */
#include "base/clock.h"
#include "base/random.h"
#include "trace/sample.h"

#include "check.h"
#include "tempdir.h"

#include <dirent.h>
#include <unistd.h>

static const int64_t day_ms = 24 * 3600 * 1000;

struct scene {
	struct arena arena;
	struct str root, dir;
	struct loop loop;
	struct uuid7_maker ids;
	uint8_t id[3][16];
};

static void scene_init(struct scene *s)
{
	*s = (struct scene){.root = {0}};
	arena_init(&s->arena);
	s->root = tempdir_make(&s->arena);
	s->dir = arena_printf(&s->arena, "%.*s/samples", STR_ARG(s->root));
	loop_init(&s->loop, 0);
	for (int i = 0; i < 3; i++)
		uuid7_make(&s->ids, clock_wall_ms(), s->id[i]);
}

static void scene_release(struct scene *s)
{
	loop_release(&s->loop);
	tempdir_remove(s->root);
	arena_release(&s->arena);
}

/* The only file there is; empty: none. */
static struct str only_file(struct scene *s)
{
	DIR *open = opendir(s->dir.ptr);
	struct str path = STR("");

	for (struct dirent *d; open && (d = readdir(open));)
		if (d->d_name[0] != '.')
			path = arena_printf(&s->arena, "%.*s/%s", STR_ARG(s->dir), d->d_name);
	if (open)
		closedir(open);
	return path;
}

static void write_two(struct scene *s, const struct cipher_key *key)
{
	struct sampler *w = sampler_open(&s->loop, s->dir, day_ms);
	char *longest = mem_get(SAMPLE_BODY_BYTES + 1);

	sampler_put(w, key, s->id[0], STR("{\"the\":\"secret body\"}"));
	sampler_put(w, key, s->id[1], (struct str){longest, SAMPLE_BODY_BYTES});
	sampler_put(w, key, s->id[2], (struct str){longest, SAMPLE_BODY_BYTES + 1});
	sampler_close(&w);
	mem_put(longest);
}

static bool is_there(struct scene *s, const struct cipher_key *key, int which, int64_t keep_ms)
{
	struct samples all;
	struct buf body;
	bool found;

	buf_init(&body, SAMPLE_BODY_BYTES + 1);
	samples_read(&all, s->dir, keep_ms);
	found = samples_get(&all, key, s->id[which], &body) == 0;
	if (found && which == 0)
		CHECK_STR(buf_str(&body), STR("{\"the\":\"secret body\"}"));
	if (found && which == 1)
		CHECK(body.len == SAMPLE_BODY_BYTES);
	samples_release(&all);
	buf_release(&body);
	return found;
}

static void test_round(void)
{
	struct cipher_key key = sample_key(STR("a long secret of the operator"));
	struct cipher_key other = sample_key(STR("another"));
	static char bytes[SAMPLE_BODY_BYTES * 2];
	struct scene s;
	FILE *file;

	scene_init(&s);
	CHECK(!is_there(&s, &key, 0, day_ms));
	write_two(&s, &key);
	CHECK(is_there(&s, &key, 0, day_ms) && is_there(&s, &key, 1, day_ms));
	CHECK(!is_there(&s, &key, 2, day_ms) && !is_there(&s, &other, 0, day_ms));
	file = fopen(only_file(&s).ptr, "rb");
	if (CHECK(file != NULL)) {
		size_t len = fread(bytes, 1, sizeof bytes, file);

		CHECK(str_find((struct str){bytes, len}, STR("secret body")) == len);
		fclose(file);
	}
	must(truncate(only_file(&s).ptr, 100) == 0);
	CHECK(is_there(&s, &key, 0, day_ms) && !is_there(&s, &key, 1, day_ms));
	scene_release(&s);
}

/* Old files are not read, and go when a sampler runs. */
static void test_expiry(void)
{
	struct cipher_key key = sample_key(STR("a long secret of the operator"));
	struct sampler *w;
	struct scene s;
	struct str old;

	scene_init(&s);
	write_two(&s, &key);
	old = arena_printf(&s.arena, "%.*s/00-%013lld.fluxs", STR_ARG(s.dir),
	                   (long long)(clock_wall_ms() - day_ms - day_ms / 20));
	must(rename(only_file(&s).ptr, old.ptr) == 0);
	CHECK(!is_there(&s, &key, 0, day_ms) && is_there(&s, &key, 0, 2 * day_ms));
	w = sampler_open(&s.loop, s.dir, day_ms);
	for (int i = 0; i < 100 && access(old.ptr, F_OK) == 0; i++)
		uv_run(&s.loop.uv, UV_RUN_ONCE);
	CHECK(access(old.ptr, F_OK) < 0);
	sampler_close(&w);
	scene_release(&s);
}

static void test_draw(void)
{
	struct uuid7_maker ids = {0};
	int drawn = 0;
	uint8_t id[16];

	for (int i = 0; i < 10000; i++) {
		uuid7_make(&ids, clock_wall_ms(), id);
		drawn += sample_is_drawn(id, 10);
		CHECK(sample_is_drawn(id, 100) && !sample_is_drawn(id, 0));
	}
	CHECK(drawn > 800 && drawn < 1200);
}

int main(void)
{
	test_round();
	test_expiry();
	test_draw();
	return check_report("sample");
}
