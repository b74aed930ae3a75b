/* core/chan/clip_filter.c - see clip_filter.h. */
#include "core/chan/clip_filter.h"

#include <string.h>

#include "core/base/mem.h"

#define TRAILER 4 /* bytes that Windows sends behind a message */

static const struct sp_sieve_impl impl;

void sp_clip_filter_init(struct sp_clip_filter *f, const struct sp_clip_rules *rules,
		const struct sp_crypto *crypto)
{
	uint64_t limit = rules->limit != 0 ? rules->limit : UINT64_MAX;

	memset(f, 0, sizeof(*f));
	f->rules = *rules;
	sp_sieve_init(&f->sieve, &impl, f, SP_CLIP_START);
	sp_wr_init(&f->work, SP_SIEVE_SMALL_MAX);
	sp_clip_track_init(&f->from[SP_SIDE_CLIENT].track, crypto, &f->told, SP_SIDE_TARGET, limit);
	sp_clip_track_init(&f->from[SP_SIDE_TARGET].track, crypto, &f->told, SP_SIDE_CLIENT, limit);
}

static void forget_files(struct sp_clip_from *s)
{
	while (s->n_files > 0) {
		sp_clip_track_unref(s->file[--s->n_files].list);
	}
	s->open = NULL;
}

void sp_clip_filter_stop(struct sp_clip_filter *f)
{
	for (size_t i = 0; i < SP_LEN(f->from); i++) {
		forget_files(&f->from[i]);
		sp_clip_track_finish(&f->from[i].track);
	}
}

void sp_clip_filter_finish(struct sp_clip_filter *f)
{
	if (!f->sieve.impl) {
		return;
	}
	sp_clip_filter_stop(f);
	sp_sieve_finish(&f->sieve);
	if (f->work.p) {
		sp_wipe(f->work.p, f->work.cap);
	}
	sp_wr_finish(&f->work);
	memset(f, 0, sizeof(*f));
}

bool sp_clip_filter_next(struct sp_clip_filter *f, struct sp_sieve_out *out)
{
	return sp_sieve_next(&f->sieve, out);
}

bool sp_clip_filter_event(struct sp_clip_filter *f, struct sp_transfer *ev)
{
	return sp_transfers_next(&f->told, ev);
}

static enum sp_side other(enum sp_side side)
{
	return sp_side_other(side);
}

static bool allowed(const struct sp_clip_filter *f, enum sp_side from, enum sp_clip_kind kind)
{
	bool in = from == SP_SIDE_CLIENT;
	bool files = in ? f->rules.files_in : f->rules.files_out;

	switch (kind) {
	case SP_CLIP_TEXT:
		return in ? f->rules.text_in : f->rules.text_out;
	case SP_CLIP_FILES:
		return files;
	case SP_CLIP_PATHS:
		return files && f->rules.other;
	case SP_CLIP_OTHER:
		return f->rules.other;
	}
	return false;
}

/* ---- what goes out ---- */

static void tell(struct sp_clip_filter *f, enum sp_side from, enum sp_clip_kind kind,
		enum sp_transfer_verdict verdict, uint64_t n)
{
	struct sp_transfer *t = sp_transfers_add(&f->told);

	t->channel = SP_TRANSFER_CLIPBOARD;
	t->to = other(from);
	t->kind = kind == SP_CLIP_TEXT          ? SP_TRANSFER_TEXT
			: kind == SP_CLIP_OTHER ? SP_TRANSFER_OTHER
						: SP_TRANSFER_FILES;
	t->verdict = verdict;
	t->n = n;
}

static void say(struct sp_clip_filter *f, enum sp_side to, const struct sp_wr *message)
{
	sp_sieve_say(&f->sieve, to, sp_span(message->p, message->n));
}

static void say_list(struct sp_clip_filter *f, enum sp_side to, uint16_t flags)
{
	uint8_t buf[SP_CLIP_HEAD];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_clip_end(&w, sp_clip_begin(&w, SP_CLIP_FORMAT_LIST_RESPONSE, flags));
	say(f, to, &w);
}

static void say_no_data(struct sp_clip_filter *f, enum sp_side to)
{
	uint8_t buf[SP_CLIP_HEAD];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_clip_end(&w, sp_clip_begin(&w, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL));
	say(f, to, &w);
}

