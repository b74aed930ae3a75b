/* gate/ship/sink_syslog.c - messages of [RFC 5424] over TCP and TLS [RFC 5425], counted in octets. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/ship/sink.h"
#include "gate/ship/wire.h"
#include "host/io/loop.h"

#define CONNECT_US 15000000
#define SEND_US 30000000
/*
 * There is no answer in this protocol. What the other machine has acknowledged counts when it
 * kept the connection for a while: a receiver that dies has had the time to read it.
 */
#define HOLD_US 1000000
#define COUNT_MAX 16 /* "131072 " */

struct syslog {
	struct sp_sink base;
	const struct sp_conf_ship *c;
	struct sp_tls_ctx *tls;
	struct sp_wire wire;
	struct sp_wr one;
};

static struct syslog *of(struct sp_sink *s)
{
	return (struct syslog *)s;
}

static int add(struct sp_sink *s, const struct sp_record *r, const struct sp_audit_view *v,
		struct sp_wr *w)
{
	struct syslog *l = of(s);
	char count[COUNT_MAX];

	sp_wr_reset(&l->one);
	int rc = sp_render_message(sp_sink_form(l->c->format), r, v, &l->one);
	if (rc == SP_OK) {
		snprintf(count, sizeof(count), "%zu ", l->one.n);
		sp_wr_put(w, count, strlen(count));
		sp_wr_put(w, l->one.p, l->one.n);
	}
	return rc;
}

static void reset(struct sp_sink *s)
{
	sp_wire_close(&of(s)->wire);
	s->fd = -1;
}

static int put(struct sp_sink *s, struct sp_span batch)
{
	struct syslog *l = of(s);
	int rc = SP_OK;

	if (l->wire.fd >= 0) {
		rc = sp_wire_look(&l->wire, s->why);
	} else {
		rc = sp_wire_open(&l->wire, l->c->host, (uint16_t)l->c->port, l->tls, NULL, NULL,
				sp_now_us() + CONNECT_US, s->why);
		s->fd = l->wire.fd;
	}
	if (rc == SP_OK) {
		rc = sp_wire_put(&l->wire, batch, sp_now_us() + SEND_US, s->why);
	}
	if (rc == SP_OK) {
		rc = sp_wire_settle(&l->wire, sp_now_us() + SEND_US, s->why);
	}
	/* Nothing that a connection does is a judgement of what was sent. */
	return rc == SP_EDENIED ? SP_ESYS : rc;
}

static int look(struct sp_sink *s)
{
	return sp_wire_look(&of(s)->wire, s->why);
}

static void destroy(struct sp_sink *s)
{
	struct syslog *l = of(s);

	reset(s);
	sp_tls_ctx_destroy(l->tls);
	sp_wr_finish(&l->one);
	sp_free(l);
}

struct sp_sink *sp_sink_syslog(
		const struct sp_conf_ship *c, const struct sp_sink_files *f, char why[SP_WHY_MAX])
{
	static const struct sp_sink_impl impl = {
			.add = add, .put = put, .look = look, .reset = reset, .destroy = destroy};
	struct syslog *l = sp_calloc(1, sizeof(*l));

	if (l == NULL) {
		snprintf(why, SP_WHY_MAX, "out of memory");
		return NULL;
	}
	l->base = (struct sp_sink){.impl = &impl, .fd = -1, .hold_us = HOLD_US};
	l->c = c;
	l->wire.fd = -1;
	sp_wr_init(&l->one, 2 * SP_RENDER_MAX);
	if (c->tls) {
		l->tls = sp_tls_client_ctx(f->ca, why);
		if (l->tls == NULL) {
			destroy(&l->base);
			return NULL;
		}
	}
	return &l->base;
}
