/* desk/session/xlink.c - see xlink.h. */
#include "desk/session/xlink.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xcb/damage.h>
#include <xcb/randr.h>
#include <xcb/shm.h>
#include <xcb/xfixes.h>
#include <xcb/xkb.h>
#include <xcb/xtest.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/rd.h"

#define COOKIE_NAME "MIT-MAGIC-COOKIE-1"
#define COOKIE_SIZE 16

/* The first magic cookie of a file as libXau writes it. */
static int read_cookie(const char *path, uint8_t cookie[COOKIE_SIZE])
{
	uint8_t file[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return SP_ENOTFOUND;
	}
	ssize_t got = read(fd, file, sizeof(file));
	close(fd);
	if (got <= 0) {
		return SP_ENOTFOUND;
	}
	struct sp_rd r;
	sp_rd_init(&r, file, (size_t)got);
	int rc = SP_ENOTFOUND;
	while (rc != SP_OK && sp_rd_left(&r) > 0) {
		sp_rd_skip(&r, 2); /* family */
		sp_rd_skip(&r, sp_rd_be16(&r)); /* address */
		sp_rd_skip(&r, sp_rd_be16(&r)); /* display number */
		struct sp_span name = sp_rd_span(&r, sp_rd_be16(&r));
		struct sp_span data = sp_rd_span(&r, sp_rd_be16(&r));

		if (sp_rd_ok(&r) != SP_OK) {
			break;
		}
		if (name.n == strlen(COOKIE_NAME) && memcmp(name.p, COOKIE_NAME, name.n) == 0 &&
				data.n == COOKIE_SIZE) {
			memcpy(cookie, data.p, COOKIE_SIZE);
			rc = SP_OK;
		}
	}
	sp_wipe(file, sizeof(file));
	return rc;
}

static xcb_connection_t *dial(const char *display, const char *authority, int *number)
{
	uint8_t cookie[COOKIE_SIZE];
	char name[] = COOKIE_NAME;

	if (!authority || read_cookie(authority, cookie) != SP_OK) {
		return xcb_connect(display, number);
	}
	xcb_auth_info_t auth = {
			.namelen = (int)strlen(name),
			.name = name,
			.datalen = COOKIE_SIZE,
			.data = (char *)cookie,
	};
	xcb_connection_t *c = xcb_connect_to_display_with_auth_info(display, &auth, number);
	sp_wipe(cookie, sizeof(cookie));
	return c;
}

static const xcb_query_extension_reply_t *extension(
		struct sp_xlink *x, xcb_extension_t *ext, const char *name, const char **missing)
{
	const xcb_query_extension_reply_t *r = xcb_get_extension_data(x->c, ext);

	if (r && r->present) {
		return r;
	}
	if (missing) {
		*missing = name;
	}
	return NULL;
}

/* Each extension wants to be asked for its version before use. */
static bool agree_versions(struct sp_xlink *x)
{
	xcb_damage_query_version_cookie_t damage = xcb_damage_query_version(x->c, 1, 1);
	xcb_xfixes_query_version_cookie_t xfixes = xcb_xfixes_query_version(x->c, 4, 0);
	xcb_randr_query_version_cookie_t randr = xcb_randr_query_version(x->c, 1, 3);
	xcb_test_get_version_cookie_t xtest = xcb_test_get_version(x->c, 2, 2);
	xcb_xkb_use_extension_cookie_t xkb = xcb_xkb_use_extension(x->c, 1, 0);

	xcb_damage_query_version_reply_t *dr = xcb_damage_query_version_reply(x->c, damage, NULL);
	xcb_xfixes_query_version_reply_t *fr = xcb_xfixes_query_version_reply(x->c, xfixes, NULL);
	xcb_randr_query_version_reply_t *rr = xcb_randr_query_version_reply(x->c, randr, NULL);
	xcb_test_get_version_reply_t *tr = xcb_test_get_version_reply(x->c, xtest, NULL);
	xcb_xkb_use_extension_reply_t *kr = xcb_xkb_use_extension_reply(x->c, xkb, NULL);
	bool ok = dr && fr && fr->major_version >= 2 && rr &&
			(rr->major_version > 1 || rr->minor_version >= 3) && tr && kr &&
			kr->supported;

	free(dr);
	free(fr);
	free(rr);
	free(tr);
	free(kr);
	return ok;
}

static void agree_shm(struct sp_xlink *x)
{
	const xcb_query_extension_reply_t *ext = xcb_get_extension_data(x->c, &xcb_shm_id);

	if (!ext || !ext->present) {
		return;
	}
	xcb_shm_query_version_reply_t *r =
			xcb_shm_query_version_reply(x->c, xcb_shm_query_version(x->c), NULL);
	x->shm = r != NULL;
	x->shm_fd = r && (r->major_version > 1 || r->minor_version >= 2);
	free(r);
}

