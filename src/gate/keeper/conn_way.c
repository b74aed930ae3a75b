/* gate/keeper/conn_way.c - see conn_way.h. */
#include "gate/keeper/conn_way.h"

#include "gate/keeper/conn_tell.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "host/io/fdio.h"

#define SECOND UINT64_C(1000000)
/* Beyond what sp-dial was given, and for the parent to start a process. */
#define DIAL_US ((SP_CONN_DIAL_MS / 1000 + 5) * SECOND)
#define LEG_US (10 * SECOND)
#define NETWORK_BITS(family) ((family) == AF_INET ? 32u : 128u)

void sp_conn_way_close(struct sp_conn *c)
{
	sp_fd_close(&c->way.fd);
}

void sp_conn_way_host(const char *address, char host[SP_TEXT_HOST])
{
	const char *colon = strrchr(address, ':');
	size_t n = colon != NULL ? (size_t)(colon - address) : strlen(address);

	if (address[0] == '[' && n >= 2 && address[n - 1] == ']') {
		address++;
		n -= 2;
	}
	snprintf(host, SP_TEXT_HOST, "%.*s", (int)n, address);
}

/* "db1: no rule allows it any more". */
static int refuse(struct sp_conn *c, const char *what)
{
	char text[SP_TEXT_WHY];

	snprintf(text, sizeof(text), "%s: %.100s", c->grant.target, what);
	return sp_conn_refuse_target(c, text);
}

/* "db1 cannot be reached: connection refused". */
static int unreachable(struct sp_conn *c, const char *what)
{
	char text[SP_TEXT_WHY];

	snprintf(text, sizeof(text), "%s cannot be reached: %.80s", c->grant.target, what);
	return sp_conn_refuse_target(c, text);
}

static int refuse_silent(struct sp_conn *c)
{
	char text[SP_TEXT_WHY];

	snprintf(text, sizeof(text), "%s does not answer", c->grant.target);
	return sp_conn_refuse_target(c, text);
}

int sp_conn_way_open(struct sp_conn *c, const char *address)
{
	struct sp_msg_dial m = {.conn = c->id, .timeout_ms = SP_CONN_DIAL_MS};

	sp_conn_way_close(c);
	snprintf(c->way.address, sizeof(c->way.address), "%s", address);
	snprintf(m.address, sizeof(m.address), "%s", address);
	if (c->k->dial < 0 || sp_mon_say(c->k->dial, DIAL, &m) != SP_OK) {
		return refuse(c, "other machines cannot be reached now");
	}
	c->state = SP_CONN_WAIT_DIAL;
	sp_conn_timer(c, DIAL_US);
	return SP_OK;
}

/* The socket is there: a process for the login, before sp-net hears of it. */
static int want_leg(struct sp_conn *c)
{
	struct sp_msg_login_start m = {.conn = c->id};

	c->state = SP_CONN_WAIT_LEG;
	sp_conn_timer(c, LEG_US);
	return sp_mon_say(c->k->control, LOGIN_START, &m);
}

void sp_conn_dialed(struct sp_conn *c, int fd, const char *address, const char *text)
{
	int rc;

	if (c->state != SP_CONN_WAIT_DIAL || c->net < 0) {
		sp_fd_close(&fd);
		return;
	}
	if (fd < 0) {
		rc = strcmp(text, "no answer") == 0 ? refuse_silent(c) : unreachable(c, text);
	} else {
		c->way.fd = fd;
		snprintf(c->way.answered, sizeof(c->way.answered), "%s", address);
		sp_conn_log(c, SP_LOG_DEBUG, "target %s answers at %s", c->grant.target, address);
		sp_conn_tell_connect(c, true, "");
		rc = want_leg(c);
	}
	if (rc != SP_OK) {
		sp_conn_fatal(c, SP_WHY_INTERNAL, sp_err_text(rc));
	}
}

/* A name for SNI and the service; an address is none. */
static void name_of(const char *address, char name[SP_TEXT_HOST])
{
	uint8_t bytes[16];

	sp_conn_way_host(address, name);
	if (inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1) {
		name[0] = '\0';
	}
}

