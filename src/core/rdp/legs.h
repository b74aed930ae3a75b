/* core/rdp/legs.h - the two legs of a session: what passes, what is changed, what is held. */
#ifndef SP_CORE_RDP_LEGS_H
#define SP_CORE_RDP_LEGS_H

#include "core/chan/clip_filter.h"
#include "core/chan/drive_filter.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/pointer.h"
#include "core/rdp/rdp.h"

struct sp_crypto;
struct sp_legs;

/* Which channels a target may have. false is none. */
struct sp_legs_rules {
	bool clipboard; /* cliprdr, with what clip lets through */
	struct sp_clip_rules clip;
	struct sp_drive_rules drive; /* rdpdr, unless neither drives nor other devices may pass */
	bool sound; /* rdpsnd and its dynamic forms */
	bool microphone; /* AUDIO_INPUT */
	bool other; /* every other channel, static or dynamic */
	bool own; /* a desktop of ours: nothing is announced for the sake of Windows */
};

/* [MS-RDPBCGR] 2.2.4.2 Server Auto-Reconnect Packet (ARC_SC_PRIVATE_PACKET) */
struct sp_legs_arc {
	bool present;
	uint32_t logon_id;
	uint8_t bits[16];
};

/*
 * Makes of the user's blocks and Client Info (copies of them) what a target is to see: channels
 * by the rules, early flags and blocks as PROTOCOL.md says, no compression, no program to run, no
 * password and no cookie. Before sp_client_create().
 */
void sp_legs_shape(
		struct sp_gcc_client *gcc, struct sp_info *info, const struct sp_legs_rules *rules);
/* Adds the target's own cookie, from the session before, as a client proves it: 5.5. */
void sp_legs_prove(struct sp_info *info, const struct sp_crypto *crypto,
		const struct sp_legs_arc *arc);

struct sp_legs_conf {
	const struct sp_crypto *crypto;
	struct sp_legs_rules rules;
	struct sp_legs_arc arc; /* ours, for the client */
};

/* From the user's LOGON on; borrows the leg. NULL without memory. */
sp_nodiscard struct sp_legs *sp_legs_create(struct sp_rdp *user);
/* Accepts NULL. */
void sp_legs_destroy(struct sp_legs *l);
/*
 * The target's leg, which is in its connection sequence yet; borrowed. A second call replaces one
 * that was not relayed from yet (a redirection); NULL takes it away.
 */
void sp_legs_set_target(struct sp_legs *l, struct sp_rdp *target, const struct sp_legs_conf *conf);

/*
 * Takes an event of the user's leg (RELAY, CHANNEL, ACTIVE; others are ignored) or of the
 * target's (RELAY) and sends on the other one, or on the same one, what follows from it. The
 * target's first, its Demand Active, ends the user's own desktop. SP_EDENIED: the client cannot
 * show this target.
 */
sp_nodiscard int sp_legs_user(struct sp_legs *l, const struct sp_event *ev, uint64_t now_us);
sp_nodiscard int sp_legs_target(struct sp_legs *l, const struct sp_event *ev);
/* What the last error was about; static. */
const char *sp_legs_what(const struct sp_legs *l);

/* The user's leg is the target's now. */
bool sp_legs_relaying(const struct sp_legs *l);
/* The Demand Active waits for the user's leg: read no more of the target until relaying. */
bool sp_legs_waiting(const struct sp_legs *l);
/* The target's font map has passed once. */
bool sp_legs_active(const struct sp_legs *l);
/* The desktop of the last Demand Active. */
void sp_legs_size(const struct sp_legs *l, uint16_t *width, uint16_t *height);
/* The place of the user's channel in the target's list; SIZE_MAX where it goes nowhere. */
size_t sp_legs_target_channel(const struct sp_legs *l, size_t index);
/* When the person last did something; 0 for never. */
uint64_t sp_legs_input_us(const struct sp_legs *l);
/* SP_ERRINFO_* that the target said last, 0 for none. */
uint32_t sp_legs_error_info(const struct sp_legs *l);
/*
 * What went over clipboard and drives, or was refused, until false; lost is how many were not told
 * before it.
 */
bool sp_legs_transfer(struct sp_legs *l, struct sp_transfer *ev, uint32_t *lost);

#define SP_LEGS_CHANNEL_NAME 64 /* what is longer is cut */

/* A channel that one side wanted: static ones the client, dynamic ones the target. */
struct sp_legs_channel {
	bool dynamic, open; /* open: it passes; else the rules refuse it, or the other side */
	char name[SP_LEGS_CHANNEL_NAME];
};

/* The next that was settled; *lost: those before it for which there was no room. */
bool sp_legs_channel(struct sp_legs *l, struct sp_legs_channel *out, uint32_t *lost);
/* The session is over: transfers that are under way are told. */
void sp_legs_stop_channels(struct sp_legs *l);
/* The last event was answered to the side that it came from. */
bool sp_legs_answered(const struct sp_legs *l);
/* True once for each cookie that the target gave. */
bool sp_legs_take_arc(struct sp_legs *l, struct sp_legs_arc *out);
/* Another cookie of ours for the client; sent now when it takes one. */
sp_nodiscard int sp_legs_set_arc(struct sp_legs *l, const struct sp_legs_arc *arc);

/*
 * A desktop of ours asks to be told when all that it sent so far, which is in the user's output
 * now, has gone: true once for each, with what to answer by.
 */
bool sp_legs_take_mark(struct sp_legs *l, uint32_t *id);
/* The answer; nothing for any other target. */
sp_nodiscard int sp_legs_tell_line(struct sp_legs *l, const struct sp_line *line);

/* The longest side of a pointer that the client shows: 0 for none with colours, 32, 96 or 384. */
unsigned sp_legs_pointer_side(const struct sp_legs *l);
/*
 * Shows a pointer of our own (its kind and cache slot are set here) over whatever the target
 * shows, until it is taken away with NULL.
 */
sp_nodiscard int sp_legs_point(struct sp_legs *l, const struct sp_pointer *shape);

#endif
