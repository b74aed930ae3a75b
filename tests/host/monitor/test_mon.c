/* tests/host/monitor/test_mon.c - messages between processes, and the table of questions. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "host/io/ipc.h"
#include "host/monitor/check.h"
#include "host/monitor/mon.h"

static int pair[2];

static int setup(void **state)
{
	return sp_ipc_pair(pair) == SP_OK ? 0 : -1;
}

static int teardown(void **state)
{
	close(pair[0]);
	close(pair[1]);
	return 0;
}

/* One body of each type that must pass; the number of descriptors goes to nfds. */
static union sp_msg_body good(uint32_t type, size_t *nfds)
{
	union sp_msg_body b;
	struct sp_geometry g = {.width = 1024, .height = 768, .bpp = 32};

	memset(&b, 0, sizeof(b));
	*nfds = 0;
	switch ((enum sp_msg)type) {
	case SP_MSG_CONN_OPEN:
		b.conn_open.conn = 1;
		b.conn_open.source.family = AF_INET;
		*nfds = 2;
		break;
	case SP_MSG_CONN_CLOSED:
		b.conn_closed.conn = 1;
		b.conn_closed.role = SP_ROLE_NET;
		break;
	case SP_MSG_READY:
		*nfds = 1;
		break;
	case SP_MSG_PENALTY:
		b.penalty.source.family = AF_INET6;
		break;
	case SP_MSG_CONN_END:
		b.conn_end.conn = 1;
		break;
	case SP_MSG_CONN_GRANTED:
		b.conn_granted.conn = 1;
		break;
	case SP_MSG_NET_START:
		b.net_start.conn = 1;
		b.net_start.source.family = AF_INET6;
		*nfds = 1;
		break;
	case SP_MSG_LOGIN_START:
		b.login_start.conn = 1;
		break;
	case SP_MSG_LOGIN_STARTED:
		b.login_started.conn = 1;
		*nfds = 2;
		break;
	case SP_MSG_DIAL:
		b.dial.conn = 1;
		break;
	case SP_MSG_DIALED:
		b.dialed.conn = 1;
		*nfds = 1;
		break;
	case SP_MSG_DIAL_FAILED:
		b.dial_failed.conn = 1;
		break;
	case SP_MSG_TARGET:
		b.target.result = SP_OPEN_OK;
		b.target.kind = SP_TARGET_RDP;
		*nfds = 2;
		break;
	case SP_MSG_VERDICT:
		b.verdict.early_user = SP_AUTHZ_ACCESS_DENIED;
		break;
	case SP_MSG_AUDIT: {
		struct sp_audit_event e;

		sp_audit_init(&e, SP_AUDIT_CONN_OPEN, SP_OUTCOME_NONE);
		b.audit.n = (uint32_t)e.n;
		memcpy(b.audit.event, e.b, e.n);
		break;
	}
	case SP_MSG_CHANNEL:
		b.channel.verdict = SP_TOLD_PASSED;
		break;
	case SP_MSG_SCRIBE:
	case SP_MSG_RECORDER_LINK:
	case SP_MSG_SHIP_CHAIN:
		*nfds = 1;
		break;
	case SP_MSG_SHIP_MISSED:
		b.ship_missed.n = 1;
		break;
	case SP_MSG_SHIP_DIED:
		b.ship_died.pid = 1;
		break;
	case SP_MSG_RECORD_OPEN:
		b.record_open.conn = 1;
		b.record_open.of.n_auditors = 1;
		break;
	case SP_MSG_RECORD_OPENED:
		b.record_opened.conn = 1;
		b.record_opened.result = SP_RECORD_OK;
		memset(b.record_opened.id, 'A', SP_REC_ID);
		*nfds = 1;
		break;
	case SP_MSG_ACT:
		b.act.action = SP_ACT_END;
		break;
	case SP_MSG_RECORD_ENDED:
		b.record_ended.conn = 1;
		break;
	case SP_MSG_RECORDER_START:
	case SP_MSG_RECORDER_ADOPT:
		b.recorder_start.number = b.recorder_start.conn = 1;
		memset(b.recorder_start.id, 'A', SP_REC_ID);
		*nfds = type == SP_MSG_RECORDER_START ? 3 : 1;
		break;
	case SP_MSG_RECORDER_STARTED:
		b.recorder_started.number = 1;
		*nfds = 2;
		break;
	case SP_MSG_RECORD_BEGIN:
		b.record_begin.of.n_auditors = SP_REC_MAX_AUDITORS;
		memset(b.record_begin.id, 'A', SP_REC_ID);
		break;
	case SP_MSG_TRANSFER:
		b.transfer.channel = SP_TOLD_DRIVES;
		b.transfer.way = SP_TOLD_OUT;
		b.transfer.kind = SP_TOLD_FILE;
		b.transfer.verdict = SP_TOLD_PASSED;
		break;
	case SP_MSG_PROMPT:
		b.prompt.kind = SP_PROMPT_CODE;
		break;
	case SP_MSG_OPEN_TARGET:
		b.open_target.geometry = g;
		break;
	case SP_MSG_PROOF:
		b.proof.temp_n = SP_TEMP_MIN;
		break;
	case SP_MSG_DESKTOP_OPEN:
	case SP_MSG_DESK_START:
		b.desktop_open.conn = 1;
		b.desktop_open.geometry = g;
		break;
	case SP_MSG_DESKTOP_OPENED:
		b.desktop_opened.conn = 1;
		*nfds = 1;
		break;
	case SP_MSG_DESKTOP_FAILED:
		b.desktop_failed.conn = 1;
		break;
	case SP_MSG_DESK_CONNECT:
		b.desk_connect.conn = 1;
		b.desk_connect.geometry = g;
		*nfds = 1;
		break;
	default:
		break;
	}
	return b;
}

