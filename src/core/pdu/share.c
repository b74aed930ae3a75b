/* core/pdu/share.c - see share.h. */
#include "core/pdu/share.h"

#define FLOW_MARKER 0x8000
#define FLOW_REST 6 /* bytes of a T.128 FlowPDU behind the marker */
#define VERSION 0x10
#define CONTROL_SIZE 6
#define DATA_SIZE 12

/* [MS-RDPBCGR] 2.2.8.1.1.1.2 Share Data Header (TS_SHAREDATAHEADER), without the first part. */
static void data_header_read(struct sp_rd *r, struct sp_share *out)
{
	out->share_id = sp_rd_le32(r);
	sp_rd_skip(r, 1); /* pad1 */
	out->stream = sp_rd_u8(r);
	out->uncompressed = sp_rd_le16(r);
	out->type2 = sp_rd_u8(r);
	out->compression = sp_rd_u8(r);
	out->compressed = sp_rd_le16(r);
}

/* [MS-RDPBCGR] 2.2.8.1.1.1.1 Share Control Header (TS_SHARECONTROLHEADER) */
int sp_share_read(struct sp_rd *r, struct sp_share *out)
{
	*out = (struct sp_share){.type = SP_SHARE_FLOW};

	size_t total = sp_rd_le16(r);
	if (total == FLOW_MARKER) {
		sp_rd_skip(r, FLOW_REST);
		return sp_rd_ok(r);
	}
	if (total < 4 && sp_rd_ok(r) == SP_OK) {
		return sp_rd_fail(r, SP_EFIELD, "share.totalLength");
	}
	struct sp_rd sub = sp_rd_sub(r, total - 2);
	out->type = sp_rd_le16(&sub) & 0x0F;
	/* Windows XP ends a Deactivate All here. */
	if (sp_rd_left(&sub) > 0 || out->type != SP_SHARE_DEACTIVATE_ALL) {
		out->source = sp_rd_le16(&sub);
	}
	if (out->type == SP_SHARE_DATA) {
		data_header_read(&sub, out);
	}
	out->body = sp_rd_rest(&sub);
	return sp_rd_ok(&sub) != SP_OK ? sub.err : sp_rd_ok(r);
}

size_t sp_share_begin(struct sp_wr *w, enum sp_share_type type, uint16_t source)
{
	size_t at = sp_wr_hole(w, 2);

	/* The redirection PDU alone has version 0. */
	sp_wr_le16(w, (uint16_t)(type == SP_SHARE_SERVER_REDIRECT ? type : VERSION | type));
	sp_wr_le16(w, source);
	return at;
}

void sp_share_end(struct sp_wr *w, size_t at)
{
	sp_wr_fill_le16(w, at, w->n - at);
}

size_t sp_share_data_begin(
		struct sp_wr *w, uint16_t source, uint32_t share_id, enum sp_share_data_type type2)
{
	size_t at = sp_share_begin(w, SP_SHARE_DATA, source);

	sp_wr_le32(w, share_id);
	sp_wr_u8(w, 0); /* pad1 */
	sp_wr_u8(w, SP_STREAM_LOW);
	sp_wr_hole(w, 2); /* uncompressedLength */
	sp_wr_u8(w, (uint8_t)type2);
	sp_wr_u8(w, 0); /* compressedType */
	sp_wr_le16(w, 0); /* compressedLength */
	return at;
}

void sp_share_data_end(struct sp_wr *w, size_t at)
{
	if (sp_wr_ok(w) != SP_OK) {
		return;
	}
	/* Windows counts from pduType2 on. */
	sp_wr_fill_le16(w, at + CONTROL_SIZE + 6, w->n - at - CONTROL_SIZE - DATA_SIZE + 4);
	sp_share_end(w, at);
}

const char *sp_share_data_name(uint8_t type2)
{
	static const struct {
		uint8_t type;
		const char *name;
	} names[] = {
			{SP_DATA_UPDATE, "update"},
			{SP_DATA_CONTROL, "control"},
			{SP_DATA_POINTER, "pointer"},
			{SP_DATA_INPUT, "input"},
			{SP_DATA_SYNCHRONIZE, "synchronize"},
			{SP_DATA_REFRESH_RECT, "refresh rect"},
			{SP_DATA_PLAY_SOUND, "play sound"},
			{SP_DATA_SUPPRESS_OUTPUT, "suppress output"},
			{SP_DATA_SHUTDOWN_REQUEST, "shutdown request"},
			{SP_DATA_SHUTDOWN_DENIED, "shutdown denied"},
			{SP_DATA_SAVE_SESSION_INFO, "save session info"},
			{SP_DATA_FONT_LIST, "font list"},
			{SP_DATA_FONT_MAP, "font map"},
			{SP_DATA_SET_KEYBOARD_INDICATORS, "set keyboard indicators"},
			{SP_DATA_PERSISTENT_LIST, "persistent key list"},
			{SP_DATA_BITMAP_CACHE_ERROR, "bitmap cache error"},
			{SP_DATA_SET_KEYBOARD_IME_STATUS, "set keyboard IME status"},
			{SP_DATA_OFFSCREEN_CACHE_ERROR, "offscreen cache error"},
			{SP_DATA_SET_ERROR_INFO, "set error info"},
			{SP_DATA_DRAWNINEGRID_ERROR, "nine grid error"},
			{SP_DATA_DRAWGDIPLUS_ERROR, "GDI+ error"},
			{SP_DATA_ARC_STATUS, "auto-reconnect status"},
			{SP_DATA_STATUS_INFO, "status info"},
			{SP_DATA_MONITOR_LAYOUT, "monitor layout"},
			{SP_DATA_FRAME_ACKNOWLEDGE, "frame acknowledge"},
	};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		if (names[i].type == type2) {
			return names[i].name;
		}
	}
	return "unknown";
}

int sp_share_deactivate_read(struct sp_rd *body, struct sp_share_deactivate *out)
{
	out->share_id = sp_rd_left(body) >= 4 ? sp_rd_le32(body) : 0;
	sp_rd_rest(body); /* sourceDescriptor, which some peers cut */
	return sp_rd_ok(body);
}

void sp_share_deactivate_write(struct sp_wr *w, uint16_t source, uint32_t share_id)
{
	size_t at = sp_share_begin(w, SP_SHARE_DEACTIVATE_ALL, source);

	sp_wr_le32(w, share_id);
	sp_wr_le16(w, 1); /* lengthSourceDescriptor */
	sp_wr_u8(w, 0);
	sp_share_end(w, at);
}
