/* app/json.c - the little JSON that list and show commands print. */
#include "app/json.h"

#include <time.h>

#include "core/base/utf16.h"

void app_json_text(FILE *out, const char *text)
{
	fputc('"', out);
	while (*text != '\0') {
		const char *at = text;
		uint32_t c = sp_utf8_next(&text);
		if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", (char)c);
		} else if (c < 0x20 || c == 0x7f || c == 0xfffd) {
			fprintf(out, "\\u%04x", (unsigned)c);
		} else {
			fwrite(at, 1, (size_t)(text - at), out);
		}
	}
	fputc('"', out);
}

void app_time_text(int64_t seconds, char out[32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds == 0 || gmtime_r(&t, &tm) == NULL ||
			strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
		snprintf(out, 32, "never");
	}
}

void app_json_time(FILE *out, int64_t seconds)
{
	char text[32];

	app_time_text(seconds, text);
	if (seconds == 0) {
		fputs("null", out);
	} else {
		fprintf(out, "\"%s\"", text);
	}
}
