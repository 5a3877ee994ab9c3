/* The walk over the candidates.
 *
 *	first attempt     the first whose breaker lets it: closed, or open and due for its probe
 *	the next ones     the same, if its budget of retries has something left
 *	none of them      the one that is due soonest, forced, if its budget has something left
 *	not even that     the failure of the attempt before, or 503 no_healthy_target
 *
 * So a breaker never makes a request fail that another target could serve, and where nothing else
 * is left a target is asked although its breaker is open: some ten times at once, then once a
 * second. More would keep a provider down that is about to come back, and the first answer that is
 * well closes the breaker for all.
 *
 * Nothing here changes the order, so which target a request goes to still follows from request,
 * configuration and health. Called by attempt.c and request.c. */
#include "path/candidate.h"

#include "base/clock.h"
#include "base/log.h"
#include "metric.h"

enum { BACKOFF_DOUBLINGS = 5, SOONEST_RETRY_MS = 1000 };

static const struct config_health *rules_of(const struct request *r)
{
	return &r->config->health;
}

static bool is_open_to(const struct request *r, int i)
{
	return !(r->tried >> i & 1) && !target_is_stopped(r->decision.candidates[i]);
}

bool candidate_is_left(const struct request *r)
{
	for (int i = 0; i < r->decision.candidate_count; i++)
		if (is_open_to(r, i))
			return true;
	return false;
}

bool candidate_may_follow(const struct request *r)
{
	int64_t passed_ms = (clock_mono_ns() - stream_started_ns(r->stream)) / 1000000;

	return r->attempts < rules_of(r)->attempts_max && passed_ms < rules_of(r)->attempts_ms &&
	       candidate_is_left(r);
}

/* ---- choosing ---- */

static void take(struct request *r, int i, enum health_pass pass)
{
	r->candidate = i;
	r->tried |= 1u << i;
	r->now = (struct attempt){.target = r->decision.candidates[i], .pass = pass};
}

static bool take_well(struct request *r, int64_t now_ms)
{
	for (int i = 0; i < r->decision.candidate_count; i++) {
		struct health *h = r->decision.candidates[i]->health;
		enum health_pass pass;

		if (!is_open_to(r, i))
			continue;
		if (r->attempts > 0 && !health_has_budget(h, rules_of(r), now_ms)) {
			metric_add(METRIC_RETRIES_REFUSED, 1);
			continue;
		}
		pass = health_enter(h, rules_of(r), now_ms);
		if (pass == HEALTH_REFUSED)
			continue;
		take(r, i, pass);
		return true;
	}
	return false;
}

/* -1: there is none. */
static int soonest(const struct request *r, int64_t now_ms, int64_t *out_wait_ms)
{
	int64_t least_ms = INT64_MAX;
	int found = -1;

	for (int i = 0; i < r->decision.candidate_count; i++) {
		int64_t wait_ms = health_wait_ms(r->decision.candidates[i]->health, now_ms);

		if (!is_open_to(r, i) || wait_ms >= least_ms)
			continue;
		least_ms = wait_ms;
		found = i;
	}
	*out_wait_ms = least_ms;
	return found;
}

static int refuse(struct request *r, int soonest, int64_t wait_ms)
{
	struct health_look look;

	if (r->before) {
		r->fail = *r->before;
		r->now.target = r->asked ? r->asked : r->decision.candidates[r->candidate];
		return -1;
	}
	if (soonest < 0)
		return fail(&r->fail, FAIL_NO_HEALTHY_TARGET,
		            "every target that could serve this is stopped, since it billed more "
		            "than it may; an operator has to look at it");
	health_look(r->decision.candidates[soonest]->health, rules_of(r), health_now_ms(), &look);
	fail(
	    &r->fail, FAIL_NO_HEALTHY_TARGET,
	    "no target that could serve this is well; of %.*s the last failure was %.*s; try again "
	    "later",
	    STR_ARG(r->decision.candidates[soonest]->name), STR_ARG(fail_code(look.failure)));
	r->fail.retry_after_ms = wait_ms > SOONEST_RETRY_MS ? wait_ms : SOONEST_RETRY_MS;
	return -1;
}

