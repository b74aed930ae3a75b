/*
 * core/codec/rfx_dwt.h - the three levels of the wavelet, out of the steps of rfx_vec.h; included
 * by what has split_row(), join_row(), split_columns() and join_columns() for a level.
 */

static inline int16_t dwt_sat(int32_t v)
{
	return (int16_t)(v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v);
}

/* What is behind a row of n values: see split() in rfx_kernel.c. */
static inline int16_t dwt_end(const int16_t *x, size_t n)
{
	switch (n) {
	case 65:
		return dwt_sat(dwt_sat(2 * x[63]) - x[62]);
	case 33:
	case 17:
		return x[n - 1];
	default:
		return x[n - 2];
	}
}

static inline __attribute__((always_inline)) void dwt_split_row(
		const int16_t *x, size_t n, unsigned level, int16_t *low, int16_t *high)
{
	int16_t end = dwt_end(x, n), last = split_row(x, level, end, n == 65, low, high);

	if (n % 2 != 0) {
		low[n / 2] = dwt_sat(end + (dwt_sat(2 * last) >> 1));
	}
}

static inline __attribute__((always_inline)) void dwt_join_row(
		const int16_t *low, const int16_t *high, size_t n, unsigned level, int16_t *x)
{
	int16_t end = 0;

	if (n == 65) {
		end = low[32];
	} else if (n % 2 != 0) {
		int32_t twice = dwt_sat(2 * high[n / 2 - 1]);

		end = dwt_sat(low[n / 2] - (dwt_sat(twice + 1) >> 1));
		x[n - 1] = end;
	}
	join_row(low, high, level, end, n % 2 == 0, n == 65, x);
}

/*
 * The bands are filled in the order in which they lie: where a row of high values is shorter than
 * the vectors, the surplus goes where the next row or band will be.
 */
static inline __attribute__((always_inline)) void dwt_split(
		const uint16_t *at, int16_t *plane, size_t n, unsigned level, int16_t *coef)
{
	_Alignas(32) int16_t rows[SP_RFX_COEFS];
	size_t n_low = (n + 1) / 2, n_high = n == 65 ? 31 : n / 2;
	int16_t *hl = coef + at[3 * level], *lh = coef + at[3 * level + 1];
	int16_t *hh = coef + at[3 * level + 2];
	int16_t *ll = level == 2 ? coef + at[SP_RFX_LL3] : plane;
	size_t ll_stride = level == 2 ? n_low : SP_RFX_TILE;

	split_columns(plane, n, rows);
	for (size_t y = 0; y < n_low; y++) {
		dwt_split_row(rows + y * SP_RFX_TILE, n, level, ll + y * ll_stride,
				hl + y * n_high);
	}
	for (size_t y = 0; y < n_high; y++) {
		dwt_split_row(rows + (n_low + y) * SP_RFX_TILE, n, level, lh + y * n_low,
				hh + y * n_high);
	}
}

static inline __attribute__((always_inline)) void dwt_join(
		const uint16_t *at, const int16_t *coef, size_t n, unsigned level, int16_t *plane)
{
	_Alignas(32) int16_t rows[SP_RFX_COEFS];
	size_t n_low = (n + 1) / 2, n_high = n == 65 ? 31 : n / 2;
	const int16_t *hl = coef + at[3 * level], *lh = coef + at[3 * level + 1];
	const int16_t *hh = coef + at[3 * level + 2];
	const int16_t *ll = level == 2 ? coef + at[SP_RFX_LL3] : plane;
	size_t ll_stride = level == 2 ? n_low : SP_RFX_TILE;

	for (size_t y = 0; y < n_low; y++) {
		dwt_join_row(ll + y * ll_stride, hl + y * n_high, n, level, rows + y * SP_RFX_TILE);
	}
	for (size_t y = 0; y < n_high; y++) {
		dwt_join_row(lh + y * n_low, hh + y * n_high, n, level,
				rows + (n_low + y) * SP_RFX_TILE);
	}
	join_columns(rows, n, plane);
}

static void dwt_plain(int16_t *plane, int16_t *coef)
{
	const uint16_t *at = sp_rfx_band_at[SP_RFX_PLAIN];

	dwt_split(at, plane, 64, 0, coef);
	dwt_split(at, plane, 32, 1, coef);
	dwt_split(at, plane, 16, 2, coef);
}

static void dwt_reduce(int16_t *plane, int16_t *coef)
{
	const uint16_t *at = sp_rfx_band_at[SP_RFX_REDUCE];

	dwt_split(at, plane, 65, 0, coef);
	dwt_split(at, plane, 33, 1, coef);
	dwt_split(at, plane, 17, 2, coef);
}

static void idwt_plain(const int16_t *coef, int16_t *plane)
{
	const uint16_t *at = sp_rfx_band_at[SP_RFX_PLAIN];

	dwt_join(at, coef, 16, 2, plane);
	dwt_join(at, coef, 32, 1, plane);
	dwt_join(at, coef, 64, 0, plane);
}

static void idwt_reduce(const int16_t *coef, int16_t *plane)
{
	const uint16_t *at = sp_rfx_band_at[SP_RFX_REDUCE];

	dwt_join(at, coef, 17, 2, plane);
	dwt_join(at, coef, 33, 1, plane);
	dwt_join(at, coef, 65, 0, plane);
}
