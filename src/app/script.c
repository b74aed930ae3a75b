/* app/script.c - `sallyport script`: steps from a file, done on an RDP server without a window. */
#include "client/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/person.h"
#include "client/clip.h"
#include "client/drives.h"
#include "client/options.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "host/io/fdio.h"
#include "host/io/hostlog.h"

#define MAX_DRIVES 16

struct script_command {
	struct sp_options o;
	struct app_person person;
	const char *address, *path;
	struct sp_drives_offer drives[MAX_DRIVES];
	size_t n_drives;
	unsigned clipboard; /* SP_CLIP_WAY_* */
};

/* All of standard input, behind the password where that comes first. */
static int read_stdin(struct sp_wr *w)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
		sp_wr_put(w, buf, (size_t)n);
	}
	return n < 0 ? SP_ESYS : sp_wr_ok(w);
}

/* NULL, and said so, when there is none. */
static struct sp_rcbuf *read_script(const struct script_command *s)
{
	struct sp_rcbuf *text = NULL;
	struct sp_wr w;
	int rc;

	if (strcmp(s->path, "-") != 0) {
		rc = sp_file_read(s->path, SP_SCRIPT_MAX_BYTES, &text);
	} else {
		sp_wr_init(&w, SP_SCRIPT_MAX_BYTES);
		rc = read_stdin(&w);
		if (rc == SP_OK) {
			text = w.n > 0 ? sp_wr_take(&w) : sp_rcbuf_create(0);
			rc = text ? SP_OK : SP_ENOMEM;
		}
		sp_wr_finish(&w);
	}
	if (rc != SP_OK) {
		app_fail("script", "%s: %s", s->path,
				rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
	}
	return text;
}

/* The directories of --drive. NULL, and said so, when one cannot be offered. */
static struct sp_drives *offer_drives(const struct script_command *s, struct sp_loop *l)
{
	char computer[256] = "";
	struct sp_drives *d;

	(void)!gethostname(computer, sizeof(computer) - 1);
	d = sp_drives_create(l, computer);
	if (!d) {
		app_fail("script", "%s", sp_err_text(SP_ENOMEM));
	}
	for (size_t i = 0; d && i < s->n_drives; i++) {
		const struct sp_drives_offer *drive = &s->drives[i];
		int rc = sp_drives_add(d, drive->name, drive->dir, drive->read_only);

		if (rc != SP_OK) {
			app_fail("script", "--drive %s: %s: %s", drive->name,
					rc == SP_EARG ? drive->name : drive->dir,
					rc == SP_ESYS                   ? strerror(errno)
							: rc == SP_EARG ? "not a name for a drive"
									: sp_err_text(rc));
			sp_drives_destroy(d);
			d = NULL;
		}
	}
	return d;
}

/* With the drives that are offered, if any: 1 is an end that was told of. */
static int run_script(struct script_command *s, struct sp_session_conf *session,
		struct sp_script_conf *conf, char why[SP_SESSION_WHY])
{
	struct sp_drives *drives = NULL;
	struct sp_part *parts[1];

