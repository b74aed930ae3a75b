/* tests/desk/test_selection.c - what programs copy, and what they are given, with a real X server. */
#include "desk/session/selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "desk.h"
#include "unit.h"

#define WAIT_MS 4000
#define BIG (3u << 20)
#define NAME 64

static enum sp_xserver_kind kind;
static struct desk d;
static struct sp_loop *loop;
static struct sp_selection *sel;

/* What our side was told. */
static struct {
	size_t n_held, n_targets;
	char target[SP_SELECTION_MAX_TARGETS][NAME];
	enum sp_selection_kind kind;
	uint32_t wanted[SP_SELECTION_MAX_WANTS + 8];
	size_t target_of[SP_SELECTION_MAX_WANTS + 8];
	size_t n_wanted;
	size_t n_got;
	int rc;
	uint32_t got_id;
	struct sp_rcbuf *data;
	char type[NAME];
} seen;

static void on_held(void *user, enum sp_selection_kind k, const char *const *targets, size_t n)
{
	(void)user;
	seen.n_held++;
	seen.kind = k;
	seen.n_targets = n;
	for (size_t i = 0; i < n; i++) {
		snprintf(seen.target[i], NAME, "%s", targets[i]);
	}
}

static void on_wanted(void *user, uint32_t id, size_t target)
{
	(void)user;
	assert_true(seen.n_wanted < SP_LEN(seen.wanted));
	seen.target_of[seen.n_wanted] = target;
	seen.wanted[seen.n_wanted++] = id;
}

static void on_got(void *user, uint32_t id, int rc, struct sp_rcbuf *data, const char *type)
{
	(void)user;
	seen.n_got++;
	seen.got_id = id;
	seen.rc = rc;
	sp_rcbuf_unref(seen.data);
	seen.data = data;
	snprintf(seen.type, NAME, "%s", type);
}

static void open_all(bool primary, uint64_t want_us, uint64_t step_us)
{
	static const struct sp_selection_calls calls = {
			.held = on_held, .wanted = on_wanted, .got = on_got};

	desk_open(&d, kind, 640, 480);
	loop = sp_loop_create();
	assert_non_null(loop);
	struct sp_selection_conf conf = {.loop = loop,
			.x = d.x,
			.primary = primary,
			.want_us = want_us,
			.step_us = step_us,
			.calls = &calls};
	assert_int_equal(sp_selection_create(&conf, &sel), SP_OK);
	assert_int_equal(sp_xlink_sync(d.x), SP_OK);
}

static int teardown(void **state)
{
	(void)state;
	sp_selection_destroy(sel);
	sel = NULL;
	sp_loop_destroy(loop);
	loop = NULL;
	sp_rcbuf_unref(seen.data);
	memset(&seen, 0, sizeof(seen));
	desk_close(&d);
	return 0;
}

static void turn(void)
{
	assert_int_equal(sp_xlink_pump(d.x), SP_OK);
	assert_int_equal(sp_loop_turn(loop, 2000), SP_OK);
	assert_int_equal(sp_xlink_pump(d.x), SP_OK);
}

#define UNTIL(cond) \
	do { \
		uint64_t end = desk_now() + WAIT_MS; \
		while (!(cond)) { \
			assert_true(desk_now() < end); \
			turn(); \
		} \
	} while (0)

static void turns(unsigned ms)
{
	uint64_t end = desk_now() + ms;

	while (desk_now() < end) {
		turn();
	}
}

/* ---- a program ---- */

static xcb_atom_t atom(const char *name)
{
	xcb_intern_atom_reply_t *r = xcb_intern_atom_reply(
			d.app, xcb_intern_atom(d.app, 0, (uint16_t)strlen(name), name), NULL);
	assert_non_null(r);
	xcb_atom_t a = r->atom;

	free(r);
	return a;
}