static int find_extensions(struct sp_xlink *x, char *why, size_t n)
{
	const char *missing = NULL;
	const xcb_query_extension_reply_t *damage, *xfixes, *randr, *xkb;

	damage = extension(x, &xcb_damage_id, "DAMAGE", &missing);
	xfixes = extension(x, &xcb_xfixes_id, "XFIXES", &missing);
	randr = extension(x, &xcb_randr_id, "RANDR", &missing);
	xkb = extension(x, &xcb_xkb_id, "XKEYBOARD", &missing);
	extension(x, &xcb_test_id, "XTEST", &missing);
	if (missing) {
		snprintf(why, n, "the X server has no %s", missing);
		return SP_EPROTO;
	}
	x->damage_event = damage->first_event;
	x->xfixes_event = xfixes->first_event;
	x->randr_event = randr->first_event;
	x->xkb_event = xkb->first_event;
	if (!agree_versions(x)) {
		snprintf(why, n, "the X server's extensions are too old");
		return SP_EPROTO;
	}
	agree_shm(x);
	return SP_OK;
}

int sp_xlink_create(const char *display, const char *authority, struct sp_xlink **out, char *why,
		size_t n)
{
	struct sp_xlink *x = sp_calloc(1, sizeof(*x));
	int number = 0;

	*out = NULL;
	snprintf(why, n, "%s", "");
	if (!x) {
		return SP_ENOMEM;
	}
	x->c = dial(display, authority, &number);
	if (xcb_connection_has_error(x->c)) {
		snprintf(why, n, "display %s: no connection, error %d", display ? display : "",
				xcb_connection_has_error(x->c));
		sp_xlink_destroy(x);
		return SP_ENOTFOUND;
	}
	xcb_screen_iterator_t it = xcb_setup_roots_iterator(xcb_get_setup(x->c));
	while (number-- > 0 && it.rem > 1) {
		xcb_screen_next(&it);
	}
	x->screen = it.data;
	x->root = it.data->root;
	int rc = find_extensions(x, why, n);
	if (rc != SP_OK) {
		sp_xlink_destroy(x);
		return rc;
	}
	*out = x;
	return SP_OK;
}

void sp_xlink_destroy(struct sp_xlink *x)
{
	if (!x) {
		return;
	}
	xcb_disconnect(x->c);
	sp_free(x);
}

int sp_xlink_fd(const struct sp_xlink *x)
{
	return xcb_get_file_descriptor(x->c);
}

static void deliver(struct sp_xlink *x, const xcb_generic_event_t *ev)
{
	if (ev->response_type == 0) {
		const xcb_generic_error_t *e = (const xcb_generic_error_t *)ev;

		/* A window or a region that went away between event and request is no fault. */
		sp_log(SP_LOG_DEBUG, "x: error %u of request %u.%u", e->error_code, e->major_code,
				e->minor_code);
		return;
	}
	for (size_t i = 0; i < x->n_listeners; i++) {
		x->listeners[i].fn(x->listeners[i].arg, ev);
	}
}

int sp_xlink_pump(struct sp_xlink *x)
{
	xcb_generic_event_t *ev;

	xcb_flush(x->c);
	while ((ev = xcb_poll_for_event(x->c))) {
		deliver(x, ev);
		free(ev);
	}
	if (xcb_connection_has_error(x->c)) {
		x->gone = true;
	}
	return x->gone ? SP_ECLOSED : SP_OK;
}

int sp_xlink_listen(struct sp_xlink *x, sp_xlink_fn fn, void *arg)
{
	if (x->n_listeners == SP_XLINK_MAX_LISTENERS) {
		return SP_ELIMIT;
	}
	x->listeners[x->n_listeners].fn = fn;
	x->listeners[x->n_listeners++].arg = arg;
	return SP_OK;
}

void sp_xlink_unlisten(struct sp_xlink *x, void *arg)
{
	for (size_t i = 0; i < x->n_listeners; i++) {
		if (x->listeners[i].arg == arg) {
			x->listeners[i] = x->listeners[--x->n_listeners];
			return;
		}
	}
}

int sp_xlink_sync(struct sp_xlink *x)
{
	xcb_get_input_focus_reply_t *r =
			xcb_get_input_focus_reply(x->c, xcb_get_input_focus(x->c), NULL);

	if (!r) {
		x->gone = xcb_connection_has_error(x->c) != 0;
	}
	free(r);
	return x->gone ? SP_ECLOSED : SP_OK;
}
