/* host/audit/rec.h - what a recording is made of: the frames in it, and the sizes of all. */
#ifndef SP_HOST_AUDIT_REC_H
#define SP_HOST_AUDIT_REC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/rd.h"
#include "core/base/span.h"
#include "core/base/wr.h"

/*
 * A recording is a file: a header in clear, then segments. A segment is a short header in clear
 * and sealed bytes; opened (and unpacked) they are whole frames, one behind the other. Nothing
 * in it is ever changed, it only grows. docs/RECORDING.md has every byte.
 */
#define SP_REC_ID 26 /* characters: letters and digits, no path in them */
#define SP_REC_MAX_AUDITORS 16
#define SP_REC_MAX_FRAME (64u << 10) /* bytes of a frame: a whole TPKT or fast-path PDU */
#define SP_REC_FRAME_HEAD 13 /* kind, time, length */
#define SP_REC_PLAIN (64u << 10) /* a segment is cut before it grows past this */
/* What a reader takes: one frame may be larger than SP_REC_PLAIN by its head. */
#define SP_REC_PLAIN_MAX (SP_REC_PLAIN + SP_REC_FRAME_HEAD)
#define SP_REC_SEGMENT_HEAD 24
#define SP_REC_TAG 16
#define SP_REC_HASH 32
#define SP_REC_WHY 256

/* SP_REC_ID capital letters and digits, and its end. */
bool sp_rec_id_good(const char *id);

/* Numbers of the file format: they never change, new ones come at the end. */
enum sp_rec_kind {
	SP_REC_NONE,
	/* Once, before all others: struct sp_rec_meta. */
	SP_REC_META,
	/* Before the first OUT: struct sp_rec_header. A player builds its client from it. */
	SP_REC_HEADER,
	/*
	 * One whole TPKT or fast-path PDU as the client got it; the first is the target's Demand
	 * Active. What comes after a Demand Active follows the usual finalization.
	 */
	SP_REC_OUT,
	/* Of the user: struct sp_rec_in. */
	SP_REC_IN,
	/* Of a channel: struct sp_rec_channel. */
	SP_REC_CHANNEL,
	/* The desktop's size, from a Demand Active: width and height, two bytes each. */
	SP_REC_RESIZE,
	/* Text: something that is worth finding again. */
	SP_REC_MARK,
	/* The client's Confirm Active as the target got it, a share control PDU. */
	SP_REC_CONFIRM,
	/* The last one: struct sp_rec_end. */
	SP_REC_END,
	SP_REC_KIND_COUNT
};

/*
 * On the way to the recorder, which sets the time, a frame has a shorter head: its kind, three
 * zero bytes and the length in four.
 */
#define SP_REC_STREAM_HEAD 8

struct sp_rec_frame {
	uint32_t kind; /* enum sp_rec_kind; a reader passes over those it does not know */
	uint64_t us; /* monotonic clock of the machine that recorded; never decreases */
	struct sp_span data; /* INVARIANT: at most SP_REC_MAX_FRAME */
};

void sp_rec_frame_write(struct sp_wr *w, const struct sp_rec_frame *in);
/* SP_OK, or what is wrong; data is borrowed from r. */
sp_nodiscard int sp_rec_frame_read(struct sp_rd *r, struct sp_rec_frame *out);

/* ---- bodies; their texts are UTF-8 without controls ---- */

#define SP_REC_TEXT 256

struct sp_rec_meta {
	char session[40], user[SP_REC_TEXT], target[SP_REC_TEXT], from[64], host[SP_REC_TEXT];
};

void sp_rec_meta_write(struct sp_wr *w, const struct sp_rec_meta *in);
sp_nodiscard int sp_rec_meta_read(struct sp_span data, struct sp_rec_meta *out);

#define SP_REC_MAX_CHANNELS 31

/* Spans are borrowed. */
struct sp_rec_header {
	uint32_t share_id; /* 0: the Demand Active says it */
	uint32_t info_flags; /* of Client Info; neither user nor password is kept */
	uint32_t protocol; /* SP_PROTO_* of the user's leg */
	uint16_t user_id, io_id, message_id; /* MCS channels of the user's leg; 0: none */
	size_t n_channels;
	struct {
		char name[8];
		uint32_t options;
		uint16_t id; /* of the user's leg; 0: refused */
		bool open; /* the rules let it through to the target */
	} channel[SP_REC_MAX_CHANNELS]; /* in the order of the client's list */
	/* Conference data as sp_gcc_client_read() and sp_gcc_server_read() take them. */
	struct sp_span gcc_client, gcc_server;
};

void sp_rec_header_write(struct sp_wr *w, const struct sp_rec_header *in);
sp_nodiscard int sp_rec_header_read(struct sp_span data, struct sp_rec_header *out);

enum sp_rec_in_how {
	SP_REC_IN_NONE,
	SP_REC_IN_TIMING, /* that something was done, not what */
	SP_REC_IN_PDU, /* a whole fast-path or TPKT PDU as the target got it */
};

struct sp_rec_in {
	uint32_t how; /* enum sp_rec_in_how */
	uint16_t keys, mouse, other; /* TIMING: how many events of each */
	struct sp_span pdu; /* PDU */
};

void sp_rec_in_write(struct sp_wr *w, const struct sp_rec_in *in);
sp_nodiscard int sp_rec_in_read(struct sp_span data, struct sp_rec_in *out);

enum sp_rec_channel_what {
	SP_REC_CHANNEL_NONE,
	/* Bytes of the client that passed: a chunk with its header. */
	SP_REC_CHANNEL_CHUNK,
	/* A transfer over clipboard or drives that passed or was refused: text, as for the log. */
	SP_REC_CHANNEL_TRANSFER,
};

struct sp_rec_channel {
	uint32_t what; /* enum sp_rec_channel_what */
	uint8_t index; /* place in the client's list of channels; 0xFF: not a matter of one */
	struct sp_span data;
};

void sp_rec_channel_write(struct sp_wr *w, const struct sp_rec_channel *in);
sp_nodiscard int sp_rec_channel_read(struct sp_span data, struct sp_rec_channel *out);

struct sp_rec_end {
	uint32_t why; /* enum sp_why of host/monitor; SP_REC_WHY_LOST: nobody said */
	char text[SP_REC_TEXT];
};

#define SP_REC_WHY_LOST 0xFFFFFFFFu

void sp_rec_end_write(struct sp_wr *w, const struct sp_rec_end *in);
sp_nodiscard int sp_rec_end_read(struct sp_span data, struct sp_rec_end *out);

#endif
