/* core/pdu/svc.h - static virtual channels: chunks, cutting into them, putting together. */
#ifndef SP_CORE_PDU_SVC_H
#define SP_CORE_PDU_SVC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_SVC_CHUNK 1600 /* CHANNEL_CHUNK_LENGTH, unless VCChunkSize says otherwise */
#define SP_SVC_CHUNK_MAX 16256 /* the largest VCChunkSize there is */
#define SP_SVC_HEADER 8

/* [MS-RDPBCGR] 2.2.6.1.1 flags */
enum sp_svc_flag {
	SP_SVC_FIRST = 0x00000001,
	SP_SVC_LAST = 0x00000002,
	SP_SVC_SHOW_PROTOCOL = 0x00000010, /* crashes mstsc in server PDUs of RAIL */
	SP_SVC_SUSPEND = 0x00000020,
	SP_SVC_RESUME = 0x00000040,
	SP_SVC_COMPRESSED = 0x00200000,
};

/* [MS-RDPBCGR] 2.2.6.1 Virtual Channel PDU, behind the MCS header */
struct sp_svc_chunk {
	uint32_t total; /* bytes of the whole message, in every chunk of it */
	uint32_t flags;
	struct sp_span data; /* borrowed */
};

/* r holds one PDU and is read to its end. */
sp_nodiscard int sp_svc_read(struct sp_rd *r, struct sp_svc_chunk *out);
void sp_svc_write(struct sp_wr *w, const struct sp_svc_chunk *in);

/* Cuts one message into chunks; each goes into an MCS PDU of its own. */
struct sp_svc_cut {
	struct sp_span message; /* borrowed */
	size_t done, chunk;
	uint32_t flags;
	bool begun;
};

/* flags are added to each chunk, SP_SVC_SHOW_PROTOCOL or 0; 1 <= chunk <= SP_SVC_CHUNK_MAX. */
void sp_svc_cut_init(struct sp_svc_cut *c, struct sp_span message, size_t chunk, uint32_t flags);
/* False at the end. An empty message is one empty chunk. */
bool sp_svc_cut_next(struct sp_svc_cut *c, struct sp_svc_chunk *out);

/* Puts the messages of one channel together. */
struct sp_svc_join {
	struct sp_wr data; /* grows with what arrives, never with what is claimed */
	uint32_t total;
	bool open;
};

/* Messages longer than max are refused as soon as they claim to be. */
void sp_svc_join_init(struct sp_svc_join *j, size_t max);
void sp_svc_join_finish(struct sp_svc_join *j);
/*
 * 1 when a message is complete: *whole is it, valid until the next call on j or the end of the
 * input. 0 when chunks are missing. After an error the channel cannot go on. Refuses
 * compressed chunks; suspend and resume without data are passed over.
 */
sp_nodiscard int sp_svc_join_add(
		struct sp_svc_join *j, const struct sp_svc_chunk *in, struct sp_span *whole);

#endif
