/* scan/scan.h - a scan: endpoints go to sp-probe, which is jailed, and facts come back. */
#ifndef SP_SCAN_SCAN_H
#define SP_SCAN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "host/io/fdio.h"
#include "host/io/tcp.h"
#include "scan/facts.h"

#define SP_SCAN_AT_ONCE 512
#define SP_SCAN_AT_ONCE_MAX 1024

struct sp_scan_conf {
	uint32_t at_once; /* endpoints at the same time; all of these: 0 is the default */
	uint32_t rate; /* connections per second, all together */
	uint32_t pause_ms; /* between two connections to one address */
	bool no_pause;
	uint32_t connect_ms, step_ms, endpoint_ms;
	uint32_t hang_ms; /* for one answer, then its reader is ended */
	bool interrupt; /* SIGINT and SIGTERM end it, with what there is */
};

struct sp_scan_endpoint {
	char host[SP_SCAN_TEXT]; /* as it was asked for */
	struct sp_addr to;
	uint16_t web_port; /* 0: not asked */
	bool udp;
	bool lone; /* its web is asked for even where the port is silent */
};

struct sp_scan_count {
	uint64_t begun, done;
	uint64_t rdp; /* of done: RDP services */
	bool all; /* no more will begin */
};

struct sp_scan_calls {
	/* The next endpoint; false: there are no more. */
	bool (*next)(void *user, struct sp_scan_endpoint *out);
	/* Valid facts, as they come; a number other than 0 ends the scan with it. */
	int (*facts)(void *user, const struct sp_scan_facts *f);
	/* Twice a second; may be NULL. */
	void (*progress)(void *user, const struct sp_scan_count *c);
};

/*
 * Runs until every endpoint has its facts. SP_OK; SP_ECLOSED when it was interrupted; what facts
 * answered; or an error and why.
 */
sp_nodiscard int sp_scan_run(const struct sp_scan_conf *conf, const struct sp_scan_calls *calls,
		void *user, char why[SP_WHY_MAX]);

#endif
