/*
 * tools/atlas.c - draws the glyphs of a font in the sizes of the greeter and writes them as C.
 * usage: atlas OUT.c REGULAR SEMIBOLD   (font files)
 */
#include <ft2build.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include FT_FREETYPE_H

/* Characters that may occur in a text of the greeter; those the font lacks are left out. */
static const struct {
	unsigned from, to;
} ranges[] = {
		{0x20, 0x7E}, /* ASCII */
		{0xA0, 0x17F}, /* Latin-1 Supplement, Latin Extended-A */
		{0x192, 0x192},
		{0x1E6, 0x1E7},
		{0x218, 0x21B}, /* Romanian */
		{0x237, 0x237},
		{0x2C6, 0x2C7},
		{0x2D8, 0x2DD},
		{0x370, 0x3FF}, /* Greek */
		{0x400, 0x4FF}, /* Cyrillic */
		{0x1E80, 0x1E85}, /* Welsh */
		{0x1E9E, 0x1E9E},
		{0x1EF2, 0x1EF3},
		{0x2010, 0x2027}, /* dashes, quotes, bullets, ellipsis */
		{0x202F, 0x203A},
		{0x2044, 0x2044},
		{0x20A0, 0x20BF}, /* currencies */
		{0x2116, 0x2116},
		{0x2122, 0x2122},
		{0x2190, 0x2199}, /* arrows */
		{0x21B5, 0x21B5},
		{0x21E7, 0x21E7},
		{0x2212, 0x2212},
		{0x2248, 0x2248},
		{0x2260, 0x2265},
		{0x25CB, 0x25CF},
		{0x2713, 0x2717},
};

/* The order of enum sp_ui_style; face is the argument behind OUT.c. */
static const struct {
	const char *name;
	int face, size;
} styles[] = {{"small", 0, 13}, {"text", 0, 15}, {"strong", 1, 15}, {"title", 1, 26}};

#define SCALES 2
#define MAX_GLYPHS 2048
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

struct glyph {
	unsigned code;
	int left, top;
	unsigned w, h;
	unsigned advance;
	size_t at;
};

static struct glyph glyphs[MAX_GLYPHS];
static size_t n_glyphs, n_bytes;

static void die(const char *what, const char *name)
{
	fprintf(stderr, "atlas: %s: %s\n", name, what);
	exit(1);
}

/* A row of coverage as a piece of a string literal. */
static void put_row(FILE *out, const uint8_t *p, size_t n)
{
	if (n == 0) {
		return;
	}
	fputs("\t\"", out);
	for (size_t i = 0; i < n; i++) {
		if (p[i] > ' ' && p[i] < 0x7F && !strchr("\"\\?", p[i])) {
			fputc(p[i], out);
		} else {
			fprintf(out, "\\%03o", (unsigned)p[i]);
		}
	}
	fputs("\"\n", out);
	n_bytes += n;
}

static struct glyph *add(unsigned code, int left, int top, unsigned w, unsigned h, unsigned advance)
{
	if (n_glyphs == MAX_GLYPHS || w > 255 || h > 255 || left < -128 || left > 127 ||
			top < -128 || top > 127) {
		die("a glyph that does not fit the table", "font");
	}
	struct glyph *g = &glyphs[n_glyphs++];

	*g = (struct glyph){code, left, top, w, h, advance, n_bytes};
	return g;
}

/* What stands for a character that the font lacks: an upright frame. */
static void put_box(FILE *out, unsigned size)
{
	unsigned w = size / 2, h = size * 7 / 10, line = size > 30 ? 2 : 1;
	uint8_t row[256];

	add(0, (int)(size / 12 + 1), (int)h, w, h, (w + 2 * (size / 12 + 1)) * 64);
	for (unsigned y = 0; y < h; y++) {
		bool rim = y < line || y >= h - line;
		for (unsigned x = 0; x < w; x++) {
			row[x] = rim || x < line || x >= w - line ? 0xB0 : 0;
		}
		put_row(out, row, w);
	}
}

