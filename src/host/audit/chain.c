/* host/audit/chain.c - see chain.h. */
#include "host/audit/chain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sp_chain_init(struct sp_chain *c, const uint8_t root[SP_SIGN_PUBLIC])
{
	memset(c, 0, sizeof(*c));
	c->loose = root == NULL;
	if (root != NULL) {
		memcpy(c->key, root, sizeof(c->key));
	}
}

int sp_chain_fail(struct sp_chain *c, uint64_t bad, const char *fmt, ...)
{
	va_list ap;

	c->bad = bad;
	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	return SP_EFIELD;
}

static bool same_key(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, SP_SIGN_PUBLIC) == 0;
}

bool sp_chain_signer(const struct sp_chain *c, const struct sp_audit_signed *s)
{
	if (c->loose) {
		return true;
	}
	if (!same_key(s->key, c->key) && !(c->named && same_key(s->key, c->next))) {
		return false;
	}
	return sp_audit_signed_good(s);
}

/* A checkpoint moves the keys on. */
static int take_keys(struct sp_chain *c, const struct sp_audit_signed *s, uint64_t seq)
{
	if (!sp_chain_signer(c, s)) {
		return sp_chain_fail(c, seq,
				"record %" PRIu64 " has a checkpoint that was not signed by the "
				"key of its day",
				seq);
	}
	bool turned = c->named && !same_key(s->key, c->key);
	if (c->named && !turned && !same_key(s->next, c->next)) {
		return sp_chain_fail(c, seq,
				"record %" PRIu64 " has a checkpoint that names another next key",
				seq);
	}
	c->turns += turned ? 1 : 0;
	memcpy(c->key, s->key, sizeof(c->key));
	memcpy(c->next, s->next, sizeof(c->next));
	c->named = true;
	return SP_OK;
}

static int take_checkpoint(struct sp_chain *c, const struct sp_record *r)
{
	struct sp_audit_signed s;

	if (sp_audit_signed_read(&c->event, &s) != SP_OK || s.seq != r->seq - 1 ||
			memcmp(s.hash, r->prev, sizeof(s.hash)) != 0) {
		return sp_chain_fail(c, r->seq,
				"record %" PRIu64 " has a checkpoint of something else", r->seq);
	}
	c->checkpoints++;
	c->checkpoint_seq = s.seq;
	c->checkpoint_ns = r->wall_ns;
	return take_keys(c, &s, r->seq);
}

static int take_event(struct sp_chain *c, const struct sp_record *r)
{
	c->retention.seq = 0;
	if (sp_audit_read(r->event, &c->event) != SP_OK) {
		return sp_chain_fail(c, r->seq, "record %" PRIu64 " has an event that is damaged",
				r->seq);
	}
	switch (c->event.kind) {
	case SP_AUDIT_AUDIT_CHECKPOINT:
		return take_checkpoint(c, r);
	case SP_AUDIT_AUDIT_RETENTION:
		if (sp_audit_signed_read(&c->event, &c->retention) != SP_OK ||
				!(c->retention.seq < r->seq) ||
				!sp_chain_signer(c, &c->retention)) {
			return sp_chain_fail(c, r->seq,
					"record %" PRIu64 " lets records go, and was not signed by "
					"the key of its day",
					r->seq);
		}
		return SP_OK;
	case SP_AUDIT_CLOCK_STEP:
		c->steps++;
		return SP_OK;
	case SP_AUDIT_AUDIT_RECOVERED:
		c->recovered++;
		return SP_OK;
	default:
		return SP_OK;
	}
}

int sp_chain_anchor(struct sp_chain *c, uint64_t seq, struct sp_span bytes)
{
	struct sp_record *r = &c->record;
	struct sp_audit_signed s;

	if (!(c->anchor < seq) || sp_record_read(bytes, r) != SP_OK || r->seq != seq ||
			sp_audit_read(r->event, &c->event) != SP_OK ||
			c->event.kind != SP_AUDIT_AUDIT_CHECKPOINT ||
			sp_audit_signed_read(&c->event, &s) != SP_OK) {
		return sp_chain_fail(c, seq, "what is kept of record %" PRIu64 " was changed", seq);
	}
	c->anchor = seq;
	return take_keys(c, &s, seq);
}

int sp_chain_feed(struct sp_chain *c, int64_t row, struct sp_span bytes, struct sp_span hash)
{
	struct sp_record *r = &c->record;
	uint64_t want = c->seq + 1, seq = (uint64_t)row;
	static const uint8_t none[SP_RECORD_HASH];

	if (row < 1 || !(c->anchor < seq) || (c->records > 0 && seq < want)) {
		return sp_chain_fail(c, row < 1 ? 0 : seq, "record %" PRId64 " should not be there",
				row);
	}
	if (c->records > 0 && seq != want) {
		return sp_chain_fail(c, want, "record %" PRIu64 " is missing", want);
	}
	if (sp_record_read(bytes, r) != SP_OK) {
		return sp_chain_fail(c, seq, "record %" PRIu64 " is damaged", seq);
	}
	if (!sp_span_eq(hash, sp_span(r->hash, sizeof(r->hash)))) {
		return sp_chain_fail(c, seq, "record %" PRIu64 " was changed", seq);
	}
	if (r->seq != seq) {
		return sp_chain_fail(c, seq,
				"record %" PRIu64 " is not there, but another, %" PRIu64, seq,
				r->seq);
	}
	const uint8_t *prev = seq == 1 ? none : c->hash;
	if ((c->records > 0 || seq == 1) && memcmp(r->prev, prev, sizeof(r->prev)) != 0) {
		return sp_chain_fail(c, seq, "record %" PRIu64 " does not follow the one before it",
				seq);
	}
	if (c->records == 0) {
		c->first = seq;
		memcpy(c->before, r->prev, sizeof(c->before));
	}
	c->records++;
	c->seq = seq;
	memcpy(c->hash, r->hash, sizeof(c->hash));
	return take_event(c, r);
}