/* The program's next event of the type, while our side works. */
static xcb_generic_event_t *app_event(uint8_t type)
{
	uint64_t end = desk_now() + WAIT_MS;

	while (desk_now() < end) {
		xcb_generic_event_t *ev = xcb_poll_for_event(d.app);

		if (ev && (ev->response_type & 0x7f) == type) {
			return ev;
		}
		free(ev);
		turn();
	}
	return NULL;
}

static xcb_window_t app_window(void)
{
	xcb_window_t w = xcb_generate_id(d.app);
	uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;

	xcb_create_window(d.app, XCB_COPY_FROM_PARENT, w, d.screen->root, 0, 0, 1, 1, 0,
			XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK,
			&mask);
	desk_app_sync(&d);
	return w;
}

static void app_ask(xcb_window_t w, const char *selection, const char *target, const char *property)
{
	xcb_convert_selection(
			d.app, w, atom(selection), atom(target), atom(property), XCB_CURRENT_TIME);
	xcb_flush(d.app);
}

/* Whether the question was answered with the property; else it was refused. */
static bool app_answered(void)
{
	xcb_selection_notify_event_t *ev = (void *)app_event(XCB_SELECTION_NOTIFY);

	assert_non_null(ev);
	bool ok = ev->property != XCB_ATOM_NONE;
	free(ev);
	return ok;
}

static xcb_get_property_reply_t *app_property(xcb_window_t w, const char *property)
{
	xcb_get_property_reply_t *r = xcb_get_property_reply(d.app,
			xcb_get_property(d.app, 1, w, atom(property), XCB_ATOM_ANY, 0, BIG), NULL);

	assert_non_null(r);
	return r;
}

static void app_own(xcb_window_t w, const char *selection)
{
	xcb_set_selection_owner(d.app, w, atom(selection), XCB_CURRENT_TIME);
	desk_app_sync(&d);
}

/* Answers the next request with these bytes; NULL refuses. */
static xcb_selection_request_event_t *app_serve(
		const char *type, uint8_t format, const void *p, size_t n)
{
	xcb_selection_request_event_t *ev = (void *)app_event(XCB_SELECTION_REQUEST);
	assert_non_null(ev);
	xcb_selection_notify_event_t out = {.response_type = XCB_SELECTION_NOTIFY,
			.time = ev->time,
			.requestor = ev->requestor,
			.selection = ev->selection,
			.target = ev->target,
			.property = p ? ev->property : XCB_ATOM_NONE};
	char wire[32] = {0};

	if (p) {
		xcb_change_property(d.app, XCB_PROP_MODE_REPLACE, ev->requestor, ev->property,
				atom(type), format, (uint32_t)(n / (format / 8)), p);
	}
	memcpy(wire, &out, sizeof(out));
	xcb_send_event(d.app, 0, ev->requestor, 0, wire);
	xcb_flush(d.app);
	return ev;
}

static void app_serve_targets(void)
{
	xcb_atom_t list[] = {atom("TARGETS"), atom("UTF8_STRING"), atom("text/html")};

	free(app_serve("ATOM", 32, list, sizeof(list)));
}

static struct sp_rcbuf *pattern(size_t n)
{
	struct sp_rcbuf *b = sp_rcbuf_create(n);

	assert_non_null(b);
	for (size_t i = 0; i < n; i++) {
		b->p[i] = (uint8_t)(i * 31 + i / 4096);
	}
	return b;
}

/* ---- what is ours ---- */

static const char *const ours[] = {"UTF8_STRING", "text/html"};

static void own(void)
{
	assert_int_equal(sp_selection_own(sel, ours, SP_LEN(ours)), SP_OK);
	turns(50);
}

