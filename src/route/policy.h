/* Which target? Can, should, where: the hard filters, the tier, the order of candidates. Pure: the
 * same request under the same configuration gives the same candidates in the same order. */
#ifndef ROUTE_POLICY_H
#define ROUTE_POLICY_H

#include "limits.h"
#include "route/catalog.h"
#include "route/window.h"

/* What is left of a request that was decided before, in place of its texts. */
struct route_recalled {
	bool
	    is_scored; /* the gist means something; else nothing earns another tier than standard */
	const struct score_gist *gist;
	int score;
	int64_t counted_tokens;
	uint64_t conversation;
};

/* What bounds the choice beside the body: what the client said in headers about its context
 * (contract 9; 0 and false where absent or malformed), and what its key may use. */
struct route_wish {
	int64_t context_tokens, expected_output; /* x-wl-context-tokens, x-wl-expected-output */
	bool context_managed;                    /* x-wl-context-managed: true */
	struct str session;                      /* from headers, before anything in the body */
	struct str allowed_models;      /* the key's: comma list of globs over names of models and
	                              aliases; empty: all */
	const struct str *more_allowed; /* of its account, team and user: all of them must allow */
	int more_count;
	bool has_bounds; /* of the key or its account, inside the configuration's own */
	enum llm_tier floor, ceiling; /* where flux-auto may go; the ceiling wins over the floor */
	const struct route_recalled *recalled; /* NULL: the request itself is there */
	int64_t counted_tokens;                /* exactly, by the vocabulary; 0: to be estimated */
	bool explains;                         /* name the words that weighed most: for dry runs */
};

/* Why a model cannot serve, in the order of the checks: the last one that any model of a list got
 * to is what the client is told. */
enum route_lack { ROUTE_FITS, ROUTE_BOUNDS, ROUTE_NOT_ALLOWED, ROUTE_ABILITY, ROUTE_CONTEXT };

/* A model that was considered and left out, for /v1/route. */
struct route_rejected {
	const struct model *model;
	enum route_lack lack;
	unsigned abilities; /* ROUTE_ABILITY: what it lacks */
	int64_t required;   /* ROUTE_CONTEXT: REQUIRED for this model */
	struct str reason;  /* "lacks images" */
};

struct decision {
	struct alias alias;
	struct str asked;                 /* the name as the client sent it */
	bool is_scored;                   /* flux-auto */
	const struct score_result *score; /* all zero unless it is scored */
	bool has_tier;
	enum llm_tier matched; /* by the scorer, or the alias's own */
	enum llm_tier tier;    /* that serves: another one than matched when no model of that can */
	const struct target *candidates[LIMIT_CANDIDATES]; /* in the order to try */
	int candidate_count;
	struct route_rejected *rejected;
	int rejected_count;
	int64_t counted_tokens;  /* our estimate of the request's input */
	int64_t required_tokens; /* contract 9, for the first candidate's model */
	struct window_need need; /* for another candidate: window_required */
	uint64_t
	    conversation; /* stable hash that chooses among several targets; 0: there were none */
};

/* What it finds lives in the fail's arena. f: MODEL_NOT_FOUND, MODEL_NOT_ALLOWED,
 * UNSUPPORTED_CONTENT (names the capability), UNSUPPORTED_PARAMETER for a dialect that no target of
 * the tier speaks, and for what does not fit CONTEXT_OVERFLOW, CONTEXT_WINDOW_EXCEEDED or, when the
 * client sent none of the x-wl-* headers, CONTEXT_LENGTH_EXCEEDED in the words of its dialect. *out
 * is filled as far as the decision went also on failure. */
int route_decide(const struct catalog *, const struct llm_request *, const struct route_wish *,
                 struct decision *out, struct fail *) MUST_USE;

/* Whether a key with that allow-list may reach the model under the alias: it may be limited to
 * models, by either name, or to the aliases of tiers. An empty list allows all. */
bool route_is_allowed(struct str allowed_models, const struct alias *, const struct model *);

/* The one line of X-Flux-Decision:
 * "tier=fast score=120 p=.93/.97/.98 by=text scorer=89abcdef config=1a2b3c4d5e6f". */
void decision_put_line(struct buf *, const struct decision *, const struct catalog *);

/* Bytes of text as tokens, by classes of bytes; an estimate for routing, never for bills of
 * reported usage. */
int64_t route_estimate_tokens(const struct llm_request *);

#endif
