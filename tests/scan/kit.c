/* tests/scan/kit.c - see kit.h */
#include "kit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"

const char *kit_name(enum kit_kind kind)
{
	static const char *const names[KIT_COUNT] = {[KIT_2003] = "2003",
			[KIT_2008] = "2008",
			[KIT_2008R2] = "2008 R2",
			[KIT_2012R2] = "2012 R2",
			[KIT_2016] = "2016",
			[KIT_2019] = "2019",
			[KIT_2022] = "2022",
			[KIT_2025] = "2025",
			[KIT_10] = "10",
			[KIT_XRDP] = "xrdp",
			[KIT_SHADOW] = "shadow",
			[KIT_WESTON] = "weston",
			[KIT_GRD] = "gnome-remote-desktop",
			[KIT_SALLYPORT] = "sallyport",
			[KIT_ENTRA] = "entra",
			[KIT_GATEWAY] = "gateway"};

	return names[kind];
}

void kit_select(struct sp_scan_facts *f, enum sp_scan_ask ask, uint32_t protocol, uint8_t flags)
{
	static const uint8_t confirm[] = {
			3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 0, 0, 0, 0};
	struct sp_scan_nego *n = &f->nego[ask];

	memset(n, 0, sizeof(*n));
	n->answer = SP_SCAN_SELECTED;
	n->selected = protocol;
	n->flags = flags;
	memcpy(n->evidence, confirm, sizeof(confirm));
	n->evidence[12] = flags;
	n->evidence[15] = (uint8_t)protocol;
	n->n_evidence = sizeof(confirm);
}

void kit_deny(struct sp_scan_facts *f, enum sp_scan_ask ask, uint32_t code)
{
	memset(&f->nego[ask], 0, sizeof(f->nego[ask]));
	f->nego[ask].answer = SP_SCAN_DENIED;
	f->nego[ask].code = code;
}

static void deny_all(struct sp_scan_facts *f, uint32_t code)
{
	for (uint32_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		kit_deny(f, (enum sp_scan_ask)i, code);
	}
}

/* HYBRID and nothing below. */
static void nla(struct sp_scan_facts *f, uint8_t flags)
{
	deny_all(f, 5);
	kit_select(f, SP_SCAN_ASK_CREDSSP, 2, flags);
	kit_select(f, SP_SCAN_ASK_EARLY, 8, flags);
}

static void tls(struct sp_scan_facts *f, uint32_t lowest, uint32_t highest)
{
	f->tls.asked = 1;
	for (uint32_t i = 0; i < SP_SCAN_VERSIONS; i++) {
		f->tls.version[i] = lowest <= i && i <= highest ? SP_SCAN_YES : SP_SCAN_NO;
	}
	f->tls.best_version = (uint16_t)(0x02ff + highest);
	f->tls.best = highest == 5 ? 0x1302 : 0xc030;
	f->tls.group = 0x1d;
}

static void cipher(struct sp_scan_facts *f, uint16_t number)
{
	f->tls.cipher[f->tls.n_ciphers++] = number;
}

/* As Windows makes it: for half a year, by itself. */
static void cert(struct sp_scan_facts *f, const char *name, const char *signature, uint32_t days)
{
	struct sp_scan_cert *c = &f->tls.cert;

	c->seen = c->chain = c->self_signed = 1;
	snprintf(c->subject, sizeof(c->subject), "CN=%s", name);
	snprintf(c->issuer, sizeof(c->issuer), "CN=%s", name);
	snprintf(c->serial, sizeof(c->serial), "1f00");
	snprintf(c->signature, sizeof(c->signature), "%s", signature);
	c->key = SP_SCAN_KEY_RSA;
	c->key_bits = 2048;
	c->trusted = SP_SCAN_NO;
	c->name_matches = SP_SCAN_NO;
	c->eku = 1;
	c->not_before = KIT_NOW - 10 * KIT_DAY;
	c->not_after = c->not_before + (int64_t)days * KIT_DAY;
	memset(c->sha256, 0x5a, sizeof(c->sha256));
	memset(c->spki, 0xa5, sizeof(c->spki));
}

static void ntlm(struct sp_scan_facts *f, uint8_t major, uint8_t minor, uint16_t build)
{
	struct sp_scan_ntlm *n = &f->ntlm;

	n->asked = n->challenged = 1;
	n->credssp = 6;
	n->kerberos = SP_SCAN_YES;
	snprintf(n->target, sizeof(n->target), "CORP");
	snprintf(n->nb_domain, sizeof(n->nb_domain), "CORP");
	snprintf(n->nb_computer, sizeof(n->nb_computer), "RDP01");
	snprintf(n->dns_domain, sizeof(n->dns_domain), "corp.example");
	snprintf(n->dns_computer, sizeof(n->dns_computer), "rdp01.corp.example");
	snprintf(n->dns_tree, sizeof(n->dns_tree), "corp.example");
	n->major = major;
	n->minor = minor;
	n->build = build;
	n->time = KIT_NOW;
}

