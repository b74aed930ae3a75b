/* core/chan/drive_client.c - see drive_client.h. */
#include "core/chan/drive_client.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"

#define MESSAGE_MAX (8u << 20) /* bytes of an answer: more than any server reads at a time */
#define INDEX_BITS 10 /* of a slot in the number of a request */
#define IO_CODES 0xFFFF /* "unused, always set" */
#define NAME_BAD "<>:\"/\\|?*"

enum client_state {
	DETACHED,
	WAIT_ANNOUNCE,
	WAIT_CONFIRM, /* capabilities, confirmation, log on: in whatever order they come */
	OPEN, /* drives may be announced */
};

struct device {
	bool used;
	bool announced, told;
	uint32_t status; /* what is to be told */
	char name[SP_DRIVE_MAX_NAME];
};

/* A request that waits for its answer. */
struct pending {
	uint64_t request; /* 0: free; the slot in its lower bits */
	uint64_t order;
	struct sp_drive_io_request io; /* what is borrowed there is gone; lengths are right */
	uint32_t n; /* bytes asked for */
};

struct sp_drive_client {
	enum client_state state;
	char name[SP_DRIVE_MAX_NAME];
	bool has_caps, confirmed, logged_on;
	bool begun; /* to be told */
	struct sp_drive_announce server;
	struct sp_drive_caps caps; /* the server's */
	struct device devices[SP_DRIVE_MAX_DEVICES]; /* number: index + 1 */
	struct pending pending[SP_DRIVE_CLIENT_MAX_REQUESTS];
	size_t n_pending;
	uint64_t last;
	struct sp_rcbuf *in, **in_end, *told; /* requests not yet taken; the one that is lent */
	size_t waiting;
	struct sp_rcbuf *out, **out_end;
	struct sp_wr w;
};

struct sp_drive_client *sp_drive_client_create(const char *name)
{
	struct sp_drive_client *c = sp_calloc(1, sizeof(*c));

	if (c == NULL) {
		return NULL;
	}
	size_t n = strnlen(name, sizeof(c->name) - 1);
	memcpy(c->name, name, n);
	c->in_end = &c->in;
	c->out_end = &c->out;
	sp_wr_init(&c->w, MESSAGE_MAX);
	return c;
}

static void drop(struct sp_rcbuf **first, struct sp_rcbuf ***end)
{
	while (*first) {
		struct sp_rcbuf *b = *first;

		*first = b->next;
		sp_rcbuf_unref(b);
	}
	*end = first;
}

static void forget(struct sp_drive_client *c)
{
	drop(&c->in, &c->in_end);
	drop(&c->out, &c->out_end);
	sp_rcbuf_unref(c->told);
	c->told = NULL;
	c->waiting = 0;
	memset(c->pending, 0, sizeof(c->pending));
	c->n_pending = 0;
	c->has_caps = c->confirmed = c->logged_on = false;
	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		c->devices[i].announced = c->devices[i].told = false;
	}
}

void sp_drive_client_destroy(struct sp_drive_client *c)
{
	if (c) {
		forget(c);
		sp_wr_finish(&c->w);
		sp_free(c);
	}
}

struct sp_rcbuf *sp_drive_client_out(struct sp_drive_client *c)
{
	struct sp_rcbuf *b = c->out;

	if (b) {
		c->out = b->next;
		b->next = NULL;
		if (c->out == NULL) {
			c->out_end = &c->out;
		}
	}
	return b;
}

static int send_out(struct sp_drive_client *c)
{
	struct sp_rcbuf *b = sp_wr_take(&c->w);

	sp_wr_reset(&c->w);
	if (b == NULL) {
		return SP_ENOMEM;
	}
	b->next = NULL;
	*c->out_end = b;
	c->out_end = &b->next;
	return SP_OK;
}

/* ---- drives ---- */

