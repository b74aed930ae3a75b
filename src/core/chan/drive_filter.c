/* core/chan/drive_filter.c - see drive_filter.h. */
#include "core/chan/drive_filter.h"

#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/chan/drive_filter_part.h"
#include "core/chan/drive_info.h"
#include "core/chan/wire_name.h"

#define WRITE_HEAD 56 /* of a write, up to its data */
#define READ_HEAD 20 /* of what completes a read, up to its data */
#define PAD 8 /* bytes that may follow the data */
#define AT_DISPOSITION 44 /* in a create request */
#define FAILED_MAX 64 /* bytes of a failure that passes as it is */
#define DATA_MAX SP_SIEVE_SMALL_MAX
#define DOTS_BYTES 4 /* of "..", which every list has */
#define NOTIFY_ENUM_DIR 0x0000010Cu /* STATUS_NOTIFY_ENUM_DIR: look for yourself */

static const struct sp_sieve_impl impl;

void sp_drive_filter_init(struct sp_drive_filter *f, const struct sp_drive_rules *rules,
		const struct sp_crypto *crypto)
{
	memset(f, 0, sizeof(*f));
	f->rules = *rules;
	f->crypto = crypto;
	sp_sieve_init(&f->sieve, &impl, f, SP_DRIVE_START);
	sp_wr_init(&f->work, SP_SIEVE_SMALL_MAX);
}

void sp_drive_filter_stop(struct sp_drive_filter *f)
{
	sp_drive_open_close_all(f);
	while (f->n_asks > 0) {
		sp_drive_ask_free(&f->ask[--f->n_asks]);
	}
	while (f->n_devices > 0) {
		sp_drive_known_drop(f, f->n_devices - 1);
	}
}

void sp_drive_filter_finish(struct sp_drive_filter *f)
{
	if (!f->sieve.impl) {
		return;
	}
	sp_drive_filter_stop(f);
	sp_sieve_finish(&f->sieve);
	if (f->work.p) {
		sp_wipe(f->work.p, f->work.cap);
	}
	sp_wr_finish(&f->work);
	f->sieve.impl = NULL;
}

bool sp_drive_filter_next(struct sp_drive_filter *f, struct sp_sieve_out *out)
{
	return sp_sieve_next(&f->sieve, out);
}

bool sp_drive_filter_event(struct sp_drive_filter *f, struct sp_transfer *ev)
{
	return sp_transfers_next(&f->told, ev);
}

/* ---- answers of ours ---- */

static void say_failed(struct sp_drive_filter *f, const struct sp_drive_ask *ask, uint32_t status)
{
	struct sp_drive_io_request q = {.device = ask->device,
			.file = ask->file,
			.completion = ask->completion,
			.major = ask->major,
			.minor = ask->minor};

	sp_wr_reset(&f->work);
	sp_drive_io_failed_write(&f->work, &q, status);
	if (sp_wr_ok(&f->work) != SP_OK) {
		sp_sieve_fail(&f->sieve, sp_wr_ok(&f->work));
		return;
	}
	sp_sieve_say(&f->sieve, SP_SIDE_TARGET, sp_span(f->work.p, f->work.n));
}

static void say_reply(struct sp_drive_filter *f, uint32_t device, uint32_t status)
{
	uint8_t buf[32];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_head_write(&w, SP_DRIVE_DEVICE_REPLY);
	sp_drive_reply_write(&w, &(struct sp_drive_reply){.device = device, .status = status});
	sp_sieve_say(&f->sieve, SP_SIDE_CLIENT, sp_span(buf, w.n));
}

/* ---- devices ---- */

/* A name that people see, and that the target may make a folder of. */
static bool good_name(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
			strchr(name, '/') == NULL && strchr(name, '\\') == NULL &&
			strchr(name, '?') == NULL;
}

