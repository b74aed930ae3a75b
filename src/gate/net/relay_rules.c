/* gate/net/relay_rules.c - the keeper's rules in the relay's words. */
#include "core/base/log.h"
#include "gate/net/relay.h"

void sp_relay_rules(struct sp_legs_rules *out, const struct sp_channels *c)
{
	*out = (struct sp_legs_rules){.clipboard = c->clipboard != SP_CLIPBOARD_NONE,
			.clip_part = c->clipboard != SP_CLIPBOARD_ALL,
			.clip = {.text_in = (c->clipboard & SP_CLIPBOARD_TEXT_IN) != 0,
					.text_out = (c->clipboard & SP_CLIPBOARD_TEXT_OUT) != 0,
					.files_in = (c->clipboard & SP_CLIPBOARD_FILES_IN) != 0,
					.files_out = (c->clipboard & SP_CLIPBOARD_FILES_OUT) != 0,
					.other = (c->clipboard & SP_CLIPBOARD_OTHER) != 0},
			.drives = c->drives == SP_DRIVES_WRITE,
			.sound = c->sound != 0,
			.microphone = c->microphone != 0,
			.other = c->other != 0};
	if (c->drives == SP_DRIVES_READ) {
		sp_log(SP_LOG_WARN,
				"drives are allowed for reading only: denied, since nothing "
				"here can tell reading from writing yet");
	}
}
