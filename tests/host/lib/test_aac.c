/* tests/host/lib/test_aac.c - a tone as raw AAC frames, heard by a decoder of others. */
#include "unit.h"

#include <math.h>
#include <neaacdec.h>

#include "core/base/err.h"
#include "host/lib/aac.h"

#define RATE 44100
#define TAU 6.283185307179586
#define FRAMES 48 /* a second and a bit */

static void tone(uint8_t *pcm, size_t first)
{
	for (size_t i = 0; i < SP_AAC_FRAMES; i++) {
		double t = (double)(first + i) / RATE;

		for (size_t c = 0; c < 2; c++) {
			int16_t v = (int16_t)(12000 * sin(TAU * (c == 0 ? 440 : 1000) * t));

			pcm[4 * i + 2 * c] = (uint8_t)v;
			pcm[4 * i + 2 * c + 1] = (uint8_t)((uint16_t)v >> 8);
		}
	}
}

/* The decoder is told what the format says, and nothing more: LC, 44.1 kHz, two channels. */
static NeAACDecHandle decoder(void)
{
	uint8_t config[2] = {2 << 3 | 4 >> 1, (4 & 1) << 7 | 2 << 3};
	NeAACDecHandle d = NeAACDecOpen();
	unsigned long rate;
	uint8_t channels;

	assert_non_null(d);
	NeAACDecConfigurationPtr conf = NeAACDecGetCurrentConfiguration(d);
	conf->outputFormat = FAAD_FMT_16BIT;
	assert_int_equal(NeAACDecSetConfiguration(d, conf), 1);
	assert_int_equal(NeAACDecInit2(d, config, sizeof(config), &rate, &channels), 0);
	assert_int_equal(rate, RATE);
	assert_int_equal(channels, 2);
	return d;
}

static void test_heard(void **state)
{
	static const uint32_t rates[] = {128000, 96000};
	static uint8_t pcm[SP_AAC_FRAMES * 4], packet[SP_AAC_PACKET];

	for (size_t i = 0; i < SP_LEN(rates); i++) {
		struct sp_aac_encoder *e = sp_aac_encoder_create(RATE, 2, rates[i]);
		NeAACDecHandle d = decoder();
		size_t bytes = 0, ups[2] = {0, 0};
		int16_t last[2] = {0, 0};
		double power = 0;

		assert_non_null(e);
		for (size_t at = 0; at < FRAMES; at++) {
			NeAACDecFrameInfo info;

			tone(pcm, at * SP_AAC_FRAMES);
			int n = sp_aac_encode(e, sp_span(pcm, sizeof(pcm)), packet);
			assert_true(n > 4);
			assert_int_not_equal(packet[0], 0xFF); /* no ADTS */
			bytes += (size_t)n;
			const int16_t *out = NeAACDecDecode(d, &info, packet, (unsigned long)n);
			assert_int_equal(info.error, 0);
			assert_int_equal(info.bytesconsumed, n);
			/* Decoders give nothing for the first one; two warm up. */
			if (at < 4) {
				continue;
			}
			assert_int_equal(info.samples, SP_AAC_FRAMES * 2);
			for (size_t s = 0; s < info.samples; s++) {
				power += (double)out[s] * out[s];
				ups[s % 2] += last[s % 2] < 0 && out[s] >= 0;
				last[s % 2] = out[s];
			}
		}
		double seconds = (FRAMES - 4) * (double)SP_AAC_FRAMES / RATE;
		double mean = power / (seconds * RATE * 2);
		assert_true(mean > 0.8 * 72e6 && mean < 1.2 * 72e6); /* 12000 squared, halved */
		assert_in_range(ups[0], (size_t)(440 * seconds) - 3, (size_t)(440 * seconds) + 3);
		assert_in_range(ups[1], (size_t)(1000 * seconds) - 3, (size_t)(1000 * seconds) + 3);
		assert_in_range(bytes, 2000, rates[i] / 8 * 5 / 4);
		NeAACDecClose(d);
		sp_aac_encoder_destroy(e);
	}
}

/* Noise as loud as it gets is what needs the most bytes. */
static void test_loud(void **state)
{
	static uint8_t pcm[SP_AAC_FRAMES * 4], packet[SP_AAC_PACKET];
	struct sp_aac_encoder *e = sp_aac_encoder_create(RATE, 2, 128000);
	NeAACDecHandle d = decoder();
	uint32_t x = 1;

	for (size_t at = 0; at < FRAMES; at++) {
		NeAACDecFrameInfo info;

		for (size_t i = 0; i < sizeof(pcm); i++) {
			x = x * 1664525u + 1013904223u;
			pcm[i] = (uint8_t)(x >> 24);
		}
		int n = sp_aac_encode(e, sp_span(pcm, sizeof(pcm)), packet);
		assert_in_range(n, 5, 1536);
		NeAACDecDecode(d, &info, packet, (unsigned long)n);
		assert_int_equal(info.error, 0);
	}
	NeAACDecClose(d);
	sp_aac_encoder_destroy(e);
}

static void test_wrong(void **state)
{
	static uint8_t pcm[SP_AAC_FRAMES * 4 + 4], packet[SP_AAC_PACKET];
	struct sp_aac_encoder *e = sp_aac_encoder_create(RATE, 2, 96000);

	assert_non_null(e);
	assert_null(sp_aac_encoder_create(0, 2, 96000));
	assert_null(sp_aac_encoder_create(44101, 2, 96000));
	assert_null(sp_aac_encoder_create(RATE, 0, 96000));
	assert_null(sp_aac_encoder_create(RATE, 3, 96000));
	assert_int_equal(sp_aac_encode(e, sp_span(pcm, 0), packet), SP_EARG);
	assert_int_equal(sp_aac_encode(e, sp_span(pcm, sizeof(pcm) - 5), packet), SP_EARG);
	assert_int_equal(sp_aac_encode(e, sp_span(pcm, sizeof(pcm)), packet), SP_EARG);
	assert_true(sp_aac_encode(e, sp_span(pcm, sizeof(pcm) - 4), packet) > 0);
	sp_aac_encoder_destroy(e);
	sp_aac_encoder_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_heard),
			cmocka_unit_test(test_loud),
			cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
