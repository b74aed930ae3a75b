/* gate/keeper/talk.c - see talk.h. */
#include "gate/keeper/talk.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/talk_factor.h"

/* The rules as they are now, for what is settled so far. */
struct sight {
	struct sp_user user; /* as the store has it now */
	struct sp_policy_verdict verdict; /* for the chosen target */
	enum sp_need need; /* of the chosen target, or the most that one of them needs */
	size_t n, index[SP_CONF_TARGETS]; /* targets in reach, when none is chosen */
	char why[SP_TEXT_WHY]; /* why not */
};

static void decide(const struct sp_talk_about *a, const char *target, struct sp_policy_verdict *v)
{
	struct sp_policy_ask ask = a->ask;

	memset(v, 0, sizeof(*v));
	if (sp_conf_target(a->conf, target) == NULL) {
		snprintf(v->why, sizeof(v->why), "there is no such target");
		return;
	}
	ask.target = target;
	sp_policy_decide(a->conf, &ask, v);
	/* Without a rule there is nothing to say what is let through. */
	v->allow = v->allow && v->rule != NULL;
}

void sp_talk_decide(const struct sp_talk *t, const struct sp_talk_about *a,
		struct sp_policy_verdict *out)
{
	decide(a, t->target, out);
}

/* What else came along does not stand for a code that is owed. */
static enum sp_need need_of(
		const struct sp_talk_about *a, const struct sp_policy_verdict *v, bool totp)
{
	enum sp_need need = sp_talk_need(v, a->came, totp);

	return a->again && totp && need == SP_NEED_NOTHING ? SP_NEED_CODE : need;
}

/* The chosen target; false with why when it is out of reach now. */
static bool see_target(const struct sp_talk *t, const struct sp_talk_about *a, struct sight *s)
{
	decide(a, t->target, &s->verdict);
	if (!s->verdict.allow) {
		snprintf(s->why, sizeof(s->why), "%s", s->verdict.why);
		return false;
	}
	s->need = need_of(a, &s->verdict, s->user.totp);
	if (s->need == SP_NEED_OTHER) {
		snprintf(s->why, sizeof(s->why), "it needs %s",
				(s->verdict.factors & SP_CONF_FACTOR_DEVICE) != 0
						? "the secret of an enrolled device"
						: "a one-time token");
		return false;
	}
	return true;
}

/* Those that can be had now, and the most that one of them needs. */
static bool see_list(const struct sp_talk_about *a, struct sight *s)
{
	size_t all[SP_CONF_TARGETS];
	struct sp_policy_ask ask = a->ask;
	size_t n = sp_policy_targets(a->conf, &ask, all, SP_LEN(all), s->why);

	s->n = 0;
	s->need = SP_NEED_NOTHING;
	for (size_t i = 0; i < n; i++) {
		struct sp_policy_verdict v;

		decide(a, a->conf->target[all[i]].name, &v);
		enum sp_need need = need_of(a, &v, s->user.totp);
		if (!v.allow || need == SP_NEED_OTHER) {
			snprintf(s->why, sizeof(s->why),
					"every target in reach needs another kind of password");
			continue;
		}
		s->index[s->n++] = all[i];
		if (need == SP_NEED_CODE) {
			s->need = need;
		}
	}
	return s->n > 0;
}

/* Looks at the rules again. An only target in reach is the chosen one. */
static bool look(struct sp_talk *t, const struct sp_talk_about *a, struct sight *s)
{
	memset(s, 0, sizeof(*s));
	if (sp_store_get(a->store, a->who->user.name, &s->user) != SP_OK ||
			s->user.id != a->who->user.id || s->user.disabled) {
		snprintf(s->why, sizeof(s->why), "the user is not there any more");
		return false;
	}
	if (t->target[0] == '\0') {
		if (!see_list(a, s)) {
			return false;
		}
		if (s->n > 1) {
			return true;
		}
		snprintf(t->target, sizeof(t->target), "%s", a->conf->target[s->index[0]].name);
	}
	return see_target(t, a, s);
}

