/* core/chan/clip_track.c - see clip_track.h. */
#include "core/chan/clip_track.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"

/* [MS-RDPECLIP] 2.2.5.2.3.1: places in a descriptor. */
#define AT_SIZE 64
#define AT_NAME 72
#define NAME_BYTES 520
#define HAS_SIZE 0x40 /* FD_FILESIZE */
#define FIRST_FILES 64 /* room for so many at first */

void sp_clip_track_init(struct sp_clip_track *t, const struct sp_crypto *crypto,
		struct sp_transfers *told, enum sp_side to, uint64_t limit)
{
	memset(t, 0, sizeof(*t));
	t->crypto = crypto;
	t->told = told;
	t->to = to;
	t->limit = limit;
}

void sp_clip_track_unref(struct sp_clip_track_list *list)
{
	if (list && --list->refs == 0) {
		sp_wr_finish(&list->names);
		sp_free(list->file);
		sp_free(list);
	}
}

static struct sp_clip_track_list *ref(struct sp_clip_track_list *list)
{
	list->refs++;
	return list;
}

static struct sp_clip_track_file *file_of(struct sp_clip_track_list *list, uint32_t index)
{
	return list && index < list->n ? &list->file[index] : NULL;
}

static struct sp_transfer *tell(struct sp_clip_track *t, struct sp_clip_track_list *list,
		uint32_t index, enum sp_transfer_verdict verdict, uint64_t n)
{
	struct sp_transfer *out = sp_transfers_add(t->told);
	const struct sp_clip_track_file *f = file_of(list, index);

	out->channel = SP_TRANSFER_CLIPBOARD;
	out->to = t->to;
	out->kind = SP_TRANSFER_FILE;
	out->verdict = verdict;
	out->n = n;
	if (f && f->n > 0) {
		sp_transfer_named(out, sp_span(list->names.p + f->at, f->n), false);
	}
	return out;
}

/* ---- states of the clipboard ---- */

/* What was read of a file is told when it is known to be all, or when it will be no more. */
static void close_file(struct sp_clip_track *t, struct sp_clip_track_open *o, bool whole)
{
	if (o->n > 0) {
		struct sp_transfer *out = tell(t, o->list, o->index, SP_TRANSFER_PASSED, o->n);

		if (whole && o->in_order) {
			out->has_sha256 = true;
			t->crypto->sha256_end(&o->hash, out->sha256);
		}
	}
	sp_clip_track_unref(o->list);
	o->list = NULL;
	o->n = 0;
}

/* Whether only files that are being read hold the list. */
static bool left_behind(const struct sp_clip_track *t, const struct sp_clip_track_list *list)
{
	uint32_t n = 0;

	for (size_t i = 0; i < SP_LEN(t->open); i++) {
		n += t->open[i].list == list;
	}
	return n == list->refs;
}

/* Those whose list is no longer to be had by anybody. */
static void close_left(struct sp_clip_track *t)
{
	for (size_t i = 0; i < SP_LEN(t->open); i++) {
		if (t->open[i].list && left_behind(t, t->open[i].list)) {
			close_file(t, &t->open[i], false);
		}
	}
}

void sp_clip_track_finish(struct sp_clip_track *t)
{
	sp_clip_track_end(t, false);
	for (size_t i = 0; i < SP_LEN(t->open); i++) {
		if (t->open[i].list) {
			close_file(t, &t->open[i], false);
		}
	}
	for (size_t i = 0; i < t->n_locks; i++) {
		sp_clip_track_unref(t->lock[i].list);
	}
	t->n_locks = 0;
	sp_clip_track_unref(t->current);
	t->current = NULL;
}

int sp_clip_track_offer(struct sp_clip_track *t, bool files)
{
	struct sp_clip_track_list *list = NULL;

	if (files) {
		list = sp_calloc(1, sizeof(*list));
		if (!list) {
			return SP_ENOMEM;
		}
		list->refs = 1;
		sp_wr_init(&list->names, SP_CLIP_TRACK_NAMES);
	}
	sp_clip_track_unref(t->current);
	t->current = list;
	close_left(t);
	return SP_OK;
}

static size_t find_lock(const struct sp_clip_track *t, uint32_t id)
{
	size_t i = 0;

	while (i < t->n_locks && t->lock[i].id != id) {
		i++;
	}
	return i;
}

static void drop_lock(struct sp_clip_track *t, size_t i)
{
	sp_clip_track_unref(t->lock[i].list);
	t->n_locks--;
	memmove(&t->lock[i], &t->lock[i + 1], (t->n_locks - i) * sizeof(t->lock[0]));
}

