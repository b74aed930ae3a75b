/* host/audit/rec.c - see rec.h. */
#include "host/audit/rec.h"

#include <string.h>

#include "core/base/log.h"

bool sp_rec_id_good(const char *id)
{
	for (size_t i = 0; i < SP_REC_ID; i++) {
		if (!((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'A' && id[i] <= 'Z'))) {
			return false; /* the NUL is none either: nothing is read behind it */
		}
	}
	return id[SP_REC_ID] == '\0';
}

/* ---- frames ---- */

void sp_rec_frame_write(struct sp_wr *w, const struct sp_rec_frame *in)
{
	sp_wr_u8(w, (uint8_t)in->kind);
	sp_wr_le64(w, in->us);
	sp_wr_le32(w, (uint32_t)in->data.n);
	sp_wr_span(w, in->data);
}

int sp_rec_frame_read(struct sp_rd *r, struct sp_rec_frame *out)
{
	out->kind = sp_rd_u8(r);
	out->us = sp_rd_le64(r);
	uint32_t n = sp_rd_le32(r);

	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (out->kind == SP_REC_NONE) {
		return sp_rd_fail(r, SP_EFIELD, "frame.kind");
	}
	if (!(n <= SP_REC_MAX_FRAME)) {
		return sp_rd_fail(r, SP_ELIMIT, "frame.length");
	}
	out->data = sp_rd_span(r, n);
	return sp_rd_ok(r);
}

/* ---- texts ---- */

static void put_text(struct sp_wr *w, const char *s, size_t cap)
{
	size_t n = strnlen(s, cap - 1);

	sp_wr_le16(w, (uint16_t)n);
	sp_wr_put(w, s, n);
}

/* A text that does not fit, or that could forge a line of a terminal, is none. */
static void get_text(struct sp_rd *r, char *out, size_t cap)
{
	size_t n = sp_rd_le16(r);

	out[0] = '\0';
	if (sp_rd_ok(r) != SP_OK) {
		return;
	}
	if (!(n < cap)) {
		sp_rd_fail(r, SP_ELIMIT, "text.length");
		return;
	}
	sp_rd_copy(r, out, n);
	out[n] = '\0';
	/* Whoever has an auditor's public key can make a recording: what he says is shown. */
	for (size_t i = 0; i < n && sp_rd_ok(r) == SP_OK; i++) {
		if ((unsigned char)out[i] < 0x20 || out[i] == 0x7F) {
			sp_rd_fail(r, SP_EFIELD, "text");
		}
	}
	sp_log_printable(out);
}

/* ---- bodies ---- */

void sp_rec_meta_write(struct sp_wr *w, const struct sp_rec_meta *in)
{
	put_text(w, in->session, sizeof(in->session));
	put_text(w, in->user, sizeof(in->user));
	put_text(w, in->target, sizeof(in->target));
	put_text(w, in->from, sizeof(in->from));
	put_text(w, in->host, sizeof(in->host));
}

int sp_rec_meta_read(struct sp_span data, struct sp_rec_meta *out)
{
	struct sp_rd r;

	sp_rd_init(&r, data.p, data.n);
	get_text(&r, out->session, sizeof(out->session));
	get_text(&r, out->user, sizeof(out->user));
	get_text(&r, out->target, sizeof(out->target));
	get_text(&r, out->from, sizeof(out->from));
	get_text(&r, out->host, sizeof(out->host));
	return sp_rd_end(&r);
}

void sp_rec_header_write(struct sp_wr *w, const struct sp_rec_header *in)
{
	sp_wr_le32(w, in->share_id);
	sp_wr_le32(w, in->info_flags);
	sp_wr_le32(w, in->protocol);
	sp_wr_le16(w, in->user_id);
	sp_wr_le16(w, in->io_id);
	sp_wr_le16(w, in->message_id);
	sp_wr_u8(w, (uint8_t)in->n_channels);
	for (size_t i = 0; i < in->n_channels && i < SP_REC_MAX_CHANNELS; i++) {
		sp_wr_put(w, in->channel[i].name, sizeof(in->channel[i].name));
		sp_wr_le32(w, in->channel[i].options);
		sp_wr_le16(w, in->channel[i].id);
		sp_wr_u8(w, in->channel[i].open);
	}
	sp_wr_le16(w, (uint16_t)in->gcc_client.n);
	sp_wr_span(w, in->gcc_client);
	sp_wr_le16(w, (uint16_t)in->gcc_server.n);
	sp_wr_span(w, in->gcc_server);
}

