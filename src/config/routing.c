/* What operators wish of flux-auto, and what is kept of its decisions. Called by config_make; notes
 * every mistake and goes on. The scorer file is read here, once, into the snapshot; the samples'
 * key is a secret and never printed. */
#include "config/make.h"
#include "config/value.h"
#include "limits.h"

#include <stdio.h>
#include <unistd.h>

enum { SAMPLES_KEY_BYTES_MIN = 16, SAMPLES_PERCENT = 10, SAMPLES_KEEP_HOURS = 72 };

/* All of it in memory: what a request decides by must not change under the snapshot. */
static void read_scorer(struct config_making *making)
{
	struct config *c = making->config;
	FILE *file = fopen(c->scorer_file.ptr, "re");
	struct buf bytes;
	char *room;

	buf_init(&bytes, LIMIT_SCORER_BYTES + 1);
	room = buf_room(&bytes, LIMIT_SCORER_BYTES + 1);
	if (file)
		buf_grew(&bytes, fread(room, 1, LIMIT_SCORER_BYTES + 1, file));
	if (!file || ferror(file) || bytes.len == 0 || bytes.len > LIMIT_SCORER_BYTES)
		config_wrong(making->mistakes, STR("scorer_file"), "%.*s is no scorer file",
		             STR_ARG(c->scorer_file));
	if (file)
		fclose(file);
	c->scorer_bytes = arena_copy(&c->arena, buf_str(&bytes));
	buf_release(&bytes);
}

static void make_wishes(struct config_making *making)
{
	const struct raw_config *raw = making->raw;
	struct config_mistakes *m = making->mistakes;
	struct config *c = making->config;

	c->quality = config_value_quality(m, STR("quality"), raw->quality);
	c->reasoning_percent =
	    config_value_percent(m, STR("reasoning_share"), raw->reasoning_share);
	c->tier_floor = raw->tier_floor ? (enum llm_tier) * raw->tier_floor : LLM_FAST;
	c->tier_ceiling = raw->tier_ceiling ? (enum llm_tier) * raw->tier_ceiling : LLM_REASONING;
	if (c->tier_floor > c->tier_ceiling)
		config_wrong(m, STR("tier_floor"), "is %s, above tier_ceiling, which is %s",
		             llm_tier_name(c->tier_floor), llm_tier_name(c->tier_ceiling));
	c->scorer_file = config_value_file(m, STR("scorer_file"), raw->scorer_file);
	if (c->scorer_file.len > 0 && access(c->scorer_file.ptr, R_OK) == 0)
		read_scorer(making);
}

/* Read at start: what is not there may be put there later. */
static void make_tokenizer(struct config_making *making)
{
	making->config->tokenizer_dir =
	    config_value_text(making->mistakes, STR("tokenizer_dir"), making->raw->tokenizer_dir);
}

static void make_decisions(struct config_making *making)
{
	struct config_mistakes *m = making->mistakes;
	struct config *c = making->config;
	struct str where = config_value_text(m, STR("decisions"), making->raw->decisions);

	c->keeps_decisions = !str_eq(where, STR("off"));
	if (c->keeps_decisions && where.len > 0 && !str_eq(where, STR("on")))
		c->decisions_dir = where;
	if (c->decisions_dir.len > 0 && str_find_byte(where, '/') == where.len)
		config_wrong(m, STR("decisions"),
		             "is neither on nor off nor the path of a directory (with a /)");
	c->decisions_max_bytes = config_value_bytes(m, STR("decisions_max"),
	                                            making->raw->decisions_max, (int64_t)1 << 30);
}

static void make_samples(struct config_making *making)
{
	const struct raw_samples *raw = making->raw->samples;
	struct config_mistakes *m = making->mistakes;
	struct config *c = making->config;

	c->samples_keep_ms = config_value_ms(m, STR("samples.keep"), raw ? raw->keep : NULL,
	                                     (int64_t)SAMPLES_KEEP_HOURS * 3600 * 1000);
	if (!raw)
		return;
	c->samples_key = config_value_secret(m, STR("samples.key"), raw->key);
	if (c->samples_key.len < SAMPLES_KEY_BYTES_MIN)
		config_wrong(m, STR("samples.key"),
		             "is too short; give at least %d characters, such as what `openssl "
		             "rand -base64 32` prints",
		             SAMPLES_KEY_BYTES_MIN);
	c->samples_percent = SAMPLES_PERCENT;
	if (raw->percent && str_eq(str_of(raw->percent), STR("100%")))
		c->samples_percent = 100;
	else if (raw->percent)
		c->samples_percent = config_value_percent(m, STR("samples.percent"), raw->percent);
	if (c->samples_keep_ms < 3600 * 1000)
		config_wrong(m, STR("samples.keep"), "is less than an hour");
}

void config_make_routing(struct config_making *making)
{
	make_wishes(making);
	make_tokenizer(making);
	make_decisions(making);
	make_samples(making);
}
