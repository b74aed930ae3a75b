/* core/auth/nego_server.c - see nego_server.h. */
#include "core/auth/nego_server.h"

#include <string.h>

#include "core/auth/spnego.h"
#include "core/base/mem.h"

void sp_nego_server_init(
		struct sp_nego_server *s, const struct sp_crypto *c, struct sp_span endpoint_hash)
{
	*s = (struct sp_nego_server){.why = "nego"};
	sp_ntlm_server_init(&s->ntlm, c, endpoint_hash);
}

void sp_nego_server_finish(struct sp_nego_server *s)
{
	sp_rcbuf_unref(s->mech_types);
	sp_ntlm_server_finish(&s->ntlm);
	sp_wipe(s, sizeof(*s));
}

static int fail(struct sp_nego_server *s, int rc, const char *why)
{
	s->why = why;
	return rc;
}

/* Hands a bare NTLM token on; the machine below knows what it waits for. */
static int ntlm_token(struct sp_nego_server *s, struct sp_span token)
{
	bool first = s->ntlm.state == SP_NTLM_SERVER_WAIT_NEGOTIATE;
	int rc = first ? sp_ntlm_server_negotiate(&s->ntlm, token)
		       : sp_ntlm_server_authenticate(&s->ntlm, token);

	if (rc != SP_OK) {
		return fail(s, rc, s->ntlm.why);
	}
	return first ? SP_NEGO_ASK_CHALLENGE : SP_NEGO_ASK_PROOF;
}

static int spnego_first(struct sp_nego_server *s, struct sp_span token, struct sp_wr *out)
{
	struct sp_spnego_init init;

	int rc = sp_spnego_init_read(token, &init, &s->why);
	if (rc != SP_OK) {
		return rc;
	}
	if (!init.has_ntlm) {
		return fail(s, SP_EPROTO, "spnego.mechTypes");
	}
	s->mech_types = sp_rcbuf_from(init.mech_types.p, init.mech_types.n);
	if (!s->mech_types) {
		return fail(s, SP_ENOMEM, "nego");
	}
	s->first_taken = init.ntlm_first;
	if (init.ntlm_first && init.mech_token.p) {
		return ntlm_token(s, init.mech_token);
	}
	/* The token, if there was one, is for a mechanism that we do not take. */
	struct sp_spnego_resp resp = {
			.state = init.ntlm_first ? SP_SPNEGO_INCOMPLETE : SP_SPNEGO_REQUEST_MIC,
			.has_mech = true,
			.mech_is_ntlm = true,
	};
	s->mech_told = true;
	sp_spnego_resp_write(out, &resp);
	return SP_NEGO_SEND;
}

static int spnego_next(struct sp_nego_server *s, struct sp_span token)
{
	struct sp_spnego_resp resp;

	int rc = sp_spnego_resp_read(token, &resp, &s->why);
	if (rc != SP_OK) {
		return rc;
	}
	if (resp.state == SP_SPNEGO_REJECT) {
		return fail(s, SP_EAUTH, "spnego.negState");
	}
	if (!resp.token.p) {
		return fail(s, SP_EFIELD, "spnego.responseToken");
	}
	if (resp.mic.p && resp.mic.n != sizeof(s->mic)) {
		return fail(s, SP_EFIELD, "spnego.mechListMIC");
	}
	rc = ntlm_token(s, resp.token);
	if (rc != SP_NEGO_ASK_PROOF) {
		return rc;
	}
	s->has_mic = resp.mic.p != NULL;
	if (s->has_mic) {
		memcpy(s->mic, resp.mic.p, sizeof(s->mic));
	} else if (!s->first_taken) {
		/* Somebody may have cut better mechanisms out of the list. */
		return fail(s, SP_EAUTH, "spnego.mechListMIC");
	}
	return rc;
}

int sp_nego_server_step(struct sp_nego_server *s, struct sp_span token, struct sp_wr *out)
{
	switch (s->form) {
	case SP_NEGO_UNKNOWN:
		s->form = sp_ntlm_is(token) ? SP_NEGO_RAW : SP_NEGO_SPNEGO;
		return s->form == SP_NEGO_RAW ? ntlm_token(s, token) : spnego_first(s, token, out);
	case SP_NEGO_RAW:
		return ntlm_token(s, token);
	case SP_NEGO_SPNEGO:
		return spnego_next(s, token);
	default:
		return fail(s, SP_ESTATE, "nego");
	}
}

int sp_nego_server_challenge(struct sp_nego_server *s, const struct sp_credssp_challenge *challenge,
		struct sp_wr *out)
{
	struct sp_wr inner;

	if (s->form == SP_NEGO_RAW) {
		int rc = sp_ntlm_server_challenge(&s->ntlm, challenge, out);
		return rc == SP_OK ? SP_NEGO_SEND : fail(s, rc, s->ntlm.why);
	}
	sp_wr_init(&inner, SP_NTLM_MAX_TOKEN);
	int rc = sp_ntlm_server_challenge(&s->ntlm, challenge, &inner);
	if (rc == SP_OK) {
		struct sp_spnego_resp resp = {
				.state = SP_SPNEGO_INCOMPLETE,
				.has_mech = !s->mech_told,
				.mech_is_ntlm = true,
				.token = sp_span(inner.p, inner.n),
		};
		s->mech_told = true;
		sp_spnego_resp_write(out, &resp);
	}
	sp_wr_finish(&inner);
	return rc == SP_OK ? SP_NEGO_SEND : fail(s, rc, s->ntlm.why);
}

int sp_nego_server_proved(
		struct sp_nego_server *s, const uint8_t base_key[SP_NTLMV2_KEY], struct sp_wr *out)
{
	uint8_t mic[SP_NTLMV2_SIGNATURE];
	struct sp_spnego_resp resp = {.state = SP_SPNEGO_COMPLETED};

	int rc = sp_ntlm_server_proved(&s->ntlm, base_key);
	if (rc != SP_OK) {
		return fail(s, rc, s->ntlm.why);
	}
	if (s->form == SP_NEGO_RAW) {
		return SP_NEGO_DONE;
	}
	if (s->has_mic) {
		struct sp_span mechs = sp_span(s->mech_types->p, s->mech_types->n);

		if (!sp_ntlm_session_mic_ok(
				    &s->ntlm.session, mechs, sp_span(s->mic, sizeof(s->mic)))) {
			return fail(s, SP_EAUTH, "spnego.mechListMIC");
		}
		sp_ntlm_session_mic(&s->ntlm.session, mechs, mic);
		resp.mic = sp_span(mic, sizeof(mic));
	}
	sp_spnego_resp_write(out, &resp);
	return SP_NEGO_DONE;
}
