/* core/chan/clip_filter.c - see clip_filter.h. */
#include "core/chan/clip_filter.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/pdu/svc.h"

#define MAX_OUT (512u << 10) /* what can follow from one chunk is much less */
#define MAX_LATER (64u << 10)
#define TRAILER 4 /* bytes that Windows sends behind a message */
#define LIST_ENTRY 36 /* bytes, in the short forms */

void sp_clip_filter_init(struct sp_clip_filter *f, const struct sp_clip_rules *rules)
{
	memset(f, 0, sizeof(*f));
	f->rules = *rules;
	sp_wr_init(&f->out, MAX_OUT);
	sp_wr_init(&f->work, SP_CLIP_SMALL_MAX);
	for (size_t i = 0; i < SP_LEN(f->from); i++) {
		sp_wr_init(&f->from[i].data, SP_CLIP_SMALL_MAX);
		sp_wr_init(&f->from[i].later, MAX_LATER);
	}
}

static void wipe(struct sp_wr *w)
{
	if (w->p) {
		sp_wipe(w->p, w->cap);
	}
	sp_wr_finish(w);
}

void sp_clip_filter_finish(struct sp_clip_filter *f)
{
	wipe(&f->out);
	wipe(&f->work);
	for (size_t i = 0; i < SP_LEN(f->from); i++) {
		wipe(&f->from[i].data);
		wipe(&f->from[i].later);
	}
}

static enum sp_clip_side other(enum sp_clip_side side)
{
	return side == SP_CLIP_CLIENT ? SP_CLIP_TARGET : SP_CLIP_CLIENT;
}

static bool allowed(const struct sp_clip_filter *f, enum sp_clip_side from, enum sp_clip_kind kind)
{
	bool in = from == SP_CLIP_CLIENT;

	switch (kind) {
	case SP_CLIP_TEXT:
		return in ? f->rules.text_in : f->rules.text_out;
	case SP_CLIP_FILES:
		return in ? f->rules.files_in : f->rules.files_out;
	case SP_CLIP_OTHER:
		return f->rules.other;
	}
	return false;
}

/* ---- what goes out ---- */

static void tell(struct sp_clip_filter *f, enum sp_clip_side from, enum sp_clip_kind kind,
		enum sp_clip_verdict verdict, uint64_t n)
{
	if (f->n_events == SP_CLIP_MAX_EVENTS) {
		f->event_at = (f->event_at + 1) % SP_CLIP_MAX_EVENTS;
		f->n_events--;
	}
	f->event[(f->event_at + f->n_events++) % SP_CLIP_MAX_EVENTS] = (struct sp_clip_event){
			.to = other(from), .kind = kind, .verdict = verdict, .n = n};
}

bool sp_clip_filter_event(struct sp_clip_filter *f, struct sp_clip_event *ev)
{
	if (f->n_events == 0) {
		return false;
	}
	*ev = f->event[f->event_at];
	f->event_at = (f->event_at + 1) % SP_CLIP_MAX_EVENTS;
	f->n_events--;
	return true;
}

/* The bytes of a file that have passed so far are one transfer. */
static void tell_contents(struct sp_clip_filter *f, enum sp_clip_side from)
{
	struct sp_clip_from *s = &f->from[from];

	if (s->contents > 0) {
		tell(f, from, SP_CLIP_FILES, SP_CLIP_PASSED, s->contents);
		s->contents = 0;
	}
}

static void put_chunk(
		struct sp_clip_filter *f, enum sp_clip_side to, const struct sp_svc_chunk *chunk)
{
	sp_wr_u8(&f->out, (uint8_t)to);
	sp_wr_le32(&f->out, (uint32_t)(SP_SVC_HEADER + chunk->data.n));
	sp_svc_write(&f->out, chunk);
}

bool sp_clip_filter_next(struct sp_clip_filter *f, struct sp_clip_out *out)
{
	struct sp_rd r;

	if (sp_wr_ok(&f->out) != SP_OK || f->out_at == f->out.n) {
		return false;
	}
	sp_rd_init(&r, f->out.p + f->out_at, f->out.n - f->out_at);
	out->to = sp_rd_u8(&r) == SP_CLIP_CLIENT ? SP_CLIP_CLIENT : SP_CLIP_TARGET;
	size_t n = sp_rd_le32(&r);
	out->chunk = sp_rd_span(&r, n);
	f->out_at += sp_rd_at(&r);
	return sp_rd_ok(&r) == SP_OK;
}

