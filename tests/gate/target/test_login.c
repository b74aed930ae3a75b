/* tests/gate/target/test_login.c - the real sp-target between a CredSSP server and a made-up keeper. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chain_kit.h"
#include "core/base/mem.h"
#include "core/pdu/rdstls.h"
#include "core/pdu/x224.h"
#include "duo.h"
#include "host/io/chain.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/proc.h"
#include "host/monitor/login_link.h"
#include "host/monitor/mon.h"

#define PASSWORD "secret123"
#define PATIENCE_MS 10000

static char program[512];
static int link_fd = -1, keeper = -1, output = -1;
static pid_t pid;
static struct chain_made made;
static struct sp_mon_in in;
static struct sp_ipc_msg msg;
static struct sp_login_begin_target begin;
static struct sp_login_target_end end;
static struct duo target; /* only its server's half */
static bool seen_password; /* in anything that went to sp-net */

static int file_of(struct sp_span bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
	return fd;
}

static void start(struct sp_span roots)
{
	const char *argv[] = {"sp-target", NULL};
	/* The jail leaves the leak checker nothing to look with. */
	const char *env[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};
	int a[2], b[2], ca = roots.n > 0 ? file_of(roots) : -1;
	char why[SP_WHY_MAX];

	assert_int_equal(sp_ipc_pair(a), SP_OK);
	assert_int_equal(sp_ipc_pair(b), SP_OK);
	output = file_of(sp_span("", 0));
	int fds[] = {a[1], b[1], ca};
	struct sp_proc_spec spec = {.path = program,
			.argv = argv,
			.env = env,
			.fds = fds,
			.nfds = ca >= 0 ? 3 : 2,
			.out = output,
			.err = output,
			.death_signal = SIGKILL};
	assert_int_equal(sp_proc_start(&spec, &pid, why), SP_OK);
	close(a[1]);
	close(b[1]);
	if (ca >= 0) {
		close(ca);
	}
	link_fd = a[0];
	keeper = b[0];
	seen_password = false;
	memset(&begin, 0, sizeof(begin));
	memset(&end, 0, sizeof(end));
	begin.conn = 7;
	begin.protocol = SP_PROTO_HYBRID;
	begin.chain_n = (uint32_t)made.ders_n;
	memcpy(begin.chain, made.ders, made.ders_n);
	duo_init(&target);
}

static const char *log_text(void)
{
	static char log[16384];
	ssize_t n = pread(output, log, sizeof(log) - 1, 0);

	log[n > 0 ? n : 0] = '\0';
	return log;
}

static int stop(void)
{
	int status = -1;

	close(link_fd);
	close(keeper);
	link_fd = keeper = -1;
	assert_int_equal(sp_proc_reap(pid, sp_now_us() + 10000000, &status), SP_OK);
	pid = 0;
	assert_null(strstr(log_text(), PASSWORD));
	close(output);
	return status;
}

static void expect(enum sp_msg type)
{
	struct pollfd p = {.fd = keeper, .events = POLLIN};

	sp_mon_in_finish(&in);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(sp_mon_recv(keeper, &in), 1);
	assert_string_equal(sp_msg_name(in.type), sp_msg_name(type));
}

/* It may have ended by now, which is no question. */
static void keeper_says_nothing(void)
{
	sp_mon_in_finish(&in);
	int rc = sp_mon_recv(keeper, &in);
	assert_true(rc == 0 || rc == SP_ECLOSED);
}

/* What sp-net gets next: a type of login_link.h. */
static uint32_t next(void)
{
	assert_int_equal(sp_ipc_wait(link_fd, &msg, 0, sp_now_us() + PATIENCE_MS * 1000ull), SP_OK);
	seen_password = seen_password || memmem(msg.p, msg.n, PASSWORD, strlen(PASSWORD));
	if (msg.type == SP_LOGIN_TARGET_END) {
		assert_int_equal(sp_ipc_body(&msg, &end, sizeof(end)), SP_OK);
	}
	return msg.type;
}

static void begins(enum sp_trust trust, bool tls_only)
{
	struct sp_msg_trust t = {.trust = trust, .tls_only = tls_only, .host = "host.example"};

	assert_int_equal(
			sp_ipc_send(link_fd, SP_LOGIN_BEGIN_TARGET, &begin, sizeof(begin), NULL, 0),
			SP_OK);
	expect(SP_MSG_ASK_TRUST);
	assert_int_equal(sp_mon_say(keeper, TRUST, &t), SP_OK);
}

