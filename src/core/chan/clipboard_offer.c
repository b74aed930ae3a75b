/* core/chan/clipboard_offer.c - our content for the other side of the clipboard. */
#include "core/base/wr.h"
#include "core/chan/clipboard_part.h"

#define LIST_US 5000000 /* until a response to a list is given up; then the next one is sent */
#define ASK_US 60000000 /* until one that is told must be answered */

struct ours {
	uint32_t content, id;
	const char *name;
};

/* Numbers from 0xC000 on are for formats with a name. */
static const struct ours ours[] = {
		{SP_CLIPBOARD_TEXT, SP_CLIP_CF_UNICODETEXT, ""},
		{SP_CLIPBOARD_HTML, 0xC0F0, "HTML Format"},
		{SP_CLIPBOARD_RTF, 0xC0F1, "Rich Text Format"},
		{SP_CLIPBOARD_PNG, 0xC0F2, "PNG"},
		{SP_CLIPBOARD_PNG, 0xC0F3, "image/png"},
		{SP_CLIPBOARD_JPEG, 0xC0F4, "JFIF"},
		{SP_CLIPBOARD_JPEG, 0xC0F5, "image/jpeg"},
		{SP_CLIPBOARD_DIB, SP_CLIP_CF_DIB, ""},
		{SP_CLIPBOARD_DIBV5, SP_CLIP_CF_DIBV5, ""},
		{SP_CLIPBOARD_FILES, 0xC0F6, "FileGroupDescriptorW"},
		/* Windows takes a list of files for one only with the contents beside it. */
		{SP_CLIPBOARD_FILES, 0xC0F7, "FileContents"},
};

/* ---- offers ---- */

static bool in_use(const struct sp_clipboard *c, uint32_t offer)
{
	if (c->standing && c->offer == offer) {
		return true;
	}
	for (size_t i = 0; i < SP_CLIPBOARD_LOCKS; i++) {
		if (c->lock[i].held && c->lock[i].offer == offer) {
			return true;
		}
	}
	for (size_t i = 0; i < SP_CLIPBOARD_ASKS; i++) {
		if (c->ask[i].state != ASK_FREE && c->ask[i].offer == offer) {
			return true;
		}
	}
	return false;
}

static void sweep(struct sp_clipboard *c)
{
	for (size_t i = 0; i < OFFERS; i++) {
		struct live *l = &c->live[i];

		if (l->offer != 0 && !in_use(c, l->offer)) {
			l->gone = true;
		}
	}
}

void sp_clipboard_superseded(struct sp_clipboard *c)
{
	c->standing = false;
	sweep(c);
}

/* A name of ASCII characters in the form that was agreed on; what has no room is cut. */
static void put_format(struct sp_wr *w, bool long_names, const struct ours *o)
{
	uint8_t name[2 * 32];
	struct sp_wr units;
	size_t n = strlen(o->name), most = long_names ? 31 : SP_CLIP_SHORT_NAME / 2 - 1;

	sp_wr_fixed(&units, name, sizeof(name));
	for (size_t i = 0; i < n && i < most; i++) {
		sp_wr_le16(&units, (uint8_t)o->name[i]);
	}
	struct sp_clip_format f = {.id = o->id, .name = sp_span(name, units.n)};
	sp_clip_format_write(w, long_names ? SP_CLIP_FORM_LONG : SP_CLIP_FORM_SHORT, &f);
}

int sp_clipboard_send_list(struct sp_clipboard *c, uint64_t now)
{
	bool long_names = (c->flags & SP_CLIP_LONG_NAMES) != 0;
	uint32_t offered = c->standing ? c->offered : 0;
	struct sp_wr w;

	if (!c->ready || !c->unsent || c->list_wait != 0) {
		return SP_OK;
	}
	sp_wr_init(&w, SMALL_MAX);
	size_t mark = sp_clip_begin(&w, SP_CLIP_FORMAT_LIST, 0);
	for (size_t i = 0; i < SP_LEN(ours); i++) {
		if ((offered & ours[i].content) != 0 &&
				(ours[i].content != SP_CLIPBOARD_FILES ||
						sp_clipboard_can_files(c))) {
			put_format(&w, long_names, &ours[i]);
		}
	}
	sp_clip_end(&w, mark);
	c->unsent = false;
	c->list_wait = now + LIST_US;
	return sp_clipboard_push(c, &w);
}

