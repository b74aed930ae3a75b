/* gate/keeper/store.h - users and their sealed secrets; the service and the command open it. */
#ifndef SP_GATE_KEEPER_STORE_H
#define SP_GATE_KEEPER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/crypt/crypto.h"
#include "core/crypt/ntlmv2.h"
#include "host/lib/totp.h"
#include "host/monitor/msg.h"

#define SP_STORE_DISPLAY 256
#define SP_STORE_WHY 320
#define SP_STORE_SCHEMA "sallyport_store" /* of a PostgreSQL database */

struct sp_store; /* store.db and keeper.key of a state directory; one thread */

struct sp_user {
	int64_t id;
	char name[SP_TEXT_USER];
	char display[SP_STORE_DISPLAY];
	bool disabled;
	bool totp; /* has a one-time-code secret, and must give a code */
	uint64_t totp_last; /* the last step whose code was taken */
	int64_t created, last_login; /* seconds since 1970; 0 = never */
};

/*
 * Opens the store in the directory; with `create` makes directory, database and key where they
 * are missing. url says where the tables are: a PostgreSQL address (host/db/db.h), or NULL or ""
 * for the directory's own. The key stays in the directory: who has the database alone has no
 * secret. NULL and why: also when the key file is missing or is not the one that sealed this
 * store's secrets.
 */
sp_nodiscard struct sp_store *sp_store_open(const char *dir, const char *url, bool create,
		const struct sp_crypto *crypto, char why[SP_STORE_WHY]);
/* Accepts NULL. */
void sp_store_close(struct sp_store *st);
/*
 * Who is told of each change of users, secrets, groups, devices and tokens before it is made:
 * object "user alice", action "disable". Not SP_OK: it is not made, and `why` says why. The keeper
 * has none, since it tells what it does itself.
 */
typedef int (*sp_store_witness_fn)(
		void *arg, const char *object, const char *action, char why[SP_STORE_WHY]);
void sp_store_witness(struct sp_store *st, sp_store_witness_fn fn, void *arg);
/* Why the last call on st failed, in words. Valid until the next one. */
const char *sp_store_why(const struct sp_store *st);

/*
 * All of these are durable once they return SP_OK. SP_EARG: the name, the password or the
 * display name will not do, or the name is taken. SP_ENOTFOUND: no such user. SP_EDB: the store.
 */
sp_nodiscard int sp_store_add(
		struct sp_store *st, const char *name, const char *display, const char *password);
sp_nodiscard int sp_store_passwd(struct sp_store *st, const char *name, const char *password);
/* The secret is sealed anew together with it, so that no flag in a row enables a user. */
sp_nodiscard int sp_store_disable(struct sp_store *st, const char *name, bool disabled);
sp_nodiscard int sp_store_delete(struct sp_store *st, const char *name);
sp_nodiscard int sp_store_seen(struct sp_store *st, int64_t id, int64_t now);

sp_nodiscard int sp_store_get(struct sp_store *st, const char *name, struct sp_user *out);
/* By name; fn returns false to stop. */
sp_nodiscard int sp_store_list(
		struct sp_store *st, bool (*fn)(void *arg, const struct sp_user *u), void *arg);

/*
 * The one-time codes of a user. `set` replaces a secret that was there; codes up to the step
 * `last` are spent from the start. `enrol` is the same for a user without one: SP_EARG when there
 * is one already. Clearing SP_ENOTFOUND: none there.
 */
sp_nodiscard int sp_store_totp_set(struct sp_store *st, const char *name,
		const uint8_t secret[SP_TOTP_SECRET], uint64_t last);
sp_nodiscard int sp_store_totp_enrol(struct sp_store *st, const char *name,
		const uint8_t secret[SP_TOTP_SECRET], uint64_t last);
sp_nodiscard int sp_store_totp_clear(struct sp_store *st, const char *name);
sp_nodiscard int sp_store_totp_get(
		struct sp_store *st, const char *name, uint8_t secret[SP_TOTP_SECRET]);
/*
 * Takes a code, once: that it is spent is durable before this returns SP_OK, and of two who come
 * at the same time one only gets that. SP_EAUTH: wrong. SP_EDENIED: right, but spent already.
 */
sp_nodiscard int sp_store_totp_use(
		struct sp_store *st, const char *name, const char *code, int64_t now);

/* Which of a user's secrets it was that somebody proved. */
enum sp_proved {
	SP_PROVED_NOTHING,
	SP_PROVED_PASSWORD,
	SP_PROVED_DEVICE,
	SP_PROVED_TOKEN, /* to be spent at the verdict: sp_store_token_spend() */
};

/*
 * The result of a login's proof. Only a granted one has anything below `named`, but for the number
 * of a token that was spent before (why is SPENT).
 */
struct sp_checked {
	enum sp_proof result;
	enum sp_why why;
	char named[SP_TEXT_USER]; /* whom the name means, proved or not; for the audit only */
	struct sp_user user;
	enum sp_proved by;
	int64_t id; /* of the device or the token; 0 for the password */
	char target[SP_TEXT_TARGET]; /* the only one that the token opens; empty = any */
	uint8_t session_base_key[SP_NTLMV2_KEY];
};

/*
 * Checks an NTLMv2 proof against the secrets of the user whom `name` (UTF-8, as sent) means: the
 * whole name first, then what stands before its '@'; case does not matter. They are his password,
 * his device secrets and the tokens that are good now from `source` (NULL: not known). The work is
 * always that of a user with all the secrets that one can have, so somebody unknown, disabled or
 * without a device takes the same way and time. `out` is denied first and granted last.
 */
void sp_store_check(struct sp_store *st, const char *name, const struct sp_ntlmv2_query *q,
		const struct sp_source *source, int64_t now, struct sp_checked *out);
/*
 * The password in clear, for doors that get it so: against the Argon2id verifier that is made
 * together with the NT hash. SP_OK and the user; SP_EAUTH, after the same work, for a wrong one,
 * an unknown user (whose u is zeroed), a disabled one, and one whose password is older than the
 * verifiers.
 */
sp_nodiscard int sp_store_verify(
		struct sp_store *st, const char *name, const char *password, struct sp_user *u);
/* Do two names as sent mean this user? For the name that comes with delegated credentials. */
bool sp_store_means(const struct sp_user *u, const char *name);

/* A number that stays the same for this store and tells nothing about it. */
void sp_store_alias(struct sp_store *st, uint8_t *out, size_t n);

#endif
