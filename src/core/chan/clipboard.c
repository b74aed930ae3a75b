/* core/chan/clipboard.c - see clipboard.h; the start, and what goes where. */
#include "core/chan/clipboard.h"

#include "core/base/mem.h"
#include "core/base/wr.h"
#include "core/chan/clipboard_part.h"

#define OUR_FLAGS \
	(SP_CLIP_LONG_NAMES | SP_CLIP_STREAM_FILES | SP_CLIP_NO_FILE_PATHS | SP_CLIP_CAN_LOCK | \
			SP_CLIP_HUGE_FILES)
#define VERSION 2 /* CB_CAPS_VERSION_2; says nothing */

uint32_t sp_clipboard_serial(uint32_t *next)
{
	if (++*next == 0) {
		*next = 1;
	}
	return *next;
}

/* ---- output ---- */

int sp_clipboard_push(struct sp_clipboard *c, struct sp_wr *w)
{
	struct sp_rcbuf *b = sp_wr_take(w);

	if (!b) {
		int rc = sp_wr_ok(w);

		sp_wr_finish(w);
		return rc == SP_ESPACE ? SP_ELIMIT : SP_ENOMEM;
	}
	*c->last = b;
	c->last = &b->next;
	return SP_OK;
}

struct sp_rcbuf *sp_clipboard_out(struct sp_clipboard *c)
{
	struct sp_rcbuf *b = c->first;

	if (b) {
		c->first = b->next;
		if (!c->first) {
			c->last = &c->first;
		}
		b->next = NULL;
	}
	return b;
}

int sp_clipboard_say(struct sp_clipboard *c, uint16_t type, uint16_t flags, bool has_value,
		uint32_t value)
{
	struct sp_wr w;

	sp_wr_init(&w, SP_CLIP_HEAD + 4);
	size_t mark = sp_clip_begin(&w, type, flags);
	if (has_value) {
		sp_clip_u32_write(&w, value);
	}
	sp_clip_end(&w, mark);
	return sp_clipboard_push(c, &w);
}

static int say_caps(struct sp_clipboard *c, uint32_t flags)
{
	struct sp_clip_caps caps = {.has_general = true, .version = VERSION, .flags = flags};
	struct sp_wr w;

	sp_wr_init(&w, SMALL_MAX);
	size_t mark = sp_clip_begin(&w, SP_CLIP_CAPS, 0);
	sp_clip_caps_write(&w, &caps);
	sp_clip_end(&w, mark);
	return sp_clipboard_push(c, &w);
}

/* ---- life ---- */

struct sp_clipboard *sp_clipboard_create(bool server)
{
	struct sp_clipboard *c = sp_calloc(1, sizeof(*c));

	if (!c) {
		return NULL;
	}
	c->server = server;
	c->last = &c->first;
	if (server &&
			(say_caps(c, OUR_FLAGS) != SP_OK ||
					sp_clipboard_say(c, SP_CLIP_MONITOR_READY, 0, false, 0) !=
							SP_OK)) {
		sp_clipboard_destroy(c);
		return NULL;
	}
	return c;
}

static void drop_output(struct sp_clipboard *c)
{
	struct sp_rcbuf *b;

	while ((b = sp_clipboard_out(c)) != NULL) {
		sp_rcbuf_unref(b);
	}
}

void sp_clipboard_destroy(struct sp_clipboard *c)
{
	if (c) {
		drop_output(c);
		sp_free(c);
	}
}

/* As if nothing had been said yet; requests of ours end, what they locked is free. */
static void reset(struct sp_clipboard *c, int err)
{
	sp_clipboard_fail_requests(c, err, true);
	sp_clipboard_drop_asks(c);
	memset(c->lock, 0, sizeof(c->lock));
	memset(c->our_lock, 0, sizeof(c->our_lock));
	c->theirs = 0;
	c->list_wait = c->data_wait = 0;
	c->ready = false;
}

void sp_clipboard_stop(struct sp_clipboard *c)
{
	reset(c, SP_ECLOSED);
	c->tell_ready = c->tell_offer = false;
	c->offered = 0;
	c->unsent = false;
	sp_clipboard_superseded(c);
	drop_output(c);
}

bool sp_clipboard_can_files(const struct sp_clipboard *c)
{
	return c->ready && (c->flags & SP_CLIP_STREAM_FILES);
}

bool sp_clipboard_can_huge(const struct sp_clipboard *c)
{
	return c->ready && (c->flags & SP_CLIP_HUGE_FILES);
}

bool sp_clipboard_can_lock(const struct sp_clipboard *c)
{
	return c->ready && (c->flags & SP_CLIP_CAN_LOCK);
}

/* ---- input ---- */

static int on_caps(struct sp_clipboard *c, struct sp_rd *r)
{
	struct sp_clip_caps caps;

	if (sp_clip_caps_read(r, &caps) != SP_OK) {
		return SP_OK;
	}
	/* A server takes them before the client's first list; what came in the form agreed stays. */
	if (!c->ready) {
		c->server_flags = caps.has_general ? caps.flags & OUR_FLAGS : 0;
	}
	return SP_OK;
}

