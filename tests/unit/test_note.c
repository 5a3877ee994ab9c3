/* The quick look at an event: every mark is seen at every place of every length, what is no mark
 * never, and no byte behind the event is read. */
#include "check.h"
#include "guard.h"

#include "wire/note.h"

enum { LONGEST = 70 };

static struct wire_meter after_content = {.has_content = true};

static bool is_plain(struct str data)
{
	const struct wire_noting noting = {.meter = &after_content};

	return note_is_plain_content(&noting, data);
}

/* {....WORD.... of `len` bytes. */
static bool is_plain_with(struct str word, size_t at, size_t len)
{
	char text[LONGEST];
	struct guard guard;
	bool is_so;

	memset(text, '.', sizeof text);
	text[0] = '{';
	memcpy(text + at, word.ptr, word.len);
	guard = guard_copy((struct str){text, len});
	is_so = is_plain(guard.bytes);
	guard_free(&guard);
	return is_so;
}

static void test_everywhere(struct str word, bool plain)
{
	for (size_t len = 1 + word.len; len <= LONGEST; len++)
		for (size_t at = 1; at + word.len <= len; at++)
			CHECK(is_plain_with(word, at, len) == plain);
}

static void test_marks(void)
{
	static const struct str marks[] = {
	    STR_INIT("\"usage\""),         STR_INIT("\"error"),
	    STR_INIT("\"message_"),        STR_INIT("\"response.c"),
	    STR_INIT("\"response.f"),      STR_INIT("\"response.i"),
	    STR_INIT("\"network_error\""), STR_INIT("\"insufficient_system_resource\""),
	};

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		test_everywhere(marks[i], false);
}

static void test_others(void)
{
	static const struct str others[] = {
	    STR_INIT("\"model\""),   STR_INIT("\"user\""),      STR_INIT("\"response.o"),
	    STR_INIT("\"message\""), STR_INIT("\"use"),         STR_INIT("\"er"),
	    STR_INIT("\\usage\\"),   STR_INIT("\"reasoning\""), STR_INIT("usage\""),
	};

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		test_everywhere(others[i], true);
}

static void test_what_is_never_plain(void)
{
	struct wire_meter fresh = {0};
	const struct wire_noting before = {.meter = &fresh};

	CHECK(!note_is_plain_content(&before, STR("{\"delta\":1}")));
	CHECK(!is_plain(STR("")));
	CHECK(!is_plain(STR("[DONE]")));
	CHECK(is_plain(STR("{}")));
}

int main(void)
{
	test_marks();
	test_others();
	test_what_is_never_plain();
	return check_report("note");
}
