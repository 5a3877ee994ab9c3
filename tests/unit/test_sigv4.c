/* SigV4 against AWS's published test suite, and what it leaves open: paths that are escaped, bodies
 * in pieces. */
#include "provider/sigv4.h"

#include "check.h"

enum { DAY_S = 1440938160 }; /* 2015-08-30T12:36:00Z, the suite's */

#define FORM "application/x-www-form-urlencoded"
#define SESSION                                                                                    \
	"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMi"      \
	"cRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZam"       \
	"pKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7"       \
	"ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/"       \
	"oLxBA=="

/* get-vanilla, post-vanilla, get-vanilla-query-order-key-case, post-x-www-form-urlencoded,
 * post-sts-header-before of https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html
 * (as in https://docs.rs/crate/scratchstack-aws-signature/latest/source/src/aws-sig-v4-test-suite/). */
static const struct {
	struct str method, query, content_type, body, session, signature;
} suite[] = {
    {STR_INIT("GET"), STR_INIT(""), STR_INIT(""), STR_INIT(""), STR_INIT(""),
     STR_INIT("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")},
    {STR_INIT("POST"), STR_INIT(""), STR_INIT(""), STR_INIT(""), STR_INIT(""),
     STR_INIT("5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")},
    {STR_INIT("GET"), STR_INIT("Param1=value1&Param2=value2"), STR_INIT(""), STR_INIT(""),
     STR_INIT(""), STR_INIT("b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")},
    {STR_INIT("POST"), STR_INIT(""), STR_INIT(FORM), STR_INIT("Param1=value1"), STR_INIT(""),
     STR_INIT("ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a")},
    {STR_INIT("POST"), STR_INIT(""), STR_INIT(""), STR_INIT(""), STR_INIT(SESSION),
     STR_INIT("85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead")},
};

static struct sigv4_ask suite_ask(void)
{
	return (struct sigv4_ask){
	    .path = STR("/"),
	    .host = STR("example.amazonaws.com"),
	    .region = STR("us-east-1"),
	    .service = STR("service"),
	    .key_id = STR("AKIDEXAMPLE"),
	    .secret = STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
	    .now_s = DAY_S,
	};
}

static struct str signature_of(const struct sigv4_ask *ask, struct buf *out)
{
	struct str lines;
	size_t at;

	buf_clear(out);
	sigv4_put_headers(out, ask);
	lines = buf_str(out);
	at = str_find(lines, STR("Signature="));
	return str_part(lines, at + 10, 64);
}

static void test_suite(struct buf *out)
{
	for (size_t i = 0; i < sizeof suite / sizeof suite[0]; i++) {
		struct sigv4_ask ask = suite_ask();

		ask.method = suite[i].method;
		ask.query = suite[i].query;
		ask.content_type = suite[i].content_type;
		ask.session = suite[i].session;
		ask.body = &suite[i].body;
		ask.body_pieces = 1;
		CHECK_STR(signature_of(&ask, out), suite[i].signature);
	}
}

static void test_lines(struct buf *out)
{
	struct sigv4_ask ask = suite_ask();

	ask.method = STR("GET");
	buf_clear(out);
	sigv4_put_headers(out, &ask);
	CHECK_STR(buf_str(out),
	          STR("x-amz-date: 20150830T123600Z\r\n"
	              "authorization: AWS4-HMAC-SHA256 "
	              "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
	              "SignedHeaders=host;x-amz-date, "
	              "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
	              "\r\n"));
}

/* The signature of a path with escapes, computed from the algorithm's description with another
 * program: the canonical one is /model/anthropic.claude-v2%253A1/invoke. */
static void test_escaped_path(struct buf *out)
{
	const struct str pieces[] = {STR("{\"a\""), STR(""), STR(":1}")}, whole = STR("{\"a\":1}");
	struct sigv4_ask ask = suite_ask();

	ask.method = STR("POST");
	ask.path = STR("/model/anthropic.claude-v2%3A1/invoke");
	ask.service = STR("bedrock");
	ask.content_type = STR("application/json");
	ask.body = pieces;
	ask.body_pieces = 3;
	CHECK_STR(signature_of(&ask, out),
	          STR("4a70f652e0ca5220accbb0643eee2861c37a4b86efbf07249015225375cb9cda"));
	ask.body = &whole;
	ask.body_pieces = 1;
	CHECK_STR(signature_of(&ask, out),
	          STR("4a70f652e0ca5220accbb0643eee2861c37a4b86efbf07249015225375cb9cda"));
}

int main(void)
{
	struct buf out;

	buf_init(&out, 8192);
	test_suite(&out);
	test_lines(&out);
	test_escaped_path(&out);
	buf_release(&out);
	return check_report("sigv4");
}
