/* gate/keeper/command.c - see command.h. */
#include "gate/keeper/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/keeper/audit.h"
#include "gate/keeper/session.h"
#include "host/monitor/admin.h"

struct peer {
	struct sp_command *door;
	int fd; /* -1: free */
	uid_t uid;
	struct sp_watch *watch, *timer;
	bool listing; /* sends sessions; asks nothing meanwhile */
	uint32_t below; /* listing: ids from here on were sent */
	uint64_t heard_us;
};

struct sp_command {
	struct sp_keeper *k;
	int fd;
	struct sp_watch *watch;
	struct peer peer[SP_COMMANDS];
};

static void hang_up(struct peer *p)
{
	sp_watch_remove(p->watch);
	sp_watch_remove(p->timer);
	sp_fd_close(&p->fd);
	p->watch = NULL;
	p->timer = NULL;
	p->listing = false;
}

static void describe(
		const struct sp_keeper *k, const struct sp_session *s, struct sp_admin_session *out)
{
	int64_t now = k->unix_time();

	*out = (struct sp_admin_session){.id = s->id,
			.device = s->device,
			.resumed = s->resumed,
			.conn = s->conn,
			.grant = s->grant,
			.since = s->since,
			.active = s->active};
	if (s->began_us != 0 && s->max_us != 0) {
		int64_t used = (int64_t)((k->now_us() - s->began_us) / 1000000);
		out->until = now - used + (int64_t)(s->max_us / 1000000);
	}
	if (s->until != 0 && (out->until == 0 || s->until < out->until)) {
		out->until = s->until;
	}
	snprintf(out->state, sizeof(out->state), "%s", sp_session_state_text(s->state));
	snprintf(out->name, sizeof(out->name), "%s", s->name);
	snprintf(out->recording, sizeof(out->recording), "%s", s->recording);
	snprintf(out->user, sizeof(out->user), "%s", s->user);
	snprintf(out->source, sizeof(out->source), "%s", s->source.text);
	snprintf(out->interface, sizeof(out->interface), "%s", s->interface);
	snprintf(out->target, sizeof(out->target), "%s", s->target);
	snprintf(out->rule, sizeof(out->rule), "%s", s->rule);
	snprintf(out->reason, sizeof(out->reason), "%s", s->reason);
	snprintf(out->approver, sizeof(out->approver), "%s", s->approver);
}

/* The two accounts that may command: root, and the one that this is. */
static void put_admin(const struct peer *p, struct sp_audit_event *e)
{
	char admin[32];

	snprintf(admin, sizeof(admin), "uid %u", (unsigned)p->uid);
	sp_audit_text(e, SP_F_ADMIN, p->uid == 0 ? "root" : admin);
}

static void tell_change(struct peer *p, uint32_t id, const char *user, const char *action,
		const char *by, const char *text)
{
	struct sp_audit_event e;
	char object[SP_TEXT_WHY];

	snprintf(object, sizeof(object), "session %u of %s", id, user);
	sp_audit_init(&e, SP_AUDIT_ADMIN_CHANGE, SP_OUTCOME_OK);
	put_admin(p, &e);
	sp_audit_text(&e, SP_F_OBJECT, object);
	sp_audit_text(&e, SP_F_ACTION, action);
	sp_audit_text(&e, SP_F_APPROVER, by);
	sp_audit_text(&e, SP_F_TEXT, text);
	sp_keeper_tell(p->door->k, &e);
}

sp_printf(3, 4) static int result(
		struct peer *p, enum sp_admin_outcome outcome, const char *fmt, ...)
{
	struct sp_admin_result m = {.outcome = outcome};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m.text, sizeof(m.text), fmt, ap);
	va_end(ap);
	return sp_admin_say(p->fd, RESULT, &m);
}

/* As many sessions as the socket takes. */
static int list_on(struct peer *p)
{
	const struct sp_keeper *k = p->door->k;
	const struct sp_session *s = sp_sessions_first(k->sessions);
	struct sp_admin_session m;

	while (s != NULL && s->id >= p->below) {
		s = s->next;
	}
	for (; s != NULL; s = s->next) {
		describe(k, s, &m);
		int rc = sp_admin_say(p->fd, SESSION, &m);
		if (rc != SP_OK) {
			return rc;
		}
		p->below = s->id;
	}
	int rc = sp_admin_say(p->fd, END, &(struct sp_admin_none){0});
	if (rc == SP_OK) {
		p->listing = false;
	}
	return rc;
}

