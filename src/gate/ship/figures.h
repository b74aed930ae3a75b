/* gate/ship/figures.h - what the parent and the scribe measure, as metrics of Prometheus. */
#ifndef SP_GATE_SHIP_FIGURES_H
#define SP_GATE_SHIP_FIGURES_H

#include "core/base/wr.h"
#include "gate/ship/board.h"
#include "host/monitor/msg.h"

/* Puts them on the board, for the process that is asked. */
void sp_figures_take(struct sp_board *b, const struct sp_msg_ship_figures *m);
/* Appends them as text; nothing where none came yet. */
void sp_figures_write(const struct sp_board *b, struct sp_wr *w);
/* A histogram in seconds, with its head. */
void sp_figures_times(
		struct sp_wr *w, const char *name, const char *help, const struct sp_times *t);

#endif
