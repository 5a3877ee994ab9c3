/* fluxrouter key create | list | revoke | show-usage
 *
 * Works on the store itself, also beside a running daemon, which learns of a change within a
 * quarter of a second, or at once when the key is presented. The key's text is printed once, at
 * its making, and kept nowhere. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/json_write.h"
#include "cli/books.h"
#include "cli/option.h"
#include "gate/key.h"

enum { JSON_MAX_BYTES = 256 << 20, NAME_MAX_BYTES = 200 };

#define DATA_OPTION(place)                                                                         \
	{                                                                                          \
		"data", "DIR", "data directory (" CLI_DATA_DEFAULT ")", &(place), NULL             \
	}
#define OPTION_COUNT(options) (int)(sizeof(options) / sizeof(options)[0])

/* create */

struct create {
	struct str data, account, label, expires, models;
};

static bool is_plain(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7f)
			return false;
	return name.len <= NAME_MAX_BYTES;
}

static int check_create(const struct create *c, int64_t *out_expires_ms)
{
	int64_t span_ms = 0;

	if (c->expires.len && clock_read_span(c->expires, &span_ms) < 0)
		return option_wrong("--expires \"%.*s\" is not a span such as 30d, 12h or 1y",
		                    STR_ARG(c->expires));
	if (str_is_empty(c->account))
		return option_wrong("--account needs a name");
	if (!is_plain(c->account) || !is_plain(c->label) || !is_plain(c->models))
		return option_wrong("names have at most %d bytes and no control characters",
		                    NAME_MAX_BYTES);
	*out_expires_ms = span_ms ? clock_wall_ms() + span_ms : 0;
	return 0;
}

static int create_in(struct books *b, const struct create *c, int64_t expires_ms)
{
	char text[KEY_TEXT_BYTES];
	struct store_key k = {.label = c->label,
	                      .models = c->models,
	                      .created_ms = clock_wall_ms(),
	                      .expires_ms = expires_ms};
	int64_t id;

	key_make(text, k.digest);
	k.prefix = (struct str){text, KEY_PREFIX_BYTES};
	if (store_account_named(b->store, c->account, &k.account_id, &b->fail) < 0 ||
	    store_key_add(b->store, &k, &id, &b->fail) < 0)
		return books_fails(b);
	if (printf("%.*s\n", KEY_TEXT_BYTES, text) < 0 || fflush(stdout) != 0) {
		fprintf(stderr,
		        "fluxrouter: the key was made but could not be printed; revoke "
		        "it: fluxrouter key revoke %" PRId64 "\n",
		        id);
		return 1;
	}
	return 0;
}

static int key_create(int argc, char **argv)
{
	struct create c = {.data = STR(CLI_DATA_DEFAULT), .account = STR("default")};
	const struct option options[] = {
	    DATA_OPTION(c.data),
	    {"account", "NAME", "account that pays (default); made when there is none", &c.account,
	     NULL},
	    {"label", "TEXT", "what the key is for, shown in lists", &c.label, NULL},
	    {"expires", "SPAN", "from now: 12h, 30d, 2w, 1y (never)", &c.expires, NULL},
	    {"models", "GLOBS", "comma list of model names it may use (all)", &c.models, NULL},
	};
	const struct option_set set = {"key create [--data DIR] [--account NAME] ...",
	                               "Makes a key and prints it, alone, on standard output. It "
	                               "is shown only this once.",
	                               options, OPTION_COUNT(options), 0};
	struct option_words words;
	int64_t expires_ms = 0;
	struct books b;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = check_create(&c, &expires_ms);
	if (status != 0)
		return status;
	status = books_open(&b, c.data, STORE_CREATE) < 0 ? 1 : create_in(&b, &c, expires_ms);
	books_release(&b);
	return status;
}

/* list */

struct listing {
	struct buf out;
	struct json_writer json;
	int64_t now_ms;
	bool as_json;
};

static const char *state_of(const struct store_key *k, int64_t now_ms)
{
	if (k->revoked_ms)
		return "revoked";
	return k->expires_ms && now_ms >= k->expires_ms ? "expired" : "active";
}