static void credentials(const char *password)
{
	struct sp_msg_target_login m = {
			.result = SP_TARGET_LOGIN_OK, .user = "demo", .domain = "LAB"};

	snprintf(m.password, sizeof(m.password), "%s", password);
	assert_int_equal(sp_mon_say(keeper, TARGET_LOGIN, &m), SP_OK);
}

static void denies(const char *text)
{
	struct sp_msg_target_login m = {.result = SP_TARGET_LOGIN_DENIED};

	snprintf(m.text, sizeof(m.text), "%s", text);
	assert_int_equal(sp_mon_say(keeper, TARGET_LOGIN, &m), SP_OK);
}

/* The CredSSP server with the key of `key`, until the login ends; its last result. */
static int serve(const struct sp_cert_info *key)
{
	struct sp_wr reply;
	int rc = SP_CREDSSP_MORE;

	target.server_conf.public_key = sp_span(key->key, key->key_n);
	target.server_conf.endpoint_hash = sp_span(key->endpoint, key->endpoint_n);
	duo_create(&target);
	assert_non_null(target.server);
	sp_wr_init(&reply, SP_CREDSSP_MAX);
	while (next() == SP_LOGIN_TOKEN) {
		rc = duo_server(&target, sp_span(msg.p, msg.n), &reply);
		if (reply.n > 0) {
			assert_int_equal(sp_ipc_send(link_fd, SP_LOGIN_TOKEN, reply.p, reply.n,
							 NULL, 0),
					SP_OK);
		}
		sp_wr_reset(&reply);
	}
	sp_wr_finish(&reply);
	assert_int_equal(msg.type, SP_LOGIN_TARGET_END);
	return rc;
}

static void fails(uint32_t why, const char *text)
{
	assert_int_equal(end.result, SP_LOGIN_FAILED);
	if (end.why != why || !strstr(end.text, text)) {
		fail_msg("%u \"%s\" is not %u \"%s\"", end.why, end.text, why, text);
	}
	assert_int_equal(end.user[0] | end.domain[0] | end.password[0], 0);
}

static struct sp_cert_info leaf_of(const struct chain_made *m)
{
	struct sp_chain *c = sp_chain_read(chain_ders(m));

	assert_non_null(c);
	struct sp_cert_info info = *sp_chain_leaf(c);
	sp_chain_destroy(c);
	return info;
}

static void test_good(void **state)
{
	struct sp_cert_info leaf = leaf_of(&made);

	/* By CA, by the keeper's list of keys: with the certificate shown the same. */
	for (enum sp_trust trust = SP_TRUST_CA; trust <= SP_TRUST_FIRST_SEEN; trust++) {
		start(chain_root(&made));
		begins(trust, false);
		expect(SP_MSG_TARGET_CERT);
		assert_memory_equal(in.body.target_cert.spki, leaf.spki_sha256, 32);
		assert_int_equal(in.body.target_cert.verified, trust == SP_TRUST_CA);
		assert_int_equal(in.body.target_cert.nla, 1);
		credentials(PASSWORD);
		assert_int_equal(serve(&leaf), SP_CREDSSP_DONE);
		const struct sp_credssp_login *who = sp_credssp_server_login(target.server);
		assert_non_null(who);
		assert_string_equal(who->user, "demo");
		assert_string_equal(who->domain, "LAB");
		assert_int_equal(who->password.n, strlen(PASSWORD));
		assert_memory_equal(who->password.p, PASSWORD, strlen(PASSWORD));
		assert_int_equal(end.result, SP_LOGIN_OK);
		assert_string_equal(end.user, "demo");
		assert_string_equal(end.domain, "LAB");
		assert_string_equal(end.password, "");
		assert_false(seen_password);
		expect(SP_MSG_TARGET_DONE);
		assert_int_equal(in.body.target_done.result, SP_DONE_OK);
		duo_finish(&target);
		assert_int_equal(stop(), 0);
	}
}

