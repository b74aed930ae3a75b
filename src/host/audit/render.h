/* host/audit/render.h - kept records as lines for people's other programs: JSON, syslog, CEF, OCSF. */
#ifndef SP_HOST_AUDIT_RENDER_H
#define SP_HOST_AUDIT_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "host/audit/event.h"
#include "host/audit/record.h"

enum sp_render {
	SP_RENDER_JSON, /* one object, fields named as in event.h: {"seq": 1, ..., "actor.user": ...} */
	SP_RENDER_SYSLOG, /* [RFC 5424] without framing */
	SP_RENDER_CEF, /* Common Event Format, revision 0 */
	SP_RENDER_OCSF, /* Open Cybersecurity Schema Framework 1.6, as JSON */
	SP_RENDER_COUNT
};

#define SP_RENDER_MAX (128u << 10) /* bytes of a line, whatever is in the event */

/* "json", "syslog", "cef", "ocsf"; static. */
const char *sp_render_name(uint32_t form);
bool sp_render_by_name(const char *name, enum sp_render *out);

/*
 * Appends the record as one line without its line feed. Whatever a peer sent comes out as part of
 * a value: bytes that are no UTF-8 as \xNN, and what would change the place or the order of
 * letters escaped as the format has it, or else as \u{NNNN}. SP_ENOMEM, SP_ESPACE.
 */
sp_nodiscard int sp_render(enum sp_render form, const struct sp_record *r,
		const struct sp_audit_view *v, struct sp_wr *w);

/*
 * The record as a message of [RFC 5424] in any form: SP_RENDER_SYSLOG has it in structured data,
 * the others behind the header of the same message.
 */
sp_nodiscard int sp_render_message(enum sp_render form, const struct sp_record *r,
		const struct sp_audit_view *v, struct sp_wr *w);
/* Its severity there, 0 to 7. */
uint32_t sp_render_priority(enum sp_severity severity);

#endif
