/* tests/core/chan/test_mic.c - the messages of the microphone, against the specification's own. */
#include "unit.h"

#include <string.h>

#include "core/chan/mic.h"

#define V "spec/MS-RDPEAI-"

static struct sp_rd body_of(struct sp_span in, uint8_t type)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_rd_u8(&r), type);
	return r;
}

static void test_numbers(void **state)
{
	static const struct {
		const char *name;
		uint8_t type;
		uint32_t value;
	} rows[] = {
			{V "4.1.1-server-version-pdu.hex", SP_MIC_VERSION_PDU, 1},
			{V "4.1.2-client-version-pdu.hex", SP_MIC_VERSION_PDU, 1},
			{V "4.1.7-format-change-pdu.hex", SP_MIC_FORMAT_CHANGE, 11},
			{V "4.1.8-open-reply-pdu.hex", SP_MIC_OPEN_REPLY, 0},
			{V "4.3.1-server-format-change-pdu.hex", SP_MIC_FORMAT_CHANGE, 11},
			{V "4.3.2-client-format-change-pdu.hex", SP_MIC_FORMAT_CHANGE, 11},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_vector(rows[i].name);
		struct sp_rd r = body_of(in, rows[i].type);
		uint8_t buf[8];
		uint32_t v;
		struct sp_wr w;

		assert_int_equal(sp_mic_u32_read(&r, &v), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_int_equal(v, rows[i].value);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_mic_u32_write(&w, rows[i].type, v);
		unit_assert_span(sp_span(buf, w.n), in);
	}
}

/* The client's has zeros behind its formats, which are read past and not written. */
static void test_formats(void **state)
{
	static const struct {
		const char *name;
		size_t n, size;
	} rows[] = {{V "4.1.3-server-sound-formats-pdu.hex", 21, 667},
			{V "4.1.5-client-sound-formats-pdu-1.hex", 21, 667}};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_vector(rows[i].name);
		struct sp_rd r = body_of(in, SP_MIC_FORMATS);
		struct sp_mic_formats f;
		uint8_t buf[1024];
		struct sp_wr w;

		assert_int_equal(sp_mic_formats_read(&r, &f), SP_OK);
		assert_int_equal(f.n, rows[i].n);
		assert_int_equal(f.v[0].tag, SP_AUDIO_PCM);
		assert_int_equal(f.v[0].rate, 44100);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_mic_formats_write(&w, &f);
		assert_int_equal(w.n, rows[i].size);
		/* cbSizeFormatsPacket is arbitrary from a server. */
		memcpy(buf + 5, in.p + 5, i == 0 ? 4 : 0);
		unit_assert_span(sp_span(buf, w.n), sp_span(in.p, rows[i].size));
	}
}

static void test_open(void **state)
{
	struct sp_span in = unit_vector(V "4.1.6-open-pdu.hex");
	struct sp_rd r = body_of(in, SP_MIC_OPEN);
	struct sp_mic_open open;
	uint8_t buf[64];
	struct sp_wr w;

	assert_int_equal(sp_mic_open_read(&r, &open), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	assert_int_equal(open.frames, 2205);
	assert_int_equal(open.format, 11);
	assert_int_equal(open.capture.tag, SP_AUDIO_EXTENSIBLE);
	assert_int_equal(open.capture.rate, 44100);
	open.capture = sp_audio_pcm(2, 44100);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_mic_open_write(&w, &open);
	unit_assert_span(sp_span(buf, w.n), in);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_mic_formats f;
	struct sp_mic_open open;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	sp_rd_u8(&r);
	struct sp_rd at = r;
	assert_int_equal(sp_mic_formats_read(&at, &f), SP_ESHORT);
	if (in.n < 27) {
		assert_int_equal(sp_mic_open_read(&r, &open), SP_ESHORT);
	}
}

static void test_truncated(void **state)
{
	unit_truncate(unit_vector(V "4.1.3-server-sound-formats-pdu.hex"), cut, NULL);
}

static void test_too_many(void **state)
{
	struct sp_span in = unit_hex("FF FF FF FF 00 00 00 00 01 00");
	struct sp_mic_formats f;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_mic_formats_read(&r, &f), SP_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_numbers),
			cmocka_unit_test(test_formats),
			cmocka_unit_test(test_open),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
