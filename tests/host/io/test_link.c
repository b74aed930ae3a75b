/* tests/host/io/test_link.c - streams over real socket pairs: order, back-pressure, endings. */
#include "host/io/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "unit.h"

struct side {
	struct sp_link *k;
	struct side *other;
	size_t got, rooms, closes;
	uint8_t next; /* what the next byte must be */
	bool wrong, destroy_on_bytes, stop_other;
	int err;
};

static struct sp_loop *l;
static struct side a, b;

static void on_bytes(void *user, const uint8_t *p, size_t n)
{
	struct side *s = user;

	assert_true(n > 0 && n <= 65536);
	for (size_t i = 0; i < n; i++) {
		s->wrong = s->wrong || p[i] != s->next++;
	}
	s->got += n;
	if (s->destroy_on_bytes) {
		sp_link_destroy(s->k);
		s->k = NULL;
	}
}

static void on_room(void *user)
{
	((struct side *)user)->rooms++;
}

static void on_closed(void *user, int err)
{
	struct side *s = user;

	s->closes++;
	s->err = err;
	if (s->stop_other && s->other->k) {
		sp_link_destroy(s->other->k);
		s->other->k = NULL;
	}
	sp_link_destroy(s->k);
	s->k = NULL;
}

static const struct sp_link_calls calls = {.bytes = on_bytes, .room = on_room, .closed = on_closed};

static int setup(void **state)
{
	int fds[2];

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	l = sp_loop_create();
	if (!l || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		return -1;
	}
	a.k = sp_link_create(l, fds[0], &calls, &a);
	b.k = sp_link_create(l, fds[1], &calls, &b);
	a.other = &b;
	b.other = &a;
	return a.k && b.k ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	sp_link_destroy(a.k);
	sp_link_destroy(b.k);
	sp_loop_destroy(l);
	return 0;
}

static void turns(int n)
{
	while (n-- > 0) {
		assert_int_equal(sp_loop_turn(l, 1000), SP_OK);
	}
}

static uint8_t counter;

/* Queues n bytes that count on from the last ones. */
static void queue(struct sp_link *k, size_t n)
{
	struct sp_rcbuf *r = sp_rcbuf_create(n);

	assert_non_null(r);
	for (size_t i = 0; i < n; i++) {
		r->p[i] = counter++;
	}
	sp_link_send(k, r);
}

static void test_order_and_totals(void **state)
{
	size_t total = 0;

	(void)state;
	counter = 0;
	for (size_t n = 1; n < 3000; n += 7) {
		queue(a.k, n);
		total += n;
	}
	assert_int_equal(sp_link_queued(a.k), total);
	turns(40);
	assert_int_equal(b.got, total);
	assert_false(b.wrong);
	assert_int_equal(sp_link_queued(a.k), 0);
	assert_int_equal(sp_link_bytes_out(a.k), total);
	assert_int_equal(sp_link_bytes_in(b.k), total);
	sp_link_send(a.k, NULL);
	assert_int_equal(sp_link_send_copy(a.k, "", 0), SP_OK);
	turns(2);
	assert_int_equal(b.got, total);
}

static void test_back_pressure(void **state)
{
	size_t total = 0;

	(void)state;
	counter = 0;
	sp_link_pause(b.k, true);
	while (total < 4 * 1024 * 1024) {
		queue(a.k, 10000);
		total += 10000;
	}
	turns(5);
	assert_true(sp_link_full(a.k));
	assert_int_equal(a.rooms, 0);
	assert_int_equal(b.got, 0);
	sp_link_pause(b.k, false);
	turns(400);
	assert_int_equal(b.got, total);
	assert_false(b.wrong);
	assert_false(sp_link_full(a.k));
	assert_int_equal(a.rooms, 1);
}

static void test_end_in_order(void **state)
{
	(void)state;
	counter = 0;
	queue(a.k, 100000);
	sp_link_end(a.k);
	queue(a.k, 5); /* too late, dropped */
	turns(10);
	assert_int_equal(b.got, 100000);
	assert_int_equal(b.closes, 1);
	assert_int_equal(b.err, SP_ECLOSED);
	/* b was destroyed in its callback; that is the end a waited for. */
	turns(3);
	assert_int_equal(a.closes, 1);
	assert_int_equal(a.err, SP_OK);
	assert_null(a.k);
}

static void test_end_lingers_for_one_that_talks(void **state)
{
	(void)state;
	queue(b.k, 1000); /* what a will not read any more must not reset its last words */
	queue(a.k, 10);
	sp_link_end(a.k);
	sp_link_pause(b.k, true);
	turns(5);
	assert_int_equal(a.closes, 0);
	sp_link_pause(b.k, false);
	turns(5);
	assert_int_equal(b.got, 10);
	assert_int_equal(a.got, 0);
	assert_int_equal(a.err, SP_OK);
}