static void put_time(struct listing *l, struct str name, int64_t wall_ms)
{
	struct buf text;

	buf_init(&text, 64);
	clock_put_rfc3339(&text, wall_ms);
	if (wall_ms)
		json_key_text(&l->json, name, buf_str(&text));
	else
		json_key_null(&l->json, name);
	buf_release(&text);
}

static void list_json(struct listing *l, const struct store_key *k)
{
	json_open_object(&l->json);
	json_key_i64(&l->json, STR("id"), k->id);
	json_key_text(&l->json, STR("prefix"), k->prefix);
	json_key_text(&l->json, STR("account"), k->account_name);
	json_key_text(&l->json, STR("label"), k->label);
	json_key_text(&l->json, STR("models"), k->models);
	put_time(l, STR("created"), k->created_ms);
	put_time(l, STR("expires"), k->expires_ms);
	put_time(l, STR("revoked"), k->revoked_ms);
	json_key_text(&l->json, STR("state"), str_of(state_of(k, l->now_ms)));
	json_close_object(&l->json);
}

static void list_line(struct listing *l, const struct store_key *k)
{
	struct clock_day made = clock_day_of(k->created_ms), end = clock_day_of(k->expires_ms);
	char expires[32] = "never";

	if (k->expires_ms)
		snprintf(expires, sizeof expires, "%04d-%02d-%02d", end.year, end.month, end.day);
	buf_printf(&l->out, "%5" PRId64 "  %-14.*s  %-16.*s  %04d-%02d-%02d  %-10s  %-7s  %.*s\n",
	           k->id, STR_ARG(k->prefix), STR_ARG(k->account_name), made.year, made.month,
	           made.day, expires, state_of(k, l->now_ms), STR_ARG(k->label));
}

static bool on_listed(void *arg, const struct store_key *k)
{
	struct listing *l = arg;

	if (l->as_json)
		list_json(l, k);
	else
		list_line(l, k);
	return true;
}

static int list_in(struct books *b, bool as_json)
{
	struct listing l = {.now_ms = clock_wall_ms(), .as_json = as_json};
	int result;

	buf_init(&l.out, JSON_MAX_BYTES);
	json_writer_init(&l.json, &l.out);
	if (as_json)
		json_open_array(&l.json);
	else
		buf_printf(&l.out, "%5s  %-14s  %-16s  %-10s  %-10s  %-7s  %s\n", "id", "prefix",
		           "account", "created", "expires", "state", "label");
	result = store_keys_after(b->store, 0, &b->arena, on_listed, &l, &b->fail);
	if (as_json) {
		json_close_array(&l.json);
		buf_put_byte(&l.out, '\n');
	}
	if (result == 0)
		fwrite(l.out.ptr, 1, l.out.len, stdout);
	buf_release(&l.out);
	return result < 0 ? books_fails(b) : 0;
}

static int key_list(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT);
	bool as_json = false;
	const struct option options[] = {
	    DATA_OPTION(data),
	    {"json", NULL, "as JSON", NULL, &as_json},
	};
	const struct option_set set = {"key list [--data DIR] [--json]", "Lists all keys.", options,
	                               OPTION_COUNT(options), 0};
	struct option_words words;
	struct books b;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = books_open(&b, data, STORE_READ_ONLY) < 0 ? 1 : list_in(&b, as_json);
	books_release(&b);
	return status;
}

/* revoke */

static int key_revoke(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT);
	const struct option options[] = {DATA_OPTION(data)};
	const struct option_set set = {"key revoke [--data DIR] ID|PREFIX",
	                               "Takes a key out of force, at once and for good. It is "
	                               "named by its id or prefix, as key list shows them.",
	                               options, OPTION_COUNT(options), 1};
	struct option_words words;
	struct books b;
	int status = 0;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	if (words.count != 1)
		return option_wrong("which key? (usage: fluxrouter %s)", set.usage);
	if (books_open(&b, data, STORE_EXISTING) < 0)
		status = 1;
	else if (store_key_revoke(b.store, str_part(words.operands[0], 0, KEY_PREFIX_BYTES),
	                          clock_wall_ms(), &b.fail) < 0)
		status = books_fails(&b);
	books_release(&b);
	return status;
}

