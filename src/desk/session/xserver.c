/* desk/session/xserver.c - see xserver.h. */
#include "desk/session/xserver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/child.h"

#define PATH_SIZE 512
#define COOKIE_SIZE 16
#define DEFAULT_DPI 96
#define DEFAULT_DEADLINE_MS 10000
#define GRACE_MS 2000
/* Xvfb cannot grow beyond what it started with, and takes memory for all of it. */
#define XVFB_WIDTH 3840
#define XVFB_HEIGHT 2160
/* KiB for 8192 x 8192 x 4 bytes, and a little for the driver. Touched only where drawn. */
#define XORG_VIDEO_RAM (8192 * 32 + 8192)
#define MIN_CLOCK 12 /* MHz */
#define MAX_CLOCK 290

struct sp_xserver {
	enum sp_xserver_kind kind;
	struct sp_child child;
	char display[16];
	char dir[PATH_SIZE], authority[PATH_SIZE];
	uint32_t width, height, dpi, deadline_ms;
	uint32_t max_width, max_height;
	char *const *envp;
};

static int join(char *out, const char *dir, const char *name)
{
	int n = snprintf(out, PATH_SIZE, "%s/%s", dir, name);

	return n > 0 && n < PATH_SIZE ? SP_OK : SP_ELIMIT;
}

static int write_file(const char *path, const void *data, size_t n)
{
	if (unlink(path) != 0 && errno != ENOENT) {
		return SP_ESYS;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return SP_ESYS;
	}
	ssize_t done = write(fd, data, n);
	if (close(fd) != 0 || done != (ssize_t)n) {
		return SP_ESYS;
	}
	return SP_OK;
}

/*
 * One entry as libXau reads it: family, address, display number, name, data, each with a 16-bit
 * big-endian length. The wild family without address and number fits every display, so the file
 * can be there before the server has chosen its number.
 */
static int write_cookie(const char *path)
{
	static const char name[] = "MIT-MAGIC-COOKIE-1";
	uint8_t entry[2 + 2 + 2 + 2 + sizeof(name) - 1 + 2 + COOKIE_SIZE] = {0xff, 0xff};
	size_t at = 6;

	entry[at + 1] = sizeof(name) - 1;
	memcpy(entry + at + 2, name, sizeof(name) - 1);
	at += 2 + sizeof(name) - 1;
	entry[at + 1] = COOKIE_SIZE;
	if (getrandom(entry + at + 2, COOKIE_SIZE, 0) != COOKIE_SIZE) {
		return SP_ESYS;
	}
	int rc = write_file(path, entry, sizeof(entry));
	sp_wipe(entry, sizeof(entry));
	return rc;
}

static int write_config(const struct sp_xserver *x, const char *path)
{
	char text[2048];
	uint32_t w = x->width, h = x->height;
	/* 60 pictures a second, where that is within what the driver takes: 11 to 300 MHz. */
	uint64_t clock = (uint64_t)(w + 32) * (h + 4) * 60 / 1000000;

	clock = clock < MIN_CLOCK ? MIN_CLOCK : clock > MAX_CLOCK ? MAX_CLOCK : clock;
	/* No device may be taken from the machine: neither its keyboard nor its graphics card. */
	int n = snprintf(text, sizeof(text),
			"Section \"ServerFlags\"\n"
			"\tOption \"DontVTSwitch\" \"true\"\n"
			"\tOption \"DontZap\" \"true\"\n"
			"\tOption \"AllowMouseOpenFail\" \"true\"\n"
			"\tOption \"AutoAddDevices\" \"false\"\n"
			"\tOption \"AutoEnableDevices\" \"false\"\n"
			"\tOption \"AutoAddGPU\" \"false\"\n"
			"\tOption \"AutoBindGPU\" \"false\"\n"
			"\tOption \"BlankTime\" \"0\"\n"
			"\tOption \"StandbyTime\" \"0\"\n"
			"\tOption \"SuspendTime\" \"0\"\n"
			"\tOption \"OffTime\" \"0\"\n"
			"EndSection\n"
			"Section \"Device\"\n"
			"\tIdentifier \"card\"\n"
			"\tDriver \"dummy\"\n"
			"\tVideoRam %u\n"
			"EndSection\n"
			"Section \"Monitor\"\n"
			"\tIdentifier \"monitor\"\n"
			"\tHorizSync 1.0-2000.0\n"
			"\tVertRefresh 1.0-500.0\n"
			"\tModeline \"first\" %u %u %u %u %u %u %u %u %u\n"
			"EndSection\n"
			"Section \"Screen\"\n"
			"\tIdentifier \"screen\"\n"
			"\tDevice \"card\"\n"
			"\tMonitor \"monitor\"\n"
			"\tDefaultDepth 24\n"
			"\tSubSection \"Display\"\n"
			"\t\tDepth 24\n"
			"\t\tModes \"first\"\n"
			"\t\tVirtual %u %u\n"
			"\tEndSubSection\n"
			"EndSection\n"
			"Section \"ServerLayout\"\n"
			"\tIdentifier \"layout\"\n"
			"\tScreen \"screen\"\n"
			"EndSection\n",
			XORG_VIDEO_RAM, (unsigned)clock, w, w + 8, w + 16, w + 32, h, h + 1, h + 2,
			h + 4, w, h);

	return n > 0 && (size_t)n < sizeof(text) ? write_file(path, text, (size_t)n) : SP_ELIMIT;
}

