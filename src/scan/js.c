/* scan/js.c - see js.h */
#include "scan/js.h"

#include <string.h>

#include "scan/escape.h"

#define HEX_MAX 64

static void lead(struct sp_scan_js *js, const char *key)
{
	if (js->filled) {
		putc(',', js->out);
	}
	if (js->pretty && js->depth > 0) {
		putc('\n', js->out);
		for (uint32_t i = 0; i < js->depth; i++) {
			putc('\t', js->out);
		}
	} else if (js->filled) {
		putc(' ', js->out);
	}
	if (key != NULL) {
		sp_scan_put_json(js->out, key);
		fputs(": ", js->out);
	}
	js->filled = true;
}

void sp_scan_js_open(struct sp_scan_js *js, const char *key, char bracket)
{
	lead(js, key);
	putc(bracket, js->out);
	js->depth++;
	js->filled = false;
}

void sp_scan_js_close(struct sp_scan_js *js, char bracket)
{
	js->depth--;
	if (js->pretty && js->filled) {
		putc('\n', js->out);
		for (uint32_t i = 0; i < js->depth; i++) {
			putc('\t', js->out);
		}
	}
	putc(bracket, js->out);
	js->filled = true;
}

void sp_scan_js_text(struct sp_scan_js *js, const char *key, const char *text)
{
	if (text == NULL) {
		sp_scan_js_null(js, key);
		return;
	}
	lead(js, key);
	sp_scan_put_json(js->out, text);
}

void sp_scan_js_num(struct sp_scan_js *js, const char *key, int64_t v)
{
	lead(js, key);
	fprintf(js->out, "%lld", (long long)v);
}

void sp_scan_js_bool(struct sp_scan_js *js, const char *key, bool v)
{
	lead(js, key);
	fputs(v ? "true" : "false", js->out);
}

void sp_scan_js_null(struct sp_scan_js *js, const char *key)
{
	lead(js, key);
	fputs("null", js->out);
}

void sp_scan_js_time(struct sp_scan_js *js, const char *key, int64_t seconds)
{
	char text[SP_SCAN_TIME_MAX];

	sp_scan_time(seconds, text);
	sp_scan_js_text(js, key, text[0] ? text : NULL);
}

void sp_scan_js_hex(struct sp_scan_js *js, const char *key, const uint8_t *p, size_t n)
{
	char text[2 * HEX_MAX + 1];

	sp_scan_js_text(js, key, sp_scan_hex(p, n < HEX_MAX ? n : HEX_MAX, text));
}

void sp_scan_js_words(struct sp_scan_js *js, const char *key, const char *words)
{
	sp_scan_js_open(js, key, '[');
	while (words != NULL && *words != '\0') {
		char word[256];
		size_t n = strcspn(words, " ");
		snprintf(word, sizeof(word), "%.*s", (int)n, words);
		sp_scan_js_text(js, NULL, word);
		words += n + strspn(words + n, " ");
	}
	sp_scan_js_close(js, ']');
}
