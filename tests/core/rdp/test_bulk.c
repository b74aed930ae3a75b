/* tests/core/rdp/test_bulk.c - a server that compresses what it sends, honestly and not. */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/codec/mppc.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/mcs.h"
#include "core/pdu/share.h"

#define TYPE SP_MPPC_TYPE_64K
#define GOES_ON (SP_MPPC_COMPRESSED | TYPE)
#define FIRST (GOES_ON | SP_MPPC_AT_FRONT)
#define NO_FLAGS -1 /* an update without the field */

/* ---- RDP 5.0 code words, [MS-RDPBCGR] 3.1.8.4.2 ---- */

struct enc {
	uint8_t p[512];
	size_t bits;
};

static void put(struct enc *e, uint32_t v, unsigned n)
{
	while (n-- > 0) {
		assert_in_range(e->bits / 8, 0, sizeof(e->p) - 1);
		e->p[e->bits / 8] |= (uint8_t)((v >> n & 1) << (7 - e->bits % 8));
		e->bits++;
	}
}

static void literals(struct enc *e, const char *text)
{
	for (; *text; text++) {
		put(e, (uint8_t)*text, 8); /* below 0x80 */
	}
}

/* 1 <= back < 320, 4 <= n < 65536 */
static void copy(struct enc *e, unsigned back, uint32_t n)
{
	unsigned ones = 1;

	if (back < 64) {
		put(e, 0x1f, 5);
		put(e, back, 6);
	} else {
		put(e, 0x1e, 5);
		put(e, back - 64, 8);
	}
	while (n >= 4u << ones) {
		ones++;
	}
	put(e, (1u << (ones + 1)) - 2, ones + 1);
	put(e, n - (2u << ones), ones + 1);
}

static struct sp_span span_of(const struct enc *e)
{
	return sp_span(e->p, (e->bits + 7) / 8);
}

/* ---- PDUs around them ---- */

static void update_put(struct sp_wr *w, uint8_t code, enum sp_fp_fragment fragment, int flags,
		struct sp_span data)
{
	sp_wr_u8(w, (uint8_t)(code | fragment << 4 | (flags == NO_FLAGS ? 0 : 0x80)));
	if (flags != NO_FLAGS) {
		sp_wr_u8(w, (uint8_t)flags);
	}
	sp_wr_le16(w, (uint16_t)data.n);
	sp_wr_span(w, data);
}

static void share_put(struct sp_wr *w, enum sp_share_data_type type, int flags, struct sp_span data)
{
	size_t at = sp_share_data_begin(w, SP_MCS_SERVER_USER, 0x10003ea, type);

	sp_wr_span(w, data);
	sp_share_data_end(w, at);
	sp_wr_fill_u8(w, at + 15, (uint8_t)flags);
	sp_wr_fill_le16(w, at + 16, SP_SHARE_DATA_HEADER + data.n);
}

/* ---- a client that is active ---- */

static void ask(struct sp_info *info)
{
	info->flags |= SP_INFO_COMPRESSION | SP_INFO_COMPRESSION_64K;
}

static void start(struct pair *p, bool asks)
{
	struct pair_conf conf = pair_default;

	conf.offer = conf.ask = SP_PROTO_RDP;
	conf.info = asks ? ask : NULL;
	pair_start(p, &conf, 0);
	pair_run(p);
	assert_true(sp_rdp_is_active(p->client));
}

static int feed(struct pair *p, const uint8_t *from, size_t n)
{
	size_t at = 0;
	int rc = SP_OK;

	while (rc >= 0 && at < n) {
		size_t step = p->chunk && p->chunk < n - at ? p->chunk : n - at;
		uint8_t *bytes = malloc(step);

		memcpy(bytes, from + at, step);
		rc = sp_rdp_feed(p->client, bytes, step, 1);
		pair_events(p, p->client, false);
		free(bytes);
		at += rc > 0 ? (size_t)rc : 0;
	}
	/* What went wrong with an update is said by the next feed. */
	return rc < 0 ? rc : sp_rdp_feed(p->client, NULL, 0, 1);
}

