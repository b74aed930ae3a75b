/* host/io/hostlog.c - see hostlog.h. */
#include "host/io/hostlog.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/span.h"
#include "host/io/fdio.h"

#define LINE_MAX_HERE 768
#define TEXT_MAX_HERE 520 /* core cuts at 512 */
#define ROOM_MS 50

static const char *const level_names[] = {"error", "warn", "info", "debug", "trace"};
static const char level_marks[] = "EWIDT";
static const char *program_name = "sallyport";
static char raw_prefix[128];
static unsigned lost; /* lines that nobody took */

/* Year, month and day of a count of days since 1970, without the C library's time zone files. */
static void civil(int64_t days, int *y, int *m, int *d)
{
	int64_t z = days + 719468; /* since 0000-03-01 */
	int64_t era = z / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

/*
 * A log that cannot be written must not stop the service: who reads it may be stopped, and then a
 * write waits for ever. The first line waits a moment, those behind it do not.
 */
static bool has_room(void)
{
	struct pollfd p = {.fd = 2, .events = POLLOUT};

	return poll(&p, 1, lost > 0 ? 0 : ROOM_MS) > 0;
}

static void write_line(const char *line, size_t n)
{
	char note[80];

	if (!has_room()) {
		lost++;
		return;
	}
	if (lost > 0) {
		int k = snprintf(note, sizeof(note), "... %u lines before this one are lost\n",
				lost);
		lost = 0;
		ssize_t ignored = write(2, note, (size_t)k);
		(void)ignored;
	}
	ssize_t ignored = write(2, line, n);
	(void)ignored;
}

static void print_line(const char *program, pid_t pid, enum sp_log_level level, const char *text)
{
	char line[LINE_MAX_HERE];
	struct timespec ts;
	int y, mo, d;

	clock_gettime(CLOCK_REALTIME, &ts);
	civil(ts.tv_sec / 86400, &y, &mo, &d);
	int s = (int)(ts.tv_sec % 86400);
	int n = snprintf(line, sizeof(line), "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s %s[%d]: %s\n",
			y, mo, d, s / 3600, s / 60 % 60, s % 60, ts.tv_nsec / 1000000,
			level_names[level], program, (int)pid, text);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	write_line(line, (size_t)n);
}

static void to_stderr(enum sp_log_level level, const char *text)
{
	int keep = errno;

	print_line(program_name, getpid(), level, text);
	errno = keep;
}

static void to_pipe(enum sp_log_level level, const char *text)
{
	char line[TEXT_MAX_HERE + 4];
	int keep = errno;
	int n = snprintf(line, sizeof(line), "%c%s%s\n", level_marks[level], raw_prefix, text);

	if (n >= (int)sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	/* Less than PIPE_BUF, so it arrives in one piece or not at all. */
	ssize_t k = write(2, line, (size_t)n);
	(void)k;
	errno = keep;
}

void sp_hostlog_open(const char *program, enum sp_log_level max)
{
	program_name = program;
	sp_log_set(to_stderr, max);
}

void sp_hostlog_open_raw(enum sp_log_level max)
{
	/* A reader that is slow or gone costs lines, not the process. */
	signal(SIGPIPE, SIG_IGN);
	if (sp_fd_nonblock(2, true) == SP_OK) {
		sp_log_set(to_pipe, max);
	}
}

void sp_hostlog_prefix(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw_prefix, sizeof(raw_prefix), fmt, ap);
	va_end(ap);
}

bool sp_hostlog_level(const char *name, enum sp_log_level *out)
{
	for (size_t i = 0; i < SP_LEN(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum sp_log_level)i;
			return true;
		}
	}
	return false;
}

/* ---- the reader of a child's lines ---- */

struct sp_hostlog_pipe {
	int fd;
	struct sp_watch *io;
	char program[32];
	pid_t pid;
	struct sp_log_rate rate;
	size_t n;
	bool cut; /* the rest of an overlong line is skipped */
	char buf[TEXT_MAX_HERE];
};

