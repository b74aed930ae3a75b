/* core/pdu/rdstls.h - RDSTLS: how a redirected client shows what it got, straight after TLS. */
#ifndef SP_CORE_PDU_RDSTLS_H
#define SP_CORE_PDU_RDSTLS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/* [MS-RDPBCGR] 2.2.17, PduType */
enum sp_rdstls_type {
	SP_RDSTLS_CAPABILITIES = 1, /* server */
	SP_RDSTLS_REQUEST = 2, /* client */
	SP_RDSTLS_RESPONSE = 4, /* server */
};

/* 2.2.17.4 ResultCode; these are Win32 error numbers, and a server may send others. */
#define SP_RDSTLS_SUCCESS 0u

/*
 * [MS-RDPBCGR] 2.2.17.2 RDSTLS Authentication Request PDU with Password Credentials. Text is
 * UTF-16LE with its NUL; spans are borrowed. What a redirection named goes here as it came.
 */
struct sp_rdstls_request {
	struct sp_span guid; /* base64 in UTF-16LE */
	struct sp_span user, domain;
	struct sp_span password; /* opaque */
};

/*
 * The size of the server's PDU at the start of a stream, 0 while that cannot be told yet,
 * SP_EFIELD when it is none.
 */
sp_nodiscard int sp_rdstls_frame(const uint8_t *p, size_t n);

/* 2.2.17.1 Capabilities; SP_EPROTO without the one version there is. */
sp_nodiscard int sp_rdstls_capabilities_read(struct sp_rd *r);
void sp_rdstls_capabilities_write(struct sp_wr *w);
sp_nodiscard int sp_rdstls_request_read(struct sp_rd *r, struct sp_rdstls_request *out);
void sp_rdstls_request_write(struct sp_wr *w, const struct sp_rdstls_request *in);
/* 2.2.17.4 Response */
sp_nodiscard int sp_rdstls_response_read(struct sp_rd *r, uint32_t *result);
void sp_rdstls_response_write(struct sp_wr *w, uint32_t result);

/* "password has expired"; NULL for a number that has no words. Static. */
const char *sp_rdstls_result_text(uint32_t result);

#endif