static void test_last_words_of_the_gone(void **state)
{
	(void)state;
	counter = 0;
	queue(b.k, 1000);
	sp_link_flush(b.k);
	sp_link_destroy(b.k);
	b.k = NULL;
	/* a finds out by writing that nobody reads; what was said before still arrives. */
	queue(a.k, 1000);
	sp_link_flush(a.k);
	turns(5);
	assert_int_equal(a.got, 1000);
	assert_int_equal(a.closes, 1);
}

static void test_destroy_within(void **state)
{
	(void)state;
	b.destroy_on_bytes = true;
	queue(a.k, 10);
	queue(b.k, 10);
	turns(5);
	assert_null(b.k);
	assert_int_equal(b.closes, 0);
	assert_int_equal(a.closes, 1);
}

static void test_destroy_other_within(void **state)
{
	(void)state;
	a.stop_other = b.stop_other = true;
	sp_link_end(a.k);
	turns(5);
	assert_int_equal(a.closes + b.closes, 1);
	assert_null(a.k);
	assert_null(b.k);
}

static void test_stall(void **state)
{
	uint64_t begin = sp_now_us();

	(void)state;
	counter = 0;
	sp_link_stall(a.k, 200000);
	sp_link_pause(b.k, true);
	queue(a.k, 3 * 1024 * 1024);
	/* Now and then a little is read: slow is not stalled. */
	while (sp_now_us() - begin < 500000) {
		turns(20);
		sp_link_pause(b.k, false);
		turns(1);
		sp_link_pause(b.k, true);
		assert_int_equal(a.closes, 0);
		if (sp_link_queued(a.k) < 1024 * 1024) {
			queue(a.k, 1024 * 1024);
		}
	}
	begin = sp_now_us();
	while (a.closes == 0 && sp_now_us() - begin < 2000000) {
		turns(1);
	}
	assert_int_equal(a.closes, 1);
	assert_int_equal(a.err, SP_ETIMEOUT);
	assert_true(sp_now_us() - begin >= 100000);
	assert_false(b.wrong);
}

static void test_no_stall_without_bytes(void **state)
{
	(void)state;
	sp_link_stall(a.k, 20000);
	turns(60);
	assert_int_equal(a.closes, 0);
	counter = 0;
	queue(a.k, 1000);
	turns(60);
	assert_int_equal(a.closes, 0);
	assert_int_equal(b.got, 1000);
}

static void test_limit(void **state)
{
	(void)state;
	sp_link_pause(b.k, true);
	for (int i = 0; i < 20; i++) {
		queue(a.k, 1024 * 1024);
	}
	assert_true(sp_link_queued(a.k) <= SP_LINK_MAX);
	assert_int_equal(a.closes, 0); /* never from within send */
	turns(3);
	assert_int_equal(a.closes, 1);
	assert_int_equal(a.err, SP_ELIMIT);
}

static void test_no_memory(void **state)
{
	int fds[2];

	(void)state;
	sp_mem_fail_after(0);
	assert_int_equal(sp_link_send_copy(a.k, "x", 1), SP_ENOMEM);
	sp_mem_fail_after(1);
	assert_int_equal(sp_link_send_copy(a.k, "x", 1), SP_OK); /* the ring could not grow */
	sp_mem_fail_after(-1);
	turns(2);
	assert_int_equal(a.err, SP_ENOMEM);
	assert_int_equal(a.closes, 1);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (long n = 0; n < 4; n++) {
		sp_mem_fail_after(n);
		struct sp_link *k = sp_link_create(l, fds[0], &calls, &a);
		sp_mem_fail_after(-1);
		sp_link_destroy(k);
		if (k) {
			fds[0] = -1;
			break;
		}
	}
	if (fds[0] >= 0) {
		assert_int_equal(write(fds[0], "x", 1), 1); /* still ours */
		close(fds[0]);
	}
	close(fds[1]);
}

static void test_shared_buffer(void **state)
{
	struct sp_rcbuf *r = sp_rcbuf_from("\0\1\2\3", 4);

	(void)state;
	sp_link_send(a.k, sp_rcbuf_ref(r));
	sp_link_send(b.k, sp_rcbuf_ref(r));
	assert_int_equal(r->refs, 3);
	turns(3);
	assert_int_equal(a.got, 4);
	assert_int_equal(b.got, 4);
	assert_false(a.wrong || b.wrong);
	assert_int_equal(r->refs, 1);
	sp_rcbuf_unref(r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
			T(test_order_and_totals),
			T(test_back_pressure),
			T(test_end_in_order),
			T(test_end_lingers_for_one_that_talks),
			T(test_last_words_of_the_gone),
			T(test_destroy_within),
			T(test_destroy_other_within),
			T(test_stall),
			T(test_no_stall_without_bytes),
			T(test_limit),
			T(test_no_memory),
			T(test_shared_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
