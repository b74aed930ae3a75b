/* core/auth/ntlm_server.c - see ntlm_server.h. */
#include "core/auth/ntlm_server.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/secret.h"
#include "core/base/utf16.h"

#define MAX_INFO 1024
#define MAX_NAME 64
#define FILETIME_HOUR 36000000000u
#define MAX_CLOCK_DRIFT (36 * (uint64_t)FILETIME_HOUR)

void sp_ntlm_server_init(
		struct sp_ntlm_server *s, const struct sp_crypto *c, struct sp_span endpoint_hash)
{
	*s = (struct sp_ntlm_server){.crypto = c, .why = "ntlm"};
	if (endpoint_hash.n > 0) {
		s->has_bindings = true;
		sp_ntlm_channel_bindings(c, endpoint_hash, s->bindings);
	}
}

void sp_ntlm_server_finish(struct sp_ntlm_server *s)
{
	sp_rcbuf_unref(s->negotiate);
	sp_rcbuf_unref(s->challenge);
	sp_rcbuf_unref(s->authenticate);
	sp_wipe(s, sizeof(*s));
}

static int fail(struct sp_ntlm_server *s, int rc, const char *why)
{
	s->state = SP_NTLM_SERVER_FAILED;
	if (why) {
		s->why = why;
	}
	return rc;
}

static struct sp_span bytes(const struct sp_rcbuf *b)
{
	return sp_span(b->p, b->n);
}

static int required(struct sp_ntlm_server *s, uint32_t flags)
{
	if ((flags & SP_NTLM_REQUIRED) != SP_NTLM_REQUIRED) {
		return fail(s, SP_EPROTO, "ntlm.NegotiateFlags");
	}
	return SP_OK;
}

int sp_ntlm_server_negotiate(struct sp_ntlm_server *s, struct sp_span token)
{
	struct sp_ntlm_negotiate m;

	if (s->state != SP_NTLM_SERVER_WAIT_NEGOTIATE) {
		return fail(s, SP_ESTATE, "ntlm");
	}
	int rc = sp_ntlm_negotiate_read(token, &m, &s->why);
	if (rc != SP_OK) {
		return fail(s, rc, NULL);
	}
	rc = required(s, m.flags);
	if (rc != SP_OK) {
		return rc;
	}
	s->negotiate = sp_rcbuf_from(token.p, token.n);
	if (!s->negotiate) {
		return fail(s, SP_ENOMEM, "ntlm");
	}
	s->flags = SP_NTLM_REQUIRED | SP_NTLM_NTLM | SP_NTLM_REQUEST_TARGET | SP_NTLM_TARGET_INFO |
			SP_NTLM_TARGET_TYPE_SERVER |
			(m.flags & ((uint32_t)SP_NTLM_ALWAYS_SIGN | (uint32_t)SP_NTLM_56));
	s->state = SP_NTLM_SERVER_WAIT_CHALLENGE;
	return SP_OK;
}

static void write_info(struct sp_wr *w, const struct sp_credssp_challenge *ch)
{
	uint8_t time[8];
	struct sp_wr t;

	sp_ntlm_av_write_name(w, SP_NTLM_AV_NB_DOMAIN, ch->netbios_domain);
	sp_ntlm_av_write_name(w, SP_NTLM_AV_NB_COMPUTER, ch->netbios_computer);
	if (ch->dns_domain[0]) {
		sp_ntlm_av_write_name(w, SP_NTLM_AV_DNS_DOMAIN, ch->dns_domain);
	}
	if (ch->dns_computer[0]) {
		sp_ntlm_av_write_name(w, SP_NTLM_AV_DNS_COMPUTER, ch->dns_computer);
	}
	sp_wr_fixed(&t, time, sizeof(time));
	sp_wr_le64(&t, ch->filetime);
	sp_ntlm_av_write(w, SP_NTLM_AV_TIMESTAMP, sp_span(time, sizeof(time)));
	sp_ntlm_av_write(w, SP_NTLM_AV_EOL, sp_span(time, 0));
}

static bool terminated(const char *s, size_t cap)
{
	return memchr(s, 0, cap) != NULL;
}

int sp_ntlm_server_challenge(
		struct sp_ntlm_server *s, const struct sp_credssp_challenge *ch, struct sp_wr *out)
{
	struct sp_ntlm_challenge m = {.flags = s->flags};
	uint8_t info[MAX_INFO], name[MAX_NAME];
	struct sp_wr iw, nw;

