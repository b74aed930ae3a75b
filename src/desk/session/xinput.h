/* desk/session/xinput.h - the client's keyboard and mouse into the X server (XTEST). */
#ifndef SP_DESK_SESSION_XINPUT_H
#define SP_DESK_SESSION_XINPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "desk/session/xlink.h"

struct sp_input_event; /* core/pdu/input.h */
struct sp_xinput;

struct sp_xinput_opts {
	const char *display; /* for setxkbmap */
	const char *authority;
	char *const *envp; /* NULL: ours */
};

/* Borrows the link; copies the options' strings, borrows envp. */
sp_nodiscard int sp_xinput_create(
		struct sp_xlink *x, const struct sp_xinput_opts *opts, struct sp_xinput **out);
/* Releases everything pressed and gives borrowed keycodes back. */
void sp_xinput_destroy(struct sp_xinput *in);

/*
 * keyboardLayout and keyboardType of the client's core data; to be called at each connection.
 * Waits for setxkbmap, two seconds at most. On an error the layout stays what it was:
 * SP_ENOTFOUND when setxkbmap is not installed.
 */
sp_nodiscard int sp_xinput_layout(struct sp_xinput *in, uint32_t klid, uint32_t type);

/*
 * Does one event of the client. A repeated press is a repeat; a release without press is nothing.
 * Keys unknown to us are dropped. A synchronise event releases everything and brings the lock
 * keys to the client's state. Many different characters that are on no key come through a few
 * borrowed ones, so in a burst they, and what follows them, wait in a queue for
 * sp_xinput_run(). SP_ECLOSED: the server is gone.
 */
sp_nodiscard int sp_xinput_event(struct sp_xinput *in, const struct sp_input_event *ev);
/* When to run again, in milliseconds of the monotonic clock; 0: nothing waits. */
uint64_t sp_xinput_deadline(const struct sp_xinput *in);
/* Does what has waited long enough. */
sp_nodiscard int sp_xinput_run(struct sp_xinput *in);
/* Lets go of all keys and buttons and forgets the queue: at disconnect, takeover. */
sp_nodiscard int sp_xinput_release_all(struct sp_xinput *in);

#endif
