/* gate/keeper/store_device.c - see store_device.h. */
#include "gate/keeper/store_device.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "gate/keeper/store_part.h"

#define CHARS 25 /* of 5 bits */
#define GROUP 5

#define COLUMNS "device.id, user, name, label, device.created, last_used, revoked"

struct sp_span sp_store_device_aad(
		char buf[SP_STORE_AAD], const struct sp_user *u, int64_t id, int64_t version)
{
	int n = snprintf(buf, SP_STORE_AAD, "device1|%" PRId64 "|%" PRId64 "|%" PRId64 "|%s", u->id,
			id, version, u->name);

	return sp_span(buf, (size_t)n);
}

/* "k7m2p-9xw4a-...": the groups are part of what is typed. */
static int make_secret(struct sp_store *st, char secret[SP_DEVICE_TEXT])
{
	uint8_t bits[16];
	char plain[CHARS];
	size_t n = 0;

	if (st->crypto->random(bits, sizeof(bits)) != SP_OK) {
		return sp_store_fail(st, SP_ESYS, "no random numbers");
	}
	sp_store_base32(bits, CHARS, plain);
	for (size_t i = 0; i < CHARS; i++) {
		if (i > 0 && i % GROUP == 0) {
			secret[n++] = '-';
		}
		secret[n++] = plain[i];
	}
	secret[n] = '\0';
	sp_wipe(bits, sizeof(bits));
	sp_wipe(plain, sizeof(plain));
	return SP_OK;
}

static int count_living(struct sp_store *st, int64_t user, int64_t *n)
{
	struct sp_stmt *s = sp_store_stmt(
			st, "SELECT COUNT(*) FROM device WHERE user = ?1 AND revoked = 0");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, user);
	int rc = sp_stmt_step(s);
	*n = rc == 1 ? sp_stmt_col_int(s, 0) : 0;
	sp_stmt_reset(s);
	return rc == 1 ? SP_OK : sp_store_db_fail(st, SP_EDB);
}

/* Within a transaction. */
static int add(struct sp_store *st, const char *user, const char *label,
		const uint8_t hash[SP_NTLMV2_KEY], int64_t *id)
{
	char aad[SP_STORE_AAD];
	struct sp_user u;
	int64_t n = 0;
	int rc = sp_store_get(st, user, &u);

	if (rc == SP_OK) {
		rc = count_living(st, u.id, &n);
	}
	if (rc != SP_OK) {
		return rc;
	}
	if (n >= SP_DEVICES_MAX) {
		return sp_store_fail(st, SP_ELIMIT,
				"user has %d devices already; revoke one that is not used",
				SP_DEVICES_MAX);
	}
	struct sp_stmt *s = sp_store_stmt(st,
			"INSERT INTO device (user, label, created, version, salt, nonce, sealed) "
			"VALUES (?1, ?2, ?3, ?4, x'', x'', x'')");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, u.id);
	sp_stmt_text(s, 2, label);
	sp_stmt_int(s, 3, (int64_t)time(NULL));
	sp_stmt_int(s, 4, SP_STORE_VERSION);
	rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc == SP_EARG ? sp_store_fail(st, rc, "user has a device of that label")
				     : rc;
	}
	*id = sp_db_last_id(st->db);
	s = sp_store_stmt(st, "UPDATE device SET salt = ?2, nonce = ?3, sealed = ?4 WHERE id = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, *id);
	if (!sp_store_seal(st, s, 2, sp_store_device_aad(aad, &u, *id, SP_STORE_VERSION),
			    sp_span(hash, SP_NTLMV2_KEY))) {
		return sp_store_fail(st, SP_ENOMEM, "out of memory");
	}
	return sp_store_run(st, s);
}

