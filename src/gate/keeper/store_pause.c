/* gate/keeper/store_pause.c - see store_pause.h. */
#include "gate/keeper/store_pause.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "gate/keeper/store_part.h"
#include "gate/keeper/store_recovery.h"

#define ROWS_MAX 20000
#define TIME 8 /* bytes of a time in a row */

/* What a row has. */
struct tally {
	size_t n; /* INVARIANT: n <= SP_PAUSE_TRIES */
	int64_t at[SP_PAUSE_TRIES]; /* when the wrong ones came, oldest first */
	uint32_t pauses; /* in a row */
	int64_t until; /* end of the last one; 0: there was none */
};

uint32_t sp_pause_seconds(uint32_t n)
{
	uint32_t seconds = SP_PAUSE_FIRST;

	for (uint32_t i = 1; i < n && seconds < SP_PAUSE_MAX; i++) {
		seconds *= 2;
	}
	return n == 0 ? 0 : seconds < SP_PAUSE_MAX ? seconds : SP_PAUSE_MAX;
}

static int64_t time_at(const uint8_t *p)
{
	uint64_t v = 0;

	for (size_t i = 0; i < TIME; i++) {
		v = v << 8 | p[i];
	}
	return (int64_t)v;
}

static void set_time(uint8_t *p, int64_t t)
{
	for (size_t i = 0; i < TIME; i++) {
		p[i] = (uint8_t)((uint64_t)t >> (56 - 8 * i));
	}
}

/* A row that was tampered with counts for what can be read of it. */
static void unpack(struct sp_span times, int64_t pauses, int64_t until, struct tally *t)
{
	*t = (struct tally){.until = until};
	t->pauses = pauses < 0 ? 0 : pauses < 64 ? (uint32_t)pauses : 64;
	for (size_t i = 0; i < SP_PAUSE_TRIES && (i + 1) * TIME <= times.n; i++) {
		t->at[t->n++] = time_at(times.p + i * TIME);
	}
}

/* Seconds left. An end that lies further ahead than a pause is long is of a clock that was wrong. */
static uint32_t left_of(const struct tally *t, int64_t now)
{
	int64_t longest = sp_pause_seconds(t->pauses);

	return now < t->until && t->until <= now + longest ? (uint32_t)(t->until - now) : 0;
}

/* One more wrong code; true when it makes a pause. */
static bool add_wrong(struct tally *t, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (now - SP_PAUSE_WITHIN < t->at[i] && t->at[i] <= now) {
			t->at[n++] = t->at[i];
		}
	}
	t->n = n;
	if (t->until != 0 && t->until <= now - SP_PAUSE_MAX) {
		t->pauses = 0;
	}
	if (t->n + 1 < SP_PAUSE_TRIES) {
		t->at[t->n++] = now;
		return false;
	}
	t->n = 0;
	t->pauses++;
	t->until = now + sp_pause_seconds(t->pauses);
	return true;
}

static int read_tally(
		struct sp_store *st, int64_t user, const struct sp_store_net *net, struct tally *t)
{
	struct sp_stmt *s = sp_store_stmt(
			st, "SELECT times, pauses, until FROM pause WHERE user = ?1 AND net = ?2");

	*t = (struct tally){0};
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, user);
	sp_stmt_bytes(s, 2, sp_span(net->v, net->n));
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		unpack(sp_stmt_col_bytes(s, 0), sp_stmt_col_int(s, 1), sp_stmt_col_int(s, 2), t);
	}
	sp_stmt_reset(s);
	return rc < 0 ? sp_store_db_fail(st, rc) : SP_OK;
}

static int write_tally(struct sp_store *st, int64_t user, const struct sp_store_net *net,
		int64_t now, const struct tally *t)
{
	uint8_t times[SP_PAUSE_TRIES * TIME];
	struct sp_stmt *s = sp_store_stmt(st,
			"INSERT INTO pause (user, net, times, pauses, until, last) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (user, net) DO UPDATE "
			"SET times = ?3, pauses = ?4, until = ?5, last = ?6");

	if (s == NULL) {
		return SP_EDB;
	}
	for (size_t i = 0; i < t->n; i++) {
		set_time(times + i * TIME, t->at[i]);
	}
	sp_stmt_int(s, 1, user);
	sp_stmt_bytes(s, 2, sp_span(net->v, net->n));
	sp_stmt_bytes(s, 3, sp_span(times, t->n * TIME));
	sp_stmt_int(s, 4, t->pauses);
	sp_stmt_int(s, 5, t->until);
	sp_stmt_int(s, 6, now);
	return sp_store_run(st, s);
}

static int remove_tally(struct sp_store *st, int64_t user, const struct sp_store_net *net)
{
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM pause WHERE user = ?1 AND net = ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, user);
	sp_stmt_bytes(s, 2, sp_span(net->v, net->n));
	return sp_store_run(st, s);
}

