/*
 * core/codec/nsc_runs.h - put and expand of nsc_kernel.h, compiled for each level: the file that
 * includes this has equal64(), bit i of which tells whether value i is that of its successor,
 * copy32() and fill32().
 */
#include "core/codec/nsc_kernel.h"

#define PROBE 512 /* values after which we ask whether encoding pays */
#define READ 96 /* bytes behind the present one that expand() may look at */

/* Up to 64 values; as many may be written. */
static inline void copy64(uint8_t *o, const uint8_t *p, size_t n)
{
	copy32(o, p);
	if (n > 32) {
		copy32(o + 32, p + 32);
	}
}

/* How many of n values go on with that of p[-1]. */
static size_t same(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		uint64_t m = ~equal64(p + i - 1);

		if (m != 0) {
			size_t k = (size_t)__builtin_ctzll(m);

			return i + k < n ? i + k : n;
		}
		i += 64;
	}
	return n;
}

/* About how many bytes n values become. */
static size_t price(const uint8_t *p, size_t n)
{
	size_t bytes = n;

	for (size_t i = 1; i < n; i += 64) {
		uint64_t m = equal64(p + i - 1);

		if (n - i < 64) {
			m &= ((uint64_t)1 << (n - i)) - 1;
		}
		/* Three bytes for a run, of one value more than bits. */
		bytes -= count64(m);
		bytes += 2 * count64(m & ~(m << 1));
	}
	return bytes;
}

static uint8_t *put(uint8_t *out, const uint8_t *p, size_t n)
{
	size_t body = n > SP_NSC_RAW_END ? n - SP_NSC_RAW_END : 0, at = 0;
	uint8_t *o = out;
	const uint8_t *limit = out + body;
	bool doubted = false;

	while (at < body && o < limit) {
		/* Noise is not worth the trouble. */
		if (!doubted && at >= PROBE) {
			doubted = true;
			if ((size_t)(o - out) > at - at / 32 &&
					(size_t)(o - out) + price(p + at, body - at) >= body) {
				o = out + body;
				break;
			}
		}
		/* The successor of the last one before the raw ones does not count. */
		size_t left = body - at, here = left < 64 ? left : 64, i = 0;
		uint64_t m = equal64(p + at);

		if (left <= 64) {
			m &= ((uint64_t)1 << (left - 1)) - 1;
		}
		while (m) {
			size_t k = (size_t)__builtin_ctzll(m), run;

			copy64(o, p + at + i, k);
			o += k;
			i += k;
			m >>= k;
			run = ~m ? (size_t)__builtin_ctzll(~m) : 64;
			if (i + run >= 64) {
				run += same(p + at + i + run + 1, left - i - run - 1);
				o = sp_nsc_put_run(o, p[at + i], run + 1);
				i += run + 1;
				break;
			}
			sp_simd_store32(o, p[at + i] * 0x101u | (uint32_t)(run - 1) << 16);
			o += 3;
			i += run + 1;
			m = m >> run >> 1;
		}
		if (i < here) {
			copy64(o, p + at + i, here - i);
			o += here - i;
			i = here;
		}
		at += i;
	}
	if (!(o < limit)) {
		memcpy(out, p, n);
		return out + n;
	}
	memcpy(o, p + body, SP_NSC_RAW_END);
	return o + SP_NSC_RAW_END;
}

static size_t expand(const uint8_t **src, const uint8_t *end, uint8_t *out, size_t room)
{
	const uint8_t *p = *src, *limit = out + room;
	uint8_t *o = out;
	bool simple = true;

	while (simple && end - p >= READ && limit - o >= 64) {
		uint64_t m = equal64(p);
		size_t i = 0;

		while (i < 64) {
			size_t k = m ? (size_t)__builtin_ctzll(m) : 64 - i, n;

			if (!(k <= (size_t)(limit - o))) {
				simple = false;
				break;
			}
			copy64(o, p + i, k);
			o += k;
			i += k;
			if (!m) {
				break;
			}
			n = (size_t)p[i + 2] + 2;
			if (!(n <= 256 && n <= (size_t)(limit - o))) {
				simple = false;
				break;
			}
			fill32(o, p[i]);
			for (size_t at = 32; at < n; at += 32) {
				fill32(o + at, p[i]);
			}
			o += n;
			i += 3;
			m = m >> k >> 3;
		}
		p += i;
	}
	*src = p;
	return (size_t)(o - out);
}
