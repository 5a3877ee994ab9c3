/* A scrape, read by a small checker of the OpenMetrics text format: every sample stands under the
 * TYPE of its family, families come once, buckets only grow and end at +Inf, and # EOF is last.
 * Then the sums: over threads, at the bounds of the buckets, and while they move. */
#include "metric.h"

#include "check.h"

#include <pthread.h>

static struct buf text;

static struct str scrape(void)
{
	buf_clear(&text);
	metric_put_text(&text);
	buf_put(&text, STR("# EOF\n")); /* as its caller does */
	CHECK(!buf_is_over(&text));
	return buf_str(&text);
}

/* The sample's value, as text; empty: there is none. */
static struct str value_of(struct str scraped, const char *sample)
{
	struct str line;

	while (str_next_field(&scraped, '\n', &line)) {
		size_t blank = line.len;

		while (blank > 0 && line.ptr[blank - 1] != ' ')
			blank--;
		if (blank && str_eq(str_part(line, 0, blank - 1), str_of(sample)))
			return str_part(line, blank, SIZE_MAX);
	}
	return STR("");
}

/* --- the checker --- */

enum { FAMILIES_MAX = 64 };

struct checker {
	struct str families[FAMILIES_MAX];
	int family_count;
	struct str type;
	bool has_unit, has_help;
	int samples;     /* of this family */
	int64_t highest; /* of this histogram's buckets */
	bool had_infinite, had_eof;
};

static void check_type(struct checker *c, struct str line)
{
	struct str family;

	CHECK(str_next_field(&line, ' ', &family));
	CHECK(str_eq(line, STR("counter")) || str_eq(line, STR("gauge")) ||
	      str_eq(line, STR("histogram")));
	for (int i = 0; i < c->family_count; i++)
		CHECK(!str_eq(c->families[i], family));
	must(c->family_count < FAMILIES_MAX);
	CHECK(c->family_count == 0 || c->samples > 0);
	c->families[c->family_count++] = family;
	c->type = line;
	c->has_unit = c->has_help = false;
	c->samples = 0;
	c->highest = 0;
}

static void check_meta(struct checker *c, struct str line)
{
	struct str word, family = c->family_count ? c->families[c->family_count - 1] : STR("");

	str_next_field(&line, ' ', &word);
	if (str_eq(word, STR("TYPE"))) {
		check_type(c, line);
		return;
	}
	CHECK(c->samples == 0 && str_starts_with(line, family));
	if (str_eq(word, STR("UNIT"))) {
		CHECK(!c->has_unit && str_ends_with(family, STR("_seconds")));
		CHECK_STR(str_part(line, family.len, SIZE_MAX), STR(" seconds"));
		c->has_unit = true;
	} else {
		CHECK_STR(word, STR("HELP"));
		CHECK(!c->has_help && line.len > family.len + 1);
		c->has_help = true;
	}
}

static bool is_number(struct str value, bool integer)
{
	int points = 0;

	for (size_t i = 0; i < value.len; i++) {
		points += value.ptr[i] == '.';
		if (value.ptr[i] != '.' && (value.ptr[i] < '0' || value.ptr[i] > '9'))
			return false;
	}
	return value.len > 0 && points <= !integer;
}

static void check_bucket(struct checker *c, struct str labels, struct str value)
{
	int64_t count = -1;

	CHECK(str_starts_with(labels, STR("{le=\"")) && str_ends_with(labels, STR("\"}")));
	CHECK(str_to_i64(value, c->highest, INT64_MAX, &count) == 0);
	c->highest = count;
	c->had_infinite = str_eq(labels, STR("{le=\"+Inf\"}"));
	if (!c->had_infinite)
		CHECK(str_find_byte(labels, '.') < labels.len);
}

static void check_labels(struct str labels)
{
	if (labels.len == 0)
		return;
	CHECK(labels.ptr[0] == '{' && str_ends_with(labels, STR("\"}")));
	CHECK(str_find(labels, STR("=\"")) > 1 && str_find(labels, STR("=\"")) < labels.len);
}

static void check_sample(struct checker *c, struct str line)
{
	struct str family = c->families[c->family_count - 1], value, name = line;
	size_t end;

	CHECK(c->has_help && str_starts_with(line, family));
	end = str_find_byte(line, '{');
	if (end == line.len)
		end = str_find_byte(line, ' ');
	name = str_part(line, family.len, end - family.len);
	value = str_part(line, line.len, 0);
	while (value.ptr[-1] != ' ')
		value = (struct str){value.ptr - 1, value.len + 1};
	struct str labels = str_part(line, end, line.len - end - value.len - 1);

	check_labels(labels);
	c->samples++;
	if (str_eq(c->type, STR("counter"))) {
		CHECK_STR(name, STR("_total"));
		CHECK(is_number(value, true));
	} else if (str_eq(c->type, STR("gauge"))) {
		CHECK_STR(name, STR(""));
		CHECK(is_number(value, true));
	} else if (str_eq(name, STR("_bucket"))) {
		check_bucket(c, labels, value);
	} else if (str_eq(name, STR("_count"))) {
		int64_t count = -1;

		CHECK(c->had_infinite && str_to_i64(value, 0, INT64_MAX, &count) == 0);
		CHECK(count == c->highest);
	} else {
		CHECK_STR(name, STR("_sum"));
		CHECK(is_number(value, false));
	}
}

