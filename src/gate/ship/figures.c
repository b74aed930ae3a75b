/* gate/ship/figures.c - see figures.h. */
#include "gate/ship/figures.h"

#include <inttypes.h>
#include <string.h>

#include "gate/ship/count.h"

#define US 1e6

_Static_assert(sizeof(struct sp_msg_ship_figures) == SP_BOARD_FIGURES * sizeof(uint64_t),
		"numbers only, a place for each");

void sp_figures_take(struct sp_board *b, const struct sp_msg_ship_figures *m)
{
	uint64_t v[SP_BOARD_FIGURES];

	memcpy(v, m, sizeof(v));
	for (size_t i = 0; i < SP_BOARD_FIGURES; i++) {
		b->figure[i] = v[i];
	}
	b->has_figures = 1;
}

void sp_figures_times(struct sp_wr *w, const char *name, const char *help, const struct sp_times *t)
{
	uint64_t n = 0;

	sp_count_head(w, name, "histogram", help);
	for (size_t i = 0; i < SP_TIMES; i++) {
		n += t->n[i];
		sp_count_line(w, "%s_bucket{le=\"%g\"} %" PRIu64, name,
				(double)sp_times_bound_us(i) / US, n);
	}
	n += t->n[SP_TIMES];
	sp_count_line(w, "%s_bucket{le=\"+Inf\"} %" PRIu64, name, n);
	sp_count_line(w, "%s_sum %.6f", name, (double)t->us / US);
	sp_count_line(w, "%s_count %" PRIu64, name, n);
}

static void gauge(struct sp_wr *w, const char *name, uint64_t v, const char *help)
{
	sp_count_head(w, name, "gauge", help);
	sp_count_line(w, "%s %" PRIu64, name, v);
}

void sp_figures_write(const struct sp_board *b, struct sp_wr *w)
{
	static const char limit[] = "sallyport_half_open_limit";
	struct sp_msg_ship_figures m;
	uint64_t v[SP_BOARD_FIGURES];

	if (b->has_figures == 0) {
		return;
	}
	for (size_t i = 0; i < SP_BOARD_FIGURES; i++) {
		v[i] = b->figure[i];
	}
	memcpy(&m, v, sizeof(m));
	gauge(w, "sallyport_connections", m.connections, "Connections that are open.");
	gauge(w, "sallyport_half_open_connections", m.half_open,
			"Connections whose login is not over.");
	sp_count_head(w, limit, "gauge", "From how many of them on some are refused, and all.");
	sp_count_line(w, "%s{limit=\"soft\"} %" PRIu64, limit, m.soft);
	sp_count_line(w, "%s{limit=\"hard\"} %" PRIu64, limit, m.hard);
	gauge(w, "sallyport_penalties", m.penalties,
			"Sources that are refused now for what they did before.");
	sp_figures_times(w, "sallyport_audit_commit_seconds",
			"How long a group of events took to be durable.", &m.scribe.commit);
	gauge(w, "sallyport_audit_queue_events", m.scribe.queue,
			"Events that waited for the same commit; of late, the most.");
	gauge(w, "sallyport_recordings", m.scribe.recordings, "Sessions that are being recorded.");
	sp_count_head(w, "sallyport_recorder_lag_seconds", "gauge",
			"How long what passed was not on disk, as recorders last said; the "
			"longest.");
	sp_count_line(w, "sallyport_recorder_lag_seconds %.6f", (double)m.scribe.lag_us / US);
}
