/* host/audit/store_read.c - walking through the audit: what is in it, and whether it is as it was. */
#include "host/audit/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/audit/store_part.h"

#define PAGE 500 /* records that are in memory at once: a server gives all that it is asked for */

/* ---- looking ---- */

int sp_audit_last(struct sp_audit_store *st, uint64_t *seq)
{
	struct sp_stmt *s = sp_audit_stmt(st, "SELECT max(seq) FROM record");

	*seq = 0;
	if (s == NULL) {
		return SP_EDB;
	}
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		int64_t n = sp_stmt_col_int(s, 0);
		*seq = n > 0 ? (uint64_t)n : 0;
	}
	rc = rc >= 0 ? SP_OK : sp_audit_db_fail(st, rc);
	sp_stmt_reset(s);
	return rc;
}

static int64_t bound(uint64_t seq)
{
	return seq < INT64_MAX ? (int64_t)seq : INT64_MAX;
}

/* One page of records, which begins at *next and ends there where the next one begins. */
struct page {
	uint64_t next, last;
	bool back;
	uint64_t rows;
};

static struct sp_stmt *turn_page(struct sp_audit_store *st, const struct page *p)
{
	struct sp_stmt *s = sp_audit_stmt(st,
			p->back ? "SELECT seq, bytes FROM record WHERE seq >= ?1 AND seq <= ?2"
				  " ORDER BY seq DESC LIMIT ?3"
				: "SELECT seq, bytes FROM record WHERE seq >= ?1 AND seq <= ?2"
				  " ORDER BY seq LIMIT ?3");

	if (s != NULL) {
		sp_stmt_int(s, 1, bound(p->back ? p->last : p->next));
		sp_stmt_int(s, 2, bound(p->back ? p->next : p->last));
		sp_stmt_int(s, 3, PAGE);
	}
	return s;
}

/* SP_OK: through; 1: fn has enough; or an error. */
static int read_page(struct sp_audit_store *st, struct page *p, sp_audit_each_fn fn, void *user,
		uint64_t *damaged)
{
	struct sp_stmt *s = turn_page(st, p);
	struct sp_audit_view v;
	struct sp_record r;
	int rc = SP_EDB, done = SP_OK;

	if (s == NULL) {
		return SP_EDB;
	}
	p->rows = 0;
	while (done == SP_OK && (rc = sp_stmt_step(s)) == 1) {
		uint64_t seq = (uint64_t)sp_stmt_col_int(s, 0);
		p->next = p->back ? seq - 1 : seq + 1;
		p->rows++;
		if (sp_record_read(sp_stmt_col_bytes(s, 1), &r) == SP_OK &&
				sp_audit_read(r.event, &v) == SP_OK) {
			done = fn(user, &r, &v);
		} else if (damaged != NULL) {
			++*damaged;
		}
	}
	if (done == SP_OK && rc < 0) {
		done = sp_audit_db_fail(st, rc);
	}
	sp_stmt_reset(s);
	return done;
}

int sp_audit_each(struct sp_audit_store *st, uint64_t first, uint64_t last, bool back,
		sp_audit_each_fn fn, void *user, uint64_t *damaged)
{
	struct page p = {.next = back ? last : first, .last = back ? first : last, .back = back};
	int done;

	if (!(first <= last)) {
		return SP_OK;
	}
	do {
		done = read_page(st, &p, fn, user, damaged);
	} while (done == SP_OK && p.rows == PAGE && (back ? p.next >= p.last : p.next <= p.last));
	return done == 1 ? SP_OK : done;
}

/* ---- verifying ---- */

/* What a check notes beside the chain itself. */
struct check {
	struct sp_audit_store *st;
	struct sp_chain *c;
	uint64_t gone; /* up to here records may be gone, as a retention says; */
	bool covered; /* and all that are gone are so */
	uint64_t at_seq;
	const uint8_t *at_hash;
};

static int anchors(struct check *k)
{
	/* Those beside which their records still stand say nothing more than these. */
	struct sp_stmt *s = sp_audit_stmt(k->st,
			"SELECT seq, bytes FROM anchor"
			" WHERE seq < (SELECT min(seq) FROM record) ORDER BY seq");
	int rc;

	if (s == NULL) {
		return SP_EDB;
	}
	while ((rc = sp_stmt_step(s)) == 1) {
		rc = sp_chain_anchor(
				k->c, (uint64_t)sp_stmt_col_int(s, 0), sp_stmt_col_bytes(s, 1));
		if (rc != SP_OK) {
			break;
		}
	}
	sp_stmt_reset(s);
	return rc == SP_EDB ? sp_audit_db_fail(k->st, rc) : rc;
}

/* The hash of a record that was followed already; false when there is none. */
static bool hash_of(struct check *k, uint64_t seq, uint8_t out[SP_RECORD_HASH])
{
	struct sp_stmt *s = sp_audit_stmt(k->st, "SELECT hash FROM record WHERE seq = ?1");
	bool there = false;

	if (s == NULL) {
		return false;
	}
	sp_stmt_int(s, 1, bound(seq));
	if (sp_stmt_step(s) == 1 && sp_stmt_col_bytes(s, 0).n == SP_RECORD_HASH) {
		memcpy(out, sp_stmt_col_bytes(s, 0).p, SP_RECORD_HASH);
		there = true;
	}
	sp_stmt_reset(s);
	return there;
}

