/* core/chan/clip.h - the messages of the clipboard channel, as far as they are not its data. */
#ifndef SP_CORE_CHAN_CLIP_H
#define SP_CORE_CHAN_CLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_CLIP_HEAD 8 /* bytes of the header */
#define SP_CLIP_TEMP_DIR 520
#define SP_CLIP_MAX_NAME 256 /* units of a format's name; no system has longer ones */
#define SP_CLIP_SHORT_NAME 32 /* bytes of a name's field in the short form */

/* [MS-RDPECLIP] 2.2.1 msgType */
enum sp_clip_type {
	SP_CLIP_MONITOR_READY = 1,
	SP_CLIP_FORMAT_LIST = 2,
	SP_CLIP_FORMAT_LIST_RESPONSE = 3,
	SP_CLIP_DATA_REQUEST = 4,
	SP_CLIP_DATA_RESPONSE = 5,
	SP_CLIP_TEMP_DIRECTORY = 6,
	SP_CLIP_CAPS = 7,
	SP_CLIP_FILE_REQUEST = 8,
	SP_CLIP_FILE_RESPONSE = 9,
	SP_CLIP_LOCK = 10,
	SP_CLIP_UNLOCK = 11,
};

/* [MS-RDPECLIP] 2.2.1 msgFlags */
enum sp_clip_flag {
	SP_CLIP_OK = 0x0001,
	SP_CLIP_FAIL = 0x0002,
	SP_CLIP_ASCII_NAMES = 0x0004,
};

/* Formats that have the same number everywhere. */
enum sp_clip_cf {
	SP_CLIP_CF_TEXT = 1,
	SP_CLIP_CF_METAFILE = 3,
	SP_CLIP_CF_OEMTEXT = 7,
	SP_CLIP_CF_DIB = 8,
	SP_CLIP_CF_PALETTE = 9,
	SP_CLIP_CF_UNICODETEXT = 13,
	SP_CLIP_CF_HDROP = 15,
	SP_CLIP_CF_LOCALE = 16,
	SP_CLIP_CF_DIBV5 = 17,
};

/* [MS-RDPECLIP] 2.2.1 Clipboard PDU Header (CLIPRDR_HEADER) */
struct sp_clip_head {
	uint16_t type, flags;
	uint32_t n; /* dataLen; Windows sends four bytes more behind them */
};

/* r moves behind the header. Neither type nor length is judged. */
sp_nodiscard int sp_clip_head_read(struct sp_rd *r, struct sp_clip_head *out);
/* The header, with a length that sp_clip_end() fills in; returns the mark for it. */
size_t sp_clip_begin(struct sp_wr *w, uint16_t type, uint16_t flags);
void sp_clip_end(struct sp_wr *w, size_t mark);

/* The readers below take the body, which is what dataLen counts. */

/* [MS-RDPECLIP] 2.2.2.1.1.1 generalFlags */
enum sp_clip_general {
	SP_CLIP_LONG_NAMES = 0x02,
	SP_CLIP_STREAM_FILES = 0x04,
	SP_CLIP_NO_FILE_PATHS = 0x08,
	SP_CLIP_CAN_LOCK = 0x10,
	SP_CLIP_HUGE_FILES = 0x20,
};

/* [MS-RDPECLIP] 2.2.2.1 Clipboard Capabilities PDU (CLIPRDR_CAPS); sets of other types are skipped. */
struct sp_clip_caps {
	bool has_general;
	uint32_t version, flags;
};

sp_nodiscard int sp_clip_caps_read(struct sp_rd *r, struct sp_clip_caps *out);
void sp_clip_caps_write(struct sp_wr *w, const struct sp_clip_caps *in);

/* [MS-RDPECLIP] 2.2.3.1 formatListData: all entries of a list are in one of these forms. */
enum sp_clip_form {
	SP_CLIP_FORM_SHORT, /* 16 units, with or without a NUL */
	SP_CLIP_FORM_ASCII, /* 32 characters; CB_ASCII_NAMES in the header */
	SP_CLIP_FORM_LONG, /* units up to a NUL */
};

struct sp_clip_format {
	uint32_t id;
	struct sp_span name; /* borrowed; UTF-16LE or ASCII by the form, without the NUL */
};

/* The next entry of a list: 1, 0 at the end, or an error. */
sp_nodiscard int sp_clip_format_read(
		struct sp_rd *r, enum sp_clip_form form, struct sp_clip_format *out);
void sp_clip_format_write(struct sp_wr *w, enum sp_clip_form form, const struct sp_clip_format *in);
/*
 * Whether the name is this one of ASCII characters, as Windows compares: without letter case, and
 * as far as the form had room for it.
 */
bool sp_clip_format_is(const struct sp_clip_format *f, enum sp_clip_form form, const char *name);

/* [MS-RDPECLIP] 2.2.5.1, 2.2.4.1, 2.2.4.2: requestedFormatId, or clipDataId. */
sp_nodiscard int sp_clip_u32_read(struct sp_rd *r, uint32_t *value);
void sp_clip_u32_write(struct sp_wr *w, uint32_t value);

/* [MS-RDPECLIP] 2.2.5.3 dwFlags */
enum sp_clip_file_flag {
	SP_CLIP_FILE_SIZE = 1,
	SP_CLIP_FILE_RANGE = 2,
};

/* [MS-RDPECLIP] 2.2.5.3 File Contents Request PDU (CLIPRDR_FILECONTENTS_REQUEST) */
struct sp_clip_file_request {
	uint32_t stream, index;
	uint32_t flags; /* one of enum sp_clip_file_flag */
	uint64_t position;
	uint32_t n; /* INVARIANT: 8 for a size */
	bool has_lock;
	uint32_t lock; /* clipDataId */
};

sp_nodiscard int sp_clip_file_request_read(struct sp_rd *r, struct sp_clip_file_request *out);
void sp_clip_file_request_write(struct sp_wr *w, const struct sp_clip_file_request *in);

/* [MS-RDPECLIP] 2.2.5.4 File Contents Response PDU (CLIPRDR_FILECONTENTS_RESPONSE) */
struct sp_clip_file_response {
	uint32_t stream;
	struct sp_span data; /* borrowed; a size is eight bytes of it */
};

sp_nodiscard int sp_clip_file_response_read(struct sp_rd *r, struct sp_clip_file_response *out);
void sp_clip_file_response_write(struct sp_wr *w, const struct sp_clip_file_response *in);

/* [MS-RDPECLIP] 2.2.2.3 Client Temporary Directory PDU: UTF-16LE up to its NUL. */
sp_nodiscard int sp_clip_temp_dir_read(struct sp_rd *r, struct sp_span *path);
void sp_clip_temp_dir_write(struct sp_wr *w, struct sp_span path);

#endif
