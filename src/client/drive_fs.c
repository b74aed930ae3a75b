/* client/drive_fs.c - see drive_fs.h. */
#include "client/drive_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "core/chan/wire_name.h"
#include "host/io/fdio.h"

#define ATTEMPTS 4 /* at opening what somebody else makes and removes all the time */
#define UNIT_SECTORS 8
#define SECTOR 512

#define WANT_READ \
	(SP_DRIVE_IO_READ_DATA | SP_DRIVE_IO_EXECUTE | SP_DRIVE_IO_GENERIC_READ | \
			SP_DRIVE_IO_GENERIC_EXECUTE | SP_DRIVE_IO_GENERIC_ALL)
#define WANT_WRITE \
	(SP_DRIVE_IO_WRITE_DATA | SP_DRIVE_IO_APPEND_DATA | SP_DRIVE_IO_GENERIC_WRITE | \
			SP_DRIVE_IO_GENERIC_ALL)

uint32_t sp_drive_fs_status(int error)
{
	static const struct {
		int error;
		uint32_t status;
	} rows[] = {
			/* Not "name not found": xrdp knows only this one. */
			{ENOENT, SP_DRIVE_NO_SUCH_FILE},
			{ENOTDIR, SP_DRIVE_PATH_NOT_FOUND},
			{EEXIST, SP_DRIVE_NAME_COLLISION},
			{EACCES, SP_DRIVE_ACCESS_DENIED},
			{EPERM, SP_DRIVE_ACCESS_DENIED},
			/* Symbolic links and what leads out. */
			{ELOOP, SP_DRIVE_ACCESS_DENIED},
			{EXDEV, SP_DRIVE_ACCESS_DENIED},
			{EROFS, SP_DRIVE_WRITE_PROTECTED},
			{EISDIR, SP_DRIVE_IS_DIRECTORY},
			{ENOTEMPTY, SP_DRIVE_DIRECTORY_NOT_EMPTY},
			{ENOSPC, SP_DRIVE_DISK_FULL},
			{EDQUOT, SP_DRIVE_DISK_FULL},
			{EFBIG, SP_DRIVE_DISK_FULL},
			{ENAMETOOLONG, SP_DRIVE_NAME_TOO_LONG},
			{EINVAL, SP_DRIVE_INVALID_PARAMETER},
			{EMFILE, SP_DRIVE_TOO_MANY_FILES},
			{ENFILE, SP_DRIVE_TOO_MANY_FILES},
			{ENOMEM, SP_DRIVE_NO_MEMORY},
			{EBUSY, SP_DRIVE_SHARING_VIOLATION},
			{ETXTBSY, SP_DRIVE_SHARING_VIOLATION},
			{EBADF, SP_DRIVE_ACCESS_DENIED},
			{EAGAIN, SP_DRIVE_LOCK_NOT_GRANTED},
			{ENODEV, SP_DRIVE_NOT_READY},
			{EIO, SP_DRIVE_IO_ERROR},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		if (rows[i].error == error) {
			return rows[i].status;
		}
	}
	return SP_DRIVE_UNSUCCESSFUL;
}

static int open_beneath(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
			.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
			.mode = mode,
			.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, dir, path[0] ? path : ".", &how, sizeof(how));
}

int sp_drive_fs_init(struct sp_drive_fs *fs, const char *dir, const char *label, bool read_only)
{
	*fs = (struct sp_drive_fs){.root = -1, .read_only = read_only};
	snprintf(fs->label, sizeof(fs->label), "%s", label);
	int named = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (named < 0) {
		return SP_ESYS;
	}
	/* Asked in the way everything will be asked, so that an old kernel is known at once. */
	fs->root = open_beneath(named, "", O_RDONLY | O_DIRECTORY, 0);
	int saved = errno;
	sp_fd_close(&named);
	errno = saved;
	return fs->root >= 0 ? SP_OK : SP_ESYS;
}

void sp_drive_fs_finish(struct sp_drive_fs *fs)
{
	sp_fd_close(&fs->root);
}

bool sp_drive_fs_gone(const struct sp_drive_fs *fs)
{
	struct stat st;

	return fstat(fs->root, &st) != 0 || st.st_nlink == 0;
}

/* ---- names ---- */

static bool is_separator(const uint8_t *unit)
{
	return (unit[0] == '\\' || unit[0] == '/') && unit[1] == 0;
}

/* Where only the other of two names that go out as one is there, that one is meant. */
static bool is_there(const struct sp_drive_fs *fs, const char *path)
{
	int fd = open_beneath(fs->root, path, O_PATH, 0);
	bool there = fd >= 0;

	sp_fd_close(&fd);
	return there;
}

