/* gate/scribe/main.c - sp-scribe: the only process of the service that writes the audit. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/scribe/judge.h"
#include "gate/scribe/records.h"
#include "gate/scribe/scribe.h"
#include "host/audit/home.h"
#include "host/conf/conf.h"
#include "host/io/hostlog.h"
#include "host/io/jail.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define MIB (UINT64_C(1024) * 1024)
#define FIGURES_US 2000000
#define END_US 2000000 /* the keeper may have last words when the parent is gone */

struct process {
	const char *file; /* of the configuration */
	struct sp_conf_errors errors;
	struct sp_conf *conf;
	char dir[PATH_MAX];
	struct sp_loop *loop;
	struct sp_audit_store *store;
	struct sp_scribe *scribe;
	struct sp_judge *judge;
	struct sp_records *records;
	char recordings[PATH_MAX];
	struct sp_watch *end, *figures;
	struct sp_msg_scribe_figures told; /* to the parent, for metrics */
	bool parent_gone, keeper_gone;
};

static struct sp_conf *read_conf(struct process *p)
{
	struct sp_conf *c;
	int rc = sp_conf_load(p->file, &p->errors, &c);

	for (size_t i = 0; rc != SP_OK && i < p->errors.n; i++) {
		sp_log(SP_LOG_ERROR, "%s", p->errors.text[i]);
	}
	return c;
}

static uint64_t reserve_of(const struct sp_conf *c)
{
	return c->audit_reserve * MIB;
}

static void on_figures(void *user)
{
	struct process *p = user;
	struct sp_msg_scribe_figures m = {.queue = 0};

	if (p->conf->metrics.family == 0) {
		return;
	}
	sp_scribe_figures(p->scribe, &m);
	sp_records_figures(p->records, &m);
	if (memcmp(&m, &p->told, sizeof(m)) != 0 &&
			sp_mon_say(SP_SCRIBE_FD_PARENT, SCRIBE_FIGURES, &m) == SP_OK) {
		p->told = m;
	}
	sp_watch_in(p->figures, FIGURES_US);
}

/* What is wrong in the new file changes nothing; the parent has said so. */
static void reload(struct process *p)
{
	struct sp_conf *c = read_conf(p);

	if (c == NULL) {
		return;
	}
	sp_judge_reload(p->judge, c);
	sp_conf_unref(p->conf);
	p->conf = c;
	sp_scribe_set_reserve(p->scribe, reserve_of(c));
	sp_watch_in(p->figures, FIGURES_US);
}

static int on_message(void *user, int fd, struct sp_mon_in *in)
{
	struct process *p = user;

	if (fd == SP_SCRIBE_FD_PARENT && in->type == SP_MSG_RELOAD) {
		reload(p);
		return SP_OK;
	}
	return sp_records_message(p->records, fd, in);
}

static void on_end(void *user)
{
	struct process *p = user;

	sp_loop_quit(p->loop, 0);
}

static void on_lost(void *user, int fd, int err)
{
	struct process *p = user;

	if (err != SP_ECLOSED) {
		sp_loop_quit(p->loop, EXIT_FAILED);
		return;
	}
	p->parent_gone = p->parent_gone || fd == SP_SCRIBE_FD_PARENT;
	p->keeper_gone = p->keeper_gone || fd == SP_SCRIBE_FD_KEEPER;
	if (p->parent_gone) {
		sp_watch_in(p->end, p->keeper_gone ? 0 : END_US);
	}
}

static void on_signal(void *user, int signo)
{
	struct process *p = user;

	sp_watch_in(p->end, p->keeper_gone ? 0 : END_US);
}

static void tell_jail(const struct process *p, const char *level)
{
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_SANDBOX_LEVEL, SP_OUTCOME_OK);
	sp_audit_text(&e, SP_F_PROCESS, "sp-scribe");
	sp_audit_num(&e, SP_F_PID, (uint64_t)getpid());
	sp_audit_text(&e, SP_F_LEVEL, level);
	sp_scribe_tell(p->scribe, &e);
}

