/* scan/probe_link.h - what the command and sp-probe say to each other, being of one build. */
#ifndef SP_SCAN_PROBE_LINK_H
#define SP_SCAN_PROBE_LINK_H

#include <stdint.h>

#include "host/io/tcp.h"
#include "scan/facts.h"

/* What sp-probe finds when it starts. */
#define SP_PROBE_FD 3 /* the link to whoever started it */
#define SP_PROBE_FD_MARK 4 /* memory with a struct sp_probe_mark */

enum sp_probe_message {
	SP_PROBE_SETUP = 1, /* command: struct sp_probe_setup; once, first */
	SP_PROBE_ORDER, /* command: struct sp_probe_order */
	SP_PROBE_STOP, /* command: hand over what there is; empty */
	SP_PROBE_READY, /* sp-probe: jailed; empty */
	SP_PROBE_FACTS, /* sp-probe: struct sp_scan_facts, once per order */
};

/* Which endpoint is being worked on, to be read when the process has died. */
struct sp_probe_mark {
	volatile uint64_t number; /* and one; 0: none */
	volatile uint64_t turn; /* counts; one that stands still is hanging */
};

struct sp_probe_setup {
	uint32_t at_once; /* orders that may be open */
	uint32_t rate; /* connections per second, all together */
	uint32_t pause_ms; /* between two connections to one address */
	uint32_t connect_ms, step_ms, endpoint_ms;
};

/* One endpoint. Two of one address are worked on one after the other. */
struct sp_probe_order {
	uint64_t number;
	char host[SP_SCAN_TEXT];
	struct sp_addr to;
	uint16_t web_port; /* 0: not asked */
	uint16_t udp; /* 1: asked */
	uint32_t lone; /* 1: its web is asked for even where the port is silent */
};

#endif
