/* desk/session/drive_name.c - see drive_name.h. */
#include "desk/session/drive_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/utf16.h"
#include "core/chan/wire_name.h"

#define REPLACEMENT 0xFFFD
#define PRIVATE 0xF000u /* where wire_name.h puts what Windows forbids */
#define LONG_KEPT 220 /* bytes of a name that is too long */

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

/* "...~01234567" with as much before it as sp_drive_name_shorten() keeps. */
static bool is_shortened(const char *name)
{
	const char *tilde = strlen(name) > LONG_KEPT ? strchr(name + LONG_KEPT - 3, '~') : NULL;

	return tilde && tilde <= name + LONG_KEPT && strspn(tilde + 1, "0123456789abcdef") >= 8;
}

bool sp_drive_name_odd(const char *name)
{
	char wire[SP_WIRE_NAME_TEXT];

	return !sp_wire_file_plain(name, wire) || strcmp(name, wire) != 0 || has_private(name) ||
			is_shortened(name);
}

/* Not sp_name_hash(): a file shall have the same name in the next session. */
static uint32_t digest(const char *name)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325);

	for (; *name; name++) {
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001B3);
	}
	return (uint32_t)(h ^ h >> 32);
}

void sp_drive_name_shorten(const char *name, char out[NAME_MAX + 1])
{
	const char *dot = strrchr(name, '.');
	size_t n = LONG_KEPT, end = dot ? strlen(dot) : 0;

	while (((unsigned char)name[n] & 0xC0) == 0x80) {
		n--;
	}
	snprintf(out, NAME_MAX + 1, "%.*s~%08" PRIx32 "%s", (int)n, name, digest(name),
			end <= NAME_MAX - LONG_KEPT - 9 ? dot ? dot : "" : "");
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
	case SP_ESPACE:
		return ENAMETOOLONG;
	case SP_ELIMIT:
		return ENFILE;
	default:
		return EIO;
	}
}
