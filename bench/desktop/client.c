/* bench/desktop/client.c - see client.h. */
#include "desktop/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/x224.h"
#include "core/rdp/client.h"
#include "core/view/paint.h"
#include "desktop/picture.h"
#include "host/io/tcp.h"
#include "host/lib/crypto_nettle.h"
#include "host/rdp/client_login.h"
#include "host/rdp/conn.h"

#define HOST "127.0.0.1"
#define QUIET_US 30000
#define OPEN_US 30000000
#define KEY_US 3000000
#define CLOSE_US 3000000
/* A colour that the desktop does not have: what it is read from was not painted yet. */
#define UNPAINTED 0x01FE017Fu
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
	struct sp_tls_ctx *tls;
	struct sp_conn *conn;
	struct sp_client_login *login;
	struct sp_watch *quiet;
	struct sp_paint paint;
	uint32_t *fb;
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
	int err;
	char what[128];
};

static void fail(struct client *c, int err, const char *what)
{
	if (!c->closed) {
		c->closed = true;
		c->err = err;
		snprintf(c->what, sizeof(c->what), "%s", what);
	}
}

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
	return x < c->w && y < c->h && near(c->fb[(size_t)y * c->w + x], colour);
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
	while (c->unpainted < (size_t)c->w * c->h &&
			(c->fb[c->unpainted] & 0xFFFFFF) != (UNPAINTED & 0xFFFFFF)) {
		c->unpainted++;
	}
	return c->unpainted == (size_t)c->w * c->h &&
			has_corners(c, 0, 0, c->w, c->h, PICTURE_GROUND) &&
			has_corners(c, PICTURE_PAGE_X, PICTURE_PAGE_Y, PICTURE_PAGE_W,
					PICTURE_PAGE_H, PICTURE_PAPER) &&
			block_colour(c) < PICTURE_COLOURS;
}

static bool new_picture(struct client *c, uint32_t w, uint32_t h)
{
	if (c->fb && w == c->w && h == c->h && c->unpainted == 0) {
		return true; /* nothing was painted yet */
	}
	uint32_t *fb = w && h ? malloc((size_t)w * h * 4) : NULL;

	if (!fb) {
		return false;
	}
	free(c->fb);
	c->fb = fb;
	c->w = w;
	c->h = h;
	c->unpainted = 0;
	for (size_t i = 0; i < (size_t)w * h; i++) {
		fb[i] = UNPAINTED;
	}
	sp_paint_target(&c->paint, (uint8_t *)fb, (size_t)w * 4, w, h);
	return true;
}

/* ---- workloads ---- */

static uint32_t *at(const struct client *c, uint32_t x, uint32_t y)
{
	return c->fb + (size_t)y * c->w + x;
}

static unsigned number_shown(const struct client *c)
{
	return c->work == PICTURE_TEXT
			? picture_line_number(at(c, PICTURE_PAGE_X,
							      PICTURE_PAGE_Y + PICTURE_PAGE_H -
									      PICTURE_LINE_H),
					  c->w)
			: picture_frame_number(at(c, PICTURE_VIDEO_X, PICTURE_VIDEO_Y), c->w);
}

/* What the probe drew when it drew this number; only the lines that it drew by then. */
static double text_psnr(struct client *c, unsigned number)
{
	unsigned lines = number < PICTURE_LINES ? number : PICTURE_LINES;
	double sum = 0;

	for (unsigned i = 0; i < lines; i++) {
		uint32_t y = PICTURE_PAGE_Y + PICTURE_PAGE_H - (i + 1) * PICTURE_LINE_H;

		picture_line(c->model, PICTURE_LINE_W, number - i);
		sum += picture_distance(at(c, PICTURE_PAGE_X, y), c->w, c->model, PICTURE_LINE_W,
				PICTURE_LINE_W, PICTURE_LINE_H);
	}
	return picture_psnr(sum, (double)lines * PICTURE_LINE_H * PICTURE_LINE_W);
}