static void test_every_type_travels(void **state)
{
	for (uint32_t type = 1; type < SP_MSG_COUNT; type++) {
		struct sp_mon_in in;
		size_t nfds;
		union sp_msg_body b = good(type, &nfds);
		int fds[SP_IPC_FDS] = {pair[0], pair[1], pair[0], pair[1]};

		assert_int_equal(sp_mon_send(pair[0], type, &b, sp_check_size(type), fds, nfds),
				SP_OK);
		assert_int_equal(sp_mon_recv(pair[1], &in), 1);
		assert_int_equal(in.type, type);
		assert_int_equal(in.nfds, nfds);
		assert_memory_equal(&in.body, &b, sp_check_size(type));
		int taken = sp_mon_take_fd(&in, 0);
		assert_true((nfds > 0) == (taken >= 0));
		assert_int_equal(sp_mon_take_fd(&in, nfds), -1);
		int second = nfds > 1 ? in.fds[1] : -1;
		sp_mon_in_finish(&in);
		if (taken >= 0) {
			assert_true(fcntl(taken, F_GETFD) & FD_CLOEXEC);
			close(taken);
		}
		/* What was not taken is closed. */
		assert_true(second < 0 || fcntl(second, F_GETFD) < 0);
		assert_string_not_equal(sp_msg_name(type), "?");
	}
	assert_string_equal(sp_msg_name(SP_MSG_COUNT), "?");
}

static void test_wrong_sizes_are_not_sent(void **state)
{
	union sp_msg_body b;
	struct sp_mon_in in;
	int fds[2] = {pair[0], pair[1]};

	memset(&b, 0, sizeof(b));
	assert_int_equal(sp_mon_send(pair[0], SP_MSG_BYE, &b, 1, NULL, 0), SP_EARG);
	assert_int_equal(sp_mon_send(pair[0], SP_MSG_NONE, &b, 0, NULL, 0), SP_EARG);
	assert_int_equal(sp_mon_send(pair[0], SP_MSG_COUNT, &b, 4, NULL, 0), SP_EARG);
	assert_int_equal(sp_mon_send(pair[0], SP_MSG_BYE, &b, sizeof(b.bye), fds, 1), SP_EARG);
	assert_int_equal(sp_mon_send(pair[0], SP_MSG_CONN_OPEN, &b, sizeof(b.conn_open), fds, 1),
			SP_EARG);
	assert_int_equal(sp_mon_recv(pair[1], &in), 0);
}

