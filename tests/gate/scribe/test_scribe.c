/* tests/gate/scribe/test_scribe.c - events in, groups on the disk, answers out; and what is refused. */
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/scribe/own.h"
#include "gate/scribe/scribe.h"
#include "host/db/db.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"

#define NS UINT64_C(1000000000)

static char dir[64];
static struct sp_audit_store *st;
static struct sp_loop *loop;
static struct sp_scribe *scribe;
static int keeper[2], parent[2];
static struct sp_audit_now now;
static struct sp_mon_in in;
static int lost_fd, lost_err;

static struct sp_audit_now clock_now(void)
{
	return now;
}

static void lost(void *user, int fd, int err)
{
	lost_fd = fd;
	lost_err = err;
}

static void begin(uint64_t reserve)
{
	struct sp_scribe_conf c = {.loop = loop,
			.store = st,
			.dir = dir,
			.reserve = reserve,
			.parent = parent[1],
			.keeper = keeper[1],
			.now = clock_now,
			.lost = lost};

	scribe = sp_scribe_create(&c);
	assert_non_null(scribe);
}

static int set_up(void **state)
{
	char why[SP_AUDIT_WHY] = "";
	struct sp_audit_found found;

	snprintf(dir, sizeof(dir), "%s/sp-scribe-XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(dir));
	now = (struct sp_audit_now){5 * NS, 20000 * 86400 * NS};
	st = sp_audit_store_open(dir, getenv("SP_TEST_STORE"), now, why);
	assert_string_equal(why, "");
	assert_int_equal(sp_audit_start(st, now, &found), SP_OK);
	loop = sp_loop_create();
	assert_int_equal(sp_ipc_pair(keeper), SP_OK);
	assert_int_equal(sp_ipc_pair(parent), SP_OK);
	lost_fd = lost_err = 0;
	return 0;
}

static int tear_down(void **state)
{
	char name[400];
	const struct dirent *e;

	sp_scribe_destroy(scribe);
	scribe = NULL;
	sp_audit_store_close(st);
	sp_loop_destroy(loop);
	for (int i = 0; i < 2; i++) {
		sp_fd_close(&keeper[i]);
		sp_fd_close(&parent[i]);
	}
	DIR *d = opendir(dir);
	while ((e = readdir(d)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.') {
			unlink(name);
		}
	}
	closedir(d);
	rmdir(dir);
	return 0;
}

static void turn(void)
{
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sp_loop_turn(loop, 0), SP_OK);
	}
}

static void send_audit(int fd, uint64_t ticket, enum sp_audit_kind kind)
{
	static struct sp_msg_audit m;
	struct sp_audit_event e;

	sp_audit_init(&e, kind, SP_OUTCOME_NONE);
	sp_audit_num(&e, SP_F_CONN, ticket);
	memset(&m, 0, sizeof(m));
	m.ticket = ticket;
	m.n = (uint32_t)e.n;
	memcpy(m.event, e.b, e.n);
	assert_int_equal(sp_mon_say(fd, AUDIT, &m), SP_OK);
}

static void hello(int fd, uint8_t id)
{
	struct sp_msg_audit_hello m = {.sender = {id}};

	assert_int_equal(sp_mon_say(fd, AUDIT_HELLO, &m), SP_OK);
}

/* The next answer, which is of this type. */
static void hear(int fd, enum sp_msg type)
{
	assert_int_equal(sp_mon_recv(fd, &in), 1);
	assert_string_equal(sp_msg_name(in.type), sp_msg_name(type));
}

static void hear_audited(int fd, uint64_t ticket, enum sp_audited result)
{
	hear(fd, SP_MSG_AUDITED);
	assert_int_equal(in.body.audited.ticket, ticket);
	assert_int_equal(in.body.audited.result, result);
}

static void hear_mood(enum sp_scribe_mood mood)
{
	hear(keeper[0], SP_MSG_SCRIBE_STATE);
	assert_int_equal(in.body.scribe_state.mood, mood);
}

static void silence(int fd)
{
	assert_int_equal(sp_mon_recv(fd, &in), 0);
}