static void say_no_file(struct sp_clip_filter *f, enum sp_side to, uint32_t stream)
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

static void answer_refused(struct sp_clip_filter *f, enum sp_side owner)
{
	struct sp_clip_from *s = &f->from[owner];

	while (s->n_asks > 0 && s->ask[s->ask_at].refused) {
		next_ask(s);
		say_no_data(f, other(owner));
	}
}

/* False when there are too many. */
static bool ask(struct sp_clip_filter *f, enum sp_side owner, struct sp_clip_ask what)
{
	struct sp_clip_from *s = &f->from[owner];

	if (s->n_asks == SP_CLIP_MAX_PENDING) {
		return false;
	}
	s->ask[(s->ask_at + s->n_asks++) % SP_CLIP_MAX_PENDING] = what;
	answer_refused(f, owner);
	return true;
}

/* The first request has its answer. */
static void answered(struct sp_clip_filter *f, enum sp_side owner)
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
static bool offered(const struct sp_clip_from *owner, uint32_t id, struct sp_clip_ask *what)
{
	*what = (struct sp_clip_ask){.kind = is_text(id)         ? SP_CLIP_TEXT
					: id == SP_CLIP_CF_HDROP ? SP_CLIP_PATHS
								 : SP_CLIP_OTHER};
	for (size_t i = 0; i < owner->n_offers; i++) {
		const struct sp_clip_offer *o = &owner->offer[i];

		if (o->id == id || (o->kind == SP_CLIP_TEXT && is_text(id))) {
			what->kind = o->kind;
			what->list = o->list;
			return true;
		}
	}
	return false;
}

static void data_request(struct sp_clip_filter *f, enum sp_side from, struct sp_span message,
		struct sp_rd *body)
{
	enum sp_side owner = other(from);
	struct sp_clip_ask what;
	uint32_t id;

	if (sp_clip_u32_read(body, &id) != SP_OK || !offered(&f->from[owner], id, &what)) {
		ask(f, owner, (struct sp_clip_ask){.refused = true});
		if (sp_rd_ok(body) == SP_OK) {
			tell(f, owner, what.kind, SP_TRANSFER_REFUSED, 0);
		}
	} else if (ask(f, owner, what)) {
		sp_sieve_put(&f->sieve, owner, message);
	}
}

static void file_request(struct sp_clip_filter *f, enum sp_side from, struct sp_span message,
		struct sp_rd *body)
{
	enum sp_side owner = other(from);
	struct sp_clip_from *s = &f->from[owner];
	struct sp_clip_file_request q;
	int rc = sp_clip_file_request_read(body, &q);

	if (rc == SP_ESHORT) {
		return; /* nobody knows what it was to be called */
	}
	if (rc == SP_OK && allowed(f, owner, SP_CLIP_FILES) && s->files &&
			s->n_files < SP_CLIP_MAX_PENDING) {
		struct sp_clip_track_list *list = sp_clip_track_ask(&s->track, &q);

		if (list) {
			s->file[s->n_files++] = (struct sp_clip_file_ask){.list = list,
					.stream = q.stream,
					.index = q.index,
					.n = q.n,
					.position = q.position,
					.range = q.flags == SP_CLIP_FILE_RANGE};
			sp_sieve_put(&f->sieve, owner, message);
			return;
		}
	}
	say_no_file(f, from, q.stream);
	if (!allowed(f, owner, SP_CLIP_FILES)) {
		tell(f, owner, SP_CLIP_FILES, SP_TRANSFER_REFUSED, 0);
	}
}

/* ---- lists of formats ---- */

static bool has_name(const struct sp_clip_format *fmt, enum sp_clip_form form,
		const char *const *names, size_t n)
{
	for (size_t i = 0; fmt->name.n > 0 && i < n; i++) {
		if (sp_clip_format_is(fmt, form, names[i])) {
			return true;
		}
	}
	return false;
}

static struct sp_clip_offer offer_of(const struct sp_clip_format *fmt, enum sp_clip_form form)
{
	static const char *const files[] = {
			"FileGroupDescriptorW", "FileContents", "Preferred DropEffect"};
	static const char *const paths[] = {"FileGroupDescriptor", "FileName", "FileNameW",
			"FileNameMap", "FileNameMapW", "Shell IDList Array", "Shell Object Offsets",
			"UntrustedDragDrop", "text/uri-list", "x-special/gnome-copied-files",
			"application/x-kde-cutselection"};
	struct sp_clip_offer o = {.id = fmt->id, .kind = SP_CLIP_OTHER};

