/* core/auth/ntlm.c - see ntlm.h. */
#include "core/auth/ntlm.h"

#include <string.h>

#include "core/base/rd.h"
#include "core/base/utf16.h"

static const char signature[8] = "NTLMSSP";

enum message_type {
	NEGOTIATE = 1,
	CHALLENGE = 2,
	AUTHENTICATE = 3
};

#define CHALLENGE_HEADER 48
#define AUTHENTICATE_HEADER 64
#define VERSION_SIZE 8

/*
 * [MS-NLMP] 2.2.2.10 VERSION: no product and no build, only the revision of NTLM (15). It is
 * always there, because FreeRDP looks for what follows at other offsets where it is not.
 */
static const uint8_t no_version[VERSION_SIZE] = {0, 0, 0, 0, 0, 0, 0, 15};

/* Length and offset of something in the payload. */
struct field {
	uint16_t n;
	uint32_t at;
};

static int verdict(struct sp_rd *r, int rc, const char **why)
{
	if (rc != SP_OK) {
		*why = r->what ? r->what : "ntlm";
	}
	return rc;
}

bool sp_ntlm_is(struct sp_span in)
{
	return in.n >= sizeof(signature) && memcmp(in.p, signature, sizeof(signature)) == 0;
}

static void read_head(struct sp_rd *r, struct sp_span in, enum message_type type)
{
	sp_rd_init(r, in.p, in.n);
	r->what = "ntlm.header";
	if (in.n > SP_NTLM_MAX_TOKEN) {
		sp_rd_fail(r, SP_ELIMIT, "ntlm.length");
	}
	struct sp_span s = sp_rd_span(r, sizeof(signature));
	if (sp_rd_ok(r) == SP_OK && memcmp(s.p, signature, sizeof(signature)) != 0) {
		sp_rd_fail(r, SP_EFIELD, "ntlm.Signature");
	}
	uint32_t got = sp_rd_le32(r);
	if (sp_rd_ok(r) == SP_OK && got != type) {
		sp_rd_fail(r, SP_ESTATE, "ntlm.MessageType");
	}
}

static struct field read_field(struct sp_rd *r)
{
	struct field f = {.n = sp_rd_le16(r)};

	sp_rd_skip(r, 2 /* MaxLen */);
	f.at = sp_rd_le32(r);
	return f;
}

/* The bytes a field names: inside the message and behind its fixed header. */
static struct sp_span payload(
		struct sp_rd *r, struct sp_span in, struct field f, size_t header, const char *name)
{
	if (sp_rd_ok(r) != SP_OK || f.n == 0) {
		return sp_span(in.p, 0);
	}
	if (!(header <= f.at && f.at <= in.n && f.n <= in.n - f.at)) {
		sp_rd_fail(r, SP_EFIELD, name);
		return sp_span(in.p, 0);
	}
	return sp_span(in.p + f.at, f.n);
}

static void even(struct sp_rd *r, struct sp_span s, const char *name)
{
	if (s.n % 2 != 0) {
		sp_rd_fail(r, SP_EFIELD, name);
	}
}

static void write_head(struct sp_wr *w, enum message_type type)
{
	sp_wr_put(w, signature, sizeof(signature));
	sp_wr_le32(w, type);
}

/* Writes the field of content that will stand at *at, and moves *at behind it. */
static void write_field(struct sp_wr *w, struct sp_span content, size_t *at)
{
	if (content.n > UINT16_MAX) {
		sp_wr_fail(w, SP_ESPACE);
	}
	sp_wr_le16(w, (uint16_t)content.n);
	sp_wr_le16(w, (uint16_t)content.n);
	sp_wr_le32(w, (uint32_t)*at);
	*at += content.n;
}

int sp_ntlm_av_read(struct sp_span in, struct sp_ntlm_av_list *out, const char **why)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	r.what = "ntlm.AvPair";
	out->n = 0;
	for (;;) {
		uint16_t id = sp_rd_le16(&r);
		uint16_t len = sp_rd_le16(&r);
		struct sp_span value = sp_rd_span(&r, len);

		if (sp_rd_ok(&r) != SP_OK) {
			return verdict(&r, sp_rd_ok(&r), why);
		}
		if (id == SP_NTLM_AV_EOL) {
			return len == 0 ? SP_OK
					: verdict(&r, sp_rd_fail(&r, SP_EFIELD, "ntlm.AvLen"), why);
		}
		if (!(out->n < SP_NTLM_MAX_AV)) {
			return verdict(&r, sp_rd_fail(&r, SP_ELIMIT, "ntlm.AvPair"), why);
		}
		if (sp_ntlm_av_find(out, id)) {
			return verdict(&r, sp_rd_fail(&r, SP_EFIELD, "ntlm.AvId"), why);
		}
		out->pair[out->n].id = id;
		out->pair[out->n].value = value;
		out->n++;
	}
}

