/* AWS: keys that stand in the configuration, a machine's role, a container's, and a web identity.
 *
 *	instance      PUT /latest/api/token                 a token for the next two (IMDSv2)
 *	              GET /latest/meta-data/iam/security-credentials/            the role's name
 *	              GET /latest/meta-data/iam/security-credentials/ROLE        {"AccessKeyId",..}
 *	container     GET url, Authorization: the text of token_file             the same
 *	web identity  POST / Action=AssumeRoleWithWebIdentity&..                 XML with the same
 */
#include "provider/auth_style.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/json_read.h"

/* ---- keys of the configuration ---- */

static int ask_nobody(struct auth_work *work, struct fail *f)
{
	(void)f;
	work->grant = (struct auth_grant){.key_id = AUTH_TEXT(work, access_key_id),
	                                  .secret = AUTH_TEXT(work, secret_access_key),
	                                  .session = AUTH_TEXT(work, session_token)};
	return 0;
}

/* ---- what all others answer ---- */

/* Keys go into a header and into a hash: nothing may be in them that ends a line. */
static enum auth_heard grant(struct auth_work *work, const struct auth_grant *g, struct str until,
                             struct fail *f)
{
	int64_t until_ms = 0;

	work->grant = (struct auth_grant){.key_id = arena_copy(work->arena, g->key_id),
	                                  .secret = arena_copy(work->arena, g->secret),
	                                  .session = arena_copy(work->arena, g->session)};
	if (g->key_id.len == 0 || g->secret.len == 0 || !str_is_printable(g->key_id) ||
	    !str_is_printable(g->secret) || !str_is_printable(g->session) ||
	    clock_read_rfc3339(until, &until_ms) < 0) {
		fail(f, FAIL_PROVIDER_BAD_RESPONSE, "the answer has no keys with their expiration");
		return AUTH_BROKEN;
	}
	work->grant.life_s = until_ms / 1000 - work->now_s;
	if (work->grant.life_s > INT32_MAX) /* for ever, in some answers */
		work->grant.life_s = INT32_MAX;
	if (work->grant.life_s > 0)
		return AUTH_GRANTED;
	fail(f, FAIL_PROVIDER_BAD_RESPONSE, "the keys in the answer have expired already");
	return AUTH_BROKEN;
}

static struct str member(const struct json *doc, struct str name, struct arena *arena)
{
	return json_text(doc, json_get(doc, json_root(doc), name), arena);
}

static enum auth_heard hear_json(struct auth_work *work, struct str body, struct fail *f)
{
	struct auth_grant g = {.life_s = 0};
	struct str until = {0};
	struct json_error error;
	struct json doc;
	enum auth_heard heard;

	json_init(&doc);
	if (json_read(&doc, body, &error) == 0) {
		g.key_id = member(&doc, STR("AccessKeyId"), work->arena);
		g.secret = member(&doc, STR("SecretAccessKey"), work->arena);
		g.session = member(&doc, STR("Token"), work->arena);
		until = member(&doc, STR("Expiration"), work->arena);
	}
	heard = grant(work, &g, until, f);
	json_release(&doc);
	return heard;
}

/* ---- a machine's role ---- */

enum { STEP_TOKEN, STEP_NAME, STEP_KEYS };

static const struct str credentials = STR_INIT("/latest/meta-data/iam/security-credentials/");

static int ask_instance(struct auth_work *work, struct fail *f)
{
	struct buf path;

	(void)f;
	work->method = work->step == STEP_TOKEN ? STR("PUT") : STR("GET");
	if (work->step == STEP_TOKEN) {
		work->path = STR("/latest/api/token");
		work->lines = STR("x-aws-ec2-metadata-token-ttl-seconds: 300\r\n");
		return 0;
	}
	buf_init(&path, AUTH_FILE_BYTES_MAX);
	buf_put(&path, credentials);
	if (work->step == STEP_KEYS)
		encode_percent(&path, work->name, STR(""));
	work->path = arena_copy(work->arena, buf_str(&path));
	work->lines =
	    ARENA_JOIN(work->arena, STR("x-aws-ec2-metadata-token: "), work->token, STR("\r\n"));
	buf_release(&path);
	return 0;
}

