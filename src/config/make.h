/* From what libcyaml loaded to the snapshot that is used: defaults, values, references. Private to
 * config*.c. */
#ifndef CONFIG_MAKE_H
#define CONFIG_MAKE_H

#include "base/map.h"
#include "config/config.h"
#include "config/schema.h"

struct config_making {
	struct config *config;
	const struct raw_config *raw;
	struct config_mistakes *mistakes;
	int64_t own_time_s; /* for models without a day of release */

	bool is_built_in; /* keep only what was found */
	const struct config_found *found;
	int found_count;
	int local_from; /* index of the first model that a local server listed */

	struct map providers; /* name -> struct config_provider */
	struct map models;    /* lower-case name -> struct config_model */
};

void config_make(struct config_making *);

/* The parts of it, in this order. */
/* listen, listeners, trusted_proxies, metrics_listen */
void config_make_listen(struct config_making *);
void config_make_providers(struct config_making *);
/* `auth` of providers[index]. */
void config_make_auth(struct config_making *, int index, const struct raw_auth *,
                      struct config_provider *out);
void config_make_models(struct config_making *);
void config_make_tiers(struct config_making *);
void config_make_routing(struct config_making *); /* wishes, scorer, records, samples */
void config_make_aliases(struct config_making *);
void config_make_health(struct config_making *);
/* What is said at `path`, and `usual` for what is not. */
struct config_waits config_make_waits(struct config_making *, struct str path,
                                      const struct raw_waits *, const struct config_waits *usual);
void config_make_charges(struct config_making *);
void config_make_admin(struct config_making *); /* admin, webhooks, retention */

/* The prices of models[index]: `price`, or `prices` with their days. */
void config_make_prices(struct config_making *, int index, const struct raw_model *,
                        struct config_model *out);
/* Nothing is charged, and that is known. */
struct price_set config_free_prices(struct arena *);
/* One warning for all prices that nobody has looked at for long. */
void config_warn_of_old_prices(struct config_making *);

/* Fills config.hash. */
void config_put_hash(struct config *);

/* A path such as "models[3].price". Arena. */
struct str config_path(struct config_making *, const char *format, ...) PRINTF_LIKE(2, 3);
struct str config_lower(struct arena *, struct str name); /* ASCII */
/* Letters, digits and . _ : / @ + -, 1 to 63 bytes: what the ledger keeps whole. */
bool config_is_name(struct str name);

#endif
