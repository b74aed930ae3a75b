/* desk/session/clipboard_give.c - the client's content for programs of the desktop. */
#include <stdio.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "desk/session/clipboard_part.h"
#include "host/io/fdio.h"

/* ---- files ---- */

/* Sends it on the next turn; now would be within a call of the mount's. */
static void soon(struct sp_desk_clipboard *c)
{
	sp_watch_at(c->timer, 1);
}

static int ask_range(void *user, uint32_t lock, uint32_t index, uint64_t position, uint32_t n,
		uint32_t *request)
{
	struct sp_desk_clipboard *c = user;

	soon(c);
	return c->end ? sp_clipboard_ask_range(
					c->end, lock, index, position, n, sp_now_us(), request)
		      : SP_ECLOSED;
}

static int ask_size(void *user, uint32_t lock, uint32_t index, uint32_t *request)
{
	struct sp_desk_clipboard *c = user;

	soon(c);
	return c->end ? sp_clipboard_ask_size(c->end, lock, index, sp_now_us(), request)
		      : SP_ECLOSED;
}

static void unlock(void *user, uint32_t lock)
{
	struct sp_desk_clipboard *c = user;

	if (c->end) {
		soon(c);
		sp_clipboard_unlock(c->end, lock);
	}
}

/* The mount for pasted files, made when a client has some for the first time. */
static bool can_paste_files(struct sp_desk_clipboard *c)
{
	static const struct sp_pasted_calls calls = {
			.ask_range = ask_range, .ask_size = ask_size, .unlock = unlock};
	struct sp_pasted_conf conf = {
			.loop = c->conf.loop, .base = c->runtime, .calls = &calls, .user = c};
	char why[SP_WHY_MAX];

	if (!c->pasted && !c->no_mount && c->runtime) {
		c->no_mount = sp_pasted_create(&conf, &c->pasted, why) != SP_OK;
		if (c->no_mount) {
			sp_log(SP_LOG_WARN, "clipboard: files cannot be pasted: %s", why);
		}
	}
	return c->pasted != NULL;
}

/* ---- what waits ---- */

static size_t bit_of(enum sp_clipboard_content content)
{
	size_t bit = 0;

	while (content >> bit > 1) {
		bit++;
	}
	return bit;
}

static void refuse_all(struct sp_desk_clipboard *c, uint32_t contents)
{
	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		struct sp_clip_desk_wait w = c->wait[i];

		if (w.want != 0 && (w.content & contents)) {
			c->wait[i] = (struct sp_clip_desk_wait){0};
			sp_selection_answer(c->selection, w.want, NULL, NULL);
		}
	}
}

void sp_clip_desk_forget(struct sp_desk_clipboard *c)
{
	refuse_all(c, SP_CLIPBOARD_ANY);
	for (size_t i = 0; i < SP_CLIPBOARD_CONTENTS; i++) {
		if (c->fetch[i] != 0) {
			sp_clipboard_forget(c->end, c->fetch[i]);
			c->fetch[i] = 0;
		}
	}
	if (c->pasted) {
		sp_pasted_retire(c->pasted);
	}
	c->theirs = 0;
	c->n_types = 0;
}

void sp_clip_desk_offered(struct sp_desk_clipboard *c, uint32_t contents)
{
	const char *names[SP_CLIPTYPE_TARGETS];
	uint32_t usable = contents & SP_CLIPBOARD_ANY;
	bool first = !c->greeted;

	c->greeted = true;
	c->ours = 0;
	sp_watch_at(c->greet, 0);
	sp_clip_desk_forget(c);
	if ((usable & SP_CLIPBOARD_FILES) &&
			!(sp_clipboard_can_files(c->end) && can_paste_files(c))) {
		usable &= ~(uint32_t)SP_CLIPBOARD_FILES;
	}
	if (usable == 0) {
		sp_selection_release(c->selection);
		/* Later on it may have what it may not show, which is no reason to replace it. */
		if (first) {
			sp_selection_look(c->selection);
		}
		return;
	}
	c->theirs = usable;
	c->n_types = sp_cliptype_of_contents(usable, c->type);
	for (size_t i = 0; i < c->n_types; i++) {
		names[i] = c->type[i]->name;
	}
	int rc = sp_selection_own(c->selection, names, c->n_types);
	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "clipboard: not taken over: %s", sp_err_text(rc));
	}
}

/* ---- answers to programs ---- */

static void give_uris(struct sp_desk_clipboard *c, uint32_t want, const struct sp_cliptype *type)
{
	struct sp_rcbuf *data = NULL;
	struct sp_wr w;

	sp_wr_init(&w, SP_SELECTION_MAX_DATA);
	if (sp_pasted_uris(c->pasted, type->form, &w) == SP_OK) {
		data = sp_wr_take(&w);
	}
	sp_wr_finish(&w);
	sp_selection_answer(c->selection, want, type->type, data);
}

