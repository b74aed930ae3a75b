/* core/auth/der.h - strict DER over the checked cursor and writer: what logins are made of. */
#ifndef SP_CORE_AUTH_DER_H
#define SP_CORE_AUTH_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/span.h"
#include "core/base/wr.h"

#define SP_DER_MAX_DEPTH 8

enum sp_der_tag {
	SP_DER_INTEGER = 0x02,
	SP_DER_BIT_STRING = 0x03,
	SP_DER_OCTETS = 0x04,
	SP_DER_OID = 0x06,
	SP_DER_ENUMERATED = 0x0A,
	SP_DER_SEQUENCE = 0x30,
	SP_DER_APPLICATION = 0x60, /* + number, constructed */
	SP_DER_CONTEXT = 0xA0, /* + number, constructed */
};

/*
 * The size of the element at p with its header, 0 while the header is not complete. SP_EFIELD
 * for an indefinite or a longer than needed length, SP_ELIMIT when it is above max.
 */
sp_nodiscard int sp_der_size(struct sp_span in, size_t max);

/* True when the next element carries this tag; reads nothing. */
bool sp_der_is(const struct sp_rd *r, uint8_t tag);
/*
 * A cursor over the content of the next element, which must carry the tag; r moves behind it.
 * Close it with sp_rd_end or sp_der_leave. Fails with SP_ELIMIT below SP_DER_MAX_DEPTH cursors.
 */
struct sp_rd sp_der_enter(struct sp_rd *r, uint8_t tag, const char *field);
/* Fails r, and with it all above, when bytes are left in it. */
void sp_der_leave(struct sp_rd *r);
/* The content of the next element. */
struct sp_span sp_der_take(struct sp_rd *r, uint8_t tag, const char *field);
/* The next element with its header. */
struct sp_span sp_der_element(struct sp_rd *r, uint8_t tag, const char *field);
/*
 * INTEGER or ENUMERATED of 32 bits. Negative numbers come as two's complement, since an
 * NTSTATUS is sent both ways.
 */
uint32_t sp_der_u32(struct sp_rd *r, uint8_t tag, const char *field);
/* [n] OCTET STRING; a p of NULL when the next element is another one. */
struct sp_span sp_der_optional_octets(struct sp_rd *r, unsigned n, const char *field);

/*
 * Writing from the outside in: open gives a mark, close fills in the length of all that was
 * written since, with as few bytes as DER wants.
 */
size_t sp_der_open(struct sp_wr *w, uint8_t tag);
void sp_der_close(struct sp_wr *w, size_t mark);
void sp_der_put(struct sp_wr *w, uint8_t tag, struct sp_span content);
/* INTEGER of a signed number. */
void sp_der_put_int(struct sp_wr *w, int32_t v);
/* [n] OCTET STRING. */
void sp_der_put_octets(struct sp_wr *w, unsigned n, struct sp_span content);

#endif
