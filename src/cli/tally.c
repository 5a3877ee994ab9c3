/* Sums over replayed decisions: tier mix, who moved where, cost, sessions by length.
 *
 * Money is added only for requests that are in the books, on both sides, so that the two sums may
 * be compared. A session is a conversation as the router knows it; what its tokens would have been
 * under another model nobody knows, so they are taken as they were. Pure but for its memory. Called
 * by `fluxrouter replay`. */
#include "cli/tally.h"

#include "base/decimal.h"
#include "base/json_write.h"

struct tally_session {
	int64_t requests, was_nusd, now_nusd;
	unsigned was_tiers, now_tiers; /* bits */
};

struct session_sum {
	int64_t sessions, requests, was_nusd, now_nusd;
	int64_t was_mixed, now_mixed; /* sessions that met more than one tier */
};

static const char *const outcome_names[TALLY_OUTCOMES] = {
    [LLM_FAST] = "fast",         [LLM_STANDARD] = "standard", [LLM_REASONING] = "reasoning",
    [TALLY_NO_TIER] = "by name", [TALLY_REFUSED] = "refused",
};

#define X(most, name) most,
static const int64_t length_most[] = {TALLY_LENGTHS(X)};
#undef X
#define X(most, name) name,
static const char *const length_names[] = {TALLY_LENGTHS(X)};
#undef X

const char *tally_outcome_name(int outcome)
{
	must(outcome >= 0 && outcome < TALLY_OUTCOMES);
	return outcome_names[outcome];
}

void tally_init(struct tally *t)
{
	*t = (struct tally){.requests = 0};
	arena_init(&t->arena);
	map_init(&t->sessions, &t->arena);
}

void tally_release(struct tally *t)
{
	map_release(&t->sessions);
	arena_release(&t->arena);
}

static struct tally_session *session_of(struct tally *t, uint64_t conversation)
{
	struct str key = {(const char *)&conversation, sizeof conversation};
	struct tally_session *s = map_get(&t->sessions, key);

	if (s)
		return s;
	s = ARENA_NEW(&t->arena, struct tally_session);
	map_put(&t->sessions, key, s);
	return s;
}

void tally_add(struct tally *t, const struct tally_one *one)
{
	struct tally_session *s = session_of(t, one->conversation);

	t->requests++;
	t->changed += one->is_changed;
	t->moved[one->was][one->now]++;
	s->requests++;
	s->was_tiers |= 1u << one->was;
	s->now_tiers |= 1u << one->now;
	if (!one->has_cost)
		return;
	t->priced++;
	t->was_nusd += one->was_nusd;
	t->now_nusd += one->now_nusd;
	s->was_nusd += one->was_nusd;
	s->now_nusd += one->now_nusd;
}

static int64_t sum_of(const struct tally *t, int outcome, bool now)
{
	int64_t sum = 0;

	for (int other = 0; other < TALLY_OUTCOMES; other++)
		sum += now ? t->moved[other][outcome] : t->moved[outcome][other];
	return sum;
}

static void sum_sessions(const struct tally *t, struct session_sum out[TALLY_LENGTH_COUNT])
{
	const struct map_entry *e;
	size_t at = 0;

	memset(out, 0, sizeof(struct session_sum) * TALLY_LENGTH_COUNT);
	while ((e = map_next(&t->sessions, &at))) {
		const struct tally_session *s = e->value;
		struct session_sum *sum = out;

		while (s->requests > length_most[sum - out])
			sum++;
		sum->sessions++;
		sum->requests += s->requests;
		sum->was_nusd += s->was_nusd;
		sum->now_nusd += s->now_nusd;
		sum->was_mixed += __builtin_popcount(s->was_tiers) > 1;
		sum->now_mixed += __builtin_popcount(s->now_tiers) > 1;
	}
}

/* ---- JSON ---- */

static void put_mix(struct json_writer *w, const struct tally *t, bool now)
{
	json_open_object(w);
	for (int i = 0; i < TALLY_OUTCOMES; i++)
		json_key_i64(w, str_of(outcome_names[i]), sum_of(t, i, now));
	json_close_object(w);
}

static void put_moves(struct json_writer *w, const struct tally *t)
{
	json_put_key(w, STR("moved"));
	json_open_array(w);
	for (int was = 0; was < TALLY_OUTCOMES; was++)
		for (int now = 0; now < TALLY_OUTCOMES; now++) {
			if (was == now || t->moved[was][now] == 0)
				continue;
			json_open_object(w);
			json_key_text(w, STR("was"), str_of(outcome_names[was]));
			json_key_text(w, STR("now"), str_of(outcome_names[now]));
			json_key_i64(w, STR("requests"), t->moved[was][now]);
			json_close_object(w);
		}
	json_close_array(w);
}

