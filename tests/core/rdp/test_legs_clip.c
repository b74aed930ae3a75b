/* tests/core/rdp/test_legs_clip.c - a clipboard that is allowed in part, over both legs. */
#include "chain.h"

#include <stdio.h>
#include <string.h>

#include "core/chan/clip.h"
#include "core/pdu/dvc.h"
#include "core/pdu/svc.h"
#include "core/rdp/dvcs.h"

#define CLIPRDR 1 /* of the user's client; 0 of the target's leg */
#define AT_TARGET 0

static void channels(struct sp_gcc_client *gcc)
{
	static const char *const names[] = {"mine", "CLIPRDR", "cliprdr", "drdynvc"};

	memset(gcc->channel, 0, sizeof(gcc->channel));
	gcc->n_channels = SP_LEN(names);
	for (size_t i = 0; i < SP_LEN(names); i++) {
		snprintf(gcc->channel[i].name, sizeof(gcc->channel[i].name), "%s", names[i]);
		gcc->channel[i].options = SP_GCC_CHANNEL_INITIALIZED;
	}
}

static struct chain_conf part(struct sp_clip_rules clip)
{
	struct chain_conf conf = chain_default;

	conf.user.gcc = channels;
	conf.legs.rules = (struct sp_legs_rules){.clipboard = true, .clip = clip};
	return conf;
}

static const struct sp_clip_rules text = {.text_in = true, .text_out = true};

static void put(struct sp_rdp *from, size_t index, uint16_t type, uint16_t flags, const char *hex,
		size_t size)
{
	uint8_t message[1024], buf[1100];
	struct sp_svc_chunk c;
	struct sp_svc_cut cut;
	struct sp_wr m, w;

	sp_wr_fixed(&m, message, sizeof(message));
	size_t mark = sp_clip_begin(&m, type, flags);
	sp_wr_span(&m, unit_hex(hex));
	sp_clip_end(&m, mark);
	sp_svc_cut_init(&cut, sp_span(message, m.n), size, 0);
	while (sp_svc_cut_next(&cut, &c)) {
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_svc_write(&w, &c);
		assert_int_equal(sp_rdp_send_channel(from, index, sp_span(buf, w.n)), SP_OK);
	}
}

/* What one end got last: the place of its channel, and a message that came in one chunk. */
static void got(const struct pair_seen *seen, size_t index, uint16_t type, uint16_t flags,
		const char *hex)
{
	uint8_t message[1024];
	struct sp_svc_chunk c;
	struct sp_wr m;
	struct sp_rd r;

	sp_wr_fixed(&m, message, sizeof(message));
	size_t mark = sp_clip_begin(&m, type, flags);
	sp_wr_span(&m, unit_hex(hex));
	sp_clip_end(&m, mark);
	assert_int_equal(seen->channel.p[0], index);
	sp_rd_init(&r, seen->channel.p + 1, seen->channel.n - 1);
	assert_int_equal(sp_svc_read(&r, &c), SP_OK);
	assert_true(c.flags & SP_SVC_LAST);
	if (c.flags & SP_SVC_FIRST) {
		unit_assert_span(c.data, sp_span(message, m.n));
	}
}

