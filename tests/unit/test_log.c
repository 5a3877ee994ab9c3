/* The log on a pipe in place of standard error: what lines look like, that a line never breaks,
 * and that a full pipe loses lines, counts them and never blocks. */
#include "base/log.h"

#include "base/json_read.h"
#include "check.h"

#include <fcntl.h>
#include <pthread.h>

static int pipe_out; /* where the test reads */
static int real_stderr;
static char heard[1 << 20];

static void take_stderr(void)
{
	int ends[2];

	must(pipe(ends) == 0);
	real_stderr = dup(STDERR_FILENO);
	must(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	close(ends[1]);
	pipe_out = ends[0];
	must(fcntl(pipe_out, F_SETFL, O_NONBLOCK) == 0);
}

static void give_stderr_back(void)
{
	must(dup2(real_stderr, STDERR_FILENO) == STDERR_FILENO);
	close(real_stderr);
	close(pipe_out);
}

static struct str hear(void)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(pipe_out, heard + len, sizeof heard - len)) > 0)
		len += (size_t)n;
	return (struct str){heard, len};
}

static void put_sample(void)
{
	struct log_line l;

	log_start(&l, LOG_INFO, "request");
	log_text(&l, "model", STR("gpt-5"));
	log_text(&l, "path", STR("a b\"c\n"));
	log_text(&l, "none", STR(""));
	log_i64(&l, "status", -200);
	log_nusd(&l, "cost_usd", 123456);
	log_bool(&l, "stream", true);
	log_end(&l);
}

/* Behind the time, which is the only part that changes. */
static struct str without_time(struct str line, size_t skip)
{
	return str_part(line, skip, SIZE_MAX);
}

static void test_logfmt(void)
{
	struct str line;

	log_set(LOG_LOGFMT, LOG_INFO);
	put_sample();
	CHECK(hear().len == 0);
	log_flush();
	line = hear();
	CHECK(str_starts_with(line, STR("time=20")));
	CHECK_STR(without_time(line, strlen("time=2026-11-22T15:20:43.123Z")),
	          STR(" level=info msg=request model=gpt-5 path=\"a b\\\"c\\n\" none=\"\""
	              " status=-200 cost_usd=0.000123456 stream=true\n"));
	log_flush();
	CHECK(hear().len == 0);
}

static void test_json(void)
{
	struct json doc;
	struct json_error error;
	struct str line;

	log_set(LOG_JSON, LOG_INFO);
	put_sample();
	log_say(LOG_WARN, "reload: %s=%d", "x", 7);
	line = hear();
	json_init(&doc);
	CHECK(str_ends_with(line, STR("\"level\":\"warn\",\"msg\":\"reload: x=7\"}\n")));
	line.len = str_find_byte(line, '\n');
	CHECK(json_read(&doc, line, &error) == 0);
	CHECK(json_text_is(&doc, json_get(&doc, json_root(&doc), STR("path")), STR("a b\"c\n")));
	CHECK_STR(json_raw(&doc, json_get(&doc, json_root(&doc), STR("cost_usd"))),
	          STR("0.000123456"));
	json_release(&doc);
}

static void test_levels(void)
{
	struct log_line l;

	log_set(LOG_LOGFMT, LOG_WARN);
	put_sample();
	log_say(LOG_INFO, "not wanted");
	CHECK(hear().len == 0);
	log_start(&l, LOG_ERROR, "wanted");
	log_end(&l);
	log_flush();
	CHECK(str_ends_with(hear(), STR(" level=error msg=wanted\n")));
}

/* Around the longest line, byte by byte: never longer, never half a field. */
static void test_long_fields(void)
{
	static char text[LOG_LINE_BYTES];
	struct json doc;
	struct json_error error;

	memset(text, 'a', sizeof text);
	json_init(&doc);
	log_set(LOG_JSON, LOG_INFO);
	for (size_t len = LOG_LINE_BYTES - 140; len <= sizeof text; len++) {
		struct log_line l;
		struct str line;

		log_start(&l, LOG_INFO, "long");
		log_text(&l, "text", (struct str){text, len});
		log_i64(&l, "n", 1);
		log_end(&l);
		log_flush();
		line = hear();
		if (!CHECK(line.len <= LOG_LINE_BYTES && str_ends_with(line, STR("}\n"))) ||
		    !CHECK(json_read(&doc, str_part(line, 0, line.len - 1), &error) == 0))
			break;
		bool is_cut = json_get(&doc, json_root(&doc), STR("cut")) != JSON_NONE;
		bool has_text = json_get(&doc, json_root(&doc), STR("text")) != JSON_NONE;
		bool has_n = json_get(&doc, json_root(&doc), STR("n")) != JSON_NONE;

		CHECK(is_cut != (has_text && has_n));
		CHECK(has_text || has_n);
	}
	json_release(&doc);
}

