/* desk/session/clipboard_take.c - what programs of the desktop copied, for the client. */
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/chan/clip_files.h"
#include "desk/session/clipboard_part.h"

/* ---- the offer ---- */

void sp_clip_desk_held(
		void *user, enum sp_selection_kind kind, const char *const *targets, size_t n)
{
	struct sp_desk_clipboard *c = user;
	const char *name[SP_SELECTION_MAX_TARGETS];

	if (!c->end) {
		return;
	}
	uint32_t contents = sp_cliptype_contents(targets, n);
	/* Nothing here is no reason to empty a clipboard that has something else. */
	if (contents == 0 && (c->ours == 0 || kind != c->kind)) {
		return;
	}
	c->kind = kind;
	c->n_targets = 0;
	for (size_t i = 0; i < n; i++) {
		if (strlen(targets[i]) < SP_CLIP_DESK_NAME) {
			snprintf(c->target[c->n_targets++], SP_CLIP_DESK_NAME, "%s", targets[i]);
		}
	}
	for (size_t i = 0; i < c->n_targets; i++) {
		name[i] = c->target[i];
	}
	contents = sp_cliptype_contents(name, c->n_targets);
	sp_clip_desk_forget(c);
	sp_selection_release(c->selection);
	c->ours = contents;
	int rc = sp_clipboard_offer(c->end, contents, sp_now_us(), NULL);
	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "clipboard: not offered: %s", sp_err_text(rc));
	}
	sp_clip_desk_run(c);
}

/* ---- files ---- */

static struct sp_given *copied_of(struct sp_desk_clipboard *c, uint32_t offer)
{
	for (size_t i = 0; i < SP_CLIP_DESK_COPIED; i++) {
		if (c->copied[i].offer != 0 && c->copied[i].offer == offer) {
			return c->copied[i].files;
		}
	}
	return NULL;
}

void sp_clip_desk_released(struct sp_desk_clipboard *c, uint32_t offer)
{
	for (size_t i = 0; i < SP_CLIP_DESK_COPIED; i++) {
		if (c->copied[i].offer != 0 && c->copied[i].offer == offer) {
			sp_given_destroy(c->copied[i].files);
			c->copied[i].offer = 0;
			c->copied[i].files = NULL;
		}
	}
}

static void keep_copied(struct sp_desk_clipboard *c, uint32_t offer, struct sp_given *files)
{
	size_t at = c->next_copied++ % SP_CLIP_DESK_COPIED;

	for (size_t i = 0; i < SP_CLIP_DESK_COPIED; i++) {
		if (c->copied[i].offer == 0) {
			at = i;
			break;
		}
	}
	sp_given_destroy(c->copied[at].files);
	c->copied[at].offer = offer;
	c->copied[at].files = files;
}

static int list_of(const struct sp_given *files, struct sp_rcbuf **out)
{
	struct sp_wr w;

	sp_wr_init(&w, SP_CLIP_FILES_BYTES);
	int rc = sp_given_list(files, &w);
	*out = rc == SP_OK ? sp_wr_take(&w) : NULL;
	sp_wr_finish(&w);
	return rc == SP_OK && !*out ? SP_ENOMEM : rc;
}

/* A list of URIs becomes one of files; it stays the offer's, so that its indices stay true. */
static int make_list(struct sp_desk_clipboard *c, uint32_t offer, const struct sp_rcbuf *uris,
		struct sp_rcbuf **out)
{
	struct sp_given *files = copied_of(c, offer);

	*out = NULL;
	if (!files) {
		int rc = sp_copied_create(sp_span(uris->p, uris->n), &files);

		if (rc != SP_OK) {
			return rc;
		}
		keep_copied(c, offer, files);
	}
	return list_of(files, out);
}

/* ---- the client's questions ---- */

/* The ask may be over by now, which is no fault. */
static void give(struct sp_desk_clipboard *c, uint32_t ask, struct sp_span data)
{
	int rc = sp_clipboard_give(c->end, ask, data);

	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "clipboard: not given: %s", sp_err_text(rc));
	}
}

static void refuse(struct sp_desk_clipboard *c, uint32_t ask, int why)
{
	sp_log(SP_LOG_INFO, "clipboard: nothing for the client: %s", sp_err_text(why));
	int rc = sp_clipboard_refuse(c->end, ask);
	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "clipboard: not refused: %s", sp_err_text(rc));
	}
}

static void drop_ask(struct sp_desk_clipboard *c, size_t at)
{
	c->n_asks--;
	memmove(&c->ask[at], &c->ask[at + 1], (c->n_asks - at) * sizeof(c->ask[0]));
}

static void serve_range(struct sp_desk_clipboard *c, const struct sp_clipboard_event *ev)
{
	struct sp_given *files = copied_of(c, ev->offer);
	uint8_t *p = files ? sp_malloc(ev->n > 0 ? ev->n : 1) : NULL;
	int64_t n = SP_ENOTFOUND;

	if (files) {
		n = p ? sp_given_read(files, ev->index, ev->position, p, ev->n) : SP_ENOMEM;
	}
	if (n < 0) {
		refuse(c, ev->ask, (int)n);
	} else {
		give(c, ev->ask, sp_span(p, (size_t)n));
	}
	sp_free(p);
}