/* A peer that speaks raw messages: every size but the right one, and every descriptor count. */
static void test_wrong_sizes_are_not_taken(void **state)
{
	static uint8_t bytes[SP_IPC_MAX];
	struct sp_mon_in in;
	int fds[4] = {pair[0], pair[1], pair[0], pair[1]};

	for (uint32_t type = 0; type <= SP_MSG_COUNT; type++) {
		size_t size = sp_check_size(type);
		size_t sizes[] = {0, 1, size - 1, size + 1, SP_IPC_MAX};
		for (size_t i = 0; i < SP_LEN(sizes); i++) {
			if (sizes[i] > SP_IPC_MAX || sizes[i] == size) {
				continue;
			}
			assert_int_equal(sp_ipc_send(pair[0], type, bytes, sizes[i], NULL, 0),
					SP_OK);
			assert_true(sp_mon_recv(pair[1], &in) < 0);
		}
	}
	for (size_t n = 1; n <= 4; n++) {
		struct sp_msg_bye bye = {0};
		assert_int_equal(
				sp_ipc_send(pair[0], SP_MSG_BYE, &bye, sizeof(bye), fds, n), SP_OK);
		assert_true(sp_mon_recv(pair[1], &in) < 0);
		assert_int_equal(in.nfds, 0);
	}
	assert_int_equal(sp_mon_recv(pair[1], &in), 0);
}

static bool passes(uint32_t type, const union sp_msg_body *b, size_t nfds)
{
	return sp_check_body(type, b, nfds) == SP_OK;
}

