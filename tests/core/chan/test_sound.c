/* tests/core/chan/test_sound.c - the messages of sound, against the specification's own. */
#include "unit.h"

#include <string.h>

#include "core/chan/sound.h"

#define V "spec/MS-RDPEA-"

static struct sp_rd body_of(struct sp_span in, struct sp_sound_head *h)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_sound_head_read(&r, h), SP_OK);
	return r;
}

/* All but the padding byte of the header, and what is unused in it, comes back. */
static void test_formats(void **state)
{
	static const char *const names[] = {V "4.1.1-server-audio-formats-and-version-pdu.hex",
			V "4.1.2-client-audio-formats-and-version-pdu.hex"};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		struct sp_span in = unit_vector(names[i]);
		struct sp_sound_formats f;
		struct sp_sound_head h;
		uint8_t buf[256];
		struct sp_wr w;
		struct sp_rd r = body_of(in, &h);

		assert_int_equal(h.type, SP_SOUND_FORMATS);
		assert_int_equal(h.n, in.n - SP_SOUND_HEAD);
		assert_int_equal(sp_sound_formats_read(&r, &f), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_int_equal(f.version, 5);
		assert_int_equal(f.n, 5);
		assert_int_equal(f.block, in.p[SP_SOUND_HEAD + 16]);
		assert_int_equal(f.v[0].tag, SP_AUDIO_PCM);
		assert_int_equal(f.v[0].rate, 22050);
		assert_true(sp_audio_usable(&f.v[0]));
		assert_false(sp_audio_usable(&f.v[1]));
		assert_int_equal(f.v[3].extra.n, 32);
		sp_wr_fixed(&w, buf, sizeof(buf));
		size_t mark = sp_sound_begin(&w, h.type);
		sp_sound_formats_write(&w, &f);
		sp_sound_end(&w, mark);
		assert_int_equal(w.n, in.n);
		buf[1] = in.p[1];
		buf[SP_SOUND_HEAD + 19] = in.p[SP_SOUND_HEAD + 19];
		unit_assert_span(sp_span(buf, w.n), in);
	}
}

static void test_training(void **state)
{
	struct sp_sound_training t;
	struct sp_sound_head h;
	uint8_t buf[2048];
	struct sp_wr w;
	struct sp_rd r = body_of(unit_vector(V "4.1.3-training-pdu-1.hex"), &h);

	assert_int_equal(h.type, SP_SOUND_TRAINING);
	assert_int_equal(sp_sound_training_read(&r, &t), SP_OK);
	assert_int_equal(t.stamp, 0x89DA);
	assert_int_equal(t.n, 1024);
	sp_wr_fixed(&w, buf, sizeof(buf));
	size_t mark = sp_sound_begin(&w, SP_SOUND_TRAINING);
	sp_sound_training_write(&w, &t, false);
	sp_sound_end(&w, mark);
	assert_int_equal(w.n, 1024);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_sound_head_read(&r, &h), SP_OK);
	assert_int_equal(h.n, 0x3FC);

	sp_wr_fixed(&w, buf, sizeof(buf));
	mark = sp_sound_begin(&w, SP_SOUND_TRAINING);
	sp_sound_training_write(&w, &t, true);
	sp_sound_end(&w, mark);
	struct sp_span in = unit_vector(V "4.1.4-training-confirm-pdu.hex");
	buf[1] = in.p[1];
	unit_assert_span(sp_span(buf, w.n), in);
}

/* The first four bytes stand in the first message, the second has padding in their place. */
static void test_wave(void **state)
{
	struct sp_span in = unit_vector(V "4.2.1-waveinfo-pdu.hex");
	struct sp_sound_wave wave;
	struct sp_sound_head h;
	struct sp_span data;
	uint8_t buf[1024], sound[593 - 8];
	struct sp_wr w;
	size_t rest;
	struct sp_rd r = body_of(in, &h);

	assert_int_equal(h.type, SP_SOUND_WAVE);
	assert_int_equal(sp_sound_wave_info_read(&r, h.n, &wave, &rest), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	assert_int_equal(wave.stamp, 0xADD7);
	assert_int_equal(wave.format, 15);
	assert_int_equal(wave.block, 8);
	assert_int_equal(rest, 593 - 8 - 4);

	memset(sound, 0x5A, sizeof(sound));
	memcpy(sound, wave.data.p, 4);
	wave.data = sp_span(sound, sizeof(sound));
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_sound_wave_info_write(&w, &wave);
	buf[1] = in.p[1];
	unit_assert_span(sp_span(buf, w.n), in);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_sound_wave_rest_write(&w, &wave);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_sound_wave_rest_read(&r, rest, &data), SP_OK);
	unit_assert_span(data, sp_span(sound + 4, sizeof(sound) - 4));

	/* One byte more or less is no second message of that first one. */
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_sound_wave_rest_read(&r, rest + 1, &data), SP_ESHORT);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_sound_wave_rest_read(&r, rest - 1, &data), SP_ETRAIL);

	/* A length that does not even count itself. */
	r = body_of(in, &h);
	assert_int_equal(sp_sound_wave_info_read(&r, 11, &wave, &rest), SP_EFIELD);
}

static void test_wave2(void **state)
{
	struct sp_span in = unit_vector(V "4.2.4-wave2-pdu-1.hex");
	struct sp_sound_wave wave;
	struct sp_sound_head h;
	uint8_t buf[128];
	struct sp_wr w;
	struct sp_rd r = body_of(in, &h);

	assert_int_equal(h.type, SP_SOUND_WAVE2);
	assert_int_equal(sp_sound_wave2_read(&r, &wave), SP_OK);
	assert_int_equal(wave.stamp, 0xA116);
	assert_int_equal(wave.format, 3);
	assert_int_equal(wave.block, 2);
	assert_int_equal(wave.audio_stamp, 0xDACB8C2);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_sound_wave2_write(&w, &wave);
	unit_assert_span(sp_span(buf, w.n), sp_span(in.p + SP_SOUND_HEAD, in.n - SP_SOUND_HEAD));
}

