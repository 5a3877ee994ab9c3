/* fluxrouter plan | account | team | user   list | create | set | close
 *
 * One set of verbs for all four, on the store itself, also beside a running daemon, which learns of
 * a change within a quarter of a second. A change prints what it made of the object, as JSON, or a
 * line of it; a list prints a line for each. */
#include "cli/cli.h"

#include "cli/errand.h"
#include "cli/option.h"
#include "store/owner.h"

struct owner_words {
	struct str data, name, account, team, plan;
	bool hold, release, as_json;
	struct str sets[OPTION_TAKEN_MAX];
	int set_count;
};

/* ---- printing ---- */

static void print_json(struct errand *e, uint32_t object)
{
	struct str raw = json_raw(&e->answer, object);

	printf("%.*s\n", STR_ARG(raw));
}

/* id, name, what it belongs to, state, terms */
static void print_line(struct errand *e, uint32_t object)
{
	bool is_held = str_eq(errand_text(e, object, "on_hold"), STR("true"));
	struct str account = errand_text(e, object, "account");
	struct str team = errand_text(e, object, "team"), plan = errand_text(e, object, "plan");
	const char *state = errand_text(e, object, "closed").len ? "closed"
	                    : is_held                            ? "on hold"
	                                                         : "open";

	printf("%5.*s  %-24.*s  %-24.*s  %-7s  %.*s\n", STR_ARG(errand_text(e, object, "id")),
	       STR_ARG(errand_text(e, object, "name")),
	       STR_ARG(arena_printf(&e->books.arena, "%.*s%s%.*s%.*s", STR_ARG(account),
	                            team.len ? "/" : "", STR_ARG(team), STR_ARG(plan))),
	       state, STR_ARG(errand_text(e, object, "terms")));
}

static void print_one(struct errand *e, uint32_t object, void *as_json)
{
	if (*(bool *)as_json)
		print_json(e, object);
	else
		print_line(e, object);
}

/* ---- verbs ---- */

static int list(struct errand *e, const char *kind, const struct owner_words *o)
{
	struct errand_place place = {.kind = kind, .account = o->account};
	bool as_json = o->as_json;

	if (!as_json)
		printf("%5s  %-24s  %-24s  %-7s  %s\n", "id", "name",
		       str_eq(str_of(kind), STR("account")) ? "plan" : "of", "state", "terms");
	return errand_each(e, errand_target(e, &place), print_one, &as_json) < 0 ? 1 : 0;
}

static int tell(struct errand *e, const struct owner_words *o)
{
	bool as_json = o->as_json;

	print_one(e, json_root(&e->answer), &as_json);
	return 0;
}

static int put_body(struct errand *e, const struct owner_words *o)
{
	errand_put(e, "team", o->team);
	errand_put(e, "plan", o->plan);
	if (o->hold || o->release)
		json_key_bool(&e->json, STR("on_hold"), o->hold);
	return errand_put_terms(e, o->sets, o->set_count);
}

static int create(struct errand *e, const char *kind, const struct owner_words *o, struct str name)
{
	struct errand_place place = {.kind = kind};

	errand_put(e, "name", name);
	errand_put(e, "account", o->account);
	if (put_body(e, o) < 0)
		return 2;
	return errand_do(e, "POST", errand_target(e, &place)) < 0 ? 1 : tell(e, o);
}

static int set(struct errand *e, const char *kind, const struct owner_words *o, struct str which)
{
	struct errand_place place = {.kind = kind, .which = which, .account = o->account};

	errand_put(e, "name", o->name);
	if (put_body(e, o) < 0)
		return 2;
	return errand_do(e, "PATCH", errand_target(e, &place)) < 0 ? 1 : tell(e, o);
}

static int close_it(struct errand *e, const char *kind, const struct owner_words *o,
                    struct str which)
{
	struct errand_place place = {.kind = kind, .which = which, .account = o->account};

	return errand_do(e, "DELETE", errand_target(e, &place)) < 0 ? 1 : tell(e, o);
}

/* ---- the command line ---- */