static bool append(char out[SP_DRIVE_FS_PATH], size_t *n, const char *part)
{
	size_t len = strlen(part);

	if (!(*n + len + 2 <= SP_DRIVE_FS_PATH)) {
		return false;
	}
	if (*n > 0) {
		out[(*n)++] = '/';
	}
	memcpy(out + *n, part, len + 1);
	*n += len;
	return true;
}

/* One part: what it is called here, and what on the wire, where that is something else. */
static uint32_t read_part(
		struct sp_span utf16, char part[SP_WIRE_NAME_TEXT], char plain[SP_WIRE_NAME_TEXT])
{
	plain[0] = '\0';
	if (sp_wire_file_read(utf16, part) == SP_WIRE_FILE_MAPPED) {
		if (!sp_wire_file_plain(part, plain) || strcmp(part, plain) == 0) {
			plain[0] = '\0';
		}
		return SP_DRIVE_OK;
	}
	enum sp_name_fault fault = sp_wire_name_read_part(utf16, part);
	if (fault == SP_NAME_DEVICE) {
		return SP_DRIVE_ACCESS_DENIED; /* [MS-RDPEFS] 3.2.5.2.3 */
	}
	return fault == SP_NAME_FINE            ? SP_DRIVE_OK
			: fault == SP_NAME_LONG ? SP_DRIVE_NAME_TOO_LONG
						: SP_DRIVE_NAME_INVALID;
}

/* fs may be NULL: then names are not looked for. */
static uint32_t path_of(
		const struct sp_drive_fs *fs, struct sp_span utf16, char out[SP_DRIVE_FS_PATH])
{
	size_t n = 0, i = 0;

	out[0] = '\0';
	if (utf16.n % 2 != 0) {
		return SP_DRIVE_NAME_INVALID;
	}
	/* One separator begins a path from the root, two would be a computer's name. */
	if (utf16.n >= 4 && is_separator(utf16.p) && is_separator(utf16.p + 2)) {
		return SP_DRIVE_NAME_INVALID;
	}
	i = utf16.n >= 2 && is_separator(utf16.p) ? 2 : 0;
	while (i < utf16.n) {
		char part[SP_WIRE_NAME_TEXT], plain[SP_WIRE_NAME_TEXT];
		size_t end = i, before = n;

		while (end < utf16.n && !is_separator(utf16.p + end)) {
			end += 2;
		}
		uint32_t status = read_part(sp_span(utf16.p + i, end - i), part, plain);
		if (status != SP_DRIVE_OK) {
			return status;
		}
		if (!append(out, &n, part)) {
			return SP_DRIVE_NAME_TOO_LONG;
		}
		if (fs && plain[0] != '\0' && !is_there(fs, out)) {
			n = before;
			if (!append(out, &n, plain)) {
				return SP_DRIVE_NAME_TOO_LONG;
			}
			if (!is_there(fs, out)) {
				n = before;
				(void)append(out, &n, part);
			}
		}
		i = end + 2; /* a separator at the end is that of a directory */
	}
	return SP_DRIVE_OK;
}

uint32_t sp_drive_fs_path(struct sp_span utf16, char out[SP_DRIVE_FS_PATH])
{
	return path_of(NULL, utf16, out);
}

/* The directory that holds path, and the name there; the descriptor is to be closed. */
static int open_parent(const struct sp_drive_fs *fs, const char *path, const char **name)
{
	char dir[SP_DRIVE_FS_PATH];
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	memcpy(dir, path, n);
	dir[n] = '\0';
	*name = slash ? slash + 1 : path;
	return open_beneath(fs->root, dir, O_PATH | O_DIRECTORY, 0);
}

/* ---- open and close ---- */

static bool ordinary(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
			(a->st_mode & S_IFMT) == (b->st_mode & S_IFMT);
}

/*
 * Opens what is there. It is looked at before it is opened, for opening alone can do something to
 * a device, and after, for it may be another one then.
 */
