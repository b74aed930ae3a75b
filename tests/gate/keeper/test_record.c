/* tests/gate/keeper/test_record.c - sessions that are recorded, have to be, or should be. */
#include "rig.h"

#include "gate/keeper/conn_part.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"

static int stream = -1; /* the recorder's end */

static void ask(enum sp_conf_record record, size_t auditors)
{
	struct sp_msg_open_target m = {.geometry = {.width = 800, .height = 600, .bpp = 16}};

	connect_one();
	rig.conf.target[0].record = record;
	rig.conf.target[0].record_input = SP_CONF_INPUT_FULL;
	rig.conf.n_auditors = auditors;
	memset(rig.conf.auditor[0], 7, sizeof(rig.conf.auditor[0]));
	memset(&rig.record_open, 0, sizeof(rig.record_open));
	log_in();
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
	assert_int_equal(sp_mon_say(rig.net, OPEN_TARGET, &m), SP_OK);
	turn();
}

static void recorder(bool good, const char *why)
{
	struct sp_msg_record_opened m = {
			.conn = rig.conn, .result = good ? SP_RECORD_OK : SP_RECORD_FAILED};
	int p[2];

	snprintf(m.text, sizeof(m.text), "%s", why);
	if (good) {
		memset(m.id, 'A', SP_REC_ID);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), 0);
	assert_int_equal(sp_mon_send(rig.scribe, SP_MSG_RECORD_OPENED, &m, sizeof(m), p, good),
			SP_OK);
	close(p[0]);
	sp_fd_close(&stream);
	stream = p[1];
	turn();
}

static void ended(bool good)
{
	struct sp_msg_record_ended m = {.conn = rig.conn,
			.result = good ? SP_RECORD_OK : SP_RECORD_FAILED,
			.text = "the recorder died"};

	assert_int_equal(sp_mon_say(rig.scribe, RECORD_ENDED, &m), SP_OK);
	turn();
}

static void desktop(void)
{
	struct sp_msg_desktop_opened m = {.conn = rig.conn, .fresh = 1};
	int p[2];

	expect(rig.broker, SP_MSG_DESKTOP_OPEN);
	assert_int_equal(rig.in.body.desktop_open.geometry.width, 800);
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(
			sp_mon_send(rig.broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	close(p[1]);
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_OK);
}

static void leave(void)
{
	disconnect();
	sp_fd_close(&stream);
	rig.conf.target[0].record = SP_CONF_RECORD_NO;
}

static void test_recorded(void **state)
{
	char byte;

	ask(SP_CONF_RECORD_REQUIRED, 1);
	assert_int_equal(rig.record_open.conn, rig.conn);
	assert_string_equal(rig.record_open.of.user, "alice");
	assert_string_equal(rig.record_open.of.target, "desktop");
	assert_int_equal(rig.record_open.of.n_auditors, 1);
	assert_int_equal(rig.record_open.of.auditor[0][31], 7);
	/* Nothing is opened before the recorder is there. */
	expect_nothing(rig.broker);
	recorder(true, "");
	desktop();
	assert_int_equal(rig.in.nfds, 2);
	assert_int_equal(rig.in.body.target.record, 1);
	assert_int_equal(rig.in.body.target.record_required, 1);
	assert_int_equal(rig.in.body.target.record_input, SP_RECORD_INPUT_FULL);
	assert_int_equal(write(rig.in.fds[1], "x", 1), 1);
	assert_int_equal(read(stream, &byte, 1), 1);
	/* It is sp-net's alone: with that one the recording ends. */
	sp_mon_in_finish(&rig.in);
	assert_int_equal(read(stream, &byte, 1), 0);
	assert_int_equal(sp_mon_say(rig.net, TARGET_UP, &(struct sp_msg_none){0}), SP_OK);
	turn();
	assert_int_equal(strspn(rig.k.conns->session->recording, "A"), SP_REC_ID);
	ended(true);
	expect_nothing(rig.net);
	ended(false);
	assert_string_equal(rig.k.conns->session->recording, "");
	expect(rig.net, SP_MSG_SESSION_END);
	assert_int_equal(rig.in.body.session_end.why, SP_WHY_RECORD);
	assert_string_equal(rig.in.body.session_end.text,
			"desktop may be used only when it is recorded, and that broke off");
	leave();
}

static void test_required_and_impossible(void **state)
{
	ask(SP_CONF_RECORD_REQUIRED, 1);
	recorder(false, "the disk is nearly full");
	expect_nothing(rig.broker);
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_DENIED);
	assert_string_equal(rig.in.body.target.text,
			"desktop may be used only when it is recorded, and that is not possible "
			"now: the disk is nearly full");
	assert_true(told("record.gap reason=not-recorded"));
	leave();
}

static void test_required_and_no_answer(void **state)
{
	ask(SP_CONF_RECORD_REQUIRED, 1);
	expect_nothing(rig.net);
	sp_conn_record_late(rig.k.conns);
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_DENIED);
	assert_non_null(strstr(rig.in.body.target.text, "the scribe did not answer in time"));
	/* What comes now is closed. */
	char byte;
	recorder(true, "");
	assert_int_equal(read(stream, &byte, 1), 0);
	leave();
}

static void test_wanted(void **state)
{
	ask(SP_CONF_RECORD_WANTED, 1);
	recorder(false, "no sp-recorder");
	desktop();
	assert_int_equal(rig.in.nfds, 1);
	assert_int_equal(rig.in.body.target.record, 0);
	assert_true(told("record.gap reason=not-recorded"));
	leave();

	ask(SP_CONF_RECORD_WANTED, 0);
	assert_int_equal(rig.record_open.conn, 0);
	desktop();
	assert_int_equal(rig.in.nfds, 1);
	leave();

	ask(SP_CONF_RECORD_WANTED, 1);
	recorder(true, "");
	desktop();
	assert_int_equal(rig.in.nfds, 2);
	assert_int_equal(rig.in.body.target.record_required, 0);
	assert_int_equal(sp_mon_say(rig.net, TARGET_UP, &(struct sp_msg_none){0}), SP_OK);
	turn();
	ended(false);
	expect_nothing(rig.net);
	leave();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_recorded),
			cmocka_unit_test(test_required_and_impossible),
			cmocka_unit_test(test_required_and_no_answer),
			cmocka_unit_test(test_wanted),
	};

	return cmocka_run_group_tests_name("record", tests, rig_open, rig_close);
}
