/* tests/desk/viewer.c - see viewer.h. */
#include "viewer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/codec/pixel.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/mcs.h"
#include "core/pdu/misc.h"
#include "core/pdu/share.h"
#include "core/rdp/client.h"
#include "core/rdp/machine.h"
#include "desk.h"
#include "host/io/ipc.h"
#include "host/io/proc.h"
#include "unit.h"

#define PUMP (1u << 20) /* bytes of channels at a time */

static bool desk_said(struct session *s, struct sp_mon_in *in)
{
	uint64_t end = sp_now_us() + 2 * VIEWER_PATIENCE_US;

	while (sp_now_us() < end) {
		int rc = sp_mon_recv(s->broker, in);

		if (rc != 0) {
			return rc == 1;
		}
		desk_sleep(1);
	}
	return false;
}

static void connect_app(struct session *s)
{
	char authority[128];

	snprintf(authority, sizeof(authority), "%s/Xauthority", s->dir);
	setenv("DISPLAY", s->up.display, 1);
	setenv("XAUTHORITY", authority, 1);
	s->app = xcb_connect(NULL, NULL);
	assert_int_equal(xcb_connection_has_error(s->app), 0);
	s->screen = xcb_setup_roots_iterator(xcb_get_setup(s->app)).data;
}

void session_open(struct session *s, const char *server, const char *command, uint16_t width,
		uint16_t height)
{
	char path[1024], why[SP_WHY_MAX];
	const char *argv[] = {"sp-desk", s->dir, "info", server, NULL};
	static const char *const env[] = {"LANG=C.UTF-8", NULL};
	struct sp_msg_desktop_open open = {.conn = 1};
	struct sp_mon_in in;
	int fds[2];

	if (!desk_installed(strcmp(server, "xvfb") == 0 ? SP_XSERVER_XVFB : SP_XSERVER_XORG)) {
		print_message("%s is not installed\n", server);
		skip();
	}
	memset(s, 0, sizeof(*s));
	desk_dir(s->dir);
	s->loop = sp_loop_create();
	assert_non_null(s->loop);
	snprintf(path, sizeof(path), "%s/sp-desk", getenv("SP_BUILD") ? getenv("SP_BUILD") : ".");
	assert_int_equal(sp_ipc_pair(fds), SP_OK);
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.env = env,
			.fds = &fds[1],
			.nfds = 1,
			.own_output = true};
	if (sp_proc_start(&spec, &s->pid, why) != SP_OK) {
		fail_msg("%s", why);
	}
	close(fds[1]);
	s->broker = fds[0];
	snprintf(open.user, sizeof(open.user), "demo");
	snprintf(open.target, sizeof(open.target), "desktop");
	snprintf(open.command, sizeof(open.command), "%s", command);
	open.geometry.width = width;
	open.geometry.height = height;
	open.geometry.bpp = 32;
	assert_int_equal(sp_mon_say(s->broker, DESK_START, &open), SP_OK);
	assert_true(desk_said(s, &in));
	if (in.type != SP_MSG_DESK_UP) {
		fail_msg("no desktop: %s", in.body.desk_text.text);
	}
	s->up = in.body.desk_up;
	connect_app(s);
}

int session_close(struct session *s)
{
	int status = -1;

	if (!s->loop) {
		return 0;
	}
	if (s->app) {
		xcb_disconnect(s->app);
	}
	close(s->broker);
	assert_int_equal(sp_proc_reap(s->pid, sp_now_us() + VIEWER_PATIENCE_US, &status), SP_OK);
	sp_loop_destroy(s->loop);
	desk_remove(s->dir);
	memset(s, 0, sizeof(*s));
	return status;
}

void session_poll(struct session *s)
{
	struct sp_mon_in in;

	while (sp_mon_recv(s->broker, &in) == 1) {
		assert_int_equal(in.type, SP_MSG_DESK_ENDED);
		s->ended = true;
		memcpy(s->end_text, in.body.desk_text.text, sizeof(s->end_text));
		sp_mon_in_finish(&in);
	}
}