static void test_bounds(void **state)
{
	size_t n;
	union sp_msg_body b;

#define BREAK(type, change) \
	do { \
		b = good(type, &n); \
		assert_true(passes(type, &b, n)); \
		change; \
		assert_false(passes(type, &b, n)); \
	} while (0)

	BREAK(SP_MSG_CONN_OPEN, b.conn_open.conn = 0);
	BREAK(SP_MSG_CONN_OPEN, b.conn_open.source.family = AF_UNIX);
	BREAK(SP_MSG_CONN_OPEN, b.conn_open.source.port = 65536);
	BREAK(SP_MSG_CONN_OPEN, memset(b.conn_open.listener, 'a', sizeof(b.conn_open.listener)));
	BREAK(SP_MSG_CONN_OPEN, b.conn_open.source.text[0] = '\n');
	BREAK(SP_MSG_CONN_CLOSED, b.conn_closed.role = SP_ROLE_NONE);
	BREAK(SP_MSG_CONN_CLOSED, b.conn_closed.crashed = 2);
	BREAK(SP_MSG_PENALTY, b.penalty.kind = SP_PENALTY_COUNT);
	BREAK(SP_MSG_CONN_END, b.conn_end.why = SP_WHY_COUNT);
	BREAK(SP_MSG_CONN_GRANTED, b.conn_granted.conn = 0);
	BREAK(SP_MSG_NET_START, b.net_start.conn = 0);
	BREAK(SP_MSG_NET_START, b.net_start.source.family = 0);
	BREAK(SP_MSG_SIGN, b.sign.n = SP_SIGN_MAX + 1);
	BREAK(SP_MSG_SIGNATURE, b.signature.result = SP_SIGN_DONE);
	BREAK(SP_MSG_SIGNATURE, b.signature.n = 1);
	BREAK(SP_MSG_SIGNATURE, b.signature.n = SP_SIGNATURE_MAX + 1);
	/* Denied and yet a success is nothing that anybody may read. */
	BREAK(SP_MSG_VERDICT, b.verdict.early_user = SP_AUTHZ_SUCCESS);
	BREAK(SP_MSG_VERDICT, b.verdict.grant = 1);
	BREAK(SP_MSG_VERDICT, b.verdict.result = SP_VERDICT_GRANTED);
	BREAK(SP_MSG_VERDICT, b.verdict.result = SP_VERDICT_COUNT);
	BREAK(SP_MSG_VERDICT, b.verdict.ask = 1);
	BREAK(SP_MSG_PROMPT, b.prompt.kind = SP_PROMPT_NONE);
	BREAK(SP_MSG_PROMPT, b.prompt.kind = SP_PROMPT_COUNT);
	BREAK(SP_MSG_PROMPT, b.prompt.kind = SP_PROMPT_ENROL);
	BREAK(SP_MSG_PROMPT, b.prompt.qr_side = 21);
	BREAK(SP_MSG_PROMPT, b.prompt.text[0] = '\n');
	BREAK(SP_MSG_PROMPT, memset(b.prompt.secret, 'A', sizeof(b.prompt.secret)));
	BREAK(SP_MSG_ANSWER, memset(b.answer.text, '1', sizeof(b.answer.text)));
	BREAK(SP_MSG_ANSWER, b.answer.text[0] = 0x1b);
	BREAK(SP_MSG_OPEN_TARGET, b.open_target.geometry.width = 199);
	BREAK(SP_MSG_OPEN_TARGET, b.open_target.geometry.height = 8193);
	BREAK(SP_MSG_OPEN_TARGET, b.open_target.geometry.bpp = 8);
	BREAK(SP_MSG_OPEN_TARGET, b.open_target.geometry.monitors = SP_MAX_MONITORS + 1);
	BREAK(SP_MSG_OPEN_TARGET, b.open_target.geometry.monitors = 1);
	BREAK(SP_MSG_ANSWER, memset(b.answer.password, '1', sizeof(b.answer.password)));
	BREAK(SP_MSG_ANSWER, b.answer.kind = SP_ANSWER_COUNT);
	BREAK(SP_MSG_ANSWER, b.answer.choice = SP_PROMPT_ITEMS);
	BREAK(SP_MSG_PROMPT, b.prompt.items = 1);
	BREAK(SP_MSG_PROMPT, b.prompt.kind = SP_PROMPT_TARGET);
	BREAK(SP_MSG_PROMPT, b.prompt.items = SP_PROMPT_ITEMS + 1);
	BREAK(SP_MSG_PROMPT, b.prompt.recovery = 2);
	BREAK(SP_MSG_PROMPT, b.prompt.notice[0] = 0x1b);
	BREAK(SP_MSG_CONVERSE, b.converse.arc.present = 2);
	BREAK(SP_MSG_CONVERSE, b.converse.rail = 2);
	/* An RDP host comes with its socket and the link to its login, a refusal with nothing. */
	BREAK(SP_MSG_TARGET, n = 1);
	BREAK(SP_MSG_TARGET, b.target.kind = SP_TARGET_DESKTOP);
	BREAK(SP_MSG_TARGET, b.target.result = SP_OPEN_DENIED);
	BREAK(SP_MSG_TARGET, b.target.channels.clipboard = SP_CLIP_RIGHT_ALL + 1);
	BREAK(SP_MSG_TARGET, b.target.channels.drives = SP_DRIVES_COUNT);
	BREAK(SP_MSG_TARGET, b.target.route_n = sizeof(b.target.route) + 1);
	BREAK(SP_MSG_LOGIN_START, b.login_start.conn = 0);
	BREAK(SP_MSG_LOGIN_STARTED, n = 1);
	BREAK(SP_MSG_PENALTIES, b.penalties.n = SP_PENALTIES + 1);
	BREAK(SP_MSG_PENALTIES_KEPT, b.penalties.n = SP_PENALTIES + 1);
	BREAK(SP_MSG_NET_START, b.net_start.require_token = 2);
	BREAK(SP_MSG_ROUTE, b.route.token[0] = '\n');
	BREAK(SP_MSG_ROUTED, b.routed.result = SP_ROUTED_COUNT);
	BREAK(SP_MSG_REDIRECT, b.redirect.password_n = SP_REDIRECT_BLOB + 1);
	BREAK(SP_MSG_REDIRECT, b.redirect.guid_n = sizeof(b.redirect.guid) + 1);
	BREAK(SP_MSG_REDIRECT, b.redirect.route_n = sizeof(b.redirect.route) + 1);
	BREAK(SP_MSG_REDIRECT, b.redirect.address[0] = '\n');
	BREAK(SP_MSG_ARC, b.arc.present = 2);
	BREAK(SP_MSG_LICENSE, b.license.n = SP_LICENSE_MAX + 1);
	BREAK(SP_MSG_LICENSE, b.license.drop = 2);
	BREAK(SP_MSG_CHANNEL, b.channel.verdict = SP_TOLD_NO_VERDICT);
	BREAK(SP_MSG_CHANNEL, b.channel.verdict = SP_TOLD_DAMAGED);
	BREAK(SP_MSG_CHANNEL, b.channel.dynamic = 2);
	BREAK(SP_MSG_CHANNEL, b.channel.name[0] = '\n');
	BREAK(SP_MSG_CHANNEL, memset(b.channel.name, 'a', sizeof(b.channel.name)));
	BREAK(SP_MSG_TRANSFER, b.transfer.channel = 0);
	BREAK(SP_MSG_TRANSFER, b.transfer.channel = SP_TOLD_CHANNEL_COUNT);
	BREAK(SP_MSG_TRANSFER, b.transfer.way = SP_TOLD_WAY_COUNT);
	BREAK(SP_MSG_TRANSFER, b.transfer.kind = 0);
	BREAK(SP_MSG_TRANSFER, b.transfer.verdict = SP_TOLD_VERDICT_COUNT);
	BREAK(SP_MSG_TRANSFER, b.transfer.has_sha256 = 2);
	BREAK(SP_MSG_TRANSFER, b.transfer.name[0] = '\n');
	BREAK(SP_MSG_TRANSFER, memset(b.transfer.sent, 'a', sizeof(b.transfer.sent)));
	BREAK(SP_MSG_SESSION_END, b.session_end.why = SP_WHY_COUNT);
	BREAK(SP_MSG_TRUST, b.trust.trust = SP_TRUST_COUNT);
	BREAK(SP_MSG_TARGET_CERT, b.target_cert.verified = 2);
	BREAK(SP_MSG_TARGET_LOGIN, b.target_login.result = SP_TARGET_LOGIN_COUNT);
	BREAK(SP_MSG_TARGET_LOGIN, b.target_login.blob_n = SP_REDIRECT_BLOB + 1);
	BREAK(SP_MSG_TARGET_DONE, b.target_done.result = SP_DONE_COUNT);
	BREAK(SP_MSG_DIAL, b.dial.conn = 0);
	BREAK(SP_MSG_DIAL_FAILED, b.dial_failed.text[0] = '\n');
	BREAK(SP_MSG_PROOF, b.proof.temp_n = SP_TEMP_MIN - 1);
	BREAK(SP_MSG_PROOF, b.proof.temp_n = SP_TEMP_MAX + 1);
	BREAK(SP_MSG_PROOF, memset(b.proof.user, 'a', sizeof(b.proof.user)));
	BREAK(SP_MSG_PROOF, memset(b.proof.machine, 'a', sizeof(b.proof.machine)));
	BREAK(SP_MSG_PROOF_RESULT, b.proof_result.result = SP_PROOF_COUNT);
	BREAK(SP_MSG_DONE, b.done.result = SP_DONE_COUNT);
	BREAK(SP_MSG_DESKTOP_OPEN, b.desktop_open.command[0] = 0x1b);
	BREAK(SP_MSG_DESK_START, b.desktop_open.conn = 0);
	BREAK(SP_MSG_DESK_CONNECT, b.desk_connect.conn = 0);
	BREAK(SP_MSG_DESK_CONNECT, b.desk_connect.geometry.width = 0);
	BREAK(SP_MSG_DESK_UP, b.desk_up.display[0] = 0x0a);
	BREAK(SP_MSG_DESK_UP, memset(b.desk_up.program, 'a', sizeof(b.desk_up.program)));
	BREAK(SP_MSG_DESK_FAILED, b.desk_text.text[0] = 0x0a);
	BREAK(SP_MSG_DESK_ENDED, memset(b.desk_text.text, 'a', sizeof(b.desk_text.text)));
	BREAK(SP_MSG_RELOAD, b.none.zero = 1);
#undef BREAK
	memset(&b, 0, sizeof(b));
	assert_false(passes(SP_MSG_NONE, &b, 0));
	assert_false(passes(SP_MSG_COUNT, &b, 0));
}

