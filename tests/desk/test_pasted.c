/* tests/desk/test_pasted.c - the mount of a client's files, with clients that answer badly. */
#include "desk/session/pasted.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/chan/clip_files.h"
#include "desk.h"
#include "desk/session/child.h"
#include "host/io/fdio.h"
#include "unit.h"

#define WAIT_MS 5000
#define SIZE 300000u
#define MAX_ASKED 256

static struct sp_loop *loop;
static struct sp_pasted *p;
static char dir[64];

/* The client, as the mount sees it. */
static struct {
	struct {
		uint32_t request, lock, index, n;
		uint64_t position;
		bool size;
	} asked[MAX_ASKED];
	size_t n, answered;
	uint32_t unlocked[32];
	size_t n_unlocked;
	int refuse; /* asking fails with it */
} client;

static int ask_range(void *user, uint32_t lock, uint32_t index, uint64_t position, uint32_t n,
		uint32_t *request)
{
	(void)user;
	if (client.refuse) {
		return client.refuse;
	}
	assert_true(client.n < MAX_ASKED);
	client.asked[client.n].lock = lock;
	client.asked[client.n].index = index;
	client.asked[client.n].n = n;
	client.asked[client.n].position = position;
	client.asked[client.n].size = false;
	*request = client.asked[client.n].request = (uint32_t)client.n + 100;
	client.n++;
	return SP_OK;
}

static int ask_size(void *user, uint32_t lock, uint32_t index, uint32_t *request)
{
	int rc = ask_range(user, lock, index, 0, 8, request);

	client.asked[client.n - 1].size = true;
	return rc;
}

static void unlock(void *user, uint32_t lock)
{
	(void)user;
	client.unlocked[client.n_unlocked++] = lock;
}

static uint64_t read_us;

static int setup(void **state)
{
	static const struct sp_pasted_calls calls = {
			.ask_range = ask_range, .ask_size = ask_size, .unlock = unlock};
	char why[SP_WHY_MAX] = "";

	(void)state;
	memset(&client, 0, sizeof(client));
	desk_dir(dir);
	loop = sp_loop_create();
	struct sp_pasted_conf conf = {.loop = loop,
			.base = dir,
			.keep_us = 300000,
			.read_us = read_us,
			.calls = &calls};
	int rc = sp_pasted_create(&conf, &p, why);
	if (rc != SP_OK) {
		print_message("%s\n", why);
		p = NULL;
	}
	return 0;
}

static int setup_hasty(void **state)
{
	read_us = 200000;
	int rc = setup(state);
	read_us = 0;
	return rc;
}

static int teardown(void **state)
{
	(void)state;
	sp_pasted_destroy(p);
	p = NULL;
	sp_loop_destroy(loop);
	desk_remove(dir);
	return 0;
}

#define UNTIL(cond) \
	do { \
		uint64_t until_end = desk_now() + WAIT_MS; \
		while (!(cond)) { \
			assert_true(desk_now() < until_end); \
			assert_int_equal(sp_loop_turn(loop, 2000), SP_OK); \
		} \
	} while (0)

static void turns(unsigned ms)
{
	for (uint64_t end = desk_now() + ms; desk_now() < end;) {
		assert_int_equal(sp_loop_turn(loop, 2000), SP_OK);
	}
}

/* A list of n files of SIZE bytes, "0" and so on; their size is not told where sized is false. */
static void add(unsigned n, bool sized, uint32_t lock)
{
	struct sp_wr w;

	if (!p) {
		skip();
	}
	sp_wr_init(&w, 1 << 20);
	size_t mark = sp_clip_files_begin(&w);
	for (unsigned i = 0; i < n; i++) {
		struct sp_clip_file f = {.has_size = sized, .size = sized ? SIZE : 0};

		snprintf(f.name, sizeof(f.name), "%u", i);
		assert_int_equal(sp_clip_file_write(&w, &f), SP_NAME_FINE);
	}
	sp_clip_files_end(&w, mark);
	assert_int_equal(sp_pasted_add(p, sp_span(w.p, w.n), lock), SP_OK);
	sp_wr_finish(&w);
}

