/* AWS's event stream: published messages, every beginning and every damaged byte of one, and what
 * events of the dialect they become. */
#include "wire/eventstream.h"

#include "base/encode.h"
#include "base/hash.h"
#include "check.h"
#include "guard.h"

enum { MESSAGE_MAX = 64 * 1024 };

/* ---- making messages ---- */

static void put_u32(struct buf *out, uint32_t value)
{
	buf_put(out, (struct str){(char[]){(char)(value >> 24), (char)(value >> 16),
	                                   (char)(value >> 8), (char)value},
	                          4});
}

static void put_header(struct buf *out, struct str name, struct str value)
{
	buf_put_byte(out, (char)name.len);
	buf_put(out, name);
	buf_put(out, (struct str){(char[]){7, (char)(value.len >> 8), (char)value.len}, 3});
	buf_put(out, value);
}

static void put_message(struct buf *out, struct str headers, struct str payload)
{
	size_t from = out->len;

	put_u32(out, (uint32_t)(headers.len + payload.len + 16));
	put_u32(out, (uint32_t)headers.len);
	put_u32(out, hash_crc32(0, str_part(buf_str(out), from, 8)));
	buf_put(out, headers);
	buf_put(out, payload);
	put_u32(out, hash_crc32(0, str_part(buf_str(out), from, out->len)));
}

static void put_typed(struct buf *out, struct str type, struct str name_key, struct str name,
                      struct str payload)
{
	struct buf headers;

	buf_init(&headers, 1024);
	put_header(&headers, name_key, name);
	put_header(&headers, STR(":content-type"), STR("application/json"));
	put_header(&headers, STR(":message-type"), type);
	put_message(out, buf_str(&headers), payload);
	buf_release(&headers);
}

static void put_chunk(struct buf *out, struct str json)
{
	struct buf payload;

	buf_init(&payload, MESSAGE_MAX);
	buf_put(&payload, STR("{\"bytes\":\""));
	encode_base64(&payload, json);
	buf_put(&payload, STR("\",\"p\":\"abcdefgh\"}"));
	put_typed(out, STR("event"), STR(":event-type"), STR("chunk"), buf_str(&payload));
	buf_release(&payload);
}

/* ---- cutting ---- */

/* Messages of the encoding's published vectors, in hexadecimal:
 * https://github.com/aws/aws-sdk-go/tree/main/private/protocol/eventstream/testdata */
static const struct {
	struct str hex, payload;
} published[] = {
    {STR_INIT("000000100000000005c248eb7d98c8ff"), STR_INIT("")},
    {STR_INIT("0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936"),
     STR_INIT("{'foo':'bar'}")},
    {STR_INIT("0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a"
              "736f6e7b27666f6f273a27626172277d8d9c08b1"),
     STR_INIT("{'foo':'bar'}")},
};

static void test_published(void)
{
	for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
		uint8_t bytes[256];
		size_t len = published[i].hex.len / 2;
		struct eventstream_message m;

		CHECK(encode_read_hex(published[i].hex, bytes, len) == 0);
		CHECK(eventstream_next((struct str){(char *)bytes, len}, &m) ==
		      EVENTSTREAM_MESSAGE);
		CHECK_STR(m.payload, published[i].payload);
		CHECK(m.raw.len == len);
	}
}

static void test_beginnings(void)
{
	struct eventstream_message m;
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX);
	put_chunk(&bytes, STR("{\"type\":\"ping\"}"));
	for (size_t have = 0; have < bytes.len; have++) {
		struct guard guard = guard_copy(str_part(buf_str(&bytes), 0, have));

		CHECK(eventstream_next(guard.bytes, &m) == EVENTSTREAM_MORE);
		guard_free(&guard);
	}
	CHECK(eventstream_next(buf_str(&bytes), &m) == EVENTSTREAM_MESSAGE);
	CHECK_STR(m.name, STR("chunk"));
	CHECK_STR(m.message_type, STR("event"));
	buf_release(&bytes);
}

static void test_damage(void)
{
	struct eventstream_message m;
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX);
	put_chunk(&bytes, STR("{\"type\":\"ping\"}"));
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.ptr[i] ^= 0x10;
		CHECK(eventstream_next(buf_str(&bytes), &m) == EVENTSTREAM_BAD);
		bytes.ptr[i] ^= 0x10;
	}
	buf_release(&bytes);
}

