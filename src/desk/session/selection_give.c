/* desk/session/selection_give.c - programs that want what we own: refused, answered, or in pieces. */
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "desk/session/selection_part.h"

static struct sp_selection_want *find(struct sp_selection *s, uint32_t id)
{
	size_t slot = sp_selection_slot(id);

	if (id == 0 || !(slot < SP_SELECTION_MAX_WANTS) || s->want[slot].id != id) {
		return NULL;
	}
	return &s->want[slot];
}

/* ---- words to the program ---- */

static void send_notify(struct sp_selection *s, const struct sp_selection_want *w, bool ok)
{
	xcb_selection_notify_event_t ev = {.response_type = XCB_SELECTION_NOTIFY,
			.time = w->time,
			.requestor = w->requestor,
			.selection = w->selection,
			.target = w->target,
			.property = ok ? w->property : XCB_ATOM_NONE};
	char wire[32] = {0};

	memcpy(wire, &ev, sizeof(ev));
	xcb_send_event(s->c, 0, w->requestor, XCB_EVENT_MASK_NO_EVENT, wire);
}

/* One more of several is answered; after the last one their program is told. */
static void one_done(struct sp_selection *s, struct sp_selection_multiple *m)
{
	const xcb_selection_request_event_t *ev = &m->request;
	struct sp_selection_want w = {.requestor = ev->requestor,
			.selection = ev->selection,
			.target = ev->target,
			.property = ev->property,
			.time = ev->time};

	if (--m->left > 0) {
		return;
	}
	if (m->failed) {
		xcb_change_property(s->c, XCB_PROP_MODE_REPLACE, ev->requestor, ev->property,
				m->type, 32, (uint32_t)(2 * m->n), m->pair);
	}
	send_notify(s, &w, true);
}

static void notify(struct sp_selection *s, const struct sp_selection_want *w, bool ok)
{
	if (!w->whole) {
		send_notify(s, w, ok);
		return;
	}
	if (!ok) {
		w->whole->pair[2 * w->pair] = XCB_ATOM_NONE;
		w->whole->failed = true;
	}
	one_done(s, w->whole);
}

static void put(struct sp_selection *s, const struct sp_selection_want *w, xcb_atom_t type,
		uint8_t format, const void *p, size_t n)
{
	xcb_change_property(s->c, XCB_PROP_MODE_REPLACE, w->requestor, w->property, type, format,
			(uint32_t)(n / (format / 8)), p);
}

/* Whether another transfer goes to the same window, and in the same property. */
static struct sp_selection_want *beside(
		struct sp_selection *s, const struct sp_selection_want *w, bool same_property)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		struct sp_selection_want *o = &s->want[i];

		if (o != w && o->id && o->sending && o->requestor == w->requestor &&
				(!same_property || o->property == w->property)) {
			return o;
		}
	}
	return NULL;
}

static void watch_window(struct sp_selection *s, const struct sp_selection_want *w, bool on)
{
	uint32_t mask = on ? XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY : 0;

	xcb_change_window_attributes(s->c, w->requestor, XCB_CW_EVENT_MASK, &mask);
}

/* The slot is free again. Nothing is said. */
static void drop(struct sp_selection *s, struct sp_selection_want *w)
{
	if (w->sending && !beside(s, w, false)) {
		watch_window(s, w, false);
	}
	sp_rcbuf_unref(w->data);
	*w = (struct sp_selection_want){0};
}

static void refuse(struct sp_selection *s, struct sp_selection_want *w)
{
	notify(s, w, false);
	drop(s, w);
}

/* ---- what is wanted ---- */

static void say_targets(struct sp_selection *s, const struct sp_selection_want *w)
{
	xcb_atom_t all[SP_SELECTION_MAX_TARGETS + 3];
	size_t n = 0;

	all[n++] = s->targets;
	all[n++] = s->timestamp;
	all[n++] = s->multiple;
	memcpy(all + n, s->target, s->n_targets * sizeof(all[0]));
	n += s->n_targets;
	put(s, w, XCB_ATOM_ATOM, 32, all, n * sizeof(all[0]));
	notify(s, w, true);
}

