/* tests/core/rdp/ends.h - the channels of a server and a client joined in memory. */
#ifndef SP_TESTS_ENDS_H
#define SP_TESTS_ENDS_H

#include "pair.h"

#include "core/pdu/dvc.h"
#include "core/pdu/svc.h"
#include "core/rdp/vc.h"

/* What one side heard. */
struct ends_seen {
	size_t n[SP_VC_CLOSED + 1]; /* events by kind */
	struct sp_port *port; /* of the last event */
	void *owner;
	struct sp_wr message; /* the last one */
	size_t bytes; /* of all messages */
	uint32_t sum; /* over all bytes of all messages */
};

struct ends {
	struct pair pair;
	struct sp_vc *server, *client;
	struct ends_seen at_server, at_client;
	size_t step; /* most bytes of a feed, 0 for all */
	size_t split; /* when not 0: the next bytes are fed in two parts, the first so long */
	size_t pump; /* 0 for much */
	size_t longest; /* PDU that went over either way */
	int rc; /* of the last feed of channels */
};

/* Static channels rdpdr, cliprdr, rdpsnd and, when dynamic, drdynvc as number 3. */
#define ENDS_CLIPRDR 1
#define ENDS_DYNAMIC 3

void ends_start(struct ends *e, bool dynamic);
void ends_finish(struct ends *e);
/* Moves bytes and takes events until nothing moves any more. */
void ends_run(struct ends *e);
/* One chunk, as if the other side had sent it. */
int ends_feed(struct ends *e, bool server, size_t index, uint32_t total, uint32_t flags,
		struct sp_span data);
/* One PDU on drdynvc from hex, the same way. */
int ends_feed_dynamic(struct ends *e, bool server, const char *hex);
void ends_events(struct ends *e, bool server);
/* n bytes that start with seed. */
struct sp_rcbuf *ends_bytes(size_t n, uint8_t seed);
uint32_t ends_sum(uint32_t sum, const uint8_t *p, size_t n);

#endif
