/* desk/broker/broker.c - see broker.h. */
#include "desk/broker/broker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "desk/broker/desk.h"
#include "host/io/fdio.h"
#include "host/monitor/mon.h"

/* Less than the parent's patience with us. */
#define END_US (3 * 1000000u)
#define EXIT_FAILED 1

struct broker {
	const struct sp_broker_conf *conf;
	struct sp_loop *loop;
	struct sp_watch *keeper, *deadline;
	struct sp_desk *desk[SP_BROKER_DESKS]; /* NULL: free */
	bool ending;
	int status;
};

static void end(struct broker *b, int status)
{
	bool any = false;

	if (b->ending) {
		return;
	}
	b->ending = true;
	b->status = status;
	for (size_t i = 0; i < SP_BROKER_DESKS; i++) {
		if (b->desk[i]) {
			sp_desk_end(b->desk[i]);
			any = true;
		}
	}
	if (!any) {
		sp_loop_quit(b->loop, status);
	}
	sp_watch_in(b->deadline, END_US);
}

static void on_deadline(void *user)
{
	struct broker *b = user;

	sp_log(SP_LOG_WARN, "desktops do not end, killed");
	sp_loop_quit(b->loop, b->status);
}

/* ---- answers ---- */

static void refuse(struct broker *b, uint64_t conn, const char *text)
{
	struct sp_msg_desktop_failed m = {.conn = conn};

	snprintf(m.text, sizeof(m.text), "%s", text);
	sp_log(SP_LOG_WARN, "conn %llu: %s", (unsigned long long)conn, m.text);
	if (sp_mon_say(b->conf->keeper, DESKTOP_FAILED, &m) != SP_OK) {
		sp_log(SP_LOG_ERROR, "conn %llu: answer not delivered", (unsigned long long)conn);
	}
}

static void on_opened(void *user, uint64_t conn, int fd, bool fresh, const char *text)
{
	struct broker *b = user;
	struct sp_msg_desktop_opened m = {.conn = conn, .fresh = fresh};

	if (fd < 0) {
		refuse(b, conn, text);
		return;
	}
	sp_log(SP_LOG_INFO, "conn %llu: joins a %s desktop", (unsigned long long)conn,
			fresh ? "new" : "running");
	int rc = sp_mon_send(b->conf->keeper, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), &fd, 1);
	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "conn %llu: answer not delivered: %s",
				(unsigned long long)conn, sp_err_text(rc));
	}
	sp_fd_close(&fd);
}

static void on_gone(void *user, struct sp_desk *d)
{
	struct broker *b = user;
	bool any = false;

	for (size_t i = 0; i < SP_BROKER_DESKS; i++) {
		if (b->desk[i] == d) {
			b->desk[i] = NULL;
		}
		any = any || b->desk[i];
	}
	sp_desk_destroy(d);
	if (b->ending && !any) {
		sp_loop_quit(b->loop, b->status);
	}
}

/* ---- the keeper ---- */

static void open_desktop(struct broker *b, const struct sp_msg_desktop_open *m)
{
	static const struct sp_desk_calls calls = {.opened = on_opened, .gone = on_gone};
	const struct sp_conf_target *target = sp_conf_target(b->conf->conf, m->target);
	struct sp_desk_conf conf = {.loop = b->loop,
			.state = b->conf->state,
			.mapped = target != NULL ? target->account : "",
			.level = b->conf->level,
			.calls = &calls,
			.user = b};
	char why[SP_TEXT_WHY];
	size_t slot = SP_BROKER_DESKS;

	for (size_t i = 0; i < SP_BROKER_DESKS; i++) {
		if (!b->desk[i]) {
			slot = i < slot ? i : slot;
		} else if (sp_desk_is(b->desk[i], m->user, m->target)) {
			sp_desk_join(b->desk[i], m);
			return;
		}
	}
	if (b->ending || slot == SP_BROKER_DESKS) {
		refuse(b, m->conn, b->ending ? "the service ends" : "too many desktops");
		return;
	}
	sp_log(SP_LOG_INFO, "conn %llu: new desktop %s for %s", (unsigned long long)m->conn,
			m->target, m->user);
	b->desk[slot] = sp_desk_create(&conf, m, why, sizeof(why));
	if (!b->desk[slot]) {
		refuse(b, m->conn, why);
	}
}

static void on_keeper(void *user, unsigned events)
{
	struct broker *b = user;
	struct sp_mon_in in;
	int rc;

	while ((rc = sp_mon_recv(b->conf->keeper, &in)) == 1) {
		if (in.type == SP_MSG_DESKTOP_OPEN) {
			open_desktop(b, &in.body.desktop_open);
		} else {
			rc = SP_ESTATE;
		}
		sp_mon_in_finish(&in);
		if (rc != 1) {
			break;
		}
	}
	if (rc != 0) {
		sp_log(rc == SP_ECLOSED ? SP_LOG_INFO : SP_LOG_ERROR, "keeper: %s",
				sp_err_text(rc));
		sp_watch_want(b->keeper, 0);
		end(b, rc == SP_ECLOSED ? 0 : EXIT_FAILED);
	}
}

static void on_signal(void *user, int signo)
{
	end(user, 0);
}

int sp_broker_run(const struct sp_broker_conf *conf)
{
	static struct broker b;

	b = (struct broker){.conf = conf, .status = EXIT_FAILED};
	b.loop = sp_loop_create();
	if (!b.loop) {
		sp_log(SP_LOG_ERROR, "no event loop");
		return EXIT_FAILED;
	}
	b.keeper = sp_loop_fd(b.loop, conf->keeper, SP_LOOP_READ, on_keeper, &b);
	b.deadline = sp_loop_timer(b.loop, on_deadline, &b);
	const struct sp_watch *term = sp_loop_signal(b.loop, SIGTERM, on_signal, &b);
	const struct sp_watch *intr = sp_loop_signal(b.loop, SIGINT, on_signal, &b);
	if (b.keeper && b.deadline && term && intr) {
		int rc = sp_loop_run(b.loop);

		b.status = rc < 0 ? EXIT_FAILED : rc;
	} else {
		sp_log(SP_LOG_ERROR, "event loop cannot be set up");
	}
	for (size_t i = 0; i < SP_BROKER_DESKS; i++) {
		sp_desk_destroy(b.desk[i]);
	}
	sp_loop_destroy(b.loop);
	return b.status;
}