/*
 * The server itself and not the Xorg in PATH, which may be the set-user-id wrapper that admits
 * console users only.
 */
static int find_xorg(char *out)
{
	static const char *const places[] = {
			"/usr/lib/xorg/Xorg", "/usr/libexec/Xorg", "/usr/lib/Xorg"};

	for (size_t i = 0; i < SP_LEN(places); i++) {
		if (access(places[i], X_OK) == 0) {
			snprintf(out, PATH_SIZE, "%s", places[i]);
			return SP_OK;
		}
	}
	return sp_child_find("Xorg", NULL, out, PATH_SIZE);
}

/* Starts one and waits for the display number that it writes when it is ready. */
static int launch(struct sp_xserver *x, const char *path, const char *const *argv, const char *log,
		char *why, size_t n)
{
	int ends[2];
	char line[12], text[64];

	if (pipe2(ends, O_CLOEXEC) != 0) {
		snprintf(why, n, "no pipe: %s", strerror(errno));
		return SP_ESYS;
	}
	struct sp_child_opts opts = {
			.path = path,
			.argv = argv,
			.envp = x->envp,
			.log = log,
			.pass_fd = ends[1],
			.die_with_us = true,
	};
	int rc = sp_child_start(&opts, &x->child);
	close(ends[1]);
	if (rc != SP_OK) {
		close(ends[0]);
		snprintf(why, n, "%s cannot be started: %s", argv[0], strerror(errno));
		return rc;
	}
	rc = sp_child_line(&x->child, ends[0], x->deadline_ms, line, sizeof(line));
	close(ends[0]);
	if (rc == SP_OK && strspn(line, "0123456789") == strlen(line) && line[0]) {
		snprintf(x->display, sizeof(x->display), ":%s", line);
		return SP_OK;
	}
	if (rc == SP_ETIMEOUT) {
		snprintf(text, sizeof(text), "was not ready after %u ms", x->deadline_ms);
	} else {
		/* The pipe may close a moment before the process can be waited for. */
		if (sp_child_wait(&x->child, 500) != SP_OK) {
			sp_log(SP_LOG_DEBUG, "%s lingers", argv[0]);
		}
		sp_child_text(&x->child, text, sizeof(text));
	}
	snprintf(why, n, "%s %s, see %s", argv[0], text, log);
	sp_child_end(&x->child, GRACE_MS);
	return rc == SP_ETIMEOUT ? rc : SP_ESYS;
}

/*
 * Both servers go without the SECURITY extension: it lets nobody read a cursor whose program has
 * ended, as xsetroot does after it set the one of the screen.
 */
static int start_xorg(struct sp_xserver *x, char *why, size_t n)
{
	char path[PATH_SIZE], config[PATH_SIZE], extra[PATH_SIZE], log[PATH_SIZE], out[PATH_SIZE];
	char dpi[12];

	if (find_xorg(path) != SP_OK) {
		snprintf(why, n, "Xorg is not installed");
		return SP_ENOTFOUND;
	}
	if (join(config, x->dir, "xorg.conf") != SP_OK ||
			join(extra, x->dir, "xorg.conf.d") != SP_OK ||
			join(log, x->dir, "xorg.log") != SP_OK ||
			join(out, x->dir, "xorg.out") != SP_OK) {
		snprintf(why, n, "%s: path too long", x->dir);
		return SP_ELIMIT;
	}
	if (write_config(x, config) != SP_OK || (mkdir(extra, 0700) != 0 && errno != EEXIST)) {
		snprintf(why, n, "%s: %s", config, strerror(errno));
		return SP_ESYS;
	}
	snprintf(dpi, sizeof(dpi), "%u", x->dpi);
	const char *argv[] = {"Xorg", "-displayfd", "3", "-config", config, "-configdir", extra,
			"-logfile", log, "-auth", x->authority, "-sharevts", "-novtswitch",
			"-noreset", "-nolisten", "tcp", "-s", "0", "-dpi", dpi, "-extension",
			"SECURITY", NULL};
	int rc = launch(x, path, argv, out, why, n);

	if (rc == SP_OK) {
		x->kind = SP_XSERVER_XORG;
		x->max_width = x->max_height = SP_XSERVER_MAX_SIZE;
	}
	return rc;
}

