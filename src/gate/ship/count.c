/* gate/ship/count.c - see count.h. */
#include "gate/ship/count.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/ship/figures.h"

#define NS 1000000000
#define VALUE 32 /* bytes of a label's value, with its NUL */
#define SERIES 64 /* of one metric; whatever else comes is "other" */
#define SESSIONS 4096 /* that are known at once */
#define SESSION_ID 32

struct series {
	char a[VALUE], b[VALUE];
	uint64_t n;
};

struct metric {
	size_t n;
	struct series s[SERIES];
};

/* X(NAME, "name", "label", "other label" or NULL, "help") */
#define METRICS(X) \
	X(EVENTS, "sallyport_events_total", "event", NULL, "Records of the audit by event.") \
	X(REJECTS, "sallyport_connections_rejected_total", "reason", NULL, \
			"Connections refused before anything was read from them.") \
	X(CLOSES, "sallyport_connection_ends_total", "reason", NULL, \
			"Connections that ended, and why.") \
	X(AUTH, "sallyport_auth_total", "method", "outcome", \
			"First factors by method and outcome.") \
	X(MFA, "sallyport_mfa_total", "factor", "outcome", "Second factors by kind and outcome.") \
	X(ENDS, "sallyport_session_ends_total", "reason", NULL, "Sessions that ended, and why.") \
	X(DENIED, "sallyport_policy_denied_total", "reason", NULL, "Refusals by the rules.") \
	X(TARGETS, "sallyport_target_connects_total", "outcome", NULL, "Connections to targets.") \
	X(LOCKS, "sallyport_lock_steps_total", "reason", NULL, "Steps against guessing.") \
	X(CRASHES, "sallyport_process_crashes_total", "process", NULL, \
			"Processes of the service that died.") \
	X(FILTERED, "sallyport_seccomp_kills_total", "process", NULL, \
			"Processes that were killed for a system call.") \
	X(ALERTS, "sallyport_alerts_total", "rule", "severity", "Alerts by rule.") \
	X(VAULT, "sallyport_vault_uses_total", "outcome", NULL, \
			"Secrets of the vault that were used.")

enum which {
#define X(id, name, a, b, help) M_##id,
	METRICS(X)
#undef X
	METRICS_N
};

static const struct {
	const char *name, *a, *b, *help;
} about[] = {
#define X(id, name, a, b, help) {name, a, b, help},
		METRICS(X)
#undef X
};

enum session_state {
	NO_SESSION,
	CONNECTED,
	DISCONNECTED,
};

struct session {
	char id[SESSION_ID];
	enum session_state state;
};

struct sp_count {
	struct metric metric[METRICS_N];
	uint64_t from, head, dropped;
	uint64_t checkpoint_ns; /* 0: none seen */
	struct sp_times handshake;
	bool too_many; /* sessions: their number is not known any more */
	struct session session[SESSIONS];
};

/* ---- taking ---- */

/* Words of our own lists. Anything else could be somebody's, and is not shown. */
static void tame(const struct sp_audit_view *v, enum sp_field field, char out[VALUE])
{
	char text[SP_AUDIT_TEXT_MAX + 1];

	sp_audit_copy(v, field, text, sizeof(text));
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-");
	if (text[0] == '\0') {
		snprintf(out, VALUE, "none");
	} else if (text[n] != '\0' || n >= VALUE) {
		snprintf(out, VALUE, "other");
	} else {
		snprintf(out, VALUE, "%.*s", (int)n, text);
	}
}

static void add(struct sp_count *c, enum which which, const char *a, const char *b, uint64_t n)
{
	struct metric *m = &c->metric[which];
	size_t i = 0;

	while (i < m->n && (strcmp(m->s[i].a, a) != 0 || strcmp(m->s[i].b, b) != 0)) {
		i++;
	}
	if (i == m->n && m->n == SERIES - 1) {
		a = "other";
		b = *b != '\0' ? "other" : b;
	}
	if (i == m->n && m->n < SERIES) {
		snprintf(m->s[i].a, VALUE, "%s", a);
		snprintf(m->s[i].b, VALUE, "%s", b);
		m->n++;
	}
	m->s[i < m->n ? i : m->n - 1].n += n;
}

static void add_field(struct sp_count *c, enum which which, const struct sp_audit_view *v,
		enum sp_field field, const char *b, uint64_t n)
{
	char a[VALUE];

	tame(v, field, a);
	add(c, which, a, b, n);
}

