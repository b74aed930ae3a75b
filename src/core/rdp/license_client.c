/* core/rdp/license_client.c - see license_client.h. */
#include "core/rdp/license_client.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/secret.h"
#include "core/pdu/server_cert.h"

#define MAX_NAME 256
#define MAX_CHALLENGE 1024
#define MODULUS_PADDING 8
#define MASTER 48
#define PAD1_SIZE 40
#define PAD2_SIZE 48

/* CLIENT_OS_ID_WINNT_POST_52 and CLIENT_IMAGE_ID_MICROSOFT: license servers know no others. */
#define PLATFORM 0x04010000u
#define RESPONSE_VERSION 0x0100
#define RESPONSE_TYPE_WIN32 0x0100
#define RESPONSE_DETAIL 0x0003

void sp_license_client_init(struct sp_license_client *l, const struct sp_crypto *crypto)
{
	*l = (struct sp_license_client){.crypto = crypto, .what = ""};
}

void sp_license_client_finish(struct sp_license_client *l)
{
	sp_rcbuf_unref(l->kept);
	sp_rcbuf_unref(l->granted);
	sp_wipe(l, sizeof(*l));
}

int sp_license_client_keep(struct sp_license_client *l, struct sp_span license)
{
	if (!(1 <= license.n && license.n <= SP_LICENSE_KEPT_MAX)) {
		return SP_ELIMIT;
	}
	sp_rcbuf_unref(l->kept);
	l->kept = sp_rcbuf_from(license.p, license.n);
	return l->kept ? SP_OK : SP_ENOMEM;
}

/* ---- keys ---- */

/* Three salted hashes of the secret, with the two numbers in the given order. */
static void salted(const struct sp_crypto *c, const uint8_t secret[MASTER],
		const uint8_t first[SP_LICENSE_RANDOM], const uint8_t second[SP_LICENSE_RANDOM],
		uint8_t out[MASTER])
{
	static const char *const salts[] = {"A", "BB", "CCC"};
	uint8_t inner[SP_SHA1_SIZE];

	for (size_t i = 0; i < SP_LEN(salts); i++) {
		struct sp_span parts[] = {sp_span(salts[i], i + 1), sp_span(secret, MASTER),
				sp_span(first, SP_LICENSE_RANDOM),
				sp_span(second, SP_LICENSE_RANDOM)};

		c->sha1(parts, SP_LEN(parts), inner);
		struct sp_span outer[] = {sp_span(secret, MASTER), sp_span(inner, sizeof(inner))};
		c->md5(outer, SP_LEN(outer), out + i * SP_MD5_SIZE);
	}
	sp_wipe(inner, sizeof(inner));
}

void sp_license_derive(const struct sp_crypto *c, const uint8_t client[SP_LICENSE_RANDOM],
		const uint8_t server[SP_LICENSE_RANDOM],
		const uint8_t premaster[SP_LICENSE_PREMASTER], struct sp_license_keys *out)
{
	uint8_t master[MASTER], blob[MASTER];

	salted(c, premaster, client, server, master);
	salted(c, master, server, client, blob);
	memcpy(out->mac, blob, SP_LICENSE_KEY);
	struct sp_span parts[] = {sp_span(blob + SP_LICENSE_KEY, SP_LICENSE_KEY),
			sp_span(client, SP_LICENSE_RANDOM), sp_span(server, SP_LICENSE_RANDOM)};
	c->md5(parts, SP_LEN(parts), out->cipher);
	sp_wipe(master, sizeof(master));
	sp_wipe(blob, sizeof(blob));
}

