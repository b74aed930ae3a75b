/* scan/judge_host.c - what NTLM tells of the host, what follows from its build, and its gateway. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "scan/judge_part.h"
#include "scan/windows.h"
#include "scan/words.h"

#define SKEW_MS (5 * 60 * 1000)
#define CREDSSP_MENDED 5
#define OLD_KEY 512

/* 20261123 */
static uint32_t today(int64_t now)
{
	time_t t = (time_t)now;
	struct tm tm = {0};

	if (gmtime_r(&t, &tm) == NULL || !(0 <= tm.tm_year && tm.tm_year < 8100)) {
		return 0;
	}
	return (uint32_t)(tm.tm_year + 1900) * 10000 + (uint32_t)(tm.tm_mon + 1) * 100 +
			(uint32_t)tm.tm_mday;
}

static void judge_support(struct sp_scan_bench *b, const struct sp_scan_windows *w)
{
	uint32_t day = today(b->j->now);
	uint32_t ended = day > w->last ? w->last : w->ended;

	if (day <= w->ended) {
		return;
	}
	if (day > w->last) {
		sp_scan_hit(b, "RDP-040", SP_SCAN_HIGH, SP_SCAN_LIKELY,
				"build %u, %s: the last updates were of %u-%02u-%02u", w->build,
				w->name, ended / 10000, ended / 100 % 100, ended % 100);
	} else {
		sp_scan_hit(b, "RDP-040", SP_SCAN_MEDIUM, SP_SCAN_POSSIBLE,
				"build %u, %s: most editions have had no updates since "
				"%u-%02u-%02u",
				w->build, w->name, ended / 10000, ended / 100 % 100, ended % 100);
	}
}

/*
 * Only Windows tells its own build: FreeRDP's NTLM, which others use as well, says that it is a
 * Windows 7 wherever it runs. NTLM of a web server is its own where Microsoft made that, too.
 */
static bool own_build(const struct sp_scan_facts *f, const struct sp_scan_ntlm *n)
{
	bool web = n == &f->web.ntlm && strncasecmp(f->web.server, "Microsoft", 9) == 0;

	return f->family == SP_SCAN_FAMILY_WINDOWS || (web && f->family == SP_SCAN_FAMILY_UNKNOWN);
}

static void judge_build(struct sp_scan_bench *b, const struct sp_scan_ntlm *n)
{
	const struct sp_scan_windows *w = sp_scan_windows_of(n->build);
	bool optional = b->out->nla == SP_SCAN_NLA_OPTIONAL || b->out->nla == SP_SCAN_NLA_ABSENT;

	if (!own_build(b->f, n) || n->major == 0 || w == NULL) {
		return;
	}
	judge_support(b, w);
	if (b->f->reach != SP_SCAN_RDP) {
		return;
	}
	if (w->bluekeep && optional) {
		sp_scan_hit(b, "RDP-041", SP_SCAN_HIGH, SP_SCAN_POSSIBLE,
				"build %u, %s, and NLA %s", w->build, w->name,
				sp_scan_nla_name(b->out->nla));
	}
	if (w->dejablue) {
		sp_scan_hit(b, "RDP-042", optional ? SP_SCAN_MEDIUM : SP_SCAN_LOW, SP_SCAN_POSSIBLE,
				"build %u, %s, and NLA %s", w->build, w->name,
				sp_scan_nla_name(b->out->nla));
	}
}

/* Does it name a domain? A machine without one is its own, and many names are made up. */
static bool names_domain(const struct sp_scan_ntlm *n)
{
	const char *dot = strchr(n->dns_domain, '.');

	return n->dns_tree[0] != '\0' || dot != NULL ||
			(n->nb_domain[0] && n->nb_computer[0] &&
					strcasecmp(n->nb_domain, n->nb_computer) != 0);
}

static void judge_leak(struct sp_scan_bench *b, const struct sp_scan_ntlm *n, const char *where)
{
	const char *computer = n->dns_computer[0] ? n->dns_computer : n->nb_computer;
	const char *domain = n->dns_domain[0] ? n->dns_domain : n->nb_domain;
	/* See above: of others it is no build of anything. */
	bool version = n->major != 0 &&
			(b->f->family == SP_SCAN_FAMILY_WINDOWS ||
					b->f->family == SP_SCAN_FAMILY_UNKNOWN);
	bool much = names_domain(n) || version;
	char build[32] = "";

	if (computer[0] == '\0' && domain[0] == '\0' && n->target[0] == '\0' && !version) {
		return;
	}
	if (version) {
		snprintf(build, sizeof(build), ", version %u.%u.%u", n->major, n->minor, n->build);
	}
	/* A host's own name alone also stands in its certificate. */
	sp_scan_hit(b, "RDP-030",
			!much                       ? SP_SCAN_INFO
					: b->public ? SP_SCAN_MEDIUM
						    : SP_SCAN_LOW,
			SP_SCAN_CERTAIN, "%scomputer %s, domain %s%s", where,
			computer[0] ? computer : n->target, domain[0] ? domain : "-", build);
}

