/* desk/session/peer.c - see peer.h. */
#include "desk/session/peer.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/rdp/server.h"
#include "desk/session/picture.h"
#include "desk/session/shape.h"
#include "host/rdp/conn.h"
#include "host/rdp/part.h"

#define DEADLINE_US (30 * 1000000u)
/* Pictures go first; so much of the channels goes in a turn even when those fill the link. */
#define CHANNEL_SHARE (16u << 10)
#define CHANNEL_TURN (64u << 10)

/* Named by what is waited for. */
enum state {
	WAIT_LOGON, /* the connection sequence */
	WAIT_ACTIVE, /* capabilities, finalization */
	WAIT_CHANGE, /* active: pictures out, input in */
	WAIT_CLOSE, /* the end was said */
};

struct sp_peer {
	struct sp_loop *loop;
	struct sp_conn *conn;
	uint64_t id;
	struct sp_desktop *d;
	const struct sp_peer_calls *calls;
	void *user;
	enum state state;
	struct sp_server_desktop size;
	struct sp_picture *picture;
	struct sp_wr update; /* body of a pointer update */
	struct sp_shape *shape;
	struct sp_vc *vc; /* the desktop's parts are attached to it; NULL: they are not ours */
	bool suppressed; /* the client does not look */
	bool unread; /* nobody looked before: all of the screen is to be read */
	bool first_done; /* the first whole picture is out */
	bool told; /* the logon was notified */
	bool layout_due; /* the keyboard layout waits until the picture is there */
	struct sp_watch *typist; /* input that waits its turn */
	struct sp_watch *kick; /* there is work that no descriptor tells of */
	struct sp_watch *unanswered; /* channels that the client does not answer */
	uint64_t since_us;
};

static struct sp_rdp *rdp_of(const struct sp_peer *p)
{
	return sp_conn_rdp(p->conn);
}

uint64_t sp_peer_conn(const struct sp_peer *p)
{
	return p->id;
}

/* The owner's next turn comes at once, and with it sp_peer_work(). */
static void soon(struct sp_peer *p)
{
	sp_watch_at(p->kick, 1);
}

/* ---- the desktop's parts behind the channels ---- */

static void detach_parts(struct sp_peer *p)
{
	struct sp_vc *vc = p->vc;

	if (!vc) {
		return;
	}
	p->vc = NULL;
	struct sp_part *picture = sp_picture_part(p->picture);
	if (picture) {
		picture->calls->detach(picture);
	}
	for (size_t i = 0; i < p->d->n_parts; i++) {
		p->d->parts[i]->calls->detach(p->d->parts[i]);
	}
	sp_vc_destroy(vc);
}

static void fail(struct sp_peer *p, int err, const char *what)
{
	detach_parts(p);
	p->state = WAIT_CLOSE;
	sp_conn_fail(p->conn, err, what);
}

static void attach_parts(struct sp_peer *p)
{
	if (p->vc) {
		return; /* the same client again, after its screen has changed */
	}
	p->vc = sp_vc_create(rdp_of(p), true);
	if (!p->vc) {
		fail(p, SP_ENOMEM, "channels");
		return;
	}
	/* The picture's first: it has to come before all else. */
	struct sp_part *picture = sp_picture_part(p->picture);
	if (picture) {
		picture->calls->attach(picture, p->vc);
	}
	for (size_t i = 0; i < p->d->n_parts; i++) {
		p->d->parts[i]->calls->attach(p->d->parts[i], p->vc);
	}
}

static void on_channel(struct sp_peer *p, const struct sp_event *ev)
{
	if (!p->vc) {
		return;
	}
	int rc = sp_vc_feed(p->vc, ev);
	if (rc != SP_OK) {
		fail(p, rc, "channel");
		return;
	}
	sp_part_events(p->vc);
}

static void send_channels(struct sp_peer *p)
{
	int rc = sp_vc_tick(p->vc, sp_now_us());

	if (rc == SP_OK) {
		rc = sp_part_pump(p->vc, sp_conn_full(p->conn) ? CHANNEL_SHARE : CHANNEL_TURN);
	}
	if (rc == SP_OK) {
		rc = sp_picture_out(p->picture);
	}
	if (rc != SP_OK) {
		fail(p, rc, "channel");
	}
	/* A part may have ended the connection. */
	sp_watch_at(p->unanswered, p->vc ? sp_vc_deadline(p->vc) : 0);
}

/* ---- what the client is like ---- */

