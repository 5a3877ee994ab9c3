/* Gemini's row in the table of translators: what its requests can say of each feature. */
#include "wire/gemini.h"

#include "wire/gemini_talk.h"

/* LACKS where a row is missing. Kept files are known to one provider's account only, and a system
 * text amid the conversation is moved to its front. */
static const uint8_t writes[FEATURE_COUNT] = {
    [FEATURE_DEVELOPER] = FEATURE_CHANGES,
    [FEATURE_LATE_SYSTEM] = FEATURE_CHANGES,
    [FEATURE_IMAGE_BYTES] = FEATURE_KEEPS,
    [FEATURE_IMAGE_URL] = FEATURE_KEEPS,
    [FEATURE_IMAGE_PAST] = FEATURE_KEEPS,
    [FEATURE_AUDIO] = FEATURE_KEEPS,
    [FEATURE_FILE_BYTES] = FEATURE_KEEPS,
    [FEATURE_FILE_URL] = FEATURE_KEEPS,
    [FEATURE_FILE_TEXT] = FEATURE_CHANGES,
    [FEATURE_THINKING] = FEATURE_CHANGES,
    [FEATURE_SEAL] = FEATURE_KEEPS,
    [FEATURE_REFUSAL] = FEATURE_CHANGES,
    [FEATURE_CALL] = FEATURE_KEEPS,
    [FEATURE_CALL_CUSTOM] = FEATURE_CHANGES,
    [FEATURE_RESULT_MEDIA] = FEATURE_CHANGES,
    [FEATURE_RESULT_ERROR] = FEATURE_CHANGES,
    [FEATURE_TOOL] = FEATURE_KEEPS,
    [FEATURE_TOOL_CUSTOM] = FEATURE_CHANGES,
    [FEATURE_TOOL_SEARCH] = FEATURE_CHANGES,
    [FEATURE_TOOL_DEFERRED] = FEATURE_CHANGES,
    [FEATURE_CHOICE] = FEATURE_KEEPS,
    [FEATURE_CHOICE_ALLOWED] = FEATURE_CHANGES,
    [FEATURE_FORMAT_JSON] = FEATURE_KEEPS,
    [FEATURE_FORMAT_SCHEMA] = FEATURE_KEEPS,
    [FEATURE_EFFORT] = FEATURE_CHANGES,
    [FEATURE_BUDGET] = FEATURE_KEEPS,
    [FEATURE_SUMMARY] = FEATURE_CHANGES,
    [FEATURE_SEALED] = FEATURE_KEEPS,
    [FEATURE_MAX_OUTPUT] = FEATURE_KEEPS,
    [FEATURE_TEMPERATURE] = FEATURE_KEEPS,
    [FEATURE_TOP_P] = FEATURE_KEEPS,
    [FEATURE_TOP_K] = FEATURE_KEEPS,
    [FEATURE_PENALTY] = FEATURE_KEEPS,
    [FEATURE_SEED] = FEATURE_KEEPS,
    [FEATURE_STOP] = FEATURE_KEEPS,
};

const struct translator wire_gemini_translator = {
    .name = STR_INIT("gemini"),
    .writes = writes,
    .reading_bytes = sizeof(struct gemini_hearing),
    .write_request = gemini_write_request,
    .read_event = gemini_read_event,
    .read_answer = gemini_read_answer,
};
