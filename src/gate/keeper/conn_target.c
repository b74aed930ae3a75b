/* gate/keeper/conn_target.c - the target: asked for, opened or refused. */
#include "gate/keeper/conn_part.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "host/io/fdio.h"

static int refuse_target(struct sp_conn *c, const char *name, const char *text)
{
	struct sp_msg_target m = {.result = SP_OPEN_DENIED};

	c->state = SP_CONN_WAIT_END;
	snprintf(m.name, sizeof(m.name), "%s", name);
	snprintf(m.text, sizeof(m.text), "%s", text);
	sp_conn_log(c, SP_LOG_WARN, "target %s not opened for %s: %s", name, c->grant.user.name,
			text);
	return sp_mon_say(c->net, TARGET, &m);
}

int sp_conn_on_open_target(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_conf_target *t = &c->k->conf->target[0];
	struct sp_msg_desktop_open m = {.conn = c->id};

	/* The table has said so already; a grant is worth a second look. */
	if (c->grant.id == 0 || c->grant.conn != c->id) {
		return SP_EDENIED;
	}
	if (c->name.target[0] != '\0' && strcmp(c->name.target, t->name) != 0) {
		return refuse_target(c, t->name, "no such target");
	}
	if (c->k->broker < 0 || t->kind != SP_CONF_DESKTOP) {
		return refuse_target(c, t->name, "desktops are not available now");
	}
	m.geometry = in->body.open_target.geometry;
	snprintf(m.user, sizeof(m.user), "%s", c->grant.user.name);
	snprintf(m.account, sizeof(m.account), "%s",
			t->account[0] != '\0' ? t->account : c->grant.user.name);
	snprintf(m.target, sizeof(m.target), "%s", t->name);
	snprintf(m.command, sizeof(m.command), "%s", t->session);
	if (!inet_ntop((int)c->source.family, c->source.addr, m.from, sizeof(m.from))) {
		m.from[0] = '\0';
	}
	if (sp_mon_say(c->k->broker, DESKTOP_OPEN, &m) != SP_OK) {
		return refuse_target(c, t->name, "desktops are not available now");
	}
	c->state = SP_CONN_WAIT_BROKER;
	sp_watch_at(c->timer, c->k->now_us() + SP_KEEPER_TARGET_US);
	return SP_OK;
}

void sp_conn_target(struct sp_conn *c, int fd, bool fresh, const char *text)
{
	const struct sp_conf_target *t = &c->k->conf->target[0];
	struct sp_msg_target m = {.result = SP_OPEN_OK, .kind = SP_TARGET_DESKTOP};
	int rc;

	if (c->state != SP_CONN_WAIT_BROKER || c->net < 0) {
		sp_fd_close(&fd);
		return;
	}
	sp_watch_at(c->timer, 0);
	if (fd < 0) {
		rc = refuse_target(c, t->name, text);
	} else {
		c->state = SP_CONN_WAIT_END;
		snprintf(m.name, sizeof(m.name), "%s", t->name);
		rc = sp_mon_send(c->net, SP_MSG_TARGET, &m, sizeof(m), &fd, 1);
		sp_fd_close(&fd);
		sp_conn_log(c, SP_LOG_INFO, "user %s opened target %s, %s desktop",
				c->grant.user.name, t->name, fresh ? "new" : "running");
	}
	if (rc != SP_OK) {
		sp_conn_fatal(c, SP_WHY_INTERNAL, sp_err_text(rc));
	}
}