static uint32_t open_there(const struct sp_drive_fs *fs, const char *path,
		const struct sp_drive_io_create *in, struct sp_drive_fs_file *f)
{
	struct stat before, after;
	int look = open_beneath(fs->root, path, O_PATH, 0), error;

	if (look < 0) {
		return sp_drive_fs_status(errno);
	}
	if (fstat(look, &before) != 0 || !ordinary(&before)) {
		sp_fd_close(&look);
		return SP_DRIVE_ACCESS_DENIED;
	}
	f->directory = S_ISDIR(before.st_mode);
	if (f->directory ? in->options & SP_DRIVE_IO_NON_DIRECTORY_FILE
			 : in->options & SP_DRIVE_IO_DIRECTORY_FILE) {
		sp_fd_close(&look);
		return f->directory ? SP_DRIVE_IS_DIRECTORY : SP_DRIVE_NOT_DIRECTORY;
	}
	f->writable = !f->directory && (in->access & WANT_WRITE);
	f->meta = !(in->access & (WANT_READ | WANT_WRITE));
	f->fd = open_beneath(fs->root, path,
			(f->writable ? O_RDWR : O_RDONLY) | (f->directory ? O_DIRECTORY : 0) |
					O_NONBLOCK | O_NOCTTY,
			0);
	error = errno;
	if (f->fd < 0 && error == EACCES && f->meta) {
		f->fd = look; /* enough for asking about it */
		return SP_DRIVE_OK;
	}
	sp_fd_close(&look);
	if (f->fd < 0) {
		return sp_drive_fs_status(error);
	}
	if (fstat(f->fd, &after) != 0 || !same(&before, &after)) {
		sp_fd_close(&f->fd);
		return SP_DRIVE_SHARING_VIOLATION;
	}
	return SP_DRIVE_OK;
}

static uint32_t make(const struct sp_drive_fs *fs, const char *path,
		const struct sp_drive_io_create *in, struct sp_drive_fs_file *f)
{
	const char *name;
	int parent, rc, error;

	if (fs->read_only) {
		return SP_DRIVE_WRITE_PROTECTED;
	}
	if (in->options & SP_DRIVE_IO_DIRECTORY_FILE) {
		parent = open_parent(fs, path, &name);
		if (parent < 0) {
			return sp_drive_fs_status(errno);
		}
		rc = mkdirat(parent, name, 0777);
		error = errno;
		sp_fd_close(&parent);
		return rc == 0 ? open_there(fs, path, in, f) : sp_drive_fs_status(error);
	}
	f->fd = open_beneath(fs->root, path, O_RDWR | O_CREAT | O_EXCL | O_NOCTTY, 0666);
	f->directory = false;
	f->writable = (in->access & WANT_WRITE) != 0;
	f->meta = !(in->access & (WANT_READ | WANT_WRITE));
	return f->fd >= 0 ? SP_DRIVE_OK : sp_drive_fs_status(errno);
}

static bool may_make(uint32_t disposition)
{
	return disposition != SP_DRIVE_IO_OPEN && disposition != SP_DRIVE_IO_OVERWRITE;
}

static bool empties(uint32_t disposition)
{
	return disposition == SP_DRIVE_IO_SUPERSEDE || disposition == SP_DRIVE_IO_OVERWRITE ||
			disposition == SP_DRIVE_IO_OVERWRITE_IF;
}

/* Opens, or makes; *made says which. */
static uint32_t open_or_make(const struct sp_drive_fs *fs, const char *path,
		const struct sp_drive_io_create *in, struct sp_drive_fs_file *f, bool *made)
{
	uint32_t status = SP_DRIVE_NO_SUCH_FILE;

	for (int i = 0; i < ATTEMPTS; i++) {
		*made = in->disposition == SP_DRIVE_IO_CREATE_NEW;
		if (!*made) {
			status = open_there(fs, path, in, f);
			if (status != SP_DRIVE_NO_SUCH_FILE || !may_make(in->disposition)) {
				return status;
			}
			*made = true;
		}
		status = make(fs, path, in, f);
		if (status != SP_DRIVE_NAME_COLLISION ||
				in->disposition == SP_DRIVE_IO_CREATE_NEW) {
			return status;
		}
	}
	return status;
}

static uint32_t empty_it(struct sp_drive_fs_file *f)
{
	if (f->directory) {
		return SP_DRIVE_IS_DIRECTORY;
	}
	return ftruncate(f->fd, 0) == 0 ? SP_DRIVE_OK : sp_drive_fs_status(errno);
}

uint32_t sp_drive_fs_open(const struct sp_drive_fs *fs, const struct sp_drive_io_create *in,
		struct sp_drive_fs_file *out, enum sp_drive_io_created *how)
{
	struct sp_drive_fs_file f = {.fd = -1};
	struct sp_drive_io_create want = *in;
	char path[SP_DRIVE_FS_PATH];
	bool made;
	uint32_t status = path_of(fs, in->path, path);