static bool take_device(struct sp_drive_filter *f, const struct sp_drive_device *d)
{
	char name[SP_DRIVE_MAX_NAME];
	bool files = d->type == SP_DRIVE_TYPE_FILES;
	enum sp_transfer_verdict verdict = SP_TRANSFER_PASSED;

	sp_drive_device_text(d, name);
	sp_log_clean(name); /* controls are '?' now */
	if (files ? !f->rules.read : !f->rules.other) {
		verdict = SP_TRANSFER_REFUSED;
	} else if (files && !good_name(name)) {
		verdict = SP_TRANSFER_NAMED_BADLY;
	} else if (sp_drive_known_find(f, d->id) || f->n_devices == SP_DRIVE_MAX_DEVICES) {
		verdict = SP_TRANSFER_DAMAGED;
	}
	struct sp_transfer *t =
			sp_drive_tell(f, SP_SIDE_TARGET, SP_TRANSFER_DEVICE, verdict, d->id, NULL);
	memcpy(t->name, name, strlen(name) + 1);
	memcpy(t->sent, name, strlen(name) + 1);
	if (verdict == SP_TRANSFER_PASSED) {
		struct sp_drive_known *k = &f->device[f->n_devices++];

		*k = (struct sp_drive_known){.id = d->id, .type = d->type};
		memcpy(k->name, name, sizeof(k->name));
	} else if (verdict != SP_TRANSFER_DAMAGED) {
		say_reply(f, d->id, SP_DRIVE_ACCESS_DENIED);
	}
	return verdict == SP_TRANSFER_PASSED;
}

static void devices(struct sp_drive_filter *f, struct sp_rd *body)
{
	struct sp_drive_device d;
	uint32_t n, passed = 0;

	if (sp_drive_count_read(body, &n) != SP_OK) {
		return;
	}
	sp_wr_reset(&f->work);
	sp_drive_head_write(&f->work, SP_DRIVE_DEVICES);
	size_t mark = sp_wr_hole(&f->work, 4 /* DeviceCount */);
	for (uint32_t i = 0; i < n && sp_drive_device_read(body, &d) == SP_OK; i++) {
		if (take_device(f, &d)) {
			sp_drive_device_write(&f->work, &d);
			passed++;
		}
	}
	sp_wr_fill_le32(&f->work, mark, passed);
	if (sp_wr_ok(&f->work) != SP_OK) {
		sp_sieve_fail(&f->sieve, sp_wr_ok(&f->work));
	} else if (passed > 0 || n == 0) {
		sp_sieve_put(&f->sieve, SP_SIDE_TARGET, sp_span(f->work.p, f->work.n));
	}
}

/* What waits for a device that is gone has its answer now; a late one is dropped. */
static void fail_device(struct sp_drive_filter *f, uint32_t id)
{
	for (size_t i = f->n_asks; i > 0; i--) {
		if (f->ask[i - 1].device == id) {
			struct sp_drive_ask ask = f->ask[i - 1];

			f->ask[i - 1] = f->ask[--f->n_asks];
			say_failed(f, &ask, SP_DRIVE_DEVICE_REMOVED);
			sp_drive_ask_free(&ask);
		}
	}
	sp_drive_open_close_device(f, id);
}

static void remove_devices(struct sp_drive_filter *f, struct sp_rd *body)
{
	uint32_t n, id, removed = 0;
	uint32_t gone[SP_DRIVE_MAX_DEVICES];

	if (sp_drive_count_read(body, &n) != SP_OK) {
		return;
	}
	for (uint32_t i = 0; i < n && sp_drive_id_read(body, &id) == SP_OK; i++) {
		const struct sp_drive_known *d = sp_drive_known_find(f, id);

		if (d) {
			fail_device(f, id);
			sp_drive_known_drop(f, (size_t)(d - f->device));
			gone[removed++] = id;
		}
	}
	if (removed == 0) {
		return;
	}
	sp_wr_reset(&f->work);
	sp_drive_head_write(&f->work, SP_DRIVE_DEVICES_REMOVE);
	sp_drive_u32_write(&f->work, removed);
	for (uint32_t i = 0; i < removed; i++) {
		sp_drive_u32_write(&f->work, gone[i]);
	}
	if (sp_wr_ok(&f->work) != SP_OK) {
		sp_sieve_fail(&f->sieve, sp_wr_ok(&f->work));
		return;
	}
	sp_sieve_put(&f->sieve, SP_SIDE_TARGET, sp_span(f->work.p, f->work.n));
}

static bool reply(struct sp_drive_filter *f, struct sp_rd *body)
{
	struct sp_drive_reply r;

	return sp_drive_reply_read(body, &r) == SP_OK && sp_drive_known_find(f, r.device);
}

/* ---- requests ---- */

/* Remembers one that passes; false without memory. */
static bool wait_for(
		struct sp_drive_filter *f, struct sp_drive_ask *ask, const struct sp_span *path)
{
	if (path) {
		ask->path = sp_drive_path_make(*path);
		if (!ask->path) {
			sp_sieve_fail(&f->sieve, SP_ENOMEM);
			return false;
		}
	}
	f->ask[f->n_asks++] = *ask;
	return true;
}

