/* gate/net/greeter/place.c - see place.h. */
#include "gate/net/greeter/place.h"

#include "core/ui/screen.h"

void sp_greeter_place(const struct sp_geometry *g, struct sp_rect *area, unsigned *scale)
{
	struct sp_rect all = {0, 0, (int32_t)g->width, (int32_t)g->height}, primary = {0};
	int32_t left = 0, top = 0;
	uint32_t zoom = g->desktop_scale;

	for (uint32_t i = 0; i < g->monitors; i++) {
		const struct sp_monitor *m = &g->monitor[i];

		left = m->left < left ? m->left : left;
		top = m->top < top ? m->top : top;
		if (m->primary) {
			primary = (struct sp_rect){
					m->left, m->top, (int32_t)m->width, (int32_t)m->height};
			zoom = m->desktop_scale > 0 ? m->desktop_scale : zoom;
		}
	}
	primary.x -= left;
	primary.y -= top;
	/* Monitors that are not of this desktop say nothing. */
	*area = !sp_rect_empty(primary) && sp_rect_contains(all, primary) ? primary : all;
	*scale = sp_ui_scale(area->w, zoom);
}
