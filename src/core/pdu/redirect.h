/* core/pdu/redirect.h - Server Redirection: go to another machine, with this. */
#ifndef SP_CORE_PDU_REDIRECT_H
#define SP_CORE_PDU_REDIRECT_H

#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/* [MS-RDPBCGR] 2.2.13.1 RedirFlags */
enum sp_redirect_flag {
	SP_LB_TARGET_NET_ADDRESS = 0x00000001,
	SP_LB_LOAD_BALANCE_INFO = 0x00000002,
	SP_LB_USERNAME = 0x00000004,
	SP_LB_DOMAIN = 0x00000008,
	SP_LB_PASSWORD = 0x00000010,
	SP_LB_DONTSTOREUSERNAME = 0x00000020,
	SP_LB_SMARTCARD_LOGON = 0x00000040,
	SP_LB_NOREDIRECT = 0x00000080,
	SP_LB_TARGET_FQDN = 0x00000100,
	SP_LB_TARGET_NETBIOS_NAME = 0x00000200,
	SP_LB_TARGET_NET_ADDRESSES = 0x00000800,
	SP_LB_CLIENT_TSV_URL = 0x00001000,
	SP_LB_SERVER_TSV_CAPABLE = 0x00002000,
	SP_LB_PASSWORD_IS_PK_ENCRYPTED = 0x00004000,
	SP_LB_REDIRECTION_GUID = 0x00008000,
	SP_LB_TARGET_CERTIFICATE = 0x00010000,
};

#define SP_REDIRECT_MAX_ADDRESSES 32

/*
 * [MS-RDPBCGR] 2.2.13.1 Server Redirection Packet (RDP_SERVER_REDIRECTION_PACKET). flags says
 * which spans are there. Text is UTF-16LE with its NUL, as sent; spans are borrowed.
 */
struct sp_redirect {
	uint32_t session_id;
	uint32_t flags; /* enum sp_redirect_flag */
	struct sp_span address;
	struct sp_span load_balance_info;
	struct sp_span user, domain;
	struct sp_span password; /* an encrypted blob with SP_LB_PASSWORD_IS_PK_ENCRYPTED */
	struct sp_span fqdn, netbios_name;
	struct sp_span tsv_url;
	struct sp_span guid; /* base64 in UTF-16LE */
	struct sp_span certificate; /* the same */
	size_t n_addresses; /* INVARIANT: n_addresses <= SP_REDIRECT_MAX_ADDRESSES */
	struct sp_span addresses[SP_REDIRECT_MAX_ADDRESSES];
};

/* The packet alone, as it stands behind SP_SEC_REDIRECTION. */
sp_nodiscard int sp_redirect_read(struct sp_rd *r, struct sp_redirect *out);
void sp_redirect_write(struct sp_wr *w, const struct sp_redirect *in);
/*
 * [MS-RDPBCGR] 2.2.13.3.1 Enhanced Security Server Redirection PDU: the body of a struct
 * sp_share of type SP_SHARE_SERVER_REDIRECT, and the whole PDU with its header.
 */
sp_nodiscard int sp_redirect_share_read(struct sp_rd *body, struct sp_redirect *out);
void sp_redirect_share_write(struct sp_wr *w, uint16_t source, const struct sp_redirect *in);

#endif
