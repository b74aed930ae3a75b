/* core/chan/clipboard_part.h - the inside of one end of the clipboard, for its own files only. */
#ifndef SP_CORE_CHAN_CLIPBOARD_PART_H
#define SP_CORE_CHAN_CLIPBOARD_PART_H

#include "core/chan/clip.h"
#include "core/chan/clipboard.h"

#define OFFERS (SP_CLIPBOARD_LOCKS + SP_CLIPBOARD_ASKS + 8)
#define SMALL_MAX (64u << 10) /* of messages of ours but answers */

enum what {
	WHAT_DATA,
	WHAT_SIZE,
	WHAT_RANGE
};

enum request_state {
	REQUEST_FREE,
	REQUEST_QUEUED,
	REQUEST_SENT,
	REQUEST_DONE, /* an ANSWER is to be told */
};

/* One of ours. */
struct request {
	enum request_state state;
	enum what what;
	uint32_t id; /* also its streamId; ids grow, so that the order is known (until they wrap) */
	uint32_t content, format;
	uint32_t lock, index, n;
	uint64_t position, deadline;
	int err;
	struct sp_span data;
	uint64_t size;
};

enum ask_state {
	ASK_FREE,
	ASK_QUEUED, /* data: one is told at a time, since answers go in order */
	ASK_TOLD,
};

/* One of theirs. */
struct ask {
	enum ask_state state;
	enum what what;
	uint32_t id;
	bool refused; /* data that is not there; answered in its turn */
	uint32_t content, offer;
	uint32_t stream, index, n;
	uint64_t position, deadline;
};

/* An offer of ours with files that somebody may still ask for. */
struct live {
	uint32_t offer; /* 0: free */
	bool gone; /* RELEASED is to be told */
};

struct lock {
	uint32_t id, offer;
	bool held;
};

struct sp_clipboard {
	bool server, ready, tell_ready, tell_offer;
	uint32_t flags; /* of both sides, once ready */
	uint32_t server_flags; /* client: until MONITOR_READY */
	struct sp_rcbuf *first, **last; /* output */

	uint32_t offer, offered;
	bool standing; /* the other side has our offer for its clipboard's content */
	bool unsent; /* our offer waits to be sent */
	uint64_t list_wait; /* until when the response to our last list is waited for; 0: not */
	struct live live[OFFERS];
	struct lock lock[SP_CLIPBOARD_LOCKS];
	struct ask ask[SP_CLIPBOARD_ASKS];
	uint32_t next_ask;

	uint32_t theirs;
	uint32_t their_format[SP_CLIPBOARD_CONTENTS];
	uint32_t our_lock[SP_CLIPBOARD_LOCKS];
	uint32_t next_lock;
	struct request request[SP_CLIPBOARD_REQUESTS];
	uint32_t next_request;
	uint64_t data_wait; /* until when the answer to a data request is waited for; 0: not */
	uint64_t now; /* of the last call that told it */
};

/* Serials of which none is 0. */
uint32_t sp_clipboard_serial(uint32_t *next);
/* Takes the writer's bytes as the next message. */
int sp_clipboard_push(struct sp_clipboard *c, struct sp_wr *w);
int sp_clipboard_say(struct sp_clipboard *c, uint16_t type, uint16_t flags, bool has_value,
		uint32_t value);

/* clipboard_offer.c: our content for them. */
int sp_clipboard_send_list(struct sp_clipboard *c, uint64_t now);
void sp_clipboard_superseded(struct sp_clipboard *c);
int sp_clipboard_on_list_response(struct sp_clipboard *c, uint16_t flags, uint64_t now);
int sp_clipboard_on_data_request(struct sp_clipboard *c, struct sp_rd *r);
int sp_clipboard_on_file_request(struct sp_clipboard *c, struct sp_rd *r);
void sp_clipboard_on_lock(struct sp_clipboard *c, struct sp_rd *r);
void sp_clipboard_on_unlock(struct sp_clipboard *c, struct sp_rd *r);
int sp_clipboard_tick_asks(struct sp_clipboard *c, uint64_t now);
bool sp_clipboard_next_ask(struct sp_clipboard *c, struct sp_clipboard_event *ev);
void sp_clipboard_drop_asks(struct sp_clipboard *c);

/* clipboard_ask.c: their content for us. */
int sp_clipboard_pump(struct sp_clipboard *c, uint64_t now);
int sp_clipboard_on_list(struct sp_clipboard *c, uint16_t flags, struct sp_rd *r, uint64_t now);
int sp_clipboard_on_data(struct sp_clipboard *c, uint16_t flags, struct sp_span data, uint64_t now);
int sp_clipboard_on_file(struct sp_clipboard *c, uint16_t flags, struct sp_rd *r, uint64_t now);
int sp_clipboard_tick_requests(struct sp_clipboard *c, uint64_t now);
bool sp_clipboard_next_answer(struct sp_clipboard *c, struct sp_clipboard_event *ev);
void sp_clipboard_stale(struct sp_clipboard *c);
void sp_clipboard_fail_requests(struct sp_clipboard *c, int err, bool locked_too);

#endif
