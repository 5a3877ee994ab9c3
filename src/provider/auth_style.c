/* What the styles share: the table, files, forms, answers of OAuth 2. */
#include "provider/auth_style.h"

#include "base/encode.h"
#include "base/json_read.h"

#include <errno.h>

const struct auth_style *auth_style_of(enum config_auth_style style)
{
	static const struct auth_style *const rows[CONFIG_AUTH_COUNT] = {
	    [CONFIG_AUTH_AWS_KEYS] = &auth_aws_keys,
	    [CONFIG_AUTH_AWS_INSTANCE] = &auth_aws_instance,
	    [CONFIG_AUTH_AWS_CONTAINER] = &auth_aws_container,
	    [CONFIG_AUTH_AWS_WEB_IDENTITY] = &auth_aws_web_identity,
	    [CONFIG_AUTH_GOOGLE_KEY_FILE] = &auth_google_key_file,
	    [CONFIG_AUTH_GOOGLE_INSTANCE] = &auth_google_instance,
	    [CONFIG_AUTH_ENTRA] = &auth_entra,
	};

	return rows[style];
}

int auth_read_file(struct str name, struct arena *arena, struct str *out, struct fail *f)
{
	char *bytes = arena_get(arena, AUTH_FILE_BYTES_MAX);
	FILE *file = fopen(arena_copy(arena, name).ptr, "re");
	struct str text;

	if (!file)
		return fail(f, FAIL_CONFIG, "cannot read the file %.*s (%s)", STR_ARG(name),
		            strerror(errno));
	setvbuf(file, NULL, _IONBF, 0); /* no copy that nobody wipes */
	text = (struct str){bytes, fread(bytes, 1, AUTH_FILE_BYTES_MAX, file)};
	fclose(file);
	while (text.len && strchr(" \t\r\n", text.ptr[text.len - 1]))
		text.len--;
	if (text.len == 0 || text.len == AUTH_FILE_BYTES_MAX)
		return fail(f, FAIL_CONFIG, "the file %.*s is %s", STR_ARG(name),
		            text.len ? "too long" : "empty");
	*out = text;
	return 0;
}

void auth_put_field(struct buf *form, struct str name, struct str value)
{
	buf_put(form, form->len ? STR("&") : STR(""));
	buf_put(form, name);
	buf_put_byte(form, '=');
	encode_percent(form, value, STR(""));
}

/* A header's value ends with its line, and so must what goes into one. */
static bool is_fit_for_header(struct str text)
{
	return text.len && str_is_printable(text);
}

/* Seconds as a number, or as a text as some have it. */
static int read_life(const struct json *doc, uint32_t node, struct arena *arena, int64_t *out)
{
	if (json_type(doc, node) == JSON_STRING)
		return str_to_i64(json_text(doc, node, arena), 1, INT32_MAX, out);
	return json_i64(doc, node, 1, INT32_MAX, out);
}

enum auth_heard auth_hear_bearer(struct auth_work *work, struct str body, struct fail *f)
{
	struct json_error error;
	struct json doc;
	struct str token = {0};
	int64_t life_s = 0;
	bool is_read;

	json_init(&doc);
	is_read = json_read(&doc, body, &error) == 0 &&
	          read_life(&doc, json_get(&doc, json_root(&doc), STR("expires_in")), work->arena,
	                    &life_s) == 0;
	if (is_read)
		token =
		    arena_copy(work->arena,
		               json_text(&doc, json_get(&doc, json_root(&doc), STR("access_token")),
		                         work->arena));
	json_release(&doc);
	if (!is_fit_for_header(token)) {
		fail(f, FAIL_PROVIDER_BAD_RESPONSE,
		     "the answer has no access_token with its expires_in");
		return AUTH_BROKEN;
	}
	work->grant = (struct auth_grant){.bearer = token, .life_s = life_s};
	return AUTH_GRANTED;
}