/* Target's socket and login link go to sp-net; the questions stay here. */
static int give(struct sp_conn *c, int link)
{
	const struct sp_conf_target *t = sp_conf_target(c->k->conf, c->grant.target);
	struct sp_msg_target m = {.kind = SP_TARGET_RDP};
	int fds[SP_MON_FDS] = {c->way.fd, link};
	size_t n = 2;

	if (t == NULL || t->kind != SP_CONF_RDP || !sp_conn_fill_target(c, t, &m)) {
		return refuse(c, "no rule allows it any more");
	}
	name_of(t->address, m.host);
	m.tls_only = t->tls_only;
	m.route_n = c->way.route_n;
	memcpy(m.route, c->way.route, sizeof(m.route));
	c->state = SP_CONN_WAIT_UP;
	sp_conn_timer(c, SP_KEEPER_TARGET_US);
	sp_permit_allow(&c->net_may, SP_MSG_TARGET_UP);
	sp_permit_allow(&c->net_may, SP_MSG_TARGET_ARC);
	sp_permit_allow(&c->net_may, SP_MSG_TRANSFER);
	sp_permit_allow(&c->net_may, SP_MSG_CHANNEL);
	sp_permit_allow(&c->net_may, SP_MSG_LICENSE);
	sp_permit_allow(&c->net_may, SP_MSG_REDIRECT);
	sp_conn_tell_start(c, &m.channels);
	sp_conn_record_fill(c, &m, fds, &n);
	int rc = sp_conn_send(c, SP_MSG_TARGET, &m, sizeof(m), fds, n);
	sp_conn_record_given(c);
	sp_conn_way_close(c);
	return rc;
}

void sp_conn_leg_started(struct sp_conn *c, int leg, int link, const char *text)
{
	int rc;

	if (c->state != SP_CONN_WAIT_LEG || c->net < 0) {
		sp_fd_close(&leg);
	} else if (leg < 0) {
		sp_conn_log(c, SP_LOG_ERROR, "no login at target %s: %s", c->grant.target, text);
		rc = refuse(c, "its login could not be started");
		if (rc != SP_OK) {
			sp_conn_fatal(c, SP_WHY_INTERNAL, sp_err_text(rc));
		}
	} else {
		rc = sp_conn_watch_leg(c, leg);
		rc = rc == SP_OK ? give(c, link) : rc;
		if (rc != SP_OK) {
			sp_conn_fatal(c, SP_WHY_INTERNAL, sp_err_text(rc));
		}
	}
	sp_fd_close(&link);
}

void sp_conn_way_late(struct sp_conn *c)
{
	char text[SP_TEXT_WHY];

	if (c->state == SP_CONN_WAIT_UP) {
		/* sp-net has the socket and waits as we do. */
		snprintf(text, sizeof(text), "%s does not answer", c->grant.target);
		sp_conn_log(c, SP_LOG_WARN, "target %s not up in time", c->grant.target);
		sp_conn_tell_connect(c, false, text);
		sp_session_end(c->session, SP_WHY_TARGET, SP_SESSION_INFO_DENIED, text,
				c->k->now_us());
		return;
	}
	int rc = c->state == SP_CONN_WAIT_DIAL ? refuse_silent(c)
					       : refuse(c, "its login could not be started");
	if (rc != SP_OK) {
		sp_conn_fatal(c, SP_WHY_INTERNAL, sp_err_text(rc));
	}
}

/* ---- redirections ---- */

/* A number, with or without a port; false for anything else. */
static bool number_of(const char *text, struct sp_conf_net *out)
{
	char host[SP_TEXT_HOST];

	*out = (struct sp_conf_net){0};
	for (int with_port = 0; with_port < 2; with_port++) {
		if (with_port) {
			sp_conn_way_host(text, host);
		} else {
			snprintf(host, sizeof(host), "%s", text);
		}
		if (inet_pton(AF_INET, host, out->addr) == 1) {
			out->family = AF_INET;
		} else if (inet_pton(AF_INET6, host, out->addr) == 1) {
			out->family = AF_INET6;
		}
		if (out->family != 0) {
			out->bits = NETWORK_BITS(out->family);
			return true;
		}
	}
	return false;
}

