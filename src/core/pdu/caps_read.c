/* core/pdu/caps_read.c - see caps.h: walking and reading capability sets. */
#include <string.h>

#include "core/base/utf16.h"
#include "core/pdu/caps.h"

#define DEFAULT_CHUNK 1600

int sp_caps_next(struct sp_rd *r, struct sp_caps_set *out)
{
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (sp_rd_left(r) == 0) {
		return 0;
	}
	out->type = sp_rd_le16(r);
	size_t n = sp_rd_le16(r);
	if (n < 4 && sp_rd_ok(r) == SP_OK) {
		return sp_rd_fail(r, SP_EFIELD, "caps.lengthCapability");
	}
	out->data = sp_rd_span(r, n - 4);
	return sp_rd_ok(r) == SP_OK ? 1 : r->err;
}

static void general_read(struct sp_rd *r, struct sp_caps_general *out)
{
	out->os_major = sp_rd_le16(r);
	out->os_minor = sp_rd_le16(r);
	sp_rd_skip(r, 2 /* protocolVersion */ + 2 /* pad2octetsA */ + 2 /* compressionTypes */);
	out->extra_flags = sp_rd_le16(r);
	sp_rd_skip(r, 2 /* updateCapabilityFlag */ + 2 /* remoteUnshareFlag */);
	sp_rd_skip(r, 2 /* compressionLevel */);
	out->refresh_rect = sp_rd_u8(r) != 0;
	out->suppress_output = sp_rd_u8(r) != 0;
}

static void bitmap_read(struct sp_rd *r, struct sp_caps_bitmap *out)
{
	out->bpp = sp_rd_le16(r);
	sp_rd_skip(r, 2 + 2 + 2); /* receive1BitPerPixel, 4, 8 */
	out->width = sp_rd_le16(r);
	out->height = sp_rd_le16(r);
	sp_rd_skip(r, 2); /* pad2octets */
	out->resize = sp_rd_le16(r) != 0;
	sp_rd_skip(r, 2 /* bitmapCompressionFlag */ + 1 /* highColorFlags */);
	out->drawing_flags = sp_rd_u8(r);
	sp_rd_skip(r, 2 /* multipleRectangleSupport */ + 2 /* pad2octetsB */);
}

static void order_read(struct sp_rd *r, struct sp_caps_order *out)
{
	sp_rd_skip(r, 16 /* terminalDescriptor */ + 4 /* pad4octetsA */);
	sp_rd_skip(r, 2 + 2 /* desktopSaveXGranularity, Y */ + 2 /* pad2octetsA */);
	sp_rd_skip(r, 2 /* maximumOrderLevel */ + 2 /* numberFonts */);
	out->flags = sp_rd_le16(r);
	sp_rd_copy(r, out->support, sizeof(out->support));
	out->text_flags = sp_rd_le16(r);
	out->ex_flags = sp_rd_le16(r);
	sp_rd_skip(r, 4); /* pad4octetsB */
	out->desktop_save_size = sp_rd_le32(r);
	sp_rd_skip(r, 2 + 2); /* pad2octetsC, D */
	out->ansi_code_page = sp_rd_le16(r);
	sp_rd_skip(r, 2); /* pad2octetsE */
}

static void cells_read(struct sp_rd *r, struct sp_caps_cells *out)
{
	out->entries = sp_rd_le16(r);
	out->cell = sp_rd_le16(r);
}

static void cache1_read(struct sp_rd *r, struct sp_caps_cache1 *out)
{
	sp_rd_skip(r, 24); /* pad1 to pad6 */
	for (size_t i = 0; i < SP_LEN(out->cache); i++) {
		cells_read(r, &out->cache[i]);
	}
}

