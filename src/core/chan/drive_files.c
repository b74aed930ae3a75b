/* core/chan/drive_files.c - the devices, open files and requests of a filter; see drive_filter.h. */
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/chan/drive_filter_part.h"
#include "core/chan/wire_name.h"

/* ---- devices ---- */

const struct sp_drive_known *sp_drive_known_find(const struct sp_drive_filter *f, uint32_t id)
{
	for (size_t i = 0; i < f->n_devices; i++) {
		if (f->device[i].id == id) {
			return &f->device[i];
		}
	}
	return NULL;
}

bool sp_drive_known_files(const struct sp_drive_filter *f, uint32_t id)
{
	const struct sp_drive_known *d = sp_drive_known_find(f, id);

	return d && d->type == SP_DRIVE_TYPE_FILES;
}

void sp_drive_known_drop(struct sp_drive_filter *f, size_t at)
{
	sp_free(f->device[at].odd);
	f->device[at] = f->device[--f->n_devices];
}

/* ---- odd names ---- */

static uint64_t key_of(const struct sp_drive_filter *f, struct sp_span part)
{
	uint8_t hash[SP_SHA256_SIZE];
	uint64_t key;

	part = sp_wire_name_cut(part);
	f->crypto->sha256(&part, 1, hash);
	memcpy(&key, hash, sizeof(key));
	return key;
}

static bool holds(const struct sp_drive_odd *odd, uint64_t key)
{
	for (size_t i = 0; odd && i < odd->n; i++) {
		if (odd->name[i] == key) {
			return true;
		}
	}
	return false;
}

int sp_drive_odd_add(struct sp_drive_filter *f, uint32_t device, struct sp_span part)
{
	uint64_t key = key_of(f, part);

	for (size_t i = 0; i < f->n_devices; i++) {
		struct sp_drive_known *d = &f->device[i];

		if (d->id != device || holds(d->odd, key)) {
			continue;
		}
		if (!d->odd) {
			d->odd = sp_calloc(1, sizeof(*d->odd));
		}
		if (!d->odd) {
			return SP_ENOMEM;
		}
		d->odd->name[d->odd->next] = key;
		d->odd->next = (d->odd->next + 1) % SP_DRIVE_ODD_MAX;
		d->odd->n += d->odd->n < SP_DRIVE_ODD_MAX;
	}
	return SP_OK;
}

bool sp_drive_odd_known(const struct sp_drive_filter *f, uint32_t device, struct sp_span part)
{
	const struct sp_drive_known *d = sp_drive_known_find(f, device);

	return d && d->odd && holds(d->odd, key_of(f, part));
}

/* ---- events ---- */

/* "DEVICE/name", cut at a character. */
static void put_device(char name[SP_TRANSFER_NAME], const char *device, const char *between)
{
	size_t n = strlen(device), m = strlen(between), len = strlen(name);

	if (!(n + m < SP_TRANSFER_NAME)) {
		return;
	}
	if (!(n + m + len < SP_TRANSFER_NAME)) {
		len = SP_TRANSFER_NAME - 1 - n - m;
		while (len > 0 && ((unsigned char)name[len] & 0xC0) == 0x80) {
			len--;
		}
	}
	memmove(name + n + m, name, len);
	memcpy(name, device, n);
	memcpy(name + n, between, m);
	name[n + m + len] = '\0';
}

struct sp_transfer *sp_drive_tell(struct sp_drive_filter *f, enum sp_side to,
		enum sp_transfer_kind kind, enum sp_transfer_verdict verdict, uint32_t device,
		const struct sp_span *path)
{
	struct sp_transfer *t = sp_transfers_add(&f->told);
	const struct sp_drive_known *d = sp_drive_known_find(f, device);

	t->channel = SP_TRANSFER_DRIVES;
	t->to = to;
	t->kind = kind;
	t->verdict = verdict;
	if (path) {
		sp_transfer_named(t, *path, true);
	}
	if (d && t->name[0] != '\0') {
		put_device(t->name, d->name, "/");
	}
	if (d && path) {
		bool rooted = t->sent[0] == '\\' || t->sent[0] == '/';

		put_device(t->sent, d->name, rooted || t->sent[0] == '\0' ? "" : "\\");
	}
	return t;
}

void sp_drive_tell_large(struct sp_drive_filter *f, const struct sp_drive_ask *ask, enum sp_side to,
		uint64_t n)
{
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);

	if (!o || o->told_large) {
		return;
	}
	struct sp_span path = sp_span(o->path->p, o->path->n);
	o->told_large = true;
	sp_drive_tell(f, to, SP_TRANSFER_FILE, SP_TRANSFER_TOO_LARGE, ask->device, &path)->n = n;
}

/* ---- files ---- */

struct sp_drive_path *sp_drive_path_make(struct sp_span utf16)
{
	struct sp_drive_path *path = sp_malloc(sizeof(*path) + utf16.n);

	if (path) {
		path->n = utf16.n;
		if (utf16.n > 0) {
			memcpy(path->p, utf16.p, utf16.n);
		}
	}
	return path;
}

