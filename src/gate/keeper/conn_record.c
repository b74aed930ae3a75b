/* gate/keeper/conn_record.c - a session that is recorded: its stream before its target, its end with it. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/conn_part.h"
#include "gate/keeper/conn_tell.h"
#include "host/io/fdio.h"
#include "host/monitor/teller.h"

/* Beyond what the scribe gives a recorder. */
#define READY_US (10 * UINT64_C(1000000))

/* Kept from the question for the target on. */
struct sp_conn_record {
	struct sp_geometry geometry;
	bool required;
	uint32_t input; /* enum sp_record_input */
	int stream; /* until sp-net has it; -1 */
	char id[SP_REC_ID + 1]; /* empty: nothing is recorded */
};

void sp_conn_record_drop(struct sp_conn *c)
{
	if (c->record != NULL) {
		sp_fd_close(&c->record->stream);
		sp_free(c->record);
		c->record = NULL;
	}
}

static uint32_t input_of(const struct sp_conf_target *t)
{
	switch (t->record_input) {
	case SP_CONF_INPUT_FULL:
		return SP_RECORD_INPUT_FULL;
	case SP_CONF_INPUT_OFF:
		return SP_RECORD_INPUT_OFF;
	default:
		return SP_RECORD_INPUT_TIMING;
	}
}

static void gap(struct sp_conn *c, const char *why)
{
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_RECORD_GAP, SP_OUTCOME_FAILED);
	sp_audit_num(&e, SP_F_CONN, c->id);
	sp_audit_text(&e, SP_F_USER, c->grant.user.name);
	sp_audit_text(&e, SP_F_TARGET, c->grant.target);
	sp_audit_text(&e, SP_F_SESSION, c->session != NULL ? c->session->name : NULL);
	sp_audit_text(&e, SP_F_REASON, "not-recorded");
	sp_audit_text(&e, SP_F_TEXT, why);
	sp_keeper_tell(c->k, &e);
}

/* There is no recording. What has to be recorded does not begin; the rest goes on without. */
static int without(struct sp_conn *c, const struct sp_conf_target *t, const char *why)
{
	char text[SP_TEXT_WHY];

	gap(c, why);
	if (t->record == SP_CONF_RECORD_REQUIRED) {
		snprintf(text, sizeof(text),
				"%s may be used only when it is recorded, and that is not possible "
				"now: %.48s",
				t->name, why);
		return sp_conn_refuse_target(c, text);
	}
	sp_conn_log(c, SP_LOG_WARN, "target %s is not recorded: %s", t->name, why);
	return sp_conn_open_target(c, t, &c->record->geometry);
}

static int ask(struct sp_conn *c)
{
	static struct sp_msg_record_open m;
	const struct sp_conf *conf = c->k->conf;
	int scribe = c->k->teller != NULL ? sp_teller_fd(c->k->teller) : -1;

	memset(&m, 0, sizeof(m));
	m.conn = c->id;
	snprintf(m.of.user, sizeof(m.of.user), "%s", c->grant.user.name);
	snprintf(m.of.target, sizeof(m.of.target), "%s", c->grant.target);
	snprintf(m.of.session, sizeof(m.of.session), "%.39s",
			c->session != NULL ? c->session->name : "");
	if (!inet_ntop((int)c->source.family, c->source.addr, m.of.from, sizeof(m.of.from))) {
		m.of.from[0] = '\0';
	}
	m.of.n_auditors = (uint32_t)conf->n_auditors;
	memcpy(m.of.auditor, conf->auditor, sizeof(m.of.auditor));
	return scribe >= 0 ? sp_mon_say(scribe, RECORD_OPEN, &m) : SP_ENOTFOUND;
}

_Static_assert(SP_CONF_AUDITORS == SP_REC_MAX_AUDITORS && SP_CONF_AUDITOR == SP_REC_KEY,
		"two lists of auditors");

bool sp_conn_records(const struct sp_conf_target *t)
{
	return t->record != SP_CONF_RECORD_NO;
}

int sp_conn_record_open(struct sp_conn *c, const struct sp_conf_target *t,
		const struct sp_geometry *geometry)
{
	sp_conn_record_drop(c);
	c->record = sp_calloc(1, sizeof(*c->record));
	if (c->record == NULL) {
		return SP_ENOMEM;
	}
	*c->record = (struct sp_conn_record){.geometry = *geometry,
			.required = t->record == SP_CONF_RECORD_REQUIRED,
			.input = input_of(t),
			.stream = -1};
	if (c->k->conf->n_auditors == 0) {
		return without(c, t, "there are no auditors who could read it");
	}
	if (ask(c) != SP_OK) {
		return without(c, t, "the scribe does not answer");
	}
	c->state = SP_CONN_WAIT_SCRIBE;
	sp_conn_timer(c, READY_US);
	return SP_OK;
}

static void set_id(struct sp_conn *c, const char *id)
{
	snprintf(c->record->id, sizeof(c->record->id), "%s", id);
	if (c->session != NULL) {
		sp_session_recorded(c->session, id);
	}
}

/* The scribe has said something, or nothing in time; id is empty where nothing is recorded. */
static void go_on(struct sp_conn *c, int stream, const char *id, const char *why)
{
	const struct sp_conf_target *t = sp_conf_target(c->k->conf, c->grant.target);
	int rc;

	c->record->stream = stream;
	set_id(c, id);
	if (t == NULL) {
		rc = sp_conn_refuse_target(c, "there is no such target any more");
	} else if (stream < 0) {
		rc = without(c, t, why);
	} else {
		rc = sp_conn_open_target(c, t, &c->record->geometry);
	}
	if (rc != SP_OK) {
		sp_conn_fatal(c, SP_WHY_INTERNAL, sp_err_text(rc));
	}
}

void sp_conn_recorded(struct sp_conn *c, int stream, const struct sp_msg_record_opened *m)
{
	if (c->state != SP_CONN_WAIT_SCRIBE || c->net < 0 || c->record == NULL) {
		sp_fd_close(&stream); /* with which that recording ends */
		return;
	}
	go_on(c, stream, m->id, m->text);
}

void sp_conn_record_late(struct sp_conn *c)
{
	go_on(c, -1, "", "the scribe did not answer in time");
}

void sp_conn_record_ended(struct sp_conn *c, const struct sp_msg_record_ended *m)
{
	char text[SP_TEXT_WHY];

	if (m->result == SP_RECORD_OK || c->record == NULL || c->session == NULL ||
			(c->state != SP_CONN_WAIT_UP && c->state != SP_CONN_WAIT_BYE)) {
		return;
	}
	sp_conn_log(c, SP_LOG_WARN, "session of %s is not recorded any more: %s",
			c->grant.user.name, m->text);
	set_id(c, "");
	if (!c->record->required) {
		return;
	}
	snprintf(text, sizeof(text), "%s may be used only when it is recorded, and that broke off",
			c->grant.target);
	sp_session_end(c->session, SP_WHY_RECORD, SP_SESSION_INFO_ADMIN, text, c->k->now_us());
}

void sp_conn_record_fill(struct sp_conn *c, struct sp_msg_target *m, int fds[SP_MON_FDS], size_t *n)
{
	struct sp_conn_record *r = c->record;

	if (r == NULL || r->stream < 0) {
		return;
	}
	m->record = 1;
	m->record_required = r->required;
	m->record_input = r->input;
	fds[(*n)++] = r->stream;
}

void sp_conn_record_given(struct sp_conn *c)
{
	if (c->record != NULL) {
		sp_fd_close(&c->record->stream);
	}
}
