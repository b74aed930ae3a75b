/* gate/ship/wire.h - a connection out, with or without TLS, used by waiting for it. */
#ifndef SP_GATE_SHIP_WIRE_H
#define SP_GATE_SHIP_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "host/io/fdio.h"
#include "host/io/tcp.h"
#include "host/io/tls.h"

/* Is a connection to this address wanted? NULL: all are. */
typedef bool (*sp_wire_guard_fn)(const struct sp_addr *to, const void *user);

struct sp_wire {
	int fd; /* -1: not connected */
	struct sp_tls *tls; /* NULL: without */
};

/*
 * Looks the host up, connects to its addresses in turn, and where ctx is not NULL speaks TLS and
 * has the certificate checked for that host. All until deadline_us of sp_now_us(). Else why.
 */
sp_nodiscard int sp_wire_open(struct sp_wire *w, const char *host, uint16_t port,
		struct sp_tls_ctx *ctx, sp_wire_guard_fn guard, const void *user,
		uint64_t deadline_us, char why[SP_WHY_MAX]);
/* Accepts one that is not open. */
void sp_wire_close(struct sp_wire *w);
/* All of it, until the system has it. */
sp_nodiscard int sp_wire_put(struct sp_wire *w, struct sp_span bytes, uint64_t deadline_us,
		char why[SP_WHY_MAX]);
/* Waits until the other machine has acknowledged all that was put. */
sp_nodiscard int sp_wire_settle(struct sp_wire *w, uint64_t deadline_us, char why[SP_WHY_MAX]);
/* What has come, at least one byte; how many. SP_ECLOSED, SP_ETIMEOUT, ... */
sp_nodiscard int sp_wire_get(struct sp_wire *w, uint8_t *to, size_t cap, uint64_t deadline_us,
		char why[SP_WHY_MAX]);
/* SP_OK while the other side is there; what it says is thrown away. Never waits. */
sp_nodiscard int sp_wire_look(struct sp_wire *w, char why[SP_WHY_MAX]);

#endif
