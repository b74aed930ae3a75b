/* scan/probe.c - see probe.h. */
#include "scan/probe.h"

#include <stdio.h>
#include <string.h>

#include "core/pdu/x224.h"
#include "scan/probe_family.h"
#include "scan/probe_offer.h"

#define LOST_MAX 4 /* then nobody waits any longer */
#define WEAK_MAX 24 /* rounds of one group of cipher suites */
#define ALL_PATHS ((1u << SP_SCAN_PATH_COUNT) - 1)

static const uint16_t versions[SP_SCAN_VERSIONS] = {
		SP_HELLO_SSL2, SP_HELLO_SSL3, 0x0301, 0x0302, SP_HELLO_TLS12, SP_HELLO_TLS13};
#define TLS12 4
#define TLS13 5

static const uint32_t methods[] = {
		SP_PROBE_40BIT, SP_PROBE_128BIT, SP_PROBE_56BIT, SP_PROBE_FIPS, 0};
#define ALL_METHODS (SP_PROBE_40BIT | SP_PROBE_128BIT | SP_PROBE_56BIT | SP_PROBE_FIPS)

/* ---- what is known ---- */

static bool is_rdp(const struct sp_probe *p)
{
	return p->facts.reach == SP_SCAN_RDP;
}

static bool selects(const struct sp_probe *p, enum sp_scan_ask ask, uint32_t protocol)
{
	return sp_scan_accepts(&p->facts, ask, protocol);
}

static bool nla(const struct sp_probe *p)
{
	return selects(p, SP_SCAN_ASK_CREDSSP, SP_PROTO_HYBRID);
}

/* By which question TLS is to be had. */
static bool tls_by(const struct sp_probe *p, enum sp_scan_ask *ask)
{
	if (selects(p, SP_SCAN_ASK_TLS, SP_PROTO_SSL)) {
		*ask = SP_SCAN_ASK_TLS;
	} else if (nla(p) || selects(p, SP_SCAN_ASK_CREDSSP, SP_PROTO_SSL)) {
		*ask = SP_SCAN_ASK_CREDSSP;
	} else if (selects(p, SP_SCAN_ASK_EARLY, SP_PROTO_HYBRID_EX) ||
			selects(p, SP_SCAN_ASK_EARLY, SP_PROTO_HYBRID) ||
			selects(p, SP_SCAN_ASK_EARLY, SP_PROTO_SSL)) {
		*ask = SP_SCAN_ASK_EARLY;
	} else if (selects(p, SP_SCAN_ASK_RDSTLS, SP_PROTO_RDSTLS)) {
		*ask = SP_SCAN_ASK_RDSTLS;
	} else if (selects(p, SP_SCAN_ASK_AAD, SP_PROTO_RDSAAD)) {
		*ask = SP_SCAN_ASK_AAD;
	} else {
		return false;
	}
	return true;
}

/* The highest version up to 1.2 that is accepted; SP_SCAN_VERSIONS: none. */
static size_t highest(const struct sp_probe *p)
{
	for (size_t i = TLS12; i > 0; i--) {
		if (p->facts.tls.version[i] == SP_SCAN_YES) {
			return i;
		}
	}
	return SP_SCAN_VERSIONS;
}

/* ---- which questions, in which order ---- */

static void hello(const struct sp_probe *p, struct sp_probe_task *task, uint16_t version,
		enum sp_probe_offer offer)
{
	const struct sp_scan_tls *t = &p->facts.tls;

	task->then = SP_PROBE_HELLO;
	task->version = version;
	bool again = offer == SP_PROBE_OFFER_WEAK || offer == SP_PROBE_OFFER_RSA;
	task->n_ciphers = sp_probe_offer(offer, t->cipher, again ? t->n_ciphers : 0, task->cipher);
	task->group = sp_probe_offer_groups(offer, &task->n_groups);
	task->want_cert = !t->cert.seen;
}

/* The widest set first: every service says something to it. */
static bool ask_early(struct sp_probe *p, struct sp_probe_task *task)
{
	task->ask = SP_SCAN_ASK_EARLY;
	hello(p, task, SP_HELLO_TLS13, SP_PROBE_OFFER_MODERN);
	return p->round == 0;
}