const struct sp_span *sp_ntlm_av_find(const struct sp_ntlm_av_list *list, uint16_t id)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->pair[i].id == id) {
			return &list->pair[i].value;
		}
	}
	return NULL;
}

void sp_ntlm_av_write(struct sp_wr *w, uint16_t id, struct sp_span value)
{
	if (value.n > UINT16_MAX) {
		sp_wr_fail(w, SP_ESPACE);
	}
	sp_wr_le16(w, id);
	sp_wr_le16(w, (uint16_t)value.n);
	sp_wr_span(w, value);
}

void sp_ntlm_av_write_name(struct sp_wr *w, uint16_t id, const char *name)
{
	sp_wr_le16(w, id);
	size_t at = sp_wr_hole(w, 2);
	size_t start = w->n;
	sp_utf16_write(w, name);
	sp_wr_fill_le16(w, at, w->n - start);
}

int sp_ntlm_negotiate_read(struct sp_span in, struct sp_ntlm_negotiate *out, const char **why)
{
	struct sp_rd r;

	read_head(&r, in, NEGOTIATE);
	out->flags = sp_rd_le32(&r);
	return verdict(&r, sp_rd_ok(&r), why);
}

void sp_ntlm_negotiate_write(struct sp_wr *w, const struct sp_ntlm_negotiate *in)
{
	write_head(w, NEGOTIATE);
	sp_wr_le32(w, in->flags | SP_NTLM_VERSION);
	sp_wr_zero(w, 8 /* DomainNameFields */ + 8 /* WorkstationFields */);
	sp_wr_put(w, no_version, sizeof(no_version));
}

int sp_ntlm_challenge_read(struct sp_span in, struct sp_ntlm_challenge *out, const char **why)
{
	struct sp_rd r;

	read_head(&r, in, CHALLENGE);
	struct field name = read_field(&r);
	out->flags = sp_rd_le32(&r);
	sp_rd_copy(&r, out->challenge, sizeof(out->challenge));
	sp_rd_skip(&r, 8 /* Reserved */);
	struct field info = read_field(&r);

	out->target_name = payload(&r, in, name, CHALLENGE_HEADER, "ntlm.TargetName");
	out->target_info = sp_span(in.p, 0);
	if (out->flags & SP_NTLM_TARGET_INFO) {
		out->target_info = payload(&r, in, info, CHALLENGE_HEADER, "ntlm.TargetInfo");
	}
	return verdict(&r, sp_rd_ok(&r), why);
}

void sp_ntlm_challenge_write(struct sp_wr *w, const struct sp_ntlm_challenge *in)
{
	size_t at = CHALLENGE_HEADER + VERSION_SIZE;

	write_head(w, CHALLENGE);
	write_field(w, in->target_name, &at);
	sp_wr_le32(w, in->flags | SP_NTLM_VERSION);
	sp_wr_put(w, in->challenge, sizeof(in->challenge));
	sp_wr_zero(w, 8 /* Reserved */);
	write_field(w, in->target_info, &at);
	sp_wr_put(w, no_version, sizeof(no_version));
	sp_wr_span(w, in->target_name);
	sp_wr_span(w, in->target_info);
}

int sp_ntlm_authenticate_read(struct sp_span in, struct sp_ntlm_authenticate *out, const char **why)
{
	struct sp_rd r;
	struct field f[6];
	size_t first = in.n;

	read_head(&r, in, AUTHENTICATE);
	for (size_t i = 0; i < SP_LEN(f); i++) {
		f[i] = read_field(&r);
	}
	out->flags = sp_rd_le32(&r);
	out->lm = payload(&r, in, f[0], AUTHENTICATE_HEADER, "ntlm.LmChallengeResponse");
	out->nt = payload(&r, in, f[1], AUTHENTICATE_HEADER, "ntlm.NtChallengeResponse");
	out->domain = payload(&r, in, f[2], AUTHENTICATE_HEADER, "ntlm.DomainName");
	out->user = payload(&r, in, f[3], AUTHENTICATE_HEADER, "ntlm.UserName");
	out->workstation = payload(&r, in, f[4], AUTHENTICATE_HEADER, "ntlm.Workstation");
	out->session_key = payload(
			&r, in, f[5], AUTHENTICATE_HEADER, "ntlm.EncryptedRandomSessionKey");
	if (out->flags & SP_NTLM_UNICODE) {
		even(&r, out->domain, "ntlm.DomainName");
		even(&r, out->user, "ntlm.UserName");
		even(&r, out->workstation, "ntlm.Workstation");
	}
	if (sp_rd_ok(&r) != SP_OK) {
		return verdict(&r, sp_rd_ok(&r), why);
	}
	for (size_t i = 0; i < SP_LEN(f); i++) {
		if (f[i].n > 0 && f[i].at < first) {
			first = f[i].at;
		}
	}
	bool has_mic = first >= SP_NTLM_MIC_AT + SP_NTLM_MIC;
	out->mic = sp_span(in.p + (has_mic ? SP_NTLM_MIC_AT : 0), has_mic ? SP_NTLM_MIC : 0);
	return SP_OK;
}

