/* What operators see of targets: the list of the admin API, and the rows of /metrics. */
#include "check.h"

#include "admin/target.h"
#include "provider/provider.h"

static const char text[] =
    "providers:\n"
    "  - {name: p, dialect: chat, base_url: \"http://h/v1\", api_keys: [sk-1, sk-2]}\n"
    "models:\n"
    "  - {name: a, price: {input: 1, output: 1}, targets: [{provider: p, model: 'm\"\\'}]}\n"
    "  - {name: b, price: {input: 1, output: 1}, targets: [{provider: p, model: 'm\"\\'}]}\n";

static struct buf out;

static bool says(const char *part)
{
	struct str all = buf_str(&out);

	if (str_find(all, str_of(part)) < all.len)
		return true;
	printf("not in: %.*s\n", STR_ARG(all));
	return false;
}

static int count_of(const char *part)
{
	struct str all = buf_str(&out);
	int count = 0;

	for (size_t at; (at = str_find(all, str_of(part))) < all.len; count++)
		all = str_part(all, at + 1, all.len);
	return count;
}

static void put_list(const struct config *c, const char *model)
{
	struct json_writer w;

	buf_clear(&out);
	json_writer_init(&w, &out);
	target_put_list(&w, c, str_of(model));
	CHECK(json_writer_is_done(&w) && !buf_is_over(&out));
}

static void fail_one(const struct config *c, const struct target *t)
{
	struct health_news news = {.pass = HEALTH_GOES,
	                           .verdict = HEALTH_ILL,
	                           .told_ms = 90000,
	                           .failure = FAIL_PROVIDER_RATE_LIMITED,
	                           .status = 429};

	health_note(t->health, &c->health, &news, health_now_ms());
	news = (struct health_news){
	    .pass = HEALTH_GOES, .verdict = HEALTH_WELL, .first_byte_us = 2500};
	health_note(t[1].health, &c->health, &news, health_now_ms());
}

static void test_list(const struct config *c)
{
	put_list(c, "");
	CHECK(count_of("\"breaker\":\"open\"") == 2 && count_of("\"breaker\":\"closed\"") == 2);
	CHECK(says(
	    "{\"name\":\"p#1:m\\\"\\\\\",\"model\":\"a\",\"provider\":\"p\",\"breaker\":\"open\","
	    "\"stopped\":false,\"probe_in_s\":"));
	CHECK(says("\"last_failure\":{\"code\":\"provider_rate_limited\",\"status\":429}"));
	CHECK(
	    says("\"ok\":1,\"failed\":0,\"error_rate\":0,\"first_byte_s\":0.0025,\"retries_left\":"
	         "10,\"last_failure\":null}"));
	CHECK(count_of("sk-") == 0);
	put_list(c, "B");
	CHECK(count_of("\"model\":\"b\"") == 2 && count_of("\"model\":\"a\"") == 0);
}

static void test_metrics(const struct config *c)
{
	buf_clear(&out);
	target_put_metrics(&out, c);
	CHECK(count_of("# TYPE fluxrouter_target_") == 4);
	CHECK(count_of("fluxrouter_target_state{") == 2); /* one for each name */
	CHECK(says("fluxrouter_target_state{target=\"p#1:m\\\"\\\\\"} 2\n"));
	CHECK(
	    says("fluxrouter_target_attempts_total{target=\"p#1:m\\\"\\\\\",end=\"failed\"} 1\n"));
	CHECK(says("fluxrouter_target_attempts_total{target=\"p#2:m\\\"\\\\\",end=\"ok\"} 1\n"));
	CHECK(says("fluxrouter_target_first_byte_seconds{target=\"p#2:m\\\"\\\\\"} 0.0025\n"));
	CHECK(says("fluxrouter_target_error_ratio{target=\"p#1:m\\\"\\\\\"} 0.0625\n"));
	target_stop(&c->catalog->models[0].targets[1]);
	buf_clear(&out);
	target_put_metrics(&out, c);
	CHECK(says("fluxrouter_target_state{target=\"p#2:m\\\"\\\\\"} 3\n"));
}

int main(void)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	buf_init(&out, 64 * 1024);
	if (CHECK(config_read_text(STR("t.yaml"), str_of(text), &c, &f) == 0)) {
		CHECK(catalog_build(c, &f) == 0);
		fail_one(c, c->catalog->models[0].targets);
		test_list(c);
		test_metrics(c);
		config_put(&c);
	}
	buf_release(&out);
	arena_release(&arena);
	return check_report("target");
}
