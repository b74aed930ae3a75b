/* host/audit/rec_index_start.c - see rec_index_start.h. */
#include "host/audit/rec_index_start.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "host/io/proc.h"

#define NICE 19 /* sessions go before it */

/*
 * Where the kernel schedules groups, each of our processes is one, as it has a session of its own;
 * what counts between groups is another number.
 */
static void step_back(pid_t pid)
{
	char path[64];

	if (setpriority(PRIO_PROCESS, (id_t)pid, NICE) != 0) {
		sp_log(SP_LOG_DEBUG, "index: priority as ours");
	}
	snprintf(path, sizeof(path), "/proc/%d/autogroup", (int)pid);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "19", 2) != 2) {
		sp_log(SP_LOG_DEBUG, "index: no group of its own");
	}
	sp_fd_close(&fd);
}

int sp_rec_index_start(const struct sp_rec_index_job *job, pid_t *pid, char why[SP_WHY_MAX])
{
	bool beside = job->manner == SP_REC_INDEX_BESIDE;
	const char *const argv[] = {"sp-player", "--index", beside ? "beside" : NULL, NULL};
	const char *const env[] = {getenv("SP_LOG_DEBUG") ? "SP_LOG_DEBUG=1" : NULL, NULL};
	const int fds[] = {job->recording, job->index, job->key_pipe};
	char path[1024];

	if (sp_proc_find("sp-player", path, sizeof(path)) != SP_OK) {
		snprintf(why, SP_WHY_MAX, "sp-player is not there");
		return SP_ENOTFOUND;
	}
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.env = env,
			.fds = fds,
			.nfds = SP_LEN(fds),
			.out = -1,
			.err = job->log,
			.new_session = true,
			.death_signal = SIGKILL};
	int rc = sp_proc_start(&spec, pid, why);
	if (rc == SP_OK) {
		step_back(*pid);
	}
	return rc;
}