static void put_message(struct sp_clip_filter *f, enum sp_clip_side to, struct sp_span message)
{
	struct sp_svc_chunk chunk;
	struct sp_svc_cut cut;

	sp_svc_cut_init(&cut, message, SP_SVC_CHUNK, f->from[other(to)].show);
	while (sp_svc_cut_next(&cut, &chunk)) {
		put_chunk(f, to, &chunk);
	}
}

/* One of our own, which may have to wait until what passes to that side is whole. */
static void say(struct sp_clip_filter *f, enum sp_clip_side to, const struct sp_wr *message)
{
	struct sp_clip_from *s = &f->from[other(to)];

	if (s->mode != SP_CLIP_STREAM) {
		put_message(f, to, sp_span(message->p, message->n));
	} else if (message->n + 4 <= MAX_LATER - s->later.n) {
		/* Who has asked more than this without waiting has no use for an answer. */
		sp_wr_le32(&s->later, (uint32_t)message->n);
		sp_wr_put(&s->later, message->p, message->n);
	}
}

static void say_later(struct sp_clip_filter *f, enum sp_clip_side from)
{
	struct sp_clip_from *s = &f->from[from];
	struct sp_rd r;

	if (sp_wr_ok(&s->later) != SP_OK) {
		sp_wr_fail(&f->out, sp_wr_ok(&s->later));
		return;
	}
	sp_rd_init(&r, s->later.p, s->later.n);
	while (sp_rd_left(&r) > 0) {
		size_t n = sp_rd_le32(&r);

		put_message(f, other(from), sp_rd_span(&r, n));
	}
	sp_wr_reset(&s->later);
}

static void say_list(struct sp_clip_filter *f, enum sp_clip_side to, uint16_t flags)
{
	uint8_t buf[SP_CLIP_HEAD];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_clip_end(&w, sp_clip_begin(&w, SP_CLIP_FORMAT_LIST_RESPONSE, flags));
	say(f, to, &w);
}

static void say_no_data(struct sp_clip_filter *f, enum sp_clip_side to)
{
	uint8_t buf[SP_CLIP_HEAD];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_clip_end(&w, sp_clip_begin(&w, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL));
	say(f, to, &w);
}

static void say_no_file(struct sp_clip_filter *f, enum sp_clip_side to, uint32_t stream)
{
	uint8_t buf[SP_CLIP_HEAD + 4];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	size_t mark = sp_clip_begin(&w, SP_CLIP_FILE_RESPONSE, SP_CLIP_FAIL);
	sp_clip_file_response_write(&w, &(struct sp_clip_file_response){.stream = stream});
	sp_clip_end(&w, mark);
	say(f, to, &w);
}

/* ---- requests for data, which are answered in their order ---- */

static void next_ask(struct sp_clip_from *s)
{
	s->ask_at = (s->ask_at + 1) % SP_CLIP_MAX_PENDING;
	s->n_asks--;
}

static void answer_refused(struct sp_clip_filter *f, enum sp_clip_side owner)
{
	struct sp_clip_from *s = &f->from[owner];

	while (s->n_asks > 0 && s->ask[s->ask_at].refused) {
		next_ask(s);
		say_no_data(f, other(owner));
	}
}

/* False when there are too many. */
static bool ask(struct sp_clip_filter *f, enum sp_clip_side owner, enum sp_clip_kind kind,
		bool refused)
{
	struct sp_clip_from *s = &f->from[owner];

	if (s->n_asks == SP_CLIP_MAX_PENDING) {
		return false;
	}
	s->ask[(s->ask_at + s->n_asks++) % SP_CLIP_MAX_PENDING] =
			(struct sp_clip_ask){.kind = kind, .refused = refused};
	answer_refused(f, owner);
	return true;
}

/* The first request has its answer. */
static void answered(struct sp_clip_filter *f, enum sp_clip_side owner)
{
	next_ask(&f->from[owner]);
	answer_refused(f, owner);
}

static bool is_text(uint32_t id)
{
	return id == SP_CLIP_CF_TEXT || id == SP_CLIP_CF_OEMTEXT || id == SP_CLIP_CF_UNICODETEXT ||
			id == SP_CLIP_CF_LOCALE;
}

/*
 * True when the owner has offered it. Any text will do for another one: xrdp asks for Unicode
 * whatever the list says.
 */
