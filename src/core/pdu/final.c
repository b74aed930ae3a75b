/* core/pdu/final.c - see final.h. */
#include "core/pdu/final.h"

#include <string.h>

#define SYNC_MESSAGE 1
#define FONT_FLAGS 0x0003 /* FONTLIST_FIRST and _LAST, FONTMAP_FIRST and _LAST */
#define FONT_LIST_ENTRY 0x0032
#define FONT_MAP_ENTRY 4
/* [MS-RDPBCGR] 2.2.1.17.1: what the server will ever take, by cache. */
#define MAX_TOTAL 262144u

int sp_final_sync_read(struct sp_rd *r, uint16_t *target_user)
{
	if (sp_rd_le16(r) != SYNC_MESSAGE && sp_rd_ok(r) == SP_OK) {
		return sp_rd_fail(r, SP_EFIELD, "synchronize.messageType");
	}
	/* Not looked at by Windows, and left out by some. */
	*target_user = sp_rd_left(r) >= 2 ? sp_rd_le16(r) : 0;
	return sp_rd_ok(r);
}

void sp_final_sync_write(struct sp_wr *w, uint16_t target_user)
{
	sp_wr_le16(w, SYNC_MESSAGE);
	sp_wr_le16(w, target_user);
}

int sp_final_control_read(struct sp_rd *r, struct sp_final_control *out)
{
	out->action = sp_rd_le16(r);
	out->grant_id = sp_rd_le16(r);
	out->control_id = sp_rd_le32(r);
	if (sp_rd_ok(r) == SP_OK &&
			!(SP_CONTROL_REQUEST <= out->action &&
					out->action <= SP_CONTROL_COOPERATE)) {
		return sp_rd_fail(r, SP_EFIELD, "control.action");
	}
	return sp_rd_ok(r);
}

void sp_final_control_write(struct sp_wr *w, const struct sp_final_control *in)
{
	sp_wr_le16(w, in->action);
	sp_wr_le16(w, in->grant_id);
	sp_wr_le32(w, in->control_id);
}

int sp_final_font_list_read(struct sp_rd *r)
{
	sp_rd_rest(r);
	return sp_rd_ok(r);
}

void sp_final_font_list_write(struct sp_wr *w)
{
	sp_wr_le16(w, 0); /* numberFonts */
	sp_wr_le16(w, 0); /* totalNumFonts */
	sp_wr_le16(w, FONT_FLAGS);
	sp_wr_le16(w, FONT_LIST_ENTRY);
}

int sp_final_font_map_read(struct sp_rd *r)
{
	sp_rd_rest(r);
	return sp_rd_ok(r);
}

void sp_final_font_map_write(struct sp_wr *w)
{
	sp_wr_le16(w, 0); /* numberEntries */
	sp_wr_le16(w, 0); /* totalNumEntries */
	sp_wr_le16(w, FONT_FLAGS);
	sp_wr_le16(w, FONT_MAP_ENTRY);
}

int sp_final_keys_read(struct sp_rd *r, struct sp_final_keys *out)
{
	size_t sum = 0;
	uint32_t total = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < SP_FINAL_CACHES; i++) {
		out->n[i] = sp_rd_le16(r);
		sum += out->n[i];
	}
	for (size_t i = 0; i < SP_FINAL_CACHES; i++) {
		out->total[i] = sp_rd_le16(r);
		total += out->total[i];
	}
	out->flags = sp_rd_u8(r);
	sp_rd_skip(r, 1 + 2); /* Pad2, Pad3 */
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!(sum <= SP_FINAL_MAX_KEYS)) {
		return sp_rd_fail(r, SP_ELIMIT, "persistentKeys.numEntries");
	}
	if (!(total <= MAX_TOTAL)) {
		return sp_rd_fail(r, SP_ELIMIT, "persistentKeys.totalEntries");
	}
	for (size_t i = 0; i < sum; i++) {
		out->key[i] = sp_rd_le64(r);
	}
	if (sp_rd_ok(r) == SP_OK) {
		out->count = sum;
	}
	return sp_rd_ok(r);
}

void sp_final_keys_write(struct sp_wr *w, const struct sp_final_keys *in)
{
	size_t sum = 0;

	for (size_t i = 0; i < SP_FINAL_CACHES; i++) {
		sp_wr_le16(w, in->n[i]);
		sum += in->n[i];
	}
	for (size_t i = 0; i < SP_FINAL_CACHES; i++) {
		sp_wr_le16(w, in->total[i]);
	}
	sp_wr_u8(w, in->flags);
	sp_wr_zero(w, 1 + 2); /* Pad2, Pad3 */
	if (sum != in->count || !(sum <= SP_FINAL_MAX_KEYS)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	for (size_t i = 0; i < sum; i++) {
		sp_wr_le64(w, in->key[i]);
	}
}
