/* Credentials that are fetched: what each style asks and makes of answers, what a service account
 * signs, and the table that shares them. The keeper at work is seen in tests/run_cloud.py. */
#include "provider/credential.h"

#include "base/clock.h"
#include "base/encode.h"
#include "check.h"
#include "provider/jwt.h"
#include "provider/keeper.h"
#include "tempdir.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

enum { NOW_S = 1764000000 };

static struct config_auth auth_at(enum config_auth_style style, const char *url)
{
	struct config_auth auth = {.style = style};

	auth.place.name = STR("p");
	auth.place.proxy = STR("none");
	auth.place.base_url = str_of(url);
	must(auth.place.base_url.len == 0 ||
	     url_read(auth.place.base_url, &auth.place.url) == NULL);
	return auth;
}

#define SET(auth, name, value) ((auth).texts[CONFIG_AUTH_TEXT_##name] = (value))

struct asked {
	struct arena arena;
	struct fail fail;
	struct auth_work work;
};

static void begin(struct asked *a, const struct config_auth *auth)
{
	arena_init(&a->arena);
	fail_init(&a->fail, &a->arena);
	a->work = (struct auth_work){.auth = auth, .arena = &a->arena, .now_s = NOW_S};
}

static int ask(struct asked *a)
{
	a->work.method = a->work.path = a->work.lines = a->work.body = STR("");
	return auth_style_of(a->work.auth->style)->ask(&a->work, &a->fail);
}

static enum auth_heard hear(struct asked *a, struct str body)
{
	fail_init(&a->fail, &a->arena);
	return auth_style_of(a->work.auth->style)->hear(&a->work, body, &a->fail);
}

/* ---- bearers ---- */

static void test_entra(void)
{
	struct config_auth auth = auth_at(CONFIG_AUTH_ENTRA, "https://login.example");
	struct asked a;

	SET(auth, tenant, STR("ten/ant"));
	SET(auth, client_id, STR("id"));
	SET(auth, client_secret, STR("a&b="));
	begin(&a, &auth);
	CHECK(ask(&a) == 0);
	CHECK_STR(a.work.method, STR("POST"));
	CHECK_STR(a.work.path, STR("/ten%2Fant/oauth2/v2.0/token"));
	CHECK_STR(a.work.body,
	          STR("client_id=id&client_secret=a%26b%3D&scope=https%3A%2F%2F"
	              "cognitiveservices.azure.com%2F.default&grant_type=client_credentials"));
	CHECK(hear(&a, STR("{\"access_token\":\"t\",\"expires_in\":3599}")) == AUTH_GRANTED);
	CHECK_STR(a.work.grant.bearer, STR("t"));
	CHECK(a.work.grant.life_s == 3599);
	arena_release(&a.arena);
}

static void test_bearer_answers(void)
{
	static const struct str bad[] = {
	    STR_INIT(""),
	    STR_INIT("{}"),
	    STR_INIT("{\"access_token\":\"t\"}"),
	    STR_INIT("{\"access_token\":\"t\",\"expires_in\":0}"),
	    STR_INIT("{\"access_token\":\"t\",\"expires_in\":-1}"),
	    STR_INIT("{\"access_token\":\"\",\"expires_in\":10}"),
	    STR_INIT("{\"access_token\":\"a\\r\\nb\",\"expires_in\":10}"),
	    STR_INIT("{\"access_token\":7,\"expires_in\":10}"),
	    STR_INIT("<html>"),
	};
	struct config_auth auth =
	    auth_at(CONFIG_AUTH_GOOGLE_INSTANCE, "http://metadata.google.internal");
	struct asked a;

	begin(&a, &auth);
	CHECK(ask(&a) == 0);
	CHECK_STR(a.work.lines, STR("metadata-flavor: Google\r\n"));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(hear(&a, bad[i]) == AUTH_BROKEN && fail_is_set(&a.fail));
	CHECK(hear(&a, STR("{\"expires_in\":\"10\",\"access_token\":\"t\"}")) == AUTH_GRANTED);
	CHECK(a.work.grant.life_s == 10);
	arena_release(&a.arena);
}

/* ---- AWS ---- */

#define KEYS "{\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":"