/* What holds for any request: false when it was answered, or cannot be. */
static bool may_ask(struct sp_drive_filter *f, const struct sp_drive_ask *ask)
{
	if (sp_drive_ask_waits(f, ask->device, ask->completion)) {
		return false; /* the first one has the number, and is answered */
	}
	if (!sp_drive_known_find(f, ask->device)) {
		say_failed(f, ask, SP_DRIVE_NO_SUCH_DEVICE);
		return false;
	}
	if (f->n_asks == SP_DRIVE_MAX_PENDING) {
		say_failed(f, ask, SP_DRIVE_NO_RESOURCES);
		return false;
	}
	return true;
}

static struct sp_drive_ask ask_of(const struct sp_drive_io_request *q)
{
	return (struct sp_drive_ask){.device = q->device,
			.file = q->file,
			.completion = q->completion,
			.major = (uint8_t)q->major,
			.minor = (uint8_t)q->minor};
}

/* Its last part is the new name, which the file has when the client says so. */
static bool rename_path(const struct sp_drive_io_request *q, struct sp_span *path)
{
	struct sp_drive_info_rename name;
	struct sp_rd r;

	if (q->major != SP_DRIVE_IO_SET_INFO || q->info.class != SP_DRIVE_INFO_RENAME) {
		return false;
	}
	sp_rd_init(&r, q->info.buffer.p, q->info.buffer.n);
	if (sp_drive_info_rename_read(&r, &name) != SP_OK) {
		return false;
	}
	*path = name.path;
	return true;
}

static void pass_request(struct sp_drive_filter *f, const struct sp_drive_io_request *q,
		struct sp_drive_ask *ask, struct sp_span whole, enum sp_drive_say say)
{
	struct sp_span path;
	bool named = true;

	if (q->major == SP_DRIVE_IO_CREATE) {
		path = q->create.path;
	} else {
		named = rename_path(q, &path);
	}
	if (!wait_for(f, ask, named ? &path : NULL)) {
		return;
	}
	if (say == SP_DRIVE_PASS_OPEN) {
		sp_wr_reset(&f->work);
		sp_wr_span(&f->work, whole);
		if (sp_wr_ok(&f->work) != SP_OK) {
			sp_sieve_fail(&f->sieve, sp_wr_ok(&f->work));
			return;
		}
		f->work.p[AT_DISPOSITION] = SP_DRIVE_IO_OPEN;
		whole = sp_span(f->work.p, f->work.n);
	}
	sp_sieve_put(&f->sieve, SP_SIDE_CLIENT, whole);
}

static void request(struct sp_drive_filter *f, struct sp_span whole, struct sp_rd *body)
{
	struct sp_drive_io_request q;
	uint32_t status;
	int rc = sp_drive_io_request_read(body, &q);

	if (rc != SP_OK && q.major > 0xFF) {
		return; /* nobody knows what it was to be called */
	}
	struct sp_drive_ask ask = ask_of(&q);
	if (!may_ask(f, &ask)) {
		return;
	}
	if (!sp_drive_known_files(f, q.device)) {
		if (wait_for(f, &ask, NULL)) {
			sp_sieve_put(&f->sieve, SP_SIDE_CLIENT, whole);
		}
		return;
	}
	if (rc != SP_OK) {
		say_failed(f, &ask,
				rc == SP_EPROTO ? SP_DRIVE_NOT_SUPPORTED
						: SP_DRIVE_INVALID_PARAMETER);
		return;
	}
	enum sp_drive_say say = sp_drive_judge(f, &q, &ask, &status);
	if (say == SP_DRIVE_ANSWER) {
		say_failed(f, &ask, status);
	} else {
		pass_request(f, &q, &ask, whole, say);
	}
}

/* The numbers of a request, from its first bytes; false when they are not there. */
static bool read_ask(struct sp_span start, struct sp_drive_ask *ask)
{
	struct sp_rd r;

	sp_rd_init(&r, start.p, start.n);
	sp_rd_skip(&r, SP_DRIVE_HEAD);
	*ask = (struct sp_drive_ask){.device = sp_rd_le32(&r)};
	ask->file = sp_rd_le32(&r);
	ask->completion = sp_rd_le32(&r);
	uint32_t major = sp_rd_le32(&r), minor = sp_rd_le32(&r);
	ask->major = (uint8_t)major;
	ask->minor = (uint8_t)minor;
	if (sp_rd_ok(&r) != SP_OK || !(major <= 0xFF)) {
		return false;
	}
	if (major == SP_DRIVE_IO_WRITE) {
		ask->n = sp_rd_le32(&r);
		ask->offset = sp_rd_le64(&r);
	}
	return true;
}

