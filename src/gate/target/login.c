/* gate/target/login.c - see login.h. */
#include "gate/target/login.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/auth/credssp_client.h"
#include "core/auth/ntstatus.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "core/pdu/rdstls.h"
#include "core/pdu/x224.h"
#include "host/io/chain.h"
#include "host/io/hostlog.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/lib/crypto_nettle.h"
#include "host/monitor/login_link.h"
#include "host/monitor/mon.h"

/* The parent ends it from outside, and sp-net has a deadline for all of the target's leg. */
#define FOREVER_US (365ull * 24 * 3600 * 1000000)
#define KEEPER_MS 10000
/* 1 January 1601 to 1 January 1970, in the 100 ns of a FILETIME. */
#define FILETIME_1970 UINT64_C(116444736000000000)

_Static_assert(SP_LOGIN_NAME == SP_TEXT_NAME && SP_LOGIN_NAME == SP_TEXT_PASSWORD,
		"one name is cut to the other");

struct login {
	const struct sp_target_login_conf *conf;
	uint32_t protocol; /* SP_PROTO_* */
	struct sp_chain *chain;
	struct sp_msg_trust trust;
	struct sp_credssp_client *machine;
	uint32_t result; /* of RDSTLS */
	bool granted; /* the keeper gave credentials, and waits for how it ends */
	struct sp_login_target_end end;
};

static struct sp_ipc_msg in; /* 64 KiB: not on the stack */

/* Notes why there will be no login; what was noted first stays. */
static int refuse(struct login *l, uint32_t why, const char *text)
{
	if (l->end.why == SP_WHY_UNKNOWN) {
		l->end.why = why;
		snprintf(l->end.text, sizeof(l->end.text), "%s", text);
	}
	return SP_EDENIED;
}

/* ---- the certificate ---- */

static int begin(struct login *l)
{
	/* Static: its chain is large. */
	static struct sp_login_begin_target m;
	int rc = sp_ipc_wait(SP_LOGIN_FD_NET, &in, 0, sp_now_us() + FOREVER_US);

	if (rc == SP_OK) {
		rc = in.type == SP_LOGIN_BEGIN_TARGET ? sp_ipc_body(&in, &m, sizeof(m)) : SP_ESTATE;
	}
	if (rc != SP_OK) {
		return rc;
	}
	sp_hostlog_prefix("conn %llu: ", (unsigned long long)m.conn);
	l->protocol = m.protocol;
	if (m.chain_n <= sizeof(m.chain)) {
		l->chain = sp_chain_read(sp_span(m.chain, m.chain_n));
	}
	return l->chain ? SP_OK
			: refuse(l, SP_WHY_CERTIFICATE,
					  "the certificate it shows is damaged or none at all");
}

static int ask_trust(struct login *l)
{
	struct sp_msg_none none = {0};
	struct sp_mon_in answer;
	int rc = sp_mon_ask(SP_LOGIN_FD_KEEPER, SP_MSG_ASK_TRUST, &none, sizeof(none), SP_MSG_TRUST,
			&answer, KEEPER_MS);

	if (rc != SP_OK) {
		return rc;
	}
	l->trust = answer.body.trust;
	sp_mon_in_finish(&answer);
	switch (l->protocol) {
	case SP_PROTO_HYBRID:
	case SP_PROTO_HYBRID_EX:
	case SP_PROTO_RDSTLS:
		return SP_OK;
	case SP_PROTO_SSL:
		if (l->trust.tls_only) {
			return SP_OK;
		}
		return refuse(l, SP_WHY_TARGET,
				"it has no Network Level Authentication (NLA), without which the "
				"gate logs in only where security = \"tls\" is configured");
	default:
		return refuse(l, SP_WHY_TARGET, "it chose a protocol that nobody offered");
	}
}

