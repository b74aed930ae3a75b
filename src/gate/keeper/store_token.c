/* gate/keeper/store_token.c - see store_token.h. */
#include "gate/keeper/store_token.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/mem.h"
#include "gate/keeper/store_part.h"

#define BITS 16 /* bytes of a token */
#define NET 18 /* family, bits, address */

#define COLUMNS "token.id, name, target, net, token.created, expires, spent"

struct sp_span sp_store_token_aad(char buf[SP_STORE_AAD], const struct sp_user *u, int64_t id,
		int64_t version, int64_t expires, struct sp_span net, const char *target)
{
	char hex[2 * NET + 1] = "";

	for (size_t i = 0; i < net.n && i < NET; i++) {
		snprintf(hex + 2 * i, 3, "%02x", net.p[i]);
	}
	int n = snprintf(buf, SP_STORE_AAD,
			"token1|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64 "|%s|%s|%.80s", u->id,
			id, version, expires, u->name, hex, target);

	return sp_span(buf, (size_t)n);
}

/* ---- networks in a row: empty, or family, bits and the address ---- */

static size_t addr_size(uint32_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

static struct sp_span net_of(const struct sp_conf_net *net, uint8_t out[NET])
{
	size_t n = addr_size(net->family);

	if (n == 0) {
		return sp_span(NULL, 0);
	}
	out[0] = net->family == AF_INET ? 4 : 6;
	out[1] = (uint8_t)net->bits;
	memcpy(out + 2, net->addr, n);
	return sp_span(out, 2 + n);
}

static void net_read(struct sp_span row, struct sp_conf_net *net)
{
	memset(net, 0, sizeof(*net));
	if (!(2 < row.n && row.n <= NET)) {
		return;
	}
	net->family = row.p[0] == 4 ? AF_INET : AF_INET6;
	net->bits = row.p[1];
	memcpy(net->addr, row.p + 2, row.n - 2);
}

bool sp_store_net_has(struct sp_span net, const struct sp_source *source)
{
	if (net.n == 0) {
		return true;
	}
	size_t n = source != NULL ? addr_size(source->family) : 0;
	if (n == 0 || net.n != 2 + n || net.p[0] != (source->family == AF_INET ? 4 : 6) ||
			!(net.p[1] <= 8 * n)) {
		return false;
	}
	for (size_t bit = 0; bit < net.p[1]; bit++) {
		uint8_t mask = (uint8_t)(0x80u >> bit % 8);
		if (((net.p[2 + bit / 8] ^ source->addr[bit / 8]) & mask) != 0) {
			return false;
		}
	}
	return true;
}

/* ---- texts ---- */

static void base64url(const uint8_t bytes[BITS], char out[SP_TOKEN_TEXT])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";

	for (size_t i = 0; i < SP_TOKEN_TEXT - 1; i++) {
		unsigned v = 0;
		for (size_t bit = 6 * i; bit < 6 * i + 6; bit++) {
			unsigned byte = bit / 8 < BITS ? bytes[bit / 8] : 0;
			v = v << 1 | (byte >> (7 - bit % 8) & 1u);
		}
		out[i] = alphabet[v];
	}
	out[SP_TOKEN_TEXT - 1] = '\0';
}

static bool looks(const char *text, size_t n)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
			n &&
			text[n] == '\0';
}

bool sp_token_route(const struct sp_crypto *crypto, const char *text, char route[SP_TOKEN_ROUTE])
{
	static const char purpose[] = "sallyport token route 1";
	struct sp_span parts[2] = {sp_span(purpose, sizeof(purpose)), sp_span(text, strlen(text))};
	uint8_t hash[SP_SHA256_SIZE];

	memset(route, 0, SP_TOKEN_ROUTE);
	if (!looks(text, SP_TOKEN_TEXT - 1)) {
		return false;
	}
	crypto->sha256(parts, SP_LEN(parts), hash);
	route[0] = 'r';
	base64url(hash, route + 1);
	sp_wipe(hash, sizeof(hash));
	return true;
}