static enum sp_sieve_mode judge_write(
		struct sp_drive_filter *f, struct sp_drive_ask *ask, uint32_t total)
{
	uint32_t status = SP_DRIVE_INVALID_PARAMETER;
	enum sp_drive_say say = SP_DRIVE_ANSWER;
	uint64_t whole = (uint64_t)WRITE_HEAD + ask->n;

	if (!may_ask(f, ask)) {
		return SP_SIEVE_SKIP;
	}
	if (whole <= total && total <= whole + PAD) {
		say = sp_drive_known_files(f, ask->device) ? sp_drive_judge_write(f, ask, &status)
							   : SP_DRIVE_PASS;
	}
	if (say == SP_DRIVE_ANSWER) {
		say_failed(f, ask, status);
		return SP_SIEVE_SKIP;
	}
	if (!wait_for(f, ask, NULL)) {
		return SP_SIEVE_SKIP;
	}
	f->writing = *ask;
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);
	if (o) {
		sp_drive_flow_begin(&o->write, ask->offset, ask->n);
	}
	return SP_SIEVE_STREAM;
}

static enum sp_sieve_mode judge_request(
		struct sp_drive_filter *f, struct sp_span start, uint32_t total)
{
	struct sp_drive_ask ask;

	if (!read_ask(start, &ask)) {
		return SP_SIEVE_SKIP;
	}
	if (ask.major == SP_DRIVE_IO_WRITE && total >= WRITE_HEAD) {
		return judge_write(f, &ask, total);
	}
	if (total <= SP_SIEVE_SMALL_MAX) {
		return SP_SIEVE_GATHER;
	}
	if (may_ask(f, &ask)) {
		say_failed(f, &ask, SP_DRIVE_INVALID_PARAMETER);
	}
	return SP_SIEVE_SKIP;
}

/* ---- completions ---- */

static enum sp_sieve_mode judge_read(struct sp_drive_filter *f, struct sp_span start,
		uint32_t total, struct sp_drive_ask *ask)
{
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);
	struct sp_rd r;

	sp_rd_init(&r, start.p, start.n);
	sp_rd_skip(&r, READ_HEAD - 4);
	uint32_t n = sp_rd_le32(&r);
	uint64_t whole = (uint64_t)READ_HEAD + n;
	bool drive = sp_drive_known_files(f, ask->device);

	if (sp_rd_ok(&r) != SP_OK || !(n <= ask->n) || !(whole <= total && total <= whole + PAD)) {
		say_failed(f, ask, SP_DRIVE_IO_ERROR);
		return SP_SIEVE_SKIP;
	}
	if (drive && !o) {
		say_failed(f, ask, SP_DRIVE_FILE_CLOSED);
		return SP_SIEVE_SKIP;
	}
	if (o && f->rules.limit != 0 && ask->offset + n > f->rules.limit) {
		sp_drive_tell_large(f, ask, SP_SIDE_TARGET, ask->offset + n);
		say_failed(f, ask, SP_DRIVE_ACCESS_DENIED);
		return SP_SIEVE_SKIP;
	}
	if (o) {
		sp_drive_flow_begin(&o->read, ask->offset, n);
		o->at_end = o->at_end || n < ask->n;
	}
	f->reading = *ask;
	f->reading.n = n;
	return SP_SIEVE_STREAM;
}

static enum sp_sieve_mode judge_completion(
		struct sp_drive_filter *f, struct sp_span start, uint32_t total)
{
	struct sp_drive_io_completion c;
	struct sp_drive_ask ask;
	struct sp_rd r;

	sp_rd_init(&r, start.p, start.n);
	sp_rd_skip(&r, SP_DRIVE_HEAD);
	if (sp_drive_io_completion_read(&r, &c) != SP_OK ||
			!sp_drive_ask_waits(f, c.device, c.completion)) {
		return SP_SIEVE_SKIP; /* nobody has asked, or has the answer */
	}
	for (size_t i = 0; i < f->n_asks; i++) {
		const struct sp_drive_ask *a = &f->ask[i];

		if (a->device == c.device && a->completion == c.completion &&
				a->major == SP_DRIVE_IO_READ && c.status == SP_DRIVE_OK) {
			ask = *a;
			f->ask[i] = f->ask[--f->n_asks];
			return judge_read(f, start, total, &ask);
		}
	}
	if (total <= SP_SIEVE_SMALL_MAX) {
		return SP_SIEVE_GATHER;
	}
	if (sp_drive_ask_take(f, c.device, c.completion, &ask)) {
		say_failed(f, &ask, SP_DRIVE_IO_ERROR);
		sp_drive_ask_free(&ask);
	}
	return SP_SIEVE_SKIP;
}

