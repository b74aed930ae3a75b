/* tests/desk/flow_display.c - display control on a real desktop, by a client that is good or bad. */
#include <stdlib.h>
#include <string.h>
#include <xcb/randr.h>

#include "core/chan/display.h"
#include "unit.h"
#include "viewer.h"

#define QUIET "exec sleep 1000"
#define LONG_ENOUGH_MS 400 /* for a layout that is to change nothing */

static const char *server = "xorg";
static struct session s;
static struct viewer v;

/* The client's end of the channel, which sends what it is told, right or wrong. */
static struct end {
	struct sp_part part;
	struct sp_port *port;
	struct sp_display_caps caps;
	bool has_caps;
	unsigned opened, closed;
} end;

static void attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_port_conf conf = {.owner = p, .max_message = 1 << 16};

	assert_int_equal(sp_vc_listen(vc, SP_DISPLAY_CHANNEL, &conf), SP_OK);
}

static void event(struct sp_part *p, const struct sp_vc_event *ev)
{
	struct sp_rd r;

	switch (ev->kind) {
	case SP_VC_OPENED:
		end.port = ev->port;
		end.opened++;
		break;
	case SP_VC_MESSAGE:
		assert_false(end.has_caps);
		sp_rd_init(&r, ev->message.p, ev->message.n);
		assert_int_equal(sp_display_caps_read(&r, &end.caps), SP_OK);
		end.has_caps = true;
		break;
	case SP_VC_CLOSED:
		end.port = NULL;
		end.closed++;
		break;
	case SP_VC_ROOM:
		break;
	}
}

static void detach(struct sp_part *p)
{
	end.port = NULL;
}

static const struct sp_part_calls calls = {
		.dynamic = true, .attach = attach, .event = event, .detach = detach};

static bool has_caps(void *arg)
{
	return end.has_caps && v.active;
}

static void start(void)
{
	memset(&end, 0, sizeof(end));
	end.part.calls = &calls;
	session_open(&s, server, QUIET, 800, 600);
	viewer_open_part(&v, &s, 800, 600, 32, &end.part);
	viewer_until(&s, has_caps, NULL);
	viewer_until(&s, viewer_equal, &v);
	assert_int_equal(v.activations, 1);
}

static int teardown(void **state)
{
	(void)state;
	viewer_close(&v);
	session_close(&s);
	return 0;
}

static void send_bytes(struct sp_span bytes)
{
	assert_non_null(end.port);
	assert_int_equal(sp_port_send(end.port, sp_rcbuf_from(bytes.p, bytes.n)), SP_OK);
	viewer_pump(&v);
}

static void send(const struct sp_display_layout *l)
{
	uint8_t buf[SP_DISPLAY_MAX_MESSAGE];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_display_layout_write(&w, l);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	send_bytes(sp_span(buf, w.n));
}

static void send_one(uint32_t w, uint32_t h)
{
	struct sp_display_layout l = {
			.n = 1, .monitor = {{.primary = true, .width = w, .height = h}}};

	send(&l);
}

struct size {
	uint32_t w, h;
};

static bool has_size(void *arg)
{
	const struct size *want = arg;

	return v.active && v.width == want->w && v.height == want->h;
}

static void until_size(uint32_t w, uint32_t h)
{
	viewer_until(&s, has_size, &(struct size){w, h});
	viewer_until(&s, viewer_equal, &v);
}

static unsigned monitors(void)
{
	xcb_randr_get_monitors_reply_t *r = xcb_randr_get_monitors_reply(
			s.app, xcb_randr_get_monitors(s.app, s.screen->root, 1), NULL);
	unsigned n = r ? r->nMonitors : 0;

	free(r);
	return n;
}

