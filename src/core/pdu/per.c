/* core/pdu/per.c - see per.h. */
#include "core/pdu/per.h"

size_t sp_per_read_length(struct sp_rd *r, const char *field)
{
	r->what = sp_rd_ok(r) == SP_OK ? field : r->what;
	size_t n = sp_rd_u8(r);

	if (n & 0x80) {
		n = (n & 0x7F) << 8 | sp_rd_u8(r);
	}
	return sp_rd_ok(r) == SP_OK ? n : 0;
}

void sp_per_write_length(struct sp_wr *w, size_t n)
{
	if (n < 0x80) {
		sp_wr_u8(w, (uint8_t)n);
	} else if (n <= 0x3FFF) {
		sp_wr_be16(w, (uint16_t)(0x8000 | n));
	} else {
		sp_wr_fail(w, SP_ESPACE);
	}
}

uint16_t sp_per_read_user(struct sp_rd *r, const char *field)
{
	r->what = sp_rd_ok(r) == SP_OK ? field : r->what;
	uint16_t v = sp_rd_be16(r);

	if (sp_rd_ok(r) != SP_OK) {
		return 0;
	}
	if (!(v <= 0xFFFF - SP_MCS_USER_MIN)) {
		sp_rd_fail(r, SP_EFIELD, field);
		return 0;
	}
	return (uint16_t)(v + SP_MCS_USER_MIN);
}

void sp_per_write_user(struct sp_wr *w, uint16_t user)
{
	if (user < SP_MCS_USER_MIN) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_be16(w, (uint16_t)(user - SP_MCS_USER_MIN));
}

uint32_t sp_per_read_uint(struct sp_rd *r, const char *field)
{
	size_t n = sp_per_read_length(r, field);
	uint32_t v = 0;

	if (sp_rd_ok(r) != SP_OK) {
		return 0;
	}
	if (!(1 <= n && n <= 4)) {
		sp_rd_fail(r, SP_EFIELD, field);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		v = v << 8 | sp_rd_u8(r);
	}
	return sp_rd_ok(r) == SP_OK ? v : 0;
}

void sp_per_write_uint(struct sp_wr *w, uint32_t v)
{
	size_t n = v <= 0xFF ? 1 : v <= 0xFFFF ? 2 : v <= 0xFFFFFF ? 3 : 4;

	sp_per_write_length(w, n);
	while (n-- > 0) {
		sp_wr_u8(w, (uint8_t)(v >> (8 * n)));
	}
}
