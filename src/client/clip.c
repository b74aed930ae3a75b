/* client/clip.c - see clip.h. */
#include "client/clip.h"

#include <stdio.h>
#include <string.h>

#include "client/clip_fetch.h"
#include "client/clip_local.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/chan/clip_files.h"
#include "core/chan/clip_html.h"
#include "core/chan/clip_image.h"
#include "core/chan/clip_text.h"
#include "core/chan/clipboard.h"
#include "host/lib/png.h"

#define IMAGES (SP_CLIPBOARD_PNG | SP_CLIPBOARD_DIB | SP_CLIPBOARD_DIBV5)

/* What was put on the clipboard once; kept until nobody may ask for it any more. */
struct content {
	struct content *next;
	uint32_t offer, contents;
	struct sp_rcbuf *bytes; /* as sp_clip_set() got them */
	struct sp_png png; /* of an image, decoded when somebody wants it so */
	bool alpha;
	struct sp_given *files;
};

struct sp_clip {
	struct sp_part part; /* first */
	struct sp_clip_conf conf;
	struct sp_watch *timer;
	struct sp_port *port;
	struct sp_clipboard *end;
	bool ready;
	struct content *content; /* the newest first */
	struct sp_clipboard_event ask[SP_CLIPBOARD_ASKS]; /* that wait for room in the port */
	size_t n_asks;

	/* What is being fetched. */
	enum sp_clip_thing thing; /* 0: nothing */
	uint32_t request, lock;
	char *dir;
	struct sp_clip_fetch *fetch;
	bool done;
	int err;
	struct sp_rcbuf *result;
	char why[SP_WHY_MAX];
};

static void pump(struct sp_clip *c);

static void changed(struct sp_clip *c)
{
	if (c->conf.changed) {
		c->conf.changed(c->conf.user);
	}
}

int sp_clip_ways(const char *word, unsigned *ways)
{
	static const char *const words[] = {"off", "in", "out", "on"};

	for (unsigned i = 0; i < SP_LEN(words); i++) {
		if (strcmp(words[i], word) == 0) {
			*ways = i;
			return SP_OK;
		}
	}
	return SP_EARG;
}

/* ---- what we have ---- */

static void content_destroy(struct content *t)
{
	sp_rcbuf_unref(t->bytes);
	sp_png_finish(&t->png);
	sp_given_destroy(t->files);
	sp_free(t);
}

/* The newest is kept: another connection is offered it again. */
static void released(struct sp_clip *c, uint32_t offer, bool newest_too)
{
	struct content **at = &c->content;

	while (*at) {
		struct content *t = *at;

		if (t->offer == offer && (newest_too || t != c->content)) {
			*at = t->next;
			content_destroy(t);
			return;
		}
		at = &t->next;
	}
}

/* Bytes as they go over the wire. */
static int render(struct content *t, uint32_t what, struct sp_wr *w)
{
	struct sp_span bytes = t->bytes ? sp_span(t->bytes->p, t->bytes->n) : sp_span(NULL, 0);
	size_t stride;

	switch (what) {
	case SP_CLIPBOARD_TEXT:
		return sp_clip_text_write(w, bytes);
	case SP_CLIPBOARD_HTML:
		return sp_clip_html_write(w, bytes);
	case SP_CLIPBOARD_PNG:
		sp_wr_span(w, bytes);
		return sp_wr_ok(w);
	case SP_CLIPBOARD_FILES:
		return sp_given_list(t->files, w);
	default:
		break;
	}
	if (!t->png.bgrx) {
		int rc = sp_png_decode(bytes, &t->png, &t->alpha);

		if (rc != SP_OK) {
			return rc;
		}
	}
	stride = (size_t)t->png.w * 4;
	return what == SP_CLIPBOARD_DIBV5
			? sp_clip_dibv5_write(w, t->png.bgrx, stride, t->png.w, t->png.h)
			: sp_clip_dib_write(w, t->png.bgrx, stride, t->png.w, t->png.h);
}

