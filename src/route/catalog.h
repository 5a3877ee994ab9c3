/* What can be served under which name: models, targets, tiers and aliases of one configuration,
 * ready to be asked. Built once per snapshot into its arena; read-only after that. */
#ifndef ROUTE_CATALOG_H
#define ROUTE_CATALOG_H

#include "config/config.h"
#include "route/health.h"
#include "route/score.h"

#include <stdatomic.h>

/* A place that serves a model. How to get there: config->origin (provider_prepare). */
struct target {
	_Atomic bool *is_stopped;
	const struct config_target *config;
	const struct model *model;
	struct health *health; /* never freed: a reload keeps it */
	struct str name;       /* "openai:gpt-5-mini", "openai#2:gpt-5-mini" */
};

/* Nothing goes there any more, until the configuration is read again. THREADS: any. */
void target_stop(const struct target *);
bool target_is_stopped(const struct target *);

struct model {
	const struct config_model *config;
	struct str name;   /* as configured */
	struct str pinned; /* flux-pinned-NAME */
	struct target *targets;
	int target_count;
	struct str price_json; /* {"input":0.25,...} in USD per 1M tokens, for /v1/models */
};

/* What a client's model name means. */
enum alias_kind { ALIAS_AUTO, ALIAS_TIER, ALIAS_PINNED };
struct alias {
	enum alias_kind kind;
	enum llm_tier tier;        /* ALIAS_TIER */
	const struct model *model; /* ALIAS_PINNED */
};

struct catalog {
	struct model *models; /* in the order of the config */
	int model_count;
	const struct model **tiers[LLM_TIERS];
	int tier_counts[LLM_TIERS];
	const struct config *config;
	struct catalog_name *names; /* sorted: bare names and provider ids, lower case */
	int name_count;
	struct alias *aliases;      /* where config->aliases lead, in their order */
	struct score_policy policy; /* its scorer is the configuration's, or the built-in one */
};

/* Fills config->catalog. -1: CONFIG; cannot happen with what config_read lets pass. */
int catalog_build(struct config *, struct fail *) MUST_USE;

/* Any case. In this order: flux-*, the operator's aliases, and, unless strict_names: names of
 * models and provider ids, with and without a date, then the names that agents have built in. -1:
 * MODEL_NOT_FOUND with the nearest known names in the message. */
int catalog_resolve(const struct catalog *, struct str name, struct alias *out,
                    struct fail *) MUST_USE;

const char *catalog_lane_name(enum config_lane); /* express, daily, deep */
struct str catalog_tier_alias(enum llm_tier);    /* flux-fast, flux-standard, flux-reasoning */

#endif
