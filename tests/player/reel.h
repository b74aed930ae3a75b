/* tests/player/reel.h - a scene of tests/core/view as a recording in a file. */
#ifndef SP_TESTS_REEL_H
#define SP_TESTS_REEL_H

#include "../core/view/scene.h"

#include "host/audit/rec_read.h"
#include "host/audit/rec_write.h"

#define REEL_STEP_US 100000 /* between two PDUs of the tape */

struct reel {
	struct scene *scene;
	const struct scene_pdu *tape;
	size_t n;
	int fd; /* the recording: a file without a name */
	struct sp_rec_key auditor;
	struct sp_rec_writer *writer;
	uint8_t key[SP_REC_KEY]; /* of the recording */
	uint64_t zero;
};

/* The tape is there, nothing is written but what stands in front of it. */
void reel_start(struct reel *r, unsigned length);
/* Writes PDUs from..to of the tape. change may be NULL; it is given a copy to change. */
void reel_write(struct reel *r, size_t from, size_t to,
		void (*change)(uint8_t *p, size_t n, void *user), void *user);
void reel_end(struct reel *r);
void reel_finish(struct reel *r);

/* When PDU i of the tape came, since the recording began. */
uint64_t reel_us(size_t i);
/* The sum of the client's picture once PDU i was through. */
uint64_t reel_sum(const struct reel *r, size_t i);
/* An empty file without a name. */
int reel_file(void);

#endif