static int announce_devices(struct sp_drive_client *c)
{
	uint32_t n = 0;

	if (c->state != OPEN) {
		return SP_OK;
	}
	sp_drive_head_write(&c->w, SP_DRIVE_DEVICES);
	size_t at = sp_wr_hole(&c->w, 4);
	for (uint32_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		struct device *d = &c->devices[i];

		if (d->used && !d->announced) {
			sp_drive_device_name(&c->w, i + 1, d->name,
					c->caps.drive >= SP_DRIVE_LONG_NAMES);
			d->announced = true;
			n++;
		}
	}
	if (n == 0) {
		sp_wr_reset(&c->w);
		return SP_OK;
	}
	if (sp_wr_ok(&c->w) == SP_OK) {
		sp_wr_fill_le32(&c->w, at, n);
	}
	return send_out(c);
}

static bool good_name(const char *name)
{
	while (*name != '\0') {
		unsigned char u = (unsigned char)*name++;

		if (u < ' ' || u == 0x7F || strchr(NAME_BAD, u)) {
			return false;
		}
	}
	return true;
}

int sp_drive_client_offer(struct sp_drive_client *c, const char *name, uint32_t *device)
{
	size_t n = strlen(name);

	if (n == 0 || n >= SP_DRIVE_MAX_NAME / 3 || !good_name(name)) {
		return SP_EARG;
	}
	for (uint32_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		struct device *d = &c->devices[i];

		if (!d->used) {
			*d = (struct device){.used = true};
			memcpy(d->name, name, strlen(name));
			*device = i + 1;
			return announce_devices(c);
		}
	}
	return SP_ELIMIT;
}

static struct device *device_of(struct sp_drive_client *c, uint32_t number)
{
	if (number >= 1 && number <= SP_DRIVE_MAX_DEVICES && c->devices[number - 1].used) {
		return &c->devices[number - 1];
	}
	return NULL;
}

/* Writes the answer that something failed, or is done without more to tell. */
static int fail(struct sp_drive_client *c, const struct sp_drive_io_request *io, uint32_t status)
{
	sp_drive_io_failed_write(&c->w, io, status);
	return send_out(c);
}

static void free_pending(struct sp_drive_client *c, struct pending *p)
{
	*p = (struct pending){.request = 0};
	c->n_pending--;
}

void sp_drive_client_withdraw(struct sp_drive_client *c, uint32_t device)
{
	struct device *d = device_of(c, device);

	if (d == NULL) {
		return;
	}
	for (size_t i = 0; i < SP_DRIVE_CLIENT_MAX_REQUESTS; i++) {
		struct pending *p = &c->pending[i];

		if (p->request != 0 && p->io.device == device) {
			(void)fail(c, &p->io, SP_DRIVE_DEVICE_REMOVED);
			free_pending(c, p);
		}
	}
	if (d->announced && c->caps.extended & SP_DRIVE_EXT_REMOVE) {
		sp_drive_head_write(&c->w, SP_DRIVE_DEVICES_REMOVE);
		sp_drive_u32_write(&c->w, 1);
		sp_drive_u32_write(&c->w, device);
		(void)send_out(c);
	}
	*d = (struct device){.used = false};
}

/* ---- how it begins ---- */

void sp_drive_client_attach(struct sp_drive_client *c)
{
	forget(c);
	c->state = WAIT_ANNOUNCE;
}

void sp_drive_client_detach(struct sp_drive_client *c)
{
	forget(c);
	c->state = DETACHED;
}

/*
 * A server may begin again in the same connection: Windows does when the screen that logged on
 * hands over to the session. All that was is void then.
 */
