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
	uint8_t sp; /* two bits: Pri of CREATE, Len of DATA_FIRST; of others without a meaning */
	uint32_t id; /* ChannelId; 0 for CAPS and the soft sync */
};

/* Reads the head; r stands behind it. */
sp_nodiscard int sp_dvc_head_read(struct sp_rd *r, struct sp_dvc_head *out);
void sp_dvc_head_write(struct sp_wr *w, const struct sp_dvc_head *in);

#define SP_DVC_VERSION 3
#define SP_DVC_PDU 1600 /* [MS-RDPEDYC] 3.1.5: a PDU is not longer */
#define SP_DVC_WHOLE 1590 /* a message up to this length goes in one PDU */
#define SP_DVC_PRIORITIES 4

/* [MS-RDPEDYC] 2.2.1.1 DYNVC_CAPS_VERSION1, 2 and 3 */
struct sp_dvc_caps {
	uint16_t version; /* INVARIANT: not 0 */
	uint16_t charge[SP_DVC_PRIORITIES]; /* 0 in version 1 */
};

/* Behind the head, and whole. */
sp_nodiscard int sp_dvc_caps_read(struct sp_rd *r, struct sp_dvc_caps *out);
void sp_dvc_caps_write(struct sp_wr *w, const struct sp_dvc_caps *in);
/* [MS-RDPEDYC] 2.2.1.2 DYNVC_CAPS_RSP, the same way. */
sp_nodiscard int sp_dvc_caps_response_read(struct sp_rd *r, uint16_t *version);
void sp_dvc_caps_response_write(struct sp_wr *w, uint16_t version);

/* [MS-RDPEDYC] 2.2.2.1 DYNVC_CREATE_REQ behind its head; a name without NUL ends with r. */
sp_nodiscard int sp_dvc_create_read(struct sp_rd *r, char name[SP_DVC_NAME]);
void sp_dvc_create_write(struct sp_wr *w, uint32_t id, const char *name);
/* [MS-RDPEDYC] 2.2.2.2 DYNVC_CREATE_RSP, behind its head and whole. */
sp_nodiscard int sp_dvc_create_response_read(struct sp_rd *r, uint32_t *status);
void sp_dvc_create_response_write(struct sp_wr *w, uint32_t id, uint32_t status);

/* [MS-RDPEDYC] 2.2.3.1 to 2.2.3.4: DATA_FIRST, DATA and their compressed kin */
struct sp_dvc_data {
	uint32_t id;
	bool first, compressed;
	uint32_t total; /* first: bytes of the whole message, uncompressed */
	struct sp_span data; /* borrowed */
};

/* Behind the head, which has one of those commands; takes the rest of r. */
sp_nodiscard int sp_dvc_data_read(
		struct sp_rd *r, const struct sp_dvc_head *head, struct sp_dvc_data *out);
void sp_dvc_data_write(struct sp_wr *w, const struct sp_dvc_data *in);
/* Bytes that stand in front of the data. */
size_t sp_dvc_data_overhead(const struct sp_dvc_data *in);

#endif
