/* gate/net/geometry.c - see geometry.h. */
#include "gate/net/geometry.h"

#include <stdio.h>

#include "core/base/log.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"

#define MIN_SIDE 200
#define MAX_SIDE 8192

static uint32_t clamp(uint32_t v)
{
	return v < MIN_SIDE ? MIN_SIDE : v > MAX_SIDE ? MAX_SIDE : v;
}

static void monitors(struct sp_geometry *g, const struct sp_gcc_client *gcc)
{
	for (size_t i = 0; i < gcc->n_monitors && g->monitors < SP_MAX_MONITORS; i++) {
		const struct sp_gcc_monitor *m = &gcc->monitor[i];
		uint32_t w = (uint32_t)(m->right - m->left + 1);
		uint32_t h = (uint32_t)(m->bottom - m->top + 1);

		/* A strip beside a keyboard, say: nothing for a desktop. */
		if (w != clamp(w) || h != clamp(h)) {
			continue;
		}
		g->monitor[g->monitors++] = (struct sp_monitor){.left = m->left,
				.top = m->top,
				.width = w,
				.height = h,
				.primary = m->flags & SP_GCC_MONITOR_PRIMARY ? 1 : 0};
	}
}

void sp_net_geometry(
		struct sp_geometry *g, const struct sp_gcc_client *gcc, const struct sp_info *info)
{
	const struct sp_gcc_cs_core *core = &gcc->core;

	g->width = clamp(core->desktop_width);
	g->height = clamp(core->desktop_height);
	g->bpp = sp_gcc_client_bpp(core);
	if (g->bpp < 15) {
		g->bpp = 16;
	}
	g->desktop_scale = core->desktop_scale_factor;
	g->device_scale = core->device_scale_factor;
	g->keyboard_layout = core->keyboard_layout;
	g->keyboard_type = core->keyboard_type;
	g->keyboard_subtype = core->keyboard_subtype;
	g->function_keys = core->keyboard_function_key;
	g->client_build = core->client_build;
	snprintf(g->client_name, sizeof(g->client_name), "%s", core->client_name);
	if (info->tail >= SP_INFO_TAIL_ZONE) {
		g->zone_bias = (uint32_t)info->zone.bias;
		snprintf(g->zone, sizeof(g->zone), "%s", info->zone.standard_name);
	}
	/* Names of a peer go to the log of others. */
	sp_log_clean(g->client_name);
	sp_log_clean(g->zone);
	if (gcc->has_monitor) {
		monitors(g, gcc);
	}
}