struct counting {
	uint32_t kind;
	uint64_t n;
	uint64_t last; /* COUNT or SECONDS of the last one */
	char reason[16];
};

static int count_one(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct counting *c = user;

	if (v->kind == c->kind) {
		c->n++;
		c->last = sp_audit_get_num(v, SP_F_COUNT) + sp_audit_get_num(v, SP_F_SECONDS);
		sp_audit_copy(v, SP_F_REASON, c->reason, sizeof(c->reason));
	}
	return SP_OK;
}

static struct counting counted(enum sp_audit_kind kind)
{
	struct counting c = {.kind = kind};

	assert_int_equal(sp_audit_each(st, 1, UINT64_MAX, false, count_one, &c, NULL), SP_OK);
	return c;
}

static void test_group(void **state)
{
	begin(0);
	for (uint64_t t = 1; t <= 10; t++) {
		send_audit(keeper[0], t, SP_AUDIT_AUTH_OK);
	}
	send_audit(parent[0], 0, SP_AUDIT_CONN_OPEN);
	turn();
	/* One answer for all of them; nobody waits for the parent's. */
	hear_audited(keeper[0], 10, SP_AUDITED_OK);
	silence(keeper[0]);
	silence(parent[0]);
	assert_int_equal(sp_scribe_groups(scribe), 1);
	assert_int_equal(sp_scribe_events(scribe), 11);
	/* One commit was timed; the next look finds an empty queue. */
	struct sp_msg_scribe_figures f = {.queue = 0};
	uint64_t n = 0;
	sp_scribe_figures(scribe, &f);
	for (size_t i = 0; i <= SP_TIMES; i++) {
		n += f.commit.n[i];
	}
	assert_int_equal(n, 1);
	assert_true(f.commit.us > 0);
	assert_int_equal(f.queue, 11);
	sp_scribe_figures(scribe, &f);
	assert_int_equal(f.queue, 0);
	assert_int_equal(sp_audit_seq(st), 12);
	assert_int_equal(counted(SP_AUDIT_AUTH_OK).n, 10);
}

static void test_twice_sent_once_kept(void **state)
{
	begin(0);
	hello(keeper[0], 1);
	hello(parent[0], 2);
	turn();
	hear_mood(SP_SCRIBE_WELL);
	hear_audited(keeper[0], 0, SP_AUDITED_OK);
	hear_audited(parent[0], 0, SP_AUDITED_OK);
	for (uint64_t t = 1; t <= 3; t++) {
		send_audit(keeper[0], t, SP_AUDIT_AUTH_OK);
		send_audit(parent[0], t, SP_AUDIT_CONN_OPEN);
	}
	turn();
	hear_audited(keeper[0], 3, SP_AUDITED_OK);
	hear_audited(parent[0], 3, SP_AUDITED_OK);
	/* A new scribe, which is told again what the old one had. */
	sp_scribe_destroy(scribe);
	begin(0);
	hello(keeper[0], 1);
	turn();
	hear_mood(SP_SCRIBE_WELL);
	hear_audited(keeper[0], 3, SP_AUDITED_OK);
	for (uint64_t t = 2; t <= 5; t++) {
		send_audit(keeper[0], t, SP_AUDIT_AUTH_OK);
	}
	turn();
	hear_audited(keeper[0], 5, SP_AUDITED_OK);
	assert_int_equal(counted(SP_AUDIT_AUTH_OK).n, 5);
	assert_int_equal(counted(SP_AUDIT_CONN_OPEN).n, 3);
}