static void cache2_read(struct sp_rd *r, struct sp_caps_cache2 *out)
{
	out->flags = sp_rd_le16(r);
	sp_rd_skip(r, 1); /* Pad2 */
	out->n = sp_rd_u8(r);
	for (size_t i = 0; i < SP_LEN(out->cache); i++) {
		uint32_t info = sp_rd_le32(r);

		out->cache[i].entries = info & 0x7FFFFFFF;
		out->cache[i].persistent = info >> 31 != 0;
	}
	if (!(out->n <= SP_LEN(out->cache))) {
		out->n = 0;
		sp_rd_fail(r, SP_ELIMIT, "caps.bitmapCache2.NumCellCaches");
	}
}

static void control_read(struct sp_rd *r, struct sp_caps_control *out)
{
	out->flags = sp_rd_le16(r);
	out->remote_detach = sp_rd_le16(r);
	out->interest = sp_rd_le16(r);
	out->detach_interest = sp_rd_le16(r);
}

static void activation_read(struct sp_rd *r, struct sp_caps_activation *out)
{
	out->help_key = sp_rd_le16(r);
	out->help_key_index = sp_rd_le16(r);
	out->help_extended_key = sp_rd_le16(r);
	out->window_manager_key = sp_rd_le16(r);
}

static void pointer_read(struct sp_rd *r, struct sp_caps_pointer *out)
{
	out->color = sp_rd_le16(r) != 0;
	out->color_cache = sp_rd_le16(r);
	if (sp_rd_left(r) >= 2) {
		out->cache = sp_rd_le16(r);
	}
}

static void input_read(struct sp_rd *r, struct sp_caps_input *out)
{
	out->flags = sp_rd_le16(r);
	sp_rd_skip(r, 2); /* pad2octetsA */
	out->layout = sp_rd_le32(r);
	out->type = sp_rd_le32(r);
	out->subtype = sp_rd_le32(r);
	out->function_keys = sp_rd_le32(r);
	struct sp_span ime = sp_rd_span(r, 64);
	sp_utf16_to_utf8(ime, out->ime, sizeof(out->ime));
}

static void glyph_read(struct sp_rd *r, struct sp_caps_glyph *out)
{
	for (size_t i = 0; i < SP_LEN(out->cache); i++) {
		cells_read(r, &out->cache[i]);
	}
	cells_read(r, &out->fragment);
	out->level = sp_rd_le16(r);
	sp_rd_skip(r, 2); /* pad2octets */
}

static void offscreen_read(struct sp_rd *r, struct sp_caps_offscreen *out)
{
	out->level = sp_rd_le32(r);
	out->size_kb = sp_rd_le16(r);
	out->entries = sp_rd_le16(r);
}

static void vc_read(struct sp_rd *r, struct sp_caps_vc *out)
{
	out->flags = sp_rd_le32(r);
	out->has_chunk_size = sp_rd_left(r) >= 4;
	out->chunk_size = out->has_chunk_size ? sp_rd_le32(r) : DEFAULT_CHUNK;
}

static void ninegrid_read(struct sp_rd *r, struct sp_caps_ninegrid *out)
{
	out->level = sp_rd_le32(r);
	out->size_kb = sp_rd_le16(r);
	out->entries = sp_rd_le16(r);
}

static void window_read(struct sp_rd *r, struct sp_caps_window *out)
{
	out->level = sp_rd_le32(r);
	out->icon_caches = sp_rd_u8(r);
	out->icon_entries = sp_rd_le16(r);
}

/* [MS-RDPBCGR] 2.2.7.2.10.1.1.1, in the byte order of the wire. */
static const uint8_t guids[][16] = {
		[SP_CODEC_NSCODEC] = {0xB9, 0x1B, 0x8D, 0xCA, 0x0F, 0x00, 0x4F, 0x15, 0x58, 0x9F,
				0xAE, 0x2D, 0x1A, 0x87, 0xE2, 0xD6},
		[SP_CODEC_REMOTEFX] = {0x12, 0x2F, 0x77, 0x76, 0x72, 0xBD, 0x63, 0x44, 0xAF, 0xB3,
				0xB7, 0x3C, 0x9C, 0x6F, 0x78, 0x86},
		[SP_CODEC_IMAGE_REMOTEFX] = {0xD4, 0xCC, 0x44, 0x27, 0x8A, 0x9D, 0x74, 0x4E, 0x80,
				0x3C, 0x0E, 0xCB, 0xEE, 0xA1, 0x9C, 0x54},
		[SP_CODEC_IGNORE] = {0xA6, 0x51, 0x43, 0x9C, 0x35, 0x35, 0xAE, 0x42, 0x91, 0x0C,
				0xCD, 0xFC, 0xE5, 0x76, 0x0B, 0x58},
};

