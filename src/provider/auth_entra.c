/* Microsoft Entra: an application's secret against a token (RFC 6749 4.4).
 *
 *	POST /TENANT/oauth2/v2.0/token
 *	client_id=..&client_secret=..&scope=https://cognitiveservices.azure.com/.default&grant_type=..
 */
#include "provider/auth_style.h"

#include "base/encode.h"

static struct str scope_of(const struct auth_work *work)
{
	struct str scope = AUTH_TEXT(work, scope);

	return scope.len ? scope : STR("https://cognitiveservices.azure.com/.default");
}

static int ask(struct auth_work *work, struct fail *f)
{
	struct buf form, path;

	(void)f;
	buf_init(&form, AUTH_FILE_BYTES_MAX);
	buf_init(&path, AUTH_FILE_BYTES_MAX);
	auth_put_field(&form, STR("client_id"), AUTH_TEXT(work, client_id));
	auth_put_field(&form, STR("client_secret"), AUTH_TEXT(work, client_secret));
	auth_put_field(&form, STR("scope"), scope_of(work));
	auth_put_field(&form, STR("grant_type"), STR("client_credentials"));
	buf_put_byte(&path, '/');
	encode_percent(&path, AUTH_TEXT(work, tenant), STR(""));
	buf_put(&path, STR("/oauth2/v2.0/token"));
	work->method = STR("POST");
	work->path = arena_copy(work->arena, buf_str(&path));
	work->body = arena_copy(work->arena, buf_str(&form));
	buf_wipe(&form);
	buf_release(&path);
	return 0;
}

const struct auth_style auth_entra = {ask, auth_hear_bearer};
