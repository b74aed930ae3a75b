/* tests/unit/unit.c - see unit.h. */
#include "unit.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *kept[4096];
static size_t n_kept;
static int skipped;

/*
 * Asked by the leak sanitizer at exit. A skipped test leaves by longjmp from wherever it was, so
 * what it had allocated until then is not freed.
 */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
	return skipped;
}

static void free_kept(void)
{
	while (n_kept > 0) {
		free(kept[--n_kept]);
	}
}

static void *keep(void *p)
{
	if (n_kept == 0) {
		atexit(free_kept);
	}
	if (n_kept < sizeof(kept) / sizeof(kept[0])) {
		kept[n_kept++] = p;
	}
	return p;
}

static bool slurp(const char *dir, const char *name, char **out, size_t *n)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (!f) {
		return false;
	}
	fseek(f, 0, SEEK_END);
	*n = (size_t)ftell(f);
	rewind(f);
	*out = keep(calloc(1, *n + 1));
	*n = fread(*out, 1, *n, f);
	fclose(f);
	return true;
}

static int digit(int c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

struct sp_span unit_hex(const char *hex)
{
	uint8_t *out = keep(malloc(strlen(hex) / 2 + 1));
	size_t n = 0;

	for (const char *c = hex; *c; c++) {
		if (*c == '#') {
			while (c[1] && c[1] != '\n') {
				c++;
			}
		} else if (isxdigit((unsigned char)c[0]) && isxdigit((unsigned char)c[1])) {
			out[n++] = (uint8_t)(digit(c[0]) << 4 | digit(c[1]));
			c++;
		}
	}
	return sp_span(out, n);
}

struct sp_span unit_vector(const char *name)
{
	const char *dir = getenv("SP_VECTORS");
	char *text;
	size_t n;

	if (!dir || !slurp(dir, name, &text, &n)) {
		print_message("skipped: no vector %s in %s\n", name,
				dir ? dir : "(SP_VECTORS not set)");
		skipped = 1;
		skip();
	}
	if (strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".hex") == 0) {
		return unit_hex(text);
	}
	return sp_span(text, n);
}

struct sp_span unit_file(const char *name)
{
	const char *dir = getenv("SP_SOURCE");
	char *text = NULL;
	size_t n = 0;

	assert_non_null(dir);
	assert_true(slurp(dir, name, &text, &n));
	return sp_span(text, n);
}

struct sp_span unit_kv(const char *file, const char *name)
{
	struct sp_span all = unit_vector(file);
	const char *line = (const char *)all.p;
	size_t len = strlen(name);

	while (line && *line) {
		const char *end = strchr(line, '\n');

		if (strncmp(line, name, len) == 0 && (line[len] == ' ' || line[len] == '=')) {
			const char *value = strchr(line, '=');
			char *copy = keep(strndup(value + 1,
					end ? (size_t)(end - value - 1) : strlen(value + 1)));
			return unit_hex(copy);
		}
		line = end ? end + 1 : NULL;
	}
	return sp_span(NULL, 0);
}

void unit_truncate(struct sp_span in, void (*fn)(struct sp_span cut, void *arg), void *arg)
{
	for (size_t n = 0; n < in.n; n++) {
		uint8_t *copy = malloc(n ? n : 1);

		memcpy(copy, in.p, n);
		fn(sp_span(copy, n), arg);
		free(copy);
	}
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

uint8_t *unit_bent(struct sp_span in, size_t within, uint32_t *seed)
{
	uint8_t *copy = malloc(in.n);

	assert_non_null(copy);
	memcpy(copy, in.p, in.n);
	for (uint32_t k = next(seed) % 4 + 1; k > 0; k--) {
		copy[next(seed) % (within < in.n ? within : in.n)] = (uint8_t)next(seed);
	}
	return copy;
}
