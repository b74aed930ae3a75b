/* app/trial.c - `sallyport trial`: a complete service in one directory, as the calling user. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/app.h"
#include "app/change.h"
#include "app/ready.h"
#include "app/trial_conf.h"
#include "core/base/mem.h"
#include "gate/keeper/store.h"
#include "host/conf/conf.h"
#include "host/io/cert.h"
#include "host/io/loop.h"
#include "host/io/proc.h"
#include "host/io/tcp.h"
#include "host/lib/crypto_nettle.h"
#include "host/lib/totp.h"

#define USER "demo"
#define FIRST_PORT 3389u
#define PORTS 16
#define START_DEADLINE_US 20000000
#define STOP_DEADLINE_US 8000000
#define PASSWORD_GROUPS 4
#define PASSWORD_GROUP 4
#define PASSWORD_SIZE (PASSWORD_GROUPS * (PASSWORD_GROUP + 1))

struct trial {
	const struct app_command *self;
	struct trial_conf conf;
	char dir[800];
	char password[PASSWORD_SIZE];
	uint8_t totp[SP_TOTP_SECRET];
	struct sp_loop *loop;
	pid_t pid;
	int notify;
	bool ready, stopping;
	int status;
};

/* ---- the directory ---- */

static int default_dir(char *out, size_t cap)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && *state == '/') {
		return snprintf(out, cap, "%s/sallyport/trial", state) < (int)cap ? APP_OK
										  : APP_FAILED;
	}
	if (!home || *home != '/') {
		const struct passwd *pw = getpwuid(geteuid());

		home = pw && pw->pw_dir && *pw->pw_dir == '/' ? pw->pw_dir : "/nonexistent";
	}
	return snprintf(out, cap, "%s/.local/state/sallyport/trial", home) < (int)cap ? APP_OK
										      : APP_FAILED;
}

static int make_dirs(const char *dir)
{
	char path[800];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *c = path + 1;; c++) {
		if (*c == '/' || *c == '\0') {
			char end = *c;

			*c = '\0';
			if (mkdir(path, 0700) < 0 && errno != EEXIST) {
				return app_fail("trial",
						"%s: %s; name another directory with --dir", path,
						strerror(errno));
			}
			if (end == '\0') {
				return APP_OK;
			}
			*c = end;
		}
	}
}

/* Secrets go there, and what it says is believed: nobody else may put things into it. */
static int own_dir(const char *dir)
{
	struct stat st;

	if (stat(dir, &st) < 0) {
		return app_fail("trial", "%s: %s", dir, strerror(errno));
	}
	if (st.st_uid != geteuid() || (st.st_mode & S_IWOTH)) {
		return app_fail("trial", "%s: %s; name another directory with --dir", dir,
				st.st_uid != geteuid() ? "belongs to somebody else"
						       : "everybody may write to it");
	}
	return APP_OK;
}

/* One trial at a time in a directory; the lock ends with this process. */
static int lock_dir(const char *dir)
{
	char path[900];

	snprintf(path, sizeof(path), "%s/lock", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return app_fail("trial", "%s: %s", path, strerror(errno));
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return app_fail("trial",
				"a trial runs in %s already; end it, or name another directory "
				"with --dir",
				dir);
	}
	return APP_OK;
}

/* ---- the port ---- */

/* Can the address be had? Of those that nobody asked for, the next free one is taken. */
static int choose_listen(struct trial *t)
{
	static char next[32];
	char why[SP_WHY_MAX] = "";
	bool asked = t->conf.listen != NULL;

	for (unsigned port = FIRST_PORT; asked || port < FIRST_PORT + PORTS; port++) {
		int fd;

		if (!asked) {
			snprintf(next, sizeof(next), "127.0.0.1:%u", port);
			t->conf.listen = next;
		}
		if (sp_tcp_listen(t->conf.listen, &fd, why) == SP_OK) {
			close(fd);
			if (!asked && port != FIRST_PORT) {
				printf("Port %u is taken by another program; this trial takes "
				       "%u.\n",
						FIRST_PORT, port);
				fflush(stdout);
			}
			return APP_OK;
		}
		if (asked || errno != EADDRINUSE) {
			break;
		}
	}
	return app_fail("trial", "%s; choose another address with --listen ADDR:PORT", why);
}

