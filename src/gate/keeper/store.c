/* gate/keeper/store.c - opening the store, and what all of its files do alike. */
#include "gate/keeper/store.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "gate/keeper/store_part.h"

#define KEY_ID 16

int sp_store_fail(struct sp_store *st, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(st->why, sizeof(st->why), fmt, ap);
	va_end(ap);
	return err;
}

int sp_store_db_fail(struct sp_store *st, int err)
{
	return sp_store_fail(st, err, "store: %s", sp_db_why(st->db));
}

struct sp_stmt *sp_store_stmt(struct sp_store *st, const char *sql)
{
	struct sp_stmt *s = sp_db_stmt(st->db, sql);

	if (s == NULL) {
		(void)sp_store_db_fail(st, SP_EDB);
	}
	return s;
}

int sp_store_run(struct sp_store *st, struct sp_stmt *s)
{
	int rc = sp_stmt_run(s);

	return rc == SP_OK ? SP_OK : sp_store_db_fail(st, rc);
}

int sp_store_begin(struct sp_store *st)
{
	int rc = sp_db_begin(st->db);

	return rc == SP_OK ? SP_OK : sp_store_db_fail(st, rc);
}

/* Ends a transaction: durable, or as if nothing had been. */
int sp_store_finish(struct sp_store *st, int rc)
{
	if (rc == SP_OK) {
		rc = sp_db_commit(st->db);
		if (rc != SP_OK) {
			return sp_store_db_fail(st, rc);
		}
		return rc;
	}
	sp_db_rollback(st->db);
	return rc;
}

void sp_store_witness(struct sp_store *st, sp_store_witness_fn fn, void *arg)
{
	st->witness = fn;
	st->witness_arg = arg;
}

int sp_store_about(struct sp_store *st, const char *kind, const char *name, const char *action)
{
	char object[SP_STORE_WHY], why[SP_STORE_WHY] = "";

	if (st->witness == NULL) {
		return SP_OK;
	}
	snprintf(object, sizeof(object), "%s %s", kind, name);
	int rc = st->witness(st->witness_arg, object, action, why);
	return rc == SP_OK ? SP_OK : sp_store_fail(st, rc, "%s", why);
}

int sp_store_about_id(struct sp_store *st, const char *kind, int64_t id, const char *sql,
		const char *action)
{
	struct sp_stmt *s = sp_store_stmt(st, sql);
	char text[SP_STORE_WHY - 32];

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	int rc = sp_stmt_step(s);
	snprintf(text, sizeof(text), "%" PRId64, id);
	if (rc == 1) {
		const char *label = sp_stmt_col_text(s, 1);
		snprintf(text, sizeof(text), "%" PRId64 " of %s%s%s", id, sp_stmt_col_text(s, 0),
				label[0] != '\0' ? ", " : "", label);
	}
	sp_stmt_reset(s);
	return rc < 0 ? sp_store_db_fail(st, rc) : sp_store_about(st, kind, text, action);
}

const char *sp_store_why(const struct sp_store *st)
{
	return st->why;
}

/* Remembers which key sealed this store; SP_EAUTH when it was another. */
static int check_key(struct sp_store *st)
{
	uint8_t id[KEY_ID];
	struct sp_stmt *s = sp_db_stmt(st->db, "SELECT value FROM meta WHERE name = 'key id'");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_seal_derive(&st->seal, "key id", sp_span(NULL, 0), id, sizeof(id));
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		bool same = sp_span_eq(sp_stmt_col_bytes(s, 0), sp_span(id, sizeof(id)));
		sp_stmt_reset(s);
		return same ? SP_OK : SP_EAUTH;
	}
	sp_stmt_reset(s);
	if (rc < 0) {
		return rc;
	}
	s = sp_db_stmt(st->db,
			"INSERT INTO meta (name, value) VALUES ('key id', ?1) "
			"ON CONFLICT DO NOTHING");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_bytes(s, 1, sp_span(id, sizeof(id)));
	rc = sp_stmt_run(s);
	if (rc == SP_OK && sp_db_changes(st->db) == 0) {
		return check_key(st);
	}
	return rc;
}

