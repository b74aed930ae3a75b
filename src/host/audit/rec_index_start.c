/* host/audit/rec_index_start.c - see rec_index_start.h. */
#include "host/audit/rec_index_start.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "host/io/proc.h"

#define NICE 10 /* sessions go before it */

int sp_rec_index_start(
		int recording, int index, int key_pipe, int log, pid_t *pid, char why[SP_WHY_MAX])
{
	const char *const argv[] = {"sp-player", "--index", NULL};
	const int fds[] = {recording, index, key_pipe};
	char path[1024];

	if (sp_proc_find("sp-player", path, sizeof(path)) != SP_OK) {
		snprintf(why, SP_WHY_MAX, "sp-player is not there");
		return SP_ENOTFOUND;
	}
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.fds = fds,
			.nfds = SP_LEN(fds),
			.out = -1,
			.err = log,
			.new_session = true,
			.death_signal = SIGKILL};
	int rc = sp_proc_start(&spec, pid, why);
	if (rc == SP_OK && setpriority(PRIO_PROCESS, (id_t)*pid, NICE) != 0) {
		sp_log(SP_LOG_DEBUG, "index: priority as ours");
	}
	return rc;
}
