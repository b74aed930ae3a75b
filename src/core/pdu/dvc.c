/* core/pdu/dvc.c - see dvc.h. */
#include "core/pdu/dvc.h"

#include <string.h>

/* [MS-RDPEDYC] 2.2.2.1 cbId: how wide the id is */
static uint32_t read_id(struct sp_rd *r, uint8_t width)
{
	switch (width) {
	case 0:
		return sp_rd_u8(r);
	case 1:
		return sp_rd_le16(r);
	case 2:
		return sp_rd_le32(r);
	default:
		sp_rd_fail(r, SP_EFIELD, "dvc.cbId");
		return 0;
	}
}

static bool has_id(uint8_t cmd)
{
	return cmd != SP_DVC_CAPS && cmd != SP_DVC_SOFT_SYNC_REQUEST &&
			cmd != SP_DVC_SOFT_SYNC_RESPONSE;
}

int sp_dvc_head_read(struct sp_rd *r, struct sp_dvc_head *out)
{
	uint8_t b = sp_rd_u8(r);

	*out = (struct sp_dvc_head){.cmd = b >> 4};
	if (has_id(out->cmd)) {
		out->id = read_id(r, b & 0x03);
	}
	return sp_rd_ok(r);
}

void sp_dvc_head_write(struct sp_wr *w, const struct sp_dvc_head *in)
{
	uint8_t cmd = (uint8_t)(in->cmd << 4);

	if (!has_id(in->cmd)) {
		sp_wr_u8(w, cmd);
	} else if (in->id <= UINT8_MAX) {
		sp_wr_u8(w, cmd);
		sp_wr_u8(w, (uint8_t)in->id);
	} else if (in->id <= UINT16_MAX) {
		sp_wr_u8(w, cmd | 1);
		sp_wr_le16(w, (uint16_t)in->id);
	} else {
		sp_wr_u8(w, cmd | 2);
		sp_wr_le32(w, in->id);
	}
}

int sp_dvc_create_read(struct sp_rd *r, char name[SP_DVC_NAME])
{
	struct sp_span rest = sp_rd_rest(r);
	const uint8_t *end = rest.n > 0 ? memchr(rest.p, 0, rest.n) : NULL;
	size_t n = end ? (size_t)(end - rest.p) : rest.n;

	name[0] = '\0';
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (!(n < SP_DVC_NAME)) {
		return sp_rd_fail(r, SP_ELIMIT, "dvc.ChannelName");
	}
	for (size_t i = 0; i < n; i++) {
		name[i] = (char)rest.p[i];
	}
	name[n] = '\0';
	return SP_OK;
}

void sp_dvc_create_write(struct sp_wr *w, uint32_t id, const char *name)
{
	sp_dvc_head_write(w, &(struct sp_dvc_head){.cmd = SP_DVC_CREATE, .id = id});
	sp_wr_put(w, name, strlen(name) + 1);
}

int sp_dvc_create_response_read(struct sp_rd *r, uint32_t *status)
{
	*status = sp_rd_le32(r);
	return sp_rd_end(r);
}

void sp_dvc_create_response_write(struct sp_wr *w, uint32_t id, uint32_t status)
{
	sp_dvc_head_write(w, &(struct sp_dvc_head){.cmd = SP_DVC_CREATE, .id = id});
	sp_wr_le32(w, status);
}
