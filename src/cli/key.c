/* fluxrouter key create | list | set | rotate | revoke | show-usage
 *
 * Works on the store itself, also beside a running daemon, which learns of a change within a
 * quarter of a second, or at once when the key is presented. The key's text is printed once, at
 * its making, and kept nowhere. */
#include "cli/cli.h"

#include "admin/report.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "cli/errand.h"
#include "cli/key_list.h"
#include "cli/option.h"
#include "cli/verb.h"

/* ---- create, set ---- */

struct key_words {
	struct str data, account, team, user, label, models, expires, from;
	struct str sets[OPTION_TAKEN_MAX];
	int set_count;
};

static int put_body(struct errand *e, const struct key_words *k)
{
	errand_put(e, "user", k->user);
	errand_put(e, "team", k->team);
	errand_put(e, "label", k->label);
	errand_put(e, "models", k->models);
	errand_put(e, "expires", k->expires);
	return errand_put_terms(e, k->sets, k->set_count);
}

/* The new key, alone. Its text is in the answer and nowhere else. */
static int print_key(struct errand *e)
{
	uint32_t root = json_root(&e->answer);
	struct str text = errand_text(e, root, "key"), id = errand_text(e, root, "id");

	if (printf("%.*s\n", STR_ARG(text)) >= 0 && fflush(stdout) == 0)
		return 0;
	fprintf(stderr,
	        "fluxrouter: the key was made but could not be printed; revoke it: fluxrouter key "
	        "revoke %.*s\n",
	        STR_ARG(id));
	return 1;
}

static int create_in(struct errand *e, const struct key_words *k)
{
	struct errand_place place = {.kind = "key"};
	int64_t id;

	/* A user or team that is named by its id knows its account. */
	if (k->account.len &&
	    store_account_named(e->books.store, k->account, &id, &e->books.fail) < 0)
		return books_fails(&e->books);
	errand_put(e, "account", k->account);
	if (put_body(e, k) < 0)
		return 2;
	return errand_do(e, "POST", errand_target(e, &place)) < 0 ? 1 : print_key(e);
}

static int check_create(struct key_words *k)
{
	int64_t ms;

	if (k->account.ptr && k->account.len == 0)
		return option_wrong("--account needs a name");
	for (size_t i = 0; k->account.ptr && i < k->account.len; i++)
		if ((unsigned char)k->account.ptr[i] < 0x20)
			return option_wrong("names have no control characters");
	if (k->expires.len && clock_read_span(k->expires, &ms) < 0 &&
	    clock_read_day(k->expires, &ms) < 0)
		return option_wrong("--expires \"%.*s\" is not a span such as 30d, 12h or 1y, nor "
		                    "a day",
		                    STR_ARG(k->expires));
	if (!k->account.ptr && !(k->user.len && k->from.len == 0))
		k->account = STR("default");
	return 0;
}

static int create_all(struct errand *e, const struct key_words *k)
{
	struct key_list_ask ask = {k->from, k->account};

	return k->from.len ? key_list_create(e, &ask) : create_in(e, k);
}

static int key_create(int argc, char **argv)
{
	struct key_words k = {.data = STR(CLI_DATA_DEFAULT)};
	struct str shown = {0};
	const struct option options[] = {
	    OPTION_DATA(k.data),
	    {"account", "NAME", "account that pays (default); made when there is none", &k.account,
	     NULL},
	    {"user", "NAME", "whose it is", &k.user, NULL},
	    {"team", "NAME", "the team that it is counted with (the user's)", &k.team, NULL},
	    {"label", "TEXT", "what the key is for, shown in lists", &k.label, NULL},
	    {"expires", "SPAN", "from now: 12h, 30d, 2w, 1y; or a day (never)", &k.expires, NULL},
	    {"models", "GLOBS", "comma list of model names it may use (all)", &k.models, NULL},
	    {"set", "TERM=VALUE", "a limit, such as month_usd=5; as often as you like", &shown,
	     NULL},
	    {"from", "FILE", "a key for each line of a CSV file; see the manual", &k.from, NULL},
	};
	const struct option_set set = {"key create [--data DIR] [--account NAME] ...",
	                               "Makes a key and prints it, alone, on standard output. It "
	                               "is shown only this once.",
	                               options,
	                               OPTION_COUNT(options),
	                               0,
	                               NULL};
	struct option_words words;
	struct errand e;
	int status;

	k.set_count = option_take(&argc, argv, "set", k.sets);
	if (k.set_count < 0)
		return 2;
	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = check_create(&k);
	if (status != 0)
		return status;
	status = errand_open(&e, k.data, STORE_CREATE) < 0 ? 1 : create_all(&e, &k);
	errand_release(&e);
	return status;
}

