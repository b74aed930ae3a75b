/* fuzz/fuzz_firewall.c - what nft says is loaded: read, and compared with itself and with nothing. */
#include <stdlib.h>

#include "host/firewall/firewall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(void *arg, const char *text)
{
	size_t *n = arg;

	*n += text[0] != '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sp_firewall none;
	struct sp_firewall is;
	char why[SP_FIREWALL_TEXT];
	size_t told = 0;

	if (sp_firewall_read(&is, sp_span(data, size), why) != SP_OK) {
		return 0;
	}
	/* Of itself it says nothing but what is strange, or missing in both. */
	if (sp_firewall_diff(&is, &is, tell, &told) < 0) {
		abort();
	}
	if (sp_firewall_diff(&none, &is, tell, &told) < 0) {
		abort();
	}
	sp_firewall_finish(&is);
	return 0;
}
