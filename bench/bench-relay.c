/* bench/bench-relay.c - what it costs to pass through sp-net, with TLS on both sides. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/x224.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "host/io/cert.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/proc.h"
#include "host/io/tcp.h"
#include "host/io/tls.h"
#include "host/io/tls_sign_check.h"
#include "host/monitor/login_link.h"
#include "host/monitor/mon.h"
#include "host/rdp/conn.h"

#define SECOND 1000000ull
#define OPEN_US (15 * SECOND)
#define RUNS 5
#define ECHOES 2000
#define IDLE 100
#define OPENINGS 50
/* One fast-path PDU, and with it one TLS record, of nearly 16 KiB. */
#define BODY SP_FP_MAX_DATA

/* This program is client, target, keeper and both logins; sp-net is the real one. */
struct session {
	int parent, keeper, login, link; /* our ends of what sp-net has; -1: none */
	struct sp_watch *on_keeper, *on_login, *on_link;
	pid_t pid; /* of sp-net; 0: client and target talk directly */
	struct sp_conn *client, *target;
	bool client_active, target_active, failed;
	bool pour; /* the target sends all that it can */
	uint64_t got; /* bytes of updates the client has */
	uint64_t echoes;
};

static struct sp_loop *loop;
static struct sp_tls_ctx *server_ctx, *client_ctx;
static struct sp_tls_key *key;
static struct sp_rcbuf *cert;
static char program[512];
static bool json, verbose;
static double seconds = 2;
static uint8_t body[BODY];

