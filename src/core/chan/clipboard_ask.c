/* core/chan/clipboard_ask.c - content of the other side's clipboard for us. */
#include "core/base/wr.h"
#include "core/chan/clipboard_part.h"

#define FORMATS_MAX 256 /* of a list; what comes behind is left out */
#define POSITION_MAX 0x7FFFFFFFu /* without huge files; more makes Windows loop */
#define LATE_US 10000000 /* for the answer to what a new list has made void */

/* ---- what they have ---- */

static const struct {
	const char *name;
	enum sp_clipboard_content content;
} named[] = {
		{"HTML Format", SP_CLIPBOARD_HTML},
		{"Rich Text Format", SP_CLIPBOARD_RTF},
		{"PNG", SP_CLIPBOARD_PNG},
		{"image/png", SP_CLIPBOARD_PNG},
		{"JFIF", SP_CLIPBOARD_JPEG},
		{"image/jpeg", SP_CLIPBOARD_JPEG},
		{"FileGroupDescriptorW", SP_CLIPBOARD_FILES},
};

static uint32_t content_of(const struct sp_clip_format *f, enum sp_clip_form form, bool can_files)
{
	switch (f->id) {
	case SP_CLIP_CF_TEXT:
	case SP_CLIP_CF_OEMTEXT:
	case SP_CLIP_CF_UNICODETEXT:
		return SP_CLIPBOARD_TEXT;
	case SP_CLIP_CF_DIB:
		return SP_CLIPBOARD_DIB;
	case SP_CLIP_CF_DIBV5:
		return SP_CLIPBOARD_DIBV5;
	default:
		break;
	}
	for (size_t i = 0; f->name.n > 0 && i < SP_LEN(named); i++) {
		if (sp_clip_format_is(f, form, named[i].name)) {
			return named[i].content == SP_CLIPBOARD_FILES && !can_files
					? 0
					: named[i].content;
		}
	}
	return 0;
}

static size_t bit_of(uint32_t content)
{
	size_t i = 0;

	while (!(content >> i & 1)) {
		i++;
	}
	return i;
}

static void take_list(struct sp_clipboard *c, uint16_t flags, struct sp_rd *r)
{
	enum sp_clip_form form = (c->flags & SP_CLIP_LONG_NAMES) ? SP_CLIP_FORM_LONG
			: (flags & SP_CLIP_ASCII_NAMES)          ? SP_CLIP_FORM_ASCII
								 : SP_CLIP_FORM_SHORT;
	struct sp_clip_format f;

	c->theirs = 0;
	for (size_t n = 0; n < FORMATS_MAX && sp_clip_format_read(r, form, &f) == 1; n++) {
		uint32_t content = content_of(&f, form, sp_clipboard_can_files(c));

		if (content == 0 || (c->theirs & content)) {
			continue;
		}
		c->theirs |= content;
		/* Windows makes Unicode of the other texts by itself, and so do all who follow it. */
		c->their_format[bit_of(content)] =
				content == SP_CLIPBOARD_TEXT ? SP_CLIP_CF_UNICODETEXT : f.id;
	}
}

int sp_clipboard_on_list(struct sp_clipboard *c, uint16_t flags, struct sp_rd *r, uint64_t now)
{
	take_list(c, flags, r);
	sp_clipboard_fail_requests(c, SP_ESTATE, false);
	if (c->data_wait > now + LATE_US) {
		c->data_wait = now + LATE_US;
	}
	c->tell_offer = true;
	/* Nothing there yet is no reason to forget what we never got to offer. */
	if (!(c->theirs == 0 && c->unsent)) {
		c->unsent = false;
		sp_clipboard_superseded(c);
	}
	int rc = sp_clipboard_say(c, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, false, 0);
	return rc == SP_OK ? sp_clipboard_send_list(c, now) : rc;
}

uint32_t sp_clipboard_theirs(const struct sp_clipboard *c)
{
	return c->theirs;
}

/* ---- locks ---- */

int sp_clipboard_lock(struct sp_clipboard *c, uint32_t *lock)
{
	*lock = 0;
	if (!(c->theirs & SP_CLIPBOARD_FILES)) {
		return SP_ENOTFOUND;
	}
	for (size_t i = 0; sp_clipboard_can_lock(c) && i < SP_CLIPBOARD_LOCKS; i++) {
		if (c->our_lock[i] == 0) {
			uint32_t id = sp_clipboard_serial(&c->next_lock);
			int rc = sp_clipboard_say(c, SP_CLIP_LOCK, 0, true, id);

			if (rc == SP_OK) {
				*lock = c->our_lock[i] = id;
			}
			return rc;
		}
	}
	return SP_OK;
}

static bool is_held(const struct sp_clipboard *c, uint32_t lock)
{
	for (size_t i = 0; i < SP_CLIPBOARD_LOCKS; i++) {
		if (lock != 0 && c->our_lock[i] == lock) {
			return true;
		}
	}
	return false;
}

