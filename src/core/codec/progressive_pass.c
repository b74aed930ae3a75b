/* core/codec/progressive_pass.c - upgrade passes: simplified run-length and raw bits. */
#include "core/base/load.h"
#include "core/codec/progressive_core.h"

#include <stdlib.h>
#include <string.h>

#define KP_START 8
#define KP_MAX 80

static const uint8_t wire_order[SP_RFX_BANDS] = {SP_RFX_LL3, SP_RFX_HL3, SP_RFX_LH3, SP_RFX_HH3,
		SP_RFX_HL2, SP_RFX_LH2, SP_RFX_HH2, SP_RFX_HL1, SP_RFX_LH1, SP_RFX_HH1};

void sp_prog_quant_read(struct sp_rd *r, struct sp_prog_quant *out)
{
	for (size_t i = 0; i < SP_RFX_BANDS; i += 2) {
		uint8_t v = sp_rd_u8(r);

		out->q[wire_order[i]] = v & 0xf;
		out->q[wire_order[i + 1]] = v >> 4;
	}
}

void sp_prog_quant_write(struct sp_wr *w, const struct sp_prog_quant *in)
{
	for (size_t i = 0; i < SP_RFX_BANDS; i += 2) {
		sp_wr_u8(w, (uint8_t)(in->q[wire_order[i]] | in->q[wire_order[i + 1]] << 4));
	}
}

/* ---- bits, highest first ---- */

struct bits_in {
	const uint8_t *p, *end;
	uint64_t acc; /* the next bit is the highest; what is not filled is 0 */
	unsigned n; /* bits of acc that are filled */
	unsigned pad; /* bits of them that were made up behind the end */
};

static void fill(struct bits_in *b)
{
	if (b->end - b->p >= 8) {
		b->acc |= sp_load_be64(b->p) >> b->n;
		b->p += (63 - b->n) >> 3;
		b->n |= 56;
		return;
	}
	while (b->n <= 56) {
		if (b->p < b->end) {
			b->acc |= (uint64_t)*b->p++ << (56 - b->n);
		} else {
			b->pad += 8;
		}
		b->n += 8;
	}
}

static struct bits_in bits_in(struct sp_span in)
{
	return (struct bits_in){.p = in.p, .end = in.n > 0 ? in.p + in.n : in.p};
}

/* Fewer than 32 bits, as many as 0. */
static inline uint32_t take(struct bits_in *b, unsigned n)
{
	if (b->n < n) {
		fill(b);
	}
	uint32_t v = (uint32_t)(b->acc >> 32) >> (32 - n - (n == 0));

	b->acc <<= n;
	b->n -= n;
	return n == 0 ? 0 : v;
}

/* Zeros before a one, which is taken too unless max zeros came first. */
static unsigned take_unary(struct bits_in *b, unsigned max)
{
	unsigned zeros = 0;

	for (;;) {
		if (b->n < 32) {
			fill(b);
		}
		unsigned run = b->acc == 0 ? b->n : (unsigned)__builtin_clzll(b->acc);

		run = run < b->n ? run : b->n;
		if (zeros + run >= max) {
			run = max - zeros;
			b->acc = run < 64 ? b->acc << run : 0;
			b->n -= run;
			return max;
		}
		zeros += run;
		if (run < b->n) {
			b->acc = b->acc << run << 1;
			b->n -= run + 1;
			return zeros;
		}
		b->acc = 0;
		b->n = 0;
	}
}

/* False when more bits were taken than there are. */
static bool within(const struct bits_in *b)
{
	return b->pad <= b->n;
}

struct bits_out {
	uint8_t *p, *end;
	uint64_t acc; /* the lowest n bits wait */
	unsigned n; /* < 32 between calls */
	bool full;
};

/* At most 32 bits. */
static inline void put(struct bits_out *b, uint32_t v, unsigned n)
{
	b->acc = b->acc << n | v;
	b->n += n;
	if (b->n >= 32) {
		uint32_t top = (uint32_t)(b->acc >> (b->n - 32));

		b->n -= 32;
		if (b->end - b->p < 4) {
			b->full = true;
			return;
		}
		b->p[0] = (uint8_t)(top >> 24);
		b->p[1] = (uint8_t)(top >> 16);
		b->p[2] = (uint8_t)(top >> 8);
		b->p[3] = (uint8_t)top;
		b->p += 4;
	}
}

static void finish(struct bits_out *b)
{
	while (b->n > 0) {
		unsigned take = b->n < 8 ? b->n : 8;
		uint8_t v = (uint8_t)(b->acc >> (b->n - take) << (8 - take));

		b->n -= take;
		if (b->p == b->end) {
			b->full = true;
			return;
		}
		*b->p++ = v;
	}
}