static bool ours(const struct sp_selection *s, xcb_atom_t selection)
{
	for (size_t i = 0; i < s->n_kinds; i++) {
		if (s->kind[i].atom == selection) {
			return s->since != 0;
		}
	}
	return false;
}

/* The index among what we own. */
static bool offered(const struct sp_selection *s, xcb_atom_t target, size_t *out)
{
	for (size_t i = 0; i < s->n_targets; i++) {
		if (s->target[i] == target && target != XCB_ATOM_NONE) {
			*out = i;
			return true;
		}
	}
	return false;
}

static void later(struct sp_selection *s, const struct sp_selection_want *w, size_t target)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		if (s->want[i].id == 0) {
			s->want[i] = *w;
			s->want[i].id = sp_selection_id(s, i);
			s->want[i].deadline = sp_now_us() + s->conf.want_us;
			sp_selection_schedule(s);
			s->conf.calls->wanted(s->conf.user, s->want[i].id, target);
			return;
		}
	}
	sp_log(SP_LOG_WARN, "selection: too many programs wait for it, one is refused");
	notify(s, w, false);
}

static void convert(struct sp_selection *s, const struct sp_selection_want *w)
{
	size_t at;

	if (w->target == s->targets) {
		say_targets(s, w);
	} else if (w->target == s->timestamp) {
		put(s, w, XCB_ATOM_INTEGER, 32, &s->since, sizeof(s->since));
		notify(s, w, true);
	} else if (offered(s, w->target, &at)) {
		later(s, w, at);
	} else {
		notify(s, w, false);
	}
}

/* The pairs that a program has put into its property; false when there are none, or too many. */
static bool read_pairs(struct sp_selection *s, struct sp_selection_multiple *m)
{
	xcb_get_property_reply_t *r = xcb_get_property_reply(s->c,
			xcb_get_property(s->c, 0, m->request.requestor, m->request.property,
					XCB_ATOM_ANY, 0, SP_LEN(m->pair)),
			NULL);
	size_t n = r ? (size_t)xcb_get_property_value_length(r) / sizeof(m->pair[0]) : 0;
	bool good = r && r->format == 32 && r->bytes_after == 0 && n > 0 && n % 2 == 0;

	if (good) {
		memcpy(m->pair, xcb_get_property_value(r), n * sizeof(m->pair[0]));
		m->type = r->type;
		m->n = n / 2;
	}
	free(r);
	return good;
}

static void convert_all(struct sp_selection *s, const struct sp_selection_want *w,
		const xcb_selection_request_event_t *ev)
{
	struct sp_selection_multiple *m = NULL;

	for (size_t i = 0; i < SP_SELECTION_MULTIPLES && !m; i++) {
		m = s->multi[i].left == 0 ? &s->multi[i] : NULL;
	}
	if (m) {
		*m = (struct sp_selection_multiple){.request = *ev};
	}
	if (!m || ev->property == XCB_ATOM_NONE || !read_pairs(s, m)) {
		notify(s, w, false);
		return;
	}
	m->left = m->n + 1; /* until all are begun */
	for (size_t i = 0; i < m->n; i++) {
		struct sp_selection_want one = *w;

		one.target = m->pair[2 * i];
		one.property = m->pair[2 * i + 1];
		one.whole = m;
		one.pair = i;
		if (one.property == XCB_ATOM_NONE) {
			notify(s, &one, false);
		} else {
			convert(s, &one);
		}
	}
	one_done(s, m);
}

void sp_selection_requested(struct sp_selection *s, const xcb_selection_request_event_t *ev)
{
	/* Programs from before there were properties for it name none: the target's name serves. */
	struct sp_selection_want w = {.requestor = ev->requestor,
			.selection = ev->selection,
			.target = ev->target,
			.property = ev->property ? ev->property : ev->target,
			.time = ev->time};

	if (ev->owner != s->window || ev->requestor == s->window ||
			ev->requestor == s->conf.x->root || !ours(s, w.selection)) {
		notify(s, &w, false);
	} else if (w.target == s->multiple) {
		convert_all(s, &w, ev);
	} else {
		convert(s, &w);
	}
}

/* ---- the answer ---- */

