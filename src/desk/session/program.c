/* desk/session/program.c - see program.h. */
#include "desk/session/program.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk/session/child.h"

#define GRACE_MS 3000

/*
 * Before a bare window manager: a plain background and a font that can be read in terminals, unless
 * the user's own resources say otherwise. Those nobody else would load.
 */
#define CALM \
	"xsetroot -solid '#2e4053' -cursor_name left_ptr; " \
	"printf '*VT100.faceName: Monospace\\n*VT100.faceSize: 11\\n' | xrdb -nocpp -merge; " \
	"for f in ~/.Xdefaults ~/.Xresources; do [ -r $f ] && xrdb -merge $f; done; "
/*
 * icewm's picture and colours give way as well, where the user did not set it up; and what moves
 * in its taskbar, since each second of a clock and each load graph is a picture on the network.
 */
#define CALM_ICEWM \
	CALM "[ -e ~/.icewm ] || [ -e \"${XDG_CONFIG_HOME:-$HOME/.config}/icewm\" ] || { " \
	     "set -- --nobg --theme=CrystalBlue/default.theme; " \
	     "d=$XDG_RUNTIME_DIR/sallyport-icewm; mkdir -p -m 700 \"$d\" && " \
	     "printf 'TaskBarShow%sStatus=0\\n' CPU MEM Net APM > \"$d/preferences\" && " \
	     "printf 'TimeFormat=\"%%H:%%M\"\\n' >> \"$d/preferences\" && " \
	     "export ICEWM_PRIVCFG=\"$d\"; }; "

struct sp_program {
	struct sp_child child;
};

/* In order of preference. */
static const struct {
	const char *program, *name, *desktop;
} desktops[] = {
		{"startxfce4", "xfce", "XFCE"},
		{"xfce4-session", "xfce", "XFCE"},
		{"mate-session", "mate", "MATE"},
		{"startlxqt", "lxqt", "LXQt"},
		{"startlxde", "lxde", "LXDE"},
		{"cinnamon-session", "cinnamon", "X-Cinnamon"},
		{"startplasma-x11", "plasma", "KDE"},
};

static const struct {
	const char *program, *name, *before;
} managers[] = {
		{"icewm-session", "icewm", CALM_ICEWM},
		{"openbox", "openbox", CALM},
		{"fluxbox", "fluxbox", CALM},
		{"jwm", "jwm", CALM},
		{"twm", "twm", CALM},
};

static const char *const terminals[] = {"x-terminal-emulator", "xterm", "urxvt", "lxterminal"};

static bool installed(const struct sp_env *env, const char *program)
{
	char path[512];

	return sp_child_find(program, sp_env_get(env, "PATH"), path, sizeof(path)) == SP_OK;
}

static const char *find_terminal(const struct sp_env *env)
{
	for (size_t i = 0; i < SP_LEN(terminals); i++) {
		if (installed(env, terminals[i])) {
			return terminals[i];
		}
	}
	return NULL;
}

static bool choose_xsession(const struct sp_env *env, struct sp_program_choice *out)
{
	char path[512];
	const char *home = sp_env_get(env, "HOME");

	if (!home) {
		return false;
	}
	snprintf(path, sizeof(path), "%s/.xsession", home);
	if (access(path, X_OK) != 0) {
		return false;
	}
	/* The shell expands HOME itself, so a strange path needs no quoting by us. */
	snprintf(out->command, sizeof(out->command), "%s", "exec \"$HOME/.xsession\"");
	out->name = ".xsession";
	return true;
}

static bool choose_desktop(const struct sp_env *env, struct sp_program_choice *out)
{
	for (size_t i = 0; i < SP_LEN(desktops); i++) {
		if (installed(env, desktops[i].program)) {
			snprintf(out->command, sizeof(out->command), "exec %s",
					desktops[i].program);
			out->name = desktops[i].name;
			out->desktop = desktops[i].desktop;
			return true;
		}
	}
	return false;
}

static bool choose_manager(const struct sp_env *env, struct sp_program_choice *out)
{
	const char *terminal = find_terminal(env);

	for (size_t i = 0; i < SP_LEN(managers); i++) {
		if (installed(env, managers[i].program)) {
			snprintf(out->command, sizeof(out->command), "%s%s%sexec %s \"$@\"",
					managers[i].before, terminal ? terminal : "",
					terminal ? " & " : "", managers[i].program);
			out->name = managers[i].name;
			return true;
		}
	}
	if (terminal) {
		snprintf(out->command, sizeof(out->command), "exec %s", terminal);
		out->name = "terminal";
	}
	return terminal != NULL;
}

int sp_program_choose(const struct sp_env *env, const char *given, struct sp_program_choice *out)
{
	*out = (struct sp_program_choice){0};
	if (given) {
		size_t len = strlen(given);

		if (!(0 < len && len < sizeof(out->command))) {
			return SP_ELIMIT;
		}
		memcpy(out->command, given, len + 1);
		out->name = "given";
		return SP_OK;
	}
	if (choose_xsession(env, out) || choose_desktop(env, out) || choose_manager(env, out)) {
		return SP_OK;
	}
	return SP_ENOTFOUND;
}

int sp_program_start(struct sp_env *env, const struct sp_program_choice *choice, const char *dir,
		struct sp_program **out, char *why, size_t n)
{
	char log[512], command[sizeof(choice->command)];
	const char *argv[] = {"sh", "-c", command, NULL};

	*out = NULL;
	snprintf(why, n, "%s", "");
	snprintf(command, sizeof(command), "%s", choice->command);
	int len = snprintf(log, sizeof(log), "%s/program.log", dir);
	if (!(len > 0 && (size_t)len < sizeof(log))) {
		snprintf(why, n, "%s: path too long", dir);
		return SP_ELIMIT;
	}
	if (choice->desktop) {
		int rc = sp_env_set(env, "XDG_CURRENT_DESKTOP", choice->desktop);

		if (rc != SP_OK) {
			return rc;
		}
	}
	struct sp_program *p = sp_calloc(1, sizeof(*p));
	if (!p) {
		return SP_ENOMEM;
	}
	struct sp_child_opts opts = {
			.path = "/bin/sh",
			.argv = argv,
			.envp = sp_env_vector(env),
			.cwd = sp_env_get(env, "HOME"),
			.log = log,
			.pass_fd = -1,
			.die_with_us = true,
	};
	int rc = sp_child_start(&opts, &p->child);
	if (rc != SP_OK) {
		snprintf(why, n, "%s: %s", choice->name, strerror(errno));
		sp_free(p);
		return rc;
	}
	*out = p;
	return SP_OK;
}

void sp_program_destroy(struct sp_program *p)
{
	if (!p) {
		return;
	}
	sp_child_end(&p->child, GRACE_MS);
	sp_free(p);
}

int sp_program_fd(const struct sp_program *p)
{
	return p->child.fd;
}

bool sp_program_alive(struct sp_program *p, int *status)
{
	bool alive = sp_child_alive(&p->child);

	if (!alive) {
		*status = p->child.status;
	}
	return alive;
}