/* A retention that was signed: does it tell of what is not there any more? */
static int retention(struct check *k)
{
	const struct sp_audit_signed *s = &k->c->retention;
	uint8_t hash[SP_RECORD_HASH];

	if (s->seq == 0 || k->c->first == 1) {
		return SP_OK;
	}
	if (s->seq < k->c->first - 1) {
		k->gone = s->seq > k->gone ? s->seq : k->gone;
		return SP_OK;
	}
	memcpy(hash, k->c->before, sizeof(hash));
	if (s->seq >= k->c->first && !hash_of(k, s->seq, hash)) {
		return SP_EDB;
	}
	if (memcmp(hash, s->hash, sizeof(hash)) != 0) {
		return sp_chain_fail(k->c, s->seq, "record %" PRIu64 " was changed", s->seq);
	}
	k->covered = true;
	return SP_OK;
}

/* Of the retentions, not yet proved: what they say is gone before the first record. */
static int look_for_retention(
		void *user, const struct sp_record *r, const struct sp_audit_view *event)
{
	struct check *k = user;
	struct sp_audit_signed s;

	if (event->kind != SP_AUDIT_AUDIT_RETENTION || sp_audit_signed_read(event, &s) != SP_OK) {
		return SP_OK;
	}
	k->gone = s.seq > k->gone ? s.seq : k->gone;
	return k->gone >= k->c->first - 1 ? 1 : SP_OK;
}

/*
 * Where records are missing at the beginning that no retention even claims, those are the first bad
 * ones; what comes later cannot be judged without them.
 */
static int look_at_first(struct check *k)
{
	struct sp_stmt *s = sp_audit_stmt(k->st, "SELECT min(seq) FROM record");
	struct sp_chain *c = k->c;

	if (s == NULL) {
		return SP_EDB;
	}
	int rc = sp_stmt_step(s);
	int64_t first = rc == 1 ? sp_stmt_col_int(s, 0) : 0;
	sp_stmt_reset(s);
	if (rc != 1 || first <= 1) {
		return rc == 1 ? SP_OK : sp_audit_db_fail(k->st, SP_EDB);
	}
	c->first = (uint64_t)first;
	rc = sp_audit_each(k->st, 1, UINT64_MAX, true, look_for_retention, k, NULL);
	if (rc == SP_OK && k->gone < c->first - 1) {
		rc = sp_chain_fail(c, k->gone + 1,
				"record %" PRIu64 " is missing, and no retention let it go",
				k->gone + 1);
	}
	k->gone = 0;
	c->first = 0;
	return rc;
}

static int records(struct check *k)
{
	struct sp_stmt *s =
			sp_audit_stmt(k->st, "SELECT seq, bytes, hash FROM record ORDER BY seq");
	struct sp_chain *c = k->c;
	struct sp_audit_times times;
	int rc;

	if (s == NULL) {
		return SP_EDB;
	}
	sp_audit_times_init(&times, k->st);
	while ((rc = sp_stmt_step(s)) == 1) {
		rc = sp_chain_feed(c, sp_stmt_col_int(s, 0), sp_stmt_col_bytes(s, 1),
				sp_stmt_col_bytes(s, 2));
		if (rc == SP_OK && !c->loose) {
			rc = retention(k);
		}
		if (rc == SP_OK) {
			rc = sp_audit_times_feed(&times, c);
		}
		if (rc == SP_OK && c->seq == k->at_seq &&
				memcmp(c->hash, k->at_hash, SP_RECORD_HASH) != 0) {
			rc = sp_chain_fail(c, c->seq,
					"record %" PRIu64 " is not the one with that hash", c->seq);
		}
		if (rc != SP_OK) {
			break;
		}
	}
	sp_stmt_reset(s);
	if (rc == SP_EDB) {
		return sp_audit_db_fail(k->st, rc);
	}
	return rc == SP_OK ? sp_audit_times_end(&times, c) : rc;
}

static int beginning(const struct check *k)
{
	struct sp_chain *c = k->c;

	if (c->records == 0) {
		return sp_chain_fail(
				c, c->anchor + 1, "record %" PRIu64 " is missing", c->anchor + 1);
	}
	if (c->first > 1 && !k->covered) {
		return sp_chain_fail(c, k->gone + 1,
				"record %" PRIu64 " is missing, and no retention let it go",
				k->gone + 1);
	}
	return SP_OK;
}