/* ---- the user ---- */

/* 16 letters and digits that nobody mistakes for each other, 79 bits; "abcd-efgh-jkmn-pqrs". */
static int make_password(char out[PASSWORD_SIZE])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789"; /* 31 */
	size_t at = 0;

	for (int i = 0; i < PASSWORD_GROUPS * PASSWORD_GROUP;) {
		uint8_t byte;

		if (getrandom(&byte, 1, 0) != 1) {
			return app_fail("trial", "no random numbers: %s", strerror(errno));
		}
		if (byte >= 248) {
			continue; /* the last part of a uniform draw from 31 */
		}
		if (i > 0 && i % PASSWORD_GROUP == 0) {
			out[at++] = '-';
		}
		out[at++] = letters[byte % 31];
		i++;
	}
	out[at] = '\0';
	return APP_OK;
}

/* The password of an earlier trial in this directory. */
static bool read_password(const char *path, char out[PASSWORD_SIZE])
{
	FILE *f = fopen(path, "r");
	bool ok = f && fgets(out, PASSWORD_SIZE, f) && strlen(out) == PASSWORD_SIZE - 1;

	if (f) {
		fclose(f);
	}
	return ok;
}

static int write_secret(const char *path, const char *text)
{
	if (sp_file_write(path, 0600, sp_span(text, strlen(text))) != SP_OK) {
		return app_fail("trial", "%s: %s", path, strerror(errno));
	}
	return APP_OK;
}

/* The secret of an earlier trial in this directory, or a new one. */
static int make_totp(struct trial *t, struct sp_store *store)
{
	struct sp_user user;
	int rc = sp_store_get(store, USER, &user);

	if (rc == SP_OK && user.totp) {
		rc = sp_store_totp_get(store, USER, t->totp);
	} else if (rc == SP_OK) {
		rc = sp_crypto_nettle.random(t->totp, sizeof(t->totp));
		rc = rc == SP_OK ? sp_store_totp_set(store, USER, t->totp, 0) : rc;
	}
	return rc == SP_OK
			? APP_OK
			: app_fail("trial", "one-time codes of %s: %s", USER, sp_store_why(store));
}

static int make_user(struct trial *t)
{
	char path[900], state[900], why[SP_STORE_WHY] = "";
	struct sp_user user;
	int rc;

	snprintf(state, sizeof(state), "%s/state", t->dir);
	snprintf(path, sizeof(path), "%s/password", t->dir);
	/* No core file of this process; what it starts decides for itself. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0) {
		return app_fail("trial", "core files cannot be turned off: %s", strerror(errno));
	}
	struct sp_store *store = sp_store_open(state, NULL, true, &sp_crypto_nettle, why);
	if (!store) {
		return app_fail("trial", "%s", why);
	}
	static struct sp_conf conf; /* a trial is the caller's own */
	snprintf(conf.state, sizeof(conf.state), "%s", state);
	struct app_change *changes = app_change_begin(&conf);
	if (!changes) {
		sp_store_close(store);
		return APP_FAILED;
	}
	sp_store_witness(store, app_change_witness, changes);
	bool known = sp_store_get(store, USER, &user) == SP_OK;
	if (!known || !read_password(path, t->password)) {
		rc = make_password(t->password);
		if (rc == APP_OK) {
			rc = write_secret(path, t->password);
		}
		if (rc == APP_OK) {
			int err = known ? sp_store_passwd(store, USER, t->password)
					: sp_store_add(store, USER, "", t->password);

			rc = err == SP_OK ? APP_OK
					  : app_fail("trial", "user %s: %s", USER,
							    sp_store_why(store));
		}
	} else {
		rc = APP_OK;
	}
	if (rc == APP_OK && !t->conf.no_mfa) {
		rc = make_totp(t, store);
	}
	app_change_end(changes);
	sp_store_close(store);
	return rc;
}