static void test_disk_is_low(void **state)
{
	begin(UINT64_MAX / 4);
	turn();
	hear_mood(SP_SCRIBE_LOW);
	assert_non_null(strstr(in.body.scribe_state.text, "nearly full"));
	/* What lets something begin is refused; what only tells is kept, in the order of asking. */
	send_audit(keeper[0], 1, SP_AUDIT_SESSION_END);
	send_audit(keeper[0], 2, SP_AUDIT_AUTH_OK);
	send_audit(keeper[0], 3, SP_AUDIT_AUTH_FAIL);
	send_audit(keeper[0], 4, SP_AUDIT_AUTH_FAIL);
	turn();
	hear_audited(keeper[0], 1, SP_AUDITED_OK);
	hear_audited(keeper[0], 2, SP_AUDITED_REFUSED);
	assert_non_null(strstr(in.body.audited.text, "nearly full"));
	hear_audited(keeper[0], 4, SP_AUDITED_OK);
	silence(keeper[0]);
	assert_int_equal(counted(SP_AUDIT_AUTH_OK).n, 0);
	assert_int_equal(counted(SP_AUDIT_AUTH_FAIL).n, 2);
	assert_int_equal(counted(SP_AUDIT_DISK_LOW).n, 1);
	assert_int_equal(sp_scribe_mood(scribe), SP_SCRIBE_LOW);
	sp_scribe_set_reserve(scribe, 0);
	turn();
	hear_mood(SP_SCRIBE_WELL);
	assert_int_equal(counted(SP_AUDIT_DISK_LOW).n, 2);
	assert_string_equal(counted(SP_AUDIT_DISK_LOW).reason, "over");
	send_audit(keeper[0], 5, SP_AUDIT_AUTH_OK);
	turn();
	hear_audited(keeper[0], 5, SP_AUDITED_OK);
}

/* Recordings fill it while no event comes. */
static void test_disk_gets_low(void **state)
{
	begin(UINT64_MAX / 4);
	assert_int_equal(sp_scribe_mood(scribe), SP_SCRIBE_WELL);
	assert_int_equal(sp_scribe_look(scribe), SP_SCRIBE_LOW);
	turn();
	assert_int_equal(counted(SP_AUDIT_DISK_LOW).n, 1);
}

static void by_hand(const char *sql)
{
	char file[96], why[SP_DB_WHY];

	snprintf(file, sizeof(file), "%s/" SP_AUDIT_FILE, dir);
	struct sp_db *db = sp_db_open(file, false, why);
	assert_non_null(db);
	assert_int_equal(sp_db_exec(db, sql), SP_OK);
	sp_db_close(db);
}

static void test_store_fails(void **state)
{
	struct sp_chain chain;
	uint8_t root[SP_SIGN_PUBLIC];

	if (getenv("SP_TEST_STORE") != NULL) {
		skip(); /* breaks a table of a file */
	}
	begin(0);
	hello(keeper[0], 1);
	turn();
	hear_mood(SP_SCRIBE_WELL);
	hear_audited(keeper[0], 0, SP_AUDITED_OK);
	by_hand("CREATE TRIGGER no BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'no'); END");
	send_audit(keeper[0], 1, SP_AUDIT_AUTH_OK);
	send_audit(keeper[0], 2, SP_AUDIT_SESSION_END);
	send_audit(parent[0], 0, SP_AUDIT_CONN_OPEN);
	send_audit(parent[0], 0, SP_AUDIT_CONN_OPEN);
	turn();
	hear_mood(SP_SCRIBE_FAILING);
	assert_non_null(strstr(in.body.scribe_state.text, "cannot be written"));
	hear_audited(keeper[0], 1, SP_AUDITED_REFUSED);
	hear_audited(keeper[0], 2, SP_AUDITED_REFUSED);
	assert_int_equal(counted(SP_AUDIT_CONN_OPEN).n, 0);
	by_hand("DROP TRIGGER no");
	send_audit(keeper[0], 3, SP_AUDIT_AUTH_OK);
	turn();
	hear_mood(SP_SCRIBE_WELL);
	hear_audited(keeper[0], 3, SP_AUDITED_OK);
	/* How many are missing is known. */
	assert_int_equal(counted(SP_AUDIT_AUDIT_DROPPED).n, 1);
	assert_int_equal(counted(SP_AUDIT_AUDIT_DROPPED).last, 2);
	assert_int_equal(counted(SP_AUDIT_AUTH_OK).n, 1);
	assert_int_equal(sp_audit_first(dir, root), SP_OK);
	assert_int_equal(sp_audit_verify(st, root, 0, NULL, &chain), SP_OK);
}