static void set_session(struct sp_count *c, const struct sp_audit_view *v, enum session_state state)
{
	char id[SESSION_ID];
	struct session *free_one = NULL;

	sp_audit_copy(v, SP_F_SESSION, id, sizeof(id));
	for (size_t i = 0; i < SESSIONS && id[0] != '\0'; i++) {
		struct session *s = &c->session[i];
		if (s->state == NO_SESSION) {
			free_one = free_one != NULL ? free_one : s;
		} else if (strcmp(s->id, id) == 0) {
			s->state = state;
			return;
		}
	}
	if (state == NO_SESSION || id[0] == '\0') {
		return;
	}
	if (free_one == NULL) {
		c->too_many = true;
		return;
	}
	snprintf(free_one->id, sizeof(free_one->id), "%s", id);
	free_one->state = state;
}

/* One that took no time is not in the event. */
static void take_handshake(struct sp_count *c, const struct sp_audit_view *v)
{
	if (sp_audit_get(v, SP_F_HANDSHAKE) != NULL) {
		sp_times_add(&c->handshake, sp_audit_get_num(v, SP_F_HANDSHAKE) * 1000);
	}
}

static void take_login(struct sp_count *c, const struct sp_audit_view *v)
{
	char text[VALUE];

	switch (v->kind) {
	case SP_AUDIT_AUTH_OK:
		add_field(c, M_AUTH, v, SP_F_METHOD, "ok", 1);
		take_handshake(c, v);
		break;
	case SP_AUDIT_AUTH_FAIL:
		tame(v, SP_F_REASON, text);
		add_field(c, M_AUTH, v, SP_F_METHOD, text, 1);
		take_handshake(c, v);
		break;
	case SP_AUDIT_MFA_OK:
		add_field(c, M_MFA, v, SP_F_MFA, "ok", 1);
		break;
	case SP_AUDIT_MFA_FAIL:
		tame(v, SP_F_REASON, text);
		add_field(c, M_MFA, v, SP_F_MFA, text, 1);
		break;
	case SP_AUDIT_MFA_TIMEOUT:
		add_field(c, M_MFA, v, SP_F_MFA, "timeout", 1);
		break;
	case SP_AUDIT_LOCK_STEP:
		add_field(c, M_LOCKS, v, SP_F_REASON, "", 1);
		break;
	case SP_AUDIT_POLICY_DENY:
		add_field(c, M_DENIED, v, SP_F_REASON, "", 1);
		break;
	case SP_AUDIT_VAULT_USE:
		add(c, M_VAULT, sp_outcome_text(v->outcome), "", 1);
		break;
	default:
		break;
	}
}

static void take_session(struct sp_count *c, const struct sp_audit_view *v)
{
	switch (v->kind) {
	case SP_AUDIT_SESSION_START:
	case SP_AUDIT_SESSION_RECONNECT:
		/* One that could not begin is none. */
		set_session(c, v, v->outcome == SP_OUTCOME_OK ? CONNECTED : NO_SESSION);
		break;
	case SP_AUDIT_SESSION_DISCONNECT:
		set_session(c, v, DISCONNECTED);
		break;
	case SP_AUDIT_SESSION_END:
		set_session(c, v, NO_SESSION);
		add_field(c, M_ENDS, v, SP_F_REASON, "", 1);
		break;
	case SP_AUDIT_TARGET_CONNECT:
		add(c, M_TARGETS, "ok", "", 1);
		break;
	case SP_AUDIT_TARGET_FAIL:
		add(c, M_TARGETS, "failed", "", 1);
		break;
	default:
		break;
	}
}

/* A rule is "D01". */
static void take_alert(struct sp_count *c, const struct sp_audit_view *v)
{
	char rule[VALUE];

	sp_audit_copy(v, SP_F_ALERT_RULE, rule, sizeof(rule));
	bool good = rule[0] == 'D' && strlen(rule) == 3 && strspn(rule + 1, "0123456789") == 2;
	add(c, M_ALERTS, good ? rule : "other", sp_severity_text(v->severity), 1);
}