static int set_in(struct errand *e, const struct key_words *k, struct str which)
{
	struct errand_place place = {.kind = "key", .which = which};
	struct str raw;

	if (put_body(e, k) < 0)
		return 2;
	if (errand_do(e, "PATCH", errand_target(e, &place)) < 0)
		return 1;
	raw = json_raw(&e->answer, json_root(&e->answer));
	printf("%.*s\n", STR_ARG(raw));
	return 0;
}

static int key_set(int argc, char **argv)
{
	struct key_words k = {.data = STR(CLI_DATA_DEFAULT)};
	struct str shown = {0};
	const struct option options[] = {
	    OPTION_DATA(k.data),
	    {"user", "NAME", "whose it is; - for nobody's", &k.user, NULL},
	    {"team", "NAME", "the team that it is counted with; - for none", &k.team, NULL},
	    {"label", "TEXT", "what it is for; - for nothing", &k.label, NULL},
	    {"expires", "SPAN", "from now, or a day; - for never", &k.expires, NULL},
	    {"models", "GLOBS", "comma list of model names it may use; - for all", &k.models, NULL},
	    {"set", "TERM=VALUE", "a limit; rpm= takes it away; as often as you like", &shown,
	     NULL},
	};
	const struct option_set set = {"key set [--data DIR] ID|PREFIX ...",
	                               "Changes what is given of a key, and prints it as JSON.",
	                               options,
	                               OPTION_COUNT(options),
	                               1,
	                               "key"};
	struct option_words words;
	struct errand e;
	int status;

	k.set_count = option_take(&argc, argv, "set", k.sets);
	if (k.set_count < 0)
		return 2;
	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status =
	    errand_open(&e, k.data, STORE_EXISTING) < 0 ? 1 : set_in(&e, &k, words.operands[0]);
	errand_release(&e);
	return status;
}

/* ---- rotate, revoke ---- */

static int rotate_in(struct errand *e, struct str which, struct str overlap)
{
	struct errand_place place = {.kind = "key", .what = "rotate", .which = which};

	errand_put(e, "overlap", overlap);
	return errand_do(e, "POST", errand_target(e, &place)) < 0 ? 1 : print_key(e);
}

static int key_rotate(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT), overlap = STR("0");
	const struct option options[] = {
	    OPTION_DATA(data),
	    {"overlap", "SPAN", "how long the old one goes on: 12h, 7d (0)", &overlap, NULL},
	};
	const struct option_set set = {"key rotate [--data DIR] [--overlap SPAN] ID|PREFIX",
	                               "Makes a key in the place of another and prints it, alone. "
	                               "The old one ends when the overlap is over.",
	                               options,
	                               OPTION_COUNT(options),
	                               1,
	                               "key"};
	struct option_words words;
	struct errand e;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = errand_open(&e, data, STORE_EXISTING) < 0
	             ? 1
	             : rotate_in(&e, words.operands[0], overlap);
	errand_release(&e);
	return status;
}

static int key_revoke(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT);
	const struct option options[] = {OPTION_DATA(data)};
	const struct option_set set = {"key revoke [--data DIR] ID|PREFIX",
	                               "Takes a key out of force, at once and for good. It is "
	                               "named by its id or prefix, as key list shows them.",
	                               options,
	                               OPTION_COUNT(options),
	                               1,
	                               "key"};
	struct option_words words;
	struct errand_place place = {.kind = "key"};
	struct errand e;
	int status = 0;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	place.which = words.operands[0];
	if (errand_open(&e, data, STORE_EXISTING) < 0 ||
	    errand_do(&e, "DELETE", errand_target(&e, &place)) < 0)
		status = 1;
	errand_release(&e);
	return status;
}

/* ---- list ---- */

struct listing {
	bool as_json;
	bool has_one;
};

/* The day of a time, or `otherwise`. */
static struct str day_of(struct str time, struct str otherwise)
{
	return time.len >= 10 ? str_part(time, 0, 10) : otherwise;
}

static void print_line(struct errand *e, uint32_t key)
{
	struct str user = errand_text(e, key, "user"), team = errand_text(e, key, "team");

	printf("%5.*s  %-14.*s  %-16.*s  %.*s  %-10.*s  %-7.*s  %.*s",
	       STR_ARG(errand_text(e, key, "id")), STR_ARG(errand_text(e, key, "prefix")),
	       STR_ARG(errand_text(e, key, "account")),
	       STR_ARG(day_of(errand_text(e, key, "created"), STR("          "))),
	       STR_ARG(day_of(errand_text(e, key, "expires"), STR("never"))),
	       STR_ARG(errand_text(e, key, "state")), STR_ARG(errand_text(e, key, "label")));
	if (user.len || team.len)
		printf("  (%.*s%s%.*s)", STR_ARG(team), team.len && user.len ? "/" : "",
		       STR_ARG(user));
	printf("\n");
}

