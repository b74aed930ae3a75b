/* scan/probe_mcs.c - see probe_mcs.h. */
#include "scan/probe_mcs.h"

#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/rd.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/gcc_server.h"
#include "core/pdu/mcs.h"
#include "core/pdu/server_cert.h"

#define BLOCKS_MAX 1024

void sp_probe_mcs_write(struct sp_wr *w, uint32_t methods)
{
	static const uint32_t options = SP_GCC_CHANNEL_INITIALIZED | SP_GCC_CHANNEL_ENCRYPT_RDP;
	struct sp_gcc_client c = {.has_security = true,
			.encryption_methods = methods,
			.has_net = true,
			.n_channels = 1,
			.channel = {{"cliprdr", options}}};
	struct sp_mcs_initial m;
	uint8_t room[BLOCKS_MAX];
	struct sp_wr blocks;

	c.core = (struct sp_gcc_cs_core){.version = SP_GCC_VERSION_5,
			.desktop_width = 1024,
			.desktop_height = 768,
			.sas_sequence = SP_GCC_SAS_DEL,
			.keyboard_layout = 0x409,
			.client_build = 2600,
			.keyboard_type = 4,
			.keyboard_function_key = 12,
			.n_tail = SP_GCC_TAIL_EARLY_FLAGS + 1,
			.client_product_id = 1,
			.early_capability_flags = SP_GCC_CS_ERRINFO};
	snprintf(c.core.client_name, sizeof(c.core.client_name), "sallyport-scan");
	sp_gcc_client_set_bpp(&c.core, 16);
	sp_wr_fixed(&blocks, room, sizeof(room));
	sp_gcc_client_write(&blocks, &c);
	if (sp_wr_ok(&blocks) != SP_OK) {
		sp_wr_fail(w, sp_wr_ok(&blocks));
		return;
	}
	sp_mcs_initial_defaults(&m);
	m.data = sp_span(blocks.p, blocks.n);
	sp_mcs_initial_write(w, &m);
}

static void read_certificate(struct sp_span cert, struct sp_probe_mcs *out)
{
	struct sp_server_cert c;
	struct sp_rd r;

	sp_rd_init(&r, cert.p, cert.n);
	uint32_t version = sp_rd_le32(&r) & 0x7FFFFFFFu;
	if (sp_rd_ok(&r) != SP_OK) {
		return;
	}
	out->certificate = version == 1 ? 1 : 2;
	sp_rd_init(&r, cert.p, cert.n);
	if (sp_server_cert_read(&r, &c) == SP_OK) {
		out->key_bits = (uint32_t)c.n * 8;
	}
}

int sp_probe_mcs_read(struct sp_span in, struct sp_probe_mcs *out)
{
	struct sp_mcs_response m;
	struct sp_gcc_server s;
	struct sp_rd r, blocks;

	memset(out, 0, sizeof(*out));
	sp_rd_init(&r, in.p, in.n);
	int rc = sp_mcs_response_read(&r, &m);
	if (rc != SP_OK || m.result != SP_MCS_RESULT_SUCCESSFUL) {
		return rc;
	}
	sp_rd_init(&blocks, m.data.p, m.data.n);
	rc = sp_gcc_server_read(&blocks, &s);
	if (rc != SP_OK) {
		return rc;
	}
	out->accepted = true;
	out->version = s.version;
	out->method = s.encryption_method;
	out->level = s.encryption_level;
	if (s.server_certificate.n > 0) {
		read_certificate(s.server_certificate, out);
	}
	return SP_OK;
}
