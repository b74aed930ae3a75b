/* gate/ship/board.h - what the processes of sp-ship know of each other: one page of shared numbers. */
#ifndef SP_GATE_SHIP_BOARD_H
#define SP_GATE_SHIP_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

#include "host/conf/conf.h"
#include "host/monitor/msg.h"

/* X(NAME, "program"): of which we know how much memory they have. */
#define SP_BOARD_ROLES(X) \
	X(PARENT, "sallyportd") \
	X(KEEPER, "sp-keeper") \
	X(BROKER, "sp-broker") \
	X(DIAL, "sp-dial") \
	X(SCRIBE, "sp-scribe") \
	X(SHIP, "sp-ship") \
	X(NET, "sp-net") \
	X(LOGIN, "sp-login") \
	X(TARGET, "sp-target") \
	X(RECORDER, "sp-recorder")

enum sp_board_role {
#define X(name, program) SP_BOARD_##name,
	SP_BOARD_ROLES(X)
#undef X
	SP_BOARD_COUNT
};

#define SP_BOARD_FIGURES (sizeof(struct sp_msg_ship_figures) / sizeof(uint64_t))

/* Each number is written by one process; a reader takes them as they come. */
struct sp_board {
	_Atomic uint64_t head; /* the last record there is, as the watcher saw it */
	_Atomic int64_t cert_until; /* seconds since 1970; 0: not known */
	struct {
		_Atomic uint32_t up; /* it takes what is sent */
		_Atomic uint64_t done, done_ns; /* its mark */
		_Atomic uint64_t sent, failures, missed;
	} to[SP_CONF_SHIPS];
	struct {
		_Atomic uint32_t processes;
		_Atomic uint64_t bytes;
	} role[SP_BOARD_COUNT];
	_Atomic uint32_t has_figures; /* 1: the next are there, in the order of the message */
	_Atomic uint64_t figure[SP_BOARD_FIGURES];
};

#endif
