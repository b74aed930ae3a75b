/* desk/session/capture.c - see capture.h. */
#include "desk/session/capture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>
#include <xcb/damage.h>
#include <xcb/shm.h>
#include <xcb/xfixes.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"

/* Narrow rectangles come through here, because the server packs them without our stride. */
#define SCRATCH_SIZE ((size_t)1 << 20)
#define MAX_SIDE 32767
#define MAX_PENDING 64
/* Cells of the coarse grid for damage of more rectangles than we report. */
#define GRID 8

struct pending {
	xcb_shm_get_image_cookie_t cookie;
	struct sp_rect r;
	size_t offset; /* in the segment */
	bool direct; /* whole rows, already in their place */
};

struct sp_capture {
	struct sp_xlink *x;
	xcb_damage_damage_t damage;
	xcb_xfixes_region_t region;
	struct sp_capture_frame frame;
	uint32_t new_width, new_height; /* as the server says */
	bool damaged, fresh; /* fresh: the frame is new and all of it unread */
	/* The segment holds the frame, then the scratch area. */
	xcb_shm_seg_t seg; /* 0: without shared memory, the frame is plain memory */
	uint8_t *map;
	size_t map_size, frame_size;
	bool sysv;
	struct pending pending[MAX_PENDING];
	size_t n_pending, scratch_used;
};

static void on_event(void *arg, const xcb_generic_event_t *ev)
{
	struct sp_capture *c = arg;
	uint8_t type = ev->response_type & 0x7f;

	if (type == c->x->damage_event + XCB_DAMAGE_NOTIFY) {
		c->damaged = true;
	} else if (type == XCB_CONFIGURE_NOTIFY) {
		const xcb_configure_notify_event_t *e = (const xcb_configure_notify_event_t *)ev;

		if (e->window == c->x->root) {
			c->new_width = e->width;
			c->new_height = e->height;
		}
	}
}

/* Whether the root's pixels are B G R X: 32 bits each, little endian, the usual masks. */
static bool pixels_fit(const struct sp_xlink *x)
{
	const xcb_setup_t *setup = xcb_get_setup(x->c);
	bool deep = false, masks = false;

	for (xcb_format_iterator_t f = xcb_setup_pixmap_formats_iterator(setup); f.rem;
			xcb_format_next(&f)) {
		if (f.data->depth == x->screen->root_depth) {
			deep = f.data->bits_per_pixel == 32 && f.data->scanline_pad == 32;
		}
	}
	for (xcb_depth_iterator_t d = xcb_screen_allowed_depths_iterator(x->screen); d.rem;
			xcb_depth_next(&d)) {
		for (xcb_visualtype_iterator_t v = xcb_depth_visuals_iterator(d.data); v.rem;
				xcb_visualtype_next(&v)) {
			if (v.data->visual_id == x->screen->root_visual) {
				masks = v.data->red_mask == 0xff0000 &&
						v.data->green_mask == 0xff00 &&
						v.data->blue_mask == 0xff;
			}
		}
	}
	return deep && masks && setup->image_byte_order == XCB_IMAGE_ORDER_LSB_FIRST &&
			(x->screen->root_depth == 24 || x->screen->root_depth == 32);
}

static void free_frame(struct sp_capture *c)
{
	if (c->seg) {
		xcb_shm_detach(c->x->c, c->seg);
		c->seg = 0;
	}
	if (c->map && c->sysv) {
		shmdt(c->map);
	} else if (c->map) {
		munmap(c->map, c->map_size);
	}
	c->map = NULL;
	c->sysv = false;
}

