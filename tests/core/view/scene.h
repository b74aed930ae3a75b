/* tests/core/view/scene.h - a session with every codec, joined in memory, and all that its client was sent. */
#ifndef SP_TESTS_SCENE_H
#define SP_TESTS_SCENE_H

#include "unit.h"

#include "core/base/rcbuf.h"
#include "core/codec/h264.h"
#include "core/pdu/gcc_client.h"
#include "core/rdp/client_replay.h"

#define SCENE_W 320
#define SCENE_H 200
#define SCENE_TAPE 8192

/* One PDU, and what the client showed once it had it. */
struct scene_pdu {
	struct sp_rcbuf *b;
	uint64_t sum; /* over the picture, 0: there is none */
	uint32_t w, h;
	bool from_client; /* it is one that the server got */
};

struct scene;

/* h264 may be NULL. Up to the client's LICENSED. */
struct scene *scene_create(const struct sp_h264_impl *h264);
void scene_destroy(struct scene *s);
/*
 * All of it: bitmap updates, RemoteFX and NSCodec in surface commands, pointers, a reactivation
 * with another size, the graphics pipeline with all its codecs, another size while it runs, a
 * desktop without it at the end. length: how long each part is.
 */
void scene_play(struct scene *s, unsigned length);

size_t scene_tape(const struct scene *s, const struct scene_pdu **out);
/* What a replay of it has to know; borrowed from the scene. */
const struct sp_client_replay_conf *scene_conf(const struct scene *s);
/* The same sum as on the tape. */
uint64_t scene_sum(const uint8_t *px, uint32_t w, uint32_t h);

#endif
