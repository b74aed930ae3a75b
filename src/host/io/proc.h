/* host/io/proc.h - starting our other programs with nothing but what they are given. */
#ifndef SP_HOST_IO_PROC_H
#define SP_HOST_IO_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/attr.h"
#include "host/io/fdio.h"

#define SP_PROC_FDS 16
/* The first descriptor a child finds; the others follow. */
#define SP_PROC_FD0 3

struct sp_proc_spec {
	const char *path; /* absolute; no search */
	const char *const *argv; /* NULL at the end; argv[0] included */
	const char *const *env; /* "NAME=value", NULL at the end; NULL: empty environment */
	const int *fds; /* become 3, 4, ... in the child; stay open here */
	size_t nfds;
	bool own_output; /* keep our descriptors 1 and 2; else out and err decide */
	int out; /* standard output of the child; -1: /dev/null */
	int err; /* standard error of the child; -1: /dev/null */
	bool new_session; /* setsid(): a terminal's Ctrl-C does not reach it */
	int death_signal; /* the child gets it when we die; 0: none */
	unsigned files; /* soft limit of open descriptors; 0: ours */
	const char *dir; /* working directory; NULL: "/" */
};

/*
 * Forks and executes. All other descriptors are closed, signals are unblocked and at their
 * defaults. Returns once the program runs, or SP_ESYS and why ("cannot start PATH: ...").
 */
sp_nodiscard int sp_proc_start(const struct sp_proc_spec *s, pid_t *pid, char why[SP_WHY_MAX]);
/* Waits for the child until deadline_us; then kills it. Its status as from waitpid(2). */
sp_nodiscard int sp_proc_reap(pid_t pid, uint64_t deadline_us, int *status);
/* "exited with status 1", "killed by signal 9 (Killed)". Static text is copied to out. */
void sp_proc_status_text(int status, char *out, size_t cap);
/*
 * Full path of one of our programs: beside the running one, else in ../libexec/sallyport from
 * there, else in the compiled-in place. SP_ENOTFOUND.
 */
sp_nodiscard int sp_proc_find(const char *name, char *out, size_t cap);

#endif
