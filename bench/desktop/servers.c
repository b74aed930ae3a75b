/* bench/desktop/servers.c - see servers.h. Everything runs in the folder of this run. */
#include "desktop/servers.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/cert.h"
#include "host/io/fdio.h"
#include "host/io/proc.h"
#include "host/io/tcp.h"

#define START_US 20000000
#define RUN_US 20000000
#define END_US 10000000
#define PATH_ENV "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SESMAN_PORT 3350 /* xrdp looks for its session manager nowhere else */
#define SHADOW_PASSWORD "Bench-Passw0rd"

/* ---- programs ---- */

/* Starts a program in the folder; its output goes to LOG there. */
static pid_t start(struct bench *b, const char *path, const char *const *argv,
		const char *const *env, int fd, const char *log)
{
	char file[BENCH_PATH], why[SP_WHY_MAX] = "";
	pid_t pid;

	snprintf(file, sizeof(file), "%s/%s", b->dir, log);
	int out = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.env = env,
			.fds = &fd,
			.nfds = fd >= 0,
			.own_output = b->verbose,
			.out = out,
			.err = out,
			.new_session = true,
			.death_signal = SIGTERM,
			.dir = b->dir};
	int rc = sp_proc_start(&spec, &pid, why);
	if (out >= 0) {
		close(out);
	}
	if (rc != SP_OK) {
		bench_fail("%s", why);
		return -1;
	}
	return pid;
}