static void windows(struct sp_scan_facts *f, uint8_t major, uint8_t minor, uint16_t build)
{
	f->family = SP_SCAN_FAMILY_WINDOWS;
	ntlm(f, major, minor, build);
	cipher(f, 0xc030);
	cipher(f, 0xc028);
	cipher(f, 0xc014);
	cipher(f, 0x009d);
	cipher(f, 0x003d);
	cipher(f, 0x0035);
	if (build < 17763) {
		cipher(f, 0x000a);
	}
	if (build < 9600) {
		cipher(f, 0x0005);
	}
	cert(f, "rdp01.corp.example",
			build < 9600 ? "sha1WithRSAEncryption" : "sha256WithRSAEncryption", 182);
	f->tls.cert.eku = 1;
}

static void old(struct sp_scan_facts *f)
{
	for (uint32_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		kit_select(f, (enum sp_scan_ask)i, 0, 0);
		f->nego[i].bare = 1;
		f->nego[i].n_evidence = 11;
	}
	f->family = SP_SCAN_FAMILY_WINDOWS;
	f->legacy.asked = f->legacy.proprietary = 1;
	f->legacy.methods = 0x0b;
	f->legacy.level = f->legacy.lowest = 2;
	f->legacy.key_bits = 512;
}

static void unix_like(struct sp_scan_facts *f, enum kit_kind kind)
{
	struct sp_scan_ntlm *n = &f->ntlm;

	tls(f, 4, 5);
	cipher(f, 0xc030);
	cipher(f, 0xcca8);
	cert(f, "host", "sha256WithRSAEncryption", 365);
	if (kind == KIT_XRDP) {
		f->family = SP_SCAN_FAMILY_XRDP;
		for (uint32_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
			kit_select(f, (enum sp_scan_ask)i,
					i != SP_SCAN_ASK_RDP && i != SP_SCAN_ASK_RDSTLS &&
							i != SP_SCAN_ASK_AAD,
					1);
		}
		f->legacy.asked = 1;
		f->legacy.methods = 2;
		f->legacy.level = f->legacy.lowest = 3;
		cipher(f, 0x009d);
		f->tls.cert.eku = 0;
	} else if (kind == KIT_WESTON) {
		f->family = SP_SCAN_FAMILY_FREERDP;
		deny_all(f, 2);
		kit_deny(f, SP_SCAN_ASK_RDP, 1);
		kit_select(f, SP_SCAN_ASK_TLS, 1, 3);
		kit_select(f, SP_SCAN_ASK_CREDSSP, 1, 3);
		kit_select(f, SP_SCAN_ASK_EARLY, 1, 3);
	} else {
		f->family = kind == KIT_GRD ? SP_SCAN_FAMILY_GRD : SP_SCAN_FAMILY_FREERDP;
		nla(f, 3);
		kit_select(f, SP_SCAN_ASK_EARLY, 2, 3);
		/* FreeRDP's NTLM, wherever it runs. */
		ntlm(f, 6, 1, 7601);
		n->kerberos = SP_SCAN_NO;
		snprintf(n->nb_domain, sizeof(n->nb_domain), "host");
		snprintf(n->nb_computer, sizeof(n->nb_computer), "host");
		snprintf(n->dns_domain, sizeof(n->dns_domain), "host");
		snprintf(n->dns_computer, sizeof(n->dns_computer), "host");
		n->dns_tree[0] = '\0';
	}
}

static void sallyport(struct sp_scan_facts *f)
{
	struct sp_scan_ntlm *n = &f->ntlm;

	f->family = SP_SCAN_FAMILY_SALLYPORT;
	deny_all(f, 5);
	kit_select(f, SP_SCAN_ASK_CREDSSP, 2, 3);
	kit_select(f, SP_SCAN_ASK_EARLY, 8, 3);
	kit_select(f, SP_SCAN_ASK_RDSTLS, 4, 3);
	tls(f, 4, 5);
	cipher(f, 0xc02c);
	cipher(f, 0xcca9);
	cert(f, "gate", "ecdsa-with-SHA256", 3650);
	f->tls.cert.key = SP_SCAN_KEY_EC;
	f->tls.cert.key_bits = 256;
	n->asked = n->challenged = 1;
	n->credssp = 6;
	snprintf(n->target, sizeof(n->target), "WIN-7K2P");
	snprintf(n->nb_domain, sizeof(n->nb_domain), "WIN-7K2P");
	snprintf(n->nb_computer, sizeof(n->nb_computer), "WIN-7K2P");
	snprintf(n->dns_domain, sizeof(n->dns_domain), "WIN-7K2P");
	snprintf(n->dns_computer, sizeof(n->dns_computer), "WIN-7K2P");
	n->time = KIT_NOW;
}