static void on_listed(struct errand *e, uint32_t key, void *arg)
{
	struct listing *l = arg;
	struct str raw = json_raw(&e->answer, key);

	if (!l->as_json) {
		print_line(e, key);
		return;
	}
	printf("%s%.*s", l->has_one ? ",\n" : "", STR_ARG(raw));
	l->has_one = true;
}

static int list_in(struct errand *e, const struct errand_place *place, bool as_json)
{
	struct listing l = {.as_json = as_json};
	int result;

	if (as_json)
		printf("[");
	else
		printf("%5s  %-14s  %-16s  %-10s  %-10s  %-7s  %s\n", "id", "prefix", "account",
		       "created", "expires", "state", "label");
	result = errand_each(e, errand_target(e, place), on_listed, &l);
	if (as_json)
		printf("]\n");
	return result < 0 ? 1 : 0;
}

static int key_list(int argc, char **argv)
{
	struct errand_place place = {.kind = "key"};
	struct str data = STR(CLI_DATA_DEFAULT);
	bool as_json = false;
	const struct option options[] = {
	    OPTION_DATA(data),
	    {"account", "NAME", "only keys of this account", &place.account, NULL},
	    {"json", NULL, "as JSON", NULL, &as_json},
	};
	const struct option_set set = {"key list [--data DIR] [--account NAME] [--json]",
	                               "Lists all keys.",
	                               options,
	                               OPTION_COUNT(options),
	                               0,
	                               NULL};
	struct option_words words;
	struct errand e;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = errand_open(&e, data, STORE_READ_ONLY) < 0 ? 1 : list_in(&e, &place, as_json);
	errand_release(&e);
	return status;
}

/* ---- show-usage ---- */

static bool on_shown(void *arg, const struct report_sum *sum)
{
	struct buf cost;

	(void)arg;
	buf_init(&cost, 64);
	buf_put_nusd(&cost, sum->charge_nusd);
	printf("%-32.*s  %9" PRId64 "  %12" PRId64 "  %12" PRId64 "  %14.*s\n",
	       STR_ARG(sum->groups[REPORT_MODEL]), sum->requests,
	       sum->input + sum->cache_read + sum->cache_write, sum->output,
	       STR_ARG(buf_str(&cost)));
	buf_release(&cost);
	return true;
}

static int show_in(struct errand *e, struct str which)
{
	struct report_ask ask = {.by = 1u << REPORT_MODEL, .to_ms = INT64_MAX};
	struct errand_place place = {.kind = "key", .which = which};

	books_catch_up(&e->books);
	if (errand_do(e, "GET", errand_target(e, &place)) < 0)
		return 1;
	must(str_to_i64(errand_text(e, json_root(&e->answer), "id"), 1, INT64_MAX, &ask.key_id) ==
	     0);
	printf("%-32s  %9s  %12s  %12s  %14s\n", "model", "requests", "input", "output", "USD");
	return store_report(e->books.store, &ask, &e->books.arena, on_shown, NULL, &e->books.fail) <
	               0
	           ? books_fails(&e->books)
	           : 0;
}

static int key_show_usage(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT);
	const struct option options[] = {OPTION_DATA(data)};
	const struct option_set set = {"key show-usage [--data DIR] ID|PREFIX",
	                               "What a key has spent, by model.",
	                               options,
	                               OPTION_COUNT(options),
	                               1,
	                               "key"};
	struct option_words words;
	struct errand e;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = errand_open(&e, data, STORE_READ_ONLY) < 0 ? 1 : show_in(&e, words.operands[0]);
	errand_release(&e);
	return status;
}

static const struct verb verbs[] = {
    {"create", key_create, "make a key and print it, or many from a list"},
    {"list", key_list, "list all keys"},
    {"set", key_set, "change a key's user, label, limits, expiry"},
    {"rotate", key_rotate, "make a key in the place of another"},
    {"revoke", key_revoke, "take a key out of force"},
    {"show-usage", key_show_usage, "what a key has spent"},
};

int cli_key(int argc, char **argv)
{
	return verb_run("key", verbs, OPTION_COUNT(verbs), argc, argv);
}
