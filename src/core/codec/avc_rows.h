/*
 * core/codec/avc_rows.h - the kernels of avc_kernel.h for vectors of any width. Included once by
 * each file that says what a vector is: vec, OP(), SI(), WIDTH (bytes) and the three orders below.
 */
#include "core/codec/avc_kernel.h"

/*
 * Instructions work on lanes of 16 bytes. whole64 brings what two packed vectors became into the
 * order of memory, and what is to be unpacked into one that comes out in it; whole32 the same
 * for dwords after two steps, lanes32 before two steps.
 */
static inline vec load(const uint8_t *p)
{
	return SI(loadu)((const vec *)p);
}

static inline void store(uint8_t *p, vec v)
{
	SI(storeu)((vec *)p, v);
}

struct pair {
	vec lo, hi;
};

/* Bytes as words, in the order that packus brings back. */
static inline struct pair widen(vec v)
{
	return (struct pair){
			OP(unpacklo_epi8)(v, SI(setzero)()), OP(unpackhi_epi8)(v, SI(setzero)())};
}

struct weights {
	short r, g, b, add;
};

/* Modulo 2^16. */
static inline vec weigh_half(vec r, vec g, vec b, struct weights w)
{
	vec v = OP(add_epi16)(OP(mullo_epi16)(r, OP(set1_epi16)(w.r)),
			OP(mullo_epi16)(g, OP(set1_epi16)(w.g)));

	v = OP(add_epi16)(v, OP(mullo_epi16)(b, OP(set1_epi16)(w.b)));
	return OP(add_epi16)(v, OP(set1_epi16)(w.add));
}

static inline struct pair weigh(struct pair r, struct pair g, struct pair b, struct weights w)
{
	return (struct pair){weigh_half(r.lo, g.lo, b.lo, w), weigh_half(r.hi, g.hi, b.hi, w)};
}

static inline vec chroma(struct pair sum)
{
	vec v = OP(packs_epi16)(OP(srai_epi16)(sum.lo, 8), OP(srai_epi16)(sum.hi, 8));

	return whole32(SI(xor)(v, OP(set1_epi8)((char)0x80)));
}