	if (s->n_drives > 0) {
		drives = offer_drives(s, conf->loop);
		if (!drives) {
			return 1;
		}
		parts[0] = sp_drives_part(drives);
		session->parts = parts;
		session->n_parts = 1;
	}
	int rc = sp_script_run(conf, why);
	sp_drives_destroy(drives);
	return rc;
}

static int do_script(struct script_command *s)
{
	struct sp_session_conf session;
	struct sp_script_conf conf = {.session = &session,
			.clipboard = s->clipboard,
			.name = strcmp(s->path, "-") == 0 ? "standard input" : s->path};
	char why[SP_SESSION_WHY];

	if (getenv("SP_LOG_DEBUG")) {
		sp_hostlog_open("script", SP_LOG_DEBUG);
	}
	s->person.o = &s->o;
	s->person.address = s->address;
	int status = app_person_session(&s->person, &session);
	if (status != APP_OK) {
		return status;
	}
	struct sp_rcbuf *text = read_script(s);
	if (!text) {
		app_person_wipe(&s->person);
		return APP_FAILED;
	}
	conf.text = sp_span(text->p, text->n);
	conf.loop = sp_loop_create();
	snprintf(why, sizeof(why), "no event loop");
	int rc = conf.loop ? run_script(s, &session, &conf, why) : SP_ESYS;
	app_person_wipe(&s->person);
	sp_loop_destroy(conf.loop);
	sp_rcbuf_unref(text);
	if (rc > 0) {
		return APP_FAILED;
	}
	return rc == SP_OK ? APP_OK : app_fail("script", "%s", why);
}

/* As sp_options_take(), for --drive. */
static int take_drive(struct script_command *s, int argc, char **argv, int *i, char why[SP_WHY_MAX])
{
	const char *v = NULL;
	int rc = sp_options_value("--drive", argc, argv, i, &v);

	if (rc < 0) {
		snprintf(why, SP_WHY_MAX, "--drive: value missing");
	} else if (rc > 0 && s->n_drives == MAX_DRIVES) {
		snprintf(why, SP_WHY_MAX, "--drive: not more than %d", MAX_DRIVES);
		rc = -1;
	} else if (rc > 0 && sp_drives_parse(v, &s->drives[s->n_drives++]) != SP_OK) {
		snprintf(why, SP_WHY_MAX, "--drive %.80s: not NAME=DIR or NAME=DIR:ro", v);
		rc = -1;
	}
	return rc;
}

/* One argument: 0 to go on, else the exit status + 1. */
static int take(const struct app_command *self, struct script_command *s, int argc, char **argv,
		int *i)
{
	const char *clipboard = NULL;
	char why[SP_WHY_MAX];

	if (app_help(self, argv[*i])) {
		return APP_OK + 1;
	}
	int rc = take_drive(s, argc, argv, i, why);
	if (rc == 0) {
		rc = sp_options_take(&s->o, argc, argv, i, why);
	}
	if (rc != 0) {
		return rc < 0 ? app_usage(self, "%s", why) + 1 : 0;
	}
	rc = sp_options_value("--clipboard", argc, argv, i, &clipboard);
	if (rc != 0) {
		if (rc < 0 || sp_clip_ways(clipboard, &s->clipboard) != SP_OK) {
			return app_usage(self, "--clipboard: on, off, in or out") + 1;
		}
		return 0;
	}
	if (argv[*i][0] == '-' && argv[*i][1] != '\0') {
		return app_usage(self, "%s: no such option", argv[*i]) + 1;
	}
	if (!s->address) {
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
	static struct script_command s;

	sp_options_init(&s.o);
	s.clipboard = SP_CLIP_WAY_BOTH;
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
		return app_usage(self, "say where to connect and which file has the steps");
	}
	return do_script(&s);
}

const struct app_command app_script = {
		.name = "script",
		.summary = "steps from a file, done on an RDP server",
		.usage = "usage: sallyport script HOST[:PORT] FILE [--size WxH] [--user USER]\n"
			 "                        [--domain DOMAIN] [--password-stdin]\n"
			 "                        [--target NAME] [--code CODE | --totp-secret "
			 "SECRET]\n"
			 "                        [--depth 32|24|16|15] [--codec WHICH] [--sec "
			 "auto|nla|tls]\n"
			 "                        [--compression on|off]\n"
			 "                        [--trust first-seen|ask|ca|pin:SHA256]\n"
			 "                        [--drive NAME=DIR[:ro] ...] [--clipboard "
			 "on|off|in|out]\n\n"
			 "Connects without a window and does what FILE says (\"-\": standard "
			 "input), one step\n"
			 "a line, until one fails. Lines that begin with # are comments.\n\n"
			 "  wait SECONDS            do nothing for so long\n"
			 "  type TEXT               type the rest of the line, of any script\n"
			 "  key NAME[+NAME...]      press keys together: Ctrl+Alt+Delete, F5, "
			 "Enter\n"
			 "  move X Y                move the mouse there\n"
			 "  click X Y [BUTTON]      press a button there: left, middle or right\n"
			 "  shot FILE.png           write the picture that is shown\n"
			 "  resize WxH[+X+Y] ...    ask for another desktop, of one monitor or "
			 "several\n"
			 "  clip-set text TEXT      put it on the clipboard; also text-file FILE, "
			 "html FILE,\n"
			 "                          image FILE.png, files PATH...\n"
			 "  clip-get text FILE [SECONDS]  write what was copied there (\"-\": "
			 "standard\n"
			 "                          output), waiting for it so long (30); also "
			 "html, image,\n"
			 "                          and files, which go into a new directory\n"
			 "  expect-still [SECONDS]  wait until nothing changed for so long (0.5)\n"
			 "\n"
			 "The options are those of `sallyport shot`:\n"
			 "  --size WxH        ask for a desktop of this size (default 1024x768)\n"
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
			 "  --trust WHOM      first-seen (default), ask, ca or pin:SHA256\n"
			 "  --drive NAME=DIR  offer a directory as a drive; with :ro behind it "
			 "only "
			 "for reading\n"
			 "  --clipboard WAY   in: only to the server; out: only from it; on "
			 "(default), off\n",
		.run = run,
};
