/* gate/keeper/audit.c - see audit.h. */
#include "gate/keeper/audit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "host/lib/geo.h"
#include "host/monitor/teller.h"

#define END_US UINT64_C(2000000)

/* ---- who waits ---- */

static void take_out(struct sp_keeper *k, struct sp_wait *w)
{
	struct sp_wait **at = &k->waits;

	while (*at != NULL && *at != w) {
		at = &(*at)->next;
	}
	if (*at != NULL) {
		*at = w->next;
	}
	w->next = NULL;
	w->who = w->ticket = 0;
}

static void call(struct sp_keeper *k, struct sp_wait *w, bool ok, const char *why)
{
	take_out(k, w);
	w->fn(w->arg, ok, why);
}

static void durable(void *user, uint64_t ticket)
{
	struct sp_keeper *k = user;
	struct sp_wait *w = k->waits;

	/* Whoever is called may take himself, or others, out. */
	while (w != NULL) {
		if (w->ticket <= ticket) {
			call(k, w, true, "");
			w = k->waits;
		} else {
			w = w->next;
		}
	}
}

static void refused(void *user, uint64_t ticket, uint64_t who, const char *why)
{
	struct sp_keeper *k = user;
	struct sp_wait *w = k->waits;
	unsigned dropped;

	if (sp_log_rate_ok(&k->unwritten, k->now_us(), &dropped)) {
		sp_log(SP_LOG_ERROR, "the audit cannot be written: %s%s", why,
				k->conf->audit_open ? "; what it should tell happens all the same"
						    : "");
	}
	while (w != NULL && w->who != who) {
		w = w->next;
	}
	if (w == NULL || (k->conf->audit_open && ticket < w->ticket)) {
		return;
	}
	call(k, w, k->conf->audit_open, why);
}

/* ---- life ---- */

int sp_keeper_audit(struct sp_keeper *k, int scribe)
{
	static const struct sp_teller_calls calls = {
			.durable = durable, .refused = refused, .other = sp_keeper_scribe};

	if (k->teller == NULL) {
		sp_log_rate_init(&k->unwritten, 6, 3);
		k->teller = sp_teller_create(k->loop, &calls, k);
		if (k->teller == NULL) {
			return SP_ENOMEM;
		}
		sp_keeper_policy_hash(k);
	}
	return sp_teller_scribe(k->teller, scribe);
}

void sp_keeper_audit_end(struct sp_keeper *k)
{
	while (k->waits != NULL) {
		take_out(k, k->waits);
	}
	if (k->teller != NULL && !sp_teller_flush(k->teller, END_US)) {
		sp_log(SP_LOG_ERROR, "events that the audit did not get: %zu",
				sp_teller_waiting(k->teller));
	}
	sp_teller_destroy(k->teller);
	k->teller = NULL;
}

void sp_keeper_policy_hash(struct sp_keeper *k)
{
	struct sp_span text = sp_span(k->conf->text, k->conf->text_n);

	k->crypto->sha256(&text, 1, k->policy_hash);
}

/* ---- telling ---- */

static uint64_t tell(struct sp_keeper *k, struct sp_audit_event *e, uint64_t who)
{
	sp_audit_bytes(e, SP_F_POLICY_HASH, k->policy_hash, sizeof(k->policy_hash));
	return sp_teller_tell(k->teller, e, who);
}

void sp_keeper_tell(struct sp_keeper *k, struct sp_audit_event *e)
{
	if (k->teller != NULL) {
		tell(k, e, 0);
	}
}

void sp_keeper_tell_first(struct sp_keeper *k, struct sp_wait *w, struct sp_audit_event *e)
{
	if (k->teller == NULL) {
		return;
	}
	if (w->ticket == 0) {
		w->who = ++k->last_wait;
		w->next = k->waits;
		k->waits = w;
	}
	w->ticket = tell(k, e, w->who);
	if (w->ticket == 0) {
		w->ticket = UINT64_MAX; /* there is room for more refusals than there can be */
	}
}

void sp_keeper_unwait(struct sp_keeper *k, struct sp_wait *w)
{
	if (w->ticket != 0) {
		take_out(k, w);
	}
}

/* ---- fields ---- */