static void test_confirm(void **state)
{
	struct sp_span in = unit_vector(V "4.2.3-wave-confirm-pdu.hex");
	struct sp_sound_confirm c;
	struct sp_sound_head h;
	uint8_t buf[16];
	struct sp_wr w;
	struct sp_rd r = body_of(in, &h);

	assert_int_equal(sp_sound_confirm_read(&r, &c), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	assert_int_equal(c.stamp, 0x5AB7);
	assert_int_equal(c.block, 8);
	sp_wr_fixed(&w, buf, sizeof(buf));
	size_t mark = sp_sound_begin(&w, SP_SOUND_CONFIRM);
	sp_sound_confirm_write(&w, &c);
	sp_sound_end(&w, mark);
	buf[1] = in.p[1];
	buf[7] = in.p[7];
	unit_assert_span(sp_span(buf, w.n), in);
}

static void test_small(void **state)
{
	uint8_t buf[16];
	uint16_t mode;
	uint32_t v;
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_sound_quality_write(&w, SP_SOUND_HIGH);
	unit_assert_span(sp_span(buf, w.n), unit_hex("02 00 00 00"));
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_sound_quality_read(&r, &mode), SP_OK);
	assert_int_equal(mode, SP_SOUND_HIGH);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_sound_u32_write(&w, 0x8000FFFF);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_sound_u32_read(&r, &v), SP_OK);
	assert_int_equal(v, 0x8000FFFF);
}

/* Every number of a format as 0 and as large as it gets: never usable, or harmless to divide by. */
static void test_extremes(void **state)
{
	struct sp_audio_format good[] = {
			sp_audio_pcm(2, 44100), sp_audio_opus(), sp_audio_aac(12000)};

	for (size_t g = 0; g < SP_LEN(good); g++) {
		assert_true(sp_audio_usable(&good[g]));
		for (int field = 0; field < 4; field++) {
			for (int most = 0; most < 2; most++) {
				struct sp_audio_format f = good[g];

				switch (field) {
				case 0:
					f.channels = most ? UINT16_MAX : 0;
					break;
				case 1:
					f.rate = most ? UINT32_MAX : 0;
					break;
				case 2:
					f.bits = most ? UINT16_MAX : 0;
					break;
				default:
					f.tag = most ? UINT16_MAX : 0;
					break;
				}
				assert_false(sp_audio_usable(&f));
				assert_true(sp_audio_ms(&f, 20) <= SIZE_MAX / 2);
			}
		}
	}
	struct sp_audio_format f = good[0];
	f.align = 0;
	assert_false(sp_audio_usable(&f));
}

static void test_too_many(void **state)
{
	struct sp_sound_formats f = {.version = 8};
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_init(&w, 1u << 16);
	sp_sound_formats_write(&w, &f);
	for (int i = 0; i < SP_AUDIO_FORMATS + 1; i++) {
		struct sp_audio_format one = sp_audio_pcm(1, 8000);

		sp_audio_format_write(&w, &one);
	}
	w.p[14] = SP_AUDIO_FORMATS + 1;
	sp_rd_init(&r, w.p, w.n);
	assert_int_equal(sp_sound_formats_read(&r, &f), SP_ELIMIT);
	w.p[14] = SP_AUDIO_FORMATS;
	sp_rd_init(&r, w.p, w.n);
	assert_int_equal(sp_sound_formats_read(&r, &f), SP_OK);
	assert_int_equal(f.n, SP_AUDIO_FORMATS);
	sp_wr_finish(&w);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_sound_formats f;
	struct sp_sound_training t;
	struct sp_sound_confirm c;
	struct sp_sound_wave wave;
	struct sp_sound_head h;
	size_t rest;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	if (sp_sound_head_read(&r, &h) != SP_OK) {
		assert_true(in.n < SP_SOUND_HEAD);
		return;
	}
	struct sp_rd at = r;
	if (h.type == SP_SOUND_FORMATS) {
		assert_int_equal(sp_sound_formats_read(&at, &f), SP_ESHORT);
	} else if (h.type == SP_SOUND_WAVE) {
		assert_int_equal(sp_sound_wave_info_read(&at, h.n, &wave, &rest), SP_ESHORT);
	} else if (h.type == SP_SOUND_CONFIRM) {
		assert_int_equal(sp_sound_confirm_read(&at, &c), SP_ESHORT);
	} else if (h.type == SP_SOUND_TRAINING) {
		assert_int_equal(sp_sound_training_read(&at, &t), SP_ESHORT);
	} else if (in.n < SP_SOUND_HEAD + 12) {
		assert_int_equal(sp_sound_wave2_read(&at, &wave), SP_ESHORT);
	}
}

static void test_truncated(void **state)
{
	static const char *const names[] = {V "4.1.1-server-audio-formats-and-version-pdu.hex",
			V "4.1.4-training-confirm-pdu.hex", V "4.2.1-waveinfo-pdu.hex",
			V "4.2.3-wave-confirm-pdu.hex", V "4.2.4-wave2-pdu-1.hex"};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		unit_truncate(unit_vector(names[i]), cut, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_formats),
			cmocka_unit_test(test_training),
			cmocka_unit_test(test_wave),
			cmocka_unit_test(test_wave2),
			cmocka_unit_test(test_confirm),
			cmocka_unit_test(test_small),
			cmocka_unit_test(test_extremes),
			cmocka_unit_test(test_too_many),
			cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
