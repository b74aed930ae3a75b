/* gate/net/limit.h - when a session is over, and when its person is to be warned. */
#ifndef SP_GATE_NET_LIMIT_H
#define SP_GATE_NET_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define SP_LIMIT_SHOWN_US 8000000ull /* so long a warning stands */
#define SP_LIMIT_AGAIN_US 60000000ull /* so often it comes again */

enum sp_limit_why {
	SP_LIMIT_NONE,
	SP_LIMIT_IDLE, /* the person did nothing for too long */
	SP_LIMIT_TIME, /* the session is as long as it may be */
};

struct sp_limit {
	uint64_t idle_us, max_us; /* 0: no limit */
	uint64_t warn_us; /* so long before either */
	uint64_t start_us;
};

struct sp_limit_now {
	enum sp_limit_why why; /* which limit is next; NONE: there is none */
	bool over;
	bool warn; /* the warning is to be seen now */
	uint64_t left_us; /* until it is over */
	uint64_t wake_us; /* when to ask again; 0: never */
};

/* input_us: when the person last did something; 0 for never. */
struct sp_limit_now sp_limit_look(const struct sp_limit *l, uint64_t input_us, uint64_t now_us);
/* "2 min", "45 s": the time left in words, rounded to the next minute above one. */
void sp_limit_text(uint64_t left_us, char out[16]);

#endif
