/* core/codec/zgfx_token.h - the static code of RDP 8.0 bulk compression; private to this folder. */
#ifndef SP_CORE_CODEC_ZGFX_TOKEN_H
#define SP_CORE_CODEC_ZGFX_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/codec/zgfx.h"

/* [MS-RDPEGFX] 2.2.5.1 descriptor, 2.2.5.3 header */
enum {
	ZGFX_SINGLE = 0xE0,
	ZGFX_MULTIPART = 0xE1,
	ZGFX_TYPE_MASK = 0x0F,
	ZGFX_TYPE_FULL = 0x04,
	ZGFX_TYPE_LITE = 0x06,
	ZGFX_COMPRESSED = 0x20,
};

#define ZGFX_MIN_MATCH 3
#define ZGFX_MAX_SEGMENTS 65535u
#define ZGFX_LITERALS 25 /* with a short code; others are a 0 and their eight bits */
#define ZGFX_MATCHES 11

/* [MS-RDPEGFX] 3.1.9.1.2.4 */
struct zgfx_literal {
	uint8_t code, bits; /* code is right-aligned */
	uint8_t value;
};

struct zgfx_match {
	uint8_t code, bits, extra;
	uint32_t base; /* distance when the extra bits are 0; the first row's 0 is a raw run */
};

extern const struct zgfx_literal zgfx_literals[ZGFX_LITERALS];
extern const struct zgfx_match zgfx_matches[ZGFX_MATCHES];

static inline uint32_t zgfx_window(enum sp_zgfx_kind kind)
{
	return kind == SP_ZGFX_LITE ? SP_ZGFX_LITE_WINDOW : SP_ZGFX_WINDOW;
}

static inline uint32_t zgfx_segment(enum sp_zgfx_kind kind)
{
	return kind == SP_ZGFX_LITE ? SP_ZGFX_LITE_SEGMENT : SP_ZGFX_SEGMENT;
}

static inline uint8_t zgfx_type(enum sp_zgfx_kind kind)
{
	return kind == SP_ZGFX_LITE ? ZGFX_TYPE_LITE : ZGFX_TYPE_FULL;
}

#endif
