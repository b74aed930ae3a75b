/* core/rdp/client.h - the client's side of a connection. */
#ifndef SP_CORE_RDP_CLIENT_H
#define SP_CORE_RDP_CLIENT_H

#include "core/rdp/rdp.h"

struct sp_crypto;

struct sp_client_conf {
	uint32_t protocols; /* SP_PROTO_* that are asked for; 0 for a private socket pair */
	const char *cookie; /* user name for the mstshash cookie, NULL for none */
	struct sp_span token; /* routing token, without CR LF; excludes the cookie */
	/* Blocks and info as they are sent; copied. Channel names stand in gcc. */
	const struct sp_gcc_client *gcc;
	const struct sp_info *info; /* may ask for compression as SP_INFO_COMPRESSION_64K */
	bool relay; /* from the Demand Active on, PDUs are SP_EV_RELAY */
	/* For a server that wants a licence asked for; NULL: such a server is not possible. */
	const struct sp_crypto *crypto;
	uint64_t deadline_us; /* from creation to active, or the Demand Active; 0 for none */
};

/* The first packet is in the output at once. */
sp_nodiscard struct sp_rdp *sp_client_create(const struct sp_client_conf *conf, uint64_t now_us);

/* SP_PROTO_* the server chose; valid from START_TLS or AUTH_TOKEN on. */
uint32_t sp_client_protocol(const struct sp_rdp *c);
/* RDP_NEG_FAILURE code when feed failed with SP_EPROTO or SP_EDENIED, else 0. */
uint32_t sp_client_failure(const struct sp_rdp *c);

/*
 * Other Client Info than at creation, for an owner who gives the password only when the server
 * is known. Until CONNECTED; SP_EARG afterwards.
 */
sp_nodiscard int sp_client_set_info(struct sp_rdp *c, const struct sp_info *info);

/*
 * A licence that this server gave before, from SP_EV_LICENSE. Before the server asks, which it
 * does after Client Info; SP_EARG afterwards, SP_ELIMIT, SP_ENOMEM.
 */
sp_nodiscard int sp_client_set_license(struct sp_rdp *c, struct sp_span license);
/* The server was shown that licence. */
bool sp_client_license_shown(const struct sp_rdp *c);

/* Answers DEMAND_ACTIVE: sends Confirm Active with these and pipelines the finalization. */
sp_nodiscard int sp_client_confirm(struct sp_rdp *c, const struct sp_caps *caps);
/* Capabilities of a plain client for a desktop of this size: bitmaps, pointers, no orders. */
void sp_client_default_caps(struct sp_caps *caps, uint16_t width, uint16_t height, uint8_t bpp);
/* Adds surface commands with these codecs, and acknowledgements of their frames. */
void sp_client_surface_caps(struct sp_caps *caps, bool rfx, bool nsc);
/* [MS-RDPRFX] 2.2.3.1 TS_FRAME_ACKNOWLEDGE_PDU; for servers whose capabilities have it. */
sp_nodiscard int sp_client_frame_ack(struct sp_rdp *c, uint32_t frame);

/* Sends input, fast path where the server takes it. Only while active. */
sp_nodiscard int sp_client_input(struct sp_rdp *c, const struct sp_input_event *v, size_t n);
/* Asks for an area again. */
sp_nodiscard int sp_client_refresh(struct sp_rdp *c, int32_t x, int32_t y, int32_t w, int32_t h);
/* Says goodbye in order. */
sp_nodiscard int sp_client_end(struct sp_rdp *c);

#endif
