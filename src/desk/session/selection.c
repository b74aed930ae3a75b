/* desk/session/selection.c - see selection.h; who owns what, and where events go. */
#include "desk/session/selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xfixes.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/selection_part.h"

#define WANT_US (30 * 1000000u)
#define STEP_US (10 * 1000000u)
#define CHUNK (256u << 10)
#define REQUEST_HEAD 64 /* bytes of a request around the piece, generously */
/* Programs change PRIMARY at every move of a mouse that selects. */
#define SETTLE_US (250 * 1000u)
#define SLOT_BITS 8

uint32_t sp_selection_id(struct sp_selection *s, size_t slot)
{
	s->serial++;
	if ((s->serial << SLOT_BITS) == 0) {
		s->serial = 1;
	}
	return s->serial << SLOT_BITS | (uint32_t)slot;
}

size_t sp_selection_slot(uint32_t id)
{
	return id & ((1u << SLOT_BITS) - 1);
}

static void nearer(uint64_t *at, uint64_t deadline)
{
	if (deadline && (*at == 0 || deadline < *at)) {
		*at = deadline;
	}
}

void sp_selection_schedule(struct sp_selection *s)
{
	uint64_t at = 0;

	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		nearer(&at, s->want[i].id ? s->want[i].deadline : 0);
	}
	for (size_t i = 0; i < SP_SELECTION_MAX_READS; i++) {
		nearer(&at, s->take[i].id ? s->take[i].deadline : 0);
	}
	for (size_t i = 0; i < s->n_kinds; i++) {
		nearer(&at, s->kind[i].ask_at);
	}
	sp_watch_at(s->timer, at);
}

static void ask_targets(struct sp_selection *s, enum sp_selection_kind kind)
{
	uint32_t id;
	int rc = sp_selection_ask(s, kind, s->targets, true, &id);

	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "selection: its owner is not asked: %s", sp_err_text(rc));
	}
}

static void on_timer(void *user)
{
	struct sp_selection *s = user;
	uint64_t now = sp_now_us();

	sp_selection_wants_expire(s, now);
	sp_selection_takes_expire(s, now);
	for (size_t i = 0; i < s->n_kinds; i++) {
		if (s->kind[i].ask_at && s->kind[i].ask_at <= now) {
			s->kind[i].ask_at = 0;
			ask_targets(s, (enum sp_selection_kind)i);
		}
	}
	sp_selection_schedule(s);
	xcb_flush(s->c);
}

/* ---- events ---- */

static void on_owner(struct sp_selection *s, const xcb_xfixes_selection_notify_event_t *ev)
{
	for (size_t i = 0; i < s->n_kinds; i++) {
		enum sp_selection_kind kind = (enum sp_selection_kind)i;

		if (s->kind[i].atom != ev->selection) {
			continue;
		}
		s->kind[i].ask_at = 0;
		s->kind[i].time = ev->selection_timestamp;
		if (ev->owner == s->window) {
			s->kind[i].owner = SP_SELECTION_US;
			continue;
		}
		s->kind[i].owner = ev->owner ? SP_SELECTION_OTHER : SP_SELECTION_NOBODY;
		if (ev->subtype != XCB_XFIXES_SELECTION_EVENT_SET_SELECTION_OWNER) {
			sp_selection_owner_died(s, kind);
		}
		if (!ev->owner) {
			s->conf.calls->held(s->conf.user, kind, NULL, 0);
		} else if (kind == SP_SELECTION_PRIMARY) {
			s->kind[i].ask_at = sp_now_us() + SETTLE_US;
		} else {
			ask_targets(s, kind);
		}
	}
	sp_selection_schedule(s);
}

