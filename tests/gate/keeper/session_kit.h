/* tests/gate/keeper/session_kit.h - sessions of made-up people, for the tests of the registry. */
#ifndef SP_TESTS_SESSION_KIT_H
#define SP_TESTS_SESSION_KIT_H

#include "unit.h"

#include <stdio.h>
#include <sys/socket.h>

#include "core/base/mem.h"
#include "gate/keeper/session.h"
#include "host/lib/crypto_nettle.h"

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define START (1000 * SECOND)
#define NOON INT64_C(1790000000)

/* What a session's connection was told. */
struct told {
	struct sp_session *s; /* closed by end() when `goes` */
	bool goes;
	unsigned ends, kills, decisions;
	enum sp_why why;
	uint32_t error_info;
	bool approved;
	char text[SP_TEXT_WHY], by[SP_TEXT_USER];
};

static uint64_t now_us;

static void told_end(void *conn, enum sp_why why, uint32_t error_info, const char *text)
{
	struct told *t = conn;

	t->ends++;
	t->why = why;
	t->error_info = error_info;
	snprintf(t->text, sizeof(t->text), "%s", text);
	if (t->goes) {
		sp_session_close(t->s, SP_WHY_BYE, "", now_us);
		t->s = NULL;
	}
}

static void told_kill(void *conn, enum sp_why why, const char *text)
{
	struct told *t = conn;

	t->kills++;
	t->why = why;
	if (t->goes) {
		sp_session_close(t->s, SP_WHY_GONE, "", now_us);
		t->s = NULL;
	}
}

static void told_decided(void *conn, bool approved, const char *by)
{
	struct told *t = conn;

	t->decisions++;
	t->approved = approved;
	snprintf(t->by, sizeof(t->by), "%s", by);
}

static const struct sp_session_owner owner = {
		.end = told_end, .kill = told_kill, .decided = told_decided};

/* The world: one rule, and switches for what may change. */
static struct world {
	struct sp_conf_rule rule;
	struct sp_policy_verdict verdict;
	bool gone; /* the user */
	const char *approver;
	unsigned asked;
} world;

static void decide(void *arg, const struct sp_session *s, struct sp_policy_verdict *out)
{
	world.asked++;
	*out = world.verdict;
}

static bool user_ok(void *arg, const struct sp_session *s)
{
	return !world.gone;
}

static bool may_approve(void *arg, const struct sp_conf_rule *rule, const char *name)
{
	return rule == &world.rule && world.approver != NULL && strcmp(world.approver, name) == 0;
}

static const struct sp_session_world seam = {
		.decide = decide, .user_ok = user_ok, .may_approve = may_approve};

static uint8_t next_byte;
static bool no_random;

static int counting(void *out, size_t n)
{
	uint8_t *p = out;

	if (no_random) {
		return SP_ESYS;
	}
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)(next_byte + i);
	}
	return SP_OK;
}

static struct sp_crypto crypto;
static struct sp_sessions *all;
static const struct sp_user alice = {.id = 1, .name = "alice", .created = 100};
static const struct sp_user bob = {.id = 2, .name = "bob", .created = 100};
static const struct sp_source home = {
		.family = AF_INET, .addr = {192, 0, 2, 7}, .text = "192.0.2.7:50123"};

static int setup(void **state)
{
	crypto = sp_crypto_nettle;
	crypto.random = counting;
	next_byte = 0xa0;
	no_random = false;
	now_us = START;
	world = (struct world){0};
	snprintf(world.rule.name, sizeof(world.rule.name), "office");
	world.verdict = (struct sp_policy_verdict){
			.allow = true, .rule = &world.rule, .factors = SP_CONF_FACTOR_TOTP};
	all = sp_sessions_create(&crypto, &seam);
	return all != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	while (sp_sessions_first(all) != NULL) {
		sp_session_close(sp_sessions_first(all), SP_WHY_BYE, "", now_us);
	}
	sp_sessions_destroy(all);
	return 0;
}

static struct sp_session *begin(
		struct told *t, const struct sp_user *user, const struct sp_source *source)
{
	static uint64_t conn;
	struct sp_session_facts facts = {.conn = ++conn,
			.user = user,
			.source = source,
			.interface = "wg0",
			.since = NOON};

	*t = (struct told){0};
	t->s = sp_session_create(all, &facts, &owner, t);
	assert_non_null(t->s);
	return t->s;
}

static struct sp_session *granted(
		struct told *t, const struct sp_user *user, const struct sp_source *source)
{
	struct sp_session *s = begin(t, user, source);

	sp_session_chosen(s, "db1", &world.rule);
	sp_session_proved(s, SP_CONF_FACTOR_TOTP);
	sp_session_granted(s, 0x1234);
	return s;
}

static struct sp_session *active(
		struct told *t, const struct sp_user *user, const struct sp_source *source)
{
	struct sp_session *s = granted(t, user, source);
	struct sp_msg_target m = {0};

	sp_session_limits(s, &world.verdict, NOON, now_us, &m);
	sp_session_up(s, 1000, now_us);
	return s;
}

static void tick(void)
{
	sp_sessions_recheck(all);
	sp_sessions_tick(all, NOON + (int64_t)((now_us - START) / SECOND), now_us);
}

static struct sp_msg_arc answer_to(const struct sp_msg_arc *cookie)
{
	static const uint8_t zeros[32];
	struct sp_span part = sp_span(zeros, sizeof(zeros));
	struct sp_msg_arc arc = {.present = 1, .logon_id = cookie->logon_id};

	sp_crypto_nettle.hmac_md5(sp_span(cookie->bits, sizeof(cookie->bits)), &part, 1, arc.bits);
	return arc;
}

static bool misused; /* the last cookie */
static bool resumes(const struct sp_user *user, const struct sp_source *source,
		const struct sp_msg_arc *arc)
{
	struct told t;
	struct sp_session *s = begin(&t, user, source);
	bool yes = sp_session_arc_check(s, arc, now_us, &misused);

	assert_int_equal(s->resumed, yes);
	assert_string_equal(s->target, yes ? "db1" : "");
	assert_int_equal(s->factors, yes ? SP_CONF_FACTOR_TOTP : 0);
	sp_session_close(s, SP_WHY_BYE, "", now_us);
	return yes;
}

#endif
