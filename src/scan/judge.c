/* scan/judge.c - facts in, findings out: the protocols an endpoint accepts, and what follows. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scan/judge_part.h"
#include "scan/public.h"
#include "scan/words.h"

#define PROTOCOL_RDP 0u
#define PROTOCOL_SSL 1u
#define PROTOCOL_HYBRID 2u
#define PROTOCOL_RDSTLS 4u
#define PROTOCOL_HYBRID_EX 8u
#define PROTOCOL_RDSAAD 16u
#define CODE_HYBRID_REQUIRED 5u
#define FLAG_RESTRICTED_ADMIN 0x08u
#define FLAG_CREDENTIAL_GUARD 0x10u
#define METHODS_WEAK 0x09u /* 40 and 56 bit */
#define METHOD_128 0x02u
#define METHOD_FIPS 0x10u
#define LEVEL_HIGH 3u

void sp_scan_hit(struct sp_scan_bench *b, const char *id, enum sp_scan_severity severity,
		enum sp_scan_confidence confidence, const char *evidence, ...)
{
	char text[3 * SP_SCAN_TEXT];
	va_list ap;

	va_start(ap, evidence);
	vsnprintf(text, sizeof(text), evidence, ap);
	va_end(ap);
	sp_scan_judged_add(b->out, id, severity, confidence, text);
}

/* ---- protocols ---- */

/* The first question that was answered with this protocol; SP_SCAN_ASK_COUNT: none. */
static uint32_t selected(const struct sp_scan_facts *f, uint32_t protocol)
{
	uint32_t i = 0;

	while (i < SP_SCAN_ASK_COUNT && !sp_scan_accepts(f, (enum sp_scan_ask)i, protocol)) {
		i++;
	}
	return i;
}

static bool takes(const struct sp_scan_facts *f, uint32_t protocol)
{
	return selected(f, protocol) < SP_SCAN_ASK_COUNT;
}

/* Is it certain that this question was answered with no? */
static bool refused(const struct sp_scan_nego *n)
{
	return n->answer == SP_SCAN_DENIED || n->answer == SP_SCAN_CLOSED;
}

/* "NLA or nothing", in the server's own words. */
static bool says_required(const struct sp_scan_facts *f)
{
	const struct sp_scan_nego *n = &f->nego[SP_SCAN_ASK_TLS];

	return n->answer == SP_SCAN_DENIED && n->code == CODE_HYBRID_REQUIRED;
}

enum sp_scan_nla sp_scan_nla_of(const struct sp_scan_facts *f)
{
	bool with = takes(f, PROTOCOL_HYBRID) || takes(f, PROTOCOL_HYBRID_EX);
	/* RDSTLS and RDS AAD do not count: nobody gets a session by them who proved nothing. */
	bool without = takes(f, PROTOCOL_RDP) || takes(f, PROTOCOL_SSL);

	if (with && without) {
		return SP_SCAN_NLA_OPTIONAL;
	}
	if (with) {
		bool all = refused(&f->nego[SP_SCAN_ASK_RDP]) && refused(&f->nego[SP_SCAN_ASK_TLS]);
		return all || says_required(f) ? SP_SCAN_NLA_REQUIRED : SP_SCAN_NLA_UNKNOWN;
	}
	for (uint32_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		const struct sp_scan_nego *n = &f->nego[i];
		bool offered = i == SP_SCAN_ASK_CREDSSP || i == SP_SCAN_ASK_EARLY;
		/* Who could choose it chose another, or has none of it. */
		if (offered &&
				(n->answer == SP_SCAN_SELECTED ||
						(n->answer == SP_SCAN_DENIED && without))) {
			return SP_SCAN_NLA_ABSENT;
		}
	}
	/* Only Entra or RDSTLS lets people in: nobody without proof, and no NLA. */
	if ((takes(f, PROTOCOL_RDSAAD) || takes(f, PROTOCOL_RDSTLS)) &&
			f->nego[SP_SCAN_ASK_CREDSSP].answer == SP_SCAN_DENIED) {
		return SP_SCAN_NLA_ABSENT;
	}
	return SP_SCAN_NLA_UNKNOWN;
}