void sp_ntlm_authenticate_write(struct sp_wr *w, const struct sp_ntlm_authenticate *in)
{
	/* In the order in which Windows lays them out; the fields have another one. */
	const struct sp_span order[] = {
			in->domain, in->user, in->workstation, in->lm, in->nt, in->session_key};
	size_t start[SP_LEN(order)], at = SP_NTLM_MIC_AT + SP_NTLM_MIC;

	for (size_t i = 0; i < SP_LEN(order); i++) {
		start[i] = at;
		at += order[i].n;
	}
	write_head(w, AUTHENTICATE);
	write_field(w, in->lm, &start[3]);
	write_field(w, in->nt, &start[4]);
	write_field(w, in->domain, &start[0]);
	write_field(w, in->user, &start[1]);
	write_field(w, in->workstation, &start[2]);
	write_field(w, in->session_key, &start[5]);
	sp_wr_le32(w, in->flags | SP_NTLM_VERSION);
	sp_wr_put(w, no_version, sizeof(no_version));
	sp_wr_zero(w, SP_NTLM_MIC);
	for (size_t i = 0; i < SP_LEN(order); i++) {
		sp_wr_span(w, order[i]);
	}
}

int sp_ntlm_response_read(struct sp_span nt, struct sp_ntlm_response *out, const char **why)
{
	struct sp_rd r;

	sp_rd_init(&r, nt.p, nt.n);
	r.what = "ntlm.NtChallengeResponse";
	if (!(nt.n >= SP_NTLM_MIN_NT)) {
		sp_rd_fail(&r, SP_EPROTO, "ntlm.NtChallengeResponse");
	}
	out->proof = sp_rd_span(&r, SP_NTLMV2_KEY);
	out->temp = sp_span(r.p, sp_rd_left(&r));
	if (!(out->temp.n <= SP_NTLMV2_MAX_TEMP)) {
		sp_rd_fail(&r, SP_ELIMIT, "ntlm.NtChallengeResponse");
	}
	uint8_t type = sp_rd_u8(&r);
	uint8_t highest = sp_rd_u8(&r);
	if (sp_rd_ok(&r) == SP_OK && !(type == 1 && highest == 1)) {
		sp_rd_fail(&r, SP_EPROTO, "ntlm.RespType");
	}
	sp_rd_skip(&r, 2 /* Reserved1 */ + 4 /* Reserved2 */);
	out->timestamp = sp_rd_le64(&r);
	out->challenge = sp_rd_span(&r, SP_NTLMV2_CHALLENGE);
	sp_rd_skip(&r, 4 /* Reserved3 */);
	if (sp_rd_ok(&r) != SP_OK) {
		return verdict(&r, sp_rd_ok(&r), why);
	}
	return sp_ntlm_av_read(sp_rd_rest(&r), &out->av, why);
}

void sp_ntlm_mic(const struct sp_crypto *c, const uint8_t exported[SP_NTLMV2_KEY],
		struct sp_span negotiate, struct sp_span challenge, struct sp_span authenticate,
		uint8_t mic[SP_NTLM_MIC])
{
	static const uint8_t zero[SP_NTLM_MIC];
	size_t behind = SP_NTLM_MIC_AT + SP_NTLM_MIC;
	struct sp_span parts[] = {
			negotiate,
			challenge,
			sp_span(authenticate.p, SP_NTLM_MIC_AT),
			sp_span(zero, sizeof(zero)),
			sp_span(authenticate.p + behind, authenticate.n - behind),
	};

	c->hmac_md5(sp_span(exported, SP_NTLMV2_KEY), parts, SP_LEN(parts), mic);
}

void sp_ntlm_channel_bindings(
		const struct sp_crypto *c, struct sp_span endpoint_hash, uint8_t out[SP_MD5_SIZE])
{
	static const char prefix[] = "tls-server-end-point:";
	uint8_t head[5 * 4];
	struct sp_wr w;

	sp_wr_fixed(&w, head, sizeof(head));
	sp_wr_zero(&w, 2 * 4 /* initiator's address type and length */);
	sp_wr_zero(&w, 2 * 4 /* acceptor's */);
	sp_wr_le32(&w, (uint32_t)(sizeof(prefix) - 1 + endpoint_hash.n));
	struct sp_span parts[] = {sp_span(head, sizeof(head)), sp_span(prefix, sizeof(prefix) - 1),
			endpoint_hash};
	c->md5(parts, SP_LEN(parts), out);
}