	if (has_name(fmt, form, files, SP_LEN(files))) {
		o.kind = SP_CLIP_FILES;
		o.list = has_name(fmt, form, files, 1);
	} else if (has_name(fmt, form, paths, SP_LEN(paths))) {
		o.kind = SP_CLIP_PATHS;
	} else if (is_text(fmt->id)) {
		o.kind = SP_CLIP_TEXT;
	} else if (fmt->id == SP_CLIP_CF_HDROP && fmt->name.n == 0) {
		o.kind = SP_CLIP_PATHS;
	}
	return o;
}

/* Writes the list anew to f->work, without what may not pass, which is noted in left_out. */
static int sift(struct sp_clip_filter *f, enum sp_side from, struct sp_rd body,
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
		struct sp_clip_offer o = offer_of(&fmt, form);

		if (!allowed(f, from, o.kind) || s->n_offers == SP_CLIP_MAX_FORMATS ||
				!(fmt.name.n <= 2 * SP_CLIP_MAX_NAME)) {
			left_out[o.kind] = true;
			continue;
		}
		s->offer[s->n_offers++] = o;
		if (o.kind == SP_CLIP_TEXT) {
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
		if (s->offer[i].list) {
			return true;
		}
	}
	return false;
}

static void tell_left_out(
		struct sp_clip_filter *f, enum sp_side from, const bool left_out[SP_CLIP_KINDS])
{
	bool none = f->from[from].n_offers == 0;

	if ((left_out[SP_CLIP_FILES] || left_out[SP_CLIP_PATHS]) &&
			!allowed(f, from, SP_CLIP_FILES)) {
		tell(f, from, SP_CLIP_FILES, SP_TRANSFER_REFUSED, 0);
	} else if (none && left_out[SP_CLIP_TEXT]) {
		tell(f, from, SP_CLIP_TEXT, SP_TRANSFER_REFUSED, 0);
	} else if (none && left_out[SP_CLIP_OTHER]) {
		tell(f, from, SP_CLIP_OTHER, SP_TRANSFER_REFUSED, 0);
	}
}

/* The files of a list, or none, are what contents are asked of from now on. */
static void offer_files(struct sp_clip_filter *f, enum sp_side from)
{
	int rc = sp_clip_track_offer(&f->from[from].track, offers_files(&f->from[from]));

	if (rc != SP_OK) {
		sp_sieve_fail(&f->sieve, rc);
	}
}

/* What cannot be read offers nothing. */
static void refuse_list(struct sp_clip_filter *f, enum sp_side from)
{
	f->from[from].n_offers = 0;
	offer_files(f, from);
	say_list(f, from, SP_CLIP_FAIL);
}

/*
 * [MS-RDPECLIP] 2.2.3.1: as the receiver will read it, for what it finds is what was judged. Where
 * long names are agreed the flag for the others says nothing.
 */
static enum sp_clip_form form_of(const struct sp_clip_filter *f, uint16_t flags)
{
	if (f->from[0].general & f->from[1].general & SP_CLIP_LONG_NAMES) {
		return SP_CLIP_FORM_LONG;
	}
	return flags & SP_CLIP_ASCII_NAMES ? SP_CLIP_FORM_ASCII : SP_CLIP_FORM_SHORT;
}

/*
 * A target that offers long names, and does not wait for what the client says to that: the client
 * knows its own answer already and reads the list by it, but nobody else does.
 */
static bool too_early(const struct sp_clip_filter *f, enum sp_side from)
{
	const struct sp_clip_from *client = &f->from[SP_SIDE_CLIENT];

	return from == SP_SIDE_TARGET && !client->spoke && !client->listed &&
			(f->from[from].general & SP_CLIP_LONG_NAMES);
}

