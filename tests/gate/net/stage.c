/* tests/gate/net/stage.c - see stage.h. */
#include "stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/pdu/caps.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "host/io/cert.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"
#include "host/io/proc.h"
#include "host/io/tcp.h"
#include "host/io/tls_sign_check.h"
#include "host/monitor/login_link.h"

#define OPEN_US (15 * STAGE_SECOND)

static uint8_t body[STAGE_BODY];

bool stage_fail(const char *what)
{
	fprintf(stderr, "stage: %s\n", what);
	return false;
}

uint64_t stage_hash(uint64_t hash, const struct sp_event *update)
{
	hash = (hash ^ update->update.code) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < update->update.data.n; i++) {
		hash = (hash ^ update->update.data.p[i]) * UINT64_C(0x100000001b3);
	}
	return hash;
}

/* ---- the target ---- */

void stage_pour(struct session *s)
{
	while (s->pour && s->target && !sp_conn_full(s->target)) {
		if (sp_server_update(sp_conn_rdp(s->target), SP_FP_BITMAP,
				    sp_span(body, sizeof(body))) != SP_OK) {
			s->failed = true;
			return;
		}
	}
}

void stage_speak(struct session *s)
{
	struct sp_server_desktop d = {1024, 768, 32, false};

	if (sp_server_activate(sp_conn_rdp(s->target), &d, sp_now_us()) != SP_OK) {
		s->failed = true;
	}
}

static void target_event(void *user, const struct sp_event *ev)
{
	struct session *s = user;
	struct sp_rdp *rdp = sp_conn_rdp(s->target);
	static const uint8_t position[4];
	int rc = SP_OK;

	switch (ev->kind) {
	case SP_EV_LOGON:
		s->logon = true;
		if (!s->mute) {
			stage_speak(s);
		}
		break;
	case SP_EV_ACTIVE:
		s->target_active = true;
		break;
	case SP_EV_LINE:
		s->lines++;
		s->line = ev->line;
		break;
	case SP_EV_INPUT:
		s->inputs += ev->input.n;
		rc = sp_server_update(rdp, SP_FP_PTR_POSITION, sp_span(position, 4));
		break;
	default:
		break;
	}
	s->failed = s->failed || rc != SP_OK;
}

static void target_room(void *user)
{
	stage_pour(user);
}

static void target_closed(void *user, int err, const char *what)
{
	struct session *s = user;

	if (s->stage->verbose) {
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
		s->demands++;
		sp_client_default_caps(&caps, 1024, 768, 32);
		if (s->reconnects) {
			caps.general.extra_flags |= SP_GENERAL_AUTORECONNECT;
		}
		rc = s->stiff ? SP_OK : sp_client_confirm(rdp, &caps);
		break;
	case SP_EV_ACTIVE:
		s->client_active = true;
		break;
	case SP_EV_UPDATE:
		s->got += ev->update.data.n;
		s->hash = s->grant.record ? stage_hash(s->hash, ev) : 0;
		s->echoes += ev->update.code == SP_FP_PTR_POSITION;
		s->pointers += ev->update.code == SP_FP_POINTER ||
				ev->update.code == SP_FP_LARGE_POINTER;
		break;
	case SP_EV_SESSION_INFO:
		s->infos++;
		break;
	case SP_EV_ERROR_INFO:
		s->error_info = ev->error_info;
		break;
	default:
		break;
	}
	s->failed = s->failed || rc != SP_OK;
}

static void client_closed(void *user, int err, const char *what)
{
	struct session *s = user;

	if (s->stage->verbose) {
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
		return stage_fail(why);
	}
	bool ok = sp_tcp_local(listener, &at) == SP_OK;
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok = ok && ends[0] >= 0 && connect(ends[0], &at.u.sa, at.n) == 0;
	ends[1] = ok ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
	close(listener);
	for (int i = 0; ok && i < 2; i++) {
		ok = ends[i] >= 0 && sp_tcp_tune(ends[i], SP_TCP_SEND_BUF, SP_TCP_LOWAT) == SP_OK;
	}
	return ok || stage_fail(strerror(errno));
}

