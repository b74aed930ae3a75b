/* gate/net/tap.c - see tap.h. */
#include "gate/net/tap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/gcc_server.h"
#include "core/pdu/mcs.h"
#include "core/pdu/share.h"
#include "core/pdu/tpkt.h"
#include "host/audit/rec.h"
#include "host/io/link.h"
#include "host/monitor/told.h"

/* A recorder that takes nothing for so long is none. */
#define STALL_US 20000000
/* Below it a copy is cheaper than a buffer of its own for the head. */
#define SMALL 1024
#define VERY_FULL (1u << 20)
#define NOBODY 0xFF

struct sp_tap {
	struct sp_tap_conf conf;
	struct sp_link *link;
	const struct sp_legs *legs;
	const struct sp_rdp *user, *target;
	bool demanded; /* the target's first Demand Active has come out */
	bool ended, over;
	int err; /* a frame could not be made: told by the link's end */
	/* The user's places of the target's channels. */
	uint8_t place[SP_GCC_MAX_CHANNELS];
	struct sp_wr w;
};

/* ---- frames ---- */

static void put_head(uint8_t *to, uint32_t kind, size_t n)
{
	struct sp_wr w;

	sp_wr_fixed(&w, to, SP_REC_STREAM_HEAD);
	sp_wr_u8(&w, (uint8_t)kind);
	sp_wr_zero(&w, 3);
	sp_wr_le32(&w, (uint32_t)n);
}

static void lost(struct sp_tap *t, int err)
{
	if (t->err == SP_OK) {
		t->err = err;
		sp_link_end(t->link);
	}
}

/* A frame of its own bytes. */
static void put(struct sp_tap *t, uint32_t kind, struct sp_span data)
{
	struct sp_rcbuf *b = t->err == SP_OK && data.n <= SP_REC_MAX_FRAME
			? sp_rcbuf_create(SP_REC_STREAM_HEAD + data.n)
			: NULL;

	if (!b) {
		lost(t, data.n <= SP_REC_MAX_FRAME ? SP_ENOMEM : SP_ELIMIT);
		return;
	}
	put_head(b->p, kind, data.n);
	if (data.n > 0) {
		memcpy(b->p + SP_REC_STREAM_HEAD, data.p, data.n);
	}
	sp_link_send(t->link, b);
}

/* A whole buffer, which is kept by a reference. */
static void put_shared(struct sp_tap *t, uint32_t kind, struct sp_rcbuf *data)
{
	struct sp_rcbuf *head = t->err == SP_OK ? sp_rcbuf_create(SP_REC_STREAM_HEAD) : NULL;

	if (!head) {
		lost(t, SP_ENOMEM);
		return;
	}
	put_head(head->p, kind, data->n);
	sp_link_send(t->link, head);
	sp_link_send(t->link, sp_rcbuf_ref(data));
}

/* What was written to t->w. */
static void put_written(struct sp_tap *t, uint32_t kind)
{
	if (sp_wr_ok(&t->w) == SP_OK) {
		put(t, kind, sp_span(t->w.p, t->w.n));
	} else {
		lost(t, sp_wr_ok(&t->w));
	}
	sp_wr_reset(&t->w);
}

/* ---- life ---- */

static void on_bytes(void *user, const uint8_t *p, size_t n)
{
	/* A recorder says nothing. */
}

static void on_room(void *user)
{
	struct sp_tap *t = user;

	t->conf.room(t->conf.user);
}

static void on_closed(void *user, int err)
{
	struct sp_tap *t = user;

	t->over = true;
	if (err == SP_OK && t->err != SP_OK) {
		err = t->err;
	}
	t->conf.over(t->conf.user, err);
}

struct sp_tap *sp_tap_create(struct sp_loop *loop, const struct sp_tap_conf *conf)
{
	static const struct sp_link_calls calls = {
			.bytes = on_bytes, .room = on_room, .closed = on_closed};
	struct sp_tap *t = sp_calloc(1, sizeof(*t));

	if (!t) {
		return NULL;
	}
	t->conf = *conf;
	t->link = sp_link_create(loop, conf->fd, &calls, t);
	if (!t->link) {
		sp_free(t);
		return NULL;
	}
	sp_link_stall(t->link, STALL_US);
	sp_wr_init(&t->w, SP_REC_MAX_FRAME);
	return t;
}

void sp_tap_destroy(struct sp_tap *t)
{
	if (!t) {
		return;
	}
	sp_link_destroy(t->link);
	if (t->w.p) {
		sp_wipe(t->w.p, t->w.cap);
	}
	sp_wr_finish(&t->w);
	sp_free(t);
}

bool sp_tap_full(const struct sp_tap *t)
{
	return t && !t->over && sp_link_full(t->link);
}

bool sp_tap_very_full(const struct sp_tap *t)
{
	return t && !t->over && sp_link_queued(t->link) >= VERY_FULL;
}

void sp_tap_end(struct sp_tap *t, uint32_t why, const char *text)
{
	struct sp_rec_end end = {.why = why};

	if (t->ended || t->over) {
		return;
	}
	t->ended = true;
	t->legs = NULL;
	snprintf(end.text, sizeof(end.text), "%s", text);
	sp_rec_end_write(&t->w, &end);
	put_written(t, SP_REC_END);
	sp_link_end(t->link);
}

