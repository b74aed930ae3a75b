/* tests/unit/unit.h - what unit tests share: cmocka, vectors from files, cut inputs. */
#ifndef SP_TESTS_UNIT_H
#define SP_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/span.h"

/*
 * The bytes of a vector, named from the vectors folder ("spec/MS-....hex"). A name ending in
 * .hex is hex text with '#' lines; anything else is taken as it is. Skips the running test,
 * saying so, when the file is not there. Freed at exit.
 */
struct sp_span unit_vector(const char *name);
/* A file of the source tree, "tests/vectors/...". Fails the test when it is not there. */
struct sp_span unit_file(const char *name);
/* The value of "name = value" in a .kv vector, hex decoded; empty when there is no such name. */
struct sp_span unit_kv(const char *file, const char *name);
/* Bytes from hex text in the source, blanks ignored. Freed at exit. */
struct sp_span unit_hex(const char *hex);
/*
 * Calls fn with each prefix of the input, in memory of exactly that size (so a sanitizer sees
 * every overread), shortest first, without the whole input. fn must not crash.
 */
void unit_truncate(struct sp_span in, void (*fn)(struct sp_span cut, void *arg), void *arg);

/*
 * A copy with one to four bytes changed within its first ones, in memory of exactly its size;
 * whoever calls frees it. *seed goes on.
 */
uint8_t *unit_bent(struct sp_span in, size_t within, uint32_t *seed);

#define unit_assert_span(span, want) \
	do { \
		struct sp_span a_ = (span), b_ = (want); \
		assert_int_equal(a_.n, b_.n); \
		if (a_.n) { \
			assert_memory_equal(a_.p, b_.p, a_.n); \
		} \
	} while (0)

#endif
