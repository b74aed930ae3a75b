/* bench/desktop/client.c - see client.h. */
#include "desktop/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/session.h"
#include "host/io/loop.h"

#define HOST "127.0.0.1"
#define QUIET_US 30000
#define OPEN_US 30000000
#define KEY_US 3000000
#define CLOSE_US 3000000
#define NEAR 40 /* of each channel, for servers that do not send colours as they are */
#define SCANCODE_A 0x1E
#define BEGIN_US 1000000 /* of a workload, before it is looked at */
#define REST_US 200000
#define EXACT_US 3000000
#define LOOK_LINES 50 /* the quality of one in so many is looked at */
#define LOOK_FRAMES 10

enum client_wait {
	WAIT_NOTHING,
	WAIT_DESKTOP,
	WAIT_BLOCK,
	WAIT_WORK, /* every picture is looked at */
	WAIT_EXACT, /* until it is as the probe drew it */
	WAIT_CLOSED,
};

struct client {
	struct bench *bench;
	struct sp_session *session;
	struct client_target target;
	struct sp_watch *quiet;
	const uint32_t *fb; /* the session's, black where it was not painted; the desktop has no black */
	uint32_t w, h;
	size_t unpainted; /* pixels before this one were painted */
	enum client_wait wait;
	unsigned colour; /* that the block is to have */
	uint64_t painted_us; /* the last update */
	bool met, closed, complete;
	enum picture_work work;
	uint32_t *film, *model; /* made when they are first wanted */
	unsigned number; /* seen last */
	struct client_seen seen;
	unsigned looked; /* how many made the average */
	char what[SP_SESSION_WHY];
};

/* ---- the picture ---- */

static bool near(uint32_t a, uint32_t b)
{
	for (int shift = 0; shift < 24; shift += 8) {
		if (abs((int)(a >> shift & 255) - (int)(b >> shift & 255)) > NEAR) {
			return false;
		}
	}
	return true;
}

static bool has(const struct client *c, uint32_t x, uint32_t y, uint32_t colour)
{
	return c->fb && x < c->w && y < c->h && near(c->fb[(size_t)y * c->w + x], colour);
}

/* The corners of a rectangle, a little inside. */
static bool has_corners(const struct client *c, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
		uint32_t colour)
{
	return has(c, x + 2, y + 2, colour) && has(c, x + w - 3, y + 2, colour) &&
			has(c, x + 2, y + h - 3, colour) && has(c, x + w - 3, y + h - 3, colour);
}

static bool has_block(const struct client *c, unsigned colour)
{
	return has_corners(c, PICTURE_BLOCK_X, PICTURE_BLOCK_Y, PICTURE_BLOCK_SIDE,
			PICTURE_BLOCK_SIDE, picture_colours[colour]);
}

static unsigned block_colour(const struct client *c)
{
	unsigned i = 0;

	while (i < PICTURE_COLOURS && !has_block(c, i)) {
		i++;
	}
	return i;
}

/* The probe draws the block last. */
static bool has_desktop(struct client *c)
{
	while (c->unpainted < (size_t)c->w * c->h && (c->fb[c->unpainted] & 0xFFFFFF) != 0) {
		c->unpainted++;
	}
	return c->unpainted == (size_t)c->w * c->h &&
			has_corners(c, 0, 0, c->w, c->h, PICTURE_GROUND) &&
			has_corners(c, PICTURE_PAGE_X, PICTURE_PAGE_Y, PICTURE_PAGE_W,
					PICTURE_PAGE_H, PICTURE_PAPER) &&
			block_colour(c) < PICTURE_COLOURS;
}

/* ---- workloads ---- */

static const uint32_t *at(const struct client *c, uint32_t x, uint32_t y)
{
	return c->fb + (size_t)y * c->w + x;
}

static unsigned number_shown(const struct client *c)
{
	if (!c->fb) {
		return PICTURE_NUMBERS;
	}
	return c->work == PICTURE_TEXT
			? picture_line_number(at(c, PICTURE_PAGE_X,
							      PICTURE_PAGE_Y + PICTURE_PAGE_H -
									      PICTURE_LINE_H),
					  c->w)
			: picture_frame_number(at(c, PICTURE_VIDEO_X, PICTURE_VIDEO_Y), c->w);
}

/* How the picture is that this number stands in. */
struct quality {
	double psnr, ssim;
};

static struct quality compare(
		const struct client *c, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	const uint32_t *px = at(c, x, y);
	double distance = picture_distance(px, c->w, c->model, w, w, h);

	return (struct quality){picture_psnr(distance, (double)w * h),
			picture_ssim(px, c->w, c->model, w, w, h)};
}

