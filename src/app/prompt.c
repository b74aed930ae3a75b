/* app/prompt.c - secrets from a terminal without echo, or from standard input. */
#include "app/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "app/app.h"
#include "core/base/mem.h"

/* One byte at a time, so that what follows the line stays for whoever reads next. */
static bool read_line(const char *what, int fd, char out[APP_PASSWORD_MAX])
{
	size_t n = 0;
	char c = '\0';

	for (;;) {
		ssize_t got = read(fd, &c, 1);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			app_fail(what, "%s", strerror(errno));
			return false;
		}
		if (got == 0 && n == 0) {
			app_fail(what, "nothing was given");
			return false;
		}
		if (got == 0 || c == '\n') {
			break;
		}
		if (c == '\0' || n == APP_PASSWORD_MAX - 1) {
			app_fail(what, c == '\0' ? "holds a NUL" : "too long");
			return false;
		}
		out[n++] = c;
	}
	if (n > 0 && out[n - 1] == '\r') {
		n--;
	}
	out[n] = '\0';
	return true;
}

bool app_line_stdin(const char *what, char out[APP_PASSWORD_MAX])
{
	bool ok = read_line(what, STDIN_FILENO, out);

	if (!ok) {
		sp_wipe(out, APP_PASSWORD_MAX);
	}
	return ok;
}

bool app_password_stdin(char out[APP_PASSWORD_MAX])
{
	return app_line_stdin("password", out);
}

static void say(int fd, const char *text)
{
	size_t n = strlen(text);

	if (write(fd, text, n) != (ssize_t)n) {
		return;
	}
}

static bool ask(int fd, const char *what, const char *prompt, bool echo, char out[APP_PASSWORD_MAX])
{
	struct termios was, quiet;
	sigset_t block, before;

	if (tcgetattr(fd, &was) != 0) {
		app_fail(what, "terminal: %s", strerror(errno));
		return false;
	}
	/* Ctrl-C must not leave a terminal without echo. */
	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGHUP);
	sigaddset(&block, SIGTSTP);
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)(echo ? ISIG : ECHO | ECHONL | ISIG);
	sigprocmask(SIG_BLOCK, &block, &before);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	say(fd, prompt);
	bool ok = read_line(what, fd, out);
	say(fd, echo ? "" : "\n");
	tcsetattr(fd, TCSAFLUSH, &was);
	sigprocmask(SIG_SETMASK, &before, NULL);
	/* Without ISIG a Ctrl-C arrives as a character. */
	if (ok && strchr(out, 0x03) != NULL) {
		app_fail(what, "interrupted");
		ok = false;
	}
	return ok;
}

static int terminal(const char *what, const char *instead)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		app_fail(what, "no terminal to ask on; %s", instead);
	}
	return fd;
}

bool app_line_prompt(const char *what, const char *prompt, char out[APP_PASSWORD_MAX])
{
	int fd = terminal(what, "give it on standard input");

	if (fd < 0) {
		return false;
	}
	bool ok = ask(fd, what, prompt, true, out);
	close(fd);
	if (!ok) {
		sp_wipe(out, APP_PASSWORD_MAX);
	}
	return ok;
}

bool app_password_prompt(const char *prompt, bool again, char out[APP_PASSWORD_MAX])
{
	char second[APP_PASSWORD_MAX];
	int fd = terminal("password", "give --password-stdin");

	if (fd < 0) {
		return false;
	}
	bool ok = ask(fd, "password", prompt, false, out);
	if (ok && again) {
		ok = ask(fd, "password", "Once more: ", false, second);
		if (ok && strcmp(out, second) != 0) {
			app_fail("password", "the two are not the same");
			ok = false;
		}
		sp_wipe(second, sizeof(second));
	}
	close(fd);
	if (!ok) {
		sp_wipe(out, APP_PASSWORD_MAX);
	}
	return ok;
}