/* Of a burst the last one counts, and the client is activated once. */
static void test_burst(void **state)
{
	(void)state;
	start();
	assert_int_equal(end.caps.max_monitors, SP_DISPLAY_MAX_MONITORS);
	assert_true(sp_display_max_area(&end.caps) >= 3840 * 2160);
	for (uint32_t i = 0; i <= 100; i++) {
		send_one(800 + 2 * i, 600 + i);
	}
	until_size(1000, 700);
	assert_int_equal(v.activations, 2);
	assert_int_equal(end.opened, 1);
	/* A client that never stops sees a new size all the same. */
	for (uint32_t i = 0; i < 80 && v.activations == 2; i++) {
		send_one(1000 + 2 * i, 700);
		viewer_run(&s, 40);
	}
	assert_int_equal(v.activations, 3);
}

static void test_several(void **state)
{
	struct sp_display_layout l = {.n = 3,
			.monitor = {{.left = -640, .top = 20, .width = 640, .height = 480},
					{.primary = true, .width = 1000, .height = 700},
					{.left = 1000, .top = -100, .width = 600, .height = 800}}};

	(void)state;
	start();
	send(&l);
	until_size(2240, 800);
	assert_int_equal(monitors(), 3);
	/* The same size, divided in another way: nothing for the client to do. */
	l.monitor[0].top = 0;
	l.n = 2;
	l.monitor[1].width = 1600;
	l.monitor[1].height = 800;
	send(&l);
	while (monitors() != 2) {
		viewer_run(&s, 20);
	}
	assert_int_equal(v.activations, 2);
	send_one(800, 600);
	until_size(800, 600);
	assert_int_equal(monitors(), 1);
}

/* What is not possible changes nothing, and the next right one counts again. */
static void test_bad_layouts(void **state)
{
	struct sp_display_layout l = {.n = 2,
			.monitor = {{.primary = true, .width = 1000, .height = 700},
					{.left = 998, .width = 640, .height = 480}}};

	(void)state;
	start();
	send(&l);
	l.monitor[1].left = 1002;
	send(&l);
	l.monitor[1].left = 1000;
	l.monitor[0].primary = false;
	send(&l);
	send_bytes(unit_hex("02000000 10000000 28000000 00000000"));
	send_bytes(unit_hex("02000000 10000000 28000000 ffffffff"));
	send_bytes(unit_hex("05000000 14000000 01000000 01000000 01000000"));
	send_bytes(unit_hex("00"));
	for (uint32_t i = 0; i < 200; i++) {
		send_bytes(unit_hex("02000000 ffffffff"));
	}
	viewer_run(&s, LONG_ENOUGH_MS);
	assert_int_equal(v.activations, 1);
	send_one(900, 701);
	until_size(900, 701);
}

/* A message longer than any layout ends the channel, not the desktop. */
static void test_long_message(void **state)
{
	static const uint8_t bytes[5000] = {2, 0, 0, 0, 0x88, 0x13};

	(void)state;
	start();
	send_bytes(sp_span(bytes, sizeof(bytes)));
	viewer_run(&s, LONG_ENOUGH_MS);
	assert_int_equal(end.closed, 1);
	assert_true(v.active);
	assert_int_equal(v.activations, 1);
	xcb_window_t win = session_window(&s, 10, 10, 100, 100);
	assert_true(win != 0);
	viewer_until(&s, viewer_equal, &v);
}

/* What a client wanted that is gone is not done to the next one. */
static void test_gone(void **state)
{
	(void)state;
	start();
	send_one(1200, 900);
	assert_int_equal(sp_loop_turn(s.loop, 20000), SP_OK);
	viewer_close(&v);
	memset(&end, 0, sizeof(end));
	end.part.calls = &calls;
	viewer_open_part(&v, &s, 640, 480, 32, &end.part);
	viewer_until(&s, has_caps, NULL);
	viewer_run(&s, LONG_ENOUGH_MS);
	assert_int_equal(v.activations, 1);
	assert_int_equal(v.width, 640);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_burst, teardown),
			cmocka_unit_test_teardown(test_several, teardown),
			cmocka_unit_test_teardown(test_bad_layouts, teardown),
			cmocka_unit_test_teardown(test_long_message, teardown),
			cmocka_unit_test_teardown(test_gone, teardown),
	};

	server = argc > 1 ? argv[1] : server;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
