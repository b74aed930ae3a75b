/* app/output.c - see output.h. */
#include "app/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/io/loop.h"
#include "host/io/proc.h"

#define SECOND_US UINT64_C(1000000)

/* Everything that comes until both ends are closed, or the time is over. */
static void collect(const int fd[2], struct sp_wr *const to[2], uint64_t deadline)
{
	struct pollfd p[2] = {{.fd = fd[0], .events = POLLIN}, {.fd = fd[1], .events = POLLIN}};
	uint8_t buf[16384];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		uint64_t now = sp_now_us();
		int ms = now < deadline ? (int)((deadline - now) / 1000) + 1 : 0;
		int rc = poll(p, 2, ms);

		if (rc == 0 || (rc < 0 && errno != EINTR)) {
			return;
		}
		for (size_t i = 0; rc > 0 && i < 2; i++) {
			if (p[i].fd < 0 || p[i].revents == 0) {
				continue;
			}
			ssize_t n = read(p[i].fd, buf, sizeof(buf));
			if (n > 0 && to[i] != NULL) {
				sp_wr_put(to[i], buf, (size_t)n);
			} else if (n == 0 || (n < 0 && errno != EINTR)) {
				p[i].fd = -1;
			}
		}
	}
}

int app_output(const char *path, const char *const *argv, unsigned seconds, struct sp_wr *out,
		struct sp_wr *err, int *status, char why[SP_WHY_MAX])
{
	struct sp_wr *const to[2] = {out, err};
	uint64_t deadline = sp_now_us() + seconds * SECOND_US;
	int o[2], e[2];
	pid_t pid;

	if (pipe2(o, O_CLOEXEC) < 0) {
		snprintf(why, SP_WHY_MAX, "no pipe: %s", strerror(errno));
		return SP_ESYS;
	}
	if (pipe2(e, O_CLOEXEC) < 0) {
		snprintf(why, SP_WHY_MAX, "no pipe: %s", strerror(errno));
		close(o[0]);
		close(o[1]);
		return SP_ESYS;
	}
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.out = o[1],
			.err = e[1],
			.new_session = true,
			.death_signal = SIGKILL};
	int rc = sp_proc_start(&spec, &pid, why);
	close(o[1]);
	close(e[1]);
	if (rc == SP_OK) {
		collect((const int[2]){o[0], e[0]}, to, deadline);
		rc = sp_proc_reap(pid, deadline, status);
		if (rc != SP_OK) {
			snprintf(why, SP_WHY_MAX, "%s did not end within %u seconds", path,
					seconds);
		}
	}
	close(o[0]);
	close(e[0]);
	return rc;
}

void app_output_line(const struct sp_wr *w, char *out, size_t cap)
{
	size_t n = 0;

	while (n < w->n && n + 1 < cap && w->p[n] != '\n') {
		out[n] = (char)(w->p[n] < 0x20 || w->p[n] == 0x7f ? '?' : w->p[n]);
		n++;
	}
	out[n] = '\0';
}