static bool ask_rdp(struct sp_probe *p, struct sp_probe_task *task)
{
	task->ask = SP_SCAN_ASK_RDP;
	task->then = SP_PROBE_MCS;
	task->methods = ALL_METHODS;
	return p->round == 0 && (is_rdp(p) || p->facts.reach == SP_SCAN_NOT_TRIED);
}

static bool ask_credssp(struct sp_probe *p, struct sp_probe_task *task)
{
	task->ask = SP_SCAN_ASK_CREDSSP;
	task->then = SP_PROBE_LOGIN;
	task->login = SP_PROBE_LOGIN_SPNEGO;
	task->want_cert = !p->facts.tls.cert.seen;
	return p->round == 0 && is_rdp(p);
}

static bool ask_tls(struct sp_probe *p, struct sp_probe_task *task)
{
	task->ask = SP_SCAN_ASK_TLS;
	hello(p, task, SP_HELLO_TLS12, SP_PROBE_OFFER_ANY);
	return p->round == 0 && is_rdp(p);
}

/* What few have. Who has nothing else shows its TLS here only. */
static bool ask_rare(struct sp_probe *p, struct sp_probe_task *task, enum sp_scan_ask ask)
{
	enum sp_scan_ask other;

	if (!tls_by(p, &other)) {
		hello(p, task, SP_HELLO_TLS13, SP_PROBE_OFFER_MODERN);
	}
	task->ask = ask;
	return p->round == 0 && is_rdp(p);
}

static bool ask_rdstls(struct sp_probe *p, struct sp_probe_task *task)
{
	return ask_rare(p, task, SP_SCAN_ASK_RDSTLS);
}

static bool ask_aad(struct sp_probe *p, struct sp_probe_task *task)
{
	return ask_rare(p, task, SP_SCAN_ASK_AAD);
}

/* Under another name in the cookie, as who balances load looks at it. */
static bool ask_other_name(struct sp_probe *p, struct sp_probe_task *task)
{
	task->ask = SP_SCAN_ASK_EARLY;
	(void)tls_by(p, &task->ask);
	hello(p, task, SP_HELLO_TLS12, SP_PROBE_OFFER_ANY);
	task->want_cert = true;
	task->other_name = true;
	return p->round == 0 && is_rdp(p);
}

static bool ask_versions(struct sp_probe *p, struct sp_probe_task *task)
{
	/* Round by round from TLS 1.2 down. */
	for (; p->round <= TLS12; p->round++) {
		size_t i = TLS12 - p->round;

		if (tls_by(p, &task->ask) && p->facts.tls.version[i] == SP_SCAN_UNKNOWN) {
			hello(p, task, versions[i], SP_PROBE_OFFER_ANY);
			return true;
		}
	}
	return false;
}

/* One of a group of suites; as often as it says yes to the rest of them, if `again`. */
static bool ask_group(struct sp_probe *p, struct sp_probe_task *task, enum sp_probe_offer offer,
		unsigned rounds)
{
	size_t i = highest(p);

	if (i == SP_SCAN_VERSIONS || !tls_by(p, &task->ask) || p->round >= rounds ||
			p->group_over) {
		return false;
	}
	hello(p, task, versions[i], offer);
	return task->n_ciphers > 0;
}

static bool ask_weak(struct sp_probe *p, struct sp_probe_task *task)
{
	return ask_group(p, task, SP_PROBE_OFFER_WEAK, WEAK_MAX);
}

static bool ask_rsa(struct sp_probe *p, struct sp_probe_task *task)
{
	return ask_group(p, task, SP_PROBE_OFFER_RSA, WEAK_MAX);
}

static bool ask_dhe(struct sp_probe *p, struct sp_probe_task *task)
{
	return ask_group(p, task, SP_PROBE_OFFER_DHE, 1);
}

static bool ask_curves(struct sp_probe *p, struct sp_probe_task *task)
{
	return ask_group(p, task, SP_PROBE_OFFER_CURVES, 1);
}

/* TLS 1.3 shows its certificate to nobody but who goes on. */
static bool ask_cert(struct sp_probe *p, struct sp_probe_task *task)
{
	task->then = SP_PROBE_TLS;
	task->want_cert = true;
	return p->round == 0 && tls_by(p, &task->ask) && !p->facts.tls.cert.seen;
}

