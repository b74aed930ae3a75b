/* gate/net/relay_rules.c - the keeper's rules in the relay's words. */
#include "core/base/log.h"
#include "gate/net/relay.h"

void sp_relay_rules(struct sp_legs_rules *out, const struct sp_channels *c)
{
	*out = (struct sp_legs_rules){.clipboard = c->clipboard == SP_CLIPBOARD_ALL,
			.drives = c->drives == SP_DRIVES_WRITE,
			.sound = c->sound != 0,
			.microphone = c->microphone != 0,
			.other = c->other != 0};
	if (c->clipboard != SP_CLIPBOARD_NONE && !out->clipboard) {
		sp_log(SP_LOG_WARN,
				"clipboard is allowed in part only: denied, since nothing "
				"here can tell the parts apart yet");
	}
	if (c->drives == SP_DRIVES_READ) {
		sp_log(SP_LOG_WARN,
				"drives are allowed for reading only: denied, since nothing "
				"here can tell reading from writing yet");
	}
}
