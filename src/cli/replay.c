/* fluxrouter replay -c FILE [--data DIR] [--decisions DIR] [--from DAY] [--to DAY] [--json]
 *
 * What would that configuration have done with the requests that were served? Reads the records of
 * decisions, decides each again, and prices the usage that the books have for it at the prices of
 * that configuration.
 *
 * The same path decides as in the daemon (route_decide), from what the record holds of the texts;
 * where the scorer reads words otherwise, from the sample, if one was taken and the configuration
 * has the key.
 * What a request would have taken in tokens under another model, and what a changed model does to a
 * provider's cache, nobody knows: tokens are taken as they were. Writes nothing. */
#include "base/clock.h"
#include "base/random.h"
#include "cli/books.h"
#include "cli/cli.h"
#include "cli/option.h"
#include "cli/settings.h"
#include "cli/tally.h"
#include "limits.h"
#include "route/scorer_file.h"
#include "trace/sample.h"
#include "trace/series.h"
#include "wire/wire.h"

enum { OUT_MAX_BYTES = 16 << 20, ATTEMPTS_MAX = LIMIT_CANDIDATES };

struct replay {
	struct config *config;
	struct books books;
	struct map keys; /* id -> its list of models, struct str */
	struct tally tally;
	struct arena scratch; /* of one request */
	const struct scorer *scorer;
	bool has_samples;
	struct samples samples;
	struct cipher_key samples_key;
	struct buf body; /* of one sample */
	struct json doc; /* and what it says */
	char was[13];    /* the configuration that decided; empty: several */
	int64_t now_ms;
	bool lists_changes;
	struct buf changes;
};

/* ---- prices ---- */

static const struct model *model_named(const struct replay *r, struct str name)
{
	const struct catalog *c = r->config->catalog;

	for (int i = 0; i < c->model_count; i++)
		if (str_eq_nocase(c->models[i].name, name))
			return &c->models[i];
	return NULL;
}

/* -1: no price is known. */
static int64_t cost_at(const struct replay *r, const struct model *m, const struct llm_usage *usage)
{
	struct price_deal deal;
	struct price_amounts amounts;

	if (!m)
		return -1;
	deal = price_deal_of(&m->config->prices, NULL, r->now_ms);
	return price_amounts_of(&deal, usage, &amounts) < 0 || amounts.is_unknown
	           ? -1
	           : amounts.cost_nusd;
}

/* What the books have of the request. */
struct served {
	struct entry attempts[ATTEMPTS_MAX];
	int count;
};

static int read_served(struct replay *r, const struct trace *t, struct served *out)
{
	out->count = 0;
	while (out->count < ATTEMPTS_MAX) {
		struct entry *e = &out->attempts[out->count];

		if (store_entry(r->books.store, t->request_id, out->count + 1, &r->scratch, e,
		                &r->books.fail) < 0)
			return -1;
		if (e->attempt == 0)
			break;
		out->count++;
	}
	return 0;
}

static bool is_same_model(const struct served *s, const struct model *m)
{
	return s->count > 0 && str_eq_nocase(s->attempts[0].model, m->name);
}

/* The same model would have gone the same way, at today's prices; another one takes the tokens of
 * the last attempt. */
static void price_request(const struct replay *r, const struct served *s, const struct model *m,
                          struct tally_one *one)
{
	int64_t cost;

	one->has_cost = s->count > 0;
	for (int i = 0; i < s->count; i++) {
		const struct entry *e = &s->attempts[i];

		one->was_nusd += e->cost_nusd;
		if (!is_same_model(s, m))
			continue;
		cost = cost_at(r, model_named(r, e->model), &e->usage);
		one->now_nusd += cost < 0 ? e->cost_nusd : cost;
	}
	if (s->count == 0 || is_same_model(s, m))
		return;
	cost = cost_at(r, m, &s->attempts[s->count - 1].usage);
	one->now_nusd = cost < 0 ? 0 : cost;
	one->has_cost = cost >= 0;
}

/* ---- one request ---- */

static struct str models_of_key(const struct replay *r, int64_t key_id)
{
	const struct str *models =
	    map_get(&r->keys, (struct str){(const char *)&key_id, sizeof key_id});

	return models ? *models : STR("");
}

