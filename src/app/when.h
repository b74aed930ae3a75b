/* app/when.h - moments as people type and read them. */
#ifndef SP_APP_WHEN_H
#define SP_APP_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "host/conf/zone.h"

#define APP_WHEN 40

/*
 * "22:00" of today, "2026-11-22 22:00", "2026-11-22T22:00:30.5", all by the clock of `local`, or
 * with "Z" or "+01:00" behind it; "2026-11-22" is when that day begins. Parts of a second are cut
 * off. False when it is no such moment.
 */
bool app_when_parse(const char *text, const struct sp_zone *local, int64_t now, int64_t *out);
/* "Sun 2026-11-22 22:00:00 +0100". */
void app_when_text(int64_t t, const struct sp_zone *local, char out[APP_WHEN]);

#endif
