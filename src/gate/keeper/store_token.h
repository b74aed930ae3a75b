/* gate/keeper/store_token.h - one-time tokens: a password for one login, and a word for the first packet. */
#ifndef SP_GATE_KEEPER_STORE_TOKEN_H
#define SP_GATE_KEEPER_STORE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"
#include "host/conf/conf.h"

#define SP_TOKEN_TEXT 23 /* 128 random bits as 22 characters of base64url, and a NUL */
#define SP_TOKEN_ROUTE 24 /* 'r' and 22 characters: "Cookie: msts=" + route + CRLF is even */
#define SP_TOKEN_TTL 120 /* seconds, unless somebody says otherwise */
#define SP_TOKEN_TTL_MAX 86400
#define SP_TOKENS_MAX 8 /* of one user that are good at one time */
#define SP_TOKEN_REUSE 3 /* connections with one route within ... */
#define SP_TOKEN_REUSE_SECONDS 15

struct sp_token {
	int64_t id;
	char user[SP_TEXT_USER];
	char target[SP_TEXT_TARGET]; /* the only one it opens; empty = any that policy allows */
	struct sp_conf_net from; /* the only network it is good from; family 0 = any */
	int64_t created, expires, spent; /* seconds since 1970; 0 = not spent */
};

/*
 * Makes a token for a login as ask->user within ttl seconds; target and from of `ask` may be
 * empty. The text is the password of the login; the route is derived from it one way and may be
 * seen by others. Tokens that are over are removed on the way. SP_ENOTFOUND: no such user;
 * SP_EARG: target or ttl; SP_ELIMIT: the user has SP_TOKENS_MAX.
 */
sp_nodiscard int sp_store_token_new(struct sp_store *st, const struct sp_token *ask, uint32_t ttl,
		int64_t now, char text[SP_TOKEN_TEXT], char route[SP_TOKEN_ROUTE], int64_t *id);
/* The route of a token's text; false when it does not look like one. Nothing is looked up. */
bool sp_token_route(const struct sp_crypto *crypto, const char *text, char route[SP_TOKEN_ROUTE]);

/*
 * The first packet's word: SP_OK and the token when there is one that is good now from this
 * source. Connections are counted: SP_TOKEN_REUSE within any SP_TOKEN_REUSE_SECONDS, all from the
 * address of the first one. Otherwise SP_EDENIED (or SP_EDB), with nothing written; `out` has the
 * number then of one that is there but is not good, spent or shown from elsewhere.
 */
sp_nodiscard int sp_store_token_route(struct sp_store *st, const char *route,
		const struct sp_source *source, int64_t now, struct sp_token *out);
/*
 * A login that was proved with the token has got its grant: nobody logs in with it again. That is
 * durable before this returns SP_OK. SP_EDENIED: somebody was first, or its time is over.
 */
sp_nodiscard int sp_store_token_spend(struct sp_store *st, int64_t id, int64_t now);
sp_nodiscard int sp_store_token_get(struct sp_store *st, int64_t id, struct sp_token *out);
/* Those that are good now; fn returns false to stop. */
sp_nodiscard int sp_store_token_list(struct sp_store *st, int64_t now,
		bool (*fn)(void *arg, const struct sp_token *t), void *arg);
/* SP_ENOTFOUND: none of that number. */
sp_nodiscard int sp_store_token_revoke(struct sp_store *st, int64_t id);

#endif