/* With what the probe drew when it drew this number; only the lines that it drew by then. */
static struct quality shown_quality(struct client *c, unsigned number)
{
	if (c->work == PICTURE_TEXT) {
		unsigned lines = number < PICTURE_LINES ? number : PICTURE_LINES;

		for (unsigned i = 0; i < lines; i++) {
			picture_line(c->model + (size_t)i * PICTURE_LINE_H * PICTURE_LINE_W,
					PICTURE_LINE_W, number - lines + 1 + i);
		}
		return compare(c, PICTURE_PAGE_X,
				PICTURE_PAGE_Y + PICTURE_PAGE_H - lines * PICTURE_LINE_H,
				PICTURE_LINE_W, lines * PICTURE_LINE_H);
	}
	picture_frame(c->film, c->model, PICTURE_VIDEO_W, number);
	return compare(c, PICTURE_VIDEO_X, PICTURE_VIDEO_Y, PICTURE_VIDEO_W, PICTURE_VIDEO_H);
}

static void look(struct client *c)
{
	unsigned number = number_shown(c);
	unsigned every = c->work == PICTURE_TEXT ? LOOK_LINES : LOOK_FRAMES;

	if (number >= PICTURE_NUMBERS || number == 0 || number == c->number) {
		return;
	}
	c->number = number;
	c->seen.shown++;
	if (c->seen.shown % every == 1) {
		struct quality q = shown_quality(c, number);

		c->looked++;
		c->seen.psnr += (q.psnr - c->seen.psnr) / c->looked;
		c->seen.ssim += (q.ssim - c->seen.ssim) / c->looked;
	}
}

static bool is_exact(struct client *c)
{
	unsigned number = number_shown(c);

	return number != 0 && number < PICTURE_NUMBERS && shown_quality(c, number).psnr >= 99;
}

static void painted(struct client *c)
{
	c->painted_us = sp_now_us();
	if (c->wait == WAIT_WORK) {
		look(c);
	} else if (c->wait == WAIT_EXACT) {
		sp_watch_in(c->quiet, QUIET_US / 3);
	} else if (c->wait == WAIT_DESKTOP) {
		c->complete = has_desktop(c);
		sp_watch_in(c->quiet, QUIET_US);
	} else if (c->wait == WAIT_BLOCK && has_block(c, c->colour)) {
		c->met = true;
	}
}

static void on_quiet(void *user)
{
	struct client *c = user;

	c->met = c->met || (c->wait == WAIT_DESKTOP && c->complete) ||
			(c->wait == WAIT_EXACT && is_exact(c));
}

/* ---- the connection ---- */

static void on_active(void *user, uint32_t w, uint32_t h)
{
	struct client *c = user;

	c->fb = (const uint32_t *)(const void *)sp_session_picture(c->session, &c->w, &c->h);
	c->unpainted = 0;
}

static void on_inactive(void *user)
{
	((struct client *)user)->fb = NULL;
}

static void on_painted(void *user, struct sp_rect area)
{
	struct client *c = user;

	if (c->fb) {
		painted(c);
	}
}

static void on_ended(void *user, int err, const char *why)
{
	struct client *c = user;

	c->closed = true;
	c->fb = NULL;
	snprintf(c->what, sizeof(c->what), "%s", why);
}

static bool trust(void *user, const char *text)
{
	return true;
}

static int password(void *user, struct sp_secret *out)
{
	const struct client *c = user;

	return sp_secret_set(out, c->target.password, strlen(c->target.password)) ? SP_OK
										  : SP_ELIMIT;
}

/* Turns the loop until what is waited for has come. */
static bool run(struct client *c, enum client_wait wait, uint64_t us)
{
	uint64_t end = sp_now_us() + us;

	c->wait = wait;
	c->met = false;
	for (uint64_t now;
			!c->met && !c->closed && !c->bench->stopped && (now = sp_now_us()) < end;) {
		if (sp_loop_turn(c->bench->loop, end - now) != SP_OK) {
			on_ended(c, SP_ESYS, "loop");
		}
	}
	c->wait = WAIT_NOTHING;
	return c->met;
}

static void destroy(struct client *c)
{
	sp_session_destroy(c->session);
	sp_watch_remove(c->quiet);
	free(c->film);
	free(c->model);
	free(c);
}

static bool start(struct client *c)
{
	static const struct sp_session_calls calls = {.active = on_active,
			.inactive = on_inactive,
			.painted = on_painted,
			.ended = on_ended};
	static const enum sp_session_codec codecs[] = {[CLIENT_BITMAP] = SP_SESSION_CODEC_BITMAP,
			[CLIENT_RFX] = SP_SESSION_CODEC_RFX,
			[CLIENT_GFX] = SP_SESSION_CODEC_GFX,
			[CLIENT_AVC] = SP_SESSION_CODEC_AVC420};
	struct sp_session_conf conf = {.host = HOST,
			.port = c->target.port,
			.user_name = c->target.user,
			.width = c->bench->w,
			.height = c->bench->h,
			.depth = 32,
			.codec = codecs[c->target.graphics],
			.security = c->target.nla ? SP_SESSION_NLA : SP_SESSION_TLS,
			/* Without a file nothing is remembered; authorities would be read anew each time. */
			.trust = {.mode = SP_TRUST_FIRST_SEEN},
			.person = {.trust = trust, .password = password, .user = c},
			.calls = &calls,
			.user = c};

	c->quiet = sp_loop_timer(c->bench->loop, on_quiet, c);
	if (!c->quiet) {
		return bench_fail("client: out of memory");
	}
	c->session = sp_session_create(c->bench->loop, &conf, c->what);
	return c->session || bench_fail("client: %s", c->what);
}

