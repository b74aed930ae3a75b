/* core/ui/atlas.h - the glyphs of the kit's fonts, made at build time by tools/atlas.c. */
#ifndef SP_CORE_UI_ATLAS_H
#define SP_CORE_UI_ATLAS_H

#include <stddef.h>
#include <stdint.h>

/* What a text is for; each has a size of its own, and all of them once more at twice the size. */
enum sp_ui_style {
	SP_UI_SMALL, /* labels, footer */
	SP_UI_TEXT, /* paragraphs, fields */
	SP_UI_STRONG, /* buttons, the chosen line */
	SP_UI_TITLE, /* one per screen; digits of a code */
	SP_UI_STYLE_COUNT
};

#define SP_UI_MAX_SCALE 2

/* One glyph: a box of w * h coverage bytes whose upper left corner lies at (left, -top) of the pen. */
struct sp_ui_glyph {
	uint16_t code; /* Unicode; 0 is the box for what the font lacks */
	int8_t left;
	int8_t top;
	uint8_t w, h;
	uint16_t advance; /* 1/64 pixel */
	uint32_t at; /* offset into coverage */
};

struct sp_ui_font {
	uint8_t size; /* pixels per em */
	uint8_t ascent, descent, line; /* pixels; line >= ascent + descent */
	uint16_t n;
	const struct sp_ui_glyph *glyph; /* sorted by code; [0] is the box */
	const uint8_t *coverage; /* 0 nothing .. 255 full */
	size_t n_coverage;
};

/* INVARIANT: scale is 1 or 2; anything else gives scale 1. Static. */
const struct sp_ui_font *sp_ui_font(enum sp_ui_style style, unsigned scale);
/* The glyph of a character, the box when there is none. Static. */
const struct sp_ui_glyph *sp_ui_glyph(const struct sp_ui_font *f, uint32_t code);

#endif
