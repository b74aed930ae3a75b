/* core/rdp/legs_channels.c - static and dynamic channels between the legs; see legs_part.h. */
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/rdp/client_part.h"
#include "core/rdp/legs_part.h"

/* Whether what stands for a channel on the target's leg is only there to be swallowed. */
static bool swallowed(const struct sp_legs *l, const char *name)
{
	return !l->conf.rules.sound && sp_dvcs_same_name(name, "rdpsnd");
}

static void settle(struct sp_legs *l, bool dynamic, bool open, const char *name)
{
	if (l->n_settled == SP_LEGS_SETTLED) {
		l->settled_lost++;
		return;
	}
	size_t at = (l->settled_first + l->n_settled++) % SP_LEGS_SETTLED;
	size_t n = strnlen(name, SP_LEGS_CHANNEL_NAME - 1);
	l->settled[at] = (struct sp_legs_channel){.dynamic = dynamic, .open = open};
	memcpy(l->settled[at].name, name, n);
}

bool sp_legs_channel(struct sp_legs *l, struct sp_legs_channel *out, uint32_t *lost)
{
	if (l->n_settled == 0) {
		return false;
	}
	*out = l->settled[l->settled_first];
	*lost = l->settled_lost;
	l->settled_lost = 0;
	l->settled_first = (l->settled_first + 1) % SP_LEGS_SETTLED;
	l->n_settled--;
	return true;
}

/* There is one filter: a second channel of the name goes nowhere. */
static void map_once(struct sp_legs *l, size_t i, uint8_t *place)
{
	if (l->to_target[i] != SP_LEGS_NONE && *place == SP_LEGS_NONE) {
		*place = (uint8_t)i;
	} else if (l->to_target[i] != SP_LEGS_NONE) {
		l->to_user[l->to_target[i]] = SP_LEGS_NONE;
		l->to_target[i] = SP_LEGS_NONE;
	}
}

void sp_legs_map(struct sp_legs *l)
{
	const struct sp_gcc_client *u = &l->user->gcc, *t = &l->target->gcc;

	memset(l->to_target, SP_LEGS_NONE, sizeof(l->to_target));
	memset(l->to_user, SP_LEGS_NONE, sizeof(l->to_user));
	l->dynamic = l->cliprdr = l->rdpdr = SP_LEGS_NONE;
	for (size_t i = 0; i < u->n_channels; i++) {
		for (size_t j = 0; j < t->n_channels; j++) {
			if (l->to_user[j] == SP_LEGS_NONE &&
					sp_dvcs_same_name(u->channel[i].name, t->channel[j].name) &&
					!swallowed(l, t->channel[j].name)) {
				l->to_target[i] = (uint8_t)j;
				l->to_user[j] = (uint8_t)i;
				break;
			}
		}
		if (l->to_target[i] != SP_LEGS_NONE &&
				sp_dvcs_same_name(u->channel[i].name, "drdynvc")) {
			l->dynamic = (uint8_t)i;
		}
		if (sp_dvcs_same_name(u->channel[i].name, "cliprdr")) {
			map_once(l, i, &l->cliprdr);
		} else if (sp_dvcs_same_name(u->channel[i].name, SP_DRIVE_CHANNEL)) {
			map_once(l, i, &l->rdpdr);
		}
	}
	for (size_t i = 0; i < u->n_channels; i++) {
		settle(l, false, l->to_target[i] != SP_LEGS_NONE, u->channel[i].name);
	}
}

/* ---- what is said on them ---- */

/* What a filter made of a chunk: to whom it goes; place is the user's number of the channel. */
static int send_sieved(
		struct sp_legs *l, enum sp_side from, uint8_t place, const struct sp_sieve_out *out)
{
	l->answered = l->answered || out->to == from;
	return out->to == SP_SIDE_CLIENT
			? sp_rdp_send_relay(l->user, SP_RELAY_CHANNEL, place, out->chunk)
			: sp_rdp_send_relay(l->target, SP_RELAY_CHANNEL, l->to_target[place],
					  out->chunk);
}

static int clipboard(struct sp_legs *l, enum sp_side from, struct sp_span chunk)
{
	struct sp_sieve_out out;

	if (!l->clip) {
		l->clip = sp_calloc(1, sizeof(*l->clip));
		if (!l->clip) {
			return SP_ENOMEM;
		}
		sp_clip_filter_init(l->clip, &l->conf.rules.clip, l->conf.crypto);
	}
	int rc = sp_clip_filter_feed(l->clip, from, chunk);
	while (rc == SP_OK && sp_clip_filter_next(l->clip, &out)) {
		rc = send_sieved(l, from, l->cliprdr, &out);
	}
	return rc;
}