static bool offered(const struct sp_clip_from *owner, uint32_t id, enum sp_clip_kind *kind)
{
	*kind = is_text(id) ? SP_CLIP_TEXT : id == SP_CLIP_CF_HDROP ? SP_CLIP_FILES : SP_CLIP_OTHER;
	for (size_t i = 0; i < owner->n_offers; i++) {
		const struct sp_clip_offer *o = &owner->offer[i];

		if (o->id == id || (o->kind == SP_CLIP_TEXT && is_text(id))) {
			*kind = o->kind;
			return true;
		}
	}
	return false;
}

static void data_request(struct sp_clip_filter *f, enum sp_clip_side from, struct sp_span message,
		struct sp_rd *body)
{
	enum sp_clip_side owner = other(from);
	enum sp_clip_kind kind;
	uint32_t id;

	if (sp_clip_u32_read(body, &id) != SP_OK || !offered(&f->from[owner], id, &kind)) {
		ask(f, owner, SP_CLIP_OTHER, true);
		if (sp_rd_ok(body) == SP_OK) {
			tell(f, owner, kind, SP_CLIP_REFUSED, 0);
		}
	} else if (ask(f, owner, kind, false)) {
		put_message(f, owner, message);
	}
}

static void file_request(struct sp_clip_filter *f, enum sp_clip_side from, struct sp_span message,
		struct sp_rd *body)
{
	enum sp_clip_side owner = other(from);
	struct sp_clip_from *s = &f->from[owner];
	struct sp_clip_file_request q;
	int rc = sp_clip_file_request_read(body, &q);

	if (rc == SP_ESHORT) {
		return; /* nobody knows what it was to be called */
	}
	if (rc == SP_OK && allowed(f, owner, SP_CLIP_FILES) && s->files &&
			s->n_files < SP_CLIP_MAX_PENDING) {
		s->file[s->n_files++] = (struct sp_clip_file_ask){.stream = q.stream,
				.index = q.index,
				.n = q.n,
				.range = q.flags == SP_CLIP_FILE_RANGE};
		put_message(f, owner, message);
		return;
	}
	say_no_file(f, from, q.stream);
	if (!allowed(f, owner, SP_CLIP_FILES)) {
		tell(f, owner, SP_CLIP_FILES, SP_CLIP_REFUSED, 0);
	}
}

/* ---- lists of formats ---- */

static enum sp_clip_kind kind_of(const struct sp_clip_format *fmt, enum sp_clip_form form)
{
	static const char *const files[] = {"FileGroupDescriptorW", "FileGroupDescriptor",
			"FileContents", "FileName", "FileNameW", "FileNameMap", "FileNameMapW",
			"Shell IDList Array", "Shell Object Offsets", "Preferred DropEffect",
			"UntrustedDragDrop", "text/uri-list", "x-special/gnome-copied-files",
			"application/x-kde-cutselection"};

	for (size_t i = 0; fmt->name.n > 0 && i < SP_LEN(files); i++) {
		if (sp_clip_format_is(fmt, form, files[i])) {
			return SP_CLIP_FILES;
		}
	}
	if (is_text(fmt->id)) {
		return SP_CLIP_TEXT;
	}
	return fmt->id == SP_CLIP_CF_HDROP && fmt->name.n == 0 ? SP_CLIP_FILES : SP_CLIP_OTHER;
}

/* Writes the list anew to f->work, without what may not pass, which is noted in left_out. */
static int sift(struct sp_clip_filter *f, enum sp_clip_side from, struct sp_rd body,
		enum sp_clip_form form, bool left_out[SP_CLIP_KINDS])
{
	struct sp_clip_from *s = &f->from[from];
	struct sp_clip_format fmt;
	int rc;

	memset(left_out, 0, SP_CLIP_KINDS * sizeof(*left_out));
	s->n_offers = 0;
	sp_wr_reset(&f->work);
	size_t mark = sp_clip_begin(&f->work, SP_CLIP_FORMAT_LIST,
			form == SP_CLIP_FORM_ASCII ? SP_CLIP_ASCII_NAMES : 0);
	while ((rc = sp_clip_format_read(&body, form, &fmt)) == 1) {
		enum sp_clip_kind kind = kind_of(&fmt, form);

		if (!allowed(f, from, kind) || s->n_offers == SP_CLIP_MAX_FORMATS ||
				!(fmt.name.n <= 2 * SP_CLIP_MAX_NAME)) {
			left_out[kind] = true;
			continue;
		}
		s->offer[s->n_offers++] = (struct sp_clip_offer){.id = fmt.id, .kind = kind};
		if (kind == SP_CLIP_TEXT) {
			fmt.name = sp_span(NULL, 0); /* a name could make something else of it */
		}
		sp_clip_format_write(&f->work, form, &fmt);
	}
	sp_clip_end(&f->work, mark);
	if (rc < 0) {
		s->n_offers = 0;
	}
	return rc < 0 ? rc : sp_wr_ok(&f->work);
}