static void screen_size(struct sp_peer *p)
{
	uint32_t w, h;

	sp_screen_size(p->d->screen, &w, &h);
	p->size.width = (uint16_t)w;
	p->size.height = (uint16_t)h;
}

static void on_logon(struct sp_peer *p)
{
	const struct sp_gcc_client *gcc = sp_rdp_client_gcc(rdp_of(p));

	p->calls->takes(p->user, p);
	int rc = sp_monitors_logon(p->d->monitors, gcc);
	if (rc == SP_ECLOSED) {
		p->calls->x_lost(p->user);
		return;
	}
	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "conn %llu: screen stays as it is: %s",
				(unsigned long long)p->id, sp_err_text(rc));
	}
	screen_size(p);
	p->size.bpp = sp_gcc_client_bpp(&gcc->core);
	if (p->size.bpp < 15) {
		p->size.bpp = 16;
	}
	p->size.codecs = p->size.bpp == 32;
	p->state = WAIT_ACTIVE;
	rc = sp_server_activate(rdp_of(p), &p->size, sp_now_us());
	if (rc != SP_OK) {
		fail(p, rc, "activate");
	}
}

static size_t largest_pointer(const struct sp_peer *p, const struct sp_caps *caps)
{
	size_t most = sp_server_update_max(rdp_of(p));
	bool fast = caps->general.extra_flags & SP_GENERAL_FASTPATH_OUTPUT;

	if (fast && sp_caps_has(caps, SP_CAPS_MULTIFRAGMENT) && caps->max_request > most) {
		most = caps->max_request;
	}
	return most;
}

static void on_active(struct sp_peer *p, const struct sp_caps *caps)
{
	int rc = sp_picture_active(p->picture, &p->size);

	if (rc != SP_OK) {
		fail(p, rc, "picture");
		return;
	}
	sp_shape_init(p->shape, caps, largest_pointer(p, caps));
	p->state = WAIT_CHANGE;
	p->suppressed = false;
	p->first_done = false;
	p->unread = true;
	sp_log(SP_LOG_INFO, "conn %llu: active, %u x %u at %u bits, %llu ms after it came",
			(unsigned long long)p->id, p->size.width, p->size.height, p->size.bpp,
			(unsigned long long)(sp_now_us() - p->since_us) / 1000);
	if (!p->told) {
		rc = sp_server_logon_notify(rdp_of(p));
		if (rc != SP_OK) {
			fail(p, rc, "logon notify");
			return;
		}
		p->told = true;
	}
	attach_parts(p);
	soon(p);
}

/* ---- pictures out ---- */

/* The size of the screen has changed. True when pictures of it may go at once. */
static bool follow_size(struct sp_peer *p, const struct sp_capture_frame *f)
{
	struct sp_server_desktop size = p->size;
	int rc = sp_picture_resize(p->picture, (uint16_t)f->width, (uint16_t)f->height);

	if (rc == SP_PICTURE_WAIT) {
		return false;
	}
	size.width = (uint16_t)f->width;
	size.height = (uint16_t)f->height;
	p->size = size;
	p->unread = true;
	if (rc == SP_PICTURE_REACTIVATE) {
		p->state = WAIT_ACTIVE;
		rc = sp_server_activate(rdp_of(p), &p->size, sp_now_us());
	}
	if (rc < 0) {
		fail(p, rc, "new size");
	}
	return p->state == WAIT_CHANGE;
}

/* True when a picture may be sent. */
static bool take_damage(struct sp_peer *p)
{
	struct sp_capture_damage damage;
	int rc = sp_capture_poll(p->d->capture, &damage);
	const struct sp_capture_frame *f = sp_capture_frame(p->d->capture);

	if (rc == SP_OK && (f->width != p->size.width || f->height != p->size.height) &&
			!follow_size(p, f)) {
		return false;
	}
	if (p->unread) {
		damage.n = 1;
		damage.rects[0] = (struct sp_rect){0, 0, p->size.width, p->size.height};
		p->unread = false;
	}
	if (rc == SP_OK && damage.n > 0) {
		rc = sp_capture_fetch(p->d->capture, damage.rects, damage.n);
	}
	if (rc != SP_OK) {
		p->calls->x_lost(p->user);
		return false;
	}
	for (size_t i = 0; i < damage.n; i++) {
		sp_picture_damage(p->picture, damage.rects[i]);
	}
	return true;
}

static void send_picture(struct sp_peer *p)
{
	int rc = sp_picture_send(p->picture, sp_capture_frame(p->d->capture));

	if (rc != SP_OK) {
		fail(p, rc, "picture");
	}
}

