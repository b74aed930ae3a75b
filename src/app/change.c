/* app/change.c - see change.h. */
#include "app/change.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/app.h"
#include "host/audit/home.h"
#include "host/audit/store.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"
#include "host/monitor/mon.h"

#define WRITE_MS 15000

struct app_change {
	const struct sp_conf *conf;
	int fd; /* to the process that writes */
	pid_t pid;
	char admin[2 * SP_TEXT_USER];
	struct sp_audit_event last; /* n 0: nothing was told */
	uint64_t ticket;
};

/* ---- the process that writes, as the audit's account ---- */

static struct sp_audit_store *open_store(const struct sp_conf *c, char why[SP_AUDIT_WHY])
{
	static char dir[PATH_MAX], text[SP_AUDIT_HOME_WHY];

	if (sp_audit_home(c->state, c->run_as, true, dir, text) != SP_OK) {
		snprintf(why, SP_AUDIT_WHY, "%.*s", SP_AUDIT_WHY - 1, text);
		return NULL;
	}
	return sp_audit_store_open(dir, c->store, sp_audit_now(), why);
}

static void write_one(struct sp_audit_store *st, const struct sp_msg_audit *m,
		struct sp_msg_audited *answer)
{
	static struct sp_audit_event e;

	e.n = m->n;
	memcpy(e.b, m->event, m->n);
	answer->ticket = m->ticket;
	if (sp_audit_note(st, &e, sp_audit_now()) == SP_OK) {
		answer->result = SP_AUDITED_OK;
	} else {
		snprintf(answer->text, sizeof(answer->text), "%.*s", (int)sizeof(answer->text) - 1,
				sp_audit_store_why(st));
	}
}

/* Until the command is done. */
static void serve(const struct sp_conf *c, int fd)
{
	static struct sp_mon_in in;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct sp_audit_store *st = NULL;
	char why[SP_AUDIT_WHY] = "";
	int rc;

	while ((rc = sp_mon_recv(fd, &in)) >= 0) {
		struct sp_msg_audited answer = {.result = SP_AUDITED_REFUSED};

		if (rc == 0) {
			poll(&p, 1, -1);
			continue;
		}
		if (in.type == SP_MSG_AUDIT && st == NULL) {
			st = open_store(c, why);
		}
		if (in.type == SP_MSG_AUDIT && st != NULL) {
			write_one(st, &in.body.audit, &answer);
		} else {
			snprintf(answer.text, sizeof(answer.text), "%.*s",
					(int)sizeof(answer.text) - 1, why);
		}
		if (sp_mon_say(fd, AUDITED, &answer) != SP_OK) {
			break;
		}
	}
	sp_audit_store_close(st);
}

/* ---- the command ---- */

/* "root (sudo alice)": the Unix account that asked. */
static void name_admin(char out[2 * SP_TEXT_USER])
{
	const struct passwd *pw = getpwuid(getuid());
	const char *sudo = getenv("SUDO_USER");
	char number[32];

	snprintf(number, sizeof(number), "uid %u", (unsigned)getuid());
	snprintf(out, 2 * SP_TEXT_USER, "%.64s%s%.48s%s", pw != NULL ? pw->pw_name : number,
			sudo != NULL ? " (sudo " : "", sudo != NULL ? sudo : "",
			sudo != NULL ? ")" : "");
}

struct app_change *app_change_begin(const struct sp_conf *c)
{
	struct app_change *ch = calloc(1, sizeof(*ch));
	int p[2];

	if (ch == NULL || sp_ipc_pair(p) != SP_OK) {
		free(ch);
		app_fail("audit", "%s", strerror(errno));
		return NULL;
	}
	ch->conf = c;
	name_admin(ch->admin);
	fflush(NULL);
	ch->pid = fork();
	if (ch->pid == 0) {
		close(p[0]);
		serve(c, p[1]);
		_exit(0);
	}
	close(p[1]);
	ch->fd = p[0];
	if (ch->pid < 0) {
		close(p[0]);
		free(ch);
		app_fail("audit", "%s", strerror(errno));
		return NULL;
	}
	return ch;
}

static int tell(struct app_change *ch, char why[SP_TEXT_WHY])
{
	static struct sp_msg_audit m;
	static struct sp_mon_in in;

	m.ticket = ++ch->ticket;
	m.n = (uint32_t)ch->last.n;
	memset(m.event, 0, sizeof(m.event));
	memcpy(m.event, ch->last.b, ch->last.n);
	int rc = sp_mon_ask(ch->fd, SP_MSG_AUDIT, &m, sizeof(m), SP_MSG_AUDITED, &in, WRITE_MS);
	snprintf(why, SP_TEXT_WHY, "%s", rc == SP_OK ? in.body.audited.text : sp_err_text(rc));
	if (rc == SP_OK && in.body.audited.result != SP_AUDITED_OK) {
		rc = SP_EDENIED;
	}
	return rc;
}

int app_change_witness(void *arg, const char *object, const char *action, char why[SP_STORE_WHY])
{
	struct app_change *ch = arg;
	char text[SP_TEXT_WHY];

	sp_audit_init(&ch->last, SP_AUDIT_ADMIN_CHANGE, SP_OUTCOME_OK);
	sp_audit_text(&ch->last, SP_F_ADMIN, ch->admin);
	sp_audit_text(&ch->last, SP_F_OBJECT, object);
	sp_audit_text(&ch->last, SP_F_ACTION, action);
	int rc = tell(ch, text);
	if (rc == SP_OK) {
		return SP_OK;
	}
	ch->last.n = 0;
	if (ch->conf->audit_open) {
		fprintf(stderr, "sallyport: the audit cannot be written: %s; going on\n", text);
		return SP_OK;
	}
	snprintf(why, SP_STORE_WHY, "the audit cannot be written: %s", text);
	return SP_EDENIED;
}

int app_change_tell(struct app_change *ch, const struct sp_audit_event *e, char why[SP_TEXT_WHY])
{
	ch->last = *e;
	sp_audit_text(&ch->last, SP_F_ADMIN, ch->admin);
	int rc = tell(ch, why);
	ch->last.n = 0;
	return rc;
}

void app_change_failed(struct app_change *ch, const char *why)
{
	char text[SP_TEXT_WHY];

	if (ch == NULL || ch->last.n == 0) {
		return;
	}
	sp_audit_set_outcome(&ch->last, SP_OUTCOME_FAILED);
	sp_audit_text(&ch->last, SP_F_TEXT, why);
	if (tell(ch, text) != SP_OK) {
		fprintf(stderr, "sallyport: the audit cannot be written: %s\n", text);
	}
	ch->last.n = 0;
}

void app_change_end(struct app_change *ch)
{
	if (ch == NULL) {
		return;
	}
	close(ch->fd);
	while (waitpid(ch->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	free(ch);
}
