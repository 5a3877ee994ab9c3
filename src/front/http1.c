/* Heads of HTTP/1 messages (RFC 9112), requests and answers.
 *
 *	head    = start CRLF *(name ":" OWS value OWS CRLF) CRLF
 *	start   = METHOD SP target SP "HTTP/1." ("0" / "1")           request
 *	        / "HTTP/1." ("0" / "1") SP 3DIGIT [SP reason]         answer
 *
 * http1_find_head looks for the end line by line and refuses a bare LF where it stands; the rest
 * is judged once the head is whole, in one pass over table-driven byte classes. Every field is
 * kept as it came; the seven that decide about framing and the connection are noted on the way,
 * by the length of their name. Nothing is repaired.
 *
 * Called by front/conn and upstream/exchange. Pure; takes one arena piece (the array of fields)
 * and none on failure but for the failure's sentence. Must never read behind the head's last
 * byte. */
#include "front/http1.h"

#include "front/http1_bytes.h"
#include "limits.h"

/* The fields that we act on; their names differ in length, which is how they are found. */
enum known_field {
	FIELD_OTHER,
	FIELD_TE,
	FIELD_HOST,
	FIELD_EXPECT,
	FIELD_UPGRADE,
	FIELD_CONNECTION,
	FIELD_LENGTH,
	FIELD_CODING,
	KNOWN_FIELDS
};

static const struct {
	struct str name;
	enum known_field field;
} known_by_length[] = {
    [2] = {STR_INIT("te"), FIELD_TE},
    [4] = {STR_INIT("host"), FIELD_HOST},
    [6] = {STR_INIT("expect"), FIELD_EXPECT},
    [7] = {STR_INIT("upgrade"), FIELD_UPGRADE},
    [10] = {STR_INIT("connection"), FIELD_CONNECTION},
    [14] = {STR_INIT("content-length"), FIELD_LENGTH},
    [17] = {STR_INIT("transfer-encoding"), FIELD_CODING},
};

enum { KNOWN_LENGTHS = sizeof known_by_length / sizeof known_by_length[0] };

struct head_reader {
	const char *at;
	const char *end;
	struct http_head head;
	struct http_header *fields; /* LIMIT_HEADERS places */
	struct fail *fail;
	struct str value[KNOWN_FIELDS]; /* the last one of each */
	int seen[KNOWN_FIELDS];
	bool says_close, says_keep_alive, says_upgrade; /* tokens of Connection */
};

/* --- finding the end --- */

size_t http1_skip_empty(struct str bytes)
{
	size_t at = 0;

	while (bytes.len - at >= 2 && bytes.ptr[at] == '\r' && bytes.ptr[at + 1] == '\n')
		at += 2;
	return at;
}

/* The end of a line at `lf`: 1 when it is the empty line, 0 when it is another one, -1 when it
 * is bare. */
static int judge_line_end(struct str bytes, size_t lf, struct fail *f)
{
	if (lf == 0 || bytes.ptr[lf - 1] != '\r')
		return fail(f, FAIL_BAD_REQUEST, "a line of the HTTP head ends in a bare LF");
	if (lf == 1)
		return fail(f, FAIL_BAD_REQUEST, "the HTTP head begins with an empty line");
	return bytes.ptr[lf - 2] == '\n';
}

static int judge_first_byte(char byte, struct fail *f)
{
	if (http1_bytes[(unsigned char)byte] & BYTE_METHOD)
		return 0;
	return fail(f, FAIL_BAD_REQUEST, "not HTTP: the first byte is 0x%02x", (unsigned char)byte);
}

int64_t http1_find_head(struct str bytes, size_t *scanned, struct fail *f)
{
	struct str all = str_part(bytes, 0, LIMIT_HEAD_BYTES);
	size_t at = *scanned;

	if (at == 0 && (all.len == 0 || (all.len == 1 && all.ptr[0] == '\r')))
		return 0;
	if (at == 0 && !(all.ptr[0] == '\r' && all.ptr[1] == '\n') &&
	    judge_first_byte(all.ptr[0], f) != 0)
		return -1;
	while (at < all.len) {
		const char *lf = memchr(all.ptr + at, '\n', all.len - at);
		int line = lf ? judge_line_end(all, (size_t)(lf - all.ptr), f) : 0;

		if (line != 0)
			return line < 0 ? -1 : lf - all.ptr + 1;
		at = lf ? (size_t)(lf - all.ptr) + 1 : all.len;
	}
	if (all.len == LIMIT_HEAD_BYTES)
		return fail(f, FAIL_HEAD_TOO_LARGE, "the HTTP head is longer than %d bytes",
		            LIMIT_HEAD_BYTES);
	*scanned = at;
	return 0;
}

