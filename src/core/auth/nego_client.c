/* core/auth/nego_client.c - see nego_client.h. */
#include "core/auth/nego_client.h"

#include "core/auth/spnego.h"
#include "core/base/mem.h"

int sp_nego_client_init(struct sp_nego_client *n, const struct sp_crypto *c,
		const struct sp_ntlm_client_conf *conf, bool spnego)
{
	*n = (struct sp_nego_client){.spnego = spnego, .why = "nego"};
	return sp_ntlm_client_init(&n->ntlm, c, conf);
}

void sp_nego_client_finish(struct sp_nego_client *n)
{
	sp_ntlm_client_finish(&n->ntlm);
	sp_wipe(n, sizeof(*n));
}

static int fail(struct sp_nego_client *n, int rc, const char *why)
{
	n->why = why;
	return rc;
}

static int start(struct sp_nego_client *n, struct sp_wr *out)
{
	struct sp_wr inner;

	n->state = SP_NEGO_CLIENT_WAIT_CHALLENGE;
	if (!n->spnego) {
		int rc = sp_ntlm_client_negotiate(&n->ntlm, out);
		return rc == SP_OK ? SP_NEGO_SEND : fail(n, rc, n->ntlm.why);
	}
	sp_wr_init(&inner, SP_NTLM_MAX_TOKEN);
	int rc = sp_ntlm_client_negotiate(&n->ntlm, &inner);
	if (rc == SP_OK) {
		sp_spnego_init_write(out, sp_span(inner.p, inner.n));
	}
	sp_wr_finish(&inner);
	return rc == SP_OK ? SP_NEGO_SEND : fail(n, rc, n->ntlm.why);
}

/* Reads what may come while the login is not over: no refusal, no other mechanism. */
static int read_resp(struct sp_nego_client *n, struct sp_span token, struct sp_spnego_resp *resp)
{
	int rc = sp_spnego_resp_read(token, resp, &n->why);

	if (rc != SP_OK) {
		return rc;
	}
	if (resp->state == SP_SPNEGO_REJECT) {
		return fail(n, SP_EAUTH, "spnego.negState");
	}
	if (resp->has_mech && !resp->mech_is_ntlm) {
		return fail(n, SP_EPROTO, "spnego.supportedMech");
	}
	return SP_OK;
}

static int answer_challenge(struct sp_nego_client *n, struct sp_span token, struct sp_wr *out)
{
	struct sp_spnego_resp resp;
	uint8_t mic[SP_NTLMV2_SIGNATURE];
	struct sp_wr inner;

	if (!n->spnego) {
		int rc = sp_ntlm_client_authenticate(&n->ntlm, token, out);
		n->state = SP_NEGO_CLIENT_DONE;
		return rc == SP_OK ? SP_NEGO_DONE : fail(n, rc, n->ntlm.why);
	}
	int rc = read_resp(n, token, &resp);
	if (rc != SP_OK) {
		return rc;
	}
	if (!resp.token.p) {
		return fail(n, SP_EFIELD, "spnego.responseToken");
	}
	sp_wr_init(&inner, SP_NTLM_MAX_TOKEN);
	rc = sp_ntlm_client_authenticate(&n->ntlm, resp.token, &inner);
	if (rc == SP_OK) {
		sp_ntlm_session_mic(&n->ntlm.session, sp_spnego_our_mechs(), mic);
		struct sp_spnego_resp answer = {
				.state = SP_SPNEGO_INCOMPLETE,
				.token = sp_span(inner.p, inner.n),
				.mic = sp_span(mic, sizeof(mic)),
		};
		sp_spnego_resp_write(out, &answer);
		n->state = SP_NEGO_CLIENT_WAIT_ACCEPT;
	}
	sp_wr_finish(&inner);
	return rc == SP_OK ? SP_NEGO_SEND : fail(n, rc, n->ntlm.why);
}

static int accepted(struct sp_nego_client *n, struct sp_span token)
{
	struct sp_spnego_resp resp;

	int rc = read_resp(n, token, &resp);
	if (rc != SP_OK) {
		return rc;
	}
	if (resp.state != SP_SPNEGO_COMPLETED) {
		return fail(n, SP_EAUTH, "spnego.negState");
	}
	/* Our list has one mechanism, so a server that sends no MIC has hidden nothing. */
	if (resp.mic.p &&
			!sp_ntlm_session_mic_ok(
					&n->ntlm.session, sp_spnego_our_mechs(), resp.mic)) {
		return fail(n, SP_EDENIED, "spnego.mechListMIC");
	}
	n->state = SP_NEGO_CLIENT_DONE;
	return SP_NEGO_DONE;
}

int sp_nego_client_step(struct sp_nego_client *n, struct sp_span token, struct sp_wr *out)
{
	switch (n->state) {
	case SP_NEGO_CLIENT_START:
		return start(n, out);
	case SP_NEGO_CLIENT_WAIT_CHALLENGE:
		return answer_challenge(n, token, out);
	case SP_NEGO_CLIENT_WAIT_ACCEPT:
		return accepted(n, token);
	default:
		return fail(n, SP_ESTATE, "nego");
	}
}
