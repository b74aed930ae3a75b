/* gate/dial/resolve.h - the addresses of a name, asked for by a process that does nothing else. */
#ifndef SP_GATE_DIAL_RESOLVE_H
#define SP_GATE_DIAL_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "host/io/jail.h"
#include "host/io/loop.h"
#include "host/io/names.h"
#include "host/io/tcp.h"

#define SP_RESOLVE_MAX 8 /* addresses of one name */

/* The addresses, in the order to try them; or none, and a text for people. */
typedef void (*sp_resolve_fn)(void *user, const struct sp_addr *v, size_t n, const char *text);

/*
 * Forks a child that asks until deadline_us, jailed once more. fn is called once from the loop,
 * when the child has ended: it ends by itself at the deadline. SP_ESYS when it cannot be started.
 */
sp_nodiscard int sp_resolve_start(struct sp_loop *l, const char *host, uint16_t port,
		uint64_t deadline_us, sp_resolve_fn fn, void *user);

#endif
