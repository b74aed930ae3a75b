/* host/audit/record.c - see record.h. */
#include "host/audit/record.h"

#include <string.h>

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "host/lib/sign.h"

#define VERSION 1

_Static_assert(SP_RECORD_HEAD == 1 + SP_RECORD_HASH + 8 + SP_RECORD_BOOT + 8 + 8 + 2 + 2,
		"head of a record");

size_t sp_record_write(struct sp_record *r, uint8_t out[SP_RECORD_MAX])
{
	size_t host = strnlen(r->host, sizeof(r->host) - 1);
	struct sp_wr w;

	sp_wr_fixed(&w, out, SP_RECORD_MAX);
	sp_wr_u8(&w, VERSION);
	sp_wr_put(&w, r->prev, sizeof(r->prev));
	sp_wr_le64(&w, r->seq);
	sp_wr_put(&w, r->boot, sizeof(r->boot));
	sp_wr_le64(&w, r->mono_ns);
	sp_wr_le64(&w, r->wall_ns);
	sp_wr_le16(&w, (uint16_t)host);
	sp_wr_put(&w, r->host, host);
	sp_wr_le16(&w, (uint16_t)r->event.n);
	sp_wr_span(&w, r->event);
	sp_sha256(sp_span(out, w.n), r->hash);
	return w.n;
}

int sp_record_read(struct sp_span bytes, struct sp_record *out)
{
	struct sp_rd r;

	memset(out, 0, sizeof(*out));
	sp_rd_init(&r, bytes.p, bytes.n);
	if (sp_rd_u8(&r) != VERSION) {
		return sp_rd_fail(&r, SP_EFIELD, "record.version");
	}
	sp_rd_copy(&r, out->prev, sizeof(out->prev));
	out->seq = sp_rd_le64(&r);
	sp_rd_copy(&r, out->boot, sizeof(out->boot));
	out->mono_ns = sp_rd_le64(&r);
	out->wall_ns = sp_rd_le64(&r);
	size_t n = sp_rd_le16(&r);
	if (sp_rd_ok(&r) == SP_OK && !(n < sizeof(out->host))) {
		return sp_rd_fail(&r, SP_ELIMIT, "record.host");
	}
	sp_rd_copy(&r, out->host, n);
	size_t host = n;
	n = sp_rd_le16(&r);
	if (sp_rd_ok(&r) == SP_OK && !(n <= SP_AUDIT_MAX)) {
		return sp_rd_fail(&r, SP_ELIMIT, "record.event");
	}
	out->event = sp_rd_span(&r, n);
	int rc = sp_rd_end(&r);
	if (rc != SP_OK) {
		return rc;
	}
	if (strlen(out->host) != host) {
		return SP_EFIELD;
	}
	sp_sha256(bytes, out->hash);
	return SP_OK;
}
