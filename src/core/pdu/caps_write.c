/* core/pdu/caps_write.c - see caps.h: writing capability sets. */
#include "core/base/utf16.h"
#include "core/pdu/caps.h"

void sp_caps_set_write(struct sp_wr *w, const struct sp_caps_set *in)
{
	sp_wr_le16(w, in->type);
	size_t len = sp_wr_hole(w, 2);
	sp_wr_span(w, in->data);
	sp_wr_fill_le16(w, len, 4 + in->data.n);
}

static void general_write(struct sp_wr *w, const struct sp_caps_general *in)
{
	sp_wr_le16(w, in->os_major);
	sp_wr_le16(w, in->os_minor);
	sp_wr_le16(w, 0x0200); /* protocolVersion */
	sp_wr_zero(w, 2 /* pad2octetsA */ + 2 /* compressionTypes */);
	sp_wr_le16(w, in->extra_flags);
	sp_wr_zero(w, 2 /* updateCapabilityFlag */ + 2 /* remoteUnshareFlag */);
	sp_wr_zero(w, 2 /* compressionLevel */);
	sp_wr_u8(w, in->refresh_rect);
	sp_wr_u8(w, in->suppress_output);
}

static void bitmap_write(struct sp_wr *w, const struct sp_caps_bitmap *in)
{
	sp_wr_le16(w, in->bpp);
	sp_wr_le16(w, 1); /* receive1BitPerPixel */
	sp_wr_le16(w, 1); /* receive4BitsPerPixel */
	sp_wr_le16(w, 1); /* receive8BitsPerPixel */
	sp_wr_le16(w, in->width);
	sp_wr_le16(w, in->height);
	sp_wr_le16(w, 0); /* pad2octets */
	sp_wr_le16(w, in->resize);
	sp_wr_le16(w, 1); /* bitmapCompressionFlag */
	sp_wr_u8(w, 0); /* highColorFlags */
	sp_wr_u8(w, in->drawing_flags);
	sp_wr_le16(w, 1); /* multipleRectangleSupport */
	sp_wr_le16(w, 0); /* pad2octetsB */
}

static void order_write(struct sp_wr *w, const struct sp_caps_order *in)
{
	sp_wr_zero(w, 16 /* terminalDescriptor */ + 4 /* pad4octetsA */);
	sp_wr_le16(w, 1); /* desktopSaveXGranularity */
	sp_wr_le16(w, 20); /* desktopSaveYGranularity */
	sp_wr_le16(w, 0); /* pad2octetsA */
	sp_wr_le16(w, 1); /* maximumOrderLevel */
	sp_wr_le16(w, 0); /* numberFonts */
	sp_wr_le16(w, in->flags);
	sp_wr_put(w, in->support, sizeof(in->support));
	sp_wr_le16(w, in->text_flags);
	sp_wr_le16(w, in->ex_flags);
	sp_wr_le32(w, 0); /* pad4octetsB */
	sp_wr_le32(w, in->desktop_save_size);
	sp_wr_zero(w, 2 + 2); /* pad2octetsC, D */
	sp_wr_le16(w, in->ansi_code_page);
	sp_wr_le16(w, 0); /* pad2octetsE */
}

static void cells_write(struct sp_wr *w, struct sp_caps_cells in)
{
	sp_wr_le16(w, in.entries);
	sp_wr_le16(w, in.cell);
}

static void cache1_write(struct sp_wr *w, const struct sp_caps_cache1 *in)
{
	sp_wr_zero(w, 24); /* pad1 to pad6 */
	for (size_t i = 0; i < SP_LEN(in->cache); i++) {
		cells_write(w, in->cache[i]);
	}
}

static void cache2_write(struct sp_wr *w, const struct sp_caps_cache2 *in)
{
	sp_wr_le16(w, in->flags);
	sp_wr_u8(w, 0); /* Pad2 */
	sp_wr_u8(w, in->n);
	for (size_t i = 0; i < SP_LEN(in->cache); i++) {
		sp_wr_le32(w,
				(in->cache[i].entries & 0x7FFFFFFF) |
						(uint32_t)in->cache[i].persistent << 31);
	}
	sp_wr_zero(w, 12); /* Pad3 */
}

