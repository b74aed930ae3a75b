/* bench/desktop/bench.h - the bench's surroundings: its folder, its loop, its children. */
#ifndef SP_BENCH_BENCH_H
#define SP_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/attr.h"
#include "host/io/loop.h"

#define BENCH_PROBE "bench-probe"
#define BENCH_PATH 512

struct bench {
	struct sp_loop *loop;
	bool stopped; /* by a signal: everything fails from now on, and is cleaned up */
	bool verbose;
	char dir[64]; /* a folder of this run, removed at its end */
	uint16_t w, h; /* of the desktops */
};

/* Says what went wrong on standard error; always false. */
bool bench_fail(const char *format, ...) sp_printf(1, 2);
/* Lets the time pass; false when the bench was stopped. */
bool bench_rest(struct bench *b, uint64_t us);
/* Asks until it is true; false after the time, or when the bench was stopped. */
bool bench_wait(struct bench *b, uint64_t us, bool (*ask)(void *arg), void *arg);

/* What a process is for. */
enum bench_role {
	BENCH_STACK, /* the server and what it is made of */
	BENCH_X, /* an X server */
	BENCH_SESSION, /* what runs on the desktop */
};

/* All processes below this one; stack is how the names of the server's programs begin. */
struct bench_usage {
	double cpu_ms[3]; /* by enum bench_role, of the processes that live */
	double pss_mb[3];
	bool all_pss; /* no process hid its memory; a jailed one does, but from root */
};

/* memory costs milliseconds and is left out unless asked for. */
void bench_usage(const char *stack, bool memory, struct bench_usage *out);
/* The probe, or an X server, below this process; 0 for none. */
pid_t bench_find_probe(void);
pid_t bench_find_x(void);
/* Orphans come to this process. */
bool bench_adopt(void);
/* Ends all processes below this one: asks, waits, insists. */
void bench_end_all(void);

#endif