static bool login_due(const struct sp_talk *t, const struct sp_talk_about *a)
{
	const struct sp_conf_target *target = sp_conf_target(a->conf, t->target);

	if (t->has_login || target == NULL || target->kind != SP_CONF_RDP) {
		return false;
	}
	return target->login == SP_CONF_LOGIN_ASK ||
			(target->login == SP_CONF_LOGIN_SAME && !a->delegated);
}

/* The first thing that is not settled. */
static enum sp_prompt_kind due(
		const struct sp_talk *t, const struct sp_talk_about *a, const struct sight *s)
{
	if (a->conf->notice[0] != '\0' && !t->noticed) {
		return SP_PROMPT_NOTICE;
	}
	bool proved = t->factor != SP_FACTOR_MISSING &&
			!(a->again && s->user.totp && t->factor == SP_FACTOR_COOKIE);
	if (s->need == SP_NEED_CODE && !proved) {
		return s->user.totp ? SP_PROMPT_CODE : SP_PROMPT_ENROL;
	}
	if (t->n_codes > 0) {
		return SP_PROMPT_RECOVERY;
	}
	if (t->target[0] == '\0') {
		return SP_PROMPT_TARGET;
	}
	if (s->verdict.rule->reason && !t->resumed && t->reason[0] == '\0') {
		return SP_PROMPT_REASON;
	}
	if (login_due(t, a)) {
		return SP_PROMPT_LOGIN;
	}
	return s->verdict.rule->n_approval > 0 && !t->approved ? SP_PROMPT_WAIT : SP_PROMPT_DONE;
}

enum sp_why sp_talk_open(struct sp_talk *t, const struct sp_talk_about *a,
		const struct sp_name *name, const char *only, char why[SP_TEXT_WHY])
{
	const char *target = only[0] != '\0' ? only : name->target;
	struct sight s;

	memset(t, 0, sizeof(*t));
	t->tries = SP_TALK_TRIES;
	snprintf(t->code, sizeof(t->code), "%s", name->code);
	if (strlen(target) >= sizeof(t->target)) {
		snprintf(why, SP_TEXT_WHY, "there is no such target");
		return SP_WHY_POLICY;
	}
	memcpy(t->target, target, strlen(target) + 1);
	if (only[0] != '\0' && name->target[0] != '\0' && strcmp(only, name->target) != 0) {
		snprintf(why, SP_TEXT_WHY, "the token is for target %s", only);
		return SP_WHY_POLICY;
	}
	bool ok = look(t, a, &s);
	snprintf(why, SP_TEXT_WHY, "%s", s.why);
	return ok ? SP_WHY_OK : SP_WHY_POLICY;
}

bool sp_talk_left(struct sp_talk *t, const struct sp_talk_about *a)
{
	struct sight s;

	return !look(t, a, &s) || due(t, a, &s) != SP_PROMPT_DONE;
}

static bool same(const struct sp_conf_target *t)
{
	return t != NULL && t->kind == SP_CONF_RDP && t->login == SP_CONF_LOGIN_SAME;
}

bool sp_talk_wants_password(struct sp_talk *t, const struct sp_talk_about *a)
{
	struct sight s;

	if (!look(t, a, &s)) {
		return false;
	}
	if (t->target[0] != '\0') {
		return same(sp_conf_target(a->conf, t->target));
	}
	for (size_t i = 0; i < s.n; i++) {
		if (same(&a->conf->target[s.index[i]])) {
			return true;
		}
	}
	return false;
}

void sp_talk_resume(struct sp_talk *t, const char *target)
{
	t->noticed = true;
	t->resumed = true;
	t->factor = SP_FACTOR_COOKIE;
	/* A client that comes back brings the name of then, whose code is spent. */
	sp_wipe(t->code, sizeof(t->code));
	if (target[0] != '\0') {
		snprintf(t->target, sizeof(t->target), "%s", target);
	}
}

