/* core/pdu/license.c - see license.h. */
#include "core/pdu/license.h"

#include <string.h>

#define VERSION_3_0 0x03
#define VERSION_MASK 0x0F

/* [MS-RDPBCGR] 2.2.1.12.1.2 wBlobType */
#define BB_DATA 0x0001
#define BB_RANDOM 0x0002
#define BB_CERTIFICATE 0x0003
#define BB_ERROR 0x0004
#define BB_ENCRYPTED_DATA 0x0009
#define BB_KEY_EXCHG_ALG 0x000D
#define BB_SCOPE 0x000E
#define BB_CLIENT_USER_NAME 0x000F
#define BB_CLIENT_MACHINE_NAME 0x0010

/*
 * [MS-RDPBCGR] 2.2.1.12.1.2 Licensing Binary Blob (LICENSE_BINARY_BLOB). The type says nothing
 * that its place does not, and servers differ in it.
 */
static struct sp_span blob_read(struct sp_rd *r)
{
	sp_rd_skip(r, 2); /* wBlobType */
	size_t n = sp_rd_le16(r);
	return sp_rd_span(r, n);
}

static void blob_write(struct sp_wr *w, uint16_t type, struct sp_span data)
{
	sp_wr_le16(w, type);
	size_t len = sp_wr_hole(w, 2);
	sp_wr_span(w, data);
	sp_wr_fill_le16(w, len, data.n);
}

/* A string or data behind its 32-bit length. */
static struct sp_span counted_read(struct sp_rd *r)
{
	uint32_t n = sp_rd_le32(r);
	return sp_rd_span(r, n);
}

static void counted_write(struct sp_wr *w, struct sp_span data)
{
	size_t len = sp_wr_hole(w, 4);
	sp_wr_span(w, data);
	sp_wr_fill_le32(w, len, data.n);
}

/* [MS-RDPELE] 2.2.2.1 Server License Request (SERVER_LICENSE_REQUEST) */
static void request_read(struct sp_rd *r, struct sp_license_request *out)
{
	sp_rd_copy(r, out->server_random, sizeof(out->server_random));
	out->product.version = sp_rd_le32(r);
	out->product.company = counted_read(r);
	out->product.id = counted_read(r);
	out->key_exchange = blob_read(r);
	out->certificate = blob_read(r);
	uint32_t n = sp_rd_le32(r); /* ScopeCount */
	if (!(n <= SP_LICENSE_MAX_SCOPES)) {
		sp_rd_fail(r, SP_ELIMIT, "license.ScopeCount");
	}
	for (size_t i = 0; sp_rd_ok(r) == SP_OK && i < n; i++) {
		out->scope[i] = blob_read(r);
		out->n_scopes = i + 1;
	}
}

static void request_write(struct sp_wr *w, const struct sp_license_request *in)
{
	sp_wr_put(w, in->server_random, sizeof(in->server_random));
	sp_wr_le32(w, in->product.version);
	counted_write(w, in->product.company);
	counted_write(w, in->product.id);
	blob_write(w, BB_KEY_EXCHG_ALG, in->key_exchange);
	blob_write(w, BB_CERTIFICATE, in->certificate);
	sp_wr_le32(w, (uint32_t)in->n_scopes);
	for (size_t i = 0; i < in->n_scopes && i < SP_LICENSE_MAX_SCOPES; i++) {
		blob_write(w, BB_SCOPE, in->scope[i]);
	}
}

/* [MS-RDPELE] 2.2.2.4 Server Platform Challenge (SERVER_PLATFORM_CHALLENGE) */
static void challenge_read(struct sp_rd *r, struct sp_license_challenge *out)
{
	out->connect_flags = sp_rd_le32(r);
	out->encrypted = blob_read(r);
	sp_rd_copy(r, out->mac, sizeof(out->mac));
}

static void challenge_write(struct sp_wr *w, const struct sp_license_challenge *in)
{
	sp_wr_le32(w, in->connect_flags);
	blob_write(w, BB_ENCRYPTED_DATA, in->encrypted);
	sp_wr_put(w, in->mac, sizeof(in->mac));
}

/* [MS-RDPELE] 2.2.2.6 Server Upgrade License (SERVER_UPGRADE_LICENSE) */
static void grant_read(struct sp_rd *r, struct sp_license_grant *out)
{
	out->encrypted = blob_read(r);
	sp_rd_copy(r, out->mac, sizeof(out->mac));
}

