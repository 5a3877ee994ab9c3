/* Any answer of a token endpoint to any style, at any of its steps: granted with what can stand in
 * a header, or refused in words. */
#include "provider/auth_style.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_grant(const struct auth_grant *g)
{
	must(g->life_s > 0 && (g->bearer.len || (g->key_id.len && g->secret.len)));
	must(str_is_printable(g->bearer) && str_is_printable(g->key_id));
	must(str_is_printable(g->secret) && str_is_printable(g->session));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct config_auth auth = {.style = CONFIG_AUTH_COUNT};
	struct auth_work work = {.auth = &auth, .now_s = 1764000000};
	struct arena arena;
	struct fail f;
	enum auth_heard heard;

	if (len < 2)
		return 0;
	arena_init(&arena);
	fail_init(&f, &arena);
	auth.style = bytes[0] % CONFIG_AUTH_COUNT;
	work.arena = &arena;
	work.step = bytes[1] % 3;
	if (auth_style_of(auth.style)->hear) {
		heard = auth_style_of(auth.style)
		            ->hear(&work, (struct str){(const char *)bytes + 2, len - 2}, &f);
		must(fail_is_set(&f) == (heard == AUTH_BROKEN));
		if (heard == AUTH_GRANTED)
			check_grant(&work.grant);
	}
	arena_release(&arena);
	return 0;
}