static void test_ask(void **state)
{
	struct sp_msg_none ask = {0};
	struct sp_msg_challenge answer = {.time = 7};
	struct sp_msg_bye other = {0};
	struct sp_mon_in in;

	/* What was answered before the question lies there: SOCK_SEQPACKET keeps the order. */
	assert_int_equal(sp_mon_say(pair[1], CHALLENGE, &answer), SP_OK);
	assert_int_equal(sp_mon_ask(pair[0], SP_MSG_ASK_CHALLENGE, &ask, sizeof(ask),
					 SP_MSG_CHALLENGE, &in, 1000),
			SP_OK);
	assert_int_equal(in.body.challenge.time, 7);
	sp_mon_in_finish(&in);

	assert_int_equal(sp_mon_say(pair[1], BYE, &other), SP_OK);
	assert_int_equal(sp_mon_ask(pair[0], SP_MSG_ASK_CHALLENGE, &ask, sizeof(ask),
					 SP_MSG_CHALLENGE, &in, 1000),
			SP_ESTATE);
	assert_int_equal(sp_mon_ask(pair[0], SP_MSG_ASK_CHALLENGE, &ask, sizeof(ask),
					 SP_MSG_CHALLENGE, &in, 20),
			SP_ETIMEOUT);
	shutdown(pair[1], SHUT_RDWR);
	assert_int_equal(sp_mon_ask(pair[0], SP_MSG_ASK_CHALLENGE, &ask, sizeof(ask),
					 SP_MSG_CHALLENGE, &in, 1000),
			SP_ECLOSED);
}

