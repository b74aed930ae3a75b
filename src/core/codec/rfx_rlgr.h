/* core/codec/rfx_rlgr.h - the entropy coder of RemoteFX, compiled once for each level of kernels. */
#ifndef SP_CORE_CODEC_RFX_RLGR_H
#define SP_CORE_CODEC_RFX_RLGR_H

#include <string.h>

#include "core/base/err.h"
#include "core/codec/rfx_kernel.h"

/* [MS-RDPRFX] 3.1.8.1.7.3 */
#define KPMAX 80
#define LSGR 3
#define UP_GR 4
#define DN_GR 6
#define UQ_GR 3
#define DQ_GR 3

static inline uint64_t rlgr_swap(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap64(v);
#else
	return v;
#endif
}

static inline unsigned rlgr_up(unsigned kp, unsigned by)
{
	kp += by;
	return kp < KPMAX ? kp : KPMAX;
}

/*
 * Down, or up by little enough to stay below KPMAX. What becomes of the parameters is as good as
 * random, so none of this may branch.
 */
static inline unsigned rlgr_turn(unsigned kp, int by)
{
	int v = (int)kp + by;

	return (unsigned)(v < 0 ? 0 : v);
}

/* What a Golomb-Rice code with a unary part of vk makes of its parameter. */
static inline unsigned rlgr_krp(unsigned krp, unsigned vk)
{
	int by = (int)vk < 2 ? 2 * (int)vk - 2 : (int)vk, v = (int)krp + by;

	v = v < 0 ? 0 : v;
	return (unsigned)(v < KPMAX ? v : KPMAX);
}

/* Bits that it takes to write v. */
static inline unsigned rlgr_bits(uint32_t v)
{
	return v != 0 ? 32 - (unsigned)__builtin_clz(v) : 0;
}

/*
 * Zeros that all escapes stand for from kp / 4 = 0 up to the index: each is a run of 1 << k, and
 * k grows with every second one until it is 10.
 */
static const uint16_t rlgr_runs[44] = {0, 1, 2, 4, 6, 10, 14, 22, 30, 46, 62, 94, 126, 190, 254,
		382, 510, 766, 1022, 1534, 2046, 3070, 4094, 5118, 6142, 7166, 8190, 9214, 10238,
		11262, 12286, 13310, 14334, 15358, 16382, 17406, 18430, 19454, 20478, 21502, 22526,
		23550, 24574, 25598};
#define RLGR_FULL 20 /* the index from which on each stands for 1024 */

/* Bits wait at the top of acc; fewer than 8 of them between two symbols. */
struct rlgr_out {
	uint8_t *p;
	uint64_t acc;
	unsigned n;
	bool full;
	const uint8_t *end; /* behind it are 8 more bytes */
};

/* n <= 56 bits, of which the upper ones may be 0. */
static inline void rlgr_put(struct rlgr_out *o, uint64_t bits, unsigned n)
{
	uint64_t top;

	o->acc |= n > 0 ? bits << (64 - o->n - n) : 0;
	o->n += n;
	top = rlgr_swap(o->acc);
	memcpy(o->p, &top, 8);
	o->p += o->n >> 3;
	o->acc <<= o->n & ~7u;
	o->n &= 7;
	if (o->p > o->end) {
		o->p -= 8;
		o->full = true;
	}
}

/* A code too long for one go. */
static inline void rlgr_put_long(struct rlgr_out *o, unsigned vk, uint32_t low, unsigned n_low)
{
	for (; vk > 32; vk -= 32) {
		rlgr_put(o, 0xffffffff, 32);
	}
	rlgr_put(o, (((uint64_t)1 << vk) - 1) << 1, vk + 1);
	rlgr_put(o, low, n_low);
}

static inline unsigned rlgr_next(const uint64_t *mask, unsigned i)
{
	uint64_t w = mask[i / 64] >> (i % 64);
	unsigned q;

	if (w != 0) {
		return i + (unsigned)__builtin_ctzll(w);
	}
	for (q = i / 64 + 1; q < SP_RFX_MASK && mask[q] == 0; q++) {
	}
	return q < SP_RFX_MASK ? q * 64 + (unsigned)__builtin_ctzll(mask[q]) : SP_RFX_COEFS;
}

static inline uint32_t rlgr_fold(int16_t v)
{
	int32_t x = v;

	return (uint32_t)(x * 2) ^ (uint32_t)(x >> 31);
}

static inline int16_t rlgr_unfold(uint32_t v)
{
	return (int16_t)(uint16_t)(v >> 1 ^ (0 - (v & 1)));
}

