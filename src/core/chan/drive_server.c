/* core/chan/drive_server.c - see drive_server.h. */
#include "core/chan/drive_server.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "core/chan/drive_server_part.h"

#define DEADLINE_MS 30000
#define CHUNK 65536
#define CHUNK_MAX 262144
#define OUT_MAX (4 * CHUNK_MAX + 4096) /* bytes of a message */
#define REPLIES_MAX 8192 /* messages that wait when a device is answered */
#define IO_CODES 0xFFFF /* "unused, always set" */

struct sp_drive_server *sp_drive_server_create(const struct sp_drive_server_conf *conf)
{
	struct sp_drive_server *s = sp_calloc(1, sizeof(*s));

	if (s == NULL) {
		return NULL;
	}
	s->deadline_ms = conf && conf->deadline_ms ? conf->deadline_ms : DEADLINE_MS;
	s->chunk = conf && conf->chunk ? conf->chunk : CHUNK;
	s->chunk = s->chunk < CHUNK_MAX ? s->chunk : CHUNK_MAX;
	s->items_end = &s->items;
	s->out_end = &s->out;
	sp_wr_init(&s->w, OUT_MAX);
	for (size_t i = 0; i < SP_DRIVE_SERVER_MAX_REQUESTS; i++) {
		s->ops[i].next = s->free;
		s->free = &s->ops[i];
	}
	for (size_t i = 0; i < SP_DRIVE_OP_IRPS; i++) {
		s->spare[s->spares++] = (uint16_t)i;
	}
	return s;
}

static void drop_out(struct sp_drive_server *s)
{
	struct sp_rcbuf *b;

	while ((b = sp_drive_server_out(s)) != NULL) {
		sp_rcbuf_unref(b);
	}
}

static void drop_item(struct sp_drive_server *s)
{
	struct sp_drive_server_item *item = s->items;

	s->items = item->next;
	if (s->items == NULL) {
		s->items_end = &s->items;
	}
	s->waiting -= item->n;
	sp_free(item);
}

/* What the last event lent. */
static void take_back(struct sp_drive_server *s)
{
	if (s->told) {
		sp_drive_op_drop(s, s->told);
		s->told = NULL;
	}
	if (s->told_item) {
		sp_free(s->told_item);
		s->told_item = NULL;
	}
	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		if (s->drives[i].gone && !s->drives[i].told) {
			s->drives[i] = (struct sp_drive_server_drive){.handle = 0};
		}
	}
}

void sp_drive_server_destroy(struct sp_drive_server *s)
{
	if (s == NULL) {
		return;
	}
	take_back(s);
	while (s->items) {
		drop_item(s);
	}
	while (s->first) {
		struct sp_drive_op *op = s->first;

		s->first = op->next;
		sp_drive_op_drop(s, op);
	}
	drop_out(s);
	sp_wr_finish(&s->w);
	sp_free(s);
}

struct sp_rcbuf *sp_drive_server_out(struct sp_drive_server *s)
{
	struct sp_rcbuf *b = s->out;

	if (b) {
		s->n_out--;
		s->out = b->next;
		b->next = NULL;
		if (s->out == NULL) {
			s->out_end = &s->out;
		}
	}
	return b;
}

const char *sp_drive_server_client(const struct sp_drive_server *s)
{
	return s->client_name.text;
}

/* ---- how it begins ---- */

int sp_drive_server_attach(struct sp_drive_server *s, uint32_t client)
{
	struct sp_drive_announce a = {SP_DRIVE_VERSION, SP_DRIVE_MINOR, client};

	if (s->state != SP_DRIVE_SERVER_DETACHED) {
		return SP_ESTATE;
	}
	s->client = client;
	s->caps = (struct sp_drive_caps){.has_general = false};
	s->client_name.text[0] = '\0';
	sp_drive_head_write(&s->w, SP_DRIVE_SERVER_ANNOUNCE);
	sp_drive_announce_write(&s->w, &a);
	int rc = sp_drive_op_send(s);
	if (rc == SP_OK) {
		s->state = SP_DRIVE_SERVER_WAIT_REPLY;
	}
	return rc;
}

