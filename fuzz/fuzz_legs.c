/* fuzz/fuzz_legs.c - PDUs of both sides through the legs of a session that runs. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/pdu/mcs.h"
#include "core/pdu/share.h"
#include "core/pdu/tpkt.h"
#include "core/rdp/client_part.h"
#include "core/rdp/legs.h"
#include "core/rdp/machine.h"
#include "core/rdp/server_part.h"
#include "fake_crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void channels(struct sp_rdp *c)
{
	static const char *const names[] = {"cliprdr", "drdynvc", "rdpsnd", "rdpdr"};

	c->gcc.n_channels = c->n_channels = SP_LEN(names);
	for (size_t i = 0; i < SP_LEN(names); i++) {
		memcpy(c->gcc.channel[i].name, names[i], strlen(names[i]) + 1);
		c->channel_ids[i] = (uint16_t)(1004 + i);
	}
	c->gcc_server.io_channel = SP_MCS_IO_CHANNEL;
	c->message_id = 1010;
	c->user_id = 1011;
	c->gcc.core.desktop_width = 1024;
	c->gcc.core.desktop_height = 768;
}

/* The two of a session whose sequences are behind them; our own desktop may stand yet. */
static bool make(struct sp_rdp **user, struct sp_rdp **target, uint8_t bits)
{
	*user = sp_rdp_create();
	*target = sp_rdp_create();
	if (!*user || !*target) {
		return false;
	}
	(*user)->srv = sp_calloc(1, sizeof(*(*user)->srv));
	(*target)->cli = sp_calloc(1, sizeof(*(*target)->cli));
	if (!(*user)->srv || !(*target)->cli) {
		return false;
	}
	(*user)->server = true;
	(*user)->state = bits & 1 ? SP_RDP_ACTIVE : SP_RDP_WAIT_OWNER;
	(*user)->srv->track.synced = bits & 2;
	(*user)->srv->track.down[0] = bits & 4 ? 0x10000000 : 0;
	(*user)->srv->track.n_down = bits & 4 ? 1 : 0;
	(*target)->state = SP_RDP_RELAY;
	channels(*user);
	channels(*target);
	return true;
}

/* What reaches the client: never a redirection. */
static void look_user(const struct sp_rcbuf *b)
{
	struct sp_mcs m;
	struct sp_share s;
	struct sp_rd r;

	if (b->n == 0 || sp_frame_is_fastpath(b->p[0])) {
		return;
	}
	sp_rd_init(&r, b->p, b->n);
	if (sp_mcs_read(&r, &m) != SP_OK) {
		abort(); /* the gate's own framing */
	}
	if (m.channel != SP_MCS_IO_CHANNEL) {
		return;
	}
	sp_rd_init(&r, m.data.p, m.data.n);
	while (sp_rd_left(&r) > 0 && sp_share_read(&r, &s) == SP_OK) {
		if (s.type == SP_SHARE_SERVER_REDIRECT) {
			abort();
		}
	}
}

static void drain(struct sp_rdp *c, bool user)
{
	struct sp_rcbuf *b;

	while ((b = sp_rdp_out(c)) != NULL) {
		if (user) {
			look_user(b);
		}
		sp_rcbuf_unref(b);
	}
}

/* One byte of state, then PDUs: side and kind, channel, two bytes of length, the bytes. */
static void run(struct sp_legs *l, struct sp_rdp *user, struct sp_rdp *target, struct sp_rd *r)
{
	struct sp_legs_arc arc;
	uint64_t now = 1;
	int rc = SP_OK;

	while (rc == SP_OK && sp_rd_left(r) > 0) {
		uint8_t head = sp_rd_u8(r);
		struct sp_event ev = {.kind = SP_EV_RELAY,
				.relay = {.kind = head >> 1 & 3, .index = sp_rd_u8(r) % 4}};
		size_t n = sp_rd_le16(r);

		ev.relay.data = sp_rd_span(r, n < sp_rd_left(r) ? n : sp_rd_left(r));
		/* A machine says only of those that they are. */
		if (ev.relay.kind == SP_RELAY_FASTPATH &&
				(ev.relay.data.n == 0 ||
						!sp_frame_is_fastpath(ev.relay.data.p[0]))) {
			continue;
		}
		if (head & 8) {
			ev = (struct sp_event){.kind = SP_EV_CHANNEL,
					.channel = {.index = ev.relay.index,
							.data = ev.relay.data}};
		}
		if ((head & 1) && user->state == SP_RDP_RELAY_WAIT_CONFIRM) {
			user->state = SP_RDP_RELAY;
		}
		rc = head & 1 ? sp_legs_user(l, &ev, now++) : sp_legs_target(l, &ev);
		if (sp_legs_take_arc(l, &arc) && !arc.present) {
			abort();
		}
		if (sp_legs_relaying(l) && (head & 0x10)) {
			rc = sp_legs_point(l, NULL);
		}
		drain(user, true);
		drain(target, false);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_legs_conf conf = {.crypto = &fake_crypto,
			.rules = {.clipboard = true},
			.arc = {.present = true, .logon_id = 1}};
	struct sp_rdp *user = NULL, *target = NULL;
	struct sp_legs *l = NULL;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	uint8_t bits = sp_rd_u8(&r);
	conf.rules.drive.read = bits & 8;
	conf.rules.clip.text_in = conf.rules.clip.text_out = true;
	if (make(&user, &target, bits) && (l = sp_legs_create(user)) != NULL) {
		sp_legs_set_target(l, target, &conf);
		run(l, user, target, &r);
	}
	sp_legs_destroy(l);
	sp_rdp_destroy(user);
	sp_rdp_destroy(target);
	return 0;
}