static void control_write(struct sp_wr *w, const struct sp_caps_control *in)
{
	sp_wr_le16(w, in->flags);
	sp_wr_le16(w, in->remote_detach);
	sp_wr_le16(w, in->interest);
	sp_wr_le16(w, in->detach_interest);
}

static void activation_write(struct sp_wr *w, const struct sp_caps_activation *in)
{
	sp_wr_le16(w, in->help_key);
	sp_wr_le16(w, in->help_key_index);
	sp_wr_le16(w, in->help_extended_key);
	sp_wr_le16(w, in->window_manager_key);
}

static void pointer_write(struct sp_wr *w, const struct sp_caps_pointer *in)
{
	sp_wr_le16(w, in->color);
	sp_wr_le16(w, in->color_cache);
	sp_wr_le16(w, in->cache);
}

static void input_write(struct sp_wr *w, const struct sp_caps_input *in)
{
	sp_wr_le16(w, in->flags);
	sp_wr_le16(w, 0); /* pad2octetsA */
	sp_wr_le32(w, in->layout);
	sp_wr_le32(w, in->type);
	sp_wr_le32(w, in->subtype);
	sp_wr_le32(w, in->function_keys);

	size_t n = sp_utf16_units(in->ime) * 2;
	if (n <= 62) {
		sp_utf16_write(w, in->ime);
		sp_wr_zero(w, 64 - n);
	} else {
		sp_wr_fail(w, SP_EARG);
	}
}

static void glyph_write(struct sp_wr *w, const struct sp_caps_glyph *in)
{
	for (size_t i = 0; i < SP_LEN(in->cache); i++) {
		cells_write(w, in->cache[i]);
	}
	cells_write(w, in->fragment);
	sp_wr_le16(w, in->level);
	sp_wr_le16(w, 0); /* pad2octets */
}

static void offscreen_write(struct sp_wr *w, const struct sp_caps_offscreen *in)
{
	sp_wr_le32(w, in->level);
	sp_wr_le16(w, in->size_kb);
	sp_wr_le16(w, in->entries);
}

static void vc_write(struct sp_wr *w, const struct sp_caps_vc *in)
{
	sp_wr_le32(w, in->flags);
	if (in->has_chunk_size) {
		sp_wr_le32(w, in->chunk_size);
	}
}

static void ninegrid_write(struct sp_wr *w, const struct sp_caps_ninegrid *in)
{
	sp_wr_le32(w, in->level);
	sp_wr_le16(w, in->size_kb);
	sp_wr_le16(w, in->entries);
}

static void window_write(struct sp_wr *w, const struct sp_caps_window *in)
{
	sp_wr_le32(w, in->level);
	sp_wr_u8(w, in->icon_caches);
	sp_wr_le16(w, in->icon_entries);
}

static void codecs_write(struct sp_wr *w, const struct sp_caps_codecs *in)
{
	sp_wr_u8(w, (uint8_t)in->n);
	for (size_t i = 0; i < in->n; i++) {
		const struct sp_caps_codec *c = &in->codec[i];
		const uint8_t *guid = sp_caps_codec_guid(c->kind);

		sp_wr_put(w, guid ? guid : c->guid, sizeof(c->guid));
		sp_wr_u8(w, c->id);
		size_t len = sp_wr_hole(w, 2);
		sp_wr_span(w, c->properties);
		sp_wr_fill_le16(w, len, c->properties.n);
	}
}

static void le16_padded(struct sp_wr *w, uint16_t v)
{
	sp_wr_le16(w, v);
	sp_wr_le16(w, 0); /* pad2octets */
}

