/* desk/session/program.h - the program that makes the desktop, chosen, started, watched. */
#ifndef SP_DESK_SESSION_PROGRAM_H
#define SP_DESK_SESSION_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/attr.h"
#include "desk/session/env.h"

struct sp_program_choice {
	char command[1024]; /* for sh -c */
	const char *name; /* "xfce", "icewm", "given", ...: for the log; static */
	const char *desktop; /* XDG_CURRENT_DESKTOP, NULL when not known; static */
};

/*
 * What to run: the given command; else an executable ~/.xsession; else an installed desktop
 * environment; else icewm or another window manager with a terminal; else a terminal. Looks in
 * env's PATH and HOME. SP_ENOTFOUND when nothing of that is there.
 */
sp_nodiscard int sp_program_choose(
		const struct sp_env *env, const char *given, struct sp_program_choice *out);

struct sp_program;

/*
 * Sets XDG_CURRENT_DESKTOP when the choice knows it and runs the choice in HOME, in a session of
 * its own, output into dir/program.log. When it ends, the desktop ends.
 */
sp_nodiscard int sp_program_start(struct sp_env *env, const struct sp_program_choice *choice,
		const char *dir, struct sp_program **out, char *why, size_t n);
/* Ends it and what it started: SIGHUP and SIGTERM, after a grace SIGKILL. */
void sp_program_destroy(struct sp_program *p);

/* Becomes readable when the program has ended. Owned by p. */
int sp_program_fd(const struct sp_program *p);
/* Once it has ended, *status as waitpid gives it. */
bool sp_program_alive(struct sp_program *p, int *status);

#endif
