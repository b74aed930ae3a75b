/* desk/session/selection_take.c - what other programs own: asked for, and read whole or in pieces. */
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "desk/session/selection_part.h"

#define PIECE (1u << 20) /* of a property, at a time */
#define MAX_ATOM_NAME 255

static bool in_use(const struct sp_selection *s, xcb_atom_t property)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_READS; i++) {
		if (s->take[i].id && s->take[i].property == property) {
			return true;
		}
	}
	return false;
}

static xcb_atom_t free_property(struct sp_selection *s)
{
	xcb_atom_t atom;

	do {
		atom = s->property[s->next_property++ % SP_SELECTION_PROPERTIES];
	} while (in_use(s, atom));
	return atom;
}

int sp_selection_ask(struct sp_selection *s, enum sp_selection_kind kind, xcb_atom_t target,
		bool targets, uint32_t *id)
{
	size_t at = 0;

	*id = 0;
	while (at < SP_SELECTION_MAX_READS && s->take[at].id) {
		at++;
	}
	if (at == SP_SELECTION_MAX_READS) {
		return SP_ELIMIT;
	}
	struct sp_selection_take *t = &s->take[at];
	*t = (struct sp_selection_take){.kind = kind, .target = target, .targets = targets};
	t->property = free_property(s);
	t->id = *id = sp_selection_id(s, at);
	t->deadline = sp_now_us() + s->conf.step_us;
	sp_wr_init(&t->data, SP_SELECTION_MAX_DATA);
	xcb_delete_property(s->c, s->window, t->property);
	xcb_convert_selection(s->c, s->window, s->kind[kind].atom, target, t->property,
			s->kind[kind].time);
	sp_selection_schedule(s);
	xcb_flush(s->c);
	return SP_OK;
}

/* ---- the outcome ---- */

/* Tells of a list of atoms by their names. */
static void tell_targets(
		struct sp_selection *s, enum sp_selection_kind kind, const struct sp_rcbuf *list)
{
	xcb_get_atom_name_cookie_t cookie[SP_SELECTION_MAX_TARGETS];
	char text[SP_SELECTION_MAX_TARGETS][MAX_ATOM_NAME + 1];
	const char *name[SP_SELECTION_MAX_TARGETS];
	size_t n = list ? list->n / sizeof(xcb_atom_t) : 0, found = 0;

	n = n < SP_SELECTION_MAX_TARGETS ? n : SP_SELECTION_MAX_TARGETS;
	for (size_t i = 0; i < n; i++) {
		xcb_atom_t atom;

		memcpy(&atom, list->p + i * sizeof(atom), sizeof(atom));
		cookie[i] = xcb_get_atom_name(s->c, atom);
	}
	for (size_t i = 0; i < n; i++) {
		xcb_get_atom_name_reply_t *r = xcb_get_atom_name_reply(s->c, cookie[i], NULL);

		if (r && xcb_get_atom_name_name_length(r) <= MAX_ATOM_NAME) {
			size_t len = (size_t)xcb_get_atom_name_name_length(r);

			memcpy(text[found], xcb_get_atom_name_name(r), len);
			text[found][len] = '\0';
			name[found] = text[found];
			found++;
		}
		free(r);
	}
	s->conf.calls->held(s->conf.user, kind, name, found);
}

static void type_name(struct sp_selection *s, xcb_atom_t type, char out[MAX_ATOM_NAME + 1])
{
	xcb_get_atom_name_reply_t *r =
			xcb_get_atom_name_reply(s->c, xcb_get_atom_name(s->c, type), NULL);

	out[0] = '\0';
	if (r && xcb_get_atom_name_name_length(r) <= MAX_ATOM_NAME) {
		size_t len = (size_t)xcb_get_atom_name_name_length(r);

		memcpy(out, xcb_get_atom_name_name(r), len);
		out[len] = '\0';
	}
	free(r);
}

/* Frees the slot, then tells: the callee may use it. */
static void settle(struct sp_selection *s, struct sp_selection_take *t, int rc)
{
	struct sp_selection_take done = *t;
	struct sp_rcbuf *data = NULL;

	*t = (struct sp_selection_take){0};
	if (rc == SP_OK) {
		data = done.data.n > 0 ? sp_wr_take(&done.data) : sp_rcbuf_create(0);
		rc = data ? SP_OK : SP_ENOMEM;
	}
	sp_wr_finish(&done.data);
	sp_selection_schedule(s);
	if (done.targets) {
		if (s->kind[done.kind].owner == SP_SELECTION_OTHER) {
			tell_targets(s, done.kind, data);
		}
		sp_rcbuf_unref(data);
		return;
	}
	char type[MAX_ATOM_NAME + 1] = "";
	if (data) {
		type_name(s, done.type, type);
	}
	s->conf.calls->got(s->conf.user, done.id, rc, data, type);
}