static bool offers_files(const struct sp_clip_from *s)
{
	for (size_t i = 0; i < s->n_offers; i++) {
		if (s->offer[i].kind == SP_CLIP_FILES) {
			return true;
		}
	}
	return false;
}

static void tell_left_out(struct sp_clip_filter *f, enum sp_clip_side from,
		const bool left_out[SP_CLIP_KINDS])
{
	bool none = f->from[from].n_offers == 0;

	if (left_out[SP_CLIP_FILES] && !allowed(f, from, SP_CLIP_FILES)) {
		tell(f, from, SP_CLIP_FILES, SP_CLIP_REFUSED, 0);
	} else if (none && left_out[SP_CLIP_TEXT]) {
		tell(f, from, SP_CLIP_TEXT, SP_CLIP_REFUSED, 0);
	} else if (none && left_out[SP_CLIP_OTHER]) {
		tell(f, from, SP_CLIP_OTHER, SP_CLIP_REFUSED, 0);
	}
}

/* What cannot be read offers nothing. */
static void refuse_list(struct sp_clip_filter *f, enum sp_clip_side from)
{
	f->from[from].n_offers = 0;
	say_list(f, from, SP_CLIP_FAIL);
}

static void list(struct sp_clip_filter *f, enum sp_clip_side from, struct sp_rd *body)
{
	struct sp_clip_from *s = &f->from[from];
	bool left_out[SP_CLIP_KINDS], empty = sp_rd_left(body) == 0;
	enum sp_clip_form form = s->head.flags & SP_CLIP_ASCII_NAMES ? SP_CLIP_FORM_ASCII
			: f->from[0].general & f->from[1].general & SP_CLIP_LONG_NAMES
			? SP_CLIP_FORM_LONG
			: SP_CLIP_FORM_SHORT;

	tell_contents(f, from);
	int rc = sift(f, from, *body, form, left_out);
	if (rc != SP_OK && form == SP_CLIP_FORM_LONG && sp_rd_left(body) % LIST_ENTRY == 0) {
		/* Sent before the other side's capabilities had come. */
		rc = sift(f, from, *body, SP_CLIP_FORM_SHORT, left_out);
	}
	if (rc != SP_OK || s->lists == SP_CLIP_MAX_PENDING) {
		refuse_list(f, from);
		return;
	}
	/* A client begins with what happens to be there, which nobody has copied just now. */
	bool first = from == SP_CLIP_CLIENT && !s->listed;
	if (!first) {
		tell_left_out(f, from, left_out);
	}
	s->files = s->files || offers_files(s);
	f->from[other(from)].standing = false;
	if (s->n_offers == 0 && !empty && !first && !s->standing) {
		/* Nothing of it is there to be taken away, and what the other side has is its own. */
		say_list(f, from, SP_CLIP_OK);
		return;
	}
	s->listed = true;
	s->standing = s->n_offers > 0;
	s->lists++;
	put_message(f, other(from), sp_span(f->work.p, f->work.n));
}

/* ---- the other messages ---- */

/* The target's side has begun anew: it remembers nothing, and answers nothing. */
static void restart(struct sp_clip_filter *f)
{
	struct sp_clip_from *client = &f->from[SP_CLIP_CLIENT], *target = &f->from[SP_CLIP_TARGET];

	for (; target->n_asks > 0; next_ask(target)) {
		say_no_data(f, SP_CLIP_CLIENT);
	}
	while (target->n_files > 0) {
		say_no_file(f, SP_CLIP_CLIENT, target->file[--target->n_files].stream);
	}
	client->n_asks = client->n_files = 0;
	if (client->mode == SP_CLIP_STREAM) {
		client->mode = SP_CLIP_SKIP;
		sp_wr_reset(&client->later);
	}
	client->general = 0;
	for (size_t i = 0; i < SP_LEN(f->from); i++) {
		tell_contents(f, i == SP_CLIP_CLIENT ? SP_CLIP_CLIENT : SP_CLIP_TARGET);
		f->from[i].n_offers = f->from[i].lists = 0;
		f->from[i].listed = f->from[i].standing = f->from[i].files = false;
	}
}

