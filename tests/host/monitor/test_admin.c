/* tests/host/monitor/test_admin.c - what the session command and the keeper may say. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/monitor/admin.h"

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

static const size_t sizes[] = {0,
#define X(name, body) sizeof(struct sp_admin_##body),
		SP_ADMIN_MAP(X)
#undef X
};

/* A body of each type that must pass. */
static union sp_admin_body good(uint32_t type)
{
	union sp_admin_body b;

	memset(&b, 0, sizeof(b));
	switch ((enum sp_admin)type) {
	case SP_ADMIN_SHOW:
	case SP_ADMIN_WATCH:
		b.which.id = 1;
		break;
	case SP_ADMIN_END_SESSION:
		b.end.id = 1;
		break;
	case SP_ADMIN_APPROVE:
	case SP_ADMIN_REFUSE:
		b.decide.id = 1;
		snprintf(b.decide.as, sizeof(b.decide.as), "%s", "carol");
		break;
	case SP_ADMIN_SESSION:
		b.session.id = 1;
		break;
	default:
		break;
	}
	return b;
}

static int pass(uint32_t type, const union sp_admin_body *b)
{
	struct sp_admin_in in;

	assert_int_equal(sp_admin_send(pair[0], type, b, sizes[type]), SP_OK);
	int rc = sp_admin_recv(pair[1], &in);
	if (rc == 1) {
		assert_int_equal(in.type, type);
		assert_memory_equal(&in.body, b, sizes[type]);
	} else {
		assert_int_equal(in.type, 0);
	}
	return rc;
}

static void test_all_types(void **state)
{
	for (uint32_t type = 1; type < SP_ADMIN_COUNT; type++) {
		union sp_admin_body b = good(type);
		assert_int_equal(pass(type, &b), 1);
		assert_int_equal(sp_admin_send(pair[0], type, &b, sizes[type] - 1), SP_EARG);
		assert_int_equal(sp_admin_send(pair[0], type, &b, sizes[type] + 1), SP_EARG);
		assert_string_not_equal(sp_admin_name(type), "?");
	}
	assert_string_equal(sp_admin_name(0), "?");
	assert_string_equal(sp_admin_name(SP_ADMIN_COUNT), "?");
	assert_string_equal(sp_admin_name(SP_ADMIN_END_SESSION), "END_SESSION");
	assert_int_equal(sp_admin_send(pair[0], SP_ADMIN_NONE, "", 0), SP_EARG);
	assert_int_equal(sp_admin_send(pair[0], SP_ADMIN_COUNT, "1234", 4), SP_EARG);
}

