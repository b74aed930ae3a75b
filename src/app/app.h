/* app/app.h - one file per subcommand of `sallyport`, and what they share. */
#ifndef SP_APP_APP_H
#define SP_APP_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/attr.h"

/* Exit statuses. */
#define APP_OK 0
#define APP_FAILED 1
#define APP_USAGE 2

/* A subcommand gets its own name as argv[0] and answers the exit status. */
struct app_command {
	const char *name;
	const char *summary; /* one line for `sallyport --help` */
	const char *usage; /* what `sallyport NAME --help` prints */
	int (*run)(const struct app_command *self, int argc, char **argv);
};

extern const struct app_command app_audit, app_config, app_device, app_doctor, app_firewall,
		app_group, app_recording, app_scan, app_secret, app_serve, app_script, app_session,
		app_shot, app_target, app_token, app_trial, app_user;

/* "sallyport: what: why" to standard error; returns APP_FAILED. */
int app_fail(const char *what, const char *fmt, ...) sp_printf(2, 3);
/* The same, then how the usage is asked for; returns APP_USAGE. */
int app_usage(const struct app_command *c, const char *fmt, ...) sp_printf(2, 3);
/* Is this argument -h or --help? Then prints the usage to standard output. */
bool app_help(const struct app_command *c, const char *arg);

/* -c FILE and --dir DIR: which service a command is about. */
struct app_service {
	const char *file; /* the configuration; never NULL after app_service_file() */
	const char *dir; /* --dir; NULL when not given */
	char buf[1024];
};

/*
 * When argv[*i] is -c, --config or --dir (also "--dir=DIR"), takes it and its value and moves *i to
 * the last argument used. 1: taken; 0: something else; -1: its value is missing, or the other one was
 * given, too; and said so.
 */
int app_service_arg(
		const struct app_command *c, struct app_service *s, int argc, char **argv, int *i);
/* The configuration's path; NULL (and said so) when --dir does not fit. */
const char *app_service_file(struct app_service *s);

#endif
