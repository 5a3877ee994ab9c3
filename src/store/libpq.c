/* Loading libpq by hand: dlopen once, then all functions by name, or none. Called by postgres.c.
 * Must never be linked against. */
#include "store/libpq.h"

#include <dlfcn.h>
#include <pthread.h>

enum { VERSION_MIN = 140000 }; /* the first with pipelines */

static const char file_name[] = "libpq.so.5";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct libpq loaded; /* lock, until is_loaded */
static bool is_loaded;      /* lock */

static const struct {
	const char *name;
	size_t at;
} functions[] = {
#define X(result, name, parameters) {"PQ" #name, offsetof(struct libpq, name)},
    LIBPQ_FUNCTIONS(X)
#undef X
};

static int load(struct fail *f)
{
	void *library = dlopen(file_name, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return fail(f, FAIL_STORE,
		            "a store on PostgreSQL needs its client library, which cannot be "
		            "loaded: %s (on Debian: apt-get install libpq5)",
		            dlerror());
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
		void *address = dlsym(library, functions[i].name);

		if (!address)
			return fail(f, FAIL_STORE, "%s has no %s: version 14 or later is needed",
			            file_name, functions[i].name);
		memcpy((char *)&loaded + functions[i].at, &address, sizeof address);
	}
	if (loaded.libVersion() < VERSION_MIN)
		return fail(f, FAIL_STORE, "%s is too old: version 14 or later is needed",
		            file_name);
	is_loaded = true;
	return 0;
}

int libpq_get(const struct libpq **out, struct fail *f)
{
	int result = 0;

	must(pthread_mutex_lock(&lock) == 0);
	if (!is_loaded)
		result = load(f);
	must(pthread_mutex_unlock(&lock) == 0);
	if (result == 0)
		*out = &loaded;
	return result;
}
