/* core/view/motion.c - see motion.h. */
#include "core/view/motion.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/codec/simd.h"

#define STRIP 64 /* pixels of a row that are looked at together */
#define STRIPS 8 /* of them across an area */
#define MIN_VOTES 8
#define MIN_GAIN 2048u /* pixels */
#define MIN_SIDE 24
#define GRID 64 /* cells across an area, at most */
#define MIN_CELL 32 /* rows of one */
#define MIN_CELL_WIDTH 64
#define FIT 96 /* lines of pixels that are looked at on either side of an edge */
/* Any direction: short pieces of rows of the old picture, looked up at each place of the new one. */
#define PIECE 16
#define EACH 32 /* one is taken from a square of this side */
#define MAX_PIECES 4096
#define TABLE_BITS 14
#define SIFT_BITS 16
#define MAX_DIRECTIONS 64

struct entry {
	uint32_t hash; /* 0: free */
	int32_t x, y; /* y < 0: more than one place looks like this */
};

struct direction {
	int32_t dx, dy;
	uint32_t votes;
};

struct sp_motion {
	uint32_t w, h;
	size_t cap; /* of rows, a power of two above twice the height */
	struct entry *rows;
	uint32_t *votes; /* for dy from -h to h */
	struct entry table[1 << TABLE_BITS];
	uint8_t sift[1 << (SIFT_BITS - 3)];
	int32_t weight[GRID * GRID];
};

struct sp_motion *sp_motion_create(uint32_t w, uint32_t h)
{
	struct sp_motion *m = sp_calloc(1, sizeof(*m));

	if (!m) {
		return NULL;
	}
	m->w = w;
	m->h = h;
	m->cap = 1;
	while (m->cap < 2 * (size_t)h + 2) {
		m->cap *= 2;
	}
	m->rows = sp_calloc(m->cap, sizeof(*m->rows));
	m->votes = sp_calloc(2 * (size_t)h + 1, sizeof(*m->votes));
	if (!m->rows || !m->votes) {
		sp_motion_destroy(m);
		return NULL;
	}
	return m;
}

void sp_motion_destroy(struct sp_motion *m)
{
	if (m) {
		sp_free(m->rows);
		sp_free(m->votes);
		sp_free(m);
	}
}

static uint32_t colour(const uint8_t *p)
{
	return sp_simd_load32(p) & 0xffffff;
}

static const uint8_t *was_at(const struct sp_motion_pictures *p, int32_t x, int32_t y)
{
	return p->was + (size_t)y * p->was_stride + 4 * (size_t)x;
}

static const uint8_t *now_at(const struct sp_motion_pictures *p, int32_t x, int32_t y)
{
	return p->now + (size_t)y * p->now_stride + 4 * (size_t)x;
}

static uint64_t two(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v & 0x00ffffff00ffffffu;
}

/* 0 when the n pixels are all of one colour, and so tell nothing. Four chains, since one waits. */
static uint32_t row_hash(const uint8_t *px, int32_t n)
{
	const uint64_t k = 0xff51afd7ed558ccdu;
	uint64_t h[4] = {1, 2, 3, 4}, other = 0, first = colour(px);
	int32_t i = 0;

	first |= first << 32;
	for (; i + 8 <= n; i += 8) {
		for (int32_t c = 0; c < 4; c++) {
			uint64_t v = two(px + 4 * (i + 2 * c));

			other |= v ^ first;
			h[c] = (h[c] ^ v) * k;
			h[c] ^= h[c] >> 32;
		}
	}
	for (; i < n; i++) {
		uint64_t v = colour(px + 4 * i);

		other |= v ^ (first >> 32);
		h[0] = (h[0] ^ v) * k;
		h[0] ^= h[0] >> 32;
	}
	h[0] = (h[0] ^ h[1] * 3 ^ h[2] * 5 ^ h[3] * 7) * k;
	return other ? (uint32_t)(h[0] >> 32) | 1 : 0;
}

static struct entry *find(struct entry *table, size_t cap, uint32_t hash)
{
	size_t at = (hash >> 1) & (cap - 1);

