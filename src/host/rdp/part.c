/* host/rdp/part.c - see part.h. */
#include "host/rdp/part.h"

#include "core/base/err.h"

void sp_part_events(struct sp_vc *vc)
{
	struct sp_vc_event ev;

	while (sp_vc_next(vc, &ev)) {
		struct sp_part *p = ev.owner;

		p->calls->event(p, &ev);
	}
}

int sp_part_pump(struct sp_vc *vc, size_t max)
{
	size_t moved = 0;

	while (moved < max) {
		int n = sp_vc_pump(vc, max - moved);

		if (n < 0) {
			return n;
		}
		sp_part_events(vc);
		if (n == 0) {
			break;
		}
		moved += (size_t)n;
	}
	return SP_OK;
}
