/* scan/targets.h - what is to be scanned, as people write it, and endpoint after endpoint of it. */
#ifndef SP_SCAN_TARGETS_H
#define SP_SCAN_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "host/io/fdio.h"
#include "host/io/tcp.h"
#include "scan/scan.h"

#define SP_TARGETS_MAX 65536 /* that are written down; a range is one */
#define SP_TARGETS_PORTS 64
#define SP_TARGETS_RANGE_BITS 24 /* of addresses in one range */
#define SP_TARGETS_ADDRESSES 256 /* of one name */

struct sp_targets;

/* NULL without memory. */
sp_nodiscard struct sp_targets *sp_targets_create(void);
/* Accepts NULL. */
void sp_targets_destroy(struct sp_targets *t);
/*
 * "name", "192.0.2.1", "host:3390", "[2001:db8::1]:3390", "10.0.0.0/24", "fd00::/120"; "@FILE" has
 * one a line, with '#' comments; the file "-" is standard input. "rdp://" before one is no harm. SP_EARG and the like, and why.
 */
sp_nodiscard int sp_targets_add(struct sp_targets *t, const char *text, char why[SP_WHY_MAX]);
sp_nodiscard int sp_targets_add_file(struct sp_targets *t, const char *path, char why[SP_WHY_MAX]);
/* "3389,3390-3400": for every target without a port of its own; else 3389. */
sp_nodiscard int sp_targets_ports(struct sp_targets *t, const char *list, char why[SP_WHY_MAX]);
/*
 * Looks up all names at the same time, until deadline_us of sp_now_us(); and of what was named twice
 * (in a network, too) one is left. Once, when targets and ports are there.
 */
sp_nodiscard int sp_targets_resolve(struct sp_targets *t, uint64_t deadline_us);
/* The first address that anybody could reach from anywhere, as text; false: all are local. */
bool sp_targets_public(const struct sp_targets *t, char out[SP_ADDR_TEXT_MAX]);
bool sp_targets_empty(const struct sp_targets *t);
/* How many endpoints there are. */
uint64_t sp_targets_count(const struct sp_targets *t);

/*
 * The next endpoint, all ports of an address before the next address. 1: host and to are filled
 * in, first: it is the first one of its address; 0: there are no more; SP_ENOTFOUND: host has no
 * address, why says so.
 */
sp_nodiscard int sp_targets_next(struct sp_targets *t, struct sp_scan_endpoint *out, bool *first,
		char why[SP_WHY_MAX]);

#endif