void sp_license_mac(const struct sp_crypto *c, const struct sp_license_keys *k,
		const struct sp_span *parts, size_t n, uint8_t out[SP_LICENSE_MAC])
{
	uint8_t pad1[PAD1_SIZE], pad2[PAD2_SIZE], size[4], inner[SP_SHA1_SIZE];
	struct sp_span all[5] = {sp_span(k->mac, sizeof(k->mac)), sp_span(pad1, sizeof(pad1)),
			sp_span(size, sizeof(size))};
	size_t total = 0;

	for (size_t i = 0; i < n && i < 2; i++) {
		all[3 + i] = parts[i];
		total += parts[i].n;
	}
	for (size_t i = 0; i < 4; i++) {
		size[i] = (uint8_t)(total >> 8 * i);
	}
	memset(pad1, 0x36, sizeof(pad1));
	memset(pad2, 0x5C, sizeof(pad2));
	c->sha1(all, SP_LEN(all), inner);
	struct sp_span outer[] = {sp_span(k->mac, sizeof(k->mac)), sp_span(pad2, sizeof(pad2)),
			sp_span(inner, sizeof(inner))};
	c->md5(outer, SP_LEN(outer), out);
}

/* Each encrypted field starts the stream anew. */
static void crypt_field(const struct sp_license_client *l, struct sp_span in, uint8_t *out)
{
	struct sp_rc4 rc4;

	l->crypto->rc4_init(&rc4, sp_span(l->keys.cipher, sizeof(l->keys.cipher)));
	l->crypto->rc4_crypt(&rc4, in.p, out, in.n);
	sp_wipe(&rc4, sizeof(rc4));
}

static bool mac_holds(const struct sp_license_client *l, struct sp_span plain,
		const uint8_t mac[SP_LICENSE_MAC])
{
	uint8_t want[SP_LICENSE_MAC];

	sp_license_mac(l->crypto, &l->keys, &plain, 1, want);
	return sp_secret_eq(want, mac, sizeof(want));
}

/* ---- the exchange ---- */

static int fail(struct sp_license_client *l, int err, const char *what)
{
	l->what = what;
	return err;
}

static int fail_alert(struct sp_license_client *l, int err, const char *what,
		enum sp_license_error_code code, struct sp_wr *reply)
{
	sp_license_write_error(reply, code, SP_LICENSE_TOTAL_ABORT);
	return fail(l, err, what);
}

/* ANSI with its NUL; what is not ASCII has no certain code there. */
static struct sp_span ansi(const char *text, char out[MAX_NAME])
{
	size_t n = 0;

	for (; text[n] && n < MAX_NAME - 1; n++) {
		out[n] = (unsigned char)text[n] < 0x80 ? text[n] : '?';
	}
	out[n] = 0;
	return sp_span(out, n + 1);
}

/* Tells this client from others, and is the same each time. */
static void make_hwid(const struct sp_license_client *l, const char *machine,
		uint8_t out[SP_LICENSE_HWID])
{
	struct sp_span parts[] = {sp_span("sallyport", 9), sp_span(machine, strlen(machine))};
	uint8_t hash[SP_MD5_SIZE];
	uint32_t data[4];
	struct sp_wr w;

	l->crypto->md5(parts, SP_LEN(parts), hash);
	for (size_t i = 0; i < 4; i++) {
		data[i] = (uint32_t)hash[4 * i] | (uint32_t)hash[4 * i + 1] << 8 |
				(uint32_t)hash[4 * i + 2] << 16 | (uint32_t)hash[4 * i + 3] << 24;
	}
	sp_wr_fixed(&w, out, SP_LICENSE_HWID);
	sp_license_hwid_write(&w, PLATFORM, data);
}

/* [MS-RDPELE] 2.2.2.3: the licence, and the proof that we are who got it. */
static void show_license(struct sp_license_client *l, const struct sp_license_new_request *n,
		const struct sp_license_who *who, struct sp_wr *reply)
{
	struct sp_license out = {.type = SP_LICENSE_INFO, .flags = SP_LICENSE_EXTENDED_ERROR};
	struct sp_license_info *i = &out.u.info;
	uint8_t hwid[SP_LICENSE_HWID];
	struct sp_span part = sp_span(hwid, sizeof(hwid));

	i->key_exchange = n->key_exchange;
	i->platform = n->platform;
	memcpy(i->client_random, n->client_random, sizeof(i->client_random));
	i->premaster = n->premaster;
	i->license = sp_span(l->kept->p, l->kept->n);
	make_hwid(l, who->machine, hwid);
	sp_license_mac(l->crypto, &l->keys, &part, 1, i->mac);
	crypt_field(l, part, hwid);
	i->hwid = part;
	sp_license_write(reply, &out);
	l->shown = true;
}