static int end_session(struct peer *p, const struct sp_admin_end *ask)
{
	struct sp_keeper *k = p->door->k;
	struct sp_session *s = sp_session_find(k->sessions, ask->id);
	char text[SP_TEXT_WHY], user[SP_TEXT_USER];

	if (s == NULL) {
		return result(p, SP_ADMIN_FAILED, "no such session");
	}
	if (s->state == SP_SESSION_ENDING) {
		return result(p, SP_ADMIN_FAILED, "is ending already");
	}
	snprintf(text, sizeof(text), "%s%s%.150s", sp_why_text(SP_WHY_ADMIN),
			ask->reason[0] != '\0' ? ": " : "", ask->reason);
	snprintf(user, sizeof(user), "%s", s->user);
	sp_log(SP_LOG_INFO, "session %u of %s on %s: uid %u ends it%s%s", s->id, user,
			s->target[0] != '\0' ? s->target : "no target", (unsigned)p->uid,
			ask->reason[0] != '\0' ? ": " : "", ask->reason);
	tell_change(p, s->id, user, "end", "", ask->reason);
	/* s may be gone after this. */
	sp_session_end(s, SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN, text, k->now_us());
	return result(p, SP_ADMIN_DONE, "session of %s told to end", user);
}

static int decide(struct peer *p, bool approve, const struct sp_admin_decide *ask)
{
	struct sp_session *s = sp_session_find(p->door->k->sessions, ask->id);
	char why[SP_TEXT_WHY], user[SP_TEXT_USER];
	const char *word = approve ? "approved" : "refused";

	if (s == NULL) {
		return result(p, SP_ADMIN_FAILED, "no such session");
	}
	snprintf(user, sizeof(user), "%s", s->user);
	/* s may be gone after this. */
	int rc = sp_session_decide(s, approve, ask->as, why);
	sp_log(rc == SP_OK ? SP_LOG_INFO : SP_LOG_WARN, "session %u of %s: %s%s by %s (uid %u)%s%s",
			ask->id, user, rc == SP_OK ? "" : "not ", word, ask->as, (unsigned)p->uid,
			rc == SP_OK ? "" : ": ", rc == SP_OK ? "" : why);
	if (rc != SP_OK) {
		return result(p, SP_ADMIN_FAILED, "%s", why);
	}
	tell_change(p, ask->id, user, approve ? "approve" : "refuse", ask->as, "");
	return result(p, SP_ADMIN_DONE, "session of %s %s by %s", user, word, ask->as);
}

static int show(struct peer *p, uint32_t id)
{
	const struct sp_session *s = sp_session_find(p->door->k->sessions, id);
	struct sp_admin_session m;

	if (s == NULL) {
		return result(p, SP_ADMIN_FAILED, "no such session");
	}
	describe(p->door->k, s, &m);
	return sp_admin_say(p->fd, SESSION, &m);
}

/* By its recording, elsewhere and with an auditor's key; here it is only told. */
static int watch(struct peer *p, uint32_t id)
{
	const struct sp_session *s = sp_session_find(p->door->k->sessions, id);
	struct sp_audit_event e;

	if (s != NULL && s->recording[0] != '\0') {
		sp_audit_init(&e, SP_AUDIT_SESSION_SHADOW, SP_OUTCOME_NONE);
		sp_audit_num(&e, SP_F_CONN, s->conn);
		sp_audit_text(&e, SP_F_SESSION, s->name);
		sp_audit_text(&e, SP_F_USER, s->user);
		sp_audit_text(&e, SP_F_TARGET, s->target);
		sp_audit_text(&e, SP_F_RULE, s->rule);
		sp_keeper_event_source(p->door->k, &e, &s->source, s->interface);
		put_admin(p, &e);
		sp_keeper_tell(p->door->k, &e);
	}
	return show(p, id);
}

static int answer(struct peer *p, const struct sp_admin_in *in)
{
	switch ((enum sp_admin)in->type) {
	case SP_ADMIN_LIST:
		p->listing = true;
		p->below = UINT32_MAX;
		return list_on(p);
	case SP_ADMIN_SHOW:
		return show(p, in->body.which.id);
	case SP_ADMIN_WATCH:
		return watch(p, in->body.which.id);
	case SP_ADMIN_END_SESSION:
		return end_session(p, &in->body.end);
	case SP_ADMIN_APPROVE:
		return decide(p, true, &in->body.decide);
	case SP_ADMIN_REFUSE:
		return decide(p, false, &in->body.decide);
	default:
		return SP_EDENIED; /* an answer is no question */
	}
}

