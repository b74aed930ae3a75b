/* client/script.h - a session without a person: steps from a file, one a line. */
#ifndef SP_CLIENT_SCRIPT_H
#define SP_CLIENT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/session.h"
#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "host/io/loop.h"

#define SP_SCRIPT_MAX_ARGS 32
#define SP_SCRIPT_MAX_STEPS 10000
#define SP_SCRIPT_MAX_BYTES (4u << 20) /* of the text */
#define SP_SCRIPT_WAITS 1 /* begin() and look(): not done yet */

struct sp_script;

/* A line of the script, cut into words. */
struct sp_script_step {
	const struct sp_script_verb *verb;
	void *set; /* what the set's create() gave */
	unsigned line; /* from 1 */
	size_t argc;
	char *argv[SP_SCRIPT_MAX_ARGS]; /* behind the name */
	uint64_t n[4]; /* the verb's own, 0 at first: what check() read, how far it got */
};

/*
 * One kind of step. begin() and look() answer SP_OK when the step is done, SP_SCRIPT_WAITS, or
 * sp_script_fail(). No step begins while there is no desktop, as during a change of its size.
 */
struct sp_script_verb {
	const char *name;
	const char *usage; /* its arguments: "X Y [BUTTON]", "" */
	uint8_t min, max; /* how many; max <= SP_SCRIPT_MAX_ARGS */
	bool rest; /* the last possible argument is the rest of the line, blanks and all */
	/* Before anything is connected; NULL: any words are right. An error only from sp_script_fail(). */
	int (*check)(struct sp_script *run, struct sp_script_step *step);
	int (*begin)(struct sp_script *run, struct sp_script_step *step);
	/* Asked while it waits: after sp_script_nudge(), sp_script_again(), and when its time is over. */
	int (*look)(struct sp_script *run, struct sp_script_step *step);
};

/*
 * Steps that share something, such as a part behind a channel: one object for each file of steps,
 * named in the table of client/script.c. The calls may be NULL.
 */
struct sp_script_set {
	const struct sp_script_verb *verbs;
	size_t n;
	/* Before the connection, also when no step is of this set. NULL is out of memory. */
	void *(*create)(struct sp_script *run);
	/* The part that stands behind a channel for these steps; NULL: none, as they are now. */
	struct sp_part *(*part)(void *set);
	/* After the connection. */
	void (*destroy)(void *set);
};

/* For steps: until when begin() and look() may answer SP_SCRIPT_WAITS; then the step fails. */
void sp_script_patience(struct sp_script *run, uint64_t us);
/* That time is over: the last look(), which may say better than the runner what did not come. */
bool sp_script_late(const struct sp_script *run);
/* look() after so long. */
void sp_script_again(struct sp_script *run, uint64_t us);
/* Something happened that a waiting step may want to look at; does nothing without one. Not in vain: look() runs in the next turn. */
void sp_script_nudge(struct sp_script *run);
/* Says why the step failed; returns an error to be passed on. */
int sp_script_fail(struct sp_script *run, const char *fmt, ...) sp_printf(2, 3);
struct sp_loop *sp_script_loop(struct sp_script *run);
/* NULL until there is a connection. */
struct sp_session *sp_script_session(struct sp_script *run);
/* How often the desktop came with a size, and when the picture last changed (sp_now_us()). */
unsigned sp_script_desktops(const struct sp_script *run);
uint64_t sp_script_painted_us(const struct sp_script *run);
/* What may pass over the clipboard: SP_CLIP_WAY_*. */
unsigned sp_script_clipboard(const struct sp_script *run);
/* The desktop shows something since it has this size. */
bool sp_script_has_picture(const struct sp_script *run);

struct sp_script_conf {
	/*
	 * Without calls and user: those are ours. Its parts are kept and those of the steps are
	 * added.
	 */
	const struct sp_session_conf *session;
	struct sp_loop *loop;
	const char *name; /* of the file, for what is said of its lines */
	struct sp_span text;
	unsigned clipboard; /* SP_CLIP_WAY_*; 0: nothing passes */
};

/*
 * Reads all steps, connects, does them one after the other, and leaves. SP_OK, or an error with
 * why: "FILE:LINE: step: what is wrong", or why there is no connection. Empty lines and those that
 * begin with "#" are nothing.
 */
sp_nodiscard int sp_script_run(const struct sp_script_conf *conf, char why[SP_SESSION_WHY]);

#endif
