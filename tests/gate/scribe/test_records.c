/* tests/gate/scribe/test_records.c - what the audit hears of recorders, as they live and die. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate/scribe/records.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"

#define ID "01J0ABCDEFGHJKMNPQRSTVWXYZ"

static char dir[] = "/tmp/sp-test-records-XXXXXX";
static struct sp_loop *loop;
static struct sp_records *records;
static int parent[2], keeper[2];
static struct sp_audit_event told[16];
static size_t n_told;
static const char *no_room;

static void tell(void *user, const struct sp_audit_event *e)
{
	assert_true(n_told < SP_LEN(told));
	told[n_told++] = *e;
}

static const char *is_full(void *user)
{
	return no_room;
}

static void create(void)
{
	records = sp_records_create(&(struct sp_records_conf){.loop = loop,
			.dir = dir,
			.parent = parent[1],
			.keeper = keeper[1],
			.full = is_full,
			.tell = tell});
	assert_non_null(records);
}

static void remove_file(const char *id)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s.spr", dir, id);
	assert_int_equal(unlink(path), 0);
}

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/sp-test-records-XXXXXX");
	assert_non_null(mkdtemp(dir));
	loop = sp_loop_create();
	assert_int_equal(sp_ipc_pair(parent), SP_OK);
	assert_int_equal(sp_ipc_pair(keeper), SP_OK);
	n_told = 0;
	no_room = NULL;
	create();
	return 0;
}

static int teardown(void **state)
{
	sp_records_destroy(records);
	sp_loop_destroy(loop);
	for (int i = 0; i < 2; i++) {
		sp_fd_close(&parent[i]);
		sp_fd_close(&keeper[i]);
	}
	return rmdir(dir);
}

/* A recorder of another scribe's; its end of the link. */
static int adopt_another(uint64_t n)
{
	struct sp_msg_recorder_start m = {
			.number = 4 + n, .conn = 8 + n, .begun_us = 1, .id = ID, .user = "grete"};
	struct sp_mon_in in;
	int link[2];

	assert_int_equal(sp_ipc_pair(link), SP_OK);
	assert_int_equal(sp_mon_send(parent[0], SP_MSG_RECORDER_ADOPT, &m, sizeof(m), &link[0], 1),
			SP_OK);
	close(link[0]);
	assert_int_equal(sp_mon_recv(parent[1], &in), 1);
	assert_int_equal(sp_records_message(records, parent[1], &in), SP_OK);
	sp_mon_in_finish(&in);
	assert_int_equal(sp_records_count(records), n);
	return link[1];
}

static int adopt(void)
{
	return adopt_another(1);
}

static void turn(void)
{
	assert_int_equal(sp_loop_turn(loop, 0), SP_OK);
}

static struct sp_audit_view view(size_t i)
{
	struct sp_audit_view v;

	assert_true(i < n_told);
	assert_int_equal(sp_audit_read(sp_span(told[i].b, told[i].n), &v), SP_OK);
	return v;
}

/* It died meanwhile: how far it was is not known, and so not registered as if it were. */
static void adopted_and_gone(void **state)
{
	close(adopt());
	turn();
	assert_int_equal(sp_records_count(records), 0);
	assert_int_equal(n_told, 1);
	struct sp_audit_view v = view(0);
	assert_int_equal(v.kind, SP_AUDIT_RECORD_GAP);
	assert_true(sp_audit_is(&v, SP_F_RECORDING, ID));
	assert_null(sp_audit_get(&v, SP_F_CHAIN));
	assert_null(sp_audit_get(&v, SP_F_SEGMENTS));
}

static void adopted_and_on(void **state)
{
	struct sp_msg_record_head m = {.segments = 3, .bytes = 700, .result = SP_RECORD_OK};
	int link = adopt();

	assert_int_equal(sp_mon_say(link, RECORD_HEAD, &m), SP_OK);
	turn();
	assert_int_equal(n_told, 1);
	struct sp_audit_view v = view(0);
	assert_int_equal(v.kind, SP_AUDIT_RECORD_MARK);
	assert_int_equal(sp_audit_get_num(&v, SP_F_SEGMENTS), 3);
	close(link);
	turn();
	v = view(1);
	assert_int_equal(v.kind, SP_AUDIT_RECORD_GAP);
	assert_int_equal(sp_audit_get_num(&v, SP_F_SEGMENTS), 3);
	assert_non_null(sp_audit_get(&v, SP_F_CHAIN));
}

/* What was registered is not taken back. */
static void goes_back(void **state)
{
	struct sp_msg_record_head m = {.segments = 3, .bytes = 700, .result = SP_RECORD_OK};
	int link = adopt();

	assert_int_equal(sp_mon_say(link, RECORD_HEAD, &m), SP_OK);
	m.segments = 2;
	assert_int_equal(sp_mon_say(link, RECORD_HEAD, &m), SP_OK);
	turn();
	turn();
	assert_int_equal(sp_records_count(records), 0);
	struct sp_audit_view v = view(1);
	assert_int_equal(v.kind, SP_AUDIT_RECORD_GAP);
	assert_int_equal(sp_audit_get_num(&v, SP_F_SEGMENTS), 3);
	close(link);
}

