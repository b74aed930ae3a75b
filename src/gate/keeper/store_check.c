/* gate/keeper/store_check.c - who has proved what: a login against all secrets of a user. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/store_device.h"
#include "gate/keeper/store_part.h"
#include "gate/keeper/store_token.h"
#include "host/lib/pwhash.h"

/* One password, then devices, then tokens; each login tries them all, whether they exist or not. */
#define SLOTS (1 + SP_DEVICES_MAX + SP_TOKENS_MAX)

struct slot {
	bool real;
	bool spent; /* a token that was: proves nothing, but is to be told */
	enum sp_proved by;
	int64_t id;
	char target[SP_TEXT_TARGET];
	uint8_t hash[SP_NTLMV2_KEY];
};

struct slots {
	size_t n; /* INVARIANT: n <= SLOTS */
	struct slot v[SLOTS];
};

/* A hash that nobody has, always the same one for a name. */
static void fake_hash(struct sp_store *st, const char *name, uint8_t hash[SP_NTLMV2_KEY])
{
	char folded[SP_TEXT_NAME];
	size_t n = 0;

	for (; name[n] != '\0' && n < sizeof(folded); n++) {
		folded[n] = name[n];
		if ('a' <= name[n] && name[n] <= 'z') {
			folded[n] = (char)(name[n] - 'a' + 'A');
		}
	}
	sp_seal_derive(&st->seal, "fake", sp_span(folded, n), hash, SP_NTLMV2_KEY);
}

/* Rows that do not open are no secrets; they count as slots all the same. */
static void load_devices(struct sp_store *st, const struct sp_user *u, struct slots *all)
{
	char aad[SP_STORE_AAD];
	struct sp_stmt *s = sp_db_stmt(st->db,
			"SELECT id, version, salt, nonce, sealed FROM device "
			"WHERE user = ?1 AND revoked = 0 ORDER BY id LIMIT ?2");

	if (s == NULL) {
		return;
	}
	sp_stmt_int(s, 1, u->id);
	sp_stmt_int(s, 2, SP_DEVICES_MAX);
	while (all->n < 1 + SP_DEVICES_MAX && sp_stmt_step(s) == 1) {
		struct slot *v = &all->v[all->n++];
		v->by = SP_PROVED_DEVICE;
		v->id = sp_stmt_col_int(s, 0);
		v->real = sp_store_unseal(st, s, 2,
					  sp_store_device_aad(aad, u, v->id, sp_stmt_col_int(s, 1)),
					  v->hash, sizeof(v->hash)) == SP_OK;
	}
	sp_stmt_reset(s);
}

static void load_tokens(struct sp_store *st, const struct sp_user *u,
		const struct sp_source *source, int64_t now, struct slots *all)
{
	char aad[SP_STORE_AAD];
	struct sp_stmt *s = sp_db_stmt(st->db,
			"SELECT id, version, salt, nonce, sealed, expires, net, target, spent FROM "
			"token WHERE user = ?1 AND expires > ?2 ORDER BY spent <> 0, -id LIMIT ?3");

	if (s == NULL) {
		return;
	}
	sp_stmt_int(s, 1, u->id);
	sp_stmt_int(s, 2, now);
	sp_stmt_int(s, 3, SP_TOKENS_MAX);
	while (all->n < SLOTS && sp_stmt_step(s) == 1) {
		struct slot *v = &all->v[all->n++];
		struct sp_span net = sp_stmt_col_bytes(s, 6);
		v->by = SP_PROVED_TOKEN;
		v->id = sp_stmt_col_int(s, 0);
		snprintf(v->target, sizeof(v->target), "%s", sp_stmt_col_text(s, 7));
		bool opened = sp_store_unseal(st, s, 2,
					      sp_store_token_aad(aad, u, v->id,
							      sp_stmt_col_int(s, 1),
							      sp_stmt_col_int(s, 5), net,
							      v->target),
					      v->hash, sizeof(v->hash)) == SP_OK;
		v->spent = sp_stmt_col_int(s, 8) != 0 && opened;
		v->real = sp_store_net_has(net, source) && opened && !v->spent;
	}
	sp_stmt_reset(s);
}

/* The rows, the openings and the hashes of the secrets that this user does not have. */
static void load_rest(struct sp_store *st, const uint8_t fake[SP_NTLMV2_KEY], struct slots *all)
{
	static const struct sp_user nobody = {.name = "nobody"};
	uint8_t nothing[SP_NTLMV2_KEY];
	char aad[SP_STORE_AAD];
	struct sp_stmt *s = sp_db_stmt(
			st->db, "SELECT salt, nonce, sealed FROM decoy ORDER BY rowid LIMIT ?1");

	if (s != NULL) {
		sp_stmt_int(s, 1, (int64_t)(SLOTS - all->n));
	}
	while (all->n < SLOTS) {
		struct slot *v = &all->v[all->n++];
		if (s != NULL && sp_stmt_step(s) == 1) {
			memcpy(v->hash, fake, sizeof(v->hash));
			v->hash[0] ^= (uint8_t)(sp_stmt_col_bytes(s, 2).n +
					sp_store_device_aad(aad, &nobody, 0, SP_STORE_VERSION).n);
		}
		v->real = false;
		if (sp_store_decoy(st, nothing) != SP_OK) {
			v->hash[0]++;
		}
	}
	sp_stmt_reset(s);
}

