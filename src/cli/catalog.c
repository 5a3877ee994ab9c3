/* fluxrouter catalog diff FILE [-c OURS]
 * fluxrouter catalog show [-c FILE]
 *
 * `diff` tells what another list has otherwise: a catalog or configuration, or a table with tabs
 * (cli/catalog_diff.h). `show` prints every price that there is as JSON, with the ids by which
 * entries name them, so that a cost can be computed again: integers only, rates in pico-dollars
 * per token, calls in nano-dollars, percentages in basis points. Neither reads a secret. */
#include "cli/catalog_diff.h"
#include "cli/cli.h"
#include "cli/file.h"
#include "cli/option.h"

#include "ledger/price_text.h"

enum { CATALOG_BYTES_MAX = 64 * 1024 * 1024 };

/* ---- show ---- */

static void put_version(struct json_writer *w, const struct price_version *v)
{
	json_open_object(w);
	json_key_i64(w, STR("id"), v->id);
	json_key_i64(w, STR("from_ms"), v->from_ms);
	json_key_text(w, STR("as_of"), v->as_of);
	price_put_text(w, v);
	json_close_object(w);
}

static void put_versions(struct json_writer *w, struct str key, const struct price_set *set)
{
	json_put_key(w, key);
	json_open_array(w);
	for (int i = 0; set && i < set->count; i++)
		put_version(w, &set->versions[i]);
	json_close_array(w);
}

static void put_model(struct json_writer *w, const struct config_model *m)
{
	json_open_object(w);
	json_key_text(w, STR("name"), m->name);
	put_versions(w, STR("prices"), &m->prices);
	put_versions(w, STR("floors"), &m->floors);
	json_close_object(w);
}

static void put_charge(struct json_writer *w, const struct config_charge *c)
{
	json_open_object(w);
	json_key_text(w, STR("account"), c->account);
	json_key_text(w, STR("plan"), c->plan);
	json_key_text(w, STR("model"), c->model);
	json_key_i64(w, STR("markup_bp"), c->terms.markup_bp);
	put_versions(w, STR("own"), c->terms.own);
	json_close_object(w);
}

static int show(const struct config *c)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, CATALOG_BYTES_MAX);
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_key(&w, STR("models"));
	json_open_array(&w);
	for (int i = 0; i < c->model_count; i++)
		put_model(&w, &c->models[i]);
	json_close_array(&w);
	json_put_key(&w, STR("charges"));
	json_open_array(&w);
	for (int i = 0; i < c->charge_count; i++)
		put_charge(&w, &c->charges[i]);
	json_close_array(&w);
	json_key_bool(&w, STR("apply_floor"), c->apply_floor);
	json_close_object(&w);
	buf_put_byte(&out, '\n');
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
	return 0;
}

/* ---- diff ---- */

/* A table has tabs in its first line, a catalog cannot. -1: f says why not. */
static int diff_with(const struct config *ours, struct str file, struct buf *out, struct fail *f)
{
	struct config *theirs = NULL;
	struct str first;
	struct buf text;
	int result = -1;

	buf_init(&text, CATALOG_BYTES_MAX);
	if (file_read(file, &text, f) == 0) {
		first = str_part(buf_str(&text), 0, str_find_byte(buf_str(&text), '\n'));
		if (str_find_byte(first, '\t') < first.len)
			result = catalog_diff_table(ours, buf_str(&text), out);
		else if (config_read_catalog(file, &theirs, f) == 0)
			result = catalog_diff(ours, theirs, out);
	}
	config_put(&theirs);
	buf_release(&text);
	return result;
}

static int diff(const struct config *ours, struct str file, struct fail *f)
{
	struct buf out;
	int count;

	buf_init(&out, CATALOG_BYTES_MAX);
	count = diff_with(ours, file, &out, f);
	if (out.len)
		fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
	if (count < 0)
		fprintf(stderr, "fluxrouter: %.*s\n", STR_ARG(f->message));
	else
		printf("%d %s\n", count, count == 1 ? "difference" : "differences");
	return count != 0;
}

/* ---- the verb ---- */

/* The configuration of `ours`, shown or compared with `theirs`. */
static int show_or_diff(bool shows, struct str ours, struct str theirs)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;
	int result = 1;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (config_read_catalog(ours, &c, &f) == 0)
		result = shows ? show(c) : diff(c, theirs, &f);
	else
		fprintf(stderr, "fluxrouter: %.*s\n", STR_ARG(f.message));
	config_put(&c);
	arena_release(&arena);
	return result;
}

int cli_catalog(int argc, char **argv)
{
	struct str file = {0};
	const struct option options[] = {
	    {"c", "FILE", "our configuration (without: the built-in catalog)", &file, NULL},
	};
	const struct option_set set = {
	    .usage = "catalog diff FILE | show [-c FILE]",
	    .about = "diff compares prices, windows and longest answers with another catalog, or "
	             "with a table of\ntabs (provider, id, in_usd_per_m, out, ...), and ends with "
	             "1 when something differs.\nshow prints all versions of all prices as JSON.",
	    .options = options,
	    .count = OPTION_COUNT(options),
	    .operands_max = 2,
	};
	struct option_words words;
	bool shows, diffs;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	shows = words.count == 1 && str_eq(words.operands[0], STR("show"));
	diffs = words.count == 2 && str_eq(words.operands[0], STR("diff"));
	if (!shows && !diffs)
		return option_wrong("catalog needs `diff FILE` or `show`");
	return show_or_diff(shows, file, diffs ? words.operands[1] : file);
}
