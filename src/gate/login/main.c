/* gate/login/main.c - sp-login: one login, from the first TSRequest to the keeper's knowledge. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/auth/credssp_server.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "host/io/hostlog.h"
#include "host/io/ipc.h"
#include "host/io/jail.h"
#include "host/io/loop.h"
#include "host/lib/crypto_nettle.h"
#include "host/monitor/login_link.h"
#include "host/monitor/mon.h"

/*
 * A process that waits ahead of its connection may wait for days; once the login has begun the
 * parent's deadline ends it from outside.
 */
#define WAIT_FOREVER_US (365ull * 24 * 3600 * 1000000)
#define KEEPER_MS 10000

_Static_assert(SP_SECRET_MAX < SP_TEXT_PASSWORD, "a password is cut");

struct login {
	struct sp_credssp_server *machine;
	struct sp_wr reply;
};

static struct sp_ipc_msg in; /* 64 KiB: not on the stack */

static bool utf8_of(const uint8_t *units, size_t n, char *out, size_t cap)
{
	return sp_utf16_to_utf8(sp_span(units, n), out, cap);
}

static int ask_challenge(struct login *l)
{
	struct sp_msg_none none = {0};
	struct sp_credssp_challenge ch = {0};
	struct sp_mon_in answer;
	int rc = sp_mon_ask(SP_LOGIN_FD_KEEPER, SP_MSG_ASK_CHALLENGE, &none, sizeof(none),
			SP_MSG_CHALLENGE, &answer, KEEPER_MS);

	if (rc != SP_OK) {
		return rc;
	}
	const struct sp_msg_challenge *m = &answer.body.challenge;
	memcpy(ch.challenge, m->challenge, sizeof(ch.challenge));
	ch.filetime = m->time;
	memcpy(ch.netbios_computer, m->nb_computer, sizeof(ch.netbios_computer));
	memcpy(ch.netbios_domain, m->nb_domain, sizeof(ch.netbios_domain));
	memcpy(ch.dns_computer, m->dns_computer, sizeof(ch.dns_computer));
	memcpy(ch.dns_domain, m->dns_domain, sizeof(ch.dns_domain));
	sp_mon_in_finish(&answer);
	return sp_credssp_server_challenge(l->machine, &ch, &l->reply);
}

static int ask_proof(struct login *l)
{
	const struct sp_ntlmv2_query *q = sp_credssp_server_query(l->machine);
	struct sp_msg_proof proof = {0};
	struct sp_mon_in answer;

	if (!utf8_of(q->user, q->n_user, proof.user, sizeof(proof.user)) ||
			!utf8_of(q->domain, q->n_domain, proof.domain, sizeof(proof.domain)) ||
			q->n_temp > sizeof(proof.temp)) {
		return sp_credssp_server_verdict(l->machine, SP_CREDSSP_DENIED, NULL, &l->reply);
	}
	snprintf(proof.machine, sizeof(proof.machine), "%s",
			sp_credssp_server_workstation(l->machine));
	memcpy(proof.nt_proof, q->proof, sizeof(proof.nt_proof));
	proof.temp_n = q->n_temp;
	memcpy(proof.temp, q->temp, q->n_temp);
	int rc = sp_mon_ask(SP_LOGIN_FD_KEEPER, SP_MSG_PROOF, &proof, sizeof(proof),
			SP_MSG_PROOF_RESULT, &answer, KEEPER_MS);
	if (rc != SP_OK) {
		return rc;
	}
	const struct sp_msg_proof_result *m = &answer.body.proof_result;
	rc = m->result == SP_PROOF_GRANTED
			? sp_credssp_server_verdict(l->machine, SP_CREDSSP_PROVED,
					  m->session_base_key, &l->reply)
			: sp_credssp_server_verdict(l->machine, SP_CREDSSP_DENIED, NULL, &l->reply);
	sp_mon_in_finish(&answer);
	return rc;
}

/* Takes one TSRequest as far as it goes; > 0 is SP_CREDSSP_MORE or SP_CREDSSP_DONE. */
static int step(struct login *l, struct sp_span token)
{
	int rc = sp_credssp_server_step(l->machine, token, &l->reply);

	while (rc == SP_CREDSSP_ASK_CHALLENGE || rc == SP_CREDSSP_ASK_PROOF) {
		rc = rc == SP_CREDSSP_ASK_CHALLENGE ? ask_challenge(l) : ask_proof(l);
	}
	return rc;
}

/* Why a login failed, in the words of the audit. */
static uint32_t why_of(int rc, const char *field)
{
	static const struct {
		const char *field;
		enum sp_why why;
	} rows[] = {
			{"credssp.pubKeyAuth", SP_WHY_BINDING},
			{"credssp.userName", SP_WHY_IDENTITY},
			{"ntlm.MsvAvChannelBindings", SP_WHY_BINDING},
			{"ntlm.NTProofStr", SP_WHY_PASSWORD},
			{"ntlm.UserName", SP_WHY_NTLM},
	};

	for (size_t i = 0; i < SP_LEN(rows) && (rc == SP_EAUTH || rc == SP_EDENIED); i++) {
		if (strcmp(field, rows[i].field) == 0) {
			return rows[i].why;
		}
	}
	if (rc == SP_EAUTH) {
		return SP_WHY_TAMPERED;
	}
	if (rc == SP_EPROTO) {
		return strncmp(field, "ntlm", 4) == 0 ? SP_WHY_NTLM : SP_WHY_CREDSSP;
	}
	return SP_WHY_TOKEN;
}