static double shown_psnr(struct client *c, unsigned number)
{
	if (c->work == PICTURE_TEXT) {
		return text_psnr(c, number);
	}
	picture_frame(c->film, c->model, PICTURE_VIDEO_W, number);
	return picture_psnr(
			picture_distance(at(c, PICTURE_VIDEO_X, PICTURE_VIDEO_Y), c->w, c->model,
					PICTURE_VIDEO_W, PICTURE_VIDEO_W, PICTURE_VIDEO_H),
			(double)PICTURE_VIDEO_W * PICTURE_VIDEO_H);
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
		c->seen.psnr += (shown_psnr(c, number) - c->seen.psnr) / ++c->looked;
	}
}

static bool is_exact(struct client *c)
{
	unsigned number = number_shown(c);

	return number != 0 && number < PICTURE_NUMBERS && shown_psnr(c, number) >= 99;
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

static int update(struct client *c, const struct sp_event *ev)
{
	struct sp_rect changed;
	int rc;

	switch (ev->update.code) {
	case SP_FP_BITMAP:
		rc = sp_paint_bitmap(&c->paint, ev->update.data, &changed);
		break;
	case SP_FP_SURFCMDS:
		rc = sp_paint_surface(&c->paint, ev->update.data, &changed, NULL);
		break;
	case SP_FP_PALETTE:
		return sp_paint_palette(&c->paint, ev->update.data);
	default:
		return SP_OK;
	}
	if (rc == SP_OK) {
		painted(c);
	}
	return rc;
}

static int answer(struct client *c, const struct sp_event *ev)
{
	struct sp_rdp *rdp = sp_conn_rdp(c->conn);
	struct sp_caps caps;

	switch (ev->kind) {
	case SP_EV_AUTH_TOKEN:
		return sp_client_login_step(c->login, c->conn, ev->token);
	case SP_EV_DEMAND_ACTIVE:
		if (!new_picture(c, ev->caps->bitmap.width, ev->caps->bitmap.height)) {
			return SP_ENOMEM;
		}
		sp_client_default_caps(&caps, (uint16_t)c->w, (uint16_t)c->h, 32);
		return sp_client_confirm(rdp, &caps);
	case SP_EV_UPDATE:
		return update(c, ev);
	case SP_EV_ERROR_INFO:
		return ev->error_info == 0 ? SP_OK : SP_EDENIED;
	default:
		return SP_OK;
	}
}

static void on_event(void *user, const struct sp_event *ev)
{
	struct client *c = user;
	int rc = answer(c, ev);

	if (rc != SP_OK) {
		sp_conn_fail(c->conn, rc,
				ev->kind == SP_EV_AUTH_TOKEN ? sp_client_login_why(c->login)
							     : "client");
	}
}

static void on_closed(void *user, int err, const char *what)
{
	fail(user, err, what);
}

static struct sp_rdp *make_machine(const struct bench *b, const struct client_target *t)
{
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct sp_wr password;

	gcc = (struct sp_gcc_client){.has_security = true, .has_cluster = true};
	gcc.core.version = SP_GCC_VERSION_5;
	gcc.core.desktop_width = b->w;
	gcc.core.desktop_height = b->h;
	gcc.core.keyboard_layout = 0x409;
	gcc.core.keyboard_type = 4;
	gcc.core.keyboard_function_key = 12;
	gcc.core.client_build = 2600;
	gcc.core.n_tail = SP_GCC_TAIL_ALL;
	gcc.core.connection_type = SP_GCC_CONNECTION_LAN;
	snprintf(gcc.core.client_name, sizeof(gcc.core.client_name), "bench");
	gcc.core.early_capability_flags = SP_GCC_CS_ERRINFO | SP_GCC_CS_VALID_CONNECTION_TYPE;
	sp_gcc_client_set_bpp(&gcc.core, 32);

	info = (struct sp_info){.flags = SP_INFO_MOUSE | SP_INFO_UNICODE | SP_INFO_LOGONNOTIFY |
					SP_INFO_DISABLECTRLALTDEL | SP_INFO_MAXIMIZESHELL |
					SP_INFO_ENABLEWINDOWSKEY | SP_INFO_NOAUDIOPLAYBACK |
					SP_INFO_MOUSE_HAS_WHEEL | SP_INFO_AUTOLOGON,
			.tail = SP_INFO_TAIL_PERF,
			.family = SP_INFO_AF_INET};
	snprintf(info.user, sizeof(info.user), "%s", t->user);
	snprintf(info.address, sizeof(info.address), HOST);
	sp_wr_init(&password, SP_SECRET_MAX);
	sp_utf16_write(&password, t->password);
	if (sp_wr_ok(&password) != SP_OK ||
			!sp_secret_set(&info.password, password.p, password.n)) {
		sp_wr_finish(&password);
		return NULL;
	}
	sp_wr_finish(&password);
	struct sp_client_conf conf = {
			.protocols = t->nla ? SP_PROTO_SSL | SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX
					    : SP_PROTO_SSL,
			.cookie = t->user,
			.gcc = &gcc,
			.info = &info,
			.crypto = &sp_crypto_nettle,
	};
	return sp_client_create(&conf, sp_now_us());
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
			fail(c, SP_ESYS, "loop");
		}
	}
	c->wait = WAIT_NOTHING;
	return c->met;
}

