/* tests/core/chan/drive_rig.h - two sides of redirected drives with the filter between them. */
#ifndef SP_TESTS_DRIVE_RIG_H
#define SP_TESTS_DRIVE_RIG_H

#include "unit.h"

#include "core/chan/drive_filter.h"
#include "core/chan/drive_info.h"
#include "core/pdu/svc.h"

#define C SP_SIDE_CLIENT
#define T SP_SIDE_TARGET
#define MAX 4096
#define DISK 3

extern const struct sp_drive_rules rig_reading, rig_writing;

/* What a side has received, put together. */
struct end {
	struct sp_wr message[MAX];
	size_t n;
	struct sp_svc_join join;
};

struct rig {
	struct sp_drive_filter f;
	struct end end[2];
	size_t chunk;
	uint32_t completion;
};

void rig_start(struct rig *g, const struct sp_drive_rules *rules, size_t chunk);
void rig_clear(struct rig *g);
void rig_finish(struct rig *g);
/* One chunk as it is. */
void rig_chunk(struct rig *g, enum sp_side from, uint32_t total, uint32_t flags,
		struct sp_span data);
/* A message, cut into chunks. */
void rig_send(struct rig *g, enum sp_side from, struct sp_span message);
/* The same, and w is finished. */
void rig_send_wr(struct rig *g, enum sp_side from, struct sp_wr *w);
/* The one message that arrived, there; forgotten by rig_clear(). */
struct sp_span rig_got(struct rig *g, enum sp_side at);
void rig_quiet(struct rig *g);
void rig_announce(struct rig *g, uint32_t type, uint32_t id, const char *name);
/* With one drive, number DISK. */
void rig_open(struct rig *g, const struct sp_drive_rules *rules, size_t chunk_size);
/* w is to be finished. */
struct sp_span rig_utf16(struct sp_wr *w, const char *text);
/* Of the target; gives it a number. */
void rig_request(struct rig *g, struct sp_drive_io_request *q);
struct sp_drive_io_request rig_creating(struct sp_span path);
/* The target was answered by the filter, or by the client through it. */
void rig_answered(struct rig *g, uint32_t status);
/* The client got one. */
void rig_passed(struct rig *g);
struct sp_wr rig_completion(struct rig *g, uint32_t device, uint32_t number, uint32_t status);
/* Of the client, without anything in it. */
void rig_complete(struct rig *g, uint32_t status);
/* Opens a file that the client gives this number. */
void rig_open_file(struct rig *g, const char *path, uint32_t file, bool fresh);
void rig_ask_read(struct rig *g, uint32_t file, uint64_t offset, uint32_t n);
void rig_give_read(struct rig *g, const void *p, size_t n);
void rig_read_piece(struct rig *g, uint32_t file, uint64_t offset, const char *text, uint32_t n);
void rig_write_piece(struct rig *g, uint32_t file, uint64_t offset, const char *text);
void rig_close_file(struct rig *g, uint32_t file);
/* The next event is this one. */
void rig_told(struct rig *g, enum sp_side to, enum sp_transfer_kind kind,
		enum sp_transfer_verdict verdict, uint64_t n, const char *name, const char *whole);
void rig_not_told(struct rig *g);
/* SET_INFORMATION */
struct sp_drive_io_request rig_setting(uint32_t file, uint32_t class, const uint8_t *p, size_t n);

#endif