static void test_instance(void)
{
	struct config_auth auth = auth_at(CONFIG_AUTH_AWS_INSTANCE, "http://169.254.169.254");
	struct asked a;

	begin(&a, &auth);
	CHECK(ask(&a) == 0);
	CHECK_STR(a.work.method, STR("PUT"));
	CHECK_STR(a.work.path, STR("/latest/api/token"));
	CHECK(hear(&a, STR("a\tb")) == AUTH_BROKEN);
	CHECK(hear(&a, STR("tok==")) == AUTH_GOES_ON);
	a.work.step++;
	CHECK(ask(&a) == 0);
	CHECK_STR(a.work.path, STR("/latest/meta-data/iam/security-credentials/"));
	CHECK_STR(a.work.lines, STR("x-aws-ec2-metadata-token: tok==\r\n"));
	CHECK(hear(&a, STR("")) == AUTH_BROKEN);
	CHECK(hear(&a, STR("my role\nother\n")) == AUTH_GOES_ON);
	a.work.step++;
	CHECK(ask(&a) == 0);
	CHECK_STR(a.work.path, STR("/latest/meta-data/iam/security-credentials/my%20role"));
	CHECK(hear(&a, STR(KEYS "\"2025-11-24T17:00:00Z\"}")) == AUTH_GRANTED);
	CHECK_STR(a.work.grant.key_id, STR("AKID"));
	CHECK_STR(a.work.grant.session, STR("t"));
	CHECK(a.work.grant.life_s == 1764003600 - NOW_S);
	CHECK(hear(&a, STR(KEYS "\"2025-11-24T15:00:00Z\"}")) == AUTH_BROKEN); /* gone by */
	CHECK(hear(&a, STR(KEYS "\"soon\"}")) == AUTH_BROKEN);
	arena_release(&a.arena);
}

static bool is_ready_for(const struct auth_grant *grant)
{
	struct config_auth auth = auth_at(CONFIG_AUTH_AWS_INSTANCE, "http://169.254.169.254");
	struct credential *c = credential_get(&auth);
	struct auth_proof proof;
	struct arena arena;
	enum auth_state state;

	arena_init(&arena);
	credential_set(c, grant, 0);
	state = credential_take(c, &arena, &proof);
	credential_put(&c);
	arena_release(&arena);
	return state == AUTH_READY;
}

/* Some write the last second of time for keys without an end. */
static void test_endless_keys(void)
{
	struct config_auth auth = auth_at(CONFIG_AUTH_AWS_CONTAINER, "http://169.254.170.2");
	struct asked a;

	begin(&a, &auth);
	CHECK(hear(&a, STR(KEYS "\"9999-12-31T23:59:59Z\"}")) == AUTH_GRANTED);
	CHECK(a.work.grant.life_s > 86400 && is_ready_for(&a.work.grant));
	CHECK(hear(&a, STR(KEYS "\"2025-11-24T17:00:00Z\"}")) == AUTH_GRANTED);
	CHECK(is_ready_for(&a.work.grant));
	arena_release(&a.arena);
}

/* A role that is named is not asked for. */
static void test_instance_role(void)
{
	struct config_auth auth = auth_at(CONFIG_AUTH_AWS_INSTANCE, "http://169.254.169.254");
	struct asked a;

	SET(auth, role, STR("r"));
	begin(&a, &auth);
	CHECK(hear(&a, STR("tok")) == AUTH_GOES_ON);
	a.work.step++;
	CHECK(ask(&a) == 0);
	CHECK_STR(a.work.path, STR("/latest/meta-data/iam/security-credentials/r"));
	arena_release(&a.arena);
}

static void test_web_identity(const char *folder)
{
	struct config_auth auth = auth_at(CONFIG_AUTH_AWS_WEB_IDENTITY, "https://sts.example");
	struct asked a;
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/token", folder);
	SET(auth, role, STR("arn:aws:iam::1:role/r"));
	SET(auth, token_file, str_of(path));
	begin(&a, &auth);
	CHECK(ask(&a) < 0 && fail_is_set(&a.fail));
	file = fopen(path, "w");
	fputs("eyJ.x.y\n", file);
	fclose(file);
	CHECK(ask(&a) == 0);
	CHECK_STR(a.work.body,
	          STR("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3A"
	              "aws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=fluxrouter&"
	              "WebIdentityToken=eyJ.x.y"));
	CHECK(hear(&a, STR("<R><Credentials><SessionToken> st </SessionToken><SecretAccessKey>s/+="
	                   "</SecretAccessKey><Expiration>2025-11-24T17:00:00Z</Expiration>"
	                   "<AccessKeyId>ASIA</AccessKeyId></Credentials></R>")) == AUTH_GRANTED);
	CHECK_STR(a.work.grant.secret, STR("s/+="));
	CHECK(hear(&a, STR("<AccessKeyId>ASIA</AccessKeyId>")) == AUTH_BROKEN);
	CHECK(hear(&a, STR("<AccessKeyId>")) == AUTH_BROKEN);
	arena_release(&a.arena);
}

/* ---- a service account ---- */

