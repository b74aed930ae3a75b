/* desk/session/shape.h - the pointer's shape as updates for one client, with its cache. */
#ifndef SP_DESK_SESSION_SHAPE_H
#define SP_DESK_SESSION_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "core/view/cursor.h"
#include "desk/session/xcursor.h"

#define SP_SHAPE_SLOTS 25
/* The largest body: xor and and mask of a large pointer, and what stands before them. */
#define SP_SHAPE_MAX_BODY \
	(SP_CURSOR_LARGE_MAX * SP_CURSOR_LARGE_MAX * 4 + \
			SP_CURSOR_LARGE_MAX * SP_CURSOR_LARGE_MAX / 8 + 64)

struct sp_caps;

/* What a client can show and what it holds. */
struct sp_shape {
	bool color_only; /* no new pointer: 24 bits, no alpha */
	bool large; /* takes pointers above 96 pixels */
	uint32_t side; /* pixels a side that an ordinary update may have */
	size_t max_body;
	size_t n; /* INVARIANT: 1 <= n <= SP_SHAPE_SLOTS */
	struct {
		uint64_t hash;
		uint64_t used; /* when, in our own count; 0: empty */
	} slot[SP_SHAPE_SLOTS];
	uint64_t count;
	bool shown; /* hash is what the client shows */
	uint64_t hash;
	uint8_t pixels[SP_XCURSOR_MAX_SIZE * SP_XCURSOR_MAX_SIZE * 4];
};

/* Empty, for a client with these capabilities that takes bodies of so many bytes. */
void sp_shape_init(struct sp_shape *s, const struct sp_caps *caps, size_t max_body);
/*
 * Appends the body of the update that makes the client show the image and sets *code (enum
 * sp_fp_code). 1; 0 when it shows it already; or an error.
 */
sp_nodiscard int sp_shape_update(struct sp_shape *s, const struct sp_xcursor_image *image,
		uint8_t *code, struct sp_wr *body);

#endif