	if (s->state != SP_NTLM_SERVER_WAIT_CHALLENGE) {
		return fail(s, SP_ESTATE, "ntlm");
	}
	if (!terminated(ch->netbios_computer, sizeof(ch->netbios_computer)) ||
			!terminated(ch->netbios_domain, sizeof(ch->netbios_domain)) ||
			!terminated(ch->dns_computer, sizeof(ch->dns_computer)) ||
			!terminated(ch->dns_domain, sizeof(ch->dns_domain)) ||
			!ch->netbios_computer[0] || !ch->netbios_domain[0]) {
		return fail(s, SP_EARG, "ntlm.challenge");
	}
	sp_wr_fixed(&iw, info, sizeof(info));
	write_info(&iw, ch);
	sp_wr_fixed(&nw, name, sizeof(name));
	sp_utf16_write(&nw, ch->netbios_computer);
	memcpy(m.challenge, ch->challenge, sizeof(m.challenge));
	m.target_name = sp_span(name, nw.n);
	m.target_info = sp_span(info, iw.n);

	size_t start = out->n;
	sp_ntlm_challenge_write(out, &m);
	if (sp_wr_ok(&iw) != SP_OK || sp_wr_ok(&nw) != SP_OK || sp_wr_ok(out) != SP_OK) {
		return fail(s, SP_ESPACE, "ntlm.challenge");
	}
	s->challenge = sp_rcbuf_from(out->p + start, out->n - start);
	if (!s->challenge) {
		return fail(s, SP_ENOMEM, "ntlm");
	}
	s->info_n = iw.n;
	s->info_at = s->challenge->n - iw.n;
	s->filetime = ch->filetime;
	memcpy(s->query.challenge, ch->challenge, sizeof(s->query.challenge));
	s->state = SP_NTLM_SERVER_WAIT_AUTHENTICATE;
	return SP_OK;
}

/* A name with a control character, above all NUL, would be another one once it is in UTF-8. */
static bool printable(struct sp_span name)
{
	for (size_t i = 0; i + 1 < name.n; i += 2) {
		unsigned unit = name.p[i] | (unsigned)name.p[i + 1] << 8;

		if (unit < 0x20 || unit == 0x7F) {
			return false;
		}
	}
	return true;
}

static int check_pairs(struct sp_ntlm_server *s, const struct sp_ntlm_response *r)
{
	static const uint8_t unknown[SP_MD5_SIZE];
	struct sp_ntlm_av_list ours;

	int rc = sp_ntlm_av_read(sp_span(s->challenge->p + s->info_at, s->info_n), &ours, &s->why);
	if (rc != SP_OK) {
		return rc;
	}
	s->why = "ntlm.AvPair";
	for (size_t i = 0; i < ours.n; i++) {
		const struct sp_span *got = sp_ntlm_av_find(&r->av, ours.pair[i].id);

		if (!got || !sp_span_eq(*got, ours.pair[i].value)) {
			return SP_EAUTH;
		}
	}
	s->why = "ntlm.MsvAvFlags";
	const struct sp_span *flags = sp_ntlm_av_find(&r->av, SP_NTLM_AV_FLAGS);
	if (!flags || flags->n != 4 || !(flags->p[0] & SP_NTLM_AV_FLAG_MIC)) {
		return SP_EAUTH;
	}
	s->why = "ntlm.MsvAvChannelBindings";
	const struct sp_span *cb = sp_ntlm_av_find(&r->av, SP_NTLM_AV_CHANNEL_BINDINGS);
	if (cb && cb->n != sizeof(unknown)) {
		return SP_EFIELD;
	}
	if (cb && s->has_bindings && !sp_secret_eq(cb->p, unknown, sizeof(unknown)) &&
			!sp_secret_eq(cb->p, s->bindings, sizeof(s->bindings))) {
		return SP_EAUTH;
	}
	s->why = "ntlm.TimeStamp";
	uint64_t drift = r->timestamp > s->filetime ? r->timestamp - s->filetime
						    : s->filetime - r->timestamp;
	return drift <= MAX_CLOCK_DRIFT ? SP_OK : SP_EAUTH;
}

