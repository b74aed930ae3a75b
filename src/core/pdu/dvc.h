/* core/pdu/dvc.h - the channel that carries dynamic channels: heads, creation and its answer. */
#ifndef SP_CORE_PDU_DVC_H
#define SP_CORE_PDU_DVC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_DVC_NAME 256 /* with its NUL; the longest known name has 43 characters */
#define SP_DVC_HEAD_MAX 5 /* header and channel id */

/* [MS-RDPEDYC] 2.2 Cmd */
enum sp_dvc_cmd {
	SP_DVC_CREATE = 0x01,
	SP_DVC_DATA_FIRST = 0x02,
	SP_DVC_DATA = 0x03,
	SP_DVC_CLOSE = 0x04,
	SP_DVC_CAPS = 0x05,
	SP_DVC_DATA_FIRST_COMPRESSED = 0x06,
	SP_DVC_DATA_COMPRESSED = 0x07,
	SP_DVC_SOFT_SYNC_REQUEST = 0x08,
	SP_DVC_SOFT_SYNC_RESPONSE = 0x09,
};

#define SP_DVC_STATUS_OK 0x00000000u
#define SP_DVC_STATUS_NOT_FOUND 0xC0000225u /* what Windows' client says of an unknown name */

/* The first bytes of a message on drdynvc. */
struct sp_dvc_head {
	uint8_t cmd; /* enum sp_dvc_cmd; others are possible */
	uint32_t id; /* ChannelId; 0 for CAPS and the soft sync */
};

/* Reads the head; r stands behind it. */
sp_nodiscard int sp_dvc_head_read(struct sp_rd *r, struct sp_dvc_head *out);
void sp_dvc_head_write(struct sp_wr *w, const struct sp_dvc_head *in);

/* [MS-RDPEDYC] 2.2.2.1 DYNVC_CREATE_REQ behind its head; a name without NUL ends with r. */
sp_nodiscard int sp_dvc_create_read(struct sp_rd *r, char name[SP_DVC_NAME]);
void sp_dvc_create_write(struct sp_wr *w, uint32_t id, const char *name);
/* [MS-RDPEDYC] 2.2.2.2 DYNVC_CREATE_RSP, behind its head and whole. */
sp_nodiscard int sp_dvc_create_response_read(struct sp_rd *r, uint32_t *status);
void sp_dvc_create_response_write(struct sp_wr *w, uint32_t id, uint32_t status);

#endif