static int start_xvfb(struct sp_xserver *x, char *why, size_t n)
{
	char path[PATH_SIZE], out[PATH_SIZE], screen[32], dpi[12];

	if (sp_child_find("Xvfb", NULL, path, sizeof(path)) != SP_OK) {
		snprintf(why, n, "Xvfb is not installed");
		return SP_ENOTFOUND;
	}
	if (join(out, x->dir, "xvfb.out") != SP_OK) {
		snprintf(why, n, "%s: path too long", x->dir);
		return SP_ELIMIT;
	}
	x->max_width = x->width > XVFB_WIDTH ? x->width : XVFB_WIDTH;
	x->max_height = x->height > XVFB_HEIGHT ? x->height : XVFB_HEIGHT;
	snprintf(screen, sizeof(screen), "%ux%ux24", x->max_width, x->max_height);
	snprintf(dpi, sizeof(dpi), "%u", x->dpi);
	/* Without -noreset it forgets its modes when the last client leaves. */
	const char *argv[] = {"Xvfb", "-displayfd", "3", "-screen", "0", screen, "-auth",
			x->authority, "-noreset", "-nolisten", "tcp", "-s", "0", "-dpi", dpi,
			"-extension", "SECURITY", NULL};
	int rc = launch(x, path, argv, out, why, n);

	if (rc == SP_OK) {
		x->kind = SP_XSERVER_XVFB;
	}
	return rc;
}

static uint32_t in_range(uint32_t v)
{
	v = v < SP_XSERVER_MIN_SIZE ? SP_XSERVER_MIN_SIZE : v;
	return v > SP_XSERVER_MAX_SIZE ? SP_XSERVER_MAX_SIZE : v;
}

/* Xorg, else Xvfb, as far as the caller wants either. */
static int start_any(struct sp_xserver *x, enum sp_xserver_kind kind, char *why, size_t n)
{
	char first[640] = "";
	int rc = SP_EARG;

	if (kind != SP_XSERVER_XVFB) {
		rc = start_xorg(x, first, sizeof(first));
		snprintf(why, n, "%s", first);
	}
	if (rc != SP_OK && kind != SP_XSERVER_XORG) {
		char second[640] = "";

		rc = start_xvfb(x, second, sizeof(second));
		snprintf(why, n, "%s%s%s", first, first[0] && second[0] ? "; " : "", second);
	}
	return rc;
}

int sp_xserver_start(
		const struct sp_xserver_opts *opts, struct sp_xserver **out, char *why, size_t n)
{
	struct sp_xserver *x = sp_calloc(1, sizeof(*x));
	int len;

	*out = NULL;
	snprintf(why, n, "%s", "");
	if (!x) {
		return SP_ENOMEM;
	}
	x->child.fd = -1;
	x->width = in_range(opts->width) & ~1U;
	x->height = in_range(opts->height);
	x->dpi = opts->dpi ? opts->dpi : DEFAULT_DPI;
	x->deadline_ms = opts->deadline_ms ? opts->deadline_ms : DEFAULT_DEADLINE_MS;
	x->envp = opts->envp;
	len = snprintf(x->dir, sizeof(x->dir), "%s", opts->dir);
	int rc = len > 0 && (size_t)len < sizeof(x->dir)
			? join(x->authority, opts->dir, "Xauthority")
			: SP_ELIMIT;
	if (rc == SP_OK) {
		rc = write_cookie(x->authority);
	}
	if (rc != SP_OK) {
		snprintf(why, n, "%s/Xauthority: %s", opts->dir, sp_err_text(rc));
		sp_free(x);
		return rc;
	}
	rc = start_any(x, opts->kind, why, n);
	if (rc != SP_OK) {
		sp_xserver_destroy(x);
		return rc;
	}
	*out = x;
	return SP_OK;
}

void sp_xserver_destroy(struct sp_xserver *x)
{
	if (!x) {
		return;
	}
	sp_child_end(&x->child, GRACE_MS);
	unlink(x->authority);
	sp_free(x);
}

enum sp_xserver_kind sp_xserver_kind(const struct sp_xserver *x)
{
	return x->kind;
}

const char *sp_xserver_display(const struct sp_xserver *x)
{
	return x->display;
}

const char *sp_xserver_authority(const struct sp_xserver *x)
{
	return x->authority;
}

void sp_xserver_max(const struct sp_xserver *x, uint32_t *width, uint32_t *height)
{
	*width = x->max_width;
	*height = x->max_height;
}

pid_t sp_xserver_pid(const struct sp_xserver *x)
{
	return x->child.pid;
}

int sp_xserver_fd(const struct sp_xserver *x)
{
	return x->child.fd;
}

bool sp_xserver_alive(struct sp_xserver *x)
{
	return sp_child_alive(&x->child);
}
