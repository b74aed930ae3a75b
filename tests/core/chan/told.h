/* tests/core/chan/told.h - what a filter told of something that passed. */
#ifndef SP_TESTS_TOLD_H
#define SP_TESTS_TOLD_H

#include "unit.h"

#include <string.h>

#include "core/chan/transfer.h"
#include "host/lib/crypto_nettle.h"

struct told {
	enum sp_transfer_channel channel;
	enum sp_side to;
	enum sp_transfer_kind kind;
	enum sp_transfer_verdict verdict;
	uint64_t n;
	const char *name;
	const char *whole; /* what was hashed; NULL: nothing */
};

static inline void told_check(const struct sp_transfer *ev, const struct told *want)
{
	uint8_t hash[SP_SHA256_SIZE];

	assert_int_equal(ev->channel, want->channel);
	assert_int_equal(ev->to, want->to);
	assert_int_equal(ev->kind, want->kind);
	assert_int_equal(ev->verdict, want->verdict);
	assert_int_equal(ev->n, want->n);
	assert_string_equal(ev->name, want->name);
	assert_int_equal(ev->has_sha256, want->whole != NULL);
	if (want->whole) {
		struct sp_span part = sp_span(want->whole, strlen(want->whole));

		sp_crypto_nettle.sha256(&part, 1, hash);
		assert_memory_equal(ev->sha256, hash, sizeof(hash));
	}
}

#endif
