/* player/film.h - a recording as a picture at a time: reader, replay and index together. */
#ifndef SP_PLAYER_FILM_H
#define SP_PLAYER_FILM_H

#include "core/base/rect.h"
#include "core/view/replay.h"
#include "host/audit/rec_read.h"

/*
 * Runs where the recording may do no harm: in a jail. Times are microseconds since the
 * recording began.
 */
struct sp_film;

#define SP_FILM_END UINT64_MAX

struct sp_film_conf {
	int recording; /* stays the caller's */
	int index; /* stays the caller's; -1: there is none */
	const uint8_t *key; /* of the recording; SP_REC_KEY bytes */
	const struct sp_h264_impl *h264; /* may be NULL */
};

/* What is in front of it. */
struct sp_film_info {
	char id[SP_REC_ID + 1];
	uint64_t wall_us; /* when it began */
	uint32_t most_w, most_h; /* of all its pictures; 0: not known, as there is no index */
	struct sp_rec_meta meta;
};

struct sp_film_state {
	uint64_t at_us; /* of the last frame that was taken */
	uint64_t next_us; /* of the one behind it; SP_FILM_END: there is none, or not yet */
	uint64_t end_us; /* of the last frame there is, so far */
	bool whole; /* the recording is finished: end_us will not grow */
	uint64_t damaged; /* messages that could not be shown */
	uint64_t keys; /* key frames that were started from */
	int err; /* what keeps it from going on; SP_OK */
	char why[SP_REC_WHY]; /* of err */
};

/* SP_EFIELD: no recording, or nothing in it to play; SP_ENOMEM, SP_ESYS; why says it. */
sp_nodiscard int sp_film_open(
		struct sp_film **out, const struct sp_film_conf *conf, char why[SP_REC_WHY]);
/* Accepts NULL. */
void sp_film_destroy(struct sp_film *f);
const struct sp_film_info *sp_film_info(const struct sp_film *f);

/*
 * Makes the picture that of time us: all frames up to it are taken, from the best key frame on
 * that there is, or from where it stands. SP_FILM_END: of the last frame there is now. Works for
 * about spend_us: 1 when it is there (or cannot get there: state.err), 0 to be called again.
 */
sp_nodiscard int sp_film_to(struct sp_film *f, uint64_t us, uint64_t spend_us);

void sp_film_state(const struct sp_film *f, struct sp_film_state *out);
/* Of the time reached; see replay.h. Never NULL; its picture may be. Valid until the next call. */
struct sp_replay *sp_film_replay(struct sp_film *f);
/* What changed in the picture since the last call, the pointer included. */
struct sp_rect sp_film_changed(struct sp_film *f);

/*
 * Writes an index of the recording to fd (empty, for appending). Reads until the recording ends,
 * or until go_on() is false and nothing more is there.
 */
struct sp_film_index_conf {
	int recording, fd;
	const uint8_t *key;
	const struct sp_h264_impl *h264;
	/* Whether the recording may grow; waits as long, 0: only says it. NULL: it does not. */
	bool (*go_on)(void *user, unsigned wait_ms);
	void *user;
	uint64_t every_us; /* between key frames; 0: ten seconds */
	unsigned share; /* so many percent of the recording the key frames may take; 0: any number */
	size_t memory; /* of the graphics pipeline, and as much of its codecs; 0: as a film's */
	uint64_t late_us; /* goes no further so long after go_on() was false; 0: to the end */
};

struct sp_film_index_result {
	uint64_t frames, keys;
	uint64_t bytes; /* of all key frames, sealed */
};

sp_nodiscard int sp_film_index(const struct sp_film_index_conf *conf,
		struct sp_film_index_result *out, char why[SP_REC_WHY]);

#endif
