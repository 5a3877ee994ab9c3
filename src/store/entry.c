/* The names of the ways to end. Pure. */
#include "store/entry.h"

static const char *const end_names[ENTRY_END_COUNT] = {
#define X(name, text) text,
    ENTRY_ENDS(X)
#undef X
};

const char *entry_end_name(enum entry_end end)
{
	must(end < ENTRY_END_COUNT);
	return end_names[end];
}

int entry_end_of(struct str name, enum entry_end *out)
{
	for (int i = 0; i < ENTRY_END_COUNT; i++) {
		if (!str_eq(name, str_of(end_names[i])))
			continue;
		*out = (enum entry_end)i;
		return 0;
	}
	return -1;
}
