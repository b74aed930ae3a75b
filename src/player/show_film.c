/* player/show_film.c - see show.h: all of a recording as a film in a file. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/loop.h"
#include "host/lib/video.h"
#include "player/show.h"

#define FPS 25
#define STILL_US 1000000 /* a picture is given again after so long, for players that want that */
#define SKIPPED_US 500000 /* what is left of time in which nothing changes */
#define PATIENCE_US 60000000
#define TELL_US 200000

struct film {
	struct show *s;
	struct sp_video *video;
	struct sp_player_shown shown;
	uint64_t at, end; /* in the recording */
	uint64_t out, last; /* in the film */
	uint64_t pictures, told_us;
	bool tty;
};

static void tell(struct film *f, bool last)
{
	uint64_t now = sp_now_us();

	if (!f->tty || (!last && now - f->told_us < TELL_US)) {
		return;
	}
	f->told_us = now;
	uint64_t at = last ? f->end : f->at;
	fprintf(stderr, "\r%3u %%  %s of %s%s", (unsigned)(f->end > 0 ? at * 100 / f->end : 100),
			show_time(at), show_time(f->end), last ? "  \n" : "  ");
}

static int ask(struct film *f, char why[SHOW_WHY])
{
	char said[SP_REC_WHY] = "";
	int rc = sp_player_go(f->s->player, f->at, f->s->pointer);
	uint64_t busy;

	if (rc == SP_OK) {
		uint64_t until = sp_now_us() + PATIENCE_US;

		/* As long as it moves it may take its time. */
		while ((rc = sp_player_wait(f->s->player, until, &f->shown, &busy, said)) == 0) {
			if (sp_now_us() >= until) {
				rc = SP_ETIMEOUT;
				break;
			}
			until = sp_now_us() + PATIENCE_US;
			tell(f, false);
		}
	}
	if (rc < 0) {
		snprintf(why, SHOW_WHY, "%s", said[0] ? said : sp_err_text(rc));
		return rc;
	}
	return SP_OK;
}

/* As large as the largest picture where that is known, else as the first. */
static uint32_t side(uint32_t first, uint32_t most)
{
	uint32_t n = most > first ? most : first;

	return n < 2 ? 2 : n < SP_VIDEO_SIDE ? n : SP_VIDEO_SIDE;
}

static int put(struct film *f, bool always, char why[SHOW_WHY])
{
	struct sp_video_conf conf = {.path = f->s->out, .fps = FPS};
	char said[SP_VIDEO_WHY];
	int rc = SP_OK;

	if (!f->shown.px ||
			(!always && f->video && sp_rect_empty(f->shown.changed) &&
					f->out - f->last < STILL_US)) {
		return SP_OK;
	}
	if (!f->video) {
		const struct sp_player_info *info = sp_player_info(f->s->player);

		conf.w = side(f->shown.w, info->most_w);
		conf.h = side(f->shown.h, info->most_h);
		rc = sp_video_create(&f->video, &conf, said);
	}
	if (rc == SP_OK) {
		rc = sp_video_picture(f->video, f->shown.px, (size_t)f->shown.w * 4, f->shown.w,
				f->shown.h, f->out, said);
		f->last = f->out;
		f->pictures++;
	}
	if (rc != SP_OK) {
		snprintf(why, SHOW_WHY, "%s", said);
	}
	return rc;
}

/* To the next picture: one step of the film, further where nothing changes. */
static void step(struct film *f)
{
	uint64_t dt = (uint64_t)(1e6 / FPS * f->s->speed), next = f->shown.next_us;
	uint64_t still = (uint64_t)(STILL_US * f->s->speed);

	if (next > f->end) {
		next = f->end;
	}
	if (f->s->skip_idle && next > f->at + SHOW_IDLE_US) {
		f->out += f->video ? SKIPPED_US : 0;
		f->at = next;
		return;
	}
	if (next > f->at + dt) {
		dt = next - f->at < still ? next - f->at : still;
	}
	dt = f->at + dt > f->end ? f->end - f->at : dt;
	/* The film begins with the first picture. */
	f->out += f->video ? (uint64_t)((double)dt / f->s->speed) : 0;
	f->at += dt;
}

static int run(struct film *f, char why[SHOW_WHY])
{
	int rc = ask(f, why);

	while (rc == SP_OK) {
		rc = put(f, f->at >= f->end, why);
		tell(f, false);
		if (rc != SP_OK || f->at >= f->end || f->shown.why[0] != '\0') {
			break;
		}
		step(f);
		rc = ask(f, why);
	}
	return rc;
}

int show_film(struct show *s, char why[SHOW_WHY])
{
	const struct sp_player_info *info = sp_player_info(s->player);
	struct film f = {.s = s, .end = info->end_us, .tty = isatty(2)};
	char said[SP_VIDEO_WHY];
	int rc = run(&f, why);

	if (rc == SP_OK && !f.video) {
		snprintf(why, SHOW_WHY, "there is no picture in it%s%s", f.shown.why[0] ? ": " : "",
				f.shown.why);
		rc = SP_ENOTFOUND;
	}
	if (rc == SP_OK) {
		rc = sp_video_finish(f.video, f.out + 1000000 / FPS, said);
		if (rc != SP_OK) {
			snprintf(why, SHOW_WHY, "%s", said);
		}
	}
	if (rc == SP_OK) {
		tell(&f, true);
		if (f.shown.why[0] != '\0') {
			fprintf(stderr, "sallyport: recording: it ends at %s: %s\n",
					show_time(f.shown.at_us), f.shown.why);
		}
		printf("{\"seconds\": %.3f, \"pictures\": %llu, \"codec\": \"%s\"}\n",
				(double)f.out / 1e6, (unsigned long long)f.pictures,
				sp_video_codec(f.video));
	} else if (f.tty && f.told_us > 0) {
		fputc('\n', stderr);
	}
	sp_video_destroy(f.video);
	return rc;
}