static void put_key_file(struct buf *out, EVP_PKEY *key, const char *type)
{
	BIO *pem = BIO_new(BIO_s_mem());
	char *bytes;
	long len;

	must(PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) == 1);
	len = BIO_get_mem_data(pem, &bytes);
	buf_printf(out,
	           "{\"type\":\"%s\",\"client_email\":\"me@p.example\",\"private_key_id\":\"k1\",",
	           type);
	buf_put(out, STR("\"private_key\":\""));
	for (long i = 0; i < len; i++)
		buf_put(out, bytes[i] == '\n' ? STR("\\n") : (struct str){bytes + i, 1});
	buf_put(out, STR("\",\"token_uri\":\"https://elsewhere.example\"}"));
	BIO_free(pem);
}

static bool is_signed_by(EVP_PKEY *key, struct str text, struct str signature)
{
	EVP_MD_CTX *work = EVP_MD_CTX_new();
	bool is_good = EVP_DigestVerifyInit(work, NULL, EVP_sha256(), NULL, key) == 1 &&
	               EVP_DigestVerify(work, (const unsigned char *)signature.ptr, signature.len,
	                                (const unsigned char *)text.ptr, text.len) == 1;

	EVP_MD_CTX_free(work);
	return is_good;
}

static struct str decoded(struct buf *out, struct str text)
{
	buf_clear(out);
	CHECK(encode_read_base64(out, text) == 0);
	return buf_str(out);
}

static void check_token(EVP_PKEY *key, struct str token)
{
	struct str rest = token, head = {0}, claims = {0};
	struct buf out;

	buf_init(&out, 65536);
	CHECK(str_next_field(&rest, '.', &head) && str_next_field(&rest, '.', &claims));
	CHECK_STR(decoded(&out, head), STR("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}"));
	CHECK_STR(decoded(&out, claims),
	          STR("{\"iss\":\"me@p.example\",\"scope\":\"s\",\"aud\":\"https://t\",\"iat\":"
	              "1764000000,\"exp\":1764003600}"));
	CHECK(
	    is_signed_by(key, str_part(token, 0, head.len + 1 + claims.len), decoded(&out, rest)));
	buf_release(&out);
}

static void test_jwt(void)
{
	EVP_PKEY *key = EVP_RSA_gen(2048), *curve = EVP_EC_gen("P-256");
	struct jwt_ask ask = {.scope = STR("s"), .audience = STR("https://t"), .now_s = NOW_S};
	struct arena arena;
	struct buf file, token;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	buf_init(&file, 65536);
	buf_init(&token, 65536);
	put_key_file(&file, key, "service_account");
	ask.key_json = buf_str(&file);
	CHECK(jwt_put(&token, &ask, &f) == 0);
	check_token(key, buf_str(&token));
	buf_clear(&file);
	put_key_file(&file, key, "authorized_user");
	ask.key_json = buf_str(&file);
	CHECK(jwt_put(&token, &ask, &f) < 0);
	buf_clear(&file);
	put_key_file(&file, curve, "service_account");
	ask.key_json = buf_str(&file);
	CHECK(jwt_put(&token, &ask, &f) < 0);
	ask.key_json =
	    STR("{\"type\":\"service_account\",\"private_key\":\"no\",\"client_email\":\"x\"}");
	CHECK(jwt_put(&token, &ask, &f) < 0);
	ask.key_json = STR("no");
	CHECK(jwt_put(&token, &ask, &f) < 0);
	EVP_PKEY_free(key);
	EVP_PKEY_free(curve);
	buf_release(&file);
	buf_release(&token);
	arena_release(&arena);
}

/* ---- the configuration ---- */

static const struct {
	const char *auth, *mistake; /* NULL: none */
} configured[] = {
    {"{style: aws-keys, access_key_id: a, secret_access_key: b}", NULL},
    {"{style: aws-keys, access_key_id: a}", "`secret_access_key` is missing"},
    {"{style: aws-key, access_key_id: a}", "is no style; did you mean \"aws-keys\"?"},
    {"{style: aws-instance}", NULL},
    {"{style: aws-instance, tenant: x}", "auth.tenant: means nothing with style aws-instance"},
    {"{style: aws-container}", "`url` is missing"},
    {"{style: aws-container, url: \"http://169.254.170.2/x\"}", NULL},
    {"{style: aws-keys, access_key_id: a, secret_access_key: b, url: \"http://x\"}",
     "auth.url: means nothing"},
    {"{style: entra, tenant: t, client_id: i, client_secret: s}", NULL},
    {"{style: entra, tenant: t, client_id: i, client_secret: s, url: \"http://10.0.0.1\"}",
     "is not encrypted"},
    {"{style: entra, tenant: t, client_id: i, client_secret: s, url: \"http://127.0.0.1:1\"}",
     NULL},
    {"{style: google-key-file, key_file: /nowhere/at/all}", "cannot read the file"},
    {"{style: google-instance}", NULL},
    {"{tenant: t}", "`style` is missing"},
};

