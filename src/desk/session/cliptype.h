/* desk/session/cliptype.h - what is on a clipboard, by the names of X and as it is on the wire. */
#ifndef SP_DESK_SESSION_CLIPTYPE_H
#define SP_DESK_SESSION_CLIPTYPE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"
#include "core/chan/clipboard.h"
#include "desk/session/urilist.h"

#define SP_CLIPTYPE_TARGETS 16 /* no more are made of any contents */

enum sp_cliptype_kind {
	SP_CLIPTYPE_DATA, /* sp_cliptype_to_x() makes it of its content */
	SP_CLIPTYPE_URIS, /* files: a list of their URIs, in the target's form */
	SP_CLIPTYPE_MARK, /* files: that they are copied rather than cut */
};

/* A target that a program can ask for. */
struct sp_cliptype {
	const char *name;
	const char *type; /* of the answer, where it is not the target itself; or NULL */
	enum sp_cliptype_kind kind;
	enum sp_urilist_form form;
	uint32_t from; /* contents that it can be made of */
};

/* The targets for what a client offers, at most SP_CLIPTYPE_TARGETS of static ones. */
size_t sp_cliptype_of_contents(
		uint32_t contents, const struct sp_cliptype *out[SP_CLIPTYPE_TARGETS]);
/* The content that makes the target best. */
enum sp_clipboard_content sp_cliptype_source(const struct sp_cliptype *t, uint32_t contents);
/* SP_EFIELD and SP_ECODEC for what is damaged, SP_ELIMIT, SP_ENOMEM. */
sp_nodiscard int sp_cliptype_to_x(const struct sp_cliptype *t, enum sp_clipboard_content content,
		struct sp_span wire, struct sp_rcbuf **out);

/* What the targets of a program are to a client. */
uint32_t sp_cliptype_contents(const char *const *targets, size_t n);
/* Which of them to ask for; static. NULL: none. */
const char *sp_cliptype_choose(
		enum sp_clipboard_content content, const char *const *targets, size_t n);
/*
 * What the program gave for the target, with the type that it said. Not for files. The data is
 * the result itself where nothing changes. Errors as above.
 */
sp_nodiscard int sp_cliptype_to_wire(enum sp_clipboard_content content, const char *target,
		const char *type, struct sp_rcbuf *data, struct sp_rcbuf **out);

#endif