/* NTLM by itself, where SPNEGO brought no challenge. */
static bool ask_ntlm(struct sp_probe *p, struct sp_probe_task *task)
{
	task->ask = SP_SCAN_ASK_CREDSSP;
	task->then = SP_PROBE_LOGIN;
	task->login = SP_PROBE_LOGIN_NTLM;
	return p->round == 0 && nla(p) && !p->facts.ntlm.challenged;
}

static bool ask_kerberos(struct sp_probe *p, struct sp_probe_task *task)
{
	task->ask = SP_SCAN_ASK_CREDSSP;
	task->then = SP_PROBE_LOGIN;
	task->login = SP_PROBE_LOGIN_KERBEROS;
	return p->round == 0 && nla(p);
}

static bool ask_methods(struct sp_probe *p, struct sp_probe_task *task)
{
	if (!selects(p, SP_SCAN_ASK_RDP, SP_PROTO_RDP) || p->round >= SP_LEN(methods)) {
		return false;
	}
	task->ask = SP_SCAN_ASK_RDP;
	task->then = SP_PROBE_MCS;
	task->methods = methods[p->round];
	return true;
}

/* ---- the web ---- */

static bool web_wanted(const struct sp_probe *p)
{
	switch (p->facts.reach) {
	case SP_SCAN_RDP:
	case SP_SCAN_REFUSED:
	case SP_SCAN_MUTE:
	case SP_SCAN_OTHER:
		return true;
	case SP_SCAN_SILENT:
		return p->order.lone != 0;
	default:
		return false;
	}
}

static uint32_t unanswered(const struct sp_probe *p)
{
	uint32_t paths = 0;

	for (int i = 0; i < SP_SCAN_PATH_COUNT; i++) {
		paths |= p->http[i].status == 0 ? 1u << i : 0;
	}
	return paths;
}

static bool ask_web(struct sp_probe *p, struct sp_probe_task *task)
{
	task->then = SP_PROBE_WEB;
	task->port = p->order.web_port;
	task->paths = unanswered(p);
	task->want_cert = !p->facts.web.cert.seen;
	return p->order.web_port != 0 && web_wanted(p) && !p->web_over && task->paths != 0 &&
			p->round < SP_SCAN_PATH_COUNT;
}

static bool ask_web_ntlm(struct sp_probe *p, struct sp_probe_task *task)
{
	task->then = SP_PROBE_WEB;
	task->port = p->order.web_port;
	for (int i = SP_SCAN_PATH_COUNT - 1; p->round == 0 && i >= 0; i--) {
		uint32_t by = p->http[i].auth & (SP_SCAN_AUTH_NTLM | SP_SCAN_AUTH_NEGOTIATE);

		if (p->http[i].status == 401 && by != 0) {
			task->paths = 1u << i;
			task->ntlm = by;
			return true;
		}
	}
	return false;
}

static bool ask_datagrams(struct sp_probe *p, struct sp_probe_task *task)
{
	task->then = SP_PROBE_UDP;
	return p->round == 0 && p->order.udp != 0 &&
			(is_rdp(p) || p->facts.web.open == SP_SCAN_YES);
}

/* Each fills in one question and says whether there is one. */
static bool (*const questions[])(struct sp_probe *p, struct sp_probe_task *task) = {
		ask_early,
		ask_rdp,
		ask_credssp,
		ask_tls,
		ask_rdstls,
		ask_aad,
		ask_other_name,
		ask_versions,
		ask_weak,
		ask_rsa,
		ask_dhe,
		ask_curves,
		ask_cert,
		ask_ntlm,
		ask_kerberos,
		ask_methods,
		ask_web,
		ask_web_ntlm,
		ask_datagrams,
};

