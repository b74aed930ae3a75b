/* desk/session/echo.c - see echo.h. */
#include "desk/session/echo.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "host/io/loop.h"

static void attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_desk_echo *e = (struct sp_desk_echo *)p;
	struct sp_port_conf conf = {.owner = p, .max_message = SP_ECHO_PROBE};

	sp_echo_init(&e->echo);
	int rc = sp_vc_dynamic(vc, SP_ECHO_NAME, &conf, &e->port);
	if (rc != SP_OK) {
		e->port = NULL;
		sp_log(SP_LOG_DEBUG, "echo: %s", sp_err_text(rc));
	}
}

static void ask(struct sp_desk_echo *e)
{
	struct sp_rcbuf *request = sp_echo_ask(&e->echo, sp_now_us());

	if (request && sp_port_send(e->port, request) != SP_OK) {
		sp_echo_forget(&e->echo);
	}
}

static void event(struct sp_part *p, const struct sp_vc_event *ev)
{
	struct sp_desk_echo *e = (struct sp_desk_echo *)p;

	switch (ev->kind) {
	case SP_VC_OPENED:
		ask(e);
		break;
	case SP_VC_MESSAGE:
		if (sp_echo_feed(&e->echo, ev->message, sp_now_us())) {
			sp_log(SP_LOG_DEBUG, "the client answers within %llu us",
					(unsigned long long)e->echo.rtt_us);
		}
		break;
	case SP_VC_CLOSED:
		e->port = NULL;
		break;
	case SP_VC_ROOM:
		break;
	}
}

static void detach(struct sp_part *p)
{
	struct sp_desk_echo *e = (struct sp_desk_echo *)p;

	e->port = NULL;
	sp_echo_init(&e->echo);
}

void sp_desk_echo_init(struct sp_desk_echo *e)
{
	static const struct sp_part_calls calls = {
			.dynamic = true, .attach = attach, .event = event, .detach = detach};

	*e = (struct sp_desk_echo){.part = {.calls = &calls}};
}

uint64_t sp_desk_echo_rtt_us(const struct sp_desk_echo *e)
{
	return e->echo.rtt_us;
}