static void created(struct sp_drive_filter *f, struct sp_drive_ask *ask, struct sp_span whole,
		struct sp_rd *body)
{
	struct sp_drive_io_created_file c;
	struct sp_span path = sp_span(ask->path->p, ask->path->n);

	if (sp_drive_io_created_read(body, &c) != SP_OK) {
		say_failed(f, ask, SP_DRIVE_IO_ERROR);
		return;
	}
	if (ask->made || ask->remove) {
		sp_drive_tell(f, SP_SIDE_CLIENT,
				ask->remove ? SP_TRANSFER_REMOVE : SP_TRANSFER_OPEN,
				SP_TRANSFER_PASSED, ask->device, &path);
	}
	int rc = sp_drive_open_add(f, ask, c.file);
	if (rc == SP_ENOMEM) {
		sp_sieve_fail(&f->sieve, rc);
	} else if (rc != SP_OK) {
		/* The client keeps it open; it had more than this many before. */
		say_failed(f, ask, SP_DRIVE_TOO_MANY_FILES);
	} else {
		sp_sieve_put(&f->sieve, SP_SIDE_TARGET, whole);
	}
}

/* What was set, of what is told of a file. */
static void set(struct sp_drive_filter *f, struct sp_drive_ask *ask)
{
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);

	if (!o) {
		return;
	}
	struct sp_span path = sp_span(o->path->p, o->path->n);
	if (ask->class == SP_DRIVE_INFO_END_OF_FILE) {
		o->has_end = true;
		o->end = ask->offset;
	} else if (ask->class == SP_DRIVE_INFO_DISPOSITION && ask->remove) {
		sp_drive_tell(f, SP_SIDE_CLIENT, SP_TRANSFER_REMOVE, SP_TRANSFER_PASSED,
				ask->device, &path);
	} else if (ask->class == SP_DRIVE_INFO_RENAME && ask->path) {
		struct sp_transfer next = {.sent = ""};
		struct sp_transfer *t = sp_drive_tell(f, SP_SIDE_CLIENT, SP_TRANSFER_RENAME,
				SP_TRANSFER_PASSED, ask->device, &path);

		sp_transfer_named(&next, sp_span(ask->path->p, ask->path->n), true);
		memcpy(t->next, next.name, sizeof(t->next));
		sp_free(o->path);
		o->path = ask->path;
		ask->path = NULL;
	}
}

static void written(struct sp_drive_filter *f, const struct sp_drive_ask *ask, struct sp_span whole,
		struct sp_rd *body)
{
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);
	uint32_t n;

	if (sp_drive_io_length_read(body, &n) != SP_OK || !(n <= ask->n)) {
		n = 0;
		say_failed(f, ask, SP_DRIVE_IO_ERROR);
	} else {
		sp_sieve_put(&f->sieve, SP_SIDE_TARGET, whole);
	}
	if (o && n < ask->n) {
		o->write.in_order = false; /* not what was hashed */
	}
}

/* Whether there is something of it to show: none is empty on any system, or longer on Windows. */
static bool has_name(const struct sp_drive_info_entry *e)
{
	size_t n = sp_wire_name_cut(e->name).n;

	return 0 < n && n / 2 <= SP_WIRE_FILE_UNITS;
}

/* A name in a list of names: what no system can have in one is made harmless, as long as it was. */
static void mend(uint8_t *name, size_t n)
{
	for (size_t i = 0; i + 2 <= n; i += 2) {
		unsigned c = name[i] | (unsigned)name[i + 1] << 8;

		if (c < 0x20 || c == '/' || c == '\\' || (0x7F <= c && c < 0xA0) || c == 0x2028 ||
				c == 0x2029 || (0xD800 <= c && c < 0xE000)) {
			name[i] = '_';
			name[i + 1] = 0;
		}
	}
}