static void put_sessions(struct json_writer *w, const struct tally *t)
{
	struct session_sum sums[TALLY_LENGTH_COUNT];

	sum_sessions(t, sums);
	json_put_key(w, STR("sessions"));
	json_open_array(w);
	for (int i = 0; i < TALLY_LENGTH_COUNT; i++) {
		json_open_object(w);
		json_key_text(w, STR("requests_each"), str_of(length_names[i]));
		json_key_i64(w, STR("sessions"), sums[i].sessions);
		json_key_i64(w, STR("requests"), sums[i].requests);
		json_key_nusd(w, STR("was_usd"), sums[i].was_nusd);
		json_key_nusd(w, STR("now_usd"), sums[i].now_nusd);
		json_key_i64(w, STR("was_more_than_one_tier"), sums[i].was_mixed);
		json_key_i64(w, STR("now_more_than_one_tier"), sums[i].now_mixed);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_side(struct json_writer *w, const struct tally *t, bool now, struct str hash)
{
	json_put_key(w, now ? STR("now") : STR("was"));
	json_open_object(w);
	if (hash.len)
		json_key_text(w, STR("config"), hash);
	else
		json_key_null(w, STR("config"));
	json_put_key(w, STR("tiers"));
	put_mix(w, t, now);
	json_key_nusd(w, STR("cost_usd"), now ? t->now_nusd : t->was_nusd);
	json_close_object(w);
}

void tally_put_json(struct buf *out, const struct tally *t, struct str was, struct str now)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	json_key_i64(&w, STR("requests"), t->requests);
	json_key_i64(&w, STR("changed"), t->changed);
	json_key_i64(&w, STR("in_the_books"), t->priced);
	json_key_i64(&w, STR("sampled"), t->sampled);
	json_key_i64(&w, STR("other_scorer"), t->other_scorer);
	json_key_i64(&w, STR("fronts_cut"), t->fronts_cut);
	json_key_i64(&w, STR("damaged"), t->damaged);
	put_side(&w, t, false, was);
	put_side(&w, t, true, now);
	json_key_nusd(&w, STR("difference_usd"), t->now_nusd - t->was_nusd);
	put_moves(&w, t);
	put_sessions(&w, t);
	json_close_object(&w);
	buf_put_byte(out, '\n');
}

/* ---- for people ---- */

static void put_usd(struct buf *out, int64_t nusd)
{
	struct buf text;

	buf_init(&text, 64);
	buf_put_nusd(&text, nusd);
	buf_printf(out, "  %14.*s", STR_ARG(buf_str(&text)));
	buf_release(&text);
}

/* Tenths of a per cent, rounded. */
static void put_share(struct buf *out, int64_t part, int64_t all)
{
	int64_t tenths = all > 0 ? (part * 2000 + all) / (2 * all) : 0;

	buf_printf(out, " %4lld.%lld %%", (long long)(tenths / 10), (long long)(tenths % 10));
}

static void put_table(struct buf *out, const struct tally *t)
{
	buf_put(out, STR("\ntier               was              now\n"));
	for (int i = 0; i < TALLY_OUTCOMES; i++) {
		int64_t was = sum_of(t, i, false), now = sum_of(t, i, true);

		if (was == 0 && now == 0)
			continue;
		buf_printf(out, "%-10s %7lld", outcome_names[i], (long long)was);
		put_share(out, was, t->requests);
		buf_printf(out, " %7lld", (long long)now);
		put_share(out, now, t->requests);
		buf_put_byte(out, '\n');
	}
	for (int was = 0; was < TALLY_OUTCOMES; was++)
		for (int now = 0; now < TALLY_OUTCOMES; now++)
			if (was != now && t->moved[was][now])
				buf_printf(out, "  %s -> %s: %lld\n", outcome_names[was],
				           outcome_names[now], (long long)t->moved[was][now]);
}

static void put_costs(struct buf *out, const struct tally *t)
{
	buf_put(out, STR("\ncost USD"));
	put_usd(out, t->was_nusd);
	put_usd(out, t->now_nusd);
	buf_put(out, STR("   difference"));
	put_usd(out, t->now_nusd - t->was_nusd);
	buf_printf(out, "\n(of %lld requests in the books, for the tokens that they took)\n",
	           (long long)t->priced);
}

static void put_session_table(struct buf *out, const struct tally *t)
{
	struct session_sum sums[TALLY_LENGTH_COUNT];

	sum_sessions(t, sums);
	buf_put(out,
	        STR("\nsessions of     sessions  requests         was USD         now USD  each "
	            "was USD    each now USD  several tiers was/now\n"));
	for (int i = 0; i < TALLY_LENGTH_COUNT; i++) {
		const struct session_sum *s = &sums[i];

		if (s->sessions == 0)
			continue;
		buf_printf(out, "%-14s %9lld %9lld", length_names[i], (long long)s->sessions,
		           (long long)s->requests);
		put_usd(out, s->was_nusd);
		put_usd(out, s->now_nusd);
		put_usd(out, s->was_nusd / s->sessions);
		put_usd(out, s->now_nusd / s->sessions);
		buf_printf(out, "  %lld/%lld\n", (long long)s->was_mixed, (long long)s->now_mixed);
	}
}

static void put_caution(struct buf *out, int64_t count, const char *sentence)
{
	if (count > 0)
		buf_printf(out, "note: %lld %s\n", (long long)count, sentence);
}

void tally_put_page(struct buf *out, const struct tally *t, struct str was, struct str now)
{
	buf_printf(out, "%lld requests, decided by %s%.*s; now by %.*s\n%lld decisions change (",
	           (long long)t->requests, was.len ? "configuration " : "several configurations",
	           STR_ARG(was), STR_ARG(now), (long long)t->changed);
	put_share(out, t->changed, t->requests);
	buf_put(out, STR(")\n"));
	put_table(out, t);
	put_costs(out, t);
	put_session_table(out, t);
	put_caution(out, t->sampled, "were read again from their samples");
	put_caution(
	    out, t->other_scorer,
	    "were read by another scorer and have no sample: their old probabilities count");
	put_caution(out, t->fronts_cut, "have more messages that could decide than a record holds");
	put_caution(out, t->damaged, "records are damaged and left out");
}