/* What the table has of a route: without the key nobody makes one out of it. */
static void route_key(struct sp_store *st, const char *route, uint8_t key[BITS])
{
	sp_seal_derive(&st->seal, "token route", sp_span(route, strlen(route)), key, BITS);
}

/* ---- rows ---- */

static void read_token(struct sp_stmt *s, struct sp_token *t)
{
	memset(t, 0, sizeof(*t));
	t->id = sp_stmt_col_int(s, 0);
	snprintf(t->user, sizeof(t->user), "%s", sp_stmt_col_text(s, 1));
	snprintf(t->target, sizeof(t->target), "%s", sp_stmt_col_text(s, 2));
	net_read(sp_stmt_col_bytes(s, 3), &t->from);
	t->created = sp_stmt_col_int(s, 4);
	t->expires = sp_stmt_col_int(s, 5);
	t->spent = sp_stmt_col_int(s, 6);
}

static int purge(struct sp_store *st, int64_t now)
{
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM token WHERE expires <= ?1");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, now);
	return sp_store_run(st, s);
}

static int count_good(struct sp_store *st, int64_t user, int64_t *n)
{
	struct sp_stmt *s = sp_store_stmt(
			st, "SELECT COUNT(*) FROM token WHERE user = ?1 AND spent = 0");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, user);
	int rc = sp_stmt_step(s);
	*n = rc == 1 ? sp_stmt_col_int(s, 0) : 0;
	sp_stmt_reset(s);
	return rc == 1 ? SP_OK : sp_store_db_fail(st, SP_EDB);
}

static int insert(struct sp_store *st, const struct sp_user *u, const struct sp_token *t,
		const char *route, const uint8_t hash[SP_NTLMV2_KEY], int64_t *id)
{
	char aad[SP_STORE_AAD];
	uint8_t key[BITS], net[NET];
	struct sp_span from = net_of(&t->from, net);
	struct sp_stmt *s = sp_store_stmt(st,
			"INSERT INTO token "
			"(user, route, target, net, created, expires, version, salt, nonce, "
			"sealed) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, x'', x'', x'')");

	if (s == NULL) {
		return SP_EDB;
	}
	route_key(st, route, key);
	sp_stmt_int(s, 1, u->id);
	sp_stmt_bytes(s, 2, sp_span(key, sizeof(key)));
	sp_stmt_text(s, 3, t->target);
	sp_stmt_bytes(s, 4, from);
	sp_stmt_int(s, 5, t->created);
	sp_stmt_int(s, 6, t->expires);
	sp_stmt_int(s, 7, SP_STORE_VERSION);
	int rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc;
	}
	*id = sp_db_last_id(st->db);
	s = sp_store_stmt(st, "UPDATE token SET salt = ?2, nonce = ?3, sealed = ?4 WHERE id = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, *id);
	if (!sp_store_seal(st, s, 2,
			    sp_store_token_aad(aad, u, *id, SP_STORE_VERSION, t->expires, from,
					    t->target),
			    sp_span(hash, SP_NTLMV2_KEY))) {
		return sp_store_fail(st, SP_ENOMEM, "out of memory");
	}
	return sp_store_run(st, s);
}

/* Within a transaction. */
static int add(struct sp_store *st, const struct sp_token *t, const char *route,
		const uint8_t hash[SP_NTLMV2_KEY], int64_t *id)
{
	struct sp_user u;
	int64_t n = 0;
	int rc = sp_store_get(st, t->user, &u);

	if (rc == SP_OK) {
		rc = purge(st, t->created);
	}
	if (rc == SP_OK) {
		rc = count_good(st, u.id, &n);
	}
	if (rc != SP_OK) {
		return rc;
	}
	if (n >= SP_TOKENS_MAX) {
		return sp_store_fail(st, SP_ELIMIT,
				"user has %d tokens that nobody used yet; wait, or revoke one",
				SP_TOKENS_MAX);
	}
	return insert(st, &u, t, route, hash, id);
}