int sp_clipboard_offer(struct sp_clipboard *c, uint32_t contents, uint64_t now_us, uint32_t *offer)
{
	struct live *slot = NULL;

	c->now = now_us;
	for (size_t i = 0; i < OFFERS && !slot; i++) {
		slot = c->live[i].offer == 0 ? &c->live[i] : NULL;
	}
	if (!slot) {
		return SP_ELIMIT; /* nobody takes the events */
	}
	uint32_t id = sp_clipboard_serial(&c->offer);
	c->offered = contents & SP_CLIPBOARD_ANY;
	c->standing = c->unsent = true;
	if (c->offered != 0) {
		*slot = (struct live){.offer = id};
	}
	/* Whoever has the clipboard now, it is not the other side. */
	c->theirs = 0;
	sp_clipboard_fail_requests(c, SP_ESTATE, false);
	sweep(c);
	if (offer) {
		*offer = id;
	}
	return sp_clipboard_send_list(c, now_us);
}

bool sp_clipboard_settled(const struct sp_clipboard *c)
{
	return c->ready && !c->unsent && c->list_wait == 0;
}

int sp_clipboard_on_list_response(struct sp_clipboard *c, uint16_t flags, uint64_t now)
{
	if (c->list_wait == 0) {
		return SP_OK;
	}
	c->list_wait = 0;
	if ((flags & SP_CLIP_FAIL) && !c->unsent) {
		sp_clipboard_superseded(c);
	}
	return sp_clipboard_send_list(c, now);
}

/* ---- locks ---- */

static struct lock *find_lock(struct sp_clipboard *c, uint32_t id)
{
	for (size_t i = 0; i < SP_CLIPBOARD_LOCKS; i++) {
		if (c->lock[i].held && c->lock[i].id == id) {
			return &c->lock[i];
		}
	}
	return NULL;
}

void sp_clipboard_on_lock(struct sp_clipboard *c, struct sp_rd *r)
{
	struct lock *l;
	uint32_t id;

	if (sp_clip_u32_read(r, &id) != SP_OK || !sp_clipboard_can_lock(c) || !c->standing ||
			!(c->offered & SP_CLIPBOARD_FILES)) {
		return;
	}
	l = find_lock(c, id);
	for (size_t i = 0; i < SP_CLIPBOARD_LOCKS && !l; i++) {
		l = c->lock[i].held ? NULL : &c->lock[i];
	}
	if (l) {
		*l = (struct lock){.id = id, .offer = c->offer, .held = true};
		sweep(c);
	}
}

void sp_clipboard_on_unlock(struct sp_clipboard *c, struct sp_rd *r)
{
	struct lock *l;
	uint32_t id;

	if (sp_clip_u32_read(r, &id) == SP_OK && (l = find_lock(c, id)) != NULL) {
		l->held = false;
		sweep(c);
	}
}

/* ---- what they ask for ---- */

static struct ask *new_ask(struct sp_clipboard *c)
{
	for (size_t i = 0; i < SP_CLIPBOARD_ASKS; i++) {
		struct ask *a = &c->ask[i];

		if (a->state == ASK_FREE) {
			*a = (struct ask){.state = ASK_QUEUED,
					.id = sp_clipboard_serial(&c->next_ask)};
			return a;
		}
	}
	return NULL;
}

/* The data request whose turn it is. */
static struct ask *first_data(struct sp_clipboard *c)
{
	struct ask *first = NULL;

	for (size_t i = 0; i < SP_CLIPBOARD_ASKS; i++) {
		struct ask *a = &c->ask[i];

		if (a->state != ASK_FREE && a->what == WHAT_DATA &&
				(!first || (int32_t)(a->id - first->id) < 0)) {
			first = a;
		}
	}
	return first;
}