static int prune(struct sp_store *st, int64_t now)
{
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM pause WHERE last <= ?1");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, now - 2 * SP_PAUSE_MAX);
	int rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc;
	}
	s = sp_store_stmt(st,
			"DELETE FROM pause WHERE rowid IN (SELECT rowid FROM pause "
			"ORDER BY last DESC LIMIT -1 OFFSET ?1)");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, ROWS_MAX);
	return sp_store_run(st, s);
}

/* Whose count it is; false in *counted: nobody's. */
static int find(struct sp_store *st, const struct sp_code_from *from, struct sp_user *u,
		struct sp_store_net *net, bool *counted)
{
	const struct sp_source *s = from->source;

	*counted = false;
	if (s->family != AF_INET && s->family != AF_INET6) {
		return sp_store_fail(st, SP_EARG, "not a source");
	}
	*counted = !from->device && !sp_store_loopback(s);
	*net = sp_store_net_of(s, s->family == AF_INET ? 32 : 64);
	return sp_store_get(st, from->user, u);
}

static int take(struct sp_store *st, const char *user, const char *code, int64_t now)
{
	return sp_recovery_looks(code) ? sp_store_recovery_take(st, user, code, now)
				       : sp_store_totp_take(st, user, code, now);
}

/* Within a transaction, which a wrong code must not undo: SP_OK and *result. */
static int use(struct sp_store *st, const struct sp_code_from *from, const char *code, int64_t now,
		struct sp_pause *out, int *result)
{
	struct sp_store_net net;
	struct sp_user u;
	struct tally t;
	bool counted;
	int rc = find(st, from, &u, &net, &counted);

	if (rc == SP_OK && counted) {
		rc = read_tally(st, u.id, &net, &t);
		out->wait = rc == SP_OK ? left_of(&t, now) : 0;
	}
	if (rc != SP_OK) {
		return rc;
	}
	if (out->wait > 0) {
		return sp_store_fail(st, SP_ELIMIT, "too many wrong codes from there");
	}
	*result = take(st, from->user, code, now);
	if (counted && *result == SP_OK) {
		return remove_tally(st, u.id, &net);
	}
	if (*result != SP_EAUTH || !counted) {
		return *result;
	}
	out->begins = add_wrong(&t, now);
	out->wait = left_of(&t, now);
	rc = write_tally(st, u.id, &net, now, &t);
	return rc == SP_OK ? prune(st, now) : rc;
}

int sp_store_code_use(struct sp_store *st, const struct sp_code_from *from, const char *code,
		int64_t now, struct sp_pause *out)
{
	int result = SP_OK;
	int rc = sp_store_begin(st);

	*out = (struct sp_pause){0};
	if (rc == SP_OK) {
		rc = sp_store_finish(st, use(st, from, code, now, out, &result));
	}
	if (rc != SP_OK && rc != SP_ELIMIT) {
		*out = (struct sp_pause){0};
	}
	return rc == SP_OK ? result : rc;
}

int sp_store_code_ask(struct sp_store *st, const struct sp_code_from *from, int64_t now,
		struct sp_pause *out)
{
	struct sp_store_net net;
	struct sp_user u;
	struct tally t = {0};
	bool counted;
	int rc = find(st, from, &u, &net, &counted);

	*out = (struct sp_pause){0};
	if (rc == SP_OK && counted) {
		rc = read_tally(st, u.id, &net, &t);
	}
	out->wait = left_of(&t, now);
	return rc;
}

/* "192.0.2.7", "2001:db8::/64"; of a damaged row "?". */
static void say_net(struct sp_span net, char out[SP_TEXT_ADDR])
{
	char addr_text[INET6_ADDRSTRLEN];
	uint8_t addr[16] = {0};
	int family = net.n == 6 ? AF_INET : AF_INET6;

	snprintf(out, SP_TEXT_ADDR, "?");
	if (net.n != 6 && net.n != 10) {
		return;
	}
	memcpy(addr, net.p + 2, net.n - 2);
	if (inet_ntop(family, addr, addr_text, sizeof(addr_text)) != NULL) {
		snprintf(out, SP_TEXT_ADDR, "%s%s", addr_text, family == AF_INET6 ? "/64" : "");
	}
}

int sp_store_pause_list(struct sp_store *st, const char *user, int64_t now,
		bool (*fn)(void *arg, const char *net, int64_t until), void *arg)
{
	char text[SP_TEXT_ADDR];
	struct sp_user u;
	int rc = sp_store_get(st, user, &u);

	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT net, until FROM pause WHERE user = ?1 AND until > ?2 ORDER BY "
			"until");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, u.id);
	sp_stmt_int(s, 2, now);
	while ((rc = sp_stmt_step(s)) == 1) {
		say_net(sp_stmt_col_bytes(s, 0), text);
		if (!fn(arg, text, sp_stmt_col_int(s, 1))) {
			rc = 0;
			break;
		}
	}
	sp_stmt_reset(s);
	return rc < 0 ? sp_store_db_fail(st, rc) : SP_OK;
}