static int check_ask(struct sp_store *st, const struct sp_token *ask, uint32_t ttl)
{
	const char *complaint =
			ask->target[0] != '\0' ? sp_store_name_complaint(ask->target) : NULL;

	if (complaint != NULL) {
		return sp_store_fail(st, SP_EARG, "target %s", complaint);
	}
	if (!(1 <= ttl && ttl <= SP_TOKEN_TTL_MAX)) {
		return sp_store_fail(st, SP_EARG, "life must be 1 to %d seconds", SP_TOKEN_TTL_MAX);
	}
	if (ask->from.family != 0 &&
			(addr_size(ask->from.family) == 0 ||
					!(ask->from.bits <= 8 * addr_size(ask->from.family)))) {
		return sp_store_fail(st, SP_EARG, "not a network");
	}
	return SP_OK;
}

int sp_store_token_new(struct sp_store *st, const struct sp_token *ask, uint32_t ttl, int64_t now,
		char text[SP_TOKEN_TEXT], char route[SP_TOKEN_ROUTE], int64_t *id)
{
	uint8_t bits[BITS], hash[SP_NTLMV2_KEY];
	struct sp_token t = *ask;
	int rc = check_ask(st, ask, ttl);

	*id = 0;
	memset(text, 0, SP_TOKEN_TEXT);
	memset(route, 0, SP_TOKEN_ROUTE);
	if (rc == SP_OK) {
		char action[sizeof(ask->target) + 16];
		snprintf(action, sizeof(action), "token-new%s%s",
				ask->target[0] != '\0' ? " for " : "", ask->target);
		rc = sp_store_about(st, "user", ask->user, action);
	}
	if (rc != SP_OK) {
		return rc;
	}
	t.created = now;
	t.expires = now + ttl;
	if (st->crypto->random(bits, sizeof(bits)) != SP_OK) {
		return sp_store_fail(st, SP_ESYS, "no random numbers");
	}
	base64url(bits, text);
	sp_wipe(bits, sizeof(bits));
	if (!sp_token_route(st->crypto, text, route) ||
			sp_ntlmv2_nt_hash(st->crypto, text, hash) != SP_OK) {
		rc = sp_store_fail(st, SP_EBUG, "token cannot be used");
	}
	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	if (rc == SP_OK) {
		rc = sp_store_finish(st, add(st, &t, route, hash, id));
	}
	sp_wipe(hash, sizeof(hash));
	if (rc != SP_OK) {
		sp_wipe(text, SP_TOKEN_TEXT);
		sp_wipe(route, SP_TOKEN_ROUTE);
		*id = 0;
	}
	return rc;
}

/* ---- the first packet ---- */

static int find_route(struct sp_store *st, const char *route, int64_t now, struct sp_token *t)
{
	uint8_t key[BITS];
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT " COLUMNS " FROM token JOIN user ON user.id = token.user "
			"WHERE route = ?1 AND expires > ?2");

	memset(t, 0, sizeof(*t));
	if (s == NULL) {
		return SP_EDB;
	}
	route_key(st, route, key);
	sp_stmt_bytes(s, 1, sp_span(key, sizeof(key)));
	sp_stmt_int(s, 2, now);
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		read_token(s, t);
	}
	sp_stmt_reset(s);
	if (rc < 0) {
		return sp_store_db_fail(st, rc);
	}
	if (rc == 1 && t->spent != 0) {
		return sp_store_fail(st, SP_EDENIED, "token was used already");
	}
	return rc == 1 ? SP_OK
		       : sp_store_fail(st, SP_EDENIED, "no such token, or its time is over");
}

