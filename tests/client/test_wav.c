/* tests/client/test_wav.c - WAV files as they are written, and as other programs write them. */
#include "unit.h"

#include <string.h>

#include "client/wav.h"
#include "core/base/err.h"

static void test_round_trip(void **state)
{
	struct sp_audio_format in = sp_audio_pcm(2, 44100), out;
	uint8_t file[SP_WAV_HEAD + 400];
	struct sp_span pcm;

	memset(file, 7, sizeof(file));
	sp_wav_head(file, &in, 400);
	assert_int_equal(sp_wav_parse(sp_span(file, sizeof(file)), &out, &pcm), SP_OK);
	assert_true(sp_audio_same(&in, &out));
	assert_int_equal(pcm.n, 400);
	assert_ptr_equal(pcm.p, file + SP_WAV_HEAD);
}

/* Other chunks before the sound, of odd length too, and a length that was never filled in. */
static void test_chunks(void **state)
{
	struct sp_span file = unit_hex("52494646 FFFFFFFF 57415645 4C495354 03000000 61626300"
				       "666D7420 12000000 0100 0100 401F0000 803E0000 0200 1000"
				       "0000 64617461 FFFFFFFF 0102 0304 05");
	struct sp_audio_format f;
	struct sp_span pcm;

	assert_int_equal(sp_wav_parse(file, &f, &pcm), SP_OK);
	assert_int_equal(f.rate, 8000);
	assert_int_equal(f.channels, 1);
	unit_assert_span(pcm, unit_hex("0102 0304"));
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_audio_format f;
	struct sp_span pcm;
	int rc = sp_wav_parse(in, &f, &pcm);

	assert_true(rc == SP_EFIELD || (in.n > SP_WAV_HEAD + 3 && rc == SP_OK));
}

static void test_wrong(void **state)
{
	struct sp_audio_format f = sp_audio_pcm(2, 48000);
	uint8_t file[SP_WAV_HEAD + 8];
	struct sp_span pcm;

	memset(file, 0, sizeof(file));
	sp_wav_head(file, &f, 8);
	unit_truncate(sp_span(file, sizeof(file)), cut, NULL);
	file[22] = 0; /* no channels */
	assert_int_equal(sp_wav_parse(sp_span(file, sizeof(file)), &f, &pcm), SP_EFIELD);
	file[22] = 2;
	file[20] = 3; /* floating point */
	assert_int_equal(sp_wav_parse(sp_span(file, sizeof(file)), &f, &pcm), SP_EFIELD);
	file[0] = 'X';
	assert_int_equal(sp_wav_parse(sp_span(file, sizeof(file)), &f, &pcm), SP_EFIELD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_chunks),
			cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
