/* gate/keeper/conn_target.c - the target: asked for, opened or refused; what its session says. */
#include "gate/keeper/conn_tell.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/conn_way.h"
#include "gate/keeper/store_license.h"
#include "host/io/fdio.h"

/* Questions for licences that one session may ask; a target asks once or twice. */
#define LICENSES 16

int sp_conn_refuse_target(struct sp_conn *c, const char *text)
{
	struct sp_msg_target m = {.result = SP_OPEN_DENIED};

	c->state = SP_CONN_WAIT_END;
	sp_conn_timer(c, 0);
	sp_conn_way_close(c);
	sp_conn_record_drop(c);
	sp_conn_close_leg(c);
	sp_conn_secret_drop(&c->secret);
	sp_conn_secret_drop(&c->delegated);
	snprintf(m.name, sizeof(m.name), "%s", c->grant.target);
	snprintf(m.text, sizeof(m.text), "%s", text);
	sp_conn_log(c, SP_LOG_WARN, "target %s not opened for %s: %s", c->grant.target,
			c->grant.user.name, text);
	sp_conn_tell_connect(c, false, text);
	return sp_conn_say(c, TARGET, &m);
}

static void fill_channels(const struct sp_conf_rule *rule, struct sp_channels *out)
{
	out->clipboard = rule->channels.clipboard;
	out->drives = rule->channels.drives;
	out->sound = rule->channels.sound;
	out->microphone = rule->channels.microphone;
	out->other = rule->channels.other;
	out->limit = rule->channels.limit;
}

bool sp_conn_fill_target(struct sp_conn *c, const struct sp_conf_target *t, struct sp_msg_target *m)
{
	struct sp_policy_verdict v;
	char why[SP_TEXT_WHY];

	/* sp-net asks when it likes to: factor and approval must be good for the rule of now. */
	if (!sp_session_allowed(c->session, &v, why)) {
		sp_conn_log(c, SP_LOG_WARN, "target %s not given to %s: %s", t->name,
				c->grant.user.name, why);
		sp_conn_tell_deny(c, SP_WHY_POLICY, why);
		return false;
	}
	m->result = SP_OPEN_OK;
	snprintf(m->name, sizeof(m->name), "%s", t->name);
	fill_channels(v.rule, &m->channels);
	sp_session_limits(c->session, &v, c->k->unix_time(), c->k->now_us(), m);
	sp_session_arc_make(c->session, &m->arc);
	m->target_arc = c->session->target_arc;
	return true;
}

/* ---- desktops of this machine ---- */

static int open_desktop(struct sp_conn *c, const struct sp_conf_target *t,
		const struct sp_geometry *geometry)
{
	struct sp_msg_desktop_open m = {.conn = c->id, .geometry = *geometry};

	snprintf(m.user, sizeof(m.user), "%s", c->grant.user.name);
	snprintf(m.account, sizeof(m.account), "%s",
			t->account[0] != '\0' ? t->account : c->grant.user.name);
	snprintf(m.target, sizeof(m.target), "%s", t->name);
	snprintf(m.command, sizeof(m.command), "%s", t->session);
	if (!inet_ntop((int)c->source.family, c->source.addr, m.from, sizeof(m.from))) {
		m.from[0] = '\0';
	}
	if (c->k->broker < 0 || sp_mon_say(c->k->broker, DESKTOP_OPEN, &m) != SP_OK) {
		return sp_conn_refuse_target(c, "desktops are not available now");
	}
	c->state = SP_CONN_WAIT_BROKER;
	sp_conn_timer(c, SP_KEEPER_TARGET_US);
	return SP_OK;
}

static int give_desktop(struct sp_conn *c, int fd, bool fresh)
{
	const struct sp_conf_target *t = sp_conf_target(c->k->conf, c->grant.target);
	struct sp_msg_target m = {.kind = SP_TARGET_DESKTOP};
	int fds[SP_MON_FDS] = {fd};
	size_t n = 1;

	if (t == NULL || !sp_conn_fill_target(c, t, &m)) {
		return sp_conn_refuse_target(c, "no rule allows it any more");
	}
	c->state = SP_CONN_WAIT_UP;
	sp_conn_timer(c, 0);
	sp_permit_allow(&c->net_may, SP_MSG_TARGET_UP);
	sp_permit_allow(&c->net_may, SP_MSG_TARGET_ARC);
	sp_permit_allow(&c->net_may, SP_MSG_TRANSFER);
	sp_permit_allow(&c->net_may, SP_MSG_CHANNEL);
	sp_conn_log(c, SP_LOG_INFO, "user %s opened target %s, %s desktop", c->grant.user.name,
			t->name, fresh ? "new" : "running");
	sp_conn_tell_connect(c, true, fresh ? "new desktop" : "running desktop");
	sp_conn_tell_start(c, &m.channels);
	sp_conn_record_fill(c, &m, fds, &n);
	int rc = sp_conn_send(c, SP_MSG_TARGET, &m, sizeof(m), fds, n);
	sp_conn_record_given(c);
	return rc;
}

void sp_conn_desktop(struct sp_conn *c, int fd, bool fresh, const char *text)
{
	if (c->state == SP_CONN_WAIT_BROKER && c->net >= 0) {
		int rc = fd < 0 ? sp_conn_refuse_target(c, text) : give_desktop(c, fd, fresh);
		if (rc != SP_OK) {
			sp_conn_fatal(c, SP_WHY_INTERNAL, sp_err_text(rc));
		}
	}
	sp_fd_close(&fd);
}

