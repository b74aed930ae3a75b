/* gate/keeper/store_lockout.c - see store_lockout.h. */
#include "gate/keeper/store_lockout.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "gate/keeper/store_part.h"

#define KEY 16
#define ROWS_MAX 20000 /* of lockout, and of spray */
#define PRUNE_EVERY 256 /* failures */
#define FAMILIAR_MAX 32 /* networks of one user */
#define SPRAY_ROWS 64 /* users of one network that are remembered */

/* Of everybody's failures: those from unfamiliar sources, and those in a row from wherever. */
static const struct sp_store_net unfamiliar = {1, {0}}, in_a_row = {1, {1}};

/* Who failed, and from where. */
struct who {
	bool known;
	int64_t id;
	uint8_t user[KEY];
	struct sp_store_net narrow, wide;
};

uint32_t sp_lockout_delay(uint32_t failures)
{
	if (failures <= SP_LOCKOUT_FREE) {
		return 0;
	}
	uint32_t steps = failures - SP_LOCKOUT_FREE - 1;
	uint32_t delay = steps < 6 ? 1u << steps : SP_LOCKOUT_DELAY_MAX;
	return delay < SP_LOCKOUT_DELAY_MAX ? delay : SP_LOCKOUT_DELAY_MAX;
}

struct sp_store_net sp_store_net_of(const struct sp_source *s, unsigned bits)
{
	struct sp_store_net net = {.n = (uint8_t)(2 + bits / 8)};

	net.v[0] = s->family == AF_INET ? 4 : 6;
	net.v[1] = (uint8_t)bits;
	memcpy(net.v + 2, s->addr, bits / 8);
	return net;
}

bool sp_store_loopback(const struct sp_source *s)
{
	static const uint8_t one[16] = {[15] = 1};

	return s->family == AF_INET ? s->addr[0] == 127 : memcmp(s->addr, one, 16) == 0;
}

/* By the store's name where there is one, so that every way to write it is the same user. */
static int who_of(struct sp_store *st, const char *sent, const struct sp_source *source,
		struct who *w)
{
	struct sp_user u = {0};
	char text[SP_TEXT_NAME];
	size_t n = 0;

	memset(w, 0, sizeof(*w));
	if (source->family != AF_INET && source->family != AF_INET6) {
		return sp_store_fail(st, SP_EARG, "not a source");
	}
	int rc = sp_store_find(st, sent, &u);
	if (rc != SP_OK && rc != SP_ENOTFOUND) {
		return rc;
	}
	w->known = rc == SP_OK;
	w->id = u.id;
	for (const char *p = w->known ? u.name : sent; *p != '\0' && n < sizeof(text) - 1; p++) {
		text[n++] = 'A' <= *p && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	}
	sp_seal_derive(&st->seal, "lockout", sp_span(text, n), w->user, sizeof(w->user));
	w->narrow = sp_store_net_of(source, source->family == AF_INET ? 32 : 64);
	w->wide = sp_store_net_of(source, source->family == AF_INET ? 24 : 48);
	return SP_OK;
}

static void bind_net(struct sp_stmt *s, int i, const struct sp_store_net *net)
{
	sp_stmt_bytes(s, i, sp_span(net->v, net->n));
}

struct count {
	uint32_t failures;
	int64_t last;
};

/* How often, unless that is forgotten; in a row is never forgotten. */
static int read_count(struct sp_store *st, const struct who *w, const struct sp_store_net *net,
		int64_t now, struct count *out)
{
	struct sp_stmt *s = sp_store_stmt(
			st, "SELECT failures, last FROM lockout WHERE user = ?1 AND net = ?2");

	*out = (struct count){0};
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_bytes(s, 1, sp_span(w->user, sizeof(w->user)));
	bind_net(s, 2, net);
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		int64_t failures = sp_stmt_col_int(s, 0);
		out->last = sp_stmt_col_int(s, 1);
		if (net == &in_a_row || out->last > now - SP_LOCKOUT_FORGET) {
			out->failures = failures < 0         ? 0
					: failures < 1000000 ? (uint32_t)failures
							     : 1000000;
		}
	}
	sp_stmt_reset(s);
	return rc < 0 ? sp_store_db_fail(st, rc) : SP_OK;
}

