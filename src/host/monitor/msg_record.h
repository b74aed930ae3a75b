/* host/monitor/msg_record.h - the structures of msg.h that are about recordings; included there. */
#ifndef SP_HOST_MONITOR_MSG_RECORD_H
#define SP_HOST_MONITOR_MSG_RECORD_H

#include <stdint.h>

#include "host/audit/rec_key.h"

/* What a recording begins with, for those who can read it. */
struct sp_record_of {
	char session[40]; /* the session's id in the audit */
	char user[SP_TEXT_USER];
	char target[SP_TEXT_TARGET];
	char from[SP_TEXT_ADDR]; /* the client's address without port */
	uint32_t n_auditors; /* INVARIANT: 1..SP_REC_MAX_AUDITORS */
	uint32_t zero;
	uint8_t auditor[SP_REC_MAX_AUDITORS][SP_REC_KEY];
};

/* Starts a recording for the connection; answered by RECORD_OPENED, later by RECORD_ENDED. */
struct sp_msg_record_open {
	uint64_t conn;
	struct sp_record_of of;
};

enum sp_record_result {
	SP_RECORD_FAILED,
	SP_RECORD_OK,
	SP_RECORD_COUNT
};

/* OK: the file has its header on disk, and frames may be written into the descriptor. */
struct sp_msg_record_opened {
	uint64_t conn;
	uint32_t result; /* enum sp_record_result; FAILED: no descriptor */
	uint32_t zero;
	char id[SP_REC_ID + 1]; /* of the recording; FAILED: empty */
	char text[SP_TEXT_WHY]; /* FAILED: why */
};

/* OK: it has an end. FAILED: it broke off, and nothing of the session is recorded any more. */
struct sp_msg_record_ended {
	uint64_t conn;
	uint32_t result; /* enum sp_record_result */
	uint32_t zero;
	char text[SP_TEXT_WHY]; /* FAILED: why */
};

/*
 * Starts a recorder; with one descriptor no index is made. The number is the scribe's, the rest is kept
 * for another scribe, who gets it with RECORDER_ADOPT when this one has died.
 */
struct sp_msg_recorder_start {
	uint64_t number;
	uint64_t conn;
	uint64_t begun_us; /* monotonic */
	char id[SP_REC_ID + 1]; /* of the recording */
	char session[40];
	char user[SP_TEXT_USER];
	char target[SP_TEXT_TARGET];
	char from[SP_TEXT_ADDR];
};

/* Without descriptors it could not be started, and text says why. */
struct sp_msg_recorder_started {
	uint64_t number;
	char text[SP_TEXT_WHY];
};

struct sp_msg_record_begin {
	char id[SP_REC_ID + 1];
	char host[SP_TEXT_ADDR]; /* this machine, cut */
	uint8_t boot_id[16];
	struct sp_record_of of;
};

/*
 * sp-recorder says what is in the file: once when its header is there (0 segments), each ten
 * seconds in which something came, to each new scribe, and at the end.
 */
struct sp_msg_record_head {
	uint64_t segments, bytes;
	uint64_t lag_us; /* how long at most, since it was said last, what came was not on disk */
	uint8_t hash[SP_REC_HASH]; /* the chain's head behind them */
	uint32_t end; /* 1: nothing follows, result and text are said */
	uint32_t result; /* enum sp_record_result: OK when the session said its end */
	char text[SP_TEXT_WHY];
};

/* To sp-recorder: what has come is the last of it; the text is the end's. */
struct sp_msg_record_stop {
	char text[SP_TEXT_WHY];
};

#endif
