/* scan/judge_tls.c - what is weak in how an endpoint does TLS, and in its certificate. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "scan/ciphers.h"
#include "scan/judge_part.h"
#include "scan/words.h"

#define DAY 86400
#define EKU_SERVER 1u
#define EKU_RDP 2u
#define EKU_ANY 4u
/* Limits of the CA/Browser Forum: what is allowed today, and what was. */
#define DAYS_LONG 398
#define DAYS_VERY_LONG 825

/* ---- TLS ---- */

static void judge_versions(struct sp_scan_bench *b, const struct sp_scan_tls *t)
{
	for (uint32_t i = 0; i < 4; i++) {
		if (t->version[i] == SP_SCAN_YES) {
			sp_scan_hit(b, i < 2 ? "RDP-008" : "RDP-007",
					i < 2 ? SP_SCAN_HIGH : SP_SCAN_MEDIUM, SP_SCAN_CERTAIN,
					"accepts %s", sp_scan_version_name(i));
		}
	}
	if (t->version[5] == SP_SCAN_NO) {
		sp_scan_hit(b, "RDP-011", SP_SCAN_INFO, SP_SCAN_CERTAIN, "refuses TLS 1.3");
	}
}

static void judge_ciphers(struct sp_scan_bench *b, const struct sp_scan_tls *t)
{
	/* Worst first, since a long evidence is cut. */
	static const struct {
		uint32_t weak;
		enum sp_scan_severity severity;
		const char *what;
	} kinds[] = {{SP_SCAN_WEAK_NULL, SP_SCAN_HIGH, "no encryption"},
			{SP_SCAN_WEAK_ANON, SP_SCAN_HIGH, "no proof of identity"},
			{SP_SCAN_WEAK_EXPORT, SP_SCAN_HIGH, "export"},
			{SP_SCAN_WEAK_DES, SP_SCAN_HIGH, "DES"},
			{SP_SCAN_WEAK_RC4, SP_SCAN_HIGH, "RC4"},
			{SP_SCAN_WEAK_3DES, SP_SCAN_MEDIUM, "3DES"},
			{SP_SCAN_WEAK_RSA, SP_SCAN_MEDIUM, "plain RSA key exchange"}};

	for (size_t k = 0; k < SP_LEN(kinds); k++) {
		size_t n = 0;
		uint16_t first = 0;

		for (size_t i = 0; i < t->n_ciphers; i++) {
			if (sp_scan_cipher_weak(t->cipher[i]) & kinds[k].weak) {
				first = n++ == 0 ? t->cipher[i] : first;
			}
		}
		if (n == 1) {
			sp_scan_hit(b, "RDP-009", kinds[k].severity, SP_SCAN_CERTAIN, "%s: %s",
					kinds[k].what, sp_scan_cipher_name(first));
		} else if (n > 1) {
			sp_scan_hit(b, "RDP-009", kinds[k].severity, SP_SCAN_CERTAIN,
					"%s: %s and %zu more", kinds[k].what,
					sp_scan_cipher_name(first), n - 1);
		}
	}
}

void sp_scan_judge_tls(struct sp_scan_bench *b, const struct sp_scan_tls *t)
{
	if (!t->asked) {
		return;
	}
	judge_versions(b, t);
	judge_ciphers(b, t);
	if (0 < t->dh_bits && t->dh_bits < 2048) {
		sp_scan_hit(b, "RDP-010", SP_SCAN_MEDIUM, SP_SCAN_CERTAIN, "DHE with %u bit",
				t->dh_bits);
	}
	if (t->weak_group != 0) {
		const char *name = sp_scan_group_name(t->weak_group);
		sp_scan_hit(b, "RDP-010", SP_SCAN_MEDIUM, SP_SCAN_CERTAIN, "curve %s (0x%04x)",
				name ? name : "below 224 bits", t->weak_group);
	}
}

/* ---- certificate ---- */

static const char *day(int64_t seconds, char out[16])
{
	time_t t = (time_t)seconds;
	struct tm tm = {0};

	if (gmtime_r(&t, &tm) == NULL || strftime(out, 16, "%Y-%m-%d", &tm) == 0) {
		snprintf(out, 16, "?");
	}
	return out;
}