static void test_wrong_password(void **state)
{
	struct sp_cert_info leaf = leaf_of(&made);

	start(sp_span(NULL, 0));
	begins(SP_TRUST_PIN, false);
	expect(SP_MSG_TARGET_CERT);
	credentials("wrong" PASSWORD);
	assert_true(serve(&leaf) < 0);
	fails(SP_WHY_TARGET_LOGIN, "wrong user name or password");
	expect(SP_MSG_TARGET_DONE);
	assert_int_equal(in.body.target_done.result, SP_DONE_FAILED);
	assert_int_equal(in.body.target_done.status, 0xC000006D);
	assert_false(seen_password);
	duo_finish(&target);
	assert_int_equal(stop(), 0);
}

static void test_untrusted(void **state)
{
	struct chain_made other;
	struct chain_wish w = {.names = "DNS:host.example", .uses = "serverAuth"};

	/* The keeper knows another key. */
	start(sp_span(NULL, 0));
	begins(SP_TRUST_FIRST_SEEN, false);
	expect(SP_MSG_TARGET_CERT);
	denies("its key has changed since it was first seen");
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	fails(SP_WHY_CERTIFICATE, "has changed");
	keeper_says_nothing();
	assert_int_equal(stop(), 0);

	/* A CA nobody knows, even where the keeper were to say yes. */
	chain_make(&w, &other);
	start(chain_root(&other));
	begins(SP_TRUST_CA, false);
	expect(SP_MSG_TARGET_CERT);
	assert_int_equal(in.body.target_cert.verified, 0);
	assert_true(in.body.target_cert.text[0] != '\0');
	credentials(PASSWORD);
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	fails(SP_WHY_CERTIFICATE, "its certificate is not trusted: ");
	assert_int_equal(stop(), 0);

	/* No way to know it, even where the keeper were to say yes. */
	start(sp_span(NULL, 0));
	begins(SP_TRUST_NONE, true);
	expect(SP_MSG_TARGET_CERT);
	credentials(PASSWORD);
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	fails(SP_WHY_CERTIFICATE, "no way to know it");
	assert_int_equal(stop(), 0);

	/* No list of CAs at all. */
	start(sp_span(NULL, 0));
	begins(SP_TRUST_CA, false);
	expect(SP_MSG_TARGET_CERT);
	assert_int_equal(in.body.target_cert.verified, 0);
	denies("");
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	fails(SP_WHY_CERTIFICATE, "no certificate authorities");
	assert_int_equal(stop(), 0);
}

/* sp-net shows the good chain, and leads the login to somebody with another key. */
static void test_other_key(void **state)
{
	struct chain_wish w = {.names = "DNS:host.example", .uses = "serverAuth"};
	struct chain_made other;

	chain_make(&w, &other);
	struct sp_cert_info his = leaf_of(&other);
	start(chain_root(&made));
	begins(SP_TRUST_CA, false);
	expect(SP_MSG_TARGET_CERT);
	assert_int_equal(in.body.target_cert.verified, 1);
	credentials(PASSWORD);
	assert_true(serve(&his) < 0);
	assert_null(sp_credssp_server_login(target.server));
	assert_int_equal(end.result, SP_LOGIN_FAILED);
	assert_false(seen_password);
	duo_finish(&target);
	assert_int_equal(stop(), 0);
}

static void test_old_target(void **state)
{
	struct sp_credssp_request r = {.version = 4, .nego_token = sp_span("x", 1)};
	struct sp_wr w;

	start(sp_span(NULL, 0));
	begins(SP_TRUST_PIN, false);
	expect(SP_MSG_TARGET_CERT);
	credentials(PASSWORD);
	assert_int_equal(next(), SP_LOGIN_TOKEN);
	sp_wr_init(&w, 1024);
	sp_credssp_request_write(&w, &r);
	assert_int_equal(sp_ipc_send(link_fd, SP_LOGIN_TOKEN, w.p, w.n, NULL, 0), SP_OK);
	sp_wr_finish(&w);
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	fails(SP_WHY_TARGET_LOGIN, "CredSSP below version 5");
	expect(SP_MSG_TARGET_DONE);
	assert_int_equal(stop(), 0);
}