static void list(struct sp_clip_filter *f, enum sp_side from, struct sp_rd *body)
{
	struct sp_clip_from *s = &f->from[from];
	bool left_out[SP_CLIP_KINDS], empty = sp_rd_left(body) == 0;

	if (s->lists == SP_CLIP_MAX_PENDING || (!empty && too_early(f, from)) ||
			sift(f, from, *body, form_of(f, s->head.flags), left_out) != SP_OK) {
		refuse_list(f, from);
		return;
	}
	/* A client begins with what happens to be there, which nobody has copied just now. */
	bool first = from == SP_SIDE_CLIENT && !s->listed;
	if (!first) {
		tell_left_out(f, from, left_out);
	}
	s->files = s->files || offers_files(s);
	offer_files(f, from);
	f->from[other(from)].standing = false;
	if (s->n_offers == 0 && !empty && !first && !s->standing) {
		/* Nothing of it is there to be taken away, and what the other side has is its own. */
		say_list(f, from, SP_CLIP_OK);
		return;
	}
	s->listed = true;
	s->standing = s->n_offers > 0;
	s->lists++;
	sp_sieve_put(&f->sieve, other(from), sp_span(f->work.p, f->work.n));
}

/* ---- the other messages ---- */

static void put_caps(struct sp_clip_filter *f, enum sp_side from)
{
	sp_wr_reset(&f->work);
	size_t mark = sp_clip_begin(&f->work, SP_CLIP_CAPS, 0);
	sp_clip_caps_write(&f->work, &f->from[from].caps);
	sp_clip_end(&f->work, mark);
	sp_sieve_put(&f->sieve, other(from), sp_span(f->work.p, f->work.n));
}

/* What a client has said before its turn holds; who was not there yet to hear it is told again. */
static void begin(struct sp_clip_filter *f)
{
	f->ready = true;
	f->from[SP_SIDE_CLIENT].listed = false;
	if (f->from[SP_SIDE_CLIENT].spoke) {
		put_caps(f, SP_SIDE_CLIENT);
	}
}

/* The target's side has begun anew: it remembers nothing, and answers nothing. */
static void restart(struct sp_clip_filter *f)
{
	struct sp_clip_from *client = &f->from[SP_SIDE_CLIENT], *target = &f->from[SP_SIDE_TARGET];

	for (; target->n_asks > 0; next_ask(target)) {
		say_no_data(f, SP_SIDE_CLIENT);
	}
	for (size_t i = target->n_files; i > 0; i--) {
		say_no_file(f, SP_SIDE_CLIENT, target->file[i - 1].stream);
	}
	client->n_asks = 0;
	sp_sieve_cut(&f->sieve, SP_SIDE_CLIENT);
	client->general = 0;
	client->spoke = false;
	sp_clip_filter_stop(f);
	for (size_t i = 0; i < SP_LEN(f->from); i++) {
		f->from[i].n_offers = f->from[i].lists = 0;
		f->from[i].listed = f->from[i].standing = f->from[i].files = false;
	}
}

static void caps(struct sp_clip_filter *f, enum sp_side from, struct sp_rd *body)
{
	struct sp_clip_caps c;

	/* Once there is a list its form is agreed; who took others now would read them otherwise. */
	if (f->from[SP_SIDE_CLIENT].listed || sp_clip_caps_read(body, &c) != SP_OK) {
		return;
	}
	c.flags &= SP_CLIP_LONG_NAMES | SP_CLIP_STREAM_FILES | SP_CLIP_NO_FILE_PATHS |
			SP_CLIP_CAN_LOCK | SP_CLIP_HUGE_FILES;
	if (!f->rules.files_in && !f->rules.files_out) {
		c.flags &= ~(uint32_t)(SP_CLIP_STREAM_FILES | SP_CLIP_CAN_LOCK |
				SP_CLIP_HUGE_FILES);
	}
	f->from[from].general = c.flags;
	f->from[from].caps = c;
	f->from[from].spoke = true;
	put_caps(f, from);
}

static bool lock(struct sp_clip_filter *f, enum sp_side from, struct sp_rd *body)
{
	struct sp_clip_track *t = &f->from[other(from)].track;
	uint32_t id;

	if (!allowed(f, other(from), SP_CLIP_FILES) || sp_clip_u32_read(body, &id) != SP_OK) {
		return false;
	}
	if (f->from[from].head.type == SP_CLIP_UNLOCK) {
		sp_clip_track_unlock(t, id);
		return true;
	}
	int rc = sp_clip_track_lock(t, id);
	if (rc != SP_OK) {
		sp_sieve_fail(&f->sieve, rc);
	}
	return rc == SP_OK;
}

