/* gate/keeper/store_look.c - see store_look.h. */
#include "gate/keeper/store_look.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "gate/keeper/store_device.h"
#include "gate/keeper/store_part.h"
#include "gate/keeper/store_recovery.h"

static int open_tables(struct sp_store *st, const char *dir, const char *url, bool *missing,
		char why[SP_STORE_WHY])
{
	char where[PATH_MAX], key[PATH_MAX], part[SP_DB_WHY];
	bool server = url != NULL && url[0] != '\0';
	struct stat db;
	int n = server ? snprintf(where, sizeof(where), "%s#" SP_STORE_SCHEMA, url)
		       : snprintf(where, sizeof(where), "%s/store.db", dir);
	int k = snprintf(key, sizeof(key), "%s/keeper.key", dir);

	if (!(0 < n && (size_t)n < sizeof(where) && 0 < k && (size_t)k < sizeof(key))) {
		snprintf(why, SP_STORE_WHY, "directory's name too long");
		return SP_EARG;
	}
	errno = 0;
	*missing = !server && (stat(where, &db) != 0 ? errno == ENOENT : db.st_size == 0);
	if (errno != 0 && !*missing) {
		snprintf(why, SP_STORE_WHY, "%.250s: %s", where, strerror(errno));
		return SP_ESYS;
	}
	if (*missing) {
		snprintf(why, SP_STORE_WHY, "%.250s: no user was ever added", dir);
		return SP_ENOTFOUND;
	}
	int rc = sp_seal_open(&st->seal, key, false, part);
	if (rc != SP_OK) {
		snprintf(why, SP_STORE_WHY, "%s", part);
		return rc;
	}
	st->db = sp_db_open_read(where, part);
	if (st->db == NULL) {
		/* The address may hold a password. */
		snprintf(why, SP_STORE_WHY, "%.200s: %.100s", server ? "PostgreSQL" : where, part);
		return SP_EDB;
	}
	return SP_OK;
}

struct sp_store *sp_store_open_read(const char *dir, const char *url, bool *missing,
		const struct sp_crypto *crypto, char why[SP_STORE_WHY])
{
	struct sp_store *st = sp_calloc(1, sizeof(*st));

	*missing = false;
	if (st == NULL) {
		snprintf(why, SP_STORE_WHY, "out of memory");
		return NULL;
	}
	st->crypto = crypto;
	if (open_tables(st, dir, url, missing, why) != SP_OK) {
		sp_store_close(st);
		return NULL;
	}
	return st;
}

static bool count_device(void *arg, const struct sp_device *v)
{
	*(uint32_t *)arg += v->revoked == 0;
	return true;
}

int sp_store_look(struct sp_store *st, const struct sp_user *u, struct sp_store_look *out)
{
	struct sp_stmt *s = sp_store_stmt(
			st, "SELECT kind, created FROM credential WHERE user = ?1 ORDER BY kind");
	uint8_t nt[16];
	int rc;

	memset(out, 0, sizeof(*out));
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, u->id);
	while ((rc = sp_stmt_step(s)) == 1) {
		const char *kind = sp_stmt_col_text(s, 0);
		bool verifier = strcmp(kind, SP_STORE_ARGON) == 0;

		/* The verifier stays when a user is disabled, and the hash is sealed anew. */
		if (verifier || (strcmp(kind, SP_STORE_NT) == 0 && !out->verifier)) {
			out->password_since = sp_stmt_col_int(s, 1);
		}
		out->verifier = out->verifier || verifier;
	}
	sp_stmt_reset(s);
	if (rc < 0) {
		return sp_store_db_fail(st, rc);
	}
	out->opens = sp_store_secret(st, u, SP_STORE_NT, nt, sizeof(nt)) == SP_OK;
	sp_wipe(nt, sizeof(nt));
	rc = sp_store_device_list(st, u->name, count_device, &out->devices);
	return rc == SP_OK ? sp_store_recovery_left(st, u->name, &out->recovery) : rc;
}
