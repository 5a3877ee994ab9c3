/* The table of credentials.
 *
 *	credential_get -> NEW -> the keeper fetches -> good until so long -> fetched again before
 *	                              \-> failed: skipped by requests, tried again
 *
 * A credential is known by the digest of what its configuration says, so a reload that changed
 * nothing about it finds it with its token. It goes when no snapshot refers to it: at once without
 * a keeper, else by the keeper, who may be fetching. A token counts as good until shortly before
 * its end, so that it does not end on its way.
 *
 * THREADS: `mutex` guards the table and what struct credential says; nothing waits under it. */
#include "provider/auth.h"

#include "base/clock.h"
#include "provider/credential.h"
#include "provider/provider.h"

#include <pthread.h>

enum { MARGIN_MAX_S = 30, REFUSED_AGAIN_S = 60, SKEW_LEAST_S = 60, DAY_S = 86400 };

#define NS_PER_S INT64_C(1000000000)

static struct {
	pthread_mutex_t mutex;
	struct list all;
	bool is_ready;
	void (*on_change)(void *);
	void *change_arg;
} table = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void lock(void)
{
	pthread_mutex_lock(&table.mutex);
	if (!table.is_ready)
		list_init(&table.all);
	table.is_ready = true;
}

static void unlock(void)
{
	pthread_mutex_unlock(&table.mutex);
}

static void tell_change(void)
{
	if (table.on_change)
		table.on_change(table.change_arg);
}

/* ---- which one ---- */

/* Lengths part the texts, so that no two configurations look alike. */
static void identify(const struct config_auth *auth, uint8_t out[HASH_SHA256_BYTES])
{
	enum { TEXTS = CONFIG_AUTH_TEXT_COUNT + 3 };
	const struct str more[] = {auth->place.base_url, auth->place.proxy, auth->place.ca_file};
	struct str pieces[2 * TEXTS + 1];
	uint64_t lengths[TEXTS];

	for (int i = 0; i < TEXTS; i++) {
		struct str text =
		    i < CONFIG_AUTH_TEXT_COUNT ? auth->texts[i] : more[i - CONFIG_AUTH_TEXT_COUNT];

		lengths[i] = text.len;
		pieces[2 * i] = (struct str){(const char *)&lengths[i], sizeof lengths[i]};
		pieces[2 * i + 1] = text;
	}
	pieces[2 * TEXTS] = (struct str){(const char *)&auth->style, sizeof auth->style};
	hash_sha256_pieces(pieces, 2 * TEXTS + 1, out);
}

static struct credential *find(const uint8_t id[HASH_SHA256_BYTES])
{
	for (struct list_node *node = table.all.head.next; node != &table.all.head;
	     node = node->next) {
		struct credential *c = LIST_OBJECT(node, struct credential, node);

		if (memcmp(c->id, id, HASH_SHA256_BYTES) == 0)
			return c;
	}
	return NULL;
}

static void copy_auth(struct credential *c, const struct config_auth *auth)
{
	struct config_provider *place = &c->auth.place;
	const char *problem;

	c->auth = *auth;
	for (int i = 0; i < CONFIG_AUTH_TEXT_COUNT; i++)
		c->auth.texts[i] = arena_copy(&c->arena, auth->texts[i]);
	place->name = arena_copy(&c->arena, place->name);
	place->base_url = arena_copy(&c->arena, place->base_url);
	place->proxy = arena_copy(&c->arena, place->proxy);
	place->ca_file = arena_copy(&c->arena, place->ca_file);
	place->origin = NULL;
	problem = place->base_url.len ? url_read(place->base_url, &place->url) : NULL;
	must(problem == NULL); /* it was read before */
}

/* Without an address there is nobody to ask: the configuration has all. */
static void set_origin(struct credential *c)
{
	struct origin *origin = ARENA_NEW(&c->arena, struct origin);
	struct arena scratch;
	struct fail f;

	arena_init(&scratch);
	fail_init(&f, &scratch);
	if (c->auth.place.base_url.len &&
	    provider_origin(&c->auth.place, &c->arena, origin, &f) == 0)
		c->auth.place.origin = origin;
	arena_release(&scratch);
}

static struct credential *credential_new(const struct config_auth *auth,
                                         const uint8_t id[HASH_SHA256_BYTES])
{
	struct credential *c = mem_get(sizeof *c);

	memcpy(c->id, id, sizeof c->id);
	arena_init(&c->arena);
	arena_init(&c->secrets);
	arena_init(&c->work_arena);
	copy_auth(c, auth);
	set_origin(c);
	list_push(&table.all, &c->node);
	return c;
}