static void drop_file_ask(struct sp_clip_from *s)
{
	sp_clip_track_unref(s->file[s->file_at].list);
	s->file[s->file_at] = s->file[--s->n_files];
}

static void no_file(struct sp_clip_filter *f, enum sp_side from)
{
	struct sp_clip_from *s = &f->from[from];

	say_no_file(f, other(from), s->file[s->file_at].stream);
	drop_file_ask(s);
}

/* The answer to a request that judge_file() has found. */
static void file_size(struct sp_clip_filter *f, enum sp_side from, struct sp_span whole,
		struct sp_rd *body)
{
	struct sp_clip_from *s = &f->from[from];
	struct sp_clip_file_ask *q = &s->file[s->file_at];
	uint32_t stream = sp_rd_le32(body);
	uint64_t size = sp_rd_le64(body);

	if (!(s->file_at < s->n_files) || q->stream != stream || q->range) {
		return; /* forgotten meanwhile */
	}
	if (sp_rd_ok(body) != SP_OK) {
		no_file(f, from);
		return;
	}
	sp_clip_track_size(&s->track, q->list, q->index, size);
	sp_sieve_put(&f->sieve, other(from), whole);
	drop_file_ask(s);
}

static void message(void *owner, enum sp_side from, struct sp_span whole)
{
	struct sp_clip_filter *f = owner;
	struct sp_clip_from *s = &f->from[from], *to = &f->from[other(from)];
	struct sp_rd body;
	bool pass = false;

	sp_rd_init(&body, whole.p + SP_CLIP_HEAD, s->head.n);
	switch (s->head.type) {
	case SP_CLIP_MONITOR_READY:
		pass = from == SP_SIDE_TARGET;
		if (pass && f->ready) {
			restart(f);
		} else if (pass) {
			begin(f);
		}
		break;
	case SP_CLIP_CAPS:
		caps(f, from, &body);
		break;
	case SP_CLIP_TEMP_DIRECTORY:
		pass = from == SP_SIDE_CLIENT && f->rules.files_out;
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
		pass = lock(f, from, &body);
		break;
	case SP_CLIP_FILE_RESPONSE:
		file_size(f, from, whole, &body);
		break;
	default:
		break;
	}
	if (pass) {
		sp_sieve_put(&f->sieve, other(from), whole);
	}
}

/* ---- long messages ---- */

/* What cannot be passed on, answered if it is something that waits for an answer. */
static void refuse(struct sp_clip_filter *f, enum sp_side from, struct sp_span start)
{
	struct sp_rd r;

	switch (f->from[from].head.type) {
	case SP_CLIP_FORMAT_LIST:
		refuse_list(f, from);
		break;
	case SP_CLIP_DATA_REQUEST:
		ask(f, other(from), (struct sp_clip_ask){.refused = true});
		break;
	case SP_CLIP_FILE_REQUEST:
		if (start.n == SP_CLIP_START) {
			sp_rd_init(&r, start.p + SP_CLIP_HEAD, 4);
			say_no_file(f, from, sp_rd_le32(&r));
		}
		break;
	default:
		break;
	}
}

static bool damaged(const struct sp_clip_from *s, uint32_t total)
{
	return !(s->head.n <= total - SP_CLIP_HEAD) ||
			!(total - SP_CLIP_HEAD - s->head.n <= TRAILER);
}

static void no_data(struct sp_clip_filter *f, enum sp_side from)
{
	say_no_data(f, other(from));
	answered(f, from);
}

static enum sp_sieve_mode refuse_data(struct sp_clip_filter *f, enum sp_side from,
		enum sp_clip_kind kind, enum sp_transfer_verdict verdict)
{
	tell(f, from, kind, verdict, f->from[from].head.n);
	no_data(f, from);
	return SP_SIEVE_SKIP;
}

/* A list of files: its length is that of its entries. */
static enum sp_sieve_mode judge_list(
		struct sp_clip_filter *f, enum sp_side from, struct sp_span start)
{
	struct sp_clip_from *s = &f->from[from];
	struct sp_rd r;

