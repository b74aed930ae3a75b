/*
 * core/codec/rfx_vec.h - wavelet steps for vectors of VN values, in terms of V, v_*; included
 * once for each width by what defines these and VF(), the name of a function for the width.
 */

/* [MS-RDPRFX] 3.1.8.1.4 */
static inline V VF(high)(V even, V odd, V next)
{
	return v_sra1(v_subs(odd, v_sra1(v_adds(even, next))));
}

static inline V VF(low)(V even, V before, V high)
{
	return v_adds(even, v_sra1(v_adds(before, high)));
}

/* [MS-RDPRFX] 3.1.8.2.4 */
static inline V VF(even)(V low, V before, V high)
{
	return v_subs(low, v_sra1(v_adds(v_adds(before, high), v_set1(1))));
}

static inline V VF(odd)(V even, V next, V high)
{
	return v_adds(v_adds(high, high), v_sra1(v_adds(even, next)));
}

/*
 * A row of 2 * nv * VN values and `end`, which stands for the one behind them, into as many low
 * and high ones; cut makes the last high one 0. Returns the last high one.
 */
static inline __attribute__((always_inline)) int16_t VF(split_row)(
		const int16_t *x, size_t nv, int16_t end, bool cut, int16_t *low, int16_t *high)
{
	V e[4], o[4], before = v_set1(0);

	for (size_t i = 0; i < nv; i++) {
		v_split(v_load(x + 2 * i * VN), v_load(x + (2 * i + 1) * VN), &e[i], &o[i]);
	}
	for (size_t i = 0; i < nv; i++) {
		V next = v_next(e[i], i + 1 < nv ? e[i + 1] : v_set1(end));
		V h = VF(high)(e[i], o[i], next);

		if (cut && i + 1 == nv) {
			h = v_cut(h);
		}
		before = i > 0 ? v_prev(before, h) : v_prev_first(h);
		v_store(low + i * VN, VF(low)(e[i], before, h));
		v_store(high + i * VN, h);
		before = h;
	}
	return v_last(before);
}

/* The other way; `end` is what even value follows, or with mirror the last one again. */
static inline __attribute__((always_inline)) void VF(join_row)(const int16_t *low,
		const int16_t *high, size_t nv, int16_t end, bool mirror, bool cut, int16_t *x)
{
	V e[4], h[4];

	for (size_t i = 0; i < nv; i++) {
		h[i] = v_load(high + i * VN);
		if (cut && i + 1 == nv) {
			h[i] = v_cut(h[i]);
		}
		e[i] = VF(even)(v_load(low + i * VN),
				i > 0 ? v_prev(h[i - 1], h[i]) : v_prev_first(h[i]), h[i]);
	}
	V last = mirror ? v_set1(v_last(e[nv - 1])) : v_set1(end);

	for (size_t i = 0; i < nv; i++) {
		V next = v_next(e[i], i + 1 < nv ? e[i + 1] : last), a, b;

		v_zip(e[i], VF(odd)(e[i], next, h[i]), &a, &b);
		v_store(x + 2 * i * VN, a);
		v_store(x + (2 * i + 1) * VN, b);
	}
}

/*
 * VN columns of n values, rows SP_RFX_TILE apart, into low ones from row 0 and high ones from row
 * (n + 1) / 2 on. n is as for split() in rfx_kernel.c.
 */
static inline __attribute__((always_inline)) void VF(split_columns)(
		const int16_t *x, size_t n, int16_t *out)
{
	const size_t side = SP_RFX_TILE;
	int16_t *low = out, *high = out + (n + 1) / 2 * side;
	V e = v_load(x), before = e;

	for (size_t i = 0; i < n / 2; i++) {
		V o = v_load(x + (2 * i + 1) * side), next, h;

		if (2 * i + 2 < (n < 64 ? n : 64)) {
			next = v_load(x + (2 * i + 2) * side);
		} else if (n == 65) {
			next = v_subs(v_adds(o, o), e);
		} else {
			next = e;
		}
		h = n == 65 && i == 31 ? v_set1(0) : VF(high)(e, o, next);
		v_store(low + i * side, VF(low)(e, i > 0 ? before : h, h));
		if (n != 65 || i != 31) {
			v_store(high + i * side, h);
		}
		e = next;
		before = h;
	}
	if (n % 2 != 0) {
		v_store(low + n / 2 * side, VF(low)(e, before, before));
	}
}

static inline __attribute__((always_inline)) void VF(join_columns)(
		const int16_t *in, size_t n, int16_t *x)
{
	const size_t side = SP_RFX_TILE;
	const int16_t *low = in, *high = in + (n + 1) / 2 * side;
	V h = v_load(high), e = VF(even)(v_load(low), h, h);

	for (size_t i = 0; i < n / 2; i++) {
		V next = e, after = h;

		if (i + 1 < n / 2) {
			after = n == 65 && i == 30 ? v_set1(0) : v_load(high + (i + 1) * side);
			next = VF(even)(v_load(low + (i + 1) * side), h, after);
		} else if (n % 2 != 0) {
			next = VF(even)(v_load(low + (i + 1) * side), h, h);
		}
		v_store(x + 2 * i * side, e);
		v_store(x + (2 * i + 1) * side, VF(odd)(e, next, h));
		e = next;
		h = after;
	}
	if (n % 2 != 0 && n < 64) {
		v_store(x + (n - 1) * side, e);
	}
}

/* n values of (c + half) >> shift. */
static sp_unused void VF(quantize)(int16_t *coef, size_t n, unsigned shift)
{
	int16_t half = (int16_t)(shift > 0 ? 1 << (shift - 1) : 0);
	__m128i by = _mm_cvtsi32_si128((int)shift);
	size_t i = 0;

	for (; i + VN <= n; i += VN) {
		v_store(coef + i, v_sra(v_adds(v_load(coef + i), v_set1(half)), by));
	}
	for (; i < n; i++) {
		int32_t v = coef[i] + half;

		coef[i] = (int16_t)((v < INT16_MAX ? v : INT16_MAX) >> shift);
	}
}

static sp_unused void VF(dequantize)(int16_t *coef, size_t n, unsigned shift)
{
	__m128i by = _mm_cvtsi32_si128((int)shift);
	size_t i = 0;

	for (; i + VN <= n; i += VN) {
		v_store(coef + i, v_sll(v_load(coef + i), by));
	}
	for (; i < n; i++) {
		coef[i] = (int16_t)(uint16_t)((uint32_t)(uint16_t)coef[i] << shift);
	}
}