static struct sp_drive_slot *find(struct sp_drive_filter *f, uint32_t device, uint32_t file)
{
	struct sp_drive_slot *s = &f->slot[f->last];

	if (f->last < f->n_open && s->device == device && s->file == file) {
		return s;
	}
	for (size_t i = 0; i < f->n_open; i++) {
		if (f->slot[i].device == device && f->slot[i].file == file) {
			f->last = i;
			return &f->slot[i];
		}
	}
	return NULL;
}

struct sp_drive_open *sp_drive_open_find(struct sp_drive_filter *f, uint32_t device, uint32_t file)
{
	struct sp_drive_slot *s = find(f, device, file);

	return s ? s->open : NULL;
}

int sp_drive_open_add(struct sp_drive_filter *f, struct sp_drive_ask *ask, uint32_t file)
{
	sp_drive_open_close(f, ask->device, file); /* the client uses its number again */
	if (f->n_open == SP_DRIVE_MAX_OPEN) {
		return SP_ELIMIT;
	}
	struct sp_drive_open *o = sp_calloc(1, sizeof(*o));
	if (!o) {
		return SP_ENOMEM;
	}
	o->path = ask->path;
	ask->path = NULL;
	o->fresh = ask->fresh;
	o->read.in_order = o->write.in_order = true;
	f->crypto->sha256_begin(&o->read.hash);
	f->crypto->sha256_begin(&o->write.hash);
	f->slot[f->n_open++] =
			(struct sp_drive_slot){.device = ask->device, .file = file, .open = o};
	return SP_OK;
}

static void tell_flow(struct sp_drive_filter *f, enum sp_side to, uint32_t device,
		struct sp_drive_open *o, struct sp_drive_flow *w, bool whole)
{
	struct sp_span path = sp_span(o->path->p, o->path->n);
	struct sp_transfer *t =
			sp_drive_tell(f, to, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, device, &path);

	t->n = w->n;
	if (whole && w->in_order) {
		t->has_sha256 = true;
		f->crypto->sha256_end(&w->hash, t->sha256);
	}
}

static void tell_open(struct sp_drive_filter *f, uint32_t device, struct sp_drive_open *o)
{
	if (o->read.n > 0) {
		tell_flow(f, SP_SIDE_TARGET, device, o, &o->read,
				o->has_size ? o->read.at == o->size : o->at_end);
	}
	if (o->write.n > 0 || o->fresh) {
		tell_flow(f, SP_SIDE_CLIENT, device, o, &o->write,
				o->has_end ? o->write.at == o->end : o->fresh);
	}
}

static void drop(struct sp_drive_filter *f, size_t i)
{
	struct sp_drive_slot s = f->slot[i];

	tell_open(f, s.device, s.open);
	f->slot[i] = f->slot[--f->n_open];
	sp_free(s.open->path);
	sp_free(s.open);
}

void sp_drive_open_close(struct sp_drive_filter *f, uint32_t device, uint32_t file)
{
	struct sp_drive_slot *s = find(f, device, file);

	if (s) {
		drop(f, (size_t)(s - f->slot));
	}
}

void sp_drive_open_close_device(struct sp_drive_filter *f, uint32_t device)
{
	for (size_t i = f->n_open; i > 0; i--) {
		if (f->slot[i - 1].device == device) {
			drop(f, i - 1);
		}
	}
}

void sp_drive_open_close_all(struct sp_drive_filter *f)
{
	while (f->n_open > 0) {
		drop(f, f->n_open - 1);
	}
}

void sp_drive_flow_begin(struct sp_drive_flow *w, uint64_t offset, size_t n)
{
	if (n > 0 && offset != w->at) {
		w->in_order = false;
	}
	if (n > 0) {
		w->at = offset;
	}
}

void sp_drive_flow_data(struct sp_drive_filter *f, struct sp_drive_flow *w, struct sp_span data)
{
	if (data.n > 0 && w->in_order) {
		f->crypto->sha256_add(&w->hash, data);
	}
	w->n += data.n;
	w->at += data.n;
}

/* ---- requests ---- */

static size_t find_ask(const struct sp_drive_filter *f, uint32_t device, uint32_t completion)
{
	size_t i = 0;

	while (i < f->n_asks &&
			!(f->ask[i].device == device && f->ask[i].completion == completion)) {
		i++;
	}
	return i;
}

bool sp_drive_ask_waits(const struct sp_drive_filter *f, uint32_t device, uint32_t completion)
{
	return find_ask(f, device, completion) < f->n_asks;
}

bool sp_drive_ask_take(struct sp_drive_filter *f, uint32_t device, uint32_t completion,
		struct sp_drive_ask *out)
{
	size_t i = find_ask(f, device, completion);

	if (i == f->n_asks) {
		return false;
	}
	*out = f->ask[i];
	f->ask[i] = f->ask[--f->n_asks];
	return true;
}

void sp_drive_ask_free(struct sp_drive_ask *ask)
{
	sp_free(ask->path);
	ask->path = NULL;
}
