/* gate/parent/recorder.c - starts for the scribe, who cannot, a sp-recorder and the maker of its index. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/parent/parent.h"
#include "host/audit/rec_index_start.h"
#include "host/io/ipc.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"
#include "host/monitor/teller.h"

#define ADOPT_US 50000 /* until a scribe that has its hands full is asked again */

static void close_pair(int p[2])
{
	sp_fd_close(&p[0]);
	sp_fd_close(&p[1]);
}

/* A child that nobody will watch over. */
static void end(pid_t pid)
{
	int status;

	/* Its time is over at once: killed. */
	if (sp_proc_reap(pid, 0, &status) != SP_OK) {
		sp_log(SP_LOG_WARN, "process %d is gone already", (int)pid);
	}
}

/* ---- the index ---- */

struct indexer {
	struct sp_parent *p;
	struct sp_hostlog_pipe *log;
};

/* Whatever became of it: the recording does without, and nobody starts another. */
static void on_indexer(void *user, pid_t pid, int status)
{
	struct indexer *x = user;
	char text[80];

	sp_hostlog_pipe_destroy(x->log);
	if (status != 0) {
		sp_proc_status_text(status, text, sizeof(text));
		sp_log(SP_LOG_WARN, "sp-player[%d] %s: an index is not whole", (int)pid, text);
	}
	if (WIFSIGNALED(status)) {
		sp_parent_tell_death(x->p, "sp-player", pid, status);
	}
	x->p->n_indexers--;
	sp_free(x);
}

static int start_indexer(
		struct sp_parent *p, int recording, int index, int key, char why[SP_WHY_MAX])
{
	struct indexer *x = sp_calloc(1, sizeof(*x));
	int log[2];
	pid_t pid;

	if (x == NULL || pipe2(log, O_CLOEXEC) != 0) {
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(x == NULL ? SP_ENOMEM : SP_ESYS));
		sp_free(x);
		return SP_ESYS;
	}
	x->p = p;
	struct sp_rec_index_job job = {.recording = recording,
			.index = index,
			.key_pipe = key,
			.log = log[1],
			.manner = SP_REC_INDEX_BESIDE};
	int rc = sp_rec_index_start(&job, &pid, why);
	sp_fd_close(&log[1]);
	if (rc != SP_OK) {
		sp_fd_close(&log[0]);
		sp_free(x);
		return rc;
	}
	x->log = sp_hostlog_pipe_create(p->loop, log[0], "sp-player", pid);
	if (x->log == NULL) {
		sp_fd_close(&log[0]);
	}
	if (!sp_loop_child(p->loop, pid, on_indexer, x)) {
		end(pid);
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(SP_ENOMEM));
		sp_hostlog_pipe_destroy(x->log);
		sp_free(x);
		return SP_ENOMEM;
	}
	p->n_indexers++;
	return SP_OK;
}

/* Reads the key from key; takes the descriptors in either case. */
static void index_it(struct sp_parent *p, int recording, int index, int key)
{
	char why[SP_WHY_MAX] = "as many as may be are being made";

	if (recording >= 0 &&
			(p->n_indexers >= SP_PARENT_INDEXERS ||
					start_indexer(p, recording, index, key, why) != SP_OK)) {
		sp_log(SP_LOG_WARN, "a recording gets no index: %s", why);
	}
	sp_fd_close(&recording);
	sp_fd_close(&index);
	sp_fd_close(&key);
}

/* ---- the recorder ---- */

struct sp_parent_recorder {
	struct sp_parent_recorder *next;
	struct sp_parent *p;
	int control; /* it waits there for another scribe's link */
	bool orphan; /* its scribe has died, and no other one has it yet */
	struct sp_msg_recorder_start of;
};

/* The scribe is told what a recorder has said of its end, or hears that it is gone; if there is one. */
static void on_recorder(void *user, pid_t pid, int status)
{
	struct sp_parent_recorder *r = user, **at = &r->p->recorders;
	char text[80];

	if (r->orphan && !r->p->stopping) {
		sp_parent_tell_gap(r->p, &r->of);
	}

	if (status != 0) {
		sp_proc_status_text(status, text, sizeof(text));
		sp_log(SP_LOG_WARN, "sp-recorder[%d] %s", (int)pid, text);
	}
	while (*at != r) {
		at = &(*at)->next;
	}
	*at = r->next;
	sp_fd_close(&r->control);
	sp_free(r);
}

/* False when the scribe's socket is full, or the scribe is gone. */
static bool adopt(struct sp_parent_recorder *r)
{
	int link[2];

	if (sp_ipc_pair(link) != SP_OK) {
		return false;
	}
	int rc = sp_mon_send(sp_teller_fd(r->p->teller), SP_MSG_RECORDER_ADOPT, &r->of,
			sizeof(r->of), &link[0], 1);
	if (rc == SP_OK &&
			sp_mon_send(r->control, SP_MSG_RECORDER_LINK, &(struct sp_msg_none){0},
					sizeof(struct sp_msg_none), &link[1], 1) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "a recorder does not listen");
	}
	close_pair(link);
	return rc == SP_OK;
}