/* Bytes under way to programs; what several share counts once. */
static size_t under_way(const struct sp_selection *s)
{
	size_t sum = 0;

	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++) {
			again = again || s->want[j].data == s->want[i].data;
		}
		if (s->want[i].data && !again) {
			sum += s->want[i].data->n;
		}
	}
	return sum;
}

static xcb_atom_t type_atom(struct sp_selection *s, const char *type)
{
	xcb_intern_atom_reply_t *r = xcb_intern_atom_reply(
			s->c, xcb_intern_atom(s->c, 0, (uint16_t)strlen(type), type), NULL);
	xcb_atom_t atom = r ? r->atom : XCB_ATOM_NONE;

	free(r);
	return atom;
}

static void begin_pieces(struct sp_selection *s, struct sp_selection_want *w, struct sp_rcbuf *data)
{
	uint32_t least = (uint32_t)data->n;
	struct sp_selection_want *old = beside(s, w, true);

	if (old) {
		drop(s, old);
	}
	w->sending = true;
	w->data = sp_rcbuf_ref(data);
	w->at = 0;
	w->deadline = sp_now_us() + s->conf.step_us;
	watch_window(s, w, true);
	put(s, w, s->incr, 32, &least, sizeof(least));
	notify(s, w, true);
}

void sp_selection_answer(
		struct sp_selection *s, uint32_t id, const char *type, struct sp_rcbuf *data)
{
	struct sp_selection_want *w = find(s, id);

	if (w && !w->sending) {
		w->type = type ? type_atom(s, type) : w->target;
		if (!data || !(data->n <= SP_SELECTION_MAX_DATA) ||
				!(under_way(s) <= SP_SELECTION_MAX_GIVEN)) {
			refuse(s, w);
		} else if (data->n <= s->chunk) {
			put(s, w, w->type, 8, data->p, data->n);
			notify(s, w, true);
			drop(s, w);
		} else {
			begin_pieces(s, w, data);
		}
		sp_selection_schedule(s);
		xcb_flush(s->c);
	}
	sp_rcbuf_unref(data);
}

/* A program has taken a piece: the next one, at last an empty one. */
static void next_piece(struct sp_selection *s, struct sp_selection_want *w)
{
	size_t n = w->data->n - w->at < s->chunk ? w->data->n - w->at : s->chunk;

	put(s, w, w->type, 8, w->data->p + w->at, n);
	w->at += n;
	w->deadline = sp_now_us() + s->conf.step_us;
	if (n == 0) {
		drop(s, w);
	}
}

void sp_selection_given(struct sp_selection *s, const xcb_property_notify_event_t *ev)
{
	if (ev->state != XCB_PROPERTY_DELETE) {
		return;
	}
	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		struct sp_selection_want *w = &s->want[i];

		if (w->id && w->sending && w->requestor == ev->window && w->property == ev->atom) {
			next_piece(s, w);
			sp_selection_schedule(s);
			return;
		}
	}
}

void sp_selection_gone(struct sp_selection *s, xcb_window_t window)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		struct sp_selection_want *w = &s->want[i];

		if (w->id && w->sending && w->requestor == window) {
			sp_rcbuf_unref(w->data);
			*w = (struct sp_selection_want){0};
		}
	}
	sp_selection_schedule(s);
}

void sp_selection_refuse(struct sp_selection *s)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		if (s->want[i].id && !s->want[i].sending) {
			refuse(s, &s->want[i]);
		}
	}
}

void sp_selection_wants_expire(struct sp_selection *s, uint64_t now)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		struct sp_selection_want *w = &s->want[i];

		if (!w->id || w->deadline > now) {
			continue;
		}
		sp_log(SP_LOG_INFO, "selection: %s",
				w->sending ? "a program does not take what it asked for"
					   : "no answer in time for a program");
		if (w->sending) {
			drop(s, w);
		} else {
			refuse(s, w);
		}
	}
}

void sp_selection_wants_finish(struct sp_selection *s)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		if (s->want[i].id && !s->want[i].sending) {
			refuse(s, &s->want[i]);
		} else if (s->want[i].id) {
			drop(s, &s->want[i]);
		}
	}
}
