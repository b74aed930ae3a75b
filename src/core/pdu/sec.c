/* core/pdu/sec.c - see sec.h. */
#include "core/pdu/sec.h"

#define KNOWN \
	(SP_SEC_EXCHANGE | SP_SEC_TRANSPORT_REQ | SP_SEC_TRANSPORT_RSP | SP_SEC_ENCRYPT | \
			SP_SEC_INFO | SP_SEC_LICENSE | SP_SEC_LINE | SP_SEC_LICENSE_ENCRYPT | \
			SP_SEC_REDIRECTION | SP_SEC_AUTODETECT_REQ | SP_SEC_AUTODETECT_RSP | \
			SP_SEC_HEARTBEAT)

int sp_sec_read(struct sp_rd *r, uint16_t *flags)
{
	*flags = sp_rd_le16(r) & KNOWN;
	sp_rd_skip(r, 2); /* flagsHi */
	return sp_rd_ok(r);
}

void sp_sec_write(struct sp_wr *w, uint16_t flags)
{
	sp_wr_le16(w, flags);
	sp_wr_le16(w, 0); /* flagsHi */
}