/* A run of zeros and the value behind it; the end of the tile stands for such a value. */
static inline unsigned rlgr_put_run(struct rlgr_out *o, const int16_t *coef, const uint64_t *mask,
		unsigned i, unsigned *kp, unsigned *krp)
{
	unsigned at = rlgr_next(mask, i), zeros = at - i, escapes = 0, k = *kp >> LSGR,
		 kr = *krp >> LSGR;
	int32_t v = at < SP_RFX_COEFS ? coef[at] : 1;
	uint32_t sign = (uint32_t)v >> 31, mag = (((uint32_t)v ^ (0 - sign)) + sign) - 1,
		 vk = mag >> kr;
	uint32_t low = mag & ((1u << kr) - 1);

	if (zeros >> k != 0) {
		/* The last index whose runs are not more than these and those before them. */
		unsigned at0 = *kp / UP_GR, sum = zeros + rlgr_runs[at0], to;

		if (sum >= rlgr_runs[RLGR_FULL]) {
			to = RLGR_FULL + (sum - rlgr_runs[RLGR_FULL]) / 1024;
		} else {
			unsigned q = 31 - (unsigned)__builtin_clz(sum / 2 + 1);

			to = 2 * q + (sum >= rlgr_runs[2 * q + 1]);
		}
		escapes = to - at0;
		zeros = sum - rlgr_runs[to];
		*kp = rlgr_up(*kp, UP_GR * escapes);
		k = *kp >> LSGR;
	}
	/* 20 escapes at most lead through 4096 zeros. */
	uint64_t head = (uint64_t)(1u << k | zeros) << 1 | sign;

	if (vk <= 8) {
		uint64_t tail = (((uint64_t)1 << vk) - 1) << (kr + 1) | low;

		rlgr_put(o, head << (vk + 1 + kr) | tail, escapes + k + 2 + vk + 1 + kr);
	} else {
		rlgr_put(o, head, escapes + k + 2);
		rlgr_put_long(o, vk, low, kr);
	}
	*krp = rlgr_krp(*krp, vk);
	*kp = rlgr_turn(*kp, -DN_GR);
	return at + 1;
}

static inline int rlgr_encode(
		enum sp_rlgr mode, const int16_t *coef, const uint64_t *mask, uint8_t *out)
{
	struct rlgr_out o = {.p = out, .end = out + SP_RLGR_MAX};
	unsigned kp = 1 << LSGR, krp = 1 << LSGR, i = 0;

	while (i < SP_RFX_COEFS) {
		unsigned kr = krp >> LSGR;

		if (kp >= 1 << LSGR) {
			i = rlgr_put_run(&o, coef, mask, i, &kp, &krp);
		} else if (mode == SP_RLGR1) {
			uint32_t v = rlgr_fold(coef[i++]), vk = v >> kr, low = v & ((1u << kr) - 1);

			if (vk <= 32) {
				rlgr_put(&o, (((uint64_t)1 << vk) - 1) << (kr + 1) | low,
						vk + 1 + kr);
			} else {
				rlgr_put_long(&o, vk, low, kr);
			}
			krp = rlgr_krp(krp, vk);
			kp = rlgr_turn(kp, UQ_GR * (v == 0) - DQ_GR * (v != 0));
		} else {
			uint32_t a = rlgr_fold(coef[i]);
			uint32_t b = i + 1 < SP_RFX_COEFS ? rlgr_fold(coef[i + 1]) : 0;
			uint32_t v = a + b, vk = v >> kr, low = v & ((1u << kr) - 1);
			unsigned n = rlgr_bits(v);

			i += 2;
			if (vk <= 16) {
				uint64_t tail = (uint64_t)low << n | a;

				rlgr_put(&o, (((uint64_t)1 << vk) - 1) << (kr + 1 + n) | tail,
						vk + 1 + kr + n);
			} else {
				rlgr_put_long(&o, vk, low, kr);
				rlgr_put(&o, a, n);
			}
			krp = rlgr_krp(krp, vk);
			kp = rlgr_turn(kp,
					2 * UQ_GR * (v == 0) - 2 * DQ_GR * ((a != 0) & (b != 0)));
		}
	}
	size_t n = (size_t)(o.p - out) + (o.n > 0);

	return o.full || n > SP_RLGR_MAX ? SP_ESPACE : (int)n;
}

/* Bits at the top of acc; behind the end of the stream they are 0. */
struct rlgr_in {
	const uint8_t *p, *end;
	uint64_t acc;
	unsigned n; /* 56 to 64 after rlgr_fill */
	unsigned past; /* how many of them, the last ones, are not of the stream */
};

