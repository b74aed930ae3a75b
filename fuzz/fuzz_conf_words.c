/* fuzz/fuzz_conf_words.c - the texts of a configuration, and the hours of a rule asked for a year. */
#include <stdlib.h>
#include <string.h>

#include "gate/keeper/policy_hours.h"
#include "host/conf/words.h"
#include "host/conf/zone.h"
#include "host/conf/zone_rule.h"

static void hours(const char *text)
{
	static struct sp_zone *zone;
	struct sp_conf_hours h;
	int64_t until;

	if (zone == NULL && sp_zone_load("", &zone) != SP_OK) {
		return;
	}
	if (!sp_words_hours(text, &h)) {
		return;
	}
	h.clock = zone;
	for (int64_t t = 1800000000; t < 1831536000; t += 86400 * 13 + 3601) {
		if (sp_policy_hours(&h, 1, t, &until) && until != 0 && until <= t) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char text[512], address[SP_CONF_HOST];
	uint8_t pin[SP_CONF_PIN];
	struct sp_conf_net net;
	struct sp_zone_rule rule;
	struct sp_zone_now now;
	uint32_t seconds;
	bool beyond;

	if (!(n < sizeof(text))) {
		return 0;
	}
	memcpy(text, p, n);
	text[n] = '\0';
	if (sp_words_net(text, &net, &beyond) && net.bits > (net.family == 2 ? 32u : 128u)) {
		abort();
	}
	if (sp_words_duration(text, &seconds) && seconds == 0) {
		abort();
	}
	if (sp_words_address(text, address) && memchr(address, 0, sizeof(address)) == NULL) {
		abort();
	}
	if (sp_zone_rule_parse(text, &rule)) {
		sp_zone_rule_at(&rule, 1800000000, &now);
	}
	(void)sp_words_pin(text, pin);
	(void)sp_words_name(text);
	(void)sp_words_clean(text, n % 2 == 0);
	hours(text);
	return 0;
}