struct client *client_open(struct bench *b, const struct client_target *t, double *ms)
{
	struct client *c = calloc(1, sizeof(*c));
	uint64_t start_us = sp_now_us();

	if (!c) {
		return NULL;
	}
	c->bench = b;
	c->target = *t;
	if (!start(c)) {
		destroy(c);
		return NULL;
	}
	if (!run(c, WAIT_DESKTOP, OPEN_US)) {
		bench_fail("client: no desktop: %s", c->closed ? c->what : "timeout");
		destroy(c);
		return NULL;
	}
	*ms = (double)(c->painted_us - start_us) / 1e3;
	return c;
}

static bool send_key(struct client *c, uint16_t code, bool release)
{
	struct sp_input_event key = {.kind = SP_INPUT_SCANCODE, .code = code};

	key.key = release ? SP_KEY_RELEASE : 0;
	return sp_session_input(c->session, &key, 1) == SP_OK;
}

bool client_key(struct client *c, double *ms)
{
	unsigned now = block_colour(c);

	if (c->closed || now == PICTURE_COLOURS) {
		return bench_fail("client: the block is not there");
	}
	c->colour = (now + 1) % PICTURE_COLOURS;
	uint64_t start_us = sp_now_us();
	if (!send_key(c, SCANCODE_A, false)) {
		return bench_fail("client: key not sent");
	}
	bool met = run(c, WAIT_BLOCK, KEY_US);
	*ms = (double)(c->painted_us - start_us) / 1e3;
	if (c->closed || !send_key(c, SCANCODE_A, true) || !met) {
		return bench_fail("client: the key was not answered");
	}
	return true;
}

static bool strike(struct client *c, uint16_t code)
{
	return (!c->closed && send_key(c, code, false) && send_key(c, code, true)) ||
			bench_fail("client: key not sent");
}

static bool prepare(struct client *c, enum picture_work work)
{
	c->work = work;
	c->looked = 0;
	c->seen = (struct client_seen){.psnr = 0};
	if (!c->model) {
		c->model = malloc(sizeof(*c->model) * PICTURE_VIDEO_W * PICTURE_VIDEO_H);
	}
	if (!c->film && work == PICTURE_VIDEO) {
		c->film = picture_film();
	}
	if (!c->model || (!c->film && work == PICTURE_VIDEO)) {
		return bench_fail("client: out of memory");
	}
	return (PICTURE_VIDEO_X + PICTURE_VIDEO_W <= c->w &&
			       PICTURE_VIDEO_Y + PICTURE_VIDEO_H <= c->h) ||
			bench_fail("client: the desktop is too small");
}

bool client_work(struct client *c, enum picture_work work, uint64_t us, void (*began)(void *arg),
		void (*ended)(void *arg), void *arg, struct client_seen *out)
{
	uint16_t key = work == PICTURE_TEXT ? PICTURE_KEY_TEXT : PICTURE_KEY_VIDEO;

	if (!prepare(c, work) || !strike(c, key) || !client_rest(c, BEGIN_US)) {
		return false;
	}
	if (began) {
		began(arg);
	}
	run(c, WAIT_WORK, us);
	if (ended) {
		ended(arg);
	}
	uint64_t end_us = sp_now_us();
	if (!strike(c, PICTURE_KEY_STILL) || !client_rest(c, REST_US)) {
		return false;
	}
	unsigned number = number_shown(c);
	*out = c->seen;
	if (c->looked == 0) {
		out->psnr = -1;
	}
	out->rest_psnr =
			number != 0 && number < PICTURE_NUMBERS ? shown_quality(c, number).psnr : 0;
	sp_watch_in(c->quiet, QUIET_US / 3);
	bool exact = run(c, WAIT_EXACT, EXACT_US);
	out->exact_ms = !exact                   ? -1
			: c->painted_us > end_us ? (double)(c->painted_us - end_us) / 1e3
						 : 0;
	return strike(c, PICTURE_KEY_CLEAR) && client_rest(c, REST_US);
}

bool client_rest(struct client *c, uint64_t us)
{
	run(c, WAIT_NOTHING, us);
	return !c->closed && !c->bench->stopped;
}

uint64_t client_bytes(const struct client *c)
{
	return sp_session_bytes_in(c->session);
}

void client_close(struct client *c)
{
	if (!c) {
		return;
	}
	if (!c->closed) {
		sp_session_end(c->session);
		run(c, WAIT_CLOSED, CLOSE_US);
	}
	destroy(c);
}
