/* tests/host/lib/test_opus.c - a tone through Opus and back, and packets that are none. */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "core/base/err.h"
#include "host/lib/opus.h"

#define RATE 48000
#define FRAMES 960 /* 20 ms */
#define TAU 6.283185307179586

static void tone(uint8_t *pcm, size_t first)
{
	for (size_t i = 0; i < FRAMES; i++) {
		double t = (double)(first + i) / RATE;
		int16_t v = (int16_t)(12000 * sin(TAU * 440 * t));

		for (size_t c = 0; c < 2; c++) {
			pcm[4 * i + 2 * c] = (uint8_t)v;
			pcm[4 * i + 2 * c + 1] = (uint8_t)((uint16_t)v >> 8);
		}
	}
}

static void test_round_trip(void **state)
{
	struct sp_opus_encoder *e = sp_opus_encoder_create(RATE, 2, 128000);
	struct sp_opus_decoder *d = sp_opus_decoder_create(RATE, 2);
	static uint8_t pcm[FRAMES * 4], packet[SP_OPUS_PACKET];
	double power = 0, in = 0;
	size_t bytes = 0, crossings = 0;
	int16_t last = 0;

	assert_non_null(e);
	assert_non_null(d);
	for (size_t at = 0; at < 50; at++) {
		struct sp_span out;

		tone(pcm, at * FRAMES);
		int n = sp_opus_encode(e, sp_span(pcm, sizeof(pcm)), packet);
		assert_true(n > 0);
		bytes += (size_t)n;
		assert_int_equal(sp_opus_decode(d, sp_span(packet, (size_t)n), &out), SP_OK);
		assert_int_equal(out.n, sizeof(pcm));
		for (size_t i = 0; i < FRAMES; i++) {
			int16_t v = (int16_t)(out.p[4 * i] | out.p[4 * i + 1] << 8);
			int16_t w = (int16_t)(pcm[4 * i] | pcm[4 * i + 1] << 8);

			power += (double)v * v;
			in += (double)w * w;
			crossings += last < 0 && v >= 0;
			last = v;
		}
	}
	assert_in_range(bytes, 2000, 20000); /* a second; 192,000 as PCM */
	assert_true(power > in * 0.8 && power < in * 1.2);
	assert_in_range(crossings, 436, 444);
	sp_opus_encoder_destroy(e);
	sp_opus_decoder_destroy(d);
}

static void test_wrong(void **state)
{
	static uint8_t pcm[SP_OPUS_PACKET * 8], packet[SP_OPUS_PACKET];
	struct sp_opus_encoder *e = sp_opus_encoder_create(RATE, 2, 64000);
	struct sp_opus_decoder *d = sp_opus_decoder_create(RATE, 2);
	struct sp_span out;

	assert_null(sp_opus_encoder_create(44100, 2, 64000));
	assert_null(sp_opus_decoder_create(48000, 3));
	assert_int_equal(sp_opus_encode(e, sp_span(pcm, 0), packet), SP_EARG);
	assert_int_equal(sp_opus_encode(e, sp_span(pcm, 3), packet), SP_EARG);
	assert_int_equal(sp_opus_encode(e, sp_span(pcm, 1000), packet), SP_EARG);
	assert_int_equal(sp_opus_encode(e, sp_span(pcm, 31 * 960), packet), SP_EARG);
	assert_int_equal(sp_opus_decode(d, sp_span(packet, 0), &out), SP_EFIELD);
	memset(packet, 0xFF, sizeof(packet));
	assert_int_equal(sp_opus_decode(d, sp_span(packet, 2), &out), SP_EFIELD);
	/* Whatever comes is a packet or is refused. */
	for (size_t seed = 0; seed < 2000; seed++) {
		uint32_t x = (uint32_t)seed * 2654435761u + 1;

		for (size_t i = 0; i < 64; i++) {
			x = x * 1664525u + 1013904223u;
			packet[i] = (uint8_t)(x >> 24);
		}
		if (sp_opus_decode(d, sp_span(packet, 1 + seed % 64), &out) == SP_OK) {
			assert_true(0 < out.n && out.n <= 48u * SP_OPUS_MAX_MS * 4);
		}
	}
	sp_opus_encoder_destroy(e);
	sp_opus_decoder_destroy(d);
	sp_opus_encoder_destroy(NULL);
	sp_opus_decoder_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
