/* tests/gate/ship/test_sink.c - files that are rotated or torn, journald's datagrams, addresses of webhooks. */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate/ship/sink.h"

static char dir[] = "/tmp/sp-test-sink-XXXXXX";
static struct sp_conf_ship conf;
static char why[SP_WHY_MAX];

static int setup(void **state)
{
	return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void has(const char *path, const char *want)
{
	char text[256] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(text, want);
}

static void puts_in(const char *path, const char *text, const char *mode)
{
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fclose(f);
}

static int put(struct sp_sink *s, const char *text)
{
	return s->impl->put(s, sp_span(text, strlen(text)));
}

static void test_file(void **state)
{
	struct stat st;

	snprintf(conf.path, sizeof(conf.path), "%s/log", dir);
	struct sp_sink *s = sp_sink_file(&conf, why);
	assert_non_null(s);
	assert_int_equal(put(s, "one\n"), SP_OK);
	assert_int_equal(stat("log", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640 & ~umask(022));
	/* Moved away, taken away, and in the way. */
	assert_int_equal(rename("log", "log.1"), 0);
	assert_int_equal(put(s, "two\n"), SP_OK);
	has("log.1", "one\n");
	has("log", "two\n");
	assert_int_equal(unlink("log"), 0);
	assert_int_equal(put(s, "three\n"), SP_OK);
	has("log", "three\n");
	s->impl->reset(s);
	/* Half a line at the end goes, also where nothing else is there. */
	puts_in("log", "torn", "a");
	assert_int_equal(put(s, "four\n"), SP_OK);
	has("log", "three\nfour\n");
	s->impl->reset(s);
	puts_in("log", "torn", "w");
	assert_int_equal(put(s, "five\n"), SP_OK);
	has("log", "five\n");
	s->impl->reset(s);
	unlink("log");
	assert_int_equal(mkdir("log", 0700), 0);
	assert_int_equal(put(s, "six\n"), SP_ESYS);
	assert_non_null(strstr(s->why, "/log: "));
	rmdir("log");
	assert_int_equal(mkfifo("log", 0600), 0);
	assert_int_equal(put(s, "seven\n"), SP_ESYS);
	unlink("log");
	unlink("log.1");
	s->impl->destroy(s);
}

/* Of a batch that did not fit nothing is there: it comes again as a whole. */
static void test_full(void **state)
{
	static char big[3 * 4096];
	struct rlimit old, small;

	snprintf(conf.path, sizeof(conf.path), "%s/log", dir);
	struct sp_sink *s = sp_sink_file(&conf, why);
	assert_non_null(s);
	assert_int_equal(put(s, "one\n"), SP_OK);
	memset(big, 'x', sizeof(big) - 1);
	for (size_t i = 100; i < sizeof(big); i += 100) {
		big[i] = '\n';
	}
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int rc = put(s, big);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(rc, SP_ESYS);
	assert_non_null(strstr(s->why, "/log: File too large"));
	has("log", "one\n");
	assert_int_equal(put(s, "two\n"), SP_OK);
	has("log", "one\ntwo\n");
	unlink("log");
	s->impl->destroy(s);
}

#define TURNS 300 /* batches while the file is renamed without a pause */
#define LINES 20

/* Renames the file as often as it is there. */
static void rotate(void)
{
	char to[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int n = 0;;) {
		snprintf(to, sizeof(to), "log.%d", n);
		n += rename("log", to) == 0;
	}
}

/* Each line once, whichever file it is in; returns how many there were. */
static size_t collect(const char *name, char *seen)
{
	size_t n = 0;
	unsigned i;
	FILE *f = fopen(name, "r");

	while (f != NULL && fscanf(f, "%u\n", &i) == 1) {
		assert_true(i < TURNS * LINES);
		assert_int_equal(seen[i], 0);
		seen[i] = 1;
		n++;
	}
	if (f != NULL) {
		fclose(f);
		unlink(name);
	}
	return n;
}

static void test_rotation(void **state)
{
	static char seen[TURNS * LINES];
	size_t n = 0;

	snprintf(conf.path, sizeof(conf.path), "%s/log", dir);
	struct sp_sink *s = sp_sink_file(&conf, why);
	assert_non_null(s);
	pid_t pid = fork();
	if (pid == 0) {
		rotate();
	}
	assert_true(pid > 0);
	for (unsigned t = 0; t < TURNS; t++) {
		char text[LINES * 8] = "";
		size_t at = 0;
		for (unsigned i = 0; i < LINES; i++) {
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%u\n", t * LINES + i);
		}
		assert_int_equal(put(s, text), SP_OK);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	s->impl->destroy(s);
	n += collect("log", seen);
	size_t files = 0;
	for (size_t more = 1; more > 0; files++) {
		char name[32];
		snprintf(name, sizeof(name), "log.%zu", files);
		more = access(name, F_OK) == 0;
		n += collect(name, seen);
	}
	assert_int_equal(n, TURNS * LINES);
	assert_true(files > 10);
}

static void test_journal(void **state)
{
	struct sp_conf_ship *c = &conf;
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
	} at = {.un = {.sun_family = AF_UNIX}};
	struct sp_audit_event e;
	struct sp_audit_view v;
	struct sp_record r = {.seq = 77, .host = "h"};
	struct sp_wr w;
	static char got[64 * 1024];

	snprintf(c->path, sizeof(c->path), "%s/journal", dir);
	snprintf(at.un.sun_path, sizeof(at.un.sun_path), "%.100s", c->path);
	struct sp_sink *s = sp_sink_journal(c, why);
	assert_non_null(s);
	sp_audit_init(&e, SP_AUDIT_ALERT, SP_OUTCOME_NONE);
	sp_audit_text(&e, SP_F_CLAIMED_USER, "a\nPRIORITY=0\n");
	assert_int_equal(sp_audit_read(sp_span(e.b, e.n), &v), SP_OK);
	sp_wr_init(&w, 1 << 20);
	assert_int_equal(s->impl->add(s, &r, &v, &w), SP_OK);
	assert_int_equal(s->impl->add(s, &r, &v, &w), SP_OK);
	/* Nobody there. */
	assert_int_equal(s->impl->put(s, sp_span(w.p, w.n)), SP_ESYS);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, &at.sa, sizeof(at.un)), 0);
	assert_int_equal(s->impl->put(s, sp_span(w.p, w.n)), SP_OK);
	for (int i = 0; i < 2; i++) {
		ssize_t n = recv(fd, got, sizeof(got), MSG_DONTWAIT);
		assert_true(n > 0);
		assert_int_equal(memcmp(got, "MESSAGE\n", 8), 0);
		static const char claimed[] = "SALLYPORT_CLAIMED_USER\n"
					      "\x0d\0\0\0\0\0\0\0a\nPRIORITY=0\n\n";
		assert_non_null(memmem(got, (size_t)n, claimed, sizeof(claimed) - 1));
		static const char priority[] = "\nPRIORITY\n\1\0\0\0\0\0\0\0003\n";
		assert_non_null(memmem(got, (size_t)n, priority, sizeof(priority) - 1));
	}
	assert_true(recv(fd, got, sizeof(got), MSG_DONTWAIT) < 0);
	close(fd);
	unlink(c->path);
	sp_wr_finish(&w);
	s->impl->destroy(s);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		bool out, loopback;
	} rows[] = {
			{"192.0.2.1:443", true, false},
			{"10.0.0.5:443", true, false},
			{"127.0.0.1:443", false, true},
			{"127.9.9.9:443", false, true},
			{"0.0.0.0:443", false, false},
			{"169.254.169.254:80", false, false},
			{"100.100.100.200:80", false, false},
			{"192.0.0.192:80", false, false},
			{"224.0.0.1:80", false, false},
			{"255.255.255.255:80", false, false},
			{"[2001:db8::1]:443", true, false},
			{"[fd00::1]:443", true, false},
			{"[::1]:443", false, true},
			{"[::]:443", false, false},
			{"[fe80::1]:443", false, false},
			{"[ff02::1]:443", false, false},
			{"[fd00:ec2::254]:80", false, false},
			{"[::ffff:169.254.169.254]:80", false, false},
			{"[::ffff:127.0.0.1]:80", false, true},
			{"[::ffff:192.0.2.1]:80", true, false},
			{"[64:ff9b::a9fe:a9fe]:80", false, false},
	};
	struct sp_addr a;

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		assert_int_equal(sp_addr_parse(rows[i].text, &a), SP_OK);
		if (sp_sink_hook_wanted(&a, false) != rows[i].out ||
				sp_sink_hook_wanted(&a, true) != rows[i].loopback) {
			fail_msg("%s", rows[i].text);
		}
	}
	a.u.sa.sa_family = AF_UNIX;
	assert_false(sp_sink_hook_wanted(&a, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_file),
			cmocka_unit_test(test_full),
			cmocka_unit_test(test_rotation),
			cmocka_unit_test(test_journal),
			cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
