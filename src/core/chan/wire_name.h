/* core/chan/wire_name.h - names of files as Windows writes them on the wire, judged once for all. */
#ifndef SP_CORE_CHAN_WIRE_NAME_H
#define SP_CORE_CHAN_WIRE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

/*
 * Every name that a peer sends goes through sp_wire_name_read() before it is used or shown, and
 * every name of ours through sp_wire_name_write(). What Windows forbids in names but Unix does
 * not is written into the private use area, as WSL and Cygwin do it (':' is U+F03A), and comes
 * back from there, so that between two of us no name is lost.
 */
#define SP_WIRE_NAME_UNITS 259 /* UTF-16 units of a path, its NUL not counted */
#define SP_WIRE_NAME_PART 255 /* bytes of UTF-8 between two separators */
#define SP_WIRE_FILE_UNITS 255 /* UTF-16 units of a file's name on Windows */
#define SP_WIRE_NAME_TEXT (SP_WIRE_NAME_UNITS * 3 + 1) /* room for a path in UTF-8 with its NUL */

enum sp_name_fault {
	SP_NAME_FINE,
	/* Not to be used on any system. */
	SP_NAME_EMPTY, /* all of it, or between two separators */
	SP_NAME_LONG,
	SP_NAME_ABSOLUTE, /* "\x", "/x", "\\host\x", "\\?\x", "C:x" */
	SP_NAME_DOTS, /* "." or ".." as a part */
	SP_NAME_CONTROL, /* U+0000 to U+001F, U+007F to U+009F, line and paragraph separators */
	SP_NAME_BROKEN, /* no Unicode: a lone surrogate, invalid UTF-8, half a unit */
	/* Not to be used on Windows, and never sent by it. */
	SP_NAME_CHARACTER, /* one of <>:"|?* ; with ':' it could name a stream */
	SP_NAME_DEVICE, /* CON, NUL, COM1, ..., also with an extension */
	SP_NAME_TRAILING, /* a dot or a blank ends a part */
};

/* What stands before the first NUL. */
struct sp_span sp_wire_name_cut(struct sp_span utf16);
/* "names a device"; static, composable. */
const char *sp_name_fault_text(enum sp_name_fault fault);
/* Faults that are one on Unix as well. */
bool sp_name_harmful(enum sp_name_fault fault);

/*
 * A relative path from the wire, UTF-16LE up to its first NUL or its end, into UTF-8 with '/'
 * between its parts, in out (SP_WIRE_NAME_TEXT bytes or more: it always fits). Both '\' and '/'
 * separate. What is FINE is never empty, absolute or "..", on any system. After a harmful fault
 * out is "", after another one it has the name.
 */
sp_nodiscard enum sp_name_fault sp_wire_name_read(
		struct sp_span utf16, char out[SP_WIRE_NAME_TEXT]);
/* The same, for a single part: a separator is a fault (ABSOLUTE). */
sp_nodiscard enum sp_name_fault sp_wire_name_read_part(
		struct sp_span utf16, char out[SP_WIRE_NAME_TEXT]);

/*
 * Appends a relative Unix path as UTF-16LE with '\' between its parts and no NUL; nothing after a
 * fault, which can only be a harmful one other than CONTROL.
 */
sp_nodiscard enum sp_name_fault sp_wire_name_write(struct sp_wr *w, const char *path);

/*
 * What a directory of a drive calls a file, a single part, as Unix shows it: controls come back as
 * well. What would not go out again as it came keeps all its characters, and is RAW: asked for
 * with sp_wire_file_write_raw() only, and only after it was read. A RAW name may have more bytes
 * than SP_WIRE_NAME_PART, which Windows does not count.
 */
enum sp_wire_file {
	SP_WIRE_FILE_NONE, /* no name of a file; out is "" */
	SP_WIRE_FILE_MAPPED, /* sp_wire_name_write() writes it so again */
	SP_WIRE_FILE_RAW,
};
sp_nodiscard enum sp_wire_file sp_wire_file_read(struct sp_span utf16, char out[SP_WIRE_NAME_TEXT]);
/* Appends a single part as it is; false, and nothing, when that would lead out of its folder. */
sp_nodiscard bool sp_wire_file_write_raw(struct sp_wr *w, const char *name);
/*
 * The name with what goes out for it, so in the private area what is forbidden. False for what
 * cannot be written.
 */
sp_nodiscard bool sp_wire_file_plain(const char *name, char out[SP_WIRE_NAME_TEXT]);

/*
 * As much of a name as can be shown, whatever it is: for events and logs, never for opening.
 * Controls and what is no Unicode become '?'; cut at cap.
 */
void sp_wire_name_show(struct sp_span utf16, char *out, size_t cap);

#endif
