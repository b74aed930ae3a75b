/* core/chan/display.c - see display.h. */
#include "core/chan/display.h"

#include "core/base/err.h"

/* [MS-RDPEDISP] 2.2.1.1 Type */
#define TYPE_LAYOUT 2
#define TYPE_CAPS 5

#define HEADER 8
#define FLAG_PRIMARY 1u
#define MIN_MM 10
#define MAX_MM 10000

/* [MS-RDPEDISP] 2.2.1.1 DISPLAYCONTROL_HEADER */
static void read_header(struct sp_rd *r, uint32_t want)
{
	size_t have = sp_rd_left(r);
	uint32_t type = sp_rd_le32(r);
	uint32_t length = sp_rd_le32(r);

	if (sp_rd_ok(r) != SP_OK) {
		return;
	}
	if (type != want) {
		sp_rd_fail(r, SP_EPROTO, "display.Type");
	} else if (length != have) {
		sp_rd_fail(r, length > have ? SP_ESHORT : SP_EFIELD, "display.Length");
	}
}

int sp_display_caps_read(struct sp_rd *r, struct sp_display_caps *out)
{
	read_header(r, TYPE_CAPS);
	out->max_monitors = sp_rd_le32(r);
	out->factor_a = sp_rd_le32(r);
	out->factor_b = sp_rd_le32(r);
	if (sp_rd_ok(r) == SP_OK && out->max_monitors < 1) {
		sp_rd_fail(r, SP_EFIELD, "display.MaxNumMonitors");
	}
	return sp_rd_end(r);
}

void sp_display_caps_write(struct sp_wr *w, const struct sp_display_caps *in)
{
	sp_wr_le32(w, TYPE_CAPS);
	sp_wr_le32(w, HEADER + 12);
	sp_wr_le32(w, in->max_monitors);
	sp_wr_le32(w, in->factor_a);
	sp_wr_le32(w, in->factor_b);
}

static bool within(uint32_t v, uint32_t min, uint32_t max)
{
	return min <= v && v <= max;
}

/* Fields that the specification wants ignored become 0, in pairs where they are pairs. */
static void drop_invalid(struct sp_display_monitor *m)
{
	if (!(within(m->physical_width, MIN_MM, MAX_MM) &&
			    within(m->physical_height, MIN_MM, MAX_MM))) {
		m->physical_width = m->physical_height = 0;
	}
	if (!(m->orientation == 90 || m->orientation == 180 || m->orientation == 270)) {
		m->orientation = 0;
	}
	if (!(within(m->desktop_scale, 100, 500) &&
			    (m->device_scale == 100 || m->device_scale == 140 ||
					    m->device_scale == 180))) {
		m->desktop_scale = m->device_scale = 0;
	}
}

static bool coordinate(int32_t v)
{
	return INT16_MIN <= v && v <= INT16_MAX;
}

/* NULL when place and size are possible. */
static const char *wrong_field(const struct sp_display_monitor *m)
{
	bool width = within(m->width, SP_DISPLAY_MIN_SIDE, SP_DISPLAY_MAX_SIDE) &&
			m->width % 2 == 0;

	return !coordinate(m->left)           ? "display.Left"
			: !coordinate(m->top) ? "display.Top"
			: !width              ? "display.Width"
			: !within(m->height, SP_DISPLAY_MIN_SIDE, SP_DISPLAY_MAX_SIDE)
			? "display.Height"
			: NULL;
}

static void read_monitor(struct sp_rd *r, struct sp_display_monitor *out)
{
	uint32_t flags = sp_rd_le32(r);

	out->primary = flags & FLAG_PRIMARY;
	out->left = (int32_t)sp_rd_le32(r);
	out->top = (int32_t)sp_rd_le32(r);
	out->width = sp_rd_le32(r);
	out->height = sp_rd_le32(r);
	out->physical_width = sp_rd_le32(r);
	out->physical_height = sp_rd_le32(r);
	out->orientation = sp_rd_le32(r);
	out->desktop_scale = sp_rd_le32(r);
	out->device_scale = sp_rd_le32(r);
	if (sp_rd_ok(r) != SP_OK) {
		return;
	}
	const char *wrong = wrong_field(out);
	if (wrong) {
		sp_rd_fail(r, SP_EFIELD, wrong);
	}
	drop_invalid(out);
}

int sp_display_layout_read(struct sp_rd *r, struct sp_display_layout *out)
{
	read_header(r, TYPE_LAYOUT);
	uint32_t size = sp_rd_le32(r); /* MonitorLayoutSize */
	uint32_t n = sp_rd_le32(r); /* NumMonitors */

	out->n = 0;
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (size != SP_DISPLAY_MONITOR_BYTES) {
		return sp_rd_fail(r, SP_EFIELD, "display.MonitorLayoutSize");
	}
	if (!(1 <= n && n <= SP_DISPLAY_MAX_MONITORS)) {
		return sp_rd_fail(r, SP_ELIMIT, "display.NumMonitors");
	}
	for (; out->n < n; out->n++) {
		read_monitor(r, &out->monitor[out->n]);
	}
	return sp_rd_end(r);
}