static void row(const char *name, const char *unit, double ours, const char *better, int n)
{
	if (json) {
		printf("{\"row\": \"%s\", \"unit\": \"%s\", \"ours\": %.3f, \"peer\": null, "
		       "\"peer_name\": null, \"better\": \"%s\", \"n\": %d}\n",
				name, unit, ours, better, n);
	} else {
		printf("%-40s %10.3f %s\n", name, ours, unit);
	}
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

static bool fail(const char *what)
{
	fprintf(stderr, "bench-relay: %s\n", what);
	return false;
}

/* ---- the target ---- */

static void pour(struct session *s)
{
	while (s->pour && s->target && !sp_conn_full(s->target)) {
		if (sp_server_update(sp_conn_rdp(s->target), SP_FP_BITMAP,
				    sp_span(body, sizeof(body))) != SP_OK) {
			s->failed = true;
			return;
		}
	}
}

static void target_event(void *user, const struct sp_event *ev)
{
	struct session *s = user;
	struct sp_rdp *rdp = sp_conn_rdp(s->target);
	struct sp_server_desktop d = {1024, 768, 32, false};
	static const uint8_t position[4];
	int rc = SP_OK;

	switch (ev->kind) {
	case SP_EV_LOGON:
		rc = sp_server_activate(rdp, &d, sp_now_us());
		break;
	case SP_EV_ACTIVE:
		s->target_active = true;
		break;
	case SP_EV_INPUT:
		rc = sp_server_update(rdp, SP_FP_PTR_POSITION, sp_span(position, 4));
		break;
	default:
		break;
	}
	s->failed = s->failed || rc != SP_OK;
}

static void target_room(void *user)
{
	pour(user);
}

static void target_closed(void *user, int err, const char *what)
{
	struct session *s = user;

	if (verbose) {
		fprintf(stderr, "target: %s %s\n", what, sp_err_text(err));
	}
	sp_conn_destroy(s->target);
	s->target = NULL;
	s->failed = true;
}

/* ---- the client ---- */

static void client_event(void *user, const struct sp_event *ev)
{
	/* What looks like a TSRequest: here it is nobody's business what is in it. */
	static const uint8_t token[] = {0x30, 0x03, 0x02, 0x01, 0x06};
	struct session *s = user;
	struct sp_rdp *rdp = sp_conn_rdp(s->client);
	static struct sp_caps caps;
	int rc = SP_OK;

	switch (ev->kind) {
	case SP_EV_AUTH_TOKEN:
		rc = sp_rdp_auth_send(rdp, sp_span(token, sizeof(token)));
		rc = rc == SP_OK ? sp_rdp_auth_done(rdp, 0) : rc;
		break;
	case SP_EV_DEMAND_ACTIVE:
		sp_client_default_caps(&caps, 1024, 768, 32);
		rc = sp_client_confirm(rdp, &caps);
		break;
	case SP_EV_ACTIVE:
		s->client_active = true;
		break;
	case SP_EV_UPDATE:
		s->got += ev->update.data.n;
		s->echoes += ev->update.code == SP_FP_PTR_POSITION;
		break;
	default:
		break;
	}
	s->failed = s->failed || rc != SP_OK;
}

static void client_closed(void *user, int err, const char *what)
{
	struct session *s = user;

	if (verbose) {
		fprintf(stderr, "client: %s %s\n", what, sp_err_text(err));
	}
	sp_conn_destroy(s->client);
	s->client = NULL;
	s->failed = true;
}

static struct sp_rdp *make_client(uint32_t protocols)
{
	static struct sp_gcc_client gcc;
	static struct sp_info info;

	memset(&gcc, 0, sizeof(gcc));
	memset(&info, 0, sizeof(info));
	gcc.core.version = SP_GCC_VERSION_5;
	gcc.core.desktop_width = 1024;
	gcc.core.desktop_height = 768;
	gcc.core.keyboard_type = 4;
	gcc.core.n_tail = SP_GCC_TAIL_ALL;
	gcc.core.early_capability_flags = SP_GCC_CS_ERRINFO | SP_GCC_CS_SKIP_CHANNELJOIN;
	sp_gcc_client_set_bpp(&gcc.core, 32);
	gcc.has_security = true;
	info.flags = SP_INFO_MOUSE | SP_INFO_UNICODE;
	info.tail = SP_INFO_TAIL_PERF;
	info.family = SP_INFO_AF_INET;
	return sp_client_create(
			&(struct sp_client_conf){
					.protocols = protocols, .gcc = &gcc, .info = &info},
			sp_now_us());
}

/* ---- connections ---- */

/* Two ends of a TCP connection on this machine. */
static bool tcp_pair(int ends[2])
{
	char why[SP_WHY_MAX];
	struct sp_addr at;
	int listener;

	if (sp_tcp_listen("127.0.0.1:0", &listener, why) != SP_OK) {
		return fail(why);
	}
	bool ok = sp_tcp_local(listener, &at) == SP_OK;
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok = ok && ends[0] >= 0 && connect(ends[0], &at.u.sa, at.n) == 0;
	ends[1] = ok ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
	close(listener);
	for (int i = 0; ok && i < 2; i++) {
		ok = ends[i] >= 0 && sp_tcp_tune(ends[i], SP_TCP_SEND_BUF, SP_TCP_LOWAT) == SP_OK;
	}
	return ok || fail(strerror(errno));
}

static bool open_target(struct session *s, int fd)
{
	static const struct sp_conn_calls calls = {
			.event = target_event, .closed = target_closed, .room = target_room};
	struct sp_conn_conf conf = {
			.fd = fd, .ctx = server_ctx, .server = true, .calls = &calls, .user = s};

	conf.rdp = sp_server_create(
			&(struct sp_server_conf){.protocols = SP_PROTO_SSL}, sp_now_us());
	s->target = conf.rdp ? sp_conn_create(loop, &conf) : NULL;
	return s->target || fail("out of memory");
}

static bool open_client(struct session *s, int fd, uint32_t protocols)
{
	static const struct sp_conn_calls calls = {.event = client_event, .closed = client_closed};
	struct sp_conn_conf conf = {.fd = fd,
			.ctx = client_ctx,
			.peer = {.verify = SP_TLS_VERIFY_REPORT},
			.calls = &calls,
			.user = s};

	conf.rdp = make_client(protocols);
	s->client = conf.rdp ? sp_conn_create(loop, &conf) : NULL;
	return s->client || fail("out of memory");
}

/* ---- keeper, sp-login and sp-target ---- */

static bool sign(struct session *s, const struct sp_msg_sign *ask)
{
	struct sp_msg_signature m = {0};
	size_t n = sizeof(m.signature);

	if (ask->n > sizeof(ask->message) ||
			sp_tls_sign(key, (int)ask->scheme, sp_span(ask->message, ask->n),
					m.signature, &n) != SP_OK) {
		return false;
	}
	m.n = (uint32_t)n;
	m.result = SP_SIGN_DONE;
	return sp_mon_say(s->keeper, SIGNATURE, &m) == SP_OK;
}

static void on_link(void *user, unsigned events)
{
	static struct sp_ipc_msg in;
	static struct sp_login_target_end end;
	struct session *s = user;
	int rc = sp_ipc_recv(s->link, &in, 0);

	if (rc < 0) {
		sp_watch_remove(s->on_link);
		s->on_link = NULL;
	} else if (rc > 0 && in.type == SP_LOGIN_BEGIN_TARGET) {
		end.result = SP_LOGIN_OK;
		snprintf(end.user, sizeof(end.user), "bench");
		if (sp_ipc_send(s->link, SP_LOGIN_TARGET_END, &end, sizeof(end), NULL, 0) !=
				SP_OK) {
			s->failed = true;
		}
	}
}

static bool give_target(struct session *s)
{
	struct sp_msg_target m = {.result = SP_OPEN_OK,
			.kind = SP_TARGET_RDP,
			.name = "bench",
			.tls_only = 1};
	int tcp[2], link[2];

	if (!tcp_pair(tcp) || sp_ipc_pair(link) != SP_OK || !open_target(s, tcp[1])) {
		return false;
	}
	s->link = link[0];
	s->on_link = sp_loop_fd(loop, s->link, SP_LOOP_READ, on_link, s);
	int fds[2] = {tcp[0], link[1]};
	int rc = sp_mon_send(s->keeper, SP_MSG_TARGET, &m, sizeof(m), fds, 2);
	close(tcp[0]);
	close(link[1]);
	return rc == SP_OK && s->on_link;
}

static void on_keeper(void *user, unsigned events)
{
	static struct sp_mon_in in;
	static const struct sp_msg_verdict granted = {
			.grant = 1, .result = SP_VERDICT_GRANTED, .user = "bench"};
	static struct sp_msg_license none;
	struct session *s = user;
	int rc = sp_mon_recv(s->keeper, &in);
	bool ok = true;

	if (rc < 0) {
		sp_watch_remove(s->on_keeper);
		s->on_keeper = NULL;
		return;
	}
	switch (rc > 0 ? in.type : SP_MSG_NONE) {
	case SP_MSG_SIGN:
		ok = sign(s, &in.body.sign);
		break;
	case SP_MSG_ASK_VERDICT:
		ok = sp_mon_say(s->keeper, VERDICT, &granted) == SP_OK;
		break;
	case SP_MSG_OPEN_TARGET:
		ok = give_target(s);
		break;
	case SP_MSG_LICENSE:
		ok = sp_mon_say(s->keeper, LICENSE, &none) == SP_OK;
		break;
	default:
		break;
	}
	s->failed = s->failed || !ok;
}

static void on_login(void *user, unsigned events)
{
	static struct sp_ipc_msg in;
	static const struct sp_login_end end = {.result = SP_LOGIN_OK};
	struct session *s = user;
	int rc = sp_ipc_recv(s->login, &in, 0);

	if (rc < 0) {
		sp_watch_remove(s->on_login);
		s->on_login = NULL;
	} else if (rc > 0 && in.type == SP_LOGIN_TOKEN &&
			sp_ipc_send(s->login, SP_LOGIN_END, &end, sizeof(end), NULL, 0) != SP_OK) {
		s->failed = true;
	}
}

/* ---- sessions ---- */

static int chain_fd(void)
{
	int fd = memfd_create("chain", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, cert->p, cert->n) != (ssize_t)cert->n) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool start_net(struct session *s, int theirs[3])
{
	const char *const argv[] = {program, NULL};
	int fds[4] = {theirs[0], theirs[1], theirs[2], chain_fd()};
	struct sp_proc_spec spec = {.path = program,
			.argv = argv,
			.fds = fds,
			.nfds = 4,
			.out = -1,
			.err = verbose ? 2 : -1,
			.death_signal = SIGKILL};
	char why[SP_WHY_MAX] = "no memory file";
	bool ok = fds[3] >= 0 && sp_proc_start(&spec, &s->pid, why) == SP_OK;

	if (fds[3] >= 0) {
		close(fds[3]);
	}
	return ok || fail(why);
}

/* Starts a sp-net and gives it a connection. */
static bool begin(struct session *s)
{
	struct sp_msg_net_start m = {.conn = 1,
			.source = {.family = AF_INET, .port = 1, .text = "127.0.0.1:1"},
			.logon_ms = 30000,
			.active_ms = 30000};
	int ours[3], theirs[3], tcp[2];

	memset(s, 0, sizeof(*s));
	s->link = -1;
	for (int i = 0; i < 3; i++) {
		int pair[2];

		if (sp_ipc_pair(pair) != SP_OK) {
			return fail(strerror(errno));
		}
		ours[i] = pair[0];
		theirs[i] = pair[1];
	}
	s->parent = ours[0];
	s->keeper = ours[1];
	s->login = ours[2];
	bool ok = start_net(s, theirs) && tcp_pair(tcp);
	for (int i = 0; i < 3; i++) {
		close(theirs[i]);
	}
	if (!ok) {
		return false;
	}
	s->on_keeper = sp_loop_fd(loop, s->keeper, SP_LOOP_READ, on_keeper, s);
	s->on_login = sp_loop_fd(loop, s->login, SP_LOOP_READ, on_login, s);
	int rc = sp_mon_send(s->parent, SP_MSG_NET_START, &m, sizeof(m), &tcp[1], 1);
	close(tcp[1]);
	return rc == SP_OK && s->on_keeper && s->on_login &&
			open_client(s, tcp[0], SP_PROTO_HYBRID);
}

/* The same without a gate between. */
static bool begin_direct(struct session *s)
{
	int tcp[2];

	memset(s, 0, sizeof(*s));
	s->parent = s->keeper = s->login = s->link = -1;
	return tcp_pair(tcp) && open_target(s, tcp[1]) && open_client(s, tcp[0], SP_PROTO_SSL);
}

static bool turn_until(uint64_t end_us)
{
	uint64_t now = sp_now_us();

	return now < end_us && sp_loop_turn(loop, end_us - now) == SP_OK;
}

static bool wait_active(struct session *s)
{
	uint64_t end = sp_now_us() + OPEN_US;

	while (!(s->client_active && s->target_active) && !s->failed) {
		if (!turn_until(end)) {
			break;
		}
	}
	return (s->client_active && s->target_active && !s->failed) || fail("no session");
}

static void end(struct session *s)
{
	int *const fds[] = {&s->parent, &s->keeper, &s->login, &s->link};
	int status;

	sp_watch_remove(s->on_keeper);
	sp_watch_remove(s->on_login);
	sp_watch_remove(s->on_link);
	sp_conn_destroy(s->client);
	sp_conn_destroy(s->target);
	for (size_t i = 0; i < SP_LEN(fds); i++) {
		sp_fd_close(fds[i]);
	}
	if (s->pid > 0 && sp_proc_reap(s->pid, sp_now_us() + 3 * SECOND, &status) != SP_OK) {
		fail("sp-net did not end");
	}
	memset(s, 0, sizeof(*s));
}

/* ---- what is measured ---- */

/* Time on a processor, from the scheduler's own account: nanoseconds. */
static double cpu_s(pid_t pid)
{
	char path[64];
	unsigned long long ns = 0;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	FILE *f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%llu", &ns) != 1) {
			ns = 0;
		}
		fclose(f);
	}
	return (double)ns / 1e9;
}