/* ---- properties ---- */

/*
 * Appends what is in the property and deletes it, which is the word for the owner to go on.
 * The bytes appended, or an error.
 */
static int64_t read_property(struct sp_selection *s, struct sp_selection_take *t)
{
	uint8_t want = t->targets ? 32 : 8;
	size_t begin = t->data.n;
	uint32_t at = 0, left = 1;
	int rc = SP_OK;

	while (rc == SP_OK && left > 0) {
		xcb_get_property_reply_t *r = xcb_get_property_reply(s->c,
				xcb_get_property(s->c, 0, s->window, t->property, XCB_ATOM_ANY,
						at / 4, PIECE / 4),
				NULL);
		size_t n = r ? (size_t)xcb_get_property_value_length(r) : 0;

		if (!r || r->type == XCB_ATOM_NONE) {
			rc = SP_ENOTFOUND;
		} else if (n > 0 && r->format != want) {
			rc = SP_EFIELD;
		} else {
			t->type = r->type;
			sp_wr_put(&t->data, xcb_get_property_value(r), n);
			rc = sp_wr_ok(&t->data) == SP_ESPACE ? SP_ELIMIT : sp_wr_ok(&t->data);
			at += (uint32_t)n;
			left = n > 0 ? r->bytes_after : 0;
		}
		free(r);
	}
	xcb_delete_property(s->c, s->window, t->property);
	return rc == SP_OK ? (int64_t)(t->data.n - begin) : rc;
}

/* What kind of answer the property is, without its content. */
static xcb_atom_t property_type(struct sp_selection *s, xcb_atom_t property)
{
	xcb_get_property_reply_t *r = xcb_get_property_reply(s->c,
			xcb_get_property(s->c, 0, s->window, property, XCB_ATOM_ANY, 0, 0), NULL);
	xcb_atom_t type = r ? r->type : XCB_ATOM_NONE;

	free(r);
	return type;
}

void sp_selection_notified(struct sp_selection *s, const xcb_selection_notify_event_t *ev)
{
	struct sp_selection_take *t = NULL;

	for (size_t i = 0; !t && i < SP_SELECTION_MAX_READS; i++) {
		struct sp_selection_take *o = &s->take[i];

		if (o->id && !o->pieces && ev->requestor == s->window && o->target == ev->target &&
				s->kind[o->kind].atom == ev->selection &&
				(ev->property == XCB_ATOM_NONE || ev->property == o->property)) {
			t = o;
		}
	}
	if (!t) {
		return;
	}
	if (ev->property == XCB_ATOM_NONE) {
		settle(s, t, SP_EDENIED);
	} else if (property_type(s, t->property) == s->incr) {
		t->pieces = true;
		t->deadline = sp_now_us() + s->conf.step_us;
		xcb_delete_property(s->c, s->window, t->property);
		sp_selection_schedule(s);
		xcb_flush(s->c);
	} else {
		int64_t n = read_property(s, t);

		settle(s, t, n < 0 ? (int)n : SP_OK);
	}
}

void sp_selection_arrived(struct sp_selection *s, const xcb_property_notify_event_t *ev)
{
	struct sp_selection_take *t = NULL;

	if (ev->state != XCB_PROPERTY_NEW_VALUE) {
		return;
	}
	for (size_t i = 0; !t && i < SP_SELECTION_MAX_READS; i++) {
		if (s->take[i].id && s->take[i].property == ev->atom) {
			t = &s->take[i];
		}
	}
	if (!t) {
		/* Too late for us; taking it lets the owner come to its end. */
		xcb_delete_property(s->c, s->window, ev->atom);
	} else if (t->pieces) {
		int64_t n = read_property(s, t);

		t->deadline = sp_now_us() + s->conf.step_us;
		if (n <= 0) {
			settle(s, t, (int)n);
		} else {
			sp_selection_schedule(s);
		}
	}
}

/* ---- ends ---- */

void sp_selection_owner_died(struct sp_selection *s, enum sp_selection_kind kind)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_READS; i++) {
		struct sp_selection_take *t = &s->take[i];

		if (t->id && t->kind == kind) {
			settle(s, t, SP_ECLOSED);
		}
	}
}

void sp_selection_takes_expire(struct sp_selection *s, uint64_t now)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_READS; i++) {
		struct sp_selection_take *t = &s->take[i];

		if (t->id && t->deadline <= now) {
			sp_log(SP_LOG_INFO, "selection: its owner does not answer");
			settle(s, t, SP_ETIMEOUT);
		}
	}
}

void sp_selection_takes_finish(struct sp_selection *s)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_READS; i++) {
		sp_wr_finish(&s->take[i].data);
		s->take[i] = (struct sp_selection_take){0};
	}
}
