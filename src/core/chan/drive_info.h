/* core/chan/drive_info.h - what a redirected drive tells of files, directories and itself. */
#ifndef SP_CORE_CHAN_DRIVE_INFO_H
#define SP_CORE_CHAN_DRIVE_INFO_H

#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_DRIVE_INFO_MAX_NAME 1020 /* bytes of one file's name in UTF-16LE */

/* [MS-FSCC] 2.4 FileInformationClass */
enum sp_drive_info_class {
	SP_DRIVE_INFO_DIRECTORY = 1,
	SP_DRIVE_INFO_FULL_DIRECTORY = 2,
	SP_DRIVE_INFO_BOTH_DIRECTORY = 3,
	SP_DRIVE_INFO_BASIC = 4,
	SP_DRIVE_INFO_STANDARD = 5,
	SP_DRIVE_INFO_RENAME = 10,
	SP_DRIVE_INFO_NAMES = 12,
	SP_DRIVE_INFO_DISPOSITION = 13,
	SP_DRIVE_INFO_ALLOCATION = 19,
	SP_DRIVE_INFO_END_OF_FILE = 20,
	SP_DRIVE_INFO_ATTRIBUTE_TAG = 35,
};

/* [MS-FSCC] 2.5 FsInformationClass */
enum sp_drive_info_volume_class {
	SP_DRIVE_INFO_VOLUME = 1,
	SP_DRIVE_INFO_LABEL = 2,
	SP_DRIVE_INFO_SIZE = 3,
	SP_DRIVE_INFO_DEVICE = 4,
	SP_DRIVE_INFO_FS = 5, /* FileFsAttributeInformation */
	SP_DRIVE_INFO_FULL_SIZE = 7,
};

/* [MS-FSCC] 2.6 File Attributes */
enum sp_drive_info_attribute {
	SP_DRIVE_INFO_READONLY = 0x0001,
	SP_DRIVE_INFO_HIDDEN = 0x0002,
	SP_DRIVE_INFO_SYSTEM = 0x0004,
	SP_DRIVE_INFO_IS_DIRECTORY = 0x0010,
	SP_DRIVE_INFO_ARCHIVE = 0x0020,
	SP_DRIVE_INFO_NORMAL = 0x0080,
	SP_DRIVE_INFO_REPARSE = 0x0400,
};

/* Times count 100 ns from 1601; 0 and all ones leave a time as it is when setting. */
#define SP_DRIVE_INFO_EPOCH UINT64_C(116444736000000000) /* 1970 */
/* Nanoseconds since 1970 and back; what is before 1601 or not a time becomes 1970. */
int64_t sp_drive_info_unix(uint64_t filetime);
uint64_t sp_drive_info_filetime(int64_t unix_ns);

/* [MS-FSCC] 2.4.7 FileBasicInformation, with or without its reserved field */
struct sp_drive_info_basic {
	uint64_t created, accessed, written, changed;
	uint32_t attributes; /* 0 when setting: as they are */
};

sp_nodiscard int sp_drive_info_basic_read(struct sp_rd *r, struct sp_drive_info_basic *out);
void sp_drive_info_basic_write(struct sp_wr *w, const struct sp_drive_info_basic *in);

/* [MS-FSCC] 2.4.41 FileStandardInformation */
struct sp_drive_info_standard {
	uint64_t allocation, size;
	uint32_t links;
	bool delete_pending, directory;
};

sp_nodiscard int sp_drive_info_standard_read(struct sp_rd *r, struct sp_drive_info_standard *out);
void sp_drive_info_standard_write(struct sp_wr *w, const struct sp_drive_info_standard *in);

/* [MS-FSCC] 2.4.6 FileAttributeTagInformation */
struct sp_drive_info_tag {
	uint32_t attributes, reparse;
};

sp_nodiscard int sp_drive_info_tag_read(struct sp_rd *r, struct sp_drive_info_tag *out);
void sp_drive_info_tag_write(struct sp_wr *w, const struct sp_drive_info_tag *in);

/* [MS-FSCC] 2.4.14, 2.4.4: end of file, allocation. */
sp_nodiscard int sp_drive_info_u64_read(struct sp_rd *r, uint64_t *value);
void sp_drive_info_u64_write(struct sp_wr *w, uint64_t value);

/* [MS-FSCC] 2.4.11, [MS-RDPEFS] 2.2.3.3.9: an empty buffer means true. */
sp_nodiscard int sp_drive_info_disposition_read(struct sp_rd *r, bool *remove);
void sp_drive_info_disposition_write(struct sp_wr *w, bool remove);

/* [MS-RDPEFS] 2.2.3.3.9.1 RDP_FILE_RENAME_INFORMATION */
struct sp_drive_info_rename {
	bool replace;
	struct sp_span path; /* borrowed; UTF-16LE from the root, cut at the NUL */
};