static void grant_write(struct sp_wr *w, const struct sp_license_grant *in)
{
	blob_write(w, BB_ENCRYPTED_DATA, in->encrypted);
	sp_wr_put(w, in->mac, sizeof(in->mac));
}

/* [MS-RDPBCGR] 2.2.1.12.1.3 Licensing Error Message (LICENSE_ERROR_MESSAGE) */
static void error_read(struct sp_rd *r, struct sp_license_error *out)
{
	out->code = sp_rd_le32(r);
	out->state = sp_rd_le32(r);
	/* Some servers leave the empty blob out. */
	out->info = sp_rd_left(r) > 0 ? blob_read(r) : sp_span(NULL, 0);
}

static void error_write(struct sp_wr *w, const struct sp_license_error *in)
{
	sp_wr_le32(w, in->code);
	sp_wr_le32(w, in->state);
	blob_write(w, BB_ERROR, in->info);
}

/* [MS-RDPELE] 2.2.2.2 Client New License Request (CLIENT_NEW_LICENSE_REQUEST) */
static void new_request_read(struct sp_rd *r, struct sp_license_new_request *out)
{
	out->key_exchange = sp_rd_le32(r);
	out->platform = sp_rd_le32(r);
	sp_rd_copy(r, out->client_random, sizeof(out->client_random));
	out->premaster = blob_read(r);
	out->user = blob_read(r);
	out->machine = blob_read(r);
}

static void new_request_write(struct sp_wr *w, const struct sp_license_new_request *in)
{
	sp_wr_le32(w, in->key_exchange);
	sp_wr_le32(w, in->platform);
	sp_wr_put(w, in->client_random, sizeof(in->client_random));
	blob_write(w, BB_RANDOM, in->premaster);
	blob_write(w, BB_CLIENT_USER_NAME, in->user);
	blob_write(w, BB_CLIENT_MACHINE_NAME, in->machine);
}

/* [MS-RDPELE] 2.2.2.3 Client License Information (CLIENT_LICENSE_INFO) */
static void info_read(struct sp_rd *r, struct sp_license_info *out)
{
	out->key_exchange = sp_rd_le32(r);
	out->platform = sp_rd_le32(r);
	sp_rd_copy(r, out->client_random, sizeof(out->client_random));
	out->premaster = blob_read(r);
	out->license = blob_read(r);
	out->hwid = blob_read(r);
	sp_rd_copy(r, out->mac, sizeof(out->mac));
}

static void info_write(struct sp_wr *w, const struct sp_license_info *in)
{
	sp_wr_le32(w, in->key_exchange);
	sp_wr_le32(w, in->platform);
	sp_wr_put(w, in->client_random, sizeof(in->client_random));
	blob_write(w, BB_RANDOM, in->premaster);
	blob_write(w, BB_DATA, in->license);
	blob_write(w, BB_DATA, in->hwid); /* as Windows clients have it */
	sp_wr_put(w, in->mac, sizeof(in->mac));
}

/* [MS-RDPELE] 2.2.2.5 Client Platform Challenge Response */
static void response_read(struct sp_rd *r, struct sp_license_response *out)
{
	out->response = blob_read(r);
	out->hwid = blob_read(r);
	sp_rd_copy(r, out->mac, sizeof(out->mac));
}

static void response_write(struct sp_wr *w, const struct sp_license_response *in)
{
	/* Nobody reads the types here; these are what Windows clients write. */
	blob_write(w, BB_DATA, in->response);
	blob_write(w, BB_DATA, in->hwid);
	sp_wr_put(w, in->mac, sizeof(in->mac));
}

