/* desk/broker/minder.c - see minder.h. */
#include "desk/broker/minder.h"

#include <errno.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "desk/broker/pam.h"
#include "host/monitor/mon.h"

#define EXIT_FAILED 1
#define EXIT_EXEC 127
#define MAX_ENV 256

static int tell(const char *why)
{
	struct sp_msg_desk_text m = {0};

	sp_log(SP_LOG_ERROR, "%s", why);
	snprintf(m.text, sizeof(m.text), "%s", why);
	if (sp_mon_say(SP_DESK_FD_BROKER, DESK_FAILED, &m) != SP_OK) {
		sp_log(SP_LOG_ERROR, "broker is gone");
	}
	return EXIT_FAILED;
}

/* PAM's variables, and how the machine is set up where PAM does not say so. */
static void make_env(const struct sp_pam *pam, char *env[MAX_ENV + 1])
{
	static const char *const pass[] = {"LANG=", "LANGUAGE=", "LC_", "TZ="};
	size_t n = 0;

	for (char **line = environ; *line && n < MAX_ENV; line++) {
		for (size_t i = 0; i < SP_LEN(pass); i++) {
			if (strncmp(*line, pass[i], strlen(pass[i])) == 0 && n < MAX_ENV) {
				env[n++] = *line;
			}
		}
	}
	/* Later ones replace earlier ones where the desktop reads them. */
	for (char *const *line = pam ? sp_pam_env(pam) : NULL; line && *line && n < MAX_ENV;
			line++) {
		env[n++] = *line;
	}
	env[n] = NULL;
}

static bool drop(const struct passwd *pw)
{
	if (setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
			setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0) {
		return false;
	}
	/* What cannot be taken back was given away. */
	return pw->pw_uid == 0 || (setuid(0) != 0 && seteuid(0) != 0);
}

sp_noreturn static void become(
		const struct passwd *pw, const char *const *argv, char *const *env, pid_t parent)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++) {
		signal(sig, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* After the change of the user, which forgets it. */
	if (!drop(pw) || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent) {
		_exit(EXIT_EXEC);
	}
	close_range(SP_DESK_FD_BROKER + 1, ~0u, 0);
	execve(argv[0], (char *const *)(uintptr_t)argv, env);
	_exit(EXIT_EXEC);
}

/* Waits for the child and passes on what tells us to stop. */
static int mind(pid_t child, const sigset_t *signals)
{
	int status;

	for (;;) {
		int sig = sigwaitinfo(signals, NULL);

		if (sig == SIGCHLD || (sig < 0 && errno != EINTR)) {
			if (waitpid(child, &status, WNOHANG) == child) {
				return WIFEXITED(status) ? WEXITSTATUS(status)
							 : 128 + WTERMSIG(status);
			}
		} else if (sig > 0) {
			kill(child, SIGTERM);
		}
	}
}

int sp_minder_run(const char *account, const char *from, const char *const *argv)
{
	/* No terminal: the name that rules by origin and records of logins know it by. */
	struct sp_pam_opts opts = {
			.account = account, .tty = "rdp", .rhost = from[0] != '\0' ? from : NULL};
	struct sp_pam *pam = NULL;
	char why[SP_TEXT_WHY], *env[MAX_ENV + 1];
	const struct passwd *pw = getpwnam(account);
	sigset_t signals;

	if (!pw) {
		snprintf(why, sizeof(why), "no Unix account %s on this machine", account);
		return tell(why);
	}
	/* pam_umask may set another. */
	umask(022);
	/* Not that of whoever started the service: what is in it would be every desktop's. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0) {
		sp_log(SP_LOG_DEBUG, "no keyring of its own: %s", strerror(errno));
	}
	/* Before PAM, which may add groups. */
	if (initgroups(pw->pw_name, pw->pw_gid) != 0) {
		snprintf(why, sizeof(why), "groups of %s: %s", account, strerror(errno));
		return tell(why);
	}
	int rc = sp_pam_open(&opts, &pam, why, sizeof(why));
	if (rc == SP_ENOTFOUND) {
		sp_log(SP_LOG_INFO, "%s", why);
	} else if (rc != SP_OK) {
		return tell(why);
	}
	/* The modules may have asked the same static memory. */
	pw = getpwnam(account);
	make_env(pam, env);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	pid_t parent = getpid(), child = pw ? fork() : -1;
	if (child == 0) {
		become(pw, argv, env, parent);
	}
	int status = EXIT_FAILED;
	if (child < 0) {
		tell("no process for the desktop");
	} else {
		close(SP_DESK_FD_BROKER);
		status = mind(child, &signals);
	}
	sp_pam_close(pam);
	return status;
}