static void from_bgrx(const uint8_t *bgrx, size_t n, uint8_t *y, uint8_t *u, uint8_t *v)
{
	const vec planes =
			lanes(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
	size_t i = 0;

	for (; i + WIDTH <= n; i += WIDTH) {
		const uint8_t *p = bgrx + 4 * i;
		vec p0 = OP(shuffle_epi8)(load(p), planes);
		vec p1 = OP(shuffle_epi8)(load(p + WIDTH), planes);
		vec p2 = OP(shuffle_epi8)(load(p + 2 * WIDTH), planes);
		vec p3 = OP(shuffle_epi8)(load(p + 3 * WIDTH), planes);
		vec bg0 = OP(unpacklo_epi32)(p0, p1), bg1 = OP(unpacklo_epi32)(p2, p3);
		vec rx0 = OP(unpackhi_epi32)(p0, p1), rx1 = OP(unpackhi_epi32)(p2, p3);
		struct pair b = widen(OP(unpacklo_epi64)(bg0, bg1));
		struct pair g = widen(OP(unpackhi_epi64)(bg0, bg1));
		struct pair r = widen(OP(unpacklo_epi64)(rx0, rx1));
		struct pair luma = weigh(r, g, b, (struct weights){54, 183, 19, 128});

		store(y + i,
				whole32(OP(packus_epi16)(OP(srli_epi16)(luma.lo, 8),
						OP(srli_epi16)(luma.hi, 8))));
		store(u + i, chroma(weigh(r, g, b, (struct weights){-29, -99, 128, 127})));
		store(v + i, chroma(weigh(r, g, b, (struct weights){128, -116, -12, 127})));
	}
	sp_avc_plain.from_bgrx(bgrx + 4 * i, n - i, y + i, u + i, v + i);
}

/* y + (c * d >> 8), where the words of d are 256 times the value. */
static inline vec add_part(struct pair y, struct pair d, short c)
{
	vec k = OP(set1_epi16)(c);

	return OP(packus_epi16)(OP(add_epi16)(y.lo, OP(mulhi_epi16)(d.lo, k)),
			OP(add_epi16)(y.hi, OP(mulhi_epi16)(d.hi, k)));
}

static inline vec green(vec y, vec d, vec e)
{
	vec v = OP(add_epi16)(OP(mullo_epi16)(OP(srai_epi16)(d, 8), OP(set1_epi16)(-48)),
			OP(mullo_epi16)(OP(srai_epi16)(e, 8), OP(set1_epi16)(-120)));

	return OP(add_epi16)(y, OP(srai_epi16)(v, 8));
}

static void to_bgrx(const uint8_t *y, const uint8_t *u, const uint8_t *v, size_t n, uint8_t *bgrx)
{
	const vec zero = SI(setzero)(), bias = OP(set1_epi8)((char)0x80);
	size_t i = 0;

	for (; i + WIDTH <= n; i += WIDTH) {
		vec du = SI(xor)(lanes32(load(u + i)), bias),
		    dv = SI(xor)(lanes32(load(v + i)), bias);
		struct pair l = widen(lanes32(load(y + i)));
		struct pair d = {OP(unpacklo_epi8)(zero, du), OP(unpackhi_epi8)(zero, du)};
		struct pair e = {OP(unpacklo_epi8)(zero, dv), OP(unpackhi_epi8)(zero, dv)};
		vec b = add_part(l, d, 475), r = add_part(l, e, 403);
		vec g = OP(packus_epi16)(green(l.lo, d.lo, e.lo), green(l.hi, d.hi, e.hi));
		vec x = OP(set1_epi8)((char)0xff);
		struct pair bg = {OP(unpacklo_epi8)(b, g), OP(unpackhi_epi8)(b, g)};
		struct pair rx = {OP(unpacklo_epi8)(r, x), OP(unpackhi_epi8)(r, x)};
		uint8_t *to = bgrx + 4 * i;

		store(to, OP(unpacklo_epi16)(bg.lo, rx.lo));
		store(to + WIDTH, OP(unpackhi_epi16)(bg.lo, rx.lo));
		store(to + 2 * WIDTH, OP(unpacklo_epi16)(bg.hi, rx.hi));
		store(to + 3 * WIDTH, OP(unpackhi_epi16)(bg.hi, rx.hi));
	}
	sp_avc_plain.to_bgrx(y + i, u + i, v + i, n - i, bgrx + 4 * i);
}

/* Sums of neighbours in two rows, as words, rounded and divided. */
static inline vec quarter(vec a, vec b)
{
	const vec one = OP(set1_epi8)(1);
	vec v = OP(add_epi16)(OP(maddubs_epi16)(a, one), OP(maddubs_epi16)(b, one));

	return OP(srli_epi16)(OP(add_epi16)(v, OP(set1_epi16)(2)), 2);
}

static void mean(const uint8_t *a, const uint8_t *b, size_t n, uint8_t *out)
{
	size_t i = 0;

	for (; i + WIDTH <= n; i += WIDTH) {
		vec lo = quarter(load(a + 2 * i), load(b + 2 * i));
		vec hi = quarter(load(a + 2 * i + WIDTH), load(b + 2 * i + WIDTH));

		store(out + i, whole64(OP(packus_epi16)(lo, hi)));
	}
	sp_avc_plain.mean(a + 2 * i, b + 2 * i, n - i, out + i);
}

static void split(const uint8_t *in, size_t n, uint8_t *even, uint8_t *odd)
{
	const vec low = OP(set1_epi16)(0xff);
	size_t i = 0;

	for (; i + WIDTH <= n; i += WIDTH) {
		vec a = load(in + 2 * i), b = load(in + 2 * i + WIDTH);

		store(even + i, whole64(OP(packus_epi16)(SI(and)(a, low), SI(and)(b, low))));
		store(odd + i,
				whole64(OP(packus_epi16)(
						OP(srli_epi16)(a, 8), OP(srli_epi16)(b, 8))));
	}
	sp_avc_plain.split(in + 2 * i, n - i, even + i, odd + i);
}

static void join(const uint8_t *even, const uint8_t *odd, size_t n, uint8_t *out)
{
	size_t i = 0;

	for (; i + WIDTH <= n; i += WIDTH) {
		vec a = whole64(load(even + i)), b = whole64(load(odd + i));

		store(out + 2 * i, OP(unpacklo_epi8)(a, b));
		store(out + 2 * i + WIDTH, OP(unpackhi_epi8)(a, b));
	}
	sp_avc_plain.join(even + i, odd + i, n - i, out + 2 * i);
}

static inline vec missing(vec m, vec b, vec c, vec d)
{
	return OP(sub_epi16)(OP(sub_epi16)(OP(slli_epi16)(m, 2), b), OP(add_epi16)(c, d));
}

static void unmean(const uint8_t *mean, const uint8_t *b, const uint8_t *c, const uint8_t *d,
		size_t n, uint8_t *out)
{
	size_t i = 0;

	for (; i + WIDTH <= n; i += WIDTH) {
		vec m = load(mean + i);
		struct pair wm = widen(m), wb = widen(load(b + i));
		struct pair wc = widen(load(c + i)), wd = widen(load(d + i));
		vec v = OP(packus_epi16)(missing(wm.lo, wb.lo, wc.lo, wd.lo),
				missing(wm.hi, wb.hi, wc.hi, wd.hi));
		vec away = SI(or)(OP(subs_epu8)(v, m), OP(subs_epu8)(m, v));
		vec near = OP(cmpeq_epi8)(OP(subs_epu8)(away, OP(set1_epi8)(30)), SI(setzero)());

		store(out + i, OP(blendv_epi8)(v, m, near));
	}
	sp_avc_plain.unmean(mean + i, b + i, c + i, d + i, n - i, out + i);
}