static void send_shape(struct sp_peer *p)
{
	const struct sp_xcursor_image *image;
	uint8_t code;
	int rc = sp_xcursor_poll(p->d->cursor, &image);

	if (rc < 0) {
		p->calls->x_lost(p->user);
		return;
	}
	sp_wr_reset(&p->update);
	rc = sp_shape_update(p->shape, image, &code, &p->update);
	if (rc > 0) {
		rc = sp_server_update(rdp_of(p), code, sp_span(p->update.p, p->update.n));
	}
	if (rc < 0) {
		fail(p, rc, "pointer");
	}
}

static void set_layout(struct sp_peer *p)
{
	const struct sp_gcc_cs_core *core = &sp_rdp_client_gcc(rdp_of(p))->core;

	p->layout_due = false;
	/* The same again would undo what the person has set since. */
	if (p->d->has_layout && p->d->klid == core->keyboard_layout &&
			p->d->keyboard_type == core->keyboard_type) {
		return;
	}
	/* What goes wrong there is logged there, and the old layout is better than none. */
	int rc = sp_xinput_layout(p->d->input, core->keyboard_layout, core->keyboard_type);
	if (rc == SP_ECLOSED) {
		p->calls->x_lost(p->user);
	}
	p->d->has_layout = rc == SP_OK;
	p->d->klid = core->keyboard_layout;
	p->d->keyboard_type = core->keyboard_type;
}

/* One round: picture, pointer, and after the first picture the keyboard. */
static void send_all(struct sp_peer *p)
{
	if (take_damage(p)) {
		send_picture(p);
	}
	if (p->state == WAIT_CHANGE) {
		send_shape(p);
	}
	if (p->state == WAIT_CHANGE && !p->first_done && !sp_picture_pending(p->picture)) {
		p->first_done = true;
		sp_log(SP_LOG_DEBUG, "conn %llu: first picture is out, %llu bytes",
				(unsigned long long)p->id,
				(unsigned long long)sp_conn_bytes_out(p->conn));
		/* The layout has a turn of its own: it takes its time, and the picture goes first. */
		soon(p);
	}
}

void sp_peer_work(struct sp_peer *p)
{
	/* mstsc hides its window before it has one: the first picture goes out all the same. */
	bool hidden = p->suppressed && p->first_done;

	if (p->state != WAIT_CHANGE || sp_conn_full(p->conn)) {
		return;
	}
	if (!hidden) {
		send_all(p);
	}
	if (p->state == WAIT_CHANGE && p->vc) {
		send_channels(p);
	}
	if (p->state != WAIT_CLOSE && sp_rdp_queued(rdp_of(p)) > 0) {
		soon(p); /* for the connection's turn */
	}
}

static void on_kick(void *user)
{
	struct sp_peer *p = user;

	if (p->state == WAIT_CHANGE && p->layout_due && p->first_done) {
		set_layout(p);
	}
}

/* ---- events of the connection ---- */

static void arm_typist(struct sp_peer *p)
{
	sp_watch_at(p->typist, sp_xinput_deadline(p->d->input) * 1000);
}

static void on_typist(void *user)
{
	struct sp_peer *p = user;

	if (p->state != WAIT_CHANGE) {
		return;
	}
	int rc = sp_xinput_run(p->d->input);
	if (rc == SP_ECLOSED) {
		p->calls->x_lost(p->user);
		return;
	}
	arm_typist(p);
}

static void on_input(struct sp_peer *p, const struct sp_event *ev)
{
	if (p->state != WAIT_CHANGE) {
		return;
	}
	if (p->layout_due) {
		set_layout(p);
	}
	for (size_t i = 0; i < ev->input.n && p->state == WAIT_CHANGE; i++) {
		int rc = sp_xinput_event(p->d->input, &ev->input.v[i]);

		if (rc == SP_ECLOSED) {
			p->calls->x_lost(p->user);
			return;
		}
		if (rc != SP_OK) {
			sp_log(SP_LOG_DEBUG, "conn %llu: input: %s", (unsigned long long)p->id,
					sp_err_text(rc));
		}
	}
	arm_typist(p);
}

