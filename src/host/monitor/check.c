/* host/monitor/check.c - what a received structure must look like before anybody reads it. */
#include "host/monitor/check.h"

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

bool sp_check_text(const char *s, size_t cap)
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

#define text(array) sp_check_text(array, sizeof(array))
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

/* The only text that may have several lines. */
static bool notice(const char *s, size_t cap)
{
	const char *end = memchr(s, 0, cap);

	if (end == NULL) {
		return false;
	}
	for (; s < end; s++) {
		if (*s != '\n' && ((unsigned char)*s < 0x20 || *s == 0x7f)) {
			return false;
		}
	}
	return true;
}

static bool prompt(const struct sp_msg_prompt *p)
{
	bool listing = p->kind == SP_PROMPT_TARGET || p->kind == SP_PROMPT_RECOVERY;

	if (!(0 < p->kind && p->kind < SP_PROMPT_COUNT && p->qr_side <= SP_PROMPT_QR_SIDE &&
			    p->items <= SP_PROMPT_ITEMS && p->recovery <= 1)) {
		return false;
	}
	if ((p->kind == SP_PROMPT_ENROL) != (p->qr_side > 0) || listing != (p->items > 0)) {
		return false;
	}
	for (size_t i = 0; i < p->items; i++) {
		if (!text(p->item[i].name) || !text(p->item[i].text)) {
			return false;
		}
	}
	return text(p->title) && text(p->user) && text(p->text) && text(p->secret) &&
			notice(p->notice, sizeof(p->notice));
}

static bool channels(const struct sp_channels *c)
{
	return c->clipboard <= SP_CLIP_RIGHT_ALL && c->drives < SP_DRIVES_COUNT && c->sound <= 1 &&
			c->microphone <= 1 && c->other <= 1;
}

static bool target(const struct sp_msg_target *t, size_t nfds)
{
	bool ok = t->result == SP_OPEN_OK;
	size_t want = !ok ? 0 : (t->kind == SP_TARGET_RDP ? 2 : 1) + (t->record ? 1 : 0);

	return t->result < SP_OPEN_COUNT && t->kind < SP_TARGET_COUNT && nfds == want &&
			text(t->name) && text(t->text) && text(t->host) && t->tls_only <= 1 &&
			channels(&t->channels) && t->arc.present <= 1 && t->record <= 1 &&
			t->record_required <= 1 && t->record_input < SP_RECORD_INPUT_COUNT &&
			t->target_arc.present <= 1 && t->route_n <= sizeof(t->route);
}

static bool audit(const struct sp_msg_audit *a)
{
	struct sp_audit_view v;

	return a->n <= sizeof(a->event) && sp_audit_read(sp_span(a->event, a->n), &v) == SP_OK;
}

static bool record_of(const struct sp_record_of *r)
{
	return text(r->session) && text(r->user) && text(r->target) && text(r->from) &&
			1 <= r->n_auditors && r->n_auditors <= SP_REC_MAX_AUDITORS;
}

static bool recorder_start(const struct sp_msg_recorder_start *m)
{
	return m->number != 0 && m->conn != 0 && text(m->id) && sp_rec_id_good(m->id) &&
			text(m->session) && text(m->user) && text(m->target) && text(m->from);
}

static bool record_opened(const struct sp_msg_record_opened *r, size_t nfds)
{
	bool good = r->result == SP_RECORD_OK;

	return r->conn != 0 && r->result < SP_RECORD_COUNT && nfds == (good ? 1 : 0) &&
			text(r->id) && (strlen(r->id) == (good ? SP_REC_ID : 0)) && text(r->text);
}

static bool transfer(const struct sp_msg_transfer *t)
{
	return 0 < t->channel && t->channel < SP_TOLD_CHANNEL_COUNT && 0 < t->way &&
			t->way < SP_TOLD_WAY_COUNT && 0 < t->kind && t->kind < SP_TOLD_KIND_COUNT &&
			0 < t->verdict && t->verdict < SP_TOLD_VERDICT_COUNT &&
			t->has_sha256 <= 1 && text(t->sent) && text(t->name) && text(t->next);
}

