/* client/shot.c - see shot.h. */
#include "client/shot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "host/lib/png.h"

#define STILL_US 500000
#define LONGEST_US 15000000
/* A clock or a blinking cursor: after this time it does not keep a picture from being still. */
#define PATIENCE_US 3000000
#define SMALL 100 /* a change below one such part of the picture */

struct shot {
	const struct sp_shot_conf *conf;
	struct sp_shot_result *out;
	struct sp_loop *loop;
	struct sp_session *session;
	struct sp_watch *still, *longest;
	uint64_t start_us, active_us;
	bool painted; /* since the desktop has this size */
	bool taken;
	int err;
	char *why;
};

static void finish(struct shot *t, int err)
{
	t->err = err;
	sp_watch_at(t->still, 0);
	sp_watch_at(t->longest, 0);
	sp_session_end(t->session);
}

static void take(struct shot *t)
{
	uint32_t w, h;
	const uint8_t *fb = sp_session_picture(t->session, &w, &h);

	t->taken = true;
	t->out->width = w;
	t->out->height = h;
	t->out->codec = sp_session_codec(t->session);
	t->out->bytes_in = sp_session_bytes_in(t->session);
	int rc = sp_png_write(t->conf->path, fb, (size_t)w * 4, w, h);
	if (rc != SP_OK) {
		snprintf(t->why, SP_SESSION_WHY, "%s: %s", t->conf->path,
				rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
	}
	finish(t, rc);
}

static void on_still(void *user)
{
	take(user);
}

static void on_longest(void *user)
{
	struct shot *t = user;

	if (t->painted) {
		take(t);
		return;
	}
	snprintf(t->why, SP_SESSION_WHY, "connected, but no picture came in time");
	t->taken = true;
	finish(t, SP_ETIMEOUT);
}

static void on_inactive(void *user)
{
	struct shot *t = user;

	t->painted = false;
	sp_watch_at(t->still, 0);
}

static void on_active(void *user, uint32_t w, uint32_t h)
{
	struct shot *t = user;

	if (t->taken) {
		return;
	}
	/* Only once: a server that goes on changing its mind does not keep us. */
	if (t->active_us == 0) {
		sp_watch_in(t->longest, t->conf->wait_us ? t->conf->wait_us : LONGEST_US);
	}
	t->active_us = sp_now_us();
	on_inactive(t); /* what was painted is gone with the old size */
}

static bool counts(const struct shot *t, struct sp_rect area)
{
	uint32_t w, h;

	sp_session_picture(t->session, &w, &h);
	return sp_now_us() - t->active_us < PATIENCE_US ||
			(uint64_t)area.w * (uint64_t)area.h * SMALL >= (uint64_t)w * h;
}

static void on_painted(void *user, struct sp_rect area)
{
	struct shot *t = user;

	if (t->taken) {
		return;
	}
	if (t->out->first_frame_us == 0) {
		t->out->first_frame_us = sp_now_us() - t->start_us;
	}
	if (t->conf->wait_us == 0 && (!t->painted || counts(t, area))) {
		sp_watch_in(t->still, STILL_US);
	}
	t->painted = true;
}

static void on_ended(void *user, int err, const char *why)
{
	struct shot *t = user;

	if (!t->taken) {
		t->err = err != SP_OK ? err : SP_ECLOSED;
		snprintf(t->why, SP_SESSION_WHY, "%s", why);
	}
	sp_loop_quit(t->loop, 0);
}

int sp_shot_take(const struct sp_shot_conf *conf, struct sp_shot_result *out,
		char why[SP_SESSION_WHY])
{
	static const struct sp_session_calls calls = {.active = on_active,
			.inactive = on_inactive,
			.painted = on_painted,
			.ended = on_ended};
	struct sp_session_conf sc = *conf->session;
	struct shot t = {.conf = conf,
			.out = out,
			.start_us = sp_now_us(),
			.err = SP_ENOMEM,
			.why = why};

	*out = (struct sp_shot_result){.codec = "none"};
	snprintf(why, SP_SESSION_WHY, "out of memory");
	t.loop = sp_loop_create();
	if (!t.loop) {
		return SP_ENOMEM;
	}
	t.still = sp_loop_timer(t.loop, on_still, &t);
	t.longest = sp_loop_timer(t.loop, on_longest, &t);
	if (t.still && t.longest) {
		sc.calls = &calls;
		sc.user = &t;
		t.session = sp_session_create(t.loop, &sc, why);
		if (t.session && sp_loop_run(t.loop) < 0) {
			snprintf(why, SP_SESSION_WHY, "event loop failed");
			t.err = SP_ESYS;
		}
	}
	sp_session_destroy(t.session);
	sp_loop_destroy(t.loop);
	return t.err;
}