static int write_count(struct sp_store *st, const struct who *w, const struct sp_store_net *net,
		const struct count *c)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"INSERT INTO lockout (user, net, known, failures, last) "
			"VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (user, net) DO UPDATE "
			"SET known = ?3, failures = ?4, last = ?5");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_bytes(s, 1, sp_span(w->user, sizeof(w->user)));
	bind_net(s, 2, net);
	sp_stmt_int(s, 3, w->known);
	sp_stmt_int(s, 4, c->failures);
	sp_stmt_int(s, 5, c->last);
	return sp_store_run(st, s);
}

static int remove_count(struct sp_store *st, const struct who *w, const struct sp_store_net *net)
{
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM lockout WHERE user = ?1 AND net = ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_bytes(s, 1, sp_span(w->user, sizeof(w->user)));
	bind_net(s, 2, net);
	return sp_store_run(st, s);
}

static int is_familiar(struct sp_store *st, const struct who *w, int64_t now, bool *out)
{
	struct sp_stmt *s = sp_store_stmt(
			st, "SELECT 1 FROM familiar WHERE user = ?1 AND net = ?2 AND last > ?3");

	*out = false;
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, w->id);
	bind_net(s, 2, &w->narrow);
	sp_stmt_int(s, 3, now - SP_LOCKOUT_FAMILIAR);
	int rc = sp_stmt_step(s);
	*out = rc == 1;
	sp_stmt_reset(s);
	return rc < 0 ? sp_store_db_fail(st, rc) : SP_OK;
}

static uint32_t wait_of(const struct count *c, uint32_t failures, int64_t now)
{
	int64_t until = c->last + sp_lockout_delay(failures);
	int64_t left = until - now;

	/* A clock that was set back must not keep anybody out for longer than the delay. */
	return left <= 0 ? 0 : left < SP_LOCKOUT_DELAY_MAX ? (uint32_t)left : SP_LOCKOUT_DELAY_MAX;
}

/* A whole network is given twice as many free failures as one source. */
static uint32_t ladder(const struct count *narrow, const struct count *wide, int64_t now)
{
	uint32_t a = wait_of(narrow, narrow->failures, now);
	uint32_t b = wide->failures > SP_LOCKOUT_FREE
			? wait_of(wide, wide->failures - SP_LOCKOUT_FREE, now)
			: 0;

	return a < b ? b : a;
}

int sp_store_lockout_ask(struct sp_store *st, const char *user, const struct sp_source *source,
		bool familiar, int64_t now, struct sp_lockout *out)
{
	struct who w;
	struct count narrow, wide, all;
	bool seen;

	/* Whoever forgets to look at the result has somebody wait. */
	*out = (struct sp_lockout){.wait = SP_LOCKOUT_DELAY_MAX};
	int rc = who_of(st, user, source, &w);
	if (rc == SP_OK) {
		rc = is_familiar(st, &w, now, &seen);
	}
	if (rc == SP_OK) {
		rc = read_count(st, &w, &w.narrow, now, &narrow);
	}
	if (rc == SP_OK) {
		rc = read_count(st, &w, &w.wide, now, &wide);
	}
	if (rc == SP_OK) {
		rc = read_count(st, &w, &unfamiliar, now, &all);
	}
	if (rc != SP_OK) {
		return rc;
	}
	*out = (struct sp_lockout){.familiar = familiar || seen || sp_store_loopback(source)};
	if (!out->familiar) {
		out->wait = ladder(&narrow, &wide, now);
		out->token_only = all.failures >= SP_LOCKOUT_TOKEN_ONLY;
	}
	return SP_OK;
}

