/* What can be served under which name: models, targets, tiers and aliases of one configuration, ready to be asked.
 * Built once per snapshot into its arena; read-only after that. */
#ifndef ROUTE_CATALOG_H
#define ROUTE_CATALOG_H

#include "config.h"
#include "upstream/exchange.h"

/* A place that serves a model: the config's target with all that a request needs to go there. */
struct target {
	const struct config_target *config;
	const struct model *model;
	struct str name; /* "openai:gpt-5-mini", for attempts and metrics */
};

struct model {
	const struct config_model *config;
	struct str name;   /* as configured */
	struct str pinned; /* flux-pinned-NAME */
	struct target *targets;
	int target_count;
	struct str price_json; /* {"input":0.25,...} in USD per 1M tokens, for /v1/models */
};

struct catalog {
	struct model *models; /* in the order of the config */
	int model_count;
	const struct model **tiers[LLM_TIERS];
	int tier_counts[LLM_TIERS];
	const struct config *config;
	struct map *
	    names; /* lower-case name -> struct model: bare, pinned, provider ids, with and without date */
};

/* -1: two models of one name and the like. */
int catalog_build(struct config *, struct fail *) MUST_USE;

/* What a client's model name means. */
enum alias_kind { ALIAS_AUTO, ALIAS_TIER, ALIAS_PINNED };
struct alias {
	enum alias_kind kind;
	enum llm_tier tier;        /* ALIAS_TIER */
	const struct model *model; /* ALIAS_PINNED */
};

/* Any case. -1: MODEL_NOT_FOUND with the nearest known names in the message. */
int catalog_resolve(const struct catalog *, struct str name, struct alias *out,
                    struct fail *) MUST_USE;

const char *catalog_lane_name(enum config_lane); /* express, daily, deep */

#endif