static void test_bounds(void **state)
{
	union sp_admin_body b;

#define BAD(type, change) \
	do { \
		b = good(SP_ADMIN_##type); \
		change; \
		assert_int_equal(pass(SP_ADMIN_##type, &b), SP_EFIELD); \
	} while (0)
#define TEXT(type, field) \
	do { \
		BAD(type, memset(b.field, 'x', sizeof(b.field))); \
		BAD(type, snprintf(b.field, sizeof(b.field), "%s", "a\nb")); \
		BAD(type, snprintf(b.field, sizeof(b.field), "%s", "\x7f")); \
	} while (0)
	BAD(LIST, b.none.zero = 1);
	BAD(END, b.none.zero = 1);
	BAD(SHOW, b.which.id = 0);
	BAD(END_SESSION, b.end.id = 0);
	TEXT(END_SESSION, end.reason);
	BAD(APPROVE, b.decide.id = 0);
	BAD(APPROVE, b.decide.as[0] = '\0');
	TEXT(APPROVE, decide.as);
	BAD(REFUSE, b.decide.id = 0);
	BAD(REFUSE, b.decide.as[0] = '\0');
	TEXT(REFUSE, decide.as);
	BAD(SESSION, b.session.id = 0);
	BAD(SESSION, b.session.device = 2);
	BAD(SESSION, b.session.resumed = 2);
	TEXT(SESSION, session.state);
	TEXT(SESSION, session.user);
	TEXT(SESSION, session.source);
	TEXT(SESSION, session.interface);
	TEXT(SESSION, session.target);
	TEXT(SESSION, session.rule);
	TEXT(SESSION, session.reason);
	TEXT(SESSION, session.approver);
	BAD(RESULT, b.result.outcome = SP_ADMIN_OUTCOMES);
	TEXT(RESULT, result.text);
#undef TEXT
#undef BAD
}

static void test_not_ours(void **state)
{
	union sp_admin_body b = good(SP_ADMIN_SHOW);
	struct sp_admin_in in;

	assert_int_equal(sp_admin_recv(pair[1], &in), 0);
	for (size_t n = 0; n <= sizeof(b); n++) {
		if (n != sizes[SP_ADMIN_SHOW]) {
			assert_int_equal(
					sp_ipc_send(pair[0], SP_ADMIN_SHOW, &b, n, NULL, 0), SP_OK);
			assert_int_equal(sp_admin_recv(pair[1], &in), SP_EFIELD);
		}
	}
	static const uint32_t types[] = {0, SP_ADMIN_COUNT, UINT32_MAX};
	for (size_t i = 0; i < SP_LEN(types); i++) {
		assert_int_equal(sp_ipc_send(pair[0], types[i], &b, sizes[SP_ADMIN_SHOW], NULL, 0),
				SP_OK);
		assert_int_equal(sp_admin_recv(pair[1], &in), SP_EFIELD);
	}
	/* Descriptors are never wanted. */
	assert_int_equal(sp_ipc_send(pair[0], SP_ADMIN_SHOW, &b, sizes[SP_ADMIN_SHOW], pair, 1),
			SP_OK);
	assert_true(sp_admin_recv(pair[1], &in) < 0);
	assert_int_equal(sp_admin_wait(pair[1], &in, sp_now_us() + 1000), SP_ETIMEOUT);
	assert_int_equal(sp_admin_send(pair[0], SP_ADMIN_SHOW, &b, sizes[SP_ADMIN_SHOW]), SP_OK);
	assert_int_equal(sp_admin_wait(pair[1], &in, sp_now_us() + 1000000), SP_OK);
	shutdown(pair[0], SHUT_RDWR);
	assert_int_equal(sp_admin_recv(pair[1], &in), SP_ECLOSED);
}

static void test_socket(void **state)
{
	char dir[] = "/tmp/sp-test-admin-XXXXXX", path[560], old[512];
	struct stat st;
	int door, again, fd;

	assert_non_null(mkdtemp(dir));
	/* Longer than the address of a socket may be. */
	snprintf(old, sizeof(old), "%s/%0100d", dir, 7);
	assert_int_equal(mkdir(old, 0700), 0);
	snprintf(path, sizeof(path), "%s/" SP_ADMIN_SOCKET, old);
	assert_int_equal(sp_admin_connect("/no/such/place", &fd), SP_ENOTFOUND);
	assert_int_equal(fd, -1);
	assert_int_equal(sp_admin_listen("/no/such/place", &fd), SP_ENOTFOUND);
	assert_int_equal(fd, -1);
	assert_int_equal(sp_admin_connect(old, &fd), SP_ENOTFOUND);
	assert_int_equal(sp_admin_listen(old, &door), SP_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(sp_admin_connect(old, &fd), SP_OK);
	close(fd);
	/* A stale one, and a living one, make room; only the socket stays behind. */
	close(door);
	assert_int_equal(sp_admin_connect(old, &fd), SP_ENOTFOUND);
	assert_int_equal(sp_admin_listen(old, &door), SP_OK);
	assert_int_equal(sp_admin_listen(old, &again), SP_OK);
	assert_int_equal(sp_admin_connect(old, &fd), SP_OK);
	close(fd);
	close(door);
	close(again);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(old), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_all_types, setup, teardown),
			cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
			cmocka_unit_test_setup_teardown(test_not_ours, setup, teardown),
			cmocka_unit_test(test_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
