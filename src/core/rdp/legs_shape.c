/* core/rdp/legs_shape.c - what of the user's blocks and Client Info a target is to see. */
#include "core/rdp/legs.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/crypt/crypto.h"
#include "core/rdp/dvcs.h"

/* [MS-RDPBCGR] 2.2.1.3.5 version 4: what a load balancer asks of who follows it. */
#define CLUSTER_VERSION 4

static bool allowed(const struct sp_gcc_channel *ch, const struct sp_legs_rules *rules)
{
	if (sp_dvcs_same_name(ch->name, "drdynvc")) {
		return true;
	}
	if (sp_dvcs_same_name(ch->name, "cliprdr")) {
		return rules->clipboard;
	}
	if (sp_dvcs_same_name(ch->name, "rdpdr")) {
		return rules->drive.read || rules->drive.other;
	}
	if (sp_dvcs_same_name(ch->name, "rdpsnd")) {
		/* Windows starts redirection of drives only for those who have sound, too. */
		return rules->sound || (rules->drive.read && !rules->own);
	}
	return rules->other;
}

/* Whether one of the first n has its name: a second drdynvc, say, would pass unwatched. */
static bool named_before(const struct sp_gcc_client *gcc, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (sp_dvcs_same_name(gcc->channel[i].name, name)) {
			return true;
		}
	}
	return false;
}

static bool has_channel(const struct sp_gcc_client *gcc, const char *name)
{
	return named_before(gcc, gcc->n_channels, name);
}

static void shape_channels(struct sp_gcc_client *gcc, const struct sp_legs_rules *rules)
{
	size_t n = 0;

	for (size_t i = 0; i < gcc->n_channels; i++) {
		if (allowed(&gcc->channel[i], rules) &&
				!named_before(gcc, n, gcc->channel[i].name)) {
			gcc->channel[n] = gcc->channel[i];
			/* No history that spans messages: some of them are dropped. */
			gcc->channel[n++].options &=
					~(SP_GCC_CHANNEL_COMPRESS_RDP | SP_GCC_CHANNEL_COMPRESS);
		}
	}
	gcc->n_channels = n;
	if (rules->drive.read && !rules->own && has_channel(gcc, "rdpdr") &&
			!has_channel(gcc, "rdpsnd") && n < SP_GCC_MAX_CHANNELS) {
		gcc->channel[gcc->n_channels++] = (struct sp_gcc_channel){.name = "rdpsnd",
				.options = SP_GCC_CHANNEL_INITIALIZED | SP_GCC_CHANNEL_ENCRYPT_RDP};
	}
	gcc->has_net = gcc->n_channels > 0;
}

static void shape_early_flags(struct sp_gcc_client *gcc)
{
	uint16_t *flags = &gcc->core.early_capability_flags;

	if (!(gcc->core.n_tail > SP_GCC_TAIL_EARLY_FLAGS)) {
		return;
	}
	if (!gcc->has_msgchannel) {
		*flags &= (uint16_t) ~(SP_GCC_CS_NETCHAR_AUTODETECT | SP_GCC_CS_HEARTBEAT);
	}
	/* mstsc says it has the pipeline below 32 bits, and fails. */
	if (!has_channel(gcc, "drdynvc") || sp_gcc_client_bpp(&gcc->core) != 32) {
		*flags &= (uint16_t)~SP_GCC_CS_DYNVC_GFX;
	}
	*flags |= SP_GCC_CS_SKIP_CHANNELJOIN; /* a matter of the leg, and ours can */
}

void sp_legs_shape(
		struct sp_gcc_client *gcc, struct sp_info *info, const struct sp_legs_rules *rules)
{
	shape_channels(gcc, rules);
	shape_early_flags(gcc);
	if (rules->own) {
		gcc->has_msgchannel = true; /* for what we tell it of the line */
	}
	gcc->has_security = true;
	gcc->encryption_methods = gcc->ext_encryption_methods = 0;
	gcc->has_multitransport = false;
	gcc->multitransport_flags = 0;
	gcc->has_cluster = true;
	gcc->cluster_flags =
			SP_GCC_REDIRECTION_SUPPORTED | SP_GCC_REDIRECTION_VERSION(CLUSTER_VERSION);
	gcc->redirected_session_id = 0;

	info->flags &= ~(uint32_t)(SP_INFO_COMPRESSION | SP_INFO_COMPRESSION_TYPE | SP_INFO_RAIL |
			SP_INFO_HIDEF_RAIL_SUPPORTED);
	if (!rules->sound) {
		info->flags |= SP_INFO_NOAUDIOPLAYBACK;
	}
	if (!rules->microphone) {
		info->flags &= ~(uint32_t)SP_INFO_AUDIOCAPTURE;
	}
	sp_secret_wipe(&info->password);
	info->has_arc = false;
	sp_wipe(&info->arc, sizeof(info->arc));
	/* What runs there is not for a client to say. */
	info->shell[0] = info->dir[0] = info->client_dir[0] = '\0';
}

void sp_legs_prove(
		struct sp_info *info, const struct sp_crypto *crypto, const struct sp_legs_arc *arc)
{
	/* [MS-RDPBCGR] 5.5: under TLS there is no client random, and 32 zeros stand for it. */
	static const uint8_t random[32];
	struct sp_span part = sp_span(random, sizeof(random));

	if (!arc->present) {
		return;
	}
	info->has_arc = true;
	info->arc.logon_id = arc->logon_id;
	crypto->hmac_md5(sp_span(arc->bits, sizeof(arc->bits)), &part, 1, info->arc.verifier);
	if (info->tail < SP_INFO_TAIL_ARC) {
		info->tail = SP_INFO_TAIL_ARC;
	}
}