static void on_property(struct sp_selection *s, const xcb_property_notify_event_t *ev)
{
	if (ev->window != s->window) {
		sp_selection_given(s, ev);
	} else if (ev->atom != s->stamp) {
		sp_selection_arrived(s, ev);
	} else if (s->stamping) {
		s->stamping = false;
		s->since = ev->time;
		for (size_t i = 0; i < s->n_kinds; i++) {
			xcb_set_selection_owner(s->c, s->window, s->kind[i].atom, ev->time);
		}
	}
}

static void on_event(void *arg, const xcb_generic_event_t *ev)
{
	struct sp_selection *s = arg;
	uint8_t type = ev->response_type & 0x7f;

	if (type == s->conf.x->xfixes_event + XCB_XFIXES_SELECTION_NOTIFY) {
		on_owner(s, (const xcb_xfixes_selection_notify_event_t *)ev);
	} else if (type == XCB_SELECTION_REQUEST) {
		sp_selection_requested(s, (const xcb_selection_request_event_t *)ev);
	} else if (type == XCB_SELECTION_NOTIFY) {
		sp_selection_notified(s, (const xcb_selection_notify_event_t *)ev);
	} else if (type == XCB_PROPERTY_NOTIFY) {
		on_property(s, (const xcb_property_notify_event_t *)ev);
	} else if (type == XCB_DESTROY_NOTIFY) {
		sp_selection_gone(s, ((const xcb_destroy_notify_event_t *)ev)->window);
	}
}

/* ---- life ---- */

/* Atoms of the names, all in one round trip; XCB_ATOM_NONE where the server has none to give. */
static void intern(xcb_connection_t *c, const char *const *names, size_t n, xcb_atom_t *out)
{
	xcb_intern_atom_cookie_t cookie[SP_SELECTION_MAX_TARGETS];

	for (size_t i = 0; i < n; i++) {
		cookie[i] = xcb_intern_atom(c, 0, (uint16_t)strlen(names[i]), names[i]);
	}
	for (size_t i = 0; i < n; i++) {
		xcb_intern_atom_reply_t *r = xcb_intern_atom_reply(c, cookie[i], NULL);

		out[i] = r ? r->atom : XCB_ATOM_NONE;
		free(r);
	}
}

static void find_atoms(struct sp_selection *s)
{
	static const char *const names[] = {
			"CLIPBOARD", "TARGETS", "TIMESTAMP", "MULTIPLE", "INCR", "SALLYPORT_TIME"};
	xcb_atom_t atom[SP_LEN(names)];
	char text[SP_SELECTION_PROPERTIES][32];
	const char *property[SP_SELECTION_PROPERTIES];

	intern(s->c, names, SP_LEN(names), atom);
	s->kind[SP_SELECTION_CLIPBOARD].atom = atom[0];
	s->kind[SP_SELECTION_PRIMARY].atom = XCB_ATOM_PRIMARY;
	s->targets = atom[1];
	s->timestamp = atom[2];
	s->multiple = atom[3];
	s->incr = atom[4];
	s->stamp = atom[5];
	for (size_t i = 0; i < SP_SELECTION_PROPERTIES; i++) {
		snprintf(text[i], sizeof(text[i]), "SALLYPORT_SELECTION_%zu", i);
		property[i] = text[i];
	}
	intern(s->c, property, SP_SELECTION_PROPERTIES, s->property);
}

static void make_window(struct sp_selection *s)
{
	uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;

	s->window = xcb_generate_id(s->c);
	xcb_create_window(s->c, XCB_COPY_FROM_PARENT, s->window, s->conf.x->root, -1, -1, 1, 1, 0,
			XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK,
			&mask);
	for (size_t i = 0; i < s->n_kinds; i++) {
		xcb_xfixes_select_selection_input(s->c, s->window, s->kind[i].atom,
				XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER |
						XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_WINDOW_DESTROY |
						XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_CLIENT_CLOSE);
	}
}