void sp_probe_begin(struct sp_probe *p, const struct sp_probe_order *order, int64_t now_ms)
{
	char text[SP_ADDR_TEXT_MAX];

	memset(p, 0, sizeof(*p));
	p->order = *order;
	p->facts.number = order->number;
	p->facts.lone = order->lone;
	memcpy(p->facts.host, order->host, sizeof(p->facts.host));
	p->facts.host[sizeof(p->facts.host) - 1] = '\0';
	sp_addr_host_text(&order->to, text);
	snprintf(p->facts.address, sizeof(p->facts.address), "%.*s",
			(int)sizeof(p->facts.address) - 1, text);
	p->facts.port = sp_addr_port(&order->to);
	p->facts.started_ms = now_ms;
}

bool sp_probe_next(struct sp_probe *p, struct sp_probe_task *task)
{
	while (!p->over && p->step < SP_LEN(questions)) {
		*task = (struct sp_probe_task){.port = p->facts.port, .host = p->facts.host};
		if (questions[p->step](p, task)) {
			p->round++;
			return true;
		}
		p->step++;
		p->round = 0;
		p->group_over = false;
	}
	sp_probe_family(&p->facts);
	return false;
}

/* ---- what answers show ---- */

static const char *reach_text(enum sp_scan_reach how)
{
	switch (how) {
	case SP_SCAN_REFUSED:
		return "the port is closed";
	case SP_SCAN_SILENT:
		return "no answer to the connection";
	case SP_SCAN_UNREACHABLE:
		return "the network says that it cannot be reached";
	case SP_SCAN_MUTE:
		return "connected, and no answer came";
	case SP_SCAN_OTHER:
		return "something else than RDP answered";
	default:
		return "";
	}
}

static void say(struct sp_probe *p, const char *why)
{
	if (p->facts.why[0] == '\0') {
		snprintf(p->facts.why, sizeof(p->facts.why), "%s", why);
	}
}

void sp_probe_cut(struct sp_probe *p, const char *why)
{
	say(p, why);
	p->over = true;
}

static void reached(struct sp_probe *p, enum sp_scan_reach how)
{
	p->facts.reach = how;
	say(p, reach_text(how));
}

static void count_lost(struct sp_probe *p)
{
	if (++p->lost >= LOST_MAX) {
		sp_probe_cut(p, "cut short: too many answers did not come in time");
	}
}

void sp_probe_unreached(
		struct sp_probe *p, const struct sp_probe_task *task, enum sp_scan_reach how)
{
	if (task->then == SP_PROBE_WEB) {
		p->facts.web.asked = 1;
		p->facts.web.port = task->port;
		p->facts.web.open = how == SP_SCAN_REFUSED ? SP_SCAN_NO : SP_SCAN_UNKNOWN;
		p->web_over = true;
	} else if (!is_rdp(p)) {
		reached(p, how);
	} else {
		count_lost(p);
	}
}

void sp_probe_datagram(struct sp_probe *p, bool gateway, enum sp_scan_tri answer)
{
	*(gateway ? &p->facts.udp_3391 : &p->facts.udp_3389) = answer;
}

static void nego_answer(
		struct sp_probe *p, const struct sp_probe_task *task, const struct sp_scan_nego *n)
{
	if (p->facts.nego[task->ask].answer == SP_SCAN_NOT_ASKED) {
		p->facts.nego[task->ask] = *n;
	}
	switch (n->answer) {
	case SP_SCAN_SELECTED:
	case SP_SCAN_DENIED:
		if (!is_rdp(p)) {
			p->facts.reach = SP_SCAN_RDP;
			p->facts.why[0] = '\0';
		}
		break;
	case SP_SCAN_NONSENSE:
		if (!is_rdp(p)) {
			reached(p, SP_SCAN_OTHER);
		}
		break;
	case SP_SCAN_TIMEOUT:
		count_lost(p);
		break;
	default:
		break;
	}
	/* Some old service closes where it does not know what it is asked for: asked twice. */
	if (p->facts.reach == SP_SCAN_NOT_TRIED && task->ask == SP_SCAN_ASK_RDP) {
		reached(p, SP_SCAN_MUTE);
	}
}

/* ---- TLS ---- */

static size_t index_of(uint16_t version)
{
	size_t i = 0;

	while (i < SP_SCAN_VERSIONS - 1 && versions[i] != version) {
		i++;
	}
	return i;
}