static void set_write(struct sp_wr *w, enum sp_caps_type type, const struct sp_caps *in)
{
	switch (type) {
	case SP_CAPS_GENERAL:
		general_write(w, &in->general);
		break;
	case SP_CAPS_BITMAP:
		bitmap_write(w, &in->bitmap);
		break;
	case SP_CAPS_ORDER:
		order_write(w, &in->order);
		break;
	case SP_CAPS_BITMAPCACHE:
		cache1_write(w, &in->cache1);
		break;
	case SP_CAPS_BITMAPCACHE_REV2:
		cache2_write(w, &in->cache2);
		break;
	case SP_CAPS_CONTROL:
		control_write(w, &in->control);
		break;
	case SP_CAPS_ACTIVATION:
		activation_write(w, &in->activation);
		break;
	case SP_CAPS_POINTER:
		pointer_write(w, &in->pointer);
		break;
	case SP_CAPS_SHARE:
		le16_padded(w, in->share_node);
		break;
	case SP_CAPS_COLORCACHE:
		le16_padded(w, in->color_cache);
		break;
	case SP_CAPS_SOUND:
		le16_padded(w, in->sound_flags);
		break;
	case SP_CAPS_INPUT:
		input_write(w, &in->input);
		break;
	case SP_CAPS_FONT:
		le16_padded(w, in->font_flags);
		break;
	case SP_CAPS_BRUSH:
		sp_wr_le32(w, in->brush_level);
		break;
	case SP_CAPS_GLYPHCACHE:
		glyph_write(w, &in->glyph);
		break;
	case SP_CAPS_OFFSCREENCACHE:
		offscreen_write(w, &in->offscreen);
		break;
	case SP_CAPS_BITMAPCACHE_HOSTSUPPORT:
		sp_wr_u8(w, in->cache_host);
		sp_wr_zero(w, 3); /* pad1, pad2 */
		break;
	case SP_CAPS_VIRTUALCHANNEL:
		vc_write(w, &in->vc);
		break;
	case SP_CAPS_DRAWNINEGRID:
		ninegrid_write(w, &in->ninegrid);
		break;
	case SP_CAPS_DRAWGDIPLUS:
		sp_wr_span(w, in->gdiplus);
		break;
	case SP_CAPS_RAIL:
		sp_wr_le32(w, in->rail_level);
		break;
	case SP_CAPS_WINDOW:
		window_write(w, &in->window);
		break;
	case SP_CAPS_COMPDESK:
		sp_wr_le16(w, in->compdesk);
		break;
	case SP_CAPS_MULTIFRAGMENT:
		sp_wr_le32(w, in->max_request);
		break;
	case SP_CAPS_LARGE_POINTER:
		sp_wr_le16(w, in->large_pointer);
		break;
	case SP_CAPS_SURFACE_COMMANDS:
		sp_wr_le32(w, in->surface_commands);
		sp_wr_le32(w, 0); /* reserved */
		break;
	case SP_CAPS_BITMAP_CODECS:
		codecs_write(w, &in->codecs);
		break;
	case SP_CAPS_FRAME_ACKNOWLEDGE:
		sp_wr_le32(w, in->frame_ack);
		break;
	}
}

size_t sp_caps_write(struct sp_wr *w, const struct sp_caps *in)
{
	static const uint8_t order[] = {SP_CAPS_GENERAL, SP_CAPS_BITMAP, SP_CAPS_ORDER,
			SP_CAPS_BITMAPCACHE, SP_CAPS_CONTROL, SP_CAPS_ACTIVATION, SP_CAPS_POINTER,
			SP_CAPS_SHARE, SP_CAPS_COLORCACHE, SP_CAPS_SOUND, SP_CAPS_INPUT,
			SP_CAPS_FONT, SP_CAPS_BRUSH, SP_CAPS_GLYPHCACHE, SP_CAPS_OFFSCREENCACHE,
			SP_CAPS_BITMAPCACHE_HOSTSUPPORT, SP_CAPS_BITMAPCACHE_REV2,
			SP_CAPS_VIRTUALCHANNEL, SP_CAPS_DRAWNINEGRID, SP_CAPS_DRAWGDIPLUS,
			SP_CAPS_RAIL, SP_CAPS_WINDOW, SP_CAPS_COMPDESK, SP_CAPS_MULTIFRAGMENT,
			SP_CAPS_LARGE_POINTER, SP_CAPS_SURFACE_COMMANDS, SP_CAPS_BITMAP_CODECS,
			SP_CAPS_FRAME_ACKNOWLEDGE};
	size_t n = 0;

	for (size_t i = 0; i < SP_LEN(order); i++) {
		if (!sp_caps_has(in, (enum sp_caps_type)order[i])) {
			continue;
		}
		size_t at = w->n;
		sp_wr_le16(w, order[i]);
		size_t len = sp_wr_hole(w, 2);
		set_write(w, (enum sp_caps_type)order[i], in);
		sp_wr_fill_le16(w, len, w->n - at);
		n++;
	}
	return n;
}
