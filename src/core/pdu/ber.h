/* core/pdu/ber.h - the little of BER that MCS connect PDUs need. */
#ifndef SP_CORE_PDU_BER_H
#define SP_CORE_PDU_BER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_BER_BOOLEAN 0x01
#define SP_BER_INTEGER 0x02
#define SP_BER_OCTET_STRING 0x04
#define SP_BER_ENUMERATED 0x0A
#define SP_BER_SEQUENCE 0x30
#define SP_BER_MCS_INITIAL 0x7F65 /* [APPLICATION 101] */
#define SP_BER_MCS_RESPONSE 0x7F66 /* [APPLICATION 102] */

/*
 * Readers mark the cursor on failure and give 0 or an empty part. Lengths are definite and at
 * most two bytes long, which is as much as a TPKT can hold.
 */

/* Content of the element with this tag (one byte, or two for an application tag). */
struct sp_rd sp_ber_read(struct sp_rd *r, uint16_t tag, const char *field);
bool sp_ber_read_bool(struct sp_rd *r, const char *field);
/*
 * INTEGER or ENUMERATED as an unsigned number of at most 32 bits. Clients write 65535 as two
 * bytes, so the top bit is no sign.
 */
uint32_t sp_ber_read_uint(struct sp_rd *r, uint8_t tag, const char *field);

/* Tag and length; the content follows. */
void sp_ber_write(struct sp_wr *w, uint16_t tag, size_t n);
void sp_ber_write_bool(struct sp_wr *w, bool v);
void sp_ber_write_uint(struct sp_wr *w, uint8_t tag, uint32_t v);
/* Bytes that sp_ber_write and sp_ber_write_uint append. */
size_t sp_ber_size(uint16_t tag, size_t n);
size_t sp_ber_uint_size(uint32_t v);

#endif
