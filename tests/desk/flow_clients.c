/* tests/desk/flow_clients.c - clients that come, go, look away and take over; how a desktop ends. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xcb/xtest.h>

#include "core/pdu/errinfo.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/pointer.h"
#include "core/rdp/client.h"
#include "core/view/cursor.h"
#include "desk/session/screen.h"
#include "desk/session/xlink.h"
#include "unit.h"
#include "viewer.h"

#define QUIET "exec sleep 1000"
#define IDLE_MS 3000

static const char *server = "xorg";
static struct session s;
static struct viewer v, w;

static int teardown(void **state)
{
	(void)state;
	viewer_close(&v);
	viewer_close(&w);
	session_close(&s);
	return 0;
}

static void start(const char *command, uint16_t width, uint16_t height)
{
	session_open(&s, server, command, width, height);
	viewer_open(&v, &s, width, height, 32);
	viewer_until(&s, viewer_equal, &v);
}

/* As its background, since a new size of the screen costs windows what was drawn into them. */
static void fill(xcb_window_t win, uint32_t color)
{
	xcb_change_window_attributes(s.app, win, XCB_CW_BACK_PIXEL, &color);
	xcb_clear_area(s.app, 0, win, 0, 0, 0, 0);
	session_sync(&s);
}

static bool is_closed(void *arg)
{
	const struct viewer *who = arg;

	return who->closed;
}

static bool has_ended(void *arg)
{
	(void)arg;
	return s.ended;
}

/* ---- size and takeover ---- */

static void test_takeover(void **state)
{
	(void)state;
	start(QUIET, 800, 600);
	xcb_window_t win = session_window(&s, 10, 10, 300, 200);
	fill(win, 0x12ab34);
	viewer_until(&s, viewer_equal, &v);
	/* A key that the first one holds is not held for the second. */
	struct sp_input_event shift = {.kind = SP_INPUT_SCANCODE, .code = 0x2a};
	assert_int_equal(sp_client_input(sp_conn_rdp(v.conn), &shift, 1), SP_OK);
	viewer_run(&s, 50);

	viewer_open(&w, &s, 1025, 701, 16);
	viewer_until(&s, is_closed, &v);
	assert_int_equal(v.error_info, SP_ERRINFO_DISCONNECTED_BY_OTHERCONNECTION);
	viewer_until(&s, viewer_equal, &w);
	assert_int_equal(w.width, 1024);
	assert_int_equal(w.height, 701);
	assert_int_equal(w.bpp, 16);
	assert_int_equal(viewer_pixel(&w, 50, 50), viewer_quantized(0x12ab34, 16));
	xcb_query_pointer_reply_t *q = xcb_query_pointer_reply(
			s.app, xcb_query_pointer(s.app, s.screen->root), NULL);
	assert_non_null(q);
	assert_int_equal(q->mask & XCB_MOD_MASK_SHIFT, 0);
	free(q);
}

/* What was drawn while nobody looked is there when somebody comes back, in any size. */
static void test_reconnect(void **state)
{
	static const uint16_t sizes[][2] = {{640, 480}, {1280, 1024}, {200, 200}, {800, 600}};

	(void)state;
	start(QUIET, 800, 600);
	xcb_window_t win = session_window(&s, 10, 10, 100, 100);
	for (size_t i = 0; i < SP_LEN(sizes); i++) {
		viewer_close(&v);
		viewer_run(&s, 50);
		fill(win, 0x010101 * (uint32_t)(i + 1));
		viewer_open(&v, &s, sizes[i][0], sizes[i][1], 32);
		viewer_until(&s, viewer_equal, &v);
		assert_int_equal(v.width, sizes[i][0]);
		assert_int_equal(v.height, sizes[i][1]);
		assert_int_equal(viewer_pixel(&v, 20, 20), 0x010101 * (i + 1));
	}
}

/* There may be a size between, when a server sets screen and mode one after the other. */
static bool new_size(void *arg)
{
	const struct viewer *who = arg;

	return who->active && who->width == 1000 && who->height == 500;
}