	sp_rd_init(&r, start.p + SP_CLIP_HEAD, start.n - SP_CLIP_HEAD);
	uint32_t n = sp_rd_le32(&r); /* cItems */
	if (sp_rd_ok(&r) == SP_OK && !(n <= SP_CLIP_FILES_MAX)) {
		return refuse_data(f, from, SP_CLIP_FILES, SP_TRANSFER_TOO_LARGE);
	}
	if (sp_rd_ok(&r) != SP_OK || s->head.n != 4 + n * SP_CLIP_FILE_ENTRY) {
		return refuse_data(f, from, SP_CLIP_FILES, SP_TRANSFER_DAMAGED);
	}
	sp_clip_track_begin(&s->track, n);
	return SP_SIEVE_REWRITE;
}

static enum sp_sieve_mode judge_data(
		struct sp_clip_filter *f, enum sp_side from, struct sp_span start, uint32_t total)
{
	struct sp_clip_from *s = &f->from[from];
	uint64_t limit = f->rules.limit != 0 && f->rules.limit < SP_CLIP_DATA_MAX
			? f->rules.limit
			: SP_CLIP_DATA_MAX;

	if (s->n_asks == 0) {
		return SP_SIEVE_SKIP; /* nobody has asked */
	}
	const struct sp_clip_ask *q = &s->ask[s->ask_at];
	if ((s->head.flags & (SP_CLIP_OK | SP_CLIP_FAIL)) != SP_CLIP_OK) {
		no_data(f, from);
		return SP_SIEVE_SKIP;
	}
	if (damaged(s, total)) {
		return refuse_data(f, from, q->kind, SP_TRANSFER_DAMAGED);
	}
	if (q->list) {
		return judge_list(f, from, start);
	}
	return s->head.n <= limit ? SP_SIEVE_STREAM
				  : refuse_data(f, from, q->kind, SP_TRANSFER_TOO_LARGE);
}

static enum sp_sieve_mode refuse_file(
		struct sp_clip_filter *f, enum sp_side from, enum sp_transfer_verdict verdict)
{
	struct sp_transfer *t;

	tell(f, from, SP_CLIP_FILES, verdict, f->from[from].head.n);
	t = &f->told.v[(f->told.at + f->told.n - 1) % SP_TRANSFERS_MAX];
	t->kind = SP_TRANSFER_FILE;
	no_file(f, from);
	return SP_SIEVE_SKIP;
}

static enum sp_sieve_mode judge_file(
		struct sp_clip_filter *f, enum sp_side from, struct sp_span start, uint32_t total)
{
	struct sp_clip_from *s = &f->from[from];
	struct sp_rd r;

	sp_rd_init(&r, start.p + SP_CLIP_HEAD, start.n - SP_CLIP_HEAD);
	uint32_t stream = sp_rd_le32(&r);
	for (s->file_at = 0; s->file_at < s->n_files; s->file_at++) {
		if (s->file[s->file_at].stream == stream) {
			break;
		}
	}
	if (sp_rd_ok(&r) != SP_OK || s->file_at == s->n_files) {
		return SP_SIEVE_SKIP;
	}
	const struct sp_clip_file_ask *q = &s->file[s->file_at];
	if ((s->head.flags & (SP_CLIP_OK | SP_CLIP_FAIL)) != SP_CLIP_OK) {
		no_file(f, from);
		return SP_SIEVE_SKIP;
	}
	if (damaged(s, total) || !(4 <= s->head.n)) {
		return refuse_file(f, from, SP_TRANSFER_DAMAGED);
	}
	if (!(s->head.n - 4 <= q->n)) {
		return refuse_file(f, from, SP_TRANSFER_TOO_LARGE);
	}
	if (!q->range) {
		return SP_SIEVE_GATHER;
	}
	s->open = sp_clip_track_contents(&s->track, q->list, q->index, q->position, s->head.n - 4);
	if (!s->open) {
		no_file(f, from);
		return SP_SIEVE_SKIP;
	}
	return SP_SIEVE_STREAM;
}

