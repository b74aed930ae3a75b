/* core/rdp/client_bulk.c - takes apart what a server compresses because Client Info asked for it. */
#include "core/base/mem.h"
#include "core/codec/mppc.h"
#include "core/pdu/svc.h"
#include "core/rdp/client_part.h"

#define RATIO_MAX 2000 /* plain bytes to one on the wire, headers included */
#define UPDATE_HEADER 4 /* of an update with compressionFlags */
#define RESETS (SP_MPPC_AT_FRONT | SP_MPPC_FLUSHED)

struct sp_client_bulk {
	struct sp_mppc_dec *dec; /* one history for all that the server sends */
	/* Plain bodies of the packet in hand: events borrow from them while the history goes on. */
	size_t n;
	uint8_t bodies[SP_MPPC_MAX];
};

int sp_client_bulk_start(struct sp_rdp *c)
{
	struct sp_client_bulk *b;

	if (!(c->info.flags & SP_INFO_COMPRESSION) || c->cli->relay) {
		return SP_OK;
	}
	b = c->cli->bulk = sp_calloc(1, sizeof(*b));
	if (b) {
		b->dec = sp_mppc_dec_create();
	}
	return b && b->dec ? SP_OK : sp_rdp_fail(c, SP_ENOMEM, "bulk");
}

void sp_client_bulk_destroy(struct sp_client_bulk *b)
{
	if (b) {
		sp_mppc_dec_destroy(b->dec);
	}
	sp_free(b);
}

int sp_client_bulk_save(const struct sp_client_bulk *b, struct sp_wr *w)
{
	return sp_mppc_dec_save(b->dec, w);
}

int sp_client_bulk_load(struct sp_client_bulk *b, struct sp_span state)
{
	b->n = 0;
	return sp_mppc_dec_load(b->dec, state);
}

void sp_client_bulk_packet(struct sp_rdp *c)
{
	if (c->cli->bulk) {
		c->cli->bulk->n = 0;
	}
}

static int decode(struct sp_rdp *c, unsigned flags, size_t header, struct sp_span *data)
{
	struct sp_span in = *data;
	int rc = sp_mppc_decode(c->cli->bulk->dec, flags, in, data);

	if (rc != SP_OK) {
		return sp_rdp_fail(c, rc, rc == SP_EPROTO ? "bulk.CompressionType" : "bulk.data");
	}
	if (!(data->n <= RATIO_MAX * (header + in.n))) {
		return sp_rdp_fail(c, SP_ELIMIT, "bulk.ratio");
	}
	return SP_OK;
}

int sp_client_bulk_update(struct sp_rdp *c, struct sp_fp_update *u)
{
	unsigned flags = u->has_compression ? u->compression : 0;

	if (!(flags & (SP_MPPC_COMPRESSED | RESETS))) {
		return SP_OK;
	}
	if (!c->cli->bulk) {
		return flags & SP_MPPC_COMPRESSED
				? sp_rdp_fail(c, SP_EPROTO, "fastpath.compressionFlags")
				: SP_OK;
	}
	u->has_compression = false;
	return decode(c, flags, UPDATE_HEADER, &u->data);
}

int sp_client_bulk_share(struct sp_rdp *c, struct sp_share *s)
{
	struct sp_client_bulk *b = c->cli->bulk;
	unsigned flags = s->compression;
	int rc;

	if (!(flags & (SP_MPPC_COMPRESSED | RESETS))) {
		return SP_OK;
	}
	if (!b) {
		return flags & SP_MPPC_COMPRESSED
				? sp_rdp_fail(c, SP_EPROTO, "share.compressedType")
				: SP_OK;
	}
	if (!(flags & SP_MPPC_COMPRESSED)) {
		return decode(c, flags, SP_SHARE_DATA_HEADER, &s->body);
	}
	if (!(SP_SHARE_DATA_HEADER <= s->compressed &&
			    s->compressed - SP_SHARE_DATA_HEADER <= s->body.n)) {
		return sp_rdp_fail(c, SP_EFIELD, "share.compressedLength");
	}
	s->body.n = s->compressed - SP_SHARE_DATA_HEADER;
	rc = decode(c, flags, SP_SHARE_DATA_HEADER, &s->body);
	if (rc != SP_OK) {
		return rc;
	}
	if (!(s->body.n <= sizeof(b->bodies) - b->n)) {
		return sp_rdp_fail(c, SP_ELIMIT, "bulk.size");
	}
	struct sp_wr w;
	sp_wr_fixed(&w, b->bodies + b->n, s->body.n);
	sp_wr_span(&w, s->body);
	s->body.p = b->bodies + b->n;
	b->n += s->body.n;
	return sp_wr_ok(&w);
}

int sp_client_bulk_channel(struct sp_rdp *c, struct sp_span data)
{
	struct sp_svc_chunk chunk;
	struct sp_rd r;

	if (!c->cli->bulk) {
		return SP_OK;
	}
	/* Not offered, and it would be missing in the history. */
	sp_rd_init(&r, data.p, data.n);
	return sp_svc_read(&r, &chunk) == SP_OK && chunk.flags & SP_SVC_COMPRESSED
			? sp_rdp_fail(c, SP_EPROTO, "svc.flags")
			: SP_OK;
}