static void put_glyph(FILE *out, FT_Face face, unsigned code)
{
	FT_UInt index = FT_Get_Char_Index(face, code);

	if (index == 0) {
		return;
	}
	if (FT_Load_Glyph(face, index, FT_LOAD_TARGET_LIGHT | FT_LOAD_RENDER)) {
		die("cannot draw a glyph", face->family_name);
	}
	FT_GlyphSlot s = face->glyph;

	add(code, s->bitmap_left, s->bitmap_top, s->bitmap.width, s->bitmap.rows,
			(unsigned)(s->linearHoriAdvance + 512) / 1024);
	for (unsigned y = 0; y < s->bitmap.rows; y++) {
		put_row(out, s->bitmap.buffer + (size_t)y * (size_t)s->bitmap.pitch,
				s->bitmap.width);
	}
}

static void put_font(FILE *out, FT_Face face, size_t style, int scale)
{
	const char *name = styles[style].name;
	unsigned size = (unsigned)(styles[style].size * scale);

	if (FT_Set_Pixel_Sizes(face, 0, size)) {
		die("no such size", face->family_name);
	}
	n_glyphs = 0;
	n_bytes = 0;
	fprintf(out, "static const uint8_t %s_%d_coverage[] =\n", name, scale);
	put_box(out, size);
	for (size_t i = 0; i < LEN(ranges); i++) {
		for (unsigned code = ranges[i].from; code <= ranges[i].to; code++) {
			put_glyph(out, face, code);
		}
	}
	fprintf(out, ";\nstatic const struct sp_ui_glyph %s_%d_glyph[] = {\n", name, scale);
	for (size_t i = 0; i < n_glyphs; i++) {
		const struct glyph *g = &glyphs[i];
		fprintf(out, "\t{%u, %d, %d, %u, %u, %u, %zu},\n", g->code, g->left, g->top, g->w,
				g->h, g->advance, g->at);
	}
	fputs("};\n", out);
}

/* The line is the same for all faces of a family: 1.5 em with the letters in its middle. */
static void put_entry(FILE *out, FT_Face face, size_t style, int scale)
{
	const char *name = styles[style].name;
	int size = styles[style].size * scale;
	int em = face->units_per_EM;
	int ascent = (face->ascender * size + em - 1) / em;
	int descent = (-face->descender * size + em - 1) / em;
	int line = size * 3 / 2 > ascent + descent ? size * 3 / 2 : ascent + descent;

	fprintf(out,
			"\t\t{%d, %d, %d, %d, sizeof(%s_%d_glyph) / sizeof(%s_%d_glyph[0]), "
			"%s_%d_glyph,\n",
			size, ascent, descent, line, name, scale, name, scale, name, scale);
	fprintf(out, "\t\t\t%s_%d_coverage, sizeof(%s_%d_coverage) - 1},\n", name, scale, name,
			scale);
}

int main(int argc, char **argv)
{
	FT_Library lib;
	FT_Face face[2];

	if (argc != 4 || FT_Init_FreeType(&lib)) {
		fputs("usage: atlas OUT.c REGULAR SEMIBOLD\n", stderr);
		return 2;
	}
	for (int i = 0; i < 2; i++) {
		if (FT_New_Face(lib, argv[2 + i], 0, &face[i])) {
			die("cannot be read as a font (package fonts-inter; option `fonts`)",
					argv[2 + i]);
		}
	}
	FILE *out = fopen(argv[1], "w");

	if (!out) {
		die("cannot be written", argv[1]);
	}
	fputs("/* Made by tools/atlas.c. */\n#include \"core/ui/atlas_data.h\"\n\n", out);
	for (size_t i = 0; i < LEN(styles); i++) {
		for (int scale = 1; scale <= SCALES; scale++) {
			put_font(out, face[styles[i].face], i, scale);
		}
	}
	fputs("const struct sp_ui_font sp_ui_fonts[SP_UI_STYLE_COUNT][SP_UI_MAX_SCALE] = {\n", out);
	for (size_t i = 0; i < LEN(styles); i++) {
		fputs("\t{\n", out);
		for (int scale = 1; scale <= SCALES; scale++) {
			put_entry(out, face[styles[i].face], i, scale);
		}
		fputs("\t},\n", out);
	}
	fputs("};\n", out);
	if (fclose(out)) {
		die("cannot be written", argv[1]);
	}
	for (int i = 0; i < 2; i++) {
		FT_Done_Face(face[i]);
	}
	FT_Done_FreeType(lib);
	return 0;
}
