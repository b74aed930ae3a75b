/* client/shot.h - connects without a window and makes a picture file of what is shown. */
#ifndef SP_CLIENT_SHOT_H
#define SP_CLIENT_SHOT_H

#include <stdint.h>

#include "client/session.h"
#include "core/base/attr.h"

struct sp_shot_conf {
	const struct sp_session_conf *session; /* without calls and user: those are ours */
	const char *path; /* of the PNG */
	/*
	 * 0: the picture is taken once it did not change for half a second, where after three
	 * seconds small changes do not count any more; after fifteen seconds whatever it does.
	 * Else it is taken this long after the desktop is there, still or not.
	 */
	uint64_t wait_us;
};

struct sp_shot_result {
	uint64_t first_frame_us; /* from the start to the first painted update */
	const char *codec; /* sp_session_codec; static */
	uint32_t width, height;
	uint64_t bytes_in;
};

/* Takes seconds. SP_OK, or an error with why in words. */
sp_nodiscard int sp_shot_take(const struct sp_shot_conf *conf, struct sp_shot_result *out,
		char why[SP_SESSION_WHY]);

#endif