static void test_tls_only(void **state)
{
	start(sp_span(NULL, 0));
	begin.protocol = SP_PROTO_SSL;
	begins(SP_TRUST_PIN, false);
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	fails(SP_WHY_TARGET, "no Network Level Authentication");
	keeper_says_nothing(); /* no certificate was asked about, no credentials were given */
	assert_int_equal(stop(), 0);

	start(sp_span(NULL, 0));
	begin.protocol = SP_PROTO_SSL;
	begins(SP_TRUST_PIN, true);
	expect(SP_MSG_TARGET_CERT);
	assert_int_equal(in.body.target_cert.nla, 0);
	credentials(PASSWORD);
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	assert_int_equal(end.result, SP_LOGIN_OK);
	assert_string_equal(end.user, "demo");
	assert_string_equal(end.password, PASSWORD);
	expect(SP_MSG_TARGET_DONE);
	assert_int_equal(in.body.target_done.result, SP_DONE_OK);
	assert_int_equal(stop(), 0);

	start(sp_span(NULL, 0));
	begin.protocol = SP_PROTO_RDP;
	begins(SP_TRUST_PIN, true);
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	fails(SP_WHY_TARGET, "nobody offered");
	keeper_says_nothing();
	assert_int_equal(stop(), 0);
}

/* What the keeper kept of a redirection. */
static void redirected(void)
{
	struct sp_msg_target_login m = {.result = SP_TARGET_LOGIN_OK,
			.rdstls = 1,
			.user = "demo",
			.domain = "LAB",
			.blob_n = 5,
			.guid_n = 4};

	memcpy(m.blob, "\1\2\3\4\5", 5);
	memcpy(m.guid, "g\0u\0", 4);
	assert_int_equal(sp_mon_say(keeper, TARGET_LOGIN, &m), SP_OK);
}

static void say(const struct sp_wr *w)
{
	assert_int_equal(sp_ipc_send(link_fd, SP_LOGIN_TOKEN, w->p, w->n, NULL, 0), SP_OK);
}

static void test_rdstls(void **state)
{
	struct sp_rdstls_request r;
	uint8_t buf[64];
	struct sp_rd rd;
	struct sp_wr w;

	for (uint32_t result = 0; result <= 0x532; result += 0x532) {
		start(sp_span(NULL, 0));
		begin.protocol = SP_PROTO_RDSTLS;
		begins(SP_TRUST_PIN, false);
		expect(SP_MSG_TARGET_CERT);
		assert_int_equal(in.body.target_cert.nla, 1);
		redirected();
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_rdstls_capabilities_write(&w);
		say(&w);
		assert_int_equal(next(), SP_LOGIN_TOKEN);
		sp_rd_init(&rd, msg.p, msg.n);
		assert_int_equal(sp_rdstls_request_read(&rd, &r), SP_OK);
		unit_assert_span(r.guid, sp_span("g\0u\0", 4));
		unit_assert_span(r.user, sp_span("d\0e\0m\0o\0\0\0", 10));
		unit_assert_span(r.domain, sp_span("L\0A\0B\0\0\0", 8));
		unit_assert_span(r.password, sp_span("\1\2\3\4\5", 5));
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_rdstls_response_write(&w, result);
		say(&w);
		assert_int_equal(next(), SP_LOGIN_TARGET_END);
		expect(SP_MSG_TARGET_DONE);
		assert_int_equal(in.body.target_done.status, result);
		if (result == 0) {
			assert_int_equal(end.result, SP_LOGIN_OK);
			assert_string_equal(end.user, "demo");
		} else {
			fails(SP_WHY_TARGET_LOGIN, "password has expired");
		}
		assert_int_equal(stop(), 0);
	}
	/* Something else than that way, and that way where nothing was redirected. */
	start(sp_span(NULL, 0));
	begins(SP_TRUST_PIN, false);
	expect(SP_MSG_TARGET_CERT);
	redirected();
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	fails(SP_WHY_TARGET_LOGIN, "does not speak RDSTLS");
	assert_int_equal(stop(), 0);
	start(sp_span(NULL, 0));
	begin.protocol = SP_PROTO_RDSTLS;
	begins(SP_TRUST_PIN, false);
	expect(SP_MSG_TARGET_CERT);
	credentials(PASSWORD);
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	fails(SP_WHY_TARGET_LOGIN, "nobody offered");
	assert_int_equal(stop(), 0);
}