	if (status != SP_DRIVE_OK) {
		return status;
	}
	if (in->disposition > SP_DRIVE_IO_OVERWRITE_IF) {
		return SP_DRIVE_INVALID_PARAMETER;
	}
	bool changing = in->access & SP_DRIVE_IO_CHANGING || empties(in->disposition) ||
			in->options & SP_DRIVE_IO_DELETE_ON_CLOSE;
	if (fs->read_only && changing) {
		return SP_DRIVE_WRITE_PROTECTED;
	}
	if (empties(in->disposition)) {
		want.access |= SP_DRIVE_IO_WRITE_DATA;
	}
	status = open_or_make(fs, path, &want, &f, &made);
	if (status == SP_DRIVE_OK && !made && empties(in->disposition)) {
		status = empty_it(&f);
	}
	f.path = status == SP_DRIVE_OK ? sp_strdup(path) : NULL;
	if (f.path == NULL) {
		sp_fd_close(&f.fd);
		return status == SP_DRIVE_OK ? SP_DRIVE_NO_MEMORY : status;
	}
	f.remove = (in->options & SP_DRIVE_IO_DELETE_ON_CLOSE) != 0;
	*how = made                                ? SP_DRIVE_IO_SUPERSEDED
			: empties(in->disposition) ? SP_DRIVE_IO_OVERWRITTEN
						   : SP_DRIVE_IO_OPENED;
	*out = f;
	return SP_DRIVE_OK;
}

void sp_drive_fs_drop(struct sp_drive_fs_file *f)
{
	if (f->list) {
		closedir(f->list);
	}
	sp_fd_close(&f->fd);
	sp_free(f->path);
	*f = (struct sp_drive_fs_file){.fd = -1};
}

/* Removes the name, if it is still that of the file. */
static uint32_t remove_it(const struct sp_drive_fs *fs, const struct sp_drive_fs_file *f)
{
	struct stat open_one, named;
	const char *name;

	if (f->path[0] == '\0') {
		return SP_DRIVE_CANNOT_DELETE;
	}
	int parent = open_parent(fs, f->path, &name);
	if (parent < 0) {
		return sp_drive_fs_status(errno);
	}
	uint32_t status = SP_DRIVE_OK;
	if (fstat(f->fd, &open_one) != 0 ||
			fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) != 0 ||
			!same(&open_one, &named)) {
		status = SP_DRIVE_NO_SUCH_FILE;
	} else if (unlinkat(parent, name, f->directory ? AT_REMOVEDIR : 0) != 0) {
		status = sp_drive_fs_status(errno);
	}
	sp_fd_close(&parent);
	return status;
}

uint32_t sp_drive_fs_close(const struct sp_drive_fs *fs, struct sp_drive_fs_file *f)
{
	uint32_t status = f->remove ? remove_it(fs, f) : SP_DRIVE_OK;

	sp_drive_fs_drop(f);
	return status;
}

/* ---- bytes ---- */

static bool fits_file(uint64_t offset, size_t n)
{
	return offset <= INT64_MAX && n <= INT64_MAX - offset;
}

uint32_t sp_drive_fs_read(struct sp_drive_fs_file *f, uint64_t offset, void *p, size_t *n)
{
	size_t room = *n;

	*n = 0;
	if (f->directory) {
		return SP_DRIVE_IS_DIRECTORY;
	}
	if (f->meta) {
		return SP_DRIVE_ACCESS_DENIED;
	}
	if (!fits_file(offset, room)) {
		return SP_DRIVE_INVALID_PARAMETER;
	}
	while (*n < room) {
		ssize_t got = pread(f->fd, (char *)p + *n, room - *n, (off_t)(offset + *n));

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return *n > 0 ? SP_DRIVE_OK : sp_drive_fs_status(errno);
		}
		if (got == 0) {
			break;
		}
		*n += (size_t)got;
	}
	return SP_DRIVE_OK;
}

uint32_t sp_drive_fs_write(struct sp_drive_fs_file *f, uint64_t offset, struct sp_span data)
{
	struct stat st;

	if (!f->writable) {
		return SP_DRIVE_ACCESS_DENIED;
	}
	if (offset == UINT64_MAX) {
		if (fstat(f->fd, &st) != 0) {
			return sp_drive_fs_status(errno);
		}
		offset = (uint64_t)st.st_size;
	}
	if (!fits_file(offset, data.n)) {
		return SP_DRIVE_INVALID_PARAMETER;
	}
	for (size_t n = 0; n < data.n;) {
		ssize_t put = pwrite(f->fd, data.p + n, data.n - n, (off_t)(offset + n));

		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put <= 0) {
			return sp_drive_fs_status(put < 0 ? errno : EIO);
		}
		n += (size_t)put;
	}
	return SP_DRIVE_OK;
}

/* Locks of the open file, not of the process, so that two handles do not share them. */
static int lock_range(int fd, short type, struct sp_drive_io_range range)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET};

	if (range.offset > INT64_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (range.n == 0) {
		return 0; /* nothing; to fcntl it would be all */
	}
	l.l_start = (off_t)range.offset;
	l.l_len = range.n > INT64_MAX - range.offset ? 0 : (off_t)range.n;
	return fcntl(fd, F_OFD_SETLK, &l);
}

