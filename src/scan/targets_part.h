/* scan/targets_part.h - what targets.c and targets_once.c share. */
#ifndef SP_SCAN_TARGETS_PART_H
#define SP_SCAN_TARGETS_PART_H

#include "scan/targets.h"

struct sp_target {
	char host[SP_SCAN_TEXT];
	uint16_t port; /* 0: all that are asked for */
	bool name; /* its addresses come from a name server */
	bool again; /* another target is the same, or has it in it */
	const char *why; /* it has no address; static */
	struct sp_addr *addr; /* n of them; of a range its first one */
	size_t n;
	uint64_t range; /* addresses from addr[0] on; 0: none */
	uint64_t elsewhere; /* endpoints of a range that are targets of their own */
};

struct sp_targets {
	struct sp_target *v;
	size_t n, cap;
	uint16_t port[SP_TARGETS_PORTS];
	size_t n_ports;
	size_t at, at_port; /* the next endpoint */
	uint64_t at_addr;
	uint32_t *lone; /* sp_targets_once(): addresses that were written down, sorted */
	size_t n_lone;
};

/* Why a name has no address, by what getaddrinfo(3) says. Static. */
const char *sp_targets_why(int err);
/* The address `by` further on. */
void sp_target_step(struct sp_addr *a, uint64_t by);
/* Marks what is there twice, so that each endpoint comes once; the ports are known. SP_ENOMEM. */
sp_nodiscard int sp_targets_once(struct sp_targets *t);
/* Of a range: is this address, at the port number at_port, a target of its own? */
bool sp_target_elsewhere(const struct sp_targets *t, const struct sp_addr *a, uint16_t port);

#endif