static double pss_mb(pid_t pid)
{
	char path[64], line[256];
	unsigned long kb = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Pss: %lu kB", &kb) == 1) {
			break;
		}
	}
	if (f) {
		fclose(f);
	}
	return (double)kb / 1024;
}

static bool throughput(void)
{
	double per_gb[RUNS], rate[RUNS];
	struct session s;
	bool ok = begin(&s) && wait_active(&s);

	for (size_t i = 0; ok && i < RUNS + 1; i++) {
		s.pour = true;
		pour(&s);
		uint64_t got = s.got, from = sp_now_us(), to = from + (uint64_t)(seconds * SECOND);
		double cpu = cpu_s(s.pid);
		while (!s.failed && turn_until(to)) {
			pour(&s);
		}
		double gb = (double)(s.got - got) / 1e9;
		/* The first one warms up. */
		if (i > 0) {
			per_gb[i - 1] = (cpu_s(s.pid) - cpu) / gb;
			rate[i - 1] = gb * 1e3 / ((double)(sp_now_us() - from) / 1e6);
		}
		ok = !s.failed || fail("session lost");
	}
	end(&s);
	if (ok) {
		row("relayed, 16 KiB records: CPU of sp-net", "s/GB", median(per_gb, RUNS), "lower",
				RUNS);
		row("relayed, 16 KiB records: rate", "MB/s", median(rate, RUNS), "higher", RUNS);
	}
	return ok;
}

