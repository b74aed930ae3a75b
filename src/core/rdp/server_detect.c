/* core/rdp/server_detect.c - measurements of the way to a client, and what the gate knows of it. */
#include "core/pdu/mcs.h"
#include "core/pdu/sec.h"
#include "core/pdu/tpkt.h"
#include "core/pdu/x224.h"
#include "core/rdp/server_part.h"

/*
 * What is sent to find the rate before the licence: 65 ms of a line of 1 Mbit/s, which are won back
 * by a first picture of the right size, and too little to be measured from 32 Mbit/s on.
 */
#define PAYLOADS 2
#define PAYLOAD (4u << 10)
/* Numbers of ours that a target, who may ask later, is far from. */
#define FIRST_SEQUENCE 0xE000

static bool is_private(const struct sp_rdp *c)
{
	return c->server && c->srv->conf.protocols == SP_PROTO_RDP;
}

bool sp_server_detects(const struct sp_rdp *c)
{
	return c->server && c->message_id != 0 && c->srv->joined_message &&
			(c->gcc.core.early_capability_flags & SP_GCC_CS_NETCHAR_AUTODETECT);
}

static int ask(struct sp_rdp *c, const struct sp_autodetect *msg)
{
	size_t mark = sp_rdp_send_begin(c, c->message_id);

	sp_sec_write(&c->wr, SP_SEC_AUTODETECT_REQ);
	sp_autodetect_write(&c->wr, msg);
	return sp_rdp_send_end(c, mark);
}

/* ---- before the licence ---- */

/* Nothing that a line could make smaller. */
static void fill(uint8_t *p, size_t n)
{
	uint32_t x = 0x2545F491;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		p[i] = (uint8_t)(x >> 24);
	}
}

int sp_server_detect_begin(struct sp_rdp *c, uint64_t now_us)
{
	struct sp_detect *d = &c->srv->detect;
	uint8_t noise[PAYLOAD];
	struct sp_autodetect msg;

	if (!c->srv->conf.detect || !sp_server_detects(c)) {
		return SP_OK;
	}
	d->sequence = FIRST_SEQUENCE;
	fill(noise, sizeof(noise));
	msg = sp_detect_trip(d, true, now_us);
	int rc = ask(c, &msg);
	msg = sp_detect_start(d, true, c->out_total, now_us);
	rc = rc == SP_OK ? ask(c, &msg) : rc;
	msg.type = SP_AD_BW_PAYLOAD;
	msg.payload = sp_span(noise, sizeof(noise));
	for (size_t i = 1; rc == SP_OK && i < PAYLOADS; i++) {
		rc = ask(c, &msg);
	}
	msg = sp_detect_stop(d, c->out_total + PAYLOAD);
	msg.payload = sp_span(noise, sizeof(noise));
	return rc == SP_OK ? ask(c, &msg) : rc;
}

bool sp_server_answer_waits(const struct sp_rdp *c, const uint8_t *p, size_t n)
{
	int len = sp_detect_waits(&c->srv->detect) ? sp_frame_length(p, n) : 0;
	struct sp_mcs m;
	struct sp_rd r;

	if (!(0 < len && (size_t)len <= n) || sp_frame_is_fastpath(p[0])) {
		return false;
	}
	sp_rd_init(&r, p, (size_t)len);
	return sp_mcs_read(&r, &m) == SP_OK && m.type == SP_MCS_SEND_DATA_REQUEST &&
			m.channel == c->message_id;
}

static uint32_t as_ms(uint32_t us)
{
	return us / 1000 > 0 ? us / 1000 : 1;
}

/* Ends the phase; nothing is waited for. */
int sp_server_detect_end(struct sp_rdp *c)
{
	const struct sp_line *found = &c->srv->found;
	struct sp_autodetect msg = {
			.type = found->rate != 0 ? SP_AD_NETCHAR_ALL : SP_AD_NETCHAR_RTT,
			.sequence = c->srv->detect.sequence++,
			.base_rtt = as_ms(found->rtt_min_us),
			.average_rtt = as_ms(found->rtt_us),
			.bandwidth = (uint32_t)(found->rate / 125)};

	return found->rtt_us != 0 ? ask(c, &msg) : SP_OK;
}

void sp_server_found(const struct sp_rdp *c, struct sp_line *out)
{
	*out = c->srv->found;
}