/* The completion without the entries that have no name; "." if none is left, for there must be one. */
static void say_rest(struct sp_drive_filter *f, uint32_t class, struct sp_span whole, size_t head)
{
	struct sp_drive_info_entry e,
			dot = {.attributes = SP_DRIVE_INFO_IS_DIRECTORY,
					.name = sp_span((const uint8_t *)".\0", 2)};
	size_t last = SIZE_MAX;
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_init(&w, 2 * SP_SIEVE_SMALL_MAX);
	sp_wr_span(&w, sp_span(whole.p, head - 4));
	size_t length = sp_wr_hole(&w, 4);
	sp_rd_init(&r, whole.p + head, whole.n - head);
	while (sp_drive_info_entry_read(&r, class, &e) == 1) {
		if (!has_name(&e)) {
			continue;
		}
		if (last != SIZE_MAX) {
			sp_wr_zero(&w, -(w.n - head) % 8);
			sp_wr_fill_le32(&w, last, (uint32_t)(w.n - last));
		}
		last = w.n;
		sp_drive_info_entry_write(&w, class, &e);
	}
	if (last == SIZE_MAX) {
		sp_drive_info_entry_write(&w, class, &dot);
	}
	sp_wr_fill_le32(&w, length, (uint32_t)(w.n - head));
	if (sp_wr_ok(&w) == SP_OK) {
		sp_sieve_put(&f->sieve, SP_SIDE_TARGET, sp_span(w.p, w.n));
	} else {
		sp_sieve_fail(&f->sieve, sp_wr_ok(&w));
	}
	sp_wr_finish(&w);
}

/* False when the list cannot be read. */
static bool entries(struct sp_drive_filter *f, const struct sp_drive_ask *ask, struct sp_span whole,
		struct sp_span buffer)
{
	char text[SP_WIRE_NAME_TEXT];
	struct sp_drive_info_entry e;
	bool nameless = false;
	struct sp_rd r;
	int rc;

	sp_wr_reset(&f->work);
	sp_wr_span(&f->work, whole);
	if (sp_wr_ok(&f->work) != SP_OK) {
		sp_sieve_fail(&f->sieve, sp_wr_ok(&f->work));
		return true;
	}
	sp_rd_init(&r, buffer.p, buffer.n);
	while ((rc = sp_drive_info_entry_read(&r, ask->class, &e)) == 1) {
		enum sp_name_fault fault = sp_wire_name_read_part(e.name, text);

		bool dots = fault == SP_NAME_DOTS && e.name.n <= DOTS_BYTES;
		bool odd = fault != SP_NAME_FINE &&
				sp_wire_file_read(e.name, text) == SP_WIRE_FILE_RAW;

		if (odd && sp_drive_odd_add(f, ask->device, e.name) != SP_OK) {
			sp_sieve_fail(&f->sieve, SP_ENOMEM);
			return true;
		}
		if (odd || dots || !sp_name_harmful(fault)) {
			continue;
		}
		sp_drive_tell(f, SP_SIDE_TARGET, SP_TRANSFER_OPEN, SP_TRANSFER_NAMED_BADLY,
				ask->device, &e.name);
		nameless = nameless || !has_name(&e);
		mend(f->work.p + (e.name.p - whole.p), e.name.n);
	}
	if (rc < 0) {
		return false;
	}
	if (nameless) {
		size_t head = (size_t)(buffer.p - whole.p);

		say_rest(f, ask->class, sp_span(f->work.p, head + buffer.n), head);
	} else {
		sp_sieve_put(&f->sieve, SP_SIDE_TARGET, sp_span(f->work.p, f->work.n));
	}
	return true;
}

static bool good_changes(struct sp_span buffer)
{
	char text[SP_WIRE_NAME_TEXT];
	struct sp_drive_info_change c;
	struct sp_rd r;
	int rc;

	sp_rd_init(&r, buffer.p, buffer.n);
	while ((rc = sp_drive_info_change_read(&r, &c)) == 1) {
		if (sp_name_harmful(sp_wire_name_read(c.name, text))) {
			return false;
		}
	}
	return rc == 0;
}

static void told(struct sp_drive_filter *f, const struct sp_drive_ask *ask, struct sp_span whole,
		struct sp_rd *body)
{
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);
	struct sp_drive_info_standard standard;
	struct sp_span buffer;
	struct sp_rd r;

	if (sp_drive_io_data_read(body, ask->major == SP_DRIVE_IO_CONTROL ? ask->n : DATA_MAX,
			    &buffer) != SP_OK) {
		say_failed(f, ask, SP_DRIVE_IO_ERROR);
		return;
	}
	if (ask->major == SP_DRIVE_IO_DIRECTORY && ask->minor == SP_DRIVE_IO_NOTIFY) {
		if (!good_changes(buffer)) {
			say_failed(f, ask, NOTIFY_ENUM_DIR);
			return;
		}
	} else if (ask->major == SP_DRIVE_IO_DIRECTORY) {
		if (!entries(f, ask, whole, buffer)) {
			say_failed(f, ask, SP_DRIVE_IO_ERROR);
		}
		return;
	} else if (ask->major == SP_DRIVE_IO_QUERY_INFO && o &&
			ask->class == SP_DRIVE_INFO_STANDARD) {
		sp_rd_init(&r, buffer.p, buffer.n);
		if (sp_drive_info_standard_read(&r, &standard) == SP_OK && o->write.n == 0) {
			o->has_size = true;
			o->size = standard.size;
		}
	}
	sp_sieve_put(&f->sieve, SP_SIDE_TARGET, whole);
}