/* Who owns them now, which no event tells of. */
static void find_owners(struct sp_selection *s)
{
	for (size_t i = 0; i < s->n_kinds; i++) {
		xcb_get_selection_owner_reply_t *r = xcb_get_selection_owner_reply(
				s->c, xcb_get_selection_owner(s->c, s->kind[i].atom), NULL);

		if (r && r->owner) {
			s->kind[i].owner = SP_SELECTION_OTHER;
		}
		free(r);
	}
}

int sp_selection_create(const struct sp_selection_conf *conf, struct sp_selection **out)
{
	struct sp_selection *s = sp_calloc(1, sizeof(*s));

	*out = NULL;
	if (!s) {
		return SP_ENOMEM;
	}
	s->conf = *conf;
	s->conf.want_us = conf->want_us ? conf->want_us : WANT_US;
	s->conf.step_us = conf->step_us ? conf->step_us : STEP_US;
	s->c = conf->x->c;
	s->n_kinds = conf->primary ? SP_SELECTION_KINDS : 1;
	size_t most = (size_t)xcb_get_maximum_request_length(s->c) * 4;
	s->chunk = most < CHUNK + REQUEST_HEAD ? most - REQUEST_HEAD : CHUNK;
	s->timer = sp_loop_timer(conf->loop, on_timer, s);
	int rc = s->timer ? sp_xlink_listen(conf->x, on_event, s) : SP_ENOMEM;
	if (rc != SP_OK) {
		sp_watch_remove(s->timer);
		sp_free(s);
		return rc;
	}
	find_atoms(s);
	make_window(s);
	find_owners(s);
	*out = s;
	return SP_OK;
}

void sp_selection_destroy(struct sp_selection *s)
{
	if (!s) {
		return;
	}
	sp_selection_wants_finish(s);
	sp_selection_takes_finish(s);
	sp_watch_remove(s->timer);
	sp_xlink_unlisten(s->conf.x, s);
	xcb_destroy_window(s->c, s->window);
	xcb_flush(s->c);
	sp_free(s);
}

/* ---- ownership ---- */

int sp_selection_own(struct sp_selection *s, const char *const *targets, size_t n)
{
	if (n > SP_SELECTION_MAX_TARGETS) {
		return SP_ELIMIT;
	}
	sp_selection_refuse(s);
	intern(s->c, targets, n, s->target);
	s->n_targets = n;
	/* The server's time comes with the change of a property, even when nothing is appended. */
	s->stamping = true;
	xcb_change_property(s->c, XCB_PROP_MODE_APPEND, s->window, s->stamp, XCB_ATOM_INTEGER, 32,
			0, NULL);
	sp_selection_schedule(s);
	xcb_flush(s->c);
	return SP_OK;
}

void sp_selection_release(struct sp_selection *s)
{
	s->stamping = false;
	sp_selection_refuse(s);
	s->n_targets = 0;
	for (size_t i = 0; s->since && i < s->n_kinds; i++) {
		bool later = s->kind[i].owner == SP_SELECTION_OTHER &&
				(int32_t)(s->kind[i].time - s->since) >= 0;

		/* With the time it was taken at, so that a later owner we know nothing of stays. */
		if (!later) {
			xcb_set_selection_owner(s->c, XCB_NONE, s->kind[i].atom, s->since);
		}
	}
	s->since = 0;
	sp_selection_schedule(s);
	xcb_flush(s->c);
}

void sp_selection_look(struct sp_selection *s)
{
	for (size_t i = 0; i < s->n_kinds; i++) {
		if (s->kind[i].owner == SP_SELECTION_OTHER) {
			s->kind[i].ask_at = sp_now_us();
		}
	}
	sp_selection_schedule(s);
}

int sp_selection_read(struct sp_selection *s, enum sp_selection_kind kind, const char *target,
		uint32_t *id)
{
	xcb_atom_t atom;

	if ((size_t)kind >= s->n_kinds || s->kind[kind].owner != SP_SELECTION_OTHER) {
		return SP_ENOTFOUND;
	}
	intern(s->c, &target, 1, &atom);
	return sp_selection_ask(s, kind, atom, false, id);
}