static int ending(const struct check *k, const struct sp_audit_head *h,
		const struct sp_audit_signed *sign)
{
	struct sp_chain *c = k->c;

	if (!h->there) {
		return sp_chain_fail(c, c->seq + 1, "the end is not signed: its row is missing");
	}
	if (c->seq < h->seq) {
		return sp_chain_fail(c, c->seq + 1,
				"record %" PRIu64 " is missing: the end was cut off, %" PRIu64
				" was the last one",
				c->seq + 1, h->seq);
	}
	if (c->seq > h->seq) {
		return sp_chain_fail(c, h->seq + 1, "record %" PRIu64 " was added behind the end",
				h->seq + 1);
	}
	if (memcmp(h->hash, c->hash, sizeof(h->hash)) != 0 || !sp_chain_signer(c, sign)) {
		return sp_chain_fail(c, c->seq,
				"record %" PRIu64 " is not the last one that was signed", c->seq);
	}
	if (k->at_seq > c->seq) {
		return sp_chain_fail(c, c->seq + 1,
				"record %" PRIu64 " is missing: the end was "
				"cut off, there was a record %" PRIu64,
				c->seq + 1, k->at_seq);
	}
	return SP_OK;
}

int sp_audit_verify(struct sp_audit_store *st, const uint8_t root[SP_SIGN_PUBLIC], uint64_t at_seq,
		const uint8_t at_hash[SP_RECORD_HASH], struct sp_chain *c)
{
	struct check k = {.st = st, .c = c, .at_seq = at_seq, .at_hash = at_hash};
	struct sp_audit_signed sign;
	struct sp_audit_head h;

	sp_chain_init(c, root);
	int rc = sp_db_begin_read(st->db);
	if (rc != SP_OK) {
		return sp_audit_db_fail(st, rc);
	}
	rc = sp_audit_read_head(st, &h, &sign);
	if (rc == SP_EFIELD) {
		rc = sp_chain_fail(c, 0, "the end's row is damaged");
	}
	if (rc == SP_OK) {
		rc = look_at_first(&k);
	}
	if (rc == SP_OK) {
		rc = anchors(&k);
	}
	if (rc == SP_OK) {
		rc = records(&k);
	}
	if (rc == SP_OK) {
		rc = beginning(&k);
	}
	if (rc == SP_OK) {
		rc = ending(&k, &h, &sign);
	}
	sp_db_rollback(st->db);
	if (rc != SP_OK && rc != SP_EFIELD) {
		c->bad = c->seq + 1;
		snprintf(c->why, sizeof(c->why),
				"the database cannot be read after record %" PRIu64 ": %.100s",
				c->seq, st->why);
	}
	return rc;
}

/* The last checkpoint that has at least so many records behind it, or the oldest one there is. */
struct begin {
	uint64_t last, least, seq;
	struct sp_audit_signed sign;
};

static int look_for_checkpoint(
		void *user, const struct sp_record *r, const struct sp_audit_view *event)
{
	struct begin *b = user;

	if (event->kind == SP_AUDIT_AUDIT_CHECKPOINT &&
			sp_audit_signed_read(event, &b->sign) == SP_OK) {
		b->seq = r->seq;
		return b->last - r->seq >= b->least ? 1 : SP_OK;
	}
	return SP_OK;
}

static int end_from(struct check *k, uint64_t first)
{
	struct sp_stmt *s = sp_audit_stmt(
			k->st, "SELECT seq, bytes, hash FROM record WHERE seq >= ?1 ORDER BY seq");
	int rc;

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, bound(first));
	while ((rc = sp_stmt_step(s)) == 1) {
		rc = sp_chain_feed(k->c, sp_stmt_col_int(s, 0), sp_stmt_col_bytes(s, 1),
				sp_stmt_col_bytes(s, 2));
		if (rc != SP_OK) {
			break;
		}
	}
	sp_stmt_reset(s);
	return rc == SP_EDB ? sp_audit_db_fail(k->st, rc) : rc;
}

int sp_audit_verify_end(struct sp_audit_store *st, uint64_t least, struct sp_chain *c)
{
	struct check k = {.st = st, .c = c};
	struct begin b = {.least = least};
	struct sp_audit_signed sign;
	struct sp_audit_head h;

	sp_chain_init(c, NULL);
	int rc = sp_db_begin_read(st->db);
	if (rc != SP_OK) {
		return sp_audit_db_fail(st, rc);
	}
	rc = sp_audit_read_head(st, &h, &sign);
	if (rc == SP_EFIELD) {
		rc = sp_chain_fail(c, 0, "the end's row is damaged");
	}
	if (rc == SP_OK) {
		rc = sp_audit_last(st, &b.last);
	}
	if (rc == SP_OK) {
		rc = sp_audit_each(st, b.last > 4 * least ? b.last - 4 * least : 1, UINT64_MAX,
				true, look_for_checkpoint, &b, NULL);
	}
	if (rc == SP_OK && b.seq > 0) {
		/* Who signed there may sign here, or whom that one named. */
		sp_chain_init(c, b.sign.key);
	}
	if (rc == SP_OK) {
		rc = end_from(&k, b.seq > 0 ? b.seq : 1);
	}
	if (rc == SP_OK && c->records > 0) {
		rc = ending(&k, &h, &sign);
	}
	sp_db_rollback(st->db);
	if (rc != SP_OK && rc != SP_EFIELD) {
		snprintf(c->why, sizeof(c->why), "the database cannot be read: %.100s", st->why);
	}
	return rc;
}