/* "0300000b06d0..." */
static void hex(const struct sp_scan_nego *n, char *out, size_t cap)
{
	size_t most = n->n_evidence < 19 ? n->n_evidence : 19; /* a confirm with its answer */

	out[0] = '\0';
	for (size_t i = 0; i < most && 2 * i + 3 <= cap; i++) {
		snprintf(out + 2 * i, cap - 2 * i, "%02x", n->evidence[i]);
	}
}

/* "asked for TLS, the server selected TLS (0300...)" */
static void told(const struct sp_scan_facts *f, uint32_t ask, char *out, size_t cap)
{
	static const char *const asks[SP_SCAN_ASK_COUNT] = {
			[SP_SCAN_ASK_RDP] = "nothing but Standard RDP Security",
			[SP_SCAN_ASK_TLS] = "TLS alone",
			[SP_SCAN_ASK_CREDSSP] = "CredSSP or TLS",
			[SP_SCAN_ASK_RDSTLS] = "RDSTLS",
			[SP_SCAN_ASK_EARLY] = "CredSSP with early authorization, CredSSP or TLS",
			[SP_SCAN_ASK_AAD] = "RDS AAD"};
	const struct sp_scan_nego *n = &f->nego[ask];
	char bytes[2 * SP_SCAN_EVIDENCE + 1];

	hex(n, bytes, sizeof(bytes));
	snprintf(out, cap, "asked for %s, the server %s %s%s%s%s", asks[ask],
			n->bare ? "knows no negotiation, which means" : "selected",
			sp_scan_protocol_name(n->selected), bytes[0] ? " (" : "", bytes,
			bytes[0] ? ")" : "");
}

static void judge_protocols(struct sp_scan_bench *b)
{
	const struct sp_scan_facts *f = b->f;
	char seen[SP_SCAN_TEXT];
	uint32_t at = selected(f, PROTOCOL_RDP);

	if (at < SP_SCAN_ASK_COUNT) {
		told(f, at, seen, sizeof(seen));
		sp_scan_hit(b, "RDP-002", SP_SCAN_CRITICAL, SP_SCAN_CERTAIN, "%s", seen);
	}
	uint32_t tls = selected(f, PROTOCOL_SSL);
	uint32_t weak = tls < SP_SCAN_ASK_COUNT ? tls : at;
	/* Not to know whether it is offered changes nothing for who leaves it out. */
	if (b->out->nla != SP_SCAN_NLA_ABSENT && weak < SP_SCAN_ASK_COUNT) {
		told(f, weak, seen, sizeof(seen));
		sp_scan_hit(b, "RDP-005", SP_SCAN_HIGH, SP_SCAN_CERTAIN, "%s", seen);
	}
	if (b->out->nla == SP_SCAN_NLA_ABSENT && weak < SP_SCAN_ASK_COUNT) {
		at = sp_scan_accepts(f, SP_SCAN_ASK_CREDSSP, PROTOCOL_SSL) ||
						sp_scan_accepts(f, SP_SCAN_ASK_CREDSSP,
								PROTOCOL_RDP)
				? SP_SCAN_ASK_CREDSSP
				: weak;
		told(f, at, seen, sizeof(seen));
		sp_scan_hit(b, "RDP-006", SP_SCAN_HIGH, SP_SCAN_CERTAIN, "%s", seen);
	}
	at = selected(f, PROTOCOL_RDSTLS);
	if (at < SP_SCAN_ASK_COUNT) {
		told(f, at, seen, sizeof(seen));
		sp_scan_hit(b, "RDP-052", SP_SCAN_INFO, SP_SCAN_CERTAIN, "%s", seen);
	}
	at = selected(f, PROTOCOL_RDSAAD);
	if (at < SP_SCAN_ASK_COUNT) {
		told(f, at, seen, sizeof(seen));
		sp_scan_hit(b, "RDP-053", SP_SCAN_INFO, SP_SCAN_CERTAIN, "%s", seen);
	}
}