void sp_count_take(struct sp_count *c, const struct sp_record *r, const struct sp_audit_view *v)
{
	uint64_t many = sp_audit_get_num(v, SP_F_COUNT);

	if (v->kind == SP_AUDIT_SERVICE_START || c->from == 0) {
		memset(c, 0, sizeof(*c));
		c->from = r->seq;
	}
	c->head = r->seq;
	add(c, M_EVENTS, sp_audit_name(v->kind), "", 1);
	switch (v->kind) {
	case SP_AUDIT_CONN_REJECT:
		add_field(c, M_REJECTS, v, SP_F_REASON, "", many > 0 ? many : 1);
		break;
	case SP_AUDIT_CONN_CLOSE:
		add_field(c, M_CLOSES, v, SP_F_REASON, "", 1);
		break;
	case SP_AUDIT_PROC_CRASH:
		add_field(c, M_CRASHES, v, SP_F_PROCESS, "", 1);
		if (sp_audit_get_num(v, SP_F_SIGNAL) == SIGSYS) {
			add_field(c, M_FILTERED, v, SP_F_PROCESS, "", 1);
		}
		break;
	case SP_AUDIT_ALERT:
		take_alert(c, v);
		break;
	case SP_AUDIT_AUDIT_CHECKPOINT:
		c->checkpoint_ns = r->wall_ns;
		break;
	case SP_AUDIT_AUDIT_DROPPED:
		c->dropped += many;
		break;
	default:
		take_login(c, v);
		take_session(c, v);
		break;
	}
}

/* ---- writing ---- */

void sp_count_line(struct sp_wr *w, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (0 <= n && (size_t)n < sizeof(text)) {
		sp_wr_put(w, text, (size_t)n);
		sp_wr_u8(w, '\n');
	} else {
		sp_wr_fail(w, SP_ESPACE);
	}
}

void sp_count_head(struct sp_wr *w, const char *name, const char *type, const char *help)
{
	sp_count_line(w, "# HELP %s %s", name, help);
	sp_count_line(w, "# TYPE %s %s", name, type);
}

static void write_metric(const struct sp_count *c, enum which which, struct sp_wr *w)
{
	const struct metric *m = &c->metric[which];

	sp_count_head(w, about[which].name, "counter", about[which].help);
	for (size_t i = 0; i < m->n; i++) {
		const struct series *s = &m->s[i];
		if (about[which].b != NULL) {
			sp_count_line(w, "%s{%s=\"%s\",%s=\"%s\"} %" PRIu64, about[which].name,
					about[which].a, s->a, about[which].b, s->b, s->n);
		} else {
			sp_count_line(w, "%s{%s=\"%s\"} %" PRIu64, about[which].name,
					about[which].a, s->a, s->n);
		}
	}
}

static void write_sessions(const struct sp_count *c, struct sp_wr *w)
{
	static const char name[] = "sallyport_sessions";
	size_t n[DISCONNECTED + 1] = {0};

	if (c->too_many) {
		return;
	}
	for (size_t i = 0; i < SESSIONS; i++) {
		n[c->session[i].state]++;
	}
	sp_count_head(w, name, "gauge", "Sessions by state.");
	sp_count_line(w, "%s{state=\"connected\"} %zu", name, n[CONNECTED]);
	sp_count_line(w, "%s{state=\"disconnected\"} %zu", name, n[DISCONNECTED]);
}

void sp_count_write(const struct sp_count *c, uint64_t now_ns, struct sp_wr *w)
{
	for (int i = 0; i < METRICS_N; i++) {
		write_metric(c, (enum which)i, w);
	}
	write_sessions(c, w);
	sp_figures_times(w, "sallyport_handshake_seconds",
			"From a connection to the first message of its login, TLS between them; of "
			"those whose login was judged.",
			&c->handshake);
	sp_count_head(w, "sallyport_audit_dropped_total", "counter",
			"Events and records that were lost.");
	sp_count_line(w, "sallyport_audit_dropped_total %" PRIu64, c->dropped);
	sp_count_head(w, "sallyport_counted_from_sequence", "gauge",
			"The record from which on the counters count.");
	sp_count_line(w, "sallyport_counted_from_sequence %" PRIu64, c->from);
	if (c->checkpoint_ns != 0) {
		uint64_t age = now_ns > c->checkpoint_ns ? now_ns - c->checkpoint_ns : 0;
		sp_count_head(w, "sallyport_audit_checkpoint_age_seconds", "gauge",
				"Since the last signature over the audit; none is needed while "
				"nothing happens.");
		sp_count_line(w, "sallyport_audit_checkpoint_age_seconds %.3f", (double)age / NS);
	}
}

struct sp_count *sp_count_create(void)
{
	return sp_calloc(1, sizeof(struct sp_count));
}

void sp_count_destroy(struct sp_count *c)
{
	sp_free(c);
}
