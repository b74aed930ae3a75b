/* bench/bench-audit.c - what it costs to write everything down: durable events a second, and how long each waits. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit_record.h"
#include "core/base/mem.h"
#include "gate/scribe/scribe.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"

#define WAITING 256 /* events on their way: so many connections at once */

static struct sp_loop *loop;

static void lost(void *user, int fd, int err)
{
	sp_loop_quit(loop, 0);
}

/* The scribe as sp-scribe has it, without its jail. */
static int scribe(int fd, const char *dir)
{
	char why[SP_AUDIT_WHY];
	struct sp_audit_found found;
	struct rusage used;
	struct sp_audit_store *st = sp_audit_store_open(dir, NULL, sp_audit_now(), why);

	if (st == NULL) {
		fprintf(stderr, "%s: %s\n", dir, why);
		return 1;
	}
	loop = sp_loop_create();
	if (loop == NULL || sp_audit_start(st, sp_audit_now(), &found) != SP_OK) {
		return 1;
	}
	struct sp_scribe_conf c = {.loop = loop,
			.store = st,
			.dir = dir,
			.parent = -1,
			.keeper = fd,
			.now = sp_audit_now,
			.lost = lost};
	struct sp_scribe *s = sp_scribe_create(&c);
	if (s == NULL) {
		return 1;
	}
	sp_loop_run(loop);
	getrusage(RUSAGE_SELF, &used);
	double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	audit_row("events in a group", "",
			(double)sp_scribe_events(s) / (double)sp_scribe_groups(s), "higher", 1);
	audit_row("an event: CPU of sp-scribe", "us", cpu * 1e6 / (double)sp_scribe_events(s),
			"lower", 1);
	sp_scribe_destroy(s);
	int rc = sp_audit_stop(st, sp_audit_now());
	sp_audit_store_close(st);
	sp_loop_destroy(loop);
	return rc == SP_OK ? 0 : 1;
}

/* One like those of a login. */
static void make_event(struct sp_msg_audit *m, uint64_t ticket)
{
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_AUTH_OK, SP_OUTCOME_OK);
	sp_audit_num(&e, SP_F_CONN, ticket);
	sp_audit_text(&e, SP_F_USER, "alice");
	sp_audit_text(&e, SP_F_SRC_IP, "192.0.2.77");
	sp_audit_text(&e, SP_F_SRC_NET, "192.0.2.77/32");
	sp_audit_text(&e, SP_F_METHOD, "ntlm");
	sp_audit_text(&e, SP_F_CLAIMED_USER, "CORP\\alice");
	sp_audit_text(&e, SP_F_CLAIMED_MACHINE, "WS-0123");
	m->ticket = ticket;
	m->n = (uint32_t)e.n;
	memcpy(m->event, e.b, e.n);
}

static int by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* rate: events a second that come, 0: as many as go through. */
static bool drive(int fd, uint64_t count, double rate)
{
	static struct sp_msg_audit m;
	static struct sp_mon_in in;
	uint64_t *begun = sp_calloc(count + 1, sizeof(*begun));
	uint32_t *took = sp_calloc(count + 1, sizeof(*took));
	uint64_t sent = 0, done = 0, start = sp_now_us();
	bool good = begun != NULL && took != NULL && sp_fd_nonblock(fd, true) == SP_OK;

	while (good && done < count) {
		uint64_t now = sp_now_us();
		uint64_t due = rate > 0 ? (uint64_t)((double)(now - start) * rate / 1e6) : count;
		while (sent < count && sent < due && (rate > 0 || sent < done + WAITING)) {
			make_event(&m, sent + 1);
			if (sp_mon_say(fd, AUDIT, &m) != SP_OK) {
				break;
			}
			begun[++sent] = now;
		}
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int rc = poll(&p, 1, 1);
		good = rc >= 0 || errno == EINTR;
		while (good && (rc = sp_mon_recv(fd, &in)) == 1) {
			if (in.type != SP_MSG_AUDITED) {
				continue;
			}
			good = in.body.audited.result == SP_AUDITED_OK;
			for (now = sp_now_us(); done < in.body.audited.ticket && good;) {
				done++;
				took[done - 1] = (uint32_t)(now - begun[done]);
			}
		}
		good = good && rc >= 0;
	}
	double seconds = (double)(sp_now_us() - start) / 1e6;
	if (good) {
		qsort(took, count, sizeof(*took), by_value);
		bool paced = rate > 0;

		audit_row(paced ? "events, of 1000 a second that come: durable"
				: "events, as many as go: durable",
				"1/s", (double)count / seconds, "higher", (int)count);
		audit_row(paced ? "event of 1000 a second: waited, median"
				: "event of as many as go: waited, median",
				"ms", took[count / 2] / 1e3, "lower", (int)count);
		audit_row(paced ? "event of 1000 a second: waited, 99 of 100"
				: "event of as many as go: waited, 99 of 100",
				"ms", took[count - 1 - count / 100] / 1e3, "lower", (int)count);
	} else {
		fprintf(stderr, "events: the scribe failed after %llu\n", (unsigned long long)done);
	}
	sp_free(begun);
	sp_free(took);
	return good;
}

static void remove_files(const char *dir)
{
	char name[800];
	DIR *d = opendir(dir);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.') {
			unlink(name);
		}
	}
	if (d != NULL) {
		closedir(d);
	}
	rmdir(dir);
}

static bool events(const char *where, uint64_t count, double rate)
{
	char dir[512];
	int pair[2], status = 1;

	snprintf(dir, sizeof(dir), "%s/bench-audit-XXXXXX", where);
	if (mkdtemp(dir) == NULL || sp_ipc_pair(pair) != SP_OK) {
		perror(dir);
		return false;
	}
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		_exit(scribe(pair[1], dir));
	}
	close(pair[1]);
	bool good = pid > 0 && drive(pair[0], count, rate);
	close(pair[0]);
	good = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && good;
	remove_files(dir);
	return good;
}

int main(int argc, char **argv)
{
	const char *where = "/var/tmp";
	uint64_t count = 20000;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--dir=", 6) == 0) {
			where = argv[i] + 6;
		} else if (strncmp(argv[i], "--events=", 9) == 0) {
			count = strtoull(argv[i] + 9, NULL, 10);
		} else if (strcmp(argv[i], "--json") == 0) {
			audit_json = true;
		} else {
			fprintf(stderr,
					"usage: bench-audit [--dir=DIR] [--events=N] [--json]\n"
					"DIR is on the disk that is measured (default /var/tmp)\n");
			return 2;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	count = count > 100 ? count : 100;
	return events(where, count, 0) && events(where, count / 5, 1000) && audit_record(where) ? 0
												: 1;
}
