/* core/pdu/gcc_client.h - the settings blocks of a client, both directions. */
#ifndef SP_CORE_PDU_GCC_CLIENT_H
#define SP_CORE_PDU_GCC_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/pdu/gcc.h"

/* colorDepth and postBeta2ColorDepth */
#define SP_GCC_COLOR_4BPP 0xCA00
#define SP_GCC_COLOR_8BPP 0xCA01
#define SP_GCC_COLOR_16BPP_555 0xCA02
#define SP_GCC_COLOR_16BPP_565 0xCA03
#define SP_GCC_COLOR_24BPP 0xCA04
#define SP_GCC_SAS_DEL 0xAA03

/* supportedColorDepths */
#define SP_GCC_SUPPORT_24BPP 0x1u
#define SP_GCC_SUPPORT_16BPP 0x2u
#define SP_GCC_SUPPORT_15BPP 0x4u
#define SP_GCC_SUPPORT_32BPP 0x8u

/* earlyCapabilityFlags of a client */
#define SP_GCC_CS_ERRINFO 0x0001u
#define SP_GCC_CS_WANT_32BPP 0x0002u
#define SP_GCC_CS_STATUSINFO 0x0004u
#define SP_GCC_CS_STRONG_ASYMMETRIC_KEYS 0x0008u
#define SP_GCC_CS_RELATIVE_MOUSE 0x0010u
#define SP_GCC_CS_VALID_CONNECTION_TYPE 0x0020u
#define SP_GCC_CS_MONITOR_LAYOUT 0x0040u
#define SP_GCC_CS_NETCHAR_AUTODETECT 0x0080u
#define SP_GCC_CS_DYNVC_GFX 0x0100u
#define SP_GCC_CS_DYNAMIC_TIME_ZONE 0x0200u
#define SP_GCC_CS_HEARTBEAT 0x0400u
#define SP_GCC_CS_SKIP_CHANNELJOIN 0x0800u

/* connectionType */
enum sp_gcc_connection {
	SP_GCC_CONNECTION_MODEM = 1,
	SP_GCC_CONNECTION_BROADBAND_LOW = 2,
	SP_GCC_CONNECTION_SATELLITE = 3,
	SP_GCC_CONNECTION_BROADBAND_HIGH = 4,
	SP_GCC_CONNECTION_WAN = 5,
	SP_GCC_CONNECTION_LAN = 6,
	SP_GCC_CONNECTION_AUTODETECT = 7,
};

/* CHANNEL_DEF options */
#define SP_GCC_CHANNEL_INITIALIZED 0x80000000u
#define SP_GCC_CHANNEL_ENCRYPT_RDP 0x40000000u
#define SP_GCC_CHANNEL_ENCRYPT_SC 0x20000000u
#define SP_GCC_CHANNEL_ENCRYPT_CS 0x10000000u
#define SP_GCC_CHANNEL_PRI_HIGH 0x08000000u
#define SP_GCC_CHANNEL_PRI_MED 0x04000000u
#define SP_GCC_CHANNEL_PRI_LOW 0x02000000u
#define SP_GCC_CHANNEL_COMPRESS_RDP 0x00800000u
#define SP_GCC_CHANNEL_COMPRESS 0x00400000u
#define SP_GCC_CHANNEL_SHOW_PROTOCOL 0x00200000u
#define SP_GCC_CHANNEL_PERSISTENT 0x00100000u

/* TS_UD_CS_CLUSTER Flags; the version is in bits 2 to 5 and one less than its number */
#define SP_GCC_REDIRECTION_SUPPORTED 0x01u
#define SP_GCC_REDIRECTED_SESSION_VALID 0x02u
#define SP_GCC_REDIRECTED_SMARTCARD 0x40u
#define SP_GCC_REDIRECTION_VERSION(n) (((uint32_t)(n)-1u) << 2)

#define SP_GCC_MONITOR_PRIMARY 1u

/*
 * The optional fields at the end of TS_UD_CS_CORE, in order. A block carries the first so many
 * of them: field f is there when f < core.n_tail.
 */
enum sp_gcc_tail {
	SP_GCC_TAIL_COLOR_DEPTH2,
	SP_GCC_TAIL_PRODUCT_ID,
	SP_GCC_TAIL_SERIAL,
	SP_GCC_TAIL_HIGH_COLOR,
	SP_GCC_TAIL_COLOR_DEPTHS,
	SP_GCC_TAIL_EARLY_FLAGS,
	SP_GCC_TAIL_DIG_PRODUCT_ID,
	SP_GCC_TAIL_CONNECTION_TYPE,
	SP_GCC_TAIL_PAD,
	SP_GCC_TAIL_SELECTED_PROTOCOL,
	SP_GCC_TAIL_PHYSICAL_WIDTH,
	SP_GCC_TAIL_PHYSICAL_HEIGHT,
	SP_GCC_TAIL_ORIENTATION,
	SP_GCC_TAIL_DESKTOP_SCALE,
	SP_GCC_TAIL_DEVICE_SCALE,
	SP_GCC_TAIL_ALL,
};