/* ---- spraying ---- */

static int note_spray(struct sp_store *st, const struct who *w, const struct sp_store_net *net,
		int64_t now)
{
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM spray WHERE net = ?1 AND last <= ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	bind_net(s, 1, net);
	sp_stmt_int(s, 2, now - SP_SPRAY_SECONDS);
	int rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc;
	}
	/* Full: one more would say nothing new. */
	s = sp_store_stmt(st,
			"INSERT INTO spray (net, user, last) SELECT ?1, ?2, ?3 WHERE "
			"(SELECT COUNT(*) FROM spray WHERE net = ?1) < ?4 "
			"ON CONFLICT (net, user) DO UPDATE SET last = ?3");
	if (s == NULL) {
		return SP_EDB;
	}
	bind_net(s, 1, net);
	sp_stmt_bytes(s, 2, sp_span(w->user, sizeof(w->user)));
	sp_stmt_int(s, 3, now);
	sp_stmt_int(s, 4, SPRAY_ROWS);
	return sp_store_run(st, s);
}

static int count_spray(struct sp_store *st, const struct sp_store_net *net, uint32_t *users)
{
	struct sp_stmt *s = sp_store_stmt(st, "SELECT COUNT(*) FROM spray WHERE net = ?1");

	if (s == NULL) {
		return SP_EDB;
	}
	bind_net(s, 1, net);
	int rc = sp_stmt_step(s);
	*users = rc == 1 ? (uint32_t)sp_stmt_col_int(s, 0) : 0;
	sp_stmt_reset(s);
	return rc == 1 ? SP_OK : sp_store_db_fail(st, SP_EDB);
}

/* The alarm lasts while it goes on; `fresh` when there was none. */
static int raise_alarm(
		struct sp_store *st, const struct sp_store_net *net, int64_t now, bool *fresh)
{
	struct sp_stmt *s = sp_store_stmt(st, "SELECT until FROM alarm WHERE net = ?1");

	if (s == NULL) {
		return SP_EDB;
	}
	bind_net(s, 1, net);
	int rc = sp_stmt_step(s);
	*fresh = rc != 1 || sp_stmt_col_int(s, 0) <= now;
	sp_stmt_reset(s);
	if (rc < 0) {
		return sp_store_db_fail(st, rc);
	}
	s = sp_store_stmt(st,
			"INSERT INTO alarm (net, until) VALUES (?1, ?2) "
			"ON CONFLICT (net) DO UPDATE SET until = ?2");
	if (s == NULL) {
		return SP_EDB;
	}
	bind_net(s, 1, net);
	sp_stmt_int(s, 2, now + SP_SPRAY_SECONDS);
	return sp_store_run(st, s);
}

static int spray(struct sp_store *st, const struct who *w, const struct sp_store_net *net,
		int64_t now, struct sp_lockout_failure *out)
{
	uint32_t users;
	bool fresh = false;
	int rc = note_spray(st, w, net, now);

	if (rc == SP_OK) {
		rc = count_spray(st, net, &users);
	}
	if (rc != SP_OK) {
		return rc;
	}
	if (users > SP_SPRAY_USERS) {
		rc = raise_alarm(st, net, now, &fresh);
		out->spray_now = out->spray_now || fresh;
		out->penalty = SP_SPRAY_PENALTY;
	}
	out->users = users > out->users ? users : out->users;
	return rc;
}

/* ---- what is noted ---- */

static int prune_one(struct sp_store *st, const char *sql, int64_t a, int64_t b)
{
	struct sp_stmt *s = sp_store_stmt(st, sql);

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, a);
	if (b >= 0) {
		sp_stmt_int(s, 2, b);
	}
	return sp_store_run(st, s);
}