/* Runs a line of shell in the folder to its end; its output is in LOG there. */
static bool shell(struct bench *b, const char *log, const char *line)
{
	const char *argv[] = {"sh", "-c", line, NULL};
	char home[BENCH_PATH];
	const char *env[] = {PATH_ENV, home, "LC_ALL=C", NULL};
	int status;

	snprintf(home, sizeof(home), "HOME=%s", b->dir);
	bool verbose = b->verbose;
	b->verbose = false;
	pid_t pid = start(b, "/bin/sh", argv, env, -1, log);
	b->verbose = verbose;
	return pid > 0 && sp_proc_reap(pid, sp_now_us() + RUN_US, &status) == SP_OK &&
			WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A file of the folder, at most cap - 1 bytes. */
static bool read_text(const struct bench *b, const char *name, char *out, size_t cap)
{
	char path[BENCH_PATH];

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(out, 1, cap - 1, f) : 0;
	if (f) {
		fclose(f);
	}
	out[n] = '\0';
	return n > 0;
}

/* The first number with a dot in what the command prints becomes "NAME 1.2.3". */
static void find_version(struct bench *b, struct server *s, const char *command)
{
	char text[4096];

	snprintf(s->version, sizeof(s->version), "%s", s->name);
	shell(b, "version", command);
	if (!read_text(b, "version", text, sizeof(text))) {
		return;
	}
	for (const char *at = text; *at; at++) {
		size_t n = strspn(at, "0123456789.");

		if (isdigit((unsigned char)*at) && memchr(at, '.', n)) {
			snprintf(s->version, sizeof(s->version), "%s %.*s", s->name,
					(int)(n < 40 ? n : 40), at);
			return;
		}
		at += n;
		if (!*at) {
			return;
		}
	}
}

static uint16_t free_port(void)
{
	struct sp_addr a;
	char why[SP_WHY_MAX];
	uint16_t port = 0;
	int fd;

	if (sp_tcp_listen("127.0.0.1:0", &fd, why) == SP_OK) {
		port = sp_tcp_local(fd, &a) == SP_OK ? sp_addr_port(&a) : 0;
		close(fd);
	}
	return port;
}

static bool answers_on(const char *host, uint16_t port)
{
	char why[SP_WHY_MAX];
	int fd;

	if (sp_tcp_connect(host, port, sp_now_us() + 1000000, &fd, why) != SP_OK) {
		return false;
	}
	close(fd);
	return true;
}

static bool answers(void *arg)
{
	const uint16_t *port = arg;

	return answers_on("127.0.0.1", *port);
}

/* Debian's takes ::1 although 127.0.0.1 is written in its configuration. */
static bool sesman_answers(void *arg)
{
	return answers_on("127.0.0.1", SESMAN_PORT) || answers_on("::1", SESMAN_PORT);
}

static bool sesman_silent(void *arg)
{
	return !sesman_answers(arg);
}

static bool no_x(void *arg)
{
	return bench_find_x() == 0;
}

static bool have(struct server *s, const char *path)
{
	return access(path, X_OK) == 0 || bench_fail("%s: not installed: no %s", s->name, path);
}

static void set_target(struct server *s, uint16_t port)
{
	s->target = (struct client_target){.port = port,
			.nla = s->nla,
			.user = s->user,
			.password = s->password,
			.graphics = s->graphics};
}

/* ---- ours ---- */

static bool has_facts(void *arg)
{
	const struct bench *b = arg;
	char path[BENCH_PATH];

	snprintf(path, sizeof(path), "%s/trial/trial.json", b->dir);
	return access(path, R_OK) == 0;
}

static bool read_facts(const struct bench *b, struct server *s)
{
	char path[BENCH_PATH];
	const char *user, *password;
	int port;

	snprintf(path, sizeof(path), "%s/trial/trial.json", b->dir);
	json_t *facts = json_load_file(path, 0, NULL);
	bool ok = facts &&
			json_unpack(facts, "{s:i, s:s, s:s}", "port", &port, "user", &user,
					"password", &password) == 0;
	if (ok) {
		snprintf(s->user, sizeof(s->user), "%s", user);
		snprintf(s->password, sizeof(s->password), "%s", password);
		set_target(s, (uint16_t)port);
	}
	json_decref(facts);
	return ok || bench_fail("%s: cannot read %s", s->name, path);
}

static bool start_ours(struct bench *b, struct server *s)
{
	char program[BENCH_PATH], dir[BENCH_PATH], where[64], session[BENCH_PATH], home[BENCH_PATH];
	const char *argv[] = {"sallyport", "trial", "--dir", dir, "--listen", where, "--no-mfa",
			"--session", session, NULL};
	const char *env[] = {PATH_ENV, home, "LC_ALL=C", NULL};

	snprintf(s->version, sizeof(s->version), "sallyport %s", SP_VERSION);
	if (sp_proc_find("../sallyport", program, sizeof(program)) != SP_OK) {
		return bench_fail("%s: program not found", s->name);
	}
	snprintf(home, sizeof(home), "HOME=%s", b->dir);
	snprintf(dir, sizeof(dir), "%s/trial", b->dir);
	snprintf(session, sizeof(session), "%s/" BENCH_PROBE, b->dir);
	snprintf(where, sizeof(where), "127.0.0.1:%u", free_port());
	return start(b, program, argv, env, -1, "ours.log") > 0 &&
			(bench_wait(b, START_US, has_facts, b) ||
					bench_fail("%s: does not start", s->name)) &&
			read_facts(b, s);
}

/* ---- xrdp ---- */

struct setting {
	const char *key, *value;
	bool done;
};

/* Copies a configuration and gives each key its new value where it first stands. */
static bool edit_ini(const struct bench *b, const char *from, const char *name, struct setting *v,
		size_t n)
{
	char path[BENCH_PATH], line[1024];

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	FILE *in = fopen(from, "r"), *out = fopen(path, "w");
	while (in && out && fgets(line, sizeof(line), in)) {
		size_t i = 0, key = strcspn(line, "=");

		while (i < n &&
				(v[i].done || strlen(v[i].key) != key ||
						strncmp(line, v[i].key, key) != 0)) {
			i++;
		}
		if (i < n) {
			v[i].done = true;
			fprintf(out, "%s=%s\n", v[i].key, v[i].value);
		} else {
			fputs(line, out);
		}
	}
	bool ok = in && out;
	if (in) {
		fclose(in);
	}
	if (out) {
		ok = fclose(out) == 0 && ok;
	}
	return ok || bench_fail("%s: %s", ok ? path : from, strerror(errno));
}

static bool configure_xrdp(struct bench *b, uint16_t port)
{
	char listen[64], cert[BENCH_PATH], key[BENCH_PATH], log[2][BENCH_PATH];
	struct sp_rcbuf *cert_pem, *key_pem;

	snprintf(listen, sizeof(listen), "tcp://127.0.0.1:%u", port);
	snprintf(cert, sizeof(cert), "%s/xrdp.crt", b->dir);
	snprintf(key, sizeof(key), "%s/xrdp.key", b->dir);
	snprintf(log[0], BENCH_PATH, "%s/xrdp.log", b->dir);
	snprintf(log[1], BENCH_PATH, "%s/sesman.log", b->dir);
	if (sp_cert_make("localhost", 2, &cert_pem, &key_pem) != SP_OK) {
		return bench_fail("no certificate for xrdp");
	}
	bool ok = sp_file_write(cert, 0600, sp_span(cert_pem->p, cert_pem->n)) == SP_OK &&
			sp_file_write(key, 0600, sp_span(key_pem->p, key_pem->n)) == SP_OK;
	sp_rcbuf_unref(cert_pem);
	sp_cert_key_free(key_pem);
	struct setting xrdp[] = {{"port", listen, false}, {"security_layer", "tls", false},
			{"certificate", cert, false}, {"key_file", key, false},
			{"autorun", "Xorg", false}, {"LogFile", log[0], false},
			{"EnableSyslog", "false", false}};
	struct setting sesman[] = {{"LogFile", log[1], false}, {"EnableSyslog", "false", false}};
	return ok && edit_ini(b, "/etc/xrdp/xrdp.ini", "xrdp.ini", xrdp, 7) &&
			edit_ini(b, "/etc/xrdp/sesman.ini", "sesman.ini", sesman, 2);
}

/* A Unix account for as long as the server runs; its session is the probe. */
static bool make_account(struct bench *b, struct server *s)
{
	char line[2400], home[128];

	snprintf(s->user, sizeof(s->user), "spbench%d", (int)getpid());
	snprintf(s->password, sizeof(s->password), "b%llxQ", (unsigned long long)sp_now_us());
	snprintf(home, sizeof(home), "%s/home", b->dir);
	snprintf(line, sizeof(line),
			"useradd --create-home --home-dir %s --shell /bin/sh %s && "
			"printf '%%s:%%s\\n' %s '%s' | chpasswd && cp %s/" BENCH_PROBE " %s && "
			"printf '#!/bin/sh\\nexec %s/" BENCH_PROBE "\\n' >%s/startwm.sh && "
			"chmod 755 %s/startwm.sh",
			home, s->user, s->user, s->password, b->dir, home, home, home, home);
	return shell(b, "account.log", line) || bench_fail("%s: cannot make an account", s->name);
}

static void remove_account(struct bench *b, struct server *s)
{
	char line[256];

	if (getpwnam(s->user)) {
		snprintf(line, sizeof(line), "userdel %s", s->user);
		if (!shell(b, "account.log", line)) {
			bench_fail("%s: account %s is left behind", s->name, s->user);
		}
	}
}

static bool start_xrdp(struct bench *b, struct server *s)
{
	char ini[2][BENCH_PATH];
	const char *sesman[] = {"xrdp-sesman", "--nodaemon", "--config", ini[0], NULL};
	const char *xrdp[] = {"xrdp", "--nodaemon", "--config", ini[1], NULL};
	const char *env[] = {PATH_ENV, "LC_ALL=C", NULL};
	uint16_t port = free_port();

	if (!have(s, "/usr/sbin/xrdp") || !have(s, "/usr/sbin/xrdp-sesman")) {
		return false;
	}
	find_version(b, s, "xrdp --version");
	if (access("/usr/lib/xorg/modules/libxorgxrdp.so", R_OK) < 0) {
		return bench_fail("%s: xorgxrdp is not installed", s->name);
	}
	if (geteuid() != 0) {
		return bench_fail("%s: needs root, for its accounts", s->name);
	}
	if (!bench_wait(b, START_US, sesman_silent, NULL)) {
		return bench_fail("%s: another one runs here", s->name);
	}
	snprintf(ini[0], BENCH_PATH, "%s/sesman.ini", b->dir);
	snprintf(ini[1], BENCH_PATH, "%s/xrdp.ini", b->dir);
	set_target(s, port);
	return configure_xrdp(b, port) && make_account(b, s) &&
			start(b, "/usr/sbin/xrdp-sesman", sesman, env, -1, "sesman.out") > 0 &&
			start(b, "/usr/sbin/xrdp", xrdp, env, -1, "xrdp.out") > 0 &&
			((bench_wait(b, START_US, answers, &port) &&
					 bench_wait(b, START_US, sesman_answers, NULL)) ||
					bench_fail("%s: does not start", s->name));
}

/* ---- freerdp-shadow ---- */

/* Xvfb of the measured size with the probe on it; its number as ":7". */
static bool start_display(struct bench *b, char *display, size_t cap)
{
	char size[64], name[96], probe[BENCH_PATH];
	const char *xvfb[] = {"Xvfb", "-displayfd", "3", "-screen", "0", size, "-nolisten", "tcp",
			"-noreset", NULL};
	const char *argv[] = {BENCH_PROBE, NULL}, *env[] = {PATH_ENV, name, NULL};
	char number[16] = "";
	ssize_t n = 0;
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) < 0) {
		return bench_fail("pipe: %s", strerror(errno));
	}
	snprintf(size, sizeof(size), "%ux%ux24", b->w, b->h);
	bool ok = start(b, "/usr/bin/Xvfb", xvfb, env + 2, pipes[1], "xvfb.log") > 0;
	close(pipes[1]);
	for (size_t got = 0; ok && got + 1 < sizeof(number) && !strchr(number, '\n') &&
			(n = read(pipes[0], number + got, sizeof(number) - 1 - got)) > 0;) {
		got += (size_t)n;
	}
	close(pipes[0]);
	number[strcspn(number, "\n")] = '\0';
	if (!ok || !number[0]) {
		return bench_fail("Xvfb does not start");
	}
	snprintf(display, cap, ":%s", number);
	snprintf(name, sizeof(name), "DISPLAY=%s", display);
	snprintf(probe, sizeof(probe), "%s/" BENCH_PROBE, b->dir);
	return start(b, probe, argv, env, -1, "probe.log") > 0;
}

