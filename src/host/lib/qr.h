/* host/lib/qr.h - a text as the squares of a QR code. */
#ifndef SP_HOST_LIB_QR_H
#define SP_HOST_LIB_QR_H

#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"

#define SP_QR_SIDE 77 /* modules at most: version 15 */
#define SP_QR_BYTES ((SP_QR_SIDE * SP_QR_SIDE + 7) / 8)

struct sp_qr {
	uint32_t side;
	uint8_t bits[SP_QR_BYTES]; /* row by row without gaps, lowest bit first; 1: dark */
};

/* SP_ELIMIT when the text is too long for SP_QR_SIDE. */
sp_nodiscard int sp_qr_make(const char *text, struct sp_qr *out);

static inline int sp_qr_dark(const struct sp_qr *q, uint32_t x, uint32_t y)
{
	uint32_t i = y * q->side + x;

	return q->bits[i / 8] >> i % 8 & 1;
}

#endif