/* ---- while active ---- */

int sp_server_ask_trip(struct sp_rdp *c, uint64_t now_us, uint16_t *id)
{
	if (c->state != SP_RDP_ACTIVE || !sp_server_detects(c)) {
		return sp_rdp_fail(c, SP_EARG, "trip");
	}
	struct sp_autodetect msg = sp_detect_trip(&c->srv->detect, false, now_us);
	*id = msg.sequence;
	return ask(c, &msg);
}

uint64_t sp_server_trip_waits(const struct sp_rdp *c)
{
	return sp_detect_oldest(&c->srv->detect);
}

int sp_server_measure(struct sp_rdp *c, uint64_t now_us)
{
	if (c->state != SP_RDP_ACTIVE || !sp_server_detects(c)) {
		return sp_rdp_fail(c, SP_EARG, "measure");
	}
	struct sp_autodetect msg = sp_detect_start(&c->srv->detect, false, c->out_total, now_us);
	return ask(c, &msg);
}

int sp_server_measure_stop(struct sp_rdp *c)
{
	if (c->state != SP_RDP_ACTIVE || c->srv->detect.rate != SP_DETECT_STARTED) {
		return sp_rdp_fail(c, SP_EARG, "measure");
	}
	struct sp_autodetect msg = sp_detect_stop(&c->srv->detect, c->out_total);
	return ask(c, &msg);
}

int sp_server_mark(struct sp_rdp *c, uint32_t id)
{
	if (c->state != SP_RDP_ACTIVE || !is_private(c) || c->message_id == 0) {
		return sp_rdp_fail(c, SP_EARG, "mark");
	}
	size_t mark = sp_rdp_send_begin(c, c->message_id);
	sp_sec_write(&c->wr, SP_SEC_LINE);
	sp_line_mark_write(&c->wr, id);
	return sp_rdp_send_end(c, mark);
}

/* ---- what comes ---- */

static int take_line(struct sp_rdp *c, struct sp_rd *r)
{
	struct sp_event ev = {.kind = SP_EV_LINE};

	return sp_line_read(r, &ev.line) == SP_OK ? sp_rdp_emit(c, ev) : SP_OK;
}

static int take_answer(struct sp_rdp *c, const struct sp_autodetect *in, uint64_t now_us)
{
	struct sp_line *found = &c->srv->found;
	struct sp_detect_answer a;
	int rc = SP_OK;

	sp_detect_answer(&c->srv->detect, in, now_us, &a);
	if (a.kind == SP_DETECT_TRIP || a.kind == SP_DETECT_SYNC) {
		found->rtt_us = found->rtt_min_us = (uint32_t)a.rtt_us;
	}
	if (a.kind == SP_DETECT_RATE || a.kind == SP_DETECT_SYNC) {
		found->rate = a.rate;
	}
	if (a.kind == SP_DETECT_TRIP) {
		rc = sp_rdp_emit(c,
				(struct sp_event){.kind = SP_EV_TRIP,
						.trip = {.id = a.sequence, .rtt_us = a.rtt_us}});
	} else if (a.kind == SP_DETECT_RATE) {
		rc = sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_RATE, .rate = a.rate});
	}
	return rc;
}

/* What cannot be read is not worth a connection. */
int sp_server_message(struct sp_rdp *c, struct sp_span data, uint64_t now_us)
{
	bool relay = c->state == SP_RDP_RELAY;
	struct sp_autodetect in;
	struct sp_rd r;
	uint16_t flags;

	sp_rd_init(&r, data.p, data.n);
	if (sp_sec_read(&r, &flags) != SP_OK) {
		return SP_OK;
	}
	if (flags & SP_SEC_LINE) {
		return is_private(c) && !relay ? take_line(c, &r) : SP_OK;
	}
	if ((flags & SP_SEC_AUTODETECT_RSP) && sp_detect_waits(&c->srv->detect)) {
		if (sp_autodetect_read(&r, &in) == SP_OK && sp_detect_ours(&c->srv->detect, &in)) {
			return take_answer(c, &in, now_us);
		}
		if (relay) {
			/* Answers come in order: those to our own questions will not come any more. */
			c->srv->detect = (struct sp_detect){0};
		}
	}
	return relay ? sp_rdp_emit_relay(c, SP_RELAY_MESSAGE, 0, data) : SP_OK;
}
