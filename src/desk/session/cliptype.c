/* desk/session/cliptype.c - see cliptype.h. */
#include "desk/session/cliptype.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "core/base/wr.h"
#include "core/chan/clip_html.h"
#include "core/chan/clip_image.h"
#include "core/chan/clip_text.h"
#include "host/lib/png.h"

#define PICTURE (SP_CLIPBOARD_PNG | SP_CLIPBOARD_DIB | SP_CLIPBOARD_DIBV5)
#define PNG_MAX (2 * SP_CLIPBOARD_DATA_MAX) /* room to make one in, before it is small */
/* Without it programs guess, and take the page of codes of their locale. */
#define META "<meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\">"

static const struct sp_cliptype types[] = {
		{.name = "UTF8_STRING", .from = SP_CLIPBOARD_TEXT},
		{.name = "text/plain;charset=utf-8", .from = SP_CLIPBOARD_TEXT},
		{.name = "text/plain", .from = SP_CLIPBOARD_TEXT},
		{.name = "STRING", .from = SP_CLIPBOARD_TEXT},
		{.name = "TEXT", .type = "UTF8_STRING", .from = SP_CLIPBOARD_TEXT},
		{.name = "text/html", .from = SP_CLIPBOARD_HTML},
		{.name = "text/rtf", .from = SP_CLIPBOARD_RTF},
		{.name = "application/rtf", .from = SP_CLIPBOARD_RTF},
		{.name = "image/png", .from = PICTURE},
		{.name = "image/bmp", .from = PICTURE},
		{.name = "image/jpeg", .from = SP_CLIPBOARD_JPEG},
		{.name = "text/uri-list",
				.from = SP_CLIPBOARD_FILES,
				.kind = SP_CLIPTYPE_URIS,
				.form = SP_URILIST_PLAIN},
		{.name = "x-special/gnome-copied-files",
				.from = SP_CLIPBOARD_FILES,
				.kind = SP_CLIPTYPE_URIS,
				.form = SP_URILIST_GNOME},
		{.name = "application/x-kde-cutselection",
				.from = SP_CLIPBOARD_FILES,
				.kind = SP_CLIPTYPE_MARK},
};

/* What a program is asked for, best first, for each content that is offered to the client. */
static const struct {
	enum sp_clipboard_content content;
	const char *target;
} sources[] = {
		{SP_CLIPBOARD_TEXT, "UTF8_STRING"},
		{SP_CLIPBOARD_TEXT, "text/plain;charset=utf-8"},
		{SP_CLIPBOARD_TEXT, "text/plain"},
		{SP_CLIPBOARD_TEXT, "STRING"},
		{SP_CLIPBOARD_HTML, "text/html"},
		{SP_CLIPBOARD_RTF, "text/rtf"},
		{SP_CLIPBOARD_RTF, "application/rtf"},
		{SP_CLIPBOARD_PNG, "image/png"},
		{SP_CLIPBOARD_DIB, "image/bmp"},
		{SP_CLIPBOARD_DIB, "image/png"},
		{SP_CLIPBOARD_JPEG, "image/jpeg"},
		{SP_CLIPBOARD_FILES, "text/uri-list"},
		{SP_CLIPBOARD_FILES, "x-special/gnome-copied-files"},
};

/* ---- names ---- */

size_t sp_cliptype_of_contents(
		uint32_t contents, const struct sp_cliptype *out[SP_CLIPTYPE_TARGETS])
{
	size_t n = 0;

	for (size_t i = 0; i < SP_LEN(types); i++) {
		if (types[i].from & contents) {
			out[n++] = &types[i];
		}
	}
	return n;
}

enum sp_clipboard_content sp_cliptype_source(const struct sp_cliptype *t, uint32_t contents)
{
	static const enum sp_clipboard_content as_png[] = {
			SP_CLIPBOARD_PNG, SP_CLIPBOARD_DIBV5, SP_CLIPBOARD_DIB};
	static const enum sp_clipboard_content as_bmp[] = {
			SP_CLIPBOARD_DIB, SP_CLIPBOARD_DIBV5, SP_CLIPBOARD_PNG};
	const enum sp_clipboard_content *order =
			strcmp(t->name, "image/bmp") == 0 ? as_bmp : as_png;

	if (t->from != PICTURE) {
		return (enum sp_clipboard_content)(t->from & contents);
	}
	for (size_t i = 0; i < SP_LEN(as_png); i++) {
		if (order[i] & contents) {
			return order[i];
		}
	}
	return 0;
}

static bool among(const char *name, const char *const *targets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(targets[i], name) == 0) {
			return true;
		}
	}
	return false;
}

uint32_t sp_cliptype_contents(const char *const *targets, size_t n)
{
	uint32_t contents = 0;

	for (size_t i = 0; i < SP_LEN(sources); i++) {
		if (among(sources[i].target, targets, n)) {
			contents |= sources[i].content;
		}
	}
	return contents;
}

