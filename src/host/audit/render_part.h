/* host/audit/render_part.h - what the formats share. */
#ifndef SP_HOST_AUDIT_RENDER_PART_H
#define SP_HOST_AUDIT_RENDER_PART_H

#include "host/audit/render.h"

void sp_render_text(struct sp_wr *w, const char *text);
sp_printf(2, 3) void sp_render_fmt(struct sp_wr *w, const char *fmt, ...);
void sp_render_hex(struct sp_wr *w, struct sp_span s);
/* "2026-11-23T05:31:07.123456789Z" with so many digits behind the point. */
void sp_render_time(struct sp_wr *w, uint64_t wall_ns, uint32_t digits);
/* The next character of a text and how many bytes it has; SP_RENDER_BAD for a byte that is none. */
#define SP_RENDER_BAD UINT32_MAX
uint32_t sp_render_next(struct sp_span *s);
/*
 * A text of a format that has no escape for such characters: they become \u{NNNN}. What stands in
 * `escaped` gets a backslash before it.
 */
void sp_render_shown(struct sp_wr *w, struct sp_span text, const char *escaped);
/* A field in such a format, whatever its type. */
void sp_render_value(struct sp_wr *w, const struct sp_audit_field *f, const char *escaped);

/* JSON's. */
void sp_render_json_text(struct sp_wr *w, struct sp_span text);
/* A number that JavaScript would round is a text. */
void sp_render_json_num(struct sp_wr *w, uint64_t v);
void sp_render_json_field(struct sp_wr *w, const struct sp_audit_field *f);

void sp_render_json(const struct sp_record *r, const struct sp_audit_view *v, struct sp_wr *w);
void sp_render_syslog(const struct sp_record *r, const struct sp_audit_view *v, struct sp_wr *w);
void sp_render_cef(const struct sp_record *r, const struct sp_audit_view *v, struct sp_wr *w);
void sp_render_ocsf(const struct sp_record *r, const struct sp_audit_view *v, struct sp_wr *w);

#endif
