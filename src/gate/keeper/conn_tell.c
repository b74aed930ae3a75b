/* gate/keeper/conn_tell.c - the events of a connection, with all that is known of it. */
#include "gate/keeper/conn_tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gate/keeper/store_group.h"

/* ---- common fields ---- */

static const char *method_of(const struct sp_conn *c)
{
	switch (c->checked.by) {
	case SP_PROVED_PASSWORD:
		return "ntlm";
	case SP_PROVED_DEVICE:
		return "device";
	case SP_PROVED_TOKEN:
		return "token";
	default:
		return "";
	}
}

static const char *factor_word(enum sp_factor f)
{
	static const char *const words[SP_FACTOR_COUNT] = {[SP_FACTOR_NOT_ASKED] = "none",
			[SP_FACTOR_CODE] = "otp",
			[SP_FACTOR_ENROLLED] = "otp",
			[SP_FACTOR_RECOVERY] = "recovery",
			[SP_FACTOR_TOKEN] = "token",
			[SP_FACTOR_DEVICE] = "device",
			[SP_FACTOR_COOKIE] = "arc"};

	return f < SP_FACTOR_COUNT && words[f] != NULL ? words[f] : "";
}

static const char *target_of(const struct sp_conn *c)
{
	return c->grant.target[0] != '\0' ? c->grant.target : c->talk.target;
}

static void add_claims(const struct sp_conn *c, struct sp_audit_event *e)
{
	sp_audit_text(e, SP_F_CLAIMED_CLIENT, c->client.name);
	sp_audit_text(e, SP_F_CLAIMED_MACHINE, c->machine);
	sp_audit_text(e, SP_F_CLAIMED_ZONE, c->client.zone);
	sp_audit_text(e, SP_F_CLAIMED_JA4, c->ja4);
	if (c->client.width != 0) {
		sp_audit_num(e, SP_F_CLAIMED_BUILD, c->client.build);
		sp_audit_num(e, SP_F_CLAIMED_KEYBOARD, c->client.keyboard);
	}
}

static void begin(struct sp_conn *c, struct sp_audit_event *e, enum sp_audit_kind kind,
		enum sp_outcome outcome)
{
	char id[24];

	sp_audit_init(e, kind, outcome);
	sp_audit_num(e, SP_F_CONN, c->id);
	sp_keeper_event_source(c->k, e, &c->source, c->interface);
	sp_audit_text(e, SP_F_SRC_LISTENER, c->listener);
	add_claims(c, e);
	/* Who only named a user is not that user. */
	if (c->pending.id != 0) {
		sp_audit_text(e, SP_F_USER, c->pending.user.name);
		sp_audit_text(e, SP_F_METHOD, method_of(c));
		sp_audit_text(e, SP_F_MFA,
				factor_word(c->grant.id != 0 ? c->grant.factor : c->talk.factor));
		sp_audit_text(e, SP_F_TARGET, target_of(c));
		if (c->checked.by == SP_PROVED_DEVICE) {
			snprintf(id, sizeof(id), "%" PRId64, c->checked.id);
			sp_audit_text(e, SP_F_DEVICE, id);
			sp_audit_text(e, SP_F_DEVICE_TRUST, "enrolled");
		}
	}
	if (c->session != NULL) {
		sp_audit_text(e, SP_F_SESSION, c->session->name);
		sp_audit_text(e, SP_F_RULE, c->session->rule);
		sp_audit_text(e, SP_F_APPROVER, c->session->approver);
		sp_audit_text(e, SP_F_CLAIMED_REASON, c->session->reason);
	}
}

static void tell(struct sp_conn *c, struct sp_audit_event *e)
{
	sp_keeper_tell(c->k, e);
}

static void tell_first(struct sp_conn *c, struct sp_audit_event *e)
{
	sp_keeper_tell_first(c->k, &c->wait, e);
}

static void add_bytes(const struct sp_conn *c, struct sp_audit_event *e)
{
	sp_audit_num(e, SP_F_BYTES_IN, c->bytes_in);
	sp_audit_num(e, SP_F_BYTES_OUT, c->bytes_out);
}