/*
 * Tells the keeper how the login ended, before sp-net or the client hear of it: the verdict can be
 * asked for at once, and a client that goes away on a refusal does not hide its reason.
 */
static enum sp_login_result finish(struct login *l, int rc)
{
	const struct sp_credssp_login *who = sp_credssp_server_login(l->machine);
	enum sp_login_result result = SP_LOGIN_FAILED;
	struct sp_msg_done done = {0};

	if (rc == SP_CREDSSP_DONE && who) {
		done.result = SP_DONE_OK;
		done.why = SP_WHY_OK;
		result = SP_LOGIN_OK;
		memcpy(done.user, who->user, sizeof(who->user));
		memcpy(done.domain, who->domain, sizeof(who->domain));
		memcpy(done.password, who->password.p, who->password.n);
	} else {
		const char *field = sp_credssp_server_why(l->machine);

		done.result = SP_DONE_FAILED;
		done.why = why_of(rc, field);
		sp_log(SP_LOG_DEBUG, "login refused: %s%s%s", field, *field ? ": " : "",
				sp_err_text(rc));
	}
	int rc_said = sp_mon_say(SP_LOGIN_FD_KEEPER, DONE, &done);
	sp_wipe(&done, sizeof(done));
	return rc_said == SP_OK ? result : SP_LOGIN_FAILED;
}

static int run(struct login *l)
{
	struct sp_login_begin begin;
	int rc = sp_ipc_wait(SP_LOGIN_FD_NET, &in, 0, sp_now_us() + WAIT_FOREVER_US);

	if (rc != SP_OK) {
		return rc == SP_ECLOSED ? SP_OK : rc; /* never needed */
	}
	rc = in.type == SP_LOGIN_BEGIN ? sp_ipc_body(&in, &begin, sizeof(begin)) : SP_ESTATE;
	if (rc != SP_OK) {
		return rc;
	}
	if (begin.key_n > sizeof(begin.key) || begin.endpoint_n > sizeof(begin.endpoint)) {
		return SP_EFIELD;
	}
	sp_hostlog_prefix("conn %llu: ", (unsigned long long)begin.conn);
	struct sp_credssp_server_conf conf = {.public_key = sp_span(begin.key, begin.key_n),
			.endpoint_hash = sp_span(begin.endpoint, begin.endpoint_n)};
	l->machine = sp_credssp_server_create(&sp_crypto_nettle, &conf);
	if (!l->machine) {
		return SP_ENOMEM;
	}
	for (;;) {
		rc = sp_ipc_wait(SP_LOGIN_FD_NET, &in, 0, sp_now_us() + WAIT_FOREVER_US);
		if (rc != SP_OK) {
			return rc;
		}
		if (in.type != SP_LOGIN_TOKEN) {
			return SP_ESTATE;
		}
		struct sp_login_end end = {0};
		int want = step(l, sp_span(in.p, in.n));
		if (want != SP_CREDSSP_MORE) {
			end.result = finish(l, want);
		}
		if (l->reply.n > 0 && sp_wr_ok(&l->reply) == SP_OK) {
			rc = sp_ipc_send(SP_LOGIN_FD_NET, SP_LOGIN_TOKEN, l->reply.p, l->reply.n,
					NULL, 0);
			sp_wr_reset(&l->reply);
		}
		if (rc == SP_OK && want != SP_CREDSSP_MORE) {
			return sp_ipc_send(
					SP_LOGIN_FD_NET, SP_LOGIN_END, &end, sizeof(end), NULL, 0);
		}
		if (rc != SP_OK) {
			return rc;
		}
	}
}

int main(int argc, char **argv)
{
	struct sp_jail_spec spec = {.class = SP_JAIL_LOGIN};
	struct sp_jail_report report;
	struct login l = {0};
	char why[SP_WHY_MAX] = "";

	sp_hostlog_open_raw(getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO);
	if (argc == 2 && strcmp(argv[1], "--selftest") == 0) {
		return sp_jail_selftest_main(&spec);
	}
	if (sp_jail_enter(&spec, &report, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return 1;
	}
	sp_wr_init(&l.reply, SP_CREDSSP_MAX);
	int rc = run(&l);
	if (rc != SP_OK && rc != SP_ECLOSED) {
		sp_log(SP_LOG_WARN, "login ended: %s", sp_err_text(rc));
	}
	sp_credssp_server_destroy(l.machine);
	sp_wipe(&in, sizeof(in));
	return rc == SP_OK || rc == SP_ECLOSED ? 0 : 1;
}