int candidate_choose(struct request *r)
{
	int64_t now_ms = health_now_ms(), wait_ms;
	enum health_pass pass;
	int i;

	if (take_well(r, now_ms))
		return 0;
	i = soonest(r, now_ms, &wait_ms);
	pass = i < 0 ? HEALTH_REFUSED
	             : health_force(r->decision.candidates[i]->health, rules_of(r), now_ms);
	if (pass == HEALTH_REFUSED)
		return refuse(r, i, wait_ms);
	take(r, i, pass);
	return 0;
}

/* ---- what came of it ---- */

/* The client's doing and our own say nothing; a verdict on the request says that it is at work. */
static enum health_verdict verdict_of(const struct request *r, enum entry_end end)
{
	switch (end) {
	case ENTRY_OK:
		return HEALTH_WELL;
	case ENTRY_REJECTED:
		return r->now.exchange ? HEALTH_WELL : HEALTH_UNTOLD;
	case ENTRY_PROVIDER_FAILED:
	case ENTRY_BROKEN:
	case ENTRY_TIMEOUT:
		if (fail_is_verdict(r->fail.kind))
			return HEALTH_WELL; /* in the middle of a stream */
		return fail_is_providers(r->fail.kind) && r->now.exchange ? HEALTH_ILL
		                                                          : HEALTH_UNTOLD;
	default:
		return HEALTH_UNTOLD;
	}
}

static int status_of(const struct request *r)
{
	struct exchange *x = r->now.exchange;

	return x && exchange_state(x) >= EXCHANGE_BODY && exchange_head(x)
	           ? exchange_head(x)->status
	           : 0;
}

/* Operators look here first when answers come from somewhere else. */
static void tell_change(const struct request *r, enum health_change change)
{
	struct health_look look;
	struct log_line l;

	if (change == HEALTH_AS_IT_WAS)
		return;
	health_look(r->now.target->health, rules_of(r), health_now_ms(), &look);
	log_start(&l, change == HEALTH_HAS_OPENED ? LOG_WARN : LOG_INFO,
	          change == HEALTH_HAS_OPENED ? "breaker opened" : "breaker closed");
	log_text(&l, "target", r->now.target->name);
	log_text(&l, "id", r->id_text);
	if (change == HEALTH_HAS_OPENED) {
		log_text(&l, "code", fail_code(look.failure));
		log_i64(&l, "status", look.status);
		log_i64(&l, "failures_in_a_row", look.streak);
		log_i64(&l, "probe_in_ms", look.wait_ms);
	}
	log_end(&l);
}

void candidate_note(struct request *r, enum entry_end end)
{
	int64_t first = r->now.exchange ? exchange_first_byte_ns(r->now.exchange) : 0;
	struct health_news news = {.pass = r->now.pass,
	                           .verdict = verdict_of(r, end),
	                           .is_retry = r->attempts > 1,
	                           .told_ms = r->fail.retry_after_ms,
	                           .failure = r->fail.kind};

	if (r->now.pass == HEALTH_REFUSED)
		return;
	r->now.pass = HEALTH_REFUSED;
	if (first > r->now.asked_ns)
		news.first_byte_us = (first - r->now.asked_ns) / 1000;
	if (news.verdict == HEALTH_ILL)
		news.status = status_of(r);
	tell_change(r, health_note(r->now.target->health, rules_of(r), &news, health_now_ms()));
}

void candidate_note_answer(struct request *r)
{
	if (r->now.pass > HEALTH_GOES)
		tell_change(r, health_note_answer(r->now.target->health, rules_of(r), &r->now.pass,
		                                  health_now_ms()));
}

/* ---- waiting ---- */

/* The id's last bytes are random. */
static int64_t jittered(const struct request *r, int64_t most_ms)
{
	unsigned dice = (unsigned)r->id[UUID_BYTES - 1] << 8 | r->id[UUID_BYTES - 2];

	dice = (dice * 40503u + (unsigned)r->attempts * 9973u) & 0xffff;
	return most_ms / 2 + most_ms / 2 * (int64_t)dice / 0xffff;
}

int64_t candidate_backoff_ms(const struct request *r, const struct target *failed)
{
	int doublings = r->attempts < BACKOFF_DOUBLINGS ? r->attempts - 1 : BACKOFF_DOUBLINGS;

	if (failed->config->provider != r->now.target->config->provider ||
	    (r->before && r->before->kind == FAIL_PROVIDER_RATE_LIMITED))
		return 0;
	return jittered(r, rules_of(r)->backoff_ms << doublings);
}
