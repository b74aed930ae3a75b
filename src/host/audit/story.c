/* host/audit/story.c - see story.h. */
#include "host/audit/story.h"

#include <inttypes.h>
#include <string.h>

#include "host/audit/render_part.h"

#define HEX 8 /* bytes of a hash that are shown */

/* Which fields have been told, by their place in the event. */
struct telling {
	const struct sp_audit_view *v;
	struct sp_wr *w;
	bool told[SP_AUDIT_FIELDS];
};

/* Nothing that a shell's or a reader's eye takes for something else. */
static bool plain(struct sp_span text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		bool word = ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') ||
				('0' <= c && c <= '9') || strchr("-_.:/@+%[]", c) != NULL;
		if (!word || c == '\0') {
			return false;
		}
	}
	return text.n > 0;
}

static void put_text(struct sp_wr *w, struct sp_span text, bool ours)
{
	struct sp_span part = {text.p, text.n < SP_STORY_VALUE ? text.n : SP_STORY_VALUE};

	/* Not in the middle of a character. */
	while (part.n > 0 && part.n < text.n && (text.p[part.n] & 0xc0) == 0x80 &&
			part.n + 4 > SP_STORY_VALUE) {
		part.n--;
	}
	if (ours) {
		sp_render_shown(w, part, "");
	} else {
		sp_render_text(w, "\"");
		sp_render_shown(w, part, "\"\\");
		sp_render_text(w, "\"");
	}
	if (part.n < text.n) {
		sp_render_fmt(w, "... (%zu bytes)", text.n);
	}
}

static void put_value(struct sp_wr *w, const struct sp_audit_field *f)
{
	switch (f->type) {
	case SP_FIELD_NUM:
		sp_render_fmt(w, "%" PRIu64, f->num);
		break;
	case SP_FIELD_BYTES:
		sp_render_hex(w, sp_span(f->bytes.p, f->bytes.n < HEX ? f->bytes.n : HEX));
		sp_render_text(w, f->bytes.n > HEX ? "..." : "");
		break;
	default:
		put_text(w, f->bytes, plain(f->bytes));
		break;
	}
}

/* A field with words before it; false when it is not there. */
static bool tell(struct telling *t, enum sp_field field, const char *before)
{
	const struct sp_audit_field *f = sp_audit_get(t->v, field);

	if (f == NULL) {
		return false;
	}
	t->told[f - t->v->f] = true;
	sp_render_text(t->w, before);
	put_value(t->w, f);
	return true;
}

/* A sentence of our own, without quotes. */
static bool tell_ours(struct telling *t, enum sp_field field, const char *before)
{
	const struct sp_audit_field *f = sp_audit_get(t->v, field);

	if (f == NULL) {
		return false;
	}
	t->told[f - t->v->f] = true;
	sp_render_text(t->w, before);
	put_text(t->w, f->bytes, true);
	return true;
}

/* "wrong-password" says no more than "wrong password". */
static bool same_words(const struct sp_audit_field *reason, const struct sp_audit_field *text)
{
	bool same = reason != NULL && text != NULL && reason->bytes.n == text->bytes.n;

	for (size_t i = 0; same && i < text->bytes.n; i++) {
		uint8_t a = reason->bytes.p[i], b = text->bytes.p[i];
		same = a == b || (a == '-' && b == ' ');
	}
	return same;
}

static void tell_why(struct telling *t)
{
	const struct sp_audit_field *reason = sp_audit_get(t->v, SP_F_REASON);

	if (same_words(reason, sp_audit_get(t->v, SP_F_TEXT))) {
		t->told[reason - t->v->f] = true;
		tell_ours(t, SP_F_TEXT, ": ");
	} else {
		bool told = tell_ours(t, SP_F_REASON, ": ");
		tell_ours(t, SP_F_TEXT, told ? ", " : ": ");
	}
}

/* What only programs want: it is in the other formats. */
static bool of_no_use(const struct telling *t, const struct sp_audit_field *f)
{
	const struct sp_audit_field *user = sp_audit_get(t->v, SP_F_USER);

	switch (f->field) {
	case SP_F_KNOWN:
	case SP_F_SRC_PORT:
	case SP_F_SRC_NET:
	case SP_F_SRC_LISTENER:
	case SP_F_SRC_INTERFACE:
	case SP_F_HANDSHAKE:
	case SP_F_POLICY_HASH:
	case SP_F_CLAIMED_JA4:
		return true;
	case SP_F_CLAIMED_USER:
		return user != NULL && sp_span_eq(user->bytes, f->bytes);
	default:
		return false;
	}
}

static void tell_rest(struct telling *t)
{
	const char *before = " (";

	for (size_t i = 0; i < t->v->n; i++) {
		const struct sp_audit_field *f = &t->v->f[i];

		if (!t->told[i] && !of_no_use(t, f)) {
			sp_render_text(t->w, before);
			sp_render_text(t->w, sp_field_name(f->field));
			sp_render_text(t->w, "=");
			put_value(t->w, f);
			before = " ";
		}
	}
	if (before[1] == '\0') {
		sp_render_text(t->w, ")");
	}
}

int sp_story(const struct sp_audit_view *v, struct sp_wr *w)
{
	struct telling t = {.v = v, .w = w};

	sp_render_fmt(w, "%-8s %-18s", sp_severity_text(v->severity), sp_audit_name(v->kind));
	if (v->outcome == SP_OUTCOME_FAILED || v->outcome == SP_OUTCOME_DENIED) {
		sp_render_fmt(w, " %s", sp_outcome_text(v->outcome));
	}
	tell(&t, SP_F_ALERT_RULE, " ");
	tell_ours(&t, SP_F_ALERT_TITLE, " ");
	if (!tell(&t, SP_F_USER, " ") && !tell(&t, SP_F_ADMIN, " ")) {
		tell(&t, SP_F_CLAIMED_USER, " claimed ");
	}
	tell(&t, SP_F_ACTION, " ");
	tell(&t, SP_F_OBJECT, " ");
	tell(&t, SP_F_PROCESS, " ");
	tell(&t, SP_F_SRC_IP, " from ");
	tell(&t, SP_F_TARGET, " to ");
	tell(&t, SP_F_CHANNEL, " channel ");
	tell_why(&t);
	tell_rest(&t);
	return sp_wr_ok(w);
}
