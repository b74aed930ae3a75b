/* tests/core/view/flow_emit_gfx.c - a desktop through the pipeline, and what its client shows of it. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/gfx_client.h"
#include "core/view/emit_gfx.h"
#include "core/view/pace.h"

#define MS 1000u
#define REST_MS 900 /* half a second, and the line has time for it */

/* A desktop, its emitter, a line, and the client. */
struct film {
	uint32_t w, h;
	uint32_t *px; /* the desktop */
	uint32_t *shown; /* the client's output */
	uint32_t shown_w, shown_h;
	struct sp_gfx_server *s;
	struct sp_gfx_client *c;
	struct sp_emit_gfx *e;
	struct sp_pace pace;
	uint64_t now;
	uint32_t seed;
	uint64_t ack_us; /* answers take so long */
	struct {
		struct sp_rcbuf *b;
		uint64_t at;
	} late[512];
	size_t n_late, at_late;
	bool deaf; /* answers are lost */
	uint64_t rate, free_us; /* bytes a second that the line carries, 0: any; when it is empty */
	struct {
		struct sp_rcbuf *b;
		uint64_t at;
	} line[4096];
	size_t n_line, at_line;
	uint64_t worst_us; /* that anything was on the line */
	uint64_t bytes;
	size_t frames;
};

static uint32_t dice(struct film *f)
{
	f->seed = f->seed * 1664525u + 1013904223u;
	return f->seed >> 8;
}

static void layout(struct film *f, uint32_t w, uint32_t h)
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

static void hear(struct film *f, struct sp_rcbuf *b)
{
	struct sp_gfx_server_event ev;

	assert_int_equal(sp_gfx_server_feed(f->s, sp_span(b->p, b->n), f->now), SP_OK);
	sp_rcbuf_unref(b);
	while (sp_gfx_server_next(f->s, &ev)) {
		if (ev.kind == SP_GFX_SERVER_READY) {
			struct sp_emit_gfx_conf conf = {.gfx = f->s, .can = ev.can};

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
static void carry(struct film *f)
{
	struct sp_gfx_client_event ev;
	struct sp_rect changed;
	struct sp_rcbuf *b;
	uint32_t w, h;

	while ((b = sp_gfx_server_out(f->s))) {
		f->bytes += b->n;
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
		hear(f, f->late[f->at_late++ % 512].b);
	}
}

static void begin(struct film *f, uint32_t w, uint32_t h, const struct sp_gfx_client_conf *cc)
{
	struct sp_gfx_server_conf sc = {0};

	*f = (struct film){.now = 5000 * MS, .seed = w * 3 + h};
	f->s = sp_gfx_server_create(&sc);
	f->c = sp_gfx_client_create(cc);
	assert_non_null(f->s);
	assert_non_null(f->c);
	sp_pace_init(&f->pace);
	carry(f);
	assert_non_null(f->e);
	layout(f, w, h);
	uint32_t frame;
	assert_int_equal(sp_emit_gfx_probe(f->e, f->now, &frame), SP_OK);
	sp_pace_sent(&f->pace, frame, 100, f->now);
}

static void end(struct film *f)
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
static void send(struct film *f)
{
	struct sp_gfx_server_stats stats;
	uint64_t due = sp_emit_gfx_deadline(f->e);
	uint32_t frame;

	if (!(sp_emit_gfx_pending(f->e) || (due != 0 && due <= f->now)) ||
			!sp_pace_ready(&f->pace, f->now)) {
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
	carry(f);
	f->frames++;
}

static void pass(struct film *f, uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i += 4) {
		f->now += 4 * MS;
		carry(f);
		send(f);
	}
}

static double psnr(const struct film *f)
{
	double sum = 0;

	assert_int_equal(f->shown_w, f->w);
	assert_int_equal(f->shown_h, f->h);
	for (size_t i = 0; i < (size_t)f->w * f->h; i++) {
		for (int k = 0; k < 24; k += 8) {
			int d = (int)(f->px[i] >> k & 255) - (int)(f->shown[i] >> k & 255);

			sum += d * d;
		}
	}
	return sum == 0 ? 100 : 10 * log10(255.0 * 255 * 3 * f->w * f->h / sum);
}

static void assert_exact(const struct film *f)
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

static void damage(struct film *f, struct sp_rect r)
{
	sp_emit_gfx_damage(f->e, r);
}

static void letters(struct film *f, struct sp_rect r)
{
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			f->px[(uint32_t)y * f->w + (uint32_t)x] = 0xf4f4f4;
		}
	}
	for (int32_t y = r.y + 2; y + 10 <= r.y + r.h; y += 16) {
		for (int32_t x = r.x + 2; x + 6 <= r.x + r.w; x += 8) {
			uint32_t shape = (dice(f) % 60 + 1) * 2654435761u;

			for (uint32_t i = 0; i < 24; i++) {
				uint32_t at = ((uint32_t)y + i / 3 + i / 12) * f->w + (uint32_t)x +
						i % 3 * 2;

				f->px[at] = shape >> i & 1       ? 0x202020
						: shape >> i & 2 ? 0x909090
								 : f->px[at];
			}
		}
	}
	damage(f, r);
}

static void photo(struct film *f, struct sp_rect r, uint32_t t, uint32_t noise)
{
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			uint32_t n = noise ? dice(f) % noise : 0;
			double a = sin(x * 0.021 + t * 0.13), b = cos(y * 0.017 - t * 0.1 + a);
			uint32_t red = (uint32_t)(120 + 90 * a) + n;
			uint32_t green = (uint32_t)(120 + 90 * b) + n;
			uint32_t blue = (uint32_t)(120 + 60 * a * b) + n;

			f->px[(uint32_t)y * f->w + (uint32_t)x] = red << 16 | green << 8 | blue;
		}
	}
	damage(f, r);
}

