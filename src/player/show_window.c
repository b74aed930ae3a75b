/* player/show_window.c - see show.h: a recording in a window. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/err.h"
#include "host/io/loop.h"
#include "host/lib/window.h"
#include "player/show.h"

#define TURN_MS 15
#define HOP_US 10000000
#define SKIP_TO_US 200000 /* before something happens again */
#define FOLLOW_US 200000 /* between two looks at what was added */
#define LIVE_US 3000000 /* so near to the end it is live */
#define FIRST_W 1024 /* of the window before there is a picture */
#define FIRST_H 768

struct window {
	struct show *s;
	struct sp_window *win;
	struct sp_player_shown shown;
	struct show_bar bar;
	uint64_t at; /* where it is to be */
	uint64_t clock; /* when that was so */
	uint64_t asked_us; /* when the player was asked last */
	uint64_t second; /* that the bar shows, of the present */
	bool asked, dirty, full, quit;
	bool fresh; /* a picture has come since the last question */
	char note[SP_REC_WHY];
};

/*
 * The bar as it is drawn and clicked on. Who watches the present sees its time go on while nothing
 * moves; the recording itself ends with the last thing that did.
 */
static struct show_bar drawn(const struct window *w)
{
	const struct sp_player_info *info = sp_player_info(w->s->player);
	struct show_bar bar = w->bar;
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	uint64_t now = (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_nsec / 1000;
	bar.at_us = w->at;
	bar.note = w->note;
	if (w->s->follow && bar.follow && now > info->wall_us + bar.end_us) {
		bar.at_us = bar.end_us = now - info->wall_us;
	}
	return bar;
}

/* ---- what the person does ---- */

static void seek(struct window *w, uint64_t us)
{
	w->at = us > w->bar.end_us ? w->bar.end_us : us;
	w->bar.follow = false;
	w->asked = false; /* whatever it was: this is wanted more */
	w->dirty = true;
}

static void faster(struct window *w, double by)
{
	double speed = w->bar.speed * by;

	if (SHOW_SPEED_MIN <= speed && speed <= SHOW_SPEED_MAX) {
		w->bar.speed = speed;
	}
	w->bar.follow = false;
}

static void key(struct window *w, uint32_t k)
{
	w->dirty = true;
	switch (k) {
	case ' ':
		w->bar.paused = !w->bar.paused;
		w->bar.follow = false;
		break;
	case SP_WINDOW_LEFT:
		seek(w, w->at > HOP_US ? w->at - HOP_US : 0);
		break;
	case SP_WINDOW_RIGHT:
		seek(w, w->at + HOP_US);
		break;
	case SP_WINDOW_HOME:
		seek(w, 0);
		break;
	case SP_WINDOW_END:
		seek(w, w->bar.end_us);
		w->bar.follow = w->bar.live;
		break;
	case '+':
	case '=':
		faster(w, 2);
		break;
	case '-':
		faster(w, 0.5);
		break;
	case 'i':
		w->bar.skip_idle = !w->bar.skip_idle;
		break;
	case 'p':
		w->s->pointer = !w->s->pointer;
		w->asked = false;
		break;
	case 'f':
		w->full = !w->full;
		sp_window_fullscreen(w->win, w->full);
		break;
	case 'q':
	case SP_WINDOW_ESCAPE:
		w->quit = true;
		break;
	default:
		break;
	}
}

static void hear(struct window *w, unsigned wait_ms)
{
	struct sp_window_event ev;
	uint32_t ww, wh;

	while (!w->quit && sp_window_next(w->win, wait_ms, &ev)) {
		wait_ms = 0;
		sp_window_size(w->win, &ww, &wh);
		switch (ev.kind) {
		case SP_WINDOW_CLOSED:
			w->quit = true;
			break;
		case SP_WINDOW_KEY:
			key(w, ev.key);
			break;
		case SP_WINDOW_PRESSED:
			if (ev.y >= (int32_t)wh - SHOW_BAR) {
				struct show_bar bar = drawn(w);

				seek(w, show_bar_time(&bar, ev.x, ww));
			}
			break;
		case SP_WINDOW_EXPOSED:
			w->dirty = true;
			break;
		}
	}
}

/* ---- time ---- */

static void advance(struct window *w)
{
	uint64_t now = sp_now_us(), dt = now - w->clock;

	w->clock = now;
	if (w->bar.follow && now / 1000000 != w->second) {
		w->second = now / 1000000;
		w->dirty = true;
	}
	/* While a picture is being made time stands, or one would never catch up. */
	if (w->bar.paused || w->bar.follow || w->bar.busy) {
		return;
	}
	uint64_t was = w->at;
	w->at += (uint64_t)((double)dt * w->bar.speed);
	uint64_t next = w->shown.next_us;
	if (w->bar.skip_idle && w->fresh && next != SP_PLAYER_END && next > was + SHOW_IDLE_US) {
		w->at = next - SKIP_TO_US;
	}
	if (w->at >= w->bar.end_us) {
		w->at = w->bar.end_us;
		w->bar.paused = !w->bar.live;
		w->bar.follow = w->bar.live;
	}
	w->dirty |= w->at / 1000000 != was / 1000000;
}

/* ---- pictures ---- */

static int ask(struct window *w, char said[SP_REC_WHY])
{
	uint64_t now = sp_now_us();
	bool again = w->bar.follow ? now - w->asked_us >= FOLLOW_US
				   : w->at != w->shown.at_us &&
					(w->at >= w->shown.next_us || w->at < w->shown.at_us);

	if (w->asked && (w->bar.busy || !again)) {
		return SP_OK;
	}
	int rc = sp_player_go(w->s->player, w->bar.follow ? SP_PLAYER_END : w->at, w->s->pointer);
	if (rc != SP_OK) {
		snprintf(said, SP_REC_WHY, "the player: %s", sp_err_text(rc));
	}
	w->asked = w->bar.busy = true;
	w->fresh = false;
	w->asked_us = now;
	return rc;
}

static int take(struct window *w, char said[SP_REC_WHY])
{
	if (!w->bar.busy) {
		return SP_OK;
	}
	int rc = sp_player_wait(w->s->player, 1, &w->shown, NULL, said);
	if (rc <= 0) {
		return rc;
	}
	w->bar.busy = false;
	w->fresh = true;
	w->bar.end_us = w->shown.end_us;
	w->bar.live = !w->shown.whole;
	if (w->bar.follow) {
		w->at = w->shown.at_us;
		/* It is over: the last picture stays. */
		w->bar.follow = w->bar.live;
		w->bar.paused = !w->bar.live;
	}
	snprintf(w->note, sizeof(w->note), "%s", w->shown.why);
	w->dirty = true; /* at least that it is not busy any more */
	if (!w->shown.px) {
		/* Nothing is shown before the desktop is there: the picture of another time neither. */
		if (!w->bar.follow && w->shown.next_us != SP_PLAYER_END &&
				w->shown.next_us > w->at) {
			w->at = w->shown.next_us;
			w->asked = false;
		}
		return SP_OK;
	}
	rc = sp_window_picture(w->win, w->shown.px, w->shown.w, w->shown.h, w->shown.changed);
	if (rc != SP_OK) {
		snprintf(said, SP_REC_WHY, "the window: %s", sp_err_text(rc));
	}
	return rc;
}

static void draw(struct window *w)
{
	uint32_t ww, wh;
	size_t stride;

	sp_window_size(w->win, &ww, &wh);
	uint8_t *px = sp_window_bar(w->win, &stride);
	struct show_bar bar = drawn(w);
	show_bar_draw(&bar, px, stride, ww);
	sp_window_present(w->win);
	w->dirty = false;
}

static int open_window(struct window *w, char why[SHOW_WHY])
{
	const struct sp_player_info *info = sp_player_info(w->s->player);
	uint32_t pw = w->shown.w ? w->shown.w : FIRST_W, ph = w->shown.h ? w->shown.h : FIRST_H;
	char title[SP_REC_TEXT * 2 + 64], said[SP_WINDOW_WHY];

	snprintf(title, sizeof(title), "%s on %s - %s", info->user, info->target, info->id);
	int rc = sp_window_create(&w->win, title, pw, ph, SHOW_BAR, said);
	if (rc != SP_OK) {
		snprintf(why, SHOW_WHY, "%s", said);
	}
	return rc;
}

/* The first picture says how large the window is. */
static int first(struct window *w, char said[SP_REC_WHY])
{
	uint64_t from = w->bar.follow ? SP_PLAYER_END : w->at;
	int rc = sp_player_go(w->s->player, from, w->s->pointer);

	while (rc == SP_OK) {
		rc = sp_player_wait(w->s->player, sp_now_us() + HOP_US, &w->shown, NULL, said);
	}
	/* Nothing is shown before the desktop is there. */
	if (rc == 1 && !w->shown.px && w->shown.next_us != SP_PLAYER_END && !w->bar.follow) {
		w->at = w->shown.next_us;
		rc = sp_player_go(w->s->player, w->at, w->s->pointer);
		while (rc == SP_OK) {
			rc = sp_player_wait(
					w->s->player, sp_now_us() + HOP_US, &w->shown, NULL, said);
		}
	}
	w->bar.busy = rc == 1;
	return rc < 0 ? rc : SP_OK;
}

int show_window(struct show *s, char why[SHOW_WHY])
{
	const struct sp_player_info *info = sp_player_info(s->player);
	struct window w = {.s = s,
			.at = s->at_us == SP_PLAYER_END ? 0 : s->at_us,
			.asked = true,
			.dirty = true,
			.bar = {.end_us = info->end_us,
					.live = !info->whole,
					.follow = s->follow,
					.speed = s->speed,
					.skip_idle = s->skip_idle,
					.note = ""}};
	char said[SP_REC_WHY] = "";

	int rc = first(&w, said);
	if (rc == SP_OK) {
		rc = open_window(&w, why);
		if (rc != SP_OK) {
			return rc;
		}
	}
	w.clock = sp_now_us();
	while (rc == SP_OK && !w.quit) {
		rc = take(&w, said);
		if (rc == SP_OK) {
			advance(&w);
			rc = ask(&w, said);
		}
		if (w.dirty) {
			draw(&w);
		}
		hear(&w, TURN_MS);
	}
	sp_window_destroy(w.win);
	if (rc != SP_OK) {
		snprintf(why, SHOW_WHY, "%s", said[0] ? said : sp_err_text(rc));
	}
	return rc;
}