static void gateway(struct sp_scan_facts *f)
{
	struct sp_scan_web *w = &f->web;

	f->reach = SP_SCAN_REFUSED;
	w->asked = 1;
	w->open = SP_SCAN_YES;
	w->port = 443;
	snprintf(w->server, sizeof(w->server), "Microsoft-IIS/10.0");
	for (uint32_t i = 0; i < SP_SCAN_PATH_COUNT; i++) {
		w->present[i] = SP_SCAN_YES;
		w->status[i] = 401;
		w->auth[i] = SP_SCAN_AUTH_NTLM | SP_SCAN_AUTH_NEGOTIATE;
	}
	w->status[SP_SCAN_RDWEB] = 200;
	w->auth[SP_SCAN_RDWEB] = 0;
	w->challenged = 1;
	windows(f, 10, 0, 17763);
	w->ntlm = f->ntlm;
	w->cert = f->tls.cert;
	w->cert.self_signed = 0;
	w->cert.trusted = w->cert.name_matches = SP_SCAN_YES;
	memset(&f->ntlm, 0, sizeof(f->ntlm));
	memset(&f->tls, 0, sizeof(f->tls));
}

void kit_facts(enum kit_kind kind, struct sp_scan_facts *f)
{
	memset(f, 0, sizeof(*f));
	snprintf(f->host, sizeof(f->host), "10.0.0.5");
	snprintf(f->address, sizeof(f->address), "10.0.0.5");
	f->port = 3389;
	f->reach = SP_SCAN_RDP;
	f->started_ms = (int64_t)KIT_NOW * 1000;
	f->took_ms = 1234;
	f->connections = 12;
	switch (kind) {
	case KIT_2003:
		old(f);
		break;
	case KIT_2008:
		deny_all(f, 2);
		kit_select(f, SP_SCAN_ASK_RDP, 0, 0);
		kit_select(f, SP_SCAN_ASK_TLS, 1, 0);
		kit_select(f, SP_SCAN_ASK_CREDSSP, 2, 0);
		kit_select(f, SP_SCAN_ASK_EARLY, 2, 0);
		f->legacy.asked = f->legacy.proprietary = 1;
		f->legacy.methods = 0x0b;
		f->legacy.level = f->legacy.lowest = 2;
		windows(f, 6, 0, 6002);
		f->ntlm.credssp = 2;
		tls(f, 1, 2);
		break;
	case KIT_2008R2:
		deny_all(f, 2);
		kit_deny(f, SP_SCAN_ASK_RDP, 1);
		kit_select(f, SP_SCAN_ASK_TLS, 1, 1);
		kit_select(f, SP_SCAN_ASK_CREDSSP, 2, 1);
		kit_select(f, SP_SCAN_ASK_EARLY, 2, 1);
		windows(f, 6, 1, 7601);
		tls(f, 2, 4);
		f->tls.dh_bits = 1024;
		break;
	case KIT_2012R2:
		nla(f, 0x0f);
		windows(f, 6, 3, 9600);
		tls(f, 2, 4);
		break;
	case KIT_2016:
		nla(f, 0x1f);
		windows(f, 10, 0, 14393);
		tls(f, 2, 4);
		break;
	case KIT_2019:
		nla(f, 0x1f);
		windows(f, 10, 0, 17763);
		tls(f, 2, 4);
		break;
	case KIT_2022:
		nla(f, 0x1f);
		windows(f, 10, 0, 20348);
		tls(f, 4, 5);
		break;
	case KIT_2025:
		nla(f, 0x3f);
		windows(f, 10, 0, 26100);
		tls(f, 4, 5);
		break;
	case KIT_10:
		nla(f, 0x1f);
		windows(f, 10, 0, 19041);
		tls(f, 2, 4);
		break;
	case KIT_SALLYPORT:
		sallyport(f);
		break;
	case KIT_ENTRA:
		nla(f, 0x1f);
		deny_all(f, 2);
		kit_select(f, SP_SCAN_ASK_AAD, 16, 0x1f);
		windows(f, 10, 0, 26100);
		memset(&f->ntlm, 0, sizeof(f->ntlm));
		tls(f, 4, 5);
		break;
	case KIT_GATEWAY:
		gateway(f);
		break;
	default:
		unix_like(f, kind);
		break;
	}
}

void kit_list(const struct sp_scan_judged *j, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < j->n && n + 8 < cap; i++) {
		n += (size_t)snprintf(out + n, cap - n, "%s%s%c", i > 0 ? " " : "",
				j->finding[i].check->id + 4,
				sp_scan_severity_name(j->finding[i].severity)[0]);
	}
}