/* A program of the desktop changes the size of the screen: the client follows. */
static void test_program_resizes(void **state)
{
	struct sp_xlink *x;
	struct sp_screen *screen;
	char why[200];

	(void)state;
	start(QUIET, 800, 600);
	assert_int_equal(sp_xlink_create(NULL, NULL, &x, why, sizeof(why)), SP_OK);
	assert_int_equal(sp_screen_create(x, &screen), SP_OK);
	assert_int_equal(sp_screen_resize(screen, 1000, 500, 0), SP_OK);
	viewer_until(&s, new_size, &v);
	assert_in_range(v.activations, 2, 3);
	viewer_until(&s, viewer_equal, &v);
	xcb_window_t win = session_window(&s, 900, 400, 100, 100);
	fill(win, 0x776655);
	viewer_until(&s, viewer_equal, &v);
	sp_screen_destroy(screen);
	sp_xlink_destroy(x);
}

/* ---- the pointer ---- */

static xcb_cursor_t make_cursor(uint16_t side, uint16_t red, bool hidden)
{
	xcb_cursor_t cur = xcb_generate_id(s.app);
	xcb_pixmap_t maps[2];

	for (uint32_t i = 0; i < 2; i++) {
		uint32_t one = i == 0 || !hidden, zero = 0;
		xcb_gcontext_t gc = xcb_generate_id(s.app);
		xcb_rectangle_t all = {0, 0, side, side}, half = {0, 0, side / 2, side};

		maps[i] = xcb_generate_id(s.app);
		xcb_create_pixmap(s.app, 1, maps[i], s.screen->root, side, side);
		xcb_create_gc(s.app, gc, maps[i], XCB_GC_FOREGROUND, &zero);
		xcb_poly_fill_rectangle(s.app, maps[i], gc, 1, &all);
		xcb_change_gc(s.app, gc, XCB_GC_FOREGROUND, &one);
		xcb_poly_fill_rectangle(s.app, maps[i], gc, 1, &half);
		xcb_free_gc(s.app, gc);
	}
	xcb_create_cursor(s.app, cur, maps[0], maps[1], red, 0, 0, 0, 0, 0xffff, 1, 2);
	return cur;
}

static size_t pointers_before;

static bool new_pointer(void *arg)
{
	const struct viewer *who = arg;

	return who->pointers > pointers_before;
}

static struct sp_pointer next_pointer(struct viewer *who, xcb_window_t win, xcb_cursor_t cur)
{
	struct sp_pointer p = {0};
	struct sp_rd r;

	pointers_before = who->pointers;
	xcb_change_window_attributes(s.app, win, XCB_CW_CURSOR, &cur);
	session_sync(&s);
	viewer_until(&s, new_pointer, who);
	sp_rd_init(&r, who->pointer.p, who->pointer.n);
	assert_int_equal(sp_pointer_fast_read(&r, who->pointer_code, &p), SP_OK);
	return p;
}

static void check_shape(const struct sp_pointer *p, uint32_t side, uint32_t left)
{
	static uint8_t pixels[SP_CURSOR_MAX * SP_CURSOR_MAX * 4];
	struct sp_cursor c = {.w = p->width, .h = p->height, .bgra = pixels};
	uint32_t px;

	assert_int_equal(p->width, side);
	assert_int_equal(p->height, side);
	assert_int_equal(sp_cursor_decode(&c, p->bpp, p->xor_mask, p->and_mask, NULL), SP_OK);
	for (uint32_t y = 0; y < side; y++) {
		for (uint32_t x = 0; x < side; x++) {
			memcpy(&px, pixels + 4 * (y * side + x), 4);
			assert_int_equal(px >> 24, x < side / 2 ? 0xff : 0);
			if (x < side / 2) {
				assert_int_equal(px & 0xffffff, left);
			}
		}
	}
}