void sp_display_layout_write(struct sp_wr *w, const struct sp_display_layout *in)
{
	if (!(1 <= in->n && in->n <= SP_DISPLAY_MAX_MONITORS)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_le32(w, TYPE_LAYOUT);
	sp_wr_le32(w,
			(uint32_t)(HEADER + 4 /* MonitorLayoutSize */ + 4 /* NumMonitors */ +
					in->n * SP_DISPLAY_MONITOR_BYTES));
	sp_wr_le32(w, SP_DISPLAY_MONITOR_BYTES);
	sp_wr_le32(w, (uint32_t)in->n);
	for (size_t i = 0; i < in->n; i++) {
		const struct sp_display_monitor *m = &in->monitor[i];

		sp_wr_le32(w, m->primary ? FLAG_PRIMARY : 0);
		sp_wr_le32(w, (uint32_t)m->left);
		sp_wr_le32(w, (uint32_t)m->top);
		sp_wr_le32(w, m->width);
		sp_wr_le32(w, m->height);
		sp_wr_le32(w, m->physical_width);
		sp_wr_le32(w, m->physical_height);
		sp_wr_le32(w, m->orientation);
		sp_wr_le32(w, m->desktop_scale);
		sp_wr_le32(w, m->device_scale);
	}
}

/* How far two stretches reach into each other; 0: they touch, below: there is a gap. */
static int64_t shared(int64_t a, int64_t a_len, int64_t b, int64_t b_len)
{
	int64_t from = a > b ? a : b;
	int64_t to = a + a_len < b + b_len ? a + a_len : b + b_len;

	return to - from;
}

static const char *check_pairs(const struct sp_display_layout *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct sp_display_monitor *a = &l->monitor[i];
		bool touched = l->n == 1;

		for (size_t k = 0; k < l->n; k++) {
			const struct sp_display_monitor *b = &l->monitor[k];
			int64_t across = shared(a->left, a->width, b->left, b->width);
			int64_t down = shared(a->top, a->height, b->top, b->height);

			if (k != i && across > 0 && down > 0) {
				return "monitors overlap";
			}
			touched = touched || (k != i && across >= 0 && down >= 0);
		}
		if (!touched) {
			return "a monitor stands apart";
		}
	}
	return NULL;
}

const char *sp_display_check(const struct sp_display_layout *l)
{
	const struct sp_display_monitor *primary = NULL;

	if (!(1 <= l->n && l->n <= SP_DISPLAY_MAX_MONITORS)) {
		return "no monitors";
	}
	for (size_t i = 0; i < l->n; i++) {
		if (wrong_field(&l->monitor[i])) {
			return "a monitor's place or size is not possible";
		}
		if (l->monitor[i].primary && primary) {
			return "two primary monitors";
		}
		primary = l->monitor[i].primary ? &l->monitor[i] : primary;
	}
	if (!primary || primary->left != 0 || primary->top != 0) {
		return primary ? "the primary monitor is not at 0, 0" : "no primary monitor";
	}
	struct sp_rect all = sp_display_bounds(l);
	if (!(all.w <= SP_DISPLAY_MAX_SPAN && all.h <= SP_DISPLAY_MAX_SPAN)) {
		return "monitors reach too far";
	}
	return check_pairs(l);
}

struct sp_rect sp_display_bounds(const struct sp_display_layout *l)
{
	int32_t left = 0, top = 0, right = 0, bottom = 0;

	for (size_t i = 0; i < l->n && i < SP_DISPLAY_MAX_MONITORS; i++) {
		const struct sp_display_monitor *m = &l->monitor[i];
		int32_t x = m->left + (int32_t)m->width, y = m->top + (int32_t)m->height;

		left = m->left < left ? m->left : left;
		top = m->top < top ? m->top : top;
		right = x > right ? x : right;
		bottom = y > bottom ? y : bottom;
	}
	return (struct sp_rect){left, top, right - left, bottom - top};
}

uint64_t sp_display_max_area(const struct sp_display_caps *caps)
{
	uint64_t factors = (uint64_t)caps->factor_a * caps->factor_b;

	return factors > UINT64_MAX / caps->max_monitors ? UINT64_MAX
							 : factors * caps->max_monitors;
}

uint64_t sp_display_area(const struct sp_display_layout *l)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < l->n && i < SP_DISPLAY_MAX_MONITORS; i++) {
		sum += (uint64_t)l->monitor[i].width * l->monitor[i].height;
	}
	return sum;
}