static bool within(const struct sp_conf_net *net, const struct sp_conf_net *host)
{
	uint32_t whole = net->bits / 8, rest = net->bits % 8;

	if (net->family != host->family || net->bits > NETWORK_BITS(net->family)) {
		return false;
	}
	if (memcmp(net->addr, host->addr, whole) != 0) {
		return false;
	}
	return rest == 0 || (net->addr[whole] ^ host->addr[whole]) >> (8 - rest) == 0;
}

static const char *port_of(const char *address)
{
	const char *colon = strrchr(address, ':');

	return colon != NULL ? colon + 1 : "3389";
}

bool sp_conn_way_allowed(const struct sp_conf_target *t, const struct sp_conn_way *way,
		const char *address, char dial[SP_TEXT_HOST])
{
	struct sp_conf_net to, self;
	char text[INET6_ADDRSTRLEN];

	if (address[0] == '\0') {
		snprintf(dial, SP_TEXT_HOST, "%s", way->address);
		return true;
	}
	if (!number_of(address, &to)) {
		return false;
	}
	bool ok = number_of(way->answered, &self) && within(&self, &to);
	for (size_t i = 0; !ok && i < t->n_redirects; i++) {
		ok = within(&t->redirects[i], &to);
	}
	if (!ok || inet_ntop((int)to.family, to.addr, text, sizeof(text)) == NULL) {
		return false;
	}
	/* The port is the configured one: a target does not choose a service. */
	snprintf(dial, SP_TEXT_HOST, to.family == AF_INET6 ? "[%s]:%s" : "%s:%s", text,
			port_of(t->address));
	return true;
}

/* What the redirection brings to log in with; without a password it is what it was. */
static int take_secret(struct sp_conn *c, const struct sp_msg_redirect *m)
{
	if (m->password_n == 0) {
		return SP_OK;
	}
	struct sp_conn_secret *s = sp_conn_secret_set(&c->secret);
	if (s == NULL) {
		return SP_ENOMEM;
	}
	snprintf(s->user, sizeof(s->user), "%s", m->user);
	snprintf(s->domain, sizeof(s->domain), "%s", m->domain);
	if (m->rdstls) {
		s->rdstls = true;
		s->blob_n = m->password_n;
		s->guid_n = m->guid_n;
		memcpy(s->blob, m->password, sizeof(s->blob));
		memcpy(s->guid, m->guid, sizeof(s->guid));
		return SP_OK;
	}
	/* UTF-16LE with its NUL. */
	return sp_utf16_to_utf8(sp_span(m->password, m->password_n & ~UINT32_C(1)), s->password,
			       sizeof(s->password))
			? SP_OK
			: SP_EFIELD;
}

int sp_conn_on_redirect(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_msg_redirect *m = &in->body.redirect;
	const struct sp_conf_target *t = sp_conf_target(c->k->conf, c->grant.target);
	char dial[SP_TEXT_HOST];

	if (c->state != SP_CONN_WAIT_UP && c->state != SP_CONN_WAIT_BYE) {
		return SP_OK; /* ended meanwhile, and told so */
	}
	sp_conn_close_leg(c);
	if (t == NULL || t->kind != SP_CONF_RDP) {
		return refuse(c, "there is no such target any more");
	}
	if (++c->way.redirects > SP_CONN_REDIRECTS) {
		return refuse(c, "sends from one machine to the next without end");
	}
	if (!sp_conn_way_allowed(t, &c->way, m->address, dial)) {
		sp_conn_log(c, SP_LOG_WARN,
				"target %s sends to \"%.100s\", which its redirects do not name",
				t->name, m->address);
		return refuse(c, "sends to a machine that it may not send to");
	}
	if (take_secret(c, m) != SP_OK) {
		return refuse(c, "sends to another machine with a password that cannot be used");
	}
	c->way.route_n = m->route_n;
	memcpy(c->way.route, m->route, sizeof(c->way.route));
	sp_conn_log(c, SP_LOG_INFO, "target %s sends to %s", t->name, dial);
	return sp_conn_way_open(c, dial);
}
