/* host/monitor/check.c - what a received structure must look like before anybody reads it. */
#include "host/monitor/check.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_MAX 65536

#define X(name, body, fds_min, fds_max) \
	_Static_assert(sizeof(struct sp_msg_##body) + 8 <= MESSAGE_MAX, #name " is too long");
SP_MSG_MAP(X)
#undef X

struct shape {
	size_t size;
	size_t fds_min, fds_max;
};

static const struct shape shapes[] = {{0, 0, 0},
#define X(name, body, fds_min, fds_max) {sizeof(struct sp_msg_##body), fds_min, fds_max},
		SP_MSG_MAP(X)
#undef X
};

size_t sp_check_size(uint32_t type)
{
	return type < SP_LEN(shapes) ? shapes[type].size : 0;
}

int sp_check_fds(uint32_t type, size_t nfds)
{
	if (!(0 < type && type < SP_LEN(shapes))) {
		return SP_EFIELD;
	}
	if (!(shapes[type].fds_min <= nfds && nfds <= shapes[type].fds_max)) {
		return SP_EFIELD;
	}
	return SP_OK;
}

/* A NUL within cap, and no character before it that could forge a line of a log. */
static bool text_n(const char *s, size_t cap)
{
	const char *end = memchr(s, 0, cap);

	if (end == NULL) {
		return false;
	}
	for (; s < end; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f) {
			return false;
		}
	}
	return true;
}

/* Names as a peer sent them may hold anything but must end. */
static bool ends_n(const char *s, size_t cap)
{
	return memchr(s, 0, cap) != NULL;
}

#define text(array) text_n(array, sizeof(array))
#define ends(array) ends_n(array, sizeof(array))

static bool source(const struct sp_source *s)
{
	return (s->family == AF_INET || s->family == AF_INET6) && s->port <= 65535 && text(s->text);
}

static bool geometry(const struct sp_geometry *g)
{
	if (!(200 <= g->width && g->width <= 8192 && 200 <= g->height && g->height <= 8192)) {
		return false;
	}
	if (g->bpp != 15 && g->bpp != 16 && g->bpp != 24 && g->bpp != 32) {
		return false;
	}
	if (g->monitors > SP_MAX_MONITORS) {
		return false;
	}
	for (size_t i = 0; i < g->monitors; i++) {
		const struct sp_monitor *m = &g->monitor[i];
		if (!(m->primary <= 1 && 200 <= m->width && m->width <= 8192 && 200 <= m->height &&
				    m->height <= 8192)) {
			return false;
		}
		if (!(-32768 <= m->left && m->left <= 32767 && -32768 <= m->top &&
				    m->top <= 32767)) {
			return false;
		}
	}
	return text(g->client_name) && text(g->zone);
}

static bool prompt(const struct sp_msg_prompt *p)
{
	if (!(0 < p->kind && p->kind < SP_PROMPT_COUNT && p->qr_side <= SP_PROMPT_QR_SIDE)) {
		return false;
	}
	return (p->kind == SP_PROMPT_ENROL) == (p->qr_side > 0) && text(p->text) && text(p->secret);
}

static bool good(uint32_t type, const union sp_msg_body *b, size_t nfds)
{
	switch ((enum sp_msg)type) {
	case SP_MSG_CONN_OPEN:
		return b->conn_open.conn != 0 && source(&b->conn_open.source) &&
				text(b->conn_open.listener);
	case SP_MSG_CONN_CLOSED:
		return b->conn_closed.conn != 0 &&
				(b->conn_closed.role == SP_ROLE_NET ||
						b->conn_closed.role == SP_ROLE_LOGIN) &&
				b->conn_closed.crashed <= 1 && b->conn_closed.deadline <= 1;
	case SP_MSG_READY:
		return text(b->ready.text) && text(b->ready.fingerprint);
	case SP_MSG_PENALTY:
		return source(&b->penalty.source) && b->penalty.kind < SP_PENALTY_COUNT;
	case SP_MSG_CONN_END:
		return b->conn_end.conn != 0 && b->conn_end.why < SP_WHY_COUNT &&
				text(b->conn_end.text);
	case SP_MSG_CONN_GRANTED:
		return b->conn_granted.conn != 0;
	case SP_MSG_NET_START:
		return b->net_start.conn != 0 && source(&b->net_start.source);
	case SP_MSG_SIGN:
		return b->sign.n <= SP_SIGN_MAX;
	case SP_MSG_SIGNATURE:
		return b->signature.result < SP_SIGN_COUNT && b->signature.n <= SP_SIGNATURE_MAX &&
				(b->signature.result == SP_SIGN_DONE) == (b->signature.n > 0);
	case SP_MSG_VERDICT: {
		bool granted = b->verdict.result == SP_VERDICT_GRANTED;
		return b->verdict.result < SP_VERDICT_COUNT && b->verdict.why < SP_WHY_COUNT &&
				granted == (b->verdict.grant != 0) &&
				granted == (b->verdict.early_user == SP_AUTHZ_SUCCESS) &&
				b->verdict.ask <= 1 && (granted || b->verdict.ask == 0) &&
				text(b->verdict.text) && text(b->verdict.user);
	}
	case SP_MSG_PROMPT:
		return prompt(&b->prompt);
	case SP_MSG_ANSWER:
		return text(b->answer.text);
	case SP_MSG_OPEN_TARGET:
		return geometry(&b->open_target.geometry);
	case SP_MSG_TARGET:
		return b->target.result < SP_OPEN_COUNT && b->target.kind < SP_TARGET_COUNT &&
				(b->target.result == SP_OPEN_OK) == (nfds == 1) &&
				text(b->target.name) && text(b->target.text);
	case SP_MSG_BYE:
		return b->bye.why < SP_WHY_COUNT && text(b->bye.text);
	case SP_MSG_CHALLENGE:
		return text(b->challenge.nb_domain) && text(b->challenge.nb_computer) &&
				text(b->challenge.dns_domain) && text(b->challenge.dns_computer);
	case SP_MSG_PROOF:
		return ends(b->proof.user) && ends(b->proof.domain) &&
				SP_TEMP_MIN <= b->proof.temp_n && b->proof.temp_n <= SP_TEMP_MAX;
	case SP_MSG_PROOF_RESULT:
		return b->proof_result.result < SP_PROOF_COUNT;
	case SP_MSG_DONE:
		return b->done.result < SP_DONE_COUNT && b->done.why < SP_WHY_COUNT &&
				ends(b->done.user) && ends(b->done.domain);
	case SP_MSG_DESKTOP_OPEN:
	case SP_MSG_DESK_START:
		return b->desktop_open.conn != 0 && text(b->desktop_open.user) &&
				text(b->desktop_open.account) && text(b->desktop_open.target) &&
				text(b->desktop_open.command) && text(b->desktop_open.from) &&
				geometry(&b->desktop_open.geometry);
	case SP_MSG_DESKTOP_OPENED:
		return b->desktop_opened.conn != 0 && b->desktop_opened.fresh <= 1;
	case SP_MSG_DESKTOP_FAILED:
		return b->desktop_failed.conn != 0 && text(b->desktop_failed.text);
	case SP_MSG_DESK_CONNECT:
		return b->desk_connect.conn != 0 && geometry(&b->desk_connect.geometry);
	case SP_MSG_DESK_UP:
		return text(b->desk_up.display) && text(b->desk_up.program);
	case SP_MSG_DESK_FAILED:
	case SP_MSG_DESK_ENDED:
		return text(b->desk_text.text);
	case SP_MSG_RELOAD:
	case SP_MSG_ASK_VERDICT:
	case SP_MSG_CONVERSE:
	case SP_MSG_ASK_CHALLENGE:
		return b->none.zero == 0;
	case SP_MSG_NONE:
	case SP_MSG_COUNT:
		break;
	}
	return false;
}

int sp_check_body(uint32_t type, const union sp_msg_body *body, size_t nfds)
{
	return good(type, body, nfds) ? SP_OK : SP_EFIELD;
}