struct credential *credential_get(const struct config_auth *auth)
{
	uint8_t id[HASH_SHA256_BYTES];
	struct credential *c;

	identify(auth, id);
	lock();
	c = find(id);
	if (c == NULL)
		c = credential_new(auth, id);
	c->references++;
	tell_change();
	unlock();
	return c;
}

void credential_free(struct credential *c)
{
	list_remove(&c->node);
	arena_wipe(&c->work_arena);
	arena_wipe(&c->secrets);
	arena_wipe(&c->arena);
	mem_put(c);
}

void credential_put(struct credential **credential)
{
	struct credential *c = *credential;

	*credential = NULL;
	if (c == NULL)
		return;
	lock();
	if (--c->references == 0 && table.on_change == NULL)
		credential_free(c);
	else
		tell_change();
	unlock();
}

/* ---- the keeper's side ---- */

void credentials_watch(void (*on_change)(void *), void *arg)
{
	lock();
	table.on_change = on_change;
	table.change_arg = arg;
	unlock();
}

void credentials_visit(void (*visit)(struct credential *, void *arg), void *arg)
{
	struct list_node *node;

	lock();
	node = table.all.head.next;
	while (node != &table.all.head) {
		struct credential *c = LIST_OBJECT(node, struct credential, node);

		node = node->next;
		visit(c, arg);
	}
	unlock();
}

int64_t credential_skew_s(struct credential *c)
{
	int64_t skew_s;

	lock();
	skew_s = c->proof.skew_s;
	unlock();
	return skew_s;
}

void credential_set(struct credential *c, const struct auth_grant *g, int64_t skew_s)
{
	int64_t margin_s = g->life_s / 20 < MARGIN_MAX_S ? g->life_s / 20 : MARGIN_MAX_S;

	lock();
	arena_wipe(&c->secrets);
	c->proof = (struct auth_proof){.bearer = arena_copy(&c->secrets, g->bearer),
	                               .key_id = arena_copy(&c->secrets, g->key_id),
	                               .secret = arena_copy(&c->secrets, g->secret),
	                               .session = arena_copy(&c->secrets, g->session),
	                               .skew_s = skew_s};
	c->fetched_ns = clock_mono_ns();
	c->good_until_ns =
	    g->life_s ? c->fetched_ns + (g->life_s - margin_s) * NS_PER_S : INT64_MAX;
	c->has_failed = false;
	c->wants_refresh = false;
	unlock();
}

void credential_fail(struct credential *c)
{
	lock();
	c->fetched_ns = clock_mono_ns();
	c->has_failed = true;
	c->wants_refresh = false;
	unlock();
}

/* ---- a request's side ---- */

static struct auth_proof copy_of(const struct auth_proof *p, struct arena *arena)
{
	return (struct auth_proof){.bearer = arena_copy(arena, p->bearer),
	                           .key_id = arena_copy(arena, p->key_id),
	                           .secret = arena_copy(arena, p->secret),
	                           .session = arena_copy(arena, p->session),
	                           .skew_s = p->skew_s};
}

enum auth_state credential_take(struct credential *c, struct arena *arena, struct auth_proof *out)
{
	enum auth_state state = AUTH_READY;

	lock();
	if (clock_mono_ns() < c->good_until_ns) {
		*out = copy_of(&c->proof, arena);
	} else if (c->has_failed) {
		state = AUTH_FAILED;
	} else {
		state = AUTH_WAITS;
		c->wants_refresh = true;
		tell_change();
	}
	unlock();
	return state;
}

void credential_was_refused(struct credential *c, struct str date)
{
	int64_t date_ms, now_ns = clock_mono_ns();
	int64_t skew_s =
	    clock_read_http_date(date, &date_ms) == 0 ? (date_ms - clock_wall_ms()) / 1000 : 0;
	bool is_off = skew_s > SKEW_LEAST_S || skew_s < -SKEW_LEAST_S;

	lock();
	if (is_off && skew_s < DAY_S && skew_s > -DAY_S)
		c->proof.skew_s = skew_s;
	if (c->auth.place.origin && now_ns - c->fetched_ns > REFUSED_AGAIN_S * NS_PER_S) {
		c->wants_refresh = true;
		tell_change();
	}
	unlock();
}
