/* tests/host/rdp/test_client_login.c - a whole login over TLS on a socket pair. */
#include "host/rdp/client_login.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/auth/credssp_server.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/x224.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "host/lib/crypto_nettle.h"
#include "tls_kit.h"
#include "unit.h"

#define PATIENCE_US 5000000

static struct sp_loop *loop;
static struct sp_tls_ctx *server_ctx, *client_ctx;
static struct {
	struct sp_conn *server, *client;
	struct sp_credssp_server *machine;
	struct sp_client_login *login;
	struct sp_credssp_login who;
	bool logon, server_closed, client_closed;
	int client_err;
	uint32_t status;
	char why[64];
} t;

static int server_step(struct sp_span token, struct sp_wr *reply)
{
	static const struct sp_credssp_challenge ch = {.challenge = {1},
			.filetime = 134000000000000000,
			.netbios_computer = "SALLYPORT",
			.netbios_domain = "SALLYPORT"};
	uint8_t nt[SP_NTLMV2_KEY], base[SP_NTLMV2_KEY];

	int rc = sp_credssp_server_step(t.machine, token, reply);
	if (rc == SP_CREDSSP_ASK_CHALLENGE) {
		rc = sp_credssp_server_challenge(t.machine, &ch, reply);
	} else if (rc == SP_CREDSSP_ASK_PROOF) {
		assert_int_equal(sp_ntlmv2_nt_hash(&sp_crypto_nettle, "secret123", nt), SP_OK);
		bool good = sp_ntlmv2_check(
				&sp_crypto_nettle, nt, sp_credssp_server_query(t.machine), base);
		rc = sp_credssp_server_verdict(t.machine,
				good ? SP_CREDSSP_PROVED : SP_CREDSSP_DENIED, base, reply);
	}
	return rc;
}

static void server_token(struct sp_span token)
{
	const struct sp_cert_info *cert = sp_tls_own_cert(sp_conn_tls(t.server));
	struct sp_rdp *rdp = sp_conn_rdp(t.server);
	struct sp_wr reply;

	if (!t.machine) {
		struct sp_credssp_server_conf conf = {.public_key = sp_span(cert->key, cert->key_n),
				.endpoint_hash = sp_span(cert->endpoint, cert->endpoint_n)};

		t.machine = sp_credssp_server_create(&sp_crypto_nettle, &conf);
		assert_non_null(t.machine);
	}
	sp_wr_init(&reply, SP_CREDSSP_MAX);
	int rc = server_step(token, &reply);
	if (reply.n > 0) {
		assert_int_equal(sp_rdp_auth_send(rdp, sp_span(reply.p, reply.n)), SP_OK);
	}
	sp_wr_finish(&reply);
	if (rc == SP_CREDSSP_DONE) {
		t.who = *sp_credssp_server_login(t.machine);
		assert_int_equal(sp_rdp_auth_done(rdp, 0), SP_OK);
	} else if (rc < 0) {
		sp_conn_fail(t.server, rc, "login");
	}
}

static void on_server(void *user, const struct sp_event *ev)
{
	if (ev->kind == SP_EV_AUTH_TOKEN) {
		server_token(ev->token);
	} else if (ev->kind == SP_EV_LOGON) {
		t.logon = true;
	}
}

static void on_client(void *user, const struct sp_event *ev)
{
	if (ev->kind == SP_EV_AUTH_TOKEN) {
		int rc = sp_client_login_step(t.login, t.client, ev->token);

		if (rc != SP_OK) {
			t.status = sp_client_login_status(t.login);
			strncpy(t.why, sp_client_login_why(t.login), sizeof(t.why) - 1);
			sp_conn_fail(t.client, rc, "login");
		}
	}
}

static void server_gone(void *user, int err, const char *what)
{
	t.server_closed = true;
	sp_conn_destroy(t.server);
	t.server = NULL;
}

static void client_gone(void *user, int err, const char *what)
{
	t.client_closed = true;
	t.client_err = err;
	sp_conn_destroy(t.client);
	t.client = NULL;
}