static void tell(enum sp_audit_kind kind)
{
	struct sp_audit_event e;

	sp_audit_init(&e, kind, SP_OUTCOME_FAILED);
	sp_scribe_tell(scribe, &e);
}

static void test_own_wait_for_the_disk(void **state)
{
	if (getenv("SP_TEST_STORE") != NULL) {
		skip(); /* breaks a table of a file */
	}
	begin(0);
	turn();
	/* The records go in, and the end of the group does not. */
	by_hand("CREATE TRIGGER no BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'no'); END");
	tell(SP_AUDIT_RECORD_GAP);
	turn();
	hear_mood(SP_SCRIBE_FAILING);
	assert_int_equal(counted(SP_AUDIT_RECORD_GAP).n, 0);
	by_hand("DROP TRIGGER no");
	send_audit(keeper[0], 1, SP_AUDIT_AUTH_OK);
	turn();
	hear_mood(SP_SCRIBE_WELL);
	hear_audited(keeper[0], 1, SP_AUDITED_OK);
	turn();
	assert_int_equal(counted(SP_AUDIT_RECORD_GAP).n, 1);
	turn();
	assert_int_equal(counted(SP_AUDIT_RECORD_GAP).n, 1);
}

/* All recordings end at once when the disk is nearly full. */
static void test_many_own(void **state)
{
	begin(0);
	turn();
	for (int i = 0; i < 2000; i++) {
		tell(SP_AUDIT_RECORD_GAP);
	}
	turn();
	assert_int_equal(counted(SP_AUDIT_RECORD_GAP).n, 2000);
	assert_int_equal(counted(SP_AUDIT_AUDIT_DROPPED).n, 0);
	/* What is lost all the same is known to be. */
	for (int i = 0; i < SP_OWN_MAX + 5; i++) {
		tell(SP_AUDIT_RECORD_GAP);
	}
	turn();
	turn();
	assert_int_equal(counted(SP_AUDIT_RECORD_GAP).n, 2000 + SP_OWN_MAX);
	assert_int_equal(counted(SP_AUDIT_AUDIT_DROPPED).n, 1);
	assert_int_equal(counted(SP_AUDIT_AUDIT_DROPPED).last, 5);
}

static void test_clock_steps(void **state)
{
	begin(0);
	turn();
	now.wall_ns += 100 * NS;
	now.mono_ns += 100 * NS;
	sp_scribe_turn(scribe);
	turn();
	assert_int_equal(counted(SP_AUDIT_CLOCK_STEP).n, 0);
	now.wall_ns += 3 * NS;
	sp_scribe_turn(scribe);
	turn();
	assert_int_equal(counted(SP_AUDIT_CLOCK_STEP).n, 1);
	assert_int_equal(counted(SP_AUDIT_CLOCK_STEP).last, 3);
	assert_string_equal(counted(SP_AUDIT_CLOCK_STEP).reason, "forward");
	now.wall_ns -= 3600 * NS;
	sp_scribe_turn(scribe);
	turn();
	assert_int_equal(counted(SP_AUDIT_CLOCK_STEP).n, 2);
	assert_int_equal(counted(SP_AUDIT_CLOCK_STEP).last, 3600);
	assert_string_equal(counted(SP_AUDIT_CLOCK_STEP).reason, "back");
	/* Slow corrections are none. */
	for (int i = 0; i < 10; i++) {
		now.wall_ns += NS;
		sp_scribe_turn(scribe);
	}
	turn();
	assert_int_equal(counted(SP_AUDIT_CLOCK_STEP).n, 2);
	/* While nobody looked. */
	struct sp_audit_found found = {.last = {now.mono_ns, now.wall_ns}, .same_boot = true};
	now.wall_ns += 60 * NS;
	sp_scribe_found(scribe, &found);
	sp_scribe_turn(scribe);
	turn();
	assert_int_equal(counted(SP_AUDIT_CLOCK_STEP).n, 3);
	found = (struct sp_audit_found){.last = {1, now.wall_ns + 7 * NS}};
	sp_scribe_found(scribe, &found);
	turn();
	assert_int_equal(counted(SP_AUDIT_CLOCK_STEP).n, 4);
}

