/* tests/gate/keeper/test_target.c - targets asked for, opened and refused. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "host/io/ipc.h"

static void to_granted(void)
{
	log_in();
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
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

static void test_no_broker(void **state)
{
	struct sp_msg_open_target m = {.geometry = {.width = 800, .height = 600, .bpp = 16}};
	int was = rig.k.broker;

	connect_one();
	to_granted();
	rig.k.broker = -1;
	assert_int_equal(sp_mon_say(rig.net, OPEN_TARGET, &m), SP_OK);
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_DENIED);
	rig.k.broker = was;
	disconnect();
}

static void test_late_broker(void **state)
{
	struct sp_msg_desktop_opened m = {.fresh = 0};
	int p[2];

	/* The connection is gone, or never was: the desktop's socket is closed. */
	connect_one();
	to_waiting();
	m.conn = rig.conn;
	disconnect();
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(
			sp_mon_send(rig.broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	turn();
	char c;
	assert_int_equal(recv(p[1], &c, 1, MSG_DONTWAIT), 0);
	close(p[1]);
	/* A second answer is dropped. */
	connect_one();
	to_opened();
	m.conn = rig.conn;
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(
			sp_mon_send(rig.broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	expect_nothing(rig.net);
	close(p[1]);
	disconnect();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_no_broker),
			cmocka_unit_test(test_late_broker),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