static bool path_of(char path[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

	return 0 < n && n < PATH_MAX;
}

static int open_tables(struct sp_store *st, const char *where, bool create, char why[SP_STORE_WHY])
{
	char part[SP_DB_WHY];

	st->db = sp_db_open(where, create, part);
	if (st->db == NULL && sp_db_is_url(where)) {
		snprintf(why, SP_STORE_WHY, "PostgreSQL: %s", part);
	} else if (st->db == NULL) {
		snprintf(why, SP_STORE_WHY, "%.200s: %.100s", where, part);
	}
	return st->db != NULL ? SP_OK : SP_EDB;
}

/* had: there was a store before. */
static int find_file(
		const char *dir, const char *path, bool create, bool *had, char why[SP_STORE_WHY])
{
	struct stat db;

	*had = stat(path, &db) == 0 && db.st_size > 0;
	if (!create && !*had) {
		snprintf(why, SP_STORE_WHY, "%.250s: no user was ever added", dir);
		return SP_ENOTFOUND;
	}
	return SP_OK;
}

/* A server's tables, which may be those of several services with one key, are opened to be asked. */
static int find_server(struct sp_store *st, const char *where, bool create, bool *had,
		char why[SP_STORE_WHY])
{
	int rc = open_tables(st, where, create, why);

	if (rc == SP_OK) {
		struct sp_stmt *s =
				sp_db_stmt(st->db, "SELECT value FROM meta WHERE name = 'key id'");
		*had = s != NULL && sp_stmt_step(s) == 1;
		sp_stmt_reset(s);
	}
	return rc;
}

static int open_parts(struct sp_store *st, const char *dir, const char *url, bool create,
		char why[SP_STORE_WHY])
{
	char where[PATH_MAX], key[PATH_MAX], part[SP_DB_WHY];
	bool had = false, server = url != NULL && url[0] != '\0';

	if (create && mkdir(dir, 0700) != 0 && errno != EEXIST) {
		snprintf(why, SP_STORE_WHY, "%s: %s", dir, strerror(errno));
		return SP_ESYS;
	}
	int n = server ? snprintf(where, sizeof(where), "%s#" SP_STORE_SCHEMA, url) : 0;
	if (!(n < (int)sizeof(where)) || (!server && !path_of(where, dir, "store.db")) ||
			!path_of(key, dir, "keeper.key")) {
		snprintf(why, SP_STORE_WHY, "directory's name too long");
		return SP_EARG;
	}
	int rc = server ? find_server(st, where, create, &had, why)
			: find_file(dir, where, create, &had, why);
	if (rc != SP_OK) {
		return rc;
	}
	/* A new key beside an old store would only hide that the right one is lost. */
	rc = sp_seal_open(&st->seal, key, create && !had, part);
	if (rc != SP_OK) {
		snprintf(why, SP_STORE_WHY, "%s", part);
		return rc;
	}
	rc = server ? SP_OK : open_tables(st, where, create, why);
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_db_migrate(st->db, sp_store_steps, sp_store_nsteps);
	if (rc == SP_OK) {
		rc = check_key(st);
	}
	/* The address may hold a password. */
	const char *name = server ? "PostgreSQL" : where;
	if (rc == SP_EPROTO) {
		snprintf(why, SP_STORE_WHY, "%.200s: made by a later version of sallyport", name);
	} else if (rc == SP_EAUTH) {
		snprintf(why, SP_STORE_WHY, "%s: keeper.key is not the key of this store", dir);
	} else if (rc != SP_OK) {
		snprintf(why, SP_STORE_WHY, "%.200s: %.100s", name, sp_db_why(st->db));
	}
	return rc;
}

struct sp_store *sp_store_open(const char *dir, const char *url, bool create,
		const struct sp_crypto *crypto, char why[SP_STORE_WHY])
{
	struct sp_store *st = sp_calloc(1, sizeof(*st));

	why[0] = '\0';
	if (st == NULL) {
		snprintf(why, SP_STORE_WHY, "out of memory");
		return NULL;
	}
	st->crypto = crypto;
	if (open_parts(st, dir, url, create, why) != SP_OK) {
		sp_store_close(st);
		return NULL;
	}
	sp_store_decoy_make(st);
	return st;
}

void sp_store_close(struct sp_store *st)
{
	if (st == NULL) {
		return;
	}
	sp_db_close(st->db);
	sp_seal_finish(&st->seal);
	sp_freezero(st, sizeof(*st));
}

void sp_store_alias(struct sp_store *st, uint8_t *out, size_t n)
{
	uint8_t all[64];

	sp_seal_derive(&st->seal, "alias", sp_span(NULL, 0), all, sizeof(all));
	memcpy(out, all, n < sizeof(all) ? n : sizeof(all));
	sp_wipe(all, sizeof(all));
}