static void print_child_line(struct sp_hostlog_pipe *p, char *text)
{
	const char *mark = *text ? strchr(level_marks, *text) : NULL;
	enum sp_log_level level = mark ? (enum sp_log_level)(mark - level_marks) : SP_LOG_WARN;
	unsigned dropped;
	char more[64];

	/* The child is not trusted: its bytes are made printable a second time. */
	sp_log_printable(text);
	if (!sp_log_rate_ok(&p->rate, sp_now_us(), &dropped)) {
		return;
	}
	if (dropped > 0) {
		snprintf(more, sizeof(more), "%u lines left out", dropped);
		print_line(p->program, p->pid, SP_LOG_WARN, more);
	}
	print_line(p->program, p->pid, level, mark ? text + 1 : text);
}

static void take_bytes(struct sp_hostlog_pipe *p, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n') {
			p->buf[p->n] = 0;
			if (p->n > 0) {
				print_child_line(p, p->buf);
			}
			p->n = 0;
			p->cut = false;
		} else if (!p->cut) {
			p->buf[p->n++] = s[i] ? s[i] : '?';
			if (p->n == sizeof(p->buf) - 1) {
				p->buf[p->n] = 0;
				print_child_line(p, p->buf);
				p->n = 0;
				p->cut = true;
			}
		}
	}
}

/* False at the end of the pipe. */
static bool read_pipe(struct sp_hostlog_pipe *p)
{
	char buf[4096];
	ssize_t n = read(p->fd, buf, sizeof(buf));

	if (n > 0) {
		take_bytes(p, buf, (size_t)n);
		return true;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void on_pipe(void *user, unsigned events)
{
	struct sp_hostlog_pipe *p = user;

	(void)events;
	if (!read_pipe(p)) {
		sp_watch_want(p->io, 0);
	}
}

struct sp_hostlog_pipe *sp_hostlog_pipe_create(
		struct sp_loop *l, int fd, const char *program, pid_t pid)
{
	struct sp_hostlog_pipe *p = sp_calloc(1, sizeof(*p));

	if (!p) {
		return NULL;
	}
	p->fd = fd;
	p->pid = pid;
	snprintf(p->program, sizeof(p->program), "%s", program);
	sp_log_rate_init(&p->rate, SP_HOSTLOG_PER_MIN, SP_HOSTLOG_PER_MIN);
	p->io = sp_loop_fd(l, fd, SP_LOOP_READ, on_pipe, p);
	if (!p->io || sp_fd_nonblock(fd, true) != SP_OK) {
		sp_watch_remove(p->io);
		sp_free(p);
		return NULL;
	}
	return p;
}

void sp_hostlog_pipe_destroy(struct sp_hostlog_pipe *p)
{
	if (!p) {
		return;
	}
	/* What a pipe can hold at most; a child that still writes must not keep us. */
	for (int i = 0; i < 16; i++) {
		char buf[4096];
		ssize_t n = read(p->fd, buf, sizeof(buf));
		if (n <= 0) {
			break;
		}
		take_bytes(p, buf, (size_t)n);
	}
	take_bytes(p, "\n", 1);
	if (p->rate.dropped > 0) {
		char more[64];
		snprintf(more, sizeof(more), "%u lines left out", p->rate.dropped);
		print_line(p->program, p->pid, SP_LOG_WARN, more);
	}
	sp_watch_remove(p->io);
	sp_fd_close(&p->fd);
	sp_free(p);
}

/* ---- rate limit: credit in microseconds, one line costs a minute divided by per_min ---- */

void sp_log_rate_init(struct sp_log_rate *r, unsigned per_min, unsigned burst)
{
	*r = (struct sp_log_rate){.per_min = per_min, .burst = burst};
	r->credit_us = (uint64_t)burst * (60000000u / per_min);
}

bool sp_log_rate_ok(struct sp_log_rate *r, uint64_t now_us, unsigned *dropped)
{
	uint64_t cost = 60000000u / r->per_min;
	uint64_t most = (uint64_t)r->burst * cost;

	if (r->last_us != 0 && now_us > r->last_us) {
		uint64_t gain = now_us - r->last_us;
		r->credit_us = gain < most - r->credit_us ? r->credit_us + gain : most;
	}
	r->last_us = now_us;
	*dropped = r->dropped;
	if (r->credit_us < cost) {
		r->dropped++;
		return false;
	}
	r->credit_us -= cost;
	r->dropped = 0;
	return true;
}
