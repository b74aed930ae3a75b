/* desk/session/pulse_server.c - see pulse_server.h. */
#include "desk/session/pulse_server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/child.h"

#define PATH 200
#define BACKLOG 16
#define GRACE_MS 1000

struct sp_pulse_server {
	char dir[PATH]; /* of what it keeps */
	char address[PATH + 16];
	char name[48]; /* of the sink; the source has "-mic" behind it */
	char source[56];
	char pipe[PATH];
	char program[PATH];
	int socket; /* it listens on; -1: not ours */
	struct sp_child child;
	struct sp_env *env; /* borrowed */
};

union address {
	struct sockaddr any;
	struct sockaddr_un un;
};

static bool unix_address(const char *path, union address *out)
{
	size_t len = strlen(path);

	*out = (union address){.un = {.sun_family = AF_UNIX}};
	if (!(len < sizeof(out->un.sun_path))) {
		return false;
	}
	memcpy(out->un.sun_path, path, len + 1);
	return true;
}

/* Whether somebody listens there. A socket that systemd holds answers before its server runs. */
static bool answers(const char *path)
{
	union address to;

	if (!unix_address(path, &to)) {
		return false;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return false;
	}
	bool ok = connect(fd, &to.any, sizeof(to.un)) == 0;
	close(fd);
	return ok;
}

static bool find_living(struct sp_pulse_server *s)
{
	const char *given = sp_env_get(s->env, "PULSE_SERVER");
	const char *runtime = sp_env_get(s->env, "XDG_RUNTIME_DIR");
	char path[PATH];

	if (given && given[0]) {
		int n = snprintf(s->address, sizeof(s->address), "%s", given);

		return 0 < n && (size_t)n < sizeof(s->address);
	}
	int n = runtime ? snprintf(path, sizeof(path), "%s/pulse/native", runtime) : -1;
	if (!(0 < n && (size_t)n < sizeof(path)) || !answers(path)) {
		return false;
	}
	snprintf(s->address, sizeof(s->address), "unix:%s", path);
	return true;
}