void sp_clipboard_unlock(struct sp_clipboard *c, uint32_t lock)
{
	for (size_t i = 0; i < SP_CLIPBOARD_LOCKS; i++) {
		if (lock != 0 && c->our_lock[i] == lock) {
			c->our_lock[i] = 0;
			/* Without memory the other side keeps it: its own bound is there for that. */
			if (sp_clipboard_say(c, SP_CLIP_UNLOCK, 0, true, lock) != SP_OK) {
				return;
			}
		}
	}
}

/* ---- requests ---- */

static int new_request(struct sp_clipboard *c, const struct request *as, uint64_t now, uint64_t us,
		uint32_t *request)
{
	c->now = now;
	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		struct request *q = &c->request[i];

		if (q->state == REQUEST_FREE) {
			*q = *as;
			q->state = REQUEST_QUEUED;
			q->id = sp_clipboard_serial(&c->next_request);
			q->deadline = now + us;
			*request = q->id;
			return sp_clipboard_pump(c, now);
		}
	}
	return SP_ELIMIT;
}

int sp_clipboard_ask(struct sp_clipboard *c, enum sp_clipboard_content content, uint64_t now_us,
		uint32_t *request)
{
	struct request as = {.what = WHAT_DATA, .content = content};

	*request = 0;
	if (!(c->theirs & content)) {
		return SP_ENOTFOUND;
	}
	as.format = c->their_format[bit_of(content)];
	return new_request(c, &as, now_us, SP_CLIPBOARD_DATA_US, request);
}

static int ask_file(struct sp_clipboard *c, const struct request *as, uint64_t now_us,
		uint32_t *request)
{
	*request = 0;
	if (as->lock != 0 ? !is_held(c, as->lock) : !(c->theirs & SP_CLIPBOARD_FILES)) {
		return SP_ENOTFOUND;
	}
	return new_request(c, as, now_us, SP_CLIPBOARD_FILE_US, request);
}

int sp_clipboard_ask_size(struct sp_clipboard *c, uint32_t lock, uint32_t index, uint64_t now_us,
		uint32_t *request)
{
	struct request as = {.what = WHAT_SIZE, .lock = lock, .index = index, .n = 8};

	return ask_file(c, &as, now_us, request);
}

int sp_clipboard_ask_range(struct sp_clipboard *c, uint32_t lock, uint32_t index, uint64_t position,
		uint32_t n, uint64_t now_us, uint32_t *request)
{
	struct request as = {.what = WHAT_RANGE,
			.lock = lock,
			.index = index,
			.position = position,
			.n = n};

	*request = 0;
	if (!(n <= SP_CLIPBOARD_RANGE_MAX && position <= (uint64_t)INT64_MAX - n) ||
			(!sp_clipboard_can_huge(c) && !(position <= POSITION_MAX))) {
		return SP_ELIMIT;
	}
	return ask_file(c, &as, now_us, request);
}

static int send_file_request(struct sp_clipboard *c, const struct request *q)
{
	struct sp_clip_file_request f = {.stream = q->id,
			.index = q->index,
			.flags = q->what == WHAT_SIZE ? SP_CLIP_FILE_SIZE : SP_CLIP_FILE_RANGE,
			.position = q->position,
			.n = q->n,
			.has_lock = q->lock != 0,
			.lock = q->lock};
	struct sp_wr w;

	sp_wr_init(&w, SMALL_MAX);
	size_t mark = sp_clip_begin(&w, SP_CLIP_FILE_REQUEST, 0);
	sp_clip_file_request_write(&w, &f);
	sp_clip_end(&w, mark);
	return sp_clipboard_push(c, &w);
}

/* The oldest request that waits to be sent, for data or for files. */
static struct request *first_queued(struct sp_clipboard *c, bool data)
{
	struct request *first = NULL;

	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		struct request *q = &c->request[i];

		if (q->state == REQUEST_QUEUED && (q->what == WHAT_DATA) == data &&
				(!first || (int32_t)(q->id - first->id) < 0)) {
			first = q;
		}
	}
	return first;
}

static size_t flying(const struct sp_clipboard *c)
{
	size_t n = 0;

	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		n += c->request[i].state == REQUEST_SENT && c->request[i].what != WHAT_DATA;
	}
	return n;
}

int sp_clipboard_pump(struct sp_clipboard *c, uint64_t now)
{
	struct request *q;
	int rc = SP_OK;

	if (c->data_wait == 0 && (q = first_queued(c, true)) != NULL) {
		/* As long again as the request itself waits: its answer may come late. */
		c->data_wait = now + SP_CLIPBOARD_DATA_US;
		q->state = REQUEST_SENT;
		rc = sp_clipboard_say(c, SP_CLIP_DATA_REQUEST, 0, true, q->format);
	}
	for (size_t n = flying(c); rc == SP_OK && n < SP_CLIPBOARD_FLYING; n++) {
		q = first_queued(c, false);
		if (!q) {
			break;
		}
		q->state = REQUEST_SENT;
		rc = send_file_request(c, q);
	}
	return rc;
}