/* True when nothing is to be asked for. */
static bool give_at_once(struct sp_desk_clipboard *c, uint32_t want, const struct sp_cliptype *type)
{
	if (type->kind == SP_CLIPTYPE_MARK) {
		sp_selection_answer(c->selection, want, NULL, sp_rcbuf_from("0", 1));
		return true;
	}
	if (type->kind == SP_CLIPTYPE_URIS && c->pasted && sp_pasted_has_list(c->pasted)) {
		give_uris(c, want, type);
		return true;
	}
	return false;
}

void sp_clip_desk_wanted(void *user, uint32_t want, size_t target)
{
	struct sp_desk_clipboard *c = user;
	size_t at = 0;

	while (at < SP_SELECTION_MAX_WANTS && c->wait[at].want != 0) {
		at++;
	}
	if (!c->end || !(target < c->n_types) || at == SP_SELECTION_MAX_WANTS) {
		sp_selection_answer(c->selection, want, NULL, NULL);
		return;
	}
	const struct sp_cliptype *type = c->type[target];
	if (give_at_once(c, want, type)) {
		return;
	}
	enum sp_clipboard_content content = sp_cliptype_source(type, c->theirs);
	uint32_t *fetch = &c->fetch[bit_of(content)];
	int rc = *fetch ? SP_OK : sp_clipboard_ask(c->end, content, sp_now_us(), fetch);
	if (rc != SP_OK) {
		sp_log(SP_LOG_INFO, "clipboard: the client is not asked for %s: %s", type->name,
				sp_err_text(rc));
		*fetch = 0;
		sp_selection_answer(c->selection, want, NULL, NULL);
		return;
	}
	c->wait[at] = (struct sp_clip_desk_wait){.want = want, .type = type, .content = content};
	sp_clip_desk_run(c);
}

/* The client's list is there: it becomes a directory, kept reachable. */
static int take_list(struct sp_desk_clipboard *c, struct sp_span data)
{
	uint32_t lock = 0;

	if (!c->pasted) {
		return SP_ENOTFOUND;
	}
	int rc = sp_clipboard_lock(c->end, &lock);
	if (rc == SP_OK) {
		rc = sp_pasted_add(c->pasted, data, lock);
	}
	if (rc != SP_OK) {
		sp_clipboard_unlock(c->end, lock);
		sp_log(SP_LOG_INFO, "clipboard: the client's files cannot be shown: %s",
				sp_err_text(rc));
	}
	return rc;
}

/* All who wait for the content are answered; who wants it in the same way shares the bytes. */
static void give_data(
		struct sp_desk_clipboard *c, enum sp_clipboard_content content, struct sp_span data)
{
	const struct sp_cliptype *made_as = NULL;
	struct sp_rcbuf *made = NULL;

	for (size_t i = 0; i < SP_SELECTION_MAX_WANTS; i++) {
		struct sp_clip_desk_wait w = c->wait[i];

		if (w.want == 0 || w.content != content) {
			continue;
		}
		c->wait[i] = (struct sp_clip_desk_wait){0};
		if (content == SP_CLIPBOARD_FILES) {
			give_uris(c, w.want, w.type);
			continue;
		}
		if (made_as != w.type) {
			sp_rcbuf_unref(made);
			made_as = w.type;
			int rc = sp_cliptype_to_x(w.type, content, data, &made);
			if (rc != SP_OK) {
				sp_log(SP_LOG_INFO, "clipboard: no %s of the client's data: %s",
						w.type->name, sp_err_text(rc));
			}
		}
		sp_selection_answer(c->selection, w.want, w.type->type,
				made ? sp_rcbuf_ref(made) : NULL);
	}
	sp_rcbuf_unref(made);
}

void sp_clip_desk_answered(struct sp_desk_clipboard *c, const struct sp_clipboard_event *ev)
{
	for (size_t i = 0; i < SP_CLIPBOARD_CONTENTS; i++) {
		enum sp_clipboard_content content = 1u << i;

		if (c->fetch[i] == 0 || c->fetch[i] != ev->request) {
			continue;
		}
		c->fetch[i] = 0;
		int rc = ev->err;
		if (rc == SP_OK && content == SP_CLIPBOARD_FILES) {
			rc = take_list(c, ev->data);
		}
		if (rc == SP_OK) {
			give_data(c, content, ev->data);
		} else {
			sp_log(SP_LOG_INFO, "clipboard: nothing from the client: %s",
					sp_err_text(rc));
			refuse_all(c, content);
		}
		return;
	}
	if (c->pasted) {
		/* Whichever it was for. */
		sp_pasted_answer(c->pasted, ev->request, ev->err, ev->data);
		sp_pasted_answer_size(c->pasted, ev->request, ev->err, ev->size);
	}
}

void sp_clip_desk_give_stop(struct sp_desk_clipboard *c)
{
	sp_clip_desk_forget(c);
	if (c->pasted) {
		sp_pasted_stop(c->pasted);
	}
	sp_selection_release(c->selection);
}