static void caps(struct sp_clip_filter *f, enum sp_clip_side from, struct sp_rd *body)
{
	struct sp_clip_caps c;

	if (sp_clip_caps_read(body, &c) != SP_OK) {
		return;
	}
	c.flags &= SP_CLIP_LONG_NAMES | SP_CLIP_STREAM_FILES | SP_CLIP_NO_FILE_PATHS |
			SP_CLIP_CAN_LOCK | SP_CLIP_HUGE_FILES;
	if (!f->rules.files_in && !f->rules.files_out) {
		c.flags &= ~(uint32_t)(SP_CLIP_STREAM_FILES | SP_CLIP_CAN_LOCK |
				SP_CLIP_HUGE_FILES);
	}
	f->from[from].general = c.flags;
	sp_wr_reset(&f->work);
	size_t mark = sp_clip_begin(&f->work, SP_CLIP_CAPS, 0);
	sp_clip_caps_write(&f->work, &c);
	sp_clip_end(&f->work, mark);
	put_message(f, other(from), sp_span(f->work.p, f->work.n));
}

static void message(struct sp_clip_filter *f, enum sp_clip_side from, struct sp_span whole)
{
	struct sp_clip_from *s = &f->from[from], *to = &f->from[other(from)];
	struct sp_rd body;
	bool pass = false;

	sp_rd_init(&body, whole.p + SP_CLIP_HEAD, s->head.n);
	switch (s->head.type) {
	case SP_CLIP_MONITOR_READY:
		pass = from == SP_CLIP_TARGET;
		if (pass) {
			restart(f);
		}
		break;
	case SP_CLIP_CAPS:
		caps(f, from, &body);
		break;
	case SP_CLIP_TEMP_DIRECTORY:
		pass = from == SP_CLIP_CLIENT && f->rules.files_out;
		break;
	case SP_CLIP_FORMAT_LIST:
		list(f, from, &body);
		break;
	case SP_CLIP_FORMAT_LIST_RESPONSE:
		pass = to->lists > 0;
		to->lists -= pass;
		break;
	case SP_CLIP_DATA_REQUEST:
		data_request(f, from, whole, &body);
		break;
	case SP_CLIP_FILE_REQUEST:
		file_request(f, from, whole, &body);
		break;
	case SP_CLIP_LOCK:
	case SP_CLIP_UNLOCK:
		pass = allowed(f, other(from), SP_CLIP_FILES) && sp_rd_left(&body) >= 4;
		break;
	default:
		break;
	}
	if (pass) {
		put_message(f, other(from), whole);
	}
}

/* ---- chunks ---- */

/* What cannot be passed on, answered if it is something that waits for an answer. */
static void refuse(struct sp_clip_filter *f, enum sp_clip_side from)
{
	struct sp_clip_from *s = &f->from[from];
	struct sp_rd r;

	switch (s->head.type) {
	case SP_CLIP_FORMAT_LIST:
		refuse_list(f, from);
		break;
	case SP_CLIP_DATA_REQUEST:
		ask(f, other(from), SP_CLIP_OTHER, true);
		break;
	case SP_CLIP_FILE_REQUEST:
		if (s->start_n == SP_CLIP_START) {
			sp_rd_init(&r, s->start + SP_CLIP_HEAD, 4);
			say_no_file(f, from, sp_rd_le32(&r));
		}
		break;
	default:
		break;
	}
}

static bool damaged(const struct sp_clip_from *s)
{
	return !(s->head.n <= s->total - SP_CLIP_HEAD) ||
			!(s->total - SP_CLIP_HEAD - s->head.n <= TRAILER);
}

static void no_data(struct sp_clip_filter *f, enum sp_clip_side from)
{
	say_no_data(f, other(from));
	answered(f, from);
}

static enum sp_clip_mode judge_data(struct sp_clip_filter *f, enum sp_clip_side from)
{
	struct sp_clip_from *s = &f->from[from];

