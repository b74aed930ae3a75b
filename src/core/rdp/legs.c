/* core/rdp/legs.c - see legs.h. */
#include "core/rdp/legs.h"

#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/logon.h"
#include "core/pdu/misc.h"
#include "core/pdu/sec.h"
#include "core/pdu/share.h"
#include "core/rdp/client_part.h"
#include "core/rdp/legs_part.h"
#include "core/rdp/server.h"

#define MAX_PACKET (64u << 10)

int sp_legs_fail(struct sp_legs *l, int err, const char *what)
{
	l->what = what;
	return err;
}

/* ---- life ---- */

struct sp_legs *sp_legs_create(struct sp_rdp *user)
{
	struct sp_legs *l = sp_calloc(1, sizeof(*l));

	if (!l) {
		return NULL;
	}
	l->user = user;
	l->dynamic = l->cliprdr = l->rdpdr = SP_LEGS_NONE;
	l->what = "";
	sp_wr_init(&l->early, SP_LEGS_EARLY_MAX);
	sp_wr_init(&l->io, MAX_PACKET);
	sp_wr_init(&l->sets, MAX_PACKET);
	sp_wr_init(&l->put_off, 1u << 20);
	return l;
}

static void forget_filters(struct sp_legs *l)
{
	if (l->clip) {
		sp_clip_filter_finish(l->clip);
		sp_freezero(l->clip, sizeof(*l->clip));
	}
	if (l->drive) {
		sp_drive_filter_finish(l->drive);
		sp_freezero(l->drive, sizeof(*l->drive));
	}
	l->clip = NULL;
	l->drive = NULL;
}

void sp_legs_destroy(struct sp_legs *l)
{
	if (!l) {
		return;
	}
	sp_rcbuf_unref(l->demand);
	sp_legs_forget_early(l);
	sp_wr_finish(&l->io);
	sp_wr_finish(&l->sets);
	sp_wr_finish(&l->put_off);
	forget_filters(l);
	sp_freezero(l, sizeof(*l));
}

void sp_legs_set_target(struct sp_legs *l, struct sp_rdp *target, const struct sp_legs_conf *conf)
{
	sp_rcbuf_unref(l->demand);
	l->demand = NULL;
	l->target = target;
	if (target) {
		l->conf = *conf;
		sp_dvcs_init(&l->dvcs, &conf->rules);
		sp_legs_map(l);
		forget_filters(l);
	}
}

const char *sp_legs_what(const struct sp_legs *l)
{
	return l->what;
}

bool sp_legs_relaying(const struct sp_legs *l)
{
	return l->relaying;
}

bool sp_legs_waiting(const struct sp_legs *l)
{
	return l->demand != NULL;
}

bool sp_legs_active(const struct sp_legs *l)
{
	return l->active;
}

void sp_legs_size(const struct sp_legs *l, uint16_t *width, uint16_t *height)
{
	*width = l->width;
	*height = l->height;
}

size_t sp_legs_target_channel(const struct sp_legs *l, size_t index)
{
	return index < SP_GCC_MAX_CHANNELS && l->to_target[index] != SP_LEGS_NONE
			? l->to_target[index]
			: SIZE_MAX;
}

uint64_t sp_legs_input_us(const struct sp_legs *l)
{
	return l->input_us;
}

uint32_t sp_legs_error_info(const struct sp_legs *l)
{
	return l->error_info;
}

bool sp_legs_transfer(struct sp_legs *l, struct sp_transfer *ev, uint32_t *lost)
{
	*lost = 0;
	if (l->clip) {
		*lost += l->clip->told.lost;
		l->clip->told.lost = 0;
	}
	if (l->drive) {
		*lost += l->drive->told.lost;
		l->drive->told.lost = 0;
	}
	return (l->clip && sp_clip_filter_event(l->clip, ev)) ||
			(l->drive && sp_drive_filter_event(l->drive, ev));
}

void sp_legs_stop_channels(struct sp_legs *l)
{
	if (l->clip) {
		sp_clip_filter_stop(l->clip);
	}
	if (l->drive) {
		sp_drive_filter_stop(l->drive);
	}
}

bool sp_legs_answered(const struct sp_legs *l)
{
	return l->answered;
}

/* ---- the auto-reconnect cookies ---- */

bool sp_legs_take_arc(struct sp_legs *l, struct sp_legs_arc *out)
{
	bool fresh = l->arc_new;

	if (fresh) {
		*out = l->target_arc;
		sp_wipe(&l->target_arc, sizeof(l->target_arc));
	}
	l->arc_new = false;
	return fresh;
}

