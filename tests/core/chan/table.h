/* tests/core/chan/table.h - two sides of a clipboard with the filter between them. */
#ifndef SP_TESTS_TABLE_H
#define SP_TESTS_TABLE_H

#include "unit.h"

#include "core/chan/clip_filter.h"
#include "core/pdu/svc.h"

#define TABLE_MAX 8192

/* What one side has received, put together as a client or a server does. */
struct table_end {
	struct sp_wr message[TABLE_MAX];
	size_t n;
	struct sp_wr open; /* of the one under way */
	uint32_t total;
	bool begun;
	size_t cut_off; /* messages that another one began in */
	size_t chunks, largest;
};

struct table {
	struct sp_clip_filter f;
	struct table_end end[2];
	size_t chunk; /* most bytes of a chunk that is sent */
};

extern const struct sp_clip_rules table_text; /* the default */

void table_start(struct table *t, const struct sp_clip_rules *rules, size_t chunk);
void table_finish(struct table *t);
/* One chunk as it is. */
void table_chunk(struct table *t, enum sp_side from, uint32_t total, uint32_t flags,
		struct sp_span data);
/* A message, cut into chunks. */
void table_send(struct table *t, enum sp_side from, struct sp_span message);
/* The same from its header and the hex text of its body. */
void table_say(struct table *t, enum sp_side from, uint16_t type, uint16_t flags, const char *hex);
/* The initialization of both sides with all capabilities; forgets what arrived. */
void table_open(struct table *t, const struct sp_clip_rules *rules, size_t chunk);
/* Forgets what arrived. */
void table_clear(struct table *t);
/* Exactly one message has arrived at that side since, and it is this one; forgets it. */
void table_got(struct table *t, enum sp_side at, uint16_t type, uint16_t flags, const char *hex);
/* Nothing has. */
void table_quiet(struct table *t);
/* The next event is this one. */
void table_told(struct table *t, enum sp_side to, enum sp_transfer_kind kind,
		enum sp_transfer_verdict verdict, uint64_t n);
void table_not_told(struct table *t);

#endif
