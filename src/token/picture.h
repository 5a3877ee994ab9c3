/* How many tokens a picture comes to at most, whatever its size. Pure. */
#ifndef TOKEN_PICTURE_H
#define TOKEN_PICTURE_H

#include "base/str.h"

/* In units of 8,192, which ledger/price.c takes for one; by a model's name here and at its
 * provider, where that of a deployment may say nothing of the model. */
int picture_weight(struct str here, struct str there);

#endif
