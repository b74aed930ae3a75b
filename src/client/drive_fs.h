/* client/drive_fs.h - a local directory as a redirected drive sees it: nothing outside, nothing odd. */
#ifndef SP_CLIENT_DRIVE_FS_H
#define SP_CLIENT_DRIVE_FS_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "core/chan/drive_info.h"
#include "core/chan/drive_io.h"

/*
 * The kernel keeps every name beneath the directory and refuses symbolic links on the way
 * (openat2(2)); only regular files and directories are opened, whatever takes their place in
 * between. All calls answer with an NTSTATUS, SP_DRIVE_OK when it is done.
 */
struct sp_drive_fs {
	int root; /* -1: none */
	bool read_only;
	char label[64];
};

#define SP_DRIVE_FS_PATH 4096 /* bytes with the NUL, below the directory */
#define SP_DRIVE_FS_PATTERN 256

struct sp_drive_fs_file {
	int fd; /* -1: none */
	bool directory, writable;
	bool meta; /* opened without a right to its bytes */
	bool remove; /* when it is closed */
	char *path; /* below the directory; "" is itself; owned */
	DIR *list; /* where an enumeration is */
	char pattern[SP_DRIVE_FS_PATTERN];
};

/* SP_ESYS and errno when dir is no directory to be read, or the kernel is older than 5.6. */
sp_nodiscard int sp_drive_fs_init(
		struct sp_drive_fs *fs, const char *dir, const char *label, bool read_only);
void sp_drive_fs_finish(struct sp_drive_fs *fs);
/* The directory was removed: nothing comes of it any more. */
bool sp_drive_fs_gone(const struct sp_drive_fs *fs);

/* A path of the wire as one below the directory, in UTF-8 with '/'. */
sp_nodiscard uint32_t sp_drive_fs_path(struct sp_span utf16, char out[SP_DRIVE_FS_PATH]);

/* Fills in out only when it is done; how is what happened to the file. */
sp_nodiscard uint32_t sp_drive_fs_open(const struct sp_drive_fs *fs,
		const struct sp_drive_io_create *in, struct sp_drive_fs_file *out,
		enum sp_drive_io_created *how);
/* Closes in any case, and removes what is to be removed. */
uint32_t sp_drive_fs_close(const struct sp_drive_fs *fs, struct sp_drive_fs_file *f);
/* The same, but removes nothing: the connection is gone. */
void sp_drive_fs_drop(struct sp_drive_fs_file *f);

/* *n: room there is, then bytes that were read. */
sp_nodiscard uint32_t sp_drive_fs_read(
		struct sp_drive_fs_file *f, uint64_t offset, void *p, size_t *n);
sp_nodiscard uint32_t sp_drive_fs_write(
		struct sp_drive_fs_file *f, uint64_t offset, struct sp_span data);
/* One of enum sp_drive_io_lock for all ranges or none; never waits: SP_DRIVE_LOCK_NOT_GRANTED. */
sp_nodiscard uint32_t sp_drive_fs_lock(
		struct sp_drive_fs_file *f, const struct sp_drive_io_locks *l);

/* Appends the information of a class of enum sp_drive_info_class. */
sp_nodiscard uint32_t sp_drive_fs_query(
		const struct sp_drive_fs_file *f, uint32_t info_class, struct sp_wr *w);
sp_nodiscard uint32_t sp_drive_fs_set(const struct sp_drive_fs *fs, struct sp_drive_fs_file *f,
		const struct sp_drive_io_info *in);
sp_nodiscard uint32_t sp_drive_fs_volume(
		const struct sp_drive_fs *fs, uint32_t info_class, struct sp_wr *w);

/* Appends the next entry that fits the pattern; SP_DRIVE_NO_MORE_FILES, SP_DRIVE_NO_SUCH_FILE. */
sp_nodiscard uint32_t sp_drive_fs_list(struct sp_drive_fs_file *f,
		const struct sp_drive_io_directory *in, struct sp_wr *w);
/* Whether a name fits a pattern of Windows: * ? and < > ", without the case of ASCII letters. */
bool sp_drive_fs_fits(const char *pattern, const char *name);
/* SP_DRIVE_... for an errno. */
uint32_t sp_drive_fs_status(int error);
/* Attributes that the file is told to have. */
uint32_t sp_drive_fs_attributes(const struct stat *st, const char *name);

#endif
