/* tests/core/pdu/test_svc.c - channel chunks: cutting, joining, and lying about it. */
#include "unit.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/pdu/svc.h"

static void test_vector(void **state)
{
	struct sp_span in = unit_vector(
			"spec/MS-RDPBCGR-4.4-annotated-server-to-client-virtual-channel-pdu-2.hex");
	struct sp_svc_chunk c;
	struct sp_span whole;
	struct sp_svc_join j;
	uint8_t buf[32];
	struct sp_wr w;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_svc_read(&r, &c), SP_OK);
	assert_int_equal(c.total, 8);
	assert_int_equal(c.flags, SP_SVC_FIRST | SP_SVC_LAST);
	sp_svc_join_init(&j, 8);
	assert_int_equal(sp_svc_join_add(&j, &c, &whole), 1);
	unit_assert_span(whole, sp_span(in.p + 8, 8));
	sp_svc_join_finish(&j);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_svc_write(&w, &c);
	unit_assert_span(sp_span(buf, w.n), in);
	for (size_t n = 0; n < SP_SVC_HEADER; n++) {
		sp_rd_init(&r, in.p, n);
		assert_int_equal(sp_svc_read(&r, &c), SP_ESHORT);
	}
}

static void test_cut(void **state)
{
	static const size_t sizes[] = {0, 1, 1599, 1600, 1601, 3200, 10000};
	uint8_t *message = malloc(10000);

	for (size_t i = 0; i < 10000; i++) {
		message[i] = (uint8_t)(i * 31 >> 3);
	}
	for (size_t i = 0; i < SP_LEN(sizes); i++) {
		struct sp_span in = sp_span(message, sizes[i]), whole = {0};
		struct sp_svc_join j;
		struct sp_svc_cut c;
		struct sp_svc_chunk chunk;
		size_t n = 0;
		int rc = 0;

		sp_svc_join_init(&j, sizes[i]);
		sp_svc_cut_init(&c, in, SP_SVC_CHUNK, SP_SVC_SHOW_PROTOCOL);
		while (sp_svc_cut_next(&c, &chunk)) {
			assert_int_equal(rc, 0);
			assert_int_equal(chunk.total, sizes[i]);
			assert_true(chunk.data.n <= SP_SVC_CHUNK);
			assert_int_equal(!!(chunk.flags & SP_SVC_FIRST), n == 0);
			assert_true(chunk.flags & SP_SVC_SHOW_PROTOCOL);
			rc = sp_svc_join_add(&j, &chunk, &whole);
			n++;
		}
		assert_int_equal(rc, 1);
		assert_int_equal(n, sizes[i] ? (sizes[i] + 1599) / 1600 : 1);
		unit_assert_span(whole, in);
		sp_svc_join_finish(&j);
	}
	free(message);
}

#define CHUNK(t, f, text) (&(struct sp_svc_chunk){t, f, sp_span(text, sizeof(text) - 1)})

static void test_rules(void **state)
{
	struct sp_span whole;
	struct sp_svc_join j;

	sp_svc_join_init(&j, 100);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(4, 0, "ab"), &whole), SP_ESTATE);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(4, SP_SVC_LAST, "ab"), &whole), SP_ESTATE);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(101, SP_SVC_FIRST, "a"), &whole), SP_ELIMIT);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(0xFFFFFFFF, SP_SVC_FIRST, "a"), &whole),
			SP_ELIMIT);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(3, 3, "ab"), &whole), SP_EFIELD);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(1, 3, "ab"), &whole), SP_EFIELD);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(1, SP_SVC_FIRST, "ab"), &whole), SP_EFIELD);

	assert_int_equal(sp_svc_join_add(&j, CHUNK(4, SP_SVC_FIRST, "ab"), &whole), 0);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(4, SP_SVC_FIRST, "ab"), &whole), SP_ESTATE);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(5, 0, "c"), &whole), SP_EFIELD);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(4, 0, "cde"), &whole), SP_EFIELD);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(4, SP_SVC_LAST, "c"), &whole), SP_EFIELD);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(4, SP_SVC_COMPRESSED, "c"), &whole), SP_EPROTO);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(0, SP_SVC_SUSPEND, ""), &whole), 0);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(4, 0, ""), &whole), 0);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(4, SP_SVC_LAST, "cd"), &whole), 1);
	unit_assert_span(whole, sp_span("abcd", 4));
	assert_int_equal(sp_svc_join_add(&j, CHUNK(1, 3, "x"), &whole), 1);
	sp_svc_join_finish(&j);
}

/* A claim of 16 MiB with seven bytes behind it takes no 16 MiB. */
static void test_memory(void **state)
{
	struct sp_span whole;
	struct sp_svc_join j;

	sp_svc_join_init(&j, 16 << 20);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(16 << 20, SP_SVC_FIRST, "1234567"), &whole), 0);
	assert_true(j.data.cap < 1024);
	sp_svc_join_finish(&j);

	sp_svc_join_init(&j, 100);
	sp_mem_fail_after(0);
	assert_int_equal(sp_svc_join_add(&j, CHUNK(4, SP_SVC_FIRST, "ab"), &whole), SP_ENOMEM);
	sp_mem_fail_after(-1);
	sp_svc_join_finish(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_vector),
			cmocka_unit_test(test_cut),
			cmocka_unit_test(test_rules),
			cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
