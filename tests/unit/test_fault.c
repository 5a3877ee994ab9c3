/* What providers say went wrong, in every form that is known; no byte behind the text is read. */
#include "check.h"
#include "guard.h"

#include "wire/fault.h"

static const struct {
	struct str bytes, message;
	int status;
} faults[] = {
    {STR_INIT("{\"error\":{\"message\":\"busy\",\"type\":\"overloaded\",\"code\":529}}"),
     STR_INIT("busy"), 529},
    {STR_INIT("{\"error\":\"busy\"}"), STR_INIT("busy"), 0},
    {STR_INIT("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"O\"}}"),
     STR_INIT("O"), 529},
    {STR_INIT("{\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"a\\nb\"}"),
     STR_INIT("a\nb"), 429},
    {STR_INIT("{\"type\":\"response.failed\","
              "\"response\":{\"error\":{\"code\":\"server_error\",\"message\":\"no\"}}}"),
     STR_INIT("no"), 500},
    {STR_INIT("{\"error\":{\"code\":null,\"type\":\"invalid_request_error\",\"message\":\"x\"}}"),
     STR_INIT("x"), 400},
    {STR_INIT("{\"error\":{\"code\":\"insufficient_quota\",\"type\":\"insufficient_quota\"}}"),
     STR_INIT(""), 402},
    {STR_INIT("{\"choices\":[{\"finish_reason\":\"error\","
              "\"error\":{\"code\":502,\"message\":\"m\"}}]}"),
     STR_INIT("m"), 502},
    {STR_INIT("{\"object\":\"error\",\"message\":\"v\",\"code\":400}"), STR_INIT("v"), 400},
    {STR_INIT("{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\",\"message\":\"g\"}}"),
     STR_INIT("g"), 503},
    {STR_INIT("{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"invalid_api_key\"}}"),
     STR_INIT(""), 401},
    {STR_INIT("{\"error\":{\"type\":\"authentication_error\","
              "\"code\":\"invalid_request_error\"}}"),
     STR_INIT(""), 401},
    {STR_INIT("{\"error\":{\"type\":\"x\",\"code\":\"invalid_request_error\"}}"), STR_INIT(""),
     400},
    {STR_INIT("{\"error\":{\"type\":\"invalid_request_error\","
              "\"message\":\"Your credit balance is too low to go on\"}}"),
     STR_INIT("Your credit balance is too low to go on"), 402},
    {STR_INIT("{\"detail\":\"none\"}"), STR_INIT("none"), 0},
    {STR_INIT("{\"detail\":[{\"loc\":[\"body\",\"n\"],\"msg\":\"Field required\"}]}"),
     STR_INIT("Field required"), 0},
    {STR_INIT("{\"object\":\"error\",\"message\":{\"detail\":[{\"msg\":\"Too large\"},"
              "{\"msg\":\"Too small\"}]},\"type\":\"invalid_request_error\"}"),
     STR_INIT("Too large"), 400},
    {STR_INIT("{\"detail\":[]}"), STR_INIT(""), 0},
    {STR_INIT("{\"detail\":[7]}"), STR_INIT(""), 0},
    {STR_INIT("{\"error\":{\"message\":{}}}"), STR_INIT(""), 0},
    {STR_INIT("{\"error\":{\"code\":\"x\",\"message\":\"prompt is too long: 9 tokens\"}}"),
     STR_INIT("prompt is too long: 9 tokens"), 400},
    {STR_INIT("{\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"much\"}}"),
     STR_INIT("much"), 400},
    {STR_INIT("{\"error\":{\"code\":7,\"message\":3}}"), STR_INIT(""), 0},
    {STR_INIT("{\"error\":null,\"choices\":[]}"), STR_INIT(""), 0},
    {STR_INIT("[]"), STR_INIT(""), 0},
    {STR_INIT("{broken"), STR_INIT(""), 0},
    {STR_INIT(""), STR_INIT(""), 0},
};

static void test_faults(void)
{
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct guard guard = guard_copy(faults[i].bytes);
		struct wire_fault fault;
		struct arena arena;
		struct json doc;

		json_init(&doc);
		arena_init(&arena);
		wire_read_fault(guard.bytes, &doc, &arena, &fault);
		CHECK_STR(fault.message, faults[i].message);
		CHECK(fault.status == faults[i].status);
		CHECK(fault.is_overflow ==
		      (str_eq(fault.message, STR("much")) || wire_is_overflow(fault.message)));
		arena_release(&arena);
		json_release(&doc);
		guard_free(&guard);
	}
}

static void test_overflows(void)
{
	CHECK(wire_is_overflow(STR("Your input exceeds the context window of this model.")));
	CHECK(wire_is_overflow(
	    STR("input length and `max_tokens` exceed context limit: 9 + 9 > 10")));
	CHECK(!wire_is_overflow(STR("max_tokens is too large")));
	CHECK(!wire_is_overflow(STR("")));
}

int main(void)
{
	test_faults();
	test_overflows();
	return check_report("fault");
}
