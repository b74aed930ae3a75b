/* app/json.h - the little JSON that list and show commands print. */
#ifndef SP_APP_JSON_H
#define SP_APP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* "text" with its quotes, escaped; invalid UTF-8 becomes U+FFFD. */
void app_json_text(FILE *out, const char *text);
/* "2026-01-31T12:00:00Z", or null for 0. */
void app_json_time(FILE *out, int64_t seconds);
/* The same without quotes, "never" for 0. */
void app_time_text(int64_t seconds, char out[32]);

#endif