static void ask_license(struct sp_license_new_request *n, const struct sp_license_who *who,
		struct sp_wr *reply)
{
	struct sp_license out = {
			.type = SP_LICENSE_NEW_REQUEST, .flags = SP_LICENSE_EXTENDED_ERROR};
	char user[MAX_NAME], machine[MAX_NAME];

	n->user = ansi(who->user, user);
	n->machine = ansi(who->machine, machine);
	out.u.new_request = *n;
	sp_license_write(reply, &out);
}

static int on_request(struct sp_license_client *l, const struct sp_license_request *q,
		const struct sp_license_who *who, struct sp_wr *reply)
{
	uint8_t premaster[SP_LICENSE_PREMASTER],
			sealed[SP_SERVER_CERT_KEY_MAX + MODULUS_PADDING] = {0};
	struct sp_license_new_request n = {
			.key_exchange = SP_LICENSE_KEY_EXCHANGE_RSA, .platform = PLATFORM};
	struct sp_server_cert cert;
	struct sp_rd r;

	sp_rd_init(&r, q->certificate.p, q->certificate.n);
	int rc = sp_server_cert_read(&r, &cert);
	if (rc != SP_OK) {
		return fail_alert(l, rc, r.what ? r.what : "license.certificate",
				SP_LICENSE_ERR_INVALID_SERVER_CERTIFICATE, reply);
	}
	rc = l->crypto->random(n.client_random, sizeof(n.client_random));
	if (rc == SP_OK) {
		rc = l->crypto->random(premaster, sizeof(premaster));
	}
	if (rc == SP_OK) {
		rc = l->crypto->rsa_public(sp_span(cert.modulus, cert.n), cert.exponent,
				sp_span(premaster, sizeof(premaster)), sealed);
	}
	if (rc != SP_OK) {
		return fail(l, rc, "license.premaster");
	}
	sp_license_derive(l->crypto, n.client_random, q->server_random, premaster, &l->keys);
	sp_wipe(premaster, sizeof(premaster));
	n.premaster = sp_span(sealed, cert.n + MODULUS_PADDING);
	if (l->kept) {
		show_license(l, &n, who, reply);
	} else {
		ask_license(&n, who, reply);
	}
	l->state = SP_LICENSE_CLIENT_WAIT_CHALLENGE;
	return 0;
}

static int on_challenge(struct sp_license_client *l, const struct sp_license_challenge *q,
		const struct sp_license_who *who, struct sp_wr *reply)
{
	uint8_t plain[MAX_CHALLENGE], data[MAX_CHALLENGE + 8], hwid[SP_LICENSE_HWID];
	struct sp_license out = {
			.type = SP_LICENSE_CHALLENGE_RESPONSE, .flags = SP_LICENSE_EXTENDED_ERROR};
	struct sp_wr w;

	if (!(q->encrypted.n <= sizeof(plain))) {
		return fail(l, SP_ELIMIT, "license.EncryptedPlatformChallenge");
	}
	crypt_field(l, q->encrypted, plain);
	if (!mac_holds(l, sp_span(plain, q->encrypted.n), q->mac)) {
		return fail_alert(
				l, SP_EFIELD, "license.MACData", SP_LICENSE_ERR_INVALID_MAC, reply);
	}
	struct sp_license_response_data response = {.version = RESPONSE_VERSION,
			.client_type = RESPONSE_TYPE_WIN32,
			.detail_level = RESPONSE_DETAIL,
			.challenge = sp_span(plain, q->encrypted.n)};
	sp_wr_fixed(&w, data, sizeof(data));
	sp_license_response_data_write(&w, &response);
	make_hwid(l, who->machine, hwid);
	struct sp_span parts[] = {sp_span(data, w.n), sp_span(hwid, sizeof(hwid))};
	sp_license_mac(l->crypto, &l->keys, parts, SP_LEN(parts), out.u.response.mac);
	crypt_field(l, parts[0], data);
	crypt_field(l, parts[1], hwid);
	out.u.response.response = parts[0];
	out.u.response.hwid = parts[1];
	sp_license_write(reply, &out);
	l->state = SP_LICENSE_CLIENT_WAIT_GRANT;
	return 0;
}