/* The bits of word i of a mask that belong to coefficients at to end. */
static inline uint64_t word_range(size_t i, size_t at, size_t end)
{
	uint64_t m = ~(uint64_t)0;

	if (at > 64 * i) {
		m &= ~(uint64_t)0 << (at - 64 * i);
	}
	if (end < 64 * i + 64) {
		m &= ~(~(uint64_t)0 << (end - 64 * i));
	}
	return m;
}

/* The lowest bit of m and those below it. */
static inline uint64_t up_to_lowest(uint64_t m)
{
	return m ^ (m - 1);
}

/* ---- reading ---- */

/* [MS-RDPEGFX] 3.1.8.1.5 Simplified Run-Length (SRL) */
struct srl_in {
	struct bits_in b;
	unsigned kp;
	uint32_t zeros; /* of the current run still to come */
	bool value; /* a value follows them rather than another run */
};

static void read_run(struct srl_in *s)
{
	unsigned k = s->kp / 8;

	if (take(&s->b, 1) == 0) {
		s->zeros = 1u << k;
		s->kp = s->kp + 4 > KP_MAX ? KP_MAX : s->kp + 4;
		s->value = false;
		return;
	}
	s->zeros = take(&s->b, k);
	s->kp = s->kp < 6 ? 0 : s->kp - 6;
	s->value = true;
}

static inline void add(int16_t *coef, uint32_t v, unsigned shift)
{
	*coef = (int16_t)(uint16_t)((uint16_t)*coef + (v << shift));
}

static void read_raw(struct bits_in *raw, const struct sp_prog_band *band, int16_t *coef,
		uint64_t known, const uint64_t negative)
{
	unsigned bits = band->from - band->to;

	while (known != 0) {
		unsigned i = (unsigned)__builtin_ctzll(known);
		uint32_t v = take(raw, bits);

		add(&coef[i], negative >> i & 1 ? 0u - v : v, band->shift);
		known &= known - 1;
	}
}

/* The coefficients of one word of the masks: those in `range` that were 0 so far. */
static void read_srl(struct srl_in *s, const struct sp_prog_band *band, int16_t *coef,
		uint64_t *known, uint64_t *negative, uint64_t unknown)
{
	unsigned bits = band->from - band->to;

	while (unknown != 0) {
		if (s->zeros == 0 && !s->value) {
			read_run(s);
		}
		uint32_t left = sp_prog_popcount(unknown);

		if (s->zeros >= left) {
			s->zeros -= left;
			return;
		}
		for (; s->zeros > 0; s->zeros--) {
			unknown &= unknown - 1;
		}
		if (!s->value) {
			continue;
		}
		unsigned i = (unsigned)__builtin_ctzll(unknown);
		uint32_t minus = take(&s->b, 1);
		uint32_t v = 1 + (bits == 1 ? 0 : take_unary(&s->b, (1u << bits) - 2));

		s->value = false;
		*known |= (uint64_t)1 << i;
		*negative |= (uint64_t)minus << i;
		add(&coef[i], minus ? 0u - v : v, band->shift);
		unknown &= unknown - 1;
	}
}

int sp_prog_pass_read(const struct sp_prog_pass *pass, int16_t *coef, uint64_t known[SP_RFX_MASK],
		uint64_t negative[SP_RFX_MASK], struct sp_span srl, struct sp_span raw)
{
	struct srl_in s = {.b = bits_in(srl), .kp = KP_START};
	struct bits_in r = bits_in(raw);

	for (size_t b = 0; b < pass->n; b++) {
		const struct sp_prog_band *band = &pass->band[b];
		size_t end = (size_t)band->at + band->n;

		if (band->from == band->to) {
			continue;
		}
		for (size_t i = band->at / 64; 64 * i < end; i++) {
			uint64_t range = word_range(i, band->at, end);

			if (band->ll) {
				read_raw(&r, band, coef + 64 * i, range, 0);
				continue;
			}
			uint64_t before = known[i];

			read_raw(&r, band, coef + 64 * i, before & range, negative[i]);
			read_srl(&s, band, coef + 64 * i, &known[i], &negative[i], ~before & range);
		}
		if (!within(&r) || !within(&s.b)) {
			return SP_ECODEC;
		}
	}
	return SP_OK;
}

/* ---- writing ---- */

struct srl_out {
	struct bits_out b;
	unsigned kp;
	uint32_t zeros;
};

static void write_long_runs(struct srl_out *s)
{
	while (s->zeros >= 1u << s->kp / 8) {
		put(&s->b, 0, 1);
		s->zeros -= 1u << s->kp / 8;
		s->kp = s->kp + 4 > KP_MAX ? KP_MAX : s->kp + 4;
	}
}