/* Compare and swap: only from the first one's address, and not a fourth time within the window. */
static int count_use(struct sp_store *st, int64_t id, struct sp_span source, int64_t now)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"UPDATE token SET source = ?3, used3 = used2, used2 = used1, used1 = ?2 "
			"WHERE id = ?1 AND spent = 0 AND (source = x'' OR source = ?3) "
			"AND (used3 = 0 OR used3 + ?4 <= ?2)");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	sp_stmt_int(s, 2, now);
	sp_stmt_bytes(s, 3, source);
	sp_stmt_int(s, 4, SP_TOKEN_REUSE_SECONDS);
	int rc = sp_store_run(st, s);
	if (rc == SP_OK && sp_db_changes(st->db) != 1) {
		return sp_store_fail(st, SP_EDENIED, "token is used from elsewhere, or too often");
	}
	return rc;
}

int sp_store_token_route(struct sp_store *st, const char *route, const struct sp_source *source,
		int64_t now, struct sp_token *out)
{
	uint8_t net[NET], at[NET];
	struct sp_conf_net from = {.family = source->family};

	memset(out, 0, sizeof(*out));
	if (route[0] != 'r' || !looks(route + 1, SP_TOKEN_ROUTE - 2)) {
		return sp_store_fail(st, SP_EDENIED, "not a token");
	}
	from.bits = 8 * (uint32_t)addr_size(source->family);
	memcpy(from.addr, source->addr, sizeof(from.addr));
	int rc = find_route(st, route, now, out);
	if (rc == SP_OK && !sp_store_net_has(net_of(&out->from, net), source)) {
		rc = sp_store_fail(st, SP_EDENIED, "token is not good from there");
	}
	if (rc == SP_OK) {
		rc = count_use(st, out->id, net_of(&from, at), now);
	}
	if (rc != SP_OK) {
		*out = (struct sp_token){.id = rc == SP_EDENIED ? out->id : 0};
	}
	return rc;
}

/* Within a transaction. Compare and swap: one of two who come at the same time changes the row. */
static int spend(struct sp_store *st, int64_t id, int64_t now)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"UPDATE token SET spent = ?2 WHERE id = ?1 AND spent = 0 AND expires > ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	sp_stmt_int(s, 2, now);
	int rc = sp_store_run(st, s);
	if (rc == SP_OK && sp_db_changes(st->db) != 1) {
		return sp_store_fail(st, SP_EDENIED, "token was used already, or its time is over");
	}
	return rc == SP_OK ? purge(st, now) : rc;
}

int sp_store_token_spend(struct sp_store *st, int64_t id, int64_t now)
{
	int rc = sp_store_begin(st);

	return rc == SP_OK ? sp_store_finish(st, spend(st, id, now)) : rc;
}

int sp_store_token_get(struct sp_store *st, int64_t id, struct sp_token *out)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT " COLUMNS " FROM token JOIN user ON user.id = token.user "
			"WHERE token.id = ?1");

	memset(out, 0, sizeof(*out));
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		read_token(s, out);
	}
	sp_stmt_reset(s);
	if (rc < 0) {
		return sp_store_db_fail(st, rc);
	}
	return rc == 1 ? SP_OK : sp_store_fail(st, SP_ENOTFOUND, "no such token");
}

int sp_store_token_list(struct sp_store *st, int64_t now,
		bool (*fn)(void *arg, const struct sp_token *t), void *arg)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT " COLUMNS " FROM token JOIN user ON user.id = token.user "
			"WHERE spent = 0 AND expires > ?1 ORDER BY token.id");
	struct sp_token t;
	int rc;

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, now);
	while ((rc = sp_stmt_step(s)) == 1) {
		read_token(s, &t);
		if (!fn(arg, &t)) {
			rc = 0;
			break;
		}
	}
	sp_stmt_reset(s);
	return rc == 0 ? SP_OK : sp_store_db_fail(st, rc);
}

int sp_store_token_revoke(struct sp_store *st, int64_t id)
{
	int rc = sp_store_about_id(st, "token", id,
			"SELECT name, target FROM token JOIN user ON user.id = token.user "
			"WHERE token.id = ?1",
			"revoke");
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM token WHERE id = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	rc = sp_store_run(st, s);
	if (rc == SP_OK && sp_db_changes(st->db) == 0) {
		return sp_store_fail(st, SP_ENOTFOUND, "no such token");
	}
	return rc;
}