/* show-usage */

struct showing {
	struct store_key wanted; /* id 0: not found yet */
	struct str which;
	int64_t id;
	int rows;
};

static bool on_searched(void *arg, const struct store_key *k)
{
	struct showing *s = arg;

	if (k->id == s->id || str_eq(k->prefix, str_part(s->which, 0, KEY_PREFIX_BYTES)))
		s->wanted = *k;
	return s->wanted.id == 0;
}

static bool on_shown(void *arg, const struct store_sum *sum)
{
	struct showing *s = arg;
	struct buf cost;

	if (!str_starts_with(sum->key, s->wanted.prefix))
		return true;
	buf_init(&cost, 64);
	buf_put_nusd(&cost, sum->charge_nusd);
	printf("%-32.*s  %9" PRId64 "  %12" PRId64 "  %12" PRId64 "  %14.*s\n", STR_ARG(sum->model),
	       sum->requests, sum->input + sum->cache_read + sum->cache_write, sum->output,
	       STR_ARG(buf_str(&cost)));
	buf_release(&cost);
	s->rows++;
	return true;
}

static int show_in(struct books *b, struct str which)
{
	struct showing s = {.which = which};

	if (str_to_i64(which, 1, INT64_MAX, &s.id) < 0)
		s.id = 0;
	books_catch_up(b);
	if (store_keys_after(b->store, 0, &b->arena, on_searched, &s, &b->fail) < 0)
		return books_fails(b);
	if (s.wanted.id == 0) {
		fprintf(stderr, "fluxrouter: no key has the id or prefix \"%.*s\"\n",
		        STR_ARG(which));
		return 1;
	}
	printf("%-32s  %9s  %12s  %12s  %14s\n", "model", "requests", "input", "output", "USD");
	return store_sums(b->store,
	                  (struct store_report){STORE_BY_MODEL | STORE_BY_KEY, 0, INT64_MAX},
	                  &b->arena, on_shown, &s, &b->fail) < 0
	           ? books_fails(b)
	           : 0;
}

static int key_show_usage(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT);
	const struct option options[] = {DATA_OPTION(data)};
	const struct option_set set = {"key show-usage [--data DIR] ID|PREFIX",
	                               "What a key has spent, by model.", options,
	                               OPTION_COUNT(options), 1};
	struct option_words words;
	struct books b;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	if (words.count != 1)
		return option_wrong("which key? (usage: fluxrouter %s)", set.usage);
	status = books_open(&b, data, STORE_READ_ONLY) < 0 ? 1 : show_in(&b, words.operands[0]);
	books_release(&b);
	return status;
}

static const struct {
	const char *name;
	int (*run)(int, char **);
	const char *help;
} verbs[] = {
    {"create", key_create, "make a key and print it"},
    {"list", key_list, "list all keys"},
    {"revoke", key_revoke, "take a key out of force"},
    {"show-usage", key_show_usage, "what a key has spent"},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

int cli_key(int argc, char **argv)
{
	FILE *out = argc > 1 && str_eq(str_of(argv[1]), STR("--help")) ? stdout : stderr;

	for (int i = 0; argc > 1 && i < VERBS; i++)
		if (str_eq(str_of(argv[1]), str_of(verbs[i].name)))
			return verbs[i].run(argc - 1, argv + 1);
	if (argc > 1 && out == stderr)
		option_wrong("key has no verb \"%s\"", argv[1]);
	fprintf(out, "Usage: fluxrouter key VERB [OPTION]... (each has --help)\n\n");
	for (int i = 0; i < VERBS; i++)
		fprintf(out, "  %-12s %s\n", verbs[i].name, verbs[i].help);
	return out == stdout ? 0 : 2;
}