uint32_t sp_drive_fs_lock(struct sp_drive_fs_file *f, const struct sp_drive_io_locks *l)
{
	short type = l->operation == SP_DRIVE_IO_LOCK_SHARED         ? F_RDLCK
			: l->operation == SP_DRIVE_IO_LOCK_EXCLUSIVE ? F_WRLCK
								     : F_UNLCK;

	if (f->directory) {
		return SP_DRIVE_INVALID_PARAMETER;
	}
	for (uint32_t i = 0; i < l->n; i++) {
		if (lock_range(f->fd, type, sp_drive_io_range_at(l, i)) == 0) {
			continue;
		}
		int error = errno == EACCES ? EAGAIN : errno;
		while (type != F_UNLCK && i-- > 0) {
			(void)lock_range(f->fd, F_UNLCK, sp_drive_io_range_at(l, i));
		}
		return sp_drive_fs_status(error);
	}
	return SP_DRIVE_OK;
}

/* ---- what is told ---- */

uint32_t sp_drive_fs_attributes(const struct stat *st, const char *name)
{
	uint32_t a = 0;

	if (S_ISDIR(st->st_mode)) {
		a |= SP_DRIVE_INFO_IS_DIRECTORY;
	} else if (!(st->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH))) {
		a |= SP_DRIVE_INFO_READONLY;
	}
	if (name[0] == '.') {
		a |= SP_DRIVE_INFO_HIDDEN;
	}
	return a ? a : SP_DRIVE_INFO_NORMAL;
}

static uint64_t filetime(struct timespec t)
{
	/* Before 1678 and after 2262 nanoseconds do not fit; nobody has such files. */
	if (t.tv_sec > INT64_MAX / 1000000000 - 1 || t.tv_sec < INT64_MIN / 1000000000 + 1) {
		return SP_DRIVE_INFO_EPOCH;
	}
	return sp_drive_info_filetime((int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
}

/* Linux tells no time of creation here: the earlier one of the two it has. */
static uint64_t created(const struct stat *st)
{
	uint64_t a = filetime(st->st_mtim), b = filetime(st->st_ctim);

	return a < b ? a : b;
}

static const char *name_of(const struct sp_drive_fs_file *f)
{
	const char *slash = strrchr(f->path, '/');

	return slash ? slash + 1 : f->path;
}

uint32_t sp_drive_fs_query(const struct sp_drive_fs_file *f, uint32_t info_class, struct sp_wr *w)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0) {
		return sp_drive_fs_status(errno);
	}
	uint32_t attributes = sp_drive_fs_attributes(&st, name_of(f));
	if (info_class == SP_DRIVE_INFO_BASIC) {
		struct sp_drive_info_basic basic = {created(&st), filetime(st.st_atim),
				filetime(st.st_mtim), filetime(st.st_ctim), attributes};
		sp_drive_info_basic_write(w, &basic);
	} else if (info_class == SP_DRIVE_INFO_STANDARD) {
		struct sp_drive_info_standard standard = {(uint64_t)st.st_blocks * 512,
				f->directory ? 0 : (uint64_t)st.st_size, (uint32_t)st.st_nlink,
				f->remove, f->directory};
		sp_drive_info_standard_write(w, &standard);
	} else if (info_class == SP_DRIVE_INFO_ATTRIBUTE_TAG) {
		struct sp_drive_info_tag tag = {attributes, 0};
		sp_drive_info_tag_write(w, &tag);
	} else {
		return SP_DRIVE_INVALID_CLASS;
	}
	return sp_wr_ok(w) == SP_OK ? SP_DRIVE_OK : SP_DRIVE_NO_MEMORY;
}

static struct sp_span label_of(const char *text, uint8_t *buf, size_t cap)
{
	struct sp_wr w;

	sp_wr_fixed(&w, buf, cap);
	sp_utf16_write(&w, text);
	return sp_span(buf, sp_wr_ok(&w) == SP_OK ? w.n : 0);
}

static void volume_size(const struct statvfs *v, struct sp_drive_info_size *out)
{
	uint64_t unit = UNIT_SECTORS * SECTOR, frag = v->f_frsize ? v->f_frsize : unit;

	/* In units of our own: a file system's may be larger than some expect. */
	out->total = frag >= unit ? v->f_blocks * (frag / unit) : v->f_blocks / (unit / frag);
	out->available = frag >= unit ? v->f_bavail * (frag / unit) : v->f_bavail / (unit / frag);
	out->free = frag >= unit ? v->f_bfree * (frag / unit) : v->f_bfree / (unit / frag);
	out->sectors = UNIT_SECTORS;
	out->bytes = SECTOR;
}