static void add_credential(struct sp_audit_event *e, const char *kind, int64_t id)
{
	char text[48];

	if (id != 0) {
		snprintf(text, sizeof(text), "%s %" PRId64, kind, id);
		sp_audit_text(e, SP_F_CREDENTIAL, text);
	}
}

/* ---- the connection ---- */

void sp_conn_tell_open(struct sp_conn *c)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_CONN_OPEN, SP_OUTCOME_OK);
	tell(c, &e);
}

void sp_conn_tell_close(struct sp_conn *c)
{
	struct sp_audit_event e;
	enum sp_why why = c->crashed ? SP_WHY_CRASH : c->closed;

	begin(c, &e, SP_AUDIT_CONN_CLOSE, SP_OUTCOME_NONE);
	sp_audit_text(&e, SP_F_REASON, sp_audit_reason(why));
	sp_audit_text(&e, SP_F_TEXT, c->closed_text);
	sp_audit_num(&e, SP_F_DURATION, (c->k->now_us() - c->opened_us) / 1000);
	add_bytes(c, &e);
	tell(c, &e);
}

void sp_conn_tell_crash(struct sp_conn *c, const char *process, int signo)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_PROC_CRASH, SP_OUTCOME_FAILED);
	sp_audit_text(&e, SP_F_PROCESS, process);
	sp_audit_num(&e, SP_F_SIGNAL, (uint64_t)signo);
	sp_audit_text(&e, SP_F_VERSION, SP_VERSION);
	tell(c, &e);
}

/* ---- the login ---- */

static void add_handshake(const struct sp_conn *c, struct sp_audit_event *e)
{
	if (c->challenged_us > c->opened_us) {
		sp_audit_num(e, SP_F_HANDSHAKE, (c->challenged_us - c->opened_us) / 1000);
	}
}

void sp_conn_tell_auth_fail(struct sp_conn *c, uint32_t why)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_AUTH_FAIL,
			why == SP_WHY_LOCKED || why == SP_WHY_LIMIT ? SP_OUTCOME_DENIED
								    : SP_OUTCOME_FAILED);
	sp_audit_text(&e, SP_F_REASON, sp_audit_reason(why));
	sp_audit_text(&e, SP_F_TEXT, sp_why_text(why));
	sp_audit_text(&e, SP_F_METHOD, "ntlm");
	sp_audit_text(&e, SP_F_CLAIMED_USER, c->name.user);
	sp_audit_text(&e, SP_F_CLAIMED_DOMAIN, c->domain);
	/* Whose name it was, though not who it was. */
	sp_audit_text(&e, SP_F_USER, c->checked.named);
	sp_audit_num(&e, SP_F_KNOWN, c->checked.named[0] != '\0');
	add_handshake(c, &e);
	tell(c, &e);
}

void sp_conn_tell_auth_ok(struct sp_conn *c)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_AUTH_OK, SP_OUTCOME_OK);
	sp_audit_num(&e, SP_F_KNOWN, 1);
	sp_audit_text(&e, SP_F_CLAIMED_USER, c->name.user);
	sp_audit_text(&e, SP_F_CLAIMED_DOMAIN, c->domain);
	add_credential(&e, method_of(c), c->checked.id);
	add_handshake(c, &e);
	tell_first(c, &e);
}

void sp_conn_tell_lock(struct sp_conn *c, const char *user, const char *scope, uint32_t failures,
		uint32_t seconds)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_LOCK_STEP, SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_REASON, scope);
	sp_audit_text(&e, SP_F_USER, c->pending.id != 0 ? c->pending.user.name : c->checked.named);
	sp_audit_text(&e, SP_F_CLAIMED_USER, user);
	sp_audit_num(&e, SP_F_COUNT, failures);
	sp_audit_num(&e, SP_F_SECONDS, seconds);
	tell(c, &e);
}