/* Counts how well the record stands for the request; true: its sample does it better. */
static bool needs_sample(struct replay *r, const struct trace *t)
{
	struct json_error error;

	if (!t->is_scored)
		return false;
	if (t->words == r->scorer->words_hash) {
		r->tally.fronts_cut += t->gist.front_is_cut;
		return false;
	}
	buf_clear(&r->body);
	if (r->has_samples &&
	    samples_get(&r->samples, &r->samples_key, t->request_id, &r->body) == 0 &&
	    json_read(&r->doc, buf_str(&r->body), &error) == 0) {
		r->tally.sampled++;
		return true;
	}
	r->tally.other_scorer++;
	return false;
}

/* Of the headers only what the record has is left. */
static int decide_again(struct replay *r, const struct trace *t, struct decision *out,
                        struct fail *f)
{
	struct trace_recall recall;
	struct llm_request request = {.model = {0}};

	trace_recall(t, &recall);
	recall.wish.allowed_models = models_of_key(r, t->key_id);
	if (!needs_sample(r, t))
		return route_decide(r->config->catalog, &recall.request, &recall.wish, out, f);
	recall.wish.recalled = NULL;
	if (wire_dialect(t->dialect)->read_request(&r->doc, &r->scratch, &request, f) < 0)
		return -1;
	return route_decide(r->config->catalog, &request, &recall.wish, out, f);
}

static void note_config(struct replay *r, const struct trace *t)
{
	if (r->tally.requests == 0)
		memcpy(r->was, t->config, sizeof r->was);
	else if (strcmp(r->was, t->config) != 0)
		r->was[0] = '\0';
}

static void list_change(struct replay *r, const struct trace *t, const struct tally_one *one,
                        const struct decision *d)
{
	char id[UUID_TEXT_BYTES];

	uuid_text(t->request_id, id);
	buf_printf(&r->changes, "%.*s  %.*s  %s -> %s  %.*s\n", (int)sizeof id, id,
	           STR_ARG(t->asked), tally_outcome_name(one->was), tally_outcome_name(one->now),
	           STR_ARG(d->candidate_count ? d->candidates[0]->model->name : STR("refused")));
}

static void replay_one(struct replay *r, const struct trace *t, const struct served *s)
{
	struct tally_one one = {.was = t->has_tier ? (int)t->tier : TALLY_NO_TIER,
	                        .conversation = t->conversation};
	struct decision d = {.candidate_count = 0};
	struct fail f;

	fail_init(&f, &r->scratch);
	if (decide_again(r, t, &d, &f) < 0) {
		one.now = TALLY_REFUSED;
		one.is_changed = true;
	} else {
		one.now = d.has_tier ? (int)d.tier : TALLY_NO_TIER;
		one.is_changed = one.was != one.now ||
		                 (s->count > 0 && !is_same_model(s, d.candidates[0]->model));
		price_request(r, s, d.candidates[0]->model, &one);
	}
	note_config(r, t);
	tally_add(&r->tally, &one);
	if (one.is_changed && r->lists_changes)
		list_change(r, t, &one, &d);
}

static bool on_trace(void *arg, const struct trace *t)
{
	struct replay *r = arg;
	struct served *served;
	bool goes_on;

	if (t->kind != TRACE_DECISION)
		return true;
	arena_reset(&r->scratch);
	served = ARENA_NEW(&r->scratch, struct served);
	goes_on = read_served(r, t, served) == 0;
	if (goes_on)
		replay_one(r, t, served);
	return goes_on;
}

/* ---- all ---- */

static bool on_key(void *arg, const struct store_key *key)
{
	struct replay *r = arg;
	struct str *models = ARENA_NEW(&r->books.arena, struct str);

	*models = arena_copy(&r->books.arena, key->models);
	map_put(&r->keys, (struct str){(const char *)&key->id, sizeof key->id}, models);
	return true;
}

static void print(struct replay *r, bool as_json)
{
	struct buf out;

	buf_init(&out, OUT_MAX_BYTES);
	if (as_json)
		tally_put_json(&out, &r->tally, str_of(r->was), str_of(r->config->hash));
	else
		tally_put_page(&out, &r->tally, str_of(r->was), str_of(r->config->hash));
	if (r->changes.len > 0)
		fwrite(r->changes.ptr, 1, r->changes.len, stdout);
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
}