static int take(struct peer *p)
{
	struct sp_admin_in in;
	int rc = SP_OK;

	if (p->listing) {
		rc = list_on(p);
	}
	while (rc == SP_OK && !p->listing && (rc = sp_admin_recv(p->fd, &in)) == 1) {
		rc = answer(p, &in);
		sp_wipe(&in, sizeof(in));
	}
	/* A list goes on when there is room; nobody waits for who does not read his answer. */
	return rc == SP_ESPACE && p->listing ? SP_OK : rc;
}

static void peer_event(void *user, unsigned events)
{
	struct peer *p = user;
	int rc = take(p);

	p->heard_us = p->door->k->now_us();
	if (rc == SP_OK) {
		sp_watch_want(p->watch, p->listing ? SP_LOOP_WRITE : SP_LOOP_READ);
		sp_watch_in(p->timer, SP_COMMAND_IDLE_US);
		return;
	}
	if (rc != SP_ECLOSED) {
		sp_log(SP_LOG_WARN, "command of uid %u: %s", (unsigned)p->uid, sp_err_text(rc));
	}
	hang_up(p);
}

static void peer_late(void *user)
{
	hang_up(user);
}

/* Root, or the account whose files the store's are: they could read those, too. */
static bool may_command(int fd, uid_t *uid)
{
	struct ucred cred = {.uid = (uid_t)-1};
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0 || n != sizeof(cred)) {
		return false;
	}
	*uid = cred.uid;
	return cred.uid == 0 || cred.uid == geteuid();
}

static struct peer *place(struct sp_command *c)
{
	struct peer *oldest = &c->peer[0];

	for (size_t i = 0; i < SP_COMMANDS; i++) {
		struct peer *p = &c->peer[i];
		if (p->fd < 0) {
			return p;
		}
		if (p->heard_us < oldest->heard_us) {
			oldest = p;
		}
	}
	hang_up(oldest);
	return oldest;
}

static void door_event(void *user, unsigned events)
{
	struct sp_command *c = user;
	uid_t uid = (uid_t)-1;
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		return;
	}
	if (!may_command(fd, &uid)) {
		sp_log(SP_LOG_WARN, "command of uid %u refused", (unsigned)uid);
		sp_fd_close(&fd);
		return;
	}
	struct peer *p = place(c);
	p->fd = fd;
	p->uid = uid;
	p->heard_us = c->k->now_us();
	p->watch = sp_loop_fd(c->k->loop, fd, SP_LOOP_READ, peer_event, p);
	p->timer = sp_loop_timer(c->k->loop, peer_late, p);
	if (p->watch == NULL || p->timer == NULL) {
		hang_up(p);
		return;
	}
	sp_watch_in(p->timer, SP_COMMAND_IDLE_US);
}

struct sp_command *sp_command_open(struct sp_keeper *k, const char *state, char why[SP_WHY_MAX])
{
	struct sp_command *c = sp_calloc(1, sizeof(*c));

	if (c == NULL) {
		snprintf(why, SP_WHY_MAX, "out of memory");
		return NULL;
	}
	c->k = k;
	for (size_t i = 0; i < SP_COMMANDS; i++) {
		c->peer[i].door = c;
		c->peer[i].fd = -1;
	}
	int rc = sp_admin_listen(state, &c->fd);
	if (rc != SP_OK) {
		snprintf(why, SP_WHY_MAX, "%s", rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
	} else {
		c->watch = sp_loop_fd(k->loop, c->fd, SP_LOOP_READ, door_event, c);
		if (c->watch != NULL) {
			return c;
		}
		snprintf(why, SP_WHY_MAX, "event loop: %s", strerror(errno));
	}
	sp_command_close(c);
	return NULL;
}

void sp_command_close(struct sp_command *c)
{
	if (c == NULL) {
		return;
	}
	for (size_t i = 0; i < SP_COMMANDS; i++) {
		hang_up(&c->peer[i]);
	}
	sp_watch_remove(c->watch);
	sp_fd_close(&c->fd);
	sp_free(c);
}