static int give_data(struct sp_clip *c, struct content *t, const struct sp_clipboard_event *ev)
{
	struct sp_wr w;

	sp_wr_init(&w, SP_CLIPBOARD_DATA_MAX);
	int rc = render(t, ev->contents, &w);
	rc = rc == SP_OK ? sp_clipboard_give(c->end, ev->ask, sp_span(w.p, w.n))
			 : sp_clipboard_refuse(c->end, ev->ask);
	sp_wr_finish(&w);
	return rc;
}

static int give_range(struct sp_clip *c, struct content *t, const struct sp_clipboard_event *ev)
{
	uint8_t *p = sp_malloc(ev->n ? ev->n : 1);

	if (!p) {
		return sp_clipboard_refuse(c->end, ev->ask);
	}
	int64_t n = sp_given_read(t->files, ev->index, ev->position, p, ev->n);
	int rc = n >= 0 ? sp_clipboard_give(c->end, ev->ask, sp_span(p, (size_t)n))
			: sp_clipboard_refuse(c->end, ev->ask);
	sp_free(p);
	return rc;
}

static int serve(struct sp_clip *c, const struct sp_clipboard_event *ev)
{
	struct content *t = c->content;
	uint64_t size;

	while (t && t->offer != ev->offer) {
		t = t->next;
	}
	if (!t || (ev->kind != SP_CLIPBOARD_DATA_WANTED && !t->files)) {
		return sp_clipboard_refuse(c->end, ev->ask);
	}
	switch (ev->kind) {
	case SP_CLIPBOARD_DATA_WANTED:
		return give_data(c, t, ev);
	case SP_CLIPBOARD_SIZE_WANTED:
		return sp_given_size(t->files, ev->index, &size) == SP_OK
				? sp_clipboard_give_size(c->end, ev->ask, size)
				: sp_clipboard_refuse(c->end, ev->ask);
	default:
		return give_range(c, t, ev);
	}
}

/* ---- what we fetch ---- */

static void finish_get(struct sp_clip *c, int err, const char *why)
{
	if (c->end) {
		sp_clipboard_unlock(c->end, c->lock);
	}
	sp_clip_fetch_destroy(c->fetch);
	c->fetch = NULL;
	c->lock = c->request = 0;
	sp_free(c->dir);
	c->dir = NULL;
	c->done = true;
	c->err = err;
	if (why != c->why) {
		snprintf(c->why, sizeof(c->why), "%s", why);
	}
	changed(c);
}

static int to_png(uint32_t what, struct sp_span data, struct sp_wr *w)
{
	struct sp_clip_image image;

	if (what == SP_CLIPBOARD_PNG) {
		struct sp_png png;
		bool alpha;
		int rc = sp_png_decode(data, &png, &alpha);

		sp_png_finish(&png);
		sp_wr_span(w, data);
		return rc == SP_OK ? sp_wr_ok(w) : rc;
	}
	int rc = sp_clip_dib_read(data, &image);
	if (rc == SP_OK) {
		rc = sp_png_encode(
				w, image.bgra, (size_t)image.w * 4, image.w, image.h, image.alpha);
	}
	sp_clip_image_finish(&image);
	return rc;
}

static int convert(uint32_t what, struct sp_span data, struct sp_wr *w)
{
	struct sp_span whole, fragment = data;

	switch (what) {
	case SP_CLIPBOARD_TEXT:
		return sp_clip_text_read(data, w);
	case SP_CLIPBOARD_HTML:
		if (sp_clip_html_read(data, &whole, &fragment) != SP_OK) {
			fragment = data; /* without a header: what it is then is for its reader */
		}
		sp_wr_span(w, fragment);
		return sp_wr_ok(w);
	default:
		return to_png(what, data, w);
	}
}

static void pump_fetch(struct sp_clip *c)
{
	int rc = sp_clip_fetch_pump(c->fetch, c->end, sp_now_us(), c->why);

	if (rc < 0) {
		finish_get(c, rc, c->why);
	} else if (rc == 0) {
		finish_get(c, SP_OK, "");
	}
}

