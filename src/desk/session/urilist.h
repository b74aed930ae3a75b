/* desk/session/urilist.h - lists of files as programs of a desktop put them on the clipboard. */
#ifndef SP_DESK_SESSION_URILIST_H
#define SP_DESK_SESSION_URILIST_H

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

#define SP_URILIST_PATH 4096 /* bytes of a path with its NUL */

enum sp_urilist_form {
	SP_URILIST_PLAIN, /* text/uri-list (RFC 2483): lines end in CR LF */
	SP_URILIST_GNOME, /* x-special/gnome-copied-files: "copy", then the URIs, between LFs */
};

/* Appends what stands before the first URI, then each of an absolute path. */
void sp_urilist_begin(struct sp_wr *w, enum sp_urilist_form form);
void sp_urilist_add(struct sp_wr *w, enum sp_urilist_form form, const char *path);

/*
 * The next path of a file on this machine in a list of either form; *rest moves behind it. What is
 * no such URI is passed over. False at the end.
 */
bool sp_urilist_next(struct sp_span *rest, char path[SP_URILIST_PATH]);

#endif
