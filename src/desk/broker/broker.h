/* desk/broker/broker.h - the table of living desktops, and the keeper's wishes. */
#ifndef SP_DESK_BROKER_BROKER_H
#define SP_DESK_BROKER_BROKER_H

#include "core/base/attr.h"
#include "host/conf/conf.h"
#include "host/io/loop.h"

#define SP_BROKER_DESKS 256

struct sp_broker_conf {
	const char *state; /* directory of the service; empty: none */
	/* Whose targets name Unix accounts: the keeper's word is not enough for root's. */
	const struct sp_conf *conf;
	const char *level; /* of the log, as a name */
	int keeper; /* socket; stays the caller's */
};

/* Serves until SIGTERM, SIGINT or the keeper's end; then ends all desktops. The exit status. */
sp_nodiscard int sp_broker_run(const struct sp_broker_conf *conf);

#endif