const char *sp_cliptype_choose(
		enum sp_clipboard_content content, const char *const *targets, size_t n)
{
	for (size_t i = 0; i < SP_LEN(sources); i++) {
		if (sources[i].content == content && among(sources[i].target, targets, n)) {
			return sources[i].target;
		}
	}
	return NULL;
}

/* ---- for programs ---- */

/* STRING is Latin-1 by the conventions of X. */
static void latin1(struct sp_wr *w, struct sp_span utf8)
{
	for (size_t i = 0; i < utf8.n; i++) {
		uint8_t c = utf8.p[i];

		if (c < 0x80) {
			sp_wr_u8(w, c);
		} else if ((c == 0xc2 || c == 0xc3) && i + 1 < utf8.n) {
			sp_wr_u8(w, (uint8_t)((c & 3) << 6 | (utf8.p[++i] & 0x3f)));
		} else if (c >= 0xc0) {
			sp_wr_u8(w, '?');
		}
	}
}

static int text_to_x(const char *target, struct sp_span wire, struct sp_wr *w)
{
	struct sp_wr utf8;

	if (strcmp(target, "STRING") != 0) {
		return sp_clip_text_read(wire, w);
	}
	sp_wr_init(&utf8, w->max);
	int rc = sp_clip_text_read(wire, &utf8);
	if (rc == SP_OK) {
		latin1(w, sp_span(utf8.p, utf8.n));
		rc = sp_wr_ok(w);
	}
	sp_wr_finish(&utf8);
	return rc;
}

static bool mentions(struct sp_span s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.n; i++) {
		if (memcmp(s.p + i, word, n) == 0) {
			return true;
		}
	}
	return false;
}

static int html_to_x(struct sp_span wire, struct sp_wr *w)
{
	struct sp_span whole, fragment;

	if (sp_clip_html_read(wire, &whole, &fragment) != SP_OK) {
		whole = wire;
	}
	while (whole.n > 0 && whole.p[whole.n - 1] == '\0') {
		whole.n--;
	}
	if (!mentions(whole, "charset=")) {
		sp_wr_put(w, META, sizeof(META) - 1);
	}
	sp_wr_span(w, whole);
	return sp_wr_ok(w);
}

static int bmp_of_dib(struct sp_span dib, struct sp_wr *w)
{
	int rc = sp_clip_bmp_head_write(w, dib);

	sp_wr_span(w, dib);
	return rc == SP_OK ? sp_wr_ok(w) : rc;
}

static int bmp_of_png(struct sp_span file, struct sp_wr *w)
{
	struct sp_png png;
	struct sp_wr dib;
	bool alpha;
	int rc = sp_png_decode(file, &png, &alpha);

	if (rc != SP_OK) {
		return rc;
	}
	sp_wr_init(&dib, w->max);
	rc = sp_clip_dib_write(&dib, png.bgrx, (size_t)png.w * 4, png.w, png.h);
	sp_png_finish(&png);
	if (rc == SP_OK) {
		rc = bmp_of_dib(sp_span(dib.p, dib.n), w);
	}
	sp_wr_finish(&dib);
	return rc;
}

static int png_of_dib(struct sp_span dib, struct sp_wr *w)
{
	struct sp_clip_image image;
	int rc = sp_clip_dib_read(dib, &image);

	if (rc == SP_OK) {
		rc = sp_png_encode(
				w, image.bgra, (size_t)image.w * 4, image.w, image.h, image.alpha);
		sp_clip_image_finish(&image);
	}
	return rc;
}

int sp_cliptype_to_x(const struct sp_cliptype *t, enum sp_clipboard_content content,
		struct sp_span wire, struct sp_rcbuf **out)
{
	struct sp_wr w;
	bool bmp = strcmp(t->name, "image/bmp") == 0;
	int rc;

	*out = NULL;
	sp_wr_init(&w, PNG_MAX);
	(void)sp_wr_room(&w, 0);
	if (content == SP_CLIPBOARD_TEXT) {
		rc = text_to_x(t->name, wire, &w);
	} else if (content == SP_CLIPBOARD_HTML) {
		rc = html_to_x(wire, &w);
	} else if (content == SP_CLIPBOARD_PNG && bmp) {
		rc = bmp_of_png(wire, &w);
	} else if (content == SP_CLIPBOARD_DIB || content == SP_CLIPBOARD_DIBV5) {
		rc = bmp ? bmp_of_dib(wire, &w) : png_of_dib(wire, &w);
	} else {
		sp_wr_span(&w, wire);
		rc = sp_wr_ok(&w);
	}
	if (rc == SP_OK) {
		*out = sp_wr_take(&w);
		rc = *out ? SP_OK : SP_ENOMEM;
	}
	sp_wr_finish(&w);
	return rc == SP_ESPACE ? SP_ELIMIT : rc;
}

/* ---- for the client ---- */

