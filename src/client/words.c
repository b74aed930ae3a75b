/* client/words.c - see words.h. */
#include "client/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/auth/ntstatus.h"
#include "core/base/err.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/x224.h"

const char *sp_words_status(uint32_t status, char *buf, size_t cap)
{
	const char *text = sp_ntstatus_text(status);

	if (text) {
		return text;
	}
	snprintf(buf, cap, "status 0x%08X", (unsigned)status);
	return buf;
}

static void login_words(const struct sp_words *w, char *out, size_t cap)
{
	char buf[32];

	switch (w->err) {
	case SP_EAUTH:
		snprintf(out, cap, "logon failed: %s",
				sp_words_status(w->status, buf, sizeof(buf)));
		return;
	case SP_EDENIED:
		snprintf(out, cap,
				"server did not prove that it holds the key of its certificate; "
				"password not sent");
		return;
	case SP_EARG:
		snprintf(out, cap, "user name or password cannot be sent");
		return;
	default:
		break;
	}
	if (w->err == SP_EPROTO && strcmp(w->login, "credssp.version") == 0) {
		snprintf(out, cap, "server knows only CredSSP below version 5, which is not safe");
		return;
	}
	snprintf(out, cap, "login: %s: %s", w->login, sp_err_text(w->err));
}

static void closed_words(const struct sp_words *w, char *out, size_t cap)
{
	if (strcmp(w->state, "wait credssp") == 0 && w->answered) {
		snprintf(out, cap,
				"logon failed: wrong user name or password (the server closed the "
				"connection)");
	} else if (strcmp(w->state, "active") == 0 || w->state[0] == '\0') {
		snprintf(out, cap, "session ended by the server");
	} else {
		snprintf(out, cap, "connection closed by the server (%s)", w->state);
	}
}

void sp_words_end(const struct sp_words *w, char *out, size_t cap)
{
	if (w->error_info != SP_ERRINFO_NONE) {
		snprintf(out, cap, "session ended by the server: %s (0x%04X)",
				sp_errinfo_text(w->error_info), (unsigned)w->error_info);
		return;
	}
	if (w->failure != 0) {
		snprintf(out, cap, "%s", sp_x224_failure_text(w->failure));
		return;
	}
	if (w->login && w->err != SP_ECLOSED && w->err != SP_ETIMEOUT) {
		login_words(w, out, cap);
		return;
	}
	switch (w->err) {
	case SP_ECLOSED:
		closed_words(w, out, cap);
		return;
	case SP_ETIMEOUT:
		snprintf(out, cap, "no answer in time (%s)", w->state);
		return;
	case SP_ETLS:
		snprintf(out, cap, "TLS: %s", w->what[0] ? w->what : "failed");
		return;
	case SP_ESYS:
		/* A server that closes before it has read all of ours resets. */
		if (w->saved_errno == ECONNRESET) {
			closed_words(w, out, cap);
			return;
		}
		snprintf(out, cap, "%s (%s)", strerror(w->saved_errno), w->state);
		return;
	default:
		break;
	}
	if (strcmp(w->what, "authorizationResult") == 0) {
		snprintf(out, cap, "logon failed: user may not log on here");
	} else if (strcmp(w->what, "x224.selectedProtocol") == 0 && w->err == SP_EPROTO) {
		snprintf(out, cap, "server has neither TLS nor NLA, only the old RDP encryption");
	} else {
		snprintf(out, cap, "%s%s%s (%s)", w->what, w->what[0] ? ": " : "",
				sp_err_text(w->err), w->state);
	}
}
