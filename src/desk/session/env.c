/* desk/session/env.c - see env.h. */
#include "desk/session/env.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"

struct sp_env {
	char *lines[SP_ENV_MAX + 1]; /* INVARIANT: lines[n] == NULL */
	size_t n;
};

int sp_env_create(struct sp_env **out)
{
	*out = sp_calloc(1, sizeof(**out));
	return *out ? SP_OK : SP_ENOMEM;
}

void sp_env_destroy(struct sp_env *e)
{
	if (!e) {
		return;
	}
	for (size_t i = 0; i < e->n; i++) {
		sp_free(e->lines[i]);
	}
	sp_free(e);
}

/* Index of the variable whose name is the first len bytes of name; n when there is none. */
static size_t find(const struct sp_env *e, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		if (strncmp(e->lines[i], name, len) == 0 && e->lines[i][len] == '=') {
			break;
		}
	}
	return i;
}

/* Takes the line. */
static int put(struct sp_env *e, char *line, size_t name_len)
{
	size_t i = find(e, line, name_len);

	if (i == SP_ENV_MAX) {
		sp_free(line);
		return SP_ELIMIT;
	}
	if (i == e->n) {
		e->n++;
	}
	sp_free(e->lines[i]);
	e->lines[i] = line;
	return SP_OK;
}

int sp_env_set(struct sp_env *e, const char *name, const char *value)
{
	size_t len = strlen(name);

	if (len == 0 || strchr(name, '=')) {
		return SP_EARG;
	}
	if (!value) {
		size_t i = find(e, name, len);

		if (i < e->n) {
			sp_free(e->lines[i]);
			e->lines[i] = e->lines[--e->n];
			e->lines[e->n] = NULL;
		}
		return SP_OK;
	}
	size_t size = len + 1 + strlen(value) + 1;
	char *line = sp_malloc(size);
	if (!line) {
		return SP_ENOMEM;
	}
	snprintf(line, size, "%s=%s", name, value);
	return put(e, line, len);
}

int sp_env_merge(struct sp_env *e, char *const *lines)
{
	for (; lines && *lines; lines++) {
		const char *eq = strchr(*lines, '=');

		if (!eq || eq == *lines) {
			continue;
		}
		char *copy = sp_strdup(*lines);
		int rc = copy ? put(e, copy, (size_t)(eq - *lines)) : SP_ENOMEM;

		if (rc != SP_OK) {
			return rc;
		}
	}
	return SP_OK;
}

const char *sp_env_get(const struct sp_env *e, const char *name)
{
	size_t len = strlen(name);
	size_t i = find(e, name, len);

	return i < e->n ? e->lines[i] + len + 1 : NULL;
}

char *const *sp_env_vector(const struct sp_env *e)
{
	return e->lines;
}

static bool is_private_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
			(st.st_mode & 0777) == 0700;
}

static int set_runtime_dir(struct sp_env *e, const char *dir)
{
	char path[512];
	const char *given = sp_env_get(e, "XDG_RUNTIME_DIR"); /* from PAM */

	if (given && is_private_dir(given)) {
		return SP_OK;
	}
	snprintf(path, sizeof(path), "/run/user/%u", (unsigned)geteuid());
	if (is_private_dir(path)) {
		return sp_env_set(e, "XDG_RUNTIME_DIR", path);
	}
	int n = snprintf(path, sizeof(path), "%s/runtime", dir);
	if (!(n > 0 && (size_t)n < sizeof(path))) {
		return SP_ELIMIT;
	}
	/* What is already there with other rights or of another user is not trusted. */
	if (mkdir(path, 0700) != 0 && !is_private_dir(path)) {
		return SP_ESYS;
	}
	return sp_env_set(e, "XDG_RUNTIME_DIR", path);
}

/* LANG, LC_* and TZ as ours are: they tell how the machine is set up. */
static int copy_locale(struct sp_env *e)
{
	for (char **line = environ; *line; line++) {
		char *one[2] = {*line, NULL};

		if (strncmp(*line, "LC_", 3) != 0 && strncmp(*line, "LANG", 4) != 0 &&
				strncmp(*line, "TZ=", 3) != 0) {
			continue;
		}
		int rc = sp_env_merge(e, one);
		if (rc != SP_OK) {
			return rc;
		}
	}
	return sp_env_get(e, "LANG") ? SP_OK : sp_env_set(e, "LANG", "C.UTF-8");
}

int sp_env_user(struct sp_env *e, const char *dir)
{
	struct passwd *pw = getpwuid(geteuid());
	const char *home = pw && pw->pw_dir[0] ? pw->pw_dir : "/";
	const char *shell = pw && pw->pw_shell[0] ? pw->pw_shell : "/bin/sh";
	const char *path = geteuid() == 0
			? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
			: "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
	char number[16];

	/* A user without an entry (a container's) is known by number. */
	snprintf(number, sizeof(number), "%u", (unsigned)geteuid());
	const char *name = pw ? pw->pw_name : number;
	const char *pairs[][2] = {
			{"HOME", home},
			{"USER", name},
			{"LOGNAME", name},
			{"SHELL", shell},
			{"XDG_SESSION_TYPE", "x11"},
			{"XDG_SESSION_CLASS", "user"},
	};
	for (size_t i = 0; i < SP_LEN(pairs); i++) {
		int rc = sp_env_set(e, pairs[i][0], pairs[i][1]);

		if (rc != SP_OK) {
			return rc;
		}
	}
	int rc = sp_env_get(e, "PATH") ? SP_OK : sp_env_set(e, "PATH", path);
	if (rc == SP_OK) {
		rc = copy_locale(e);
	}
	return rc == SP_OK ? set_runtime_dir(e, dir) : rc;
}

int sp_env_display(struct sp_env *e, const char *display, const char *authority)
{
	int rc = sp_env_set(e, "DISPLAY", display);

	return rc == SP_OK ? sp_env_set(e, "XAUTHORITY", authority) : rc;
}
