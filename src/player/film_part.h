/* player/film_part.h - what player and indexer share; private to this folder. */
#ifndef SP_PLAYER_FILM_PART_H
#define SP_PLAYER_FILM_PART_H

#include "core/pdu/gcc_client.h"
#include "core/rdp/client_replay.h"
#include "core/view/replay.h"
#include "host/audit/rec_read.h"
#include "player/film.h"

/* A recording whose first frames were read. */
struct film_source {
	struct sp_rec_reader *reader;
	struct sp_rec_meta meta;
	struct sp_gcc_client gcc; /* the names of the client's channels */
	uint16_t ids[SP_REC_MAX_CHANNELS];
	struct sp_client_replay_conf client;
	uint64_t zero; /* when it began, in the clock of the frames */
};

/* SP_ENOTFOUND where what a client knows before it starts is not in it yet. */
sp_nodiscard int film_source_open(
		struct film_source *s, int fd, const uint8_t key[SP_REC_KEY], char why[SP_REC_WHY]);
/* Accepts a zeroed one. */
void film_source_finish(struct film_source *s);
#define FILM_MEMORY (512u << 20) /* of the graphics pipeline, and as much of its codecs */

/* A client as it stands behind the header; NULL without memory. */
sp_nodiscard struct sp_replay *film_replay(
		const struct film_source *s, const struct sp_h264_impl *h264, size_t memory);
/* What a frame is to the client; others are passed over. */
sp_nodiscard int film_apply(struct sp_replay *r, const struct sp_rec_frame *frame);

#endif
