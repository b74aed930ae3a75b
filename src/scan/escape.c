/* scan/escape.c - see escape.h */
#include "scan/escape.h"

#include <string.h>
#include <time.h>

#include "core/base/attr.h"
#include "core/base/utf16.h"

static void put_char(FILE *out, uint32_t c)
{
	char bytes[4];

	fwrite(bytes, 1, sp_utf8_put(c, bytes), out);
}

void sp_scan_put_text(FILE *out, const char *text)
{
	while (*text != '\0') {
		uint32_t c = sp_utf8_next(&text);
		if (sp_char_hides(c)) {
			fprintf(out, "\\u{%04x}", c);
		} else {
			put_char(out, c);
		}
	}
}

void sp_scan_put_xml(FILE *out, const char *text)
{
	while (*text != '\0') {
		uint32_t c = sp_utf8_next(&text);
		if (sp_char_hides(c)) {
			fprintf(out, "\\u{%04x}", c);
		} else if (c < 0x80 && strchr("&<>\"'", (int)c) != NULL) {
			fprintf(out, "&#%u;", c);
		} else {
			put_char(out, c);
		}
	}
}

void sp_scan_put_json(FILE *out, const char *text)
{
	putc('"', out);
	while (*text != '\0') {
		uint32_t c = sp_utf8_next(&text);
		if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", (int)c);
		} else if (sp_char_hides(c) && c >= 0x10000) {
			fprintf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
					0xdc00 + ((c - 0x10000) & 0x3ff));
		} else if (sp_char_hides(c)) {
			fprintf(out, "\\u%04x", c);
		} else {
			put_char(out, c);
		}
	}
	putc('"', out);
}

void sp_scan_put_label(FILE *out, const char *text)
{
	putc('"', out);
	while (*text != '\0') {
		uint32_t c = sp_utf8_next(&text);
		if (sp_char_hides(c)) {
			fprintf(out, "\\\\u{%04x}", c);
		} else if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", (int)c);
		} else {
			put_char(out, c);
		}
	}
	putc('"', out);
}

void sp_scan_put_csv(FILE *out, const char *text)
{
	const char *start = text + strspn(text, " ");

	putc('"', out);
	if (*start != '\0' && strchr("=+-@|%", *start) != NULL) {
		putc('\'', out);
	}
	while (*text != '\0') {
		uint32_t c = sp_utf8_next(&text);
		if (sp_char_hides(c)) {
			fprintf(out, "\\u{%04x}", c);
		} else if (c == '"') {
			fputs("\"\"", out);
		} else {
			put_char(out, c);
		}
	}
	putc('"', out);
}

const char *sp_scan_time(int64_t seconds, char out[SP_SCAN_TIME_MAX])
{
	time_t t = (time_t)seconds;
	struct tm tm = {0};

	if (seconds == 0 || gmtime_r(&t, &tm) == NULL ||
			!(-1900 < tm.tm_year && tm.tm_year < 8100) ||
			strftime(out, SP_SCAN_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
		out[0] = '\0';
	}
	return out;
}

const char *sp_scan_hex(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}