/* Who reads what this trial records: the key of an earlier one in this directory, or a new one. */
static int make_auditor(struct trial *t)
{
	char path[900], why[SP_REC_WHY];
	struct sp_rec_auditor pub;
	struct sp_rec_key key;

	snprintf(path, sizeof(path), "%s/auditor.key", t->dir);
	int rc = sp_rec_key_load(&key, path, why);
	if (rc == SP_ENOTFOUND && sp_rec_key_make(&key) == SP_OK) {
		rc = sp_rec_key_save(&key, path, why);
	}
	memcpy(pub.pk, key.pk, sizeof(pub.pk));
	sp_rec_key_wipe(&key);
	if (rc != SP_OK) {
		return app_fail("trial", "%s", why);
	}
	sp_rec_auditor_text(&pub, t->conf.auditor);
	return APP_OK;
}

/* ---- the service ---- */

static int announce(struct trial *t)
{
	char path[900], print[SP_CERT_PRINT_MAX];
	struct sp_cert_info cert;
	struct sp_rcbuf *pem;

	snprintf(path, sizeof(path), "%s/state/tls.pem", t->dir);
	if (sp_file_read(path, 1 << 20, &pem) != SP_OK) {
		return app_fail("trial", "%s: %s", path, strerror(errno));
	}
	int rc = sp_cert_info_pem(sp_span(pem->p, pem->n), &cert);
	sp_wipe(pem->p, pem->n);
	sp_rcbuf_unref(pem);
	if (rc != SP_OK) {
		return app_fail("trial", "%s: %s", path, sp_err_text(rc));
	}
	sp_cert_print(cert.cert_sha256, print);
	rc = app_ready(&(struct app_ready){.dir = t->dir,
			.listen = t->conf.listen,
			.account = t->conf.account,
			.user = USER,
			.password = t->password,
			.totp = t->conf.no_mfa ? NULL : t->totp,
			.conf = &t->conf,
			.print = print});
	sp_wipe(t->password, sizeof(t->password));
	sp_wipe(t->totp, sizeof(t->totp));
	return rc;
}

static void stop(struct trial *t, int status)
{
	t->status = status;
	if (t->pid > 0) {
		kill(t->pid, SIGTERM);
	}
	t->stopping = true;
	if (t->pid == 0) {
		sp_loop_quit(t->loop, 0);
	}
}

static void on_signal(void *user, int signo)
{
	stop(user, APP_OK);
}

/* The socket has a name that everybody on this machine can find: who says so counts. */
static bool from_service(const struct trial *t, struct msghdr *m)
{
	struct ucred cred = {0};
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
	}
	return cred.pid > 0 && cred.pid == t->pid;
}

static void on_notify(void *user, unsigned events)
{
	struct trial *t = user;
	char text[256];
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = {text, sizeof(text) - 1};
	struct msghdr m = {.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(t->notify, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n > 0 && from_service(t, &m)) {
		text[n] = '\0';
		if (!t->ready && strstr(text, "READY=1")) {
			t->ready = true;
			if (announce(t) != APP_OK) {
				stop(t, APP_FAILED);
			}
		}
	}
}

static void on_deadline(void *user)
{
	struct trial *t = user;

	if (!t->ready) {
		stop(t, app_fail("trial", "the service did not become ready in time"));
	}
}

static void on_child(void *user, pid_t pid, int status)
{
	struct trial *t = user;
	char text[80];

	t->pid = 0;
	if (!t->stopping) {
		sp_proc_status_text(status, text, sizeof(text));
		t->status = t->ready ? app_fail("trial", "the service %s", text)
				     : app_fail("trial",
						       "the service did not start: the lines above "
						       "say why");
	}
	sp_loop_quit(t->loop, 0);
}

/* An abstract datagram socket on which the service says READY=1. */
static int open_notify(struct trial *t, char *name, size_t cap)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int on = 1;

	snprintf(name, cap, "NOTIFY_SOCKET=@sallyport-trial-%d", (int)getpid());
	const char *at = strchr(name, '@');
	memcpy(a.sun_path + 1, at + 1, strlen(at) - 1);
	t->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->notify < 0 || setsockopt(t->notify, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
			bind(t->notify, (const void *)&a,
					(socklen_t)(offsetof(struct sockaddr_un, sun_path) +
							strlen(at))) < 0) {
		return app_fail("trial", "notify socket: %s", strerror(errno));
	}
	return APP_OK;
}

