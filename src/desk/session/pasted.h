/* desk/session/pasted.h - the client's copied files as files of the desktop, fetched when read. */
#ifndef SP_DESK_SESSION_PASTED_H
#define SP_DESK_SESSION_PASTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "desk/session/urilist.h"
#include "host/io/loop.h"

#define SP_PASTED_LISTS 16 /* kept at a time; the oldest one goes for a new one */
#define SP_PASTED_FLYING 24 /* questions to the client; no more requests are taken then */

/*
 * A read-only mount with one directory per list of files that a client offered. A list outlives
 * the client's clipboard as long as somebody works with its files and the client keeps it locked;
 * what cannot be had any more is EIO at once.
 */
struct sp_pasted;

/* None of them may call back into this. */
struct sp_pasted_calls {
	/* Asks the client; sp_pasted_answer() or sp_pasted_answer_size() follows with *request. */
	int (*ask_range)(void *user, uint32_t lock, uint32_t index, uint64_t position, uint32_t n,
			uint32_t *request);
	int (*ask_size)(void *user, uint32_t lock, uint32_t index, uint32_t *request);
	void (*unlock)(void *user, uint32_t lock);
};

struct sp_pasted_conf {
	struct sp_loop *loop;
	const char *base; /* XDG_RUNTIME_DIR */
	uint64_t keep_us; /* a list that is not the clipboard's any more, since its last use; 0: 5 min */
	uint64_t read_us; /* of a read whose answers are all shorter than asked; 0: a minute */
	const struct sp_pasted_calls *calls;
	void *user;
};

/* Mounts. On failure why (SP_WHY_MAX) has words; errors of sp_mount_create(). */
sp_nodiscard int sp_pasted_create(
		const struct sp_pasted_conf *conf, struct sp_pasted **out, char *why);
/* Who waits gets EIO. Accepts NULL. */
void sp_pasted_destroy(struct sp_pasted *p);

/*
 * The client's list (FileGroupDescriptorW) becomes the present one. The lock is the list's from
 * success on; 0: none, the list ends with the client's next clipboard. SP_ENOTFOUND when no file
 * in it has a name that can be used.
 */
sp_nodiscard int sp_pasted_add(struct sp_pasted *p, struct sp_span descriptors, uint32_t lock);
/* Appends the present list's uppermost files. SP_ENOTFOUND without a list. */
sp_nodiscard int sp_pasted_uris(
		const struct sp_pasted *p, enum sp_urilist_form form, struct sp_wr *w);
bool sp_pasted_has_list(const struct sp_pasted *p);
/* The client's clipboard has changed: there is no present list. */
void sp_pasted_retire(struct sp_pasted *p);
/* The client is gone: who waits gets EIO, and so does everybody who reads on. */
void sp_pasted_stop(struct sp_pasted *p);

/* A request that is not known is ignored. */
void sp_pasted_answer(struct sp_pasted *p, uint32_t request, int rc, struct sp_span data);
void sp_pasted_answer_size(struct sp_pasted *p, uint32_t request, int rc, uint64_t size);

#endif