enum what { LIST, CREATE, SET, CLOSE, WHATS };

static const struct {
	const char *name, *operand, *about;
} whats[WHATS] = {
    [LIST] = {"list", "", "Lists them all."},
    [CREATE] = {"create", " NAME", "Makes one of that name."},
    [SET] = {"set", " NAME|ID",
             "Changes what is given; an empty value such as --set rpm= takes a "
             "term away, - stands for none."},
    [CLOSE] = {"close", " NAME|ID",
               "Closes it: nothing is served for it any more. Its name and "
               "its books stay."},
};

static int run(const char *kind, enum what what, const struct owner_words *o,
               const struct option_words *words)
{
	struct str which = words->operands[0];
	struct errand e;
	int status = 1;

	if (errand_open(&e, o->data,
	                what == CREATE ? STORE_CREATE
	                : what == LIST ? STORE_READ_ONLY
	                               : STORE_EXISTING) < 0)
		status = 1;
	else if (what == LIST)
		status = list(&e, kind, o);
	else if (what == CREATE)
		status = create(&e, kind, o, which);
	else
		status = what == SET ? set(&e, kind, o, which) : close_it(&e, kind, o, which);
	errand_release(&e);
	return status;
}

static int read_and_run(const char *kind, enum what what, int argc, char **argv)
{
	struct owner_words o = {.data = STR(CLI_DATA_DEFAULT)};
	struct str shown = {0};
	const struct option options[] = {
	    OPTION_DATA(o.data),
	    {"json", NULL, "as JSON", NULL, &o.as_json},
	    {"account", "NAME", "the account of a team or user", &o.account, NULL},
	    {"team", "NAME", "a user's team", &o.team, NULL},
	    {"plan", "NAME", "an account's plan", &o.plan, NULL},
	    {"name", "NAME", "set: its new name", &o.name, NULL},
	    {"hold", NULL, "an account: serve nothing for it", NULL, &o.hold},
	    {"release", NULL, "an account: serve it again", NULL, &o.release},
	    {"set", "TERM=VALUE", "a limit, rate or right; as often as you like", &shown, NULL},
	};
	char usage[128];
	const struct option_set option_set = {usage,        whats[what].about,
	                                      options,      OPTION_COUNT(options),
	                                      what != LIST, what != LIST ? kind : NULL};
	struct option_words words;

	snprintf(usage, sizeof usage, "%s %s [--data DIR]%s ...", kind, whats[what].name,
	         whats[what].operand);
	o.set_count = option_take(&argc, argv, "set", o.sets);
	if (o.set_count < 0)
		return 2;
	if (option_read(&option_set, argc, argv, &words) < 0)
		return words.status;
	if (o.hold && o.release)
		return option_wrong("--hold and --release do not go together");
	return run(kind, what, &o, &words);
}

static int owner_verbs(const char *kind, int argc, char **argv)
{
	bool is_help = argc > 1 && str_eq(str_of(argv[1]), STR("--help"));
	FILE *out = is_help ? stdout : stderr;

	for (int i = 0; argc > 1 && i < WHATS; i++)
		if (str_eq(str_of(argv[1]), str_of(whats[i].name)))
			return read_and_run(kind, (enum what)i, argc - 1, argv + 1);
	if (argc > 1 && !is_help)
		option_wrong("%s has no verb \"%s\"", kind, argv[1]);
	fprintf(out, "Usage: fluxrouter %s VERB [OPTION]... (each has --help)\n\n", kind);
	for (int i = 0; i < WHATS; i++)
		fprintf(out, "  %-8s%-9s %s\n", whats[i].name, whats[i].operand, whats[i].about);
	return is_help ? 0 : 2;
}

int cli_plan(int argc, char **argv)
{
	return owner_verbs("plan", argc, argv);
}

int cli_account(int argc, char **argv)
{
	return owner_verbs("account", argc, argv);
}

int cli_team(int argc, char **argv)
{
	return owner_verbs("team", argc, argv);
}

int cli_user(int argc, char **argv)
{
	return owner_verbs("user", argc, argv);
}
