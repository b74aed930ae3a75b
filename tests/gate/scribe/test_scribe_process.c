/* tests/gate/scribe/test_scribe_process.c - the real sp-scribe, killed again and again under load. */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/audit/store.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"

#define AHEAD 200 /* tickets on their way */
#define MOST 400000

static char dir[] = "/tmp/sp-scribe-XXXXXX", conf[96], audit[96], program[512];
static int keeper = -1, parent = -1;
static pid_t pid;
static struct sp_mon_in in;
/* Tickets: given out, sent to this scribe, acknowledged by any. */
static uint64_t sent, acked;
static uint8_t times[MOST + 1];

static int make(void **state)
{
	const char *build = getenv("SP_BUILD");

	/* Run as the test's own child that dies with it. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(dir));
	snprintf(program, sizeof(program), "%s/sp-scribe", build != NULL ? build : ".");
	snprintf(conf, sizeof(conf), "%s/t.conf", dir);
	snprintf(audit, sizeof(audit), "%s/state/audit", dir);
	FILE *f = fopen(conf, "w");
	fprintf(f, "state = \"%s/state\"; run-as = \"caller\"; audit-reserve = 0;\n", dir);
	fclose(f);
	return 0;
}

static void remove_all(const char *path)
{
	char name[400];
	DIR *d = opendir(path);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.' && unlink(name) != 0) {
			remove_all(name);
		}
	}
	if (d != NULL) {
		closedir(d);
	}
	rmdir(path);
}

static int unmake(void **state)
{
	remove_all(dir);
	return 0;
}

static void send_hello(void)
{
	struct sp_msg_audit_hello m = {.sender = "the same keeper"};

	assert_int_equal(sp_mon_say(keeper, AUDIT_HELLO, &m), SP_OK);
}

static void start(void)
{
	const char *argv[] = {"sp-scribe", "-c", conf, NULL};
	char why[SP_WHY_MAX];
	int a[2], b[2];

	assert_int_equal(sp_ipc_pair(a), SP_OK);
	assert_int_equal(sp_ipc_pair(b), SP_OK);
	const int fds[] = {a[1], b[1]};
	int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct sp_proc_spec spec = {.path = program,
			.argv = argv,
			.fds = fds,
			.nfds = 2,
			.out = -1,
			.err = getenv("SP_LONG") != NULL ? 2 : log,
			.death_signal = SIGKILL};
	assert_int_equal(sp_proc_start(&spec, &pid, why), SP_OK);
	close(log);
	close(a[1]);
	close(b[1]);
	parent = a[0];
	keeper = b[0];
	assert_int_equal(sp_fd_nonblock(keeper, true), SP_OK);
	/* What the last one did not acknowledge is sent again. */
	sent = acked;
	send_hello();
}

static void heard(void)
{
	int rc;

	while ((rc = sp_mon_recv(keeper, &in)) == 1) {
		if (in.type != SP_MSG_AUDITED) {
			continue;
		}
		assert_int_equal(in.body.audited.result, SP_AUDITED_OK);
		acked = in.body.audited.ticket > acked ? in.body.audited.ticket : acked;
		sent = sent > acked ? sent : acked;
	}
}

/* Sends and hears until then. */
static void load(uint64_t until_us)
{
	static struct sp_msg_audit m;

	while (sp_now_us() < until_us) {
		while (sent < acked + AHEAD && sent < MOST) {
			struct sp_audit_event e;

			sp_audit_init(&e, SP_AUDIT_SESSION_START, SP_OUTCOME_OK);
			sp_audit_num(&e, SP_F_CONN, sent + 1);
			sp_audit_text(&e, SP_F_USER, "alice");
			memset(&m, 0, sizeof(m));
			m.ticket = sent + 1;
			m.n = (uint32_t)e.n;
			memcpy(m.event, e.b, e.n);
			if (sp_mon_say(keeper, AUDIT, &m) != SP_OK) {
				break;
			}
			sent++;
		}
		struct pollfd p = {.fd = keeper, .events = POLLIN};
		poll(&p, 1, 5);
		heard();
	}
}

static void end(int signal_number)
{
	int status;

	if (signal_number != 0) {
		kill(pid, signal_number);
	}
	if (signal_number == 0) {
		close(parent);
		close(keeper);
	}
	assert_int_equal(sp_proc_reap(pid, sp_now_us() + 10000000, &status), SP_OK);
	if (signal_number == 0) {
		assert_int_equal(status, 0);
		return;
	}
	/* What it said before it died counts. */
	heard();
	close(parent);
	close(keeper);
}

static int note_ticket(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	uint64_t conn = sp_audit_get_num(v, SP_F_CONN);

	if (v->kind == SP_AUDIT_SESSION_START && conn <= MOST) {
		times[conn]++;
	}
	return SP_OK;
}

static void look(struct sp_chain *c)
{
	char why[SP_AUDIT_WHY];
	uint8_t root[SP_SIGN_PUBLIC];
	bool missing;
	struct sp_audit_store *st = sp_audit_store_read(audit, NULL, &missing, why);

	assert_non_null(st);
	assert_int_equal(sp_audit_first(audit, root), SP_OK);
	int rc = sp_audit_verify(st, root, 0, NULL, c);
	if (rc != SP_OK) {
		print_error("%s\n", c->why);
	}
	assert_int_equal(rc, SP_OK);
	memset(times, 0, sizeof(times));
	assert_int_equal(sp_audit_each(st, 1, UINT64_MAX, false, note_ticket, NULL, NULL), SP_OK);
	sp_audit_store_close(st);
}

static void test_killed(void **state)
{
	bool longer = getenv("SP_LONG") != NULL;
	int kills = longer ? 500 : 12;
	static struct sp_chain c;

	srand(longer ? (unsigned)sp_now_us() : 7);
	for (int i = 0; i < kills; i++) {
		start();
		load(sp_now_us() + 20000 + (uint64_t)(rand() % 120000));
		end(SIGKILL);
		if (longer || i % 4 == 0) {
			if (access(audit, F_OK) == 0 && acked > 0) {
				look(&c);
			}
			for (uint64_t t = 1; t <= acked; t++) {
				assert_int_equal(times[t], 1);
			}
		}
	}
	/* In the end all is there once, and in order. */
	start();
	uint64_t last = sent + AHEAD;
	for (uint64_t until = sp_now_us() + 20000000; acked < last && sp_now_us() < until;) {
		load(sp_now_us() + 50000);
	}
	assert_true(acked >= last);
	end(0);
	look(&c);
	for (uint64_t t = 1; t <= acked; t++) {
		assert_int_equal(times[t], 1);
	}
	print_message("%d kills, %llu events, %llu records, %llu recoveries\n", kills,
			(unsigned long long)acked, (unsigned long long)c.records,
			(unsigned long long)c.recovered);
	assert_true(c.recovered > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_killed, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