void sp_talk_refuse(struct sp_talk *t, enum sp_why why, const char *text, struct sp_talk_step *step)
{
	t->asked = SP_PROMPT_NONE;
	step->next = SP_TALK_REFUSE;
	step->why = why;
	step->out = (struct sp_msg_prompt){.kind = SP_PROMPT_REFUSED};
	snprintf(step->out.text, sizeof(step->out.text), "%s", text);
}

/* ---- what is asked ---- */

static void forget_list(struct sp_talk *t)
{
	sp_conf_unref(t->shown);
	t->shown = NULL;
	t->n_offered = 0;
}

static void ask_target(struct sp_talk *t, const struct sp_talk_about *a, const struct sight *s,
		struct sp_msg_prompt *out)
{
	forget_list(t);
	t->shown = sp_conf_ref(a->conf);
	for (size_t i = 0; i < s->n && i < SP_PROMPT_ITEMS; i++) {
		const struct sp_conf_target *target = &a->conf->target[s->index[i]];
		struct sp_prompt_item *item = &out->item[i];

		t->offered[t->n_offered++] = (uint8_t)s->index[i];
		snprintf(item->name, sizeof(item->name), "%s", target->name);
		snprintf(item->text, sizeof(item->text), "%s", target->text);
	}
	out->items = (uint32_t)t->n_offered;
}

static void ask_notice(const struct sp_talk_about *a, struct sp_msg_prompt *out)
{
	snprintf(out->title, sizeof(out->title), "Notice");
	snprintf(out->notice, sizeof(out->notice), "%s", a->conf->notice);
}

/* "Waiting for alice or @leads to approve." */
static void say_for_whom(const struct sp_conf_rule *rule, struct sp_msg_prompt *out)
{
	char names[SP_TEXT_WHY / 2] = "";
	size_t n = 0;

	for (size_t i = 0; i < rule->n_approval && n < sizeof(names); i++) {
		int k = snprintf(names + n, sizeof(names) - n, "%s%s",
				i == 0                                     ? ""
						: i + 1 < rule->n_approval ? ", "
									   : " or ",
				rule->approval[i]);
		n += k > 0 ? (size_t)k : 0;
	}
	snprintf(out->text, sizeof(out->text), "%.*s must approve this session.",
			(int)sizeof(names) - 1, names);
}

static void ask(struct sp_talk *t, const struct sp_talk_about *a, const struct sight *s,
		enum sp_prompt_kind kind, struct sp_talk_step *step)
{
	struct sp_msg_prompt *out = &step->out;

	t->asked = kind;
	step->next = kind == SP_PROMPT_WAIT ? SP_TALK_WAIT : SP_TALK_ASK;
	*out = (struct sp_msg_prompt){.kind = kind};
	switch (kind) {
	case SP_PROMPT_NOTICE:
		ask_notice(a, out);
		break;
	case SP_PROMPT_TARGET:
		ask_target(t, a, s, out);
		break;
	case SP_PROMPT_REASON:
		snprintf(out->title, sizeof(out->title), "%s", t->target);
		snprintf(out->text, sizeof(out->text), "A reason or ticket number is needed.");
		break;
	case SP_PROMPT_LOGIN:
		snprintf(out->title, sizeof(out->title), "%s", t->target);
		snprintf(out->user, sizeof(out->user), "%s", a->who->user.name);
		break;
	case SP_PROMPT_WAIT:
		say_for_whom(s->verdict.rule, out);
		break;
	default:
		break;
	}
}

/* Goes on until something has to be asked; `said` is what was wrong with the last answer. */
static void go_on(struct sp_talk *t, const struct sp_talk_about *a, const char *said,
		struct sp_talk_step *step)
{
	struct sight s;
	enum sp_prompt_kind kind;

