/* desk/session/drives.c - see drives.h; drives, the channel, and what waits. */
#include "desk/session/drives.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/drive_name.h"
#include "desk/session/drives_part.h"
#include "host/io/fdio.h"

#define MAX_MESSAGE (2u << 20) /* what one read brings, and some */
#define CHUNK (256u << 10)
#define DEADLINE_MS 20000
/* A signal ends the wait of a program, but not at once: most are no reason to stop. */
#define GRACE_US UINT64_C(1000000)
#define MANY_CALLS (SP_DRIVES_MAX_CALLS * 3 / 4)

/* ---- calls ---- */

static void on_interrupt(fuse_req_t req, void *user)
{
	struct sp_drive_call *c = user;

	if (c->give_up == 0) {
		c->give_up = sp_now_us() + GRACE_US;
		if (c->d->interrupted++ == 0) {
			sp_watch_in(c->d->timer, GRACE_US);
		}
	}
}

struct sp_drive_call *sp_drive_call_create(struct sp_desk_drives *d, fuse_req_t req)
{
	struct sp_drive_call *c = NULL;

	if (d->calls < SP_DRIVES_MAX_CALLS) {
		c = sp_calloc(1, sizeof(*c));
	}
	if (!c) {
		if (req) {
			fuse_reply_err(req, ENOMEM);
		}
		return NULL;
	}
	while (d->call[d->next_call]) {
		d->next_call = (d->next_call + 1) % SP_DRIVES_MAX_CALLS;
	}
	c->d = d;
	c->slot = d->next_call;
	c->tag = ++d->tags * SP_DRIVES_MAX_CALLS + c->slot;
	c->req = req;
	d->call[c->slot] = c;
	d->calls++;
	if (req) {
		fuse_req_interrupt_func(req, on_interrupt, c);
	}
	return c;
}

void sp_drive_call_free(struct sp_drive_call *c)
{
	struct sp_desk_drives *d = c->d;

	d->call[c->slot] = NULL;
	d->calls--;
	if (c->give_up != 0) {
		d->interrupted--;
	}
	sp_drive_node_unref(d->nodes, c->node, 1);
	sp_drive_node_unref(d->nodes, c->other, 1);
	sp_drive_file_unref(c->file);
	sp_free(c->name);
	sp_free(c->other_name);
	sp_free(c->data);
	sp_free(c);
}

void sp_drive_call_error(struct sp_drive_call *c, int error)
{
	if (c->req) {
		fuse_reply_err(c->req, error);
		c->req = NULL;
	}
}

void sp_drive_call_sent(struct sp_drive_call *c, int rc)
{
	if (rc != SP_OK) {
		sp_drive_call_error(c, sp_drive_errno_unsent(rc));
		sp_drive_call_free(c);
	}
}

static void give_up_some(struct sp_desk_drives *d)
{
	uint64_t now = sp_now_us();

	for (size_t i = 0; i < SP_DRIVES_MAX_CALLS && d->interrupted > 0; i++) {
		struct sp_drive_call *c = d->call[i];

		if (c && c->give_up != 0 && c->give_up <= now) {
			c->give_up = 0;
			d->interrupted--;
			sp_drive_call_error(c, EINTR);
		}
	}
}

/* ---- drives ---- */

bool sp_drives_is_root(const struct sp_drive_node *n)
{
	return !n->parent;
}

uint64_t sp_drives_id(struct sp_desk_drives *d, const struct sp_drive_node *n)
{
	const struct sp_drive *v = sp_drives_drive(d, n);

	return v ? v->id : 0;
}

static bool ensure_mount(struct sp_desk_drives *d)
{
	struct sp_mount_conf conf = {
			.base = d->runtime_dir, .name = "drives", .ops = &sp_drives_ops, .user = d};
	char why[SP_WHY_MAX];

	if (d->mount && !sp_mount_alive(d->mount)) {
		sp_mount_destroy(d->mount);
		d->mount = NULL;
	}
	if (d->mount) {
		return true;
	}
	if (sp_mount_create(d->loop, &conf, &d->mount, why) == SP_OK) {
		return true;
	}
	if (!d->no_fuse) {
		sp_log(SP_LOG_WARN, "drives of the client are not there: %s", why);
		d->no_fuse = true;
	}
	return false;
}