static int start_service(struct trial *t)
{
	static const char *const pass[] = {"PATH", "HOME", "USER", "LANG", "SHELL", "SSLKEYLOGFILE",
			"SP_LOG_DEBUG", "TZ", "SSL_CERT_FILE"};
	char path[1024], conf[900], notify[128], why[SP_WHY_MAX] = "";
	const char *argv[] = {"sallyportd", "-c", conf, NULL};
	const char *env[SP_LEN(pass) + 2] = {NULL};
	static char lines[SP_LEN(pass)][2048];
	size_t n = 0;

	if (sp_proc_find("sallyportd", path, sizeof(path)) != SP_OK) {
		return app_fail("trial", "program sallyportd not found");
	}
	if (open_notify(t, notify, sizeof(notify)) != APP_OK) {
		return APP_FAILED;
	}
	snprintf(conf, sizeof(conf), "%s/sallyport.conf", t->dir);
	for (size_t i = 0; i < SP_LEN(pass); i++) {
		const char *value = getenv(pass[i]);

		if (value && strlen(value) < 2000) {
			snprintf(lines[i], sizeof(lines[i]), "%s=%s", pass[i], value);
			env[n++] = lines[i];
		}
	}
	env[n] = notify;
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.env = env,
			.own_output = true,
			.death_signal = SIGTERM,
			.new_session = true,
			.dir = t->dir};
	if (sp_proc_start(&spec, &t->pid, why) != SP_OK) {
		return app_fail("trial", "%s", why);
	}
	return APP_OK;
}

static int serve(struct trial *t)
{
	struct sp_watch *deadline;
	char path[900];

	snprintf(path, sizeof(path), "%s/trial.json", t->dir);
	unlink(path); /* it says that connections are accepted */
	t->loop = sp_loop_create();
	if (!t->loop || !(deadline = sp_loop_timer(t->loop, on_deadline, t)) ||
			!sp_loop_signal(t->loop, SIGINT, on_signal, t) ||
			!sp_loop_signal(t->loop, SIGTERM, on_signal, t) ||
			!sp_loop_signal(t->loop, SIGHUP, on_signal, t)) {
		return app_fail("trial", "out of memory");
	}
	if (start_service(t) != APP_OK || !sp_loop_child(t->loop, t->pid, on_child, t) ||
			!sp_loop_fd(t->loop, t->notify, SP_LOOP_READ, on_notify, t)) {
		return APP_FAILED;
	}
	sp_watch_in(deadline, START_DEADLINE_US);
	if (sp_loop_run(t->loop) < 0) {
		t->status = APP_FAILED;
	}
	unlink(path);
	sp_loop_destroy(t->loop);
	return t->status;
}

/* ---- arguments ---- */

static const char *value(const struct app_command *self, int argc, char **argv, int *i)
{
	if (*i + 1 >= argc || argv[*i + 1][0] == '\0') {
		app_usage(self, "%s: value missing", argv[*i]);
		return NULL;
	}
	return argv[++*i];
}

