/* core/pdu/gcc_server.c - see gcc_server.h. */
#include "core/pdu/gcc_server.h"

/* [MS-RDPBCGR] 2.2.1.4.2 Server Core Data (TS_UD_SC_CORE) */
static void core_read(struct sp_rd *r, struct sp_gcc_server *out)
{
	r->what = "gcc.core";
	out->version = sp_rd_le32(r);
	if (sp_rd_left(r) >= 4) {
		out->has_requested_protocols = true;
		out->client_requested_protocols = sp_rd_le32(r);
	}
	if (sp_rd_left(r) >= 4) {
		out->has_early_capability_flags = true;
		out->early_capability_flags = sp_rd_le32(r);
	}
}

static void core_write(struct sp_wr *w, const struct sp_gcc_server *in)
{
	size_t mark = sp_gcc_block_begin(w, SP_GCC_SC_CORE);

	sp_wr_le32(w, in->version);
	if (in->has_requested_protocols) {
		sp_wr_le32(w, in->client_requested_protocols);
	}
	if (in->has_requested_protocols && in->has_early_capability_flags) {
		sp_wr_le32(w, in->early_capability_flags);
	}
	sp_gcc_block_end(w, mark);
}

static void block_end(struct sp_rd *r)
{
	if (sp_rd_left(r) > 0) {
		sp_rd_fail(r, SP_ETRAIL, r->what);
	}
}

/* [MS-RDPBCGR] 2.2.1.4.3 Server Security Data (TS_UD_SC_SEC1) */
static void security_read(struct sp_rd *r, struct sp_gcc_server *out)
{
	r->what = "gcc.security";
	out->encryption_method = sp_rd_le32(r);
	out->encryption_level = sp_rd_le32(r);
	if (out->encryption_method == 0 && out->encryption_level == 0) {
		return; /* some servers write the two lengths all the same, as zero */
	}
	uint32_t n_random = sp_rd_le32(r);
	uint32_t n_certificate = sp_rd_le32(r);

	out->server_random = sp_rd_span(r, n_random);
	out->server_certificate = sp_rd_span(r, n_certificate);
	block_end(r);
}

static void security_write(struct sp_wr *w, const struct sp_gcc_server *in)
{
	size_t mark = sp_gcc_block_begin(w, SP_GCC_SC_SECURITY);

	sp_wr_le32(w, in->encryption_method);
	sp_wr_le32(w, in->encryption_level);
	if (in->encryption_method != 0 || in->encryption_level != 0) {
		sp_wr_le32(w, (uint32_t)in->server_random.n);
		sp_wr_le32(w, (uint32_t)in->server_certificate.n);
		sp_wr_span(w, in->server_random);
		sp_wr_span(w, in->server_certificate);
	}
	sp_gcc_block_end(w, mark);
}

/* [MS-RDPBCGR] 2.2.1.4.4 Server Network Data (TS_UD_SC_NET) */
static void net_read(struct sp_rd *r, struct sp_gcc_server *out)
{
	r->what = "gcc.net";
	out->io_channel = sp_rd_le16(r);
	uint16_t n = sp_rd_le16(r);

	if (sp_rd_ok(r) == SP_OK && !(n <= SP_GCC_MAX_CHANNELS)) {
		sp_rd_fail(r, SP_ELIMIT, "gcc.net.channelCount");
	}
	if (sp_rd_ok(r) != SP_OK) {
		return;
	}
	for (out->n_channels = 0; out->n_channels < n; out->n_channels++) {
		out->channel[out->n_channels] = sp_rd_le16(r);
	}
	if (sp_rd_left(r) == 2) {
		sp_rd_skip(r, 2 /* Pad */);
	}
	block_end(r);
}

static void net_write(struct sp_wr *w, const struct sp_gcc_server *in)
{
	size_t mark = sp_gcc_block_begin(w, SP_GCC_SC_NET);

	sp_wr_le16(w, in->io_channel);
	sp_wr_le16(w, (uint16_t)in->n_channels);
	for (size_t i = 0; i < in->n_channels; i++) {
		sp_wr_le16(w, in->channel[i]);
	}
	if (in->n_channels % 2 != 0) {
		sp_wr_le16(w, 0 /* Pad */);
	}
	sp_gcc_block_end(w, mark);
}

static bool *has_flag(struct sp_gcc_server *out, uint16_t type, bool *has_core, bool *has_net)
{
	switch (type) {
	case SP_GCC_SC_CORE:
		return has_core;
	case SP_GCC_SC_SECURITY:
		return &out->has_security;
	case SP_GCC_SC_NET:
		return has_net;
	case SP_GCC_SC_MCS_MSGCHANNEL:
		return &out->has_msgchannel;
	case SP_GCC_SC_MULTITRANSPORT:
		return &out->has_multitransport;
	default:
		return NULL;
	}
}

static void block_read(struct sp_rd *b, uint16_t type, struct sp_gcc_server *out)
{
	switch (type) {
	case SP_GCC_SC_CORE:
		core_read(b, out);
		break;
	case SP_GCC_SC_SECURITY:
		security_read(b, out);
		break;
	case SP_GCC_SC_NET:
		net_read(b, out);
		break;
	case SP_GCC_SC_MCS_MSGCHANNEL:
		out->msgchannel = sp_rd_le16(b);
		break;
	case SP_GCC_SC_MULTITRANSPORT:
		out->multitransport_flags = sp_rd_le32(b);
		break;
	default:
		break;
	}
}

int sp_gcc_server_read(struct sp_rd *r, struct sp_gcc_server *out)
{
	bool has_core = false, has_net = false;
	struct sp_rd body;
	uint16_t type;

	*out = (struct sp_gcc_server){0};
	if (sp_gcc_response_open(r) != SP_OK) {
		return r->err;
	}
	while (sp_gcc_next(r, &type, &body)) {
		bool *has = has_flag(out, type, &has_core, &has_net);

		if (!has) {
			continue;
		}
		if (*has) {
			return sp_rd_fail(&body, SP_EFIELD, "gcc.duplicate");
		}
		block_read(&body, type, out);
		*has = true;
	}
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!has_core) {
		return sp_rd_fail(r, SP_EFIELD, "gcc.core");
	}
	if (!has_net) {
		return sp_rd_fail(r, SP_EFIELD, "gcc.net");
	}
	return sp_rd_end(r);
}

void sp_gcc_server_write(struct sp_wr *w, const struct sp_gcc_server *in)
{
	if (!(in->n_channels <= SP_GCC_MAX_CHANNELS)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	size_t mark = sp_gcc_response_begin(w);

	core_write(w, in);
	net_write(w, in);
	if (in->has_security) {
		security_write(w, in);
	}
	if (in->has_msgchannel) {
		size_t block = sp_gcc_block_begin(w, SP_GCC_SC_MCS_MSGCHANNEL);

		sp_wr_le16(w, in->msgchannel);
		sp_gcc_block_end(w, block);
	}
	if (in->has_multitransport) {
		size_t block = sp_gcc_block_begin(w, SP_GCC_SC_MULTITRANSPORT);

		sp_wr_le32(w, in->multitransport_flags);
		sp_gcc_block_end(w, block);
	}
	sp_gcc_response_end(w, mark);
}