static void test_give(void **state)
{
	(void)state;
	open_all(true, 0, 0);
	own();
	xcb_window_t w = app_window();

	app_ask(w, "CLIPBOARD", "TARGETS", "A");
	assert_true(app_answered());
	xcb_get_property_reply_t *r = app_property(w, "A");
	assert_int_equal(r->type, XCB_ATOM_ATOM);
	assert_int_equal(xcb_get_property_value_length(r), 5 * sizeof(xcb_atom_t));
	assert_int_equal(((xcb_atom_t *)xcb_get_property_value(r))[4], atom("text/html"));
	free(r);
	app_ask(w, "PRIMARY", "TIMESTAMP", "A");
	assert_true(app_answered());
	app_ask(w, "CLIPBOARD", "MULTIPLE", "A");
	assert_false(app_answered());
	app_ask(w, "CLIPBOARD", "image/png", "A");
	assert_false(app_answered());

	/* Two at once, answered in the other order; an id is good once. */
	app_ask(w, "CLIPBOARD", "UTF8_STRING", "A");
	app_ask(w, "PRIMARY", "text/html", "B");
	UNTIL(seen.n_wanted == 2);
	assert_int_equal(seen.target_of[0], 0);
	assert_int_equal(seen.target_of[1], 1);
	sp_selection_answer(sel, seen.wanted[1], NULL, sp_rcbuf_from("<b>", 3));
	assert_true(app_answered());
	sp_selection_answer(sel, seen.wanted[1], NULL, sp_rcbuf_from("again", 5));
	r = app_property(w, "B");
	assert_int_equal(r->type, atom("text/html"));
	assert_memory_equal(xcb_get_property_value(r), "<b>", 3);
	free(r);
	sp_selection_answer(sel, seen.wanted[0], "STRING", sp_rcbuf_create(0));
	assert_true(app_answered());
	r = app_property(w, "A");
	assert_int_equal(r->type, XCB_ATOM_STRING);
	assert_int_equal(xcb_get_property_value_length(r), 0);
	free(r);

	/* Who waits is refused when what is owned changes, and when it is given up. */
	app_ask(w, "CLIPBOARD", "UTF8_STRING", "A");
	UNTIL(seen.n_wanted == 3);
	own();
	assert_false(app_answered());
	app_ask(w, "CLIPBOARD", "UTF8_STRING", "A");
	UNTIL(seen.n_wanted == 4);
	sp_selection_release(sel);
	assert_false(app_answered());
	turns(50);
	xcb_get_selection_owner_reply_t *o = xcb_get_selection_owner_reply(
			d.app, xcb_get_selection_owner(d.app, atom("CLIPBOARD")), NULL);
	assert_int_equal(o->owner, XCB_NONE);
	free(o);
}