	while (table[at].hash && table[at].hash != hash) {
		at = (at + 1) & (cap - 1);
	}
	return &table[at];
}

/* ---- up and down ---- */

/* Rows of one strip: where is each that has changed in the old picture? */
static void vote_strip(struct sp_motion *m, const struct sp_motion_pictures *p, struct sp_rect s)
{
	memset(m->rows, 0, m->cap * sizeof(*m->rows));
	for (int32_t y = s.y; y < s.y + s.h; y++) {
		uint32_t hash = row_hash(was_at(p, s.x, y), s.w);

		if (hash) {
			struct entry *e = find(m->rows, m->cap, hash);

			e->y = e->hash ? -1 : y;
			e->hash = hash;
		}
	}
	for (int32_t y = s.y; y < s.y + s.h; y++) {
		uint32_t hash = row_hash(now_at(p, s.x, y), s.w);
		struct entry *e = hash ? find(m->rows, m->cap, hash) : NULL;

		if (e && e->hash && e->y >= 0 && e->y != y) {
			m->votes[y - e->y + (int32_t)m->h]++;
		}
	}
}

static bool find_rows(struct sp_motion *m, const struct sp_motion_pictures *p, struct sp_rect area,
		int32_t *dy)
{
	int32_t columns = (area.w + STRIP - 1) / STRIP;
	int32_t step = (columns + STRIPS - 1) / STRIPS;
	uint32_t best = 0;

	memset(m->votes, 0, (2 * (size_t)m->h + 1) * sizeof(*m->votes));
	for (int32_t c = 0; c < columns; c += step) {
		struct sp_rect s = {area.x + c * STRIP, area.y, STRIP, area.h};

		vote_strip(m, p, sp_rect_and(s, area));
	}
	for (int32_t d = -area.h; d <= area.h; d++) {
		uint32_t v = m->votes[d + (int32_t)m->h];

		if (v > best) {
			best = v;
			*dy = d;
		}
	}
	return best >= MIN_VOTES;
}

/* ---- any direction ---- */

#define BASE 0x2c1b3c6du /* of the rolling hash, odd */

static uint32_t base_power(void)
{
	uint32_t v = 1;

	for (int i = 0; i < PIECE; i++) {
		v *= BASE;
	}
	return v;
}

static uint32_t mix(uint32_t c)
{
	c *= 0x9e3779b1u;
	return c ^ c >> 15;
}

/* Enough changes of colour that it is not met by chance. */
static uint32_t piece_hash(const uint8_t *px)
{
	uint32_t h = 0;
	int steps = 0;

	for (int i = 0; i < PIECE; i++) {
		h = h * BASE + mix(colour(px + 4 * i));
		steps += i > 0 && colour(px + 4 * i) != colour(px + 4 * i - 4);
	}
	return steps >= 4 ? h | 1 : 0;
}

static void take_pieces(
		struct sp_motion *m, const struct sp_motion_pictures *p, struct sp_rect area)
{
	size_t n = 0;

	memset(m->table, 0, sizeof(m->table));
	memset(m->sift, 0, sizeof(m->sift));
	for (int32_t by = area.y; by < area.y + area.h; by += EACH) {
		for (int32_t bx = area.x; bx + PIECE <= area.x + area.w && n < MAX_PIECES;
				bx += EACH) {
			int32_t end = by + EACH < area.y + area.h ? by + EACH : area.y + area.h;
			uint32_t hash = 0;
			int32_t y = by;

			while (y < end && !(hash = piece_hash(was_at(p, bx, y)))) {
				y++;
			}
			if (!hash) {
				continue;
			}
			struct entry *e = find(m->table, 1 << TABLE_BITS, hash);
			e->x = bx;
			e->y = e->hash ? -1 : y;
			e->hash = hash;
			hash >>= 32 - SIFT_BITS;
			m->sift[hash >> 3] |= (uint8_t)(1u << (hash & 7));
			n++;
		}
	}
}