static bool is_address(const char *host)
{
	struct in6_addr a;
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(host, "%"), host);
	return inet_pton(AF_INET, text, &a) == 1 || inet_pton(AF_INET6, text, &a) == 1;
}

static void judge_time(struct sp_scan_bench *b, const struct sp_scan_cert *c, const char *where)
{
	int64_t now = b->j->now;
	char date[16], from[16];

	if (c->not_after < now) {
		sp_scan_hit(b, "RDP-020", SP_SCAN_MEDIUM, SP_SCAN_CERTAIN, "%sexpired on %s", where,
				day(c->not_after, date));
	} else if (c->not_before > now) {
		sp_scan_hit(b, "RDP-020", SP_SCAN_MEDIUM, SP_SCAN_CERTAIN, "%snot valid before %s",
				where, day(c->not_before, date));
	}
	int64_t days = c->not_before < c->not_after
			? (int64_t)(((uint64_t)c->not_after - (uint64_t)c->not_before) / DAY)
			: 0;
	if (days > DAYS_LONG) {
		sp_scan_hit(b, "RDP-025", SP_SCAN_INFO, SP_SCAN_CERTAIN,
				"%s%lld days, from %s to %s%s", where, (long long)days,
				day(c->not_before, from), day(c->not_after, date),
				days > DAYS_VERY_LONG ? ": more than authorities ever give" : "");
	}
}

static void judge_strength(struct sp_scan_bench *b, const struct sp_scan_cert *c, const char *where)
{
	bool short_rsa = c->key == SP_SCAN_KEY_RSA && c->key_bits < 2048;
	bool short_ec = c->key == SP_SCAN_KEY_EC && c->key_bits < 224;
	bool hash = strcasestr(c->signature, "sha1") != NULL ||
			strcasestr(c->signature, "md5") != NULL ||
			strcasestr(c->signature, "md4") != NULL ||
			strcasestr(c->signature, "md2") != NULL;

	if ((c->key_bits > 0 && (short_rsa || short_ec)) || c->key == SP_SCAN_KEY_DSA) {
		sp_scan_hit(b, "RDP-023", SP_SCAN_MEDIUM, SP_SCAN_CERTAIN, "%skey %s of %u bit",
				where, sp_scan_key_name(c->key), c->key_bits);
	}
	if (hash) {
		/* Nobody relies on the signature of a certificate that signed itself. */
		sp_scan_hit(b, "RDP-023", c->self_signed ? SP_SCAN_LOW : SP_SCAN_MEDIUM,
				SP_SCAN_CERTAIN, "%ssignature %s%s", where, c->signature,
				c->self_signed ? ", of itself" : "");
	}
}

void sp_scan_judge_cert(struct sp_scan_bench *b, const struct sp_scan_cert *c, const char *where)
{
	if (!c->seen) {
		return;
	}
	judge_time(b, c, where);
	judge_strength(b, c, where);
	if (c->self_signed || c->trusted == SP_SCAN_NO) {
		sp_scan_hit(b, "RDP-021", b->public ? SP_SCAN_MEDIUM : SP_SCAN_INFO,
				SP_SCAN_CERTAIN, "%s%s %s%s", where,
				c->self_signed ? "self-signed:" : "issued by", c->issuer,
				!c->self_signed && c->chain == 1
						? ", whose certificate was not sent with it"
						: "");
	}
	if (c->name_matches == SP_SCAN_NO) {
		/* Who scans addresses does not know the names that people use. */
		sp_scan_hit(b, "RDP-022", is_address(b->f->host) ? SP_SCAN_INFO : SP_SCAN_LOW,
				SP_SCAN_CERTAIN, "%sscanned as %s, certificate of %s", where,
				b->f->host, c->names[0][0] ? c->names[0] : c->subject);
	}
	if (c->eku != 0 && !(c->eku & (EKU_SERVER | EKU_RDP | EKU_ANY))) {
		sp_scan_hit(b, "RDP-026", SP_SCAN_LOW, SP_SCAN_CERTAIN,
				"%sextended key usage without serverAuth", where);
	}
}