/* Key to answer, in milliseconds. */
static bool echo(bool through, double *out)
{
	static double took[ECHOES];
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 30};
	struct session s;
	bool ok = (through ? begin(&s) : begin_direct(&s)) && wait_active(&s);

	for (size_t i = 0; ok && i < ECHOES; i++) {
		uint64_t want = s.echoes + 1, from = sp_now_us();

		ev.key = i % 2 ? SP_KEY_RELEASE : 0;
		ok = sp_client_input(sp_conn_rdp(s.client), &ev, 1) == SP_OK;
		while (ok && s.echoes < want && !s.failed) {
			ok = turn_until(from + SECOND);
		}
		took[i] = (double)(sp_now_us() - from) / 1e3;
		ok = (ok && !s.failed) || fail("no answer to a key");
	}
	end(&s);
	*out = ok ? median(took, ECHOES) : 0;
	return ok;
}

static bool latency(void)
{
	double direct, through;
	bool ok = echo(false, &direct) && echo(true, &through);

	if (ok) {
		row("key to answer, direct", "ms", direct, "lower", ECHOES);
		row("key to answer, through sp-net", "ms", through, "lower", ECHOES);
		row("added latency", "ms", through - direct, "lower", ECHOES);
	}
	return ok;
}

static bool memory(void)
{
	static struct session s[IDLE];
	double pss[IDLE];
	size_t n = 0;
	bool ok = true;

	for (; ok && n < IDLE; n++) {
		ok = begin(&s[n]) && wait_active(&s[n]);
	}
	uint64_t rest = sp_now_us() + SECOND;
	while (ok && turn_until(rest)) {
	}
	for (size_t i = 0; ok && i < n; i++) {
		pss[i] = pss_mb(s[i].pid);
		ok = pss[i] > 0 || fail("its memory cannot be read; try as root");
	}
	for (size_t i = 0; i < n; i++) {
		end(&s[i]);
	}
	if (ok) {
		row("PSS of an idle session, of a hundred", "MB", median(pss, IDLE), "lower", IDLE);
	}
	return ok;
}