static void on_answer(struct sp_clip *c, const struct sp_clipboard_event *ev)
{
	struct sp_wr w;
	int rc;

	if (c->fetch) {
		rc = sp_clip_fetch_answer(c->fetch, ev, c->why);
		if (rc != SP_OK) {
			finish_get(c, rc, c->why);
		} else {
			pump_fetch(c);
		}
		return;
	}
	if (c->request == 0 || ev->request != c->request) {
		return;
	}
	c->request = 0;
	if (ev->err != SP_OK) {
		finish_get(c, ev->err,
				ev->err == SP_EDENIED ? "refused by the server"
						: ev->err == SP_ESTATE
						? "its clipboard has changed meanwhile"
						: sp_err_text(ev->err));
		return;
	}
	if (c->thing == SP_CLIP_THING_FILES) {
		rc = sp_clip_fetch_create(c->dir, ev->data, c->lock, &c->fetch, c->why);
		if (rc != SP_OK) {
			finish_get(c, rc, c->why);
		} else {
			pump_fetch(c);
		}
		return;
	}
	sp_wr_init(&w, SP_CLIPBOARD_DATA_MAX * 2);
	rc = convert(ev->contents, ev->data, &w);
	c->result = rc == SP_OK ? sp_wr_take(&w) : NULL;
	rc = rc == SP_OK && !c->result ? SP_ENOMEM : rc;
	sp_wr_finish(&w);
	finish_get(c, rc, sp_err_text(rc));
}

/* ---- the channel ---- */

static void close_channel(struct sp_clip *c)
{
	struct sp_clipboard_event ev;
	struct sp_clipboard *end = c->end;

	if (!end) {
		return;
	}
	sp_clipboard_stop(end);
	while (sp_clipboard_next(end, &ev)) {
		if (ev.kind == SP_CLIPBOARD_RELEASED) {
			released(c, ev.offer, false);
		}
	}
	c->end = NULL;
	sp_clipboard_destroy(end);
	c->n_asks = 0;
	c->ready = false;
	sp_watch_at(c->timer, 0);
	if (c->thing != 0 && !c->done) {
		finish_get(c, SP_ECLOSED, "connection closed");
	}
}

static void on_event(struct sp_clip *c, const struct sp_clipboard_event *ev)
{
	switch (ev->kind) {
	case SP_CLIPBOARD_READY:
		c->ready = true;
		changed(c);
		break;
	case SP_CLIPBOARD_OFFER:
		changed(c);
		break;
	case SP_CLIPBOARD_ANSWER:
		on_answer(c, ev);
		break;
	case SP_CLIPBOARD_RELEASED:
		released(c, ev->offer, false);
		break;
	default:
		/* INVARIANT: there are never more of them than the end has slots. */
		c->ask[c->n_asks++] = *ev;
		break;
	}
}

static int serve_asks(struct sp_clip *c)
{
	size_t i = 0;
	int rc = SP_OK;

	while (i < c->n_asks && rc == SP_OK && !sp_port_full(c->port)) {
		struct sp_rcbuf *b;

		rc = serve(c, &c->ask[i++]);
		/* Its deadline has refused it meanwhile, or it was too much. */
		rc = rc == SP_ENOTFOUND || rc == SP_ELIMIT ? SP_OK : rc;
		while (rc == SP_OK && (b = sp_clipboard_out(c->end)) != NULL) {
			rc = sp_port_send(c->port, b);
		}
	}
	c->n_asks -= i;
	memmove(c->ask, c->ask + i, c->n_asks * sizeof(c->ask[0]));
	return rc;
}

/* Takes what has happened and sends what there is to say. */
static void pump(struct sp_clip *c)
{
	struct sp_clipboard_event ev;
	struct sp_rcbuf *b;
	int rc = SP_OK;

	if (!c->end) {
		return;
	}
	while (c->n_asks < SP_LEN(c->ask) && sp_clipboard_next(c->end, &ev)) {
		on_event(c, &ev);
	}
	rc = serve_asks(c);
	while (rc == SP_OK && (b = sp_clipboard_out(c->end)) != NULL) {
		rc = sp_port_send(c->port, b);
	}
	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "clipboard: %s", sp_err_text(rc));
		close_channel(c);
		return;
	}
	sp_watch_at(c->timer, sp_clipboard_deadline(c->end));
}

