/* core/codec/progressive_state.h - what a decoder keeps of a surface's tiles. */
#ifndef SP_CORE_CODEC_PROGRESSIVE_STATE_H
#define SP_CORE_CODEC_PROGRESSIVE_STATE_H

#include "core/codec/progressive.h"
#include "core/codec/progressive_core.h"

/* Which coefficients earlier passes told of, and their signs. */
struct sp_prog_signs {
	uint64_t known[3][SP_RFX_MASK], negative[3][SP_RFX_MASK];
};

struct sp_prog_tile {
	int16_t *coef[3]; /* dequantized; NULL: 0 but for LL3, which is flat throughout */
	int16_t flat[3];
	struct sp_prog_signs *signs; /* NULL when nothing is to come */
	struct sp_prog_quant quant[3], bits[3]; /* of the last pass; bits are those still to come */
	enum sp_rfx_layout layout;
	bool sent; /* a first pass was there */
	/* For the regions of one frame that share their tiles. */
	uint32_t frame;
	uint16_t unpainted; /* pixels since it was last decoded */
	uint8_t again; /* times it was painted without being decoded */
	uint32_t region; /* that decoded it last */
};

struct sp_prog_dec {
	const struct sp_rfx_kernel *k;
	uint32_t w, h, columns, rows;
	size_t max, used; /* of coefficients and signs of the tiles */
	struct sp_prog_tile **tiles; /* columns x rows, NULL where none was sent */
	uint32_t region; /* counts the regions decoded */
	/* For one call: three planes, coefficients and pixels, aligned, within one allocation. */
	void *scratch;
	int16_t *plane[3], *coef;
	uint8_t *px;
};

/* One rectangle of a region within one tile. */
struct sp_prog_piece {
	uint8_t x, y, w, h; /* INVARIANT: within 64 x 64 and the surface */
};

/* A region while it is decoded: where to, and what its tiles refer to. */
struct sp_prog_region {
	struct sp_prog_dec *d;
	uint32_t frame;
	uint8_t *px; /* the surface's */
	size_t stride;
	enum sp_rfx_layout layout;
	uint8_t nquants, nsteps;
	uint16_t nrects, ntiles;
	uint32_t tile_bytes;
	struct sp_span rects;
	struct sp_prog_quant quant[SP_PROG_MAX_QUANTS];
	struct sp_prog_step step[255]; /* as many as nsteps can tell */
	/* The pieces of tile i of the grid are first[i] to first[i + 1]. */
	uint32_t *first;
	struct sp_prog_piece *piece;
	uint32_t column, row, columns, rows; /* tiles that rectangles touch, as a box */
};

/* The tiles of a region, each painted once it is decoded; r ends with the last. */
sp_nodiscard int sp_prog_region_tiles(struct sp_prog_region *g, struct sp_rd *r);
/* Tile i of the grid, where rectangles of the region want it. */
void sp_prog_paint(struct sp_prog_region *g, size_t i, struct sp_prog_tile *t);

/* Times that a tile is painted again for later regions of a frame, at most. */
#define SP_PROG_AGAIN_MAX 16

/* The tile at the index, made when it was not there; SP_ENOMEM. */
int sp_prog_tile_get(struct sp_prog_dec *d, size_t i, struct sp_prog_tile **out);
/*
 * Component c gets coefficients of its own (with rubbish in them), or signs, unless it has them.
 * SP_ELIMIT above max, SP_ENOMEM.
 */
int sp_prog_tile_own(struct sp_prog_dec *d, struct sp_prog_tile *t, size_t c);
int sp_prog_tile_signs(struct sp_prog_dec *d, struct sp_prog_tile *t);
/* The other way. */
void sp_prog_tile_flatten(struct sp_prog_dec *d, struct sp_prog_tile *t, size_t c, int16_t value);
void sp_prog_tile_forget_signs(struct sp_prog_dec *d, struct sp_prog_tile *t);
bool sp_prog_quant_zero(const struct sp_prog_quant q[3]);

#endif
