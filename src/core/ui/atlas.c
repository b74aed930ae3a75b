/* core/ui/atlas.c - finds fonts and glyphs in the tables that tools/atlas.c wrote. */
#include "core/ui/atlas.h"

#include "core/ui/atlas_data.h"

const struct sp_ui_font *sp_ui_font(enum sp_ui_style style, unsigned scale)
{
	unsigned i = (unsigned)style < SP_UI_STYLE_COUNT ? (unsigned)style : SP_UI_TEXT;

	return &sp_ui_fonts[i][scale == 2 ? 1 : 0];
}

const struct sp_ui_glyph *sp_ui_glyph(const struct sp_ui_font *f, uint32_t code)
{
	size_t lo = 1, hi = f->n;

	if (code >= ' ' && code < 0x7F && code - ' ' + 1 < f->n &&
			f->glyph[code - ' ' + 1].code == code) {
		return &f->glyph[code - ' ' + 1]; /* ASCII stands at the front without gaps */
	}
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->glyph[mid].code == code) {
			return &f->glyph[mid];
		}
		if (f->glyph[mid].code < code) {
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return &f->glyph[0];
}