static void vote_direction(struct direction *d, size_t *n, int32_t dx, int32_t dy)
{
	size_t i = 0;

	while (i < *n && !(d[i].dx == dx && d[i].dy == dy)) {
		i++;
	}
	if (i == *n && *n < MAX_DIRECTIONS) {
		d[(*n)++] = (struct direction){dx, dy, 0};
	}
	if (i < *n) {
		d[i].votes++;
	}
}

static bool find_pieces(struct sp_motion *m, const struct sp_motion_pictures *p,
		struct sp_rect area, int32_t *dx, int32_t *dy)
{
	const uint32_t power = base_power();
	struct direction d[MAX_DIRECTIONS];
	size_t n = 0, best = 0;

	take_pieces(m, p, area);
	for (int32_t y = area.y; y < area.y + area.h; y++) {
		const uint8_t *row = now_at(p, area.x, y);
		uint32_t h = 0;

		for (int32_t i = 0; i < area.w; i++) {
			h = h * BASE + mix(colour(row + 4 * i));
			if (i >= PIECE) {
				h -= power * mix(colour(row + 4 * (i - PIECE)));
			}
			uint32_t s = (h | 1) >> (32 - SIFT_BITS);
			if (i < PIECE - 1 || !(m->sift[s >> 3] & 1u << (s & 7))) {
				continue;
			}
			struct entry *e = find(m->table, 1 << TABLE_BITS, h | 1);
			int32_t x = area.x + i - (PIECE - 1);

			if (e->hash && e->y >= 0 && !(e->x == x && e->y == y)) {
				vote_direction(d, &n, x - e->x, y - e->y);
			}
		}
	}
	for (size_t i = 1; i < n; i++) {
		best = d[i].votes > d[best].votes ? i : best;
	}
	if (n == 0 || d[best].votes < MIN_VOTES) {
		return false;
	}
	*dx = d[best].dx;
	*dy = d[best].dy;
	return true;
}

/* ---- how far does it reach? ---- */

static int same_row(const uint8_t *a, const uint8_t *b, int32_t n)
{
	return sp_simd_differ(a, b, (size_t)n) == (size_t)n;
}

/* In pieces of rows: those that the move makes right, less those that it makes wrong. */
static int32_t weigh(const struct sp_motion_pictures *p, struct sp_rect r, int32_t dx, int32_t dy)
{
	int32_t sum = 0;

	for (int32_t y = r.y; y < r.y + r.h; y++) {
		const uint8_t *now = now_at(p, r.x, y);

		sum += same_row(now, was_at(p, r.x - dx, y - dy), r.w) -
				same_row(now, was_at(p, r.x, y), r.w);
	}
	return sum * r.w;
}

/* The rectangle of cells with the largest sum (Kadane's way, for each pair of columns). */
static int32_t best_cells(const int32_t *w, int32_t cols, int32_t rows, struct sp_rect *out)
{
	int32_t best = 0;

	for (int32_t x0 = 0; x0 < cols; x0++) {
		int32_t sum[GRID] = {0};

		for (int32_t x1 = x0; x1 < cols; x1++) {
			int32_t run = 0, from = 0;

			for (int32_t y = 0; y < rows; y++) {
				sum[y] += w[y * GRID + x1];
				if (run <= 0) {
					run = 0;
					from = y;
				}
				run += sum[y];
				if (run > best) {
					best = run;
					*out = (struct sp_rect){
							x0, from, x1 - x0 + 1, y - from + 1};
				}
			}
		}
	}
	return best;
}

enum side {
	LEFT,
	TOP,
	RIGHT,
	BOTTOM,
};

/* The i-th line of pixels beside an edge: outside for i >= 0, inside for i < 0. */
static struct sp_rect line_at(struct sp_rect r, enum side side, int32_t i)
{
	switch (side) {
	case LEFT:
		return (struct sp_rect){r.x - 1 - i, r.y, 1, r.h};
	case TOP:
		return (struct sp_rect){r.x, r.y - 1 - i, r.w, 1};
	case RIGHT:
		return (struct sp_rect){r.x + r.w + i, r.y, 1, r.h};
	case BOTTOM:
		break;
	}
	return (struct sp_rect){r.x, r.y + r.h + i, r.w, 1};
}