static void drive_target(
		const struct sp_desk_drives *d, const struct sp_drive *v, char *out, size_t n)
{
	snprintf(out, n, "%s/%s", sp_mount_path(d->mount), v->name);
}

static void on_added(struct sp_desk_drives *d, const struct sp_drive_server_event *ev)
{
	char target[1024];
	struct sp_drive *v = NULL;

	if (ensure_mount(d)) {
		v = sp_drives_place(d, ev->name);
	}
	if (!v) {
		return;
	}
	v->alive = true;
	v->id = ev->drive;
	v->volume_until = 0;
	drive_target(d, v, target, sizeof(target));
	sp_log(sp_drives_tell_level(d), "drive of the client: %s", target);
	if (d->home && !v->link) {
		v->link = sp_drive_link_make(d->home, v->name, target);
	}
}

static void drop_link(struct sp_desk_drives *d, struct sp_drive *v)
{
	char target[1024];

	if (v->link) {
		drive_target(d, v, target, sizeof(target));
		sp_drive_link_remove(d->home, v->link, target);
		sp_free(v->link);
		v->link = NULL;
	}
}

static void on_removed(struct sp_desk_drives *d, uint64_t id)
{
	for (size_t i = 0; i < SP_DRIVES_MAX; i++) {
		struct sp_drive *v = &d->drive[i];

		if (v->alive && v->id == id) {
			sp_drives_leave(d, v);
			drop_link(d, v);
			sp_log(sp_drives_tell_level(d), "drive of the client is gone: %s", v->name);
		}
	}
}

/* ---- the channel ---- */

static void on_event(struct sp_desk_drives *d, const struct sp_drive_server_event *ev)
{
	struct sp_drive_call *c = d->call[ev->tag % SP_DRIVES_MAX_CALLS];

	switch (ev->kind) {
	case SP_DRIVE_SERVER_ADDED:
		on_added(d, ev);
		return;
	case SP_DRIVE_SERVER_REMOVED:
		on_removed(d, ev->drive);
		return;
	default:
		break;
	}
	if (!c || c->tag != ev->tag) {
		return;
	}
	if (ev->kind == SP_DRIVE_SERVER_ENTRY) {
		sp_drives_on_entry(c, ev);
	} else if (ev->kind == SP_DRIVE_SERVER_ANSWER) {
		c->done(c, ev);
	}
}

static void take_events(struct sp_desk_drives *d)
{
	struct sp_drive_server_event ev;

	if (d->busy) {
		return;
	}
	d->busy = true;
	while (sp_drive_server_next(d->machine, &ev)) {
		on_event(d, &ev);
	}
	d->busy = false;
}

static void send_messages(struct sp_desk_drives *d)
{
	while (d->port && !sp_port_full(d->port)) {
		struct sp_rcbuf *b = sp_drive_server_out(d->machine);

		if (!b && d->n_closing > 0 && d->sent) {
			sp_drives_close_now(d); /* behind what somebody waits for */
			continue;
		}
		if (!b) {
			break;
		}
		d->sent = true;
		if (sp_port_send(d->port, b) != SP_OK) {
			/* The deadlines answer what is not sent. */
			sp_log(SP_LOG_DEBUG, "drives: a message could not be sent");
		}
	}
}

void sp_drives_pump(struct sp_desk_drives *d)
{
	take_events(d);
	d->sent = false;
	send_messages(d);
	if (d->mount) {
		sp_mount_pause(d->mount, d->calls > MANY_CALLS);
	}
	uint64_t due = sp_drive_server_deadline(d->machine);
	if (d->interrupted > 0) {
		uint64_t grace = sp_now_us() + GRACE_US / 4;
		due = due == 0 || grace < due ? grace : due;
	}
	sp_watch_at(d->timer, due);
}

void sp_drives_close_now(struct sp_desk_drives *d)
{
	for (size_t i = 0; i < d->n_closing; i++) {
		sp_drive_server_close(d->machine, d->closing[i], sp_now_us());
	}
	d->n_closing = 0;
}

static void on_close_due(void *user)
{
	struct sp_desk_drives *d = user;

	sp_drives_close_now(d);
	sp_drives_pump(d);
}