static void on_event(void *user, const struct sp_event *ev)
{
	struct sp_peer *p = user;

	if (p->state == WAIT_CLOSE) {
		return;
	}
	switch (ev->kind) {
	case SP_EV_LOGON:
		on_logon(p);
		break;
	case SP_EV_ACTIVE:
		on_active(p, ev->caps);
		break;
	case SP_EV_INPUT:
		on_input(p, ev);
		break;
	case SP_EV_SUPPRESS:
		p->suppressed = !ev->suppress.allow;
		soon(p);
		break;
	case SP_EV_REFRESH:
		sp_picture_lose(p->picture, ev->refresh);
		soon(p);
		break;
	case SP_EV_FRAME_ACK:
		sp_picture_acked(p->picture, ev->frame);
		break;
	case SP_EV_TRIP:
	case SP_EV_RATE:
	case SP_EV_LINE:
		sp_picture_event(p->picture, ev);
		break;
	case SP_EV_SHUTDOWN_REQUEST: {
		/* The desktop stays: the client closes the connection by itself then. */
		int rc = sp_server_shutdown_denied(rdp_of(p));

		if (rc != SP_OK) {
			fail(p, rc, "shutdown denied");
		}
		break;
	}
	case SP_EV_CHANNEL:
		on_channel(p, ev);
		break;
	case SP_EV_CLOSED:
		fail(p, SP_ECLOSED, "");
		break;
	default:
		break;
	}
}

static void on_room(void *user)
{
	soon(user);
}

static void on_wake(void *user)
{
	soon(user);
}

static void on_closed(void *user, int err, const char *what)
{
	struct sp_peer *p = user;

	detach_parts(p);
	p->state = WAIT_CLOSE;
	sp_log(SP_LOG_INFO, "conn %llu: closed after %llu bytes: %s%s%s", (unsigned long long)p->id,
			(unsigned long long)sp_conn_bytes_out(p->conn),
			err == SP_OK ? "ended by us" : sp_err_text(err), what[0] ? ": " : "", what);
	p->calls->closed(p->user, p);
}

void sp_peer_end(struct sp_peer *p, uint32_t error_info)
{
	if (p->state == WAIT_CLOSE) {
		return;
	}
	detach_parts(p);
	p->state = WAIT_CLOSE;
	int rc = sp_server_end(rdp_of(p), error_info);
	if (rc != SP_OK) {
		sp_conn_fail(p->conn, rc, "end");
		return;
	}
	sp_conn_end(p->conn);
}

struct sp_peer *sp_peer_create(struct sp_loop *l, const struct sp_peer_conf *conf)
{
	static const struct sp_conn_calls calls = {
			.event = on_event, .closed = on_closed, .room = on_room};
	struct sp_server_conf sc = {
			.logon_deadline_us = DEADLINE_US, .active_deadline_us = DEADLINE_US};
	struct sp_peer *p = sp_calloc(1, sizeof(*p));

	if (!p) {
		return NULL;
	}
	p->loop = l;
	p->id = conf->conn;
	p->d = conf->desktop;
	p->calls = conf->calls;
	p->user = conf->user;
	p->layout_due = true;
	p->since_us = sp_now_us();
	sp_wr_init(&p->update, SP_SHAPE_MAX_BODY);
	p->shape = sp_calloc(1, sizeof(*p->shape));
	p->kick = sp_loop_timer(l, on_kick, p);
	p->unanswered = sp_loop_timer(l, on_kick, p);
	p->typist = sp_loop_timer(l, on_typist, p);
	struct sp_picture_conf pc = {.loop = l,
			.pool = p->d->pool,
			.keys = p->d->keys,
			.screen = p->d->screen,
			.wake = on_wake,
			.user = p};
	p->picture = sp_picture_create(&pc);
	struct sp_conn_conf cc = {.fd = conf->fd,
			.rdp = sp_server_create(&sc, p->since_us),
			.server = true,
			.calls = &calls,
			.user = p};
	if (p->shape && p->kick && p->unanswered && p->typist && p->picture && cc.rdp) {
		p->conn = sp_conn_create(l, &cc);
	}
	if (!p->conn) {
		sp_rdp_destroy(cc.rdp);
		sp_peer_destroy(p);
		return NULL;
	}
	sp_picture_connect(p->picture, p->conn);
	return p;
}

void sp_peer_destroy(struct sp_peer *p)
{
	if (!p) {
		return;
	}
	detach_parts(p);
	sp_conn_destroy(p->conn);
	sp_watch_remove(p->kick);
	sp_watch_remove(p->unanswered);
	sp_watch_remove(p->typist);
	sp_picture_destroy(p->picture);
	sp_wr_finish(&p->update);
	sp_free(p->shape);
	sp_free(p);
}