int sp_rec_header_read(struct sp_span data, struct sp_rec_header *out)
{
	struct sp_rd r;

	sp_rd_init(&r, data.p, data.n);
	out->share_id = sp_rd_le32(&r);
	out->info_flags = sp_rd_le32(&r);
	out->protocol = sp_rd_le32(&r);
	out->user_id = sp_rd_le16(&r);
	out->io_id = sp_rd_le16(&r);
	out->message_id = sp_rd_le16(&r);
	size_t n = sp_rd_u8(&r);
	out->n_channels = 0;
	if (sp_rd_ok(&r) != SP_OK) {
		return sp_rd_ok(&r);
	}
	if (!(n <= SP_REC_MAX_CHANNELS)) {
		return sp_rd_fail(&r, SP_ELIMIT, "header.channels");
	}
	for (size_t i = 0; i < n; i++) {
		sp_rd_copy(&r, out->channel[i].name, sizeof(out->channel[i].name));
		out->channel[i].name[sizeof(out->channel[i].name) - 1] = '\0';
		out->channel[i].options = sp_rd_le32(&r);
		out->channel[i].id = sp_rd_le16(&r);
		out->channel[i].open = sp_rd_u8(&r) != 0;
	}
	out->n_channels = n;
	size_t client = sp_rd_le16(&r);
	out->gcc_client = sp_rd_span(&r, client);
	size_t server = sp_rd_le16(&r);
	out->gcc_server = sp_rd_span(&r, server);
	return sp_rd_end(&r);
}

void sp_rec_in_write(struct sp_wr *w, const struct sp_rec_in *in)
{
	sp_wr_u8(w, (uint8_t)in->how);
	if (in->how == SP_REC_IN_TIMING) {
		sp_wr_le16(w, in->keys);
		sp_wr_le16(w, in->mouse);
		sp_wr_le16(w, in->other);
	} else {
		sp_wr_span(w, in->pdu);
	}
}

int sp_rec_in_read(struct sp_span data, struct sp_rec_in *out)
{
	struct sp_rd r;

	*out = (struct sp_rec_in){0};
	sp_rd_init(&r, data.p, data.n);
	out->how = sp_rd_u8(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return sp_rd_ok(&r);
	}
	switch (out->how) {
	case SP_REC_IN_TIMING:
		out->keys = sp_rd_le16(&r);
		out->mouse = sp_rd_le16(&r);
		out->other = sp_rd_le16(&r);
		return sp_rd_end(&r);
	case SP_REC_IN_PDU:
		out->pdu = sp_rd_rest(&r);
		return sp_rd_ok(&r);
	default:
		return sp_rd_fail(&r, SP_EFIELD, "in.how");
	}
}

void sp_rec_channel_write(struct sp_wr *w, const struct sp_rec_channel *in)
{
	sp_wr_u8(w, (uint8_t)in->what);
	sp_wr_u8(w, in->index);
	sp_wr_span(w, in->data);
}

int sp_rec_channel_read(struct sp_span data, struct sp_rec_channel *out)
{
	struct sp_rd r;

	sp_rd_init(&r, data.p, data.n);
	out->what = sp_rd_u8(&r);
	out->index = sp_rd_u8(&r);
	out->data = sp_rd_rest(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return sp_rd_ok(&r);
	}
	return out->what == SP_REC_CHANNEL_CHUNK || out->what == SP_REC_CHANNEL_TRANSFER
			? SP_OK
			: sp_rd_fail(&r, SP_EFIELD, "channel.what");
}

void sp_rec_end_write(struct sp_wr *w, const struct sp_rec_end *in)
{
	sp_wr_le32(w, in->why);
	put_text(w, in->text, sizeof(in->text));
}

int sp_rec_end_read(struct sp_span data, struct sp_rec_end *out)
{
	struct sp_rd r;

	sp_rd_init(&r, data.p, data.n);
	out->why = sp_rd_le32(&r);
	get_text(&r, out->text, sizeof(out->text));
	return sp_rd_end(&r);
}