static int drives(struct sp_legs *l, enum sp_side from, struct sp_span chunk)
{
	struct sp_sieve_out out;

	if (!l->drive) {
		l->drive = sp_calloc(1, sizeof(*l->drive));
		if (!l->drive) {
			return SP_ENOMEM;
		}
		sp_drive_filter_init(l->drive, &l->conf.rules.drive, l->conf.crypto);
	}
	int rc = sp_drive_filter_feed(l->drive, from, chunk);
	while (rc == SP_OK && sp_drive_filter_next(l->drive, &out)) {
		rc = send_sieved(l, from, l->rdpdr, &out);
	}
	return rc;
}

int sp_legs_channel_of_user(struct sp_legs *l, size_t index, struct sp_span chunk, uint64_t now_us)
{
	bool input = false;

	if (!(index < SP_GCC_MAX_CHANNELS) || l->to_target[index] == SP_LEGS_NONE) {
		return SP_OK; /* denied: it has a number and stays silent */
	}
	if (index == l->cliprdr) {
		return clipboard(l, SP_SIDE_CLIENT, chunk);
	}
	if (index == l->rdpdr) {
		return drives(l, SP_SIDE_CLIENT, chunk);
	}
	if (index == l->dynamic && !sp_dvcs_client(&l->dvcs, chunk, &input)) {
		return SP_OK;
	}
	if (input) {
		l->input_us = now_us;
	}
	return sp_rdp_send_relay(l->target, SP_RELAY_CHANNEL, l->to_target[index], chunk);
}

int sp_legs_channel_of_target(struct sp_legs *l, size_t index, struct sp_span chunk)
{
	struct sp_dvcs_result result = {.pass = chunk};

	if (!(index < SP_GCC_MAX_CHANNELS) || l->to_user[index] == SP_LEGS_NONE) {
		return SP_OK;
	}
	size_t user = l->to_user[index];
	if (user == l->cliprdr) {
		return clipboard(l, SP_SIDE_TARGET, chunk);
	}
	if (user == l->rdpdr) {
		return drives(l, SP_SIDE_TARGET, chunk);
	}
	if (user == l->dynamic) {
		sp_dvcs_target(&l->dvcs, chunk, &result);
	}
	if (result.refused) {
		sp_log(SP_LOG_DEBUG, "dynamic channel \"%s\" refused", result.refused);
		settle(l, true, false, result.refused);
	}
	if (result.opened) {
		settle(l, true, true, result.opened);
	}
	int rc = SP_OK;
	if (result.answer.n > 0) {
		rc = sp_rdp_send_relay(l->target, SP_RELAY_CHANNEL, index, result.answer);
	}
	if (rc == SP_OK && result.pass.n > 0) {
		rc = sp_rdp_send_relay(l->user, SP_RELAY_CHANNEL, user, result.pass);
	}
	return rc;
}

/* ---- before the target listens ---- */

void sp_legs_forget_early(struct sp_legs *l)
{
	if (l->early.p) {
		sp_wipe(l->early.p, l->early.cap);
	}
	sp_wr_finish(&l->early);
}

/* Said before there is a target, or before it listens. */
void sp_legs_hold(struct sp_legs *l, size_t index, struct sp_span chunk)
{
	if (!l->early_lost && chunk.n + 5 <= SP_LEGS_EARLY_MAX - l->early.n) {
		sp_wr_u8(&l->early, (uint8_t)index);
		sp_wr_le32(&l->early, (uint32_t)chunk.n);
		sp_wr_span(&l->early, chunk);
	} else if (!l->early_lost) {
		/* What follows makes no sense without it. */
		l->early_lost = true;
		sp_log(SP_LOG_DEBUG, "channel data before the target: more than %u bytes, dropped",
				SP_LEGS_EARLY_MAX);
	}
}

int sp_legs_release(struct sp_legs *l, uint64_t now_us)
{
	struct sp_rd r;
	int rc = sp_wr_ok(&l->early);

	sp_rd_init(&r, l->early.p, l->early.n);
	while (rc == SP_OK && sp_rd_left(&r) > 0) {
		size_t index = sp_rd_u8(&r);
		size_t n = sp_rd_le32(&r);
		struct sp_span chunk = sp_rd_span(&r, n);

		rc = sp_rd_ok(&r) != SP_OK ? SP_EBUG
					   : sp_legs_channel_of_user(l, index, chunk, now_us);
	}
	sp_legs_forget_early(l);
	sp_wr_init(&l->early, SP_LEGS_EARLY_MAX);
	return rc;
}