static int tell_arc(struct sp_legs *l)
{
	struct sp_logon info = {.type = SP_LOGON_EXTENDED, .has_cookie = true};

	if (!l->conf.arc.present || !l->user_reconnects || !l->active) {
		return SP_OK;
	}
	info.cookie_logon_id = l->conf.arc.logon_id;
	memcpy(info.cookie, l->conf.arc.bits, sizeof(info.cookie));
	struct sp_data_marks m = sp_rdp_data_begin(l->user, SP_DATA_SAVE_SESSION_INFO);
	sp_logon_write(&l->user->wr, &info);
	sp_wipe(&info, sizeof(info));
	return sp_rdp_data_end(l->user, m);
}

int sp_legs_set_arc(struct sp_legs *l, const struct sp_legs_arc *arc)
{
	l->conf.arc = *arc;
	return tell_arc(l);
}

/* The target's own cookie stays here; the rest of what it says of the login passes. */
static int session_info(struct sp_legs *l, const struct sp_share *s)
{
	struct sp_logon info;
	struct sp_rd r;

	sp_rd_init(&r, s->body.p, s->body.n);
	if (sp_logon_read(&r, &info) != SP_OK) {
		return SP_LEGS_DROP; /* what cannot be read may hold a cookie */
	}
	if (info.type != SP_LOGON_EXTENDED || !info.has_cookie) {
		return SP_LEGS_PASS;
	}
	l->target_arc = (struct sp_legs_arc){.present = true, .logon_id = info.cookie_logon_id};
	memcpy(l->target_arc.bits, info.cookie, sizeof(l->target_arc.bits));
	l->arc_new = true;
	info.has_cookie = l->conf.arc.present && l->user_reconnects;
	info.cookie_logon_id = l->conf.arc.logon_id;
	memcpy(info.cookie, l->conf.arc.bits, sizeof(info.cookie));
	bool empty = !info.has_cookie && !info.has_error;
	if (!empty) {
		size_t mark = sp_share_data_begin(
				&l->io, s->source, s->share_id, SP_DATA_SAVE_SESSION_INFO);
		sp_logon_write(&l->io, &info);
		sp_share_data_end(&l->io, mark);
	}
	sp_wipe(&info, sizeof(info));
	return empty ? SP_LEGS_DROP : SP_LEGS_CHANGED;
}

/* ---- share PDUs ---- */

/* The finalization is over: the target hears what it missed, the client gets our cookie. */
static int font_map_passed(struct sp_legs *l)
{
	bool first = !l->active;
	int rc = SP_OK;

	l->active = true;
	if (first) {
		rc = sp_legs_replay(l);
		if (rc == SP_OK) {
			rc = tell_arc(l);
		}
		if (rc == SP_OK) {
			rc = sp_legs_release(l, l->input_us);
		}
	}
	return rc;
}

static int data_of_target(struct sp_legs *l, const struct sp_share *s, bool *font_map)
{
	struct sp_rd r;

	if (s->compression & SP_SHARE_COMPRESSED) {
		return sp_legs_fail(l, SP_EPROTO, "share.compressedType");
	}
	sp_rd_init(&r, s->body.p, s->body.n);
	switch (s->type2) {
	case SP_DATA_SAVE_SESSION_INFO:
		return session_info(l, s);
	case SP_DATA_POINTER:
		sp_legs_see_slow(l, s->body);
		return SP_LEGS_PASS;
	case SP_DATA_FONT_MAP:
		*font_map = true;
		return SP_LEGS_PASS;
	case SP_DATA_SET_ERROR_INFO:
		if (sp_misc_u32_read(&r, &l->error_info) != SP_OK) {
			l->error_info = 0;
		}
		return SP_LEGS_PASS;
	default:
		return SP_LEGS_PASS;
	}
}

static int share_of_target(struct sp_legs *l, const struct sp_share *s, bool *font_map)
{
	switch (s->type) {
	case SP_SHARE_DEMAND_ACTIVE:
		return sp_legs_demand(l, s);
	case SP_SHARE_DATA:
		return data_of_target(l, s, font_map);
	case SP_SHARE_SERVER_REDIRECT:
		return sp_legs_fail(l, SP_EDENIED, "redirection of a session that runs");
	case SP_SHARE_DEACTIVATE_ALL:
		l->pointing = l->covered = false;
		l->shown = SP_LEGS_SHOWN_DEFAULT;
		return SP_LEGS_PASS;
	default:
		return SP_LEGS_PASS;
	}
}

