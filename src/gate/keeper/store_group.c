/* gate/keeper/store_group.c - see store_group.h. */
#include "gate/keeper/store_group.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gate/keeper/password.h"
#include "gate/keeper/store_part.h"

int sp_store_group_add(struct sp_store *st, const char *group)
{
	const char *complaint = sp_user_name_complaint(group);

	if (complaint != NULL) {
		return sp_store_fail(st, SP_EARG, "name %s", complaint);
	}
	int rc = sp_store_about(st, "group", group, "add");
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s =
			sp_store_stmt(st, "INSERT INTO usergroup (name, created) VALUES (?1, ?2)");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, group);
	sp_stmt_int(s, 2, (int64_t)time(NULL));
	rc = sp_store_run(st, s);
	return rc == SP_EARG ? sp_store_fail(st, rc, "group exists") : rc;
}

int sp_store_group_delete(struct sp_store *st, const char *group)
{
	int rc = sp_store_about(st, "group", group, "delete");
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM usergroup WHERE name = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, group);
	rc = sp_store_run(st, s);
	if (rc == SP_OK && sp_db_changes(st->db) == 0) {
		return sp_store_fail(st, SP_ENOTFOUND, "no such group");
	}
	return rc;
}

static int find_group(struct sp_store *st, const char *group, int64_t *id)
{
	struct sp_stmt *s = sp_store_stmt(st, "SELECT id FROM usergroup WHERE name = ?1");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, group);
	int rc = sp_stmt_step(s);
	*id = rc == 1 ? sp_stmt_col_int(s, 0) : 0;
	sp_stmt_reset(s);
	if (rc < 0) {
		return sp_store_db_fail(st, rc);
	}
	return rc == 1 ? SP_OK : sp_store_fail(st, SP_ENOTFOUND, "no such group");
}

/* Within a transaction: both are there while the row is made or removed. */
static int change(struct sp_store *st, const char *sql, const char *group, const char *user)
{
	struct sp_user u;
	int64_t id;
	int rc = find_group(st, group, &id);

	if (rc == SP_OK) {
		rc = sp_store_get(st, user, &u);
	}
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(st, sql);
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	sp_stmt_int(s, 2, u.id);
	return sp_store_run(st, s);
}

/* "enter alice" */
static int about_member(
		struct sp_store *st, const char *group, const char *user, const char *action)
{
	char text[2 * SP_TEXT_USER];

	snprintf(text, sizeof(text), "%s %.*s", action, SP_TEXT_USER, user);
	return sp_store_about(st, "group", group, text);
}

int sp_store_group_enter(struct sp_store *st, const char *group, const char *user)
{
	int rc = about_member(st, group, user, "enter");

	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	if (rc != SP_OK) {
		return rc;
	}
	rc = change(st, "INSERT INTO member (usergroup, user) VALUES (?1, ?2)", group, user);
	if (rc == SP_EARG) {
		rc = sp_store_fail(st, rc, "user is in that group already");
	}
	return sp_store_finish(st, rc);
}

int sp_store_group_leave(struct sp_store *st, const char *group, const char *user)
{
	int rc = about_member(st, group, user, "leave");

	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	if (rc != SP_OK) {
		return rc;
	}
	rc = change(st, "DELETE FROM member WHERE usergroup = ?1 AND user = ?2", group, user);
	if (rc == SP_OK && sp_db_changes(st->db) == 0) {
		rc = sp_store_fail(st, SP_ENOTFOUND, "user is not in that group");
	}
	return sp_store_finish(st, rc);
}

int sp_store_group_list(
		struct sp_store *st, bool (*fn)(void *arg, const struct sp_group *g), void *arg)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT id, name, created, "
			"(SELECT COUNT(*) FROM member WHERE usergroup = usergroup.id) "
			"FROM usergroup ORDER BY name");
	int rc;

	if (s == NULL) {
		return SP_EDB;
	}
	while ((rc = sp_stmt_step(s)) == 1) {
		struct sp_group g = {.id = sp_stmt_col_int(s, 0),
				.created = sp_stmt_col_int(s, 2),
				.members = (uint32_t)sp_stmt_col_int(s, 3)};

		snprintf(g.name, sizeof(g.name), "%s", sp_stmt_col_text(s, 1));
		if (!fn(arg, &g)) {
			rc = 0;
			break;
		}
	}
	sp_stmt_reset(s);
	return rc == 0 ? SP_OK : sp_store_db_fail(st, rc);
}

int sp_store_group_members(struct sp_store *st, const char *group,
		bool (*fn)(void *arg, const char *user), void *arg)
{
	int64_t id;
	int rc = find_group(st, group, &id);

	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT name FROM member JOIN user ON user.id = member.user "
			"WHERE usergroup = ?1 ORDER BY name");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	while ((rc = sp_stmt_step(s)) == 1) {
		if (!fn(arg, sp_stmt_col_text(s, 0))) {
			rc = 0;
			break;
		}
	}
	sp_stmt_reset(s);
	return rc == 0 ? SP_OK : sp_store_db_fail(st, rc);
}

bool sp_store_group_member(struct sp_store *st, int64_t user, const char *group)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT 1 FROM member JOIN usergroup ON usergroup.id = member.usergroup "
			"WHERE member.user = ?1 AND usergroup.name = ?2");

	if (s == NULL) {
		return false;
	}
	sp_stmt_int(s, 1, user);
	sp_stmt_text(s, 2, group);
	int rc = sp_stmt_step(s);
	sp_stmt_reset(s);
	return rc == 1;
}
