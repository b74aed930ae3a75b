/* host/io/link.h - a byte stream on a descriptor with an output queue and honest back-pressure. */
#ifndef SP_HOST_IO_LINK_H
#define SP_HOST_IO_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "host/io/loop.h"

/* Above HIGH sp_link_full() is true and the owner stops reading whatever feeds this link. */
#define SP_LINK_HIGH (64 * 1024)
#define SP_LINK_LOW (16 * 1024)
/* No owner may queue more than this; it is his mistake and ends the link with SP_ELIMIT. */
#define SP_LINK_MAX (16 * 1024 * 1024)

struct sp_link;

struct sp_link_calls {
	/* Up to 64 KiB; the bytes are the owner's business from now on, valid during the call. */
	void (*bytes)(void *user, const uint8_t *p, size_t n);
	/* The queue was full and has room again. May be NULL. */
	void (*room)(void *user);
	/*
	 * Called once, last: SP_ECLOSED when the other side ended in order, SP_OK after
	 * sp_link_end() wrote everything, SP_ELIMIT, SP_ETIMEOUT after sp_link_stall(), or SP_ESYS
	 * with errno. The owner destroys the link here or later.
	 */
	void (*closed)(void *user, int err);
};

/*
 * A link on fd (a stream socket; made nonblocking), which it owns from now on and closes. On
 * failure NULL, and fd stays the caller's. Any callback may destroy it.
 */
sp_nodiscard struct sp_link *sp_link_create(
		struct sp_loop *l, int fd, const struct sp_link_calls *calls, void *user);
/* Closes at once; what is queued is lost. Accepts NULL. */
void sp_link_destroy(struct sp_link *k);

/* Queues b and takes over its reference. Accepts NULL. All that a turn of the loop queues goes out
 * in one write before the loop waits. After the link closed it is dropped. */
void sp_link_send(struct sp_link *k, struct sp_rcbuf *b);
/* Queues a copy; SP_ENOMEM. */
sp_nodiscard int sp_link_send_copy(struct sp_link *k, const void *p, size_t n);
/* Writes what it can now rather than at the end of the turn. */
void sp_link_flush(struct sp_link *k);
/*
 * Reports no more bytes; once the queue is written and the other side has seen the end, or 2 s
 * later, reports closed with SP_OK (SP_ETIMEOUT when the queue was not written in 10 s).
 */
void sp_link_end(struct sp_link *k);

bool sp_link_full(const struct sp_link *k);
size_t sp_link_queued(const struct sp_link *k);
/* Stops reading, or goes on. A paused link does not notice that the other side is gone. */
void sp_link_pause(struct sp_link *k, bool paused);
/*
 * Gives up, with SP_ETIMEOUT, when bytes wait and the other side has taken none of them for this
 * long; 0, the start value, waits for ever.
 */
void sp_link_stall(struct sp_link *k, uint64_t limit_us);
int sp_link_fd(const struct sp_link *k);
/* Totals of bytes, for logs and metrics. */
uint64_t sp_link_bytes_in(const struct sp_link *k);
uint64_t sp_link_bytes_out(const struct sp_link *k);

#endif