static void test_configured(void)
{
	for (size_t i = 0; i < sizeof configured / sizeof configured[0]; i++) {
		struct buf text, report;
		int mistakes;

		buf_init(&text, 4096);
		buf_init(&report, 65536);
		buf_printf(&text,
		           "providers:\n- {name: p, dialect: messages, base_url: "
		           "\"https://bedrock-runtime.eu-west-1.amazonaws.com\", auth: %s}\n"
		           "models: [{name: m, price: {input: 0, output: 0}, targets: "
		           "[{provider: p, model: m}]}]\n",
		           configured[i].auth);
		mistakes = config_check_text(STR("t.yaml"), buf_str(&text), &report);
		CHECK(mistakes == (configured[i].mistake ? 1 : 0));
		CHECK(str_find(buf_str(&report), str_of(configured[i].mistake)) < report.len ||
		      !configured[i].mistake);
		if (mistakes != (configured[i].mistake ? 1 : 0))
			printf("%s: %.*s", configured[i].auth, STR_ARG(buf_str(&report)));
		buf_release(&text);
		buf_release(&report);
	}
}

/* ---- the table ---- */

static void test_sharing(void)
{
	struct config_auth one = auth_at(CONFIG_AUTH_ENTRA, "https://login.example"), other = one;
	struct credential *a, *b, *c;
	struct auth_proof proof;
	struct arena arena;

	arena_init(&arena);
	SET(one, client_id, STR("id"));
	SET(other, tenant, STR("id")); /* the same text elsewhere */
	a = credential_get(&one);
	b = credential_get(&one);
	c = credential_get(&other);
	CHECK(a == b && a != c);
	CHECK(credential_take(a, &arena, &proof) == AUTH_WAITS);
	credential_set(a, &(struct auth_grant){.bearer = STR("t"), .life_s = 100}, 0);
	CHECK(credential_take(b, &arena, &proof) == AUTH_READY);
	CHECK_STR(proof.bearer, STR("t"));
	credential_fail(a); /* what is still good goes on */
	CHECK(credential_take(a, &arena, &proof) == AUTH_READY);
	credential_fail(c);
	CHECK(credential_take(c, &arena, &proof) == AUTH_FAILED);
	credential_put(&a);
	CHECK(credential_take(b, &arena, &proof) == AUTH_READY);
	credential_put(&b);
	credential_put(&c);
	a = credential_get(&one); /* forgotten with the last one */
	CHECK(credential_take(a, &arena, &proof) == AUTH_WAITS);
	credential_put(&a);
	arena_release(&arena);
}

/* A clock that is off is learnt from a refusal, but not one that is off by days. */
static void test_skew(void)
{
	struct config_auth auth = auth_at(CONFIG_AUTH_AWS_KEYS, "");
	struct credential *c = credential_get(&auth);
	struct buf date;

	buf_init(&date, 64);
	clock_put_http_date(&date, clock_wall_ms() + 600 * 1000);
	credential_was_refused(c, buf_str(&date));
	CHECK(credential_skew_s(c) > 590 && credential_skew_s(c) < 610);
	buf_clear(&date);
	clock_put_http_date(&date, clock_wall_ms() + 6 * 86400000LL);
	credential_was_refused(c, buf_str(&date));
	credential_was_refused(c, STR("never"));
	CHECK(credential_skew_s(c) > 590 && credential_skew_s(c) < 610);
	credential_put(&c);
	buf_release(&date);
}

static _Atomic int news;

static void on_news(void *unused)
{
	(void)unused;
	news++;
}

/* Keys of the configuration are there at once; nobody is asked. */
static void test_keeper(void)
{
	struct config_auth auth = auth_at(CONFIG_AUTH_AWS_KEYS, "");
	struct keeper *keeper = keeper_start(on_news, NULL);
	struct credential *c;
	struct auth_proof proof;
	struct arena arena;

	arena_init(&arena);
	SET(auth, access_key_id, STR("AKID"));
	SET(auth, secret_access_key, STR("s"));
	c = credential_get(&auth);
	while (news == 0)
		sched_yield();
	CHECK(credential_take(c, &arena, &proof) == AUTH_READY);
	CHECK_STR(proof.key_id, STR("AKID"));
	credential_put(&c);
	keeper_stop(&keeper);
	arena_release(&arena);
}

int main(void)
{
	struct arena arena;
	struct str folder;

	arena_init(&arena);
	folder = tempdir_make(&arena);
	test_entra();
	test_bearer_answers();
	test_instance();
	test_endless_keys();
	test_instance_role();
	test_web_identity(folder.ptr);
	test_jwt();
	test_configured();
	test_sharing();
	test_skew();
	test_keeper();
	tempdir_remove(folder);
	arena_release(&arena);
	return check_report("auth");
}