sp_nodiscard int sp_drive_info_rename_read(struct sp_rd *r, struct sp_drive_info_rename *out);
/* With a NUL, as Windows sends it. */
void sp_drive_info_rename_write(struct sp_wr *w, const struct sp_drive_info_rename *in);

/* [MS-FSCC] 2.4.8, 2.4.10, 2.4.15, 2.4.28: one entry of a directory. */
struct sp_drive_info_entry {
	uint64_t created, accessed, written, changed; /* all 0 in SP_DRIVE_INFO_NAMES, as are ... */
	uint64_t size, allocation;
	uint32_t attributes; /* ... these */
	struct sp_span name; /* borrowed; UTF-16LE; one part, not judged */
};

/*
 * The next entry of a buffer of this class: 1, 0 at the end, or an error. Clients that put several
 * in one are read as well as those that put one.
 */
sp_nodiscard int sp_drive_info_entry_read(
		struct sp_rd *r, uint32_t class, struct sp_drive_info_entry *out);
/* One that is the last of its buffer. SP_EARG for another class. */
void sp_drive_info_entry_write(
		struct sp_wr *w, uint32_t class, const struct sp_drive_info_entry *in);

/* [MS-FSCC] 2.5.9 FileFsVolumeInformation, with or without its reserved field */
struct sp_drive_info_volume {
	uint64_t created;
	uint32_t serial;
	bool objects;
	struct sp_span label; /* borrowed; UTF-16LE */
};

sp_nodiscard int sp_drive_info_volume_read(struct sp_rd *r, struct sp_drive_info_volume *out);
void sp_drive_info_volume_write(struct sp_wr *w, const struct sp_drive_info_volume *in);

/* [MS-FSCC] 2.5.8 FileFsSizeInformation, 2.5.4 FileFsFullSizeInformation */
struct sp_drive_info_size {
	uint64_t total, available; /* units; to the caller */
	uint64_t free; /* of FULL_SIZE: to anybody; else as available */
	uint32_t sectors, bytes; /* sectors of a unit, bytes of a sector */
};

sp_nodiscard int sp_drive_info_size_read(
		struct sp_rd *r, bool full, struct sp_drive_info_size *out);
void sp_drive_info_size_write(struct sp_wr *w, bool full, const struct sp_drive_info_size *in);

/* [MS-FSCC] 2.5.1 FileSystemAttributes */
enum sp_drive_info_fs_flag {
	SP_DRIVE_INFO_FS_CASE_SENSITIVE = 0x00000001,
	SP_DRIVE_INFO_FS_CASE_PRESERVED = 0x00000002,
	SP_DRIVE_INFO_FS_UNICODE = 0x00000004,
	SP_DRIVE_INFO_FS_READ_ONLY = 0x00080000,
};

/* [MS-FSCC] 2.5.1 FileFsAttributeInformation */
struct sp_drive_info_fs {
	uint32_t flags, max_name;
	struct sp_span name; /* borrowed; UTF-16LE */
};

sp_nodiscard int sp_drive_info_fs_read(struct sp_rd *r, struct sp_drive_info_fs *out);
void sp_drive_info_fs_write(struct sp_wr *w, const struct sp_drive_info_fs *in);

/* [MS-FSCC] 2.5.10 FileFsDeviceInformation */
#define SP_DRIVE_INFO_DISK 7
#define SP_DRIVE_INFO_REMOTE 0x10
struct sp_drive_info_device {
	uint32_t type, characteristics;
};

sp_nodiscard int sp_drive_info_device_read(struct sp_rd *r, struct sp_drive_info_device *out);
void sp_drive_info_device_write(struct sp_wr *w, const struct sp_drive_info_device *in);

/* [MS-FSCC] 2.5.5 FileFsLabelInformation */
sp_nodiscard int sp_drive_info_label_read(struct sp_rd *r, struct sp_span *label);

/* [MS-FSCC] 2.4.42 Action */
enum sp_drive_info_action {
	SP_DRIVE_INFO_ADDED = 1,
	SP_DRIVE_INFO_REMOVED = 2,
	SP_DRIVE_INFO_MODIFIED = 3,
	SP_DRIVE_INFO_RENAMED_FROM = 4,
	SP_DRIVE_INFO_RENAMED_TO = 5,
};

/* [MS-FSCC] 2.4.42 FILE_NOTIFY_INFORMATION */
struct sp_drive_info_change {
	uint32_t action;
	struct sp_span name; /* borrowed; UTF-16LE below the directory */
};

/* The next change of a buffer: 1, 0 at the end, or an error. */
sp_nodiscard int sp_drive_info_change_read(struct sp_rd *r, struct sp_drive_info_change *out);
/* One that is the last of its buffer. */
void sp_drive_info_change_write(struct sp_wr *w, const struct sp_drive_info_change *in);

#endif