	for (;;) {
		if (!look(t, a, &s)) {
			char text[SP_TEXT_WHY];

			snprintf(text, sizeof(text), "%.64s%snot possible now: %.100s", t->target,
					t->target[0] != '\0' ? ": " : "", s.why);
			sp_talk_refuse(t, SP_WHY_POLICY, text, step);
			return;
		}
		kind = due(t, a, &s);
		if (kind != SP_PROMPT_CODE || t->code[0] == '\0') {
			break;
		}
		/* The name brought the answer. */
		char code[sizeof(t->code)];

		memcpy(code, t->code, sizeof(code));
		sp_wipe(t->code, sizeof(t->code));
		t->asked = SP_PROMPT_CODE;
		bool good = sp_talk_take_code(t, a, code, step);
		sp_wipe(code, sizeof(code));
		if (!good) {
			return;
		}
	}
	if (kind == SP_PROMPT_DONE) {
		t->asked = SP_PROMPT_NONE;
		step->next = SP_TALK_DONE;
		step->out = (struct sp_msg_prompt){.kind = SP_PROMPT_DONE};
		snprintf(step->out.title, sizeof(step->out.title), "%s", t->target);
		return;
	}
	if (kind == SP_PROMPT_CODE || kind == SP_PROMPT_ENROL) {
		sp_talk_ask_factor(t, a, kind == SP_PROMPT_CODE, step);
		return;
	}
	if (kind == SP_PROMPT_RECOVERY) {
		t->asked = kind;
		sp_talk_show_codes(t, step);
		return;
	}
	ask(t, a, &s, kind, step);
	if (said[0] != '\0' && step->next == SP_TALK_ASK) {
		snprintf(step->out.text, sizeof(step->out.text), "%s", said);
	}
}

void sp_talk_step(struct sp_talk *t, const struct sp_talk_about *a, struct sp_talk_step *step)
{
	memset(step, 0, sizeof(*step));
	go_on(t, a, "", step);
}

void sp_talk_tell(struct sp_talk *t, const char *text, struct sp_talk_step *step)
{
	if (t->asked != SP_PROMPT_NOTICE) {
		t->asked = SP_PROMPT_NOTICE;
		t->telling = true;
		step->out = (struct sp_msg_prompt){.kind = SP_PROMPT_NOTICE};
	}
	snprintf(step->out.text, sizeof(step->out.text), "%s", text);
}

/* ---- answers ---- */

/* What the list said; the rules are asked again when it goes on. */
static int choose(struct sp_talk *t, uint32_t choice)
{
	if (!(choice < t->n_offered)) {
		return SP_EFIELD;
	}
	snprintf(t->target, sizeof(t->target), "%s", t->shown->target[t->offered[choice]].name);
	forget_list(t);
	return SP_OK;
}

static bool blank(const char *s)
{
	return s[strspn(s, " ")] == '\0';
}

int sp_talk_answer(struct sp_talk *t, const struct sp_talk_about *a,
		const struct sp_msg_answer *answer, struct sp_talk_step *step)
{
	const char *said = "";
	int rc = SP_OK;

	memset(step, 0, sizeof(*step));
	switch (t->asked) {
	case SP_PROMPT_NOTICE:
		t->noticed = t->noticed || !t->telling;
		t->telling = false;
		break;
	case SP_PROMPT_CODE:
	case SP_PROMPT_ENROL:
		if (!sp_talk_take_code(t, a, answer->text, step)) {
			return SP_OK;
		}
		break;
	case SP_PROMPT_RECOVERY:
		sp_wipe(t->codes, sizeof(t->codes));
		t->n_codes = 0;
		break;
	case SP_PROMPT_TARGET:
		rc = choose(t, answer->choice);
		break;
	case SP_PROMPT_REASON:
		snprintf(t->reason, sizeof(t->reason), "%.*s", (int)sizeof(t->reason) - 1,
				blank(answer->text) ? "" : answer->text);
		break;
	case SP_PROMPT_LOGIN:
		said = "User name and password are needed.";
		t->has_login = !blank(answer->text) && answer->password[0] != '\0';
		step->login = t->has_login;
		break;
	default:
		rc = SP_EFIELD;
		break;
	}
	if (rc == SP_OK) {
		go_on(t, a, t->asked == SP_PROMPT_LOGIN && !t->has_login ? said : "", step);
	}
	return rc;
}

void sp_talk_finish(struct sp_talk *t)
{
	forget_list(t);
	sp_wipe(t, sizeof(*t));
}