static struct sp_rect shift(struct sp_rect r, enum side side, int32_t by)
{
	r.x -= side == LEFT ? by : 0;
	r.y -= side == TOP ? by : 0;
	r.w += side == LEFT || side == RIGHT ? by : 0;
	r.h += side == TOP || side == BOTTOM ? by : 0;
	return r;
}

/*
 * Puts an edge where most is gained: out over lines that together gain, in over such that together
 * lose. Between letters nothing is gained or lost, so a single line decides nothing.
 */
static struct sp_rect fit(const struct sp_motion_pictures *p, struct sp_rect r, struct sp_rect most,
		enum side side, int32_t dx, int32_t dy)
{
	int32_t deep = side == LEFT || side == RIGHT ? r.w : r.h;
	int32_t sum = 0, best = 0, by = 0;

	for (int32_t i = 0; i < FIT; i++) {
		struct sp_rect l = line_at(r, side, i);

		if (!sp_rect_contains(most, l)) {
			break;
		}
		sum += weigh(p, l, dx, dy);
		if (sum > best) {
			best = sum;
			by = i + 1;
		}
	}
	if (by > 0) {
		return shift(r, side, by);
	}
	sum = best = 0;
	for (int32_t i = 1; i <= FIT && i < deep; i++) {
		sum += weigh(p, line_at(r, side, -i), dx, dy);
		if (sum < best || (sum == 0 && by == i - 1)) {
			best = sum;
			by = i;
		}
	}
	return shift(r, side, -by);
}

static bool reach(struct sp_motion *m, const struct sp_motion_pictures *p, struct sp_rect area,
		int32_t dx, int32_t dy, struct sp_motion_move *out)
{
	struct sp_rect all = {0, 0, (int32_t)p->w, (int32_t)p->h};
	struct sp_rect from = {dx, dy, all.w, all.h};
	struct sp_rect cells;

	area = sp_rect_and(area, sp_rect_and(all, from));
	if (sp_rect_empty(area)) {
		return false;
	}
	int32_t cw = (area.w + GRID - 1) / GRID, ch = (area.h + GRID - 1) / GRID;
	cw = cw < MIN_CELL_WIDTH ? MIN_CELL_WIDTH : cw;
	ch = ch < MIN_CELL ? MIN_CELL : ch;
	int32_t cols = (area.w + cw - 1) / cw, rows = (area.h + ch - 1) / ch;
	for (int32_t y = 0; y < rows; y++) {
		for (int32_t x = 0; x < cols; x++) {
			struct sp_rect c = {area.x + x * cw, area.y + y * ch, cw, ch};

			m->weight[y * GRID + x] = weigh(p, sp_rect_and(c, area), dx, dy);
		}
	}
	int32_t best = best_cells(m->weight, cols, rows, &cells);
	if (best < (int32_t)MIN_GAIN) {
		return false;
	}
	struct sp_rect r = {
			area.x + cells.x * cw, area.y + cells.y * ch, cells.w * cw, cells.h * ch};
	r = sp_rect_and(r, area);
	for (enum side side = LEFT; side <= BOTTOM; side++) {
		r = fit(p, r, area, side, dx, dy);
	}
	out->to = r;
	out->dx = dx;
	out->dy = dy;
	out->gain = (size_t)best;
	return true;
}

bool sp_motion_find(struct sp_motion *m, const struct sp_motion_pictures *p, struct sp_rect area,
		bool any, struct sp_motion_move *out)
{
	int32_t dx = 0, dy = 0;

	area = sp_rect_and(area, (struct sp_rect){0, 0, (int32_t)p->w, (int32_t)p->h});
	if (!(area.w >= MIN_SIDE && area.h >= MIN_SIDE && p->w <= m->w && p->h <= m->h)) {
		return false;
	}
	if (find_rows(m, p, area, &dy) && reach(m, p, area, 0, dy, out)) {
		return true;
	}
	return any && find_pieces(m, p, area, &dx, &dy) && reach(m, p, area, dx, dy, out);
}
