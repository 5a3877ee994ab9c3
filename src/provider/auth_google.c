/* Google: a service account's key against a token, and the metadata server of a machine of theirs.
 *
 *	POST /token   grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=JWT
 *	GET  /computeMetadata/v1/instance/service-accounts/default/token, Metadata-Flavor: Google
 *
 * The key file's token_uri is not followed: tokens come from `url` alone. */
#include "provider/auth_style.h"
#include "provider/jwt.h"

static int ask_with_key(struct auth_work *work, struct fail *f)
{
	struct jwt_ask jwt = {.scope = AUTH_TEXT(work, scope),
	                      .audience = work->auth->place.base_url,
	                      .now_s = work->now_s};
	struct buf token, form;
	int result;

	if (auth_read_file(AUTH_TEXT(work, key_file), work->arena, &jwt.key_json, f) < 0)
		return -1;
	if (jwt.scope.len == 0)
		jwt.scope = STR("https://www.googleapis.com/auth/cloud-platform");
	buf_init(&token, AUTH_FILE_BYTES_MAX);
	buf_init(&form, 2 * AUTH_FILE_BYTES_MAX);
	result = jwt_put(&token, &jwt, f);
	auth_put_field(&form, STR("grant_type"),
	               STR("urn:ietf:params:oauth:grant-type:jwt-bearer"));
	auth_put_field(&form, STR("assertion"), buf_str(&token));
	work->method = STR("POST");
	work->body = arena_copy(work->arena, buf_str(&form));
	buf_wipe(&token);
	buf_wipe(&form);
	return result;
}

static int ask_metadata(struct auth_work *work, struct fail *f)
{
	(void)f;
	work->method = STR("GET");
	work->path = STR("/computeMetadata/v1/instance/service-accounts/default/token");
	work->lines = STR("metadata-flavor: Google\r\n");
	return 0;
}

const struct auth_style auth_google_key_file = {ask_with_key, auth_hear_bearer};
const struct auth_style auth_google_instance = {ask_metadata, auth_hear_bearer};
