/* desk/session/selection.h - the selections of the X server: ours to give out, others' to read. */
#ifndef SP_DESK_SESSION_SELECTION_H
#define SP_DESK_SESSION_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"
#include "desk/session/xlink.h"
#include "host/io/loop.h"

#define SP_SELECTION_MAX_TARGETS 64 /* of one owner; what comes behind is left out */
#define SP_SELECTION_MAX_WANTS 64 /* programs that wait for an answer at a time */
#define SP_SELECTION_MAX_READS 16
#define SP_SELECTION_MAX_DATA (64u << 20) /* of one target */
#define SP_SELECTION_MAX_GIVEN (256u << 20) /* in all transfers to programs together */

enum sp_selection_kind {
	SP_SELECTION_CLIPBOARD,
	SP_SELECTION_PRIMARY,
};
#define SP_SELECTION_KINDS 2

struct sp_selection;

/*
 * Called from the loop and from X events; all functions below but destroy may be called in them.
 */
struct sp_selection_calls {
	/*
	 * Another program owns it now and has it as these targets (names of atoms, valid for the
	 * call). n is 0 when nobody owns it, or the owner does not say.
	 */
	void (*held)(void *user, enum sp_selection_kind kind, const char *const *targets, size_t n);
	/*
	 * A program wants what we own as the target with this index of sp_selection_own().
	 * sp_selection_answer() settles it, now or later; after 30 seconds it is refused.
	 */
	void (*wanted)(void *user, uint32_t id, size_t target);
	/*
	 * The outcome of sp_selection_read(). data (the callee's reference) is NULL unless rc is
	 * SP_OK; type is the name of the atom that the owner gave, valid for the call.
	 */
	void (*got)(void *user, uint32_t id, int rc, struct sp_rcbuf *data, const char *type);
};

struct sp_selection_conf {
	struct sp_loop *loop;
	struct sp_xlink *x; /* borrowed, pumped by its owner */
	bool primary; /* PRIMARY as well as CLIPBOARD */
	uint64_t want_us,
			step_us; /* time for an answer, and for a program's next move; 0: 30 s, 10 s */
	const struct sp_selection_calls *calls;
	void *user;
};

sp_nodiscard int sp_selection_create(
		const struct sp_selection_conf *conf, struct sp_selection **out);
/* Gives up what is owned; no call follows. Accepts NULL. */
void sp_selection_destroy(struct sp_selection *s);

/* Takes over all selections; who waited for what was owned before is refused. */
sp_nodiscard int sp_selection_own(struct sp_selection *s, const char *const *targets, size_t n);
/* Nobody owns what was ours; who waits is refused. Data that is under way is still delivered. */
void sp_selection_release(struct sp_selection *s);
/*
 * type: name of the atom of the data, NULL for the target's own. Takes the reference; NULL
 * refuses. An id that is settled already is ignored.
 */
void sp_selection_answer(
		struct sp_selection *s, uint32_t id, const char *type, struct sp_rcbuf *data);
/* Asks the owners of what is not ours again: held() follows for each. */
void sp_selection_look(struct sp_selection *s);
/* Asks the owner for a target; got() follows. SP_ELIMIT: too many at a time. */
sp_nodiscard int sp_selection_read(struct sp_selection *s, enum sp_selection_kind kind,
		const char *target, uint32_t *id);

#endif
