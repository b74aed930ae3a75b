/* host/audit/render.c - what every format is made of, and JSON. */
#include "host/audit/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/utf16.h"
#include "host/audit/render_part.h"

static const char *const names[SP_RENDER_COUNT] = {[SP_RENDER_JSON] = "json",
		[SP_RENDER_SYSLOG] = "syslog",
		[SP_RENDER_CEF] = "cef",
		[SP_RENDER_OCSF] = "ocsf"};

const char *sp_render_name(uint32_t form)
{
	return form < SP_RENDER_COUNT ? names[form] : "?";
}

bool sp_render_by_name(const char *name, enum sp_render *out)
{
	for (uint32_t i = 0; i < SP_RENDER_COUNT; i++) {
		if (strcmp(names[i], name) == 0) {
			*out = (enum sp_render)i;
			return true;
		}
	}
	return false;
}

/* ---- pieces ---- */

void sp_render_text(struct sp_wr *w, const char *text)
{
	sp_wr_put(w, text, strlen(text));
}

void sp_render_fmt(struct sp_wr *w, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (0 <= n && (size_t)n < sizeof(text)) {
		sp_wr_put(w, text, (size_t)n);
	} else {
		sp_wr_fail(w, SP_ESPACE);
	}
}

void sp_render_hex(struct sp_wr *w, struct sp_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		sp_render_fmt(w, "%02x", s.p[i]);
	}
}

void sp_render_time(struct sp_wr *w, uint64_t wall_ns, uint32_t digits)
{
	time_t t = (time_t)(wall_ns / 1000000000);
	uint32_t part = (uint32_t)(wall_ns % 1000000000);
	struct tm tm = {0};
	char text[40];

	for (uint32_t i = digits; i < 9; i++) {
		part /= 10;
	}
	if (gmtime_r(&t, &tm) == NULL ||
			strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		snprintf(text, sizeof(text), "1970-01-01T00:00:00");
	}
	sp_render_fmt(w, "%s.%0*uZ", text, (int)digits, part);
}

uint32_t sp_render_next(struct sp_span *s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t b = s->p[0];
	size_t n = b < 0x80 ? 1 : b < 0xc2 ? 0 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : b < 0xf5 ? 4 : 0;
	uint32_t c = n == 1 ? b : b & (0x7fu >> n);
	bool good = n != 0 && n <= s->n;

	for (size_t i = 1; good && i < n; i++) {
		good = (s->p[i] & 0xc0) == 0x80;
		c = c << 6 | (s->p[i] & 0x3f);
	}
	good = good && c >= least[n] && c <= 0x10ffff && !(0xd800 <= c && c < 0xe000);
	n = good ? n : 1;
	s->p += n;
	s->n -= n;
	return good ? c : SP_RENDER_BAD;
}

/* "\xff", with its backslash escaped where the format would take it for its own. */
static void own_escape(struct sp_wr *w, const char *escaped, char kind, uint32_t v)
{
	sp_render_text(w, strchr(escaped, '\\') != NULL ? "\\\\" : "\\");
	if (kind == 'x') {
		sp_render_fmt(w, "x%02x", v);
	} else {
		sp_render_fmt(w, "u{%04x}", v);
	}
}

void sp_render_shown(struct sp_wr *w, struct sp_span text, const char *escaped)
{
	while (text.n > 0) {
		const uint8_t *at = text.p;
		uint32_t c = sp_render_next(&text);

		if (c == SP_RENDER_BAD) {
			own_escape(w, escaped, 'x', *at);
		} else if (sp_char_hides(c)) {
			own_escape(w, escaped, 'u', c);
		} else {
			if (c < 0x80 && strchr(escaped, (int)c) != NULL) {
				sp_wr_u8(w, '\\');
			}
			sp_wr_put(w, at, (size_t)(text.p - at));
		}
	}
}

void sp_render_value(struct sp_wr *w, const struct sp_audit_field *f, const char *escaped)
{
	if (f->type == SP_FIELD_NUM) {
		sp_render_fmt(w, "%llu", (unsigned long long)f->num);
	} else if (f->type == SP_FIELD_BYTES) {
		sp_render_hex(w, f->bytes);
	} else {
		sp_render_shown(w, f->bytes, escaped);
	}
}