/* The order is that of THREATS: what is refused without asking the keeper. */
static int check(struct sp_ntlm_server *s, const struct sp_ntlm_authenticate *m)
{
	struct sp_ntlm_response r;

	if ((m->flags & SP_NTLM_ANONYMOUS) || m->user.n == 0) {
		return fail(s, SP_EAUTH, "ntlm.UserName");
	}
	if (!(m->user.n <= SP_NTLMV2_MAX_NAME) || !printable(m->user)) {
		return fail(s, SP_EFIELD, "ntlm.UserName");
	}
	if (!(m->domain.n <= SP_NTLMV2_MAX_NAME) || !printable(m->domain)) {
		return fail(s, SP_EFIELD, "ntlm.DomainName");
	}
	if (m->session_key.n != sizeof(s->session_key)) {
		return fail(s, SP_EFIELD, "ntlm.EncryptedRandomSessionKey");
	}
	if (m->mic.n != sizeof(s->mic)) {
		return fail(s, SP_EAUTH, "ntlm.mic");
	}
	int rc = sp_ntlm_response_read(m->nt, &r, &s->why);
	if (rc == SP_OK) {
		rc = check_pairs(s, &r);
	}
	if (rc != SP_OK) {
		return fail(s, rc, NULL);
	}
	memcpy(s->session_key, m->session_key.p, sizeof(s->session_key));
	memcpy(s->mic, m->mic.p, sizeof(s->mic));
	struct sp_ntlmv2_query *q = &s->query;
	q->n_user = (uint16_t)m->user.n;
	memcpy(q->user, m->user.p, m->user.n);
	q->n_domain = (uint16_t)m->domain.n;
	memcpy(q->domain, m->domain.p, m->domain.n);
	q->n_temp = (uint16_t)r.temp.n;
	memcpy(q->temp, r.temp.p, r.temp.n);
	memcpy(q->proof, r.proof.p, sizeof(q->proof));
	return SP_OK;
}

int sp_ntlm_server_authenticate(struct sp_ntlm_server *s, struct sp_span token)
{
	struct sp_ntlm_authenticate m;

	if (s->state != SP_NTLM_SERVER_WAIT_AUTHENTICATE) {
		return fail(s, SP_ESTATE, "ntlm");
	}
	int rc = sp_ntlm_authenticate_read(token, &m, &s->why);
	if (rc != SP_OK) {
		return fail(s, rc, NULL);
	}
	rc = required(s, m.flags);
	if (rc != SP_OK) {
		return rc;
	}
	/* A name that is too long is cut: it is for the log only. */
	(void)sp_utf16_to_utf8(m.workstation, s->workstation, sizeof(s->workstation));
	rc = check(s, &m);
	if (rc != SP_OK) {
		return rc;
	}
	s->authenticate = sp_rcbuf_from(token.p, token.n);
	if (!s->authenticate) {
		return fail(s, SP_ENOMEM, "ntlm");
	}
	s->state = SP_NTLM_SERVER_WAIT_KEY;
	return SP_OK;
}

int sp_ntlm_server_proved(struct sp_ntlm_server *s, const uint8_t base_key[SP_NTLMV2_KEY])
{
	uint8_t exported[SP_NTLMV2_KEY], mic[SP_NTLM_MIC];
	struct sp_rc4 rc4;

	if (s->state != SP_NTLM_SERVER_WAIT_KEY) {
		return fail(s, SP_ESTATE, "ntlm");
	}
	s->crypto->rc4_init(&rc4, sp_span(base_key, SP_NTLMV2_KEY));
	s->crypto->rc4_crypt(&rc4, s->session_key, exported, sizeof(exported));
	sp_ntlm_mic(s->crypto, exported, bytes(s->negotiate), bytes(s->challenge),
			bytes(s->authenticate), mic);
	int rc = SP_OK;
	if (sp_secret_eq(mic, s->mic, sizeof(mic))) {
		sp_ntlm_session_init(&s->session, s->crypto, exported, SP_NTLMV2_TO_CLIENT);
		s->state = SP_NTLM_SERVER_DONE;
	} else {
		rc = fail(s, SP_EAUTH, "ntlm.mic");
	}
	sp_wipe(exported, sizeof(exported));
	sp_wipe(mic, sizeof(mic));
	sp_wipe(&rc4, sizeof(rc4));
	return rc;
}
