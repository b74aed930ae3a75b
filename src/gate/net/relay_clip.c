/* gate/net/relay_clip.c - what the log says of transfers over the clipboard. */
#include <inttypes.h>
#include <stdio.h>

#include "gate/net/relay.h"

bool sp_relay_clip_may(struct sp_relay_clip *c, uint64_t now_us, unsigned *missed)
{
	if (c->start_us == 0 || now_us - c->start_us >= SP_RELAY_CLIP_SPAN_US) {
		c->start_us = now_us;
		c->lines = 0;
	}
	if (c->lines == SP_RELAY_CLIP_LINES) {
		c->missed++;
		return false;
	}
	c->lines++;
	*missed = c->missed;
	c->missed = 0;
	return true;
}

void sp_relay_clip_text(char *text, size_t cap, const struct sp_clip_event *ev)
{
	const char *kind = ev->kind == SP_CLIP_TEXT ? "text"
			: ev->kind == SP_CLIP_FILES ? "files"
						    : "other data";
	const char *to = ev->to == SP_CLIP_TARGET ? "target" : "client";

	switch (ev->verdict) {
	case SP_CLIP_PASSED:
		snprintf(text, cap, "clipboard: %s, %" PRIu64 " bytes, toward the %s", kind, ev->n,
				to);
		break;
	case SP_CLIP_REFUSED:
		snprintf(text, cap, "clipboard: %s refused, toward the %s", kind, to);
		break;
	case SP_CLIP_TOO_LARGE:
		snprintf(text, cap,
				"clipboard: %s refused, toward the %s: %" PRIu64
				" bytes are too much",
				kind, to, ev->n);
		break;
	case SP_CLIP_DAMAGED:
		snprintf(text, cap, "clipboard: %s broken off, toward the %s: damaged", kind, to);
		break;
	}
}