static void scene(struct film *f)
{
	int32_t w = (int32_t)f->w, h = (int32_t)f->h;

	letters(f, (struct sp_rect){w / 20, h / 20, w / 2, h / 2});
	photo(f, (struct sp_rect){w / 3, h / 2, w / 2, h / 3}, 1, 5);
	damage(f, (struct sp_rect){0, 0, w, h});
}

static const struct sp_gfx_client_conf kinds[] = {
		{.max_version = 0},
		{.max_version = SP_GFX_V8, .thin_client = true},
		{.max_version = SP_GFX_V81},
};

static void test_rest(void **state)
{
	static const uint32_t sizes[][2] = {{640, 480}, {801, 599}, {202, 201}, {65, 63}, {1, 1}};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct film f;

			begin(&f, sizes[i][0], sizes[i][1], &kinds[k]);
			if (f.w > 100) {
				scene(&f);
			}
			pass(&f, 200);
			assert_true(psnr(&f) > 38);
			pass(&f, REST_MS);
			assert_exact(&f);
			/* Now nothing goes any more. */
			uint64_t bytes = f.bytes;
			damage(&f, (struct sp_rect){0, 0, 1000, 1000});
			pass(&f, 1000);
			assert_int_equal(f.bytes, bytes);
			assert_int_equal(sp_emit_gfx_deadline(f.e), 0);
			sp_emit_gfx_lose(f.e, (struct sp_rect){0, 0, 1000, 1000});
			pass(&f, REST_MS + 200);
			assert_exact(&f);
			assert_true(f.bytes > bytes);
			end(&f);
		}
	}
}

static void copy(struct film *f, struct sp_rect to, int32_t dx, int32_t dy)
{
	uint32_t *was = malloc((size_t)f->w * f->h * 4);

	memcpy(was, f->px, (size_t)f->w * f->h * 4);
	for (int32_t y = to.y; y < to.y + to.h; y++) {
		memcpy(f->px + (uint32_t)y * f->w + (uint32_t)to.x,
				was + (uint32_t)(y - dy) * f->w + (uint32_t)(to.x - dx),
				4 * (size_t)to.w);
	}
	free(was);
	damage(f, to);
}

/* A hundred lines a second come to a terminal. */
static void test_scroll(void **state)
{
	struct sp_emit_gfx_stats stats;
	struct film f;

	begin(&f, 1280, 800, &kinds[0]);
	letters(&f, (struct sp_rect){40, 40, 1000, 640});
	damage(&f, (struct sp_rect){0, 0, 1280, 800});
	pass(&f, 200);
	uint64_t bytes = f.bytes;
	size_t frames = f.frames;
	for (int i = 0; i < 100; i++) {
		copy(&f, (struct sp_rect){40, 40, 1000, 624}, 0, -16);
		letters(&f, (struct sp_rect){40, 664, 1000, 16});
		pass(&f, 8);
		assert_exact(&f);
	}
	sp_emit_gfx_stats(f.e, &stats);
	assert_in_range(stats.copies, 90, 300);
	assert_in_range(f.frames - frames, 100, 200);
	assert_in_range(f.bytes - bytes, 1, 300000);
	print_message("scroll: %llu bytes a line\n", (unsigned long long)(f.bytes - bytes) / 100);
	end(&f);
}

static void test_window(void **state)
{
	struct sp_emit_gfx_stats stats;
	struct film f;
	struct sp_rect at = {100, 80, 400, 300};

	begin(&f, 1024, 768, &kinds[0]);
	letters(&f, at);
	photo(&f, (struct sp_rect){120, 100, 200, 150}, 3, 4);
	damage(&f, (struct sp_rect){0, 0, 1024, 768});
	pass(&f, 1200);
	assert_exact(&f);
	uint64_t bytes = f.bytes;
	for (int i = 0; i < 40; i++) {
		struct sp_rect to = {at.x + 7, at.y + (i % 3) - 1 + 5, at.w, at.h};
		int32_t dx = to.x - at.x, dy = to.y - at.y;

		copy(&f, to, dx, dy);
		for (int32_t y = at.y; y < at.y + at.h; y++) {
			for (int32_t x = at.x; x < at.x + at.w; x++) {
				if (x < to.x || y < to.y) {
					f.px[(uint32_t)y * f.w + (uint32_t)x] = 0x555555;
				}
			}
		}
		damage(&f, at);
		at = to;
		pass(&f, 12);
	}
	pass(&f, REST_MS);
	assert_exact(&f);
	sp_emit_gfx_stats(f.e, &stats);
	assert_true(stats.copies >= 30);
	assert_in_range(f.bytes - bytes, 1, 400000);
	end(&f);
}

