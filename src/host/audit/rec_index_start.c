/* host/audit/rec_index_start.c - see rec_index_start.h. */
#include "host/audit/rec_index_start.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "host/io/proc.h"

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
	return sp_proc_start(&spec, pid, why);
}