/* The start of a message is there: what becomes of it. */
static enum sp_sieve_mode judge(
		void *owner, enum sp_side from, struct sp_span start, uint32_t total)
{
	struct sp_clip_filter *f = owner;
	struct sp_clip_from *s = &f->from[from];
	struct sp_rd r;

	sp_rd_init(&r, start.p, start.n);
	if (sp_clip_head_read(&r, &s->head) != SP_OK) {
		return SP_SIEVE_SKIP;
	}
	switch (s->head.type) {
	case SP_CLIP_DATA_RESPONSE:
		return judge_data(f, from, start, total);
	case SP_CLIP_FILE_RESPONSE:
		return judge_file(f, from, start, total);
	default:
		if (total <= SP_SIEVE_SMALL_MAX && s->head.n <= total - SP_CLIP_HEAD) {
			return SP_SIEVE_GATHER;
		}
		refuse(f, from, start);
		return SP_SIEVE_SKIP;
	}
}

/* The bytes at `at` of a message that are from skip on, and before its end as the header says. */
static struct sp_span behind(
		const struct sp_clip_from *s, uint32_t at, struct sp_span bytes, uint32_t skip)
{
	uint64_t end = (uint64_t)SP_CLIP_HEAD + s->head.n;

	if (at < skip) {
		size_t n = skip - at < bytes.n ? skip - at : bytes.n;

		bytes = sp_span(bytes.p + n, bytes.n - n);
		at += (uint32_t)n;
	}
	if (at >= end) {
		bytes.n = 0;
	} else if (bytes.n > end - at) {
		bytes.n = (size_t)(end - at);
	}
	return bytes;
}

static void data(void *owner, enum sp_side from, uint32_t at, struct sp_span bytes, struct sp_wr *w)
{
	struct sp_clip_filter *f = owner;
	struct sp_clip_from *s = &f->from[from];

	if (w) {
		struct sp_span head = sp_span(bytes.p, at == 0 ? bytes.n : 0);
		struct sp_span rest = sp_span(bytes.p + head.n, bytes.n - head.n);

		sp_wr_span(w, head); /* header and cItems, which is what judge() wanted */
		int rc = sp_clip_track_entries(&s->track, rest, w);
		if (rc != SP_OK) {
			sp_wr_fail(w, rc);
		}
	} else if (s->head.type == SP_CLIP_FILE_RESPONSE && s->open) {
		sp_clip_track_data(&s->track, s->open,
				behind(s, at, bytes, SP_CLIP_HEAD + 4 /* streamId */));
	}
}

/* All of a response has passed. */
static void passed(void *owner, enum sp_side from)
{
	struct sp_clip_filter *f = owner;
	struct sp_clip_from *s = &f->from[from];

	if (s->head.type == SP_CLIP_DATA_RESPONSE) {
		struct sp_clip_ask q = s->ask[s->ask_at];

		if (q.list) {
			sp_clip_track_end(&s->track, true);
		}
		tell(f, from, q.kind, SP_TRANSFER_PASSED, s->head.n);
		answered(f, from);
	} else {
		bool end = s->head.n - 4 < s->file[s->file_at].n;

		drop_file_ask(s);
		sp_clip_track_piece(&s->track, s->open, end);
		s->open = NULL;
	}
}

static void broken(void *owner, enum sp_side from, enum sp_sieve_mode mode)
{
	struct sp_clip_filter *f = owner;
	struct sp_clip_from *s = &f->from[from];

	if (mode == SP_SIEVE_GATHER && s->head.type == SP_CLIP_FILE_RESPONSE) {
		if (s->file_at < s->n_files && !s->file[s->file_at].range) {
			no_file(f, from);
		}
	} else if (mode == SP_SIEVE_GATHER) {
		refuse(f, from, sp_span(f->sieve.from[from].start, f->sieve.from[from].start_n));
	} else if (s->head.type == SP_CLIP_DATA_RESPONSE) {
		struct sp_clip_ask q = s->ask[s->ask_at];

		if (q.list) {
			sp_clip_track_end(&s->track, false);
		}
		tell(f, from, q.kind, SP_TRANSFER_DAMAGED, s->head.n);
		no_data(f, from);
	} else {
		sp_clip_track_broken(&s->track, s->open);
		s->open = NULL;
		no_file(f, from);
	}
}

static const struct sp_sieve_impl impl = {
		.judge = judge,
		.message = message,
		.data = data,
		.passed = passed,
		.broken = broken,
};

int sp_clip_filter_feed(struct sp_clip_filter *f, enum sp_side from, struct sp_span chunk)
{
	return sp_sieve_feed(&f->sieve, from, chunk);
}
