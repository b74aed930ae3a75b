/* gate/net/warning.h - a few words as the shape of a pointer. */
#ifndef SP_GATE_NET_WARNING_H
#define SP_GATE_NET_WARNING_H

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "core/pdu/pointer.h"

#define SP_WARNING_MAX 384

/*
 * An arrow with a box beside it that says title and, below, left ("2 min"); no side is longer than
 * side (32, 96 or 384), and where there is little room only left is said. The masks are written to
 * bits and borrowed from there.
 */
sp_nodiscard int sp_warning_draw(struct sp_pointer *out, struct sp_wr *bits, unsigned side,
		const char *title, const char *left);

#endif