static void refused_between(struct sp_scan_tls *t, size_t above, size_t to)
{
	for (size_t i = above + 1; i <= to; i++) {
		if (t->version[i] == SP_SCAN_UNKNOWN) {
			t->version[i] = SP_SCAN_NO;
		}
	}
}

static void add_cipher(struct sp_scan_tls *t, uint16_t cipher)
{
	for (size_t i = 0; i < t->n_ciphers; i++) {
		if (t->cipher[i] == cipher) {
			return;
		}
	}
	if (t->n_ciphers < SP_SCAN_MAX_CIPHERS) {
		t->cipher[t->n_ciphers++] = cipher;
	}
}

static void accepted(struct sp_probe *p, const struct sp_probe_task *task,
		const struct sp_hello_answer *a)
{
	struct sp_scan_tls *t = &p->facts.tls;
	size_t i = index_of(a->version);

	t->version[i] = SP_SCAN_YES;
	refused_between(t, i, index_of(task->version));
	if (a->version != SP_HELLO_SSL2 && a->version != SP_HELLO_TLS13) {
		add_cipher(t, a->cipher);
	}
	/* The first one was to a hello as clients of today have it. */
	if (t->best == 0 && a->version != SP_HELLO_SSL2) {
		t->best = a->cipher;
		t->best_version = a->version;
		t->group = a->group;
	}
	if (a->dh_bits > 0 && (t->dh_bits == 0 || a->dh_bits < t->dh_bits)) {
		t->dh_bits = a->dh_bits;
	}
	if (sp_probe_weak_group(a->group)) {
		t->weak_group = a->group;
	}
}

static void hello_answer(struct sp_probe *p, const struct sp_probe_task *task,
		const struct sp_talk_result *r)
{
	struct sp_scan_tls *t = &p->facts.tls;
	size_t asked = index_of(task->version);
	bool yes = r->end == SP_TALK_ANSWERED && r->hello.kind != SP_HELLO_ALERT;
	bool no = r->end == SP_TALK_CLOSED ||
			(r->end == SP_TALK_ANSWERED && r->hello.kind == SP_HELLO_ALERT);

	t->asked = 1;
	p->group_over = !yes;
	if (yes) {
		accepted(p, task, &r->hello);
	} else if (no && t->version[asked] == SP_SCAN_UNKNOWN) {
		t->version[asked] = SP_SCAN_NO;
	}
}

static bool same_nego(const struct sp_scan_nego *a, const struct sp_scan_nego *b)
{
	return a->answer == b->answer && a->selected == b->selected && a->code == b->code &&
			a->flags == b->flags;
}

static void other_name(struct sp_probe *p, const struct sp_probe_task *task,
		const struct sp_talk_result *r)
{
	const struct sp_scan_nego *before = &p->facts.nego[task->ask];
	const struct sp_scan_cert *cert = &p->facts.tls.cert;

	/* Who closes instead of answering may have had enough of us, and not have read the name. */
	bool silent = r->nego.answer == SP_SCAN_TIMEOUT || r->nego.answer == SP_SCAN_CLOSED;
	bool was_silent = before->answer == SP_SCAN_TIMEOUT || before->answer == SP_SCAN_CLOSED;
	if (silent || was_silent) {
		return;
	}
	bool differs = !same_nego(before, &r->nego) ||
			(cert->seen && r->cert.seen &&
					memcmp(cert->sha256, r->cert.sha256,
							sizeof(cert->sha256)) != 0);
	p->facts.by_cookie = differs ? SP_SCAN_YES : SP_SCAN_NO;
}

/* ---- login, legacy, web ---- */

static void login_answer(struct sp_probe *p, const struct sp_probe_task *task,
		const struct sp_talk_result *r)
{
	struct sp_scan_ntlm *n = &p->facts.ntlm;

	n->asked = 1;
	if (task->login == SP_PROBE_LOGIN_KERBEROS) {
		n->kerberos = r->ntlm.kerberos;
		n->credssp = n->credssp ? n->credssp : r->ntlm.credssp;
	} else if (!n->challenged) {
		uint32_t credssp = n->credssp, error = n->error;

		*n = r->ntlm;
		n->asked = 1;
		n->credssp = n->credssp ? n->credssp : credssp;
		n->error = n->challenged ? 0 : n->error ? n->error : error;
	}
}