/* --- lines --- */

static int bad(struct head_reader *r, const char *what)
{
	return fail(r->fail, FAIL_BAD_REQUEST, "bad HTTP head: %s", what);
}

/* Why r->at cannot go on in a value or at a line's end. */
static int bad_byte(struct head_reader *r)
{
	unsigned char byte = r->at < r->end ? (unsigned char)*r->at : 0;

	if (r->at == r->end)
		return bad(r, "it stops within a line");
	if (byte == '\r')
		return bad(r, "a bare CR");
	if (byte == '\n')
		return bad(r, "a bare LF");
	if (byte == 0)
		return bad(r, "a NUL byte");
	return fail(r->fail, FAIL_BAD_REQUEST, "bad HTTP head: byte 0x%02x at a wrong place", byte);
}

static int read_line_end(struct head_reader *r)
{
	if (r->end - r->at < 2 || r->at[0] != '\r' || r->at[1] != '\n')
		return bad_byte(r);
	r->at += 2;
	return 0;
}

static int read_space(struct head_reader *r)
{
	if (r->at == r->end || *r->at != ' ')
		return bad_byte(r);
	r->at++;
	return 0;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* --- fields --- */

static int bad_name(struct head_reader *r, const char *stop)
{
	if (stop == r->at && stop < r->end && is_blank(*stop))
		return bad(r, "a folded line (obs-fold)");
	if (stop == r->at && stop < r->end && *stop == ':')
		return bad(r, "a field without a name");
	if (stop < r->end && is_blank(*stop))
		return bad(r, "a blank in a field's name or before its colon");
	if (stop + 1 < r->end && stop[0] == '\r' && stop[1] == '\n')
		return bad(r, "a field without a colon");
	r->at = stop;
	return bad_byte(r);
}

/* Connection = list of tokens (RFC 9110 7.6.1), over as many fields as were sent. */
static void note_connection(struct head_reader *r, struct str value)
{
	struct str rest = value, token;

	while (str_next_field(&rest, ',', &token)) {
		token = str_trim(token);
		if (str_eq_nocase(token, STR("close")))
			r->says_close = true;
		else if (str_eq_nocase(token, STR("keep-alive")))
			r->says_keep_alive = true;
		else if (str_eq_nocase(token, STR("upgrade")))
			r->says_upgrade = true;
	}
}

static bool list_has_token(struct str value, struct str token)
{
	struct str rest = value, one;

	while (str_next_field(&rest, ',', &one))
		if (str_eq_nocase(str_trim(one), token))
			return true;
	return false;
}

static void note_field(struct head_reader *r, struct http_header h)
{
	enum known_field field;

	if (h.name.len >= KNOWN_LENGTHS || known_by_length[h.name.len].field == FIELD_OTHER)
		return;
	if (!str_eq_nocase(h.name, known_by_length[h.name.len].name))
		return;
	field = known_by_length[h.name.len].field;
	r->seen[field]++;
	r->value[field] = h.value;
	if (field == FIELD_CONNECTION)
		note_connection(r, h.value);
	else if (field == FIELD_TE && list_has_token(h.value, STR("trailers")))
		r->head.accepts_trailers = true;
}

/* One of 64, by length, first and last letter, whatever their case. Names are not empty. */
static uint64_t name_bit(struct str name)
{
	size_t first = (unsigned char)name.ptr[0] | 0x20;
	size_t last = (unsigned char)name.ptr[name.len - 1] | 0x20;

	return UINT64_C(1) << ((name.len * 5 + first + last) & 63);
}

static int read_field(struct head_reader *r)
{
	const char *name = r->at, *colon = http1_skip_name(name, r->end), *value, *last;
	if (colon == r->end || *colon != ':' || colon == name)
		return bad_name(r, colon);
	value = colon + 1;
	while (value < r->end && is_blank(*value))
		value++;
	r->at = last = http1_skip_value(value, r->end);
	if (read_line_end(r) != 0)
		return -1;
	while (last > value && is_blank(last[-1]))
		last--;
	if (r->head.header_count == LIMIT_HEADERS)
		return fail(r->fail, FAIL_HEAD_TOO_LARGE, "more than %d header fields",
		            LIMIT_HEADERS);
	r->fields[r->head.header_count] =
	    (struct http_header){{name, (size_t)(colon - name)}, {value, (size_t)(last - value)}};
	r->head.names |= name_bit(r->fields[r->head.header_count].name);
	note_field(r, r->fields[r->head.header_count++]);
	return 0;
}

static int read_fields(struct head_reader *r)
{
	while (r->at < r->end && *r->at != '\r')
		if (read_field(r) != 0)
			return -1;
	if (read_line_end(r) != 0)
		return -1;
	return r->at == r->end ? 0 : bad(r, "bytes behind its empty line");
}

/* --- what the fields mean --- */

/* 1*DIGIT and nothing else: no sign, no list, no 0x, no value over INT64_MAX. */
static int read_length(struct head_reader *r)
{
	struct str digits = r->value[FIELD_LENGTH];
	int64_t value = 0;

	if (r->seen[FIELD_LENGTH] > 1)
		return bad(r, "Content-Length twice");
	if (digits.len == 0)
		return bad(r, "Content-Length is empty");
	for (size_t i = 0; i < digits.len; i++) {
		int digit = digits.ptr[i] - '0';

		if (digit < 0 || digit > 9)
			return bad(r, "Content-Length is not a number");
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return bad(r, "Content-Length is too large");
	}
	r->head.framing = HTTP_LENGTH;
	r->head.content_length = value;
	return 0;
}

/* nginx answers 501 to every coding but `chunked` alone, and so do we: there is none that we
 * could undo. */
static int read_coding(struct head_reader *r)
{
	if (r->seen[FIELD_LENGTH])
		return bad(r, "Content-Length and Transfer-Encoding together");
	if (r->seen[FIELD_CODING] > 1)
		return bad(r, "Transfer-Encoding twice");
	if (r->head.minor == 0)
		return bad(r, "Transfer-Encoding in HTTP/1.0");
	if (!str_eq_nocase(r->value[FIELD_CODING], STR("chunked")))
		return fail(r->fail, FAIL_NOT_IMPLEMENTED,
		            "Transfer-Encoding other than \"chunked\" is not served");
	r->head.framing = HTTP_CHUNKED;
	return 0;
}

static int read_framing(struct head_reader *r)
{
	r->head.framing = HTTP_NO_BODY;
	if (r->seen[FIELD_CODING])
		return read_coding(r);
	if (r->seen[FIELD_LENGTH])
		return read_length(r);
	return 0;
}

static void read_connection(struct head_reader *r)
{
	r->head.keep_alive = !r->says_close && (r->head.minor == 1 || r->says_keep_alive);
	r->head.wants_upgrade = r->says_upgrade && r->value[FIELD_UPGRADE].len > 0;
}

static bool is_all(struct str s, enum http1_byte class)
{
	return http1_skip(s.ptr, s.ptr + s.len, class) == s.ptr + s.len;
}

/* host [":" port] of RFC 9110 7.2: the port is digits or empty, and only an address in brackets
 * has colons of its own. */
static bool is_authority(struct str s)
{
	size_t name =
	    str_starts_with(s, STR("[")) ? str_find_byte(s, ']') + 1 : str_find_byte(s, ':');

	if (name == 0 || name > s.len || !is_all(s, BYTE_HOST))
		return false;
	if (name < s.len && s.ptr[name] != ':')
		return false;
	for (size_t i = name + 1; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	}
	return true;
}

static int check_host(struct head_reader *r)
{
	struct str host = r->value[FIELD_HOST];

	if (r->seen[FIELD_HOST] > 1)
		return bad(r, "Host twice");
	if (r->seen[FIELD_HOST] == 0)
		return r->head.minor == 0 ? 0 : bad(r, "no Host");
	if (!is_authority(host))
		return bad(r, "Host is not a name or an address");
	return 0;
}

/* An expectation that cannot be met must be told (RFC 9110 10.1.1); HTTP/1.0 has none. */
static int read_expectation(struct head_reader *r)
{
	if (r->seen[FIELD_EXPECT] == 0 || r->head.minor == 0)
		return 0;
	if (r->seen[FIELD_EXPECT] > 1 ||
	    !str_eq_nocase(r->value[FIELD_EXPECT], STR("100-continue")))
		return fail(r->fail, FAIL_EXPECTATION_FAILED,
		            "an expectation other than \"100-continue\" is not served");
	r->head.expects_continue = true;
	return 0;
}

/* --- the first line --- */

/* "HTTP/" DIGIT "." DIGIT; of these we speak 1.0 and 1.1. */
static int read_version(struct head_reader *r)
{
	const char *v = r->at;

	if (r->end - v < 8 || memcmp(v, "HTTP/", 5) != 0 || v[6] != '.' || v[5] < '0' ||
	    v[5] > '9' || v[7] < '0' || v[7] > '9')
		return bad(r, "the first line has no HTTP version");
	if (v[5] != '1' || v[7] > '1')
		return fail(r->fail, FAIL_VERSION_NOT_SUPPORTED,
		            "HTTP/%c.%c is not served here; use HTTP/1.1", v[5], v[7]);
	r->head.minor = v[7] - '0';
	r->at += 8;
	return 0;
}

static void split_query(struct http_head *h, struct str rest)
{
	size_t mark = str_find_byte(rest, '?');

	h->path = str_part(rest, 0, mark);
	h->query = str_part(rest, mark + 1, rest.len);
	if (h->path.len == 0)
		h->path = STR("/");
}

static size_t scheme_length(struct str target)
{
	if (str_eq_nocase(str_part(target, 0, 7), STR("http://")))
		return 7;
	return str_eq_nocase(str_part(target, 0, 8), STR("https://")) ? 8 : 0;
}

/* absolute-form: the authority counts for nothing here, but it must be one. */
static int read_absolute(struct head_reader *r)
{
	struct str rest = str_part(r->head.target, scheme_length(r->head.target), SIZE_MAX);
	size_t slash = str_find_byte(rest, '/'), mark = str_find_byte(rest, '?');
	size_t authority = slash < mark ? slash : mark;

	if (!is_authority(str_part(rest, 0, authority)))
		return bad(r, "the request target has no valid authority");
	split_query(&r->head, str_part(rest, authority, rest.len));
	return 0;
}

/* RFC 9112 3.2: origin-form, absolute-form, asterisk-form of OPTIONS. CONNECT and its
 * authority-form are for proxies. */
static int read_target(struct head_reader *r)
{
	struct str target = r->head.target;
	bool options = str_eq(r->head.method, STR("OPTIONS"));

	if (target.len > LIMIT_TARGET_BYTES)
		return fail(r->fail, FAIL_HEAD_TOO_LARGE,
		            "the request target is longer than %d bytes", LIMIT_TARGET_BYTES);
	if (str_eq(r->head.method, STR("CONNECT")))
		return bad(r, "CONNECT is not served");
	if (target.len && target.ptr[0] == '/') {
		split_query(&r->head, target);
		return 0;
	}
	if (options && str_eq(target, STR("*"))) {
		r->head.path = target;
		return 0;
	}
	if (scheme_length(target))
		return read_absolute(r);
	return bad(r, "the request target must begin with \"/\"");
}

static int read_request_line(struct head_reader *r)
{
	const char *method = r->at, *target;

	r->at = http1_skip(method, r->end, BYTE_METHOD);
	r->head.method = (struct str){method, (size_t)(r->at - method)};
	if (r->at == method || read_space(r) != 0)
		return bad(r, "the method is not one");
	target = r->at;
	r->at = http1_skip(target, r->end, BYTE_TARGET);
	r->head.target = (struct str){target, (size_t)(r->at - target)};
	if (read_space(r) != 0 || read_version(r) != 0 || read_line_end(r) != 0)
		return -1;
	return read_target(r);
}

static int read_status_line(struct head_reader *r)
{
	int status = 0;

	if (read_version(r) != 0 || read_space(r) != 0)
		return -1;
	for (int i = 0; i < 3; i++, r->at++) {
		if (r->at == r->end || *r->at < '0' || *r->at > '9')
			return bad(r, "the status is not three digits");
		status = status * 10 + (*r->at - '0');
	}
	if (status < 100 || status > 599)
		return bad(r, "the status is not within 100..599");
	r->head.status = status;
	if (r->at < r->end && *r->at == ' ')
		r->at = http1_skip_value(r->at, r->end);
	return read_line_end(r);
}

/* --- the two heads --- */

static void give_head(struct head_reader *r, struct arena *arena, struct http_head *out)
{
	size_t count = (size_t)r->head.header_count;

	r->head.headers = NULL;
	if (count) {
		r->head.headers = ARENA_ARRAY(arena, struct http_header, count);
		memcpy(r->head.headers, r->fields, count * sizeof *r->fields);
	}
	*out = r->head;
}

int http1_read_request(struct str head, struct arena *arena, struct http_head *out, struct fail *f)
{
	struct http_header fields[LIMIT_HEADERS];
	struct head_reader r = {
	    .at = head.ptr, .end = head.ptr + head.len, .fields = fields, .fail = f};

	if (read_request_line(&r) != 0 || read_fields(&r) != 0 || check_host(&r) != 0 ||
	    read_framing(&r) != 0 || read_expectation(&r) != 0)
		return -1;
	read_connection(&r);
	give_head(&r, arena, out);
	return 0;
}

/* RFC 9112 6.3, 1 to 8: the method and the status may say that there is no body, whatever the
 * fields say. A 204 or 1xx that announces one all the same would be read in two ways: such a
 * connection serves nothing more. */
static void judge_answer_body(struct head_reader *r, struct str method)
{
	struct http_head *h = &r->head;
	bool announced = h->framing == HTTP_CHUNKED || h->content_length > 0;
	bool never = h->status < 200 || h->status == 204 ||
	             (str_eq(method, STR("CONNECT")) && h->status < 300);

	if (never && announced)
		h->keep_alive = false;
	if (never || h->status == 304 || str_eq(method, STR("HEAD"))) {
		h->framing = HTTP_NO_BODY;
		h->content_length = 0;
	} else if (h->framing == HTTP_NO_BODY) {
		h->framing = HTTP_UNTIL_CLOSE;
		h->keep_alive = false;
	}
}

int http1_read_answer(struct str head, struct str method, struct arena *arena,
                      struct http_head *out, struct fail *f)
{
	struct http_header fields[LIMIT_HEADERS];
	struct head_reader r = {
	    .at = head.ptr, .end = head.ptr + head.len, .fields = fields, .fail = f};

	if (read_status_line(&r) != 0 || read_fields(&r) != 0 || read_framing(&r) != 0) {
		f->kind = FAIL_PROVIDER_BAD_RESPONSE;
		return -1;
	}
	read_connection(&r);
	judge_answer_body(&r, method);
	give_head(&r, arena, out);
	return 0;
}

/* --- asking a head --- */

/* A request is asked for a dozen fields, most of which it does not have. */
static bool may_have(const struct http_head *h, struct str name)
{
	return h->names == 0 || h->names & name_bit(name);
}

struct str http_header(const struct http_head *h, struct str name)
{
	int count = may_have(h, name) ? h->header_count : 0;

	for (int i = 0; i < count; i++)
		if (h->headers[i].name.len == name.len && str_eq_nocase(h->headers[i].name, name))
			return h->headers[i].value;
	return (struct str){NULL, 0};
}

bool http_has_token(const struct http_head *h, struct str name, struct str token)
{
	for (int i = 0; i < h->header_count; i++)
		if (str_eq_nocase(h->headers[i].name, name) &&
		    list_has_token(h->headers[i].value, token))
			return true;
	return false;
}