/* As the limits count it. */
static void net_text(const struct sp_source *s, char out[SP_AUDIT_NET])
{
	uint8_t addr[16] = {0};
	char text[INET6_ADDRSTRLEN] = "";
	bool v6 = s->family == AF_INET6;

	memcpy(addr, s->addr, v6 ? 8 : 4);
	if (inet_ntop((int)s->family, addr, text, sizeof(text)) == NULL) {
		text[0] = '\0';
	}
	snprintf(out, SP_AUDIT_NET, "%s/%d", text, v6 ? 64 : 32);
}

void sp_keeper_event_source(const struct sp_keeper *k, struct sp_audit_event *e,
		const struct sp_source *source, const char *interface)
{
	char ip[INET6_ADDRSTRLEN] = "", net[SP_AUDIT_NET], country[4], owner[SP_GEO_NAME];
	uint32_t asn;

	if (inet_ntop((int)source->family, source->addr, ip, sizeof(ip)) == NULL) {
		ip[0] = '\0';
	}
	net_text(source, net);
	sp_audit_text(e, SP_F_SRC_IP, ip);
	sp_audit_num(e, SP_F_SRC_PORT, source->port);
	sp_audit_text(e, SP_F_SRC_NET, net);
	sp_audit_text(e, SP_F_SRC_INTERFACE, interface);
	if (k->geo != NULL && sp_geo_country(k->geo, source->family, source->addr, country)) {
		sp_audit_text(e, SP_F_SRC_COUNTRY, country);
	}
	if (k->networks != NULL &&
			sp_geo_network(k->networks, source->family, source->addr, &asn, owner)) {
		sp_audit_num(e, SP_F_SRC_ASN, asn);
		sp_audit_text(e, SP_F_SRC_OWNER, owner);
	}
}

const char *sp_audit_reason(uint32_t why)
{
	static const char *const words[SP_WHY_COUNT] = {
			[SP_WHY_UNKNOWN] = "unknown",
			[SP_WHY_OK] = "ok",
			[SP_WHY_BYE] = "user",
			[SP_WHY_NO_USER] = "unknown-user",
			[SP_WHY_DISABLED] = "disabled",
			[SP_WHY_PASSWORD] = "wrong-password",
			[SP_WHY_STALE] = "stale-challenge",
			[SP_WHY_STORE] = "store",
			[SP_WHY_NO_LOGIN] = "not-finished",
			[SP_WHY_CREDSSP] = "old-credssp",
			[SP_WHY_NTLM] = "bad-ntlm",
			[SP_WHY_TOKEN] = "damaged",
			[SP_WHY_BINDING] = "wrong-binding",
			[SP_WHY_TAMPERED] = "tampered",
			[SP_WHY_IDENTITY] = "wrong-identity",
			[SP_WHY_NEGOTIATION] = "negotiation",
			[SP_WHY_TLS] = "tls",
			[SP_WHY_PROTOCOL] = "protocol",
			[SP_WHY_GONE] = "gone",
			[SP_WHY_LOST] = "lost",
			[SP_WHY_DEADLINE] = "deadline",
			[SP_WHY_QUESTION] = "forbidden-question",
			[SP_WHY_CRASH] = "crash",
			[SP_WHY_TARGET] = "target",
			[SP_WHY_CODE] = "no-code",
			[SP_WHY_POLICY] = "policy",
			[SP_WHY_LOCKED] = "locked",
			[SP_WHY_ROUTE] = "no-token",
			[SP_WHY_REFUSED_BY] = "not-approved",
			[SP_WHY_CERTIFICATE] = "certificate",
			[SP_WHY_TARGET_LOGIN] = "target-login",
			[SP_WHY_IDLE] = "idle",
			[SP_WHY_TIME] = "max-time",
			[SP_WHY_ADMIN] = "admin",
			[SP_WHY_AUDIT] = "audit",
			[SP_WHY_RECORD] = "record",
			[SP_WHY_ALERT] = "alert",
			[SP_WHY_SPENT] = "spent-token",
			[SP_WHY_LIMIT] = "limit",
			[SP_WHY_INTERNAL] = "internal",
	};

	return why < SP_WHY_COUNT && words[why] != NULL ? words[why] : "unknown";
}
