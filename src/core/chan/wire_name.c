/* core/chan/wire_name.c - see wire_name.h. */
#include "core/chan/wire_name.h"

#include <string.h>

#include "core/base/utf16.h"

#define PRIVATE 0xF000u /* + an ASCII character that Windows forbids */
#define BAD 0xFFFD

const char *sp_name_fault_text(enum sp_name_fault fault)
{
	static const char *const text[] = {
			[SP_NAME_FINE] = "fine",
			[SP_NAME_EMPTY] = "is empty",
			[SP_NAME_LONG] = "is too long",
			[SP_NAME_ABSOLUTE] = "leads out of its folder",
			[SP_NAME_DOTS] = "has a part of dots",
			[SP_NAME_CONTROL] = "has a control character",
			[SP_NAME_BROKEN] = "is no Unicode",
			[SP_NAME_CHARACTER] = "has a forbidden character",
			[SP_NAME_DEVICE] = "names a device",
			[SP_NAME_TRAILING] = "ends in a dot or blank",
	};

	return text[fault];
}

bool sp_name_harmful(enum sp_name_fault fault)
{
	return fault != SP_NAME_FINE && fault < SP_NAME_CHARACTER;
}

static bool is_forbidden(uint32_t c)
{
	return c != 0 && c < 0x80 && strchr("<>:\"|?*", (int)c) != NULL;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Without letter case; b is lower case. */
static bool starts_with(const char *a, size_t n, const char *b)
{
	size_t i;

	for (i = 0; b[i] != '\0'; i++) {
		if (i == n || (a[i] >= 'A' && a[i] <= 'Z' ? a[i] - 'A' + 'a' : a[i]) != b[i]) {
			return false;
		}
	}
	return true;
}

/*
 * Whether Windows takes the part for a device: by what stands before the first dot or colon, and
 * without the blanks there. The digits of COM and LPT may be superscript.
 */
static bool is_device(const char *part, size_t n)
{
	static const char *const plain[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
	static const char *const numbered[] = {"com", "lpt"};
	static const char *const super[] = {"\xC2\xB9", "\xC2\xB2", "\xC2\xB3"};
	size_t base = 0;

	while (base < n && part[base] != '.' && part[base] != ':') {
		base++;
	}
	while (base > 0 && part[base - 1] == ' ') {
		base--;
	}
	for (size_t i = 0; i < SP_LEN(plain); i++) {
		if (base == strlen(plain[i]) && starts_with(part, base, plain[i])) {
			return true;
		}
	}
	for (size_t i = 0; i < SP_LEN(numbered); i++) {
		if (!starts_with(part, base, numbered[i])) {
			continue;
		}
		if (base == 4 && part[3] >= '0' && part[3] <= '9') {
			return true;
		}
		for (size_t k = 0; base == 5 && k < SP_LEN(super); k++) {
			if (memcmp(part + 3, super[k], 2) == 0) {
				return true;
			}
		}
	}
	return false;
}

/* ---- from the wire ---- */

static uint32_t unit(struct sp_span s, size_t i)
{
	return s.p[2 * i] | (uint32_t)s.p[2 * i + 1] << 8;
}

/* The character at *i, which moves behind it; 0 where there is none. */
static uint32_t take(struct sp_span s, size_t *i)
{
	uint32_t c = unit(s, *i);

	(*i)++;
	if (c < 0xD800 || c > 0xDFFF) {
		return c;
	}
	if (c >= 0xDC00 || *i == s.n / 2) {
		return 0;
	}
	uint32_t low = unit(s, *i);
	if (!(low >= 0xDC00 && low <= 0xDFFF)) {
		return 0;
	}
	(*i)++;
	return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

/* The separators of the wire end a part; those from the private area are characters of it. */
struct part {
	char *text;
	size_t n;
	bool was_forbidden, was_trailing, was_private_end, was_private_start;
};

/* What Windows would make of it, once a part is whole; harmful faults first. */
static enum sp_name_fault judge_part(const struct part *p, bool first)
{
	const char *t = p->text;

	if (p->n == 0) {
		return SP_NAME_EMPTY;
	}
	if (p->n > SP_WIRE_NAME_PART) {
		return SP_NAME_LONG;
	}
	if ((t[0] == '.' && p->n == 1) || (t[0] == '.' && t[1] == '.' && p->n == 2)) {
		return SP_NAME_DOTS;
	}
	if (first && p->was_forbidden && p->n >= 2 && is_letter((uint8_t)t[0]) && t[1] == ':') {
		return SP_NAME_ABSOLUTE;
	}
	if (p->was_forbidden) {
		return SP_NAME_CHARACTER;
	}
	if (!p->was_private_start && is_device(t, p->n)) {
		return SP_NAME_DEVICE;
	}
	if (p->was_trailing && !p->was_private_end) {
		return SP_NAME_TRAILING;
	}
	return SP_NAME_FINE;
}

/* Takes back what sp_wire_name_write() wrote for a character that Windows forbids. */
static uint32_t from_private(uint32_t c, bool at_start, bool at_end)
{
	uint32_t ascii = c - PRIVATE;

	if (!(c > PRIVATE && ascii < 0x80)) {
		return c;
	}
	if (is_forbidden(ascii) || ascii == '\\') {
		return ascii;
	}
	if (at_end && (ascii == '.' || ascii == ' ')) {
		return ascii;
	}
	return at_start && is_letter(ascii) ? ascii : c;
}

static bool ends_part(struct sp_span s, size_t i)
{
	uint32_t c = i < s.n / 2 ? unit(s, i) : 0;

	return c == 0 || c == '/' || c == '\\';
}

static enum sp_name_fault worse(enum sp_name_fault a, enum sp_name_fault b)
{
	if (sp_name_harmful(a) || b == SP_NAME_FINE) {
		return a;
	}
	return sp_name_harmful(b) || a == SP_NAME_FINE ? b : a;
}

/*
 * One part into out. A letter from the private area at its start stays what it is unless the part
 * would name a device without it, for only then was it written so.
 */
static enum sp_name_fault read_part(struct sp_span s, size_t *at, bool first, char *out, size_t *n)
{
	struct part p = {.text = out};
	size_t i = *at, start = i;
	char kept[4];
	size_t kept_n = 0;

	while (!ends_part(s, i)) {
		size_t here = i;
		uint32_t raw = take(s, &i);

		if (raw == 0) {
			return SP_NAME_BROKEN;
		}
		if (is_control(raw)) {
			return SP_NAME_CONTROL;
		}
		bool at_end = ends_part(s, i);
		uint32_t c = from_private(raw, here == start, at_end);

		p.was_forbidden |= c == raw && is_forbidden(c);
		p.was_trailing = c == '.' || c == ' ';
		p.was_private_end = p.was_trailing && c != raw;
		if (here == start && c != raw && is_letter(c)) {
			p.was_private_start = true;
			kept_n = sp_utf8_put(raw, kept);
		}
		p.n += sp_utf8_put(c, out + p.n);
	}
	if (p.was_private_start && !is_device(out, p.n)) {
		memmove(out + kept_n, out + 1, p.n - 1);
		memcpy(out, kept, kept_n);
		p.n += kept_n - 1;
	}
	*at = i;
	*n = p.n;
	return judge_part(&p, first);
}

struct sp_span sp_wire_name_cut(struct sp_span s)
{
	for (size_t i = 0; i < s.n / 2; i++) {
		if (unit(s, i) == 0) {
			return sp_span(s.p, 2 * i);
		}
	}
	return s;
}

static enum sp_name_fault read_all(struct sp_span s, bool single, char *out)
{
	enum sp_name_fault fault = SP_NAME_FINE;
	size_t i = 0, n = 0, part_n;

	if (s.n % 2 != 0) {
		return SP_NAME_BROKEN;
	}
	if (s.n == 0) {
		return SP_NAME_EMPTY;
	}
	if (!(s.n / 2 <= SP_WIRE_NAME_UNITS)) {
		return SP_NAME_LONG;
	}
	if (unit(s, 0) == '/' || unit(s, 0) == '\\') {
		return SP_NAME_ABSOLUTE;
	}
	for (;;) {
		fault = worse(fault, read_part(s, &i, n == 0, out + n, &part_n));
		if (sp_name_harmful(fault)) {
			return fault;
		}
		n += part_n;
		if (i == s.n / 2) {
			out[n] = '\0';
			return fault;
		}
		if (single) {
			return SP_NAME_ABSOLUTE;
		}
		out[n++] = '/';
		i++;
	}
}

static enum sp_name_fault read_name(struct sp_span utf16, bool single, char *out)
{
	enum sp_name_fault fault = read_all(sp_wire_name_cut(utf16), single, out);

	if (sp_name_harmful(fault)) {
		out[0] = '\0';
	}
	return fault;
}

enum sp_name_fault sp_wire_name_read(struct sp_span utf16, char out[SP_WIRE_NAME_TEXT])
{
	return read_name(utf16, false, out);
}

enum sp_name_fault sp_wire_name_read_part(struct sp_span utf16, char out[SP_WIRE_NAME_TEXT])
{
	return read_name(utf16, true, out);
}

void sp_wire_name_show(struct sp_span utf16, char *out, size_t cap)
{
	struct sp_span s = sp_wire_name_cut(sp_span(utf16.p, utf16.n & ~(size_t)1));
	size_t n = 0;

	for (size_t i = 0; i < s.n / 2;) {
		uint32_t c = take(s, &i);
		char text[4];
		size_t len = sp_utf8_put(c == 0 || is_control(c) ? '?' : c, text);

		if (!(n + len < cap)) {
			break;
		}
		memcpy(out + n, text, len);
		n += len;
	}
	out[n] = '\0';
}

/* ---- to the wire ---- */

static void put_unit(struct sp_wr *w, uint32_t c)
{
	if (c >= 0x10000) {
		c -= 0x10000;
		sp_wr_le16(w, (uint16_t)(0xD800 + (c >> 10)));
		c = 0xDC00 + (c & 0x3FF);
	}
	sp_wr_le16(w, (uint16_t)c);
}

static enum sp_name_fault write_part(struct sp_wr *w, const char *part, size_t n)
{
	bool device = is_device(part, n);

	if (n == 0) {
		return SP_NAME_EMPTY;
	}
	if (n > SP_WIRE_NAME_PART) {
		return SP_NAME_LONG;
	}
	if ((part[0] == '.' && n == 1) || (part[0] == '.' && part[1] == '.' && n == 2)) {
		return SP_NAME_DOTS;
	}
	for (const char *s = part; s < part + n;) {
		const char *here = s;
		uint32_t c = sp_utf8_next(&s);
		bool last = s == part + n;

		/* The character itself, which is rare enough, counts as what it stands for. */
		if (c == BAD) {
			return SP_NAME_BROKEN;
		}
		if (is_forbidden(c) || c == '\\' || c < 0x20 || c == 0x7F ||
				(last && (c == '.' || c == ' ')) || (here == part && device)) {
			c += PRIVATE;
		} else if (is_control(c)) {
			return SP_NAME_CONTROL;
		}
		put_unit(w, c);
	}
	return SP_NAME_FINE;
}

static enum sp_name_fault write_all(struct sp_wr *w, const char *path)
{
	size_t before = w->n;

	if (path[0] == '/') {
		return SP_NAME_ABSOLUTE;
	}
	for (;;) {
		const char *slash = strchr(path, '/');
		size_t n = slash ? (size_t)(slash - path) : strlen(path);
		enum sp_name_fault fault = write_part(w, path, n);

		if (fault != SP_NAME_FINE) {
			return fault;
		}
		if (!slash) {
			break;
		}
		sp_wr_le16(w, '\\');
		path = slash + 1;
	}
	return (w->n - before) / 2 <= SP_WIRE_NAME_UNITS ? SP_NAME_FINE : SP_NAME_LONG;
}

enum sp_name_fault sp_wire_name_write(struct sp_wr *w, const char *path)
{
	size_t before = w->n;
	enum sp_name_fault fault = write_all(w, path);

	if (fault != SP_NAME_FINE && sp_wr_ok(w) == SP_OK) {
		sp_wr_shrink(w, w->n - before);
	}
	return fault;
}

/* ---- files of a drive ---- */

/*
 * The part in UTF-8; private: with what sp_wire_name_write() put into the private area taken back,
 * letter: also at the start. 0 when it is no name.
 */
static size_t decode(struct sp_span s, bool private, bool letter, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n / 2;) {
		bool at_start = i == 0;
		uint32_t c = take(s, &i), ascii = c - PRIVATE;

		if (c == 0 || c == '/' || c == '\\' || is_control(c)) {
			return 0;
		}
		if (private && c > PRIVATE && (ascii < 0x20 || ascii == 0x7F)) {
			c = ascii;
		} else if (private) {
			c = from_private(c, at_start && letter, i == s.n / 2);
		}
		n += sp_utf8_put(c, out + n);
	}
	out[n] = '\0';
	return strcmp(out, ".") != 0 && strcmp(out, "..") != 0 ? n : 0;
}

static bool goes_out_as(const char *name, struct sp_span utf16)
{
	uint8_t wire[2 * SP_WIRE_NAME_PART];
	struct sp_wr w;

	sp_wr_fixed(&w, wire, sizeof(wire));
	return write_part(&w, name, strlen(name)) == SP_NAME_FINE && sp_wr_ok(&w) == SP_OK &&
			w.n == utf16.n && memcmp(wire, utf16.p, w.n) == 0;
}

enum sp_wire_file sp_wire_file_read(struct sp_span utf16, char out[SP_WIRE_NAME_TEXT])
{
	struct sp_span s = sp_wire_name_cut(utf16);

	if (s.n % 2 == 0 && 0 < s.n && s.n / 2 <= SP_WIRE_FILE_UNITS) {
		for (int letter = 1; letter >= 0; letter--) {
			if (decode(s, true, letter, out) > 0 && goes_out_as(out, s)) {
				return SP_WIRE_FILE_MAPPED;
			}
		}
		if (decode(s, false, false, out) > 0) {
			return SP_WIRE_FILE_RAW;
		}
	}
	out[0] = '\0';
	return SP_WIRE_FILE_NONE;
}

bool sp_wire_file_write_raw(struct sp_wr *w, const char *name)
{
	size_t units = 0;

	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		return false;
	}
	for (const char *s = name; *s != '\0';) {
		const char *at = s;
		uint32_t c = sp_utf8_next(&s);

		units += c >= 0x10000 ? 2 : 1;
		if (units > SP_WIRE_FILE_UNITS || c == '/' || c == '\\' || is_control(c) ||
				(c == BAD && strncmp(at, "\xEF\xBF\xBD", 3) != 0)) {
			return false;
		}
	}
	sp_utf16_write(w, name);
	return true;
}

bool sp_wire_file_plain(const char *name, char out[SP_WIRE_NAME_TEXT])
{
	uint8_t wire[2 * SP_WIRE_NAME_PART];
	struct sp_wr w;

	sp_wr_fixed(&w, wire, sizeof(wire));
	return write_part(&w, name, strlen(name)) == SP_NAME_FINE && sp_wr_ok(&w) == SP_OK &&
			sp_utf16_to_utf8(sp_span(wire, w.n), out, SP_WIRE_NAME_TEXT);
}