const uint8_t *sp_caps_codec_guid(enum sp_caps_codec_kind kind)
{
	return kind > SP_CODEC_UNKNOWN && (size_t)kind < SP_LEN(guids) ? guids[kind] : NULL;
}

static void codecs_read(struct sp_rd *r, struct sp_caps_codecs *out)
{
	size_t n = sp_rd_u8(r); /* bitmapCodecCount */

	for (size_t i = 0; i < n && sp_rd_ok(r) == SP_OK; i++) {
		struct sp_caps_codec c = {.kind = SP_CODEC_UNKNOWN};

		sp_rd_copy(r, c.guid, sizeof(c.guid));
		c.id = sp_rd_u8(r);
		size_t len = sp_rd_le16(r);
		c.properties = sp_rd_span(r, len);
		for (size_t k = SP_CODEC_NSCODEC; k < SP_LEN(guids); k++) {
			if (memcmp(c.guid, guids[k], sizeof(c.guid)) == 0) {
				c.kind = (enum sp_caps_codec_kind)k;
			}
		}
		if (sp_rd_ok(r) == SP_OK && out->n < SP_LEN(out->codec)) {
			out->codec[out->n++] = c;
		}
	}
}

const struct sp_caps_codec *sp_caps_codec_find(
		const struct sp_caps *c, enum sp_caps_codec_kind kind)
{
	for (size_t i = 0; sp_caps_has(c, SP_CAPS_BITMAP_CODECS) && i < c->codecs.n; i++) {
		if (c->codecs.codec[i].kind == kind) {
			return &c->codecs.codec[i];
		}
	}
	return NULL;
}

/* False for a type that is not ours to know. */
static bool set_read(struct sp_rd *r, uint16_t type, struct sp_caps *out)
{
	switch (type) {
	case SP_CAPS_GENERAL:
		general_read(r, &out->general);
		return true;
	case SP_CAPS_BITMAP:
		bitmap_read(r, &out->bitmap);
		return true;
	case SP_CAPS_ORDER:
		order_read(r, &out->order);
		return true;
	case SP_CAPS_BITMAPCACHE:
		cache1_read(r, &out->cache1);
		return true;
	case SP_CAPS_BITMAPCACHE_REV2:
		cache2_read(r, &out->cache2);
		return true;
	case SP_CAPS_CONTROL:
		control_read(r, &out->control);
		return true;
	case SP_CAPS_ACTIVATION:
		activation_read(r, &out->activation);
		return true;
	case SP_CAPS_POINTER:
		out->pointer = (struct sp_caps_pointer){0};
		pointer_read(r, &out->pointer);
		return true;
	case SP_CAPS_SHARE:
		out->share_node = sp_rd_le16(r);
		return true;
	case SP_CAPS_COLORCACHE:
		out->color_cache = sp_rd_le16(r);
		return true;
	case SP_CAPS_SOUND:
		out->sound_flags = sp_rd_le16(r);
		return true;
	case SP_CAPS_INPUT:
		input_read(r, &out->input);
		return true;
	case SP_CAPS_FONT:
		/* xrdp sends it without content. */
		out->font_flags = sp_rd_left(r) >= 2 ? sp_rd_le16(r) : 0;
		return true;
	case SP_CAPS_BRUSH:
		out->brush_level = sp_rd_le32(r);
		return true;
	case SP_CAPS_GLYPHCACHE:
		glyph_read(r, &out->glyph);
		return true;
	case SP_CAPS_OFFSCREENCACHE:
		offscreen_read(r, &out->offscreen);
		return true;
	case SP_CAPS_BITMAPCACHE_HOSTSUPPORT:
		out->cache_host = sp_rd_u8(r);
		return true;
	case SP_CAPS_VIRTUALCHANNEL:
		vc_read(r, &out->vc);
		return true;
	case SP_CAPS_DRAWNINEGRID:
		ninegrid_read(r, &out->ninegrid);
		return true;
	case SP_CAPS_DRAWGDIPLUS:
		out->gdiplus = sp_rd_rest(r);
		return true;
	case SP_CAPS_RAIL:
		out->rail_level = sp_rd_le32(r);
		return true;
	case SP_CAPS_WINDOW:
		window_read(r, &out->window);
		return true;
	case SP_CAPS_COMPDESK:
		out->compdesk = sp_rd_le16(r);
		return true;
	case SP_CAPS_MULTIFRAGMENT:
		out->max_request = sp_rd_le32(r);
		return true;
	case SP_CAPS_LARGE_POINTER:
		out->large_pointer = sp_rd_le16(r);
		return true;
	case SP_CAPS_SURFACE_COMMANDS:
		out->surface_commands = sp_rd_le32(r);
		return true;
	case SP_CAPS_BITMAP_CODECS:
		out->codecs = (struct sp_caps_codecs){0};
		codecs_read(r, &out->codecs);
		return true;
	case SP_CAPS_FRAME_ACKNOWLEDGE:
		out->frame_ack = sp_rd_le32(r);
		return true;
	default:
		return false;
	}
}