uint32_t sp_drive_fs_volume(const struct sp_drive_fs *fs, uint32_t info_class, struct sp_wr *w)
{
	uint8_t buf[2 * sizeof(fs->label)];
	struct sp_drive_info_volume volume = {.label = {NULL, 0}};
	struct sp_drive_info_size size;
	struct sp_drive_info_device device = {SP_DRIVE_INFO_DISK, SP_DRIVE_INFO_REMOTE};
	struct sp_drive_info_fs kind = {.max_name = 255};
	struct statvfs v;
	struct stat st;

	if (fstatvfs(fs->root, &v) != 0 || fstat(fs->root, &st) != 0) {
		return sp_drive_fs_status(errno);
	}
	switch (info_class) {
	case SP_DRIVE_INFO_VOLUME:
		volume.created = created(&st);
		volume.serial = (uint32_t)st.st_dev;
		volume.label = label_of(fs->label, buf, sizeof(buf));
		sp_drive_info_volume_write(w, &volume);
		break;
	case SP_DRIVE_INFO_SIZE:
	case SP_DRIVE_INFO_FULL_SIZE:
		volume_size(&v, &size);
		sp_drive_info_size_write(w, info_class == SP_DRIVE_INFO_FULL_SIZE, &size);
		break;
	case SP_DRIVE_INFO_DEVICE:
		sp_drive_info_device_write(w, &device);
		break;
	case SP_DRIVE_INFO_FS:
		/* The name decides what Windows believes of sizes: with others 4 GiB are the end. */
		kind.flags = SP_DRIVE_INFO_FS_CASE_SENSITIVE | SP_DRIVE_INFO_FS_CASE_PRESERVED |
				SP_DRIVE_INFO_FS_UNICODE |
				(fs->read_only ? SP_DRIVE_INFO_FS_READ_ONLY : 0);
		kind.name = label_of("NTFS", buf, sizeof(buf));
		sp_drive_info_fs_write(w, &kind);
		break;
	default:
		return SP_DRIVE_INVALID_CLASS;
	}
	return sp_wr_ok(w) == SP_OK ? SP_DRIVE_OK : SP_DRIVE_NO_MEMORY;
}

/* ---- what is changed ---- */

static struct timespec time_of(uint64_t ft)
{
	struct timespec t = {.tv_nsec = UTIME_OMIT};

	/* 0 leaves it, as do the highest numbers ([MS-FSCC] 2.4.7: -1 and -2). */
	if (ft != 0 && ft < UINT64_MAX - 1) {
		int64_t ns = sp_drive_info_unix(ft);

		t.tv_sec = ns / 1000000000;
		t.tv_nsec = ns % 1000000000;
		if (t.tv_nsec < 0) {
			t.tv_nsec += 1000000000;
			t.tv_sec--;
		}
	}
	return t;
}

static uint32_t set_basic(struct sp_drive_fs_file *f, const struct sp_drive_info_basic *basic)
{
	struct timespec times[2] = {time_of(basic->accessed), time_of(basic->written)};
	struct stat st;

	if (!f->directory && basic->attributes != 0) {
		if (fstat(f->fd, &st) != 0) {
			return sp_drive_fs_status(errno);
		}
		mode_t mode = st.st_mode & 07777;
		bool was = !(mode & (S_IWUSR | S_IWGRP | S_IWOTH));
		bool want = basic->attributes & SP_DRIVE_INFO_READONLY;
		mode_t now = want ? mode & ~(mode_t)(S_IWUSR | S_IWGRP | S_IWOTH) : mode | S_IWUSR;
		if (was != want && fchmod(f->fd, now) != 0) {
			return sp_drive_fs_status(errno);
		}
	}
	if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT) {
		return SP_DRIVE_OK;
	}
	return futimens(f->fd, times) == 0 ? SP_DRIVE_OK : sp_drive_fs_status(errno);
}

static uint32_t set_size(struct sp_drive_fs_file *f, uint64_t size, bool only_smaller)
{
	struct stat st;

	if (!f->writable) {
		return SP_DRIVE_ACCESS_DENIED;
	}
	if (!(size <= INT64_MAX)) {
		return SP_DRIVE_INVALID_PARAMETER;
	}
	if (only_smaller && (fstat(f->fd, &st) != 0 || size >= (uint64_t)st.st_size)) {
		return SP_DRIVE_OK;
	}
	return ftruncate(f->fd, (off_t)size) == 0 ? SP_DRIVE_OK : sp_drive_fs_status(errno);
}