static void test_moving(void **state)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		struct film f;

		begin(&f, 800, 600, &kinds[k]);
		scene(&f);
		pass(&f, 100);
		size_t frames = f.frames;
		for (uint32_t t = 0; t < 20; t++) {
			photo(&f, (struct sp_rect){100, 100, 400, 300}, t, 3);
			pass(&f, 32);
			if (t > 5) {
				assert_true(psnr(&f) > 33);
			}
		}
		assert_in_range(f.frames - frames, 18, 60);
		pass(&f, 200);
		assert_true(psnr(&f) > 38);
		pass(&f, REST_MS);
		assert_exact(&f);
		end(&f);
	}
}

static void test_noise(void **state)
{
	struct film f;

	begin(&f, 500, 400, &kinds[0]);
	for (int i = 0; i < 5; i++) {
		photo(&f, (struct sp_rect){0, 0, 500, 400}, 0, 130);
		pass(&f, 40);
	}
	pass(&f, 3 * REST_MS);
	assert_exact(&f);
	end(&f);
}

static void test_resize(void **state)
{
	static const uint32_t sizes[][2] = {{640, 480}, {1024, 700}, {333, 222}, {801, 599}};
	struct film f;

	begin(&f, 800, 600, &kinds[0]);
	for (size_t i = 0; i < 4; i++) {
		scene(&f);
		pass(&f, 32);
		layout(&f, sizes[i][0], sizes[i][1]);
		scene(&f);
		pass(&f, 200);
		assert_true(psnr(&f) > 38);
	}
	pass(&f, REST_MS);
	assert_exact(&f);
	end(&f);
}

/* Answers that are slow, that stop, that never come: the picture comes all the same. */
static void test_answers(void **state)
{
	struct sp_gfx_client_conf mute = {.no_acks = true};
	struct film f;

	for (int k = 0; k < 3; k++) {
		begin(&f, 640, 480, k == 1 ? &mute : &kinds[0]);
		f.ack_us = k == 0 ? 300 * MS : 0;
		f.deaf = k == 2;
		for (uint32_t t = 0; t < 30; t++) {
			scene(&f);
			photo(&f, (struct sp_rect){50, 50, 300, 200}, t, 2);
			pass(&f, 40);
		}
		/* What is on its way stays little, however long nobody answers. */
		assert_in_range(f.frames, k == 1 ? 25 : 1, k == 0 ? 31 : 60);
		pass(&f, 12 * REST_MS);
		assert_exact(&f);
		end(&f);
	}
}

/* A thin line costs quality and frames; what is on it stays little. */
static void test_thin(void **state)
{
	static const uint64_t rates[] = {60000, 300000, 2000000};

	for (size_t k = 0; k < 3; k++) {
		struct film f;

		begin(&f, 640, 480, &kinds[0]);
		f.rate = rates[k];
		scene(&f);
		pass(&f, 4000);
		f.worst_us = 0;
		size_t frames = f.frames;
		for (uint32_t t = 0; t < 150; t++) {
			photo(&f, (struct sp_rect){100, 100, 320, 256}, t, 3);
			pass(&f, 32);
		}
		print_message("%u bytes a second: %zu frames, %.1f dB, at most %u ms behind\n",
				(unsigned)f.rate, f.frames - frames, psnr(&f),
				(unsigned)(f.worst_us / 1000));
		assert_in_range(f.worst_us, 0, 700 * MS);
		assert_in_range(f.frames - frames, 10, 200);
		pass(&f, 20000);
		assert_exact(&f);
		end(&f);
	}
}

/* Memory that is not there is an error and nothing worse. */
static void test_memory(void **state)
{
	for (long n = 0; n < 40; n++) {
		struct sp_gfx_server_conf sc = {0};
		struct sp_gfx_server *s = sp_gfx_server_create(&sc);
		struct sp_emit_gfx_conf conf = {.gfx = s};
		struct sp_gfx_reset r = {.w = 200, .h = 100};

		sp_mem_fail_after(n);
		struct sp_emit_gfx *e = sp_emit_gfx_create(&conf);
		int rc = e ? sp_emit_gfx_layout(e, &r) : SP_ENOMEM;
		sp_mem_fail_after(-1);
		assert_true(rc < 0); /* that server has no client */
		sp_emit_gfx_destroy(e);
		sp_gfx_server_destroy(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_rest),
			cmocka_unit_test(test_scroll),
			cmocka_unit_test(test_window),
			cmocka_unit_test(test_moving),
			cmocka_unit_test(test_noise),
			cmocka_unit_test(test_resize),
			cmocka_unit_test(test_answers),
			cmocka_unit_test(test_thin),
			cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