static void on_timer(void *user)
{
	struct sp_clip *c = user;

	if (c->end && sp_clipboard_tick(c->end, sp_now_us()) != SP_OK) {
		close_channel(c);
	}
	pump(c);
}

static int offer_newest(struct sp_clip *c)
{
	return c->content ? sp_clipboard_offer(c->end, c->content->contents, sp_now_us(),
					    &c->content->offer)
			  : SP_OK;
}

static void attach(struct sp_part *part, struct sp_vc *vc)
{
	struct sp_clip *c = (struct sp_clip *)part;
	struct sp_port_conf conf = {
			.owner = part, .max_message = SP_CLIPBOARD_MESSAGE_MAX, .svc_flags = 0};

	if (sp_vc_static(vc, "cliprdr", &conf, &c->port) != SP_OK) {
		return;
	}
	c->end = sp_clipboard_create(false);
	if (!c->end || offer_newest(c) != SP_OK) {
		close_channel(c);
	}
	pump(c);
}

static void event(struct sp_part *part, const struct sp_vc_event *ev)
{
	struct sp_clip *c = (struct sp_clip *)part;

	if (!c->end) {
		return;
	}
	switch (ev->kind) {
	case SP_VC_MESSAGE:
		if (sp_clipboard_feed(c->end, ev->message, sp_now_us()) != SP_OK) {
			close_channel(c);
		}
		break;
	case SP_VC_CLOSED:
		close_channel(c);
		break;
	default:
		break;
	}
	pump(c);
	changed(c);
}

static void detach(struct sp_part *part)
{
	close_channel((struct sp_clip *)part);
}

/* ---- life ---- */

struct sp_clip *sp_clip_create(const struct sp_clip_conf *conf)
{
	static const struct sp_part_calls calls = {
			.channel = "cliprdr", .attach = attach, .event = event, .detach = detach};
	struct sp_clip *c = sp_calloc(1, sizeof(*c));

	if (!c) {
		return NULL;
	}
	c->part.calls = &calls;
	c->conf = *conf;
	c->timer = sp_loop_timer(conf->loop, on_timer, c);
	if (!c->timer) {
		sp_clip_destroy(c);
		return NULL;
	}
	return c;
}

void sp_clip_destroy(struct sp_clip *c)
{
	if (!c) {
		return;
	}
	c->conf.changed = NULL;
	close_channel(c);
	while (c->content) {
		released(c, c->content->offer, true);
	}
	sp_clip_fetch_destroy(c->fetch);
	sp_rcbuf_unref(c->result);
	sp_free(c->dir);
	sp_watch_remove(c->timer);
	sp_free(c);
}

struct sp_part *sp_clip_part(struct sp_clip *c)
{
	return &c->part;
}

bool sp_clip_ready(const struct sp_clip *c)
{
	return c->ready;
}

/* ---- for the owner: setting ---- */

/* Takes the content, on failure too. */
static int set(struct sp_clip *c, struct content *t, uint32_t contents)
{
	if (!(c->conf.ways & SP_CLIP_WAY_IN)) {
		content_destroy(t);
		return SP_EDENIED;
	}
	/* What no end knows of is gone at once. */
	if (c->content && !c->end) {
		released(c, c->content->offer, true);
	}
	t->contents = contents;
	t->next = c->content;
	c->content = t;
	int rc = c->end ? offer_newest(c) : SP_OK;
	pump(c);
	return rc;
}

int sp_clip_set(struct sp_clip *c, enum sp_clip_thing thing, struct sp_span bytes)
{
	struct content *t = sp_calloc(1, sizeof(*t));
	uint32_t contents = thing == SP_CLIP_THING_TEXT ? SP_CLIPBOARD_TEXT
			: thing == SP_CLIP_THING_HTML   ? SP_CLIPBOARD_HTML
							: IMAGES;
	int rc = SP_OK;

	if (!t || !(t->bytes = sp_rcbuf_from(bytes.p, bytes.n))) {
		sp_free(t);
		return SP_ENOMEM;
	}
	if (thing == SP_CLIP_THING_IMAGE) {
		rc = sp_png_decode(bytes, &t->png, &t->alpha);
	}
	if (rc == SP_OK && !(bytes.n <= SP_CLIPBOARD_DATA_MAX)) {
		rc = SP_ELIMIT;
	}
	if (rc != SP_OK) {
		content_destroy(t);
		return rc;
	}
	return set(c, t, contents);
}

