/* desk/session/bus.c - see bus.h. */
#include "desk/session/bus.h"

#include <errno.h>
#include <stdbool.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/child.h"

#define START_MS 5000
#define UPDATE_MS 2000
#define GRACE_MS 1000

struct sp_bus {
	struct sp_child child; /* not running when the bus is somebody else's */
};

/* Whether somebody listens on the socket file. */
static bool answers(const char *path)
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
	} to = {.un = {.sun_family = AF_UNIX}};
	size_t len = strlen(path);

	if (!(len < sizeof(to.un.sun_path))) {
		return false;
	}
	memcpy(to.un.sun_path, path, len + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return false;
	}
	bool ok = connect(fd, &to.any, sizeof(to.un)) == 0;
	close(fd);
	return ok;
}

/* The address set (by PAM), or the user's bus in its usual place. */
static bool find_living(struct sp_env *env)
{
	static const char unix_path[] = "unix:path=";
	const char *given = sp_env_get(env, "DBUS_SESSION_BUS_ADDRESS");
	const char *runtime = sp_env_get(env, "XDG_RUNTIME_DIR");
	char address[300];

	if (given && strncmp(given, unix_path, sizeof(unix_path) - 1) == 0) {
		const char *path = given + sizeof(unix_path) - 1;

		snprintf(address, sizeof(address), "%.*s", (int)strcspn(path, ",;"), path);
		if (answers(address)) {
			return true;
		}
	}
	if (!runtime) {
		return false;
	}
	snprintf(address, sizeof(address), "%s%s/bus", unix_path, runtime);
	return answers(address + sizeof(unix_path) - 1) &&
			sp_env_set(env, "DBUS_SESSION_BUS_ADDRESS", address) == SP_OK;
}

/* A bus that was there before the desktop starts services without its display otherwise. */
static void tell_environment(struct sp_env *env)
{
	char path[300];
	const char *argv[] = {"dbus-update-activation-environment", "DISPLAY", "XAUTHORITY",
			"XDG_SESSION_TYPE", NULL};
	struct sp_child child;
	struct sp_child_opts opts = {
			.path = path, .argv = argv, .envp = sp_env_vector(env), .pass_fd = -1};

	if (!sp_env_get(env, "DISPLAY") ||
			sp_child_find(argv[0], sp_env_get(env, "PATH"), path, sizeof(path)) !=
					SP_OK) {
		return;
	}
	if (sp_child_start(&opts, &child) == SP_OK) {
		if (sp_child_wait(&child, UPDATE_MS) != SP_OK) {
			sp_log(SP_LOG_DEBUG, "desktop: the session bus was not told the display");
		}
		sp_child_end(&child, 0);
	}
}

static int start_own(struct sp_bus *b, struct sp_env *env, char *why, size_t n)
{
	char path[300], listen[300], line[300];
	const char *runtime = sp_env_get(env, "XDG_RUNTIME_DIR");
	int ends[2];

	if (sp_child_find("dbus-daemon", sp_env_get(env, "PATH"), path, sizeof(path)) != SP_OK) {
		snprintf(why, n, "dbus-daemon is not installed");
		return SP_ENOTFOUND;
	}
	/* Abstract sockets have no owner; one below the private directory is ours alone. */
	snprintf(listen, sizeof(listen), "--address=unix:dir=%s", runtime ? runtime : "/tmp");
	const char *argv[] = {"dbus-daemon", "--session", "--nofork", "--nopidfile",
			"--print-address=3", listen, NULL};
	if (pipe2(ends, O_CLOEXEC) != 0) {
		snprintf(why, n, "no pipe: %s", strerror(errno));
		return SP_ESYS;
	}
	struct sp_child_opts opts = {.path = path,
			.argv = argv,
			.envp = sp_env_vector(env),
			.pass_fd = ends[1],
			.die_with_us = true};
	int rc = sp_child_start(&opts, &b->child);
	close(ends[1]);
	if (rc == SP_OK) {
		rc = sp_child_line(&b->child, ends[0], START_MS, line, sizeof(line));
	}
	close(ends[0]);
	if (rc == SP_OK) {
		rc = sp_env_set(env, "DBUS_SESSION_BUS_ADDRESS", line);
	}
	if (rc != SP_OK) {
		snprintf(why, n, "dbus-daemon does not start: %s", sp_err_text(rc));
		sp_child_end(&b->child, GRACE_MS);
	}
	return rc;
}

int sp_bus_start(struct sp_env *env, struct sp_bus **out, char *why, size_t n)
{
	struct sp_bus *b = sp_calloc(1, sizeof(*b));
	int rc = SP_OK;

	*out = NULL;
	snprintf(why, n, "%s", "");
	if (!b) {
		return SP_ENOMEM;
	}
	b->child.fd = -1;
	if (find_living(env)) {
		tell_environment(env);
	} else {
		rc = sp_env_set(env, "DBUS_SESSION_BUS_ADDRESS", NULL);
		if (rc == SP_OK) {
			rc = start_own(b, env, why, n);
		}
	}
	if (rc != SP_OK) {
		sp_bus_destroy(b);
		return rc;
	}
	*out = b;
	return SP_OK;
}

void sp_bus_destroy(struct sp_bus *b)
{
	if (!b) {
		return;
	}
	sp_child_end(&b->child, GRACE_MS);
	sp_free(b);
}