static uint64_t seen[64];
static size_t n_seen;

static void kept(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct sp_audit_event e;

	assert_true(n_seen < SP_LEN(seen));
	seen[n_seen++] = r->seq;
	if (v->kind == SP_AUDIT_AUTH_FAIL) {
		/* Whoever waits has heard by now. */
		hear_audited(keeper[0], 1, SP_AUDITED_OK);
		sp_audit_init(&e, SP_AUDIT_ALERT, SP_OUTCOME_NONE);
		sp_scribe_tell(scribe, &e);
	}
}

static void test_follower(void **state)
{
	struct sp_audit_event e;

	begin(0);
	turn();
	n_seen = 0;
	sp_scribe_follow(scribe, &(struct sp_scribe_follower){.kept = kept});
	send_audit(keeper[0], 1, SP_AUDIT_AUTH_FAIL);
	turn();
	/* The event and then the alert about it. */
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[1], 3);
	assert_int_equal(counted(SP_AUDIT_ALERT).n, 1);
	/* What a command wrote meanwhile is among it. */
	char why[SP_AUDIT_WHY];
	struct sp_audit_store *command =
			sp_audit_store_open(dir, getenv("SP_TEST_STORE"), now, why);
	sp_audit_init(&e, SP_AUDIT_ADMIN_CHANGE, SP_OUTCOME_OK);
	assert_int_equal(sp_audit_note(command, &e, now), SP_OK);
	sp_audit_store_close(command);
	send_audit(parent[0], 0, SP_AUDIT_CONN_OPEN);
	turn();
	assert_int_equal(n_seen, 4);
	assert_int_equal(seen[3], 5);
}

static void test_more_than_a_group(void **state)
{
	begin(0);
	assert_int_equal(sp_fd_nonblock(keeper[0], true), SP_OK);
	uint64_t sent = 0, done = 0;
	while (done < 1500) {
		static struct sp_msg_audit m;
		struct sp_audit_event e;

		sp_audit_init(&e, SP_AUDIT_CONN_CLOSE, SP_OUTCOME_NONE);
		m.n = (uint32_t)e.n;
		memcpy(m.event, e.b, e.n);
		while (sent < 1500) {
			m.ticket = sent + 1;
			if (sp_mon_say(keeper[0], AUDIT, &m) != SP_OK) {
				break;
			}
			sent++;
		}
		assert_int_equal(sp_loop_turn(loop, 0), SP_OK);
		while (sp_mon_recv(keeper[0], &in) == 1) {
			assert_int_equal(in.body.audited.result, SP_AUDITED_OK);
			assert_true(done < in.body.audited.ticket);
			done = in.body.audited.ticket;
		}
	}
	assert_int_equal(counted(SP_AUDIT_CONN_CLOSE).n, 1500);
	assert_int_equal(counted(SP_AUDIT_AUDIT_CHECKPOINT).n, 2);
}

static void test_who_says_what(void **state)
{
	begin(0);
	send_audit(keeper[0], 1, SP_AUDIT_AUTH_OK);
	assert_int_equal(sp_mon_say(keeper[0], RELOAD, &(struct sp_msg_none){0}), SP_OK);
	turn();
	/* What came before it is kept, and acknowledged to nobody: the link is no more. */
	assert_int_equal(lost_fd, keeper[1]);
	assert_int_equal(lost_err, SP_EDENIED);
	assert_int_equal(counted(SP_AUDIT_AUTH_OK).n, 1);
	sp_fd_close(&parent[0]);
	turn();
	assert_int_equal(lost_fd, parent[1]);
	assert_int_equal(lost_err, SP_ECLOSED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
			T(test_group),
			T(test_twice_sent_once_kept),
			T(test_disk_is_low),
			T(test_disk_gets_low),
			T(test_store_fails),
			T(test_own_wait_for_the_disk),
			T(test_many_own),
			T(test_clock_steps),
			T(test_follower),
			T(test_more_than_a_group),
			T(test_who_says_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
