/* fuzz/fuzz_license_client.c - a licence server against the client, one message after the other. */
#include <stdlib.h>

#include "core/rdp/license_client.h"
#include "fake_crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sp_license_who who = {.user = "user", .machine = "machine"};
	struct sp_license_client client;
	static struct sp_license msg;
	struct sp_rd r;
	int rc = 0;

	sp_license_client_init(&client, &fake_crypto);
	sp_rd_init(&r, data, size);
	while (rc == 0 && sp_rd_left(&r) > 0 && sp_license_read(&r, &msg) == SP_OK) {
		struct sp_wr reply;

		sp_wr_init(&reply, SP_LICENSE_REPLY_MAX);
		rc = sp_license_client_step(&client, &msg, &who, &reply);
		/* Whatever comes, the answer fits and the end is the end. */
		if (sp_wr_ok(&reply) != SP_OK ||
				(rc == 1 && client.state != SP_LICENSE_CLIENT_DONE) ||
				(rc < 0 && client.what[0] == '\0')) {
			abort();
		}
		sp_wr_finish(&reply);
	}
	sp_license_client_finish(&client);
	return 0;
}
