/* app/person.c - see person.h. */
#include "app/person.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "core/base/err.h"
#include "core/base/mem.h"

static bool ask_trust(void *user, const char *text)
{
	struct app_person *p = user;
	char answer[16] = "";
	bool yes = false;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		app_fail(p->address, "%s", text);
		fputs("There is no terminal to ask on; --trust pin:SHA256 says it in advance.\n",
				stderr);
		return false;
	}
	dprintf(fd, "%s: %s\nConnect, and expect this certificate from now on (yes/no)? ",
			p->address, text);
	ssize_t n = read(fd, answer, sizeof(answer) - 1);
	if (n > 0) {
		answer[strcspn(answer, "\r\n")] = '\0';
		yes = strcmp(answer, "yes") == 0;
	}
	close(fd);
	return yes;
}

static int ask_password(void *user, struct sp_secret *out)
{
	struct app_person *p = user;
	char prompt[700];

	if (!p->has_password) {
		snprintf(prompt, sizeof(prompt), "Password of %s for %s: ", p->o->user, p->address);
		p->has_password = app_password_prompt(prompt, false, p->password);
		if (!p->has_password) {
			return SP_EAUTH;
		}
	}
	bool fits = sp_secret_set(out, p->password, strlen(p->password));
	sp_wipe(p->password, sizeof(p->password));
	p->has_password = false;
	return fits ? SP_OK : SP_ELIMIT;
}

static void note(void *user, const char *text)
{
	const struct app_person *p = user;

	fprintf(stderr, "sallyport: %s: %s\n", p->address, text);
}

int app_person_session(struct app_person *p, struct sp_session_conf *out)
{
	const char *name = sp_options_name(p->o, (int64_t)time(NULL));

	if (p->o->user != NULL && name == NULL) {
		return app_fail(p->address, "user name is too long");
	}
	if (p->o->password_stdin && !(p->has_password = app_password_stdin(p->password))) {
		return APP_FAILED;
	}
	*out = (struct sp_session_conf){.host = p->o->host,
			.port = p->o->port,
			.user_name = name,
			.domain = p->o->domain,
			.width = p->o->width,
			.height = p->o->height,
			.monitors = p->o->monitors.n > 0 ? &p->o->monitors : NULL,
			.depth = p->o->depth,
			.codec = p->o->codec,
			.plain = p->o->plain,
			.security = p->o->security,
			.trust = p->o->trust,
			.person = {.trust = ask_trust,
					.password = ask_password,
					.note = note,
					.user = p}};
	return APP_OK;
}

void app_person_wipe(struct app_person *p)
{
	sp_wipe(p->password, sizeof(p->password));
	sp_wipe(p->o->totp, sizeof(p->o->totp));
}

int app_person_check(const struct app_command *self, const struct sp_options *o)
{
	if ((o->code || o->has_totp) && (!o->user || (o->code && o->has_totp))) {
		return app_usage(self,
				"--code or --totp-secret needs --user, and there is one of them");
	}
	if (o->target && (!o->user || strchr(o->user, '#'))) {
		return app_usage(self, "--target needs --user, and one without \"#\"");
	}
	return APP_OK;
}