static int run(const struct app_command *self, int argc, char **argv)
{
	static struct trial t;
	struct sp_conf_listen listen;
	const char *dir = NULL, *target = NULL, *allow = NULL;

	t.self = self;
	for (int i = 1; i < argc; i++) {
		if (app_help(self, argv[i])) {
			return APP_OK;
		}
		const char **to = strcmp(argv[i], "--listen") == 0  ? &t.conf.listen
				: strcmp(argv[i], "--dir") == 0     ? &dir
				: strcmp(argv[i], "--session") == 0 ? &t.conf.session
				: strcmp(argv[i], "--include") == 0 ? &t.conf.include
				: strcmp(argv[i], "--target") == 0  ? &target
				: strcmp(argv[i], "--allow") == 0   ? &allow
								    : NULL;
		if (to) {
			if (!(*to = value(self, argc, argv, &i)) ||
					(to == &target &&
							trial_conf_target(self, &t.conf, target) !=
									APP_OK) ||
					(to == &allow &&
							trial_conf_allow(self, &t.conf, allow) !=
									APP_OK)) {
				return APP_USAGE;
			}
		} else if (strcmp(argv[i], "--no-mfa") == 0) {
			t.conf.no_mfa = true;
		} else if (strcmp(argv[i], "--record") == 0) {
			t.conf.record = true;
		} else {
			return app_usage(self, "unknown argument: %s", argv[i]);
		}
	}
	if (t.conf.listen && (!sp_conf_parse_listen(t.conf.listen, &listen) || listen.port == 0)) {
		return app_usage(self,
				"--listen %s: not an address and port such as 127.0.0.1:3389",
				t.conf.listen);
	}
	const struct passwd *pw = getpwuid(geteuid());
	if (!pw || strlen(pw->pw_name) >= sizeof(t.conf.account)) {
		return app_fail("trial", "user %d has no name on this machine", (int)geteuid());
	}
	snprintf(t.conf.account, sizeof(t.conf.account), "%s", pw->pw_name);
	if (dir) {
		char *full;

		if (make_dirs(dir) != APP_OK) {
			return APP_FAILED;
		}
		full = realpath(dir, NULL);
		if (!full || strlen(full) >= sizeof(t.dir)) {
			free(full);
			return app_fail("trial", "--dir %s: %s", dir,
					full ? "too long" : strerror(errno));
		}
		snprintf(t.dir, sizeof(t.dir), "%s", full);
		free(full);
	} else if (default_dir(t.dir, sizeof(t.dir)) != APP_OK || make_dirs(t.dir) != APP_OK) {
		return APP_FAILED;
	}
	if (own_dir(t.dir) != APP_OK || lock_dir(t.dir) != APP_OK || choose_listen(&t) != APP_OK ||
			make_user(&t) != APP_OK || make_auditor(&t) != APP_OK ||
			trial_conf_write(&t.conf, t.dir) != APP_OK) {
		return APP_FAILED;
	}
	return serve(&t);
}

const struct app_command app_trial = {
		.name = "trial",
		.summary = "try it: a complete service in one directory",
		.usage = "Usage: sallyport trial [--listen ADDR:PORT] [--dir DIR] [--session "
			 "COMMAND]\n"
			 "           [--target NAME=HOST[:PORT] ...] [--include FILE] [--allow "
			 "LIST] [--record]\n"
			 "           [--no-mfa]\n"
			 "\n"
			 "Runs a complete service as the calling user: makes a certificate, a "
			 "store and one\n"
			 "user with a random password and one-time codes (kept for the next trial "
			 "in the same\n"
			 "directory), and serves a desktop of this machine, and other machines by "
			 "RDP. Prints\n"
			 "how to connect. Ctrl-C ends everything.\n"
			 "\n"
			 "      --listen ADDR:PORT  where to listen (default 127.0.0.1:3389, or "
			 "the next free port)\n"
			 "      --dir DIR           where to keep it (default "
			 "~/.local/state/sallyport/trial)\n"
			 "      --session COMMAND   what the desktop runs (default: an installed "
			 "desktop\n"
			 "                          environment, else a window manager with a "
			 "terminal)\n"
			 "      --target NAME=HOST[:PORT]\n"
			 "                          an RDP host as a further target; again for "
			 "more of them\n"
			 "      --include FILE      targets and rules of this file too; its rules "
			 "come first\n"
			 "      --allow LIST        of clipboard,drives,sound,microphone, or all: "
			 "what may pass\n"
			 "                          besides keys, pointer, picture and clipboard "
			 "text\n"
			 "      --record            records every session; `sallyport recording` "
			 "reads them with\n"
			 "                          DIR/auditor.key\n"
			 "      --no-mfa            no second factor: the password alone opens the "
			 "desktop\n"
			 "\n"
			 "DIR/trial.json says address, port, user, password, one-time-code secret "
			 "and the\n"
			 "certificate's fingerprint once connections are accepted.\n",
		.run = run,
};