static int say_file_refused(struct sp_clipboard *c, uint32_t stream)
{
	return sp_clipboard_say(c, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL, true, stream);
}

static int say_refused(struct sp_clipboard *c, const struct ask *a)
{
	return a->what == WHAT_DATA
			? sp_clipboard_say(c, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, false, 0)
			: say_file_refused(c, a->stream);
}

/* Refusals whose turn has come. */
static int settle(struct sp_clipboard *c)
{
	struct ask *a;
	int rc = SP_OK;

	while (rc == SP_OK && (a = first_data(c)) != NULL && a->refused) {
		a->state = ASK_FREE;
		rc = say_refused(c, a);
	}
	return rc;
}

static uint32_t content_of(const struct sp_clipboard *c, uint32_t format)
{
	for (size_t i = 0; i < SP_LEN(ours); i++) {
		if (ours[i].id == format && (c->offered & ours[i].content) &&
				strcmp(ours[i].name, "FileContents") != 0) {
			return ours[i].content;
		}
	}
	return 0;
}

int sp_clipboard_on_data_request(struct sp_clipboard *c, struct sp_rd *r)
{
	uint32_t format;

	if (sp_clip_u32_read(r, &format) != SP_OK) {
		format = 0;
	}
	struct ask *a = new_ask(c);
	if (!a) {
		return SP_OK; /* nobody sane has so many, and an answer out of turn would be worse */
	}
	a->what = WHAT_DATA;
	a->content = c->standing ? content_of(c, format) : 0;
	a->offer = c->offer;
	a->refused = a->content == 0 ||
			(a->content == SP_CLIPBOARD_FILES && !sp_clipboard_can_files(c));
	return settle(c);
}

/* The offer whose files are meant; 0: none. */
static uint32_t offer_of(struct sp_clipboard *c, const struct sp_clip_file_request *q)
{
	if (q->has_lock && sp_clipboard_can_lock(c)) {
		const struct lock *l = find_lock(c, q->lock);

		return l ? l->offer : 0;
	}
	return c->standing && (c->offered & SP_CLIPBOARD_FILES) ? c->offer : 0;
}

int sp_clipboard_on_file_request(struct sp_clipboard *c, struct sp_rd *r)
{
	struct sp_clip_file_request q;
	int rc = sp_clip_file_request_read(r, &q);

	if (rc == SP_ESHORT) {
		return SP_OK;
	}
	uint32_t offer = offer_of(c, &q);
	bool range = q.flags == SP_CLIP_FILE_RANGE;
	bool sound = rc == SP_OK && offer != 0 && sp_clipboard_can_files(c) &&
			(!range || (q.n <= SP_CLIPBOARD_RANGE_MAX && q.position <= INT64_MAX)) &&
			(!range || sp_clipboard_can_huge(c) || q.position <= UINT32_MAX);
	struct ask *a = sound ? new_ask(c) : NULL;

	if (!a) {
		return say_file_refused(c, q.stream);
	}
	a->what = range ? WHAT_RANGE : WHAT_SIZE;
	a->offer = offer;
	a->stream = q.stream;
	a->index = q.index;
	a->position = q.position;
	a->n = q.n;
	return SP_OK;
}

