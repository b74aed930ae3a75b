/* app/doctor.c - `sallyport doctor`: looks at this installation from the inside, and changes nothing. */
#include "app/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/words.h"
#include "core/base/log.h"
#include "host/io/fdio.h"
#include "host/io/loop.h"

#define APP_DOCTOR_CANNOT 3 /* exit status */
#define PASSWORD_DAYS 365
#define SECOND_US UINT64_C(1000000)
#define CHILD_S 120

/* ---- checks as another account, or of what may be damaged ---- */

/* Neither a core file nor a debugger of the same user gets to see keys. */
static void keep_secret(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

static int child(struct app_doctor *d, void (*check)(struct app_doctor *d), int to)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	d->n = d->lost = 0;
	keep_secret();
	check(d);
	/* A change of account sets it to what fs.suid_dumpable says. */
	keep_secret();
	return sp_fd_write_all(to, d->finding, d->n * sizeof(d->finding[0])) == SP_OK ? 0 : 1;
}

/* Takes over what the child finds, until it has closed its end or its time is over. */
static bool collect(struct app_doctor *d, int from)
{
	uint64_t deadline = sp_now_us() + CHILD_S * SECOND_US;
	static struct app_doctor_finding f;
	size_t got = 0;

	for (;;) {
		struct pollfd p = {.fd = from, .events = POLLIN};
		uint64_t now = sp_now_us();
		if (now >= deadline) {
			return false;
		}
		if (poll(&p, 1, (int)((deadline - now) / 1000) + 1) <= 0) {
			continue;
		}
		ssize_t n = read(from, (char *)&f + got, sizeof(f) - got);
		if (n == 0) {
			return got == 0;
		}
		got += n > 0 ? (size_t)n : 0;
		if (got == sizeof(f)) {
			app_doctor_take(d, &f);
			got = 0;
		}
	}
}

/* Runs a check in a process of its own: it may become another account, and whatever it meets. */
static void apart(struct app_doctor *d, enum app_doctor_group group, const char *id,
		void (*check)(struct app_doctor *d))
{
	int p[2], status = 0;

	if (pipe2(p, O_CLOEXEC) != 0) {
		app_doctor_say(d, group, id, APP_DOCTOR_UNKNOWN, NULL, "no pipe: %s",
				strerror(errno));
		return;
	}
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		close(p[0]);
		_exit(child(d, check, p[1]));
	}
	close(p[1]);
	bool whole = pid > 0 && collect(d, p[0]);
	close(p[0]);
	if (pid > 0 && !whole) {
		kill(pid, SIGKILL);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (!whole || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		app_doctor_say(d, group, id, APP_DOCTOR_UNKNOWN, NULL,
				"this check did not come to its end");
	}
}

/* ---- all of it ---- */

static void everything(struct app_doctor *d, const struct sp_conf_errors *e)
{
	app_doctor_conf(d, e);
	app_doctor_files(d);
	if (geteuid() == 0 && d->conf->run_as[0] != '\0') {
		apart(d, APP_DOCTOR_FILES, "readable", app_doctor_read_keeper);
		apart(d, APP_DOCTOR_FILES, "readable", app_doctor_read_scribe);
	}
	if (!d->mistaken) {
		app_doctor_cert_file(d);
	}
	app_doctor_jail(d);
	app_doctor_service(d);
	if (!d->mistaken) {
		app_doctor_port(d);
		apart(d, APP_DOCTOR_USERS, "users", app_doctor_store);
	}
	apart(d, APP_DOCTOR_AUDIT, "chain", app_doctor_audit);
	app_doctor_machine(d);
	if (!d->mistaken && d->scan) {
		app_doctor_scan(d);
	}
	if (d->mistaken) {
		app_doctor_say(d, APP_DOCTOR_CONF, "rest", APP_DOCTOR_UNKNOWN, NULL,
				"certificate, port, users and what the configuration allows were "
				"not looked at, since it has mistakes");
	}
}