int sp_clip_set_files(struct sp_clip *c, const char *const *paths, size_t n, char why[SP_WHY_MAX])
{
	struct content *t = sp_calloc(1, sizeof(*t));
	int rc = t ? sp_clip_local_create(paths, n, &t->files, why) : SP_ENOMEM;

	if (rc != SP_OK) {
		sp_free(t);
		return rc;
	}
	rc = set(c, t, SP_CLIPBOARD_FILES);
	if (rc != SP_OK) {
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(rc));
	}
	return rc;
}

bool sp_clip_settled(const struct sp_clip *c)
{
	return c->end && sp_clipboard_settled(c->end);
}

/* ---- for the owner: getting ---- */

static uint32_t wire_of(const struct sp_clip *c, enum sp_clip_thing thing)
{
	uint32_t theirs = c->end && (c->conf.ways & SP_CLIP_WAY_OUT) ? sp_clipboard_theirs(c->end)
								     : 0;

	switch (thing) {
	case SP_CLIP_THING_TEXT:
		return theirs & SP_CLIPBOARD_TEXT;
	case SP_CLIP_THING_HTML:
		return theirs & SP_CLIPBOARD_HTML;
	case SP_CLIP_THING_IMAGE:
		return theirs & SP_CLIPBOARD_PNG              ? SP_CLIPBOARD_PNG
				: theirs & SP_CLIPBOARD_DIBV5 ? SP_CLIPBOARD_DIBV5
							      : theirs & SP_CLIPBOARD_DIB;
	default:
		return theirs & SP_CLIPBOARD_FILES;
	}
}

unsigned sp_clip_has(const struct sp_clip *c)
{
	unsigned things = 0;

	for (unsigned i = 0; i < 4; i++) {
		things |= wire_of(c, 1u << i) ? 1u << i : 0;
	}
	return things;
}

int sp_clip_get(struct sp_clip *c, enum sp_clip_thing thing)
{
	if (!(c->conf.ways & SP_CLIP_WAY_OUT)) {
		return SP_EDENIED;
	}
	if (c->thing != 0) {
		return SP_ESTATE;
	}
	uint32_t wire = wire_of(c, thing);
	if (wire == 0) {
		return SP_ENOTFOUND;
	}
	/* The lock comes first: what the list says is then what its contents are. */
	if (thing == SP_CLIP_THING_FILES) {
		int rc = sp_clipboard_lock(c->end, &c->lock);

		if (rc != SP_OK) {
			return rc;
		}
	}
	int rc = sp_clipboard_ask(c->end, wire, sp_now_us(), &c->request);
	if (rc == SP_OK) {
		c->thing = thing;
		c->done = false;
	} else {
		sp_clipboard_unlock(c->end, c->lock);
		c->lock = 0;
	}
	pump(c);
	return rc;
}

int sp_clip_get_files(struct sp_clip *c, const char *dir)
{
	char *copy = c->thing == 0 ? sp_strdup(dir) : NULL;

	if (!copy) {
		return c->thing == 0 ? SP_ENOMEM : SP_ESTATE;
	}
	c->dir = copy;
	int rc = sp_clip_get(c, SP_CLIP_THING_FILES);
	if (rc != SP_OK) {
		sp_free(c->dir);
		c->dir = NULL;
	}
	return rc;
}

int sp_clip_result(struct sp_clip *c, struct sp_rcbuf **out, char why[SP_WHY_MAX])
{
	*out = NULL;
	if (c->thing == 0) {
		snprintf(why, SP_WHY_MAX, "nothing was asked for");
		return SP_ESTATE;
	}
	if (!c->done) {
		return 1;
	}
	snprintf(why, SP_WHY_MAX, "%s", c->why);
	*out = c->result;
	c->result = NULL;
	c->thing = 0;
	c->done = false;
	return c->err;
}
