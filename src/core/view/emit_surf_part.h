/* core/view/emit_surf_part.h - what the files of emit_surf have in common; private to this folder. */
#ifndef SP_CORE_VIEW_EMIT_SURF_PART_H
#define SP_CORE_VIEW_EMIT_SURF_PART_H

#include "core/view/classify.h"
#include "core/view/emit_surf.h"
#include "core/view/mirror.h"

#define TILE SP_MIRROR_TILE
#define MAX_REQUEST (256u << 10) /* as our own capabilities say */
#define JOB_PIECES 24

enum stage {
	STAGE_NONE, /* no frame */
	STAGE_BEGIN, /* the marker is next */
	STAGE_EXACT, /* bitmap updates */
	STAGE_LOSSY, /* surface commands */
	STAGE_END,
};

/* How near the client's picture is to what was on the screen, worst first. */
enum shown {
	SHOWN_POOR,
	SHOWN_GOOD,
	SHOWN_EXACT,
};

/* Bytes of a thousand pixels, as the last frames had them. */
enum price {
	PRICE_SHARP,
	PRICE_PICTURE,
	PRICE_POOR,
	PRICE_EXACT, /* of a picture */
	PRICES,
};

struct tile {
	struct sp_heat heat;
	uint8_t class; /* enum sp_class */
	uint8_t shown; /* enum shown */
	struct sp_rect lossy; /* what is shown with loss; none where shown is exact */
};

struct piece {
	struct sp_rect r;
	size_t tile;
	uint8_t price; /* enum price */
	struct sp_span data; /* in its job's output, once that has run */
};

/* Pieces in a row, all of them lossy or none, that one thread encodes. */
struct job {
	size_t first, n;
	struct sp_wr out;
	int err;
};

struct worker {
	struct sp_rfx_work *rfx; /* one of the two */
	struct sp_nsc_enc *nsc;
};

struct sp_emit_surf {
	struct sp_emit_surf_conf conf;
	struct sp_mirror *mirror;
	struct tile *tile;
	size_t n_tiles, at, inexact;
	const struct sp_rfx_kernel *kernel;
	struct sp_rfx_enc *rfx;
	struct worker worker[SP_EMIT_SURF_WORKERS];
	struct sp_wr scratch; /* a message before its header can be written */
	uint32_t price[PRICES];

	/* The frame that was begun: pieces of exact updates, then those with loss. */
	enum stage stage;
	uint32_t frame;
	uint64_t now_us;
	struct piece *piece; /* n_tiles + n_tiles, exact ones from the front, others from the middle */
	size_t n_exact, n_lossy, next, cost, pixels;
	struct job *job;
	size_t n_jobs, cap_jobs;
};

#endif
