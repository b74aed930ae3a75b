/* gate/ship/sink.h - where records go: one kind of destination each, blocking, in a process of its own. */
#ifndef SP_GATE_SHIP_SINK_H
#define SP_GATE_SHIP_SINK_H

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/wr.h"
#include "host/audit/record.h"
#include "host/audit/render.h"
#include "host/conf/ship.h"
#include "host/io/fdio.h"
#include "host/io/tcp.h"

struct sp_sink;

struct sp_sink_impl {
	/* Appends a record to what is to be sent; 1: and this batch is to end with it. */
	int (*add)(struct sp_sink *s, const struct sp_record *r, const struct sp_audit_view *v,
			struct sp_wr *w);
	/*
	 * Sends it all, and waits until the other side has it. SP_EDENIED: it will never take this;
	 * else it may be tried again. Why is in s->why.
	 */
	int (*put)(struct sp_sink *s, struct sp_span batch);
	/* Is the other side still there? What it was sent last counts once it stayed for hold_us. */
	int (*look)(struct sp_sink *s);
	/* Forgets connection or file; the next put begins anew. */
	void (*reset)(struct sp_sink *s);
	void (*destroy)(struct sp_sink *s);
};

struct sp_sink {
	const struct sp_sink_impl *impl;
	uint64_t hold_us;
	int fd; /* readable when the other side goes; -1: there is none */
	bool from_now; /* at its first start it does not get what was before */
	char why[SP_WHY_MAX];
};

/* What a destination needs from files that its process may not read: borrowed. */
struct sp_sink_files {
	struct sp_span ca, secret;
};

/* NULL without memory, or where TLS has no authorities: `why`. */
sp_nodiscard struct sp_sink *sp_sink_file(const struct sp_conf_ship *c, char why[SP_WHY_MAX]);
sp_nodiscard struct sp_sink *sp_sink_syslog(
		const struct sp_conf_ship *c, const struct sp_sink_files *f, char why[SP_WHY_MAX]);
sp_nodiscard struct sp_sink *sp_sink_journal(const struct sp_conf_ship *c, char why[SP_WHY_MAX]);
sp_nodiscard struct sp_sink *sp_sink_hook(
		const struct sp_conf_ship *c, const struct sp_sink_files *f, char why[SP_WHY_MAX]);

/* May a webhook call this address? With `loopback` only those of this machine, else none of them. */
bool sp_sink_hook_wanted(const struct sp_addr *to, bool loopback);

/* "cef" of the configuration as the audit has it. */
enum sp_render sp_sink_form(enum sp_ship_format format);

#endif