static void open_samples(struct replay *r, struct str data)
{
	struct str dir = arena_printf(&r->books.arena, "%.*s/samples", STR_ARG(data));

	json_init(&r->doc);
	buf_init(&r->body, SAMPLE_BODY_BYTES + 1);
	samples_read(&r->samples, dir, r->config->samples_keep_ms);
	r->has_samples = r->config->samples_key.len > 0;
	if (r->has_samples)
		r->samples_key = sample_key(r->config->samples_key);
}

static void close_samples(struct replay *r)
{
	explicit_bzero(&r->samples_key, sizeof r->samples_key);
	samples_release(&r->samples);
	buf_release(&r->body);
	json_release(&r->doc);
}

static int replay_all(struct replay *r, struct str dir, struct series_range range)
{
	struct fail *f = &r->books.fail;

	books_catch_up(&r->books);
	if (store_keys_after(r->books.store, 0, &r->scratch, on_key, r, f) < 0 ||
	    series_each(dir, range, on_trace, r, &r->tally.damaged, f) < 0 || fail_is_set(f))
		return books_fails(&r->books);
	if (r->tally.requests > 0)
		return 0;
	fprintf(stderr, "fluxrouter: there are no decision records in %.*s for that time\n",
	        STR_ARG(dir));
	return 1;
}

struct words_of_replay {
	struct str file, data, decisions, from, to;
	bool as_json, lists_changes;
};

static int run(struct config *config, const struct words_of_replay *words,
               struct series_range range)
{
	struct replay r = {.config = config,
	                   .scorer = config->catalog->policy.scorer,
	                   .now_ms = clock_wall_ms(),
	                   .lists_changes = words->lists_changes};
	struct str dir = words->decisions;
	int status;

	tally_init(&r.tally);
	arena_init(&r.scratch);
	buf_init(&r.changes, OUT_MAX_BYTES);
	status = books_open(&r.books, words->data, STORE_READ_ONLY) < 0 ? 1 : 0;
	map_init(&r.keys, &r.books.arena);
	if (dir.len == 0)
		dir = arena_printf(&r.books.arena, "%.*s/decisions", STR_ARG(words->data));
	open_samples(&r, words->data);
	if (status == 0)
		status = replay_all(&r, dir, range);
	if (status == 0)
		print(&r, words->as_json);
	close_samples(&r);
	map_release(&r.keys);
	books_release(&r.books);
	buf_release(&r.changes);
	arena_release(&r.scratch);
	tally_release(&r.tally);
	return status;
}

int cli_replay(int argc, char **argv)
{
	struct words_of_replay words = {.data = STR(CLI_DATA_DEFAULT)};
	struct series_range range = {0, INT64_MAX};
	const struct option options[] = {
	    {"c", "FILE", "the configuration to try", &words.file, NULL},
	    OPTION_DATA(words.data),
	    {"decisions", "DIR", "its decision records (DATA/decisions)", &words.decisions, NULL},
	    {"from", "DAY", "first day, UTC: 2026-11-01", &words.from, NULL},
	    {"to", "DAY", "last day, UTC, included", &words.to, NULL},
	    {"changed", NULL, "list every decision that changes", NULL, &words.lists_changes},
	    {"json", NULL, "as JSON", NULL, &words.as_json},
	};
	const struct option_set set = {
	    .usage = "replay -c FILE [--data DIR] [--from DAY] [--to DAY] [--changed] [--json]",
	    .about = "Tells what a configuration would have done with the requests that were "
	             "served: tiers, cost,\nchanged decisions, long sessions.",
	    .options = options,
	    .count = OPTION_COUNT(options),
	};
	struct option_words read;
	struct config *c;
	int status;

	if (option_read(&set, argc, argv, &read) < 0)
		return read.status;
	if (words.file.len == 0)
		return option_wrong("replay needs -c FILE, the configuration to try");
	status = option_read_days(words.from, words.to, &range.from_ms, &range.to_ms);
	if (status != 0)
		return status;
	c = settings_load(words.file);
	if (!c)
		return 1;
	status = run(c, &words, range);
	config_put(&c);
	return status;
}