static void done(struct sp_drive_filter *f, struct sp_drive_ask *ask, struct sp_span whole,
		struct sp_rd *body)
{
	switch (ask->major) {
	case SP_DRIVE_IO_CREATE:
		created(f, ask, whole, body);
		return;
	case SP_DRIVE_IO_WRITE:
		written(f, ask, whole, body);
		return;
	case SP_DRIVE_IO_QUERY_INFO:
	case SP_DRIVE_IO_QUERY_VOLUME:
	case SP_DRIVE_IO_DIRECTORY:
	case SP_DRIVE_IO_CONTROL:
		told(f, ask, whole, body);
		return;
	case SP_DRIVE_IO_SET_INFO:
		set(f, ask);
		break;
	case SP_DRIVE_IO_CLOSE:
		sp_drive_open_close(f, ask->device, ask->file);
		break;
	default:
		break;
	}
	sp_sieve_put(&f->sieve, SP_SIDE_TARGET, whole);
}

static void failed(struct sp_drive_filter *f, const struct sp_drive_ask *ask, struct sp_span whole,
		uint32_t status)
{
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);

	if (o && ask->major == SP_DRIVE_IO_WRITE) {
		o->write.in_order = false;
	} else if (o && ask->major == SP_DRIVE_IO_READ && status == SP_DRIVE_END_OF_FILE) {
		o->at_end = true;
	} else if (ask->major == SP_DRIVE_IO_CLOSE) {
		sp_drive_open_close(f, ask->device, ask->file);
	}
	if (whole.n <= FAILED_MAX) {
		sp_sieve_put(&f->sieve, SP_SIDE_TARGET, whole);
	} else {
		say_failed(f, ask, status);
	}
}

static void completion(struct sp_drive_filter *f, struct sp_span whole, struct sp_rd *body)
{
	struct sp_drive_io_completion c;
	struct sp_drive_ask ask;

	if (sp_drive_io_completion_read(body, &c) != SP_OK ||
			!sp_drive_ask_take(f, c.device, c.completion, &ask)) {
		return;
	}
	if (c.status != SP_DRIVE_OK) {
		failed(f, &ask, whole, c.status);
	} else if (sp_drive_known_files(f, c.device)) {
		done(f, &ask, whole, body);
	} else {
		sp_sieve_put(&f->sieve, SP_SIDE_TARGET, whole);
	}
	sp_drive_ask_free(&ask);
}

/* ---- messages ---- */

static bool of_target(struct sp_drive_filter *f, const struct sp_drive_head *h,
		struct sp_span whole, struct sp_rd *body)
{
	switch (h->packet) {
	case SP_DRIVE_SERVER_ANNOUNCE:
		/* It has begun anew: it remembers nothing, and waits for nothing. */
		sp_sieve_cut(&f->sieve, SP_SIDE_CLIENT);
		sp_drive_filter_stop(f);
		return true;
	case SP_DRIVE_CLIENTID_CONFIRM:
	case SP_DRIVE_SERVER_CAPS:
	case SP_DRIVE_USER_LOGGED_ON:
		return true;
	case SP_DRIVE_DEVICE_REPLY:
		return reply(f, body);
	case SP_DRIVE_REQUEST:
		request(f, whole, body);
		return false;
	default:
		return false;
	}
}

static bool of_client(struct sp_drive_filter *f, const struct sp_drive_head *h,
		struct sp_span whole, struct sp_rd *body)
{
	switch (h->packet) {
	case SP_DRIVE_CLIENTID_CONFIRM:
	case SP_DRIVE_CLIENT_NAME:
	case SP_DRIVE_CLIENT_CAPS:
		return true;
	case SP_DRIVE_DEVICES:
		devices(f, body);
		return false;
	case SP_DRIVE_DEVICES_REMOVE:
		remove_devices(f, body);
		return false;
	case SP_DRIVE_COMPLETION:
		completion(f, whole, body);
		return false;
	default:
		return false;
	}
}

