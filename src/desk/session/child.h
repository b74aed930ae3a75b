/* desk/session/child.h - processes that belong to a desktop: started, watched, ended. */
#ifndef SP_DESK_SESSION_CHILD_H
#define SP_DESK_SESSION_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/attr.h"

struct sp_child {
	pid_t pid; /* 0: none */
	int fd; /* pidfd, readable when ended; -1 when the system has none */
	bool ended;
	int status; /* as waitpid gives it, once ended; -1 when somebody else reaped it */
};

struct sp_child_opts {
	const char *path; /* of the program, with a slash */
	const char *const *argv;
	char *const *envp; /* NULL: ours */
	const char *cwd; /* NULL: / */
	const char *log; /* file for output, made new 0600; NULL: /dev/null */
	int pass_fd; /* becomes descriptor 3; -1: none. All others are closed. */
	bool die_with_us; /* SIGTERM when this process dies */
};

/* In a new session, signals at their defaults. SP_ESYS: no process. A failed exec ends with 127. */
sp_nodiscard int sp_child_start(const struct sp_child_opts *opts, struct sp_child *out);
bool sp_child_alive(struct sp_child *c);
/* SP_ETIMEOUT when it still runs after ms. */
sp_nodiscard int sp_child_wait(struct sp_child *c, uint32_t ms);
/*
 * Ends the process and all its descendants: SIGHUP and SIGTERM, after grace_ms SIGKILL. Gives
 * the descriptor back. Accepts one that never started.
 */
void sp_child_end(struct sp_child *c, uint32_t grace_ms);

/* Full path of a program in the PATH given (NULL: ours); SP_ENOTFOUND. */
sp_nodiscard int sp_child_find(const char *name, const char *path, char *out, size_t n);
/* "ended with status 1", "was killed by signal 9". */
void sp_child_text(const struct sp_child *c, char *out, size_t n);
/* Reads one line, newline removed, until ms have passed, the child ends or the writer closes. */
sp_nodiscard int sp_child_line(struct sp_child *c, int fd, uint32_t ms, char *out, size_t n);

/* Milliseconds of the monotonic clock. */
uint64_t sp_child_now(void);

#endif
