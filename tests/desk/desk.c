/* tests/desk/desk.c - see desk.h. */
#include "desk.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "desk/session/child.h"
#include "unit.h"

enum sp_xserver_kind desk_kind(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "xvfb") == 0 ? SP_XSERVER_XVFB : SP_XSERVER_XORG;
}

void desk_dir(char *out)
{
	snprintf(out, 64, "/tmp/sallyport-desk-XXXXXX");
	assert_non_null(mkdtemp(out));
}

void desk_remove(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[512];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
			continue;
		}
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (unlink(path) != 0) {
			desk_remove(path);
		}
	}
	if (d) {
		closedir(d);
	}
	rmdir(dir);
}

bool desk_installed(enum sp_xserver_kind kind)
{
	char path[256];

	if (kind == SP_XSERVER_XVFB) {
		return sp_child_find("Xvfb", NULL, path, sizeof(path)) == SP_OK;
	}
	return access("/usr/lib/xorg/Xorg", X_OK) == 0 &&
			access("/usr/lib/xorg/modules/drivers/dummy_drv.so", R_OK) == 0;
}

void desk_open(struct desk *d, enum sp_xserver_kind kind, uint32_t width, uint32_t height)
{
	char why[300];

	*d = (struct desk){.kind = kind};
	if (!desk_installed(kind)) {
		print_message("%s is not installed\n",
				kind == SP_XSERVER_XVFB ? "Xvfb" : "Xorg with the dummy driver");
		skip();
	}
	desk_dir(d->dir);
	struct sp_xserver_opts opts = {
			.dir = d->dir, .kind = kind, .width = width, .height = height};
	int rc = sp_xserver_start(&opts, &d->server, why, sizeof(why));

	if (rc != SP_OK) {
		fail_msg("%s", why);
	}
	rc = sp_xlink_create(sp_xserver_display(d->server), sp_xserver_authority(d->server), &d->x,
			why, sizeof(why));
	if (rc != SP_OK) {
		fail_msg("%s", why);
	}
	setenv("DISPLAY", sp_xserver_display(d->server), 1);
	setenv("XAUTHORITY", sp_xserver_authority(d->server), 1);
	d->app = xcb_connect(NULL, NULL);
	assert_int_equal(xcb_connection_has_error(d->app), 0);
	d->screen = xcb_setup_roots_iterator(xcb_get_setup(d->app)).data;
}

void desk_close(struct desk *d)
{
	if (d->app) {
		xcb_disconnect(d->app);
	}
	sp_xlink_destroy(d->x);
	sp_xserver_destroy(d->server);
	if (d->dir[0]) {
		desk_remove(d->dir);
	}
	*d = (struct desk){0};
}

void desk_app_sync(struct desk *d)
{
	free(xcb_get_input_focus_reply(d->app, xcb_get_input_focus(d->app), NULL));
}

xcb_window_t desk_window(struct desk *d, int16_t x, int16_t y, uint16_t w, uint16_t h)
{
	xcb_window_t win = xcb_generate_id(d->app);
	uint32_t values[] = {0, 1,
			XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE |
					XCB_EVENT_MASK_BUTTON_PRESS |
					XCB_EVENT_MASK_BUTTON_RELEASE |
					XCB_EVENT_MASK_POINTER_MOTION};

	xcb_create_window(d->app, XCB_COPY_FROM_PARENT, win, d->screen->root, x, y, w, h, 0,
			XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
			XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
	xcb_map_window(d->app, win);
	desk_app_sync(d);
	return win;
}

xcb_generic_event_t *desk_event(struct desk *d, uint8_t type, unsigned ms)
{
	uint64_t end = desk_now() + ms;

	for (;;) {
		xcb_generic_event_t *ev;
		struct pollfd p = {.fd = xcb_get_file_descriptor(d->app), .events = POLLIN};

		while ((ev = xcb_poll_for_event(d->app))) {
			if ((ev->response_type & 0x7f) == type) {
				return ev;
			}
			free(ev);
		}
		uint64_t now = desk_now();
		if (now >= end) {
			return NULL;
		}
		poll(&p, 1, (int)(end - now));
	}
}

uint64_t desk_now(void)
{
	return sp_child_now();
}

void desk_sleep(unsigned ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}
