/* core/rdp/detect.h - what a server asks to know the way to its client, and what the answers are worth. */
#ifndef SP_CORE_RDP_DETECT_H
#define SP_CORE_RDP_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pdu/autodetect.h"

/* Questions for the round trip that may wait for an answer; with more the oldest is forgotten. */
#define SP_DETECT_TRIPS 32
/* Nobody's figures count beyond these: microseconds, and bytes per second. */
#define SP_DETECT_MAX_US 10000000u
#define SP_DETECT_MAX_RATE 2000000000u

enum sp_detect_rate {
	SP_DETECT_IDLE,
	SP_DETECT_STARTED, /* what is sent now is measured */
	SP_DETECT_STOPPED, /* the client's result is to come */
};

/*
 * [MS-RDPBCGR] 1.3.9. Bytes and round trips are counted here; of the client comes only how long a
 * measured piece took on its way. Zeroed is ready.
 */
struct sp_detect {
	uint16_t sequence; /* of the next question */
	struct {
		uint16_t sequence;
		uint64_t sent_us;
	} trip[SP_DETECT_TRIPS];
	size_t first, n; /* a ring, oldest first */
	enum sp_detect_rate rate;
	bool connect; /* the measurement of the rate is of the phase before the licence */
	uint16_t rate_sequence;
	uint64_t rate_us, rate_at; /* when it started, and the bytes that had been sent by then */
	uint64_t rate_bytes; /* measured */
};

enum sp_detect_kind {
	SP_DETECT_NOTHING, /* unsolicited, or late, or too short to be measured */
	SP_DETECT_TRIP,
	SP_DETECT_RATE,
	SP_DETECT_SYNC, /* both, known from a connection before */
};

struct sp_detect_answer {
	enum sp_detect_kind kind;
	uint16_t sequence; /* TRIP: of the question; older ones need no answer any more */
	uint64_t rtt_us;
	uint64_t rate; /* bytes per second */
};

/* The question for a round trip, to be sent now. */
struct sp_autodetect sp_detect_trip(struct sp_detect *d, bool connect, uint64_t now_us);
/*
 * What is sent between the two is measured; sent counts the bytes of the connection. A measurement
 * that has no result yet is given up.
 */
struct sp_autodetect sp_detect_start(
		struct sp_detect *d, bool connect, uint64_t sent, uint64_t now_us);
struct sp_autodetect sp_detect_stop(struct sp_detect *d, uint64_t sent);

/* Whether it answers what was asked. */
bool sp_detect_ours(const struct sp_detect *d, const struct sp_autodetect *in);
void sp_detect_answer(struct sp_detect *d, const struct sp_autodetect *in, uint64_t now_us,
		struct sp_detect_answer *out);
/* Something has no answer yet. */
bool sp_detect_waits(const struct sp_detect *d);
/* When the oldest question for a round trip that has none was asked; 0: there is none. */
uint64_t sp_detect_oldest(const struct sp_detect *d);

#endif
