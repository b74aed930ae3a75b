/* client/clip_local.c - see clip_local.h. */
#include "client/clip_local.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/chan/clip_files.h"

static int begin_at(struct sp_given *g, const char *named, char why[SP_WHY_MAX])
{
	char path[PATH_MAX];

	/* What the person says may lead over links; what lies below it may not. */
	if (!realpath(named, path)) {
		snprintf(why, SP_WHY_MAX, "%.120s: %s", named, strerror(errno));
		return SP_ENOTFOUND;
	}
	char *slash = strrchr(path, '/');
	if (slash[1] == '\0') {
		snprintf(why, SP_WHY_MAX, "%.120s: not all of a machine", named);
		return SP_ELIMIT;
	}
	*slash = '\0';
	int fd = open(slash == path ? "/" : path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(why, SP_WHY_MAX, "%.120s: %s", named, strerror(errno));
		return SP_ENOTFOUND;
	}
	if (sp_given_root(g, fd) != SP_OK) {
		snprintf(why, SP_WHY_MAX, "%.120s: too many paths", named);
		return SP_ELIMIT;
	}
	size_t before = sp_given_count(g);
	int rc = sp_given_add(g, slash + 1);
	if (rc == SP_OK && sp_given_count(g) == before) {
		snprintf(why, SP_WHY_MAX, "%.120s: no file or directory that can be sent", named);
		return SP_ENOTFOUND;
	}
	if (rc == SP_OK) {
		rc = sp_given_walk(g, 0);
	}
	if (rc == SP_ELIMIT) {
		snprintf(why, SP_WHY_MAX, "%.120s: more than %d files, or too deep", named,
				SP_CLIP_FILES_MAX);
	}
	return rc;
}

int sp_clip_local_create(
		const char *const *paths, size_t n, struct sp_given **out, char why[SP_WHY_MAX])
{
	struct sp_given *g = sp_given_create(false);
	int rc = g ? SP_OK : SP_ENOMEM;

	*out = NULL;
	snprintf(why, SP_WHY_MAX, "out of memory");
	for (size_t i = 0; rc == SP_OK && i < n; i++) {
		rc = begin_at(g, paths[i], why);
	}
	if (rc != SP_OK) {
		sp_given_destroy(g);
		return rc;
	}
	*out = g;
	return SP_OK;
}