/* Lengths that lie, with checksums that do not. */
static void test_lies(void)
{
	static const struct str headers[] = {
	    STR_INIT("\x05"
	             "ab"),
	    STR_INIT("\x01"
	             "a\x07\x00\x09x"),
	    STR_INIT("\x01"
	             "a\x07\x00"),
	    STR_INIT("\x01"
	             "a\x63zz"),
	    STR_INIT("\x01"),
	};
	struct eventstream_message m;
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX);
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		struct guard guard;

		buf_clear(&bytes);
		put_message(&bytes, headers[i], STR(""));
		guard = guard_copy(buf_str(&bytes));
		CHECK(eventstream_next(guard.bytes, &m) == EVENTSTREAM_BAD);
		guard_free(&guard);
	}
	buf_clear(&bytes);
	put_u32(&bytes, UINT32_MAX);
	put_u32(&bytes, 0);
	put_u32(&bytes, hash_crc32(0, buf_str(&bytes)));
	CHECK(eventstream_next(buf_str(&bytes), &m) == EVENTSTREAM_BAD);
	buf_release(&bytes);
}

/* Every type of value is stepped over. */
static void test_header_types(void)
{
	static const struct str headers =
	    STR_INIT("\x01"
	             "a\x00\x01"
	             "b\x01\x01"
	             "c\x02x\x01"
	             "d\x03xx\x01"
	             "e\x04xxxx\x01"
	             "f\x05xxxxxxxx\x01"
	             "g\x06\x00\x02xx\x01"
	             "h\x08xxxxxxxx\x01"
	             "i\x09xxxxxxxxxxxxxxxx\x0d:message-type\x07\x00\x05"
	             "event");
	struct eventstream_message m;
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX);
	put_message(&bytes, headers, STR("x"));
	CHECK(eventstream_next(buf_str(&bytes), &m) == EVENTSTREAM_MESSAGE);
	CHECK_STR(m.message_type, STR("event"));
	CHECK_STR(m.payload, STR("x"));
	buf_release(&bytes);
}

/* ---- events ---- */

static void check_event(struct str bytes, int result, struct str event)
{
	struct eventstream_message m;
	struct arena arena;
	struct json doc;
	struct buf out;

	arena_init(&arena);
	json_init(&doc);
	buf_init(&out, MESSAGE_MAX);
	CHECK(eventstream_next(bytes, &m) == EVENTSTREAM_MESSAGE);
	CHECK(eventstream_put_event(&out, &m, &doc, &arena) == result);
	CHECK_STR(buf_str(&out), event);
	buf_release(&out);
	json_release(&doc);
	arena_release(&arena);
}

static void test_chunks(void)
{
	static const struct {
		struct str json, event;
		int result;
	} rows[] = {
	    {STR_INIT("{\"type\":\"ping\"}"),
	     STR_INIT("event: ping\ndata: {\"type\":\"ping\"}\n\n"), 0},
	    {STR_INIT("{\n\"type\":\"ping\"}"),
	     STR_INIT("event: ping\ndata: {\ndata: \"type\":\"ping\"}\n\n"), 0},
	    {STR_INIT("{\"type\":\"a\\nb\"}"), STR_INIT(""), -1},
	    {STR_INIT("{\"completion\":\"x\"}"), STR_INIT(""), -1},
	    {STR_INIT("no JSON"), STR_INIT(""), -1},
	};
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_clear(&bytes);
		put_chunk(&bytes, rows[i].json);
		check_event(buf_str(&bytes), rows[i].result, rows[i].event);
	}
	buf_clear(&bytes);
	put_typed(&bytes, STR("event"), STR(":event-type"), STR("chunk"), STR("{\"bytes\":\"!\"}"));
	check_event(buf_str(&bytes), -1, STR(""));
	buf_clear(&bytes);
	put_typed(&bytes, STR("event"), STR(":event-type"), STR("news"), STR("{}"));
	check_event(buf_str(&bytes), 0, STR(""));
	buf_release(&bytes);
}

#define ERROR_EVENT(type)                                                                          \
	STR_INIT("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"" type             \
	         "\",\"message\":\"the stream ended with an exception\"}}\n\n")

static void test_exceptions(void)
{
	static const struct {
		struct str type, key, name, event;
	} rows[] = {
	    {STR_INIT("exception"), STR_INIT(":exception-type"), STR_INIT("throttlingException"),
	     ERROR_EVENT("rate_limit_error")},
	    {STR_INIT("exception"), STR_INIT(":exception-type"),
	     STR_INIT("modelStreamErrorException"), ERROR_EVENT("api_error")},
	    {STR_INIT("exception"), STR_INIT(":exception-type"),
	     STR_INIT("ServiceUnavailableException"), ERROR_EVENT("overloaded_error")},
	    {STR_INIT("error"), STR_INIT(":error-code"), STR_INIT("InternalError"),
	     ERROR_EVENT("api_error")},
	};
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_clear(&bytes);
		put_typed(&bytes, rows[i].type, rows[i].key, rows[i].name,
		          STR("{\"message\":\"account 123456789012 is over its quota\"}"));
		check_event(buf_str(&bytes), 0, rows[i].event);
	}
	buf_release(&bytes);
}

int main(void)
{
	test_published();
	test_beginnings();
	test_damage();
	test_lies();
	test_header_types();
	test_chunks();
	test_exceptions();
	return check_report("eventstream");
}