/* ---- the beginning ---- */

static void fill_channels(struct sp_tap *t, struct sp_rec_header *h)
{
	const struct sp_gcc_client *client = sp_rdp_client_gcc(t->user);
	const struct sp_gcc_server *server = sp_rdp_server_gcc(t->user);

	memset(t->place, NOBODY, sizeof(t->place));
	h->n_channels = client->n_channels < SP_REC_MAX_CHANNELS ? client->n_channels
								 : SP_REC_MAX_CHANNELS;
	for (size_t i = 0; i < h->n_channels; i++) {
		size_t there = sp_legs_target_channel(t->legs, i);

		memcpy(h->channel[i].name, client->channel[i].name, sizeof(h->channel[i].name));
		h->channel[i].options = client->channel[i].options;
		h->channel[i].id = i < server->n_channels ? server->channel[i] : 0;
		h->channel[i].open = there != SIZE_MAX;
		if (there < sizeof(t->place)) {
			t->place[there] = (uint8_t)i;
		}
	}
}

static void put_header(struct sp_tap *t)
{
	const struct sp_gcc_server *server = sp_rdp_server_gcc(t->user);
	struct sp_rec_header h = {.share_id = sp_rdp_share_id(t->user),
			.info_flags = sp_rdp_info(t->user)->flags,
			.user_id = sp_rdp_user_id(t->user),
			.io_id = server->io_channel,
			.message_id = server->has_msgchannel ? server->msgchannel : 0};
	struct sp_wr theirs, ours;

	fill_channels(t, &h);
	sp_wr_init(&theirs, 16u << 10);
	sp_wr_init(&ours, 4u << 10);
	sp_gcc_client_write(&theirs, sp_rdp_client_gcc(t->user));
	sp_gcc_server_write(&ours, server);
	h.protocol = sp_rdp_client_gcc(t->user)->core.server_selected_protocol;
	h.gcc_client = sp_span(theirs.p, theirs.n);
	h.gcc_server = sp_span(ours.p, ours.n);
	if (sp_wr_ok(&theirs) != SP_OK || sp_wr_ok(&ours) != SP_OK) {
		lost(t, SP_ENOMEM);
	}
	sp_rec_header_write(&t->w, &h);
	put_written(t, SP_REC_HEADER);
	sp_wr_finish(&theirs);
	sp_wr_finish(&ours);
}

void sp_tap_begin(struct sp_tap *t, const struct sp_legs *legs, const struct sp_rdp *user,
		const struct sp_rdp *target)
{
	if (t->legs || t->ended) {
		return;
	}
	t->legs = legs;
	t->user = user;
	t->target = target;
	put_header(t);
}

/* ---- what the user gets ---- */

/* The user data of a Send Data PDU on the I/O channel of a leg; empty for anything else. */
static struct sp_span io_data(const struct sp_rdp *leg, struct sp_span pdu)
{
	struct sp_mcs m;
	struct sp_rd r;

	sp_rd_init(&r, pdu.p, pdu.n);
	if (pdu.n == 0 || sp_frame_is_fastpath(pdu.p[0]) || sp_mcs_read(&r, &m) != SP_OK ||
			(m.type != SP_MCS_SEND_DATA_INDICATION &&
					m.type != SP_MCS_SEND_DATA_REQUEST) ||
			m.channel != sp_rdp_server_gcc(leg)->io_channel) {
		return sp_span(NULL, 0);
	}
	return m.data;
}

/* The first share PDU in it. */
static bool first_share(struct sp_span data, struct sp_share *s)
{
	struct sp_rd r;

	sp_rd_init(&r, data.p, data.n);
	return data.n > 0 && sp_share_read(&r, s) == SP_OK;
}

static void out_pdu(struct sp_tap *t, struct sp_span pdu, struct sp_rcbuf *whole)
{
	struct sp_share s;
	bool fast = sp_frame_is_fastpath(pdu.p[0]);
	bool demand = !fast && first_share(io_data(t->user, pdu), &s) &&
			s.type == SP_SHARE_DEMAND_ACTIVE;

	/* Before it comes the goodbye of our own desktop. */
	t->demanded = t->demanded || demand;
	if (!t->demanded) {
		return;
	}
	if (demand) {
		uint16_t width, height;

		sp_legs_size(t->legs, &width, &height);
		sp_wr_le16(&t->w, width);
		sp_wr_le16(&t->w, height);
		put_written(t, SP_REC_RESIZE);
	}
	if (pdu.n == whole->n && pdu.n > SMALL) {
		put_shared(t, SP_REC_OUT, whole);
	} else {
		put(t, SP_REC_OUT, pdu);
	}
}

void sp_tap_out(struct sp_tap *t, struct sp_rcbuf *pdus)
{
	size_t at = 0;

	while (t->legs && !t->over && at < pdus->n) {
		int n = sp_frame_length(pdus->p + at, pdus->n - at);

		if (n <= 0 || !((size_t)n <= pdus->n - at)) {
			lost(t, SP_EBUG); /* not what a player could follow */
			return;
		}
		out_pdu(t, sp_span(pdus->p + at, (size_t)n), pdus);
		at += (size_t)n;
	}
}

