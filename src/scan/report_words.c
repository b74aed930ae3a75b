/* scan/report_words.c - an endpoint in few words: its place, its TLS, its certificate, its mending. */
#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "core/base/siphash.h"
#include "scan/report_part.h"
#include "scan/words.h"

enum sp_scan_severity sp_scan_worst(const struct sp_scan_judged *j)
{
	return j->n > 0 ? j->finding[0].severity : SP_SCAN_SEVERITY_COUNT;
}

const char *sp_scan_place(const struct sp_scan_facts *f, char out[SP_SCAN_PLACE_MAX])
{
	bool colon = strchr(f->host, ':') != NULL;

	snprintf(out, SP_SCAN_PLACE_MAX, "%s%s%s:%u", colon ? "[" : "", f->host, colon ? "]" : "",
			f->port);
	return out;
}

const char *sp_scan_uri(const struct sp_scan_facts *f, char out[SP_SCAN_URI_MAX])
{
	static const char plain[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	bool colon = strchr(f->host, ':') != NULL;
	size_t n = (size_t)snprintf(out, SP_SCAN_URI_MAX, "rdp://%s", colon ? "[" : "");

	for (const char *p = f->host; *p != '\0'; p++) {
		bool as_is = strchr(plain, *p) != NULL || (colon && *p == ':');
		n += (size_t)snprintf(out + n, SP_SCAN_URI_MAX - n, as_is ? "%c" : "%%%02X",
				as_is ? *p : (uint8_t)*p);
	}
	snprintf(out + n, SP_SCAN_URI_MAX - n, "%s:%u", colon ? "]" : "", f->port);
	return out;
}

const char *sp_scan_print(
		const struct sp_scan_facts *f, const char *id, char out[SP_SCAN_PRINT_MAX])
{
	static const uint64_t keys[2][2] = {{0x72647073, 1}, {0x72647073, 2}};
	char text[SP_SCAN_PLACE_MAX + 32], place[SP_SCAN_PLACE_MAX];

	snprintf(text, sizeof(text), "%s %s", id, sp_scan_place(f, place));
	snprintf(out, SP_SCAN_PRINT_MAX, "%016llx%016llx",
			(unsigned long long)sp_siphash(keys[0], text, strlen(text)),
			(unsigned long long)sp_siphash(keys[1], text, strlen(text)));
	return out;
}

const char *sp_scan_fix(const struct sp_scan_check *c, uint32_t family, const char **on)
{
	*on = sp_scan_family_name(family);
	switch (family) {
	case SP_SCAN_FAMILY_XRDP:
		return c->fix_xrdp;
	case SP_SCAN_FAMILY_GRD:
		return c->fix_grd;
	case SP_SCAN_FAMILY_SALLYPORT:
		return c->fix_sallyport;
	case SP_SCAN_FAMILY_FREERDP:
		return c->fix_freerdp;
	default:
		*on = "Windows";
		return c->fix_windows;
	}
}

const char *sp_scan_named(const struct sp_scan_facts *f)
{
	const struct sp_scan_ntlm *n =
			f->ntlm.challenged || !f->web.challenged ? &f->ntlm : &f->web.ntlm;

	return n->dns_computer[0] ? n->dns_computer : n->nb_computer;
}

const char *sp_scan_tls_line(const struct sp_scan_facts *f, char out[SP_SCAN_LINE])
{
	uint32_t low = SP_SCAN_VERSIONS, high = 0;

	for (uint32_t i = 0; i < SP_SCAN_VERSIONS; i++) {
		if (f->tls.version[i] == SP_SCAN_YES) {
			low = low == SP_SCAN_VERSIONS ? i : low;
			high = i;
		}
	}
	if (low == SP_SCAN_VERSIONS) {
		snprintf(out, SP_SCAN_LINE, "%s",
				f->tls.asked ? "TLS of unknown version" : "no TLS");
	} else if (low == high) {
		snprintf(out, SP_SCAN_LINE, "%s", sp_scan_version_name(low));
	} else {
		snprintf(out, SP_SCAN_LINE, "%s to %s", sp_scan_version_name(low),
				sp_scan_version_name(high) + (low < 2 ? 0 : 4));
	}
	return out;
}

const char *sp_scan_cert_line(const struct sp_scan_cert *c, char out[SP_SCAN_LINE])
{
	char time[SP_SCAN_TIME_MAX];

	if (!c->seen) {
		snprintf(out, SP_SCAN_LINE, "no certificate seen");
		return out;
	}
	snprintf(out, SP_SCAN_LINE, "certificate %s%s, %s %u, until %.10s",
			c->self_signed ? "self-signed" : "from ", c->self_signed ? "" : c->issuer,
			sp_scan_key_name(c->key), c->key_bits, sp_scan_time(c->not_after, time));
	return out;
}
