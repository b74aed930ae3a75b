/* scan/js.h - JSON as it is written: who uses it says keys and values, commas come by themselves. */
#ifndef SP_SCAN_JS_H
#define SP_SCAN_JS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct sp_scan_js {
	FILE *out;
	uint32_t depth;
	bool filled; /* something stands before in this object or array */
	bool pretty; /* lines and tabs; else everything on one line */
};

/* In an object key is the name of the member; in an array and at the top it is NULL. */
void sp_scan_js_open(struct sp_scan_js *js, const char *key, char bracket);
void sp_scan_js_close(struct sp_scan_js *js, char bracket);
/* A stranger's text as well as ours; NULL gives null. */
void sp_scan_js_text(struct sp_scan_js *js, const char *key, const char *text);
void sp_scan_js_num(struct sp_scan_js *js, const char *key, int64_t v);
void sp_scan_js_bool(struct sp_scan_js *js, const char *key, bool v);
void sp_scan_js_null(struct sp_scan_js *js, const char *key);
/* "2026-11-23T00:00:00Z", null for 0. */
void sp_scan_js_time(struct sp_scan_js *js, const char *key, int64_t seconds);
void sp_scan_js_hex(struct sp_scan_js *js, const char *key, const uint8_t *p, size_t n);
/* "a b c" as an array of texts; NULL as an empty one. */
void sp_scan_js_words(struct sp_scan_js *js, const char *key, const char *words);

#endif