void sp_conn_tell_lock_end(struct sp_conn *c, uint32_t failures)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_LOCK_END, SP_OUTCOME_OK);
	sp_audit_text(&e, SP_F_REASON, "login");
	sp_audit_num(&e, SP_F_COUNT, failures);
	tell_first(c, &e);
}

void sp_conn_tell_misuse(struct sp_conn *c, const char *how, int64_t id, enum sp_severity severity)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_TOKEN_MISUSE, SP_OUTCOME_DENIED);
	sp_audit_set_severity(&e, severity);
	sp_audit_text(&e, SP_F_METHOD, how);
	add_credential(&e, "token", id);
	if (c->pending.id == 0) {
		sp_audit_text(&e, SP_F_USER, c->checked.named);
	}
	tell(c, &e);
}

void sp_conn_tell_token(struct sp_conn *c, int64_t id)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_TOKEN_USE, SP_OUTCOME_OK);
	add_credential(&e, "token", id);
	tell_first(c, &e);
}

/* ---- the conversation ---- */

void sp_conn_tell_mfa_ok(struct sp_conn *c, enum sp_factor factor)
{
	struct sp_audit_event e;

	if (factor == SP_FACTOR_ENROLLED) {
		begin(c, &e, SP_AUDIT_MFA_ENROL, SP_OUTCOME_OK);
		tell_first(c, &e);
	}
	begin(c, &e, SP_AUDIT_MFA_OK, SP_OUTCOME_OK);
	sp_audit_text(&e, SP_F_MFA, factor_word(factor));
	sp_audit_num(&e, SP_F_ATTEMPTS, SP_TALK_TRIES - c->talk.tries);
	tell_first(c, &e);
}

void sp_conn_tell_mfa(
		struct sp_conn *c, enum sp_audit_kind kind, const char *reason, uint32_t attempts)
{
	struct sp_audit_event e;

	begin(c, &e, kind, SP_OUTCOME_FAILED);
	sp_audit_text(&e, SP_F_REASON, reason);
	sp_audit_text(&e, SP_F_MFA, "otp");
	sp_audit_num(&e, SP_F_ATTEMPTS, attempts);
	tell(c, &e);
}

void sp_conn_tell_deny(struct sp_conn *c, uint32_t why, const char *text)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_POLICY_DENY, SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_REASON, sp_audit_reason(why));
	sp_audit_text(&e, SP_F_TEXT, text);
	tell(c, &e);
}

void sp_conn_tell_unwritten(struct sp_conn *c)
{
	sp_conn_tell_deny(c, SP_WHY_AUDIT, sp_why_text(SP_WHY_AUDIT));
}

void sp_conn_tell_approval(
		struct sp_conn *c, enum sp_audit_kind kind, const char *by, const char *reason)
{
	struct sp_audit_event e;
	bool ok = kind == SP_AUDIT_APPROVAL_OK;

	begin(c, &e, kind,
			ok                                             ? SP_OUTCOME_OK
					: kind == SP_AUDIT_APPROVAL_NO ? SP_OUTCOME_DENIED
								       : SP_OUTCOME_NONE);
	sp_audit_text(&e, SP_F_APPROVER, by);
	sp_audit_text(&e, SP_F_REASON, reason);
	if (ok) {
		tell_first(c, &e);
	} else {
		tell(c, &e);
	}
}

/* ---- the right ---- */

struct list {
	struct sp_conn *c;
	char text[SP_AUDIT_TEXT_MAX];
	size_t n;
};

static bool add_group(void *arg, const struct sp_group *g)
{
	struct list *l = arg;
	size_t room = sizeof(l->text) - l->n;

	if (sp_store_group_member(l->c->k->store, l->c->pending.user.id, g->name)) {
		int n = snprintf(l->text + l->n, room, "%s@%s", l->n > 0 ? ", " : "", g->name);
		if (n < 0 || (size_t)n >= room) {
			l->text[l->n] = '\0';
			return false;
		}
		l->n += (size_t)n;
	}
	return true;
}