#define SHORT_ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static void test_flow(void **state)
{
	for (size_t size = 1; size < 80; size++) {
		struct chain_conf conf = part(text);
		struct sp_transfer ev;
		struct chain c;
		uint32_t lost;

		chain_open(&c, &conf);
		put(c.user.client, CLIPRDR, SP_CLIP_FORMAT_LIST, 0,
				"08000000 " SHORT_ZERO "0d000000 " SHORT_ZERO, size);
		chain_run(&c);
		assert_int_equal(c.err, SP_OK);
		assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 1);
		got(&c.desk.saw_server, AT_TARGET, SP_CLIP_FORMAT_LIST, 0, "0d000000 " SHORT_ZERO);
		put(c.desk.server, AT_TARGET, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "", size);
		chain_run(&c);
		got(&c.user.saw_client, CLIPRDR, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
		put(c.desk.server, AT_TARGET, SP_CLIP_DATA_REQUEST, 0, "0d000000", size);
		chain_run(&c);
		got(&c.user.saw_client, CLIPRDR, SP_CLIP_DATA_REQUEST, 0, "0d000000");
		put(c.user.client, CLIPRDR, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK, "480069000000",
				size);
		chain_run(&c);
		got(&c.desk.saw_server, AT_TARGET, SP_CLIP_DATA_RESPONSE, SP_CLIP_OK,
				"480069000000");
		assert_true(sp_legs_transfer(c.legs, &ev, &lost));
		assert_int_equal(lost, 0);
		assert_int_equal(ev.to, SP_SIDE_TARGET);
		assert_int_equal(ev.n, 6);
		assert_false(sp_legs_transfer(c.legs, &ev, &lost));
		assert_false(sp_legs_answered(c.legs));
		/* A picture is refused at once, and the client is not asked. */
		size_t before = c.user.saw_client.n[SP_EV_CHANNEL];
		put(c.desk.server, AT_TARGET, SP_CLIP_DATA_REQUEST, 0, "08000000", size);
		chain_run(&c);
		assert_int_equal(c.user.saw_client.n[SP_EV_CHANNEL], before);
		got(&c.desk.saw_server, AT_TARGET, SP_CLIP_DATA_RESPONSE, SP_CLIP_FAIL, "");
		assert_true(sp_legs_answered(c.legs));
		assert_int_equal(c.err, SP_OK);
		chain_finish(&c);
	}
}

/* A second channel of the name would go round the filter. */
static void test_twice(void **state)
{
	struct chain_conf conf = part(text);
	struct chain c;

	chain_open(&c, &conf);
	put(c.user.client, 2, SP_CLIP_FORMAT_LIST, 0, "08000000 " SHORT_ZERO, 1600);
	put(c.desk.server, 1, SP_CLIP_FORMAT_LIST, 0, "08000000 " SHORT_ZERO, 1600);
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 0);
	assert_int_equal(c.user.saw_client.n[SP_EV_CHANNEL], 0);
	chain_finish(&c);
}

/* So would a dynamic one. */
static void test_dynamic(void **state)
{
	struct sp_legs_rules rules = {.clipboard = true, .other = true, .drive = {.read = true}};
	static const char *const names[] = {"cliprdr", "rdpdr"};
	uint8_t message[64], chunk[128];
	struct sp_dvcs_result out;
	static struct sp_dvcs d;
	struct sp_wr m, w;

	for (size_t i = 0; i < SP_LEN(names); i++) {
		sp_wr_fixed(&m, message, sizeof(message));
		sp_dvc_create_write(&m, 7, names[i]);
		sp_wr_fixed(&w, chunk, sizeof(chunk));
		sp_svc_write(&w,
				&(struct sp_svc_chunk){.total = (uint32_t)m.n,
						.flags = SP_SVC_FIRST | SP_SVC_LAST,
						.data = sp_span(message, m.n)});
		sp_dvcs_init(&d, &rules);
		sp_dvcs_target(&d, sp_span(chunk, w.n), &out);
		assert_int_equal(out.pass.n, 0);
		assert_true(out.answer.n > 0);
	}
}

/* What the client said while our own desktop stood goes through the filter, too. */
static void test_early(void **state)
{
	struct chain_conf conf = part(text);
	struct chain c;

	conf.own_desktop = true;
	chain_start(&c, &conf);
	put(c.user.client, CLIPRDR, SP_CLIP_FORMAT_LIST, 0,
			"08000000 " SHORT_ZERO "0d000000 " SHORT_ZERO, 20);
	chain_run(&c);
	chain_target(&c);
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 1);
	got(&c.desk.saw_server, AT_TARGET, SP_CLIP_FORMAT_LIST, 0, "0d000000 " SHORT_ZERO);
	chain_finish(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_flow),
			cmocka_unit_test(test_twice),
			cmocka_unit_test(test_dynamic),
			cmocka_unit_test(test_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