/* [MS-RDPBCGR] 2.2.1.12.1.1 Licensing Preamble (LICENSE_PREAMBLE), then the message. */
int sp_license_read(struct sp_rd *r, struct sp_license *out)
{
	memset(out, 0, sizeof(*out));
	out->type = sp_rd_u8(r);
	out->flags = sp_rd_u8(r);
	size_t size = sp_rd_le16(r); /* wMsgSize, with the preamble */
	if (size < 4 && sp_rd_ok(r) == SP_OK) {
		return sp_rd_fail(r, SP_EFIELD, "license.wMsgSize");
	}
	struct sp_rd sub = sp_rd_sub(r, size - 4);
	sub.what = "license";

	switch (out->type) {
	case SP_LICENSE_REQUEST:
		request_read(&sub, &out->u.request);
		break;
	case SP_LICENSE_CHALLENGE:
		challenge_read(&sub, &out->u.challenge);
		break;
	case SP_LICENSE_NEW:
	case SP_LICENSE_UPGRADE:
		grant_read(&sub, &out->u.grant);
		break;
	case SP_LICENSE_ERROR:
		error_read(&sub, &out->u.error);
		break;
	case SP_LICENSE_NEW_REQUEST:
		new_request_read(&sub, &out->u.new_request);
		break;
	case SP_LICENSE_INFO:
		info_read(&sub, &out->u.info);
		break;
	case SP_LICENSE_CHALLENGE_RESPONSE:
		response_read(&sub, &out->u.response);
		break;
	default:
		sp_rd_fail(&sub, SP_EFIELD, "license.bMsgType");
	}
	return sp_rd_ok(&sub) != SP_OK ? sub.err : sp_rd_ok(r);
}

void sp_license_write(struct sp_wr *w, const struct sp_license *in)
{
	size_t at = w->n;

	sp_wr_u8(w, in->type);
	sp_wr_u8(w, (in->flags & ~VERSION_MASK) | VERSION_3_0);
	size_t size = sp_wr_hole(w, 2);

	switch (in->type) {
	case SP_LICENSE_REQUEST:
		request_write(w, &in->u.request);
		break;
	case SP_LICENSE_CHALLENGE:
		challenge_write(w, &in->u.challenge);
		break;
	case SP_LICENSE_NEW:
	case SP_LICENSE_UPGRADE:
		grant_write(w, &in->u.grant);
		break;
	case SP_LICENSE_ERROR:
		error_write(w, &in->u.error);
		break;
	case SP_LICENSE_NEW_REQUEST:
		new_request_write(w, &in->u.new_request);
		break;
	case SP_LICENSE_INFO:
		info_write(w, &in->u.info);
		break;
	case SP_LICENSE_CHALLENGE_RESPONSE:
		response_write(w, &in->u.response);
		break;
	default:
		sp_wr_fail(w, SP_EARG);
	}
	sp_wr_fill_le16(w, size, w->n - at);
}

void sp_license_write_valid(struct sp_wr *w)
{
	/* mstsc crashes when a server sets SP_LICENSE_EXTENDED_ERROR here. */
	sp_license_write_error(w, SP_LICENSE_STATUS_VALID_CLIENT, SP_LICENSE_NO_TRANSITION);
}

void sp_license_write_error(
		struct sp_wr *w, enum sp_license_error_code code, enum sp_license_state state)
{
	struct sp_license msg = {
			.type = SP_LICENSE_ERROR,
			.u.error = {.code = code, .state = state},
	};

	sp_license_write(w, &msg);
}

void sp_license_hwid_write(struct sp_wr *w, uint32_t platform, const uint32_t data[4])
{
	sp_wr_le32(w, platform);
	for (size_t i = 0; i < 4; i++) {
		sp_wr_le32(w, data[i]);
	}
}

int sp_license_response_data_read(struct sp_rd *r, struct sp_license_response_data *out)
{
	out->version = sp_rd_le16(r);
	out->client_type = sp_rd_le16(r);
	out->detail_level = sp_rd_le16(r);
	size_t n = sp_rd_le16(r); /* cbChallenge */
	out->challenge = sp_rd_span(r, n);
	return sp_rd_ok(r);
}

void sp_license_response_data_write(struct sp_wr *w, const struct sp_license_response_data *in)
{
	sp_wr_le16(w, in->version);
	sp_wr_le16(w, in->client_type);
	sp_wr_le16(w, in->detail_level);
	size_t len = sp_wr_hole(w, 2);
	sp_wr_span(w, in->challenge);
	sp_wr_fill_le16(w, len, in->challenge.n);
}

int sp_license_new_info_read(struct sp_rd *r, struct sp_license_new_info *out)
{
	out->version = sp_rd_le32(r);
	out->scope = counted_read(r);
	out->company = counted_read(r);
	out->product = counted_read(r);
	out->license = counted_read(r);
	return sp_rd_ok(r);
}

void sp_license_new_info_write(struct sp_wr *w, const struct sp_license_new_info *in)
{
	sp_wr_le32(w, in->version);
	counted_write(w, in->scope);
	counted_write(w, in->company);
	counted_write(w, in->product);
	counted_write(w, in->license);
}