static bool is_utf8(struct sp_span s)
{
	for (size_t i = 0; i < s.n;) {
		uint8_t c = s.p[i++];
		size_t more = c < 0x80     ? 0
				: c < 0xc2 ? 4
				: c < 0xe0 ? 1
				: c < 0xf0 ? 2
				: c < 0xf5 ? 3
					   : 4;

		if (more == 4 || more > s.n - i) {
			return false;
		}
		for (; more > 0; more--) {
			if ((s.p[i++] & 0xc0) != 0x80) {
				return false;
			}
		}
	}
	return true;
}

static int text_to_wire(struct sp_span text, struct sp_wr *w)
{
	struct sp_wr utf8;

	if (is_utf8(text)) {
		return sp_clip_text_write(w, text);
	}
	sp_wr_init(&utf8, w->max);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c < 0x80) {
			sp_wr_u8(&utf8, c);
		} else {
			sp_wr_u8(&utf8, (uint8_t)(0xc0 | c >> 6));
			sp_wr_u8(&utf8, (uint8_t)(0x80 | (c & 0x3f)));
		}
	}
	int rc = sp_wr_ok(&utf8);
	if (rc == SP_OK) {
		rc = sp_clip_text_write(w, sp_span(utf8.p, utf8.n));
	}
	sp_wr_finish(&utf8);
	return rc;
}

/* Some programs give HTML in UTF-16, with a mark of its byte order or without. */
static int utf16_html(struct sp_span html, bool big, struct sp_wr *w)
{
	size_t cap = html.n / 2 * 3 + 1;
	uint8_t *units = sp_malloc(html.n + 1);
	char *utf8 = sp_malloc(cap);
	int rc = SP_ENOMEM;

	if (units && utf8) {
		for (size_t i = 0; i + 1 < html.n; i += 2) {
			units[i] = html.p[i + (big ? 1 : 0)];
			units[i + 1] = html.p[i + (big ? 0 : 1)];
		}
		sp_utf16_to_utf8(sp_span(units, html.n & ~(size_t)1), utf8, cap);
		rc = sp_clip_html_write(w, sp_span(utf8, strlen(utf8)));
	}
	sp_free(units);
	sp_free(utf8);
	return rc;
}

static int html_to_wire(struct sp_span html, struct sp_wr *w)
{
	if (html.n >= 2 && html.p[0] == 0xff && html.p[1] == 0xfe) {
		return utf16_html(sp_span(html.p + 2, html.n - 2), false, w);
	}
	if (html.n >= 2 && html.p[0] == 0xfe && html.p[1] == 0xff) {
		return utf16_html(sp_span(html.p + 2, html.n - 2), true, w);
	}
	if (html.n >= 2 && html.p[0] != 0 && html.p[1] == 0) {
		return utf16_html(html, false, w);
	}
	while (html.n > 0 && html.p[html.n - 1] == '\0') {
		html.n--;
	}
	return sp_clip_html_write(w, html);
}

static int dib_to_wire(const char *target, struct sp_span file, struct sp_wr *w)
{
	struct sp_png png;
	struct sp_span dib;
	bool alpha;
	int rc;

	if (strcmp(target, "image/bmp") == 0) {
		rc = sp_clip_bmp_read(file, &dib);
		if (rc == SP_OK) {
			sp_wr_span(w, dib);
			rc = sp_wr_ok(w);
		}
		return rc;
	}
	rc = sp_png_decode(file, &png, &alpha);
	if (rc == SP_OK) {
		rc = sp_clip_dib_write(w, png.bgrx, (size_t)png.w * 4, png.w, png.h);
		sp_png_finish(&png);
	}
	return rc;
}

int sp_cliptype_to_wire(enum sp_clipboard_content content, const char *target, const char *type,
		struct sp_rcbuf *data, struct sp_rcbuf **out)
{
	struct sp_span x = sp_span(data->p, data->n);
	struct sp_wr w;
	int rc;

	if (!(content & (SP_CLIPBOARD_TEXT | SP_CLIPBOARD_HTML | SP_CLIPBOARD_DIB))) {
		*out = sp_rcbuf_ref(data);
		return SP_OK;
	}
	*out = NULL;
	sp_wr_init(&w, SP_CLIPBOARD_DATA_MAX);
	(void)sp_wr_room(&w, 0);
	if (content == SP_CLIPBOARD_TEXT) {
		rc = strcmp(type, "COMPOUND_TEXT") == 0 ? SP_EFIELD : text_to_wire(x, &w);
	} else if (content == SP_CLIPBOARD_HTML) {
		rc = html_to_wire(x, &w);
	} else {
		rc = dib_to_wire(target, x, &w);
	}
	if (rc == SP_OK) {
		*out = sp_wr_take(&w);
		rc = *out ? SP_OK : SP_ENOMEM;
	}
	sp_wr_finish(&w);
	return rc == SP_ESPACE ? SP_ELIMIT : rc;
}
