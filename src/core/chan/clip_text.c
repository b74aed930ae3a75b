/* core/chan/clip_text.c - see clip_text.h. */
#include "core/chan/clip_text.h"

#define BAD 0xFFFD

/* A character of UTF-8 at p < end; moves behind it. One byte of what is none gives U+FFFD. */
static uint32_t take_utf8(const uint8_t **at, const uint8_t *end)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *p = *at;
	unsigned more = p[0] < 0x80       ? 0
			: p[0] >> 5 == 6  ? 1
			: p[0] >> 4 == 14 ? 2
			: p[0] >> 3 == 30 ? 3
					  : 4;

	*at = p + 1;
	if (more == 0) {
		return p[0];
	}
	if (more == 4 || !(more < (size_t)(end - p))) {
		return BAD;
	}
	uint32_t c = p[0] & (0x3Fu >> more);
	for (unsigned i = 1; i <= more; i++) {
		if (p[i] >> 6 != 2) {
			return BAD;
		}
		c = c << 6 | (p[i] & 0x3F);
	}
	if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
		return BAD;
	}
	*at = p + 1 + more;
	return c;
}

static uint8_t *put16(uint8_t *to, uint32_t c)
{
	to[0] = (uint8_t)c;
	to[1] = (uint8_t)(c >> 8);
	return to + 2;
}

/* Units without the NUL; writes them where to is not NULL. */
static size_t to_units(struct sp_span utf8, uint8_t *to)
{
	const uint8_t *p = utf8.p, *end = utf8.p + utf8.n;
	size_t n = 0;
	uint32_t last = 0;

	while (p < end) {
		uint32_t c = *p < 0x80 ? *p++ : take_utf8(&p, end);
		size_t units = c == '\n' && last != '\r' ? 2 : c >= 0x10000 ? 2 : 1;

		if (to && units == 1) {
			to = put16(to, c);
		} else if (to && c == '\n') {
			to = put16(put16(to, '\r'), '\n');
		} else if (to) {
			to = put16(to, 0xD800 + ((c - 0x10000) >> 10));
			to = put16(to, 0xDC00 + ((c - 0x10000) & 0x3FF));
		}
		n += units;
		last = c;
	}
	return n;
}

int sp_clip_text_write(struct sp_wr *w, struct sp_span utf8)
{
	const uint8_t *nul = utf8.n > 0 ? memchr(utf8.p, 0, utf8.n) : NULL;

	if (nul) {
		utf8.n = (size_t)(nul - utf8.p);
	}
	/* A unit at least for three bytes: what is far too much is not even looked at. */
	if (!(utf8.n / 3 <= (w->max - w->n) / 2)) {
		return sp_wr_fail(w, SP_ESPACE);
	}
	size_t units = to_units(utf8, NULL);
	uint8_t *to = sp_wr_room(w, (units + 1) * 2);
	if (!to) {
		return sp_wr_ok(w);
	}
	to_units(utf8, to);
	put16(to + units * 2, 0);
	return SP_OK;
}

static uint32_t unit(struct sp_span s, size_t i)
{
	return s.p[2 * i] | (uint32_t)s.p[2 * i + 1] << 8;
}

/* Bytes; writes them where to is not NULL. */
static size_t to_bytes(struct sp_span wire, uint8_t *to)
{
	size_t units = wire.n / 2, n = 0;

	for (size_t i = 0; i < units; i++) {
		uint32_t c = unit(wire, i);

		if (c == 0) {
			break;
		}
		if (c == '\r' && i + 1 < units && unit(wire, i + 1) == '\n') {
			continue;
		}
		if (c >= 0xD800 && c < 0xE000) {
			uint32_t low = c < 0xDC00 && i + 1 < units ? unit(wire, i + 1) : 0;

			if (low >= 0xDC00 && low < 0xE000) {
				c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
				i++;
			} else {
				c = BAD;
			}
		}
		size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		if (to && len == 1) {
			to[n] = (uint8_t)c;
		} else if (to) {
			static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};

			for (size_t k = len - 1; k > 0; k--) {
				to[n + k] = (uint8_t)(0x80 | (c & 0x3F));
				c >>= 6;
			}
			to[n] = (uint8_t)(lead[len] | c);
		}
		n += len;
	}
	return n;
}

int sp_clip_text_read(struct sp_span wire, struct sp_wr *utf8)
{
	uint8_t *to = sp_wr_room(utf8, to_bytes(wire, NULL));

	if (!to) {
		return sp_wr_ok(utf8);
	}
	to_bytes(wire, to);
	return SP_OK;
}
