/* core/crypt/ntlmv2.c - see ntlmv2.h. */
#include "core/crypt/ntlmv2.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/secret.h"
#include "core/base/utf16.h"
#include "core/base/wr.h"

/* Letters whose upper case lies a fixed distance away; step 2 means every second unit. */
static const struct upper_run {
	uint16_t first, last;
	int16_t step, distance;
} upper_runs[] = {
		{0x0061, 0x007A, 1, -32}, /* a to z */
		{0x00E0, 0x00F6, 1, -32}, /* Latin-1 */
		{0x00F8, 0x00FE, 1, -32}, /* Latin-1, behind the division sign */
		{0x00FF, 0x00FF, 1, 121}, /* y with diaeresis */
		{0x0101, 0x012F, 2, -1}, /* Latin Extended-A */
		{0x0133, 0x0137, 2, -1}, /* the same, behind the dotless i */
		{0x013A, 0x0148, 2, -1}, /* the same, odd and even changed places */
		{0x014B, 0x0177, 2, -1}, /* and changed back */
		{0x017A, 0x017E, 2, -1}, /* z with accents */
		{0x01CE, 0x01DC, 2, -1}, /* Latin Extended-B, carons */
		{0x01DF, 0x01EF, 2, -1}, /* the same, macrons */
		{0x0201, 0x021F, 2, -1}, /* the same, S and T with comma below among them */
		{0x03AC, 0x03AC, 1, -38}, /* Greek alpha with tonos */
		{0x03AD, 0x03AF, 1, -37}, /* epsilon, eta, iota with tonos */
		{0x03B1, 0x03C1, 1, -32}, /* alpha to rho */
		{0x03C2, 0x03C2, 1, -31}, /* final sigma */
		{0x03C3, 0x03CB, 1, -32}, /* sigma to upsilon with dialytika */
		{0x03CC, 0x03CC, 1, -64}, /* omicron with tonos */
		{0x03CD, 0x03CE, 1, -63}, /* upsilon, omega with tonos */
		{0x0430, 0x044F, 1, -32}, /* Cyrillic */
		{0x0450, 0x045F, 1, -80}, /* Cyrillic of Serbian, Macedonian, Ukrainian */
		{0x0461, 0x0481, 2, -1}, /* historic Cyrillic */
		{0x048B, 0x04BF, 2, -1}, /* Cyrillic of other languages */
		{0x04C2, 0x04CE, 2, -1}, /* the same, odd and even changed places */
		{0x04D1, 0x052F, 2, -1}, /* and changed back */
		{0x0561, 0x0586, 1, -48}, /* Armenian */
		{0x1E01, 0x1E95, 2, -1}, /* Latin Extended Additional */
		{0x1EA1, 0x1EF9, 2, -1}, /* Vietnamese */
		{0xFF41, 0xFF5A, 1, -32}, /* full width a to z */
};

uint16_t sp_ntlmv2_upper(uint16_t unit)
{
	for (size_t i = 0; i < SP_LEN(upper_runs); i++) {
		const struct upper_run *run = &upper_runs[i];

		if (run->first <= unit && unit <= run->last &&
				(unit - run->first) % run->step == 0) {
			return (uint16_t)(unit + run->distance);
		}
	}
	return unit;
}

int sp_ntlmv2_nt_hash(
		const struct sp_crypto *c, const char *password, uint8_t nt_hash[SP_NTLMV2_KEY])
{
	uint8_t wide[SP_NTLMV2_MAX_PASSWORD];
	struct sp_wr w;

	sp_wr_fixed(&w, wide, sizeof(wide));
	sp_utf16_write(&w, password);
	int rc = sp_wr_ok(&w) == SP_OK ? SP_OK : SP_ELIMIT;
	if (rc == SP_OK) {
		struct sp_span part = {wide, w.n};
		c->md4(&part, 1, nt_hash);
	}
	sp_wipe(wide, sizeof(wide));
	return rc;
}

int sp_ntlmv2_owf(const struct sp_crypto *c, const uint8_t nt_hash[SP_NTLMV2_KEY],
		struct sp_span user, struct sp_span domain, uint8_t owf[SP_NTLMV2_KEY])
{
	uint8_t upper[SP_NTLMV2_MAX_NAME];