static void check_well_formed(struct str scraped)
{
	struct checker c = {0};
	struct str line;

	CHECK(str_ends_with(scraped, STR("\n# EOF\n")));
	while (str_next_field(&scraped, '\n', &line)) {
		if (line.len == 0)
			break;
		CHECK(!c.had_eof);
		if (str_eq(line, STR("# EOF")))
			c.had_eof = true;
		else if (str_starts_with(line, STR("# ")))
			check_meta(&c, str_part(line, 2, SIZE_MAX));
		else if (CHECK(c.family_count > 0))
			check_sample(&c, line);
	}
	CHECK(scraped.len == 0 && c.had_eof && c.family_count > METRIC_HISTOGRAM_COUNT);
}

/* --- the tests --- */

static void test_empty(void)
{
	check_well_formed(scrape());
	CHECK_STR(value_of(scrape(), "fluxrouter_requests_total{status=\"2xx\"}"), STR("0"));
}

static void test_bounds(void)
{
	static const struct {
		int64_t ns;
		const char *first_bucket;
	} rows[] = {
	    {-1, "0.0009765625"},    {0, "0.0009765625"},      {976562, "0.0009765625"},
	    {976563, "0.001953125"}, {1953125, "0.001953125"}, {1953126, "0.00390625"},
	    {1000000000, "1.0"},     {1000000001, "2.0"},      {4096000000000, "4096.0"},
	    {4096000000001, "+Inf"}, {INT64_MAX / 4, "+Inf"},
	};
	int64_t before = 0, count;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char sample[128];

		snprintf(sample, sizeof sample, "fluxrouter_overhead_seconds_bucket{le=\"%s\"}",
		         rows[i].first_bucket);
		CHECK(str_to_i64(value_of(scrape(), sample), 0, 100, &before) == 0);
		metric_observe(METRIC_OVERHEAD_SECONDS, rows[i].ns);
		CHECK(str_to_i64(value_of(scrape(), sample), 0, 100, &count) == 0);
		CHECK(count == before + 1);
		CHECK(count == (int64_t)i + 1);
	}
	check_well_formed(scrape());
}

static void test_sum(void)
{
	metric_observe(METRIC_DURATION_SECONDS, 1500000000);
	metric_observe(METRIC_DURATION_SECONDS, 1);
	CHECK_STR(value_of(scrape(), "fluxrouter_request_seconds_sum"), STR("1.500000001"));
	CHECK_STR(value_of(scrape(), "fluxrouter_request_seconds_count"), STR("2"));
}

enum { THREADS = 4, ROUNDS = 50000 };

static void *add(void *arg)
{
	metric_thread_start();
	metric_thread_start();
	for (int i = 0; i < ROUNDS; i++) {
		metric_add(METRIC_REQUESTS_2XX, 1);
		metric_add(METRIC_REQUESTS_ACTIVE, i % 2 ? -1 : 1);
		metric_observe(METRIC_FIRST_BYTE_SECONDS, i);
	}
	metric_set(METRIC_CLIENT_CONNECTIONS, 3);
	metric_set(METRIC_CLIENT_CONNECTIONS, 2);
	return arg;
}

static void test_threads(void)
{
	pthread_t threads[THREADS];
	struct str scraped;

	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, add, NULL) == 0);
	for (int i = 0; i < 20; i++)
		check_well_formed(scrape());
	for (int i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);
	metric_add(METRIC_REQUESTS_2XX, 5);
	scraped = scrape();
	CHECK_STR(value_of(scraped, "fluxrouter_requests_total{status=\"2xx\"}"), STR("200005"));
	CHECK_STR(value_of(scraped, "fluxrouter_requests_active"), STR("0"));
	CHECK_STR(value_of(scraped, "fluxrouter_client_connections"), STR("8"));
	CHECK_STR(value_of(scraped, "fluxrouter_first_byte_seconds_count"), STR("200000"));
}

int main(void)
{
	buf_init(&text, 1 << 20);
	test_empty();
	test_bounds();
	test_sum();
	test_threads();
	buf_release(&text);
	return check_report("metric");
}
