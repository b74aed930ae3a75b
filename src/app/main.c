/* app/main.c - the `sallyport` command: finds the subcommand and runs it. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "host/conf/conf.h"

/* In the order of --help. */
static const struct app_command *const commands[] = {
		&app_trial,
		&app_serve,
		&app_user,
		&app_group,
		&app_device,
		&app_token,
		&app_secret,
		&app_target,
		&app_session,
		&app_audit,
		&app_recording,
		&app_config,
		&app_doctor,
		&app_firewall,
		&app_shot,
		&app_script,
		&app_scan,
};

int app_fail(const char *what, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "sallyport: %s: ", what);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return APP_FAILED;
}

int app_usage(const struct app_command *c, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "sallyport: %s: ", c->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry 'sallyport %s --help'.\n", c->name);
	return APP_USAGE;
}

bool app_help(const struct app_command *c, const char *arg)
{
	if (strcmp(arg, "-h") != 0 && strcmp(arg, "--help") != 0) {
		return false;
	}
	fputs(c->usage, stdout);
	return true;
}

/* The value of "--name VALUE" or "--name=VALUE"; NULL when arg is something else. */
static const char *value_of(const char *name, int argc, char **argv, int *i)
{
	size_t n = strlen(name);

	if (strcmp(argv[*i], name) == 0) {
		*i += 1;
		return *i < argc ? argv[*i] : "";
	}
	if (n > 2 && strncmp(argv[*i], name, n) == 0 && argv[*i][n] == '=') {
		return argv[*i] + n + 1;
	}
	return NULL;
}

int app_service_arg(
		const struct app_command *c, struct app_service *s, int argc, char **argv, int *i)
{
	const char *name = argv[*i];
	const char *file = value_of("-c", argc, argv, i);
	const char *dir = NULL;

	if (file == NULL) {
		file = value_of("--config", argc, argv, i);
	}
	if (file == NULL) {
		dir = value_of("--dir", argc, argv, i);
	}
	if (file == NULL && dir == NULL) {
		return 0;
	}
	if ((file != NULL ? file : dir)[0] == '\0') {
		app_usage(c, "%s: value missing", name);
		return -1;
	}
	if (file != NULL) {
		s->file = file;
	} else {
		s->dir = dir;
	}
	if (s->file != NULL && s->dir != NULL) {
		app_usage(c, "-c and --dir name two services; one of them has to do");
		return -1;
	}
	return 1;
}

const char *app_service_file(struct app_service *s)
{
	if (s->file != NULL) {
		return s->file;
	}
	if (s->dir == NULL) {
		s->file = SP_CONF_FILE;
		return s->file;
	}
	int n = snprintf(s->buf, sizeof(s->buf), "%s/sallyport.conf", s->dir);
	if (!(n > 0 && (size_t)n < sizeof(s->buf))) {
		app_fail("--dir", "name too long");
		return NULL;
	}
	s->file = s->buf;
	return s->file;
}

static void print_help(void)
{
	puts("usage: sallyport COMMAND [ARGUMENTS]\n"
	     "       sallyport COMMAND --help\n"
	     "       sallyport --version\n\n"
	     "commands:");
	for (size_t i = 0; i < SP_LEN(commands); i++) {
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	}
}

/*
 * Where one of the three is closed, the next file that is opened would take its place, and a report
 * would go into it. What stands there instead fails as a closed one does.
 */
static void hold_standard(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
			(void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
		}
	}
}

int main(int argc, char **argv)
{
	hold_standard();
	if (argc < 2) {
		fputs("sallyport: no command given\nTry 'sallyport --help'.\n", stderr);
		return APP_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
			strcmp(argv[1], "help") == 0) {
		print_help();
		return APP_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("sallyport " SP_VERSION);
		return APP_OK;
	}
	for (size_t i = 0; i < SP_LEN(commands); i++) {
		const struct app_command *c = commands[i];
		if (strcmp(c->name, argv[1]) != 0) {
			continue;
		}
		int rc = c->run(c, argc - 1, argv + 1);
		/* A full disk behind standard output is a failure of the command. */
		if (fflush(stdout) != 0 && rc == APP_OK) {
			return app_fail("standard output", "cannot write");
		}
		return rc;
	}
	fprintf(stderr, "sallyport: %s: no such command\nTry 'sallyport --help'.\n", argv[1]);
	return APP_USAGE;
}
