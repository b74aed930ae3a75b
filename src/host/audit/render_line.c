/* host/audit/render_line.c - records as lines of syslog and of CEF. */
#include <string.h>

#include "host/audit/render_part.h"

/* ---- [RFC 5424] ---- */

#define FACILITY_AUDIT 13
/* The number that [RFC 5612] keeps for documentation: we have none of our own. */
#define SD_ID "rdp@32473"

uint32_t sp_render_priority(enum sp_severity severity)
{
	switch ((unsigned)severity) {
	case SP_SEVERITY_CRITICAL:
		return 2;
	case SP_SEVERITY_HIGH:
		return 3;
	case SP_SEVERITY_MEDIUM:
		return 4;
	case SP_SEVERITY_LOW:
		return 5;
	default:
		return 6;
	}
}

/* HOSTNAME: PRINTUSASCII. */
static void host_name(struct sp_wr *w, const char *host)
{
	for (const char *p = host; *p != '\0'; p++) {
		sp_wr_u8(w, '!' <= *p && *p <= '~' ? (uint8_t)*p : '?');
	}
	if (*host == '\0') {
		sp_wr_u8(w, '-');
	}
}

/* All up to MSGID. */
static void header(const struct sp_record *r, const struct sp_audit_view *v, struct sp_wr *w)
{
	sp_render_fmt(w, "<%u>1 ", FACILITY_AUDIT * 8 + sp_render_priority(v->severity));
	sp_render_time(w, r->wall_ns, 6);
	sp_wr_u8(w, ' ');
	host_name(w, r->host);
	sp_render_fmt(w, " sallyport - %s ", sp_audit_name(v->kind));
}

int sp_render_message(enum sp_render form, const struct sp_record *r, const struct sp_audit_view *v,
		struct sp_wr *w)
{
	if (form != SP_RENDER_SYSLOG) {
		header(r, v, w);
		sp_render_text(w, "- ");
	}
	return sp_render(form, r, v, w);
}

void sp_render_syslog(const struct sp_record *r, const struct sp_audit_view *v, struct sp_wr *w)
{
	header(r, v, w);
	sp_render_fmt(w, "[" SD_ID " seq=\"%llu\"", (unsigned long long)r->seq);
	sp_render_fmt(w, " severity=\"%s\" outcome=\"%s\"", sp_severity_text(v->severity),
			sp_outcome_text(v->outcome));
	if (sp_audit_win(v->kind) != 0) {
		sp_render_fmt(w, " win_event_id=\"%u\"", sp_audit_win(v->kind));
	}
	for (size_t i = 0; i < v->n; i++) {
		sp_render_fmt(w, " %s=\"", sp_field_name(v->f[i].field));
		sp_render_value(w, &v->f[i], "\"\\]");
		sp_wr_u8(w, '"');
	}
	sp_render_text(w, " hash=\"");
	sp_render_hex(w, sp_span(r->hash, sizeof(r->hash)));
	sp_render_text(w, "\"] ");
	sp_render_fmt(w, "%s %s", sp_audit_name(v->kind), sp_outcome_text(v->outcome));
}

/* ---- CEF ---- */

/* Fields that have a key in CEF's own dictionary. */
static const struct {
	enum sp_field field;
	const char *key;
} keys[] = {
		{SP_F_REASON, "reason"},
		{SP_F_TEXT, "msg"},
		{SP_F_USER, "suser"},
		{SP_F_ROLES, "spriv"},
		{SP_F_SRC_IP, "src"},
		{SP_F_SRC_PORT, "spt"},
		{SP_F_SRC_INTERFACE, "deviceInboundInterface"},
		{SP_F_TARGET, "dhost"},
		{SP_F_TARGET_IP, "dst"},
		{SP_F_TARGET_USER, "duser"},
		{SP_F_NAME, "fname"},
		{SP_F_SHA256, "fileHash"},
		{SP_F_BYTES, "fsize"},
		{SP_F_BYTES_IN, "in"},
		{SP_F_BYTES_OUT, "out"},
		{SP_F_PROCESS, "deviceProcessName"},
		{SP_F_COUNT, "cnt"},
		{SP_F_ALERT_ACTION, "act"},
		{SP_F_SRC_ASN, "cn1"},
		{SP_F_SRC_OWNER, "cs1"},
		{SP_F_CLAIMED_JA4, "cs2"},
		{SP_F_SESSION, "cs3"},
		{SP_F_RULE, "cs4"},
};

