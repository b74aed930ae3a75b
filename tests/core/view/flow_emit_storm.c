/* tests/core/view/flow_emit_storm.c - anything, in any order: what rests is exact, and nothing is left behind. */
#include "film.h"

#include "core/base/err.h"
#include "host/lib/h264.h"

#define SEEDS 36u

static struct sp_tilekeys *keys;

static const uint32_t versions[] = {
		SP_GFX_V8, SP_GFX_V81, SP_GFX_V10, SP_GFX_V102, SP_GFX_V104, SP_GFX_V107};

static int32_t below(struct film *f, int32_t n)
{
	return n > 0 ? (int32_t)(film_dice(f) % (uint32_t)n) : 0;
}

static struct sp_rect some(struct film *f)
{
	int32_t x = below(f, (int32_t)f->w - 20), y = below(f, (int32_t)f->h - 20);
	int32_t w = 1 + below(f, (int32_t)f->w - x), h = 1 + below(f, (int32_t)f->h - y);

	return (struct sp_rect){x, y, w, h};
}

static void step(struct film *f)
{
	struct sp_rect r = some(f);
	uint32_t n;

	switch (below(f, 12)) {
	case 0:
		film_scene(f);
		break;
	case 1:
	case 2:
		film_letters(f, r);
		break;
	case 3:
	case 4:
		n = (uint32_t)below(f, 14);
		for (uint32_t t = 0; t < n; t++) {
			film_photo(f, r, t, 3);
			film_pass(f, 8 + (uint32_t)below(f, 40));
		}
		break;
	case 5:
		film_layout(f, 64 + (uint32_t)below(f, 500), 64 + (uint32_t)below(f, 400));
		film_scene(f);
		break;
	case 6:
		f->deaf = !f->deaf;
		break;
	case 7:
		f->ack_us = (uint64_t)below(f, 4) * 60 * MS;
		break;
	case 8:
	case 9: {
		int32_t dx = below(f, 64) - 32, dy = below(f, 64) - 32;
		struct sp_rect from = {r.x - dx, r.y - dy, r.w, r.h};
		struct sp_rect all = {0, 0, (int32_t)f->w, (int32_t)f->h};
		from = sp_rect_and(from, all);
		if (!sp_rect_empty(from)) {
			film_copy(f, (struct sp_rect){from.x + dx, from.y + dy, from.w, from.h}, dx,
					dy);
		}
		break;
	}
	case 10:
		sp_emit_gfx_lose(f->e, r);
		break;
	default:
		film_pass(f, (uint32_t)below(f, 700));
		break;
	}
	film_pass(f, (uint32_t)below(f, 60));
}

static void test_any(void **state)
{
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		struct sp_gfx_client_conf conf = {.max_version = versions[seed % SP_LEN(versions)],
				.thin_client = seed % 7 == 6,
				.h264 = sp_h264_there() ? &sp_h264_openh264 : NULL};
		static const uint64_t rates[] = {0, 200000, 2000000};
		struct film f;

		film_begin(&f, 300, 200, &conf, seed % 5 ? keys : NULL);
		f.seed += seed * 77777;
		f.rate = rates[seed / 6 % 3];
		for (int i = 0; i < 60; i++) {
			step(&f);
		}
		f.deaf = false;
		f.ack_us = 0;
		film_pass(&f, 9000);
		film_assert_exact(&f);
		film_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_any)};

	keys = sp_tilekeys_create((const uint64_t[]){1, 2});
	int rc = keys ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
	sp_tilekeys_destroy(keys);
	return rc;
}
