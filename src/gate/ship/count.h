/* gate/ship/count.h - what can be counted of the audit's events, as metrics of Prometheus. */
#ifndef SP_GATE_SHIP_COUNT_H
#define SP_GATE_SHIP_COUNT_H

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "host/audit/event.h"
#include "host/audit/record.h"

/* Since the last start of the service. No user, address or name of anybody is in it. */
struct sp_count;

/* NULL without memory. */
sp_nodiscard struct sp_count *sp_count_create(void);
/* Accepts NULL. */
void sp_count_destroy(struct sp_count *c);
/* The records in their order; a service.start begins everything anew. */
void sp_count_take(struct sp_count *c, const struct sp_record *r, const struct sp_audit_view *v);
/* Appends the metrics as text; now_ns is since 1970. */
void sp_count_write(const struct sp_count *c, uint64_t now_ns, struct sp_wr *w);

/* ---- for others who write metrics ---- */

/* "# HELP NAME TEXT", "# TYPE NAME TYPE". */
void sp_count_head(struct sp_wr *w, const char *name, const char *type, const char *help);
sp_printf(2, 3) void sp_count_line(struct sp_wr *w, const char *fmt, ...);

#endif
