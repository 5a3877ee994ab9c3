/* jansson beside our own reader: its names that are also ours are called jansson_* and JANSSON_*
 * here. Include our headers after this one; of its macros json_is_* none works with it. */
#ifndef TESTS_UNIT_JANSSON_ORACLE_H
#define TESTS_UNIT_JANSSON_ORACLE_H

#define json_type jansson_type
#define JSON_NULL JANSSON_NULL
#define JSON_FALSE JANSSON_FALSE
#define JSON_TRUE JANSSON_TRUE
#define JSON_STRING JANSSON_STRING
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_OBJECT JANSSON_OBJECT

#include <jansson.h>

#undef json_type
#undef json_is_null
#undef JSON_NULL
#undef JSON_FALSE
#undef JSON_TRUE
#undef JSON_STRING
#undef JSON_ARRAY
#undef JSON_OBJECT

#define JANSSON_STRICT (JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)

#endif