static void test_pointer(void **state)
{
	struct sp_pointer p;

	(void)state;
	start(QUIET, 640, 480);
	xcb_window_t win = session_window(&s, 0, 0, 640, 480);
	struct sp_input_event move = {
			.kind = SP_INPUT_MOUSE, .flags = SP_MOUSE_MOVE, .x = 100, .y = 100};
	assert_int_equal(sp_client_input(sp_conn_rdp(v.conn), &move, 1), SP_OK);
	viewer_run(&s, 100);
	xcb_cursor_t red = make_cursor(24, 0xffff, false), dark = make_cursor(32, 0x8080, false);

	p = next_pointer(&v, win, red);
	assert_int_equal(v.pointer_code, SP_FP_POINTER);
	assert_int_equal(p.bpp, 32);
	assert_int_equal(p.x, 1);
	assert_int_equal(p.y, 2);
	check_shape(&p, 24, 0xff0000);
	unsigned slot = p.cache;
	p = next_pointer(&v, win, dark);
	check_shape(&p, 32, 0x800000);
	assert_int_not_equal(p.cache, slot);
	p = next_pointer(&v, win, red);
	assert_int_equal(v.pointer_code, SP_FP_CACHED);
	assert_int_equal(p.cache, slot);
	next_pointer(&v, win, make_cursor(16, 0, true));
	assert_int_equal(v.pointer_code, SP_FP_PTR_NULL);
	p = next_pointer(&v, win, dark);
	assert_int_equal(v.pointer_code, SP_FP_CACHED);
	/* More than a client without large pointers takes: made smaller, not cut. */
	p = next_pointer(&v, win, make_cursor(64, 0x4040, false));
	assert_int_equal(v.pointer_code, SP_FP_POINTER);
	assert_int_equal(p.width, 64);

	/* One that knows no new pointers, and has an empty cache. */
	viewer_open(&w, &s, 640, 480, 32);
	w.no_pointer = true;
	pointers_before = 0;
	viewer_until(&s, new_pointer, &w);
	p = next_pointer(&w, win, red);
	assert_int_equal(w.pointer_code, SP_FP_COLOR);
	check_shape(&p, 24, 0xff0000);
}

/* ---- looking away ---- */

static void test_suppress(void **state)
{
	(void)state;
	start(QUIET, 640, 480);
	xcb_window_t win = session_window(&s, 0, 0, 200, 200);
	viewer_until(&s, viewer_equal, &v);
	viewer_suppress(&v, false);
	viewer_run(&s, 50);
	size_t updates = v.updates;
	for (uint32_t i = 0; i < 20; i++) {
		fill(win, 0x112233 * (i % 5 + 1));
		viewer_run(&s, 5);
	}
	assert_int_equal(v.updates, updates);
	viewer_suppress(&v, true);
	viewer_until(&s, viewer_equal, &v);

	/* A client that lost its picture gets it again, changed or not. */
	memset(v.fb, 0, (size_t)v.width * v.height * 4);
	assert_int_equal(sp_client_refresh(sp_conn_rdp(v.conn), 0, 0, 640, 480), SP_OK);
	viewer_until(&s, viewer_equal, &v);

	viewer_shutdown_request(&v);
	viewer_run(&s, 100);
	assert_false(v.closed);
}

/* Said together with the end of the activation, as mstsc does: the first picture comes, no more. */
static void test_suppress_at_once(void **state)
{
	(void)state;
	session_open(&s, server, QUIET, 640, 480);
	xcb_window_t win = session_window(&s, 0, 0, 200, 200);
	fill(win, 0x332211);
	viewer_open(&v, &s, 640, 480, 32);
	/* The desktop is asleep while both are sent, so that it reads them in one go. */
	viewer_until(&s, viewer_known, &v);
	assert_int_equal(sp_loop_turn(s.loop, 0), SP_OK);
	usleep(100000);
	kill(s.pid, SIGSTOP);
	viewer_until(&s, viewer_confirmed, &v);
	viewer_suppress(&v, false);
	viewer_run(&s, 20);
	kill(s.pid, SIGCONT);
	viewer_until(&s, viewer_equal, &v);
	viewer_run(&s, 50);
	size_t updates = v.updates;
	fill(win, 0x445566);
	viewer_run(&s, 50);
	assert_int_equal(v.updates, updates);
	viewer_suppress(&v, true);
	viewer_until(&s, viewer_equal, &v);
}

static unsigned long cpu_ticks(pid_t pid)
{
	char path[64], text[1024] = "";
	unsigned long user = 0, system = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			&system);
	return user + system;
}

/* Voluntary context switches: how often the process woke up. */
static unsigned long wakeups(pid_t pid)
{
	char path[64], line[256];
	unsigned long n = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "voluntary_ctxt_switches: %lu", &n);
	}
	fclose(f);
	return n;
}

static void test_idle(void **state)
{
	(void)state;
	start(QUIET, 1920, 1080);
	viewer_run(&s, 1000);
	uint64_t bytes = sp_conn_bytes_in(v.conn);
	unsigned long cpu = cpu_ticks(s.pid), woken = wakeups(s.pid);
	viewer_run(&s, IDLE_MS);
	bytes = sp_conn_bytes_in(v.conn) - bytes;
	cpu = cpu_ticks(s.pid) - cpu;
	woken = wakeups(s.pid) - woken;
	print_message("idle for %d ms: %llu bytes, %lu ticks of CPU, woke up %lu times\n", IDLE_MS,
			(unsigned long long)bytes, cpu, woken);
	assert_int_equal(bytes, 0);
	assert_int_equal(cpu, 0);
	assert_int_equal(woken, 0);
}

