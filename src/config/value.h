/* The forms of single values in the configuration: times, sizes, prices, addresses, secrets. Each
 * takes the text (NULL: absent) and the path it stands at, and gives a harmless value after noting
 * a mistake. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/decimal.h"
#include "base/url.h"
#include "config/mistake.h"

/* Borrows the text: "${NAME}" anywhere in it is the environment's. Unset names are mistakes.
 * Absent: empty. */
struct str config_value_text(struct config_mistakes *, struct str path, const char *text);
/* The same, and "file:PATH" is the first line of that file. */
struct str config_value_secret(struct config_mistakes *, struct str path, const char *text);
/* A file that can be read. */
struct str config_value_file(struct config_mistakes *, struct str path, const char *text);

/* "250ms", "5s", "2m", "1h", or a number of seconds, at most a week. */
int64_t config_value_ms(struct config_mistakes *, struct str path, const char *text,
                        int64_t fallback);
/* "64KiB", "512MiB", "1GiB", or a number of bytes. */
int64_t config_value_bytes(struct config_mistakes *, struct str path, const char *text,
                           int64_t fallback);
/* US dollars per million tokens, exactly, as pico-dollars per token. */
int64_t config_value_pusd(struct config_mistakes *, struct str path, const char *text,
                          int64_t fallback);
/* US dollars as nano-dollars. */
int64_t config_value_nusd(struct config_mistakes *, struct str path, const char *text,
                          int64_t fallback);
/* "50%", "12.5%", as basis points (10,000 = 100 %), within the range. */
int64_t config_value_bp(struct config_mistakes *, struct str path, const char *text,
                        struct decimal_range, int64_t fallback);
/* 2026-11-22, as seconds since 1970 UTC. */
int64_t config_value_day_s(struct config_mistakes *, struct str path, const char *text,
                           int64_t fallback);
/* 0..100, or eco, balanced, best. */
/* US dollars such as 20 or 0.25, in nano-dollars. */
int64_t config_value_usd(struct config_mistakes *, struct str path, const char *text);
int config_value_quality(struct config_mistakes *, struct str path, const char *text);
/* "1%" to "99%"; absent: 0. */
int config_value_percent(struct config_mistakes *, struct str path, const char *text);

/* http:// or https://. */
struct url config_value_url(struct config_mistakes *, struct str path, struct str text);
/* "127.0.0.1:8686", "[::1]:8686", "localhost:8686", "unix:/path". *out_is_local: nobody else can
 * reach it. */
void config_value_listen(struct config_mistakes *, struct str path, struct str text,
                         bool *out_is_local);

#endif