/* What the certificate is worth by the way in which the target is to be known. */
static int judge(struct login *l, struct sp_msg_target_cert *m)
{
	const struct sp_cert_info *leaf = sp_chain_leaf(l->chain);
	char why[SP_WHY_MAX] = "";

	memcpy(m->spki, leaf->spki_sha256, sizeof(m->spki));
	m->nla = l->protocol != SP_PROTO_SSL;
	if (l->trust.trust == SP_TRUST_NONE) {
		return refuse(l, SP_WHY_CERTIFICATE, "there is no way to know it by");
	}
	if (l->trust.trust != SP_TRUST_CA) {
		return SP_OK; /* the keeper knows which key it has to be */
	}
	if (sp_chain_verify(l->chain, l->conf->roots, l->trust.host, why) == SP_OK) {
		m->verified = 1;
		return SP_OK;
	}
	snprintf(m->text, sizeof(m->text), "%.*s", (int)sizeof(m->text) - 1, why);
	char text[SP_TEXT_WHY];
	snprintf(text, sizeof(text), "its certificate is not trusted: %.140s", why);
	return refuse(l, SP_WHY_CERTIFICATE, text);
}

/* Shows the keeper the certificate; with its consent come the credentials. */
static int ask_login(struct login *l, struct sp_mon_in *answer)
{
	struct sp_msg_target_cert m = {0};
	int judged = judge(l, &m);
	int rc = sp_mon_ask(SP_LOGIN_FD_KEEPER, SP_MSG_TARGET_CERT, &m, sizeof(m),
			SP_MSG_TARGET_LOGIN, answer, KEEPER_MS);

	if (rc != SP_OK) {
		return rc;
	}
	const struct sp_msg_target_login *t = &answer->body.target_login;
	if (judged == SP_OK && t->result == SP_TARGET_LOGIN_OK) {
		l->granted = true;
		return SP_OK;
	}
	if (t->result != SP_TARGET_LOGIN_OK) {
		rc = refuse(l, SP_WHY_CERTIFICATE, t->text);
	}
	sp_mon_in_finish(answer);
	return judged != SP_OK ? judged : rc;
}

/* ---- CredSSP ---- */

static uint64_t filetime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return FILETIME_1970 + (uint64_t)t.tv_sec * 10000000 + (uint64_t)t.tv_nsec / 100;
}

static int make_machine(struct login *l, const struct sp_msg_target_login *t)
{
	const struct sp_cert_info *leaf = sp_chain_leaf(l->chain);
	char spn[SP_TEXT_HOST + 8];

	snprintf(spn, sizeof(spn), "TERMSRV/%s", l->trust.host);
	/* Bare NTLM: Windows takes it with and without SPNEGO around, FreeRDP's server only so. */
	struct sp_credssp_client_conf conf = {.user = t->user,
			.domain = t->domain,
			.workstation = l->conf->workstation,
			.target = l->trust.host[0] ? spn : NULL,
			.password = sp_span(t->password, strlen(t->password)),
			.public_key = sp_span(leaf->key, leaf->key_n),
			.endpoint_hash = sp_span(leaf->endpoint, leaf->endpoint_n),
			.filetime = filetime()};
	l->machine = sp_credssp_client_create(&sp_crypto_nettle, &conf);
	return l->machine ? SP_OK
			  : refuse(l, SP_WHY_TARGET_LOGIN,
					    "the user name or password cannot be sent to it");
}

/* What an error of the machine means for the person. */
static int failed(struct login *l, int rc)
{
	const char *field = sp_credssp_client_why(l->machine);
	uint32_t status = sp_credssp_client_status(l->machine);
	const char *known = sp_ntstatus_text(status);
	char text[SP_TEXT_WHY];

	if (rc == SP_EAUTH && known) {
		snprintf(text, sizeof(text), "it refused the login: %s", known);
	} else if (rc == SP_EAUTH) {
		snprintf(text, sizeof(text), "it refused the login: status 0x%08X",
				(unsigned)status);
	} else if (rc == SP_EDENIED) {
		return refuse(l, SP_WHY_CERTIFICATE,
				"it did not prove that it holds the key of its certificate; the "
				"password was not sent");
	} else if (rc == SP_EPROTO && strcmp(field, "credssp.version") == 0) {
		snprintf(text, sizeof(text),
				"it knows only CredSSP below version 5, which is not safe; the "
				"password was not sent");
	} else {
		snprintf(text, sizeof(text), "its login failed: %s: %s", field, sp_err_text(rc));
	}
	return refuse(l, SP_WHY_TARGET_LOGIN, text);
}