static void add_roles(struct sp_conn *c, struct sp_audit_event *e)
{
	struct list l = {.c = c};

	if (sp_store_group_list(c->k->store, add_group, &l) != SP_OK) {
		sp_conn_log(c, SP_LOG_WARN, "groups not known: %s", sp_store_why(c->k->store));
	}
	sp_audit_text(e, SP_F_ROLES, l.text);
}

/* Does he get there what is not his own: another account, or a password that he does not know? */
static bool beyond_own(const struct sp_conn *c, const struct sp_conf_target *t)
{
	if (t->kind == SP_CONF_DESKTOP) {
		return t->account[0] != '\0' && strcmp(t->account, c->grant.user.name) != 0;
	}
	return t->login == SP_CONF_LOGIN_SECRET;
}

static void add_target(const struct sp_conf_target *t, struct sp_audit_event *e)
{
	bool desktop = t->kind == SP_CONF_DESKTOP;

	sp_audit_text(e, SP_F_TARGET, t->name);
	sp_audit_text(e, SP_F_TARGET_KIND, desktop ? "desktop" : "rdp");
	sp_audit_text(e, SP_F_TARGET_USER, desktop ? t->account : "");
}

void sp_conn_tell_grant(struct sp_conn *c, const struct sp_conf_target *t)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_POLICY_ALLOW, SP_OUTCOME_OK);
	add_roles(c, &e);
	tell_first(c, &e);
	if (t != NULL && beyond_own(c, t)) {
		begin(c, &e, SP_AUDIT_PRIV_GRANT, SP_OUTCOME_OK);
		add_target(t, &e);
		add_roles(c, &e);
		if (t->kind == SP_CONF_RDP) {
			sp_audit_text(&e, SP_F_SECRET, t->secret);
		}
		tell_first(c, &e);
	}
}

/* ---- the target ---- */

static void add_way(const struct sp_conn *c, struct sp_audit_event *e)
{
	const struct sp_conf_target *t = sp_conf_target(c->k->conf, c->grant.target);

	if (t != NULL) {
		add_target(t, e);
	}
	sp_audit_text(e, SP_F_TARGET_IP, c->way.answered);
}

void sp_conn_tell_connect(struct sp_conn *c, bool ok, const char *text)
{
	struct sp_audit_event e;

	begin(c, &e, ok ? SP_AUDIT_TARGET_CONNECT : SP_AUDIT_TARGET_FAIL,
			ok ? SP_OUTCOME_OK : SP_OUTCOME_FAILED);
	add_way(c, &e);
	sp_audit_text(&e, SP_F_TEXT, text);
	tell(c, &e);
}

void sp_conn_tell_cert(struct sp_conn *c, const uint8_t spki[32], const char *reason,
		enum sp_outcome outcome, const char *text)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_TARGET_CERT, outcome);
	if (outcome == SP_OUTCOME_OK) {
		sp_audit_set_severity(&e, SP_SEVERITY_LOW);
	}
	add_way(c, &e);
	sp_audit_bytes(&e, SP_F_TARGET_SPKI, spki, 32);
	sp_audit_text(&e, SP_F_REASON, reason);
	sp_audit_text(&e, SP_F_TEXT, text);
	tell(c, &e);
}

void sp_conn_tell_secret(struct sp_conn *c, const struct sp_conf_target *t)
{
	struct sp_audit_event e;
	bool vault = c->secret == NULL && t->login == SP_CONF_LOGIN_SECRET;

	if (vault) {
		begin(c, &e, SP_AUDIT_VAULT_USE, SP_OUTCOME_OK);
		add_way(c, &e);
		sp_audit_text(&e, SP_F_SECRET, t->secret);
		tell_first(c, &e);
	}
	begin(c, &e, SP_AUDIT_TARGET_LOGIN, SP_OUTCOME_NONE);
	add_way(c, &e);
	sp_audit_text(&e, SP_F_REASON,
			vault                                                       ? "vault"
					: c->way.redirects > 0 && c->secret != NULL ? "redirection"
					: c->secret != NULL                         ? "typed"
										    : "same");
	sp_audit_text(&e, SP_F_TARGET_USER,
			c->secret != NULL       ? c->secret->user
					: vault ? ""
						: c->grant.user.name);
	tell_first(c, &e);
}