static void destroy(struct client *c)
{
	sp_conn_destroy(c->conn);
	sp_client_login_destroy(c->login);
	sp_watch_remove(c->quiet);
	sp_paint_finish(&c->paint);
	sp_tls_ctx_destroy(c->tls);
	free(c->fb);
	free(c->film);
	free(c->model);
	free(c);
}

static bool start(struct client *c, const struct client_target *t, uint64_t *start_us)
{
	static const struct sp_conn_calls calls = {.event = on_event, .closed = on_closed};
	struct bench *b = c->bench;
	char why[SP_WHY_MAX] = "";
	int fd;

	struct sp_client_login_conf login = {.user = t->user,
			.host = HOST,
			.password = sp_span(t->password, strlen(t->password)),
			.spnego = !t->raw_ntlm};
	c->tls = sp_tls_client_ctx(sp_span(NULL, 0), why);
	c->login = sp_client_login_create(&login);
	c->quiet = sp_loop_timer(b->loop, on_quiet, c);
	if (!c->tls || !c->login || !c->quiet || !new_picture(c, b->w, b->h)) {
		return bench_fail("client: %s", why);
	}
	struct sp_rdp *rdp = make_machine(b, t);
	*start_us = sp_now_us();
	if (!rdp || sp_tcp_connect(HOST, t->port, *start_us + OPEN_US, &fd, why) != SP_OK) {
		sp_rdp_destroy(rdp);
		return bench_fail("client: %s", why);
	}
	struct sp_conn_conf conf = {.fd = fd,
			.rdp = rdp,
			.ctx = c->tls,
			.peer = {.verify = SP_TLS_VERIFY_REPORT},
			.calls = &calls,
			.user = c};
	c->conn = sp_tcp_tune(fd, 0, 0) == SP_OK ? sp_conn_create(b->loop, &conf) : NULL;
	return c->conn || bench_fail("client: out of memory");
}

struct client *client_open(struct bench *b, const struct client_target *t, double *ms)
{
	struct client *c = calloc(1, sizeof(*c));
	uint64_t start_us = 0;

	if (!c) {
		return NULL;
	}
	c->bench = b;
	sp_paint_init(&c->paint, NULL, 0, 0, 0);
	if (!start(c, t, &start_us)) {
		destroy(c);
		return NULL;
	}
	if (!run(c, WAIT_DESKTOP, OPEN_US)) {
		bench_fail("client: no desktop: %s %s",
				c->closed ? sp_err_text(c->err) : "timeout, in",
				c->closed ? c->what : sp_rdp_state_name(sp_conn_rdp(c->conn)));
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
	return sp_client_input(sp_conn_rdp(c->conn), &key, 1) == SP_OK;
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
	out->rest_psnr = number != 0 && number < PICTURE_NUMBERS ? shown_psnr(c, number) : 0;
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
	return sp_conn_bytes_in(c->conn);
}

void client_close(struct client *c)
{
	if (!c) {
		return;
	}
	if (!c->closed) {
		if (sp_client_end(sp_conn_rdp(c->conn)) != SP_OK) {
			bench_fail("client: no goodbye");
		}
		sp_conn_end(c->conn);
		run(c, WAIT_CLOSED, CLOSE_US);
	}
	destroy(c);
}
