/* desk/session/selection_part.h - what the files of the selections share. */
#ifndef SP_DESK_SESSION_SELECTION_PART_H
#define SP_DESK_SESSION_SELECTION_PART_H

#include "core/base/wr.h"
#include "desk/session/selection.h"

#define SP_SELECTION_MULTIPLES 8 /* programs that want several targets at once */
#define SP_SELECTION_PAIRS 16 /* so many, at most */
#define SP_SELECTION_PROPERTIES 32 /* more than reads, so that a late answer meets none of them */

enum sp_selection_owner {
	SP_SELECTION_NOBODY,
	SP_SELECTION_US,
	SP_SELECTION_OTHER,
};

/* A program that waits for several targets ([ICCCM] 2.6.2 MULTIPLE); it hears of all together. */
struct sp_selection_multiple {
	size_t left; /* that wait for their answer; 0: free */
	xcb_selection_request_event_t request;
	xcb_atom_t type, pair[2 * SP_SELECTION_PAIRS]; /* target, property */
	size_t n; /* pairs */
	bool failed;
};

/* A program that waits for us. */
struct sp_selection_want {
	uint32_t id; /* 0: free */
	bool sending; /* in pieces (INCR); else it waits for its answer */
	xcb_window_t requestor;
	xcb_atom_t selection, target, property, type;
	xcb_timestamp_t time;
	struct sp_selection_multiple *whole; /* it is one of several; NULL: of none */
	size_t pair; /* which one */
	struct sp_rcbuf *data; /* sending */
	size_t at;
	uint64_t deadline;
};

/* A program that we wait for. */
struct sp_selection_take {
	uint32_t id; /* 0: free */
	bool pieces; /* the owner sends INCR */
	bool targets; /* asked by ourselves */
	enum sp_selection_kind kind;
	xcb_atom_t target, property, type;
	struct sp_wr data;
	uint64_t deadline;
};

struct sp_selection {
	struct sp_selection_conf conf;
	xcb_connection_t *c;
	xcb_window_t window;
	xcb_timestamp_t since; /* of our ownership */
	bool stamping; /* waits for the server's time to take over with */
	size_t chunk; /* bytes of one piece */
	struct sp_watch *timer;
	struct {
		xcb_atom_t atom;
		enum sp_selection_owner owner;
		xcb_timestamp_t time; /* when the other one took it */
		uint64_t ask_at; /* when its targets are asked for; 0: not */
	} kind[SP_SELECTION_KINDS];
	size_t n_kinds;

	xcb_atom_t target[SP_SELECTION_MAX_TARGETS];
	size_t n_targets;
	struct sp_selection_want want[SP_SELECTION_MAX_WANTS];
	struct sp_selection_multiple multi[SP_SELECTION_MULTIPLES];
	struct sp_selection_take take[SP_SELECTION_MAX_READS];
	xcb_atom_t property[SP_SELECTION_PROPERTIES];
	size_t next_property;
	uint32_t serial; /* of ids */

	xcb_atom_t targets, timestamp, multiple, incr, stamp;
};

/* A new id for the slot; never 0. */
uint32_t sp_selection_id(struct sp_selection *s, size_t slot);
size_t sp_selection_slot(uint32_t id);
/* Sets the timer to the nearest deadline. */
void sp_selection_schedule(struct sp_selection *s);

/* Programs that wait for us. */
void sp_selection_requested(struct sp_selection *s, const xcb_selection_request_event_t *ev);
void sp_selection_given(struct sp_selection *s, const xcb_property_notify_event_t *ev);
void sp_selection_gone(struct sp_selection *s, xcb_window_t window);
/* Refuses all that wait for an answer. */
void sp_selection_refuse(struct sp_selection *s);
void sp_selection_wants_expire(struct sp_selection *s, uint64_t now);
void sp_selection_wants_finish(struct sp_selection *s);

/* Programs that we wait for. */
sp_nodiscard int sp_selection_ask(struct sp_selection *s, enum sp_selection_kind kind,
		xcb_atom_t target, bool targets, uint32_t *id);
void sp_selection_notified(struct sp_selection *s, const xcb_selection_notify_event_t *ev);
void sp_selection_arrived(struct sp_selection *s, const xcb_property_notify_event_t *ev);
/* The owner has died: what is in pieces does not come any more. */
void sp_selection_owner_died(struct sp_selection *s, enum sp_selection_kind kind);
void sp_selection_takes_expire(struct sp_selection *s, uint64_t now);
void sp_selection_takes_finish(struct sp_selection *s);

#endif
