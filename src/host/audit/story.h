/* host/audit/story.h - a kept record as a line that people read. */
#ifndef SP_HOST_AUDIT_STORY_H
#define SP_HOST_AUDIT_STORY_H

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "host/audit/event.h"

#define SP_STORY_VALUE 256 /* bytes of a value that are shown; then how many it has */
#define SP_STORY_MAX (64u << 10) /* bytes of a line, whatever is in the event */

/*
 * Appends "low      auth.fail          alice from 192.0.2.7: wrong password (conn=5 ...)" without a
 * time and a line feed. What a peer said is in quotes, with nothing in it that could end the line,
 * hide, or change the order of letters. SP_ENOMEM, SP_ESPACE.
 */
sp_nodiscard int sp_story(const struct sp_audit_view *v, struct sp_wr *w);

#endif
