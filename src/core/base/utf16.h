/* core/base/utf16.h - UTF-16LE of the wire into UTF-8 and back. */
#ifndef SP_CORE_BASE_UTF16_H
#define SP_CORE_BASE_UTF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/wr.h"

/*
 * Writes at most cap - 1 bytes of UTF-8 and a NUL; stops at a NUL unit. Lone surrogates become
 * U+FFFD, an odd last byte is ignored. Returns false when it did not fit (out is cut at a
 * character and still ends with NUL).
 */
bool sp_utf16_to_utf8(struct sp_span in, char *out, size_t cap);
/* Appends s as UTF-16LE without a NUL. Invalid UTF-8 becomes U+FFFD. */
void sp_utf16_write(struct sp_wr *w, const char *s);
/* Number of UTF-16 units that sp_utf16_write would append. */
size_t sp_utf16_units(const char *s);
/*
 * Reads one character of UTF-8 at *s and moves behind it; U+FFFD for an invalid byte. *s must
 * not be at the NUL.
 */
uint32_t sp_utf8_next(const char **s);
/* Writes a character as UTF-8 without a NUL; how many bytes, 1 to 4. */
size_t sp_utf8_put(uint32_t c, char out[4]);
/*
 * Is there nothing to see of the character, or does it move others? Controls, marks without
 * width, of direction and of lines, selectors, tags.
 */
bool sp_char_hides(uint32_t c);

#endif
