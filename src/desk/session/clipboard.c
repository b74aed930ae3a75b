/* desk/session/clipboard.c - see clipboard.h; the channel, and where its events go. */
#include "desk/session/clipboard.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/svc.h"
#include "desk/session/clipboard_part.h"

#define GREET_US (2 * 1000000u) /* so long a client may take to say what its clipboard has */

static void on_event(struct sp_desk_clipboard *c, const struct sp_clipboard_event *ev)
{
	switch (ev->kind) {
	case SP_CLIPBOARD_READY:
		sp_watch_in(c->greet, GREET_US);
		break;
	case SP_CLIPBOARD_OFFER:
		sp_clip_desk_offered(c, ev->contents);
		break;
	case SP_CLIPBOARD_ANSWER:
		sp_clip_desk_answered(c, ev);
		break;
	case SP_CLIPBOARD_DATA_WANTED:
	case SP_CLIPBOARD_SIZE_WANTED:
	case SP_CLIPBOARD_RANGE_WANTED:
		sp_clip_desk_asked(c, ev);
		break;
	case SP_CLIPBOARD_RELEASED:
		sp_clip_desk_released(c, ev->offer);
		break;
	}
}

static void send_all(struct sp_desk_clipboard *c)
{
	struct sp_rcbuf *message;

	while (c->end && (message = sp_clipboard_out(c->end))) {
		int rc = c->port ? sp_port_send(c->port, message) : SP_ECLOSED;

		if (!c->port) {
			sp_rcbuf_unref(message);
		}
		if (rc != SP_OK) {
			sp_log(SP_LOG_DEBUG, "clipboard: not sent: %s", sp_err_text(rc));
		}
	}
}

void sp_clip_desk_run(struct sp_desk_clipboard *c)
{
	struct sp_clipboard_event ev;

	if (c->busy || !c->end) {
		return;
	}
	c->busy = true;
	while (sp_clipboard_next(c->end, &ev)) {
		on_event(c, &ev);
	}
	send_all(c);
	/* What was just sent may leave no room for more. */
	sp_clip_desk_serve(c);
	send_all(c);
	c->busy = false;
	sp_watch_at(c->timer, sp_clipboard_deadline(c->end));
}

static void on_timer(void *user)
{
	struct sp_desk_clipboard *c = user;

	if (c->end && sp_clipboard_tick(c->end, sp_now_us()) != SP_OK) {
		sp_log(SP_LOG_WARN, "clipboard: %s", sp_err_text(SP_ENOMEM));
	}
	sp_clip_desk_run(c);
}

/* The client has said nothing, so it has nothing: ours then. */
static void on_greet(void *user)
{
	struct sp_desk_clipboard *c = user;

	c->greeted = true;
	sp_selection_look(c->selection);
}

/* ---- the connection ---- */

static void leave(struct sp_desk_clipboard *c)
{
	struct sp_clipboard_event ev;

	if (!c->end) {
		return;
	}
	c->port = NULL;
	sp_clipboard_stop(c->end);
	c->busy = true;
	while (sp_clipboard_next(c->end, &ev)) {
		on_event(c, &ev);
	}
	sp_clip_desk_give_stop(c);
	sp_clip_desk_take_stop(c);
	c->busy = false;
	sp_watch_at(c->greet, 0);
	sp_watch_at(c->timer, 0);
	sp_clipboard_destroy(c->end);
	c->end = NULL;
}

static void part_attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_desk_clipboard *c = (struct sp_desk_clipboard *)p;
	struct sp_port_conf conf = {.owner = p,
			.max_message = SP_CLIPBOARD_MESSAGE_MAX,
			.svc_flags = SP_SVC_SHOW_PROTOCOL};

	leave(c);
	c->greeted = false;
	int rc = sp_vc_static(vc, "cliprdr", &conf, &c->port);
	if (rc != SP_OK) {
		c->port = NULL;
		return;
	}
	c->end = sp_clipboard_create(true);
	if (!c->end) {
		sp_log(SP_LOG_ERROR, "clipboard: %s", sp_err_text(SP_ENOMEM));
		c->port = NULL;
		return;
	}
	sp_clip_desk_run(c);
}

static void part_event(struct sp_part *p, const struct sp_vc_event *ev)
{
	struct sp_desk_clipboard *c = (struct sp_desk_clipboard *)p;

	if (!c->end || ev->port != c->port) {
		return;
	}
	if (ev->kind == SP_VC_CLOSED) {
		leave(c);
		return;
	}
	if (ev->kind == SP_VC_MESSAGE &&
			sp_clipboard_feed(c->end, ev->message, sp_now_us()) != SP_OK) {
		sp_log(SP_LOG_WARN, "clipboard: %s", sp_err_text(SP_ENOMEM));
	}
	sp_clip_desk_run(c);
}

static void part_detach(struct sp_part *p)
{
	leave((struct sp_desk_clipboard *)p);
}

/* ---- life ---- */

int sp_desk_clipboard_create(
		const struct sp_desk_clipboard_conf *conf, struct sp_desk_clipboard **out)
{
	static const struct sp_part_calls calls = {.channel = "cliprdr",
			.attach = part_attach,
			.event = part_event,
			.detach = part_detach};
	static const struct sp_selection_calls selection_calls = {.held = sp_clip_desk_held,
			.wanted = sp_clip_desk_wanted,
			.got = sp_clip_desk_got};
	struct sp_desk_clipboard *c = sp_calloc(1, sizeof(*c));
	int rc = SP_ENOMEM;

	*out = NULL;
	if (!c) {
		return rc;
	}
	c->part.calls = &calls;
	c->conf = *conf;
	c->runtime = conf->runtime ? sp_strdup(conf->runtime) : NULL;
	c->timer = sp_loop_timer(conf->loop, on_timer, c);
	c->greet = sp_loop_timer(conf->loop, on_greet, c);
	struct sp_selection_conf selection = {.loop = conf->loop,
			.x = conf->x,
			.primary = conf->primary,
			.calls = &selection_calls,
			.user = c};
	if (c->timer && c->greet && (c->runtime || !conf->runtime)) {
		rc = sp_selection_create(&selection, &c->selection);
	}
	if (rc != SP_OK) {
		sp_desk_clipboard_destroy(c);
		return rc;
	}
	*out = c;
	return SP_OK;
}

void sp_desk_clipboard_destroy(struct sp_desk_clipboard *c)
{
	if (!c) {
		return;
	}
	leave(c);
	sp_pasted_destroy(c->pasted);
	sp_selection_destroy(c->selection);
	sp_watch_remove(c->timer);
	sp_watch_remove(c->greet);
	sp_free(c->runtime);
	sp_free(c);
}

struct sp_part *sp_desk_clipboard_part(struct sp_desk_clipboard *c)
{
	return &c->part;
}