static int on_monitor_ready(struct sp_clipboard *c, uint64_t now)
{
	if (c->server) {
		return SP_OK;
	}
	if (c->ready) {
		/* A server that starts again has forgotten everything. */
		reset(c, SP_ESTATE);
		c->tell_offer = true;
	}
	c->ready = c->tell_ready = true;
	c->flags = c->server_flags;
	int rc = say_caps(c, c->flags);
	if (rc != SP_OK) {
		return rc;
	}
	/* The first list is due even if there is nothing on it. */
	c->unsent = true;
	return sp_clipboard_send_list(c, now);
}

static int dispatch(
		struct sp_clipboard *c, const struct sp_clip_head *h, struct sp_rd *r, uint64_t now)
{
	switch (h->type) {
	case SP_CLIP_CAPS:
		return on_caps(c, r);
	case SP_CLIP_MONITOR_READY:
		return on_monitor_ready(c, now);
	case SP_CLIP_FORMAT_LIST:
		if (c->server && !c->ready) {
			c->ready = c->tell_ready = true;
			c->flags = c->server_flags;
		}
		return c->ready ? sp_clipboard_on_list(c, h->flags, r, now) : SP_OK;
	case SP_CLIP_TEMP_DIRECTORY:
		return SP_OK; /* files travel through the channel alone */
	default:
		break;
	}
	if (!c->ready) {
		return SP_OK;
	}
	switch (h->type) {
	case SP_CLIP_FORMAT_LIST_RESPONSE:
		return sp_clipboard_on_list_response(c, h->flags, now);
	case SP_CLIP_DATA_REQUEST:
		return sp_clipboard_on_data_request(c, r);
	case SP_CLIP_DATA_RESPONSE:
		return sp_clipboard_on_data(c, h->flags, sp_rd_rest(r), now);
	case SP_CLIP_FILE_REQUEST:
		return sp_clipboard_on_file_request(c, r);
	case SP_CLIP_FILE_RESPONSE:
		return sp_clipboard_on_file(c, h->flags, r, now);
	case SP_CLIP_LOCK:
		sp_clipboard_on_lock(c, r);
		return SP_OK;
	case SP_CLIP_UNLOCK:
		sp_clipboard_on_unlock(c, r);
		return SP_OK;
	default:
		return SP_OK;
	}
}

int sp_clipboard_feed(struct sp_clipboard *c, struct sp_span message, uint64_t now_us)
{
	struct sp_clip_head h;
	struct sp_rd r;

	c->now = now_us;
	sp_clipboard_stale(c);
	sp_rd_init(&r, message.p, message.n);
	/* Windows sends four bytes more than it counts. */
	if (sp_clip_head_read(&r, &h) != SP_OK || !(h.n <= sp_rd_left(&r))) {
		return SP_OK;
	}
	struct sp_rd body = sp_rd_sub(&r, h.n);
	return dispatch(c, &h, &body, now_us);
}

int sp_clipboard_tick(struct sp_clipboard *c, uint64_t now_us)
{
	c->now = now_us;
	if (c->list_wait != 0 && c->list_wait <= now_us) {
		c->list_wait = 0;
		int rc = sp_clipboard_send_list(c, now_us);
		if (rc != SP_OK) {
			return rc;
		}
	}
	int rc = sp_clipboard_tick_asks(c, now_us);
	return rc == SP_OK ? sp_clipboard_tick_requests(c, now_us) : rc;
}

static void sooner(uint64_t *at, uint64_t when)
{
	if (when != 0 && (*at == 0 || when < *at)) {
		*at = when;
	}
}

uint64_t sp_clipboard_deadline(const struct sp_clipboard *c)
{
	uint64_t at = 0;

	sooner(&at, c->list_wait);
	sooner(&at, c->data_wait);
	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		const struct request *q = &c->request[i];

		if (q->state == REQUEST_QUEUED || q->state == REQUEST_SENT) {
			sooner(&at, q->deadline);
		}
	}
	for (size_t i = 0; i < SP_CLIPBOARD_ASKS; i++) {
		if (c->ask[i].state == ASK_TOLD) {
			sooner(&at, c->ask[i].deadline);
		}
	}
	return at;
}

bool sp_clipboard_next(struct sp_clipboard *c, struct sp_clipboard_event *ev)
{
	*ev = (struct sp_clipboard_event){.kind = SP_CLIPBOARD_READY};
	if (c->tell_ready) {
		c->tell_ready = false;
		return true;
	}
	if (sp_clipboard_next_answer(c, ev)) {
		return true;
	}
	if (c->tell_offer) {
		c->tell_offer = false;
		ev->kind = SP_CLIPBOARD_OFFER;
		ev->contents = c->theirs;
		return true;
	}
	return sp_clipboard_next_ask(c, ev);
}
