/* core/pdu/final.h - connection finalization: synchronize, control, fonts, persistent keys. */
#ifndef SP_CORE_PDU_FINAL_H
#define SP_CORE_PDU_FINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/* Readers and writers take the body behind the Share Data Header. */

/* [MS-RDPBCGR] 2.2.1.14.1 Synchronize PDU Data (TS_SYNCHRONIZE_PDU) */
sp_nodiscard int sp_final_sync_read(struct sp_rd *r, uint16_t *target_user);
void sp_final_sync_write(struct sp_wr *w, uint16_t target_user);

enum sp_final_action {
	SP_CONTROL_REQUEST = 1,
	SP_CONTROL_GRANTED = 2,
	SP_CONTROL_DETACH = 3,
	SP_CONTROL_COOPERATE = 4,
};

/* [MS-RDPBCGR] 2.2.1.15.1 Control PDU Data (TS_CONTROL_PDU) */
struct sp_final_control {
	uint16_t action;
	uint16_t grant_id; /* the client's user channel in GRANTED, else 0 */
	uint32_t control_id; /* the server's channel in GRANTED, else 0 */
};

sp_nodiscard int sp_final_control_read(struct sp_rd *r, struct sp_final_control *out);
void sp_final_control_write(struct sp_wr *w, const struct sp_final_control *in);

/* [MS-RDPBCGR] 2.2.1.18.1 Font List PDU Data; any content is accepted, the list is unused. */
sp_nodiscard int sp_final_font_list_read(struct sp_rd *r);
void sp_final_font_list_write(struct sp_wr *w);
/* [MS-RDPBCGR] 2.2.1.22.1 Font Map PDU Data; an empty one is accepted too. */
sp_nodiscard int sp_final_font_map_read(struct sp_rd *r);
void sp_final_font_map_write(struct sp_wr *w);

#define SP_FINAL_CACHES 5
#define SP_FINAL_MAX_KEYS 169 /* of one PDU */

enum sp_final_keys_flag {
	SP_KEYS_FIRST = 1,
	SP_KEYS_LAST = 2
};

/* [MS-RDPBCGR] 2.2.1.17.1 Persistent Key List PDU (TS_BITMAPCACHE_PERSISTENT_LIST_PDU) */
struct sp_final_keys {
	uint16_t n[SP_FINAL_CACHES]; /* numEntriesCacheX of this PDU */
	uint16_t total[SP_FINAL_CACHES]; /* totalEntriesCacheX */
	uint8_t flags;
	size_t count; /* INVARIANT: sum of n, <= SP_FINAL_MAX_KEYS */
	uint64_t key[SP_FINAL_MAX_KEYS]; /* Key2 << 32 | Key1, cache by cache */
};

sp_nodiscard int sp_final_keys_read(struct sp_rd *r, struct sp_final_keys *out);
void sp_final_keys_write(struct sp_wr *w, const struct sp_final_keys *in);

#endif