static int tell_updates(struct pair *p, const struct sp_wr *updates)
{
	struct sp_wr w;

	sp_wr_init(&w, 1 << 16);
	size_t at = sp_fp_output_begin(&w);
	sp_wr_put(&w, updates->p, updates->n);
	sp_fp_output_end(&w, at);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	int rc = feed(p, w.p, w.n);
	sp_wr_finish(&w);
	return rc;
}

static int tell(struct pair *p, enum sp_fp_fragment fragment, int flags, struct sp_span data)
{
	struct sp_wr w;

	sp_wr_init(&w, 1 << 16);
	update_put(&w, SP_FP_BITMAP, fragment, flags, data);
	int rc = tell_updates(p, &w);
	sp_wr_finish(&w);
	return rc;
}

static int tell_channel(struct pair *p, uint16_t channel, const struct sp_wr *data)
{
	struct sp_wr w;

	sp_wr_init(&w, 1 << 16);
	size_t at = sp_mcs_send_begin(&w, SP_MCS_SEND_DATA_INDICATION, SP_MCS_SERVER_USER, channel);
	sp_wr_put(&w, data->p, data->n);
	sp_mcs_send_end(&w, at);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	int rc = feed(p, w.p, w.n);
	sp_wr_finish(&w);
	return rc;
}

static int tell_share(struct pair *p, enum sp_share_data_type type, int flags, struct sp_span data)
{
	struct sp_wr w;

	sp_wr_init(&w, 1 << 16);
	share_put(&w, type, flags, data);
	int rc = tell_channel(p, SP_MCS_IO_CHANNEL, &w);
	sp_wr_finish(&w);
	return rc;
}

static void assert_shown(const struct pair *p, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(p->saw_client.updates.n, n + 1);
	assert_memory_equal(p->saw_client.updates.p + 1, text, n);
}

/* ---- honest servers ---- */

static void test_asked_for(void **state)
{
	struct pair p;

	start(&p, true);
	assert_int_equal(sp_rdp_info(p.server)->flags &
					(SP_INFO_COMPRESSION | SP_INFO_COMPRESSION_TYPE),
			SP_INFO_COMPRESSION | SP_INFO_COMPRESSION_64K);
	pair_finish(&p);
}

/* The history goes through updates, fragments and Share Data PDUs in the order of the wire. */
static void test_one_history(void **state)
{
	struct enc abc = {0}, more = {0}, info = {0}, last = {0};

	literals(&abc, "abcabd");
	copy(&more, 6, 6); /* abcabd */
	literals(&more, "!");
	copy(&info, 7, 4); /* abca */
	copy(&last, 17, 6);
	for (size_t chunk = 0; chunk < 30; chunk++) {
		struct pair p;

		start(&p, true);
		p.chunk = chunk;
		assert_int_equal(tell(&p, SP_FP_SINGLE, FIRST, span_of(&abc)), SP_OK);
		assert_shown(&p, "abcabd");
		assert_int_equal(tell(&p, SP_FP_SINGLE, NO_FLAGS, sp_span("plain", 5)), SP_OK);
		assert_shown(&p, "plain");
		assert_int_equal(tell(&p, SP_FP_FIRST, GOES_ON, span_of(&more)), SP_OK);
		assert_int_equal(tell(&p, SP_FP_NEXT, TYPE, sp_span("raw", 3)), SP_OK);
		assert_int_equal(tell_share(&p, SP_DATA_SAVE_SESSION_INFO, GOES_ON, span_of(&info)),
				SP_OK);
		unit_assert_span(sp_span(p.saw_client.session_info.p, p.saw_client.session_info.n),
				sp_span("abca", 4));
		assert_int_equal(tell(&p, SP_FP_LAST, GOES_ON, span_of(&last)), SP_OK);
		assert_shown(&p, "abcabd!rawabcabd");
		pair_finish(&p);
	}
}