	if (s->n_asks == 0) {
		return SP_CLIP_SKIP; /* nobody has asked */
	}
	enum sp_clip_kind kind = s->ask[s->ask_at].kind;
	bool ok = (s->head.flags & (SP_CLIP_OK | SP_CLIP_FAIL)) == SP_CLIP_OK;
	if (ok && !damaged(s) && s->head.n <= SP_CLIP_DATA_MAX) {
		return SP_CLIP_STREAM;
	}
	if (ok) {
		tell(f, from, kind, damaged(s) ? SP_CLIP_DAMAGED : SP_CLIP_TOO_LARGE, s->head.n);
	}
	no_data(f, from);
	return SP_CLIP_SKIP;
}

static void no_file(struct sp_clip_filter *f, enum sp_clip_side from)
{
	struct sp_clip_from *s = &f->from[from];

	say_no_file(f, other(from), s->file[s->file_at].stream);
	s->file[s->file_at] = s->file[--s->n_files];
}

static enum sp_clip_mode judge_file(struct sp_clip_filter *f, enum sp_clip_side from)
{
	struct sp_clip_from *s = &f->from[from];
	struct sp_rd r;

	sp_rd_init(&r, s->start + SP_CLIP_HEAD, s->start_n - SP_CLIP_HEAD);
	uint32_t stream = sp_rd_le32(&r);
	for (s->file_at = 0; s->file_at < s->n_files; s->file_at++) {
		if (s->file[s->file_at].stream == stream) {
			break;
		}
	}
	if (sp_rd_ok(&r) != SP_OK || s->file_at == s->n_files) {
		return SP_CLIP_SKIP;
	}
	bool ok = (s->head.flags & (SP_CLIP_OK | SP_CLIP_FAIL)) == SP_CLIP_OK;
	bool broken = damaged(s) || !(4 <= s->head.n);
	if (ok && !broken && s->head.n - 4 <= s->file[s->file_at].n) {
		return SP_CLIP_STREAM;
	}
	if (ok) {
		tell(f, from, SP_CLIP_FILES, broken ? SP_CLIP_DAMAGED : SP_CLIP_TOO_LARGE,
				s->head.n);
	}
	no_file(f, from);
	return SP_CLIP_SKIP;
}

/* The start of a message is there: what becomes of it. */
static enum sp_clip_mode judge(struct sp_clip_filter *f, enum sp_clip_side from)
{
	struct sp_clip_from *s = &f->from[from];
	struct sp_rd r;

	sp_rd_init(&r, s->start, s->start_n);
	if (sp_clip_head_read(&r, &s->head) != SP_OK) {
		return SP_CLIP_SKIP;
	}
	switch (s->head.type) {
	case SP_CLIP_DATA_RESPONSE:
		return judge_data(f, from);
	case SP_CLIP_FILE_RESPONSE:
		return judge_file(f, from);
	default:
		if (s->total <= SP_CLIP_SMALL_MAX && s->head.n <= s->total - SP_CLIP_HEAD) {
			return SP_CLIP_GATHER;
		}
		refuse(f, from);
		return SP_CLIP_SKIP;
	}
}

/* All of a response has passed. */
static void passed(struct sp_clip_filter *f, enum sp_clip_side from)
{
	struct sp_clip_from *s = &f->from[from];

	if (s->head.type == SP_CLIP_DATA_RESPONSE) {
		tell(f, from, s->ask[s->ask_at].kind, SP_CLIP_PASSED, s->head.n);
		answered(f, from);
	} else {
		struct sp_clip_file_ask q = s->file[s->file_at];
		uint32_t n = s->head.n - 4;

		s->file[s->file_at] = s->file[--s->n_files];
		if (q.range && s->contents > 0 && q.index != s->index) {
			tell_contents(f, from);
		}
		if (q.range) {
			s->index = q.index;
			s->contents += n;
		}
		if (q.range && n < q.n) {
			tell_contents(f, from); /* the end of the file */
		}
	}
	say_later(f, from);
}

/*
 * The message does not come to its end. Who has a part of an answer gets another one from its
 * beginning, which puts an end to the first wherever channels are put together.
 */
static void give_up(struct sp_clip_filter *f, enum sp_clip_side from)
{
	struct sp_clip_from *s = &f->from[from];
	enum sp_clip_mode mode = s->mode;

	s->mode = SP_CLIP_WAIT_FIRST;
	if (mode == SP_CLIP_GATHER) {
		refuse(f, from);
	} else if (mode == SP_CLIP_STREAM && s->head.type == SP_CLIP_DATA_RESPONSE) {
		tell(f, from, s->ask[s->ask_at].kind, SP_CLIP_DAMAGED, s->head.n);
		no_data(f, from);
		say_later(f, from);
	} else if (mode == SP_CLIP_STREAM) {
		tell(f, from, SP_CLIP_FILES, SP_CLIP_DAMAGED, s->head.n);
		no_file(f, from);
		say_later(f, from);
	}
}