/* Says no already now where it would not go later. */
static uint32_t set_remove(struct sp_drive_fs_file *f, bool remove)
{
	struct dirent *e;
	uint32_t status = SP_DRIVE_OK;

	if (remove && f->path[0] == '\0') {
		return SP_DRIVE_CANNOT_DELETE;
	}
	if (remove && f->directory) {
		int fd = open_beneath(f->fd, "", O_RDONLY | O_DIRECTORY, 0);
		DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

		if (d == NULL) {
			status = sp_drive_fs_status(errno);
			sp_fd_close(&fd);
			return status;
		}
		while ((e = readdir(d)) != NULL && status == SP_DRIVE_OK) {
			if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
				status = SP_DRIVE_DIRECTORY_NOT_EMPTY;
			}
		}
		closedir(d);
	}
	f->remove = remove && status == SP_DRIVE_OK;
	return status;
}

/* Only over what could have been opened here, however it came into the directory. */
static int rename_over(int old, const char *from, int new, const char *to)
{
	struct stat st;

	if (fstatat(new, to, &st, AT_SYMLINK_NOFOLLOW) == 0 && !ordinary(&st)) {
		errno = EACCES;
		return -1;
	}
	return renameat(old, from, new, to);
}

static uint32_t rename_it(const struct sp_drive_fs *fs, struct sp_drive_fs_file *f,
		const struct sp_drive_info_rename *in)
{
	char path[SP_DRIVE_FS_PATH];
	struct stat open_one, named;
	const char *from, *to;
	uint32_t status = path_of(fs, in->path, path);

	if (status != SP_DRIVE_OK) {
		return status;
	}
	if (path[0] == '\0' || f->path[0] == '\0') {
		return SP_DRIVE_ACCESS_DENIED;
	}
	char *kept = sp_strdup(path);
	int old = open_parent(fs, f->path, &from), new = open_parent(fs, path, &to);
	if (kept == NULL) {
		status = SP_DRIVE_NO_MEMORY;
	} else if (old < 0 || new < 0) {
		status = SP_DRIVE_PATH_NOT_FOUND;
	} else if (fstat(f->fd, &open_one) != 0 ||
			fstatat(old, from, &named, AT_SYMLINK_NOFOLLOW) != 0 ||
			!same(&open_one, &named)) {
		status = SP_DRIVE_NO_SUCH_FILE;
	} else if ((in->replace ? rename_over(old, from, new, to)
				: renameat2(old, from, new, to, RENAME_NOREPLACE)) != 0) {
		status = sp_drive_fs_status(errno);
	} else {
		sp_free(f->path);
		f->path = kept;
		kept = NULL;
	}
	sp_free(kept);
	sp_fd_close(&old);
	sp_fd_close(&new);
	return status;
}

uint32_t sp_drive_fs_set(const struct sp_drive_fs *fs, struct sp_drive_fs_file *f,
		const struct sp_drive_io_info *in)
{
	struct sp_drive_info_basic basic;
	struct sp_drive_info_rename rename;
	uint64_t size;
	bool remove;
	struct sp_rd r;

	if (fs->read_only) {
		return SP_DRIVE_WRITE_PROTECTED;
	}
	sp_rd_init(&r, in->buffer.p, in->buffer.n);
	switch (in->class) {
	case SP_DRIVE_INFO_BASIC:
		return sp_drive_info_basic_read(&r, &basic) == SP_OK ? set_basic(f, &basic)
								     : SP_DRIVE_INVALID_PARAMETER;
	case SP_DRIVE_INFO_END_OF_FILE:
	case SP_DRIVE_INFO_ALLOCATION:
		return sp_drive_info_u64_read(&r, &size) == SP_OK
				? set_size(f, size, in->class == SP_DRIVE_INFO_ALLOCATION)
				: SP_DRIVE_INVALID_PARAMETER;
	case SP_DRIVE_INFO_DISPOSITION:
		return sp_drive_info_disposition_read(&r, &remove) == SP_OK
				? set_remove(f, remove)
				: SP_DRIVE_INVALID_PARAMETER;
	case SP_DRIVE_INFO_RENAME:
		return sp_drive_info_rename_read(&r, &rename) == SP_OK ? rename_it(fs, f, &rename)
								       : SP_DRIVE_INVALID_PARAMETER;
	default:
		return SP_DRIVE_INVALID_CLASS;
	}
}

/* ---- directories ---- */

