/* desk/session/drive_name.c - see drive_name.h. */
#include "desk/session/drive_name.h"

#include <errno.h>
#include <string.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/utf16.h"
#include "core/chan/wire_name.h"

#define REPLACEMENT 0xFFFD
#define PRIVATE 0xF000u /* where wire_name.h puts what Windows forbids */

static bool is_utf8(const char *name)
{
	for (const char *s = name; *s;) {
		const char *at = s;
		uint32_t c = sp_utf8_next(&s);

		if (c == REPLACEMENT && strncmp(at, "\xEF\xBF\xBD", 3) != 0) {
			return false;
		}
	}
	return true;
}

static bool is_forbidden(char c)
{
	return (unsigned char)c < ' ' || strchr("<>:\"/\\|?*", c);
}

bool sp_drive_name_ok(const char *name)
{
	char wire[SP_WIRE_NAME_TEXT];

	return strchr(name, '/') == NULL && sp_wire_file_plain(name, wire);
}

static bool has_private(const char *name)
{
	for (const char *s = name; *s;) {
		uint32_t c = sp_utf8_next(&s);

		if (PRIVATE < c && c < PRIVATE + 0x80) {
			return true;
		}
	}
	return false;
}

bool sp_drive_name_odd(const char *name)
{
	char wire[SP_WIRE_NAME_TEXT];

	return !sp_wire_file_plain(name, wire) || strcmp(name, wire) != 0 || has_private(name);
}

void sp_drive_name_folder(const char *name, char *out, size_t cap)
{
	size_t n = 0;

	for (const char *s = name; *s && n + 1 < cap; s++) {
		/* "C:" is the folder C; any other is replaced. */
		if (*s == ':' && !s[1]) {
			break;
		}
		out[n++] = is_forbidden(*s) || *s == 0x7F ? '_' : *s;
	}
	out[n] = 0;
	/* Cut between characters. */
	for (size_t most = n + 1 == cap ? 3 : 0; most > 0 && n > 0 && !is_utf8(out); most--) {
		out[--n] = 0;
	}
	while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '.')) {
		n--;
	}
	out[n] = 0;
	if (n == 0 || out[0] == '.' || !is_utf8(out)) {
		strncpy(out, "drive", cap - 1);
		out[cap - 1] = 0;
	}
}

int sp_drive_errno(enum sp_drive_fail fail)
{
	static const int numbers[] = {
			[SP_DRIVE_FAIL_NONE] = 0,
			[SP_DRIVE_FAIL_IO] = EIO,
			[SP_DRIVE_FAIL_NOENT] = ENOENT,
			[SP_DRIVE_FAIL_EXIST] = EEXIST,
			[SP_DRIVE_FAIL_ACCESS] = EACCES,
			[SP_DRIVE_FAIL_READONLY] = EROFS,
			[SP_DRIVE_FAIL_NOTDIR] = ENOTDIR,
			[SP_DRIVE_FAIL_ISDIR] = EISDIR,
			[SP_DRIVE_FAIL_NOTEMPTY] = ENOTEMPTY,
			[SP_DRIVE_FAIL_NOSPACE] = ENOSPC,
			[SP_DRIVE_FAIL_INVALID] = EINVAL,
			[SP_DRIVE_FAIL_NAMETOOLONG] = ENAMETOOLONG,
			[SP_DRIVE_FAIL_MFILE] = EMFILE,
			[SP_DRIVE_FAIL_NOMEM] = ENOMEM,
			[SP_DRIVE_FAIL_BUSY] = EBUSY,
			[SP_DRIVE_FAIL_AGAIN] = EAGAIN,
			[SP_DRIVE_FAIL_NOTSUP] = EOPNOTSUPP,
			[SP_DRIVE_FAIL_XDEV] = EXDEV,
			[SP_DRIVE_FAIL_BADF] = EIO,
			[SP_DRIVE_FAIL_NODEV] = EIO,
			[SP_DRIVE_FAIL_TIMEDOUT] = EIO,
			[SP_DRIVE_FAIL_CANCELLED] = EINTR,
	};

	return (size_t)fail < SP_LEN(numbers) ? numbers[fail] : EIO;
}

int sp_drive_errno_unsent(int err)
{
	switch (err) {
	case SP_OK:
		return 0;
	case SP_EARG:
		return EINVAL;
	case SP_ENOMEM:
		return ENOMEM;
	case SP_ELIMIT:
		return ENFILE;
	default:
		return EIO;
	}
}
