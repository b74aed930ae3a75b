/* tests/gate/keeper/test_questions.c - every question in every state. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "host/io/ipc.h"

enum who {
	NET,
	LOGIN,
	LEG,
};

static void sign(void)
{
	struct sp_msg_sign m = {.scheme = 0x0403, .n = 130};

	memset(m.message, ' ', 64);
	memcpy(m.message + 64, "TLS 1.3, server CertificateVerify", 34);
	assert_int_equal(sp_mon_say(rig.net, SIGN, &m), SP_OK);
	expect(rig.net, SP_MSG_SIGNATURE);
	assert_int_equal(rig.in.body.signature.result, SP_SIGN_DONE);
}

static void say_bye(void)
{
	struct sp_msg_bye m = {.why = SP_WHY_BYE};

	assert_int_equal(sp_mon_say(rig.net, BYE, &m), SP_OK);
	turn();
}

static void to_fresh(void)
{
}

static void to_challenged(void)
{
	challenge();
}

static void to_refused(void)
{
	assert_int_equal(prove("alice", "wrong"), SP_PROOF_DENIED);
}

static void to_proved(void)
{
	assert_int_equal(prove("alice", GOOD), SP_PROOF_GRANTED);
}

static void to_failed(void)
{
	to_refused();
	done(SP_DONE_FAILED, SP_WHY_PASSWORD, "");
}

static void to_vanished(void)
{
	to_proved();
	shutdown(rig.login, SHUT_RDWR);
	turn();
}

static void to_granted(void)
{
	log_in();
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
}

static void to_denied(void)
{
	to_failed();
	assert_int_equal(verdict().result, SP_VERDICT_DENIED);
}

static void to_waiting(void)
{
	to_granted();
	open_target();
}

static void to_opened(void)
{
	struct sp_msg_desktop_opened m = {.fresh = 1};
	int p[2];

	to_waiting();
	m.conn = rig.conn;
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(
			sp_mon_send(rig.broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_OK);
	assert_int_equal(rig.in.body.target.kind, SP_TARGET_DESKTOP);
	assert_int_equal(rig.in.nfds, 1);
	assert_int_equal(write(rig.in.fds[0], "x", 1), 1);
	close(p[1]);
}

static void to_not_opened(void)
{
	struct sp_msg_desktop_failed m = {.text = "no X server"};

	to_waiting();
	m.conn = rig.conn;
	assert_int_equal(sp_mon_say(rig.broker, DESKTOP_FAILED, &m), SP_OK);
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_DENIED);
	assert_string_equal(rig.in.body.target.text, "no X server");
	assert_int_equal(rig.in.nfds, 0);
}

/* carol has proved her password, and has a code to give. */
static void to_due(void)
{
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	rig.unix_s += 300;
	assert_int_equal(prove("carol", GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_OK, SP_WHY_OK, "carol");
	struct sp_msg_verdict v = verdict();
	assert_int_equal(v.result, SP_VERDICT_GRANTED);
	assert_int_equal(v.ask, 1);
}

static void to_code(void)
{
	to_due();
	assert_int_equal(sp_mon_say(rig.net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_CODE);
	assert_int_equal(rig.in.body.prompt.tries, 3);
	assert_int_equal(rig.in.body.prompt.seconds, 120);
}

static void to_wrong(void)
{
	to_code();
	assert_int_equal(answer("nonsense"), SP_PROMPT_CODE);
	assert_int_equal(rig.in.body.prompt.tries, 2);
}

static void to_no_tries(void)
{
	to_wrong();
	assert_int_equal(answer(""), SP_PROMPT_CODE);
	assert_int_equal(answer("nonsense"), SP_PROMPT_REFUSED);
}

static void to_right(void)
{
	to_wrong();
	assert_int_equal(answer(good_code()), SP_PROMPT_DONE);
}

static void to_too_late(void)
{
	uint64_t was = rig.clock_us;

	/* It was asked two minutes ago; the timer is due. */
	to_due();
	rig.clock_us -= 121 * UINT64_C(1000000);
	assert_int_equal(converse(), SP_PROMPT_CODE);
	rig.clock_us = was;
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_REFUSED);
}

static void to_enrolment(void)
{
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	log_in();
	assert_int_equal(verdict().ask, 1);
	assert_int_equal(sp_mon_say(rig.net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_ENROL);
	assert_true(rig.in.body.prompt.qr_side >= 21);
}

static void to_up(void)
{
	to_given();
	assert_int_equal(sp_mon_say(rig.net, TARGET_UP, &(struct sp_msg_none){0}), SP_OK);
	turn();
}

static void to_trusted(void)
{
	to_given();
	assert_int_equal(sp_mon_say(rig.leg, ASK_TRUST, &(struct sp_msg_none){0}), SP_OK);
	expect(rig.leg, SP_MSG_TRUST);
}

static void to_credentials(void)
{
	struct sp_msg_target_cert m = {.nla = 1};

	to_trusted();
	assert_int_equal(sp_mon_say(rig.leg, TARGET_CERT, &m), SP_OK);
	expect(rig.leg, SP_MSG_TARGET_LOGIN);
	assert_int_equal(rig.in.body.target_login.result, SP_TARGET_LOGIN_OK);
}

/* A letter for each question that sp-net, sp-login and sp-target may ask. */
static const struct {
	const char *name;
	void (*reach)(void);
	const char *may_net, *may_login, *may_leg;
} states[] = {
		{"fresh", to_fresh, "RSB", "CD", NULL},
		{"challenged", to_challenged, "RSB", "PD", NULL},
		{"proof refused", to_refused, "RSB", "D", NULL},
		{"proof granted", to_proved, "RSB", "D", NULL},
		{"login done", log_in, "RSVB", NULL, NULL},
		{"login failed", to_failed, "RSVB", NULL, NULL},
		{"login vanished", to_vanished, "RSVB", NULL, NULL},
		{"granted", to_granted, "RSOB", NULL, NULL},
		{"code due", to_due, "RSWB", NULL, NULL},
		{"code asked for", to_code, "RSAB", NULL, NULL},
		{"code wrong", to_wrong, "RSAB", NULL, NULL},
		{"three codes wrong", to_no_tries, "RSB", NULL, NULL},
		{"code right", to_right, "RSOB", NULL, NULL},
		/* An answer may have been on its way. */
		{"code too late", to_too_late, "RSAB", NULL, NULL},
		{"enrolment", to_enrolment, "RSAB", NULL, NULL},
		{"denied", to_denied, "RSB", NULL, NULL},
		{"waiting for the broker", to_waiting, "RSB", NULL, NULL},
		{"target opened", to_opened, "RSBUKZH", NULL, NULL},
		{"target not opened", to_not_opened, "RSB", NULL, NULL},
		{"waiting for sp-dial", to_dialling, "RSB", NULL, NULL},
		{"waiting for sp-target", to_dialled, "RSB", NULL, NULL},
		{"target given", to_given, "RSBULXKZH", NULL, "tD"},
		{"target trusted", to_trusted, "RSBULXKZH", NULL, "cD"},
		{"credentials given", to_credentials, "RSBULXKZH", NULL, "D"},
		{"target up", to_up, "RSBLXKZH", NULL, "tD"},
		{"signed", sign, "B", "CD", NULL},
		{"said bye", say_bye, "", "CD", NULL},
};

static char letter(uint32_t type)
{
	static const struct {
		uint32_t type;
		char letter;
	} rows[] = {
			{SP_MSG_ROUTE, 'R'},
			{SP_MSG_SIGN, 'S'},
			{SP_MSG_ASK_VERDICT, 'V'},
			{SP_MSG_CONVERSE, 'W'},
			{SP_MSG_ANSWER, 'A'},
			{SP_MSG_OPEN_TARGET, 'O'},
			{SP_MSG_TARGET_UP, 'U'},
			{SP_MSG_LICENSE, 'L'},
			{SP_MSG_REDIRECT, 'X'},
			{SP_MSG_TARGET_ARC, 'K'},
			{SP_MSG_TRANSFER, 'Z'},
			{SP_MSG_CHANNEL, 'H'},
			{SP_MSG_BYE, 'B'},
			{SP_MSG_ASK_CHALLENGE, 'C'},
			{SP_MSG_PROOF, 'P'},
			{SP_MSG_DONE, 'D'},
			{SP_MSG_ASK_TRUST, 't'},
			{SP_MSG_TARGET_CERT, 'c'},
			{SP_MSG_TARGET_DONE, 'D'},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		if (rows[i].type == type) {
			return rows[i].letter;
		}
	}
	return '-';
}

/* A body in order, of any type; its descriptors are two of ours. */
static int send_any(int fd, uint32_t type)
{
	static union sp_msg_body b;
	struct sp_geometry g = {.width = 800, .height = 600, .bpp = 24};
	size_t nfds = 0, size = 0;
	int fds[2] = {rig.parent, rig.broker};

	memset(&b, 0, sizeof(b));
	switch (type) {
#define X(name, body, fds_min, fds_max) \
	case SP_MSG_##name: \
		size = sizeof(b.body); \
		nfds = fds_min; \
		break;
		SP_MSG_MAP(X)
#undef X
	}
	b.conn_open.conn = rig.conn + 1000;
	if (type == SP_MSG_CONN_OPEN) {
		b.conn_open.source.family = AF_INET;
	} else if (type == SP_MSG_CONN_CLOSED) {
		b.conn_closed.role = SP_ROLE_NET;
	} else if (type == SP_MSG_NET_START) {
		b.net_start.source.family = AF_INET;
	} else if (type == SP_MSG_OPEN_TARGET) {
		memset(&b, 0, sizeof(b));
		b.open_target.geometry = g;
	} else if (type == SP_MSG_DESKTOP_OPEN) {
		b.desktop_open.geometry = g;
	} else if (type == SP_MSG_PROOF) {
		memset(&b, 0, sizeof(b));
		b.proof.temp_n = 44;
	} else if (type == SP_MSG_ANSWER) {
		memset(&b, 0, sizeof(b));
		b.answer.kind = SP_ANSWER_OK;
	} else if (type == SP_MSG_CHANNEL) {
		memset(&b, 0, sizeof(b));
		b.channel.verdict = SP_TOLD_PASSED;
	} else if (type == SP_MSG_TRANSFER) {
		memset(&b, 0, sizeof(b));
		b.transfer.channel = SP_TOLD_CLIPBOARD;
		b.transfer.way = SP_TOLD_IN;
		b.transfer.kind = SP_TOLD_TEXT;
		b.transfer.verdict = SP_TOLD_PASSED;
	} else if (type != SP_MSG_CONN_END && type != SP_MSG_DESKTOP_FAILED &&
			type != SP_MSG_DESKTOP_OPENED && type != SP_MSG_CONN_GRANTED) {
		memset(&b, 0, sizeof(b));
	}
	return sp_mon_send(fd, type, &b, size, fds, nfds);
}

static const char *may_ask(size_t s, enum who who)
{
	switch (who) {
	case NET:
		return states[s].may_net;
	case LOGIN:
		return states[s].may_login;
	default:
		return states[s].may_leg;
	}
}

static void ask(size_t s, uint32_t type, enum who who)
{
	static const char *const names[] = {"sp-net", "sp-login", "sp-target"};
	const char *may = may_ask(s, who);

	/* Timers go by the true clock, and a machine can be slow. */
	rig.clock_us = sp_now_us();
	connect_one();
	states[s].reach();
	while (sp_mon_recv(rig.parent, &rig.in) == 1) {
		sp_mon_in_finish(&rig.in);
	}
	int rc = send_any(who == NET ? rig.net : who == LOGIN ? rig.login : rig.leg, type);
	bool ended = was_ended();
	if (may == NULL) {
		/* Nobody listens there any more, or never did. */
		assert_int_not_equal(rc, SP_OK);
		assert_false(ended);
	} else {
		assert_int_equal(rc, SP_OK);
		/* The letter D is DONE of one and TARGET_DONE of the other. */
		bool want = strchr(may, letter(type)) == NULL ||
				(type == SP_MSG_DONE && who == LEG) ||
				(type == SP_MSG_TARGET_DONE && who == LOGIN);
		if (ended != want) {
			fail_msg("%s, %s from %s: %s", states[s].name, sp_msg_name(type),
					names[who], ended ? "ended" : "let through");
		}
	}
	disconnect();
}

static void test_each_question_in_each_state(void **state)
{
	for (size_t s = 0; s < SP_LEN(states); s++) {
		for (uint32_t type = 1; type < SP_MSG_COUNT; type++) {
			for (enum who who = NET; who <= LEG; who++) {
				ask(s, type, who);
			}
		}
	}
}

static void test_garbage_ends(void **state)
{
	for (int i = 0; i < 2; i++) {
		connect_one();
		assert_int_equal(sp_ipc_send(i == 0 ? rig.net : rig.login, 0xffffffff, "abc", 3,
						 NULL, 0),
				SP_OK);
		assert_true(was_ended());
		disconnect();
	}
	/* DONE may be said, but not that it went well. */
	connect_one();
	struct sp_msg_done m = {.result = SP_DONE_OK, .why = SP_WHY_OK};
	assert_int_equal(sp_mon_say(rig.login, DONE, &m), SP_OK);
	assert_true(was_ended());
	disconnect();
	connect_one();
	to_refused();
	assert_int_equal(sp_mon_say(rig.login, DONE, &m), SP_OK);
	assert_true(was_ended());
	disconnect();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_each_question_in_each_state),
			cmocka_unit_test(test_garbage_ends),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
