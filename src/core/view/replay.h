/* core/view/replay.h - what a client showed, from the bytes that it was sent. */
#ifndef SP_CORE_VIEW_REPLAY_H
#define SP_CORE_VIEW_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "core/base/span.h"
#include "core/base/wr.h"

/*
 * Our own client, as it stands when the Demand Active comes, without anybody at the other end: it
 * is fed PDUs and keeps the picture; what it has to say is thrown away. Pure. What it is fed is
 * hostile: memory is bounded by the conf, the work of one PDU by what its decoders bound.
 */
struct sp_replay;
struct sp_client_replay_conf;
struct sp_h264_impl;

#define SP_REPLAY_SIDE 32766
#define SP_REPLAY_AREA (33u << 20) /* pixels of the largest picture */
#define SP_REPLAY_H264 (8u << 20) /* bytes of streams kept per surface, so that it can be saved */
#define SP_REPLAY_STATE (1u << 30) /* no state is longer */

struct sp_replay_conf {
	const struct sp_client_replay_conf *client; /* borrowed while create runs */
	const struct sp_h264_impl *h264; /* NULL: without AVC */
	bool saves; /* sp_replay_save() will be called */
	size_t memory; /* of the graphics pipeline; 0: SP_GFX_CLIENT_MEMORY */
};

/* NULL without memory or for a conf out of range. */
sp_nodiscard struct sp_replay *sp_replay_create(const struct sp_replay_conf *conf);
/* Accepts NULL. */
void sp_replay_destroy(struct sp_replay *r);

/*
 * The Confirm Active that the server got, a share control PDU: it says by what numbers codecs go.
 * Not called: they go by those of our own client.
 */
void sp_replay_confirm(struct sp_replay *r, struct sp_span pdu);
/*
 * One or more whole PDUs that the client was sent. An error ends the connection, as it would have
 * ended ours; the picture stays, and every later call gives it again. A picture, pointer or
 * pipeline message that cannot be shown is no such error: it is counted and passed over.
 */
sp_nodiscard int sp_replay_out(struct sp_replay *r, struct sp_span pdus, uint64_t now_us);
/* A whole PDU that the server got: it tells where the pointer is. */
void sp_replay_in(struct sp_replay *r, struct sp_span pdu);

/* BGRX, top-down, w * 4 bytes a row; NULL before there is one. Valid until the next call. */
const uint8_t *sp_replay_picture(const struct sp_replay *r, uint32_t *w, uint32_t *h);
/* What changed in it since the last call; a new size is everything. */
struct sp_rect sp_replay_changed(struct sp_replay *r);
/* The client has a desktop: between its activation and a deactivation. */
bool sp_replay_active(const struct sp_replay *r);
/* What could not be shown. */
uint64_t sp_replay_damaged(const struct sp_replay *r);

/* Changes whenever the pointer does, its place included. */
uint32_t sp_replay_pointer_serial(const struct sp_replay *r);
/*
 * Copies the picture to px (w * 4 bytes a row, of the picture's size) with the pointer in it,
 * when it is one that is shown and somebody said where it is.
 */
void sp_replay_compose(const struct sp_replay *r, uint8_t *px);

/*
 * The whole state between two calls, and back into a fresh one of the same conf, which then shows
 * the same and goes on the same. SP_ESTATE where there is no state to be saved: after an error,
 * or when too much of a film has gone by since its last whole picture. What load is given is
 * hostile; after an error the replay is of no use.
 */
sp_nodiscard int sp_replay_save(const struct sp_replay *r, struct sp_wr *w);
sp_nodiscard int sp_replay_load(struct sp_replay *r, struct sp_span state);

#endif