/* One line of text. */
static enum auth_heard keep_line(struct auth_work *work, struct str body, struct str *out,
                                 struct fail *f)
{
	struct str line = str_trim(str_part(body, 0, str_find_byte(body, '\n')));

	if (line.len == 0 || !str_is_printable(line)) {
		fail(f, FAIL_PROVIDER_BAD_RESPONSE,
		     "the metadata service's answer is no line of text; has the machine a role?");
		return AUTH_BROKEN;
	}
	*out = arena_copy(work->arena, line);
	return AUTH_GOES_ON;
}

static enum auth_heard hear_instance(struct auth_work *work, struct str body, struct fail *f)
{
	enum auth_heard heard;

	if (work->step == STEP_KEYS)
		return hear_json(work, body, f);
	if (work->step == STEP_NAME)
		return keep_line(work, body, &work->name, f);
	heard = keep_line(work, body, &work->token, f);
	if (heard == AUTH_GOES_ON && AUTH_TEXT(work, role).len) {
		work->name = AUTH_TEXT(work, role);
		work->step = STEP_NAME; /* which is known, and so not asked */
	}
	return heard;
}

/* ---- a container's ---- */

static int ask_container(struct auth_work *work, struct fail *f)
{
	struct str token;

	work->method = STR("GET");
	if (AUTH_TEXT(work, token_file).len == 0)
		return 0;
	if (auth_read_file(AUTH_TEXT(work, token_file), work->arena, &token, f) < 0)
		return -1;
	if (!str_is_printable(token))
		return fail(f, FAIL_CONFIG, "the token file holds no token");
	work->lines = ARENA_JOIN(work->arena, STR("authorization: "), token, STR("\r\n"));
	return 0;
}

/* ---- a web identity ---- */

static int ask_sts(struct auth_work *work, struct fail *f)
{
	struct str token;
	struct buf form;

	if (auth_read_file(AUTH_TEXT(work, token_file), work->arena, &token, f) < 0)
		return -1;
	buf_init(&form, 4 * AUTH_FILE_BYTES_MAX);
	auth_put_field(&form, STR("Action"), STR("AssumeRoleWithWebIdentity"));
	auth_put_field(&form, STR("Version"), STR("2011-06-15"));
	auth_put_field(&form, STR("RoleArn"), AUTH_TEXT(work, role));
	auth_put_field(&form, STR("RoleSessionName"), STR("fluxrouter"));
	auth_put_field(&form, STR("WebIdentityToken"), token);
	work->method = STR("POST");
	work->path = work->auth->place.url.path.len ? STR("") : STR("/");
	work->lines = STR("accept: text/xml\r\n");
	work->body = arena_copy(work->arena, buf_str(&form));
	buf_wipe(&form);
	return 0;
}

/* The text between <name> and </name>: the elements that we want hold text alone, without
 * references to characters. */
static struct str element(struct str xml, struct str name, struct arena *arena)
{
	struct str open = ARENA_JOIN(arena, STR("<"), name, STR(">"));
	struct str shut = ARENA_JOIN(arena, STR("</"), name, STR(">"));
	size_t from = str_find(xml, open) + open.len;
	struct str rest = str_part(xml, from, xml.len);
	size_t end = str_find(rest, shut);

	return from < xml.len && end < rest.len ? str_trim(str_part(rest, 0, end)) : STR("");
}

static enum auth_heard hear_sts(struct auth_work *work, struct str body, struct fail *f)
{
	struct auth_grant g = {.key_id = element(body, STR("AccessKeyId"), work->arena),
	                       .secret = element(body, STR("SecretAccessKey"), work->arena),
	                       .session = element(body, STR("SessionToken"), work->arena)};

	return grant(work, &g, element(body, STR("Expiration"), work->arena), f);
}

const struct auth_style auth_aws_keys = {ask_nobody, NULL};
const struct auth_style auth_aws_instance = {ask_instance, hear_instance};
const struct auth_style auth_aws_container = {ask_container, hear_json};
const struct auth_style auth_aws_web_identity = {ask_sts, hear_sts};
