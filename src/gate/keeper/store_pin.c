/* gate/keeper/store_pin.c - see store_pin.h. */
#include "gate/keeper/store_pin.h"

#include <stdio.h>
#include <string.h>

#include "gate/keeper/store_part.h"

#define COLUMNS "target, host, spki, first_seen, offered, offered_at"

/* False when the row is damaged: then the target has no key that would be right. */
static bool read_pin(struct sp_stmt *s, struct sp_pin *p)
{
	struct sp_span spki = sp_stmt_col_bytes(s, 2), offered = sp_stmt_col_bytes(s, 4);

	memset(p, 0, sizeof(*p));
	snprintf(p->target, sizeof(p->target), "%s", sp_stmt_col_text(s, 0));
	snprintf(p->host, sizeof(p->host), "%s", sp_stmt_col_text(s, 1));
	p->first_seen = sp_stmt_col_int(s, 3);
	p->changed = offered.n == SP_PIN_SIZE;
	if (p->changed) {
		memcpy(p->offered, offered.p, SP_PIN_SIZE);
		p->offered_at = sp_stmt_col_int(s, 5);
	}
	if (spki.n != SP_PIN_SIZE) {
		return false;
	}
	memcpy(p->spki, spki.p, SP_PIN_SIZE);
	return true;
}

int sp_store_pin_get(struct sp_store *st, const char *target, const char *host, struct sp_pin *out)
{
	struct sp_stmt *s = sp_store_stmt(
			st, "SELECT " COLUMNS " FROM pin WHERE target = ?1 AND host = ?2");
	bool whole = false;

	memset(out, 0, sizeof(*out));
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, target);
	sp_stmt_text(s, 2, host);
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		whole = read_pin(s, out);
	}
	sp_stmt_reset(s);
	if (rc < 0) {
		return sp_store_db_fail(st, rc);
	}
	if (rc == 1) {
		return whole ? SP_OK
			     : sp_store_fail(st, SP_EDB, "key of target %s is damaged; forget it",
					       target);
	}
	return sp_store_fail(st, SP_ENOTFOUND, "target was never seen");
}

static int insert(struct sp_store *st, const char *target, const char *host,
		const uint8_t spki[SP_PIN_SIZE], int64_t now)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"INSERT INTO pin (target, host, spki, first_seen) VALUES (?1, ?2, ?3, ?4)");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, target);
	sp_stmt_text(s, 2, host);
	sp_stmt_bytes(s, 3, sp_span(spki, SP_PIN_SIZE));
	sp_stmt_int(s, 4, now);
	return sp_store_run(st, s);
}

static int note_offer(struct sp_store *st, const char *target, const char *host,
		const uint8_t spki[SP_PIN_SIZE], int64_t now)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"UPDATE pin SET offered = ?3, offered_at = ?4 "
			"WHERE target = ?1 AND host = ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, target);
	sp_stmt_text(s, 2, host);
	sp_stmt_bytes(s, 3, sp_span(spki, SP_PIN_SIZE));
	sp_stmt_int(s, 4, now);
	return sp_store_run(st, s);
}

static int room(struct sp_store *st)
{
	struct sp_stmt *s = sp_store_stmt(st, "SELECT COUNT(*) FROM pin");

	if (s == NULL) {
		return SP_EDB;
	}
	int rc = sp_stmt_step(s);
	int64_t n = rc == 1 ? sp_stmt_col_int(s, 0) : SP_PINS_MAX;
	sp_stmt_reset(s);
	return n < SP_PINS_MAX ? SP_OK
			       : sp_store_fail(st, SP_ELIMIT, "too many keys of targets are kept");
}

/* Within a transaction. */
static enum sp_pin_result check(struct sp_store *st, const char *target, const char *host,
		const uint8_t spki[SP_PIN_SIZE], int64_t now, struct sp_pin *out)
{
	int rc = sp_store_pin_get(st, target, host, out);

	if (rc == SP_OK && memcmp(out->spki, spki, SP_PIN_SIZE) == 0) {
		return SP_PIN_SAME;
	}
	if (rc == SP_OK) {
		if (note_offer(st, target, host, spki, now) != SP_OK) {
			return SP_PIN_FAILED;
		}
		out->changed = true;
		memcpy(out->offered, spki, SP_PIN_SIZE);
		out->offered_at = now;
		return SP_PIN_CHANGED;
	}
	if (rc != SP_ENOTFOUND || room(st) != SP_OK ||
			insert(st, target, host, spki, now) != SP_OK ||
			sp_store_pin_get(st, target, host, out) != SP_OK) {
		return SP_PIN_FAILED;
	}
	return SP_PIN_FIRST;
}

enum sp_pin_result sp_store_pin_check(struct sp_store *st, const char *target, const char *host,
		const uint8_t spki[SP_PIN_SIZE], int64_t now, struct sp_pin *out)
{
	memset(out, 0, sizeof(*out));
	if (!(0 < strlen(target) && strlen(target) < SP_TEXT_TARGET && 0 < strlen(host) &&
			    strlen(host) < SP_TEXT_HOST)) {
		(void)sp_store_fail(st, SP_EARG, "not a target and its host");
		return SP_PIN_FAILED;
	}
	if (sp_store_begin(st) != SP_OK) {
		return SP_PIN_FAILED;
	}
	enum sp_pin_result result = check(st, target, host, spki, now, out);
	int rc = sp_store_finish(st, result != SP_PIN_FAILED ? SP_OK : SP_EDB);
	return rc == SP_OK ? result : SP_PIN_FAILED;
}

int sp_store_pin_list(struct sp_store *st, bool (*fn)(void *arg, const struct sp_pin *p), void *arg)
{
	struct sp_stmt *s = sp_store_stmt(st, "SELECT " COLUMNS " FROM pin ORDER BY target, host");
	struct sp_pin p;
	int rc;

	if (s == NULL) {
		return SP_EDB;
	}
	while ((rc = sp_stmt_step(s)) == 1) {
		/* A damaged one is listed too, with a key of zeroes. */
		(void)read_pin(s, &p);
		if (!fn(arg, &p)) {
			rc = 0;
			break;
		}
	}
	sp_stmt_reset(s);
	return rc == 0 ? SP_OK : sp_store_db_fail(st, rc);
}

int sp_store_pin_forget(struct sp_store *st, const char *target)
{
	int rc = sp_store_about(st, "target", target, "forget-key");
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM pin WHERE target = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, target);
	rc = sp_store_run(st, s);
	if (rc == SP_OK && sp_db_changes(st->db) == 0) {
		return sp_store_fail(st, SP_ENOTFOUND, "no key of that target is kept");
	}
	return rc;
}
