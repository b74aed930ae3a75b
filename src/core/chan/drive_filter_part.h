/* core/chan/drive_filter_part.h - what the files of the filter of devices share; private to them. */
#ifndef SP_CORE_CHAN_DRIVE_FILTER_PART_H
#define SP_CORE_CHAN_DRIVE_FILTER_PART_H

#include "core/chan/drive_filter.h"

/* ---- drive_files.c: devices, files and requests ---- */

const struct sp_drive_known *sp_drive_known_find(const struct sp_drive_filter *f, uint32_t id);
/* Whether it is a drive; its files are looked after. */
bool sp_drive_known_files(const struct sp_drive_filter *f, uint32_t id);

void sp_drive_known_drop(struct sp_drive_filter *f, size_t at);
/* The client has this name, a single part, in a list; SP_ENOMEM. */
sp_nodiscard int sp_drive_odd_add(struct sp_drive_filter *f, uint32_t device, struct sp_span part);
bool sp_drive_odd_known(const struct sp_drive_filter *f, uint32_t device, struct sp_span part);

/* NULL without memory. */
sp_nodiscard struct sp_drive_path *sp_drive_path_make(struct sp_span utf16);

/* NULL when there is none. Valid until one is added or dropped. */
struct sp_drive_open *sp_drive_open_find(struct sp_drive_filter *f, uint32_t device, uint32_t file);
/* Takes the request's path. SP_ENOMEM. */
sp_nodiscard int sp_drive_open_add(
		struct sp_drive_filter *f, struct sp_drive_ask *ask, uint32_t file);
/* Tells what passed, and forgets it. */
void sp_drive_open_close(struct sp_drive_filter *f, uint32_t device, uint32_t file);
void sp_drive_open_close_device(struct sp_drive_filter *f, uint32_t device);
void sp_drive_open_close_all(struct sp_drive_filter *f);

/* Bytes at an offset are to pass now; data follows. */
void sp_drive_flow_begin(struct sp_drive_flow *w, uint64_t offset, size_t n);
void sp_drive_flow_data(struct sp_drive_filter *f, struct sp_drive_flow *w, struct sp_span data);

/* The request that this completes, out of the table; false when there is none. */
bool sp_drive_ask_take(struct sp_drive_filter *f, uint32_t device, uint32_t completion,
		struct sp_drive_ask *out);
bool sp_drive_ask_waits(const struct sp_drive_filter *f, uint32_t device, uint32_t completion);
/* Gives back what a request that was taken holds. */
void sp_drive_ask_free(struct sp_drive_ask *ask);

/* An event about a path on a device; either may be unknown (path NULL). */
struct sp_transfer *sp_drive_tell(struct sp_drive_filter *f, enum sp_side to,
		enum sp_transfer_kind kind, enum sp_transfer_verdict verdict, uint32_t device,
		const struct sp_span *path);

/* The file of a request is too large to pass; told once for each time it is opened. */
void sp_drive_tell_large(struct sp_drive_filter *f, const struct sp_drive_ask *ask, enum sp_side to,
		uint64_t n);

/* ---- drive_judge.c: requests ---- */

enum sp_drive_say {
	SP_DRIVE_PASS,
	SP_DRIVE_PASS_OPEN, /* CREATE: with its disposition made "open" */
	SP_DRIVE_ANSWER, /* with *status */
};

/*
 * What becomes of a request to a drive. Fills in the request's place in the table but for its
 * path, and tells of what is refused.
 */
enum sp_drive_say sp_drive_judge(struct sp_drive_filter *f, const struct sp_drive_io_request *q,
		struct sp_drive_ask *ask, uint32_t *status);
/* The same for a write, whose data is n bytes long and does not have to be there. */
enum sp_drive_say sp_drive_judge_write(
		struct sp_drive_filter *f, struct sp_drive_ask *ask, uint32_t *status);
#endif
