/* core/chan/clip_files.h - FileGroupDescriptorW: which files a clipboard has. */
#ifndef SP_CORE_CHAN_CLIP_FILES_H
#define SP_CORE_CHAN_CLIP_FILES_H

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/chan/wire_name.h"

#define SP_CLIP_FILES_MAX 10000 /* entries of a list */
#define SP_CLIP_FILE_ENTRY 592 /* bytes of one on the wire */
#define SP_CLIP_FILES_BYTES (4 + SP_CLIP_FILES_MAX * SP_CLIP_FILE_ENTRY) /* of a whole list */

/* [MS-RDPECLIP] 2.2.5.2.3.1 File Descriptor (CLIPRDR_FILEDESCRIPTOR) */
struct sp_clip_file {
	enum sp_name_fault fault; /* read: of its name, which is then not to be used */
	char name[SP_WIRE_NAME_TEXT]; /* UTF-8, '/' between its parts; directories without one at
					 the end */
	struct sp_span wire; /* read: the name as it was sent, borrowed */
	bool dir, read_only;
	bool has_size;
	uint64_t size;
	bool has_time;
	int64_t time_us; /* last write, microseconds since 1970 */
};

/* How many entries: r moves to the first one. SP_ELIMIT above SP_CLIP_FILES_MAX. */
sp_nodiscard int sp_clip_files_read(struct sp_rd *r, size_t *n);
/* The next entry; a bad name is no error here, but its fault. */
sp_nodiscard int sp_clip_file_read(struct sp_rd *r, struct sp_clip_file *out);
/* The count, which is filled in by sp_clip_files_end(); returns the mark for it. */
size_t sp_clip_files_begin(struct sp_wr *w);
/* Appends an entry, or nothing and the fault when its name cannot be sent. */
sp_nodiscard enum sp_name_fault sp_clip_file_write(struct sp_wr *w, const struct sp_clip_file *in);
void sp_clip_files_end(struct sp_wr *w, size_t mark);

#endif
