/* desk/session/clipboard.h - one clipboard of the desktop and the client, with its files. */
#ifndef SP_DESK_SESSION_CLIPBOARD_H
#define SP_DESK_SESSION_CLIPBOARD_H

#include "core/base/attr.h"
#include "desk/session/xlink.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"

/*
 * Nothing is fetched before somebody pastes it, in either direction. A program that pastes gets
 * its answer or a refusal in bounded time, also when the client vanishes meanwhile.
 */
struct sp_desk_clipboard;

struct sp_desk_clipboard_conf {
	struct sp_loop *loop;
	struct sp_xlink *x; /* borrowed */
	const char *runtime; /* XDG_RUNTIME_DIR, where pasted files appear; NULL: no files. Copied */
	/*
	 * PRIMARY (what is selected with the mouse) is shared as well. Off by default: else
	 * every selection on the desktop would replace what the client's user has copied.
	 */
	bool primary;
};

sp_nodiscard int sp_desk_clipboard_create(
		const struct sp_desk_clipboard_conf *conf, struct sp_desk_clipboard **out);
/* After its connection is gone. Accepts NULL. */
void sp_desk_clipboard_destroy(struct sp_desk_clipboard *c);
/* Valid as long as the clipboard. */
struct sp_part *sp_desk_clipboard_part(struct sp_desk_clipboard *c);

#endif
