/* gate/parent/tell.c - what the parent tells the audit: who was refused, what started and died. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/log.h"
#include "gate/parent/parent.h"
#include "host/io/proc.h"
#include "host/io/tcp.h"
#include "host/monitor/mon.h"
#include "host/monitor/teller.h"

#define LOOK_US 5000000
#define END_US 2000000

static void nothing(void *user, uint64_t ticket)
{
}

static void refused(void *user, uint64_t ticket, uint64_t who, const char *why)
{
}

static void other(void *user, struct sp_mon_in *in)
{
	struct sp_parent *p = user;

	if (in->type == SP_MSG_SCRIBE_READY) {
		p->scribe_kept = true;
		sp_parent_adopt(p);
	}
	if (in->type == SP_MSG_SCRIBE_FIGURES) {
		p->scribe_figures = in->body.scribe_figures;
	}
	if (in->type == SP_MSG_RECORDER_START && !p->stopping) {
		sp_parent_recorder(p, in);
	}
}

/* "192.0.2.7/32", as the limits count it. */
static void net_text(const uint8_t source[SP_SOURCE_SIZE], char out[64])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	bool v4 = memcmp(source, mapped, sizeof(mapped)) == 0;
	char text[INET6_ADDRSTRLEN] = "";

	if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? source + 12 : source, text, sizeof(text)) ==
			NULL) {
		text[0] = '\0';
	}
	snprintf(out, 64, "%s/%d", text, v4 ? 32 : 64);
}

static void tell(struct sp_parent *p, struct sp_audit_event *e)
{
	/* 0: it is counted there, and that is told. */
	(void)sp_teller_tell(p->teller, e, 0);
}

static void tell_counts(struct sp_parent *p, bool all)
{
	const uint8_t *net;
	uint64_t n;

	while (sp_rejects_due(&p->rejects, sp_now_us(), all, &n, &net)) {
		struct sp_audit_event e;
		char text[64];

		sp_audit_init(&e, SP_AUDIT_CONN_REJECT, SP_OUTCOME_DENIED);
		sp_audit_text(&e, SP_F_REASON, "many");
		sp_audit_num(&e, SP_F_COUNT, n);
		if (net != NULL) {
			net_text(net, text);
			sp_audit_text(&e, SP_F_SRC_NET, text);
		}
		tell(p, &e);
	}
}

static void on_look(void *user)
{
	struct sp_parent *p = user;

	tell_counts(p, false);
	sp_watch_in(p->tell_watch, LOOK_US);
}

int sp_parent_tell_begin(struct sp_parent *p)
{
	static const struct sp_teller_calls calls = {
			.durable = nothing, .refused = refused, .other = other};

	p->teller = sp_teller_create(p->loop, &calls, p);
	p->tell_watch = sp_loop_timer(p->loop, on_look, p);
	if (!p->teller || !p->tell_watch) {
		return SP_ENOMEM;
	}
	sp_watch_in(p->tell_watch, LOOK_US);
	return SP_OK;
}

void sp_parent_tell_flush(struct sp_parent *p)
{
	if (p->teller && !sp_teller_flush(p->teller, END_US)) {
		sp_log(SP_LOG_WARN, "events that the audit did not get: %zu",
				sp_teller_waiting(p->teller));
	}
	sp_teller_destroy(p->teller);
	p->teller = NULL;
}

void sp_parent_tell_reject(struct sp_parent *p, const struct sp_addr *peer, const char *listener,
		const char *reason, const char *text)
{
	struct sp_audit_event e;
	uint8_t source[SP_SOURCE_SIZE];
	char ip[SP_ADDR_TEXT_MAX], net[64];
	const char *colon;

	sp_addr_source(peer, source);
	if (!sp_rejects_may(&p->rejects, source, sp_now_us())) {
		return;
	}
	sp_addr_text(peer, ip);
	colon = strrchr(ip, ':');
	net_text(source, net);
	sp_audit_init(&e, SP_AUDIT_CONN_REJECT, SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_REASON, reason);
	sp_audit_text(&e, SP_F_TEXT, text);
	if (colon) {
		/* "[2001:db8::1]:5" */
		size_t skip = ip[0] == '[';
		ip[(size_t)(colon - ip) - skip] = '\0';
		sp_audit_text(&e, SP_F_SRC_IP, ip + skip);
	}
	sp_audit_num(&e, SP_F_SRC_PORT, sp_addr_port(peer));
	sp_audit_text(&e, SP_F_SRC_NET, net);
	sp_audit_text(&e, SP_F_SRC_LISTENER, listener);
	tell(p, &e);
}

