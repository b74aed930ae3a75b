/* gate/keeper/talk_factor.c - see talk_factor.h. */
#include "gate/keeper/talk_factor.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/store_pause.h"
#include "host/lib/qr.h"

enum sp_need sp_talk_need(const struct sp_policy_verdict *v, uint32_t came, bool totp)
{
	if ((v->factors & (SP_CONF_FACTOR_NONE | came)) != 0) {
		return SP_NEED_NOTHING;
	}
	if ((v->factors & SP_CONF_FACTOR_TOTP) == 0) {
		return SP_NEED_OTHER;
	}
	return v->optional && !totp ? SP_NEED_NOTHING : SP_NEED_CODE;
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

static bool has_recovery(const struct sp_talk_about *a)
{
	uint32_t left = 0;

	return sp_store_recovery_left(a->store, a->who->user.name, &left) == SP_OK && left > 0;
}

static void ask(struct sp_talk *t, const struct sp_talk_about *a, const char *text,
		struct sp_talk_step *step)
{
	step->next = SP_TALK_ASK;
	step->out = (struct sp_msg_prompt){.kind = t->asked, .tries = t->tries};
	snprintf(step->out.text, sizeof(step->out.text), "%s", text);
	if (t->asked == SP_PROMPT_CODE) {
		step->out.recovery = has_recovery(a);
	} else if (!draw(t, a->who->user.name, &step->out)) {
		sp_talk_refuse(t, SP_WHY_INTERNAL, "The enrolment is not possible now.", step);
	}
}

static struct sp_code_from giver(const struct sp_talk_about *a)
{
	return (struct sp_code_from){.user = a->who->user.name,
			.source = a->ask.source,
			.device = (a->came & SP_CONF_FACTOR_DEVICE) != 0};
}

/* "Too many wrong codes from here. Try again in 9 minutes." */
static void refuse_paused(struct sp_talk *t, uint32_t wait, struct sp_talk_step *step)
{
	char text[SP_TEXT_WHY];
	uint32_t minutes = (wait + 59) / 60;
	bool hours = minutes > 120;
	uint32_t n = hours ? (minutes + 59) / 60 : minutes;

	snprintf(text, sizeof(text), "Too many wrong codes from here. Try again in %u %s%s.", n,
			hours ? "hour" : "minute", n == 1 ? "" : "s");
	sp_talk_refuse(t, SP_WHY_LOCKED, text, step);
}

void sp_talk_ask_factor(struct sp_talk *t, const struct sp_talk_about *a, bool enrolled,
		struct sp_talk_step *step)
{
	struct sp_code_from who = giver(a);
	struct sp_pause pause;

	t->asked = enrolled ? SP_PROMPT_CODE : SP_PROMPT_ENROL;
	if (enrolled && sp_store_code_ask(a->store, &who, a->ask.now, &pause) == SP_OK &&
			pause.wait > 0) {
		refuse_paused(t, pause.wait, step);
		return;
	}
	if (!enrolled && a->crypto->random(t->secret, sizeof(t->secret)) != SP_OK) {
		sp_talk_refuse(t, SP_WHY_INTERNAL, "The enrolment is not possible now.", step);
		return;
	}
	ask(t, a, "", step);
}

/* Takes the code as the confirmation of a new secret, and spends it. */
static int confirm(struct sp_talk *t, const struct sp_talk_about *a, const char *code)
{
	uint64_t at;
	int rc = sp_totp_find(t->secret, code, a->ask.now, &at);

	return rc == SP_OK ? sp_store_totp_enrol(a->store, a->who->user.name, t->secret, at)
			   : SP_EAUTH;
}

/* After an enrolment: without them somebody who loses the telephone is locked out. */
static void new_codes(struct sp_talk *t, const struct sp_talk_about *a)
{
	if (sp_store_recovery_make(a->store, a->who->user.name, t->codes) == SP_OK) {
		t->n_codes = SP_RECOVERY_COUNT;
	}
}

static int take(struct sp_talk *t, const struct sp_talk_about *a, const char *text,
		enum sp_factor *factor, struct sp_pause *pause)
{
	struct sp_code_from who = giver(a);

	if (t->asked == SP_PROMPT_ENROL) {
		*factor = SP_FACTOR_ENROLLED;
		return confirm(t, a, text);
	}
	*factor = sp_recovery_looks(text) ? SP_FACTOR_RECOVERY : SP_FACTOR_CODE;
	return sp_store_code_use(a->store, &who, text, a->ask.now, pause);
}

/* The answer was not good: what is said to it. */
static void wrong(struct sp_talk *t, const struct sp_talk_about *a, bool spent,
		enum sp_factor factor, struct sp_talk_step *step)
{
	step->wrong = true;
	step->spent = spent;
	if (t->tries == 0) {
		sp_talk_refuse(t, SP_WHY_CODE,
				"Too many wrong codes. Connect again to try once more.", step);
	} else if (!spent) {
		ask(t, a, "That code is not right.", step);
	} else if (factor == SP_FACTOR_RECOVERY) {
		ask(t, a, "That recovery code was used already.", step);
	} else {
		ask(t, a, "That code was used already. Wait for the next one.", step);
	}
}

bool sp_talk_take_code(struct sp_talk *t, const struct sp_talk_about *a, const char *text,
		struct sp_talk_step *step)
{
	enum sp_factor factor = SP_FACTOR_MISSING;
	struct sp_pause pause = {0};

	if (t->tries == 0) {
		sp_talk_refuse(t, SP_WHY_CODE, "No tries are left.", step);
		return false;
	}
	t->tries--;
	int rc = take(t, a, text, &factor, &pause);
	if (rc == SP_OK) {
		t->factor = factor;
		step->proved = factor;
		if (factor == SP_FACTOR_ENROLLED) {
			new_codes(t, a);
		}
		sp_wipe(t->secret, sizeof(t->secret));
		return true;
	}
	if (rc == SP_EARG) {
		sp_talk_refuse(t, SP_WHY_CODE,
				"This user was enrolled somewhere else meanwhile. Connect again.",
				step);
	} else if (rc == SP_ELIMIT) {
		refuse_paused(t, pause.wait, step);
	} else if (pause.begins) {
		step->wrong = true;
		step->paused = pause.wait;
		refuse_paused(t, pause.wait, step);
	} else if (rc != SP_EAUTH && rc != SP_EDENIED) {
		sp_talk_refuse(t, SP_WHY_STORE, "The code cannot be checked now.", step);
	} else {
		wrong(t, a, rc == SP_EDENIED, factor, step);
	}
	return false;
}

void sp_talk_show_codes(const struct sp_talk *t, struct sp_talk_step *step)
{
	step->next = SP_TALK_ASK;
	step->out = (struct sp_msg_prompt){
			.kind = SP_PROMPT_RECOVERY, .items = (uint32_t)t->n_codes};
	for (size_t i = 0; i < t->n_codes; i++) {
		snprintf(step->out.item[i].name, sizeof(step->out.item[i].name), "%s", t->codes[i]);
	}
}
