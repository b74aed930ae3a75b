/* gate/net/relay_rules.c - the keeper's rules in the relay's words. */
#include "gate/net/relay.h"

void sp_relay_rules(struct sp_legs_rules *out, const struct sp_channels *c)
{
	*out = (struct sp_legs_rules){.clipboard = c->clipboard != SP_CLIP_RIGHT_NONE,
			.clip = {.text_in = (c->clipboard & SP_CLIP_RIGHT_TEXT_IN) != 0,
					.text_out = (c->clipboard & SP_CLIP_RIGHT_TEXT_OUT) != 0,
					.files_in = (c->clipboard & SP_CLIP_RIGHT_FILES_IN) != 0,
					.files_out = (c->clipboard & SP_CLIP_RIGHT_FILES_OUT) != 0,
					.other = (c->clipboard & SP_CLIP_RIGHT_OTHER) != 0,
					.limit = c->limit},
			.drive = {.read = c->drives != SP_DRIVES_NONE,
					.write = c->drives == SP_DRIVES_WRITE,
					.other = c->other != 0,
					.limit = c->limit},
			.sound = c->sound != 0,
			.microphone = c->microphone != 0,
			.other = c->other != 0};
}
