/* tests/core/view/film.c - see film.h. */
#include "film.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"

void (*film_tap)(void *user, struct sp_span message);
void *film_tap_user;

uint32_t film_dice(struct film *f)
{
	f->seed = f->seed * 1664525u + 1013904223u;
	return f->seed >> 8;
}

void film_layout(struct film *f, uint32_t w, uint32_t h)
{
	struct sp_gfx_reset r = {.w = w,
			.h = h,
			.n = 1,
			.monitor = {{{0, 0, (int32_t)w, (int32_t)h}, true}}};

	f->w = w;
	f->h = h;
	f->px = realloc(f->px, (size_t)w * h * 4);
	memset(f->px, 0x55, (size_t)w * h * 4);
	assert_int_equal(sp_emit_gfx_layout(f->e, &r), SP_OK);
}

void film_hear(struct film *f, struct sp_rcbuf *b)
{
	struct sp_gfx_server_event ev;

	assert_int_equal(sp_gfx_server_feed(f->s, sp_span(b->p, b->n), f->now), SP_OK);
	sp_rcbuf_unref(b);
	while (sp_gfx_server_next(f->s, &ev)) {
		if (ev.kind == SP_GFX_SERVER_READY) {
			struct sp_emit_gfx_conf conf = {.gfx = f->s,
					.can = ev.can,
					.h264 = f->h264,
					.keys = f->keys};

			f->e = sp_emit_gfx_create(&conf);
			assert_non_null(f->e);
		} else if (ev.kind == SP_GFX_SERVER_ACK) {
			sp_pace_acked(&f->pace, ev.frame, f->now);
		} else if (ev.kind == SP_GFX_SERVER_SUSPENDED) {
			sp_pace_silent(&f->pace, true);
		}
	}
}

/* The client takes all that was sent, shows it, and answers. */
void film_carry(struct film *f)
{
	struct sp_gfx_client_event ev;
	struct sp_rect changed;
	struct sp_rcbuf *b;
	uint32_t w, h;

	while ((b = sp_gfx_server_out(f->s))) {
		f->bytes += b->n;
		if (film_tap) {
			film_tap(film_tap_user, sp_span(b->p, b->n));
		}
		f->free_us = f->free_us > f->now ? f->free_us : f->now;
		f->free_us += f->rate ? b->n * 1000000u / f->rate : 0;
		f->line[f->n_line % 4096].b = b;
		f->line[f->n_line++ % 4096].at = f->free_us;
		f->worst_us = f->free_us - f->now > f->worst_us ? f->free_us - f->now : f->worst_us;
		assert_true(f->n_line - f->at_line <= 4096);
	}
	while (f->at_line < f->n_line && f->line[f->at_line % 4096].at <= f->now) {
		b = f->line[f->at_line++ % 4096].b;
		assert_int_equal(sp_gfx_client_feed(f->c, sp_span(b->p, b->n), f->now), SP_OK);
		sp_rcbuf_unref(b);
	}
	while (sp_gfx_client_next(f->c, &ev)) {
	}
	sp_gfx_client_size(f->c, &w, &h);
	if (w != f->shown_w || h != f->shown_h) {
		f->shown = realloc(f->shown, (size_t)w * h * 4);
		f->shown_w = w;
		f->shown_h = h;
		sp_gfx_client_repaint(f->c);
	}
	if (w > 0) {
		assert_int_equal(sp_gfx_client_paint(f->c, (uint8_t *)f->shown, 4 * (size_t)w, w, h,
						 f->now, &changed),
				SP_OK);
	}
	while ((b = sp_gfx_client_out(f->c))) {
		if (f->deaf) {
			sp_rcbuf_unref(b);
			continue;
		}
		f->late[f->n_late % 512].b = b;
		f->late[f->n_late++ % 512].at = f->now + f->ack_us;
	}
	while (f->at_late < f->n_late && f->late[f->at_late % 512].at <= f->now) {
		film_hear(f, f->late[f->at_late++ % 512].b);
	}
}

void film_begin(struct film *f, uint32_t w, uint32_t h, const struct sp_gfx_client_conf *cc,
		struct sp_tilekeys *keys)
{
	struct sp_gfx_server_conf sc = {.import = true};

	*f = (struct film){.now = 5000 * MS, .seed = w * 3 + h, .h264 = cc->h264, .keys = keys};
	f->s = sp_gfx_server_create(&sc);
	f->c = sp_gfx_client_create(cc);
	assert_non_null(f->s);
	assert_non_null(f->c);
	sp_pace_init(&f->pace);
	film_carry(f);
	assert_non_null(f->e);
	film_layout(f, w, h);
	uint32_t frame;
	assert_int_equal(sp_emit_gfx_probe(f->e, f->now, &frame), SP_OK);
	sp_pace_sent(&f->pace, frame, 100, f->now);
}

void film_end(struct film *f)
{
	while (f->at_line < f->n_line) {
		sp_rcbuf_unref(f->line[f->at_line++ % 4096].b);
	}
	while (f->at_late < f->n_late) {
		sp_rcbuf_unref(f->late[f->at_late++ % 512].b);
	}
	sp_emit_gfx_destroy(f->e);
	sp_gfx_server_destroy(f->s);
	sp_gfx_client_destroy(f->c);
	free(f->px);
	free(f->shown);
}

