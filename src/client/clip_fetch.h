/* client/clip_fetch.h - files on the server's clipboard, written into a directory of this machine. */
#ifndef SP_CLIENT_CLIP_FETCH_H
#define SP_CLIENT_CLIP_FETCH_H

#include <stdint.h>

#include "core/base/attr.h"
#include "core/chan/clipboard.h"
#include "host/io/fdio.h"

/*
 * The directory is made, or must be empty. All names are judged before anything is written, and
 * nothing is written outside, over anything, or through a link. Several requests are under way at
 * a time.
 */
struct sp_clip_fetch;

/*
 * list is the answer to a request for SP_CLIPBOARD_FILES. SP_EDENIED for a name that leads out,
 * SP_EFIELD, SP_ESYS, SP_ENOMEM; why says it.
 */
sp_nodiscard int sp_clip_fetch_create(const char *dir, struct sp_span list, uint32_t lock,
		struct sp_clip_fetch **out, char why[SP_WHY_MAX]);
/* Leaves what is there. Accepts NULL. */
void sp_clip_fetch_destroy(struct sp_clip_fetch *f);

/* Asks for what comes next, as much as may be under way. 1: there is still something to come. */
sp_nodiscard int sp_clip_fetch_pump(struct sp_clip_fetch *f, struct sp_clipboard *c,
		uint64_t now_us, char why[SP_WHY_MAX]);
/* An ANSWER; others than its own are ignored. */
sp_nodiscard int sp_clip_fetch_answer(
		struct sp_clip_fetch *f, const struct sp_clipboard_event *ev, char why[SP_WHY_MAX]);

#endif