/* What is not understood is no licence for the next time, and no reason to end this one. */
static void take_license(struct sp_license_client *l, struct sp_span plain)
{
	struct sp_license_new_info info;
	struct sp_rd r;

	sp_rd_init(&r, plain.p, plain.n);
	if (sp_license_new_info_read(&r, &info) == SP_OK && 1 <= info.license.n &&
			info.license.n <= SP_LICENSE_KEPT_MAX) {
		sp_rcbuf_unref(l->granted);
		l->granted = sp_rcbuf_from(info.license.p, info.license.n);
	}
}

static int on_grant(
		struct sp_license_client *l, const struct sp_license_grant *q, struct sp_wr *reply)
{
	uint8_t *plain = sp_malloc(q->encrypted.n + 1);

	if (!plain) {
		return fail(l, SP_ENOMEM, "license");
	}
	crypt_field(l, q->encrypted, plain);
	bool good = mac_holds(l, sp_span(plain, q->encrypted.n), q->mac);
	if (good) {
		take_license(l, sp_span(plain, q->encrypted.n));
	}
	sp_freezero(plain, q->encrypted.n + 1);
	if (!good) {
		return fail_alert(
				l, SP_EFIELD, "license.MACData", SP_LICENSE_ERR_INVALID_MAC, reply);
	}
	l->state = SP_LICENSE_CLIENT_DONE;
	return 1;
}

static int on_error(struct sp_license_client *l, const struct sp_license_error *e)
{
	if (e->code != SP_LICENSE_STATUS_VALID_CLIENT || e->state != SP_LICENSE_NO_TRANSITION) {
		return fail(l, SP_EDENIED, "license.error");
	}
	l->state = SP_LICENSE_CLIENT_DONE;
	return 1;
}

int sp_license_client_step(struct sp_license_client *l, const struct sp_license *in,
		const struct sp_license_who *who, struct sp_wr *reply)
{
	bool asked = l->state == SP_LICENSE_CLIENT_WAIT_CHALLENGE ||
			l->state == SP_LICENSE_CLIENT_WAIT_GRANT;

	switch (in->type) {
	case SP_LICENSE_ERROR:
		return on_error(l, &in->u.error);
	case SP_LICENSE_REQUEST:
		if (l->state != SP_LICENSE_CLIENT_WAIT_REQUEST) {
			return fail(l, SP_ESTATE, "license.type");
		}
		return l->crypto && l->crypto->rsa_public
				? on_request(l, &in->u.request, who, reply)
				: fail(l, SP_EPROTO, "license.type");
	case SP_LICENSE_CHALLENGE:
		if (l->state != SP_LICENSE_CLIENT_WAIT_CHALLENGE) {
			return fail(l, SP_ESTATE, "license.type");
		}
		return on_challenge(l, &in->u.challenge, who, reply);
	case SP_LICENSE_NEW:
	case SP_LICENSE_UPGRADE:
		return asked ? on_grant(l, &in->u.grant, reply)
			     : fail(l, SP_ESTATE, "license.type");
	default:
		return fail(l, SP_ESTATE, "license.type");
	}
}