/* Only one that was just started is told what to record, and once: it need not read. */
static void asks_again(void **state)
{
	int link = adopt();

	assert_int_equal(sp_mon_say(link, RECORD_READY, &(struct sp_msg_none){0}), SP_OK);
	turn();
	assert_int_equal(sp_records_count(records), 0);
	close(link);
}

static void floods(void **state)
{
	struct sp_msg_record_head m = {.segments = 3, .bytes = 700, .result = SP_RECORD_OK};
	int link = adopt();

	for (int i = 0; i < 50; i++) {
		assert_int_equal(sp_mon_say(link, RECORD_HEAD, &m), SP_OK);
	}
	for (int i = 0; i < 50; i++) {
		turn();
	}
	assert_int_equal(sp_records_count(records), 0);
	assert_int_equal(n_told, 11);
	assert_int_equal(view(10).kind, SP_AUDIT_RECORD_GAP);
	close(link);
}

/* One ends as it was asked to, with all that it has; the other one does not answer. */
static void nearly_full(void **state)
{
	struct sp_msg_record_head m = {
			.segments = 4, .bytes = 900, .end = 1, .result = SP_RECORD_FAILED};
	int good = adopt(), silent;
	struct sp_mon_in in;

	silent = adopt_another(2);
	no_room = "the disk is nearly full";
	while (sp_mon_recv(good, &in) != 1) {
		assert_int_equal(sp_loop_turn(loop, 100000), SP_OK);
	}
	assert_int_equal(in.type, SP_MSG_RECORD_STOP);
	memcpy(m.text, in.body.record_stop.text, sizeof(m.text));
	sp_mon_in_finish(&in);
	assert_string_equal(m.text, no_room);
	assert_int_equal(sp_mon_say(good, RECORD_HEAD, &m), SP_OK);
	for (int i = 0; i < 40 && sp_records_count(records) > 0; i++) {
		assert_int_equal(sp_loop_turn(loop, 100000), SP_OK);
	}
	assert_int_equal(sp_records_count(records), 0);
	assert_int_equal(n_told, 2);
	for (size_t i = 0; i < n_told; i++) {
		struct sp_audit_view v = view(i);

		assert_int_equal(v.kind, SP_AUDIT_RECORD_GAP);
		assert_true(sp_audit_is(&v, SP_F_TEXT, no_room));
		assert_int_equal(sp_audit_get_num(&v, SP_F_SEGMENTS), i == 0 ? 4 : 0);
		assert_int_equal(sp_mon_recv(keeper[0], &in), 1);
		assert_int_equal(in.type, SP_MSG_RECORD_ENDED);
		assert_string_equal(in.body.record_ended.text, no_room);
		sp_mon_in_finish(&in);
	}
	close(good);
	close(silent);
}

static void open_one(uint64_t conn)
{
	static struct sp_msg_record_open m;
	struct sp_mon_in in;

	m.conn = conn;
	m.of.n_auditors = 1;
	assert_int_equal(sp_mon_say(keeper[0], RECORD_OPEN, &m), SP_OK);
	assert_int_equal(sp_mon_recv(keeper[1], &in), 1);
	assert_int_equal(sp_records_message(records, keeper[1], &in), SP_OK);
	sp_mon_in_finish(&in);
}

/* The last one here: a limit is not taken back. */
static void few_descriptors(void **state)
{
	struct rlimit l = {SP_RECORDS_OTHER_FILES + 7, SP_RECORDS_OTHER_FILES + 7};
	struct sp_mon_in in;

	sp_records_destroy(records);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
	create();
	for (uint64_t i = 1; i <= 3; i++) {
		open_one(i);
		assert_int_equal(sp_mon_recv(parent[0], &in), 1);
		assert_int_equal(in.type, SP_MSG_RECORDER_START);
		remove_file(in.body.recorder_start.id);
		sp_mon_in_finish(&in);
	}
	assert_int_equal(sp_mon_recv(keeper[0], &in), 0);
	open_one(4);
	assert_int_equal(sp_mon_recv(keeper[0], &in), 1);
	assert_int_equal(in.type, SP_MSG_RECORD_OPENED);
	assert_int_equal(in.body.record_opened.result, SP_RECORD_FAILED);
	assert_string_equal(in.body.record_opened.text, "too many recordings");
	assert_int_equal(sp_records_count(records), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(adopted_and_gone, setup, teardown),
			cmocka_unit_test_setup_teardown(adopted_and_on, setup, teardown),
			cmocka_unit_test_setup_teardown(goes_back, setup, teardown),
			cmocka_unit_test_setup_teardown(asks_again, setup, teardown),
			cmocka_unit_test_setup_teardown(floods, setup, teardown),
			cmocka_unit_test_setup_teardown(nearly_full, setup, teardown),
			cmocka_unit_test_setup_teardown(few_descriptors, setup, teardown),
	};

	return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
