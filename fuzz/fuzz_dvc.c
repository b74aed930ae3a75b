/* fuzz/fuzz_dvc.c - messages of drdynvc from both sides, through the rules. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/dvc.h"
#include "core/rdp/dvcs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size)
{
	struct sp_dvc_head head;
	char name[SP_DVC_NAME];
	struct sp_dvc_data part;
	struct sp_dvc_caps caps;
	uint16_t version;
	uint32_t status;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	if (sp_dvc_head_read(&r, &head) != SP_OK) {
		return;
	}
	struct sp_rd again = r, third = r, fourth = r, fifth = r;
	if (sp_dvc_caps_read(&third, &caps) == SP_OK && caps.version == 0) {
		abort();
	}
	if (sp_dvc_caps_response_read(&fourth, &version) == SP_OK && version == 0) {
		abort();
	}
	if (sp_dvc_data_read(&fifth, &head, &part) == SP_OK && !(part.data.n < size)) {
		abort();
	}
	if (sp_dvc_create_read(&r, name) == SP_OK && !(strlen(name) < SP_DVC_NAME)) {
		abort();
	}
	if (sp_dvc_create_response_read(&again, &status) == SP_OK && size < 5) {
		abort();
	}
}

/* A rule byte, then chunks: a byte whose top bit is the side and whose rest is the length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sp_dvcs d;
	struct sp_rd r;

	parse(data, size);
	sp_rd_init(&r, data, size);
	uint8_t bits = sp_rd_u8(&r);
	struct sp_legs_rules rules = {.sound = bits & 1,
			.microphone = bits & 2,
			.drive = {.read = bits & 4},
			.clipboard = bits & 8,
			.other = bits & 16};
	sp_dvcs_init(&d, &rules);
	while (sp_rd_left(&r) > 0) {
		uint8_t head = sp_rd_u8(&r);
		size_t n = head & 0x7F;
		struct sp_span chunk = sp_rd_span(&r, n < sp_rd_left(&r) ? n : sp_rd_left(&r));
		struct sp_dvcs_result out;
		bool input;

		if (head & 0x80) {
			sp_dvcs_client(&d, chunk, &input);
			continue;
		}
		sp_dvcs_target(&d, chunk, &out);
		/* What was refused never reaches the client. */
		if (out.refused && (out.pass.n > 0 || out.answer.n == 0)) {
			abort();
		}
		if (d.n > SP_DVCS_MAX) {
			abort();
		}
	}
	return 0;
}