static bool start_shadow(struct bench *b, struct server *s)
{
	char listen[32], sam[BENCH_PATH], display[32], name[64], home[BENCH_PATH], line[400];
	const char *argv[] = {"freerdp-shadow-cli", listen, "/bind-address:127.0.0.1", "/sec:nla",
			sam, "+auth", NULL};
	const char *env[] = {PATH_ENV, name, home, "LC_ALL=C", NULL};
	uint16_t port = free_port();

	if (!have(s, "/usr/bin/freerdp-shadow-cli") || !have(s, "/usr/bin/winpr-hash") ||
			!have(s, "/usr/bin/Xvfb")) {
		return false;
	}
	find_version(b, s, "freerdp-shadow-cli /version");
	snprintf(s->user, sizeof(s->user), "bench");
	snprintf(s->password, sizeof(s->password), SHADOW_PASSWORD);
	snprintf(line, sizeof(line), "winpr-hash -u %s -p %s -f sam -v 1", s->user, s->password);
	if (!shell(b, "SAM", line)) {
		return bench_fail("%s: no password file", s->name);
	}
	if (!start_display(b, display, sizeof(display))) {
		return false;
	}
	snprintf(listen, sizeof(listen), "/port:%u", port);
	snprintf(sam, sizeof(sam), "/sam-file:%s/SAM", b->dir);
	snprintf(name, sizeof(name), "DISPLAY=%s", display);
	snprintf(home, sizeof(home), "HOME=%s", b->dir);
	set_target(s, port);
	return start(b, "/usr/bin/freerdp-shadow-cli", argv, env, -1, "shadow.log") > 0 &&
			(bench_wait(b, START_US, answers, &port) ||
					bench_fail("%s: does not start", s->name));
}

/* ---- all ---- */

struct server servers[SERVERS] = {
		{.name = "sallyport",
				/* Not the command: a service runs without it. */
				.stack = "sallyportd sp-",
				.nla = true,
				.own_desktops = true,
				.avc = true,
				.graphics = CLIENT_GFX,
				.start = start_ours},
		{.name = "xrdp",
				.stack = "xrdp",
				.own_desktops = true,
				.x_encodes = true,
				.graphics = CLIENT_RFX,
				.start = start_xrdp,
				.cleanup = remove_account},
		{.name = "freerdp-shadow",
				.stack = "freerdp-shadow",
				.nla = true,
				.avc = true,
				.graphics = CLIENT_RFX,
				.start = start_shadow},
};

void server_stop(struct bench *b, struct server *s)
{
	bench_end_all();
	if (s->cleanup) {
		s->cleanup(b, s);
	}
}

bool server_end_desktop(struct bench *b, const struct server *s)
{
	pid_t probe = bench_find_probe();

	if (probe <= 0) {
		return bench_fail("%s: no session to end", s->name);
	}
	kill(probe, SIGTERM);
	return bench_wait(b, END_US, no_x, NULL) ||
			bench_fail("%s: the desktop does not end", s->name);
}