static void message(void *owner, enum sp_side from, struct sp_span whole)
{
	struct sp_drive_filter *f = owner;
	const struct sp_drive_head *h = &f->head[from];
	struct sp_rd body;
	bool pass;

	sp_rd_init(&body, whole.p + SP_DRIVE_HEAD, whole.n - SP_DRIVE_HEAD);
	if (h->component == SP_DRIVE_CORE) {
		pass = from == SP_SIDE_TARGET ? of_target(f, h, whole, &body)
					      : of_client(f, h, whole, &body);
	} else {
		pass = h->component == SP_DRIVE_PRINTING && f->rules.other;
	}
	if (pass) {
		sp_sieve_put(&f->sieve, sp_side_other(from), whole);
	}
}

static enum sp_sieve_mode judge(
		void *owner, enum sp_side from, struct sp_span start, uint32_t total)
{
	struct sp_drive_filter *f = owner;
	struct sp_drive_head *h = &f->head[from];
	struct sp_rd r;

	sp_rd_init(&r, start.p, start.n);
	if (sp_drive_head_read(&r, h) != SP_OK) {
		return SP_SIEVE_SKIP;
	}
	if (h->component == SP_DRIVE_CORE && h->packet == SP_DRIVE_REQUEST &&
			from == SP_SIDE_TARGET) {
		return judge_request(f, start, total);
	}
	if (h->component == SP_DRIVE_CORE && h->packet == SP_DRIVE_COMPLETION &&
			from == SP_SIDE_CLIENT) {
		return judge_completion(f, start, total);
	}
	return total <= SP_SIEVE_SMALL_MAX ? SP_SIEVE_GATHER : SP_SIEVE_SKIP;
}

/* ---- data that passes ---- */

/* The n bytes behind `skip` of a message, as far as they are in these. */
static struct sp_span part(uint32_t at, struct sp_span bytes, uint32_t skip, uint32_t n)
{
	uint64_t end = (uint64_t)skip + n;

	if (at < skip) {
		size_t cut = skip - at < bytes.n ? skip - at : bytes.n;

		bytes = sp_span(bytes.p + cut, bytes.n - cut);
		at += (uint32_t)cut;
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
	struct sp_drive_filter *f = owner;
	bool read = from == SP_SIDE_CLIENT;
	const struct sp_drive_ask *ask = read ? &f->reading : &f->writing;
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);

	if (o) {
		sp_drive_flow_data(f, read ? &o->read : &o->write,
				part(at, bytes, read ? READ_HEAD : WRITE_HEAD, ask->n));
	}
}

static void passed(void *owner, enum sp_side from)
{
	/* A read is done with its data; a write waits for what the client says to it. */
}

/* Ended early: who asked for it is told so. */
static void broken(void *owner, enum sp_side from, enum sp_sieve_mode mode)
{
	struct sp_drive_filter *f = owner;
	struct sp_drive_ask *ask = from == SP_SIDE_CLIENT ? &f->reading : &f->writing;
	struct sp_drive_ask found;

	if (mode == SP_SIEVE_GATHER && from == SP_SIDE_TARGET &&
			f->head[from].packet == SP_DRIVE_REQUEST) {
		const struct sp_sieve_from *s = &f->sieve.from[from];

		if (read_ask(sp_span(s->start, s->start_n), &found) && may_ask(f, &found)) {
			say_failed(f, &found, SP_DRIVE_INVALID_PARAMETER);
		}
		return;
	}
	if (mode == SP_SIEVE_GATHER) {
		return; /* a completion may come once more */
	}
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);
	if (o) {
		struct sp_drive_flow *w = from == SP_SIDE_CLIENT ? &o->read : &o->write;

		w->in_order = false;
	}
	if (from == SP_SIDE_CLIENT) {
		say_failed(f, ask, SP_DRIVE_IO_ERROR);
	} else if (sp_drive_ask_take(f, ask->device, ask->completion, &found)) {
		say_failed(f, &found, SP_DRIVE_IO_ERROR);
		sp_drive_ask_free(&found);
	}
}

static const struct sp_sieve_impl impl = {
		.judge = judge,
		.message = message,
		.data = data,
		.passed = passed,
		.broken = broken,
};

int sp_drive_filter_feed(struct sp_drive_filter *f, enum sp_side from, struct sp_span chunk)
{
	return sp_sieve_feed(&f->sieve, from, chunk);
}