/* Several in one packet: each event has its own bytes although the history is written again. */
static void test_several_in_one(void **state)
{
	struct enc one = {0}, two = {0};
	struct sp_event ev[2];
	struct pair p;
	struct sp_wr w, mcs;

	literals(&one, "first");
	literals(&two, "second");
	start(&p, true);
	sp_wr_init(&w, 1 << 16);
	share_put(&w, SP_DATA_SAVE_SESSION_INFO, FIRST, span_of(&one));
	share_put(&w, SP_DATA_SAVE_SESSION_INFO, FIRST, span_of(&two));
	sp_wr_init(&mcs, 1 << 16);
	sp_mcs_send_write(&mcs, SP_MCS_SEND_DATA_INDICATION, SP_MCS_SERVER_USER, SP_MCS_IO_CHANNEL,
			sp_span(w.p, w.n));
	assert_int_equal(sp_rdp_feed(p.client, mcs.p, mcs.n, 1), mcs.n);
	assert_true(sp_rdp_next(p.client, &ev[0]));
	assert_true(sp_rdp_next(p.client, &ev[1]));
	unit_assert_span(ev[0].session_info, sp_span("first", 5));
	unit_assert_span(ev[1].session_info, sp_span("second", 6));
	sp_wr_finish(&mcs);
	sp_wr_reset(&w);
	update_put(&w, SP_FP_BITMAP, SP_FP_SINGLE, FIRST, span_of(&one));
	update_put(&w, SP_FP_BITMAP, SP_FP_SINGLE, FIRST, span_of(&two));
	size_t before = p.saw_client.n[SP_EV_UPDATE];
	assert_int_equal(tell_updates(&p, &w), SP_OK);
	assert_int_equal(p.saw_client.n[SP_EV_UPDATE], before + 2);
	assert_shown(&p, "second");
	sp_wr_finish(&w);
	pair_finish(&p);
}

