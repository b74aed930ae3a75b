/* gate/keeper/talk.c - see talk.h. */
#include "gate/keeper/talk.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

bool sp_talk_needed(enum sp_conf_mfa mfa, const struct sp_user *u)
{
	switch (mfa) {
	case SP_CONF_MFA_NONE:
		return false;
	case SP_CONF_MFA_ENROLLED:
		return u->totp;
	case SP_CONF_MFA_REQUIRED:
		break;
	}
	return true;
}

static void refuse(struct sp_talk_step *step, const char *text)
{
	step->next = SP_TALK_REFUSE;
	step->out = (struct sp_msg_prompt){.kind = SP_PROMPT_REFUSED};
	snprintf(step->out.text, sizeof(step->out.text), "%s", text);
}

/* The secret as people type it: groups of four. */
static void grouped(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; text[i] != '\0' && n + 3 < cap; i++) {
		if (i > 0 && i % 4 == 0) {
			out[n++] = ' ';
		}
		out[n++] = text[i];
	}
	out[n] = '\0';
}

static bool draw(const struct sp_talk *t, const char *user, struct sp_msg_prompt *out)
{
	char uri[SP_TOTP_URI], text[SP_TOTP_TEXT];
	struct sp_qr qr;
	bool ok = sp_totp_uri(t->secret, user, uri) && sp_totp_text(t->secret, text) &&
			sp_qr_make(uri, &qr) == SP_OK && qr.side <= SP_PROMPT_QR_SIDE;

	if (ok) {
		grouped(text, out->secret, sizeof(out->secret));
		out->qr_side = qr.side;
		for (uint32_t i = 0; i < qr.side * qr.side; i++) {
			out->qr[i] = qr.bits[i / 8] >> i % 8 & 1;
		}
	}
	sp_wipe(uri, sizeof(uri));
	sp_wipe(text, sizeof(text));
	sp_wipe(&qr, sizeof(qr));
	return ok;
}

static void ask(struct sp_talk *t, const struct sp_pending *who, const char *text,
		struct sp_talk_step *step)
{
	step->next = SP_TALK_ASK;
	step->out = (struct sp_msg_prompt){
			.kind = t->enrolling ? SP_PROMPT_ENROL : SP_PROMPT_CODE, .tries = t->tries};
	snprintf(step->out.text, sizeof(step->out.text), "%s", text);
	if (t->enrolling && !draw(t, who->user.name, &step->out)) {
		refuse(step, "The enrolment is not possible now.");
	}
}

static void done(enum sp_factor factor, struct sp_talk_step *step)
{
	step->next = SP_TALK_DONE;
	step->factor = factor;
	step->out = (struct sp_msg_prompt){.kind = SP_PROMPT_DONE};
}

/* Takes the code as the confirmation of a new secret, and spends it. */
static int confirm(struct sp_talk *t, struct sp_store *st, const char *user, const char *code,
		int64_t now)
{
	uint64_t at;
	int rc = sp_totp_find(t->secret, code, now, &at);

	return rc == SP_OK ? sp_store_totp_enrol(st, user, t->secret, at) : SP_EAUTH;
}

void sp_talk_answer(struct sp_talk *t, struct sp_store *st, const struct sp_pending *who,
		const char *code, int64_t now, struct sp_talk_step *step)
{
	const char *user = who->user.name;

	memset(step, 0, sizeof(*step));
	if (t->tries == 0) {
		refuse(step, "No tries are left.");
		return;
	}
	t->tries--;
	int rc = t->enrolling ? confirm(t, st, user, code, now)
			      : sp_store_totp_use(st, user, code, now);
	if (rc == SP_OK) {
		done(t->enrolling ? SP_FACTOR_ENROLLED : SP_FACTOR_CODE, step);
		sp_wipe(t->secret, sizeof(t->secret));
		return;
	}
	if (rc == SP_EARG) {
		refuse(step, "This user was enrolled somewhere else meanwhile. Connect again.");
		return;
	}
	if (rc != SP_EAUTH && rc != SP_EDENIED) {
		refuse(step, "The code cannot be checked now.");
		return;
	}
	step->wrong = true;
	if (t->tries == 0) {
		refuse(step, "Too many wrong codes. Connect again to try once more.");
	} else if (rc == SP_EDENIED) {
		ask(t, who, "That code was used already. Wait for the next one.", step);
	} else {
		ask(t, who, "That code is not right.", step);
	}
}

void sp_talk_begin(struct sp_talk *t, struct sp_store *st, const struct sp_crypto *crypto,
		const struct sp_pending *who, const char *code, int64_t now,
		struct sp_talk_step *step)
{
	struct sp_user u;

	memset(step, 0, sizeof(*step));
	memset(t, 0, sizeof(*t));
	t->tries = SP_TALK_TRIES;
	/* As it is now: enrolled meanwhile, or not any more. */
	if (sp_store_get(st, who->user.name, &u) != SP_OK || u.id != who->user.id) {
		refuse(step, "The login is not possible now.");
		return;
	}
	t->enrolling = !u.totp;
	if (t->enrolling && crypto->random(t->secret, sizeof(t->secret)) != SP_OK) {
		refuse(step, "The enrolment is not possible now.");
		return;
	}
	if (!t->enrolling && code[0] != '\0') {
		sp_talk_answer(t, st, who, code, now, step);
		return;
	}
	ask(t, who, "", step);
}

void sp_talk_late(struct sp_talk_step *step)
{
	memset(step, 0, sizeof(*step));
	refuse(step, "No code came in time. Connect again to try once more.");
}