static int data_of_user(struct sp_legs *l, const struct sp_share *s, uint64_t now_us)
{
	if (s->compression & SP_SHARE_COMPRESSED) {
		return sp_legs_fail(l, SP_EPROTO, "share.compressedType");
	}
	switch (s->type2) {
	case SP_DATA_INPUT:
		return sp_legs_slow_input(l, s, now_us);
	/* About caches that the target was told nothing of. */
	case SP_DATA_PERSISTENT_LIST:
	case SP_DATA_BITMAP_CACHE_ERROR:
	case SP_DATA_OFFSCREEN_CACHE_ERROR:
	case SP_DATA_DRAWNINEGRID_ERROR:
	case SP_DATA_DRAWGDIPLUS_ERROR:
		return SP_LEGS_DROP;
	default:
		return SP_LEGS_PASS;
	}
}

static int share_of_user(struct sp_legs *l, const struct sp_share *s, uint64_t now_us)
{
	switch (s->type) {
	case SP_SHARE_CONFIRM_ACTIVE:
		return sp_legs_confirm(l, s);
	case SP_SHARE_DATA:
		return data_of_user(l, s, now_us);
	case SP_SHARE_FLOW:
		return SP_LEGS_PASS;
	default:
		return SP_LEGS_DROP; /* nothing that a client says */
	}
}

/* A packet of the I/O channel may hold several PDUs; l->io gets those that go on, when some do not. */
static int io(struct sp_legs *l, bool from_user, struct sp_span data, uint64_t now_us)
{
	bool same = true, font_map = false;
	struct sp_share s;
	struct sp_rd r;

	sp_wr_reset(&l->io);
	sp_rd_init(&r, data.p, data.n);
	while (sp_rd_left(&r) > 0) {
		const uint8_t *start = r.p;
		size_t at = l->io.n;

		if (sp_share_read(&r, &s) != SP_OK) {
			return sp_legs_fail(l, sp_rd_ok(&r), r.what ? r.what : "share");
		}
		int fate = from_user ? share_of_user(l, &s, now_us)
				     : share_of_target(l, &s, &font_map);
		if (fate < 0) {
			return fate;
		}
		same = same && fate == SP_LEGS_PASS;
		if (fate == SP_LEGS_PASS && !(same && sp_rd_left(&r) == 0)) {
			sp_wr_put(&l->io, start, (size_t)(r.p - start));
		} else if (fate == SP_LEGS_DROP) {
			sp_wr_shrink(&l->io, l->io.n - at);
		}
	}
	if (sp_wr_ok(&l->io) != SP_OK) {
		return sp_legs_fail(l, sp_wr_ok(&l->io), "share");
	}
	struct sp_span out = same ? data : sp_span(l->io.p, l->io.n);
	int rc = out.n == 0
			? SP_OK
			: sp_rdp_send_relay(from_user ? l->target : l->user, SP_RELAY_IO, 0, out);
	return rc == SP_OK && font_map ? font_map_passed(l) : rc;
}

/* ---- the message channel ---- */

static int message_of_target(struct sp_legs *l, struct sp_span data)
{
	struct sp_rd r;
	uint16_t flags;

	sp_rd_init(&r, data.p, data.n);
	if (sp_sec_read(&r, &flags) != SP_OK) {
		return SP_OK;
	}
	if (flags & SP_SEC_LINE) {
		l->marked = l->conf.rules.own && sp_line_mark_read(&r, &l->mark) == SP_OK;
		return SP_OK;
	}
	if (flags & SP_SEC_TRANSPORT_REQ) {
		return sp_client_refuse_transport(l->target, &r);
	}
	return flags & (SP_SEC_AUTODETECT_REQ | SP_SEC_HEARTBEAT)
			? sp_rdp_send_relay(l->user, SP_RELAY_MESSAGE, 0, data)
			: SP_OK;
}

static int message_of_user(struct sp_legs *l, struct sp_span data)
{
	struct sp_rd r;
	uint16_t flags;

	sp_rd_init(&r, data.p, data.n);
	return sp_sec_read(&r, &flags) == SP_OK && (flags & SP_SEC_AUTODETECT_RSP) &&
					!(flags & SP_SEC_LINE)
			? sp_rdp_send_relay(l->target, SP_RELAY_MESSAGE, 0, data)
			: SP_OK;
}

/* ---- what a desktop of ours is told of the line ---- */

bool sp_legs_take_mark(struct sp_legs *l, uint32_t *id)
{
	bool marked = l->marked;

	*id = l->mark;
	l->marked = false;
	return marked;
}

