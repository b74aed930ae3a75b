/* core/auth/spnego.c - see spnego.h. */
#include "core/auth/spnego.h"

#include "core/auth/der.h"

/* 1.3.6.1.5.5.2 */
static const uint8_t oid_spnego[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x02};
/* SEQUENCE OF with 1.3.6.1.4.1.311.2.2.10 alone; the last ten bytes are that OID */
static const uint8_t our_mechs[] = {
		0x30, 0x0C, 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A};
#define OID_AT 4

static struct sp_span oid_ntlm(void)
{
	return sp_span(our_mechs + OID_AT, sizeof(our_mechs) - OID_AT);
}

struct sp_span sp_spnego_our_mechs(void)
{
	return sp_span(our_mechs, sizeof(our_mechs));
}

static int verdict(struct sp_rd *r, int rc, const char **why)
{
	if (rc != SP_OK) {
		*why = r->what ? r->what : "spnego";
	}
	return rc;
}

static void read_mechs(struct sp_rd *r, struct sp_spnego_init *out)
{
	struct sp_rd field = sp_der_enter(r, SP_DER_CONTEXT + 0, "spnego.mechTypes");
	struct sp_rd again = field;
	out->mech_types = sp_der_element(&again, SP_DER_SEQUENCE, "spnego.mechTypes");
	struct sp_rd list = sp_der_enter(&field, SP_DER_SEQUENCE, "spnego.mechTypes");
	unsigned n = 0;

	while (sp_rd_left(&list) > 0) {
		struct sp_span oid = sp_der_take(&list, SP_DER_OID, "spnego.mechType");

		if (sp_rd_ok(&list) == SP_OK && ++n > SP_SPNEGO_MAX_MECHS) {
			sp_rd_fail(&list, SP_ELIMIT, "spnego.mechTypes");
		}
		if (sp_rd_ok(&list) == SP_OK && sp_span_eq(oid, oid_ntlm())) {
			out->ntlm_first |= n == 1;
			out->has_ntlm = true;
		}
	}
	sp_der_leave(&list);
	sp_der_leave(&field);
}

int sp_spnego_init_read(struct sp_span in, struct sp_spnego_init *out, const char **why)
{
	struct sp_rd r;

	*out = (struct sp_spnego_init){0};
	sp_rd_init(&r, in.p, in.n);
	struct sp_rd gss = sp_der_enter(&r, SP_DER_APPLICATION + 0, "spnego.InitialContextToken");
	struct sp_span oid = sp_der_take(&gss, SP_DER_OID, "spnego.thisMech");
	if (sp_rd_ok(&gss) == SP_OK && !sp_span_eq(oid, sp_span(oid_spnego, sizeof(oid_spnego)))) {
		sp_rd_fail(&gss, SP_EPROTO, "spnego.thisMech");
	}
	struct sp_rd choice = sp_der_enter(&gss, SP_DER_CONTEXT + 0, "spnego.NegTokenInit");
	struct sp_rd seq = sp_der_enter(&choice, SP_DER_SEQUENCE, "spnego.NegTokenInit");
	read_mechs(&seq, out);
	if (sp_der_is(&seq, SP_DER_CONTEXT + 1)) {
		/* RFC 4178 4.2.1: ignored, because nothing protects it. */
		(void)sp_der_take(&seq, SP_DER_CONTEXT + 1, "spnego.reqFlags");
	}
	out->mech_token = sp_der_optional_octets(&seq, 2, "spnego.mechToken");
	(void)sp_der_optional_octets(&seq, 3, "spnego.mechListMIC");
	sp_der_leave(&seq);
	sp_der_leave(&choice);
	sp_der_leave(&gss);
	return verdict(&r, sp_rd_end(&r), why);
}

void sp_spnego_init_write(struct sp_wr *w, struct sp_span mech_token)
{
	size_t gss = sp_der_open(w, SP_DER_APPLICATION + 0);

	sp_der_put(w, SP_DER_OID, sp_span(oid_spnego, sizeof(oid_spnego)));
	size_t choice = sp_der_open(w, SP_DER_CONTEXT + 0);
	size_t seq = sp_der_open(w, SP_DER_SEQUENCE);
	sp_der_put(w, SP_DER_CONTEXT + 0, sp_spnego_our_mechs());
	sp_der_put_octets(w, 2, mech_token);
	sp_der_close(w, seq);
	sp_der_close(w, choice);
	sp_der_close(w, gss);
}

static void read_state(struct sp_rd *r, struct sp_spnego_resp *out)
{
	struct sp_rd field = sp_der_enter(r, SP_DER_CONTEXT + 0, "spnego.negState");
	uint32_t v = sp_der_u32(&field, SP_DER_ENUMERATED, "spnego.negState");

	if (sp_rd_end(&field) == SP_OK && v > SP_SPNEGO_REQUEST_MIC) {
		sp_rd_fail(r, SP_EFIELD, "spnego.negState");
	}
	out->state = sp_rd_ok(r) == SP_OK ? (enum sp_spnego_state)v : SP_SPNEGO_REJECT;
}

int sp_spnego_resp_read(struct sp_span in, struct sp_spnego_resp *out, const char **why)
{
	struct sp_rd r;

	*out = (struct sp_spnego_resp){.state = SP_SPNEGO_ABSENT};
	sp_rd_init(&r, in.p, in.n);
	struct sp_rd choice = sp_der_enter(&r, SP_DER_CONTEXT + 1, "spnego.NegTokenResp");
	struct sp_rd seq = sp_der_enter(&choice, SP_DER_SEQUENCE, "spnego.NegTokenResp");
	if (sp_der_is(&seq, SP_DER_CONTEXT + 0)) {
		read_state(&seq, out);
	}
	if (sp_der_is(&seq, SP_DER_CONTEXT + 1)) {
		struct sp_rd field = sp_der_enter(&seq, SP_DER_CONTEXT + 1, "spnego.supportedMech");
		struct sp_span oid = sp_der_take(&field, SP_DER_OID, "spnego.supportedMech");

		out->has_mech = sp_rd_end(&field) == SP_OK;
		out->mech_is_ntlm = out->has_mech && sp_span_eq(oid, oid_ntlm());
	}
	out->token = sp_der_optional_octets(&seq, 2, "spnego.responseToken");
	out->mic = sp_der_optional_octets(&seq, 3, "spnego.mechListMIC");
	sp_der_leave(&seq);
	sp_der_leave(&choice);
	return verdict(&r, sp_rd_end(&r), why);
}

void sp_spnego_resp_write(struct sp_wr *w, const struct sp_spnego_resp *in)
{
	size_t choice = sp_der_open(w, SP_DER_CONTEXT + 1);
	size_t seq = sp_der_open(w, SP_DER_SEQUENCE);

	if (in->state != SP_SPNEGO_ABSENT) {
		const uint8_t v = (uint8_t)in->state;
		size_t field = sp_der_open(w, SP_DER_CONTEXT + 0);

		sp_der_put(w, SP_DER_ENUMERATED, sp_span(&v, 1));
		sp_der_close(w, field);
	}
	if (in->has_mech) {
		size_t field = sp_der_open(w, SP_DER_CONTEXT + 1);

		sp_der_put(w, SP_DER_OID, oid_ntlm());
		sp_der_close(w, field);
	}
	if (in->token.p) {
		sp_der_put_octets(w, 2, in->token);
	}
	if (in->mic.p) {
		sp_der_put_octets(w, 3, in->mic);
	}
	sp_der_close(w, seq);
	sp_der_close(w, choice);
}
