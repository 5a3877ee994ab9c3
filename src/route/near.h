/* The known names that are nearest to a word that is none of them, for "did you mean". */
#ifndef ROUTE_NEAR_H
#define ROUTE_NEAR_H

#include "base/arena.h"

enum { NEAR_MAX = 3 };

struct near {
	struct str word;
	int limit;
	struct str names[NEAR_MAX]; /* the nearest first; borrows */
	int distances[NEAR_MAX];
	int count;
};

void near_init(struct near *, struct str word);
void near_offer(struct near *, struct str known);
/* 'did you mean "a" or "b"? ', or empty when nothing is near. Arena. */
struct str near_sentence(const struct near *, struct arena *);

#endif
