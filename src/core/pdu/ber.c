/* core/pdu/ber.c - see ber.h. */
#include "core/pdu/ber.h"

#define LONG_ONE 0x81
#define LONG_TWO 0x82

static size_t length_read(struct sp_rd *r)
{
	uint8_t first = sp_rd_u8(r);

	if (first < 0x80) {
		return first;
	}
	if (first == LONG_ONE) {
		return sp_rd_u8(r);
	}
	if (first == LONG_TWO) {
		return sp_rd_be16(r);
	}
	sp_rd_fail(r, SP_EFIELD, "ber.length");
	return 0;
}

struct sp_rd sp_ber_read(struct sp_rd *r, uint16_t tag, const char *field)
{
	r->what = sp_rd_ok(r) == SP_OK ? field : r->what;
	uint16_t got = tag > 0xFF ? sp_rd_be16(r) : sp_rd_u8(r);

	if (sp_rd_ok(r) == SP_OK && got != tag) {
		sp_rd_fail(r, SP_EFIELD, field);
	}
	struct sp_rd content = sp_rd_sub(r, length_read(r));

	content.what = sp_rd_ok(&content) == SP_OK ? field : content.what;
	return content;
}

bool sp_ber_read_bool(struct sp_rd *r, const char *field)
{
	struct sp_rd c = sp_ber_read(r, SP_BER_BOOLEAN, field);
	uint8_t v = sp_rd_u8(&c);

	return sp_rd_end(&c) == SP_OK && v != 0;
}

uint32_t sp_ber_read_uint(struct sp_rd *r, uint8_t tag, const char *field)
{
	struct sp_rd c = sp_ber_read(r, tag, field);
	size_t n = sp_rd_left(&c);
	uint32_t v = 0;

	if (sp_rd_ok(&c) != SP_OK) {
		return 0;
	}
	if (n == 5 && *c.p == 0) { /* the zero keeps a number of 32 bits positive */
		sp_rd_skip(&c, 1);
		n = 4;
	}
	if (!(1 <= n && n <= 4)) {
		sp_rd_fail(&c, SP_EFIELD, field);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		v = v << 8 | sp_rd_u8(&c);
	}
	return v;
}

static size_t length_size(size_t n)
{
	return n < 0x80 ? 1 : n <= 0xFF ? 2 : 3;
}

void sp_ber_write(struct sp_wr *w, uint16_t tag, size_t n)
{
	if (tag > 0xFF) {
		sp_wr_be16(w, tag);
	} else {
		sp_wr_u8(w, (uint8_t)tag);
	}
	if (n < 0x80) {
		sp_wr_u8(w, (uint8_t)n);
	} else if (n <= 0xFF) {
		sp_wr_u8(w, LONG_ONE);
		sp_wr_u8(w, (uint8_t)n);
	} else if (n <= 0xFFFF) {
		sp_wr_u8(w, LONG_TWO);
		sp_wr_be16(w, (uint16_t)n);
	} else {
		sp_wr_fail(w, SP_ESPACE);
	}
}

void sp_ber_write_bool(struct sp_wr *w, bool v)
{
	sp_ber_write(w, SP_BER_BOOLEAN, 1);
	sp_wr_u8(w, v ? 0xFF : 0);
}

/* Content bytes of v as a positive number. */
static size_t uint_content(uint32_t v)
{
	size_t n = 1;

	while (n < 5 && (uint64_t)v >> (8 * n - 1) != 0) {
		n++;
	}
	return n;
}

void sp_ber_write_uint(struct sp_wr *w, uint8_t tag, uint32_t v)
{
	size_t n = uint_content(v);

	sp_ber_write(w, tag, n);
	while (n-- > 0) {
		sp_wr_u8(w, (uint8_t)((uint64_t)v >> (8 * n)));
	}
}

size_t sp_ber_size(uint16_t tag, size_t n)
{
	return (tag > 0xFF ? 2u : 1u) + length_size(n);
}

size_t sp_ber_uint_size(uint32_t v)
{
	return 2 /* tag and length */ + uint_content(v);
}
