/* tests/gate/keeper/test_process.c - the real sp-keeper: starts jailed, answers, reloads, ends. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "host/io/cert.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/fdio.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"

static char dir[] = "/tmp/sp-test-process-XXXXXX";
static char conf[128], program[512];
static int parent = -1, broker = -1, dial = -1, scribe = -1, output = -1;
static pid_t pid;
static struct sp_mon_in in;

static int write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL) {
		return -1;
	}
	fputs(text, f);
	return fclose(f);
}

static int write_conf(const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text), "state = \"state\"; run-as = \"caller\";\n%s", more);
	return write_file(conf, text);
}

static int make_dir(void **state)
{
	const char *build = getenv("SP_BUILD");

	if (mkdtemp(dir) == NULL || build == NULL) {
		return -1;
	}
	snprintf(program, sizeof(program), "%s/sp-keeper", build);
	snprintf(conf, sizeof(conf), "%s/sallyport.conf", dir);
	return write_conf("");
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"state/store.db", "state/store.db-wal",
			"state/store.db-shm", "state/keeper.key", "state/tls.pem",
			"state/tls-chain.pem", "state/control.sock", "state", "sallyport.conf",
			"output"};
	char path[256];

	for (size_t i = 0; i < SP_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	return rmdir(dir);
}

static int start(void **state)
{
	int p[2], b[2], d[2], s[2];
	char why[SP_WHY_MAX], path[256];
	const char *argv[] = {"sp-keeper", "-c", conf, NULL};
	/* The jail leaves the leak checker nothing to look with. */
	const char *env[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};

	if (sp_ipc_pair(p) != SP_OK || sp_ipc_pair(b) != SP_OK || sp_ipc_pair(d) != SP_OK ||
			sp_ipc_pair(s) != SP_OK) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/output", dir);
	output = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int fds[4] = {p[1], b[1], d[1], s[1]};
	struct sp_proc_spec spec = {.path = program,
			.argv = argv,
			.env = env,
			.fds = fds,
			.nfds = 4,
			.out = output,
			.err = output,
			.death_signal = SIGKILL};
	if (sp_proc_start(&spec, &pid, why) != SP_OK) {
		print_error("%s\n", why);
		return -1;
	}
	close(p[1]);
	close(b[1]);
	close(d[1]);
	close(s[1]);
	scribe = s[0];
	parent = p[0];
	broker = b[0];
	dial = d[0];
	return 0;
}

static int status_at_end(void)
{
	int status = -1;

	/* Nobody takes its last words. */
	sp_fd_close(&scribe);

	assert_int_equal(sp_proc_reap(pid, sp_now_us() + 10000000, &status), SP_OK);
	pid = 0;
	return status;
}

static int stop(void **state)
{
	close(parent);
	close(broker);
	close(dial);
	sp_fd_close(&scribe);
	close(output);
	if (pid > 0) {
		int status;
		(void)!sp_proc_reap(pid, sp_now_us() + 5000000, &status);
		pid = 0;
	}
	return 0;
}

static const char *log_text(void)
{
	static char log[16384];
	ssize_t n = pread(output, log, sizeof(log) - 1, 0);

	log[n > 0 ? n : 0] = '\0';
	return log;
}

/* The log so far must hold this. */
static void assert_logged(const char *text)
{
	const char *log = log_text();

	if (strstr(log, text) == NULL) {
		fail_msg("\"%s\" is not in:\n%s", text, log);
	}
}

/* The scribe has what it is told at once. */
static void audit(void)
{
	static struct sp_mon_in event;

	while (sp_mon_recv(scribe, &event) == 1) {
		if (event.type == SP_MSG_AUDIT) {
			struct sp_msg_audited m = {
					.ticket = event.body.audit.ticket, .result = SP_AUDITED_OK};
			assert_int_equal(sp_mon_say(scribe, AUDITED, &m), SP_OK);
		}
		sp_mon_in_finish(&event);
	}
}

static void expect(int fd, enum sp_msg type)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int rc = 0;

	sp_mon_in_finish(&in);
	for (int i = 0; i < 1000 && (rc = sp_mon_recv(fd, &in)) == 0; i++) {
		audit();
		poll(&p, 1, 10);
	}
	if (rc != 1) {
		fail_msg("%s: %d instead:\n%s", sp_msg_name(type), rc, log_text());
	}
	assert_string_equal(sp_msg_name(in.type), sp_msg_name(type));
}

