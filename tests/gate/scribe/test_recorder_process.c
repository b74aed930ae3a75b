/* tests/gate/scribe/test_recorder_process.c - the real sp-recorder: in order, left alone, killed. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/audit/rec_read.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"

#define KILLED 6

struct run {
	pid_t pid;
	int stream, scribe, parent, file;
	uint64_t kill_us;
};

static struct sp_rec_key key;
static char program[512];

static bool readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static void head(struct run *r, struct sp_msg_record_head *out)
{
	static struct sp_mon_in in;

	assert_true(readable(r->scribe, 15000));
	assert_int_equal(sp_mon_recv(r->scribe, &in), 1);
	assert_int_equal(in.type, SP_MSG_RECORD_HEAD);
	*out = in.body.record_head;
	sp_mon_in_finish(&in);
}

static void start(struct run *r)
{
	char path[] = "/tmp/sp-test-recorder-XXXXXX", why[SP_WHY_MAX];
	const char *argv[] = {"sp-recorder", NULL};
	struct sp_msg_record_begin begin = {
			.host = "gate", .of = {.user = "grete", .n_auditors = 1}};
	struct sp_msg_record_head first;
	static struct sp_mon_in in;
	int stream[2], scribe[2], parent[2];

	close(mkstemp(path));
	r->file = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	unlink(path);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
	assert_int_equal(sp_ipc_pair(scribe), SP_OK);
	assert_int_equal(sp_ipc_pair(parent), SP_OK);
	struct sp_proc_spec spec = {.path = program,
			.argv = argv,
			.own_output = true,
			.fds = (int[]){stream[1], r->file, scribe[1], parent[1]},
			.nfds = 4,
			.death_signal = SIGKILL};
	assert_int_equal(sp_proc_start(&spec, &r->pid, why), SP_OK);
	close(stream[1]);
	close(scribe[1]);
	close(parent[1]);
	r->stream = stream[0];
	r->scribe = scribe[0];
	r->parent = parent[0];
	assert_true(readable(r->scribe, 10000));
	assert_int_equal(sp_mon_recv(r->scribe, &in), 1);
	assert_int_equal(in.type, SP_MSG_RECORD_READY);
	sp_mon_in_finish(&in);
	snprintf(begin.id, sizeof(begin.id), "%026d", (int)r->pid);
	memcpy(begin.of.auditor[0], key.pk, sizeof(key.pk));
	assert_int_equal(sp_mon_say(r->scribe, RECORD_BEGIN, &begin), SP_OK);
	head(r, &first);
	assert_int_equal(first.segments, 1);
	assert_int_equal(first.end, 0);
}

static int finish(struct run *r)
{
	int status;

	close(r->stream);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	close(r->scribe);
	close(r->parent);
	return status;
}

/* The time it is now, as a frame; false when nobody takes it any more. */
static bool say_time(struct run *r, uint32_t kind)
{
	uint8_t mem[SP_REC_STREAM_HEAD + 8] = {(uint8_t)kind, 0, 0, 0, 8};
	uint64_t now = sp_now_us();

	memcpy(mem + SP_REC_STREAM_HEAD, &now, sizeof(now));
	return send(r->stream, mem, sizeof(mem), MSG_NOSIGNAL) == sizeof(mem);
}

static struct sp_rec_reader *reader(struct run *r)
{
	struct sp_rec_reader *reader;
	char why[SP_REC_WHY];

	assert_int_equal(sp_rec_reader_open(&reader, r->file, &key, why), SP_OK);
	return reader;
}

