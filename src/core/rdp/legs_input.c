/* core/rdp/legs_input.c - what the user does, and what he did at a desktop of ours before. */
#include "core/pdu/fastpath.h"
#include "core/pdu/misc.h"
#include "core/pdu/share.h"
#include "core/rdp/legs_part.h"
#include "core/rdp/server_part.h"

static struct sp_track *track(struct sp_legs *l)
{
	return &l->user->srv->track;
}

/* A synchronization comes by itself when a window gets the focus, a time stamp with anything. */
static bool by_person(const struct sp_input_event *ev)
{
	return ev->kind != SP_INPUT_SYNC && ev->kind != SP_INPUT_QOE && ev->kind != SP_INPUT_UNUSED;
}

/* Keeps of n events in user->inputs what may pass; returns how many. */
static size_t keep(struct sp_legs *l, size_t n, uint64_t now_us)
{
	struct sp_input_event *v = l->user->inputs;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (by_person(&v[i])) {
			l->input_us = now_us;
		}
		if (sp_track_pass(track(l), &v[i])) {
			v[kept++] = v[i];
		}
	}
	return kept;
}

int sp_legs_fast_input(struct sp_legs *l, struct sp_span pdu, uint64_t now_us, struct sp_span *pass)
{
	struct sp_rd r;
	size_t n;

	*pass = pdu;
	sp_rd_init(&r, pdu.p, pdu.n);
	if (sp_fp_input_read(&r, &n) != SP_OK || !(n <= SP_FP_MAX_EVENTS)) {
		return sp_legs_fail(l, SP_EFIELD, "fastpath");
	}
	for (size_t i = 0; i < n; i++) {
		if (sp_fp_input_event_read(&r, &l->user->inputs[i]) != SP_OK) {
			return sp_legs_fail(l, sp_rd_ok(&r), r.what ? r.what : "fastpath");
		}
	}
	size_t kept = keep(l, n, now_us);
	if (kept == n) {
		return SP_OK;
	}
	sp_wr_reset(&l->io);
	if (kept > 0) {
		sp_fp_input_write(&l->io, l->user->inputs, kept);
	}
	*pass = sp_span(l->io.p, l->io.n);
	return sp_wr_ok(&l->io);
}

int sp_legs_slow_input(struct sp_legs *l, const struct sp_share *s, uint64_t now_us)
{
	struct sp_rd r;
	size_t n;

	sp_rd_init(&r, s->body.p, s->body.n);
	if (sp_input_read(&r, &n) != SP_OK || !(n <= SP_RDP_MAX_INPUTS)) {
		return sp_legs_fail(l, SP_EFIELD, "input");
	}
	for (size_t i = 0; i < n; i++) {
		if (sp_input_event_read(&r, &l->user->inputs[i]) != SP_OK) {
			return sp_legs_fail(l, sp_rd_ok(&r), r.what ? r.what : "input");
		}
	}
	size_t kept = keep(l, n, now_us);
	if (kept == n) {
		return SP_LEGS_PASS;
	}
	if (kept == 0) {
		return SP_LEGS_DROP;
	}
	size_t mark = sp_share_data_begin(&l->io, s->source, s->share_id, SP_DATA_INPUT);
	sp_input_write(&l->io, l->user->inputs, kept);
	sp_share_data_end(&l->io, mark);
	return SP_LEGS_CHANGED;
}

int sp_legs_replay(struct sp_legs *l)
{
	struct sp_input_event sync = {.kind = SP_INPUT_SYNC, .flags = track(l)->locks};
	struct sp_rdp *t = l->target;
	int rc = SP_OK;

	if (track(l)->synced && l->target_fast) {
		sp_fp_input_write(&t->wr, &sync, 1);
		rc = sp_rdp_flush(t);
	} else if (track(l)->synced) {
		struct sp_data_marks m = sp_rdp_data_begin(t, SP_DATA_INPUT);

		sp_input_write(&t->wr, &sync, 1);
		rc = sp_rdp_data_end(t, m);
	}
	if (rc == SP_OK && track(l)->suppressed) {
		struct sp_data_marks m = sp_rdp_data_begin(t, SP_DATA_SUPPRESS_OUTPUT);

		sp_misc_suppress_write(&t->wr, &(struct sp_misc_suppress){.allow = false});
		rc = sp_rdp_data_end(t, m);
	}
	track(l)->synced = track(l)->suppressed = false;
	return rc;
}