static void write_run(struct srl_out *s)
{
	write_long_runs(s);
	put(&s->b, 1u << s->kp / 8 | s->zeros, 1 + s->kp / 8);
	s->zeros = 0;
	s->kp = s->kp < 6 ? 0 : s->kp - 6;
}

static void write_value(struct srl_out *s, int16_t v, unsigned bits)
{
	unsigned mag = (unsigned)abs(v), max = (1u << bits) - 1;

	write_run(s);
	put(&s->b, v < 0, 1);
	for (mag--, max--; mag >= 32; mag -= 32, max -= 32) {
		put(&s->b, 0, 32);
	}
	if (mag < max) {
		put(&s->b, 1, mag + 1);
	} else {
		put(&s->b, 0, mag);
	}
}

static void cut_toward_zero(const int16_t *coef, size_t n, unsigned bits, int16_t *to)
{
	int16_t mask = (int16_t)((1 << bits) - 1);

	for (size_t i = 0; i < n; i++) {
		int16_t bias = (int16_t)((coef[i] >> 15) & mask);

		to[i] = (int16_t)((int16_t)(coef[i] + bias) >> bits);
	}
}

static void cut_down(const int16_t *coef, size_t n, unsigned bits, int16_t *to)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = (int16_t)(coef[i] >> bits);
	}
}

void sp_prog_cut(const int16_t *coef, const struct sp_prog_quant *bits, int16_t *to)
{
	const uint16_t *at = sp_rfx_band_at[SP_RFX_REDUCE];

	for (size_t b = 0; b < SP_RFX_BANDS; b++) {
		(b == SP_RFX_LL3 ? cut_down : cut_toward_zero)(
				coef + at[b], (size_t)(at[b + 1] - at[b]), bits->q[b], to + at[b]);
	}
}

static void write_band(struct srl_out *s, struct bits_out *raw, const struct sp_prog_band *band,
		const int16_t *after, const uint64_t *known, const uint64_t *now)
{
	unsigned bits = band->from - band->to;
	uint32_t mask = (1u << bits) - 1;
	size_t end = (size_t)band->at + band->n;

	for (size_t i = band->at / 64; 64 * i < end; i++) {
		uint64_t range = word_range(i, band->at, end);
		uint64_t zero = ~now[i] & range, told = now[i] & range;

		while (told != 0) {
			unsigned at = (unsigned)__builtin_ctzll(told);
			int16_t v = after[64 * i + at];

			if (known[i] >> at & 1) {
				put(raw, (uint32_t)abs(v) & mask, bits);
			} else {
				uint64_t below = up_to_lowest(told);

				s->zeros += sp_prog_popcount(zero & below);
				zero &= ~below;
				write_value(s, v, bits);
			}
			told &= told - 1;
		}
		s->zeros += sp_prog_popcount(zero);
	}
}

int sp_prog_pass_write(const struct sp_rfx_kernel *k, const struct sp_prog_pass *pass,
		const int16_t *coef, int16_t *before, int16_t *after, uint8_t *srl, size_t srl_cap,
		uint8_t raw[SP_PROG_RAW_MAX], struct sp_prog_passed *out)
{
	struct srl_out s = {.b = {.p = srl, .end = srl + srl_cap}, .kp = KP_START};
	struct bits_out r = {.p = raw, .end = raw + SP_PROG_RAW_MAX};
	uint64_t known[SP_RFX_MASK], now[SP_RFX_MASK];

	for (size_t b = 0; b < pass->n; b++) {
		const struct sp_prog_band *band = &pass->band[b];

		if (band->from > band->to && !band->ll) {
			cut_toward_zero(coef + band->at, band->n, band->from, before + band->at);
			cut_toward_zero(coef + band->at, band->n, band->to, after + band->at);
		} else {
			memset(before + band->at, 0, band->n * sizeof(*before));
			memset(after + band->at, 0, band->n * sizeof(*after));
		}
	}
	k->mark(before, known);
	k->mark(after, now);
	for (size_t b = 0; b < pass->n; b++) {
		const struct sp_prog_band *band = &pass->band[b];
		unsigned bits = band->from - band->to;

		if (bits == 0) {
			continue;
		}
		if (!band->ll) {
			write_band(&s, &r, band, after, known, now);
			continue;
		}
		for (size_t i = band->at; i < (size_t)band->at + band->n; i++) {
			put(&r, (uint32_t)(coef[i] >> band->to) & ((1u << bits) - 1), bits);
		}
	}
	write_long_runs(&s);
	if (s.zeros > 0) {
		write_run(&s);
	}
	finish(&s.b);
	finish(&r);
	if (s.b.full || r.full) {
		return SP_ESPACE;
	}
	*out = (struct sp_prog_passed){
			.srl_n = (size_t)(s.b.p - srl),
			.raw_n = (size_t)(r.p - raw),
	};
	return SP_OK;
}
