/* fluxrouter serve: opens the data directory, makes the first account and key, and runs the
 * daemon.
 *
 * Says on standard output what a person needs to begin: the key (once), a line to paste, the
 * providers found. The log goes to standard error. The demo is a child of its own and never
 * starts unless it was asked for. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/url.h"
#include "cli/found.h"
#include "cli/option.h"
#include "cli/pid_file.h"
#include "cli/place.h"
#include "daemon/daemon.h"
#include "demo/demo.h"
#include "gate/key.h"
#include "daemon/snapshot.h"
#include "store/datadir.h"

#include <sys/prctl.h>
#include <sys/resource.h>

struct serve {
	struct str config_file, listen, data, threads, pid_file;
	struct str where; /* the store's, for store_open; secret */
	bool demo;
	struct arena arena;
	struct fail fail;
	struct store *store;
	int lock; /* held while the daemon lives: one per data directory */
	struct seat seat;
	struct heir heir;
	char key_text[KEY_TEXT_BYTES];
	bool has_new_key;
	char **words;
};

static int complain(struct serve *s)
{
	heir_say_failed(&s->heir, s->fail.message);
	fprintf(stderr, "fluxrouter: %.*s\n", STR_ARG(s->fail.message));
	return 1;
}

/* ---- configuration ---- */

static int read_demo(struct serve *s, struct config **out)
{
	struct config_found found = {.provider = STR("demo")};
	int port;

	if (demo_start(&s->fail, &port) < 0)
		return -1;
	found.base_url = arena_printf(&s->arena, "http://127.0.0.1:%d/v1", port);
	return snapshot_built_in(&found, 1, out, &s->fail);
}

static int read_found(struct serve *s, struct config **out)
{
	struct config_found found[FOUND_MAX];
	int count = found_look(&s->arena, found);

	if (count == 0)
		return fail(&s->fail, FAIL_CONFIG,
		            "no provider was found: set OPENAI_API_KEY, ANTHROPIC_API_KEY, "
		            "GEMINI_API_KEY, DEEPSEEK_API_KEY, MISTRAL_API_KEY, GROQ_API_KEY or "
		            "OPENROUTER_API_KEY, start a local model server, give -c FILE, or try "
		            "--demo");
	return snapshot_built_in(found, count, out, &s->fail);
}

static int read_config(struct serve *s)
{
	struct config *config = NULL;
	int result = s->config_file.len ? snapshot_read(s->config_file, &config, &s->fail)
	             : s->demo          ? read_demo(s, &config)
	                                : read_found(s, &config);

	if (result < 0)
		return -1;
	if (config->store.len)
		s->where = arena_copy(&s->arena, config->store);
	if (s->data.len == 0)
		s->data = arena_copy(&s->arena, config->data);
	config_set(config);
	return 0;
}

/* What --listen names is held to the rule of `listen:`; what is no address, the front refuses. */
static int check_listen(struct serve *s)
{
	struct config *config = config_current();
	bool insecure = config->insecure;
	struct str host;
	int port;

	config_put(&config);
	if (insecure || url_read_host_port(s->listen, &host, &port) || url_is_loopback(host))
		return 0;
	return fail(&s->fail, FAIL_CONFIG,
	            "others can reach --listen %.*s, and it is not encrypted; listen on 127.0.0.1 "
	            "behind something that ends TLS, or give -c FILE with insecure: true",
	            STR_ARG(s->listen));
}

/* ---- the first key ---- */

static bool note_key(void *found, const struct store_key *key)
{
	(void)key;
	*(bool *)found = true;
	return false;
}

static int make_first_key(struct serve *s)
{
	struct store_key key = {.label = STR("first"), .created_ms = clock_wall_ms()};
	int64_t id;

	key_make(s->key_text, key.digest);
	key.prefix = (struct str){s->key_text, KEY_PREFIX_BYTES};
	if (store_account_named(s->store, STR("default"), &key.account_id, &s->fail) < 0 ||
	    store_key_add(s->store, &key, &id, &s->fail) < 0)
		return -1;
	s->has_new_key = true;
	/* At once: whatever fails from here on, the key is in the store and its text nowhere. */
	printf("your key, shown this once:\n%.*s\n"
	       "its account has 20 USD a calendar month; docs/operations.md tells how to change "
	       "that\n\n",
	       KEY_TEXT_BYTES, s->key_text);
	fflush(stdout);
	return 0;
}

/* The process that this one replaces lends its lock, and with it the directory: what it ends with
 * stands in the journal there, and who serves from there sees to it. */
static int inherit_data(struct serve *s)
{
	s->lock = s->heir.lock;
	if (datadir_is_lock(s->data, s->lock))
		return 0;
	return fail(&s->fail, FAIL_CONFIG,
	            "%.*s is not the data directory of the process that serves; a change of `data` "
	            "needs a stop and a start",
	            STR_ARG(s->data));
}

static int lock_data(struct serve *s)
{
	if (heir_has_predecessor(&s->heir) ? inherit_data(s) < 0
	                                   : datadir_make(s->data, &s->fail) < 0 ||
	                                         datadir_lock(s->data, &s->lock, &s->fail) < 0)
		return -1;
	return seat_take(s->data, &s->seat, &s->fail);
}

