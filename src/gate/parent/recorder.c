/* gate/parent/recorder.c - starts a sp-recorder for the scribe, who cannot start anything. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/log.h"
#include "gate/parent/parent.h"
#include "host/io/ipc.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"
#include "host/monitor/teller.h"

/* The scribe is told what a recorder has said of its end, or hears that it is gone. */
static void on_recorder(void *user, pid_t pid, int status)
{
	char text[80];

	if (status != 0) {
		sp_proc_status_text(status, text, sizeof(text));
		sp_log(SP_LOG_WARN, "sp-recorder[%d] %s", (int)pid, text);
	}
}

static void close_pair(int p[2])
{
	sp_fd_close(&p[0]);
	sp_fd_close(&p[1]);
}

static int start(struct sp_parent *p, int file, const int stream[2], const int link[2],
		char why[SP_WHY_MAX])
{
	const char *const argv[] = {"sp-recorder", NULL};
	const char *env[] = {getenv("SP_LOG_DEBUG") ? "SP_LOG_DEBUG=1" : NULL, NULL};
	const int fds[] = {stream[1], file, link[1]};
	pid_t pid;
	/* No signal when we die: it ends by itself, and in order, once its session is gone. */
	struct sp_proc_spec spec = {.path = p->recorder,
			.argv = argv,
			.env = env,
			.fds = fds,
			.nfds = SP_LEN(fds),
			.own_output = true,
			.new_session = true};
	int rc = sp_proc_start(&spec, &pid, why);

	if (rc == SP_OK && !sp_loop_child(p->loop, pid, on_recorder, p)) {
		kill(pid, SIGKILL);
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(SP_ENOMEM));
		rc = SP_ENOMEM;
	}
	return rc;
}

void sp_parent_recorder(struct sp_parent *p, struct sp_mon_in *in)
{
	struct sp_msg_recorder_started m = {.number = in->body.recorder_start.number};
	int file = sp_mon_take_fd(in, 0), stream[2] = {-1, -1}, link[2] = {-1, -1};
	char why[SP_WHY_MAX] = "no sockets";
	int rc = sp_ipc_pair(link);

	if (rc == SP_OK && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) != 0) {
		rc = SP_ESYS;
	}
	if (rc == SP_OK) {
		rc = start(p, file, stream, link, why);
	}
	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "no sp-recorder: %s", why);
		snprintf(m.text, sizeof(m.text), "%.*s", (int)sizeof(m.text) - 1, why);
	}
	const int theirs[] = {link[0], stream[0]};
	if (sp_mon_send(sp_teller_fd(p->teller), SP_MSG_RECORDER_STARTED, &m, sizeof(m), theirs,
			    rc == SP_OK ? 2 : 0) != SP_OK) {
		sp_log(SP_LOG_ERROR, "sp-scribe does not listen");
	}
	sp_fd_close(&file);
	close_pair(stream);
	close_pair(link);
}