static int got_announce(struct sp_drive_client *c, struct sp_rd *r)
{
	struct sp_drive_announce a;
	int rc = sp_drive_announce_read(r, &a);

	if (rc != SP_OK) {
		return rc;
	}
	if (a.major != SP_DRIVE_VERSION) {
		return sp_rd_fail(r, SP_EPROTO, "drive.VersionMajor");
	}
	forget(c);
	c->begun = true;
	c->state = WAIT_CONFIRM;
	c->server = a;
	c->caps = (struct sp_drive_caps){.has_general = false};
	if (a.minor > SP_DRIVE_MINOR) {
		a.minor = SP_DRIVE_MINOR;
	}
	sp_drive_head_write(&c->w, SP_DRIVE_CLIENTID_CONFIRM);
	sp_drive_announce_write(&c->w, &a);
	rc = send_out(c);
	if (rc != SP_OK) {
		return rc;
	}
	sp_drive_head_write(&c->w, SP_DRIVE_CLIENT_NAME);
	sp_drive_name_write(&c->w, c->name);
	return send_out(c);
}

/* Drives are announced when the user is logged on, where the server tells that: 3.2.5.1.9. */
static int maybe_open(struct sp_drive_client *c)
{
	bool tells = c->caps.extended & SP_DRIVE_EXT_USER_LOGGED_ON;
	bool caps = c->has_caps || c->server.minor < SP_DRIVE_MINOR_CAPS;

	if (c->state == WAIT_CONFIRM && caps && (tells ? c->logged_on : c->confirmed)) {
		c->state = OPEN;
	}
	return announce_devices(c);
}

static int got_caps(struct sp_drive_client *c, struct sp_rd *r)
{
	struct sp_drive_caps caps;
	int rc = sp_drive_caps_read(r, &caps);

	if (rc != SP_OK || c->state != WAIT_CONFIRM) {
		return rc;
	}
	c->caps = caps;
	c->has_caps = true;
	caps = (struct sp_drive_caps){.has_general = true,
			.major = SP_DRIVE_VERSION,
			.minor = SP_DRIVE_MINOR,
			.io_codes = IO_CODES,
			.extended = SP_DRIVE_EXT_REMOVE | SP_DRIVE_EXT_DISPLAY_NAME |
					SP_DRIVE_EXT_USER_LOGGED_ON,
			.extra = SP_DRIVE_ASYNC_IO,
			.drive = SP_DRIVE_LONG_NAMES};
	sp_drive_head_write(&c->w, SP_DRIVE_CLIENT_CAPS);
	sp_drive_caps_write(&c->w, &caps);
	rc = send_out(c);
	return rc == SP_OK ? maybe_open(c) : rc;
}

static int got_confirm(struct sp_drive_client *c, struct sp_rd *r)
{
	struct sp_drive_announce a;
	int rc = sp_drive_announce_read(r, &a);

	if (rc != SP_OK || c->state == WAIT_ANNOUNCE) {
		return rc;
	}
	c->confirmed = true;
	return maybe_open(c);
}

static int got_accepted(struct sp_drive_client *c, struct sp_rd *r)
{
	struct sp_drive_reply reply;
	int rc = sp_drive_reply_read(r, &reply);
	struct device *d = rc == SP_OK ? device_of(c, reply.device) : NULL;

	if (d && d->announced) {
		d->status = reply.status;
		d->told = true;
	}
	return rc;
}

static int keep(struct sp_drive_client *c, const void *p, size_t n)
{
	if (c->state == DETACHED || c->state == WAIT_ANNOUNCE) {
		return SP_ESTATE;
	}
	if (!(n <= SP_DRIVE_CLIENT_MAX_WAITING - c->waiting)) {
		return SP_ELIMIT;
	}
	struct sp_rcbuf *b = sp_rcbuf_from(p, n);
	if (b == NULL) {
		return SP_ENOMEM;
	}
	b->next = NULL;
	*c->in_end = b;
	c->in_end = &b->next;
	c->waiting += n;
	return SP_OK;
}

