/* player/show.h - what sp-view does with a recording: a still, a film, a window; for this folder only. */
#ifndef SP_PLAYER_SHOW_H
#define SP_PLAYER_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "player/player.h"

#define SHOW_SPEED_MIN 0.25
#define SHOW_SPEED_MAX 64.0
#define SHOW_IDLE_US 2000000 /* nothing changes for longer: skipped where that is wanted */
#define SHOW_WHY 512

struct show {
	struct sp_player *player;
	const char *out; /* the file to write */
	uint64_t at_us; /* SP_PLAYER_END: the end */
	double speed;
	bool skip_idle, follow, pointer;
};

/* Each: SP_OK, or an error and why. */
sp_nodiscard int show_still(struct show *s, char why[SHOW_WHY]);
sp_nodiscard int show_film(struct show *s, char why[SHOW_WHY]);
sp_nodiscard int show_window(struct show *s, char why[SHOW_WHY]);

/* "1:02:03", "2:03". Valid until the third call after it. */
const char *show_time(uint64_t us);

/* ---- show_bar.c: the bar below the picture */

#define SHOW_BAR 44 /* pixels high */

struct show_bar {
	uint64_t at_us, end_us;
	bool paused, busy, skip_idle, follow, live; /* live: the recording grows */
	double speed;
	const char *note; /* what is wrong; "" */
};

/* Into w x SHOW_BAR pixels. */
void show_bar_draw(const struct show_bar *b, uint8_t *px, size_t stride, uint32_t w);
/* The time at x of a bar of width w. */
uint64_t show_bar_time(const struct show_bar *b, int32_t x, uint32_t w);

#endif
