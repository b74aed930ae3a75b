/* host/lib/qr.c - see qr.h; the code is libqrencode's. */
#include "host/lib/qr.h"

#include <qrencode.h>
#include <string.h>

#include "core/base/mem.h"

int sp_qr_make(const char *text, struct sp_qr *out)
{
	QRcode *q = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

	memset(out, 0, sizeof(*out));
	if (q == NULL) {
		return SP_ELIMIT;
	}
	uint32_t side = (uint32_t)q->width;
	int rc = side <= SP_QR_SIDE ? SP_OK : SP_ELIMIT;
	if (rc == SP_OK) {
		out->side = side;
		for (uint32_t i = 0; i < side * side; i++) {
			out->bits[i / 8] |= (uint8_t)((q->data[i] & 1) << i % 8);
		}
	}
	sp_wipe(q->data, (size_t)q->width * (size_t)q->width);
	QRcode_free(q);
	return rc;
}
