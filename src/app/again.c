/* app/again.c - see again.h. */
#include "app/again.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/conf/conf.h"
#include "host/io/proc.h"

void app_shell_word(const char *text, char *out, size_t cap)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-@:=+,%";
	size_t n = 0;

	if (text[0] != '\0' && text[strspn(text, plain)] == '\0') {
		snprintf(out, cap, "%s", text);
		return;
	}
	if (cap < 3) {
		snprintf(out, cap, "%s", "");
		return;
	}
	out[n++] = '\'';
	/* Room for the longest of what follows, and for the end. */
	for (; *text != '\0' && n + 6 <= cap; text++) {
		n += (size_t)snprintf(out + n, cap - n, *text == '\'' ? "'\\''" : "%c", *text);
	}
	snprintf(out + n, cap - n, "'");
}

void app_self(char *out, size_t cap)
{
	char self[PATH_MAX];
	const char *path = getenv("PATH");

	snprintf(out, cap, "sallyport");
	if (sp_proc_find("sallyport", self, sizeof(self)) != SP_OK) {
		return; /* a test of ours */
	}
	size_t dir = (size_t)(strrchr(self, '/') - self);
	for (const char *p = path; p && *p; p += strcspn(p, ":"), p += *p == ':') {
		if (strcspn(p, ":") == dir && strncmp(p, self, dir) == 0) {
			return;
		}
	}
	app_shell_word(self, out, cap);
}

void app_absolute(const char *path, char *out, size_t cap)
{
	char here[PATH_MAX];

	while (strncmp(path, "./", 2) == 0 && path[2] != '\0') {
		path += 2;
	}
	if (path[0] == '/' || getcwd(here, sizeof(here)) == NULL) {
		snprintf(out, cap, "%s", path);
	} else if (strcmp(path, ".") == 0) {
		snprintf(out, cap, "%s", here);
	} else {
		snprintf(out, cap, "%s/%s", strcmp(here, "/") == 0 ? "" : here, path);
	}
}

void app_again(const struct app_service *s, const char *what, char *out, size_t cap)
{
	char self[APP_AGAIN_MAX], full[2 * PATH_MAX], word[2 * PATH_MAX];
	bool dir = s != NULL && s->dir != NULL && (s->file == NULL || s->file == s->buf);
	const char *path = dir ? s->dir : s != NULL ? s->file : NULL;

	app_self(self, sizeof(self));
	if (path == NULL || (!dir && strcmp(path, SP_CONF_FILE) == 0)) {
		snprintf(out, cap, "%s %s", self, what);
		return;
	}
	/* Whoever pastes it may be in another folder, or in a shell of root. */
	app_absolute(path, full, sizeof(full));
	app_shell_word(full, word, sizeof(word));
	snprintf(out, cap, "%s %s %s %s", self, what, dir ? "--dir" : "-c", word);
}
