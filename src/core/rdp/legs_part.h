/* core/rdp/legs_part.h - what the files of the two legs share; private to this folder. */
#ifndef SP_CORE_RDP_LEGS_PART_H
#define SP_CORE_RDP_LEGS_PART_H

#include "core/pdu/caps.h"
#include "core/rdp/dvcs.h"
#include "core/rdp/legs.h"
#include "core/rdp/machine.h"

#define SP_LEGS_NONE 0xFF /* no place in a list of channels */
#define SP_LEGS_EARLY_MAX (64u << 10) /* channel data that waits for the target */

/* The pointer that the target shows. */
enum sp_legs_shown {
	SP_LEGS_SHOWN_DEFAULT,
	SP_LEGS_SHOWN_HIDDEN,
	SP_LEGS_SHOWN_CACHED,
};

#define SP_LEGS_SETTLED 64

struct sp_legs {
	struct sp_rdp *user, *target;
	struct sp_legs_conf conf;
	const char *what;
	bool relaying, active;
	struct sp_rcbuf *demand; /* waits for the user's leg */

	uint8_t to_target[SP_GCC_MAX_CHANNELS], to_user[SP_GCC_MAX_CHANNELS];
	uint8_t dynamic; /* the user's number of drdynvc */
	uint8_t cliprdr, rdpdr; /* the user's numbers of them, where they are allowed */
	struct sp_dvcs dvcs;
	/* Large, and so made when something comes for them; NULL before. */
	struct sp_clip_filter *clip;
	struct sp_drive_filter *drive;
	bool answered;
	struct sp_legs_channel settled[SP_LEGS_SETTLED]; /* a ring of what was not told yet */
	size_t settled_first, n_settled;
	uint32_t settled_lost;
	/* Each a byte for the number, four for the length, and a chunk. */
	struct sp_wr early;
	bool early_lost;

	uint64_t input_us;
	bool marked; /* the owner is to be told of mark */
	uint32_t mark;
	uint32_t error_info;
	struct sp_legs_arc target_arc;
	bool arc_new; /* target_arc was not taken yet */

	/* From the last Demand and Confirm Active. */
	uint16_t width, height; /* of the target's desktop */
	bool target_reconnects, target_fast; /* AUTORECONNECT_SUPPORTED; fast-path input */
	bool user_reconnects, user_fast; /* the same of the client; fast-path output */
	uint16_t user_cache; /* slots for pointers; the last one is ours */
	bool user_new_pointer;
	uint16_t large_pointer; /* enum sp_caps_large_pointer_flag */

	bool in_update; /* fragments of an update follow: nothing may come between */
	enum sp_legs_shown shown;
	uint16_t shown_slot;
	bool pointing; /* our own pointer stands */
	bool covered; /* the target has set another one since */
	struct sp_wr put_off; /* what was to come between */

	struct sp_wr io; /* a changed packet of the I/O channel */
	struct sp_wr sets;
};

/* What becomes of a share PDU. */
enum sp_legs_fate {
	SP_LEGS_PASS,
	SP_LEGS_DROP,
	SP_LEGS_CHANGED, /* another one was written to l->io */
};

int sp_legs_fail(struct sp_legs *l, int err, const char *what);

/* legs_channels.c: which channel of the user is which of the target's. */
void sp_legs_map(struct sp_legs *l);
/* A chunk of a channel, by its number on the side that sent it. */
sp_nodiscard int sp_legs_channel_of_user(
		struct sp_legs *l, size_t index, struct sp_span chunk, uint64_t now_us);
sp_nodiscard int sp_legs_channel_of_target(struct sp_legs *l, size_t index, struct sp_span chunk);
/* What the user says before the target listens; and when it does. */
void sp_legs_hold(struct sp_legs *l, size_t index, struct sp_span chunk);
sp_nodiscard int sp_legs_release(struct sp_legs *l, uint64_t now_us);
void sp_legs_forget_early(struct sp_legs *l);

/* legs_caps.c: fate, or an error. Both write the PDU anew, with what may not pass left out. */
sp_nodiscard int sp_legs_demand(struct sp_legs *l, const struct sp_share *s);
sp_nodiscard int sp_legs_confirm(struct sp_legs *l, const struct sp_share *s);

/* legs_pointer.c: looks at what passes from the target. */
sp_nodiscard int sp_legs_see_fast(struct sp_legs *l, struct sp_span pdu);
void sp_legs_see_slow(struct sp_legs *l, struct sp_span body);
/* After what was looked at has been sent on. */
sp_nodiscard int sp_legs_seen(struct sp_legs *l);

/* legs_input.c: input of the user; *pass is what goes on, empty for nothing. */
sp_nodiscard int sp_legs_fast_input(
		struct sp_legs *l, struct sp_span pdu, uint64_t now_us, struct sp_span *pass);
/* fate, or an error */
sp_nodiscard int sp_legs_slow_input(struct sp_legs *l, const struct sp_share *s, uint64_t now_us);
/* What our own desktop was told of and the target was not. */
sp_nodiscard int sp_legs_replay(struct sp_legs *l);

#endif