/* Rows of users that there are not go first: nobody can push a real one out with invented names. */
static int prune(struct sp_store *st, int64_t now)
{
	int rc = prune_one(st,
			"DELETE FROM lockout WHERE last <= ?1 AND (known = 0 OR net <> x'01')",
			now - SP_LOCKOUT_FORGET, -1);

	if (rc == SP_OK) {
		rc = prune_one(st,
				"DELETE FROM lockout WHERE rowid IN (SELECT rowid FROM lockout "
				"ORDER BY known DESC, last DESC LIMIT -1 OFFSET ?1)",
				ROWS_MAX, -1);
	}
	if (rc == SP_OK) {
		rc = prune_one(st, "DELETE FROM spray WHERE last <= ?1", now - SP_SPRAY_SECONDS,
				-1);
	}
	if (rc == SP_OK) {
		rc = prune_one(st,
				"DELETE FROM spray WHERE rowid IN (SELECT rowid FROM spray "
				"ORDER BY last DESC LIMIT -1 OFFSET ?1)",
				ROWS_MAX, -1);
	}
	if (rc == SP_OK) {
		rc = prune_one(st, "DELETE FROM alarm WHERE until <= ?1", now, -1);
	}
	return rc;
}

static int add_one(struct sp_store *st, const struct who *w, const struct sp_store_net *net,
		int64_t now, struct count *c)
{
	int rc = read_count(st, w, net, now, c);

	if (rc != SP_OK) {
		return rc;
	}
	c->failures++;
	c->last = now;
	return write_count(st, w, net, c);
}

/* Within a transaction. */
static int failed(struct sp_store *st, const struct who *w, int64_t now,
		struct sp_lockout_failure *out)
{
	struct count narrow, wide, all, row;
	bool familiar;
	int rc = is_familiar(st, w, now, &familiar);

	if (rc == SP_OK) {
		rc = add_one(st, w, &in_a_row, now, &row);
	}
	if (rc == SP_OK && !familiar) {
		rc = add_one(st, w, &w->narrow, now, &narrow);
		if (rc == SP_OK) {
			rc = add_one(st, w, &w->wide, now, &wide);
		}
		if (rc == SP_OK) {
			rc = add_one(st, w, &unfamiliar, now, &all);
		}
		if (rc == SP_OK) {
			out->wait = ladder(&narrow, &wide, now);
			out->token_only_now = all.failures == SP_LOCKOUT_TOKEN_ONLY;
		}
	}
	if (rc == SP_OK) {
		rc = spray(st, w, &w->narrow, now, out);
	}
	if (rc == SP_OK) {
		rc = spray(st, w, &w->wide, now, out);
	}
	if (rc == SP_OK) {
		out->failures = row.failures;
		out->tell = row.failures % SP_LOCKOUT_TELL == 0;
	}
	return rc;
}

int sp_store_lockout_failed(struct sp_store *st, const char *user, const struct sp_source *source,
		int64_t now, struct sp_lockout_failure *out)
{
	struct who w;
	uint64_t who = 0;
	int rc = who_of(st, user, source, &w);

	*out = (struct sp_lockout_failure){0};
	if (rc == SP_OK) {
		memcpy(&who, w.user, sizeof(who));
		out->who = who;
	}
	if (rc != SP_OK || sp_store_loopback(source)) {
		return rc;
	}
	/* What strangers do must not have the disk wait each time. */
	sp_db_lazy(st->db, true);
	rc = sp_store_begin(st);
	if (rc == SP_OK) {
		rc = failed(st, &w, now, out);
		if (rc == SP_OK && st->failures++ % PRUNE_EVERY == 0) {
			rc = prune(st, now);
		}
		rc = sp_store_finish(st, rc);
	}
	sp_db_lazy(st->db, false);
	if (rc != SP_OK) {
		*out = (struct sp_lockout_failure){.who = who};
	}
	return rc;
}

