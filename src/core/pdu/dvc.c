/* core/pdu/dvc.c - see dvc.h. */
#include "core/pdu/dvc.h"

#include <string.h>

/* [MS-RDPEDYC] 2.2.2.1 cbId, 2.2.3.1 Len: how wide the number is */
static uint32_t read_number(struct sp_rd *r, uint8_t width, const char *field)
{
	switch (width) {
	case 0:
		return sp_rd_u8(r);
	case 1:
		return sp_rd_le16(r);
	case 2:
		return sp_rd_le32(r);
	default:
		sp_rd_fail(r, SP_EFIELD, field);
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

	*out = (struct sp_dvc_head){.cmd = b >> 4, .sp = b >> 2 & 0x03};
	if (has_id(out->cmd)) {
		out->id = read_number(r, b & 0x03, "dvc.cbId");
	}
	return sp_rd_ok(r);
}

/* How wide a number is written: what cbId and Len say. */
static uint8_t width_of(uint32_t v)
{
	return v <= UINT8_MAX ? 0 : v <= UINT16_MAX ? 1 : 2;
}

static void write_number(struct sp_wr *w, uint32_t v)
{
	switch (width_of(v)) {
	case 0:
		sp_wr_u8(w, (uint8_t)v);
		break;
	case 1:
		sp_wr_le16(w, (uint16_t)v);
		break;
	default:
		sp_wr_le32(w, v);
		break;
	}
}

void sp_dvc_head_write(struct sp_wr *w, const struct sp_dvc_head *in)
{
	uint8_t b = (uint8_t)(in->cmd << 4 | (in->sp & 0x03) << 2);

	if (!has_id(in->cmd)) {
		sp_wr_u8(w, b);
		return;
	}
	sp_wr_u8(w, b | width_of(in->id));
	write_number(w, in->id);
}

int sp_dvc_caps_read(struct sp_rd *r, struct sp_dvc_caps *out)
{
	*out = (struct sp_dvc_caps){0};
	sp_rd_skip(r, 1); /* Pad */
	out->version = sp_rd_le16(r);
	if (sp_rd_ok(r) == SP_OK && out->version == 0) {
		return sp_rd_fail(r, SP_EFIELD, "dvc.Version");
	}
	for (size_t i = 0; i < SP_DVC_PRIORITIES && out->version >= 2; i++) {
		out->charge[i] = sp_rd_le16(r);
	}
	return sp_rd_end(r);
}

void sp_dvc_caps_write(struct sp_wr *w, const struct sp_dvc_caps *in)
{
	sp_dvc_caps_response_write(w, in->version);
	for (size_t i = 0; i < SP_DVC_PRIORITIES && in->version >= 2; i++) {
		sp_wr_le16(w, in->charge[i]);
	}
}

int sp_dvc_caps_response_read(struct sp_rd *r, uint16_t *version)
{
	sp_rd_skip(r, 1); /* Pad */
	*version = sp_rd_le16(r);
	if (sp_rd_ok(r) == SP_OK && *version == 0) {
		return sp_rd_fail(r, SP_EFIELD, "dvc.Version");
	}
	return sp_rd_end(r);
}

void sp_dvc_caps_response_write(struct sp_wr *w, uint16_t version)
{
	sp_dvc_head_write(w, &(struct sp_dvc_head){.cmd = SP_DVC_CAPS});
	sp_wr_u8(w, 0);
	sp_wr_le16(w, version);
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

int sp_dvc_data_read(struct sp_rd *r, const struct sp_dvc_head *head, struct sp_dvc_data *out)
{
	*out = (struct sp_dvc_data){.id = head->id,
			.first = head->cmd == SP_DVC_DATA_FIRST ||
					head->cmd == SP_DVC_DATA_FIRST_COMPRESSED,
			.compressed = head->cmd == SP_DVC_DATA_COMPRESSED ||
					head->cmd == SP_DVC_DATA_FIRST_COMPRESSED};
	if (out->first) {
		out->total = read_number(r, head->sp, "dvc.Len");
	}
	out->data = sp_rd_rest(r);
	return sp_rd_ok(r);
}

void sp_dvc_data_write(struct sp_wr *w, const struct sp_dvc_data *in)
{
	static const uint8_t cmds[2][2] = {{SP_DVC_DATA, SP_DVC_DATA_COMPRESSED},
			{SP_DVC_DATA_FIRST, SP_DVC_DATA_FIRST_COMPRESSED}};
	struct sp_dvc_head head = {.cmd = cmds[in->first][in->compressed],
			.sp = in->first ? width_of(in->total) : 0,
			.id = in->id};

	sp_dvc_head_write(w, &head);
	if (in->first) {
		write_number(w, in->total);
	}
	sp_wr_span(w, in->data);
}

size_t sp_dvc_data_overhead(const struct sp_dvc_data *in)
{
	return 1u + (1u << width_of(in->id)) + (in->first ? 1u << width_of(in->total) : 0);
}
