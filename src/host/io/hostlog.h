/* host/io/hostlog.h - where log lines go: standard error, or a pipe to whoever prefixes them. */
#ifndef SP_HOST_IO_HOSTLOG_H
#define SP_HOST_IO_HOSTLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/attr.h"
#include "core/base/log.h"
#include "host/io/loop.h"

/* Lines "2026-01-31T12:00:00.123Z info program[pid]: text", one write(2) to fd 2 each. */
void sp_hostlog_open(const char *program, enum sp_log_level max);
/* For a child whose reader is not to trust it: "Itext" lines to fd 2, a pipe; he adds time and name. */
void sp_hostlog_open_raw(enum sp_log_level max);
/* From now on each raw line begins with this text: "conn 5 from 192.0.2.7:50123: ". */
void sp_hostlog_prefix(const char *fmt, ...) sp_printf(1, 2);
/* "error", "warn", "info", "debug", "trace"; false for anything else. */
bool sp_hostlog_level(const char *name, enum sp_log_level *out);

/*
 * The reader of such a pipe: prints each line as the child's, at most SP_HOSTLOG_PER_MIN a minute
 * (then one line says how many were left out). Owns fd. Reports the end of the pipe by ending
 * itself; destroy it all the same.
 */
#define SP_HOSTLOG_PER_MIN 50
struct sp_hostlog_pipe;
sp_nodiscard struct sp_hostlog_pipe *sp_hostlog_pipe_create(
		struct sp_loop *l, int fd, const char *program, pid_t pid);
/* Prints what is still in the pipe, then closes it. Accepts NULL. */
void sp_hostlog_pipe_destroy(struct sp_hostlog_pipe *p);

/* A limit for lines that a peer can cause: burst lines at once, then per_min a minute. */
struct sp_log_rate {
	unsigned per_min, burst;
	uint64_t last_us, credit_us;
	unsigned dropped;
};

void sp_log_rate_init(struct sp_log_rate *r, unsigned per_min, unsigned burst);
/* True when the line may be written; *dropped is then how many were not since the last one. */
bool sp_log_rate_ok(struct sp_log_rate *r, uint64_t now_us, unsigned *dropped);

#endif