static void join(const char *password, uint32_t protocols, bool spnego)
{
	static const struct sp_conn_calls server_calls = {
			.event = on_server, .closed = server_gone};
	static const struct sp_conn_calls client_calls = {
			.event = on_client, .closed = client_gone};
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct sp_client_login_conf lc = {.user = "demo",
			.domain = "CORP",
			.host = "host.example",
			.password = sp_span(password, strlen(password)),
			.spnego = spnego};
	struct sp_client_conf cc = {.protocols = protocols, .gcc = &gcc, .info = &info};
	struct sp_server_conf sc = {.protocols = protocols};
	int fds[2];

	memset(&t, 0, sizeof(t));
	gcc.core.version = SP_GCC_VERSION_5;
	gcc.core.desktop_width = 800;
	gcc.core.desktop_height = 600;
	gcc.core.n_tail = SP_GCC_TAIL_ALL;
	sp_gcc_client_set_bpp(&gcc.core, 32);
	info.flags = SP_INFO_UNICODE;
	t.login = sp_client_login_create(&lc);
	assert_non_null(t.login);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	struct sp_conn_conf conf = {.fd = fds[0],
			.rdp = sp_server_create(&sc, sp_now_us()),
			.ctx = server_ctx,
			.server = true,
			.calls = &server_calls};
	t.server = sp_conn_create(loop, &conf);
	conf = (struct sp_conn_conf){.fd = fds[1],
			.rdp = sp_client_create(&cc, sp_now_us()),
			.ctx = client_ctx,
			.peer = {.verify = SP_TLS_VERIFY_REPORT, .host = "localhost"},
			.calls = &client_calls};
	t.client = sp_conn_create(loop, &conf);
	assert_non_null(t.server);
	assert_non_null(t.client);
}

static void until(bool *done)
{
	uint64_t end = sp_now_us() + PATIENCE_US;

	while (!*done) {
		uint64_t now = sp_now_us();

		assert_true(now < end);
		assert_int_equal(sp_loop_turn(loop, end - now), SP_OK);
	}
}

static void part(void)
{
	sp_conn_destroy(t.server);
	sp_conn_destroy(t.client);
	sp_credssp_server_destroy(t.machine);
	sp_client_login_destroy(t.login);
}

static void test_good(void **state)
{
	static const uint32_t protocols[] = {SP_PROTO_SSL | SP_PROTO_HYBRID,
			SP_PROTO_SSL | SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX};

	for (size_t i = 0; i < SP_LEN(protocols); i++) {
		for (int spnego = 0; spnego <= 1; spnego++) {
			join("secret123", protocols[i], spnego);
			until(&t.logon);
			assert_string_equal(t.who.user, "demo");
			assert_string_equal(t.who.domain, "CORP");
			unit_assert_span(sp_span(t.who.password.p, t.who.password.n),
					sp_span("secret123", 9));
			part();
		}
	}
}

static void test_wrong_password(void **state)
{
	join("Secret123", SP_PROTO_SSL | SP_PROTO_HYBRID, false);
	until(&t.client_closed);
	assert_int_equal(t.client_err, SP_EAUTH);
	assert_int_equal(t.status, SP_STATUS_LOGON_FAILURE);
	assert_string_equal(t.why, "credssp.errorCode");
	assert_false(t.logon);
	part();
}

static void test_bad_conf(void **state)
{
	struct sp_client_login_conf conf = {.user = ""};

	join("secret123", SP_PROTO_SSL | SP_PROTO_HYBRID, false);
	sp_client_login_destroy(t.login);
	t.login = sp_client_login_create(&conf);
	until(&t.client_closed);
	assert_int_equal(t.client_err, SP_EARG);
	assert_string_equal(t.why, "login");
	part();
}

static int start(void **state)
{
	char why[SP_WHY_MAX];
	const struct kit_pair *pair = kit_pair("EC");
	struct sp_tls_server_conf conf = {
			.chain_pem = kit_span(pair->cert), .key_pem = kit_span(pair->key)};

	if (sp_tls_init() != SP_OK) {
		return -1;
	}
	loop = sp_loop_create();
	server_ctx = sp_tls_server_ctx(&conf, why);
	client_ctx = sp_tls_client_ctx(kit_span(pair->cert), why);
	return loop && server_ctx && client_ctx ? 0 : -1;
}

static int end(void **state)
{
	sp_tls_ctx_destroy(server_ctx);
	sp_tls_ctx_destroy(client_ctx);
	sp_loop_destroy(loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_good),
			cmocka_unit_test(test_wrong_password),
			cmocka_unit_test(test_bad_conf),
	};

	return cmocka_run_group_tests(tests, start, end);
}
