/* gate/keeper/act.c - see act.h. */
#include "gate/keeper/act.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "gate/keeper/audit.h"
#include "gate/keeper/session.h"

static struct sp_session *meant(const struct sp_keeper *k, const struct sp_msg_act *m)
{
	struct sp_session *s;

	if (m->session[0] != '\0') {
		s = sp_session_named(k->sessions, m->session);
	} else {
		s = sp_sessions_first(k->sessions);
		while (s != NULL && s->conn != m->conn) {
			s = s->next;
		}
	}
	return s != NULL && strcmp(s->user, m->user) == 0 ? s : NULL;
}

static void tell_step(struct sp_keeper *k, const struct sp_session *s, const struct sp_msg_act *m)
{
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_SESSION_STEP_UP, SP_OUTCOME_OK);
	sp_audit_num(&e, SP_F_CONN, s->conn);
	sp_audit_text(&e, SP_F_SESSION, s->name);
	sp_audit_text(&e, SP_F_REASON, "alert");
	sp_audit_text(&e, SP_F_TEXT, m->text);
	sp_audit_text(&e, SP_F_USER, s->user);
	sp_audit_text(&e, SP_F_TARGET, s->target);
	sp_audit_text(&e, SP_F_ALERT_ACTION, m->action == SP_ACT_PAUSE ? "pause" : "step-up");
	sp_keeper_event_source(k, &e, &s->source, s->interface);
	sp_keeper_tell(k, &e);
}

void sp_keeper_act(struct sp_keeper *k, const struct sp_msg_act *m)
{
	struct sp_session *s = meant(k, m);
	char text[SP_TEXT_WHY];

	if (s == NULL || s->state == SP_SESSION_ENDING) {
		sp_log(SP_LOG_INFO, "alert about user %s: %s: the session is gone", m->user,
				m->text);
		return;
	}
	sp_log(SP_LOG_WARN, "session %u of %s: %s for an alert: %s", s->id, s->user,
			m->action == SP_ACT_END                     ? "ended"
					: m->action == SP_ACT_PAUSE ? "paused"
								    : "stepped up",
			m->text);
	/* Any of these may close the session. */
	if (m->action == SP_ACT_END) {
		snprintf(text, sizeof(text), "%.100s", m->text);
		sp_session_end(s, SP_WHY_ALERT, SP_SESSION_INFO_ADMIN, text, k->now_us());
		return;
	}
	snprintf(text, sizeof(text), "a second factor is needed again (%.100s)", m->text);
	tell_step(k, s, m);
	sp_session_step_up(s, m->action == SP_ACT_PAUSE, text, k->now_us());
}
