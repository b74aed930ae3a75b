/* core/view/emit_surf_can.c - what a client takes of RemoteFX and NSCodec; see emit_surf.h. */
#include "core/base/rd.h"
#include "core/pdu/surfcmd.h"
#include "core/view/emit_surf_part.h"

#define MAX_LOSS 7 /* bits of chroma that NSCodec may drop */

/* [MS-RDPRFX] 2.2.1.1.1 TS_RFX_CAPS to 2.2.1.1.1.1.1 TS_RFX_ICAP: the best one that is there */
static bool read_icaps(struct sp_span properties, struct sp_emit_surf_conf *out)
{
	bool found = false;
	struct sp_rd r;

	sp_rd_init(&r, properties.p, properties.n);
	sp_rd_skip(&r, 4 /* length */ + 4 /* captureFlags */ + 4 /* capsLength */);
	sp_rd_skip(&r, 2 /* blockType */ + 4 /* blockLen */ + 2 /* numCapsets */);
	sp_rd_skip(&r, 2 /* blockType */ + 4 /* blockLen */ + 1 /* codecId */ + 2 /* capsetType */);
	uint16_t n = sp_rd_le16(&r);
	uint16_t len = sp_rd_le16(&r);
	for (uint16_t i = 0; i < n && i < 16 && len >= 8 && sp_rd_ok(&r) == SP_OK; i++) {
		struct sp_rd icap = sp_rd_sub(&r, len);

		sp_rd_skip(&icap, 2 /* version */ + 2 /* tileSize */);
		uint8_t flags = sp_rd_u8(&icap);
		sp_rd_skip(&icap, 1 /* colConvBits */ + 1 /* transformBits */);
		uint8_t entropy = sp_rd_u8(&icap);
		if (sp_rd_ok(&icap) == SP_OK && (entropy == SP_RLGR1 || entropy == SP_RLGR3) &&
				(!found || entropy == SP_RLGR3)) {
			found = true;
			out->rlgr = (enum sp_rlgr)entropy;
			out->image = flags & 0x02;
		}
	}
	return found;
}

bool sp_emit_surf_can(const struct sp_caps *caps, struct sp_emit_surf_conf *out)
{
	const struct sp_caps_codec *c;

	*out = (struct sp_emit_surf_conf){.no_compr_hdr = caps->general.extra_flags &
					SP_GENERAL_NO_BITMAP_COMPRESSION_HDR,
			.alpha = !(caps->bitmap.drawing_flags & SP_DRAW_ALLOW_SKIP_ALPHA)};
	if (!(caps->general.extra_flags & SP_GENERAL_FASTPATH_OUTPUT) ||
			!sp_caps_has(caps, SP_CAPS_SURFACE_COMMANDS) ||
			!sp_caps_has(caps, SP_CAPS_BITMAP_CODECS) ||
			!sp_caps_has(caps, SP_CAPS_MULTIFRAGMENT) ||
			!(caps->surface_commands &
					(SP_SURFCMDS_SET_SURFACE_BITS |
							SP_SURFCMDS_STREAM_SURFACE_BITS)) ||
			!(caps->max_request >= SP_EMIT_SURF_MIN_UPDATE)) {
		return false;
	}
	out->max_update = caps->max_request < MAX_REQUEST ? caps->max_request : MAX_REQUEST;
	out->stream = !(caps->surface_commands & SP_SURFCMDS_SET_SURFACE_BITS);
	out->markers = caps->surface_commands & SP_SURFCMDS_FRAME_MARKER;
	out->acks = out->markers && sp_caps_has(caps, SP_CAPS_FRAME_ACKNOWLEDGE);
	c = sp_caps_codec_find(caps, SP_CODEC_REMOTEFX);
	if (!c) {
		c = sp_caps_codec_find(caps, SP_CODEC_IMAGE_REMOTEFX);
	}
	if (c && read_icaps(c->properties, out)) {
		out->rfx = true;
		out->codec = c->id;
		return true;
	}
	c = sp_caps_codec_find(caps, SP_CODEC_NSCODEC);
	if (!c || c->properties.n < 3) {
		return false;
	}
	out->codec = c->id;
	/* [MS-RDPNSC] 2.2.1: least loss where it may be chosen, and most where bytes are to be saved. */
	out->nsc_poor.loss = c->properties.p[2];
	out->nsc_poor.subsample = c->properties.p[1] != 0;
	out->nsc.loss = c->properties.p[0] ? 1 : out->nsc_poor.loss;
	return 1 <= out->nsc_poor.loss && out->nsc_poor.loss <= MAX_LOSS;
}