static bool open_target(struct session *s, int fd)
{
	static const struct sp_conn_calls calls = {
			.event = target_event, .closed = target_closed, .room = target_room};
	struct sp_conn_conf conf = {.fd = fd,
			.ctx = s->stage->server_ctx,
			.server = true,
			.calls = &calls,
			.user = s};

	conf.rdp = sp_server_create(
			&(struct sp_server_conf){.protocols = s->own ? SP_PROTO_RDP : SP_PROTO_SSL},
			sp_now_us());
	s->target = conf.rdp ? sp_conn_create(s->stage->loop, &conf) : NULL;
	return s->target || stage_fail("out of memory");
}

static bool open_client(struct session *s, int fd, uint32_t protocols)
{
	static const struct sp_conn_calls calls = {.event = client_event, .closed = client_closed};
	struct sp_conn_conf conf = {.fd = fd,
			.ctx = s->stage->client_ctx,
			.peer = {.verify = SP_TLS_VERIFY_REPORT},
			.calls = &calls,
			.user = s};

	conf.rdp = make_client(protocols);
	s->client = conf.rdp ? sp_conn_create(s->stage->loop, &conf) : NULL;
	return s->client || stage_fail("out of memory");
}

/* ---- keeper, sp-login and sp-target ---- */

static bool sign(struct session *s, const struct sp_msg_sign *ask)
{
	struct sp_msg_signature m = {0};
	size_t n = sizeof(m.signature);

	if (ask->n > sizeof(ask->message) ||
			sp_tls_sign(s->stage->key, (int)ask->scheme, sp_span(ask->message, ask->n),
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
		snprintf(end.user, sizeof(end.user), "stage");
		if (sp_ipc_send(s->link, SP_LOGIN_TARGET_END, &end, sizeof(end), NULL, 0) !=
				SP_OK) {
			s->failed = true;
		}
	}
}

static bool give_target(struct session *s)
{
	struct sp_msg_target m = s->grant;
	int tcp[2], link[2], stream[2];

	m.result = SP_OPEN_OK;
	m.kind = s->own ? SP_TARGET_DESKTOP : SP_TARGET_RDP;
	m.tls_only = !s->own;
	snprintf(m.name, sizeof(m.name), "there");
	if (!tcp_pair(tcp) || sp_ipc_pair(link) != SP_OK || !open_target(s, tcp[1])) {
		return false;
	}
	s->link = link[0];
	s->on_link = sp_loop_fd(s->stage->loop, s->link, SP_LOOP_READ, on_link, s);
	int fds[3] = {tcp[0]}, n = 1;
	if (!s->own) {
		fds[n++] = link[1];
	}
	bool ours = m.record && s->recorder == 0;
	if (ours && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) != 0) {
		return stage_fail(strerror(errno));
	}
	if (ours) {
		s->stream = stream[0];
	}
	if (m.record) {
		fds[n++] = ours ? stream[1] : s->recorder;
	}
	int rc = sp_mon_send(s->keeper, SP_MSG_TARGET, &m, sizeof(m), fds, (size_t)n);
	if (ours) {
		close(stream[1]);
	}
	close(tcp[0]);
	close(link[1]);
	return rc == SP_OK && s->on_link;
}

static void on_keeper(void *user, unsigned events)
{
	static struct sp_mon_in in;
	static const struct sp_msg_verdict granted = {
			.grant = 1, .result = SP_VERDICT_GRANTED, .user = "stage"};
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
		s->licenses++;
		ok = sp_mon_say(s->keeper, LICENSE, &none) == SP_OK;
		break;
	case SP_MSG_TARGET_UP:
		ok = !s->up; /* once */
		s->up = true;
		break;
	case SP_MSG_TARGET_ARC:
		s->arc = in.body.arc;
		s->arcs++;
		break;
	case SP_MSG_BYE:
		s->bye = true;
		s->last = in.body.bye;
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

static int chain_fd(const struct sp_rcbuf *cert)
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
	const char *const argv[] = {s->stage->program, NULL};
	int fds[4] = {theirs[0], theirs[1], theirs[2], chain_fd(s->stage->cert)};
	struct sp_proc_spec spec = {.path = s->stage->program,
			.argv = argv,
			.fds = fds,
			.nfds = 4,
			.out = -1,
			.err = s->stage->verbose ? 2 : -1,
			.death_signal = SIGKILL};
	char why[SP_WHY_MAX] = "no memory file";
	bool ok = fds[3] >= 0 && sp_proc_start(&spec, &s->pid, why) == SP_OK;

	if (fds[3] >= 0) {
		close(fds[3]);
	}
	return ok || stage_fail(why);
}