int sp_legs_tell_line(struct sp_legs *l, const struct sp_line *line)
{
	struct sp_rdp *t = l->target;

	if (!l->conf.rules.own || !l->relaying || !t || t->message_id == 0) {
		return SP_OK;
	}
	size_t mark = sp_rdp_send_begin(t, t->message_id);
	sp_sec_write(&t->wr, SP_SEC_LINE);
	sp_line_write(&t->wr, line);
	return sp_rdp_send_end(t, mark);
}

/* What the connect-time phase has found. */
static int tell_found(struct sp_legs *l)
{
	struct sp_line found;

	sp_server_found(l->user, &found);
	return sp_legs_tell_line(l, &found);
}

/* ---- events ---- */

/* The target's Demand Active is in hand, so the user's leg becomes the target's. */
static int begin(struct sp_legs *l, struct sp_span demand)
{
	if (!sp_server_may_relay(l->user)) {
		/* In the middle of an activation of our own: when that is over. */
		sp_rcbuf_unref(l->demand);
		l->demand = sp_rcbuf_from(demand.p, demand.n);
		return l->demand ? SP_OK : sp_legs_fail(l, SP_ENOMEM, "demand");
	}
	int rc = sp_server_relay(l->user);
	if (rc != SP_OK) {
		return sp_legs_fail(l, rc, "relay");
	}
	l->relaying = true;
	rc = io(l, false, demand, 0);
	/* Also when nothing was found: it says that there is somebody to ask. */
	return rc == SP_OK ? tell_found(l) : rc;
}

int sp_legs_target(struct sp_legs *l, const struct sp_event *ev)
{
	l->answered = false;
	if (ev->kind != SP_EV_RELAY) {
		return SP_OK;
	}
	if (!l->relaying) {
		return ev->relay.kind == SP_RELAY_IO && !l->demand ? begin(l, ev->relay.data)
								   : SP_OK;
	}
	switch (ev->relay.kind) {
	case SP_RELAY_FASTPATH: {
		int rc = sp_legs_see_fast(l, ev->relay.data);
		if (rc == SP_OK) {
			rc = sp_rdp_send_relay(l->user, SP_RELAY_FASTPATH, 0, ev->relay.data);
		}
		return rc == SP_OK ? sp_legs_seen(l) : rc;
	}
	case SP_RELAY_IO: {
		int rc = io(l, false, ev->relay.data, 0);
		return rc == SP_OK ? sp_legs_seen(l) : rc;
	}
	case SP_RELAY_MESSAGE:
		return message_of_target(l, ev->relay.data);
	case SP_RELAY_CHANNEL:
		return sp_legs_channel_of_target(l, ev->relay.index, ev->relay.data);
	}
	return SP_OK;
}

static int relay_of_user(struct sp_legs *l, const struct sp_event *ev, uint64_t now_us)
{
	struct sp_span pass;
	int rc;

	switch (ev->relay.kind) {
	case SP_RELAY_FASTPATH:
		rc = sp_legs_fast_input(l, ev->relay.data, now_us, &pass);
		return rc == SP_OK && pass.n > 0
				? sp_rdp_send_relay(l->target, SP_RELAY_FASTPATH, 0, pass)
				: rc;
	case SP_RELAY_IO:
		return io(l, true, ev->relay.data, now_us);
	case SP_RELAY_MESSAGE:
		return message_of_user(l, ev->relay.data);
	case SP_RELAY_CHANNEL:
		if (!l->active) {
			sp_legs_hold(l, ev->relay.index, ev->relay.data);
			return SP_OK;
		}
		return sp_legs_channel_of_user(l, ev->relay.index, ev->relay.data, now_us);
	}
	return SP_OK;
}

int sp_legs_user(struct sp_legs *l, const struct sp_event *ev, uint64_t now_us)
{
	l->answered = false;
	switch (ev->kind) {
	case SP_EV_CHANNEL:
		sp_legs_hold(l, ev->channel.index, ev->channel.data);
		return SP_OK;
	case SP_EV_ACTIVE:
		if (l->demand) {
			struct sp_rcbuf *demand = l->demand;

			l->demand = NULL;
			int rc = begin(l, sp_span(demand->p, demand->n));
			sp_rcbuf_unref(demand);
			return rc;
		}
		return SP_OK;
	case SP_EV_TRIP:
	case SP_EV_RATE:
		return tell_found(l); /* before its Confirm Active, if it is slow */
	case SP_EV_RELAY:
		return l->relaying ? relay_of_user(l, ev, now_us) : SP_OK;
	default:
		return SP_OK;
	}
}