static inline void rlgr_fill(struct rlgr_in *r)
{
	if (r->end - r->p >= 8) {
		uint64_t v;

		memcpy(&v, r->p, 8);
		r->acc |= rlgr_swap(v) >> r->n;
		r->p += (63 - r->n) >> 3;
		r->n |= 56;
		return;
	}
	while (r->n <= 56) {
		if (r->p < r->end) {
			r->acc |= (uint64_t)*r->p++ << (56 - r->n);
		} else {
			r->past += 8;
		}
		r->n += 8;
	}
}

static inline void rlgr_skip(struct rlgr_in *r, unsigned n)
{
	r->acc <<= n;
	r->n -= n;
}

/* n <= 32, less than what was filled in. */
static inline uint32_t rlgr_get(struct rlgr_in *r, unsigned n)
{
	uint32_t v = (uint32_t)(r->acc >> 32 >> (32 - n));

	rlgr_skip(r, n);
	return v;
}

/* Something was read that is not there. */
static inline bool rlgr_over(const struct rlgr_in *r)
{
	return r->past > r->n;
}

/* A unary part that did not fit; no longer than the stream, of which it returns 65535 at most. */
static inline uint32_t rlgr_get_unary(struct rlgr_in *r)
{
	uint32_t vk = 0;

	for (;;) {
		rlgr_fill(r);
		unsigned ones = (unsigned)__builtin_clzll(~r->acc | 0xffff);

		if (ones < 32) {
			rlgr_skip(r, ones + 1);
			vk += ones;
			return vk < 0xffff ? vk : 0xffff;
		}
		rlgr_skip(r, 32);
		vk += 32;
	}
}

/* With 20 bits or more filled in; 33 are after it. */
static inline uint32_t rlgr_get_gr(struct rlgr_in *r, unsigned *krp)
{
	unsigned kr = *krp >> LSGR;
	uint32_t vk = (uint32_t)__builtin_clzll(~r->acc | 1);

	if (vk < 8) {
		rlgr_skip(r, vk + 1);
	} else {
		vk = rlgr_get_unary(r);
		rlgr_fill(r);
	}
	*krp = rlgr_krp(*krp, vk);
	return vk << kr | rlgr_get(r, kr);
}

static inline unsigned rlgr_decode(enum sp_rlgr mode, const uint8_t *src, size_t n, int16_t *coef)
{
	struct rlgr_in r = {.p = src, .end = src + n};
	unsigned kp = 1 << LSGR, krp = 1 << LSGR, i = 0, first = SP_RFX_COEFS;

	memset(coef, 0, SP_RFX_COEFS * sizeof(*coef));
	if (n == 0) {
		return first;
	}
	while (i < SP_RFX_COEFS) {
		rlgr_fill(&r);
		if (kp >= 1 << LSGR) {
			unsigned escapes = (unsigned)__builtin_clzll(r.acc | (uint64_t)1 << 40);
			unsigned k;

			rlgr_skip(&r, escapes);
			i += (unsigned)(rlgr_runs[kp / UP_GR + escapes] - rlgr_runs[kp / UP_GR]);
			kp = rlgr_up(kp, UP_GR * escapes);
			if (escapes == 23 && i < SP_RFX_COEFS) {
				continue;
			}
			k = kp >> LSGR;
			rlgr_skip(&r, 1);
			i += rlgr_get(&r, k);
			int32_t minus = (int32_t)rlgr_get(&r, 1);
			uint32_t mag = rlgr_get_gr(&r, &krp) + 1;

			if (!(i < SP_RFX_COEFS) || rlgr_over(&r)) {
				break;
			}
			mag = mag < INT16_MAX ? mag : INT16_MAX;
			coef[i] = (int16_t)(((int32_t)mag ^ -minus) + minus);
			first = first < i ? first : i;
			i++;
			kp = rlgr_turn(kp, -DN_GR);
			continue;
		}
		uint32_t v = rlgr_get_gr(&r, &krp);

		if (rlgr_over(&r)) {
			break;
		}
		if (mode == SP_RLGR1) {
			coef[i++] = rlgr_unfold(v);
			kp = rlgr_turn(kp, UQ_GR * (v == 0) - DQ_GR * (v != 0));
			continue;
		}
		if (v > 0xffff) {
			rlgr_fill(&r);
		}
		uint32_t a = rlgr_get(&r, rlgr_bits(v)), b = v - a;

		if (rlgr_over(&r)) {
			break;
		}
		coef[i] = rlgr_unfold(a);
		if (i + 1 < SP_RFX_COEFS) {
			coef[i + 1] = rlgr_unfold(b);
		}
		i += 2;
		kp = rlgr_turn(kp, 2 * UQ_GR * (v == 0) - 2 * DQ_GR * ((a != 0) & (b != 0)));
	}
	return first;
}

#undef KPMAX
#undef LSGR
#undef UP_GR
#undef DN_GR
#undef UQ_GR
#undef DQ_GR

#endif