static void on_adopt(void *user)
{
	struct sp_parent *p = user;

	for (struct sp_parent_recorder *r = p->recorders; r != NULL && !p->stopping; r = r->next) {
		if (r->orphan && !adopt(r)) {
			sp_watch_in(p->adopt, ADOPT_US);
			return;
		}
		r->orphan = false;
	}
}

void sp_parent_orphan(struct sp_parent *p)
{
	for (struct sp_parent_recorder *r = p->recorders; r != NULL; r = r->next) {
		r->orphan = true;
	}
}

void sp_parent_adopt(struct sp_parent *p)
{
	sp_parent_orphan(p); /* also those that a scribe had which nobody saw dying */
	if (p->recorders != NULL) {
		on_adopt(p);
	}
}

/* The parent's end of a recorder's control goes with r. */
static int keep(struct sp_parent *p, struct sp_parent_recorder *r, pid_t pid)
{
	if (p->adopt == NULL) {
		p->adopt = sp_loop_timer(p->loop, on_adopt, p);
	}
	if (p->adopt == NULL || !sp_loop_child(p->loop, pid, on_recorder, r)) {
		return SP_ENOMEM;
	}
	r->p = p;
	r->next = p->recorders;
	p->recorders = r;
	return SP_OK;
}

/* key: -1, or where the recording's key goes. */
static int start(struct sp_parent *p, const struct sp_msg_recorder_start *of, int file, int stream,
		int link, int key, char why[SP_WHY_MAX])
{
	struct sp_parent_recorder *r = sp_calloc(1, sizeof(*r));
	int control[2];

	if (r == NULL || sp_ipc_pair(control) != SP_OK) {
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(r == NULL ? SP_ENOMEM : SP_ESYS));
		sp_free(r);
		return SP_ESYS;
	}
	const char *const argv[] = {"sp-recorder", NULL};
	const char *env[] = {getenv("SP_LOG_DEBUG") ? "SP_LOG_DEBUG=1" : NULL, NULL};
	const int fds[] = {stream, file, link, control[1], key};
	pid_t pid;
	/* No signal when we die: it ends by itself, and in order, once its session is gone. */
	struct sp_proc_spec spec = {.path = p->recorder,
			.argv = argv,
			.env = env,
			.fds = fds,
			.nfds = SP_LEN(fds) - (key < 0),
			.own_output = true,
			.new_session = true};
	int rc = sp_fd_nonblock(control[0], true);
	if (rc == SP_OK) {
		rc = sp_proc_start(&spec, &pid, why);
	}
	sp_fd_close(&control[1]);
	r->control = control[0];
	r->of = *of;
	if (rc == SP_OK && keep(p, r, pid) != SP_OK) {
		end(pid);
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(SP_ENOMEM));
		rc = SP_ENOMEM;
	}
	if (rc != SP_OK) {
		sp_fd_close(&r->control);
		sp_free(r);
	}
	return rc;
}

void sp_parent_recorder(struct sp_parent *p, struct sp_mon_in *in)
{
	struct sp_msg_recorder_started m = {.number = in->body.recorder_start.number};
	int file = sp_mon_take_fd(in, 0), stream[2] = {-1, -1}, link[2] = {-1, -1};
	int recording = sp_mon_take_fd(in, 1), index = sp_mon_take_fd(in, 2), key[2] = {-1, -1};
	char why[SP_WHY_MAX] = "no sockets";
	int rc = sp_ipc_pair(link);

	if (rc == SP_OK && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) != 0) {
		rc = SP_ESYS;
	}
	if (rc == SP_OK && recording >= 0 && pipe2(key, O_CLOEXEC) != 0) {
		sp_fd_close(&recording);
	}
	if (rc == SP_OK) {
		rc = start(p, &in->body.recorder_start, file, stream[1], link[1], key[1], why);
	}
	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "no sp-recorder: %s", why);
		snprintf(m.text, sizeof(m.text), "%.*s", (int)sizeof(m.text) - 1, why);
		sp_fd_close(&recording);
	}
	const int theirs[] = {link[0], stream[0]};
	if (sp_mon_send(sp_teller_fd(p->teller), SP_MSG_RECORDER_STARTED, &m, sizeof(m), theirs,
			    rc == SP_OK ? 2 : 0) != SP_OK) {
		sp_log(SP_LOG_ERROR, "sp-scribe does not listen");
	}
	sp_fd_close(&file);
	close_pair(stream);
	close_pair(link);
	sp_fd_close(&key[1]);
	/* Once the session has what it waits for. */
	index_it(p, recording, index, key[0]);
}
