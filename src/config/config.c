/* Reads a configuration in four steps and keeps the one that is in force.
 *
 *	text -> tree with marks -> schema check -> libcyaml -> values, references -> snapshot
 *	        config_tree        config_schema              config_make
 *
 * A step that finds mistakes notes them and goes on as far as that makes sense, so that `fluxrouter
 * check` shows all of them; a snapshot with any mistake is never handed out. Called at start, on
 * reload and by the command line; must never print a secret.
 *
 * THREADS: `current` and the references of every snapshot. A reference is taken under the lock, so
 * that a snapshot cannot die between being found and being counted; it is given back without.
 * Nothing in a snapshot changes after config_set. */
#include "config/config.h"

#include "base/clock.h"
#include "config/make.h"
#include "config/embed.h"
#include "limits.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct config *current;

struct config *config_get(struct config *c)
{
	must(__atomic_fetch_add(&c->references, 1, __ATOMIC_RELAXED) > 0);
	return c;
}

void config_put(struct config **c)
{
	struct config *old = *c;

	*c = NULL;
	if (!old || __atomic_sub_fetch(&old->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (int i = 0; i < old->listen_count; i++)
		tls_server_put(&old->listen[i].tls);
	if (old->on_release)
		old->on_release(old);
	arena_wipe(&old->arena);
	mem_put(old);
}

struct config *config_current(void)
{
	struct config *c;

	pthread_mutex_lock(&lock);
	c = current ? config_get(current) : NULL;
	pthread_mutex_unlock(&lock);
	return c;
}

void config_set(struct config *new)
{
	struct config *old;

	pthread_mutex_lock(&lock);
	old = current;
	current = new;
	pthread_mutex_unlock(&lock);
	config_put(&old);
}

/* ---- reading ---- */

struct source {
	struct str name;
	struct str text;
	int64_t own_time_s;
	const struct config_found *found; /* of the built-in catalog; NULL: a file */
	int found_count;
	bool is_looked_at; /* secrets and files of providers are left alone */
};

static struct config *config_new(struct str source)
{
	struct config *c = mem_get(sizeof *c);

	arena_init(&c->arena);
	c->references = 1;
	c->source = arena_copy(&c->arena, source);
	return c;
}

static void keep_warnings(struct config *c, const struct config_mistakes *m)
{
	c->warnings = ARENA_ARRAY(&c->arena, struct str, (size_t)m->warning_count);
	for (const struct config_mistake *one = m->first; one; one = one->next)
		if (one->is_warning)
			c->warnings[c->warning_count++] =
			    arena_copy(&c->arena, config_mistake_line(m, one));
}

static struct config *make(const struct source *source, const struct raw_config *raw,
                           struct config_mistakes *m)
{
	struct config *c = config_new(source->name);
	struct config_making making = {
	    .config = c,
	    .raw = raw,
	    .mistakes = m,
	    .own_time_s = source->own_time_s,
	    .is_built_in = source->found != NULL,
	    .found = source->found,
	    .found_count = source->found_count,
	};

	m->values = &c->arena;
	map_init(&making.providers, NULL);
	map_init(&making.models, NULL);
	config_make(&making);
	map_release(&making.providers);
	map_release(&making.models);
	if (m->count > 0) {
		config_put(&c);
		return NULL;
	}
	keep_warnings(c, m);
	config_put_hash(c);
	return c;
}

static void leave_out(char **text)
{
	if (*text)
		mem_put(*text);
	*text = NULL;
}

static void leave_out_secrets(struct raw_config *raw)
{
	for (unsigned i = 0; i < raw->listeners_count; i++)
		for (unsigned k = 0; k < raw->listeners[i].certificates_count; k++)
			leave_out(&raw->listeners[i].certificates[k].cert_file);
	for (unsigned i = 0; i < raw->providers_count; i++) {
		struct raw_provider *p = &raw->providers[i];

		leave_out(&p->api_key);
		for (unsigned k = 0; k < p->api_keys_count; k++)
			p->api_keys[k][0] = '\0';
		if (p->auth)
			leave_out(&p->auth->style);
		leave_out(&p->proxy);
		leave_out(&p->ca_file);
		leave_out(&p->cert_file);
		leave_out(&p->key_file);
		for (unsigned h = 0; h < p->headers_count; h++)
			p->headers[h].value[0] = '\0';
	}
}

/* NULL: there are mistakes, and m has them. */
static struct config *read_source(const struct source *source, struct config_mistakes *m)
{
	struct config_tree_error error;
	struct raw_config *raw;
	struct config *c;

	m->root = config_tree_read(source->text, m->arena, &error);
	if (!m->root) {
		config_wrong_at(m, error.place, STR(""), "%.*s", STR_ARG(error.reason));
		return NULL;
	}
	config_schema_check(m);
	if (m->count > 0)
		return NULL;
	raw = config_schema_load(source->text, m);
	if (!raw)
		return NULL;
	if (source->is_looked_at)
		leave_out_secrets(raw);
	c = make(source, raw, m);
	config_schema_free(&raw);
	return c;
}

static int fail_with_first(struct fail *f, const struct config_mistakes *m)
{
	const struct config_mistake *first = m->first;

	while (first->is_warning)
		first = first->next;
	if (m->count == 1)
		return fail(f, FAIL_CONFIG, "%.*s", STR_ARG(config_mistake_line(m, first)));
	return fail(f, FAIL_CONFIG, "%.*s (and %d more: fluxrouter check -c %.*s shows all)",
	            STR_ARG(config_mistake_line(m, first)), m->count - 1, STR_ARG(m->file));
}

static int read_or_fail(const struct source *source, struct config **out, struct fail *f)
{
	struct arena arena;
	struct config_mistakes m = {.arena = &arena, .file = source->name};
	struct config *c;

	arena_init(&arena);
	c = read_source(source, &m);
	if (c)
		*out = c;
	else
		fail_with_first(f, &m);
	arena_wipe(&arena);
	return c ? 0 : -1;
}

int config_read_text(struct str file, struct str text, struct config **out, struct fail *f)
{
	struct source source = {.name = file, .text = text, .own_time_s = clock_wall_ms() / 1000};

	return read_or_fail(&source, out, f);
}

/* The whole file, to be released by the caller also when it could not be read: then the reason is
 * the result. */
static const char *read_file(struct str name, struct buf *out_text, int64_t *out_time_s)
{
	struct arena arena;
	struct stat stat;
	FILE *file;
	char *room;

	arena_init(&arena);
	file = fopen(arena_copy(&arena, name).ptr, "re");
	arena_release(&arena);
	if (!file)
		return strerror(errno);
	if (fstat(fileno(file), &stat) < 0)
		stat = (struct stat){0};
	*out_time_s = (int64_t)stat.st_mtime;
	setbuf(file, NULL);                                   /* credentials are in it: */
	buf_room(out_text, (size_t)stat.st_size + 64 * 1024); /* no copies of them */
	while ((room = buf_room(out_text, 64 * 1024)) && !feof(file) && !ferror(file))
		buf_grew(out_text, fread(room, 1, 64 * 1024, file));
	if (ferror(file) || !room) {
		fclose(file);
		return room ? "it cannot be read" : "it is longer than 4 MiB";
	}
	fclose(file);
	return NULL;
}

static int read_named(struct source *source, struct config **out, struct fail *f)
{
	struct buf text;
	const char *problem;
	int result;

	buf_init(&text, LIMIT_CONFIG_BYTES);
	problem = read_file(source->name, &text, &source->own_time_s);
	source->text = buf_str(&text);
	result = problem ? fail(f, FAIL_CONFIG, "%.*s: %s", STR_ARG(source->name), problem)
	                 : read_or_fail(source, out, f);
	buf_wipe(&text);
	return result;
}

int config_read(struct str file, struct config **out, struct fail *f)
{
	struct source source = {.name = file};

	return read_named(&source, out, f);
}

int config_read_catalog(struct str file, struct config **out, struct fail *f)
{
	struct source source = {.name = file.len ? file : STR("built-in"),
	                        .text = embed_catalog(),
	                        .own_time_s = clock_wall_ms() / 1000,
	                        .is_looked_at = true};

	return file.len ? read_named(&source, out, f) : read_or_fail(&source, out, f);
}

int config_check_text(struct str file, struct str text, struct buf *out_report)
{
	struct source source = {.name = file, .text = text, .own_time_s = clock_wall_ms() / 1000};
	struct arena arena;
	struct config_mistakes m = {.arena = &arena, .file = file};
	struct config *c;

	arena_init(&arena);
	c = read_source(&source, &m);
	for (const struct config_mistake *one = m.first; one; one = one->next) {
		buf_put(out_report, config_mistake_line(&m, one));
		buf_put_byte(out_report, '\n');
	}
	config_put(&c);
	arena_wipe(&arena);
	return m.count;
}

int config_check(struct str file, struct buf *out_report)
{
	struct buf text;
	int64_t unused;
	const char *problem;
	int mistakes = 1;

	buf_init(&text, LIMIT_CONFIG_BYTES);
	problem = read_file(file, &text, &unused);
	if (problem)
		buf_printf(out_report, "%.*s: %s\n", STR_ARG(file), problem);
	else
		mistakes = config_check_text(file, buf_str(&text), out_report);
	buf_wipe(&text);
	return mistakes;
}

/* ---- the built-in catalog ---- */

int config_built_in(const struct config_found *found, int count, struct config **out,
                    struct fail *f)
{
	static const struct config_found nobody;
	struct source source = {
	    .name = STR("built-in"),
	    .text = embed_catalog(),
	    .own_time_s = clock_wall_ms() / 1000,
	    .found = found ? found : &nobody,
	    .found_count = count,
	};

	return read_or_fail(&source, out, f);
}

/* "${NAME}" as a whole; empty: the row needs no key. */
static struct str variable_of(const struct raw_provider *row)
{
	struct str text = str_of(row->api_key);

	return text.len > 3 ? str_part(text, 2, text.len - 3) : STR("");
}

static void fill_offer(struct arena *arena, const struct raw_provider *row,
                       struct config_offer *out)
{
	const char *value;

	out->provider = arena_copy(arena, str_of(row->name));
	out->base_url = arena_copy(arena, str_of(row->base_url));
	out->env = arena_copy(arena, variable_of(row));
	out->is_demo = str_eq(out->provider, STR("demo"));
	value = out->env.len ? getenv(out->env.ptr) : NULL;
	out->has_key = value && value[0] != '\0';
	out->value = out->has_key ? arena_copy(arena, str_of(value)) : STR("");
}

/* A row without models is there for whoever looks an address up. Local servers list their own. */
static bool is_offered(const struct raw_config *raw, const struct raw_provider *row)
{
	if (str_of(row->api_key).len == 0)
		return true;
	for (unsigned i = 0; i < raw->models_count; i++)
		for (unsigned k = 0; k < raw->models[i].targets_count; k++)
			if (strcmp(raw->models[i].targets[k].provider, row->name) == 0)
				return true;
	return false;
}

int config_offers(struct arena *arena, struct config_offer **out)
{
	struct config_mistakes m = {.arena = arena, .file = STR("built-in")};
	struct raw_config *raw = config_schema_load(embed_catalog(), &m);
	int count = 0;

	must(raw != NULL);
	*out = ARENA_ARRAY(arena, struct config_offer, raw->providers_count);
	for (unsigned i = 0; i < raw->providers_count; i++)
		if (is_offered(raw, &raw->providers[i]))
			fill_offer(arena, &raw->providers[i], &(*out)[count++]);
	config_schema_free(&raw);
	return count;
}