/* The whole way to an active session, the login itself left out. One after the other. */
static bool openings(void)
{
	uint64_t from = sp_now_us();
	bool ok = true;

	for (size_t i = 0; ok && i < OPENINGS; i++) {
		struct session s;

		ok = begin(&s) && wait_active(&s);
		end(&s);
	}
	if (ok) {
		row("sessions opened, without login", "1/s",
				OPENINGS / ((double)(sp_now_us() - from) / 1e6), "higher",
				OPENINGS);
	}
	return ok;
}

/* ---- beginning ---- */

static bool prepare(void)
{
	struct sp_rcbuf *key_pem;
	char why[SP_WHY_MAX] = "";

	if (sp_tls_init() != SP_OK || !(loop = sp_loop_create()) ||
			sp_cert_make("bench.test", 2, &cert, &key_pem) != SP_OK) {
		return fail("cannot start");
	}
	key = sp_tls_key_load(sp_span(key_pem->p, key_pem->n), why);
	server_ctx = sp_tls_server_ctx(&(struct sp_tls_server_conf){.chain_pem = {cert->p, cert->n},
						       .key_pem = {key_pem->p, key_pem->n}},
			why);
	client_ctx = sp_tls_client_ctx(sp_span(NULL, 0), why);
	sp_cert_key_free(key_pem);
	for (size_t i = 0; i < sizeof(body); i++) {
		body[i] = (uint8_t)(i * 2654435761u >> 13);
	}
	return (key && server_ctx && client_ctx) || fail(why);
}

static int usage(int status)
{
	fprintf(status ? stderr : stdout,
			"usage: bench-relay [--json] [--verbose] [--seconds S] [--net SP-NET]\n"
			"One sp-net between a client and a target that are this program; %d runs "
			"of S "
			"seconds.\n",
			RUNS);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
			{"verbose", no_argument, NULL, 'v'},
			{"seconds", required_argument, NULL, 's'},
			{"net", required_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'},
			{NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'j') {
			json = true;
		} else if (c == 'v') {
			verbose = true;
		} else if (c == 's') {
			seconds = strtod(optarg, NULL);
		} else if (c == 'n') {
			snprintf(program, sizeof(program), "%s", optarg);
		} else {
			return usage(c == 'h' ? 0 : 2);
		}
	}
	if (optind < argc || !(seconds > 0 && seconds <= 60)) {
		return usage(2);
	}
	/* It stands one folder above in a build. */
	if (program[0] == '\0') {
		char self[400];
		ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
		char *slash = NULL;

		for (int i = 0; i < 2 && n > 0; i++) {
			self[i == 0 ? n : slash - self] = '\0';
			slash = strrchr(self, '/');
		}
		snprintf(program, sizeof(program), "%.*s/sp-net", slash ? (int)(slash - self) : 0,
				self);
	}
	signal(SIGPIPE, SIG_IGN);
	bool ok = prepare() && throughput() && latency() && memory() && openings();
	sp_tls_ctx_destroy(server_ctx);
	sp_tls_ctx_destroy(client_ctx);
	sp_tls_key_destroy(key);
	sp_rcbuf_unref(cert);
	sp_loop_destroy(loop);
	return ok ? 0 : 1;
}