void sp_conn_tell_target_login(struct sp_conn *c, bool ok, const char *text)
{
	struct sp_audit_event e;

	begin(c, &e, SP_AUDIT_TARGET_LOGIN, ok ? SP_OUTCOME_OK : SP_OUTCOME_FAILED);
	add_way(c, &e);
	sp_audit_text(&e, SP_F_TARGET_USER, c->secret != NULL ? c->secret->user : "");
	sp_audit_text(&e, SP_F_TEXT, text);
	tell(c, &e);
}

/* ---- the session ---- */

static void channels_text(const struct sp_channels *ch, char out[192])
{
	static const struct {
		uint32_t bit;
		const char *word;
	} clip[] = {{SP_CLIP_RIGHT_TEXT_IN, " text-in"}, {SP_CLIP_RIGHT_TEXT_OUT, " text-out"},
			{SP_CLIP_RIGHT_FILES_IN, " files-in"},
			{SP_CLIP_RIGHT_FILES_OUT, " files-out"}, {SP_CLIP_RIGHT_OTHER, " other"}};
	char rights[64] = "";
	size_t n = 0;

	for (size_t i = 0; i < SP_LEN(clip); i++) {
		if ((ch->clipboard & clip[i].bit) != 0) {
			n += (size_t)snprintf(rights + n, sizeof(rights) - n, "%s", clip[i].word);
		}
	}
	snprintf(out, 192, "clipboard:%s; drives: %s; sound: %s; microphone: %s; other: %s",
			n > 0 ? rights : " none",
			ch->drives == SP_DRIVES_WRITE                  ? "write"
					: ch->drives == SP_DRIVES_READ ? "read"
								       : "none",
			ch->sound ? "yes" : "no", ch->microphone ? "yes" : "no",
			ch->other ? "yes" : "no");
}

void sp_conn_tell_start(struct sp_conn *c, const struct sp_channels *channels)
{
	struct sp_audit_event e;
	char text[192];
	bool again = c->session->resumed;

	if (c->started) {
		return; /* a redirection, say */
	}
	c->started = true;
	c->started_us = c->k->now_us();
	begin(c, &e, again ? SP_AUDIT_SESSION_RECONNECT : SP_AUDIT_SESSION_START, SP_OUTCOME_OK);
	add_way(c, &e);
	channels_text(channels, text);
	sp_audit_text(&e, SP_F_CHANNELS, text);
	sp_audit_num(&e, SP_F_WIDTH, c->client.width);
	sp_audit_num(&e, SP_F_HEIGHT, c->client.height);
	sp_audit_text(&e, SP_F_SRC_BEFORE, again ? c->session->before : "");
	tell_first(c, &e);
}

void sp_conn_tell_over(struct sp_conn *c, enum sp_why why, const char *text)
{
	const struct sp_session *s = c->session;
	struct sp_audit_event e;

	if (!c->started || s == NULL) {
		return;
	}
	bool told = s->state == SP_SESSION_ENDING;
	bool lost = s->state == SP_SESSION_ACTIVE && why == SP_WHY_LOST && s->arc.present;
	if (told && !s->continued) {
		why = s->why;
		text = s->why_text;
	} else if (why == SP_WHY_GONE && c->crashed) {
		why = SP_WHY_CRASH;
	}
	begin(c, &e,
			lost || s->continued || s->stepped ? SP_AUDIT_SESSION_DISCONNECT
							   : SP_AUDIT_SESSION_END,
			SP_OUTCOME_NONE);
	add_way(c, &e);
	sp_audit_text(&e, SP_F_REASON, s->continued ? "reconnect" : sp_audit_reason(why));
	sp_audit_text(&e, SP_F_TEXT, text);
	sp_audit_num(&e, SP_F_DURATION, (c->k->now_us() - c->started_us) / 1000);
	add_bytes(c, &e);
	tell(c, &e);
	c->started = false;
}