static int next_token(struct sp_span *token)
{
	int rc = sp_ipc_wait(SP_LOGIN_FD_NET, &in, 0, sp_now_us() + FOREVER_US);

	if (rc == SP_OK && in.type != SP_LOGIN_TOKEN) {
		rc = SP_ESTATE;
	}
	*token = sp_span(in.p, in.n);
	return rc;
}

static int credssp(struct login *l)
{
	struct sp_span token = {NULL, 0};
	struct sp_wr reply;
	int rc, want;

	sp_wr_init(&reply, SP_CREDSSP_MAX);
	do {
		want = sp_credssp_client_step(l->machine, token, &reply);
		rc = want < 0 ? failed(l, want)
			      : sp_ipc_send(SP_LOGIN_FD_NET, SP_LOGIN_TOKEN, reply.p, reply.n, NULL,
						0);
		sp_wr_reset(&reply);
		if (rc == SP_OK && want == SP_CREDSSP_MORE) {
			rc = next_token(&token);
		}
	} while (rc == SP_OK && want == SP_CREDSSP_MORE);
	sp_wr_finish(&reply);
	return rc;
}

/* ---- RDSTLS ---- */

static bool put_text(struct sp_wr *w, const char *text, struct sp_span *out)
{
	size_t at = w->n;

	sp_utf16_write(w, text);
	sp_wr_le16(w, 0);
	*out = sp_span(w->p + at, w->n - at);
	return sp_wr_ok(w) == SP_OK;
}

/* [MS-RDPBCGR] 5.4.5.3: what the redirection named is shown as it came. */
static int write_request(struct sp_wr *w, const struct sp_msg_target_login *t)
{
	uint8_t text[4 * SP_TEXT_NAME];
	struct sp_rdstls_request r = {.guid = sp_span(t->guid, t->guid_n),
			.password = sp_span(t->blob, t->blob_n)};
	struct sp_wr tw;

	sp_wr_fixed(&tw, text, sizeof(text));
	if (!put_text(&tw, t->user, &r.user) || !put_text(&tw, t->domain, &r.domain)) {
		return SP_EARG;
	}
	sp_rdstls_request_write(w, &r);
	return sp_wr_ok(w);
}

static int rdstls_result(struct login *l, struct sp_span token)
{
	char text[SP_TEXT_WHY];
	struct sp_rd r;

	sp_rd_init(&r, token.p, token.n);
	if (sp_rdstls_response_read(&r, &l->result) != SP_OK) {
		return refuse(l, SP_WHY_TARGET_LOGIN,
				"its answer to the redirected login is damaged");
	}
	if (l->result == SP_RDSTLS_SUCCESS) {
		return SP_OK;
	}
	const char *known = sp_rdstls_result_text(l->result);
	snprintf(text, sizeof(text), "it refused the redirected login: %s (result 0x%04X)",
			known ? known : "reason not known", (unsigned)l->result);
	return refuse(l, SP_WHY_TARGET_LOGIN, text);
}

