/* core/pdu/gcc_server.h - the settings blocks of a server, both directions. */
#ifndef SP_CORE_PDU_GCC_SERVER_H
#define SP_CORE_PDU_GCC_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rd.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/pdu/gcc.h"

/* earlyCapabilityFlags of a server */
#define SP_GCC_SC_EDGE_ACTIONS_V1 0x1u
#define SP_GCC_SC_DYNAMIC_DST 0x2u
#define SP_GCC_SC_EDGE_ACTIONS_V2 0x4u
#define SP_GCC_SC_SKIP_CHANNELJOIN 0x8u

/* Every settings block of a server. Core and network blocks are always there. */
struct sp_gcc_server {
	/* [MS-RDPBCGR] 2.2.1.4.2 Server Core Data (TS_UD_SC_CORE) */
	uint32_t version;
	bool has_requested_protocols;
	uint32_t client_requested_protocols; /* a client compares it with what it sent */
	bool has_early_capability_flags; /* never without has_requested_protocols */
	uint32_t early_capability_flags; /* SP_GCC_SC_ */

	/*
	 * 2.2.1.4.3 Server Security Data (TS_UD_SC_SEC1). Under TLS all of it is none; a reader
	 * that finds a method or level has met a server that wants standard security.
	 */
	bool has_security;
	uint32_t encryption_method, encryption_level;
	struct sp_span server_random, server_certificate; /* borrowed */

	/* 2.2.1.4.4 Server Network Data (TS_UD_SC_NET) */
	uint16_t io_channel;
	size_t n_channels; /* INVARIANT: <= SP_GCC_MAX_CHANNELS */
	uint16_t channel[SP_GCC_MAX_CHANNELS]; /* in the order of the client's; 0: refused */

	bool has_msgchannel; /* 2.2.1.4.5 (TS_UD_SC_MCS_MSGCHANNEL) */
	uint16_t msgchannel; /* 0: not to be joined */

	bool has_multitransport; /* 2.2.1.4.6 (TS_UD_SC_MULTITRANSPORT) */
	uint32_t multitransport_flags;
};

/* From the userData of an MCS Connect Response; r must end with it. */
sp_nodiscard int sp_gcc_server_read(struct sp_rd *r, struct sp_gcc_server *out);
/* The userData of an MCS Connect Response. */
void sp_gcc_server_write(struct sp_wr *w, const struct sp_gcc_server *in);

#endif