static void judge_flags(struct sp_scan_bench *b)
{
	uint8_t flags = 0;

	for (uint32_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		const struct sp_scan_nego *n = &b->f->nego[i];
		bool credssp = n->selected == PROTOCOL_HYBRID || n->selected == PROTOCOL_HYBRID_EX;
		/* Both modes are about credentials of CredSSP; elsewhere the bits say nothing. */
		if (n->answer == SP_SCAN_SELECTED && !n->bare && credssp) {
			flags |= n->flags;
		}
	}
	if (flags & FLAG_RESTRICTED_ADMIN) {
		sp_scan_hit(b, "RDP-050", SP_SCAN_LOW, SP_SCAN_POSSIBLE, "negotiation flags 0x%02x",
				flags);
	}
	if (flags & FLAG_CREDENTIAL_GUARD) {
		sp_scan_hit(b, "RDP-051", SP_SCAN_INFO, SP_SCAN_CERTAIN, "negotiation flags 0x%02x",
				flags);
	}
}

/* ---- Standard RDP Security ---- */

static void judge_legacy(struct sp_scan_bench *b)
{
	static const char *const levels[] = {"none", "low", "client compatible", "high", "FIPS"};
	const struct sp_scan_legacy *l = &b->f->legacy;
	bool leveled = l->none || l->methods != 0;

	if (!l->asked) {
		return;
	}
	if (l->none || (l->methods & METHODS_WEAK)) {
		sp_scan_hit(b, "RDP-003", SP_SCAN_CRITICAL, SP_SCAN_CERTAIN,
				"accepts%s%s%s by the client's choice",
				l->none ? " no encryption at all," : "",
				l->methods & 1u ? " RC4 of 40 bit," : "",
				l->methods & 8u ? " RC4 of 56 bit," : "");
	}
	if (leveled && l->lowest < LEVEL_HIGH) {
		sp_scan_hit(b, "RDP-003", SP_SCAN_CRITICAL, SP_SCAN_CERTAIN, "encryption level %s",
				levels[l->lowest]);
	}
	if (l->methods & (METHOD_128 | METHOD_FIPS)) {
		sp_scan_hit(b, "RDP-004", SP_SCAN_HIGH, SP_SCAN_CERTAIN, "accepts%s%s%s",
				l->methods & METHOD_128 ? " RC4 of 128 bit" : "",
				(l->methods & METHOD_128) && (l->methods & METHOD_FIPS) ? "," : "",
				l->methods & METHOD_FIPS ? " 3DES (FIPS)" : "");
	}
}

/* ---- the rest ---- */

static void judge_place(struct sp_scan_bench *b)
{
	const struct sp_scan_facts *f = b->f;

	if (b->public) {
		sp_scan_hit(b, "RDP-001", SP_SCAN_HIGH, SP_SCAN_CERTAIN, "%s port %u answers",
				f->address, f->port);
	}
	if (f->port != 3389) {
		sp_scan_hit(b, "RDP-072", SP_SCAN_INFO, SP_SCAN_CERTAIN, "port %u", f->port);
	}
	if (f->by_cookie == SP_SCAN_YES) {
		sp_scan_hit(b, "RDP-071", SP_SCAN_INFO, SP_SCAN_LIKELY,
				"two names in the cookie got two different answers");
	}
}

void sp_scan_judge(const struct sp_scan_judge *j, const struct sp_scan_facts *f,
		struct sp_scan_judged *out)
{
	struct sp_scan_bench b = {.j = j, .f = f, .out = out, .public = sp_scan_public(f->address)};

	memset(out, 0, sizeof(*out));
	if (f->reach == SP_SCAN_RDP) {
		out->nla = sp_scan_nla_of(f);
		judge_place(&b);
		judge_protocols(&b);
		judge_legacy(&b);
		judge_flags(&b);
		sp_scan_judge_tls(&b, &f->tls);
		sp_scan_judge_cert(&b, &f->tls.cert, "");
		sp_scan_judge_ntlm(&b, &f->ntlm, "");
		sp_scan_judge_old(&b);
	}
	/* A gateway stands there also where RDP itself does not answer. */
	sp_scan_judge_web(&b, &f->web);
	if (f->udp_3391 == SP_SCAN_YES) {
		sp_scan_hit(&b, "RDP-061", SP_SCAN_MEDIUM, SP_SCAN_POSSIBLE, "UDP 3391 answered");
	}
}
