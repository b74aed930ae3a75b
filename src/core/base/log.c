/* core/base/log.c - see log.h. */
#include "core/base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/base/utf16.h"

static sp_log_fn hook;
static enum sp_log_level most = SP_LOG_INFO;

void sp_log_set(sp_log_fn fn, enum sp_log_level max)
{
	hook = fn;
	most = max;
}

void sp_log(enum sp_log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!hook || level > most) {
		return;
	}
	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0) {
		return;
	}
	sp_log_printable(line);
	hook(level, line);
}

void sp_log_printable(char *line)
{
	const char *next = line;

	while (*line) {
		uint32_t c = sp_utf8_next(&next);
		bool broken = c == 0xFFFD && next == line + 1;

		if (broken || sp_char_hides(c)) {
			memset(line, '?', (size_t)(next - line));
		}
		line += next - line;
	}
}

void sp_log_clean(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f) {
			*c = '?';
		} else if (*c == 0xc2 && 0x80 <= c[1] && c[1] < 0xa0) {
			c[0] = c[1] = '?'; /* U+0080 to U+009F: a terminal obeys them too */
		}
	}
}