static bool enter_jail(const struct process *p)
{
	char folder[SP_CONF_PATH], why[SP_WHY_MAX];
	const char *slash = strrchr(p->file, '/');
	int n = slash != NULL ? (int)(slash - p->file) : 1;
	struct sp_jail_path paths[] = {{.path = p->dir, .write = true},
			{.path = p->recordings, .write = true}, {.path = folder}};
	struct sp_jail_spec spec = {.class = SP_JAIL_SCRIBE,
			.files = SP_RECORDS_FILES,
			.database = p->conf->store[0] != '\0',
			.paths = paths,
			.npaths = SP_LEN(paths)};
	struct sp_jail_report report;

	/* A reload reads the configuration again. */
	snprintf(folder, sizeof(folder), "%.*s", n > 0 ? n : 1, slash != NULL ? p->file : ".");
	if (sp_jail_enter(&spec, &report, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return false;
	}
	sp_log(SP_LOG_INFO, "jailed: %s", report.text);
	tell_jail(p, report.text);
	return true;
}

static bool give_up_root(struct process *p)
{
	char why[SP_AUDIT_HOME_WHY];

	if (sp_audit_home(p->conf->state, p->conf->run_as, true, p->dir, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return false;
	}
	if (access(p->file, R_OK) != 0) {
		sp_log(SP_LOG_ERROR, "%s: the account of sp-scribe must be able to read it: %s",
				p->file, strerror(errno));
		return false;
	}
	snprintf(p->recordings, sizeof(p->recordings), "%.*s" SP_AUDIT_RECORDINGS,
			(int)(strrchr(p->dir, '/') + 1 - p->dir), p->dir);
	/* Changing the user set it to what fs.suid_dumpable says. */
	return prctl(PR_SET_DUMPABLE, 0) == 0;
}

static void tell(const struct process *p, const struct sp_audit_found *f)
{
	char text[2 * SP_SIGN_PUBLIC + 1];
	uint8_t key[SP_SIGN_PUBLIC];

	if (f->fresh && sp_audit_first(p->dir, key) == SP_OK) {
		sp_audit_key_text(key, text);
		sp_log(SP_LOG_INFO, "audit begins; its first public key, to be kept elsewhere: %s",
				text);
	}
	if (f->lost) {
		sp_log(SP_LOG_ERROR,
				"audit: there was another one before, whose records are not here");
	}
	if (f->crashed) {
		sp_log(SP_LOG_WARN, "audit: was not ended in order; its last %llu records are %s",
				(unsigned long long)f->checked,
				f->bad != 0 ? "NOT as they were written" : "whole");
	}
	if (f->bad != 0) {
		sp_log(SP_LOG_ERROR, "audit: %s", f->why);
	}
}

static bool open_store(struct process *p, struct sp_audit_found *found)
{
	char why[SP_AUDIT_WHY];

	p->store = sp_audit_store_open(p->dir, p->conf->store, sp_audit_now(), why);
	if (p->store == NULL) {
		sp_log(SP_LOG_ERROR, "audit: %s", why);
		return false;
	}
	if (sp_audit_start(p->store, sp_audit_now(), found) != SP_OK) {
		sp_log(SP_LOG_ERROR, "audit: %s", sp_audit_store_why(p->store));
		return false;
	}
	tell(p, found);
	return true;
}

static void tell_record(void *user, const struct sp_audit_event *e)
{
	struct process *p = user;

	sp_scribe_tell(p->scribe, e);
}

/* What is recorded and cannot be registered could be changed by anybody. */
static const char *is_full(void *user)
{
	struct process *p = user;

	switch (sp_scribe_look(p->scribe)) {
	case SP_SCRIBE_WELL:
		return NULL;
	case SP_SCRIBE_LOW:
		return "the disk is nearly full";
	default:
		return "the audit cannot be written";
	}
}

static bool makes_index(void *user)
{
	const struct process *p = user;

	return p->conf->record_index;
}

static bool start(struct process *p)
{
	struct sp_audit_found found;

	p->conf = read_conf(p);
	if (p->conf == NULL || !give_up_root(p) || !open_store(p, &found)) {
		return false;
	}
	p->loop = sp_loop_create();
	p->end = p->loop != NULL ? sp_loop_timer(p->loop, on_end, p) : NULL;
	p->figures = p->loop != NULL ? sp_loop_timer(p->loop, on_figures, p) : NULL;
	if (p->end == NULL || p->figures == NULL ||
			!sp_loop_signal(p->loop, SIGTERM, on_signal, p)) {
		sp_log(SP_LOG_ERROR, "event loop: %s", strerror(errno));
		return false;
	}
	struct sp_scribe_conf c = {.loop = p->loop,
			.store = p->store,
			.dir = p->dir,
			.reserve = reserve_of(p->conf),
			.parent = SP_SCRIBE_FD_PARENT,
			.keeper = SP_SCRIBE_FD_KEEPER,
			.now = sp_audit_now,
			.lost = on_lost,
			.message = on_message,
			.user = p};
	p->scribe = sp_scribe_create(&c);
	if (p->scribe == NULL) {
		sp_log(SP_LOG_ERROR, "out of memory");
		return false;
	}
	sp_scribe_found(p->scribe, &found);
	struct sp_judge_conf jc = {.loop = p->loop,
			.store = p->store,
			.scribe = p->scribe,
			.conf = p->conf,
			.keeper = SP_SCRIBE_FD_KEEPER,
			.now = sp_audit_now};
	p->judge = sp_judge_create(&jc);
	if (p->judge == NULL) {
		sp_log(SP_LOG_ERROR, "out of memory");
		return false;
	}
	p->records = sp_records_create(&(struct sp_records_conf){.loop = p->loop,
			.dir = p->recordings,
			.parent = SP_SCRIBE_FD_PARENT,
			.keeper = SP_SCRIBE_FD_KEEPER,
			.tell = tell_record,
			.full = is_full,
			.index = makes_index,
			.user = p});
	if (p->records == NULL) {
		sp_log(SP_LOG_ERROR, "%s: %s", p->recordings, strerror(errno));
		return false;
	}
	if (!enter_jail(p)) {
		return false;
	}
	if (sp_mon_say(SP_SCRIBE_FD_PARENT, SCRIBE_READY, &(struct sp_msg_none){0}) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "parent is gone");
		return false;
	}
	sp_watch_in(p->figures, FIGURES_US);
	return true;
}

static void finish(struct process *p)
{
	sp_records_destroy(p->records);
	sp_scribe_destroy(p->scribe);
	sp_judge_destroy(p->judge);
	if (p->store != NULL && sp_audit_stop(p->store, sp_audit_now()) != SP_OK) {
		sp_log(SP_LOG_ERROR, "audit: %s", sp_audit_store_why(p->store));
	}
	sp_audit_store_close(p->store);
	sp_conf_unref(p->conf);
	sp_loop_destroy(p->loop);
}

static bool is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

int main(int argc, char **argv)
{
	enum sp_log_level level = getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO;
	struct process *p = sp_calloc(1, sizeof(*p));
	int status = EXIT_FAILED;

	if (p == NULL) {
		return EXIT_FAILED;
	}
	if (!(argc == 3 && strcmp(argv[1], "-c") == 0 && is_socket(SP_SCRIBE_FD_PARENT) &&
			    is_socket(SP_SCRIBE_FD_KEEPER))) {
		fputs("sp-scribe: started by sallyportd only: sp-scribe -c FILE, with its sockets "
		      "on descriptors 3 and 4\n",
				stderr);
		sp_free(p);
		return EXIT_USAGE;
	}
	sp_hostlog_open("sp-scribe", level);
	/* Neither core dumps nor a debugger of the same user may see the key that signs. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C is for the parent; we end when it does. */
	signal(SIGINT, SIG_IGN);
	umask(077);
	p->file = argv[2];
	if (start(p)) {
		status = sp_loop_run(p->loop);
		status = status < 0 ? EXIT_FAILED : status;
	}
	finish(p);
	sp_free(p);
	return status;
}
