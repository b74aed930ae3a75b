/* core/view/pace.h - when the next frame may go, and how large it should be. */
#ifndef SP_CORE_VIEW_PACE_H
#define SP_CORE_VIEW_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_PACE_FRAMES 32 /* most frames that are on their way */

/*
 * There is no cadence: a frame goes at once when nothing is on its way. After that as much may be
 * on its way as the line holds: the rate at which frames arrive times the shortest round trip,
 * as the acknowledgements show them, or others who measure. A client of whom nothing is heard is
 * paced by the link alone. Times are microseconds of one clock.
 */
struct sp_pace {
	struct {
		uint32_t id;
		size_t bytes;
		bool alone; /* nothing else was on its way */
		uint64_t sent_us;
		uint64_t arrived, arrived_us; /* of all frames, when this one was sent */
		bool limited; /* by us: less was sent than could have been */
	} flight[SP_PACE_FRAMES];
	size_t first, n; /* a ring, oldest first */
	size_t bytes; /* in flight */
	uint64_t arrived, arrived_us; /* bytes of frames that were acknowledged, and when */
	uint64_t rtt_us, rtt_seen_us; /* the shortest of the last while; 0: not known */
	uint64_t smooth_us; /* round trip as it is now; 0: not known */
	uint64_t rate, older_rate; /* bytes per second, the best of this while and of the last one */
	uint64_t rate_seen_us;
	uint64_t drain_us,
			drained; /* since when there was always something in flight, and what left */
	uint64_t drained_us; /* when that told a rate; 0: never */
	bool silent; /* the client acknowledges nothing */
	bool starved; /* the last time somebody asked there was nothing to send */
};

void sp_pace_init(struct sp_pace *p);
/* A frame was handed to the link. */
void sp_pace_sent(struct sp_pace *p, uint32_t id, size_t bytes, uint64_t now_us);
/* The client has shown this frame and all before it; ids that are not in flight are ignored. */
void sp_pace_acked(struct sp_pace *p, uint32_t id, uint64_t now_us);
/* The client acknowledges no more, or does so again. */
void sp_pace_silent(struct sp_pace *p, bool silent);
/* Nothing was there to be sent: what follows does not tell what the line could carry. */
void sp_pace_idle(struct sp_pace *p);
/*
 * This frame and all before it have gone into the line, as somebody says who does not know when they
 * arrive. That tells the rate while something is always on its way, and no round trip. Ids that are
 * not in flight are ignored.
 */
void sp_pace_left(struct sp_pace *p, uint32_t id, uint64_t now_us);
/*
 * A round trip without a queue before it, and a rate, that were measured by other means; limited:
 * by what was sent, the line may carry more. Absurd ones are cut.
 */
void sp_pace_rtt(struct sp_pace *p, uint64_t rtt_us, uint64_t now_us);
void sp_pace_rate_seen(struct sp_pace *p, uint64_t rate, bool limited, uint64_t now_us);
/*
 * A rate that the client has measured. It may have read in gulps, so it may be far too high, but
 * hardly too low: it counts where nothing is known yet, and where the line has become much slower.
 */
void sp_pace_rate_told(struct sp_pace *p, uint64_t rate, uint64_t now_us);
/* Frames in flight are forgotten; what is known of the line is not. */
void sp_pace_restart(struct sp_pace *p);

/* Whether a frame may go now. */
bool sp_pace_ready(const struct sp_pace *p, uint64_t now_us);
/* When one may without another acknowledgement, since those in flight count as lost; 0: none are. */
uint64_t sp_pace_deadline(const struct sp_pace *p);
/* Bytes per second, 0 while not known. */
uint64_t sp_pace_rate(const struct sp_pace *p);
/* So large may a frame be that the one after it still comes soon. */
size_t sp_pace_budget(const struct sp_pace *p);

#endif