int sp_drive_client_feed(struct sp_drive_client *c, const void *p, size_t n)
{
	struct sp_drive_head h;
	struct sp_rd r;

	sp_rd_init(&r, p, n);
	int rc = sp_drive_head_read(&r, &h);
	if (rc != SP_OK) {
		return rc;
	}
	if (c->state == DETACHED) {
		return SP_ESTATE;
	}
	if (h.component != SP_DRIVE_CORE) {
		return SP_OK; /* of printers, which there are none of */
	}
	switch (h.packet) {
	case SP_DRIVE_SERVER_ANNOUNCE:
		return got_announce(c, &r);
	case SP_DRIVE_SERVER_CAPS:
		return got_caps(c, &r);
	case SP_DRIVE_CLIENTID_CONFIRM:
		return got_confirm(c, &r);
	case SP_DRIVE_USER_LOGGED_ON:
		c->logged_on = true;
		return maybe_open(c);
	case SP_DRIVE_DEVICE_REPLY:
		return got_accepted(c, &r);
	case SP_DRIVE_REQUEST:
		return keep(c, r.start, n);
	default:
		return SP_OK; /* what later versions add is not for us */
	}
}

/* ---- requests ---- */

static bool drive_has(const struct sp_drive_io_request *io)
{
	return io->major != SP_DRIVE_IO_SET_VOLUME || io->info.class == SP_DRIVE_INFO_LABEL;
}

static uint32_t asked(const struct sp_drive_io_request *io)
{
	switch (io->major) {
	case SP_DRIVE_IO_READ:
		return io->read.n;
	case SP_DRIVE_IO_WRITE:
		return (uint32_t)io->write.data.n;
	case SP_DRIVE_IO_SET_INFO:
	case SP_DRIVE_IO_SET_VOLUME:
		return io->info.n;
	case SP_DRIVE_IO_CONTROL:
		return io->control.max;
	default:
		return MESSAGE_MAX;
	}
}

/* Remembers the request, or answers it: false. */
static bool admit(struct sp_drive_client *c, struct sp_drive_client_event *ev)
{
	struct device *d = device_of(c, ev->io.device);

	if (d == NULL || !d->announced) {
		(void)fail(c, &ev->io, SP_DRIVE_NO_SUCH_DEVICE);
		return false;
	}
	if (!drive_has(&ev->io)) {
		(void)fail(c, &ev->io, SP_DRIVE_NOT_SUPPORTED);
		return false;
	}
	for (size_t i = 0; i < SP_DRIVE_CLIENT_MAX_REQUESTS; i++) {
		struct pending *p = &c->pending[i];

		if (p->request == 0) {
			p->request = ++c->last << INDEX_BITS | i;
			p->order = c->last;
			p->io = ev->io;
			p->n = asked(&ev->io);
			c->n_pending++;
			ev->request = p->request;
			ev->device = ev->io.device;
			return true;
		}
	}
	(void)fail(c, &ev->io, SP_DRIVE_NO_RESOURCES);
	return false;
}

bool sp_drive_client_next(struct sp_drive_client *c, struct sp_drive_client_event *ev)
{
	sp_rcbuf_unref(c->told);
	c->told = NULL;
	*ev = (struct sp_drive_client_event){.kind = SP_DRIVE_CLIENT_BEGAN};
	if (c->begun) {
		c->begun = false;
		return true;
	}
	for (uint32_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		struct device *d = &c->devices[i];

		if (d->told) {
			d->told = false;
			ev->kind = SP_DRIVE_CLIENT_ACCEPTED;
			ev->device = i + 1;
			ev->status = d->status;
			return true;
		}
	}
	ev->kind = SP_DRIVE_CLIENT_REQUEST;
	while (c->in) {
		struct sp_rcbuf *b = c->in;
		struct sp_rd r;

		c->in = b->next;
		if (c->in == NULL) {
			c->in_end = &c->in;
		}
		c->waiting -= b->n;
		sp_rd_init(&r, b->p, b->n);
		sp_rd_skip(&r, SP_DRIVE_HEAD);
		int rc = sp_drive_io_request_read(&r, &ev->io);
		if (rc == SP_OK && admit(c, ev)) {
			c->told = b;
			return true;
		}
		if (rc != SP_OK && ev->io.major <= 0xFF) {
			(void)fail(c, &ev->io,
					rc == SP_EPROTO ? SP_DRIVE_NOT_SUPPORTED
							: SP_DRIVE_INVALID_PARAMETER);
		}
		sp_rcbuf_unref(b);
	}
	return false;
}