int sp_store_device_add(struct sp_store *st, const char *user, const char *label,
		char secret[SP_DEVICE_TEXT], int64_t *id)
{
	uint8_t hash[SP_NTLMV2_KEY];
	const char *complaint = sp_store_label_complaint(label);

	*id = 0;
	memset(secret, 0, SP_DEVICE_TEXT);
	if (complaint != NULL) {
		return sp_store_fail(st, SP_EARG, "label %s", complaint);
	}
	char action[SP_DEVICE_LABEL + 16];
	snprintf(action, sizeof(action), "device-add %s", label);
	int rc = sp_store_about(st, "user", user, action);
	if (rc == SP_OK) {
		rc = make_secret(st, secret);
	}
	if (rc == SP_OK && sp_ntlmv2_nt_hash(st->crypto, secret, hash) != SP_OK) {
		rc = sp_store_fail(st, SP_EBUG, "secret cannot be used");
	}
	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	if (rc == SP_OK) {
		rc = sp_store_finish(st, add(st, user, label, hash, id));
	}
	sp_wipe(hash, sizeof(hash));
	if (rc != SP_OK) {
		sp_wipe(secret, SP_DEVICE_TEXT);
		*id = 0;
	}
	return rc;
}

int sp_store_device_revoke(struct sp_store *st, int64_t id)
{
	int rc = sp_store_about_id(st, "device", id,
			"SELECT name, label FROM device JOIN user ON user.id = device.user "
			"WHERE device.id = ?1",
			"revoke");
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(st,
			"UPDATE device SET revoked = ?2, salt = x'', nonce = x'', sealed = x'' "
			"WHERE id = ?1 AND revoked = 0");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	sp_stmt_int(s, 2, (int64_t)time(NULL));
	rc = sp_store_run(st, s);
	if (rc == SP_OK && sp_db_changes(st->db) == 0) {
		return sp_store_fail(st, SP_ENOTFOUND, "no such device, or revoked already");
	}
	return rc;
}

static void read_device(struct sp_stmt *s, struct sp_device *d)
{
	memset(d, 0, sizeof(*d));
	d->id = sp_stmt_col_int(s, 0);
	d->user = sp_stmt_col_int(s, 1);
	snprintf(d->name, sizeof(d->name), "%s", sp_stmt_col_text(s, 2));
	snprintf(d->label, sizeof(d->label), "%s", sp_stmt_col_text(s, 3));
	d->created = sp_stmt_col_int(s, 4);
	d->last_used = sp_stmt_col_int(s, 5);
	d->revoked = sp_stmt_col_int(s, 6);
}

int sp_store_device_find(
		struct sp_store *st, const char *user, const char *label, struct sp_device *out)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT " COLUMNS " FROM device JOIN user ON user.id = device.user "
			"WHERE name = ?1 AND label = ?2 ORDER BY revoked LIMIT 1");

	memset(out, 0, sizeof(*out));
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, user);
	sp_stmt_text(s, 2, label);
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		read_device(s, out);
	}
	sp_stmt_reset(s);
	if (rc < 0) {
		return sp_store_db_fail(st, rc);
	}
	return rc == 1 ? SP_OK : sp_store_fail(st, SP_ENOTFOUND, "no such device");
}

int sp_store_device_list(struct sp_store *st, const char *user,
		bool (*fn)(void *arg, const struct sp_device *d), void *arg)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT " COLUMNS " FROM device JOIN user ON user.id = device.user "
			"WHERE ?1 = '' OR name = ?1 ORDER BY device.id");
	struct sp_device d;
	int rc;

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, user != NULL ? user : "");
	while ((rc = sp_stmt_step(s)) == 1) {
		read_device(s, &d);
		if (!fn(arg, &d)) {
			rc = 0;
			break;
		}
	}
	sp_stmt_reset(s);
	return rc == 0 ? SP_OK : sp_store_db_fail(st, rc);
}

int sp_store_device_seen(struct sp_store *st, int64_t id, int64_t now)
{
	struct sp_stmt *s = sp_store_stmt(st, "UPDATE device SET last_used = ?2 WHERE id = ?1");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	sp_stmt_int(s, 2, now);
	return sp_store_run(st, s);
}

bool sp_store_device_alive(struct sp_store *st, int64_t id)
{
	struct sp_stmt *s = sp_store_stmt(st, "SELECT 1 FROM device WHERE id = ?1 AND revoked = 0");

	if (s == NULL) {
		return false;
	}
	sp_stmt_int(s, 1, id);
	int rc = sp_stmt_step(s);
	sp_stmt_reset(s);
	return rc == 1;
}
