/* References to payers. */
#include "gate/payer.h"

struct payer *payer_get(struct payer *p)
{
	atomic_fetch_add_explicit(&p->holders, 1, memory_order_relaxed);
	return p;
}

void payer_put(struct payer **payer)
{
	struct payer *p = *payer;

	*payer = NULL;
	if (p && atomic_fetch_sub_explicit(&p->holders, 1, memory_order_acq_rel) == 1)
		mem_put(p);
}