/* A taken-over sp-net tells lies. No question reaches the keeper that would give it anything. */
static void test_lies(void **state)
{
	for (int lie = 0; lie < 4; lie++) {
		start(sp_span(NULL, 0));
		switch (lie) {
		case 0:
			begin.chain_n = 0;
			break;
		case 1:
			memset(begin.chain, 0xA5, sizeof(begin.chain));
			break;
		case 2:
			begin.chain_n = UINT32_MAX;
			break;
		default:
			begin.chain[30] ^= 0xFF;
			begin.chain[3] = 0xFF;
			break;
		}
		assert_int_equal(sp_ipc_send(link_fd, SP_LOGIN_BEGIN_TARGET, &begin, sizeof(begin),
						 NULL, 0),
				SP_OK);
		assert_int_equal(next(), SP_LOGIN_TARGET_END);
		fails(SP_WHY_CERTIFICATE, "damaged or none");
		keeper_says_nothing();
		assert_int_equal(stop(), 0);
	}
	/* Another message, a short one, one of another kind in the middle. */
	start(sp_span(NULL, 0));
	assert_int_equal(sp_ipc_send(link_fd, SP_LOGIN_TOKEN, "x", 1, NULL, 0), SP_OK);
	assert_true(WEXITSTATUS(stop()) == 1);
	start(sp_span(NULL, 0));
	assert_int_equal(sp_ipc_send(link_fd, SP_LOGIN_BEGIN_TARGET, &begin, sizeof(begin) - 1,
					 NULL, 0),
			SP_OK);
	assert_true(WEXITSTATUS(stop()) == 1);
	start(sp_span(NULL, 0));
	begins(SP_TRUST_PIN, false);
	expect(SP_MSG_TARGET_CERT);
	credentials(PASSWORD);
	assert_int_equal(next(), SP_LOGIN_TOKEN);
	assert_int_equal(
			sp_ipc_send(link_fd, SP_LOGIN_BEGIN_TARGET, &begin, sizeof(begin), NULL, 0),
			SP_OK);
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	fails(SP_WHY_INTERNAL, "not expected");
	expect(SP_MSG_TARGET_DONE);
	assert_int_equal(in.body.target_done.result, SP_DONE_FAILED);
	assert_int_equal(stop(), 0);
}

static void test_gone(void **state)
{
	/* Never needed. */
	start(sp_span(NULL, 0));
	assert_int_equal(stop(), 0);
	/* The target closes in the middle: sp-net lets go, the keeper hears of it. */
	start(sp_span(NULL, 0));
	begins(SP_TRUST_PIN, false);
	expect(SP_MSG_TARGET_CERT);
	credentials(PASSWORD);
	assert_int_equal(next(), SP_LOGIN_TOKEN);
	close(link_fd);
	link_fd = -1;
	expect(SP_MSG_TARGET_DONE);
	assert_int_equal(in.body.target_done.result, SP_DONE_FAILED);
	assert_non_null(strstr(in.body.target_done.text, "closed the connection"));
	link_fd = keeper;
	keeper = dup(keeper);
	assert_int_equal(stop(), 0);
	/* The keeper goes away. */
	start(sp_span(NULL, 0));
	close(keeper);
	keeper = -1;
	assert_int_equal(
			sp_ipc_send(link_fd, SP_LOGIN_BEGIN_TARGET, &begin, sizeof(begin), NULL, 0),
			SP_OK);
	assert_int_equal(next(), SP_LOGIN_TARGET_END);
	assert_int_equal(end.result, SP_LOGIN_FAILED);
	keeper = dup(link_fd);
	assert_int_equal(stop(), 0);
}

static int init(void **state)
{
	struct chain_wish w = {.names = "DNS:host.example", .uses = "serverAuth", .between = true};
	const char *build = getenv("SP_BUILD");

	if (!build || sp_chain_init() != SP_OK) {
		return -1;
	}
	snprintf(program, sizeof(program), "%s/sp-target", build);
	chain_make(&w, &made);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_good),
			cmocka_unit_test(test_wrong_password),
			cmocka_unit_test(test_untrusted),
			cmocka_unit_test(test_other_key),
			cmocka_unit_test(test_old_target),
			cmocka_unit_test(test_tls_only),
			cmocka_unit_test(test_rdstls),
			cmocka_unit_test(test_lies),
			cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, init, NULL);
}
