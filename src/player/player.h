/* player/player.h - the command's side of a recording that is shown: a jailed process does the work. */
#ifndef SP_PLAYER_PLAYER_H
#define SP_PLAYER_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "host/audit/rec_key.h"

struct sp_player;

#define SP_PLAYER_END UINT64_MAX

struct sp_player_conf {
	int recording, index; /* index: -1 for none; both stay the caller's */
	/* Of an auditor. It stays here: the process gets the recording's own key. */
	const struct sp_rec_key *key;
};

/* Texts hold no control characters. */
struct sp_player_info {
	char id[SP_REC_ID + 1];
	char user[SP_REC_TEXT], target[SP_REC_TEXT], host[SP_REC_TEXT], from[64];
	uint64_t wall_us; /* when it began */
	uint64_t end_us; /* how long it is, so far */
	uint32_t most_w, most_h; /* of all pictures, at most SP_REPLAY_SIDE; 0: not known */
	bool whole;
};

struct sp_player_shown {
	uint64_t at_us; /* of the last frame taken */
	uint64_t next_us; /* of the one behind it; SP_PLAYER_END: there is none, or not yet */
	uint64_t end_us;
	uint64_t damaged; /* messages that could not be shown */
	uint64_t keys; /* key frames that were started from */
	bool whole; /* end_us will not grow */
	bool active; /* the client had a desktop then */
	uint32_t w, h; /* INVARIANT: w * h pixels are there; 0: no picture */
	struct sp_rect changed; /* INVARIANT: within w, h; since the one before */
	const uint8_t *px; /* BGRX, w * 4 bytes a row; NULL without a picture */
	const char *why; /* why it goes no further; "" */
};

/* Starts the process and waits until it has read the beginning. */
sp_nodiscard int sp_player_open(
		struct sp_player **out, const struct sp_player_conf *conf, char why[SP_REC_WHY]);
/* Ends the process. Accepts NULL. */
void sp_player_destroy(struct sp_player *p);
const struct sp_player_info *sp_player_info(const struct sp_player *p);

/* Asks for the picture of a time; a later call takes an earlier one's place. */
sp_nodiscard int sp_player_go(struct sp_player *p, uint64_t us, bool pointer);
/*
 * Waits until deadline_us for the picture that was asked for last: 1 and *out, valid until the next
 * go; 0 not yet (*busy_us, which may be NULL, is how far it is); or an error, the last, with why.
 */
sp_nodiscard int sp_player_wait(struct sp_player *p, uint64_t deadline_us,
		struct sp_player_shown *out, uint64_t *busy_us, char why[SP_REC_WHY]);
/* Becomes readable when something is to be had. */
int sp_player_fd(const struct sp_player *p);

#endif
