/* Which conversation is this, and in which order does it meet the targets of a model? Without
 * memory: both follow from the request alone (contract 5). */
#ifndef ROUTE_CONVERSATION_H
#define ROUTE_CONVERSATION_H

#include "route/catalog.h"

/* A stable hash of the session that the client names (header before body), else of the system
 * prompt and the first turn of the user, without blocks that change with every request. */
uint64_t conversation_hash(const struct llm_request *, struct str header_session);

/* Sorts targets so that of many conversations each target comes first in proportion to its weight,
 * and a conversation always sees the same order. A target that goes or comes moves only the
 * conversations that were or will be its own. */
void conversation_order(uint64_t conversation, const struct target **targets, int count);

#endif