/* ---- JSON ---- */

void sp_render_json_text(struct sp_wr *w, struct sp_span text)
{
	sp_wr_u8(w, '"');
	while (text.n > 0) {
		const uint8_t *at = text.p;
		uint32_t c = sp_render_next(&text);

		if (c == SP_RENDER_BAD) {
			sp_render_fmt(w, "\\\\x%02x", *at);
		} else if (c == '"' || c == '\\') {
			sp_render_fmt(w, "\\%c", (char)c);
		} else if (c >= 0x10000 && sp_char_hides(c)) {
			sp_render_fmt(w, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
					0xdc00 + ((c - 0x10000) & 0x3ff));
		} else if (sp_char_hides(c)) {
			sp_render_fmt(w, "\\u%04x", c);
		} else {
			sp_wr_put(w, at, (size_t)(text.p - at));
		}
	}
	sp_wr_u8(w, '"');
}

void sp_render_json_num(struct sp_wr *w, uint64_t v)
{
	sp_render_fmt(w, v < UINT64_C(1) << 53 ? "%llu" : "\"%llu\"", (unsigned long long)v);
}

void sp_render_json_field(struct sp_wr *w, const struct sp_audit_field *f)
{
	if (f->type == SP_FIELD_NUM) {
		sp_render_json_num(w, f->num);
	} else if (f->type == SP_FIELD_BYTES) {
		sp_wr_u8(w, '"');
		sp_render_hex(w, f->bytes);
		sp_wr_u8(w, '"');
	} else {
		sp_render_json_text(w, f->bytes);
	}
}

void sp_render_json(const struct sp_record *r, const struct sp_audit_view *v, struct sp_wr *w)
{
	sp_render_text(w, "{\"version\": 1, \"seq\": ");
	sp_render_json_num(w, r->seq);
	sp_render_text(w, ", \"time\": \"");
	sp_render_time(w, r->wall_ns, 9);
	sp_render_text(w, "\", \"boot\": \"");
	sp_render_hex(w, sp_span(r->boot, sizeof(r->boot)));
	sp_render_text(w, "\", \"mono\": ");
	sp_render_json_num(w, r->mono_ns);
	sp_render_text(w, ", \"host\": ");
	sp_render_json_text(w, sp_span(r->host, strnlen(r->host, sizeof(r->host))));
	sp_render_fmt(w, ", \"event\": \"%s\", \"severity\": \"%s\"", sp_audit_name(v->kind),
			sp_severity_text(v->severity));
	sp_render_fmt(w, ", \"outcome\": \"%s\"", sp_outcome_text(v->outcome));
	if (sp_audit_win(v->kind) != 0) {
		sp_render_fmt(w, ", \"win_event_id\": %u", sp_audit_win(v->kind));
	}
	for (size_t i = 0; i < v->n; i++) {
		sp_render_fmt(w, ", \"%s\": ", sp_field_name(v->f[i].field));
		sp_render_json_field(w, &v->f[i]);
	}
	sp_render_text(w, ", \"prev\": \"");
	sp_render_hex(w, sp_span(r->prev, sizeof(r->prev)));
	sp_render_text(w, "\", \"hash\": \"");
	sp_render_hex(w, sp_span(r->hash, sizeof(r->hash)));
	sp_render_text(w, "\"}");
}

int sp_render(enum sp_render form, const struct sp_record *r, const struct sp_audit_view *v,
		struct sp_wr *w)
{
	static void (*const forms[SP_RENDER_COUNT])(const struct sp_record *r,
			const struct sp_audit_view *v, struct sp_wr *w) = {
			[SP_RENDER_JSON] = sp_render_json,
			[SP_RENDER_SYSLOG] = sp_render_syslog,
			[SP_RENDER_CEF] = sp_render_cef,
			[SP_RENDER_OCSF] = sp_render_ocsf,
	};

	if ((unsigned)form >= SP_RENDER_COUNT) {
		return SP_EARG;
	}
	forms[form](r, v, w);
	return sp_wr_ok(w);
}
