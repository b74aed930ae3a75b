/* core/pdu/rdstls.c - see rdstls.h. */
#include "core/pdu/rdstls.h"

#include "core/base/attr.h"

#define VERSION_1 1u
/* DataType; every PDU here has this one, and cookies (2) are not asked for that way. */
#define DATA_FIRST 1u
#define HEADER 6
#define CAPABILITIES_SIZE (HEADER + 2)
#define RESPONSE_SIZE (HEADER + 4)

int sp_rdstls_frame(const uint8_t *p, size_t n)
{
	if (n < 4) {
		return 0;
	}
	switch (p[2] | p[3] << 8) {
	case SP_RDSTLS_CAPABILITIES:
		return CAPABILITIES_SIZE;
	case SP_RDSTLS_RESPONSE:
		return RESPONSE_SIZE;
	default:
		return SP_EFIELD;
	}
}

static void header_write(struct sp_wr *w, enum sp_rdstls_type type)
{
	sp_wr_le16(w, VERSION_1);
	sp_wr_le16(w, type);
	sp_wr_le16(w, DATA_FIRST);
}

static int header_read(struct sp_rd *r, enum sp_rdstls_type type)
{
	uint16_t version = sp_rd_le16(r);
	uint16_t pdu = sp_rd_le16(r);
	uint16_t data = sp_rd_le16(r);

	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (version != VERSION_1) {
		return sp_rd_fail(r, SP_EPROTO, "rdstls.Version");
	}
	if (pdu != type) {
		return sp_rd_fail(r, SP_ESTATE, "rdstls.PduType");
	}
	return data == DATA_FIRST ? SP_OK : sp_rd_fail(r, SP_EPROTO, "rdstls.DataType");
}

int sp_rdstls_capabilities_read(struct sp_rd *r)
{
	int rc = header_read(r, SP_RDSTLS_CAPABILITIES);
	uint16_t versions = sp_rd_le16(r);

	if (rc == SP_OK && sp_rd_ok(r) == SP_OK && !(versions & VERSION_1)) {
		return sp_rd_fail(r, SP_EPROTO, "rdstls.SupportedVersions");
	}
	return rc == SP_OK ? sp_rd_end(r) : rc;
}

void sp_rdstls_capabilities_write(struct sp_wr *w)
{
	header_write(w, SP_RDSTLS_CAPABILITIES);
	sp_wr_le16(w, VERSION_1);
}

static struct sp_span sized_read(struct sp_rd *r)
{
	size_t n = sp_rd_le16(r);

	return sp_rd_span(r, n);
}

static void sized_write(struct sp_wr *w, struct sp_span s)
{
	size_t at = sp_wr_hole(w, 2);

	sp_wr_span(w, s);
	sp_wr_fill_le16(w, at, s.n);
}

int sp_rdstls_request_read(struct sp_rd *r, struct sp_rdstls_request *out)
{
	int rc = header_read(r, SP_RDSTLS_REQUEST);

	out->guid = sized_read(r);
	out->user = sized_read(r);
	out->domain = sized_read(r);
	out->password = sized_read(r);
	return rc == SP_OK ? sp_rd_end(r) : rc;
}

void sp_rdstls_request_write(struct sp_wr *w, const struct sp_rdstls_request *in)
{
	header_write(w, SP_RDSTLS_REQUEST);
	sized_write(w, in->guid);
	sized_write(w, in->user);
	sized_write(w, in->domain);
	sized_write(w, in->password);
}

int sp_rdstls_response_read(struct sp_rd *r, uint32_t *result)
{
	int rc = header_read(r, SP_RDSTLS_RESPONSE);

	*result = sp_rd_le32(r);
	return rc == SP_OK ? sp_rd_end(r) : rc;
}

void sp_rdstls_response_write(struct sp_wr *w, uint32_t result)
{
	header_write(w, SP_RDSTLS_RESPONSE);
	sp_wr_le32(w, result);
}

const char *sp_rdstls_result_text(uint32_t result)
{
	static const struct {
		uint32_t result;
		const char *text;
	} texts[] = {
			{0x0005, "user may not log on here"},
			{0x052E, "wrong user name or password"},
			{0x0530, "not allowed at this hour"},
			{0x0532, "password has expired"},
			{0x0533, "account is disabled"},
			{0x0773, "password must be changed first"},
			{0x0775, "account is locked out"},
	};

	for (size_t i = 0; i < SP_LEN(texts); i++) {
		if (texts[i].result == result) {
			return texts[i].text;
		}
	}
	return NULL;
}