static void remove_drive(struct sp_drive_server *s, struct sp_drive_server_drive *d)
{
	sp_drive_op_fail_all(s, d);
	if (d->told) {
		d->gone = true;
	} else {
		*d = (struct sp_drive_server_drive){.handle = 0};
	}
}

void sp_drive_server_detach(struct sp_drive_server *s)
{
	take_back(s);
	s->state = SP_DRIVE_SERVER_DETACHED;
	sp_drive_op_fail_all(s, NULL);
	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		if (s->drives[i].handle != 0 && !s->drives[i].gone) {
			remove_drive(s, &s->drives[i]);
		}
	}
	drop_out(s);
	s->due = 0;
}

static int confirm(struct sp_drive_server *s)
{
	struct sp_drive_announce a = {SP_DRIVE_VERSION, SP_DRIVE_MINOR, s->client};

	sp_drive_head_write(&s->w, SP_DRIVE_CLIENTID_CONFIRM);
	sp_drive_announce_write(&s->w, &a);
	return sp_drive_op_send(s);
}

/* Only drives: what is not named here is not announced by clients that keep to the rules. */
static int ask_caps(struct sp_drive_server *s)
{
	struct sp_drive_caps caps = {.has_general = true,
			.major = SP_DRIVE_VERSION,
			.minor = SP_DRIVE_MINOR,
			.io_codes = IO_CODES,
			.extended = SP_DRIVE_EXT_REMOVE | SP_DRIVE_EXT_DISPLAY_NAME |
					SP_DRIVE_EXT_USER_LOGGED_ON,
			.drive = SP_DRIVE_LONG_NAMES};

	sp_drive_head_write(&s->w, SP_DRIVE_SERVER_CAPS);
	sp_drive_caps_write(&s->w, &caps);
	return sp_drive_op_send(s);
}

static int got_reply(struct sp_drive_server *s, struct sp_rd *r)
{
	struct sp_drive_announce a;
	int rc = sp_drive_announce_read(r, &a);

	if (rc != SP_OK) {
		return rc;
	}
	if (s->state != SP_DRIVE_SERVER_WAIT_REPLY) {
		return SP_OK; /* again: changes nothing */
	}
	if (a.major != SP_DRIVE_VERSION) {
		return sp_rd_fail(r, SP_EPROTO, "drive.VersionMajor");
	}
	s->client = a.client; /* it may have a number of its own: 3.2.5.1.3 */
	if (a.minor >= SP_DRIVE_MINOR_CAPS) {
		rc = ask_caps(s);
		s->state = SP_DRIVE_SERVER_WAIT_CAPS;
	} else {
		s->state = SP_DRIVE_SERVER_OPEN;
	}
	return rc == SP_OK ? confirm(s) : rc;
}

static int got_caps(struct sp_drive_server *s, struct sp_rd *r)
{
	struct sp_drive_caps caps;
	int rc = sp_drive_caps_read(r, &caps);

	if (rc != SP_OK || s->state != SP_DRIVE_SERVER_WAIT_CAPS) {
		return rc;
	}
	s->caps = caps;
	s->state = SP_DRIVE_SERVER_OPEN;
	if (caps.extended & SP_DRIVE_EXT_USER_LOGGED_ON) {
		sp_drive_head_write(&s->w, SP_DRIVE_USER_LOGGED_ON);
		return sp_drive_op_send(s);
	}
	return confirm(s); /* again, for those: 3.3.5.1.7 */
}

/* ---- devices ---- */