static bool redirect(const struct sp_msg_redirect *r)
{
	return text(r->address) && ends(r->user) && ends(r->domain) && r->rdstls <= 1 &&
			r->password_n <= sizeof(r->password) && r->guid_n <= sizeof(r->guid) &&
			r->route_n <= sizeof(r->route);
}

static bool target_login(const struct sp_msg_target_login *l)
{
	return l->result < SP_TARGET_LOGIN_COUNT && l->rdstls <= 1 &&
			l->blob_n <= sizeof(l->blob) && l->guid_n <= sizeof(l->guid) &&
			text(l->text) && ends(l->user) && ends(l->domain) && ends(l->password);
}

static bool good(uint32_t type, const union sp_msg_body *b, size_t nfds)
{
	switch ((enum sp_msg)type) {
	case SP_MSG_CONN_OPEN:
		return b->conn_open.conn != 0 && source(&b->conn_open.source) &&
				text(b->conn_open.listener) && text(b->conn_open.interface);
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
	case SP_MSG_LOGIN_START:
		return b->login_start.conn != 0;
	case SP_MSG_LOGIN_STARTED:
		return b->login_started.conn != 0 && nfds != 1 && text(b->login_started.text);
	case SP_MSG_PENALTIES:
	case SP_MSG_PENALTIES_KEPT:
		return b->penalties.n <= SP_PENALTIES;
	case SP_MSG_NET_START:
		return b->net_start.conn != 0 && source(&b->net_start.source) &&
				b->net_start.require_token <= 1;
	case SP_MSG_ROUTE:
		return text(b->route.token);
	case SP_MSG_ROUTED:
		return b->routed.result < SP_ROUTED_COUNT;
	case SP_MSG_CONVERSE:
		return b->converse.arc.present <= 1 && b->converse.rail <= 1;
	case SP_MSG_SIGN:
		return b->sign.n <= SP_SIGN_MAX && text(b->sign.ja4);
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
		return b->answer.kind < SP_ANSWER_COUNT && b->answer.choice < SP_PROMPT_ITEMS &&
				text(b->answer.text) && ends(b->answer.password);
	case SP_MSG_OPEN_TARGET:
		return geometry(&b->open_target.geometry);
	case SP_MSG_TARGET:
		return target(&b->target, nfds);
	case SP_MSG_REDIRECT:
		return redirect(&b->redirect);
	case SP_MSG_ARC:
	case SP_MSG_TARGET_ARC:
		return b->arc.present <= 1;
	case SP_MSG_LICENSE:
		return b->license.n <= SP_LICENSE_MAX && b->license.drop <= 1 &&
				(b->license.drop == 0 || b->license.n == 0) &&
				text(b->license.client);
	case SP_MSG_AUDIT:
		return audit(&b->audit);
	case SP_MSG_AUDITED:
		return b->audited.result < SP_AUDITED_COUNT && text(b->audited.text);
	case SP_MSG_CHANNEL:
		return b->channel.dynamic <= 1 && text(b->channel.name) &&
				(b->channel.verdict == SP_TOLD_PASSED ||
						b->channel.verdict == SP_TOLD_REFUSED);
	case SP_MSG_AUDIT_HELLO:
	case SP_MSG_SHIP_FIGURES:
	case SP_MSG_SCRIBE_FIGURES:
		return true;
	case SP_MSG_SCRIBE_STATE:
		return b->scribe_state.mood < SP_SCRIBE_COUNT && text(b->scribe_state.text);
	case SP_MSG_RECORD_OPEN:
		return b->record_open.conn != 0 && record_of(&b->record_open.of);
	case SP_MSG_RECORD_OPENED:
		return record_opened(&b->record_opened, nfds);
	case SP_MSG_ACT:
		return 0 < b->act.action && b->act.action < SP_ACT_COUNT && text(b->act.session) &&
				text(b->act.user) && text(b->act.text);
	case SP_MSG_RECORD_ENDED:
		return b->record_ended.conn != 0 && b->record_ended.result < SP_RECORD_COUNT &&
				text(b->record_ended.text);
	case SP_MSG_RECORDER_START:
		return nfds != 2 && recorder_start(&b->recorder_start);
	case SP_MSG_RECORDER_ADOPT:
		return recorder_start(&b->recorder_start);
	case SP_MSG_RECORDER_STARTED:
		return b->recorder_started.number != 0 && nfds != 1 &&
				text(b->recorder_started.text);
	case SP_MSG_RECORD_BEGIN:
		return text(b->record_begin.id) && strlen(b->record_begin.id) == SP_REC_ID &&
				text(b->record_begin.host) && record_of(&b->record_begin.of);
	case SP_MSG_RECORD_HEAD:
		return b->record_head.end <= 1 && b->record_head.result < SP_RECORD_COUNT &&
				text(b->record_head.text);
	case SP_MSG_RECORD_STOP:
		return text(b->record_stop.text);
	case SP_MSG_TRANSFER:
		return transfer(&b->transfer);
	case SP_MSG_SESSION_END:
		return b->session_end.why < SP_WHY_COUNT && b->session_end.drop <= 1 &&
				text(b->session_end.text);
	case SP_MSG_BYE:
		return b->bye.why < SP_WHY_COUNT && text(b->bye.text);
	case SP_MSG_CHALLENGE:
		return text(b->challenge.nb_domain) && text(b->challenge.nb_computer) &&
				text(b->challenge.dns_domain) && text(b->challenge.dns_computer);
	case SP_MSG_PROOF:
		return ends(b->proof.user) && ends(b->proof.domain) && ends(b->proof.machine) &&
				SP_TEMP_MIN <= b->proof.temp_n && b->proof.temp_n <= SP_TEMP_MAX;
	case SP_MSG_PROOF_RESULT:
		return b->proof_result.result < SP_PROOF_COUNT;
	case SP_MSG_DONE:
		return b->done.result < SP_DONE_COUNT && b->done.why < SP_WHY_COUNT &&
				ends(b->done.user) && ends(b->done.domain) &&
				ends(b->done.password);
	case SP_MSG_TRUST:
		return b->trust.trust < SP_TRUST_COUNT && b->trust.tls_only <= 1 &&
				text(b->trust.host);
	case SP_MSG_TARGET_CERT:
		return b->target_cert.verified <= 1 && b->target_cert.nla <= 1 &&
				text(b->target_cert.text);
	case SP_MSG_TARGET_LOGIN:
		return target_login(&b->target_login);
	case SP_MSG_TARGET_DONE:
		return b->target_done.result < SP_DONE_COUNT && text(b->target_done.text);
	case SP_MSG_DIAL:
		return b->dial.conn != 0 && text(b->dial.address);
	case SP_MSG_DIALED:
		return b->dialed.conn != 0 && text(b->dialed.address);
	case SP_MSG_DIAL_FAILED:
		return b->dial_failed.conn != 0 && text(b->dial_failed.text);
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
	case SP_MSG_SHIP_MISSED:
		return b->ship_missed.n != 0 && text(b->ship_missed.name);
	case SP_MSG_SHIP_DIED:
		return b->ship_died.pid != 0;
	case SP_MSG_SHIP_JAILED:
		return text(b->ship_jailed.name) && text(b->ship_jailed.level);
	case SP_MSG_SHIP_CHAIN:
	case SP_MSG_RECORD_READY:
	case SP_MSG_RELOAD:
	case SP_MSG_ASK_VERDICT:
	case SP_MSG_ASK_CHALLENGE:
	case SP_MSG_ASK_TRUST:
	case SP_MSG_TARGET_UP:
	case SP_MSG_SCRIBE:
	case SP_MSG_RECORDER_LINK:
	case SP_MSG_SCRIBE_READY:
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