/* Its start may have come in pieces, and is judged as soon as it is there. */
static void start(struct sp_clip_filter *f, enum sp_clip_side from, const struct sp_svc_chunk *c)
{
	struct sp_clip_from *s = &f->from[from];
	size_t want = s->total < SP_CLIP_START ? s->total : SP_CLIP_START, had = s->start_n;
	size_t n = c->data.n < want - had ? c->data.n : want - had;

	if (n > 0) {
		memcpy(s->start + had, c->data.p, n);
		s->start_n += n;
	}
	if (s->start_n < want) {
		return;
	}
	s->mode = judge(f, from);
	struct sp_span rest =
			n < c->data.n ? sp_span(c->data.p + n, c->data.n - n) : sp_span(NULL, 0);
	if (s->mode == SP_CLIP_GATHER) {
		sp_wr_put(&s->data, s->start, s->start_n);
		sp_wr_span(&s->data, rest);
	} else if (s->mode == SP_CLIP_STREAM && had == 0) {
		put_chunk(f, other(from), c);
	} else if (s->mode == SP_CLIP_STREAM) {
		uint32_t last = rest.n == 0 ? c->flags & SP_SVC_LAST : 0;

		put_chunk(f, other(from),
				&(struct sp_svc_chunk){.total = s->total,
						.flags = SP_SVC_FIRST | s->show | last,
						.data = sp_span(s->start, s->start_n)});
		if (rest.n > 0) {
			put_chunk(f, other(from),
					&(struct sp_svc_chunk){.total = s->total,
							.flags = c->flags & ~(uint32_t)SP_SVC_FIRST,
							.data = rest});
		}
	}
}

static void whole(struct sp_clip_filter *f, enum sp_clip_side from)
{
	struct sp_clip_from *s = &f->from[from];
	enum sp_clip_mode mode = s->mode;

	s->mode = SP_CLIP_WAIT_FIRST;
	if (mode == SP_CLIP_STREAM) {
		passed(f, from);
	} else if (mode == SP_CLIP_GATHER && sp_wr_ok(&s->data) == SP_OK) {
		message(f, from, sp_span(s->data.p, s->data.n));
	} else if (mode == SP_CLIP_GATHER) {
		sp_wr_fail(&f->out, sp_wr_ok(&s->data));
	}
}

int sp_clip_filter_feed(struct sp_clip_filter *f, enum sp_clip_side from, struct sp_span chunk)
{
	struct sp_clip_from *s = &f->from[from];
	struct sp_svc_chunk c;
	struct sp_rd r;

	sp_wr_reset(&f->out);
	f->out_at = 0;
	sp_rd_init(&r, chunk.p, chunk.n);
	if (sp_svc_read(&r, &c) != SP_OK ||
			(c.data.n == 0 && c.flags & (SP_SVC_SUSPEND | SP_SVC_RESUME))) {
		return SP_OK;
	}
	if (c.flags & SP_SVC_FIRST) {
		give_up(f, from);
		s->mode = SP_CLIP_WAIT_START;
		s->total = c.total;
		s->done = 0;
		s->start_n = 0;
		s->show = c.flags & SP_SVC_SHOW_PROTOCOL;
		sp_wr_reset(&s->data);
	}
	if (s->mode == SP_CLIP_WAIT_FIRST) {
		return sp_wr_ok(&f->out); /* of a message that was given up */
	}
	bool last = (c.flags & SP_SVC_LAST) != 0;
	if (c.flags & SP_SVC_COMPRESSED || c.total != s->total ||
			!(c.data.n <= s->total - s->done) ||
			(last && c.data.n != s->total - s->done)) {
		give_up(f, from);
		return sp_wr_ok(&f->out);
	}
	s->done += (uint32_t)c.data.n;
	if (s->mode == SP_CLIP_WAIT_START) {
		start(f, from, &c);
	} else if (s->mode == SP_CLIP_GATHER) {
		sp_wr_span(&s->data, c.data);
	} else if (s->mode == SP_CLIP_STREAM) {
		put_chunk(f, other(from), &c);
	}
	if (last) {
		whole(f, from);
	}
	return sp_wr_ok(&f->out);
}
