/* core/rdp/server_out.c - what the owner of a server sends. */
#include "core/base/attr.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/logon.h"
#include "core/pdu/mcs.h"
#include "core/pdu/misc.h"
#include "core/rdp/server_part.h"

#define SHARE_DATA_HEADER 18

static bool has_fastpath(const struct sp_rdp *c)
{
	return sp_caps_has(&c->caps, SP_CAPS_GENERAL) &&
			(c->caps.general.extra_flags & SP_GENERAL_FASTPATH_OUTPUT);
}

size_t sp_server_update_max(const struct sp_rdp *c)
{
	return has_fastpath(c) ? SP_FP_MAX_DATA : SP_MCS_SEND_MAX - SHARE_DATA_HEADER;
}

/* [MS-RDPBCGR] 2.2.9.1.1.4 messageType of the slow path for each fast-path pointer code. */
static int slow_pointer(struct sp_rdp *c, uint8_t code, struct sp_span body)
{
	static const struct {
		uint8_t code;
		uint16_t type;
		uint32_t system;
		bool is_system;
	} types[] = {
			{SP_FP_PTR_NULL, 0x0001, 0x00000000, true},
			{SP_FP_PTR_DEFAULT, 0x0001, 0x00007F00, true},
			{SP_FP_PTR_POSITION, 0x0003, 0, false},
			{SP_FP_COLOR, 0x0006, 0, false},
			{SP_FP_CACHED, 0x0007, 0, false},
			{SP_FP_POINTER, 0x0008, 0, false},
	};

	for (size_t i = 0; i < SP_LEN(types); i++) {
		if (types[i].code == code) {
			struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_POINTER);

			sp_wr_le16(&c->wr, types[i].type);
			sp_wr_le16(&c->wr, 0);
			if (types[i].is_system) {
				sp_wr_le32(&c->wr, types[i].system);
			} else {
				sp_wr_span(&c->wr, body);
			}
			return sp_rdp_data_end(c, m);
		}
	}
	return sp_rdp_fail(c, SP_EARG, "update.code");
}

int sp_server_update(struct sp_rdp *c, uint8_t code, struct sp_span body)
{
	if (c->state != SP_RDP_ACTIVE) {
		return sp_rdp_fail(c, SP_EARG, "update");
	}
	if (has_fastpath(c)) {
		size_t most = sp_caps_has(&c->caps, SP_CAPS_MULTIFRAGMENT) &&
						c->caps.max_request > SP_FP_MAX_DATA
				? c->caps.max_request
				: SP_FP_MAX_DATA;

		if (!(body.n <= most)) {
			return sp_rdp_fail(c, SP_ESPACE, "update");
		}
		sp_fp_update_write(&c->wr, code, body);
		return sp_rdp_flush(c);
	}
	if (code != SP_FP_BITMAP && code != SP_FP_PALETTE && code != SP_FP_SYNCHRONIZE) {
		return slow_pointer(c, code, body);
	}
	if (!(body.n <= sp_server_update_max(c))) {
		return sp_rdp_fail(c, SP_ESPACE, "update");
	}
	struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_UPDATE);
	sp_wr_span(&c->wr, body);
	return sp_rdp_data_end(c, m);
}

int sp_server_logon_notify(struct sp_rdp *c)
{
	if (c->state != SP_RDP_ACTIVE) {
		return sp_rdp_fail(c, SP_EARG, "logon");
	}
	struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_SAVE_SESSION_INFO);
	sp_logon_write(&c->wr, &(struct sp_logon){.type = SP_LOGON_PLAIN_NOTIFY});
	return sp_rdp_data_end(c, m);
}

int sp_server_shutdown_denied(struct sp_rdp *c)
{
	struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_SHUTDOWN_DENIED);

	return sp_rdp_data_end(c, m);
}

int sp_server_end(struct sp_rdp *c, uint32_t error_info)
{
	int rc = SP_OK;

	if (c->state == SP_RDP_CLOSED) {
		return SP_OK;
	}
	if (c->state < SP_RDP_WAIT_OWNER) {
		c->state = SP_RDP_CLOSED;
		return SP_OK;
	}
	if (error_info != 0 && (c->gcc.core.early_capability_flags & SP_GCC_CS_ERRINFO)) {
		struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_SET_ERROR_INFO);

		sp_misc_u32_write(&c->wr, error_info);
		rc = sp_rdp_data_end(c, m);
	}
	if (rc == SP_OK) {
		sp_mcs_disconnect_write(&c->wr, SP_MCS_PROVIDER_INITIATED);
		rc = sp_rdp_flush(c);
	}
	c->state = SP_RDP_CLOSED;
	return rc;
}
