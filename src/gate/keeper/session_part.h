/* gate/keeper/session_part.h - what the files of the registry of sessions share. */
#ifndef SP_GATE_KEEPER_SESSION_PART_H
#define SP_GATE_KEEPER_SESSION_PART_H

#include "gate/keeper/session.h"

struct session_reason {
	int64_t user_id;
	uint64_t at_us; /* 0: free */
	struct sp_session_last last;
};

struct session_step {
	int64_t user_id;
	uint64_t until_us; /* 0: free */
};

struct sp_sessions {
	const struct sp_crypto *crypto;
	struct sp_session_world world;
	struct sp_session *first; /* living, the newest first */
	size_t n;
	struct sp_session *lost; /* can be resumed, the latest first */
	size_t n_lost; /* INVARIANT: at most SP_SESSION_LOST */
	uint32_t last_id;
	uint64_t check_us; /* when there is something to check again */
	uint64_t kill_us; /* the earliest of the sessions; 0: none */
	struct session_reason reasons[SP_SESSION_REASONS];
	struct session_step steps[SP_SESSION_STEPS];
};

/* Takes over a session that is in no list any more, and frees it when its time has come. */
void sp_session_lose(struct sp_session *s, uint64_t now_us);
/* Forgets lost sessions that are too old, or whose user was disabled. */
void sp_sessions_forget(struct sp_sessions *all, uint64_t now_us);

#endif