/* Several targets at once: one answer for all, and those that are not to be had are none. */
static void test_multiple(void **state)
{
	(void)state;
	open_all(false, 0, 0);
	own();
	xcb_window_t w = app_window();
	xcb_atom_t pairs[] = {atom("text/html"), atom("B"), atom("image/png"), atom("C"),
			atom("TIMESTAMP"), atom("D"), atom("MULTIPLE"), atom("E"),
			atom("UTF8_STRING"), XCB_ATOM_NONE, atom("UTF8_STRING"), atom("F")};
	uint32_t many[40] = {0};

	xcb_change_property(d.app, XCB_PROP_MODE_REPLACE, w, atom("A"), atom("ATOM_PAIR"), 32,
			SP_LEN(pairs), pairs);
	app_ask(w, "CLIPBOARD", "MULTIPLE", "A");
	UNTIL(seen.n_wanted == 2);
	sp_selection_answer(sel, seen.wanted[1], NULL, sp_rcbuf_from("text", 4));
	sp_selection_answer(sel, seen.wanted[0], NULL, sp_rcbuf_from("<b>", 3));
	assert_true(app_answered());
	xcb_get_property_reply_t *r = app_property(w, "A");
	assert_int_equal(r->type, atom("ATOM_PAIR"));
	assert_int_equal(xcb_get_property_value_length(r), sizeof(pairs));
	const xcb_atom_t *got = xcb_get_property_value(r);
	static const bool there[] = {true, false, true, false, false, true};
	for (size_t i = 0; i < SP_LEN(there); i++) {
		assert_int_equal(got[2 * i], there[i] ? pairs[2 * i] : XCB_ATOM_NONE);
		assert_int_equal(got[2 * i + 1], pairs[2 * i + 1]);
	}
	free(r);
	r = app_property(w, "B");
	assert_memory_equal(xcb_get_property_value(r), "<b>", 3);
	free(r);
	r = app_property(w, "F");
	assert_memory_equal(xcb_get_property_value(r), "text", 4);
	free(r);

	/* Who waits is told when what is owned changes. */
	xcb_change_property(d.app, XCB_PROP_MODE_REPLACE, w, atom("A"), atom("ATOM_PAIR"), 32, 2,
			pairs);
	app_ask(w, "CLIPBOARD", "MULTIPLE", "A");
	UNTIL(seen.n_wanted == 3);
	own();
	assert_true(app_answered());
	r = app_property(w, "A");
	assert_int_equal(*(xcb_atom_t *)xcb_get_property_value(r), XCB_ATOM_NONE);
	free(r);

	/* Lists that are none, and too many programs. */
	xcb_change_property(d.app, XCB_PROP_MODE_REPLACE, w, atom("A"), atom("ATOM_PAIR"), 32, 3,
			pairs);
	app_ask(w, "CLIPBOARD", "MULTIPLE", "A");
	assert_false(app_answered());
	xcb_change_property(d.app, XCB_PROP_MODE_REPLACE, w, atom("A"), atom("ATOM_PAIR"), 32,
			SP_LEN(many), many);
	app_ask(w, "CLIPBOARD", "MULTIPLE", "A");
	assert_false(app_answered());
	for (int i = 0; i < 9; i++) {
		xcb_change_property(d.app, XCB_PROP_MODE_REPLACE, w, atom("A"), atom("ATOM_PAIR"),
				32, 2, pairs);
		app_ask(w, "CLIPBOARD", "MULTIPLE", "A");
	}
	assert_false(app_answered());
	assert_int_equal(seen.n_wanted, 3 + 8);
}

/* More programs than there is room for, and nobody who answers: all are refused in time. */
static void test_no_answer(void **state)
{
	(void)state;
	open_all(false, 200000, 0);
	own();
	xcb_window_t w = app_window();

	for (unsigned i = 0; i < SP_SELECTION_MAX_WANTS + 5; i++) {
		char property[16];

		snprintf(property, sizeof(property), "P%u", i);
		app_ask(w, "CLIPBOARD", "UTF8_STRING", property);
	}
	for (unsigned i = 0; i < SP_SELECTION_MAX_WANTS + 5; i++) {
		assert_false(app_answered());
	}
	assert_int_equal(seen.n_wanted, SP_SELECTION_MAX_WANTS);
	sp_selection_answer(sel, seen.wanted[0], NULL, sp_rcbuf_from("late", 4));
	sp_selection_answer(sel, 0, NULL, NULL);
	turns(20);
}