/* A name that is safe as one part of a path: what is not there becomes '_'. */
static void drive_name(const struct sp_drive_device *in, char out[SP_WIRE_NAME_TEXT])
{
	char text[SP_DRIVE_MAX_NAME];
	const char *s = text;
	size_t n = 0;

	sp_drive_device_text(in, text);
	while (*s != '\0') {
		const char *c = s;
		uint32_t u = sp_utf8_next(&s);

		if (u == ':' && *s == '\0') {
			break; /* "C:" */
		}
		if (u < 0x20 || (u >= 0x7F && u < 0xA0) || u == 0x2028 || u == 0x2029 ||
				u == 0xFFFD || (u < 0x80 && strchr("<>:\"/\\|?*", (int)u))) {
			out[n++] = '_';
		} else {
			memcpy(out + n, c, (size_t)(s - c));
			n += (size_t)(s - c);
		}
	}
	while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '.')) {
		n--;
	}
	out[n] = '\0';
	if (n == 0) {
		memcpy(out, "drive", sizeof("drive"));
	} else if (out[0] == '.') {
		out[0] = '_';
	}
}

static struct sp_drive_server_drive *by_device(struct sp_drive_server *s, uint32_t device)
{
	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		struct sp_drive_server_drive *d = &s->drives[i];

		if (d->handle != 0 && !d->gone && d->device == device) {
			return d;
		}
	}
	return NULL;
}

static int reply(struct sp_drive_server *s, uint32_t device, uint32_t status)
{
	struct sp_drive_reply r = {device, status};

	if (!(s->n_out < REPLIES_MAX)) {
		return SP_ELIMIT; /* it announces on and on, and takes nothing */
	}
	sp_drive_head_write(&s->w, SP_DRIVE_DEVICE_REPLY);
	sp_drive_reply_write(&s->w, &r);
	return sp_drive_op_send(s);
}

static int add_device(struct sp_drive_server *s, const struct sp_drive_device *in)
{
	if (in->type != SP_DRIVE_TYPE_FILES) {
		return reply(s, in->id, SP_DRIVE_NOT_SUPPORTED);
	}
	if (by_device(s, in->id)) {
		return SP_ESTATE; /* 3.3.5.2.1: MUST be terminated */
	}
	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		struct sp_drive_server_drive *d = &s->drives[i];

		if (d->handle == 0) {
			*d = (struct sp_drive_server_drive){.handle = ++s->last_id};
			d->device = in->id;
			drive_name(in, d->name);
			return reply(s, in->id, SP_DRIVE_OK);
		}
	}
	return reply(s, in->id, SP_DRIVE_NO_RESOURCES);
}

static int got_devices(struct sp_drive_server *s, struct sp_rd *r)
{
	uint32_t n;
	int rc = sp_drive_count_read(r, &n);

	for (uint32_t i = 0; rc == SP_OK && i < n; i++) {
		struct sp_drive_device d;

		rc = sp_drive_device_read(r, &d);
		if (rc == SP_OK) {
			rc = add_device(s, &d);
		}
	}
	return rc;
}

static int got_removed(struct sp_drive_server *s, struct sp_rd *r)
{
	uint32_t n, id;
	int rc = sp_drive_count_read(r, &n);

	for (uint32_t i = 0; rc == SP_OK && i < n; i++) {
		rc = sp_drive_id_read(r, &id);
		struct sp_drive_server_drive *d = rc == SP_OK ? by_device(s, id) : NULL;
		if (d) {
			remove_drive(s, d);
		}
	}
	return rc;
}

int sp_drive_server_feed(struct sp_drive_server *s, const void *p, size_t n, uint64_t now_us)
{
	struct sp_drive_head h;
	struct sp_rd r;

	take_back(s);
	s->now = now_us;
	sp_rd_init(&r, p, n);
	int rc = sp_drive_head_read(&r, &h);
	if (rc != SP_OK) {
		return rc;
	}
	if (s->state == SP_DRIVE_SERVER_DETACHED) {
		return SP_ESTATE;
	}
	if (h.component != SP_DRIVE_CORE) {
		return SP_OK; /* of printers, which there are none of */
	}
	switch (h.packet) {
	case SP_DRIVE_CLIENTID_CONFIRM:
		return got_reply(s, &r);
	case SP_DRIVE_CLIENT_NAME:
		return sp_drive_name_read(&r, &s->client_name);
	case SP_DRIVE_CLIENT_CAPS:
		return got_caps(s, &r);
	case SP_DRIVE_DEVICES:
		/* Some do not wait for the end of the exchange with their special devices. */
		return s->state == SP_DRIVE_SERVER_WAIT_REPLY ? SP_ESTATE : got_devices(s, &r);
	case SP_DRIVE_DEVICES_REMOVE:
		return got_removed(s, &r);
	case SP_DRIVE_COMPLETION:
		return sp_drive_op_completed(s, &r);
	default:
		return SP_OK; /* what later versions add is not for us */
	}
}

