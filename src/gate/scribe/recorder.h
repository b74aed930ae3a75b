/* gate/scribe/recorder.h - one session's recording: a stream of frames into a file. */
#ifndef SP_GATE_SCRIBE_RECORDER_H
#define SP_GATE_SCRIBE_RECORDER_H

#include <stdbool.h>

#include "host/audit/rec_write.h"

struct sp_recorder;

struct sp_recorder_conf {
	int file; /* the recording, append only; stays the caller's */
	struct sp_rec_conf rec;
	struct sp_rec_meta meta;
};

/* What is not in the file after this time is lost with the process; on disk after twice as long. */
#define SP_RECORDER_CUT_US 1000000
#define SP_RECORDER_HEAD_US 10000000

/*
 * Makes the key and puts the file's start and what it is of on disk. SP_ESYS with errno, SP_ENOMEM,
 * SP_EARG.
 */
sp_nodiscard int sp_recorder_create(struct sp_recorder **out, const struct sp_recorder_conf *conf);
/* Wipes the key. Accepts NULL. */
void sp_recorder_destroy(struct sp_recorder *r);

/* Room for bytes of the stream, never none; n of them are there, and are written down as of now. */
uint8_t *sp_recorder_room(struct sp_recorder *r, size_t *n);
/*
 * SP_OK; SP_ESYS with errno when the file takes no more; SP_EFIELD, SP_ELIMIT, SP_ESTATE when
 * the stream is none. After an error only _end() may follow.
 */
sp_nodiscard int sp_recorder_took(struct sp_recorder *r, size_t n, uint64_t now_us);
/* When _tick() wants to be called; 0: not before something comes. */
uint64_t sp_recorder_deadline(const struct sp_recorder *r);
sp_nodiscard int sp_recorder_tick(struct sp_recorder *r, uint64_t now_us);
/*
 * True when the chain's head is to be registered now: it is on disk. At most each ten seconds, and
 * only when something came.
 */
bool sp_recorder_head(struct sp_recorder *r, struct sp_rec_head *out, uint64_t *bytes);

/* After _tick(): how long what is on disk now was not; 0 where that is nothing new. */
uint64_t sp_recorder_lag(struct sp_recorder *r, uint64_t now_us);
/* All that is in the file is on disk: _last() says what may be registered. SP_ESYS. */
sp_nodiscard int sp_recorder_settle(struct sp_recorder *r);

/*
 * The stream is over: writes the end, in our words where the session did not say one, and puts all
 * of it on disk. *said is whether it did, or nothing ever came and nothing is missing.
 */
sp_nodiscard int sp_recorder_end(
		struct sp_recorder *r, uint64_t now_us, const char *text, bool *said);
/* What is in the file in the end, or so far: only that may be registered, whatever was to follow. */
void sp_recorder_last(const struct sp_recorder *r, struct sp_rec_head *out, uint64_t *bytes);

#endif