bool sp_clipboard_next_ask(struct sp_clipboard *c, struct sp_clipboard_event *ev)
{
	static const enum sp_clipboard_event_kind kind[] = {
			[WHAT_DATA] = SP_CLIPBOARD_DATA_WANTED,
			[WHAT_SIZE] = SP_CLIPBOARD_SIZE_WANTED,
			[WHAT_RANGE] = SP_CLIPBOARD_RANGE_WANTED,
	};
	struct ask *first = NULL;
	const struct ask *data = first_data(c);

	for (size_t i = 0; i < SP_CLIPBOARD_ASKS; i++) {
		struct ask *a = &c->ask[i];

		if (a->state == ASK_QUEUED && (a->what != WHAT_DATA || a == data) &&
				(!first || (int32_t)(a->id - first->id) < 0)) {
			first = a;
		}
	}
	if (first) {
		first->state = ASK_TOLD;
		first->deadline = c->now + ASK_US;
		*ev = (struct sp_clipboard_event){.kind = kind[first->what],
				.contents = first->content,
				.ask = first->id,
				.offer = first->offer,
				.index = first->index,
				.position = first->position,
				.n = first->n};
		return true;
	}
	for (size_t i = 0; i < OFFERS; i++) {
		if (c->live[i].gone) {
			ev->kind = SP_CLIPBOARD_RELEASED;
			ev->offer = c->live[i].offer;
			c->live[i] = (struct live){0};
			return true;
		}
	}
	return false;
}

/* ---- answers ---- */

static struct ask *find_ask(struct sp_clipboard *c, uint32_t id)
{
	for (size_t i = 0; i < SP_CLIPBOARD_ASKS; i++) {
		if (c->ask[i].state == ASK_TOLD && c->ask[i].id == id) {
			return &c->ask[i];
		}
	}
	return NULL;
}

static int done(struct sp_clipboard *c, struct ask *a)
{
	a->state = ASK_FREE;
	sweep(c);
	return settle(c);
}

int sp_clipboard_refuse(struct sp_clipboard *c, uint32_t ask)
{
	struct ask *a = find_ask(c, ask);

	if (!a) {
		return SP_ENOTFOUND;
	}
	int rc = say_refused(c, a), next = done(c, a);
	return rc == SP_OK ? next : rc;
}

static int answer(struct sp_clipboard *c, struct ask *a, struct sp_span data)
{
	struct sp_wr w;
	size_t mark;

	sp_wr_init(&w, SP_CLIP_HEAD + 4 + data.n);
	if (a->what == WHAT_DATA) {
		mark = sp_clip_begin(&w, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK);
		sp_wr_span(&w, data);
	} else {
		struct sp_clip_file_response f = {.stream = a->stream, .data = data};

		mark = sp_clip_begin(&w, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK);
		sp_clip_file_response_write(&w, &f);
	}
	sp_clip_end(&w, mark);
	int rc = sp_clipboard_push(c, &w), next = done(c, a);
	return rc == SP_OK ? next : rc;
}

int sp_clipboard_give(struct sp_clipboard *c, uint32_t ask, struct sp_span data)
{
	struct ask *a = find_ask(c, ask);

	if (!a || a->what == WHAT_SIZE) {
		return a ? SP_EARG : SP_ENOTFOUND;
	}
	if (!(data.n <= (a->what == WHAT_DATA ? SP_CLIPBOARD_DATA_MAX : a->n))) {
		int rc = sp_clipboard_refuse(c, ask);

		return rc == SP_OK ? SP_ELIMIT : rc;
	}
	return answer(c, a, data);
}

int sp_clipboard_give_size(struct sp_clipboard *c, uint32_t ask, uint64_t size)
{
	struct ask *a = find_ask(c, ask);
	uint8_t le[8];
	struct sp_wr w;

	if (!a || a->what != WHAT_SIZE) {
		return a ? SP_EARG : SP_ENOTFOUND;
	}
	sp_wr_fixed(&w, le, sizeof(le));
	sp_wr_le64(&w, size);
	return answer(c, a, sp_span(le, sizeof(le)));
}

int sp_clipboard_tick_asks(struct sp_clipboard *c, uint64_t now)
{
	for (size_t i = 0; i < SP_CLIPBOARD_ASKS; i++) {
		if (c->ask[i].state == ASK_TOLD && c->ask[i].deadline <= now) {
			int rc = sp_clipboard_refuse(c, c->ask[i].id);

			if (rc != SP_OK) {
				return rc;
			}
		}
	}
	return SP_OK;
}

void sp_clipboard_drop_asks(struct sp_clipboard *c)
{
	memset(c->ask, 0, sizeof(c->ask));
}