static int asked;

static int handler(void *ctx, struct sp_mon_in *in)
{
	asked++;
	return *(int *)ctx;
}

static const struct sp_question table[] = {
		{SP_MSG_SIGN, SP_QUESTION_ONCE | SP_QUESTION_NOW, handler},
		{SP_MSG_ASK_VERDICT, SP_QUESTION_ONCE, handler},
		{SP_MSG_RELOAD, SP_QUESTION_NOW, handler},
};

static int dispatch(struct sp_permit *p, uint32_t type)
{
	static struct sp_mon_in in;
	int rc = SP_OK;

	memset(&in, 0, sizeof(in));
	in.type = type;
	return sp_permit_dispatch(p, &rc, &in);
}

static void test_permits(void **state)
{
	struct sp_permit p;

	asked = 0;
	sp_permit_init(&p, table, SP_LEN(table));
	assert_int_equal(dispatch(&p, SP_MSG_SIGN), SP_OK);
	assert_int_equal(dispatch(&p, SP_MSG_SIGN), SP_EDENIED);
	assert_int_equal(dispatch(&p, SP_MSG_ASK_VERDICT), SP_EDENIED);
	sp_permit_allow(&p, SP_MSG_ASK_VERDICT);
	assert_int_equal(dispatch(&p, SP_MSG_ASK_VERDICT), SP_OK);
	assert_int_equal(dispatch(&p, SP_MSG_ASK_VERDICT), SP_EDENIED);
	assert_int_equal(dispatch(&p, SP_MSG_RELOAD), SP_OK);
	assert_int_equal(dispatch(&p, SP_MSG_RELOAD), SP_OK);
	sp_permit_forbid(&p, SP_MSG_RELOAD);
	assert_int_equal(dispatch(&p, SP_MSG_RELOAD), SP_EDENIED);
	/* A row that is not in the table cannot be allowed. */
	sp_permit_allow(&p, SP_MSG_PROOF);
	assert_int_equal(dispatch(&p, SP_MSG_PROOF), SP_EDENIED);
	assert_int_equal(dispatch(&p, SP_MSG_NONE), SP_EDENIED);
	assert_int_equal(dispatch(&p, SP_MSG_COUNT), SP_EDENIED);
	sp_permit_allow(&p, SP_MSG_SIGN);
	sp_permit_close(&p);
	assert_int_equal(dispatch(&p, SP_MSG_SIGN), SP_EDENIED);
	assert_int_equal(asked, 4);
}

static void test_words(void **state)
{
	assert_string_equal(sp_why_text(SP_WHY_PASSWORD), "wrong password");
	assert_string_equal(sp_why_text(SP_WHY_COUNT), sp_why_text(SP_WHY_UNKNOWN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_every_type_travels, setup, teardown),
			cmocka_unit_test_setup_teardown(
					test_wrong_sizes_are_not_sent, setup, teardown),
			cmocka_unit_test_setup_teardown(
					test_wrong_sizes_are_not_taken, setup, teardown),
			cmocka_unit_test(test_bounds),
			cmocka_unit_test_setup_teardown(test_ask, setup, teardown),
			cmocka_unit_test(test_permits),
			cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