static int64_t count(struct str text, struct str part)
{
	int64_t n = 0;

	for (size_t at; (at = str_find(text, part)) < text.len; n++)
		text = str_part(text, at + part.len, SIZE_MAX);
	return n;
}

/* Nobody reads: 20,000 lines are 1.6 MB, a pipe holds 64 KiB. What is missing afterwards is what
 * the log says is missing, and every line that came is whole. */
static void test_full_pipe(void)
{
	enum { MANY = 20000 };
	int64_t came, said = 0;
	struct str text;
	size_t at;

	log_set(LOG_LOGFMT, LOG_INFO);
	for (int i = 0; i < MANY; i++) {
		struct log_line l;

		log_start(&l, LOG_INFO, "flood");
		log_i64(&l, "number", i);
		log_end(&l);
		if (i % 100 == 99)
			log_flush();
	}
	text = hear();
	came = count(text, STR("msg=flood number="));
	CHECK(came > 0 && came < MANY);
	CHECK(count(text, STR("\n")) == came);
	CHECK(str_ends_with(text, STR("\n")));
	log_say(LOG_INFO, "again");
	text = hear();
	at = str_find(text, STR("dropped\" lines=")) + strlen("dropped\" lines=");
	struct str number = str_part(text, at, str_find_byte(str_part(text, at, SIZE_MAX), '\n'));
	CHECK(str_to_i64(number, 0, INT64_MAX, &said) == 0);
	CHECK(said == MANY - came);
	CHECK(str_ends_with(text, STR("msg=again\n")));
}

/* A line goes out at once; does one right behind it wait? */
static bool second_waits(void)
{
	usleep((LOG_PAUSE_MS + 5) * 1000);
	put_sample();
	CHECK(!log_flush_paced());
	CHECK(count(hear(), STR("\n")) == 1);
	put_sample();
	return log_flush_paced();
}

/* The first at once; what comes right behind it waits, unless it is much. */
static void test_paced(void)
{
	struct log_line l;
	int tries = 0;

	log_set(LOG_LOGFMT, LOG_INFO);
	CHECK(!log_flush_paced());
	while (!second_waits() && tries++ < 100)
		hear(); /* the machine was busy between the two */
	CHECK(tries < 100);
	CHECK(hear().len == 0);
	log_flush();
	CHECK(count(hear(), STR("\n")) == 1);
	put_sample();
	usleep((LOG_PAUSE_MS + 5) * 1000);
	CHECK(!log_flush_paced());
	CHECK(count(hear(), STR("\n")) == 1);
	for (int i = 0; i < 9; i++) {
		char text[LOG_LINE_BYTES - 200];

		memset(text, 'x', sizeof text);
		log_start(&l, LOG_INFO, "much");
		log_text(&l, "text", (struct str){text, sizeof text});
		log_end(&l);
	}
	CHECK(!log_flush_paced());
	CHECK(hear().len > 0);
}

/* Every byte at every place of a word: quoted or not as by itself. */
static void test_plain_bytes(void)
{
	log_set(LOG_LOGFMT, LOG_INFO);
	for (int place = 0; place < 20; place++)
		for (int c = 1; c < 128; c++) {
			char text[20];
			struct log_line l;
			struct str line;
			bool is_plain = c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';

			memset(text, 'x', sizeof text);
			text[place] = (char)c;
			log_start(&l, LOG_INFO, "byte");
			log_text(&l, "text", (struct str){text, sizeof text});
			log_end(&l);
			log_flush();
			line = hear();
			if (!CHECK((str_find(line, STR("text=\"")) == line.len) == is_plain))
				printf("    byte %d at %d\n", c, place);
		}
}

static void *flood(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		struct log_line l;

		log_start(&l, LOG_INFO, "thread");
		log_text(&l, "name", str_of(arg));
		log_end(&l);
		if (i % 7 == 0)
			log_flush();
	}
	log_flush();
	return NULL;
}

/* Two threads on a pipe that is too small: whole lines only. */
static void test_threads(void)
{
	char first[] = "one", second[] = "two";
	pthread_t one, two;
	struct str text, line;
	bool whole = true;

	must(pthread_create(&one, NULL, flood, first) == 0);
	must(pthread_create(&two, NULL, flood, second) == 0);
	must(pthread_join(one, NULL) == 0);
	must(pthread_join(two, NULL) == 0);
	text = hear();
	CHECK(text.len > 0);
	while (str_next_field(&text, '\n', &line) && line.len)
		whole &=
		    str_starts_with(line, STR("time=")) || str_starts_with(line, STR("level="));
	CHECK(whole);
}

int main(void)
{
	take_stderr();
	test_logfmt();
	test_json();
	test_levels();
	test_long_fields();
	test_full_pipe();
	test_paced();
	test_plain_bytes();
	test_threads();
	give_stderr_back();
	return check_report("log");
}