static uint32_t lower(uint32_t c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool sp_drive_fs_fits(const char *pattern, const char *name)
{
	const char *star = NULL, *resume = NULL;

	/* "*.*" is everything, and '<' and '"' are what Windows makes of '*' and '.' before a dot. */
	if (strcmp(pattern, "*.*") == 0) {
		return true;
	}
	while (*name != '\0') {
		const char *p = pattern, *n = name;
		uint32_t c = *p ? sp_utf8_next(&p) : 0, is = sp_utf8_next(&n);

		if (c == '*' || c == '<') {
			star = pattern = p;
			resume = name;
		} else if (c != 0 &&
				(c == '?' || c == '>' || lower(c) == lower(is) ||
						(c == '"' && is == '.'))) {
			pattern = p;
			name = n;
		} else if (star) {
			(void)sp_utf8_next(&resume);
			name = resume;
			pattern = star;
		} else {
			return false;
		}
	}
	while (*pattern == '*' || *pattern == '<' || *pattern == '>' || *pattern == '"') {
		pattern++;
	}
	return *pattern == '\0';
}

/* The last part of the path, which is no name: it may have wildcards. */
static bool pattern_of(struct sp_span path, char out[SP_DRIVE_FS_PATTERN])
{
	size_t at = path.n & ~(size_t)1;

	while (at >= 2 && !is_separator(path.p + at - 2)) {
		at -= 2;
	}
	if (!sp_utf16_to_utf8(sp_span(path.p + at, path.n - at), out, SP_DRIVE_FS_PATTERN)) {
		return false;
	}
	if (out[0] == '\0') {
		memcpy(out, "*", 2);
	}
	return true;
}

static uint32_t begin_list(struct sp_drive_fs_file *f, struct sp_span path)
{
	if (!pattern_of(path, f->pattern)) {
		return SP_DRIVE_NAME_INVALID;
	}
	if (f->list) {
		rewinddir(f->list);
		return SP_DRIVE_OK;
	}
	int fd = open_beneath(f->fd, "", O_RDONLY | O_DIRECTORY, 0);
	f->list = fd >= 0 ? fdopendir(fd) : NULL;
	if (f->list == NULL) {
		uint32_t status = sp_drive_fs_status(errno);

		sp_fd_close(&fd);
		return status;
	}
	return SP_DRIVE_OK;
}

/* False when it is nothing that could be opened. */
static bool entry_of(
		struct sp_drive_fs_file *f, const char *name, uint32_t info_class, struct sp_wr *w)
{
	uint8_t utf16[SP_DRIVE_INFO_MAX_NAME];
	struct sp_drive_info_entry e;
	char back[SP_WIRE_NAME_TEXT];
	struct sp_wr text;
	struct stat st;

	sp_wr_fixed(&text, utf16, sizeof(utf16));
	if (sp_wire_name_write(&text, name) != SP_NAME_FINE || sp_wr_ok(&text) != SP_OK ||
			fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !ordinary(&st)) {
		return false;
	}
	/* The other name that goes out like this one has it, if it is there. */
	if (sp_wire_file_read(sp_span(utf16, text.n), back) == SP_WIRE_FILE_MAPPED &&
			strcmp(back, name) != 0 &&
			faccessat(f->fd, back, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		return false;
	}
	e = (struct sp_drive_info_entry){.created = created(&st),
			.accessed = filetime(st.st_atim),
			.written = filetime(st.st_mtim),
			.changed = filetime(st.st_ctim),
			.size = S_ISDIR(st.st_mode) ? 0 : (uint64_t)st.st_size,
			.allocation = (uint64_t)st.st_blocks * 512,
			.attributes = sp_drive_fs_attributes(&st, name),
			.name = sp_span(utf16, text.n)};
	sp_drive_info_entry_write(w, info_class, &e);
	return true;
}

uint32_t sp_drive_fs_list(
		struct sp_drive_fs_file *f, const struct sp_drive_io_directory *in, struct sp_wr *w)
{
	struct dirent *e;

	if (!f->directory) {
		return SP_DRIVE_NOT_DIRECTORY;
	}
	if (in->class != SP_DRIVE_INFO_DIRECTORY && in->class != SP_DRIVE_INFO_FULL_DIRECTORY &&
			in->class != SP_DRIVE_INFO_BOTH_DIRECTORY &&
			in->class != SP_DRIVE_INFO_NAMES) {
		return SP_DRIVE_INVALID_CLASS;
	}
	if (in->initial) {
		uint32_t status = begin_list(f, in->path);

		if (status != SP_DRIVE_OK) {
			return status;
		}
	}
	if (f->list == NULL) {
		return SP_DRIVE_INVALID_PARAMETER;
	}
	while ((e = readdir(f->list)) != NULL) {
		if (sp_drive_fs_fits(f->pattern, e->d_name) &&
				entry_of(f, e->d_name, in->class, w)) {
			return sp_wr_ok(w) == SP_OK ? SP_DRIVE_OK : SP_DRIVE_NO_MEMORY;
		}
	}
	return in->initial ? SP_DRIVE_NO_SUCH_FILE : SP_DRIVE_NO_MORE_FILES;
}