/* Every slot is tried, also after one that fitted. */
static const struct slot *find_proved(struct sp_store *st, const struct slots *all,
		const struct sp_ntlmv2_query *q, uint8_t key[SP_NTLMV2_KEY],
		const struct slot **spent)
{
	uint8_t each[SP_NTLMV2_KEY];
	const struct slot *found = NULL;

	for (size_t i = 0; i < all->n; i++) {
		bool proved = sp_ntlmv2_check(st->crypto, all->v[i].hash, q, each);
		*spent = proved && all->v[i].spent ? &all->v[i] : *spent;
		if (proved && all->v[i].real && found == NULL) {
			found = &all->v[i];
			memcpy(key, each, SP_NTLMV2_KEY);
		}
	}
	sp_wipe(each, sizeof(each));
	return found;
}

void sp_store_check(struct sp_store *st, const char *name, const struct sp_ntlmv2_query *q,
		const struct sp_source *source, int64_t now, struct sp_checked *out)
{
	uint8_t fake[SP_NTLMV2_KEY], key[SP_NTLMV2_KEY];
	struct slots all = {.n = 1};
	struct slot *first = &all.v[0];
	const struct slot *spent = NULL;
	struct sp_user u = {0};

	*out = (struct sp_checked){.result = SP_PROOF_DENIED, .why = SP_WHY_INTERNAL};
	fake_hash(st, name, fake);
	int rc = sp_store_find(st, name, &u);
	/*
	 * The password's hash is sealed together with what the user may do; when it does not open,
	 * nothing else of his does.
	 */
	first->by = SP_PROVED_PASSWORD;
	int secret = sp_store_secret(st, &u, SP_STORE_NT, first->hash, sizeof(first->hash));
	first->real = rc == SP_OK && secret == SP_OK && !u.disabled;
	if (rc != SP_OK || secret != SP_OK) {
		/* Nobody has this proof; the work is done all the same. */
		int opened = sp_store_decoy(st, first->hash);
		memcpy(first->hash, fake, sizeof(first->hash));
		out->why = rc == SP_ENOTFOUND && opened == SP_OK ? SP_WHY_NO_USER : SP_WHY_STORE;
	} else {
		out->why = u.disabled ? SP_WHY_DISABLED : SP_WHY_PASSWORD;
	}
	load_devices(st, &u, &all);
	load_tokens(st, &u, source, now, &all);
	load_rest(st, fake, &all);
	const struct slot *proved = find_proved(st, &all, q, key, &spent);
	memcpy(out->named, u.name, sizeof(out->named));
	if (proved != NULL && first->real) {
		out->user = u;
		out->by = proved->by;
		out->id = proved->id;
		snprintf(out->target, sizeof(out->target), "%s", proved->target);
		memcpy(out->session_base_key, key, sizeof(key));
		out->why = SP_WHY_OK;
		out->result = SP_PROOF_GRANTED;
	} else if (spent != NULL && first->real) {
		out->id = spent->id;
		out->why = SP_WHY_SPENT;
	}
	sp_wipe(&all, sizeof(all));
	sp_wipe(fake, sizeof(fake));
	sp_wipe(key, sizeof(key));
}

int sp_store_verify(struct sp_store *st, const char *name, const char *password, struct sp_user *u)
{
	char verifier[SP_PWHASH_TEXT];
	uint8_t hash[SP_NTLMV2_KEY];
	struct sp_user found = {0};
	int rc = sp_store_find(st, name, &found);
	/* Sealed together with `disabled`: see above. */
	int anchor = sp_store_secret(st, &found, SP_STORE_NT, hash, sizeof(hash));
	int kept = sp_store_secret(
			st, &found, SP_STORE_ARGON, (uint8_t *)verifier, sizeof(verifier));
	bool right = false;

	memset(u, 0, sizeof(*u));
	if (rc == SP_OK && anchor == SP_OK && kept == SP_OK) {
		right = sp_pwhash_check(password, verifier) && !found.disabled;
	} else if (sp_pwhash_make(password, verifier) != SP_OK) {
		right = false;
	}
	sp_wipe(hash, sizeof(hash));
	sp_wipe(verifier, sizeof(verifier));
	if (!right) {
		return sp_store_fail(st, SP_EAUTH, "user unknown, disabled, or wrong password");
	}
	*u = found;
	return SP_OK;
}
