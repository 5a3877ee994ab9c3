/* Messages out of bytes, and events out of messages.
 *
 * The length is known from the first twelve bytes, so a message that is not whole costs nothing but
 * a look at them, however it comes in pieces. What an exception says becomes the dialect's error
 * event, whose type tells whether another target may do better. Called by the path for providers
 * that frame so. Must never look behind `bytes`. */
#include "wire/eventstream.h"

#include "base/encode.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "limits.h"

enum { PRELUDE_BYTES = 12, CHECKSUM_BYTES = 4, HEADERS_BYTES_MAX = 128 * 1024, TEXT_TYPE = 7 };

static uint32_t read_u32(struct str bytes, size_t at)
{
	const uint8_t *b = (const uint8_t *)bytes.ptr + at;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Bytes of a value, its length included, by type; type 6 and 7 tell their own. 0: no such type. */
static size_t value_bytes(uint8_t type, struct str rest)
{
	static const uint8_t fixed[] = {0, 0, 1, 2, 4, 8, 0, 0, 8, 16};

	if (type == 6 || type == TEXT_TYPE)
		return rest.len < 2
		           ? SIZE_MAX
		           : 2 + ((size_t)(uint8_t)rest.ptr[0] << 8 | (uint8_t)rest.ptr[1]);
	return type < sizeof fixed ? fixed[type] : SIZE_MAX;
}

static void take_header(struct eventstream_message *out, struct str name, struct str value)
{
	if (str_eq(name, STR(":message-type")))
		out->message_type = value;
	else if (str_eq(name, STR(":event-type")) || str_eq(name, STR(":exception-type")) ||
	         str_eq(name, STR(":error-code")))
		out->name = value;
}

static int read_headers(struct str rest, struct eventstream_message *out)
{
	while (rest.len) {
		size_t name_len = (uint8_t)rest.ptr[0], bytes;
		struct str name = str_part(rest, 1, name_len);
		uint8_t type;

		if (rest.len < 2 + name_len)
			return -1;
		type = (uint8_t)rest.ptr[1 + name_len];
		rest = str_part(rest, 2 + name_len, rest.len);
		bytes = value_bytes(type, rest);
		if (bytes > rest.len)
			return -1;
		if (type == TEXT_TYPE)
			take_header(out, name, str_part(rest, 2, bytes - 2));
		rest = str_part(rest, bytes, rest.len);
	}
	return 0;
}

enum eventstream_found eventstream_next(struct str bytes, struct eventstream_message *out)
{
	struct eventstream_message m = {{0}, {0}, {0}, {0}};
	size_t total, headers;

	if (bytes.len < PRELUDE_BYTES)
		return EVENTSTREAM_MORE;
	total = read_u32(bytes, 0);
	headers = read_u32(bytes, 4);
	if (read_u32(bytes, 8) != hash_crc32(0, str_part(bytes, 0, 8)) ||
	    total > LIMIT_EVENT_BYTES || headers > HEADERS_BYTES_MAX ||
	    total < PRELUDE_BYTES + headers + CHECKSUM_BYTES)
		return EVENTSTREAM_BAD;
	if (bytes.len < total)
		return EVENTSTREAM_MORE;
	m.raw = str_part(bytes, 0, total);
	if (read_u32(bytes, total - CHECKSUM_BYTES) !=
	        hash_crc32(0, str_part(bytes, 0, total - CHECKSUM_BYTES)) ||
	    read_headers(str_part(bytes, PRELUDE_BYTES, headers), &m) < 0)
		return EVENTSTREAM_BAD;
	m.payload = str_part(bytes, PRELUDE_BYTES + headers,
	                     total - PRELUDE_BYTES - headers - CHECKSUM_BYTES);
	*out = m;
	return EVENTSTREAM_MESSAGE;
}

/* ---- events ---- */

/* A line end in the JSON would end the event's line, so each of its lines is one of data. */
static void put_sse(struct buf *out, struct str type, struct str json)
{
	buf_put(out, STR("event: "));
	buf_put(out, type);
	for (;;) {
		size_t end = 0;

		while (end < json.len && json.ptr[end] != '\n' && json.ptr[end] != '\r')
			end++;
		buf_put(out, STR("\ndata: "));
		buf_put(out, str_part(json, 0, end));
		if (end == json.len)
			break;
		json = str_part(json, end + 1, json.len);
	}
	buf_put(out, STR("\n\n"));
}

/* {"bytes":"eyJ0eXBl...","p":"abc"}: p pads it to a length that tells nothing. */
static int put_chunk(struct buf *out, struct str payload, struct json *doc, struct arena *arena)
{
	struct json_error error;
	struct str coded, type;
	struct buf event;
	int result = -1;

	if (json_read(doc, payload, &error) < 0)
		return -1;
	coded = json_text(doc, json_get(doc, json_root(doc), STR("bytes")), arena);
	buf_init(&event, LIMIT_EVENT_BYTES);
	if (encode_read_base64(&event, coded) == 0 &&
	    json_read(doc, buf_str(&event), &error) == 0) {
		type = json_text(doc, json_get(doc, json_root(doc), STR("type")), arena);
		if (type.len && str_is_printable(type)) {
			put_sse(out, type, buf_str(&event));
			result = 0;
		}
	}
	buf_release(&event);
	return result;
}

/* What the runtime's exceptions are in the dialect:
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html */
static struct str error_type(struct str exception)
{
	static const struct {
		struct str exception, type;
	} rows[] = {
	    {STR_INIT("throttlingException"), STR_INIT("rate_limit_error")},
	    {STR_INIT("validationException"), STR_INIT("invalid_request_error")},
	    {STR_INIT("modelTimeoutException"), STR_INIT("timeout_error")},
	    {STR_INIT("serviceUnavailableException"), STR_INIT("overloaded_error")},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_eq_nocase(rows[i].exception, exception))
			return rows[i].type;
	return STR("api_error"); /* modelStreamErrorException, internalServerException, new ones */
}

static void put_exception(struct buf *out, const struct eventstream_message *m)
{
	struct json_writer w;

	buf_put(out, STR("event: error\ndata: "));
	json_writer_init(&w, out);
	json_open_object(&w);
	json_key_text(&w, STR("type"), STR("error"));
	json_put_key(&w, STR("error"));
	json_open_object(&w);
	json_key_text(&w, STR("type"), error_type(m->name));
	json_key_text(&w, STR("message"), STR("the stream ended with an exception"));
	json_close_object(&w);
	json_close_object(&w);
	buf_put(out, STR("\n\n"));
}

int eventstream_put_event(struct buf *out, const struct eventstream_message *m, struct json *doc,
                          struct arena *arena)
{
	if (str_eq(m->message_type, STR("exception")) || str_eq(m->message_type, STR("error"))) {
		put_exception(out, m);
		return 0;
	}
	return str_eq(m->name, STR("chunk")) ? put_chunk(out, m->payload, doc, arena) : 0;
}
