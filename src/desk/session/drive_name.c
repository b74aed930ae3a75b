/* desk/session/drive_name.c - see drive_name.h. */
#include "desk/session/drive_name.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/utf16.h"

#define REPLACEMENT 0xFFFD
#define MAX_UNITS 255 /* of one part, in UTF-16 */

static bool is_device(const char *name)
{
	static const char *const plain[] = {"CON", "PRN", "AUX", "NUL"};
	size_t n = strcspn(name, ".");

	while (n > 0 && name[n - 1] == ' ') {
		n--;
	}
	for (size_t i = 0; n == 3 && i < SP_LEN(plain); i++) {
		if (strncasecmp(name, plain[i], 3) == 0) {
			return true;
		}
	}
	bool port = strncasecmp(name, "COM", 3) == 0 || strncasecmp(name, "LPT", 3) == 0;
	return n == 4 && port && '1' <= name[3] && name[3] <= '9';
}

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
	size_t n = strlen(name);

	if (n == 0 || name[n - 1] == ' ' || name[n - 1] == '.') {
		return false;
	}
	for (const char *s = name; *s; s++) {
		if (is_forbidden(*s)) {
			return false;
		}
	}
	return !is_device(name) && is_utf8(name) && sp_utf16_units(name) <= MAX_UNITS;
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

uint32_t sp_drive_hash(uint32_t seed, const char *name)
{
	uint32_t h = 2166136261u ^ seed;

	for (; *name; name++) {
		h = (h ^ (unsigned char)*name) * 16777619u;
	}
	return h ^ (h >> 15);
}