int sp_clip_track_lock(struct sp_clip_track *t, uint32_t id)
{
	size_t i = find_lock(t, id);

	if (!t->current) {
		return SP_OK;
	}
	if (i < t->n_locks) {
		drop_lock(t, i);
	} else if (t->n_locks == SP_CLIP_TRACK_LOCKS) {
		drop_lock(t, 0);
	}
	t->lock[t->n_locks].id = id;
	t->lock[t->n_locks++].list = ref(t->current);
	close_left(t);
	return SP_OK;
}

void sp_clip_track_unlock(struct sp_clip_track *t, uint32_t id)
{
	size_t i = find_lock(t, id);

	if (i < t->n_locks) {
		drop_lock(t, i);
		close_left(t);
	}
}

/* ---- a list passes ---- */

void sp_clip_track_begin(struct sp_clip_track *t, uint32_t n)
{
	sp_clip_track_end(t, false);
	t->left = n;
	t->entry_n = 0;
	if (t->current) {
		t->passing = ref(t->current);
		t->passing->n = 0;
		t->passing->known = false;
		sp_wr_reset(&t->passing->names);
	}
}

void sp_clip_track_end(struct sp_clip_track *t, bool whole)
{
	if (t->passing) {
		t->passing->known = whole;
		sp_clip_track_unref(t->passing);
	}
	t->passing = NULL;
	t->left = 0;
}

static struct sp_clip_track_file *add_file(struct sp_clip_track_list *list)
{
	if (list->n == list->cap) {
		uint32_t cap = list->cap ? 2 * list->cap : FIRST_FILES;
		void *more = sp_realloc(list->file, cap * sizeof(*list->file));

		if (!more) {
			return NULL;
		}
		list->file = more;
		list->cap = cap;
	}
	struct sp_clip_track_file *f = &list->file[list->n++];
	*f = (struct sp_clip_track_file){.size = 0};
	return f;
}

static void keep_name(
		struct sp_clip_track_list *list, struct sp_clip_track_file *f, struct sp_span name)
{
	if (name.n <= SP_CLIP_TRACK_NAMES - list->names.n && name.n <= NAME_BYTES) {
		f->at = (uint32_t)list->names.n;
		f->n = (uint16_t)name.n;
		sp_wr_span(&list->names, name);
	}
}

/* Another file takes the place of one with a bad name, so that the others keep theirs. */
static void replace(uint8_t *entry, uint32_t index)
{
	struct sp_wr w;
	char name[48];

	snprintf(name, sizeof(name), "refused by the gate %u", (unsigned)index + 1);
	memset(entry, 0, SP_CLIP_FILE_ENTRY);
	entry[0] = HAS_SIZE;
	sp_wr_fixed(&w, entry + AT_NAME, NAME_BYTES);
	sp_utf16_write(&w, name);
}

static struct sp_span cut_at_nul(struct sp_span s)
{
	for (size_t i = 0; i + 2 <= s.n; i += 2) {
		if (s.p[i] == 0 && s.p[i + 1] == 0) {
			return sp_span(s.p, i);
		}
	}
	return s;
}

static int judge_entry(struct sp_clip_track *t)
{
	struct sp_clip_track_list *list = t->passing;
	struct sp_clip_track_file *f;
	struct sp_clip_file file;
	struct sp_rd r;

	if (!list) {
		return SP_OK;
	}
	f = add_file(list);
	if (!f) {
		return SP_ENOMEM;
	}
	uint32_t index = list->n - 1;
	struct sp_span name = cut_at_nul(sp_span(t->entry + AT_NAME, NAME_BYTES));
	sp_rd_init(&r, t->entry, sizeof(t->entry));
	bool read = sp_clip_file_read(&r, &file) == SP_OK;
	keep_name(list, f, name);
	if (sp_wr_ok(&list->names) != SP_OK) {
		return sp_wr_ok(&list->names);
	}
	f->has_size = read && file.has_size;
	f->size = f->has_size ? file.size : 0;
	f->large = f->has_size && f->size > t->limit;
	f->refused = !read || file.fault != SP_NAME_FINE;
	if (f->refused) {
		f->told = true;
		tell(t, list, index, SP_TRANSFER_NAMED_BADLY, f->size);
		replace(t->entry, index);
	}
	return SP_OK;
}

int sp_clip_track_entries(struct sp_clip_track *t, struct sp_span bytes, struct sp_wr *w)
{
	int rc = SP_OK;

	while (rc == SP_OK && t->left > 0 && bytes.n > 0) {
		size_t room = sizeof(t->entry) - t->entry_n;
		size_t n = bytes.n < room ? bytes.n : room;

		memcpy(t->entry + t->entry_n, bytes.p, n);
		t->entry_n += n;
		bytes = sp_span(bytes.p + n, bytes.n - n);
		if (t->entry_n == sizeof(t->entry)) {
			rc = judge_entry(t);
			sp_wr_put(w, t->entry, sizeof(t->entry));
			t->entry_n = 0;
			t->left--;
		}
	}
	if (t->left == 0 && bytes.n > 0) {
		sp_wr_span(w, bytes); /* what Windows sends behind it */
	}
	return rc;
}