void sp_keeper_tell_forgot(void *keeper, const struct sp_session *s)
{
	struct sp_keeper *k = keeper;
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_SESSION_END, SP_OUTCOME_NONE);
	sp_audit_num(&e, SP_F_CONN, s->conn);
	sp_audit_text(&e, SP_F_SESSION, s->name);
	sp_audit_text(&e, SP_F_USER, s->user);
	sp_audit_text(&e, SP_F_TARGET, s->target);
	sp_audit_text(&e, SP_F_RULE, s->rule);
	sp_keeper_event_source(k, &e, &s->source, s->interface);
	sp_audit_text(&e, SP_F_REASON, "not-resumed");
	sp_keeper_tell(k, &e);
}

/* ---- what goes over its channels ---- */

static void add_missed(struct sp_conn *c, uint64_t missed)
{
	struct sp_audit_event e;

	if (missed > 0) {
		begin(c, &e, SP_AUDIT_TRANSFER_MISSED, SP_OUTCOME_NONE);
		sp_audit_num(&e, SP_F_MISSED, missed);
		tell(c, &e);
	}
}

void sp_conn_tell_transfer(struct sp_conn *c, const struct sp_msg_transfer *m, uint64_t missed)
{
	static const char *const kinds[SP_TOLD_KIND_COUNT] = {[SP_TOLD_TEXT] = "text",
			[SP_TOLD_FILES] = "files",
			[SP_TOLD_FILE] = "file",
			[SP_TOLD_OTHER] = "other",
			[SP_TOLD_DEVICE] = "device",
			[SP_TOLD_OPEN] = "open",
			[SP_TOLD_RENAME] = "rename",
			[SP_TOLD_REMOVE] = "remove",
			[SP_TOLD_CHANGE] = "change"};
	static const char *const verdicts[SP_TOLD_VERDICT_COUNT] = {[SP_TOLD_PASSED] = "passed",
			[SP_TOLD_REFUSED] = "refused",
			[SP_TOLD_NAMED_BADLY] = "named-badly",
			[SP_TOLD_TOO_LARGE] = "too-large",
			[SP_TOLD_DAMAGED] = "damaged"};
	bool file = m->kind != SP_TOLD_TEXT && m->kind != SP_TOLD_OTHER;
	struct sp_audit_event e;

	add_missed(c, missed);
	begin(c, &e, file ? SP_AUDIT_FILE_TRANSFER : SP_AUDIT_CLIP_TRANSFER,
			m->verdict == SP_TOLD_PASSED                    ? SP_OUTCOME_OK
					: m->verdict == SP_TOLD_DAMAGED ? SP_OUTCOME_FAILED
									: SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_CHANNEL, m->channel == SP_TOLD_DRIVES ? "drives" : "clipboard");
	sp_audit_text(&e, SP_F_WAY, m->way == SP_TOLD_IN ? "in" : "out");
	sp_audit_text(&e, SP_F_KIND, kinds[m->kind]);
	sp_audit_text(&e, SP_F_VERDICT, verdicts[m->verdict]);
	sp_audit_num(&e, SP_F_BYTES, m->bytes);
	if (m->has_sha256) {
		sp_audit_bytes(&e, SP_F_SHA256, m->sha256, sizeof(m->sha256));
	}
	sp_audit_text(&e, SP_F_NAME, m->name);
	sp_audit_text(&e, SP_F_NEXT, m->next);
	sp_audit_text(&e, SP_F_CLAIMED_NAME, m->sent);
	tell(c, &e);
}

void sp_conn_tell_channel(struct sp_conn *c, const struct sp_msg_channel *m)
{
	struct sp_audit_event e;
	bool passed = m->verdict == SP_TOLD_PASSED;

	add_missed(c, m->missed);
	begin(c, &e, passed ? SP_AUDIT_CHANNEL_OPEN : SP_AUDIT_CHANNEL_DENY,
			passed ? SP_OUTCOME_OK : SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_CHANNEL, m->name);
	sp_audit_text(&e, SP_F_KIND, m->dynamic ? "dynamic" : "static");
	tell(c, &e);
}
