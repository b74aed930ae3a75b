/* host/audit/rec_index_start.h - starts the process that makes a recording's index. */
#ifndef SP_HOST_AUDIT_REC_INDEX_START_H
#define SP_HOST_AUDIT_REC_INDEX_START_H

#include <sys/types.h>

#include "core/base/attr.h"
#include "host/io/fdio.h"

/* What `sp-player --index` finds; the rest of its descriptors are closed. */
#define SP_REC_INDEX_FD_RECORDING 3 /* read only */
#define SP_REC_INDEX_FD_INDEX 4 /* an empty file, write only and appending */
#define SP_REC_INDEX_FD_KEY 5 /* a pipe */
#define SP_REC_INDEX_SUFFIX ".spx" /* in place of the recording's .spr */

/*
 * Starts it; it gives itself a low priority. All descriptors stay the caller's. Through the pipe goes the
 * recording's key, SP_REC_KEY bytes; without it the process ends. It then follows the recording
 * until that is whole, or until the pipe's other end is closed, when it reads the rest and ends.
 * log: where its lines go (see sp_hostlog_pipe_create()), -1 for nowhere. SP_ENOTFOUND, SP_ESYS.
 */
enum sp_rec_index_manner {
	SP_REC_INDEX_WHOLE, /* as good as it can be, and somebody waits for it */
	/*
	 * Beside sessions: with little memory, an index that is small beside its recording, and soon
	 * gone when that is over.
	 */
	SP_REC_INDEX_BESIDE,
};

struct sp_rec_index_job {
	int recording, index, key_pipe, log;
	enum sp_rec_index_manner manner;
};

sp_nodiscard int sp_rec_index_start(
		const struct sp_rec_index_job *job, pid_t *pid, char why[SP_WHY_MAX]);

#endif
