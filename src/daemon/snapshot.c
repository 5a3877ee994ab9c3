/* Making a configuration ready. The one place that knows both its reader and what is built from
 * it. Called at start, by every reload and by the verbs that only look. */
#include "daemon/snapshot.h"

#include "provider/provider.h"
#include "route/catalog.h"

static int prepare(int was_read, struct config **config, struct fail *f)
{
	if (was_read < 0)
		return -1;
	if (catalog_build(*config, f) == 0 && provider_prepare(*config, f) == 0)
		return 0;
	config_put(config);
	return -1;
}

int snapshot_read(struct str file, struct config **out, struct fail *f)
{
	return prepare(config_read(file, out, f), out, f);
}

int snapshot_built_in(const struct config_found *found, int count, struct config **out,
                      struct fail *f)
{
	return prepare(config_built_in(found, count, out, f), out, f);
}
