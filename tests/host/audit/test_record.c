/* tests/host/audit/test_record.c - the bytes of a record, and what they are hashed to. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "host/audit/record.h"

static struct sp_audit_event event;

static struct sp_record sample(void)
{
	struct sp_record r = {.seq = 7, .mono_ns = 8, .wall_ns = 0x1122334455667788u};

	sp_audit_init(&event, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_DENIED);
	sp_audit_text(&event, SP_F_CLAIMED_USER, "al\r\nice");
	memset(r.boot, 0xb0, sizeof(r.boot));
	memset(r.prev, 0x11, sizeof(r.prev));
	snprintf(r.host, sizeof(r.host), "gate\xff");
	r.event = sp_span(event.b, event.n);
	return r;
}

static void test_there_and_back(void **state)
{
	(void)state;
	struct sp_record r = sample(), back;
	uint8_t bytes[SP_RECORD_MAX];
	size_t n = sp_record_write(&r, bytes);

	assert_int_equal(n, SP_RECORD_HEAD + 5 + event.n);
	assert_int_equal(bytes[0], 1);
	assert_memory_equal(bytes + 1, r.prev, sizeof(r.prev));
	assert_memory_equal(bytes + 33, "\7\0\0\0\0\0\0\0", 8);
	assert_memory_equal(bytes + 65, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
	assert_int_equal(sp_record_read(sp_span(bytes, n), &back), SP_OK);
	assert_true(back.seq == 7 && back.mono_ns == 8 && back.wall_ns == r.wall_ns);
	assert_string_equal(back.host, r.host);
	assert_true(sp_span_eq(back.event, r.event));
	assert_memory_equal(back.boot, r.boot, sizeof(r.boot));
	assert_memory_equal(back.prev, r.prev, sizeof(r.prev));
	assert_memory_equal(back.hash, r.hash, sizeof(r.hash));
}

/* SHA-256 of bytes that another program made: python3 -c 'hashlib.sha256(...)'. */
static void test_hash(void **state)
{
	(void)state;
	static const uint8_t want[SP_RECORD_HASH] = {0x2a, 0x31, 0xe4, 0x5a, 0x45, 0x0d, 0xde, 0x5f,
			0x11, 0x37, 0x63, 0x77, 0xc9, 0x7d, 0xa4, 0x77, 0x56, 0x13, 0x07, 0xbd,
			0x39, 0x5a, 0x38, 0x02, 0xd2, 0xeb, 0x3c, 0xc0, 0x9c, 0xef, 0x1b, 0x18};
	struct sp_record r = {.seq = 1};
	uint8_t bytes[SP_RECORD_MAX];

	snprintf(r.host, sizeof(r.host), "a");
	r.event = sp_span("event", 5);
	assert_int_equal(sp_record_write(&r, bytes), SP_RECORD_HEAD + 6);
	assert_memory_equal(r.hash, want, sizeof(want));
}

static void test_largest(void **state)
{
	(void)state;
	static uint8_t most[SP_AUDIT_MAX], bytes[SP_RECORD_MAX + 1];
	struct sp_record r = sample(), back;

	memset(r.host, 'h', sizeof(r.host) - 1);
	r.host[sizeof(r.host) - 1] = '\0';
	r.event = sp_span(most, sizeof(most));
	size_t n = sp_record_write(&r, bytes);
	assert_int_equal(n, SP_RECORD_MAX - 1);
	assert_int_equal(sp_record_read(sp_span(bytes, n), &back), SP_OK);
	assert_int_equal(sp_record_read(sp_span(bytes, n + 1), &back), SP_ETRAIL);
}

static void refused(struct sp_span cut, void *arg)
{
	struct sp_record r;

	assert_true(sp_record_read(cut, &r) < 0);
}

static int reads(const uint8_t *p, size_t n)
{
	struct sp_record r;

	return sp_record_read(sp_span(p, n), &r);
}

static void test_out_of_range(void **state)
{
	(void)state;
	struct sp_record r = sample(), back;
	uint8_t bytes[SP_RECORD_MAX];
	size_t n = sp_record_write(&r, bytes);

	unit_truncate(sp_span(bytes, n), refused, NULL);
	bytes[0] = 2;
	assert_int_equal(reads(bytes, n), SP_EFIELD);
	bytes[0] = 1;
	bytes[75] = '\0'; /* in the host's name */
	assert_int_equal(reads(bytes, n), SP_EFIELD);
	bytes[73] = SP_RECORD_HOST;
	assert_int_equal(reads(bytes, n), SP_ELIMIT);
	bytes[73] = 0;
	assert_true(reads(bytes, n) < 0);
	n = sp_record_write(&r, bytes);
	bytes[80] = 0xff;
	bytes[81] = 0xff;
	assert_int_equal(reads(bytes, n), SP_ELIMIT);
	/* Every byte counts: what is changed is refused, or has another hash. */
	n = sp_record_write(&r, bytes);
	for (size_t i = 0; i < n; i++) {
		bytes[i] ^= 1;
		assert_true(sp_record_read(sp_span(bytes, n), &back) != SP_OK ||
				memcmp(back.hash, r.hash, sizeof(r.hash)) != 0);
		bytes[i] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_there_and_back),
			cmocka_unit_test(test_hash),
			cmocka_unit_test(test_largest),
			cmocka_unit_test(test_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