/* Its custom fields say themselves what is in them. */
static const struct {
	enum sp_field field;
	const char *label;
} labels[] = {
		{SP_F_SRC_ASN, "cn1Label=AS number"},
		{SP_F_SRC_OWNER, "cs1Label=AS owner"},
		{SP_F_CLAIMED_JA4, "cs2Label=JA4"},
		{SP_F_SESSION, "cs3Label=Session"},
		{SP_F_RULE, "cs4Label=Rule"},
};

/* "src.country" is spSrcCountry: a key of ours has a name of letters. */
static void cef_key(struct sp_wr *w, uint32_t field)
{
	bool upper = true;

	for (size_t i = 0; i < SP_LEN(keys); i++) {
		if (keys[i].field == field) {
			sp_render_text(w, keys[i].key);
			return;
		}
	}
	sp_render_text(w, "sp");
	for (const char *p = sp_field_name(field); *p != '\0'; p++) {
		bool letter = ('a' <= *p && *p <= 'z') || ('0' <= *p && *p <= '9');
		if (letter) {
			bool raise = upper && *p >= 'a';
			sp_wr_u8(w, (uint8_t)(raise ? *p - 'a' + 'A' : *p));
		}
		upper = !letter;
	}
}

static uint32_t cef_severity(enum sp_severity severity)
{
	static const uint32_t of[SP_SEVERITY_COUNT] = {[SP_SEVERITY_NONE] = 0,
			[SP_SEVERITY_INFO] = 1,
			[SP_SEVERITY_LOW] = 3,
			[SP_SEVERITY_MEDIUM] = 5,
			[SP_SEVERITY_HIGH] = 8,
			[SP_SEVERITY_CRITICAL] = 10};

	return (unsigned)severity < SP_SEVERITY_COUNT ? of[severity] : 0;
}

void sp_render_cef(const struct sp_record *r, const struct sp_audit_view *v, struct sp_wr *w)
{
	const struct sp_audit_field *title = sp_audit_get(v, SP_F_ALERT_TITLE);
	const char *name = sp_audit_name(v->kind);

	sp_render_fmt(w, "CEF:0|Sallyport|sallyport|%s|%s|", SP_VERSION, name);
	if (title != NULL) {
		sp_render_shown(w, title->bytes, "|\\");
	} else {
		sp_render_text(w, name);
	}
	sp_render_fmt(w, "|%u|", cef_severity(v->severity));
	sp_render_fmt(w, "rt=%llu externalId=%llu outcome=%s",
			(unsigned long long)(r->wall_ns / 1000000), (unsigned long long)r->seq,
			sp_outcome_text(v->outcome));
	sp_render_text(w, " dvchost=");
	sp_render_shown(w, sp_span(r->host, strnlen(r->host, sizeof(r->host))), "=\\");
	if (sp_audit_win(v->kind) != 0) {
		sp_render_fmt(w, " spWinEventId=%u", sp_audit_win(v->kind));
	}
	for (size_t i = 0; i < v->n; i++) {
		sp_wr_u8(w, ' ');
		cef_key(w, v->f[i].field);
		sp_wr_u8(w, '=');
		sp_render_value(w, &v->f[i], "=\\");
	}
	for (size_t i = 0; i < SP_LEN(labels); i++) {
		if (sp_audit_get(v, labels[i].field) != NULL) {
			sp_wr_u8(w, ' ');
			sp_render_text(w, labels[i].label);
		}
	}
	sp_render_text(w, " spHash=");
	sp_render_hex(w, sp_span(r->hash, sizeof(r->hash)));
}