/* Memory that both see through a descriptor: no identifier others could attach to. */
static bool map_memfd(struct sp_capture *c)
{
	int fd = memfd_create("sallyport-frame", MFD_CLOEXEC);

	if (fd < 0) {
		return false;
	}
	if (ftruncate(fd, (off_t)c->map_size) != 0) {
		close(fd);
		return false;
	}
	void *map = mmap(NULL, c->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		close(fd);
		return false;
	}
	c->map = map;
	c->seg = xcb_generate_id(c->x->c);
	/* XCB closes the descriptor once it is sent. */
	xcb_generic_error_t *err = xcb_request_check(
			c->x->c, xcb_shm_attach_fd_checked(c->x->c, c->seg, fd, 0));
	if (err || xcb_connection_has_error(c->x->c)) {
		free(err);
		c->seg = 0;
		free_frame(c);
		return false;
	}
	return true;
}

static bool map_sysv(struct sp_capture *c)
{
	int id = shmget(IPC_PRIVATE, c->map_size, IPC_CREAT | 0600);

	if (id < 0) {
		return false;
	}
	void *map = shmat(id, NULL, 0);
	if (map == (void *)-1) {
		shmctl(id, IPC_RMID, NULL);
		return false;
	}
	c->map = map;
	c->sysv = true;
	c->seg = xcb_generate_id(c->x->c);
	xcb_generic_error_t *err = xcb_request_check(
			c->x->c, xcb_shm_attach_checked(c->x->c, c->seg, (uint32_t)id, 0));
	shmctl(id, IPC_RMID, NULL);
	if (err || xcb_connection_has_error(c->x->c)) {
		free(err);
		c->seg = 0;
		free_frame(c);
		return false;
	}
	return true;
}