/* For the log: which set was too short. */
static const char *set_name(uint16_t type)
{
	static const char *const names[] = {
			[SP_CAPS_GENERAL] = "caps.general",
			[SP_CAPS_BITMAP] = "caps.bitmap",
			[SP_CAPS_ORDER] = "caps.order",
			[SP_CAPS_BITMAPCACHE] = "caps.bitmapCache",
			[SP_CAPS_CONTROL] = "caps.control",
			[SP_CAPS_ACTIVATION] = "caps.activation",
			[SP_CAPS_POINTER] = "caps.pointer",
			[SP_CAPS_SHARE] = "caps.share",
			[SP_CAPS_SOUND] = "caps.sound",
			[SP_CAPS_INPUT] = "caps.input",
			[SP_CAPS_BRUSH] = "caps.brush",
			[SP_CAPS_GLYPHCACHE] = "caps.glyphCache",
			[SP_CAPS_OFFSCREENCACHE] = "caps.offscreen",
			[SP_CAPS_BITMAPCACHE_REV2] = "caps.bitmapCache2",
			[SP_CAPS_VIRTUALCHANNEL] = "caps.virtualChannel",
			[SP_CAPS_MULTIFRAGMENT] = "caps.multifragment",
			[SP_CAPS_LARGE_POINTER] = "caps.largePointer",
			[SP_CAPS_SURFACE_COMMANDS] = "caps.surfaceCommands",
			[SP_CAPS_BITMAP_CODECS] = "caps.bitmapCodecs",
			[SP_CAPS_FRAME_ACKNOWLEDGE] = "caps.frameAcknowledge",
	};

	return type < SP_LEN(names) && names[type] ? names[type] : "caps.other";
}

int sp_caps_read(struct sp_rd *r, struct sp_caps *out)
{
	struct sp_caps_set set;
	int rc;

	*out = (struct sp_caps){0};
	while ((rc = sp_caps_next(r, &set)) > 0) {
		struct sp_rd sub;

		sp_rd_init(&sub, set.data.p, set.data.n);
		sub.what = set_name(set.type);
		if (!set_read(&sub, set.type, out)) {
			continue;
		}
		if (sp_rd_ok(&sub) != SP_OK) {
			return sp_rd_fail(r, sub.err, sub.what);
		}
		sp_caps_add(out, (enum sp_caps_type)set.type);
	}
	return rc;
}