static void fresh(struct stage *st, struct session *s)
{
	struct session was = *s;

	*s = (struct session){.grant = was.grant,
			.reconnects = was.reconnects,
			.recorder = was.recorder,
			.mute = was.mute,
			.own = was.own,
			.stiff = was.stiff,
			.active_ms = was.active_ms,
			.stage = st,
			.parent = -1,
			.keeper = -1,
			.login = -1,
			.link = -1,
			.stream = -1};
}

bool stage_begin(struct stage *st, struct session *s)
{
	struct sp_msg_net_start m = {.conn = 1,
			.source = {.family = AF_INET, .port = 1, .text = "127.0.0.1:1"},
			.logon_ms = 30000,
			.active_ms = s->active_ms ? s->active_ms : 30000};
	int ours[3], theirs[3], tcp[2];

	fresh(st, s);
	for (int i = 0; i < 3; i++) {
		int pair[2];

		if (sp_ipc_pair(pair) != SP_OK) {
			return stage_fail(strerror(errno));
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
	s->on_keeper = sp_loop_fd(s->stage->loop, s->keeper, SP_LOOP_READ, on_keeper, s);
	s->on_login = sp_loop_fd(s->stage->loop, s->login, SP_LOOP_READ, on_login, s);
	int rc = sp_mon_send(s->parent, SP_MSG_NET_START, &m, sizeof(m), &tcp[1], 1);
	close(tcp[1]);
	return rc == SP_OK && s->on_keeper && s->on_login &&
			open_client(s, tcp[0], SP_PROTO_HYBRID);
}

bool stage_begin_direct(struct stage *st, struct session *s)
{
	int tcp[2];

	fresh(st, s);
	return tcp_pair(tcp) && open_target(s, tcp[1]) && open_client(s, tcp[0], SP_PROTO_SSL);
}

bool stage_turn(struct stage *st, uint64_t end_us)
{
	uint64_t now = sp_now_us();

	return now < end_us && sp_loop_turn(st->loop, end_us - now) == SP_OK;
}

bool stage_wait_active(struct session *s)
{
	uint64_t end = sp_now_us() + OPEN_US;

	while (!(s->client_active && s->target_active) && !s->failed) {
		if (!stage_turn(s->stage, end)) {
			break;
		}
	}
	return (s->client_active && s->target_active && !s->failed) || stage_fail("no session");
}

void stage_end(struct session *s)
{
	int *const fds[] = {&s->parent, &s->keeper, &s->login, &s->link, &s->stream};
	int status;

	sp_watch_remove(s->on_keeper);
	sp_watch_remove(s->on_login);
	sp_watch_remove(s->on_link);
	sp_conn_destroy(s->client);
	sp_conn_destroy(s->target);
	for (size_t i = 0; i < SP_LEN(fds); i++) {
		sp_fd_close(fds[i]);
	}
	if (s->pid > 0 && sp_proc_reap(s->pid, sp_now_us() + 3 * STAGE_SECOND, &status) != SP_OK) {
		stage_fail("sp-net did not end");
	}
	fresh(s->stage, s);
}

/* ---- beginning ---- */

bool stage_open(struct stage *st)
{
	struct sp_rcbuf *key_pem;
	char why[SP_WHY_MAX] = "";

	if (sp_tls_init() != SP_OK || !(st->loop = sp_loop_create()) ||
			sp_cert_make("stage.test", 2, &st->cert, &key_pem) != SP_OK) {
		return stage_fail("cannot start");
	}
	struct sp_span cert = sp_span(st->cert->p, st->cert->n);
	struct sp_span pem = sp_span(key_pem->p, key_pem->n);
	st->key = sp_tls_key_load(pem, why);
	st->server_ctx = sp_tls_server_ctx(
			&(struct sp_tls_server_conf){.chain_pem = cert, .key_pem = pem}, why);
	st->client_ctx = sp_tls_client_ctx(sp_span(NULL, 0), why);
	sp_cert_key_free(key_pem);
	for (size_t i = 0; i < sizeof(body); i++) {
		body[i] = (uint8_t)(i * 2654435761u >> 13);
	}
	return (st->key && st->server_ctx && st->client_ctx) || stage_fail(why);
}

void stage_close(struct stage *st)
{
	sp_tls_ctx_destroy(st->server_ctx);
	sp_tls_ctx_destroy(st->client_ctx);
	sp_tls_key_destroy(st->key);
	sp_rcbuf_unref(st->cert);
	sp_loop_destroy(st->loop);
}
