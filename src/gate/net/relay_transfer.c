/* gate/net/relay_transfer.c - what goes over clipboard and drives, told to the keeper. */
#include <string.h>

#include "core/base/log.h"
#include "gate/net/relay.h"
#include "host/monitor/told.h"

/* The filter's enums in the message's words, which begin with one for nothing. */
_Static_assert(SP_TRANSFER_DRIVES + 1 == SP_TOLD_DRIVES &&
				SP_TRANSFER_CHANGE + 1 == SP_TOLD_CHANGE &&
				SP_TRANSFER_FILE + 1 == SP_TOLD_FILE &&
				SP_TRANSFER_DAMAGED + 1 == SP_TOLD_DAMAGED &&
				SP_TRANSFER_TOO_LARGE + 1 == SP_TOLD_TOO_LARGE,
		"two lists of the same");
_Static_assert(SP_TRANSFER_NAME <= SP_TEXT_FILE, "a name does not fit");

void sp_relay_transfer_message(struct sp_msg_transfer *m, const struct sp_transfer *t)
{
	memset(m, 0, sizeof(*m));
	m->channel = (uint32_t)t->channel + 1;
	m->way = t->to == SP_SIDE_TARGET ? SP_TOLD_IN : SP_TOLD_OUT;
	m->kind = (uint32_t)t->kind + 1;
	m->verdict = (uint32_t)t->verdict + 1;
	m->bytes = t->n;
	m->has_sha256 = t->has_sha256;
	memcpy(m->sha256, t->sha256, sizeof(m->sha256));
	memcpy(m->sent, t->sent, sizeof(t->sent));
	memcpy(m->name, t->name, sizeof(t->name));
	memcpy(m->next, t->next, sizeof(t->next));
	/* Nothing that the keeper would take for a broken message, whatever a peer found. */
	sp_log_clean(m->sent);
	sp_log_clean(m->name);
	sp_log_clean(m->next);
}

_Static_assert(SP_LEGS_CHANNEL_NAME <= SP_TEXT_CHANNEL, "a channel's name does not fit");

static void tell_channels(struct sp_net *n)
{
	struct sp_legs_channel ch;
	uint32_t lost;

	while (n->legs && sp_legs_channel(n->legs, &ch, &lost)) {
		struct sp_msg_channel m = {.verdict = ch.open ? SP_TOLD_PASSED : SP_TOLD_REFUSED,
				.dynamic = ch.dynamic};

		n->told.missed += lost;
		if (!sp_told_may(&n->told, 1, sp_now_us())) {
			continue;
		}
		memcpy(m.name, ch.name, sizeof(ch.name));
		sp_log_clean(m.name);
		m.missed = n->told.missed;
		if (sp_mon_say(SP_NET_FD_KEEPER, CHANNEL, &m) != SP_OK) {
			n->told.missed++;
			continue;
		}
		n->told.missed = 0;
	}
}

void sp_relay_transfers(struct sp_net *n)
{
	static struct sp_msg_transfer m;
	static struct sp_transfer t;
	uint32_t lost;

	tell_channels(n);
	while (n->legs && sp_legs_transfer(n->legs, &t, &lost)) {
		n->told.missed += lost;
		if (!sp_told_may(&n->told, 1, sp_now_us())) {
			continue;
		}
		sp_relay_transfer_message(&m, &t);
		if (n->tap) {
			sp_tap_transfer(n->tap, &m);
		}
		m.missed = n->told.missed;
		if (sp_mon_say(SP_NET_FD_KEEPER, TRANSFER, &m) != SP_OK) {
			n->told.missed++; /* it has more to do than it can */
			continue;
		}
		n->told.missed = 0;
	}
}

void sp_relay_transfers_end(struct sp_net *n)
{
	if (n->legs) {
		sp_legs_stop_channels(n->legs);
		sp_relay_transfers(n);
	}
}