uint64_t sp_drive_server_deadline(const struct sp_drive_server *s)
{
	return s->due;
}

void sp_drive_server_tick(struct sp_drive_server *s, uint64_t now_us)
{
	take_back(s);
	s->now = now_us;
	if (s->due != 0 && s->due <= now_us) {
		sp_drive_op_expire(s);
		sp_drive_op_resume(s);
	}
}

/* ---- what comes back ---- */

static struct sp_drive_op *op_of(struct sp_drive_server *s, uint64_t id)
{
	for (struct sp_drive_op *op = s->first; op; op = op->next) {
		if (op->id == id) {
			return op;
		}
	}
	return NULL;
}

static void unlink_op(struct sp_drive_server *s, struct sp_drive_op *op)
{
	*(op->prev ? &op->prev->next : &s->first) = op->next;
	*(op->next ? &op->next->prev : &s->last) = op->prev;
}

static void tell_answer(
		struct sp_drive_server *s, struct sp_drive_op *op, struct sp_drive_server_event *ev)
{
	*ev = (struct sp_drive_server_event){.kind = SP_DRIVE_SERVER_ANSWER};
	ev->tag = op->tag;
	ev->drive = op->drive;
	ev->name = "";
	ev->fail = op->fail;
	ev->status = op->status;
	ev->file = op->handle;
	ev->created = op->created;
	ev->stat = op->stat;
	ev->volume = op->volume;
	if (op->fail == SP_DRIVE_FAIL_NONE && op->kind == SP_DRIVE_OP_READ) {
		ev->data = sp_span(op->data->p, op->n);
	}
	if (op->fail == SP_DRIVE_FAIL_NONE && op->kind == SP_DRIVE_OP_WRITE) {
		ev->n = op->n;
	}
	unlink_op(s, op);
	s->told = op;
}

static bool tell_item(struct sp_drive_server *s, struct sp_drive_server_event *ev)
{
	while (s->items) {
		struct sp_drive_server_item *item = s->items;

		if (op_of(s, item->op) == NULL) {
			drop_item(s);
			continue;
		}
		s->items = item->next;
		if (s->items == NULL) {
			s->items_end = &s->items;
		}
		s->waiting -= item->n;
		*ev = item->ev;
		ev->name = item->name;
		s->told_item = item;
		return true;
	}
	return false;
}

bool sp_drive_server_next(struct sp_drive_server *s, struct sp_drive_server_event *ev)
{
	take_back(s);
	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		struct sp_drive_server_drive *d = &s->drives[i];

		if (d->handle != 0 && !d->told && !d->gone) {
			d->told = true;
			*ev = (struct sp_drive_server_event){.kind = SP_DRIVE_SERVER_ADDED};
			ev->drive = d->handle;
			ev->name = d->name;
			return true;
		}
	}
	if (tell_item(s, ev)) {
		return true;
	}
	for (struct sp_drive_op *op = s->first; op; op = op->next) {
		if (op->state == SP_DRIVE_OP_DONE) {
			tell_answer(s, op, ev);
			return true;
		}
	}
	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		struct sp_drive_server_drive *d = &s->drives[i];

		if (d->gone && d->told) {
			d->told = false; /* its place is free at the next call */
			*ev = (struct sp_drive_server_event){.kind = SP_DRIVE_SERVER_REMOVED};
			ev->drive = d->handle;
			ev->name = d->name;
			return true;
		}
	}
	return false;
}
