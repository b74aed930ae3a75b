/* core/pdu/active.c - see active.h. */
#include "core/pdu/active.h"

#include "core/pdu/share.h"

/* The part both PDUs have: the descriptor, and the sets within their combined length. */
static void sets_read(struct sp_rd *r, struct sp_active *out)
{
	size_t source = sp_rd_le16(r);
	size_t combined = sp_rd_le16(r);

	out->source = sp_rd_span(r, source);
	struct sp_rd sets = sp_rd_sub(r, combined);
	out->n = sp_rd_le16(&sets);
	sp_rd_skip(&sets, 2); /* pad2Octets */
	if (sp_rd_ok(&sets) != SP_OK) {
		return;
	}
	if (!(out->n <= SP_CAPS_MAX_SETS)) {
		sp_rd_fail(&sets, SP_ELIMIT, "active.numberCapabilities");
		return;
	}

	const uint8_t *first = sets.p;
	for (size_t i = 0; i < out->n; i++) {
		struct sp_caps_set set;
		int rc = sp_caps_next(&sets, &set);

		if (rc == 0) {
			sp_rd_fail(&sets, SP_ESHORT, "active.numberCapabilities");
		}
		if (rc <= 0) {
			return;
		}
	}
	out->sets = sp_span(first, (size_t)(sets.p - first));
}

int sp_active_demand_read(struct sp_rd *body, struct sp_active *out)
{
	*out = (struct sp_active){.share_id = sp_rd_le32(body)};
	sets_read(body, out);
	if (sp_rd_left(body) >= 4) {
		out->session_id = sp_rd_le32(body);
	}
	return sp_rd_ok(body);
}

int sp_active_confirm_read(struct sp_rd *body, struct sp_active *out)
{
	*out = (struct sp_active){.share_id = sp_rd_le32(body)};
	if (sp_rd_le16(body) != SP_ACTIVE_ORIGINATOR && sp_rd_ok(body) == SP_OK) {
		return sp_rd_fail(body, SP_EFIELD, "active.originatorId");
	}
	sets_read(body, out);
	return sp_rd_ok(body);
}

static void sets_write(struct sp_wr *w, const struct sp_active *in, const struct sp_caps *caps)
{
	struct sp_span source = in->source.n > 0 ? in->source : sp_span("", 1);
	size_t source_len = sp_wr_hole(w, 2);
	size_t combined = sp_wr_hole(w, 2);

	sp_wr_span(w, source);
	sp_wr_fill_le16(w, source_len, source.n);
	size_t start = sp_wr_hole(w, 2);
	sp_wr_le16(w, 0); /* pad2Octets */
	if (caps) {
		sp_wr_fill_le16(w, start, sp_caps_write(w, caps));
	} else {
		sp_wr_span(w, in->sets);
		sp_wr_fill_le16(w, start, in->n);
	}
	sp_wr_fill_le16(w, combined, w->n - start);
}

void sp_active_demand_write(struct sp_wr *w, uint16_t pdu_source, const struct sp_active *in,
		const struct sp_caps *caps)
{
	size_t at = sp_share_begin(w, SP_SHARE_DEMAND_ACTIVE, pdu_source);

	sp_wr_le32(w, in->share_id);
	sets_write(w, in, caps);
	sp_wr_le32(w, in->session_id);
	sp_share_end(w, at);
}

void sp_active_confirm_write(struct sp_wr *w, uint16_t pdu_source, const struct sp_active *in,
		const struct sp_caps *caps)
{
	size_t at = sp_share_begin(w, SP_SHARE_CONFIRM_ACTIVE, pdu_source);

	sp_wr_le32(w, in->share_id);
	sp_wr_le16(w, SP_ACTIVE_ORIGINATOR);
	sets_write(w, in, caps);
	sp_share_end(w, at);
}