static void mcs_answer(struct sp_probe *p, const struct sp_probe_task *task,
		const struct sp_talk_result *r)
{
	struct sp_scan_legacy *l = &p->facts.legacy;
	const struct sp_probe_mcs *m = &r->mcs;

	l->asked = 1;
	if (r->end != SP_TALK_ANSWERED || !m->accepted) {
		return;
	}
	p->facts.rdp_version = m->version;
	l->lowest = p->legacy_any && l->lowest < m->level ? l->lowest : m->level;
	l->level = m->level > l->level ? m->level : l->level;
	p->legacy_any = true;
	/* What it chose counts, and only if that was offered. */
	if (m->method == 0) {
		l->none = 1;
	}
	l->methods |= m->method & task->methods;
	if (m->certificate != 0) {
		l->proprietary = m->certificate;
		l->key_bits = m->key_bits ? m->key_bits : l->key_bits;
	}
}

static void web_judge(struct sp_probe *p)
{
	struct sp_scan_web *w = &p->facts.web;
	bool all_same = true;

	for (int i = 0; i < SP_SCAN_PATH_COUNT; i++) {
		all_same = all_same && p->http[i].status == p->http[0].status;
	}
	for (int i = 0; i < SP_SCAN_PATH_COUNT; i++) {
		w->status[i] = p->http[i].status;
		w->auth[i] = p->http[i].status == 401 ? p->http[i].auth : 0;
		w->present[i] = sp_probe_http_present((enum sp_scan_path)i, &p->http[i], all_same);
		if (w->server[0] == '\0') {
			memcpy(w->server, p->http[i].server, sizeof(w->server));
		}
	}
}

static void web_answer(struct sp_probe *p, const struct sp_probe_task *task,
		const struct sp_talk_result *r)
{
	struct sp_scan_web *w = &p->facts.web;
	bool any = false;

	if (task->ntlm != 0) {
		w->ntlm = r->ntlm;
		w->challenged = r->ntlm.challenged;
		return;
	}
	w->asked = 1;
	w->port = task->port;
	if (r->cert.seen) {
		w->cert = r->cert;
	}
	for (int i = 0; i < SP_SCAN_PATH_COUNT; i++) {
		if (r->http[i].status != 0) {
			p->http[i] = r->http[i];
			any = true;
		}
	}
	if (any) {
		w->open = SP_SCAN_YES;
	} else if (w->open == SP_SCAN_UNKNOWN && r->end != SP_TALK_TIMEOUT) {
		w->open = SP_SCAN_NO;
	}
	p->web_over |= !any;
	web_judge(p);
}

void sp_probe_answer(struct sp_probe *p, const struct sp_probe_task *task,
		const struct sp_talk_result *r)
{
	if (r->end == SP_TALK_TIMEOUT && (r->negotiated || task->then == SP_PROBE_WEB)) {
		count_lost(p);
		say(p, "an answer did not come in time");
	}
	if (task->then == SP_PROBE_WEB) {
		web_answer(p, task, r);
		return;
	}
	if (task->other_name) {
		other_name(p, task, r);
	}
	nego_answer(p, task, &r->nego);
	p->group_over |= !r->negotiated;
	if (r->cert.seen && !p->facts.tls.cert.seen) {
		p->facts.tls.cert = r->cert;
	}
	if (!r->negotiated) {
		return;
	}
	if (r->no_handshake) {
		/* Our library has not all that was ever spoken: RC4 and SSL 3, for one. */
		say(p, "TLS could not be set up with it: what it says inside stays unknown");
	} else if (r->end == SP_TALK_NONSENSE) {
		char why[SP_SCAN_TEXT];
		snprintf(why, sizeof(why), "nonsense behind the negotiation%s%s",
				r->why && r->why[0] ? ": " : "", r->why ? r->why : "");
		say(p, why);
	}
	switch (task->then) {
	case SP_PROBE_HELLO:
		hello_answer(p, task, r);
		break;
	case SP_PROBE_LOGIN:
		login_answer(p, task, r);
		break;
	case SP_PROBE_MCS:
		mcs_answer(p, task, r);
		break;
	default:
		break;
	}
}