static void finish(struct request *q, int err)
{
	q->state = REQUEST_DONE;
	q->err = err;
}

/* ---- answers ---- */

int sp_clipboard_on_data(struct sp_clipboard *c, uint16_t flags, struct sp_span data, uint64_t now)
{
	if (c->data_wait == 0) {
		return SP_OK; /* to no request of ours */
	}
	c->data_wait = 0;
	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		struct request *q = &c->request[i];

		if (q->state == REQUEST_SENT && q->what == WHAT_DATA) {
			bool good = (flags & SP_CLIP_OK) && !(flags & SP_CLIP_FAIL);

			q->data = data;
			finish(q,
					!good ? SP_EDENIED
							: data.n <= SP_CLIPBOARD_DATA_MAX
							? SP_OK
							: SP_ELIMIT);
			break;
		}
	}
	return sp_clipboard_pump(c, now);
}

static int judge_file(struct request *q, uint16_t flags, struct sp_span data)
{
	struct sp_rd r;

	if (!(flags & SP_CLIP_OK) || (flags & SP_CLIP_FAIL)) {
		return SP_EDENIED;
	}
	if (q->what == WHAT_RANGE) {
		q->data = data;
		return data.n <= q->n ? SP_OK : SP_EFIELD;
	}
	sp_rd_init(&r, data.p, data.n);
	q->size = sp_rd_le64(&r);
	return sp_rd_ok(&r) == SP_OK && q->size <= INT64_MAX ? SP_OK : SP_EFIELD;
}

int sp_clipboard_on_file(struct sp_clipboard *c, uint16_t flags, struct sp_rd *r, uint64_t now)
{
	struct sp_clip_file_response f;

	if (sp_clip_file_response_read(r, &f) != SP_OK) {
		return SP_OK;
	}
	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		struct request *q = &c->request[i];

		if (q->state == REQUEST_SENT && q->what != WHAT_DATA && q->id == f.stream) {
			finish(q, judge_file(q, flags, f.data));
			return sp_clipboard_pump(c, now);
		}
	}
	return SP_OK; /* late, twice, or to nothing we asked */
}

bool sp_clipboard_next_answer(struct sp_clipboard *c, struct sp_clipboard_event *ev)
{
	struct request *first = NULL;

	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		struct request *q = &c->request[i];

		if (q->state == REQUEST_DONE && (!first || (int32_t)(q->id - first->id) < 0)) {
			first = q;
		}
	}
	if (!first) {
		return false;
	}
	bool has_data = first->err == SP_OK && first->what != WHAT_SIZE;
	*ev = (struct sp_clipboard_event){.kind = SP_CLIPBOARD_ANSWER,
			.contents = first->content,
			.request = first->id,
			.err = first->err,
			.data = has_data ? first->data : sp_span(NULL, 0),
			.size = first->err == SP_OK ? first->size : 0,
			.index = first->index,
			.position = first->position};
	*first = (struct request){.state = REQUEST_FREE};
	return true;
}

/* What is with the other side stays so: its answer has no number and must not meet another. */
void sp_clipboard_fail_requests(struct sp_clipboard *c, int err, bool locked_too)
{
	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		struct request *q = &c->request[i];

		if ((q->state == REQUEST_QUEUED || q->state == REQUEST_SENT) &&
				(locked_too || q->lock == 0)) {
			finish(q, err);
		}
	}
}

/* Spans end with the message they point into; events are to be taken before the next one. */
void sp_clipboard_stale(struct sp_clipboard *c)
{
	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		struct request *q = &c->request[i];

		if (q->state == REQUEST_DONE && q->data.p) {
			q->data = sp_span(NULL, 0);
			q->err = SP_ESTATE;
		}
	}
}

void sp_clipboard_forget(struct sp_clipboard *c, uint32_t request)
{
	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		struct request *q = &c->request[i];

		if (q->state != REQUEST_FREE && q->id == request) {
			*q = (struct request){.state = REQUEST_FREE};
		}
	}
}

int sp_clipboard_tick_requests(struct sp_clipboard *c, uint64_t now)
{
	if (c->data_wait != 0 && c->data_wait <= now) {
		c->data_wait = 0;
	}
	for (size_t i = 0; i < SP_CLIPBOARD_REQUESTS; i++) {
		struct request *q = &c->request[i];

		if ((q->state == REQUEST_QUEUED || q->state == REQUEST_SENT) &&
				q->deadline <= now) {
			finish(q, SP_ETIMEOUT);
		}
	}
	return sp_clipboard_pump(c, now);
}