static void test_give_pieces(void **state)
{
	struct sp_rcbuf *big = pattern(BIG + 17);
	size_t at = 0, pieces = 0;

	(void)state;
	open_all(false, 0, 300000);
	own();
	xcb_window_t w = app_window();
	app_ask(w, "CLIPBOARD", "UTF8_STRING", "A");
	UNTIL(seen.n_wanted == 1);
	sp_selection_answer(sel, seen.wanted[0], NULL, sp_rcbuf_ref(big));
	assert_true(app_answered());
	xcb_get_property_reply_t *r = app_property(w, "A");
	assert_int_equal(r->type, atom("INCR"));
	free(r);
	for (;;) {
		xcb_property_notify_event_t *ev = (void *)app_event(XCB_PROPERTY_NOTIFY);

		assert_non_null(ev);
		bool value = ev->state == XCB_PROPERTY_NEW_VALUE;
		free(ev);
		if (!value) {
			continue;
		}
		r = app_property(w, "A");
		size_t n = (size_t)xcb_get_property_value_length(r);
		/* The first value was INCR itself, which is gone. */
		if (r->type == XCB_ATOM_NONE) {
			free(r);
			continue;
		}
		assert_true(at + n <= big->n);
		assert_memory_equal(xcb_get_property_value(r), big->p + at, n);
		at += n;
		pieces++;
		free(r);
		if (n == 0) {
			break;
		}
	}
	assert_int_equal(at, big->n);
	assert_true(pieces > 10);
	/* Whoever stops taking is dropped, and so is a window that goes; ours goes on. */
	app_ask(w, "CLIPBOARD", "UTF8_STRING", "A");
	UNTIL(seen.n_wanted == 2);
	sp_selection_answer(sel, seen.wanted[1], NULL, sp_rcbuf_ref(big));
	assert_true(app_answered());
	xcb_window_t other = app_window();
	app_ask(other, "CLIPBOARD", "UTF8_STRING", "A");
	UNTIL(seen.n_wanted == 3);
	sp_selection_answer(sel, seen.wanted[2], NULL, sp_rcbuf_ref(big));
	assert_true(app_answered());
	assert_int_equal(big->refs, 3);
	xcb_destroy_window(d.app, other);
	xcb_flush(d.app);
	UNTIL(big->refs == 2);
	UNTIL(big->refs == 1);
	sp_rcbuf_unref(big);
}

/* ---- what is others' ---- */

static void test_take(void **state)
{
	uint32_t id;

	(void)state;
	open_all(true, 0, 0);
	xcb_window_t w = app_window();
	assert_int_equal(sp_selection_read(sel, SP_SELECTION_CLIPBOARD, "UTF8_STRING", &id),
			SP_ENOTFOUND);
	app_own(w, "CLIPBOARD");
	app_serve_targets();
	UNTIL(seen.n_held == 1);
	assert_int_equal(seen.kind, SP_SELECTION_CLIPBOARD);
	assert_int_equal(seen.n_targets, 3);
	assert_string_equal(seen.target[1], "UTF8_STRING");

	assert_int_equal(sp_selection_read(sel, SP_SELECTION_CLIPBOARD, "UTF8_STRING", &id), SP_OK);
	free(app_serve("STRING", 8, "text", 4));
	UNTIL(seen.n_got == 1);
	assert_int_equal(seen.got_id, id);
	assert_int_equal(seen.rc, SP_OK);
	assert_string_equal(seen.type, "STRING");
	assert_int_equal(seen.data->n, 4);
	assert_memory_equal(seen.data->p, "text", 4);

	assert_int_equal(sp_selection_read(sel, SP_SELECTION_CLIPBOARD, "text/html", &id), SP_OK);
	free(app_serve(NULL, 8, NULL, 0));
	UNTIL(seen.n_got == 2);
	assert_int_equal(seen.rc, SP_EDENIED);
	assert_null(seen.data);
	/* Numbers where text was asked for. */
	assert_int_equal(sp_selection_read(sel, SP_SELECTION_CLIPBOARD, "text/html", &id), SP_OK);
	free(app_serve("text/html", 32, "12345678", 8));
	UNTIL(seen.n_got == 3);
	assert_int_equal(seen.rc, SP_EFIELD);

	/* Selecting with the mouse: asked once it rests. */
	for (unsigned i = 0; i < 5; i++) {
		app_own(w, "PRIMARY");
		turns(20);
	}
	app_serve_targets();
	UNTIL(seen.n_held == 2);
	assert_int_equal(seen.kind, SP_SELECTION_PRIMARY);

	sp_selection_look(sel);
	app_serve_targets();
	app_serve_targets();
	UNTIL(seen.n_held == 4);
	/* The program ends. */
	xcb_disconnect(d.app);
	d.app = xcb_connect(NULL, NULL);
	UNTIL(seen.n_held == 6);
	assert_int_equal(seen.n_targets, 0);
}

