/* host/rdp/part.c - see part.h. */
#include "host/rdp/part.h"

void sp_part_events(struct sp_vc *vc)
{
	struct sp_vc_event ev;

	while (sp_vc_next(vc, &ev)) {
		struct sp_part *p = ev.owner;

		p->calls->event(p, &ev);
	}
}