int sp_conn_open_target(struct sp_conn *c, const struct sp_conf_target *t,
		const struct sp_geometry *geometry)
{
	return t->kind == SP_CONF_DESKTOP ? open_desktop(c, t, geometry)
					  : sp_conn_way_open(c, t->address);
}

/* ---- what sp-net asks and tells ---- */

static void note_client(struct sp_conn *c, const struct sp_geometry *g)
{
	c->client = (struct sp_conn_client){.build = g->client_build,
			.keyboard = g->keyboard_layout,
			.width = g->width,
			.height = g->height};
	memcpy(c->client.name, g->client_name, sizeof(c->client.name));
	memcpy(c->client.zone, g->zone, sizeof(c->client.zone));
}

int sp_conn_on_open_target(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;

	if (c->state != SP_CONN_WAIT_TARGET) {
		return SP_OK; /* ended meanwhile, and told so */
	}
	/* The table has said so already; a grant is worth a second look. */
	if (c->grant.id == 0 || c->grant.conn != c->id) {
		return SP_EDENIED;
	}
	note_client(c, &in->body.open_target.geometry);
	const struct sp_conf_target *t = sp_conf_target(c->k->conf, c->grant.target);
	if (t == NULL) {
		return sp_conn_refuse_target(c, "there is no such target any more");
	}
	return sp_conn_records(t) ? sp_conn_record_open(c, t, &in->body.open_target.geometry)
				  : sp_conn_open_target(c, t, &in->body.open_target.geometry);
}

int sp_conn_on_target_up(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;

	if (c->state != SP_CONN_WAIT_UP) {
		return SP_OK;
	}
	c->state = SP_CONN_WAIT_BYE;
	sp_conn_timer(c, 0);
	sp_conn_secret_drop(&c->secret);
	sp_conn_secret_drop(&c->delegated);
	sp_session_up(c->session, c->k->unix_time(), c->k->now_us());
	sp_conn_log(c, SP_LOG_INFO, "session %u: target %s is up, %llu ms after the grant",
			c->session->id, c->grant.target,
			(unsigned long long)(c->k->now_us() - c->granted_us) / 1000);
	return SP_OK;
}

int sp_conn_on_target_arc(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;

	sp_session_arc_target(c->session, &in->body.arc);
	return SP_OK;
}

int sp_conn_on_transfer(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_msg_transfer *m = &in->body.transfer;
	static char text[SP_TOLD_TEXT_MAX];

	if (c->session == NULL || c->grant.id == 0) {
		return SP_OK; /* over meanwhile */
	}
	if (!sp_told_may(&c->told, SP_TOLD_RECEIVER, c->k->now_us())) {
		/* An sp-net of ours tells less; one that goes on is none. */
		return c->told.missed <= SP_TOLD_BURST ? SP_OK : SP_ELIMIT;
	}
	uint64_t missed = (uint64_t)m->missed + c->told.missed;
	c->told.missed = 0;
	if (missed > 0) {
		sp_log(SP_LOG_WARN,
				"session %u of %s on %s: %llu transfers more, which were too many",
				c->session->id, c->grant.user.name, c->grant.target,
				(unsigned long long)missed);
	}
	sp_conn_tell_transfer(c, m, missed);
	sp_told_text(text, m);
	sp_log(SP_LOG_INFO, "session %u of %s on %s: %s", c->session->id, c->grant.user.name,
			c->grant.target, text);
	return SP_OK;
}

int sp_conn_on_channel(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_msg_channel *m = &in->body.channel;

	if (c->session == NULL || c->grant.id == 0) {
		return SP_OK; /* over meanwhile */
	}
	if (!sp_told_may(&c->told, SP_TOLD_RECEIVER, c->k->now_us())) {
		return c->told.missed <= SP_TOLD_BURST ? SP_OK : SP_ELIMIT;
	}
	sp_conn_tell_channel(c, m);
	sp_conn_log(c, SP_LOG_DEBUG, "channel \"%s\" %s", m->name,
			m->verdict == SP_TOLD_PASSED ? "opened" : "refused");
	return SP_OK;
}

int sp_conn_on_license(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_msg_license *m = &in->body.license;
	size_t n = 0;
	int rc;

	if (++c->licenses > LICENSES) {
		return SP_ELIMIT;
	}
	if (m->n > 0 || m->drop) {
		rc = m->drop ? sp_store_license_drop(c->k->store, c->grant.target, m->client)
			     : sp_store_license_put(c->k->store, c->grant.target, m->client,
					       sp_span(m->p, m->n));
		if (rc != SP_OK) {
			sp_conn_log(c, SP_LOG_WARN, "licence of target %s not kept: %s",
					c->grant.target, sp_store_why(c->k->store));
		}
		return SP_OK;
	}
	rc = sp_store_license_get(c->k->store, c->grant.target, m->client, m->p, &n);
	if (rc != SP_OK && rc != SP_ENOTFOUND) {
		sp_conn_log(c, SP_LOG_WARN, "licence for target %s not found: %s", c->grant.target,
				sp_store_why(c->k->store));
	}
	m->n = rc == SP_OK ? (uint32_t)n : 0;
	return sp_mon_say(c->net, LICENSE, m);
}
