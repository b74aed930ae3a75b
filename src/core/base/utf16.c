/* core/base/utf16.c - see utf16.h. */
#include "core/base/utf16.h"

#define BAD 0xFFFD

size_t sp_utf8_put(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

static uint16_t unit(struct sp_span in, size_t i)
{
	return (uint16_t)(in.p[2 * i] | in.p[2 * i + 1] << 8);
}

bool sp_utf16_to_utf8(struct sp_span in, char *out, size_t cap)
{
	size_t units = in.n / 2, at = 0;

	for (size_t i = 0; i < units && unit(in, i) != 0; i++) {
		uint32_t c = unit(in, i);
		char utf8[4];

		if (c >= 0xD800 && c < 0xDC00 && i + 1 < units && unit(in, i + 1) >= 0xDC00 &&
				unit(in, i + 1) < 0xE000) {
			c = 0x10000 + ((c - 0xD800) << 10) + (unit(in, i + 1) - 0xDC00u);
			i++;
		} else if (c >= 0xD800 && c < 0xE000) {
			c = BAD;
		}
		size_t n = sp_utf8_put(c, utf8);
		if (!(at + n < cap)) {
			out[at] = 0;
			return false;
		}
		memcpy(out + at, utf8, n);
		at += n;
	}
	out[at] = 0;
	return true;
}

uint32_t sp_utf8_next(const char **s)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *p = (const uint8_t *)*s;
	unsigned more = p[0] < 0x80 ? 0 : p[0] >> 5 == 6 ? 1 : p[0] >> 4 == 14 ? 2 : 3;
	uint32_t c = more == 0 ? p[0] : p[0] & (0x3Fu >> more);

	(*s)++;
	if (more == 3 && p[0] >> 3 != 30) {
		return BAD;
	}
	for (unsigned i = 1; i <= more; i++) {
		if (p[i] >> 6 != 2) {
			return BAD;
		}
		c = c << 6 | (p[i] & 0x3F);
	}
	*s += more;
	if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
		return BAD;
	}
	return c;
}

bool sp_char_hides(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
			{0, 0x1f}, {0x7f, 0x9f}, /* controls */
			{0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160},
			{0x17b4, 0x17b5}, {0x180b, 0x180f},
			{0x200b, 0x200f}, /* without width, and marks of direction */
			{0x2028, 0x202e}, /* separators of lines, embeddings and overrides */
			{0x2060, 0x206f}, /* joiners and isolates */
			{0x3164, 0x3164}, {0xd800, 0xdfff}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
			{0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xfffe, 0xffff},
			{0xe0000, 0xe0fff}, /* tags */
	};

	for (size_t i = 0; i < SP_LEN(ranges); i++) {
		if (ranges[i].from <= c && c <= ranges[i].to) {
			return true;
		}
	}
	return false;
}

size_t sp_utf16_units(const char *s)
{
	size_t n = 0;

	while (*s) {
		n += sp_utf8_next(&s) >= 0x10000 ? 2 : 1;
	}
	return n;
}

void sp_utf16_write(struct sp_wr *w, const char *s)
{
	while (*s) {
		uint32_t c = sp_utf8_next(&s);

		if (c >= 0x10000) {
			c -= 0x10000;
			sp_wr_le16(w, (uint16_t)(0xD800 + (c >> 10)));
			sp_wr_le16(w, (uint16_t)(0xDC00 + (c & 0x3FF)));
		} else {
			sp_wr_le16(w, (uint16_t)c);
		}
	}
}
