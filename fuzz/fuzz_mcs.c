/* fuzz/fuzz_mcs.c - connect PDUs and domain PDUs, and the BER and PER under them. */
#include <stdlib.h>

#include "core/pdu/ber.h"
#include "core/pdu/mcs.h"
#include "core/pdu/per.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void initial(const uint8_t *data, size_t size)
{
	struct sp_mcs_initial a, b;
	struct sp_mcs_domain domain;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	if (sp_mcs_initial_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_init(&w, 1 << 17);
	sp_mcs_initial_write(&w, &a);
	sp_rd_init(&r, w.p, w.n);
	if (sp_wr_ok(&w) == SP_OK &&
			(sp_mcs_initial_read(&r, &b) != SP_OK || !sp_span_eq(a.data, b.data))) {
		abort();
	}
	if (sp_mcs_domain_choose(&a, &domain) == SP_OK && domain.max_pdu_size > 0xFFFF) {
		abort();
	}
	sp_wr_finish(&w);
}

static void response(const uint8_t *data, size_t size)
{
	struct sp_mcs_response a, b;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	if (sp_mcs_response_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_init(&w, 1 << 17);
	sp_mcs_response_write(&w, &a);
	sp_rd_init(&r, w.p, w.n);
	if (sp_wr_ok(&w) == SP_OK &&
			(sp_mcs_response_read(&r, &b) != SP_OK || !sp_span_eq(a.data, b.data))) {
		abort();
	}
	sp_wr_finish(&w);
}

static void domain_pdu(const uint8_t *data, size_t size)
{
	struct sp_mcs a, b;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	if (sp_mcs_read(&r, &a) != SP_OK ||
			(a.type != SP_MCS_SEND_DATA_REQUEST &&
					a.type != SP_MCS_SEND_DATA_INDICATION)) {
		return;
	}
	sp_wr_init(&w, 1 << 17);
	sp_mcs_send_write(&w, a.type, a.user, a.channel, a.data);
	sp_rd_init(&r, w.p, w.n);
	if (sp_wr_ok(&w) == SP_OK &&
			(sp_mcs_read(&r, &b) != SP_OK || a.user != b.user ||
					!sp_span_eq(a.data, b.data))) {
		abort();
	}
	sp_wr_finish(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_rd r;

	initial(data, size);
	response(data, size);
	domain_pdu(data, size);
	sp_rd_init(&r, data, size);
	while (sp_rd_left(&r) > 0) {
		sp_ber_read_bool(&r, "bool");
		sp_ber_read_uint(&r, SP_BER_INTEGER, "uint");
	}
	sp_rd_init(&r, data, size);
	while (sp_rd_left(&r) > 0) {
		sp_per_read_user(&r, "user");
		sp_per_read_uint(&r, "uint");
	}
	return 0;
}