void session_sync(struct session *s)
{
	free(xcb_get_input_focus_reply(s->app, xcb_get_input_focus(s->app), NULL));
}

xcb_window_t session_window(struct session *s, int16_t x, int16_t y, uint16_t w, uint16_t h)
{
	xcb_window_t win = xcb_generate_id(s->app);
	uint32_t values[] = {0, 1, XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE};

	xcb_create_window(s->app, XCB_COPY_FROM_PARENT, win, s->screen->root, x, y, w, h, 0,
			XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
			XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
	xcb_map_window(s->app, win);
	session_sync(s);
	xcb_set_input_focus(s->app, XCB_INPUT_FOCUS_POINTER_ROOT, win, XCB_CURRENT_TIME);
	session_sync(s);
	return win;
}

/* ---- clients ---- */

static void confirm(struct viewer *v, const struct sp_caps *server)
{
	struct sp_caps caps;

	v->width = server->bitmap.width;
	v->height = server->bitmap.height;
	v->bpp = (uint8_t)server->bitmap.bpp;
	v->activations++;
	free(v->fb);
	v->fb = calloc((size_t)v->width * v->height, 4);
	assert_non_null(v->fb);
	sp_paint_target(&v->paint, v->fb, (size_t)v->width * 4, v->width, v->height);
	sp_client_default_caps(&caps, v->width, v->height, v->bpp);
	if (v->no_pointer) {
		caps.pointer.cache = 0;
	}
	assert_int_equal(sp_client_confirm(sp_conn_rdp(v->conn), &caps), SP_OK);
}

static void on_update(struct viewer *v, uint8_t code, struct sp_span data)
{
	struct sp_rect changed;

	v->updates++;
	switch (code) {
	case SP_FP_BITMAP:
		assert_int_equal(sp_paint_bitmap(&v->paint, data, &changed), SP_OK);
		break;
	case SP_FP_PTR_NULL:
	case SP_FP_PTR_DEFAULT:
	case SP_FP_COLOR:
	case SP_FP_CACHED:
	case SP_FP_POINTER:
	case SP_FP_LARGE_POINTER:
		v->pointers++;
		v->pointer_code = code;
		sp_wr_reset(&v->pointer);
		sp_wr_span(&v->pointer, data);
		break;
	default:
		break;
	}
}

void viewer_pump(struct viewer *v)
{
	if (v->vc && !sp_conn_full(v->conn)) {
		assert_true(sp_part_pump(v->vc, PUMP) >= 0);
	}
}

static void attach_part(struct viewer *v)
{
	if (v->part && !v->vc) {
		v->vc = sp_vc_create(sp_conn_rdp(v->conn), false);
		assert_non_null(v->vc);
		v->part->calls->attach(v->part, v->vc);
	}
}

static void detach_part(struct viewer *v)
{
	if (v->vc) {
		v->part->calls->detach(v->part);
		sp_vc_destroy(v->vc);
		v->vc = NULL;
	}
}

static void on_event(void *user, const struct sp_event *ev)
{
	struct viewer *v = user;

	switch (ev->kind) {
	case SP_EV_DEMAND_ACTIVE:
		confirm(v, ev->caps);
		break;
	case SP_EV_ACTIVE:
		v->active = true;
		attach_part(v);
		break;
	case SP_EV_CHANNEL:
		if (v->vc) {
			assert_int_equal(sp_vc_feed(v->vc, ev), SP_OK);
			sp_part_events(v->vc);
			viewer_pump(v);
		}
		break;
	case SP_EV_DEACTIVATED:
		v->active = false;
		break;
	case SP_EV_UPDATE:
		on_update(v, ev->update.code, ev->update.data);
		break;
	case SP_EV_ERROR_INFO:
		v->error_info = ev->error_info;
		break;
	case SP_EV_CLOSED:
		sp_conn_end(v->conn);
		break;
	default:
		break;
	}
}

static void on_closed(void *user, int err, const char *what)
{
	struct viewer *v = user;

	v->closed = true;
	v->active = false;
	detach_part(v);
	sp_conn_destroy(v->conn);
	v->conn = NULL;
}

static void join(struct viewer *v, struct sp_loop *loop, int fd, uint16_t width, uint16_t height,
		uint8_t bpp, struct sp_part *part)
{
	static const struct sp_conn_calls calls = {.event = on_event, .closed = on_closed};
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct sp_client_conf cc = {.gcc = &gcc, .info = &info};

	memset(v, 0, sizeof(*v));
	v->part = part;
	memset(&gcc, 0, sizeof(gcc));
	if (part) {
		gcc.has_net = true;
		gcc.n_channels = 1;
		snprintf(gcc.channel[0].name, sizeof(gcc.channel[0].name), "%s",
				part->calls->channel ? part->calls->channel : "drdynvc");
		gcc.channel[0].options = SP_GCC_CHANNEL_INITIALIZED;
	}
	gcc.core.version = SP_GCC_VERSION_5;
	gcc.core.desktop_width = width;
	gcc.core.desktop_height = height;
	gcc.core.keyboard_layout = 0x409;
	gcc.core.keyboard_type = 4;
	gcc.core.n_tail = SP_GCC_TAIL_ALL;
	gcc.core.early_capability_flags = SP_GCC_CS_ERRINFO;
	sp_gcc_client_set_bpp(&gcc.core, bpp);
	info.flags = SP_INFO_UNICODE;
	sp_wr_init(&v->pointer, 1 << 20);
	v->fb = calloc((size_t)width * height, 4);
	sp_paint_init(&v->paint, v->fb, (size_t)width * 4, width, height);
	struct sp_conn_conf conf = {.fd = fd,
			.rdp = sp_client_create(&cc, sp_now_us()),
			.calls = &calls,
			.user = v};
	v->conn = sp_conn_create(loop, &conf);
	assert_non_null(v->conn);
}

void viewer_join(struct viewer *v, struct sp_loop *loop, int fd, uint16_t width, uint16_t height,
		uint8_t bpp)
{
	join(v, loop, fd, width, height, bpp, NULL);
}

void viewer_open_part(struct viewer *v, struct session *s, uint16_t width, uint16_t height,
		uint8_t bpp, struct sp_part *part)
{
	struct sp_msg_desk_connect m = {.conn = 2};
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	m.geometry.width = width;
	m.geometry.height = height;
	m.geometry.bpp = bpp;
	assert_int_equal(sp_mon_send(s->broker, SP_MSG_DESK_CONNECT, &m, sizeof(m), &fds[1], 1),
			SP_OK);
	close(fds[1]);
	join(v, s->loop, fds[0], width, height, bpp, part);
	v->s = s;
}

void viewer_open(struct viewer *v, struct session *s, uint16_t width, uint16_t height, uint8_t bpp)
{
	viewer_open_part(v, s, width, height, bpp, NULL);
}

void viewer_close(struct viewer *v)
{
	detach_part(v);
	sp_conn_destroy(v->conn);
	sp_wr_finish(&v->pointer);
	sp_paint_finish(&v->paint);
	free(v->fb);
	memset(v, 0, sizeof(*v));
}

void viewer_until(struct session *s, bool (*done)(void *arg), void *arg)
{
	uint64_t end = sp_now_us() + VIEWER_PATIENCE_US;

	while (!done(arg)) {
		if (sp_now_us() >= end) {
			fail_msg("waited in vain");
		}
		assert_int_equal(sp_loop_turn(s->loop, 20000), SP_OK);
		session_poll(s);
	}
}

bool viewer_known(void *arg)
{
	const struct viewer *who = arg;

	return sp_conn_rdp(who->conn)->state == SP_RDP_WAIT_LICENSE;
}

bool viewer_confirmed(void *arg)
{
	const struct viewer *who = arg;

	return sp_conn_rdp(who->conn)->share_id != 0;
}

static bool is_active(void *arg)
{
	struct viewer *v = arg;

	return v->active;
}

void viewer_until_active(struct viewer *v, struct session *s)
{
	viewer_until(s, is_active, v);
}

void viewer_run(struct session *s, unsigned ms)
{
	uint64_t end = sp_now_us() + (uint64_t)ms * 1000, now;

	while ((now = sp_now_us()) < end) {
		assert_int_equal(sp_loop_turn(s->loop, end - now), SP_OK);
		session_poll(s);
	}
}

void viewer_key(struct viewer *v, uint16_t scancode)
{
	struct sp_input_event ev[2] = {{.kind = SP_INPUT_SCANCODE, .code = scancode},
			{.kind = SP_INPUT_SCANCODE, .code = scancode, .key = SP_KEY_RELEASE}};

	assert_int_equal(sp_client_input(sp_conn_rdp(v->conn), ev, 2), SP_OK);
}

static void send_data(
		struct viewer *v, enum sp_share_data_type type, const struct sp_misc_suppress *body)
{
	struct sp_rdp *c = sp_conn_rdp(v->conn);
	size_t mcs = sp_mcs_send_begin(
			&c->wr, SP_MCS_SEND_DATA_REQUEST, c->user_id, SP_MCS_IO_CHANNEL);
	size_t share = sp_share_data_begin(&c->wr, c->user_id, c->share_id, type);

	if (body) {
		sp_misc_suppress_write(&c->wr, body);
	}
	sp_share_data_end(&c->wr, share);
	sp_mcs_send_end(&c->wr, mcs);
	assert_int_equal(sp_rdp_flush(c), SP_OK);
}

void viewer_suppress(struct viewer *v, bool allow)
{
	struct sp_misc_suppress m = {.allow = allow, .desk = {0, 0, v->width, v->height}};

	send_data(v, SP_DATA_SUPPRESS_OUTPUT, &m);
}

void viewer_shutdown_request(struct viewer *v)
{
	send_data(v, SP_DATA_SHUTDOWN_REQUEST, NULL);
}

/* ---- what they see ---- */

uint32_t viewer_pixel(const struct viewer *who, unsigned x, unsigned y)
{
	uint32_t px;

	memcpy(&px, who->fb + 4 * ((size_t)y * who->width + x), 4);
	return px & 0xffffff;
}

uint32_t viewer_quantized(uint32_t px, unsigned depth)
{
	uint8_t in[4], out[4];
	uint32_t v32;

	memcpy(in, &px, 4);
	sp_pixel_quantize(depth, out, in, 1);
	memcpy(&v32, out, 4);
	return v32 & 0xffffff;
}

bool viewer_equal(void *arg)
{
	struct viewer *who = arg;
	bool equal = true;

	if (!who->active || !who->fb) {
		return false;
	}
	xcb_get_image_reply_t *r = xcb_get_image_reply(who->s->app,
			xcb_get_image(who->s->app, XCB_IMAGE_FORMAT_Z_PIXMAP, who->s->screen->root,
					0, 0, who->width, who->height, ~0u),
			NULL);
	assert_non_null(r);
	const uint8_t *p = xcb_get_image_data(r);
	for (unsigned y = 0; y < who->height && equal; y++) {
		for (unsigned x = 0; x < who->width && equal; x++) {
			uint32_t px;

			memcpy(&px, p + 4 * ((size_t)y * who->width + x), 4);
			equal = viewer_pixel(who, x, y) ==
					viewer_quantized(px & 0xffffff, who->bpp);
		}
	}
	free(r);
	return equal;
}