	if (!(user.n <= sizeof(upper) && domain.n <= SP_NTLMV2_MAX_NAME)) {
		return SP_ELIMIT;
	}
	if (user.n % 2 != 0 || domain.n % 2 != 0) {
		return SP_EFIELD;
	}
	for (size_t i = 0; i < user.n; i += 2) {
		uint16_t unit = sp_ntlmv2_upper((uint16_t)(user.p[i] | user.p[i + 1] << 8));

		upper[i] = (uint8_t)unit;
		upper[i + 1] = (uint8_t)(unit >> 8);
	}
	struct sp_span parts[] = {{upper, user.n}, domain};
	c->hmac_md5(sp_span(nt_hash, SP_NTLMV2_KEY), parts, SP_LEN(parts), owf);
	return SP_OK;
}

void sp_ntlmv2_proof(const struct sp_crypto *c, const uint8_t owf[SP_NTLMV2_KEY],
		const uint8_t challenge[SP_NTLMV2_CHALLENGE], struct sp_span temp,
		uint8_t proof[SP_NTLMV2_KEY])
{
	struct sp_span parts[] = {{challenge, SP_NTLMV2_CHALLENGE}, temp};

	c->hmac_md5(sp_span(owf, SP_NTLMV2_KEY), parts, SP_LEN(parts), proof);
}

void sp_ntlmv2_base_key(const struct sp_crypto *c, const uint8_t owf[SP_NTLMV2_KEY],
		const uint8_t proof[SP_NTLMV2_KEY], uint8_t base_key[SP_NTLMV2_KEY])
{
	struct sp_span part = {proof, SP_NTLMV2_KEY};

	c->hmac_md5(sp_span(owf, SP_NTLMV2_KEY), &part, 1, base_key);
}

void sp_ntlmv2_lm(const struct sp_crypto *c, const uint8_t owf[SP_NTLMV2_KEY],
		const uint8_t server[SP_NTLMV2_CHALLENGE],
		const uint8_t client[SP_NTLMV2_CHALLENGE], uint8_t out[SP_NTLMV2_LM])
{
	struct sp_span parts[] = {{server, SP_NTLMV2_CHALLENGE}, {client, SP_NTLMV2_CHALLENGE}};

	c->hmac_md5(sp_span(owf, SP_NTLMV2_KEY), parts, SP_LEN(parts), out);
	memcpy(out + SP_NTLMV2_KEY, client, SP_NTLMV2_CHALLENGE);
}

bool sp_ntlmv2_check(const struct sp_crypto *c, const uint8_t nt_hash[SP_NTLMV2_KEY],
		const struct sp_ntlmv2_query *q, uint8_t base_key[SP_NTLMV2_KEY])
{
	uint8_t owf[SP_NTLMV2_KEY], proof[SP_NTLMV2_KEY];

	memset(base_key, 0, SP_NTLMV2_KEY);
	if (!(q->n_temp <= sizeof(q->temp))) {
		return false;
	}
	if (sp_ntlmv2_owf(c, nt_hash, sp_span(q->user, q->n_user), sp_span(q->domain, q->n_domain),
			    owf) != SP_OK) {
		return false;
	}
	sp_ntlmv2_proof(c, owf, q->challenge, sp_span(q->temp, q->n_temp), proof);
	/* The key is computed before anybody looks at the proof, so that time tells nothing. */
	sp_ntlmv2_base_key(c, owf, proof, base_key);
	bool good = sp_secret_eq(proof, q->proof, sizeof(proof));
	if (!good) {
		sp_wipe(base_key, SP_NTLMV2_KEY);
	}
	sp_wipe(owf, sizeof(owf));
	sp_wipe(proof, sizeof(proof));
	return good;
}

/* The constants include their NUL. */
static void derive(const struct sp_crypto *c, const uint8_t exported[SP_NTLMV2_KEY],
		const char *magic, uint8_t key[SP_NTLMV2_KEY])
{
	struct sp_span parts[] = {{exported, SP_NTLMV2_KEY}, sp_span(magic, strlen(magic) + 1)};

	c->md5(parts, SP_LEN(parts), key);
}

void sp_ntlmv2_sign_key(const struct sp_crypto *c, const uint8_t exported[SP_NTLMV2_KEY],
		enum sp_ntlmv2_way way, uint8_t key[SP_NTLMV2_KEY])
{
	derive(c, exported,
			way == SP_NTLMV2_TO_SERVER ? "session key to client-to-server signing key "
						     "magic constant"
						   : "session key to server-to-client signing key "
						     "magic constant",
			key);
}

void sp_ntlmv2_seal_key(const struct sp_crypto *c, const uint8_t exported[SP_NTLMV2_KEY],
		enum sp_ntlmv2_way way, uint8_t key[SP_NTLMV2_KEY])
{
	derive(c, exported,
			way == SP_NTLMV2_TO_SERVER ? "session key to client-to-server sealing key "
						     "magic constant"
						   : "session key to server-to-client sealing key "
						     "magic constant",
			key);
}
