/* core/pdu/svc.c - see svc.h. */
#include "core/pdu/svc.h"

/* [MS-RDPBCGR] 2.2.6.1.1 Channel PDU Header (CHANNEL_PDU_HEADER) */
int sp_svc_read(struct sp_rd *r, struct sp_svc_chunk *out)
{
	out->total = sp_rd_le32(r);
	out->flags = sp_rd_le32(r);
	out->data = sp_rd_rest(r);
	return sp_rd_ok(r);
}

void sp_svc_write(struct sp_wr *w, const struct sp_svc_chunk *in)
{
	sp_wr_le32(w, in->total);
	sp_wr_le32(w, in->flags);
	sp_wr_span(w, in->data);
}

void sp_svc_cut_init(struct sp_svc_cut *c, struct sp_span message, size_t chunk, uint32_t flags)
{
	*c = (struct sp_svc_cut){
			.message = message, .chunk = chunk > 0 ? chunk : 1, .flags = flags};
}

bool sp_svc_cut_next(struct sp_svc_cut *c, struct sp_svc_chunk *out)
{
	size_t left = c->message.n - c->done;
	size_t n = left < c->chunk ? left : c->chunk;

	if (c->begun && left == 0) {
		return false;
	}
	*out = (struct sp_svc_chunk){
			.total = (uint32_t)c->message.n,
			.flags = c->flags | (c->begun ? 0 : SP_SVC_FIRST) |
					(n == left ? SP_SVC_LAST : 0),
			.data = n > 0 ? sp_span(c->message.p + c->done, n) : sp_span(NULL, 0),
	};
	c->done += n;
	c->begun = true;
	return true;
}

void sp_svc_join_init(struct sp_svc_join *j, size_t max)
{
	*j = (struct sp_svc_join){.open = false};
	sp_wr_init(&j->data, max);
}

void sp_svc_join_finish(struct sp_svc_join *j)
{
	sp_wr_finish(&j->data);
	j->open = false;
}

int sp_svc_join_add(struct sp_svc_join *j, const struct sp_svc_chunk *in, struct sp_span *whole)
{
	bool first = (in->flags & SP_SVC_FIRST) != 0, last = (in->flags & SP_SVC_LAST) != 0;

	if (in->data.n == 0 && in->flags & (SP_SVC_SUSPEND | SP_SVC_RESUME)) {
		return 0;
	}
	if (in->flags & SP_SVC_COMPRESSED) {
		return SP_EPROTO;
	}
	if (first == j->open) {
		return SP_ESTATE;
	}
	if (!(in->total <= j->data.max)) {
		return SP_ELIMIT;
	}
	if (first) {
		sp_wr_reset(&j->data);
		j->total = in->total;
	}
	if (in->total != j->total || !(in->data.n <= j->total - j->data.n) ||
			(last && in->data.n != j->total - j->data.n)) {
		return SP_EFIELD;
	}
	if (first && last) {
		*whole = in->data;
		return 1;
	}
	sp_wr_span(&j->data, in->data);
	if (sp_wr_ok(&j->data) != SP_OK) {
		return j->data.err;
	}
	j->open = !last;
	if (!last) {
		return 0;
	}
	*whole = sp_span(j->data.p, j->data.n);
	return 1;
}
