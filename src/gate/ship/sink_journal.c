/* gate/ship/sink_journal.c - records to journald, by its native protocol: a datagram for each. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "gate/ship/sink.h"
#include "host/audit/story.h"

#define BUFFER (1024 * 1024)
#define SEND_S 5

struct journal {
	struct sp_sink base;
	int fd;
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
	} to;
};

static struct journal *of(struct sp_sink *s)
{
	return (struct journal *)s;
}

/* NAME, line feed, the length of the value (64 bits, little endian), value, line feed. */
static size_t open_value(struct sp_wr *w, const char *name)
{
	sp_wr_put(w, name, strlen(name));
	sp_wr_u8(w, '\n');
	return sp_wr_hole(w, 8);
}

static void close_value(struct sp_wr *w, size_t at)
{
	if (sp_wr_ok(w) == SP_OK) {
		sp_wr_fill_le32(w, at, w->n - at - 8);
	}
	sp_wr_u8(w, '\n');
}

static void field(struct sp_wr *w, const char *name, struct sp_span value)
{
	size_t at = open_value(w, name);

	sp_wr_span(w, value);
	close_value(w, at);
}

static void text_field(struct sp_wr *w, const char *name, const char *text)
{
	field(w, name, sp_span(text, strlen(text)));
}

static void num_field(struct sp_wr *w, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	text_field(w, name, text);
}

static void hex_field(struct sp_wr *w, const char *name, struct sp_span bytes)
{
	size_t at = open_value(w, name);

	for (size_t i = 0; i < bytes.n; i++) {
		char pair[3];
		snprintf(pair, sizeof(pair), "%02x", bytes.p[i]);
		sp_wr_put(w, pair, 2);
	}
	close_value(w, at);
}

/* "actor.user" is SALLYPORT_ACTOR_USER. */
static void event_field(struct sp_wr *w, const struct sp_audit_field *f)
{
	char name[64];
	int n = snprintf(name, sizeof(name), "SALLYPORT_%s", sp_field_name(f->field));

	for (int i = 0; i < n && (size_t)i < sizeof(name) - 1; i++) {
		char c = name[i];
		name[i] = 'a' <= c && c <= 'z'         ? (char)(c - 'a' + 'A')
				: c == '.' || c == '-' ? '_'
						       : c;
	}
	if (f->type == SP_FIELD_NUM) {
		num_field(w, name, f->num);
	} else if (f->type == SP_FIELD_BYTES) {
		hex_field(w, name, f->bytes);
	} else {
		field(w, name, f->bytes);
	}
}

static int add(struct sp_sink *s, const struct sp_record *r, const struct sp_audit_view *v,
		struct sp_wr *w)
{
	size_t at = sp_wr_hole(w, 4), message = open_value(w, "MESSAGE");
	int rc = sp_story(v, w);

	close_value(w, message);
	num_field(w, "PRIORITY", sp_render_priority(v->severity));
	text_field(w, "SYSLOG_IDENTIFIER", "sallyport");
	text_field(w, "SYSLOG_FACILITY", "13");
	num_field(w, "SALLYPORT_SEQ", r->seq);
	num_field(w, "SALLYPORT_TIME", r->wall_ns);
	text_field(w, "SALLYPORT_HOST", r->host);
	text_field(w, "SALLYPORT_EVENT", sp_audit_name(v->kind));
	text_field(w, "SALLYPORT_SEVERITY", sp_severity_text(v->severity));
	text_field(w, "SALLYPORT_OUTCOME", sp_outcome_text(v->outcome));
	for (size_t i = 0; i < v->n; i++) {
		event_field(w, &v->f[i]);
	}
	hex_field(w, "SALLYPORT_HASH", sp_span(r->hash, sizeof(r->hash)));
	if (sp_wr_ok(w) == SP_OK) {
		sp_wr_fill_le32(w, at, w->n - at - 4);
	}
	return rc != SP_OK ? rc : sp_wr_ok(w);
}

static int put(struct sp_sink *s, struct sp_span batch)
{
	struct journal *j = of(s);
	struct sp_rd r;

	sp_rd_init(&r, batch.p, batch.n);
	while (sp_rd_left(&r) > 0) {
		size_t n = sp_rd_le32(&r);
		struct sp_span one = sp_rd_span(&r, n);
		if (sp_rd_ok(&r) != SP_OK) {
			return SP_EBUG;
		}
		if (sendto(j->fd, one.p, one.n, MSG_NOSIGNAL, &j->to.sa, sizeof(j->to.un)) < 0) {
			snprintf(s->why, sizeof(s->why), "%.107s: %s", j->to.un.sun_path,
					strerror(errno));
			return errno == EMSGSIZE ? SP_EDENIED : SP_ESYS;
		}
	}
	return SP_OK;
}

static int look(struct sp_sink *s)
{
	return SP_OK;
}

static void reset(struct sp_sink *s)
{
}

static void destroy(struct sp_sink *s)
{
	sp_fd_close(&of(s)->fd);
	sp_free(s);
}

struct sp_sink *sp_sink_journal(const struct sp_conf_ship *c, char why[SP_WHY_MAX])
{
	static const struct sp_sink_impl impl = {
			.add = add, .put = put, .look = look, .reset = reset, .destroy = destroy};
	struct timeval limit = {.tv_sec = SEND_S};
	struct journal *j = sp_calloc(1, sizeof(*j));
	int size = BUFFER;

	if (j == NULL) {
		snprintf(why, SP_WHY_MAX, "out of memory");
		return NULL;
	}
	j->base = (struct sp_sink){.impl = &impl, .fd = -1};
	j->to.un.sun_family = AF_UNIX;
	j->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int n = snprintf(j->to.un.sun_path, sizeof(j->to.un.sun_path), "%s", c->path);
	if (j->fd < 0 || !(0 < n && (size_t)n < sizeof(j->to.un.sun_path)) ||
			setsockopt(j->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0) {
		snprintf(why, SP_WHY_MAX, "%.200s: no socket", c->path);
		destroy(&j->base);
		return NULL;
	}
	/* As much as the system gives; by default it is enough for any record. */
	(void)setsockopt(j->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return &j->base;
}
