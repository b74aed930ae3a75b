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
 * Starts it with low priority; all descriptors stay the caller's. Through the pipe goes the
 * recording's key, SP_REC_KEY bytes; without it the process ends. It then follows the recording
 * until that is whole, or until the pipe's other end is closed, when it reads the rest and ends.
 * log: where its lines go (see sp_hostlog_pipe_create()), -1 for nowhere. SP_ENOTFOUND, SP_ESYS.
 */
sp_nodiscard int sp_rec_index_start(
		int recording, int index, int key_pipe, int log, pid_t *pid, char why[SP_WHY_MAX]);

#endif
