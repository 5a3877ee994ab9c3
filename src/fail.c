/* The failure table and the one way to fill a struct fail. Called from every layer; pure but for
 * the arena. */
#include "fail.h"

#include <stdarg.h>

struct fail_row {
	int status;
	struct str code, openai_type, anthropic_type;
	bool can_retry;
};

static const struct fail_row rows[FAIL_KINDS] = {
    [FAIL_NONE] = {500, STR_INIT("internal"), STR_INIT("server_error"), STR_INIT("api_error"),
                   false},
#define FAIL(kind, status, code, openai, anthropic, retry)                                         \
	[FAIL_##kind] = {status, STR_INIT(code), STR_INIT(openai), STR_INIT(anthropic), retry},
#include "fail.def"
#undef FAIL
};

void fail_init(struct fail *f, struct arena *arena)
{
	*f = (struct fail){.arena = arena};
}

static struct str format_message(struct arena *arena, const char *format, va_list args)
{
	char text[1024];
	int len = vsnprintf(text, sizeof text, format, args);

	must(len >= 0);
	return arena_copy(
	    arena, (struct str){text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1});
}

int(fail)(struct fail *f, enum fail_kind kind, const char *format, ...)
{
	va_list args;

	must(kind > FAIL_NONE && kind < FAIL_KINDS);
	va_start(args, format);
	f->message = format_message(f->arena, format, args);
	va_end(args);
	f->kind = kind;
	return -1;
}

int(fail_at)(struct fail *f, enum fail_kind kind, struct str param, const char *format, ...)
{
	va_list args;

	must(kind > FAIL_NONE && kind < FAIL_KINDS);
	va_start(args, format);
	f->message = format_message(f->arena, format, args);
	va_end(args);
	f->kind = kind;
	f->param = arena_copy(f->arena, param);
	return -1;
}

bool fail_is_set(const struct fail *f)
{
	return f->kind != FAIL_NONE;
}

int fail_status(const struct fail *f)
{
	return f->kind == FAIL_PROVIDER_REJECTED && f->provider_status ? f->provider_status
	                                                               : rows[f->kind].status;
}

struct str fail_code(enum fail_kind kind)
{
	return rows[kind].code;
}

struct str fail_openai_type(enum fail_kind kind)
{
	return rows[kind].openai_type;
}

struct str fail_anthropic_type(enum fail_kind kind)
{
	return rows[kind].anthropic_type;
}

bool fail_can_retry(enum fail_kind kind)
{
	return rows[kind].can_retry;
}

bool fail_waits(enum fail_kind kind)
{
	return rows[kind].status == 429 || rows[kind].status == 503;
}

bool fail_is_verdict(enum fail_kind kind)
{
	return kind == FAIL_PROVIDER_REJECTED || kind == FAIL_PROVIDER_OVERFLOW;
}

bool fail_is_providers(enum fail_kind kind)
{
	return fail_is_verdict(kind) || kind == FAIL_PROVIDER_RATE_LIMITED ||
	       kind == FAIL_PROVIDER_ERROR || kind == FAIL_PROVIDER_BAD_RESPONSE ||
	       kind == FAIL_PROVIDER_TIMEOUT;
}