static void in_order(void **state)
{
	struct sp_msg_record_head last;
	struct sp_rec_frame f;
	struct sp_rec_reader *rd;
	uint8_t hash[SP_REC_HASH];
	struct run r;
	int n = 0;

	start(&r);
	assert_true(say_time(&r, SP_REC_MARK));
	uint8_t end[SP_REC_STREAM_HEAD + 6] = {SP_REC_END, 0, 0, 0, 6};
	assert_int_equal(send(r.stream, end, sizeof(end), 0), sizeof(end));
	shutdown(r.stream, SHUT_WR);
	head(&r, &last);
	assert_int_equal(last.end, 1);
	assert_int_equal(last.result, SP_RECORD_OK);
	assert_int_equal(finish(&r), 0);
	rd = reader(&r);
	while (sp_rec_reader_next(rd, &f) > 0) {
		n++;
	}
	assert_int_equal(n, 3);
	assert_int_equal(sp_rec_reader_state(rd), SP_REC_WHOLE);
	assert_int_equal(sp_rec_reader_segments(rd), last.segments);
	assert_int_equal(sp_rec_reader_chain(rd, last.segments, hash), SP_OK);
	assert_memory_equal(hash, last.hash, sizeof(hash));
	assert_true(lseek(r.file, 0, SEEK_END) == (off_t)last.bytes);
	sp_rec_reader_destroy(rd);
	close(r.file);
}

/* Frames until it ends; what it says of that. */
static void broken(struct run *r, const char *text)
{
	struct sp_msg_record_head last;
	struct sp_rec_frame f;
	struct sp_rec_end e = {0};

	head(r, &last);
	assert_int_equal(last.end, 1);
	assert_int_equal(last.result, SP_RECORD_FAILED);
	assert_string_equal(last.text, text);
	assert_int_equal(WEXITSTATUS(finish(r)), 1);
	struct sp_rec_reader *rd = reader(r);
	while (sp_rec_reader_next(rd, &f) > 0) {
		if (f.kind == SP_REC_END) {
			assert_int_equal(sp_rec_end_read(f.data, &e), SP_OK);
		}
	}
	assert_int_equal(sp_rec_reader_state(rd), SP_REC_WHOLE);
	assert_true(e.why == SP_REC_WHY_LOST);
	assert_string_equal(e.text, text);
	sp_rec_reader_destroy(rd);
	close(r->file);
}

static void the_session_is_gone(void **state)
{
	struct run r;

	start(&r);
	assert_true(say_time(&r, SP_REC_MARK));
	shutdown(r.stream, SHUT_WR);
	broken(&r, "the session's process is gone");
}

static void the_session_says_what_is_no_frame(void **state)
{
	struct run r;

	start(&r);
	assert_int_equal(send(r.stream, "GET / HTTP/1.1\r\n", 16, 0), 16);
	broken(&r, "what the session says: field out of range");
}

/* What is in it, which is whole. */
static void assert_frames(struct run *r, int want)
{
	struct sp_rec_reader *rd = reader(r);
	struct sp_rec_frame f;
	int n = 0;

	while (sp_rec_reader_next(rd, &f) > 0) {
		n++;
	}
	assert_int_equal(n, want);
	assert_int_equal(sp_rec_reader_state(rd), SP_REC_WHOLE);
	sp_rec_reader_destroy(rd);
	close(r->file);
}

/* What came before is in it, and the reason. */
static void it_is_stopped(void **state)
{
	struct sp_msg_record_stop m = {.text = "the disk is nearly full"};
	struct run r;
	char path[64];

	start(&r);
	for (int i = 0; i < 300; i++) {
		assert_true(say_time(&r, SP_REC_MARK));
	}
	assert_int_equal(sp_mon_say(r.scribe, RECORD_STOP, &m), SP_OK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r.file);
	int again = open(path, O_RDWR | O_CLOEXEC);
	broken(&r, m.text);
	r.file = again;
	assert_frames(&r, 302);
}

static void everybody_is_gone(void **state)
{
	struct run r;

	start(&r);
	assert_true(say_time(&r, SP_REC_MARK));
	usleep(1500000); /* a segment does not wait longer than a second */
	shutdown(r.parent, SHUT_RDWR);
	shutdown(r.scribe, SHUT_RDWR);
	assert_int_equal(WEXITSTATUS(finish(&r)), 1);
	assert_frames(&r, 3);
}