static void test_life(void **state)
{
	struct sp_msg_none none = {0};
	struct sp_cert_info info;
	char fingerprint[72], path[256];
	static uint8_t pem[16384];
	struct stat st;

	expect(parent, SP_MSG_READY);
	assert_string_equal(in.body.ready.text, "ready");
	memcpy(fingerprint, in.body.ready.fingerprint, sizeof(fingerprint));
	assert_int_equal(strlen(fingerprint), 64);
	/* The chain that sp-net gets holds no key, and cannot be written. */
	ssize_t n = pread(in.fds[0], pem, sizeof(pem), 0);
	assert_true(n > 0);
	assert_int_equal(sp_cert_info_pem(sp_span(pem, (size_t)n), &info), SP_OK);
	assert_null(memmem(pem, (size_t)n, "PRIVATE", 7));
	assert_int_equal(pwrite(in.fds[0], "x", 1, 0), -1);
	snprintf(path, sizeof(path), "%s/state/tls.pem", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_logged("jailed: ");

	/* The same certificate after a reload; a broken file changes nothing. */
	assert_int_equal(write_conf("limits = { rate = 7; };\n"), 0);
	assert_int_equal(sp_mon_say(parent, RELOAD, &none), SP_OK);
	expect(parent, SP_MSG_READY);
	assert_string_equal(in.body.ready.fingerprint, fingerprint);
	assert_logged("configuration read again");
	assert_int_equal(write_conf("limits = { rate = 0; };\n"), 0);
	assert_int_equal(sp_mon_say(parent, RELOAD, &none), SP_OK);
	expect(parent, SP_MSG_READY);
	assert_logged("sallyport.conf:2: rate: 0 is not between");
	assert_logged("the old one stays");

	/* From within the jail: time zones, also the machine's; and what only a start can change. */
	assert_int_equal(write_conf("rules = ( { hours = [\"Mon-Fri 08:00-18:00 Asia/Kathmandu\", "
				    "\"Sat\"]; } );\n"),
			0);
	assert_int_equal(sp_mon_say(parent, RELOAD, &none), SP_OK);
	expect(parent, SP_MSG_READY);
	assert_logged("configuration read again: 1 target, 1 rule");
	assert_int_equal(
			write_file(conf, "state = \"other\"; run-as = \"nobody\"; rules = ();"), 0);
	assert_int_equal(sp_mon_say(parent, RELOAD, &none), SP_OK);
	expect(parent, SP_MSG_READY);
	assert_logged("state: another directory needs a restart");
	assert_logged("run-as: another account needs a restart");
	assert_logged("sallyport.conf:1: warning: targets: no rule reaches \"desktop\"");
	assert_logged("configuration read again: 1 target, 0 rules");

	/* A file of countries is looked at before the old configuration is given up. */
	assert_int_equal(write_conf("countries-file = \"sallyport.conf\";\n"), 0);
	assert_int_equal(sp_mon_say(parent, RELOAD, &none), SP_OK);
	expect(parent, SP_MSG_READY);
	assert_logged("countries-file: ");
	assert_logged("is no file in MMDB format");
	assert_int_equal(write_conf(""), 0);

	close(parent);
	parent = -1;
	assert_int_equal(status_at_end(), 0);
}

static void test_question(void **state)
{
	struct sp_msg_conn_open m = {
			.conn = 1, .source = {.family = AF_INET, .text = "192.0.2.7:5"}};
	struct sp_msg_none none = {0};
	int net[2], login[2];

	expect(parent, SP_MSG_READY);
	assert_int_equal(sp_ipc_pair(net), SP_OK);
	assert_int_equal(sp_ipc_pair(login), SP_OK);
	int fds[2] = {net[0], login[0]};
	assert_int_equal(sp_mon_send(parent, SP_MSG_CONN_OPEN, &m, sizeof(m), fds, 2), SP_OK);
	close(net[0]);
	close(login[0]);
	assert_int_equal(sp_mon_ask(login[1], SP_MSG_ASK_CHALLENGE, &none, sizeof(none),
					 SP_MSG_CHALLENGE, &in, 5000),
			SP_OK);
	/* The store is used from within the jail. */
	struct sp_msg_proof p = {.user = "nobody", .temp_n = 44};
	assert_int_equal(sp_mon_ask(login[1], SP_MSG_PROOF, &p, sizeof(p), SP_MSG_PROOF_RESULT, &in,
					 5000),
			SP_OK);
	assert_int_equal(in.body.proof_result.result, SP_PROOF_DENIED);
	expect(parent, SP_MSG_PENALTY);
	assert_logged("conn 1 from 192.0.2.7:5: login of \"nobody\" refused: unknown user");
	assert_int_equal(sp_mon_say(net[1], ASK_VERDICT, &none), SP_OK);
	expect(parent, SP_MSG_CONN_END);
	assert_int_equal(in.body.conn_end.why, SP_WHY_QUESTION);
	close(net[1]);
	close(login[1]);
}

/* Told by one parent, given to the next before it may accept anybody. */
static void test_penalties(void **state)
{
	static struct sp_msg_penalties m;

	expect(parent, SP_MSG_READY);
	m.n = 2;
	m.v[0].source[15] = 7;
	m.v[0].until = (int64_t)time(NULL) + 600;
	m.v[1].until = (int64_t)time(NULL) - 1;
	assert_int_equal(sp_mon_say(parent, PENALTIES, &m), SP_OK);
	close(parent);
	parent = -1;
	assert_int_equal(status_at_end(), 0);
	stop(NULL);
	assert_int_equal(start(NULL), 0);
	expect(parent, SP_MSG_PENALTIES_KEPT);
	assert_int_equal(in.body.penalties.n, 1);
	assert_memory_equal(&in.body.penalties.v[0], &m.v[0], sizeof(m.v[0]));
	expect(parent, SP_MSG_READY);
	m.n = 0;
	assert_int_equal(sp_mon_say(parent, PENALTIES, &m), SP_OK);
}

/* What nobody waits for any more is closed, wherever it comes from. */
static void assert_dropped(int to, enum sp_msg type, const void *body, size_t n, size_t nfds)
{
	int p[2];

	assert_int_equal(sp_ipc_pair(p), SP_OK);
	int fds[2] = {p[0], p[0]};
	assert_int_equal(sp_mon_send(to, type, body, n, fds, nfds), SP_OK);
	close(p[0]);
	struct pollfd gone = {.fd = p[1], .events = POLLIN};
	assert_int_equal(poll(&gone, 1, 5000), 1);
	assert_true(gone.revents & POLLHUP);
	close(p[1]);
}

static void test_sockets(void **state)
{
	struct sp_msg_dialed dialed = {.conn = 5, .address = "192.0.2.9:3389"};
	struct sp_msg_login_started started = {.conn = 5};
	struct sp_msg_desktop_opened opened = {.conn = 5};
	struct sp_msg_none none = {0};

	expect(parent, SP_MSG_READY);
	assert_dropped(dial, SP_MSG_DIALED, &dialed, sizeof(dialed), 1);
	assert_dropped(broker, SP_MSG_DESKTOP_OPENED, &opened, sizeof(opened), 1);
	assert_dropped(parent, SP_MSG_LOGIN_STARTED, &started, sizeof(started), 2);
	/* What sp-dial may not say costs it its place; the service goes on. */
	assert_int_equal(sp_mon_say(dial, RELOAD, &none), SP_OK);
	struct pollfd gone = {.fd = dial, .events = POLLIN};
	assert_int_equal(poll(&gone, 1, 5000), 1);
	assert_true(gone.revents & POLLHUP);
	assert_logged("no other machines from now on");
	assert_int_equal(sp_mon_say(parent, RELOAD, &none), SP_OK);
	expect(parent, SP_MSG_READY);
}

static void test_broken_conf(void **state)
{
	assert_int_equal(write_conf("rules = 1;\n"), 0);
	assert_int_equal(start(NULL), 0);
	assert_true(WIFEXITED(status_at_end()));
	assert_logged("sallyport.conf:2: rules: must be a list");
	assert_int_equal(sp_mon_recv(parent, &in), SP_ECLOSED);
	assert_int_equal(write_conf(""), 0);
	stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_life, start, stop),
			cmocka_unit_test_setup_teardown(test_question, start, stop),
			cmocka_unit_test_setup_teardown(test_penalties, start, stop),
			cmocka_unit_test_setup_teardown(test_sockets, start, stop),
			cmocka_unit_test(test_broken_conf),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
