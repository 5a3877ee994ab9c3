/* Functions that are compile errors in this project; the build includes this file before every
 * source.
 *
 * Each has a way to overrun, to truncate in silence, to share a static buffer or to block. What
 * takes its place: buf_printf and arena_printf for text, str_to_i64 for numbers, clock.h for
 * times. The standard headers come first, since a poisoned name may not even be declared
 * afterwards. tools/lint checks what a preprocessor cannot (bare malloc outside base/, rand,
 * double in money code). */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wchar.h>
#include <inttypes.h>
#include <netdb.h>
#include <unistd.h>

/* glibc makes these macros where the compiler has no __va_arg_pack (clang with _FORTIFY_SOURCE). */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gets strncpy strncat gmtime     \
    localtime system

#endif
