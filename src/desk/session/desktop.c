/* desk/session/desktop.c - see desktop.h. */
#include "desk/session/desktop.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"

/* What programs find: what the broker gave us (PAM's variables), then the user's own. */
static int make_env(struct sp_desktop *d, const char *dir)
{
	int rc = sp_env_create(&d->env);

	if (rc == SP_OK) {
		rc = sp_env_merge(d->env, environ);
	}
	return rc == SP_OK ? sp_env_user(d->env, dir) : rc;
}

static int start_x(struct sp_desktop *d, const struct sp_desktop_opts *opts, char *why, size_t n)
{
	struct sp_xserver_opts x = {.dir = opts->dir,
			.kind = opts->kind,
			.width = opts->width,
			.height = opts->height,
			.dpi = opts->dpi,
			.envp = sp_env_vector(d->env)};
	int rc = sp_xserver_start(&x, &d->server, why, n);

	if (rc != SP_OK) {
		return rc;
	}
	const char *display = sp_xserver_display(d->server);
	const char *authority = sp_xserver_authority(d->server);
	rc = sp_env_display(d->env, display, authority);
	return rc == SP_OK ? sp_xlink_create(display, authority, &d->link, why, n) : rc;
}

void sp_desktop_add_part(struct sp_desktop *d, struct sp_part *part)
{
	assert(d->n_parts < SP_DESKTOP_PARTS);
	d->parts[d->n_parts++] = part;
}

/* Before all else: it comes up by itself while the X server is waited for. */
static void start_sound(struct sp_desktop *d, const struct sp_desktop_opts *opts)
{
	char why[300];

	d->sound = sp_sound_create(opts->loop, d->env, opts->dir, why, sizeof(why));
	if (!d->sound) {
		sp_log(SP_LOG_WARN, "desktop without sound: %s", why);
		return;
	}
	for (size_t i = 0; i < SP_SOUND_PARTS; i++) {
		sp_desktop_add_part(d, sp_sound_part(d->sound, i));
	}
}

/* PRIMARY is shared where the user's environment (~/.pam_environment, /etc/environment) says so. */
static int start_clipboard(struct sp_desktop *d, struct sp_loop *loop)
{
	const char *primary = sp_env_get(d->env, "SALLYPORT_PRIMARY");
	struct sp_desk_clipboard_conf conf = {.loop = loop,
			.x = d->link,
			.runtime = sp_env_get(d->env, "XDG_RUNTIME_DIR"),
			.primary = primary && strcmp(primary, "yes") == 0};
	int rc = sp_desk_clipboard_create(&conf, &d->clipboard);

	if (rc == SP_OK) {
		sp_desktop_add_part(d, sp_desk_clipboard_part(d->clipboard));
	}
	return rc;
}

static int start_drives(struct sp_desktop *d, struct sp_loop *l)
{
	struct sp_drives_conf conf = {.runtime_dir = sp_env_get(d->env, "XDG_RUNTIME_DIR"),
			.home = sp_env_get(d->env, "HOME")};
	int rc = sp_drives_create(l, &conf, &d->drives);

	if (rc == SP_OK) {
		sp_desktop_add_part(d, sp_drives_part(d->drives));
	}
	return rc;
}

static struct sp_tilekeys *make_keys(void)
{
	uint64_t seed[2];

	return getrandom(seed, sizeof(seed), 0) == sizeof(seed) ? sp_tilekeys_create(seed) : NULL;
}

static int start_parts(struct sp_desktop *d, struct sp_loop *l)
{
	struct sp_xinput_opts in = {.display = sp_xserver_display(d->server),
			.authority = sp_xserver_authority(d->server),
			.envp = sp_env_vector(d->env)};
	int rc = sp_screen_create(d->link, &d->screen);

	sp_desk_echo_init(&d->echo);
	sp_desktop_add_part(d, &d->echo.part);
	if (rc == SP_OK) {
		d->monitors = sp_monitors_create(l, d->screen);
		rc = d->monitors ? SP_OK : SP_ENOMEM;
	}
	if (rc == SP_OK) {
		sp_desktop_add_part(d, sp_monitors_part(d->monitors));
		rc = sp_capture_create(d->link, &d->capture);
	}
	if (rc == SP_OK) {
		rc = sp_xcursor_create(d->link, &d->cursor);
	}
	if (rc == SP_OK) {
		rc = sp_xinput_create(d->link, &in, &d->input);
	}
	if (rc == SP_OK) {
		rc = start_drives(d, l);
	}
	d->pool = sp_pool_create(l, (size_t)sysconf(_SC_NPROCESSORS_ONLN));
	d->keys = make_keys();
	return rc == SP_OK ? start_clipboard(d, l) : rc;
}

static int start_program(
		struct sp_desktop *d, const struct sp_desktop_opts *opts, char *why, size_t n)
{
	struct sp_program_choice choice;
	const char *given = opts->command && opts->command[0] ? opts->command : NULL;
	int rc = sp_bus_start(d->env, &d->bus, why, n);

	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "desktop without session bus: %s", why);
	}
	rc = sp_program_choose(d->env, given, &choice);
	if (rc == SP_ENOTFOUND) {
		snprintf(why, n, "no desktop environment, window manager or terminal installed");
		return rc;
	}
	if (rc != SP_OK) {
		snprintf(why, n, "command of the session: %s", sp_err_text(rc));
		return rc;
	}
	d->name = choice.name;
	return sp_program_start(d->env, &choice, opts->dir, &d->program, why, n);
}

int sp_desktop_start(struct sp_desktop *d, const struct sp_desktop_opts *opts, char *why, size_t n)
{
	*d = (struct sp_desktop){0};
	snprintf(why, n, "%s", "");
	int rc = make_env(d, opts->dir);
	if (rc == SP_OK) {
		start_sound(d, opts);
		rc = start_x(d, opts, why, n);
	}
	if (rc == SP_OK) {
		rc = start_parts(d, opts->loop);
	}
	if (rc == SP_OK) {
		rc = start_program(d, opts, why, n);
	}
	if (rc != SP_OK) {
		if (!why[0]) {
			snprintf(why, n, "desktop cannot be started: %s", sp_err_text(rc));
		}
		sp_desktop_finish(d);
	}
	return rc;
}

void sp_desktop_finish(struct sp_desktop *d)
{
	sp_program_destroy(d->program);
	sp_sound_destroy(d->sound);
	sp_bus_destroy(d->bus);
	sp_desk_clipboard_destroy(d->clipboard);
	sp_drives_destroy(d->drives);
	sp_xinput_destroy(d->input);
	sp_xcursor_destroy(d->cursor);
	sp_capture_destroy(d->capture);
	sp_pool_destroy(d->pool);
	sp_tilekeys_destroy(d->keys);
	sp_monitors_destroy(d->monitors);
	sp_screen_destroy(d->screen);
	sp_xlink_destroy(d->link);
	sp_xserver_destroy(d->server);
	sp_env_destroy(d->env);
	*d = (struct sp_desktop){0};
}