static bool map_plain(struct sp_capture *c)
{
	void *map = mmap(NULL, c->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	if (map == MAP_FAILED) {
		return false;
	}
	c->map = map;
	return true;
}

static int new_frame(struct sp_capture *c, uint32_t width, uint32_t height)
{
	if (!(0 < width && width <= MAX_SIDE && 0 < height && height <= MAX_SIDE)) {
		return SP_EPROTO;
	}
	free_frame(c);
	c->frame = (struct sp_capture_frame){0};
	c->frame_size = (size_t)width * height * 4;
	c->map_size = c->frame_size + SCRATCH_SIZE;
	if (!(c->x->shm_fd && map_memfd(c)) && !(c->x->shm && map_sysv(c)) && !map_plain(c)) {
		return SP_ENOMEM;
	}
	if (!c->seg) {
		sp_log(SP_LOG_WARN,
				"capture: no shared memory with the X server, pictures go "
				"through the socket");
	}
	c->frame.pixels = c->map;
	c->frame.width = width;
	c->frame.height = height;
	c->frame.stride = (size_t)width * 4;
	c->fresh = true;
	return SP_OK;
}

int sp_capture_create(struct sp_xlink *x, struct sp_capture **out)
{
	uint32_t mask = XCB_EVENT_MASK_STRUCTURE_NOTIFY;

	*out = NULL;
	if (!pixels_fit(x)) {
		return SP_EPROTO;
	}
	struct sp_capture *c = sp_calloc(1, sizeof(*c));
	if (!c) {
		return SP_ENOMEM;
	}
	c->x = x;
	c->damage = xcb_generate_id(x->c);
	c->region = xcb_generate_id(x->c);
	xcb_change_window_attributes(x->c, x->root, XCB_CW_EVENT_MASK, &mask);
	xcb_damage_create(x->c, c->damage, x->root, XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
	xcb_xfixes_create_region(x->c, c->region, 0, NULL);
	int rc = sp_xlink_listen(x, on_event, c);
	xcb_get_geometry_reply_t *g =
			xcb_get_geometry_reply(x->c, xcb_get_geometry(x->c, x->root), NULL);
	if (rc == SP_OK && !g) {
		rc = SP_ECLOSED;
	}
	if (rc == SP_OK) {
		c->new_width = g->width;
		c->new_height = g->height;
		rc = new_frame(c, g->width, g->height);
	}
	free(g);
	if (rc != SP_OK) {
		sp_capture_destroy(c);
		return rc;
	}
	*out = c;
	return SP_OK;
}

void sp_capture_destroy(struct sp_capture *c)
{
	if (!c) {
		return;
	}
	sp_xlink_unlisten(c->x, c);
	xcb_damage_destroy(c->x->c, c->damage);
	xcb_xfixes_destroy_region(c->x->c, c->region);
	free_frame(c);
	xcb_flush(c->x->c);
	sp_free(c);
}

const struct sp_capture_frame *sp_capture_frame(const struct sp_capture *c)
{
	return &c->frame;
}

static struct sp_rect whole(const struct sp_capture *c)
{
	return (struct sp_rect){0, 0, (int32_t)c->frame.width, (int32_t)c->frame.height};
}

static struct sp_rect from_x(const xcb_rectangle_t *r)
{
	return (struct sp_rect){r->x, r->y, r->width, r->height};
}

/* Too many rectangles: in each cell of a coarse grid the smallest one around all. */
static void damage_by_grid(const struct sp_capture *c, const xcb_rectangle_t *list, int n,
		struct sp_capture_damage *out)
{
	int32_t cw = (int32_t)(c->frame.width + GRID - 1) / GRID;
	int32_t ch = (int32_t)(c->frame.height + GRID - 1) / GRID;

	for (int32_t cell = 0; cell < GRID * GRID; cell++) {
		struct sp_rect box = {cell % GRID * cw, cell / GRID * ch, cw, ch};
		struct sp_rect sum = {0};

		for (int i = 0; i < n; i++) {
			sum = sp_rect_or(sum, sp_rect_and(box, from_x(&list[i])));
		}
		sum = sp_rect_and(sum, whole(c));
		if (!sp_rect_empty(sum)) {
			out->rects[out->n++] = sum;
		}
	}
}

/* Takes the damage from the server; what is drawn after this is new damage. */
static int take_damage(struct sp_capture *c, struct sp_capture_damage *out)
{
	xcb_connection_t *x = c->x->c;

	xcb_damage_subtract(x, c->damage, XCB_NONE, c->region);
	xcb_xfixes_fetch_region_reply_t *r = xcb_xfixes_fetch_region_reply(
			x, xcb_xfixes_fetch_region(x, c->region), NULL);
	if (!r) {
		return xcb_connection_has_error(x) ? SP_ECLOSED : SP_EPROTO;
	}
	const xcb_rectangle_t *list = xcb_xfixes_fetch_region_rectangles(r);
	int n = xcb_xfixes_fetch_region_rectangles_length(r);

	if (n > SP_CAPTURE_MAX_RECTS) {
		damage_by_grid(c, list, n, out);
		free(r);
		return SP_OK;
	}
	for (int i = 0; i < n; i++) {
		struct sp_rect cut = sp_rect_and(from_x(&list[i]), whole(c));

		if (!sp_rect_empty(cut)) {
			out->rects[out->n++] = cut;
		}
	}
	free(r);
	return SP_OK;
}

int sp_capture_poll(struct sp_capture *c, struct sp_capture_damage *out)
{
	out->resized = false;
	out->n = 0;
	int rc = sp_xlink_pump(c->x);
	if (rc != SP_OK) {
		return rc;
	}
	if (c->new_width != c->frame.width || c->new_height != c->frame.height) {
		rc = new_frame(c, c->new_width, c->new_height);
		if (rc != SP_OK) {
			return rc;
		}
		out->resized = true;
	}
	if (c->damaged) {
		c->damaged = false;
		rc = take_damage(c, out);
		if (rc != SP_OK) {
			return rc;
		}
	}
	if (c->fresh) {
		c->fresh = false;
		out->n = 1;
		out->rects[0] = whole(c);
	}
	return SP_OK;
}

static void copy_rows(struct sp_capture *c, struct sp_rect r, const uint8_t *src)
{
	size_t row = (size_t)r.w * 4;
	uint8_t *dst = c->map + (size_t)r.y * c->frame.stride + (size_t)r.x * 4;

	for (int32_t y = 0; y < r.h; y++) {
		memcpy(dst, src, row);
		dst += c->frame.stride;
		src += row;
	}
}

/* Waits for what was asked. A refusal means that the screen has just shrunk: a poll will tell. */
static void collect(struct sp_capture *c)
{
	for (size_t i = 0; i < c->n_pending; i++) {
		struct pending *p = &c->pending[i];
		xcb_generic_error_t *err = NULL;
		xcb_shm_get_image_reply_t *r = xcb_shm_get_image_reply(c->x->c, p->cookie, &err);

		if (r && !p->direct) {
			copy_rows(c, p->r, c->map + p->offset);
		}
		free(r);
		free(err);
	}
	c->n_pending = 0;
	c->scratch_used = 0;
}

static void ask(struct sp_capture *c, struct sp_rect r, size_t offset, bool direct)
{
	struct pending *p = &c->pending[c->n_pending++];

	p->r = r;
	p->offset = offset;
	p->direct = direct;
	p->cookie = xcb_shm_get_image(c->x->c, c->x->root, (int16_t)r.x, (int16_t)r.y,
			(uint16_t)r.w, (uint16_t)r.h, ~0U, XCB_IMAGE_FORMAT_Z_PIXMAP, c->seg,
			(uint32_t)offset);
}

static void fetch_shm(struct sp_capture *c, struct sp_rect r)
{
	size_t row = (size_t)r.w * 4;

	if ((uint32_t)r.w * 2 >= c->frame.width) {
		/* Whole rows have the frame's own stride, so the server writes them in place. */
		if (c->n_pending == MAX_PENDING) {
			collect(c);
		}
		r.x = 0;
		r.w = (int32_t)c->frame.width;
		ask(c, r, (size_t)r.y * c->frame.stride, true);
		return;
	}
	for (int32_t done = 0; done < r.h;) {
		size_t left = (SCRATCH_SIZE - c->scratch_used) / row;
		struct sp_rect part = {r.x, r.y + done, r.w, r.h - done};

		if (left == 0 || c->n_pending == MAX_PENDING) {
			collect(c);
			continue;
		}
		if ((size_t)part.h > left) {
			part.h = (int32_t)left;
		}
		ask(c, part, c->frame_size + c->scratch_used, false);
		c->scratch_used += (size_t)part.h * row;
		done += part.h;
	}
}

static void fetch_plain(struct sp_capture *c, struct sp_rect r)
{
	int32_t rows = (int32_t)(SCRATCH_SIZE / ((size_t)r.w * 4));

	for (int32_t y = r.y; y < r.y + r.h; y += rows) {
		struct sp_rect part = {r.x, y, r.w, r.y + r.h - y < rows ? r.y + r.h - y : rows};
		xcb_generic_error_t *err = NULL;
		xcb_get_image_reply_t *reply = xcb_get_image_reply(c->x->c,
				xcb_get_image(c->x->c, XCB_IMAGE_FORMAT_Z_PIXMAP, c->x->root,
						(int16_t)part.x, (int16_t)part.y, (uint16_t)part.w,
						(uint16_t)part.h, ~0U),
				&err);

		if (reply &&
				(size_t)xcb_get_image_data_length(reply) >=
						(size_t)part.w * (size_t)part.h * 4) {
			copy_rows(c, part, xcb_get_image_data(reply));
		}
		free(reply);
		free(err);
	}
}

int sp_capture_fetch(struct sp_capture *c, const struct sp_rect *rects, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sp_rect r = sp_rect_and(rects[i], whole(c));

		if (sp_rect_empty(r)) {
			continue;
		}
		if (c->seg) {
			fetch_shm(c, r);
		} else {
			fetch_plain(c, r);
		}
	}
	collect(c);
	if (xcb_connection_has_error(c->x->c)) {
		c->x->gone = true;
	}
	return c->x->gone ? SP_ECLOSED : SP_OK;
}
