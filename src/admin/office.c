/* Clerk, API, webhooks, rounds.
 *
 *	every 2 s     the clerk looks at ceilings; what it found goes to the webhooks, and the
 *	              clerk notes what was sent
 *	every hour    the clerk purges entries that are past their retention
 *
 * A *round* is a job that a timer gives to the clerk unless it still has it. Webhooks and retention
 * are read from the configuration in force at each round, so a reload changes them; the listener's
 * address is read once. Called by the daemon. */
#include "admin/office.h"

#include "admin/api.h"
#include "admin/hook.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "store/purge.h"

enum { WATCH_MS = 2000, PURGE_MS = 3600 * 1000 };

struct round {
	struct clerk_job job;
	uv_timer_t timer;
	struct office *office;
	bool is_out; /* the clerk has it */
};

struct found { /* by one look; in the look's arena */
	struct watch_alert alert;
	struct found *next;
};

struct office {
	struct loop *loop;
	struct clerk *clerk;
	struct api *api;
	struct hooks *hooks;
	struct round watch_round, purge_round;
	struct watch *watch; /* the clerk's */
	struct arena arena;  /* of one look: the clerk's while it is out */
	struct found *found;
	bool is_closing;
	int timers_open;
};

/* ---- rounds ---- */

/* Without webhooks nobody looks at ceilings, without a retention nothing is purged. */
static bool is_wanted(const struct round *r)
{
	struct config *config = config_current();
	bool wanted =
	    r == &r->office->watch_round ? config->webhook_count > 0 : config->retention_ms > 0;

	config_put(&config);
	return wanted;
}

static void on_timer(uv_timer_t *timer)
{
	struct round *r = timer->data;

	if (r->is_out || r->office->is_closing || !is_wanted(r))
		return;
	r->is_out = true;
	clerk_give(r->office->clerk, &r->job);
}

static void start_round(struct office *o, struct round *r, uint64_t every_ms)
{
	r->office = o;
	must(uv_timer_init(&o->loop->uv, &r->timer) == 0);
	r->timer.data = r;
	uv_timer_start(&r->timer, on_timer, every_ms < 1000 ? every_ms : 1000, every_ms);
	uv_unref((uv_handle_t *)&r->timer);
	o->timers_open++;
}

/* ---- alerts ---- */

static void on_alert(void *office, const struct watch_alert *alert)
{
	struct office *o = office;
	struct found *f = ARENA_NEW(&o->arena, struct found);

	f->alert = *alert;
	f->next = o->found;
	o->found = f;
}

static void look(struct clerk_job *job, struct store *store, struct fail *f)
{
	struct office *o = LIST_OBJECT(job, struct round, job)->office;
	struct config *config = config_current();
	struct watch_ask ask = {store, config->global_month_nusd, &o->arena, on_alert, o};

	(void)f;
	if (store && config->webhook_count > 0)
		watch_look(o->watch, &ask);
	config_put(&config);
}

/* Notes in the store that an alert was sent. */
struct receipt {
	struct clerk_job job;
	struct store_alert alert;
};

static void write_receipt(struct clerk_job *job, struct store *store, struct fail *f)
{
	struct receipt *r = LIST_OBJECT(job, struct receipt, job);

	if (store && store_alert_done(store, &r->alert, clock_wall_ms(), f) < 0)
		log_say(LOG_WARN, "alerts: %.*s", STR_ARG(f->message));
}

static void end_receipt(struct clerk_job *job)
{
	mem_put(LIST_OBJECT(job, struct receipt, job));
}

static void on_sent(void *office, const struct store_alert *alert)
{
	struct office *o = office;
	struct receipt *r = mem_get(sizeof *r);

	r->alert = *alert;
	r->job.work = write_receipt;
	r->job.done = end_receipt;
	clerk_give(o->clerk, &r->job);
}

static void looked(struct clerk_job *job)
{
	struct round *r = LIST_OBJECT(job, struct round, job);
	struct office *o = r->office;

	r->is_out = false;
	for (struct found *f = o->found; f && !o->is_closing; f = f->next)
		hooks_send(o->hooks, &f->alert, on_sent, o);
	o->found = NULL;
	arena_reset(&o->arena);
}

/* ---- retention ---- */

static void purge(struct clerk_job *job, struct store *store, struct fail *f)
{
	struct config *config = config_current();
	struct store_purge p = {.before_ms = clock_wall_ms() - config->retention_ms};

	(void)job;
	if (store && config->retention_ms > 0 && store_purge(store, &p, f) < 0)
		log_say(LOG_WARN, "retention: %.*s", STR_ARG(f->message));
	else if (p.entries > 0)
		log_say(LOG_INFO, "retention: %lld entries were purged; their day sums stay",
		        (long long)p.entries);
	config_put(&config);
}

static void purged(struct clerk_job *job)
{
	LIST_OBJECT(job, struct round, job)->is_out = false;
}

/* ---- open and close ---- */

static int open_api(struct office *o, struct fail *f)
{
	struct config *config = config_current();
	bool wanted = config->admin.listen.len > 0;

	config_put(&config);
	if (wanted)
		o->api = api_start(o->loop, o->clerk, f);
	return wanted && o->api == NULL ? -1 : 0;
}

struct office *office_open(struct loop *loop, struct str where, struct fail *f)
{
	struct office *o = mem_get(sizeof *o);

	o->loop = loop;
	arena_init(&o->arena);
	o->watch = watch_new();
	o->hooks = hooks_new(loop);
	o->clerk = clerk_start(loop, where);
	o->watch_round.job = (struct clerk_job){.work = look, .done = looked};
	o->purge_round.job = (struct clerk_job){.work = purge, .done = purged};
	start_round(o, &o->watch_round, WATCH_MS);
	start_round(o, &o->purge_round, PURGE_MS);
	if (open_api(o, f) < 0) {
		office_close(&o);
		return NULL;
	}
	return o;
}

struct str office_address(const struct office *o, struct arena *arena)
{
	return o->api ? api_address(o->api, arena) : STR("");
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct round *r = handle->data;
	struct office *o = r->office;

	if (--o->timers_open > 0)
		return;
	arena_release(&o->arena);
	mem_put(o);
}

void office_leave(struct office *o)
{
	api_leave(o->api);
}

void office_close(struct office **office)
{
	struct office *o = *office;

	*office = NULL;
	if (o == NULL)
		return;
	o->is_closing = true;
	api_stop(o->api);
	clerk_stop(&o->clerk);
	api_free(&o->api);
	hooks_free(&o->hooks);
	watch_free(&o->watch);
	uv_close((uv_handle_t *)&o->watch_round.timer, on_timer_closed);
	uv_close((uv_handle_t *)&o->purge_round.timer, on_timer_closed);
}