/* ---- answers ---- */

static struct pending *pending_of(struct sp_drive_client *c, uint64_t request)
{
	struct pending *p = &c->pending[request & (SP_DRIVE_CLIENT_MAX_REQUESTS - 1)];

	return request != 0 && p->request == request ? p : NULL;
}

static void begin(struct sp_drive_client *c, const struct pending *p)
{
	struct sp_drive_io_completion head = {p->io.device, p->io.completion, SP_DRIVE_OK};

	sp_drive_io_completion_write(&c->w, &head);
}

static int answered(struct sp_drive_client *c, struct pending *p)
{
	free_pending(c, p);
	return send_out(c);
}

int sp_drive_client_created(struct sp_drive_client *c, uint64_t request, uint32_t file,
		enum sp_drive_io_created how)
{
	struct pending *p = pending_of(c, request);
	struct sp_drive_io_created_file body = {file, (uint8_t)how};

	if (p == NULL) {
		return SP_OK;
	}
	if (p->io.major != SP_DRIVE_IO_CREATE) {
		return SP_EARG;
	}
	begin(c, p);
	sp_drive_io_created_write(&c->w, &body);
	return answered(c, p);
}

int sp_drive_client_data(struct sp_drive_client *c, uint64_t request, struct sp_span data)
{
	struct pending *p = pending_of(c, request);

	if (p == NULL) {
		return SP_OK;
	}
	switch (p->io.major) {
	case SP_DRIVE_IO_READ:
	case SP_DRIVE_IO_QUERY_INFO:
	case SP_DRIVE_IO_QUERY_VOLUME:
	case SP_DRIVE_IO_DIRECTORY:
	case SP_DRIVE_IO_CONTROL:
		break;
	default:
		return SP_EARG;
	}
	if (!(data.n <= p->n)) {
		return SP_EARG; /* more than was asked for */
	}
	begin(c, p);
	sp_drive_io_data_write(&c->w, data);
	return answered(c, p);
}

int sp_drive_client_done(struct sp_drive_client *c, uint64_t request, uint32_t status)
{
	struct pending *p = pending_of(c, request);

	if (p == NULL) {
		return SP_OK;
	}
	if (status != SP_DRIVE_OK) {
		sp_drive_io_failed_write(&c->w, &p->io, status);
		return answered(c, p);
	}
	switch (p->io.major) {
	case SP_DRIVE_IO_CLOSE:
	case SP_DRIVE_IO_LOCK:
		sp_drive_io_failed_write(&c->w, &p->io, status);
		break;
	case SP_DRIVE_IO_WRITE:
	case SP_DRIVE_IO_SET_INFO:
	case SP_DRIVE_IO_SET_VOLUME:
		begin(c, p);
		sp_drive_io_length_write(&c->w, p->n);
		break;
	default:
		return SP_EARG;
	}
	return answered(c, p);
}

uint64_t sp_drive_client_waiting(const struct sp_drive_client *c, uint32_t device, uint32_t file)
{
	const struct pending *oldest = NULL;

	for (size_t i = 0; c->n_pending > 0 && i < SP_DRIVE_CLIENT_MAX_REQUESTS; i++) {
		const struct pending *p = &c->pending[i];

		if (p->request != 0 && p->io.device == device && p->io.file == file &&
				(!oldest || p->order < oldest->order)) {
			oldest = p;
		}
	}
	return oldest ? oldest->request : 0;
}