/* ---- the end ---- */

static void test_program_ends(void **state)
{
	(void)state;
	start("sleep 0.5", 640, 480);
	viewer_until(&s, is_closed, &v);
	assert_int_equal(v.error_info, SP_ERRINFO_LOGOFF_BY_USER);
	viewer_until(&s, has_ended, NULL);
	assert_string_equal(s.end_text, "the session's program has ended");
	assert_int_equal(session_close(&s), 0);
}

static pid_t child_named(pid_t parent, const char *name)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	pid_t found = 0;

	assert_non_null(d);
	while (found == 0 && (e = readdir(d))) {
		char path[64], text[512] = "", want[64];
		int ppid = 0;

		snprintf(path, sizeof(path), "/proc/%.20s/stat", e->d_name);
		FILE *f = fopen(path, "r");
		if (!f) {
			continue;
		}
		snprintf(want, sizeof(want), "(%s)", name);
		if (fgets(text, sizeof(text), f) && strstr(text, want) &&
				sscanf(strrchr(text, ')') + 2, "%*c %d", &ppid) == 1 &&
				ppid == parent) {
			found = (pid_t)strtol(e->d_name, NULL, 10);
		}
		fclose(f);
	}
	closedir(d);
	return found;
}

static void test_server_dies(void **state)
{
	(void)state;
	start(QUIET, 640, 480);
	pid_t x = child_named(s.pid, strcmp(server, "xvfb") == 0 ? "Xvfb" : "Xorg");
	assert_true(x > 0);
	kill(x, SIGKILL);
	viewer_until(&s, is_closed, &v);
	assert_int_equal(v.error_info, SP_ERRINFO_CLOSE_STACK_ON_DRIVER_FAILURE);
	viewer_until(&s, has_ended, NULL);
	assert_string_equal(s.end_text, "the X server has ended");
	int status = session_close(&s);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void test_stopped(void **state)
{
	(void)state;
	start(QUIET, 640, 480);
	pid_t program = child_named(s.pid, "sleep");
	pid_t x = child_named(s.pid, strcmp(server, "xvfb") == 0 ? "Xvfb" : "Xorg");
	assert_true(program > 0 && x > 0);
	kill(s.pid, SIGTERM);
	viewer_until(&s, is_closed, &v);
	assert_int_equal(v.error_info, SP_ERRINFO_SERVER_SHUTDOWN);
	assert_int_equal(session_close(&s), 0);
	assert_int_not_equal(kill(program, 0), 0);
	assert_int_not_equal(kill(x, 0), 0);
}

static void test_nonsense(void **state)
{
	(void)state;
	start(QUIET, 640, 480);
	/* A client that talks rubbish is closed, and the desktop goes on for the next. */
	struct sp_msg_desk_connect m = {.conn = 9};
	int fds[2];
	m.geometry.width = 640;
	m.geometry.height = 480;
	m.geometry.bpp = 32;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(sp_mon_send(s.broker, SP_MSG_DESK_CONNECT, &m, sizeof(m), &fds[1], 1),
			SP_OK);
	close(fds[1]);
	viewer_run(&s, 100);
	assert_false(v.closed);
	xcb_window_t win = session_window(&s, 0, 0, 200, 200);
	fill(win, 0x998877);
	viewer_until(&s, viewer_equal, &v);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_takeover, teardown),
			cmocka_unit_test_teardown(test_reconnect, teardown),
			cmocka_unit_test_teardown(test_program_resizes, teardown),
			cmocka_unit_test_teardown(test_pointer, teardown),
			cmocka_unit_test_teardown(test_suppress, teardown),
			cmocka_unit_test_teardown(test_suppress_at_once, teardown),
			cmocka_unit_test_teardown(test_idle, teardown),
			cmocka_unit_test_teardown(test_program_ends, teardown),
			cmocka_unit_test_teardown(test_server_dies, teardown),
			cmocka_unit_test_teardown(test_stopped, teardown),
			cmocka_unit_test_teardown(test_nonsense, teardown),
	};

	if (argc > 1) {
		server = argv[1];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