/* The configuration, or what of it can be read. False, and said so, without even that. */
static bool read_conf(struct app_doctor *d, struct sp_conf *c, struct sp_conf_errors *e)
{
	struct sp_conf_errors *again = calloc(1, sizeof(*again));
	bool good = again != NULL;

	if (!good) {
		app_fail("doctor", "out of memory");
	} else if (access(d->file, R_OK) != 0) {
		app_fail("doctor", "%s: %s%s", d->file, strerror(errno),
				errno == ENOENT ? " (-c FILE names another, --dir DIR that of a "
						  "trial)"
						: "");
		good = false;
	} else if (sp_conf_read(c, d->file, e) != SP_OK) {
		struct sp_conf part;
		d->mistaken = true;
		memset(&part, 0, sizeof(part));
		if (sp_conf_state(&part, d->file, again) == SP_OK) {
			memcpy(c->state, part.state, sizeof(c->state));
			memcpy(c->store, part.store, sizeof(c->store));
			memcpy(c->run_as, part.run_as, sizeof(c->run_as));
		}
	}
	free(again);
	d->conf = c;
	d->installed = strcmp(d->file, SP_CONF_FILE) == 0 || c->run_as[0] != '\0';
	return good;
}

static bool take_days(struct app_doctor *d, const struct app_command *self, const char *text)
{
	char *end;

	if (text == NULL) {
		d->password_days = PASSWORD_DAYS;
		return true;
	}
	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || text[0] < '0' || '9' < text[0] || n > 36500) {
		app_usage(self, "--password-days: %s: not a number of days", text);
		return false;
	}
	d->password_days = (uint32_t)n;
	return true;
}

static int run(const struct app_command *self, int argc, char **argv)
{
	const char *days = NULL, *named;
	char file[PATH_MAX + 1024];
	bool full = false, verbose = false, unseen = false;
	const struct app_option options[] = {
			{"--full", &full, NULL},
			{"--no-scan", &unseen, NULL},
			{"--verbose", &verbose, NULL},
			{"-v", &verbose, NULL},
			{"--password-days", NULL, &days},
	};
	struct app_words w;
	int status = app_words(&w, self, argc, argv, options, SP_LEN(options));

	if (status != APP_GO_ON) {
		return status;
	}
	if (w.n > 0) {
		return app_usage(self, "%s: unknown argument", w.word[0]);
	}
	struct app_doctor *d = calloc(1, sizeof(*d));
	struct sp_conf_errors *e = calloc(1, sizeof(*e));
	struct sp_conf *c = calloc(1, sizeof(*c));
	status = APP_DOCTOR_CANNOT;
	if (d == NULL || e == NULL || c == NULL) {
		app_fail("doctor", "out of memory");
	} else if (!take_days(d, self, days)) {
		status = APP_USAGE;
	} else if ((named = app_service_file(&w.service)) != NULL) {
		app_absolute(named, file, sizeof(file));
		d->file = file;
		d->service = &w.service;
		d->full = full;
		d->scan = !unseen;
		d->now = (int64_t)time(NULL);
		if (read_conf(d, c, e)) {
			everything(d, e);
			if (w.json) {
				app_doctor_json(d);
			} else {
				app_doctor_print(d,
						isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL,
						verbose);
			}
			status = app_doctor_count(d, APP_DOCTOR_BAD) > 0 ? APP_FAILED : APP_OK;
		}
	}
	if (c != NULL) {
		sp_conf_finish(c);
	}
	free(c);
	free(e);
	free(d);
	return status;
}

const struct app_command app_doctor = {
		.name = "doctor",
		.summary = "check this installation, and say what to do",
		.usage = "usage: sallyport doctor [--full] [--password-days N] [--verbose] "
			 "[--json]\n"
			 "                        [-c FILE | --dir DIR]\n\n"
			 "Looks at an installation, or at a trial, from the inside and changes "
			 "nothing:\n"
			 "what the configuration allows, who may read keys and change files, the "
			 "certificate,\n"
			 "the jails, the processes that run, who gets to the port, people and "
			 "their secrets,\n"
			 "the audit, clock and disk, and what the port shows to a scan. Each line "
			 "is "
			 "ok, info,\n"
			 "WARN, BAD or ? (it could not be looked at), with what to do. As root it "
			 "sees all.\n\n"
			 "Exit status 0: nothing bad, 1: something bad, 2: wrong usage, 3: there "
			 "is no\n"
			 "configuration to begin with.\n\n"
			 "  --full             follow the whole audit, however long it is\n"
			 "  --password-days N  warn of passwords older than N days (default 365; "
			 "0: never)\n"
			 "  --no-scan          do not scan the port, which the audit tells of\n"
			 "  -v, --verbose      also each file and each jail that is right\n"
			 "  --json             print JSON\n"
			 "  -c FILE            the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR          the directory of a trial: DIR/sallyport.conf\n",
		.run = run,
};
