/* The arithmetic of contract 9, at its edges. */
#include "route/window.h"

#include "check.h"

static const struct {
	struct window_need need;
	int64_t max_output, required;
} required[] = {
    /* without the header: count + max(body_max, headroom) */
    {{.counted = 0}, 0, 1024},
    {{.counted = 1000}, 0, 2024},
    {{.counted = 1000, .body_max = 1023}, 0, 2024},
    {{.counted = 1000, .body_max = 1025}, 0, 2025},
    {{.counted = 1000, .body_max = 500000}, 128000, 129000}, /* clamped to what the model gives */
    {{.counted = 1000, .header_output = 99999}, 0, 2024},    /* the header alone says nothing */
    /* with it: the greater of the client's sum and ours */
    {{.header_context = 5000, .counted = 1000}, 0, 5000},
    {{.header_context = 5000, .header_output = 300, .counted = 1000}, 0, 5300},
    {{.header_context = 5000, .header_output = 300, .counted = 1000, .body_max = 800}, 0, 5800},
    {{.header_context = 5000, .header_output = 900, .counted = 1000, .body_max = 800}, 0, 5900},
    {{.header_context = 5000, .counted = 4500}, 0, 5524},
    {{.header_context = 1, .counted = 0}, 0, 1024},
    {{.header_context = INT64_MAX, .header_output = INT64_MAX}, 0, 2 * WINDOW_TOKENS_MAX},
    {{.counted = -5, .body_max = -5}, 0, 1024},
};

static const struct {
	int64_t header_context;
	bool is_managed_alias;
	int64_t need, window;
	bool fits;
} fits[] = {
    {0, true, 100000, 100000, true},
    {0, true, 100001, 100000, false},
    {0, true, 100001, 0, true}, /* not known */
    {9, true, 100000, 115000, true},
    {9, true, 100000, 114999, false},
    {9, true, 100001, 115001, false}, /* ceil(115001.15) is 115002 */
    {9, true, 100001, 115002, true},
    {9, true, 1, 1, false},
    {9, true, 1, 2, true},
    {9, false, 100000, 100000, true}, /* a pinned model needs no room to spare */
    {9, false, 100001, 100000, false},
};

int main(void)
{
	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
		int64_t got = window_required(&required[i].need, required[i].max_output);

		if (!CHECK(got == required[i].required))
			printf("    row %zu: got %lld\n", i, (long long)got);
	}
	for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
		struct window_need need = {.header_context = fits[i].header_context,
		                           .is_managed_alias = fits[i].is_managed_alias};

		if (!CHECK(window_fits(&need, fits[i].need, fits[i].window) == fits[i].fits))
			printf("    row %zu\n", i);
	}
	return check_report("window");
}