static int listen_at(const char *path)
{
	union address at;

	if (!unix_address(path, &at)) {
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -1;
	}
	unlink(path);
	if (bind(fd, &at.any, sizeof(at.un)) != 0 || listen(fd, BACKLOG) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Without "norewinds" PulseAudio fills a null sink two seconds ahead for a program that does not
 * mind, and what listens from then on hears nothing until those are over.
 */
int sp_pulse_server_sink_args(const struct sp_pulse_server *s, char *out, size_t n)
{
	int len = snprintf(out, n,
			"sink_name=%s rate=%d channels=2 format=s16le norewinds=1 "
			"sink_properties=device.description=Sallyport",
			s->name, SP_PULSE_RATE);

	return 0 < len && (size_t)len < n ? SP_OK : SP_ESPACE;
}

int sp_pulse_server_source_args(const struct sp_pulse_server *s, char *out, size_t n)
{
	int len = snprintf(out, n,
			"source_name=%s file=%s rate=%d channels=1 format=s16le "
			"source_properties=device.description=Sallyport",
			s->source, s->pipe, SP_PULSE_RATE);

	return 0 < len && (size_t)len < n ? SP_OK : SP_ESPACE;
}

/*
 * The socket is handed over as systemd does it: LISTEN_PID has to be the number of the process
 * that takes it, which the shell knows of itself and keeps when it becomes pulseaudio.
 */
static int start_child(struct sp_pulse_server *s)
{
	static const char script[] = "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"";
	char sink[300] = "module-null-sink ", source[600] = "module-pipe-source ";
	char native[PATH + 80], home[PATH + 24], state[PATH + 24];
	struct sp_env *env;
	int rc = sp_env_create(&env);

	if (rc != SP_OK) {
		return rc;
	}
	snprintf(native, sizeof(native), "module-native-protocol-unix auth-anonymous=1 socket=%s",
			s->address + strlen("unix:"));
	snprintf(home, sizeof(home), "%s", s->dir);
	snprintf(state, sizeof(state), "%s/state", s->dir);
	rc = sp_pulse_server_sink_args(s, sink + strlen(sink), sizeof(sink) - strlen(sink));
	if (rc == SP_OK) {
		rc = sp_pulse_server_source_args(
				s, source + strlen(source), sizeof(source) - strlen(source));
	}
	if (rc == SP_OK) {
		rc = sp_env_merge(env, sp_env_vector(s->env));
	}
	if (rc == SP_OK) {
		rc = sp_env_set(env, "PULSE_RUNTIME_PATH", home);
	}
	if (rc == SP_OK) {
		rc = sp_env_set(env, "PULSE_STATE_PATH", state);
	}
	/* It would look for a session bus, and start one for the display. */
	if (rc == SP_OK) {
		rc = sp_env_set(env, "DBUS_SESSION_BUS_ADDRESS", "disabled:");
	}
	if (rc == SP_OK) {
		rc = sp_env_set(env, "DISPLAY", NULL);
	}
	const char *argv[] = {"sh", "-c", script, s->program, "-n", "--daemonize=no", "--fail=yes",
			"--realtime=no", "--high-priority=no", "--use-pid-file=no",
			"--exit-idle-time=-1", "--log-target=stderr", "-L", sink, "-L", source,
			"-L", "module-suspend-on-idle timeout=1", "-L", native, NULL};
	char log[PATH + 24];
	snprintf(log, sizeof(log), "%s/log", s->dir);
	struct sp_child_opts opts = {.path = "/bin/sh",
			.argv = argv,
			.envp = sp_env_vector(env),
			.log = log,
			.pass_fd = s->socket,
			.die_with_us = true};
	if (rc == SP_OK) {
		unlink(s->pipe); /* of one that died; the module wants to make it */
		rc = sp_child_start(&opts, &s->child);
	}
	sp_env_destroy(env);
	return rc;
}

static int start_own(struct sp_pulse_server *s, const char *dir, char *why, size_t n)
{
	char path[PATH];

	if (sp_child_find("pulseaudio", sp_env_get(s->env, "PATH"), s->program,
			    sizeof(s->program)) != SP_OK) {
		snprintf(why, n, "no sound server runs and pulseaudio is not installed");
		return SP_ENOTFOUND;
	}
	int len = snprintf(s->dir, sizeof(s->dir), "%s/sound", dir);
	int at = snprintf(path, sizeof(path), "%s/sound/native", dir);
	if (!(0 < len && 0 < at && (size_t)at < sizeof(path)) || strpbrk(dir, " \t\n\"'\\")) {
		snprintf(why, n, "no sound server can live below %s", dir);
		return SP_EARG;
	}
	if (mkdir(s->dir, 0700) != 0 && errno != EEXIST) {
		snprintf(why, n, "%s: %s", s->dir, strerror(errno));
		return SP_ESYS;
	}
	snprintf(s->address, sizeof(s->address), "unix:%s", path);
	s->socket = listen_at(path);
	if (s->socket < 0) {
		snprintf(why, n, "%s: %s", path, strerror(errno));
		return SP_ESYS;
	}
	return sp_env_set(s->env, "PULSE_SERVER", s->address);
}

int sp_pulse_server_start(struct sp_env *env, const char *dir, struct sp_pulse_server **out,
		char *why, size_t n)
{
	struct sp_pulse_server *s = sp_calloc(1, sizeof(*s));
	int rc = SP_OK;

	*out = NULL;
	snprintf(why, n, "%s", "");
	if (!s) {
		return SP_ENOMEM;
	}
	s->socket = -1;
	s->child.fd = -1;
	s->env = env;
	/* A server that others use may have more than one desktop's. */
	bool living = find_living(s);
	if (living) {
		snprintf(s->name, sizeof(s->name), "sallyport-%ld", (long)getpid());
	} else {
		snprintf(s->name, sizeof(s->name), "sallyport");
		rc = start_own(s, dir, why, n);
	}
	snprintf(s->source, sizeof(s->source), "%s-mic", s->name);
	int len = snprintf(s->pipe, sizeof(s->pipe), "%s/microphone", dir);
	if (rc == SP_OK && !(0 < len && (size_t)len < sizeof(s->pipe))) {
		rc = SP_EARG;
	}
	if (rc == SP_OK) {
		rc = sp_env_set(env, "PULSE_SINK", s->name);
	}
	if (rc == SP_OK) {
		rc = sp_env_set(env, "PULSE_SOURCE", s->source);
	}
	if (rc == SP_OK && !living) {
		rc = start_child(s);
	}
	if (rc != SP_OK) {
		sp_pulse_server_destroy(s);
		return rc;
	}
	*out = s;
	return SP_OK;
}

void sp_pulse_server_destroy(struct sp_pulse_server *s)
{
	if (!s) {
		return;
	}
	sp_child_end(&s->child, GRACE_MS);
	if (s->socket >= 0) {
		close(s->socket);
		unlink(s->address + strlen("unix:"));
	}
	sp_free(s);
}

int sp_pulse_server_again(struct sp_pulse_server *s)
{
	char text[64];

	if (s->socket < 0 || sp_child_alive(&s->child)) {
		return SP_OK;
	}
	sp_child_text(&s->child, text, sizeof(text));
	sp_log(SP_LOG_WARN, "sound server: %s", text);
	sp_child_end(&s->child, 0);
	return start_child(s);
}

const char *sp_pulse_server_address(const struct sp_pulse_server *s)
{
	return s->address;
}

bool sp_pulse_server_ours(const struct sp_pulse_server *s)
{
	return s->socket >= 0;
}

const char *sp_pulse_server_sink(const struct sp_pulse_server *s)
{
	return s->name;
}

const char *sp_pulse_server_source(const struct sp_pulse_server *s)
{
	return s->source;
}

const char *sp_pulse_server_pipe(const struct sp_pulse_server *s)
{
	return s->pipe;
}
