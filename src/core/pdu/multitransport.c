/* core/pdu/multitransport.c - see multitransport.h. */
#include "core/pdu/multitransport.h"

int sp_multitransport_request_read(struct sp_rd *r, struct sp_multitransport_request *out)
{
	out->id = sp_rd_le32(r);
	out->protocol = sp_rd_le16(r);
	sp_rd_skip(r, 2); /* reserved */
	sp_rd_copy(r, out->cookie, sizeof(out->cookie));
	return sp_rd_ok(r);
}

void sp_multitransport_request_write(struct sp_wr *w, const struct sp_multitransport_request *in)
{
	sp_wr_le32(w, in->id);
	sp_wr_le16(w, in->protocol);
	sp_wr_le16(w, 0); /* reserved */
	sp_wr_put(w, in->cookie, sizeof(in->cookie));
}

int sp_multitransport_response_read(struct sp_rd *r, struct sp_multitransport_response *out)
{
	out->id = sp_rd_le32(r);
	out->result = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_multitransport_response_write(struct sp_wr *w, const struct sp_multitransport_response *in)
{
	sp_wr_le32(w, in->id);
	sp_wr_le32(w, in->result);
}
