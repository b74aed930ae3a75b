/* core/pdu/fastpath.h - fast-path framing of input and output, events and update headers. */
#ifndef SP_CORE_PDU_FASTPATH_H
#define SP_CORE_PDU_FASTPATH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/pdu/input.h"

#define SP_FP_MAX 0x3FFF /* most peers refuse longer PDUs although 15 bits exist */
#define SP_FP_HEADER 3 /* header and a two-byte length, as we write them */
#define SP_FP_UPDATE_HEADER 3 /* of one update without compression */
#define SP_FP_MAX_EVENTS 255
/* Bytes of update data that fit into one PDU of its own. */
#define SP_FP_MAX_DATA (SP_FP_MAX - SP_FP_HEADER - SP_FP_UPDATE_HEADER)

/*
 * [MS-RDPBCGR] 2.2.8.1.2 Client Fast-Path Input Event PDU (TS_FP_INPUT_PDU). r holds the whole
 * PDU. Read the count (1..SP_FP_MAX_EVENTS), then that many events, then sp_rd_end().
 * Encrypted PDUs are refused: there is no Standard RDP Security here.
 */
sp_nodiscard int sp_fp_input_read(struct sp_rd *r, size_t *n);
sp_nodiscard int sp_fp_input_event_read(struct sp_rd *r, struct sp_input_event *out);
/* One PDU; 1 <= n <= SP_FP_MAX_EVENTS. */
void sp_fp_input_write(struct sp_wr *w, const struct sp_input_event *ev, size_t n);

/* [MS-RDPBCGR] 2.2.9.1.2.1 updateCode */
enum sp_fp_code {
	SP_FP_ORDERS = 0x0,
	SP_FP_BITMAP = 0x1,
	SP_FP_PALETTE = 0x2,
	SP_FP_SYNCHRONIZE = 0x3,
	SP_FP_SURFCMDS = 0x4,
	SP_FP_PTR_NULL = 0x5,
	SP_FP_PTR_DEFAULT = 0x6,
	SP_FP_PTR_POSITION = 0x8,
	SP_FP_COLOR = 0x9,
	SP_FP_CACHED = 0xA,
	SP_FP_POINTER = 0xB,
	SP_FP_LARGE_POINTER = 0xC,
};

enum sp_fp_fragment {
	SP_FP_SINGLE = 0,
	SP_FP_LAST = 1,
	SP_FP_FIRST = 2,
	SP_FP_NEXT = 3,
};

/* [MS-RDPBCGR] 2.2.9.1.2.1 Fast-Path Update (TS_FP_UPDATE) */
struct sp_fp_update {
	uint8_t code; /* enum sp_fp_code; other values are possible and to be ignored */
	enum sp_fp_fragment fragment;
	bool has_compression;
	uint8_t compression; /* as compressedType of the Share Data Header */
	struct sp_span data; /* borrowed from the input */
};

/*
 * [MS-RDPBCGR] 2.2.9.1.2 Server Fast-Path Update PDU (TS_FP_UPDATE_PDU). r holds the whole
 * PDU; afterwards read updates while bytes are left.
 */
sp_nodiscard int sp_fp_output_read(struct sp_rd *r);
sp_nodiscard int sp_fp_update_read(struct sp_rd *r, struct sp_fp_update *out);

/* A PDU with its length left open; updates go between. */
size_t sp_fp_output_begin(struct sp_wr *w);
/* Fills the length in; marks w SP_ESPACE when the PDU is longer than SP_FP_MAX. */
void sp_fp_output_end(struct sp_wr *w, size_t at);
/* An update with its size left open; the data goes between. */
size_t sp_fp_update_begin(struct sp_wr *w, enum sp_fp_code code, enum sp_fp_fragment fragment);
void sp_fp_update_end(struct sp_wr *w, size_t at);
/*
 * Writes data as one update in as many whole PDUs as it takes, none above SP_FP_MAX. The
 * caller has checked data.n against the peer's MaxRequestSize.
 */
void sp_fp_update_write(struct sp_wr *w, enum sp_fp_code code, struct sp_span data);

/*
 * Puts the fragments of one update together. max is the MaxRequestSize we announced. Only one
 * update may be open, and its fragments must follow each other.
 */
struct sp_fp_join {
	struct sp_wr data; /* grows with what arrives, never with what is claimed */
	bool open;
	uint8_t code;
};

void sp_fp_join_init(struct sp_fp_join *j, size_t max);
void sp_fp_join_finish(struct sp_fp_join *j);
/*
 * 1 when an update is complete: *whole is it, valid until the next call on j or the end of the
 * input. 0 when fragments are missing. Refuses compressed updates.
 */
sp_nodiscard int sp_fp_join_add(
		struct sp_fp_join *j, const struct sp_fp_update *in, struct sp_fp_update *whole);

#endif