static void on_timer(void *user)
{
	struct sp_desk_drives *d = user;

	give_up_some(d);
	sp_drive_server_tick(d->machine, sp_now_us());
	sp_drives_pump(d);
}

static void detach(struct sp_part *p)
{
	struct sp_desk_drives *d = (struct sp_desk_drives *)p;

	if (d->port) {
		d->port = NULL;
		sp_drive_server_detach(d->machine);
		sp_drives_pump(d);
	}
}

static void attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_desk_drives *d = (struct sp_desk_drives *)p;
	struct sp_port_conf conf = {.owner = p, .max_message = MAX_MESSAGE};
	struct sp_port *port;

	int rc = sp_vc_static(vc, SP_DRIVE_CHANNEL, &conf, &port);
	if (rc != SP_OK) {
		return;
	}
	rc = sp_drive_server_attach(d->machine, ++d->attached);
	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "drives: %s", sp_err_text(rc));
		return;
	}
	d->port = port;
	d->told = 0;
	sp_drives_pump(d);
}

static void event(struct sp_part *p, const struct sp_vc_event *ev)
{
	struct sp_desk_drives *d = (struct sp_desk_drives *)p;

	if (!d->port) {
		return;
	}
	if (ev->kind == SP_VC_MESSAGE) {
		int rc = sp_drive_server_feed(
				d->machine, ev->message.p, ev->message.n, sp_now_us());

		if (rc != SP_OK) {
			sp_log(SP_LOG_WARN, "drives of the client: %s, they end", sp_err_text(rc));
			sp_port_close(d->port);
			detach(p);
			return;
		}
	} else if (ev->kind == SP_VC_CLOSED) {
		detach(p);
		return;
	}
	sp_drives_pump(d);
}

static const struct sp_part_calls part_calls = {
		.channel = SP_DRIVE_CHANNEL, .attach = attach, .event = event, .detach = detach};

struct sp_part *sp_drives_part(struct sp_desk_drives *d)
{
	return &d->part;
}

/* ---- life ---- */

int sp_drives_create(struct sp_loop *loop, const struct sp_drives_conf *conf,
		struct sp_desk_drives **out)
{
	struct sp_drive_server_conf machine = {.deadline_ms = DEADLINE_MS, .chunk = CHUNK};
	struct sp_desk_drives *d = sp_calloc(1, sizeof(*d));

	*out = NULL;
	if (!d) {
		return SP_ENOMEM;
	}
	d->part.calls = &part_calls;
	d->loop = loop;
	d->runtime_dir = sp_strdup(conf->runtime_dir);
	d->home = conf->home ? sp_strdup(conf->home) : NULL;
	d->machine = sp_drive_server_create(&machine);
	d->nodes = sp_drive_nodes_create();
	d->timer = sp_loop_timer(loop, on_timer, d);
	d->close_due = sp_loop_timer(loop, on_close_due, d);
	if (!d->runtime_dir || (conf->home && !d->home) || !d->machine || !d->nodes || !d->timer ||
			!d->close_due) {
		sp_drives_destroy(d);
		return SP_ENOMEM;
	}
	*out = d;
	return SP_OK;
}

void sp_drives_destroy(struct sp_desk_drives *d)
{
	if (!d) {
		return;
	}
	if (d->machine) {
		/* Answers all that waits, so that the mount has nothing unanswered. */
		detach(&d->part);
	}
	for (size_t i = 0; i < SP_DRIVES_MAX_CALLS; i++) {
		if (d->call[i]) {
			sp_drive_call_error(d->call[i], EIO);
		}
	}
	sp_mount_destroy(d->mount);
	for (size_t i = 0; i < SP_DRIVES_MAX_CALLS; i++) {
		if (d->call[i]) {
			sp_drive_call_free(d->call[i]);
		}
	}
	sp_drives_free_files(d);
	sp_drives_free_dirs(d);
	sp_watch_remove(d->close_due);
	sp_watch_remove(d->timer);
	sp_drive_nodes_destroy(d->nodes);
	sp_drive_server_destroy(d->machine);
	sp_free(d->runtime_dir);
	sp_free(d->home);
	sp_free(d);
}