static int rdstls(struct login *l, const struct sp_msg_target_login *t)
{
	struct sp_span token;
	struct sp_rd r;
	struct sp_wr w;
	int rc = next_token(&token);

	if (rc != SP_OK) {
		return rc;
	}
	sp_rd_init(&r, token.p, token.n);
	if (sp_rdstls_capabilities_read(&r) != SP_OK) {
		return refuse(l, SP_WHY_TARGET_LOGIN, "it speaks another version of RDSTLS");
	}
	sp_wr_init(&w, SP_CREDSSP_MAX);
	rc = write_request(&w, t);
	rc = rc == SP_OK ? sp_ipc_send(SP_LOGIN_FD_NET, SP_LOGIN_TOKEN, w.p, w.n, NULL, 0) : rc;
	sp_wr_finish(&w);
	rc = rc == SP_OK ? next_token(&token) : rc;
	return rc == SP_OK ? rdstls_result(l, token) : rc;
}

/* ---- all of it ---- */

static int log_in(struct login *l)
{
	struct sp_mon_in answer;
	int rc = ask_login(l, &answer);

	if (rc != SP_OK) {
		return rc;
	}
	const struct sp_msg_target_login *t = &answer.body.target_login;
	memcpy(l->end.user, t->user, sizeof(l->end.user));
	memcpy(l->end.domain, t->domain, sizeof(l->end.domain));
	if ((t->rdstls != 0) != (l->protocol == SP_PROTO_RDSTLS)) {
		rc = refuse(l, SP_WHY_TARGET_LOGIN,
				t->rdstls ? "it does not speak RDSTLS, which its redirection is for"
					  : "it chose a protocol that nobody offered");
	} else if (t->rdstls) {
		rc = rdstls(l, t);
	} else if (l->protocol == SP_PROTO_SSL) {
		memcpy(l->end.password, t->password, sizeof(l->end.password));
	} else {
		rc = make_machine(l, t);
	}
	sp_mon_in_finish(&answer); /* wipes it */
	return rc == SP_OK && l->machine ? credssp(l) : rc;
}

/* The keeper first: it knows how it ended when sp-net tells it that there is a session. */
static int finish(struct login *l, int rc)
{
	struct sp_msg_target_done done = {.result = rc == SP_OK ? SP_DONE_OK : SP_DONE_FAILED,
			.status = l->machine ? sp_credssp_client_status(l->machine) : l->result};

	if (rc != SP_OK && l->end.why == SP_WHY_UNKNOWN) {
		(void)refuse(l, rc == SP_ECLOSED ? SP_WHY_TARGET_LOGIN : SP_WHY_INTERNAL,
				rc == SP_ECLOSED ? "it closed the connection during the login"
						 : sp_err_text(rc));
	}
	snprintf(done.text, sizeof(done.text), "%s", l->end.text);
	if (l->granted && sp_mon_say(SP_LOGIN_FD_KEEPER, TARGET_DONE, &done) != SP_OK) {
		(void)refuse(l, SP_WHY_INTERNAL, "the keeper is gone");
		rc = SP_ECLOSED;
	}
	if (rc == SP_OK) {
		l->end.result = SP_LOGIN_OK;
		l->end.why = SP_WHY_OK;
	} else {
		sp_log(SP_LOG_INFO, "no login at the target: %s", l->end.text);
		sp_wipe(l->end.user, sizeof(l->end.user));
		sp_wipe(l->end.domain, sizeof(l->end.domain));
		sp_wipe(l->end.password, sizeof(l->end.password));
	}
	return sp_ipc_send(SP_LOGIN_FD_NET, SP_LOGIN_TARGET_END, &l->end, sizeof(l->end), NULL, 0);
}

int sp_target_login_run(const struct sp_target_login_conf *conf)
{
	static struct login l;
	int rc;

	l.conf = conf;
	rc = begin(&l);
	if (rc == SP_OK || l.end.why != SP_WHY_UNKNOWN) {
		rc = rc == SP_OK ? ask_trust(&l) : rc;
		rc = rc == SP_OK ? log_in(&l) : rc;
		rc = finish(&l, rc);
	}
	sp_credssp_client_destroy(l.machine);
	sp_chain_destroy(l.chain);
	sp_wipe(&l, sizeof(l));
	sp_wipe(&in, sizeof(in));
	return rc;
}
