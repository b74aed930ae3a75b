/* core/codec/mppc.h - bulk compression of RDP 4.0 and 5.0, the receiving side. */
#ifndef SP_CORE_CODEC_MPPC_H
#define SP_CORE_CODEC_MPPC_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

/* [MS-RDPBCGR] 3.1.8.2.1, and the types of 2.2.8.1.1.1.2 in the lower bits */
enum {
	SP_MPPC_TYPE = 0x0f,
	SP_MPPC_TYPE_8K = 0x00,
	SP_MPPC_TYPE_64K = 0x01,
	SP_MPPC_COMPRESSED = 0x20,
	SP_MPPC_AT_FRONT = 0x40,
	SP_MPPC_FLUSHED = 0x80,
};

#define SP_MPPC_MAX 65536u /* most bytes that one message has when it is decompressed */

struct sp_mppc_dec;

/* What one side of a connection sends, through all of its channels. NULL without memory. */
sp_nodiscard struct sp_mppc_dec *sp_mppc_dec_create(void);
/* Accepts NULL. */
void sp_mppc_dec_destroy(struct sp_mppc_dec *d);
/*
 * in is the body of a message whose header had these compression flags; *out its plain bytes, in
 * itself if it is not compressed, otherwise valid until the next call on d. SP_EPROTO for another
 * type than the two above; SP_ECODEC, after which d is of no use any more.
 */
sp_nodiscard int sp_mppc_decode(
		struct sp_mppc_dec *d, unsigned flags, struct sp_span in, struct sp_span *out);
/* The history, and back; after an error d is as new. */
sp_nodiscard int sp_mppc_dec_save(const struct sp_mppc_dec *d, struct sp_wr *out);
sp_nodiscard int sp_mppc_dec_load(struct sp_mppc_dec *d, struct sp_span in);

#endif
