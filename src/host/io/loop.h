/* host/io/loop.h - the event loop: descriptors, timers, signals, children, in one thread. */
#ifndef SP_HOST_IO_LOOP_H
#define SP_HOST_IO_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/attr.h"

/*
 * Interest and events of a descriptor. HUP (the other end is gone, or an error is pending) comes
 * together with every wanted one of READ and WRITE, so that the next call finds out why.
 */
#define SP_LOOP_READ 1u
#define SP_LOOP_WRITE 2u
#define SP_LOOP_HUP 4u

#define SP_LOOP_SCRATCH (64 * 1024)

struct sp_loop;
/*
 * One thing the loop looks at. It lives until sp_watch_remove() or until its loop is destroyed;
 * any callback may remove any watch, its own included, and is not called for it again.
 */
struct sp_watch;

typedef void (*sp_watch_fd_fn)(void *user, unsigned events);
typedef void (*sp_watch_fn)(void *user);
typedef void (*sp_watch_signal_fn)(void *user, int signo);
/* status as from waitpid(2). The child has been reaped. */
typedef void (*sp_watch_child_fn)(void *user, pid_t pid, int status);

/* Monotonic microseconds, never 0. */
uint64_t sp_now_us(void);

/* NULL when the system gives no descriptor or memory. Before a jail: it opens descriptors. */
sp_nodiscard struct sp_loop *sp_loop_create(void);
/* Removes all watches; closes only descriptors of its own. Accepts NULL. */
void sp_loop_destroy(struct sp_loop *l);

/* Watches fd, which stays the caller's: remove the watch before closing it. */
sp_nodiscard struct sp_watch *sp_loop_fd(
		struct sp_loop *l, int fd, unsigned interest, sp_watch_fd_fn fn, void *user);
/* Changes the interest; 0 reports nothing at all. */
void sp_watch_want(struct sp_watch *w, unsigned interest);

/* A timer that is not set. It fires once for each sp_watch_at(). */
sp_nodiscard struct sp_watch *sp_loop_timer(struct sp_loop *l, sp_watch_fn fn, void *user);
/* Sets the timer to fire at when_us of sp_now_us(), in place of what was set; 0 unsets it. */
void sp_watch_at(struct sp_watch *w, uint64_t when_us);
/* Sets the timer to fire in delay_us from now. */
void sp_watch_in(struct sp_watch *w, uint64_t delay_us);

/* Blocks the signal for the process and reports it here. Before a jail. */
sp_nodiscard struct sp_watch *sp_loop_signal(
		struct sp_loop *l, int signo, sp_watch_signal_fn fn, void *user);
/* Reaps the child when it ends and reports that once. */
sp_nodiscard struct sp_watch *sp_loop_child(
		struct sp_loop *l, pid_t pid, sp_watch_child_fn fn, void *user);
/* Called on every turn, before the loop waits: the place to write out what a turn gathered, or to
 * take events that a library has read ahead. */
sp_nodiscard struct sp_watch *sp_loop_before(struct sp_loop *l, sp_watch_fn fn, void *user);

/* Accepts NULL. */
void sp_watch_remove(struct sp_watch *w);

/* Runs until sp_loop_quit(); returns its code, or SP_ESYS when waiting itself fails. */
int sp_loop_run(struct sp_loop *l);
/* One turn that waits at most max_wait_us (0: not at all). SP_OK or SP_ESYS. */
sp_nodiscard int sp_loop_turn(struct sp_loop *l, uint64_t max_wait_us);
/* Ends the run after the callback that is running. */
void sp_loop_quit(struct sp_loop *l, int code);

/* SP_LOOP_SCRATCH bytes for reading into; valid until the callback returns. */
uint8_t *sp_loop_scratch(struct sp_loop *l);

#endif