static struct sp_child shell(const char *script)
{
	struct sp_child child;
	char line[400];
	const char *argv[] = {"sh", "-c", line, NULL};
	struct sp_child_opts opts = {
			.path = "/bin/sh", .argv = argv, .pass_fd = -1, .die_with_us = true};

	snprintf(line, sizeof(line), "cd %s/sallyport/clipboard && %s", dir, script);
	assert_int_equal(sp_child_start(&opts, &child), SP_OK);
	return child;
}

static int finish(struct sp_child *child)
{
	UNTIL(!sp_child_alive(child));
	int status = child->status;

	sp_child_end(child, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static uint8_t byte_at(uint64_t position)
{
	return (uint8_t)("0123456789abcdef"[position % 16]);
}

/* Answers what was asked and is not answered yet, at most so much at once. */
static void answer(size_t most)
{
	static uint8_t bytes[1 << 20];

	for (; client.answered < client.n; client.answered++) {
		size_t i = client.answered;

		if (client.asked[i].size) {
			sp_pasted_answer_size(p, client.asked[i].request, SP_OK, SIZE);
			continue;
		}
		size_t n = client.asked[i].n < most ? client.asked[i].n : most;
		for (size_t j = 0; j < n; j++) {
			bytes[j] = byte_at(client.asked[i].position + j);
		}
		/* Which may ask for more at once. */
		uint32_t request = client.asked[i].request;
		sp_pasted_answer(p, request, SP_OK, sp_span(bytes, n));
		sp_pasted_answer(p, request, SP_OK, sp_span(bytes, n));
	}
}

static int finish_answering(struct sp_child *child, size_t most)
{
	uint64_t end = desk_now() + WAIT_MS;

	while (sp_child_alive(child)) {
		assert_true(desk_now() < end);
		assert_int_equal(sp_loop_turn(loop, 2000), SP_OK);
		answer(most);
	}
	return finish(child);
}

/* In pieces smaller than asked for, each answer twice: the file is whole all the same. */
static void test_read(void **state)
{
	(void)state;
	add(2, true, 7);
	struct sp_child child = shell("test \"$(ls 1 | tr '\\n' ' ')\" = '0 1 ' && "
				      "test $(stat -c %s 1/1) = 300000 && "
				      "test $(tr -d 0-9a-f < 1/1 | wc -c) = 0 && "
				      "test \"$(tail -c 16 1/1)\" = 0123456789abcdef");
	assert_int_equal(finish_answering(&child, 5000), 0);
	assert_int_equal(client.asked[0].lock, 7);
	assert_int_equal(client.asked[0].index, 1);
}

/* The size is asked for when somebody looks. */
static void test_unknown_size(void **state)
{
	(void)state;
	add(1, false, 7);
	struct sp_child child = shell(
			"test $(stat -c %s 1/0) = 300000 && cat 1/0 | wc -c | grep -qx 300000");
	assert_int_equal(finish_answering(&child, SIZE), 0);
	assert_true(client.asked[0].size);
	add(1, false, 8);
	child = shell("stat 2/0");
	UNTIL(client.n > client.answered);
	sp_pasted_answer_size(p, client.asked[client.answered++].request, SP_OK, UINT64_MAX);
	assert_int_not_equal(finish(&child), 0);
}

/* Nothing, too much, a refusal, an answer to something else: an error, never wrong bytes. */
static void test_bad_answers(void **state)
{
	static uint8_t much[2 << 20];
	struct sp_span what[] = {{much, 0}, {much, sizeof(much)}, {NULL, 0}, {much, 100}};

	(void)state;
	add(8, true, 7);
	for (unsigned i = 0; i < SP_LEN(what); i++) {
		char script[40];

		snprintf(script, sizeof(script), "exec 2>/dev/null; cat 1/%u", i);
		struct sp_child child = shell(script);
		UNTIL(client.n > client.answered);
		uint32_t request = client.asked[client.answered].request;
		sp_pasted_answer(p, request + 50, SP_OK, sp_span(much, 10));
		sp_pasted_answer_size(p, request, SP_OK, 5);
		turns(10);
		assert_true(sp_child_alive(&child));
		for (uint64_t end = desk_now() + WAIT_MS; sp_child_alive(&child); turns(5)) {
			assert_true(desk_now() < end);
			if (client.answered == client.n) {
				continue;
			}
			request = client.asked[client.answered++].request;
			sp_pasted_answer(p, request, i == 2 ? SP_EDENIED : SP_OK, what[i]);
			if (i == 3 && client.answered < client.n) {
				sp_pasted_answer(p, client.asked[client.answered].request, SP_OK,
						sp_span(much, 0));
			}
		}
		assert_int_not_equal(finish(&child), 0);
	}
	client.refuse = SP_ELIMIT;
	struct sp_child child = shell("exec 2>/dev/null; cat 1/7");
	assert_int_not_equal(finish(&child), 0);
}

/* A byte now and then, for ever: the program does not wait that long. */
static void test_trickle(void **state)
{
	(void)state;
	add(1, true, 7);
	struct sp_child child = shell("exec 2>/dev/null; cat 1/0");
	for (uint64_t end = desk_now() + WAIT_MS; sp_child_alive(&child);) {
		assert_true(desk_now() < end);
		turns(30);
		if (client.n > client.answered) {
			sp_pasted_answer(p, client.asked[client.answered++].request, SP_OK,
					sp_span((const uint8_t *)"x", 1));
		}
	}
	assert_int_not_equal(finish(&child), 0);
	assert_true(client.n < 100);
}

/* More readers than there are questions at a time: all get their bytes. */
static void test_many(void **state)
{
	(void)state;
	add(64, true, 7);
	struct sp_child child = shell(
			"for i in $(seq 0 63); do cat 1/$i > /dev/null & "
			"pids=\"$pids $!\"; done; for p in $pids; do wait $p || exit 1; done");
	UNTIL(client.n >= SP_PASTED_FLYING);
	turns(100);
	assert_true(client.n < SP_PASTED_FLYING + 32);
	assert_int_equal(finish_answering(&child, 1 << 20), 0);
}

/* A list that is not the clipboard's any more goes when nobody has used it for a while. */
static void test_lists(void **state)
{
	struct sp_wr w;

	(void)state;
	add(1, true, 7);
	add(1, true, 0);
	struct sp_child child = shell("exec 3< 1/0; test -e 2/0 && sleep 0.7; test -e 1/0");
	assert_int_equal(finish(&child), 0);
	assert_int_equal(client.n_unlocked, 0);
	UNTIL(client.n_unlocked == 1);
	assert_int_equal(client.unlocked[0], 7);
	sp_wr_init(&w, 1000);
	assert_int_equal(sp_pasted_uris(p, SP_URILIST_PLAIN, &w), SP_OK);
	sp_wr_finish(&w);
	/* Without a lock it ends with the next clipboard. */
	child = shell("exec 2>/dev/null; cat 2/0");
	UNTIL(client.n > client.answered);
	sp_pasted_retire(p);
	assert_false(sp_pasted_has_list(p));
	assert_int_not_equal(finish(&child), 0);
	assert_int_equal(sp_pasted_uris(p, SP_URILIST_PLAIN, &w), SP_ENOTFOUND);
	client.answered = client.n;
	for (unsigned i = 0; i < 2 * SP_PASTED_LISTS; i++) {
		add(1, true, 100 + i);
	}
	assert_true(client.n_unlocked >= SP_PASTED_LISTS);
	child = shell("exec 2>/dev/null; cat $(ls | tail -n 1)/0");
	UNTIL(client.n > client.answered);
	sp_pasted_stop(p);
	assert_int_not_equal(finish(&child), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_read, setup, teardown),
			cmocka_unit_test_setup_teardown(test_unknown_size, setup, teardown),
			cmocka_unit_test_setup_teardown(test_bad_answers, setup, teardown),
			cmocka_unit_test_setup_teardown(test_trickle, setup_hasty, teardown),
			cmocka_unit_test_setup_teardown(test_many, setup, teardown),
			cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