/* It stands still until the parent brings another scribe, and nothing is lost. */
static void another_scribe(void **state)
{
	struct sp_msg_record_head m, last;
	struct sp_msg_none none = {0};
	struct run r;
	int link[2];

	start(&r);
	assert_true(say_time(&r, SP_REC_MARK));
	close(r.scribe);
	usleep(1300000);
	off_t size = lseek(r.file, 0, SEEK_END);
	for (int i = 0; i < 100; i++) {
		assert_true(say_time(&r, SP_REC_MARK));
	}
	uint8_t end[SP_REC_STREAM_HEAD + 6] = {SP_REC_END, 0, 0, 0, 6};
	assert_int_equal(send(r.stream, end, sizeof(end), 0), sizeof(end));
	shutdown(r.stream, SHUT_WR);
	usleep(1300000);
	assert_true(lseek(r.file, 0, SEEK_END) == size);
	for (int i = 0; i < 2; i++) {
		/* One that is closed already, then one that stays. */
		assert_int_equal(sp_ipc_pair(link), SP_OK);
		if (i == 0) {
			close(link[0]);
		}
		assert_int_equal(sp_mon_send(r.parent, SP_MSG_RECORDER_LINK, &none, sizeof(none),
						 &link[1], 1),
				SP_OK);
		close(link[1]);
	}
	r.scribe = link[0];
	head(&r, &m);
	assert_int_equal(m.end, 0);
	assert_true((off_t)m.bytes == size);
	head(&r, &last);
	assert_int_equal(last.end, 1);
	assert_int_equal(last.result, SP_RECORD_OK);
	assert_true(m.segments < last.segments);
	assert_int_equal(finish(&r), 0);
	assert_frames(&r, 103);
}

/* Several at once, since most of it is waiting. */
static void killed_at_any_moment(void **state)
{
	struct run r[KILLED], alone;
	uint64_t begun = sp_now_us();
	size_t living = KILLED;

	/* And one that waits for another scribe in vain. */
	start(&alone);
	assert_true(say_time(&alone, SP_REC_MARK));
	usleep(1300000);
	uint64_t left = sp_now_us();
	shutdown(alone.scribe, SHUT_RDWR);
	srand((unsigned)begun);
	for (size_t i = 0; i < KILLED; i++) {
		start(&r[i]);
		r[i].kill_us = sp_now_us() + 1500000 + (uint64_t)rand() % 2000000;
	}
	while (living > 0) {
		usleep(10000);
		for (size_t i = 0; i < KILLED; i++) {
			uint64_t now = sp_now_us();

			if (r[i].pid == 0) {
				continue;
			}
			assert_true(say_time(&r[i], SP_REC_MARK));
			if (now >= r[i].kill_us) {
				kill(r[i].pid, SIGKILL);
				finish(&r[i]);
				r[i].pid = 0;
				r[i].kill_us = now;
				living--;
			}
		}
	}
	for (size_t i = 0; i < KILLED; i++) {
		struct sp_rec_reader *rd = reader(&r[i]);
		struct sp_rec_frame f;
		uint64_t said = 0, frames = 0;

		int rc;
		while ((rc = sp_rec_reader_next(rd, &f)) > 0) {
			if (f.kind == SP_REC_MARK) {
				assert_int_equal(f.data.n, sizeof(said));
				memcpy(&said, f.data.p, sizeof(said));
				frames++;
			}
		}
		assert_int_equal(rc, 0);
		assert_true(frames > 0);
		assert_true(r[i].kill_us - said < 2000000);
		assert_true(sp_rec_reader_state(rd) == SP_REC_GROWING ||
				sp_rec_reader_state(rd) == SP_REC_TORN);
		sp_rec_reader_destroy(rd);
		close(r[i].file);
	}
	int status;
	assert_int_equal(waitpid(alone.pid, &status, 0), alone.pid);
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_true(sp_now_us() - left >= 5000000);
	assert_false(say_time(&alone, SP_REC_MARK));
	assert_frames(&alone, 3);
}

static int setup(void **state)
{
	const char *build = getenv("SP_BUILD");

	snprintf(program, sizeof(program), "%s/sp-recorder", build ? build : "build");
	return sp_rec_key_make(&key) == SP_OK ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(in_order),
			cmocka_unit_test(the_session_is_gone),
			cmocka_unit_test(the_session_says_what_is_no_frame),
			cmocka_unit_test(it_is_stopped),
			cmocka_unit_test(everybody_is_gone),
			cmocka_unit_test(another_scribe),
			cmocka_unit_test(killed_at_any_moment),
	};

	return cmocka_run_group_tests_name("recorder_process", tests, setup, NULL);
}