void sp_scan_judge_ntlm(struct sp_scan_bench *b, const struct sp_scan_ntlm *n, const char *where)
{
	if (!n->asked) {
		return;
	}
	if (0 < n->credssp && n->credssp < CREDSSP_MENDED) {
		sp_scan_hit(b, "RDP-032", SP_SCAN_HIGH, SP_SCAN_LIKELY, "%sCredSSP version %u",
				where, n->credssp);
	}
	if (!n->challenged) {
		return;
	}
	judge_leak(b, n, where);
	if (n->time != 0 && (n->skew_ms > SKEW_MS || n->skew_ms < -SKEW_MS)) {
		sp_scan_hit(b, "RDP-031", SP_SCAN_LOW, SP_SCAN_CERTAIN,
				"%sits clock is %lld s %s ours", where,
				(long long)(n->skew_ms / (n->skew_ms < 0 ? -1000 : 1000)),
				n->skew_ms > 0 ? "ahead of" : "behind");
	}
	if (b->j->kerberos_only) {
		sp_scan_hit(b, "RDP-033", SP_SCAN_MEDIUM, SP_SCAN_CERTAIN,
				"%sit answered NTLM with a challenge%s", where,
				n->kerberos == SP_SCAN_YES ? ", though it knows Kerberos" : "");
	}
	judge_build(b, n);
}

/*
 * Before Server 2008 Windows had no CredSSP for others, and so nothing tells its build. What gives
 * it away is its key for Standard RDP Security: 512 bit, where later ones have 2048.
 */
void sp_scan_judge_old(struct sp_scan_bench *b)
{
	const struct sp_scan_facts *f = b->f;
	uint32_t bits = f->legacy.key_bits;

	if (f->ntlm.challenged || !(0 < bits && bits <= OLD_KEY) ||
			(f->family != SP_SCAN_FAMILY_UNKNOWN &&
					f->family != SP_SCAN_FAMILY_WINDOWS)) {
		return;
	}
	sp_scan_hit(b, "RDP-040", SP_SCAN_HIGH, SP_SCAN_POSSIBLE,
			"a key of %u bit and no CredSSP, as Windows XP and Server 2003 have", bits);
	sp_scan_hit(b, "RDP-041", SP_SCAN_HIGH, SP_SCAN_POSSIBLE,
			"answers as Windows XP and Server 2003 do, and NLA %s",
			sp_scan_nla_name(b->out->nla));
}

/* ---- what stands on 443 ---- */

static void judge_gateway(struct sp_scan_bench *b, const struct sp_scan_web *w)
{
	for (uint32_t i = SP_SCAN_RDG; i <= SP_SCAN_RPC; i++) {
		uint32_t auth = w->auth[i];

		if (w->present[i] != SP_SCAN_YES) {
			continue;
		}
		sp_scan_hit(b, "RDP-060", b->public ? SP_SCAN_MEDIUM : SP_SCAN_INFO,
				SP_SCAN_CERTAIN, "%s on port %u answered %u, and offers%s%s%s%s%s",
				sp_scan_path_name(i), w->port, w->status[i],
				auth & SP_SCAN_AUTH_NEGOTIATE ? " Negotiate" : "",
				auth & SP_SCAN_AUTH_NTLM ? " NTLM" : "",
				auth & SP_SCAN_AUTH_BASIC ? " Basic" : "",
				auth & SP_SCAN_AUTH_BEARER ? " Bearer" : "",
				auth == 0 ? " no scheme" : "");
		if (auth & SP_SCAN_AUTH_BASIC) {
			sp_scan_hit(b, "RDP-060", b->public ? SP_SCAN_HIGH : SP_SCAN_MEDIUM,
					SP_SCAN_CERTAIN, "Basic at %s", sp_scan_path_name(i));
		}
	}
}

void sp_scan_judge_web(struct sp_scan_bench *b, const struct sp_scan_web *w)
{
	static const char *const ids[SP_SCAN_PATH_COUNT] = {
			[SP_SCAN_RDWEB] = "RDP-062", [SP_SCAN_KDC] = "RDP-063"};
	bool any = false;
	char where[16];

	if (!w->asked) {
		return;
	}
	judge_gateway(b, w);
	for (uint32_t i = 0; i < SP_SCAN_PATH_COUNT; i++) {
		any = any || w->present[i] == SP_SCAN_YES;
		if (w->present[i] == SP_SCAN_YES && ids[i] != NULL) {
			sp_scan_hit(b, ids[i], b->public ? SP_SCAN_LOW : SP_SCAN_INFO,
					SP_SCAN_CERTAIN, "port %u answered %u", w->port,
					w->status[i]);
		}
	}
	/* What else serves web pages there is not ours to judge. */
	if (any) {
		snprintf(where, sizeof(where), "port %u: ", w->port);
		sp_scan_judge_cert(b, &w->cert, where);
		if (w->challenged) {
			sp_scan_judge_ntlm(b, &w->ntlm, where);
		}
	}
}