static void test_take_pieces(void **state)
{
	struct sp_rcbuf *big = pattern(BIG);
	uint32_t id, least = BIG;
	size_t at = 0;

	(void)state;
	open_all(false, 0, 300000);
	xcb_window_t w = app_window();
	app_own(w, "CLIPBOARD");
	app_serve_targets();
	UNTIL(seen.n_held == 1);
	assert_int_equal(sp_selection_read(sel, SP_SELECTION_CLIPBOARD, "UTF8_STRING", &id), SP_OK);
	xcb_selection_request_event_t *ev = (void *)app_event(XCB_SELECTION_REQUEST);
	assert_non_null(ev);
	uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;
	xcb_change_window_attributes(d.app, ev->requestor, XCB_CW_EVENT_MASK, &mask);
	xcb_change_property(d.app, XCB_PROP_MODE_REPLACE, ev->requestor, ev->property, atom("INCR"),
			32, 1, &least);
	xcb_selection_notify_event_t out = {.response_type = XCB_SELECTION_NOTIFY,
			.requestor = ev->requestor,
			.selection = ev->selection,
			.target = ev->target,
			.property = ev->property};
	char wire[32] = {0};
	memcpy(wire, &out, sizeof(out));
	xcb_send_event(d.app, 0, ev->requestor, 0, wire);
	xcb_flush(d.app);
	for (bool end = false; !end;) {
		xcb_property_notify_event_t *pn = (void *)app_event(XCB_PROPERTY_NOTIFY);

		assert_non_null(pn);
		bool taken = pn->window == ev->requestor && pn->state == XCB_PROPERTY_DELETE;
		free(pn);
		if (taken) {
			size_t n = BIG - at < 200000 ? BIG - at : 200000;

			xcb_change_property(d.app, XCB_PROP_MODE_REPLACE, ev->requestor,
					ev->property, ev->target, 8, (uint32_t)n, big->p + at);
			xcb_flush(d.app);
			at += n;
			end = n == 0;
		}
	}
	free(ev);
	UNTIL(seen.n_got == 1);
	assert_int_equal(seen.rc, SP_OK);
	assert_int_equal(seen.data->n, BIG);
	assert_memory_equal(seen.data->p, big->p, BIG);

	/* One that begins and never goes on, one that never answers, one that ends. */
	assert_int_equal(sp_selection_read(sel, SP_SELECTION_CLIPBOARD, "UTF8_STRING", &id), SP_OK);
	free(app_serve("INCR", 32, &least, 4));
	UNTIL(seen.n_got == 2);
	assert_int_equal(seen.rc, SP_ETIMEOUT);
	assert_int_equal(sp_selection_read(sel, SP_SELECTION_CLIPBOARD, "UTF8_STRING", &id), SP_OK);
	UNTIL(seen.n_got == 3);
	assert_int_equal(seen.rc, SP_ETIMEOUT);
	for (unsigned i = 0; i < SP_SELECTION_MAX_READS; i++) {
		assert_int_equal(sp_selection_read(sel, SP_SELECTION_CLIPBOARD, "STRING", &id),
				SP_OK);
	}
	assert_int_equal(sp_selection_read(sel, SP_SELECTION_CLIPBOARD, "STRING", &id), SP_ELIMIT);
	xcb_destroy_window(d.app, w);
	xcb_flush(d.app);
	UNTIL(seen.n_got == 3 + SP_SELECTION_MAX_READS);
	assert_int_equal(seen.rc, SP_ECLOSED);
	sp_rcbuf_unref(big);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_give, teardown),
			cmocka_unit_test_teardown(test_multiple, teardown),
			cmocka_unit_test_teardown(test_no_answer, teardown),
			cmocka_unit_test_teardown(test_give_pieces, teardown),
			cmocka_unit_test_teardown(test_take, teardown),
			cmocka_unit_test_teardown(test_take_pieces, teardown),
	};

	kind = desk_kind(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
