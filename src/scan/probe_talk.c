/* scan/probe_talk.c - see probe_talk.h. */
#include "scan/probe_talk.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/wr.h"
#include "core/pdu/tpkt.h"
#include "core/pdu/x224.h"

#define OUT_MAX (16 * 1024)

enum state {
	WAIT_CONFIRM,
	OVER,
};

struct sp_talk {
	const struct sp_probe_task *task;
	enum state state;
	unsigned step;
	struct sp_wr in, out;
	size_t sent; /* of out */
	struct sp_talk_result r;
};

static const uint32_t protocols[SP_SCAN_ASK_COUNT] = {
		[SP_SCAN_ASK_RDP] = SP_PROTO_RDP,
		[SP_SCAN_ASK_TLS] = SP_PROTO_SSL,
		[SP_SCAN_ASK_CREDSSP] = SP_PROTO_HYBRID | SP_PROTO_SSL,
		[SP_SCAN_ASK_RDSTLS] = SP_PROTO_RDSTLS,
		[SP_SCAN_ASK_EARLY] = SP_PROTO_HYBRID_EX | SP_PROTO_HYBRID | SP_PROTO_SSL,
		[SP_SCAN_ASK_AAD] = SP_PROTO_RDSAAD,
};

static void end(struct sp_talk *t, enum sp_talk_end how)
{
	t->r.end = how;
	t->state = OVER;
}

/* ---- negotiation ---- */

static void send_request(struct sp_talk *t)
{
	static const char usual[] = "sallyport-scan", other[] = "sallyport-scan-2";
	struct sp_x224_request m = {
			.has_neg = true,
			.protocols = protocols[t->task->ask],
			.cookie = t->task->other_name ? sp_span(other, sizeof(other) - 1)
						      : sp_span(usual, sizeof(usual) - 1),
	};

	sp_x224_request_write(&t->out, &m);
}

static void nego_nonsense(struct sp_talk *t)
{
	t->r.nego.answer = SP_SCAN_NONSENSE;
	end(t, SP_TALK_NONSENSE);
}

static void keep_evidence(struct sp_scan_nego *n, struct sp_span s)
{
	n->n_evidence = (uint8_t)(s.n < SP_SCAN_EVIDENCE ? s.n : SP_SCAN_EVIDENCE);
	memcpy(n->evidence, s.p, n->n_evidence);
}

static void confirmed(struct sp_talk *t, const struct sp_x224_confirm *m)
{
	struct sp_scan_nego *n = &t->r.nego;

	switch (m->kind) {
	case SP_X224_CONFIRM_FAILURE:
		n->answer = SP_SCAN_DENIED;
		n->code = m->failure;
		break;
	case SP_X224_CONFIRM_PLAIN:
		n->answer = SP_SCAN_SELECTED;
		n->selected = SP_PROTO_RDP;
		n->bare = 1;
		break;
	default:
		n->answer = SP_SCAN_SELECTED;
		n->selected = m->selected;
		n->flags = m->flags;
		break;
	}
	end(t, SP_TALK_ANSWERED);
}

static void feed_confirm(struct sp_talk *t, const uint8_t *p, size_t n)
{
	struct sp_x224_confirm m;
	struct sp_rd r;

	size_t room = SP_X224_CONNECT_MAX - t->in.n, taken = n < room ? n : room;

	sp_wr_put(&t->in, p, taken);
	if (sp_wr_ok(&t->in) != SP_OK) {
		end(t, SP_TALK_FAILED);
		return;
	}
	keep_evidence(&t->r.nego, sp_span(t->in.p, t->in.n));
	int size = t->in.p[0] == 3 ? sp_frame_length(t->in.p, t->in.n) : SP_EFIELD;
	if (size < 0 || size > SP_X224_CONNECT_MAX) {
		nego_nonsense(t);
		return;
	}
	if (size == 0 || (size_t)size > t->in.n) {
		return;
	}
	/* Nothing may follow before we speak again. */
	sp_rd_init(&r, t->in.p, t->in.n);
	if (t->in.n != (size_t)size || taken < n || sp_x224_confirm_read(&r, &m) != SP_OK) {
		nego_nonsense(t);
		return;
	}
	t->step++;
	confirmed(t, &m);
}

/* ---- life ---- */

struct sp_talk *sp_talk_create(const struct sp_probe_task *task)
{
	struct sp_talk *t = sp_calloc(1, sizeof(*t));

	if (!t) {
		return NULL;
	}
	t->task = task;
	sp_wr_init(&t->in, SP_X224_CONNECT_MAX);
	sp_wr_init(&t->out, OUT_MAX);
	send_request(t);
	if (sp_wr_ok(&t->out) != SP_OK) {
		sp_talk_destroy(t);
		return NULL;
	}
	return t;
}

void sp_talk_destroy(struct sp_talk *t)
{
	if (t) {
		sp_wr_finish(&t->in);
		sp_wr_finish(&t->out);
		sp_free(t);
	}
}

void sp_talk_feed(struct sp_talk *t, const uint8_t *p, size_t n)
{
	if (n == 0) {
		return;
	}
	switch (t->state) {
	case WAIT_CONFIRM:
		feed_confirm(t, p, n);
		break;
	case OVER:
	default:
		break;
	}
}

void sp_talk_stop(struct sp_talk *t, enum sp_talk_end how)
{
	if (t->state == OVER) {
		return;
	}
	if (t->state == WAIT_CONFIRM) {
		t->r.nego.answer = how == SP_TALK_TIMEOUT ? SP_SCAN_TIMEOUT : SP_SCAN_CLOSED;
	}
	end(t, how);
}

struct sp_span sp_talk_out(const struct sp_talk *t)
{
	return sp_span(t->out.p + t->sent, t->out.n - t->sent);
}

void sp_talk_sent(struct sp_talk *t, size_t n)
{
	t->sent += n;
	if (t->sent == t->out.n) {
		sp_wr_reset(&t->out);
		t->sent = 0;
	}
}

unsigned sp_talk_step(const struct sp_talk *t)
{
	return t->step;
}

const struct sp_talk_result *sp_talk_result(const struct sp_talk *t)
{
	return &t->r;
}