static int make_familiar(struct sp_store *st, const struct who *w, int64_t now)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"INSERT INTO familiar (user, net, last) VALUES (?1, ?2, ?3) "
			"ON CONFLICT (user, net) DO UPDATE SET last = ?3");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, w->id);
	bind_net(s, 2, &w->narrow);
	sp_stmt_int(s, 3, now);
	int rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc;
	}
	s = sp_store_stmt(st,
			"DELETE FROM familiar WHERE user = ?1 AND net NOT IN (SELECT net FROM "
			"familiar WHERE user = ?1 ORDER BY last DESC LIMIT ?2)");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, w->id);
	sp_stmt_int(s, 2, FAMILIAR_MAX);
	return sp_store_run(st, s);
}

/* Within a transaction. What others did from elsewhere stays: they go on. */
static int succeeded(struct sp_store *st, const struct who *w, int64_t now, uint32_t *failures)
{
	struct count narrow, all, row;
	int rc = make_familiar(st, w, now);

	if (rc == SP_OK) {
		rc = read_count(st, w, &w->narrow, now, &narrow);
	}
	if (rc == SP_OK) {
		rc = read_count(st, w, &unfamiliar, now, &all);
	}
	if (rc == SP_OK) {
		rc = read_count(st, w, &in_a_row, now, &row);
	}
	if (rc == SP_OK && narrow.failures > 0 && all.failures > 0) {
		all.failures -= narrow.failures < all.failures ? narrow.failures : all.failures;
		rc = write_count(st, w, &unfamiliar, &all);
	}
	if (rc == SP_OK) {
		rc = remove_count(st, w, &w->narrow);
	}
	if (rc == SP_OK) {
		rc = remove_count(st, w, &w->wide);
	}
	if (rc == SP_OK) {
		rc = remove_count(st, w, &in_a_row);
	}
	*failures = rc == SP_OK ? row.failures : 0;
	return rc;
}

int sp_store_lockout_succeeded(struct sp_store *st, const char *user,
		const struct sp_source *source, int64_t now, uint32_t *failures)
{
	struct who w;
	int rc = who_of(st, user, source, &w);

	*failures = 0;
	if (rc != SP_OK || sp_store_loopback(source)) {
		return rc;
	}
	if (!w.known) {
		return sp_store_fail(st, SP_ENOTFOUND, "no such user");
	}
	rc = sp_store_begin(st);
	return rc == SP_OK ? sp_store_finish(st, succeeded(st, &w, now, failures)) : rc;
}

/* Within a transaction. */
static int clear(struct sp_store *st, const struct who *w)
{
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM lockout WHERE user = ?1");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_bytes(s, 1, sp_span(w->user, sizeof(w->user)));
	int rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc;
	}
	s = sp_store_stmt(st, "DELETE FROM pause WHERE user = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, w->id);
	return sp_store_run(st, s);
}

int sp_store_lockout_clear(struct sp_store *st, const char *user)
{
	struct sp_source none = {.family = AF_INET};
	struct sp_user u;
	struct who w;
	int rc = sp_store_get(st, user, &u);

	if (rc == SP_OK) {
		rc = who_of(st, user, &none, &w);
	}
	if (rc == SP_OK) {
		rc = sp_store_about(st, "user", user, "unlock");
	}
	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	return rc == SP_OK ? sp_store_finish(st, clear(st, &w)) : rc;
}

int sp_store_lockout_show(
		struct sp_store *st, const char *user, int64_t now, struct sp_lockout *out)
{
	struct sp_source none = {.family = AF_INET};
	struct sp_user u;
	struct who w;
	struct count all = {0}, row = {0};
	int rc = sp_store_get(st, user, &u);

	*out = (struct sp_lockout){0};
	if (rc == SP_OK) {
		rc = who_of(st, user, &none, &w);
	}
	if (rc == SP_OK) {
		rc = read_count(st, &w, &unfamiliar, now, &all);
	}
	if (rc == SP_OK) {
		rc = read_count(st, &w, &in_a_row, now, &row);
	}
	out->failures = row.failures;
	out->token_only = all.failures >= SP_LOCKOUT_TOKEN_ONLY;
	return rc;
}