/* As the desktop does it: a frame when there is something and one may go. */
void film_send(struct film *f)
{
	struct sp_gfx_server_stats stats;
	uint64_t due = sp_emit_gfx_deadline(f->e);
	uint32_t frame;

	if (!(sp_emit_gfx_pending(f->e) || (due != 0 && due <= f->now))) {
		return;
	}
	if (!sp_pace_ready(&f->pace, f->now)) {
		sp_emit_gfx_held(f->e);
		return;
	}
	int rc = sp_emit_gfx_begin(f->e, (const uint8_t *)f->px, 4 * (size_t)f->w,
			sp_pace_budget(&f->pace), 0, f->now);
	assert_true(rc >= 0);
	if (rc == 0) {
		return;
	}
	/* As threads might: the last one first, and by different workers. */
	for (size_t i = sp_emit_gfx_jobs(f->e); i > 0; i--) {
		sp_emit_gfx_run(f->e, i - 1, i % SP_EMIT_GFX_WORKERS);
	}
	assert_int_equal(sp_emit_gfx_end(f->e, f->now, &frame), SP_OK);
	sp_gfx_server_stats(f->s, &stats);
	sp_pace_sent(&f->pace, frame, (size_t)(stats.sent - f->bytes), f->now);
	film_carry(f);
	f->frames++;
}

void film_pass(struct film *f, uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i += 4) {
		f->now += 4 * MS;
		film_carry(f);
		film_send(f);
	}
}

double film_psnr_of(const struct film *f, struct sp_rect r)
{
	double sum = 0;

	assert_int_equal(f->shown_w, f->w);
	assert_int_equal(f->shown_h, f->h);
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			size_t i = (size_t)y * f->w + (size_t)x;

			for (int k = 0; k < 24; k += 8) {
				int d = (int)(f->px[i] >> k & 255) - (int)(f->shown[i] >> k & 255);

				sum += d * d;
			}
		}
	}
	return sum == 0 ? 100 : 10 * log10(255.0 * 255 * 3 * r.w * r.h / sum);
}

double film_psnr(const struct film *f)
{
	return film_psnr_of(f, (struct sp_rect){0, 0, (int32_t)f->w, (int32_t)f->h});
}

void film_assert_exact(const struct film *f)
{
	assert_int_equal(f->shown_w, f->w);
	assert_int_equal(f->shown_h, f->h);
	for (size_t i = 0; i < (size_t)f->w * f->h; i++) {
		if ((f->px[i] ^ f->shown[i]) << 8) {
			print_message("pixel %zu, %zu: %06x there, %06x here\n", i % f->w, i / f->w,
					f->px[i] & 0xffffff, f->shown[i] & 0xffffff);
			fail();
		}
	}
}

void film_damage(struct film *f, struct sp_rect r)
{
	sp_emit_gfx_damage(f->e, r);
}

void film_letters(struct film *f, struct sp_rect r)
{
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			f->px[(uint32_t)y * f->w + (uint32_t)x] = 0xf4f4f4;
		}
	}
	for (int32_t y = r.y + 2; y + 10 <= r.y + r.h; y += 16) {
		for (int32_t x = r.x + 2; x + 6 <= r.x + r.w; x += 8) {
			uint32_t shape = (film_dice(f) % 60 + 1) * 2654435761u;

			for (uint32_t i = 0; i < 24; i++) {
				uint32_t at = ((uint32_t)y + i / 3 + i / 12) * f->w + (uint32_t)x +
						i % 3 * 2;

				f->px[at] = shape >> i & 1       ? 0x202020
						: shape >> i & 2 ? 0x909090
								 : f->px[at];
			}
		}
	}
	film_damage(f, r);
}

void film_photo(struct film *f, struct sp_rect r, uint32_t t, uint32_t noise)
{
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			uint32_t n = noise ? film_dice(f) % noise : 0;
			double a = sin(x * 0.021 + t * 0.13), b = cos(y * 0.017 - t * 0.1 + a);
			uint32_t red = (uint32_t)(120 + 90 * a) + n;
			uint32_t green = (uint32_t)(120 + 90 * b) + n;
			uint32_t blue = (uint32_t)(120 + 60 * a * b) + n;

			f->px[(uint32_t)y * f->w + (uint32_t)x] = red << 16 | green << 8 | blue;
		}
	}
	film_damage(f, r);
}

void film_scene(struct film *f)
{
	int32_t w = (int32_t)f->w, h = (int32_t)f->h;

	film_letters(f, (struct sp_rect){w / 20, h / 20, w / 2, h / 2});
	film_photo(f, (struct sp_rect){w / 3, h / 2, w / 2, h / 3}, 1, 5);
	film_damage(f, (struct sp_rect){0, 0, w, h});
}

void film_copy(struct film *f, struct sp_rect to, int32_t dx, int32_t dy)
{
	uint32_t *was = malloc((size_t)f->w * f->h * 4);

	memcpy(was, f->px, (size_t)f->w * f->h * 4);
	for (int32_t y = to.y; y < to.y + to.h; y++) {
		memcpy(f->px + (uint32_t)y * f->w + (uint32_t)to.x,
				was + (uint32_t)(y - dy) * f->w + (uint32_t)(to.x - dx),
				4 * (size_t)to.w);
	}
	free(was);
	film_damage(f, to);
}
