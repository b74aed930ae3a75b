/* client/echo.c - see echo.h. */
#include "client/echo.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/chan/echo.h"

static void attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_port_conf conf = {.owner = p, .max_message = SP_ECHO_MAX};

	if (sp_vc_listen(vc, SP_ECHO_NAME, &conf) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "echo: not listened for");
	}
}

static void event(struct sp_part *p, const struct sp_vc_event *ev)
{
	struct sp_rcbuf *answer;

	/* A server that asks more than it takes is not answered at all. */
	if (ev->kind != SP_VC_MESSAGE || sp_port_full(ev->port)) {
		return;
	}
	int rc = sp_echo_answer(ev->message, &answer);
	if (rc == SP_OK) {
		rc = sp_port_send(ev->port, answer);
	}
	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "echo: %s", sp_err_text(rc));
	}
}

static void detach(struct sp_part *p)
{
}

void sp_client_echo_init(struct sp_client_echo *e)
{
	static const struct sp_part_calls calls = {
			.dynamic = true, .attach = attach, .event = event, .detach = detach};

	e->part.calls = &calls;
}