/* ---- what he does ---- */

static void count(struct sp_rec_in *in, const struct sp_input_event *ev)
{
	switch (ev->kind) {
	case SP_INPUT_SCANCODE:
	case SP_INPUT_UNICODE:
		in->keys += !(ev->key & SP_KEY_RELEASE);
		return;
	case SP_INPUT_MOUSE:
	case SP_INPUT_MOUSEX:
	case SP_INPUT_MOUSEREL:
		in->mouse++;
		return;
	default:
		return; /* nothing that a person does */
	}
}

static void put_input(struct sp_tap *t, struct sp_span pdu, struct sp_rd *r, bool fast, size_t n)
{
	struct sp_rec_in in = {.how = SP_REC_IN_TIMING};
	struct sp_input_event ev;

	if (t->conf.input == SP_RECORD_INPUT_FULL) {
		in = (struct sp_rec_in){.how = SP_REC_IN_PDU, .pdu = pdu};
	}
	for (size_t i = 0; in.how == SP_REC_IN_TIMING && i < n && n <= SP_INPUT_MAX; i++) {
		if ((fast ? sp_fp_input_event_read(r, &ev) : sp_input_event_read(r, &ev)) !=
				SP_OK) {
			break;
		}
		count(&in, &ev);
	}
	if (in.how == SP_REC_IN_PDU || in.keys + in.mouse > 0) {
		sp_rec_in_write(&t->w, &in);
		put_written(t, SP_REC_IN);
	}
}

static void in_share(struct sp_tap *t, struct sp_span pdu, struct sp_span data)
{
	struct sp_share s;
	struct sp_rd r;
	size_t n;

	if (!first_share(data, &s)) {
		return;
	}
	if (s.type == SP_SHARE_CONFIRM_ACTIVE) {
		put(t, SP_REC_CONFIRM, data);
	} else if (s.type == SP_SHARE_DATA && s.type2 == SP_DATA_INPUT &&
			t->conf.input != SP_RECORD_INPUT_OFF) {
		sp_rd_init(&r, s.body.p, s.body.n);
		if (sp_input_read(&r, &n) == SP_OK) {
			put_input(t, pdu, &r, false, n);
		}
	}
}

/* What goes up a channel is part of what a person does: with all of it, or not at all. */
static void in_channel(struct sp_tap *t, struct sp_span pdu)
{
	const struct sp_gcc_server *server = sp_rdp_server_gcc(t->target);
	struct sp_rec_channel ch = {.what = SP_REC_CHANNEL_CHUNK, .index = NOBODY};
	struct sp_mcs m;
	struct sp_rd r;

	sp_rd_init(&r, pdu.p, pdu.n);
	if (t->conf.input != SP_RECORD_INPUT_FULL || sp_mcs_read(&r, &m) != SP_OK ||
			m.type != SP_MCS_SEND_DATA_REQUEST) {
		return;
	}
	for (size_t i = 0; i < server->n_channels && i < sizeof(t->place); i++) {
		if (m.channel != 0 && server->channel[i] == m.channel) {
			ch.index = t->place[i];
		}
	}
	if (ch.index != NOBODY) {
		ch.data = m.data;
		sp_rec_channel_write(&t->w, &ch);
		put_written(t, SP_REC_CHANNEL);
	}
}

static void in_pdu(struct sp_tap *t, struct sp_span pdu)
{
	struct sp_rd r;
	size_t n;

	if (sp_frame_is_fastpath(pdu.p[0])) {
		sp_rd_init(&r, pdu.p, pdu.n);
		if (t->conf.input != SP_RECORD_INPUT_OFF && sp_fp_input_read(&r, &n) == SP_OK) {
			put_input(t, pdu, &r, true, n);
		}
		return;
	}
	struct sp_span data = io_data(t->target, pdu);
	if (data.n > 0) {
		in_share(t, pdu, data);
	} else {
		in_channel(t, pdu);
	}
}

void sp_tap_in(struct sp_tap *t, const struct sp_rcbuf *pdus)
{
	size_t at = 0;

	while (t->legs && !t->over && at < pdus->n) {
		int n = sp_frame_length(pdus->p + at, pdus->n - at);

		if (n <= 0 || !((size_t)n <= pdus->n - at)) {
			return; /* nothing that the target could follow either */
		}
		in_pdu(t, sp_span(pdus->p + at, (size_t)n));
		at += (size_t)n;
	}
}

void sp_tap_transfer(struct sp_tap *t, const struct sp_msg_transfer *m)
{
	static char text[SP_TOLD_TEXT_MAX];
	struct sp_rec_channel ch = {.what = SP_REC_CHANNEL_TRANSFER, .index = NOBODY};

	if (!t->legs || t->over) {
		return;
	}
	sp_told_text(text, m);
	ch.data = sp_span(text, strlen(text));
	sp_rec_channel_write(&t->w, &ch);
	put_written(t, SP_REC_CHANNEL);
}
