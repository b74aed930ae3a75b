/* client/settings.c - see settings.h. */
#include "client/settings.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/chan/display.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"

#define LAYOUT_US 0x00000409
#define CLIENT_BUILD 19045 /* servers refuse features to builds that they find too old */
#define KEYBOARD_ENHANCED 4
#define FUNCTION_KEYS 12
#define NAME_UNITS 15 /* clientName without its NUL */

void sp_settings_gcc(struct sp_gcc_client *out, uint16_t width, uint16_t height, uint8_t depth)
{
	struct sp_gcc_cs_core *core = &out->core;
	char name[NAME_UNITS + 1] = "";

	*out = (struct sp_gcc_client){0};
	/* A name that is cut here is not an error; a missing one is none either. */
	(void)!gethostname(name, sizeof(name) - 1);
	core->version = SP_GCC_VERSION_10;
	core->desktop_width = width;
	core->desktop_height = height;
	core->sas_sequence = SP_GCC_SAS_DEL;
	core->keyboard_layout = LAYOUT_US;
	core->client_build = CLIENT_BUILD;
	snprintf(core->client_name, sizeof(core->client_name), "%s", name);
	core->keyboard_type = KEYBOARD_ENHANCED;
	core->keyboard_function_key = FUNCTION_KEYS;
	core->client_product_id = 1;
	core->n_tail = SP_GCC_TAIL_ALL;
	core->early_capability_flags = SP_GCC_CS_ERRINFO | SP_GCC_CS_STRONG_ASYMMETRIC_KEYS |
			SP_GCC_CS_VALID_CONNECTION_TYPE | SP_GCC_CS_NETCHAR_AUTODETECT |
			SP_GCC_CS_SKIP_CHANNELJOIN;
	core->connection_type = SP_GCC_CONNECTION_LAN;
	core->desktop_scale_factor = 100;
	core->device_scale_factor = 100;
	sp_gcc_client_set_bpp(core, depth);
	out->has_msgchannel = true; /* how fast the line is, is asked there */
	out->has_security = true; /* no methods: TLS does it */
	/* Without SP_GCC_REDIRECTION_SUPPORTED: we follow no broker to another machine. */
	out->has_cluster = true;
	out->cluster_flags = SP_GCC_REDIRECTION_VERSION(4);
}

void sp_settings_monitors(struct sp_gcc_client *out, const struct sp_display_layout *l)
{
	struct sp_rect all = sp_display_bounds(l);

	out->core.desktop_width = (uint16_t)all.w;
	out->core.desktop_height = (uint16_t)all.h;
	out->has_monitor = out->has_monitor_ex = true;
	out->n_monitors = l->n;
	for (size_t i = 0; i < l->n; i++) {
		const struct sp_display_monitor *m = &l->monitor[i];

		out->monitor[i] = (struct sp_gcc_monitor){.left = m->left,
				.top = m->top,
				.right = m->left + (int32_t)m->width - 1,
				.bottom = m->top + (int32_t)m->height - 1,
				.flags = m->primary ? SP_GCC_MONITOR_PRIMARY : 0};
		out->monitor_ex[i] = (struct sp_gcc_monitor_ex){.physical_width = m->physical_width,
				.physical_height = m->physical_height,
				.orientation = m->orientation,
				.desktop_scale_factor = m->desktop_scale,
				.device_scale_factor = m->device_scale};
		if (m->primary && m->desktop_scale) {
			out->core.desktop_scale_factor = m->desktop_scale;
			out->core.device_scale_factor = m->device_scale;
		}
	}
}

void sp_settings_info(struct sp_info *out, const char *address, bool compress)
{
	time_t now = time(NULL);
	struct tm tm;

	*out = (struct sp_info){
			.code_page = LAYOUT_US,
			.flags = SP_INFO_MOUSE | SP_INFO_MOUSE_HAS_WHEEL | SP_INFO_UNICODE |
					SP_INFO_DISABLECTRLALTDEL | SP_INFO_ENABLEWINDOWSKEY |
					SP_INFO_MAXIMIZESHELL | SP_INFO_LOGONNOTIFY |
					SP_INFO_LOGONERRORS | SP_INFO_NOAUDIOPLAYBACK,
			.tail = SP_INFO_TAIL_DST,
			.family = strchr(address, ':') ? SP_INFO_AF_INET6 : SP_INFO_AF_INET,
			.perf = SP_PERF_ENABLE_FONT_SMOOTHING,
	};
	if (compress) {
		out->flags |= SP_INFO_COMPRESSION | SP_INFO_COMPRESSION_64K;
	}
	snprintf(out->address, sizeof(out->address), "%s", address);
	if (localtime_r(&now, &tm)) {
		out->zone.bias = (int32_t)(-tm.tm_gmtoff / 60);
		snprintf(out->zone.standard_name, sizeof(out->zone.standard_name), "%s",
				tm.tm_zone ? tm.tm_zone : "");
	}
}