/* [MS-RDPBCGR] 2.2.1.3.2 Client Core Data (TS_UD_CS_CORE) */
struct sp_gcc_cs_core {
	uint32_t version;
	uint16_t desktop_width, desktop_height; /* as sent: the owner limits them */
	uint16_t color_depth, sas_sequence;
	uint32_t keyboard_layout, client_build;
	char client_name[48]; /* UTF-8; 15 characters of 3 bytes */
	uint32_t keyboard_type, keyboard_subtype, keyboard_function_key;
	char ime_file_name[96];
	uint8_t n_tail; /* how many of the fields below were or are to be sent; the others are 0 */
	uint16_t post_beta2_color_depth, client_product_id;
	uint32_t serial_number;
	uint16_t high_color_depth, supported_color_depths;
	uint16_t early_capability_flags; /* SP_GCC_CS_ */
	char client_dig_product_id[96];
	uint8_t connection_type; /* 0 unless the early flags call it valid */
	uint32_t server_selected_protocol;
	uint32_t desktop_physical_width, desktop_physical_height;
	uint16_t desktop_orientation;
	uint32_t desktop_scale_factor, device_scale_factor;
};

/* [MS-RDPBCGR] 2.2.1.3.4.1 Channel Definition Structure (CHANNEL_DEF) */
struct sp_gcc_channel {
	char name[8]; /* INVARIANT: ends with NUL */
	uint32_t options;
};

/* [MS-RDPBCGR] 2.2.1.3.6.1 Monitor Definition (TS_MONITOR_DEF) */
struct sp_gcc_monitor {
	/* INVARIANT: left <= right, top <= bottom (both inclusive), all within -32768..32767 */
	int32_t left, top, right, bottom;
	uint32_t flags;
};

/* [MS-RDPBCGR] 2.2.1.3.10.1 Monitor Attributes (TS_MONITOR_ATTRIBUTES), as sent */
struct sp_gcc_monitor_ex {
	uint32_t physical_width, physical_height, orientation;
	uint32_t desktop_scale_factor, device_scale_factor;
};

/* Every settings block of a client. The core block is always there. */
struct sp_gcc_client {
	struct sp_gcc_cs_core core;

	bool has_security; /* [MS-RDPBCGR] 2.2.1.3.3 (TS_UD_CS_SEC) */
	uint32_t encryption_methods, ext_encryption_methods;

	bool has_net; /* 2.2.1.3.4 (TS_UD_CS_NET); FreeRDP omits it without channels */
	size_t n_channels; /* INVARIANT: <= SP_GCC_MAX_CHANNELS */
	struct sp_gcc_channel channel[SP_GCC_MAX_CHANNELS];

	bool has_cluster; /* 2.2.1.3.5 (TS_UD_CS_CLUSTER) */
	uint32_t cluster_flags, redirected_session_id;

	bool has_monitor; /* 2.2.1.3.6 (TS_UD_CS_MONITOR) */
	size_t n_monitors; /* INVARIANT: <= SP_GCC_MAX_MONITORS; the same in both blocks */
	struct sp_gcc_monitor monitor[SP_GCC_MAX_MONITORS];

	bool has_monitor_ex; /* 2.2.1.3.10 (TS_UD_CS_MONITOR_EX); never without has_monitor */
	struct sp_gcc_monitor_ex monitor_ex[SP_GCC_MAX_MONITORS];

	bool has_msgchannel; /* 2.2.1.3.7 (TS_UD_CS_MCS_MSGCHANNEL) */
	uint32_t msgchannel_flags;

	bool has_multitransport; /* 2.2.1.3.8 (TS_UD_CS_MULTITRANSPORT) */
	uint32_t multitransport_flags;
};

/* From the userData of an MCS Connect Initial; r must end with it. */
sp_nodiscard int sp_gcc_client_read(struct sp_rd *r, struct sp_gcc_client *out);
/* The userData of an MCS Connect Initial. */
void sp_gcc_client_write(struct sp_wr *w, const struct sp_gcc_client *in);

/*
 * Colour depth the client wants: 8, 15, 16, 24, or 32 when it says so in the early flags. A
 * field of unknown value counts as absent, 4 as 8.
 */
uint8_t sp_gcc_client_bpp(const struct sp_gcc_cs_core *core);
/* Sets the fields that together ask for this depth (8, 15, 16, 24 or 32). */
void sp_gcc_client_set_bpp(struct sp_gcc_cs_core *core, uint8_t bpp);

#endif
