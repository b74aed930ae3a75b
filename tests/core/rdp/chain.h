/* tests/core/rdp/chain.h - a client, the gate's two legs and a target, joined in memory. */
#ifndef SP_TESTS_CHAIN_H
#define SP_TESTS_CHAIN_H

#include "pair.h"

#include "core/pdu/share.h"
#include "core/rdp/legs.h"
#include "core/rdp/machine.h"

#define CHAIN_MAX_PDUS 256

struct chain_conf {
	struct pair_conf user; /* of the user's client */
	struct sp_legs_conf legs;
	bool own_desktop; /* the gate shows a desktop of its own first */
	uint16_t width, height; /* of the target's desktop; 0: what it is asked for */
};

/* What went to one end, PDU by PDU. */
struct chain_log {
	struct sp_rcbuf *pdu[CHAIN_MAX_PDUS];
	size_t n;
};

/* user.client <-> user.server | desk.client <-> desk.server, where | is the legs. */
struct chain {
	struct chain_conf conf;
	struct pair user, desk;
	struct sp_legs *legs;
	struct sp_gcc_client gcc; /* what the target was told */
	struct sp_info info;
	struct chain_log to_user, to_desk;
	int err; /* the first error of the legs */
	uint64_t now;
};

/* Everything passes, no cookie. */
extern const struct chain_conf chain_default;

/* Up to the user's Client Info, and our own desktop when there is to be one. */
void chain_start(struct chain *c, const struct chain_conf *conf);
/* Then the target; chain_run() does the rest. */
void chain_target(struct chain *c);
/* All of it: both ends are active afterwards, unless c->err. */
void chain_open(struct chain *c, const struct chain_conf *conf);
/* Moves bytes until nothing moves any more. */
void chain_run(struct chain *c);
/* The same between the gate and the target only. */
void chain_run_target(struct chain *c);
void chain_finish(struct chain *c);

/* The last share PDU of that kind that went to an end: false when there was none. */
bool chain_find(const struct chain_log *log, enum sp_share_type type, enum sp_share_data_type type2,
		struct sp_share *out);
size_t chain_count(const struct chain_log *log, enum sp_share_type type,
		enum sp_share_data_type type2);

#endif
