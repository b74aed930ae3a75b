/* app/shot.c - `sallyport shot`: a picture of what an RDP server shows. */
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "app/json.h"
#include "app/person.h"
#include "client/options.h"
#include "client/shot.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "host/io/hostlog.h"

#define MAX_WAIT_S 3600

struct shot_command {
	struct sp_options o;
	struct app_person person;
	const char *address, *path;
	uint64_t wait_us;
};

static int take_picture(struct shot_command *s)
{
	struct sp_session_conf session;
	struct sp_shot_conf conf = {.session = &session, .path = s->path, .wait_us = s->wait_us};
	struct sp_shot_result r;
	char why[SP_SESSION_WHY];

	if (getenv("SP_LOG_DEBUG")) {
		sp_hostlog_open("shot", SP_LOG_DEBUG);
	}
	s->person.o = &s->o;
	s->person.address = s->address;
	int status = app_person_session(&s->person, &session);
	if (status != APP_OK) {
		return status;
	}
	int rc = sp_shot_take(&conf, &r, why);
	app_person_wipe(&s->person);
	if (rc != SP_OK) {
		return app_fail(s->address, "%s", why);
	}
	printf("{\"first_frame_ms\": %.1f, \"codec\": ", (double)r.first_frame_us / 1000);
	app_json_text(stdout, r.codec);
	printf(", \"width\": %u, \"height\": %u, \"bytes_in\": %llu}\n", r.width, r.height,
			(unsigned long long)r.bytes_in);
	return APP_OK;
}

/* One argument: 0 to go on, else the exit status + 1. */
static int take(const struct app_command *self, struct shot_command *s, int argc, char **argv,
		int *i)
{
	char why[SP_WHY_MAX];
	const char *wait = NULL;

	if (app_help(self, argv[*i])) {
		return APP_OK + 1;
	}
	int rc = sp_options_take(&s->o, argc, argv, i, why);
	if (rc < 0) {
		return app_usage(self, "%s", why) + 1;
	}
	if (rc > 0) {
		return 0;
	}
	rc = sp_options_value("--wait", argc, argv, i, &wait);
	if (rc < 0) {
		return app_usage(self, "--wait: value missing") + 1;
	}
	if (rc > 0) {
		if (sp_options_seconds(wait, MAX_WAIT_S, &s->wait_us) != SP_OK || s->wait_us == 0) {
			return app_usage(self, "--wait %.80s: not seconds above 0 and up to %d",
					       wait, MAX_WAIT_S) +
					1;
		}
	} else if (argv[*i][0] == '-') {
		return app_usage(self, "%s: no such option", argv[*i]) + 1;
	} else if (!s->address) {
		s->address = argv[*i];
		if (sp_options_address(&s->o, s->address) != SP_OK) {
			return app_usage(self, "%s: not HOST or HOST:PORT", s->address) + 1;
		}
	} else if (!s->path) {
		s->path = argv[*i];
	} else {
		return app_usage(self, "%s: one argument too many", argv[*i]) + 1;
	}
	return 0;
}

static int run(const struct app_command *self, int argc, char **argv)
{
	static struct shot_command s;

	sp_options_init(&s.o);
	for (int i = 1; i < argc; i++) {
		int rc = take(self, &s, argc, argv, &i);

		if (rc != 0) {
			return rc - 1;
		}
	}
	int status = app_person_check(self, &s.o);
	if (status != APP_OK) {
		return status;
	}
	if (!s.path || !s.path[0]) {
		return app_usage(self, "say where to connect and which file to write");
	}
	return take_picture(&s);
}

const struct app_command app_shot = {
		.name = "shot",
		.summary = "a picture of what an RDP server shows",
		.usage = "usage: sallyport shot HOST[:PORT] OUT.png [--size WxH] [--wait SECONDS]\n"
			 "                      [--user USER] [--domain DOMAIN] "
			 "[--password-stdin]\n"
			 "                      [--target NAME] [--code CODE | --totp-secret "
			 "SECRET]\n"
			 "                      [--depth 32|24|16|15] [--codec WHICH] [--sec "
			 "auto|nla|tls]\n"
			 "                      [--compression on|off]\n"
			 "                      [--trust first-seen|ask|ca|pin:SHA256]\n\n"
			 "Connects without a window, waits until the picture is still, writes it, "
			 "and prints\n"
			 "one line of JSON. Asks for the password on the terminal where --user is "
			 "given and\n"
			 "--password-stdin is not.\n\n"
			 "  --size WxH        ask for a desktop of this size (default 1024x768)\n"
			 "  --wait SECONDS    take the picture this long after the desktop is "
			 "there, still\n"
			 "                    or not (default: when nothing changed for half a "
			 "second; a\n"
			 "                    clock or cursor counts for three seconds only; at "
			 "most 15 s)\n"
			 "  --user USER       who logs in; also DOMAIN\\USER\n"
			 "  --target NAME     which computer behind a Sallyport service\n"
			 "  --code CODE       the one-time code that the service asks for\n"
			 "  --totp-secret SECRET  makes that code, from a secret in base 32\n"
			 "  --domain DOMAIN   the user's domain\n"
			 "  --password-stdin  the password is the first line of standard input\n"
			 "  --depth BITS      colour depth (default 32)\n"
			 "  --codec WHICH     auto (default), bitmap, rfx, nsc, gfx, gfx-rfx, "
			 "avc420 or avc444\n"
			 "  --compression off  ask the server not to compress what it sends\n"
			 "  --sec WHICH       nla: only with Network Level Authentication; tls: "
			 "only\n"
			 "                    without; auto (default): what the server has\n"
			 "  --trust WHOM      first-seen (default): the certificate that was seen "
			 "first is\n"
			 "                    expected from then on; ask: the same, but asks "
			 "first; ca: it\n"
			 "                    must come from an authority of this machine; "
			 "pin:SHA256: it\n"
			 "                    or its key has this hash\n",
		.run = run,
};
