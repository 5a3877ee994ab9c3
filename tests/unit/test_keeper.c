/* The keeper against a token server: whose clock is believed after what, and who may free a
 * credential while the keeper ends. */
#include "provider/keeper.h"

#include "check.h"
#include "provider/credential.h"
#include "server.h"

enum { AHEAD_S = 600, FAR_AHEAD_S = 7200 };

static _Atomic int news;
static _Atomic bool holds, is_held; /* the keeper's thread, where it tells news */

static void on_news(void *unused)
{
	(void)unused;
	news++;
	while (holds) {
		is_held = true;
		usleep(1000);
	}
}

static void wait_for_news(int count)
{
	for (int i = 0; i < SERVER_PATIENCE_MS && news < count; i++)
		usleep(1000);
	CHECK(news >= count);
}

static struct credential *get_from(const struct server *s, char url[64])
{
	struct config_auth auth = {.style = CONFIG_AUTH_ENTRA};

	snprintf(url, 64, "http://127.0.0.1:%d", s->port);
	auth.place.name = STR("p");
	auth.place.proxy = STR("none");
	auth.place.base_url = str_of(url);
	must(url_read(auth.place.base_url, &auth.place.url) == NULL);
	auth.texts[CONFIG_AUTH_TEXT_tenant] = STR("t");
	auth.texts[CONFIG_AUTH_TEXT_client_id] = STR("id");
	auth.texts[CONFIG_AUTH_TEXT_client_secret] = STR("s");
	return credential_get(&auth);
}

static void answer(struct server *s, int status, int ahead_s)
{
	static const char body[] = "{\"access_token\":\"t\",\"expires_in\":1}";
	struct peer p = server_accept(s);
	struct buf text;

	buf_init(&text, 1024);
	buf_printf(&text, "HTTP/1.1 %d X\r\nConnection: close\r\nDate: ", status);
	clock_put_http_date(&text, clock_wall_ms() + ahead_s * INT64_C(1000));
	buf_printf(&text, "\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	buf_put_byte(&text, '\0');
	if (peer_read_request(s, &p))
		peer_say(&p, text.ptr);
	peer_close(&p);
	buf_release(&text);
}

/* --- clocks --- */

/* A second later each: refused by somebody whose clock is another, then silent for a while. */
static void serve_and_fail(struct server *s)
{
	struct peer p;

	answer(s, 200, AHEAD_S);
	answer(s, 503, FAR_AHEAD_S);
	p = server_accept(s);
	peer_read_request(s, &p);
	usleep(1200 * 1000);
	peer_close(&p);
}

static bool is_about(int64_t skew_s, int64_t wanted_s)
{
	return skew_s >= wanted_s - 60 && skew_s <= wanted_s + 60;
}

/* Requests are signed by it, and what was fetched before may still be good. */
static void test_failure_leaves_the_clock(void)
{
	struct server s = {0};
	struct keeper *keeper = keeper_start(on_news, NULL);
	struct credential *c;
	char url[64];

	news = 0;
	server_start(&s, serve_and_fail);
	c = get_from(&s, url);
	wait_for_news(1);
	CHECK(is_about(credential_skew_s(c), AHEAD_S));
	wait_for_news(2);
	CHECK(is_about(credential_skew_s(c), AHEAD_S));
	wait_for_news(3);
	CHECK(is_about(credential_skew_s(c), AHEAD_S));
	credential_put(&c);
	keeper_stop(&keeper);
	server_join(&s);
}

/* --- the end --- */

static void serve_once(struct server *s)
{
	answer(s, 503, 0);
}

static void *stop(void *keeper)
{
	keeper_stop(keeper);
	return NULL;
}

static void count(struct credential *c, void *total)
{
	(void)c;
	(*(int *)total)++;
}

/* What the keeper works at is not freed by whoever lets go of it last, as long as its thread is
 * there: here it stands in the midst of giving up. */
static void test_put_while_it_ends(void)
{
	struct server s = {0};
	struct keeper *keeper = keeper_start(on_news, NULL);
	struct credential *c;
	pthread_t stopper;
	char url[64];
	int left = 0;

	news = 0;
	holds = true;
	server_start(&s, serve_once);
	c = get_from(&s, url);
	while (!is_held)
		usleep(1000);
	must(pthread_create(&stopper, NULL, stop, &keeper) == 0);
	usleep(50000);
	credential_put(&c);
	credentials_visit(count, &left);
	CHECK(left == 1);
	holds = false;
	pthread_join(stopper, NULL);
	left = 0;
	credentials_visit(count, &left);
	CHECK(left == 0);
	server_join(&s);
}

int main(void)
{
	test_failure_leaves_the_clock();
	test_put_while_it_ends();
	return check_report("keeper");
}