void sp_parent_tell_service(struct sp_parent *p, bool starts)
{
	struct sp_audit_event e;

	sp_audit_init(&e, starts ? SP_AUDIT_SERVICE_START : SP_AUDIT_SERVICE_STOP, SP_OUTCOME_OK);
	if (!starts) {
		tell_counts(p, true);
		sp_audit_text(&e, SP_F_REASON, p->code == 0 ? "asked" : "failed");
	}
	sp_audit_text(&e, SP_F_PROCESS, "sallyportd");
	sp_audit_num(&e, SP_F_PID, (uint64_t)getpid());
	sp_audit_text(&e, SP_F_VERSION, SP_VERSION);
	tell(p, &e);
}

void sp_parent_tell_death(struct sp_parent *p, const char *name, pid_t pid, int status)
{
	struct sp_audit_event e;
	char text[80];

	sp_proc_status_text(status, text, sizeof(text));
	sp_audit_init(&e, SP_AUDIT_PROC_CRASH, SP_OUTCOME_FAILED);
	sp_audit_text(&e, SP_F_PROCESS, name);
	sp_audit_num(&e, SP_F_PID, (uint64_t)pid);
	if (WIFSIGNALED(status)) {
		sp_audit_num(&e, SP_F_SIGNAL, (uint64_t)WTERMSIG(status));
	}
	sp_audit_text(&e, SP_F_TEXT, text);
	sp_audit_text(&e, SP_F_VERSION, SP_VERSION);
	tell(p, &e);
}

void sp_parent_tell_missed(struct sp_parent *p, const struct sp_msg_ship_missed *m)
{
	struct sp_audit_event e;
	char text[160];

	sp_audit_init(&e, SP_AUDIT_AUDIT_DROPPED, SP_OUTCOME_FAILED);
	sp_audit_text(&e, SP_F_REASON, "not-shipped");
	snprintf(text, sizeof(text), "%.70s does not get the records from %" PRIu64 " on", m->name,
			m->first);
	sp_audit_text(&e, SP_F_TEXT, text);
	sp_audit_num(&e, SP_F_COUNT, m->n);
	tell(p, &e);
}

/* How far it was nobody knows; what was registered before can be compared. */
void sp_parent_tell_gap(struct sp_parent *p, const struct sp_msg_recorder_start *of)
{
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_RECORD_GAP, SP_OUTCOME_FAILED);
	sp_audit_num(&e, SP_F_CONN, of->conn);
	sp_audit_text(&e, SP_F_SESSION, of->session);
	sp_audit_text(&e, SP_F_USER, of->user);
	sp_audit_text(&e, SP_F_SRC_IP, of->from);
	sp_audit_text(&e, SP_F_TARGET, of->target);
	sp_audit_text(&e, SP_F_RECORDING, of->id);
	sp_audit_text(&e, SP_F_TEXT, "the recorder ended while there was no sp-scribe");
	tell(p, &e);
}

void sp_parent_tell_jail(struct sp_parent *p, const char *name, bool ok, const char *level)
{
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_SANDBOX_LEVEL, ok ? SP_OUTCOME_OK : SP_OUTCOME_FAILED);
	if (!ok) {
		sp_audit_set_severity(&e, SP_SEVERITY_HIGH);
	}
	sp_audit_text(&e, SP_F_PROCESS, name);
	sp_audit_text(&e, SP_F_LEVEL, level);
	tell(p, &e);
}
