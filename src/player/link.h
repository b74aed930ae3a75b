/* player/link.h - what the command and its jailed player say to each other; for this folder only. */
#ifndef SP_PLAYER_LINK_H
#define SP_PLAYER_LINK_H

#include <stdint.h>

#include "host/audit/rec.h"
#include "host/audit/rec_key.h"

#define PLAYER_FD 3 /* the player's end */
/* Pixels of the largest picture; the memory that both see has room for it. */
#define PLAYER_SHARED ((size_t)SP_REPLAY_AREA * 4)

/* Structures of fixed size on a SOCK_SEQPACKET. What the player says is not to be believed. */
enum player_type {
	/* Once, with the recording, the shared memory and, where there is one, the index. */
	PLAYER_START = 1,
	PLAYER_GO, /* the newest counts */

	PLAYER_OPENED = 100, /* or FAILED; answers START */
	PLAYER_SHOWN, /* answers a GO: the picture is in the shared memory until the next one */
	PLAYER_BUSY, /* it takes a while */
	PLAYER_FAILED, /* the last */
};

struct player_start {
	uint8_t key[SP_REC_KEY];
	uint8_t has_index;
};

struct player_go {
	uint64_t seq;
	uint64_t us; /* since the recording began; UINT64_MAX: the end there is now */
	uint8_t pointer; /* draw it into the picture */
};

struct player_opened {
	char id[SP_REC_ID + 1];
	char user[SP_REC_TEXT], target[SP_REC_TEXT], host[SP_REC_TEXT], from[64];
	uint64_t wall_us, end_us;
	uint32_t most_w, most_h; /* of all pictures; 0: not known */
	uint8_t whole;
};

struct player_shown {
	uint64_t seq;
	uint64_t at_us, next_us, end_us; /* next_us UINT64_MAX: nothing follows, or not yet */
	uint64_t damaged, keys;
	uint32_t w, h; /* 0: there is no picture */
	int32_t changed[4]; /* x, y, w, h */
	uint8_t whole, active;
	char why[SP_REC_WHY]; /* why it goes no further; "" */
};

struct player_busy {
	uint64_t seq, at_us;
};

struct player_failed {
	int32_t err;
	char why[SP_REC_WHY];
};

#endif