/* ---- contents ---- */

static struct sp_clip_track_list *list_of(
		struct sp_clip_track *t, const struct sp_clip_file_request *q)
{
	size_t i = q->has_lock ? find_lock(t, q->lock) : t->n_locks;

	return i < t->n_locks ? t->lock[i].list : t->current;
}

static void refuse(struct sp_clip_track *t, struct sp_clip_track_list *list, uint32_t index,
		enum sp_transfer_verdict verdict, uint64_t n)
{
	struct sp_clip_track_file *f = file_of(list, index);

	if (!f || !f->told) {
		tell(t, list, index, verdict, n);
	}
	if (f) {
		f->told = true;
	}
}

struct sp_clip_track_list *sp_clip_track_ask(
		struct sp_clip_track *t, const struct sp_clip_file_request *q)
{
	struct sp_clip_track_list *list = list_of(t, q);
	const struct sp_clip_track_file *f = file_of(list, q->index);

	if (!list || (list->known && !f)) {
		tell(t, list, q->index, SP_TRANSFER_REFUSED, 0);
		return NULL;
	}
	if (f && f->refused) {
		refuse(t, list, q->index, SP_TRANSFER_NAMED_BADLY, f->size);
		return NULL;
	}
	if (q->flags == SP_CLIP_FILE_RANGE && ((f && f->large) || q->position >= t->limit)) {
		refuse(t, list, q->index, SP_TRANSFER_TOO_LARGE, f ? f->size : q->position);
		return NULL;
	}
	return ref(list);
}

void sp_clip_track_size(struct sp_clip_track *t, struct sp_clip_track_list *list, uint32_t index,
		uint64_t size)
{
	struct sp_clip_track_file *f = file_of(list, index);

	if (f) {
		f->has_size = true;
		f->size = size;
		f->large = size > t->limit;
	}
}

/* The place of a file that is read already, a free one, or that of the one read longest ago. */
static struct sp_clip_track_open *place_of(
		struct sp_clip_track *t, struct sp_clip_track_list *list, uint32_t index)
{
	struct sp_clip_track_open *best = &t->open[0];

	for (size_t i = 0; i < SP_LEN(t->open); i++) {
		struct sp_clip_track_open *o = &t->open[i];

		if (o->list == list && o->index == index) {
			return o;
		}
		if (best->list && (!o->list || o->used < best->used)) {
			best = o;
		}
	}
	if (best->list) {
		close_file(t, best, false);
	}
	return best;
}

static void begin_file(struct sp_clip_track *t, struct sp_clip_track_open *o)
{
	o->n = 0;
	o->in_order = true;
	t->crypto->sha256_begin(&o->hash);
}

struct sp_clip_track_open *sp_clip_track_contents(struct sp_clip_track *t,
		struct sp_clip_track_list *list, uint32_t index, uint64_t position, uint32_t n)
{
	struct sp_clip_track_open *o = place_of(t, list, index);

	if (!o->list) {
		o->list = ref(list);
		o->index = index;
		begin_file(t, o);
	} else if (position == 0 && o->n > 0) {
		close_file(t, o, false); /* read once more */
		o->list = ref(list);
		begin_file(t, o);
	}
	o->used = ++t->clock;
	if (!(n <= t->limit && o->n <= t->limit - n && position <= t->limit - n)) {
		refuse(t, list, index, SP_TRANSFER_TOO_LARGE, o->n + n);
		return NULL;
	}
	if (position != o->n) {
		o->in_order = false;
	}
	return o;
}

void sp_clip_track_data(struct sp_clip_track *t, struct sp_clip_track_open *o, struct sp_span data)
{
	if (data.n > 0 && o->in_order) {
		t->crypto->sha256_add(&o->hash, data);
	}
	o->n += data.n;
}

void sp_clip_track_piece(struct sp_clip_track *t, struct sp_clip_track_open *o, bool end)
{
	const struct sp_clip_track_file *f = file_of(o->list, o->index);
	bool all = f && f->has_size ? o->n == f->size : end;

	if (end || all) {
		close_file(t, o, all);
	}
}

void sp_clip_track_broken(struct sp_clip_track *t, struct sp_clip_track_open *o)
{
	tell(t, o->list, o->index, SP_TRANSFER_DAMAGED, o->n);
	sp_clip_track_unref(o->list);
	o->list = NULL;
	o->n = 0;
}
