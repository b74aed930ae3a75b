/* player/show_still.c - see show.h: one picture as PNG. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "host/io/loop.h"
#include "host/lib/png.h"
#include "player/show.h"

#define FOREVER_US (24ull * 3600 * 1000000)

int show_still(struct show *s, char why[SHOW_WHY])
{
	struct sp_player_shown shown;
	char said[SP_REC_WHY] = "";
	int rc = sp_player_go(s->player, s->at_us, s->pointer);

	while (rc == SP_OK) {
		rc = sp_player_wait(s->player, sp_now_us() + FOREVER_US, &shown, NULL, said);
		if (rc != 0) {
			break;
		}
	}
	if (rc < 0) {
		snprintf(why, SHOW_WHY, "%s", said[0] ? said : sp_err_text(rc));
		return rc;
	}
	if (!shown.px) {
		snprintf(why, SHOW_WHY, "there is no picture yet at %s%s%s", show_time(s->at_us),
				shown.why[0] ? ": " : "", shown.why);
		return SP_ENOTFOUND;
	}
	rc = sp_png_write(s->out, shown.px, (size_t)shown.w * 4, shown.w, shown.h);
	if (rc != SP_OK) {
		snprintf(why, SHOW_WHY, "%s: %s", s->out,
				rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
		return rc;
	}
	if (shown.why[0] != '\0') {
		fprintf(stderr, "sallyport: recording: at %s: %s\n", show_time(shown.at_us),
				shown.why);
	}
	printf("{\"at\": %.3f, \"width\": %u, \"height\": %u, \"key_frames\": %llu, \"damaged\": "
	       "%llu}\n",
			(double)shown.at_us / 1e6, shown.w, shown.h, (unsigned long long)shown.keys,
			(unsigned long long)shown.damaged);
	return SP_OK;
}