static void serve_size(struct sp_desk_clipboard *c, const struct sp_clipboard_event *ev)
{
	struct sp_given *files = copied_of(c, ev->offer);
	uint64_t size = 0;
	int rc = files ? sp_given_size(files, ev->index, &size) : SP_ENOTFOUND;

	if (rc != SP_OK) {
		refuse(c, ev->ask, rc);
		return;
	}
	rc = sp_clipboard_give_size(c->end, ev->ask, size);
	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "clipboard: not given: %s", sp_err_text(rc));
	}
}

/* Asks the program; true when its answer is waited for, or has come. */
static bool begin_read(struct sp_desk_clipboard *c, struct sp_clip_desk_ask *ask)
{
	const char *name[SP_SELECTION_MAX_TARGETS];
	uint32_t id;

	for (size_t i = 0; i < c->n_targets; i++) {
		name[i] = c->target[i];
	}
	ask->target = sp_cliptype_choose(ask->ev.contents, name, c->n_targets);
	if (!ask->target || sp_selection_read(c->selection, c->kind, ask->target, &id) != SP_OK) {
		return false;
	}
	ask->read = id;
	return true;
}

/* Data: from a program, but for a list of files that is there. True when the ask is settled. */
static bool serve_data(struct sp_desk_clipboard *c, struct sp_clip_desk_ask *ask)
{
	const struct sp_given *files = copied_of(c, ask->ev.offer);
	struct sp_rcbuf *list = NULL;

	if (ask->ev.contents == SP_CLIPBOARD_FILES && files) {
		int rc = list_of(files, &list);

		if (rc == SP_OK) {
			give(c, ask->ev.ask, sp_span(list->p, list->n));
		} else {
			refuse(c, ask->ev.ask, rc);
		}
		sp_rcbuf_unref(list);
		return true;
	}
	if (begin_read(c, ask)) {
		return false;
	}
	refuse(c, ask->ev.ask, SP_ENOTFOUND);
	return true;
}

void sp_clip_desk_serve(struct sp_desk_clipboard *c)
{
	size_t reading = 0;

	for (size_t i = 0; i < c->n_asks; i++) {
		reading += c->ask[i].read != 0;
	}
	/* A client that asks faster than it reads waits: what it is given is held in memory. */
	for (size_t i = 0; i < c->n_asks && c->port && !sp_port_full(c->port);) {
		struct sp_clip_desk_ask *ask = &c->ask[i];
		bool done = true;

		if (ask->read != 0 ||
				(ask->ev.kind == SP_CLIPBOARD_DATA_WANTED &&
						reading == SP_CLIP_DESK_READS)) {
			i++;
			continue;
		}
		if (ask->ev.kind == SP_CLIPBOARD_RANGE_WANTED) {
			serve_range(c, &ask->ev);
		} else if (ask->ev.kind == SP_CLIPBOARD_SIZE_WANTED) {
			serve_size(c, &ask->ev);
		} else {
			done = serve_data(c, ask);
			reading += !done;
		}
		if (done) {
			drop_ask(c, i);
			struct sp_rcbuf *message;
			while ((message = sp_clipboard_out(c->end))) {
				int rc = sp_port_send(c->port, message);

				if (rc != SP_OK) {
					sp_log(SP_LOG_DEBUG, "clipboard: not sent: %s",
							sp_err_text(rc));
				}
			}
		} else {
			i++;
		}
	}
}

void sp_clip_desk_asked(struct sp_desk_clipboard *c, const struct sp_clipboard_event *ev)
{
	if (c->n_asks == SP_LEN(c->ask)) {
		refuse(c, ev->ask, SP_ELIMIT);
		return;
	}
	c->ask[c->n_asks++] = (struct sp_clip_desk_ask){.ev = *ev};
}

void sp_clip_desk_got(void *user, uint32_t id, int rc, struct sp_rcbuf *data, const char *type)
{
	struct sp_desk_clipboard *c = user;
	struct sp_rcbuf *wire = NULL;
	size_t at = 0;

	while (at < c->n_asks && c->ask[at].read != id) {
		at++;
	}
	if (!c->end || at == c->n_asks) {
		sp_rcbuf_unref(data);
		return;
	}
	struct sp_clip_desk_ask ask = c->ask[at];
	drop_ask(c, at);
	if (rc == SP_OK && ask.ev.contents == SP_CLIPBOARD_FILES) {
		rc = make_list(c, ask.ev.offer, data, &wire);
	} else if (rc == SP_OK) {
		rc = sp_cliptype_to_wire(ask.ev.contents, ask.target, type, data, &wire);
	}
	if (rc == SP_OK) {
		give(c, ask.ev.ask, sp_span(wire->p, wire->n));
	} else {
		refuse(c, ask.ev.ask, rc);
	}
	sp_rcbuf_unref(wire);
	sp_rcbuf_unref(data);
	sp_clip_desk_run(c);
}

void sp_clip_desk_take_stop(struct sp_desk_clipboard *c)
{
	c->n_asks = 0;
	c->n_targets = 0;
	c->ours = 0;
	for (size_t i = 0; i < SP_CLIP_DESK_COPIED; i++) {
		sp_given_destroy(c->copied[i].files);
		c->copied[i].offer = 0;
		c->copied[i].files = NULL;
	}
}