static int open_store(struct serve *s)
{
	enum store_open_how how = heir_has_predecessor(&s->heir) ? STORE_AS_IS : STORE_CREATE;
	bool has_keys = false;

	if (lock_data(s) < 0)
		return -1;
	if (str_is_empty(s->where))
		s->where = place_of_environment(s->data);
	if (store_open(s->where, how, &s->store, &s->fail) < 0 ||
	    place_note(s->data, store_is_url(s->where) ? s->where : STR(""), &s->fail) < 0 ||
	    store_keys_after(s->store, 0, &s->arena, note_key, &has_keys, &s->fail) < 0)
		return -1;
	return has_keys ? 0 : make_first_key(s);
}

/* ---- what is said at start ---- */

static void say_providers(const struct config *config)
{
	printf("\nproviders:\n");
	for (int i = 0; i < config->provider_count; i++)
		printf("  %.*s  %.*s\n", STR_ARG(config->providers[i].name),
		       STR_ARG(config->providers[i].base_url));
	for (enum llm_tier t = LLM_FAST; t < LLM_TIERS; t++) {
		printf("flux-%s:", llm_tier_name(t));
		for (int i = 0; i < config->tiers[t].model_count; i++)
			printf(" %.*s", STR_ARG(config->tiers[t].models[i]->name));
		printf("\n");
	}
}

static void say_curl(const struct serve *s, struct str address)
{
	struct str key =
	    s->has_new_key ? (struct str){s->key_text, KEY_TEXT_BYTES} : STR("sk-flux-YOUR-KEY");

	printf("\ntry it:\n"
	       "curl -i http://%.*s/v1/chat/completions -H 'Authorization: Bearer %.*s' "
	       "-H 'Content-Type: application/json' "
	       "-d '{\"model\":\"flux-auto\",\"messages\":[{\"role\":\"user\",\"content\":\"Say "
	       "hello.\"}]}'\n\n",
	       STR_ARG(address), STR_ARG(key));
}

static void note_pid(const struct serve *s)
{
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (s->pid_file.len && pid_file_write(s->pid_file, &f) < 0)
		log_say(LOG_WARN, "%.*s", STR_ARG(f.message));
	arena_release(&arena);
}

static void on_listening(void *arg, const struct str *addresses, int count)
{
	const struct serve *s = arg;
	struct config *config = config_current();
	int tcp = 0;

	for (int i = 0; i < count; i++)
		printf("FluxRouter serves on %.*s, data in %.*s\n", STR_ARG(addresses[i]),
		       STR_ARG(s->data));
	if (s->demo)
		printf("This is the demo: a simulator answers, no model does.\n");
	say_providers(config);
	while (tcp < count && str_starts_with(addresses[tcp], STR("unix:")))
		tcp++;
	if (tcp < count)
		say_curl(s, addresses[tcp]);
	fflush(stdout);
	config_put(&config);
	note_pid(s);
}

/* ---- the verb ---- */

/* Provider keys and callers' texts are in our memory: none of it goes into a core file, and no
 * other process of the same user may look inside. */
static void keep_memory_private(void)
{
	const struct rlimit none = {0, 0};

	must(prctl(PR_SET_DUMPABLE, 0) == 0);
	must(setrlimit(RLIMIT_CORE, &none) == 0);
}

static int run(struct serve *s, int64_t threads)
{
	struct daemon_options options = {.config_file = s->config_file,
	                                 .listen = s->listen,
	                                 .threads = (int)threads,
	                                 .seat = &s->seat,
	                                 .heir = &s->heir,
	                                 .words = s->words,
	                                 .on_listening = on_listening,
	                                 .listening_arg = s};

	keep_memory_private();
	if (read_config(s) < 0 || check_listen(s) < 0 || open_store(s) < 0)
		return complain(s);
	options.data_dir = s->data;
	options.lock = s->lock;
	options.store = s->store;
	options.store_where = s->where;
	return daemon_run(&options, &s->fail) < 0 ? complain(s) : 0;
}

static void release(struct serve *s)
{
	config_set(NULL);
	seat_leave(&s->seat, false);
	if (s->pid_file.len)
		pid_file_remove(s->pid_file);
	if (s->store)
		store_close(&s->store);
	if (s->demo)
		demo_stop();
	arena_release(&s->arena);
}

int cli_serve(int argc, char **argv)
{
	struct serve s = {.seat.fd = -1, .words = argv};
	int64_t threads = 0;
	const struct option options[] = {
	    {"c", "FILE", "configuration (without: providers of the environment)", &s.config_file,
	     NULL},
	    {"listen", "HOST:PORT", "where to serve (127.0.0.1:8686)", &s.listen, NULL},
	    OPTION_DATA(s.data),
	    {"threads", "N", "event loops (one per core)", &s.threads, NULL},
	    {"pid-file", "FILE", "a file for the number of the process that serves", &s.pid_file,
	     NULL},
	    {"demo", NULL, "serve a simulator instead of models", NULL, &s.demo},
	};
	const struct option_set set = {"serve [-c FILE | --demo] [--listen HOST:PORT]",
	                               "Runs the gateway. SIGHUP reads the configuration again, "
	                               "SIGUSR2 lets the program on the disk take over, SIGTERM "
	                               "stops gracefully.",
	                               options,
	                               OPTION_COUNT(options),
	                               0,
	                               NULL};
	struct option_words words;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	if (s.threads.len && str_to_i64(s.threads, 1, 64, &threads) < 0)
		return option_wrong("--threads %.*s is not a number from 1 to 64",
		                    STR_ARG(s.threads));
	if (s.demo && s.config_file.len)
		return option_wrong("--demo and -c do not go together; leave one out");
	heir_begin(&s.heir);
	arena_init(&s.arena);
	fail_init(&s.fail, &s.arena);
	status = run(&s, threads);
	release(&s);
	return status;
}
