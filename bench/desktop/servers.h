/* bench/desktop/servers.h - the servers under measurement, ours and the installed peers'. */
#ifndef SP_BENCH_SERVERS_H
#define SP_BENCH_SERVERS_H

#include <stdbool.h>

#include "core/base/attr.h"
#include "desktop/bench.h"
#include "desktop/client.h"

struct server {
	const char *name;
	const char *stack; /* how the names of its programs begin, with spaces between */
	bool nla;
	bool own_desktops; /* it starts desktops; else it shares one */
	bool avc; /* it has H.264 */
	bool x_encodes; /* a part of the work is done within its X server */
	enum client_graphics graphics; /* by which it shows films and text best, but for H.264 */
	/* False and said on standard error when it is not installed or does not start. */
	bool (*start)(struct bench *b, struct server *s);
	/* After its processes were ended. May be NULL. */
	void (*cleanup)(struct bench *b, struct server *s);

	/* From start on. */
	char version[96]; /* "xrdp 0.9.21.1" */
	struct client_target target;
	char user[64], password[64];
};

#define SERVERS 3
/* Ours first. */
extern struct server servers[SERVERS];

/* Ends all of it, and what it left behind. */
void server_stop(struct bench *b, struct server *s);
/* Ends the session of the desktop, and waits until its X server is gone. */
sp_nodiscard bool server_end_desktop(struct bench *b, const struct server *s);

#endif