/* Only PACKET_FLUSHED empties the history, and a reactivation does not. */
static void test_what_empties_it(void **state)
{
	struct sp_server_desktop d = {.width = 800, .height = 600, .bpp = 32};
	struct enc abc = {0}, hidden = {0}, again = {0};
	struct pair p;
	struct sp_wr w;

	literals(&abc, "abcd");
	literals(&hidden, "efgh");
	copy(&again, 8, 8);
	start(&p, true);
	assert_int_equal(tell(&p, SP_FP_SINGLE, FIRST, span_of(&abc)), SP_OK);
	/* Drawn between two activations: not shown, but in the history. */
	sp_wr_init(&w, 1 << 16);
	sp_share_deactivate_write(&w, SP_MCS_SERVER_USER, 0x10003ea);
	assert_int_equal(tell_channel(&p, SP_MCS_IO_CHANNEL, &w), SP_OK);
	sp_wr_finish(&w);
	assert_int_equal(p.saw_client.n[SP_EV_DEACTIVATED], 1);
	assert_int_equal(tell(&p, SP_FP_SINGLE, GOES_ON, span_of(&hidden)), SP_OK);
	assert_shown(&p, "abcd");
	assert_int_equal(sp_server_activate(p.server, &d, 1), SP_OK);
	pair_run(&p);
	assert_int_equal(p.saw_client.n[SP_EV_ACTIVE], 2);
	assert_int_equal(tell(&p, SP_FP_SINGLE, GOES_ON, span_of(&again)), SP_OK);
	assert_shown(&p, "abcdefgh");
	/* With a body that is not compressed. */
	assert_int_equal(tell(&p, SP_FP_SINGLE, SP_MPPC_FLUSHED | TYPE, sp_span("x", 1)), SP_OK);
	assert_shown(&p, "x");
	assert_int_equal(tell(&p, SP_FP_SINGLE, GOES_ON, span_of(&again)), SP_OK);
	assert_int_equal(p.saw_client.updates.n, 9);
	assert_memory_equal(p.saw_client.updates.p + 1, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(tell_share(&p, SP_DATA_SAVE_SESSION_INFO, SP_MPPC_FLUSHED, span_of(&abc)),
			SP_OK);
	pair_finish(&p);
}

static void test_vector(void **state)
{
	struct sp_span plain = unit_vector("peer/freerdp/mppc/TEST_MPPC_BELLS.bin");
	struct sp_span rdp5 = unit_vector("spec/MS-RDPBCGR-3.1.8.2.3-mppc-bells-encoded-rdp50.hex");
	struct sp_span rdp4 = unit_vector("spec/MS-RDPBCGR-3.1.8.2.3-mppc-bells-encoded-rdp40.hex");
	struct pair p;

	start(&p, true);
	assert_int_equal(tell(&p, SP_FP_SINGLE, FIRST, rdp5), SP_OK);
	unit_assert_span(sp_span(p.saw_client.updates.p + 1, p.saw_client.updates.n - 1), plain);
	assert_int_equal(tell_share(&p, SP_DATA_SAVE_SESSION_INFO,
					 SP_MPPC_COMPRESSED | SP_MPPC_FLUSHED, rdp4),
			SP_OK);
	unit_assert_span(sp_span(p.saw_client.session_info.p, p.saw_client.session_info.n), plain);
	pair_finish(&p);
}

/* ---- and others ---- */

static void refused(int rc, int want, struct pair *p, const char *what)
{
	assert_int_equal(rc, want);
	assert_string_equal(sp_rdp_what(p->client), what);
	pair_finish(p);
}

static void test_not_asked_for(void **state)
{
	struct enc abc = {0};
	struct pair p;

	literals(&abc, "abcd");
	start(&p, false);
	assert_int_equal(tell(&p, SP_FP_SINGLE, SP_MPPC_FLUSHED, sp_span("x", 1)), SP_OK);
	assert_shown(&p, "x");
	refused(tell(&p, SP_FP_SINGLE, FIRST, span_of(&abc)), SP_EPROTO, &p,
			"fastpath.compressionFlags");
	start(&p, false);
	refused(tell_share(&p, SP_DATA_SAVE_SESSION_INFO, FIRST, span_of(&abc)), SP_EPROTO, &p,
			"share.compressedType");
}

static void test_refused(void **state)
{
	struct enc abc = {0}, far = {0}, cut = {0};
	struct pair p;
	struct sp_wr w;

	literals(&abc, "abcd");
	put(&far, 3, 2); /* an offset without its bits */
	put(&far, 0, 7);
	put(&cut, 0x1f, 5);
	put(&cut, 1, 6);
	put(&cut, 0x7fff, 15); /* more ones than a length has */
	put(&cut, 0, 8);
	start(&p, true);
	refused(tell(&p, SP_FP_SINGLE, FIRST | 2, span_of(&abc)), SP_EPROTO, &p,
			"bulk.CompressionType");
	start(&p, true);
	refused(tell(&p, SP_FP_SINGLE, FIRST, span_of(&far)), SP_ECODEC, &p, "bulk.data");
	start(&p, true);
	refused(tell_share(&p, SP_DATA_SAVE_SESSION_INFO, FIRST, span_of(&cut)), SP_ECODEC, &p,
			"bulk.data");
	/* A length that is more than there is, and one that is less than the headers. */
	static const uint16_t lengths[] = {SP_SHARE_DATA_HEADER + 5, SP_SHARE_DATA_HEADER - 1};
	for (size_t i = 0; i < SP_LEN(lengths); i++) {
		start(&p, true);
		sp_wr_init(&w, 1 << 16);
		share_put(&w, SP_DATA_SAVE_SESSION_INFO, FIRST, span_of(&abc));
		sp_wr_fill_le16(&w, 16, lengths[i]);
		refused(tell_channel(&p, SP_MCS_IO_CHANNEL, &w), SP_EFIELD, &p,
				"share.compressedLength");
		sp_wr_finish(&w);
	}
	/* Virtual channels have no part in it: that was not offered. */
	start(&p, true);
	sp_wr_init(&w, 1 << 16);
	sp_wr_le32(&w, 4);
	sp_wr_le32(&w, 0x00200003);
	sp_wr_span(&w, span_of(&abc));
	refused(tell_channel(&p, 1004, &w), SP_EPROTO, &p, "svc.flags");
	sp_wr_finish(&w);
}

static void test_bombs(void **state)
{
	struct enc bomb = {0}, whole = {0}, half = {0};
	struct pair p;
	struct sp_wr w;

	/* What fits into a PDU as it is may be as small as it gets. */
	literals(&whole, "a");
	copy(&whole, 1, 16000);
	start(&p, true);
	assert_int_equal(tell(&p, SP_FP_SINGLE, FIRST, span_of(&whole)), SP_OK);
	assert_int_equal(p.saw_client.updates.n, 16002);
	/* 64 KiB out of eight bytes */
	literals(&bomb, "a");
	copy(&bomb, 1, 65535);
	refused(tell(&p, SP_FP_SINGLE, FIRST, span_of(&bomb)), SP_ELIMIT, &p, "bulk.ratio");
	/* Beyond the end of the history. */
	start(&p, true);
	put(&bomb, 0, 8);
	refused(tell(&p, SP_FP_SINGLE, FIRST, span_of(&bomb)), SP_ECODEC, &p, "bulk.data");
	/* Many in one packet, by themselves below the limit. */
	literals(&half, "aaaaaaaaaa");
	copy(&half, 1, 33000);
	start(&p, true);
	sp_wr_init(&w, 1 << 16);
	share_put(&w, SP_DATA_SAVE_SESSION_INFO, FIRST, span_of(&half));
	share_put(&w, SP_DATA_SAVE_SESSION_INFO, FIRST, span_of(&half));
	refused(tell_channel(&p, SP_MCS_IO_CHANNEL, &w), SP_ELIMIT, &p, "bulk.size");
	sp_wr_finish(&w);
}

/* A PDU whose body ends early, and one with any byte wrong: an error or other bytes, no more. */
static void test_damage(void **state)
{
	struct enc e = {0};

	literals(&e, "the quick brown fox");
	copy(&e, 10, 300);
	copy(&e, 100, 77);
	literals(&e, ".");
	struct sp_span good = span_of(&e);
	for (size_t i = 0; i < good.n; i++) {
		struct pair p;

		start(&p, true);
		int rc = tell(&p, SP_FP_SINGLE, FIRST, sp_span(good.p, i));
		assert_true(rc == SP_OK || rc == SP_ECODEC);
		assert_in_range(p.saw_client.updates.n, 0, 1 + 19 + 300 + 77);
		pair_finish(&p);
		for (unsigned bit = 0; bit < 8; bit++) {
			struct enc bad = e;

			bad.p[i] ^= (uint8_t)(1u << bit);
			start(&p, true);
			rc = bit % 2 ? tell(&p, SP_FP_SINGLE, FIRST, span_of(&bad))
				     : tell_share(&p, SP_DATA_SAVE_SESSION_INFO, FIRST,
						       span_of(&bad));
			assert_true(rc == SP_OK || rc == SP_ECODEC || rc == SP_ELIMIT);
			assert_in_range(p.saw_client.updates.n, 0, 1 + SP_MPPC_MAX);
			pair_finish(&p);
		}
	}
}

static void test_no_memory(void **state)
{
	struct pair_conf conf = pair_default;
	bool licensed, active = false;
	struct pair p;

	start(&p, true);
	conf.ask = SP_PROTO_RDP;
	conf.info = ask;
	for (long after = 0; after < 200 && !active; after++) {
		sp_mem_fail_after(after);
		struct sp_rdp *client = pair_client(&conf);
		if (client) {
			pair_answer_client(client, &licensed, &active);
		}
		for (size_t i = 0; client && i < p.n_told; i++) {
			if (sp_rdp_feed(client, p.told[i]->p, p.told[i]->n, 1) <= 0) {
				break;
			}
			pair_answer_client(client, &licensed, &active);
		}
		sp_mem_fail_after(-1);
		sp_rdp_destroy(client);
	}
	assert_true(active);
	pair_finish(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_asked_for),
			cmocka_unit_test(test_one_history),
			cmocka_unit_test(test_several_in_one),
			cmocka_unit_test(test_what_empties_it),
			cmocka_unit_test(test_vector),
			cmocka_unit_test(test_not_asked_for),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_bombs),
			cmocka_unit_test(test_damage),
			cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
