/* core/chan/clip_html.c - see clip_html.h. */
#include "core/chan/clip_html.h"

#include <stdbool.h>
#include <stdio.h>

#define HEAD_LINES 32
#define HEAD_MAX 2048 /* with a long SourceURL */

static const char start_mark[] = "<!--StartFragment-->", end_mark[] = "<!--EndFragment-->";

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool starts(struct sp_span s, size_t at, const char *text)
{
	size_t n = strlen(text);

	if (!(at <= s.n && n <= s.n - at)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (lower(s.p[at + i]) != lower((uint8_t)text[i])) {
			return false;
		}
	}
	return true;
}

/* Where text begins at or behind from, or SIZE_MAX. */
static size_t find(struct sp_span s, size_t from, const char *text)
{
	while (from < s.n) {
		const uint8_t *hit = memchr(s.p + from, text[0], s.n - from);

		if (!hit) {
			break;
		}
		from = (size_t)(hit - s.p);
		if (starts(s, from, text)) {
			return from;
		}
		from++;
	}
	return SIZE_MAX;
}

/* An element of this name ("<body"), not one that its name begins. */
static size_t find_tag(struct sp_span s, const char *tag)
{
	size_t n = strlen(tag), at = 0;

	while ((at = find(s, at, tag)) != SIZE_MAX) {
		uint8_t next = at + n < s.n ? s.p[at + n] : '>';

		if (next == '>' || next == ' ' || next == '\t' || next == '\r' || next == '\n' ||
				next == '/') {
			return at;
		}
		at += n;
	}
	return SIZE_MAX;
}

static size_t behind_tag(struct sp_span s, size_t at)
{
	const uint8_t *end = memchr(s.p + at, '>', s.n - at);

	return end ? (size_t)(end - s.p) + 1 : SIZE_MAX;
}

/* ---- writing ---- */

/* What goes out around and into the HTML, in order. */
struct pieces {
	const char *before, *behind;
	size_t open, close; /* where the marks go, or SIZE_MAX where they are already */
	size_t fragment, fragment_end; /* offsets into the html as it is */
};

static void plan(struct sp_span html, struct pieces *p)
{
	size_t body = find_tag(html, "<body"), root = find_tag(html, "<html");
	size_t mark = find(html, 0, start_mark);
	size_t end = mark == SIZE_MAX ? SIZE_MAX : find(html, mark, end_mark);

	*p = (struct pieces){.before = "", .behind = "", .open = 0, .close = html.n};
	if (body == SIZE_MAX && root == SIZE_MAX) {
		p->before = "<html><body>\r\n";
		p->behind = "\r\n</body></html>";
	}
	if (end != SIZE_MAX) {
		p->open = p->close = SIZE_MAX;
		p->fragment = mark + strlen(start_mark);
		p->fragment_end = end;
		return;
	}
	if (body != SIZE_MAX && behind_tag(html, body) != SIZE_MAX) {
		p->open = behind_tag(html, body);
	} else if (root != SIZE_MAX && behind_tag(html, root) != SIZE_MAX) {
		p->open = behind_tag(html, root);
	}
	for (size_t at = p->open; (at = find(html, at, "</body")) != SIZE_MAX; at++) {
		p->close = at;
	}
	p->fragment = p->open;
	p->fragment_end = p->close;
}

int sp_clip_html_write(struct sp_wr *w, struct sp_span html)
{
	const uint8_t *nul = html.n > 0 ? memchr(html.p, 0, html.n) : NULL;
	char head[160];
	struct pieces p;

	if (nul) {
		html.n = (size_t)(nul - html.p);
	}
	if (html.n >= 3 && memcmp(html.p, "\xEF\xBB\xBF", 3) == 0) {
		html = sp_span(html.p + 3, html.n - 3);
	}
	if (!(html.n < w->max)) {
		return sp_wr_fail(w, SP_ESPACE);
	}
	plan(html, &p);
	bool marks = p.open != SIZE_MAX;
	size_t n = 0;
	/* Ten digits everywhere, so that the head is as long with its numbers as without. */
	for (int pass = 0; pass < 2; pass++) {
		size_t base = n + strlen(p.before), mark = marks ? strlen(start_mark) : 0;
		size_t all = base + html.n + strlen(p.behind) + mark +
				(marks ? strlen(end_mark) : 0);

		n = (size_t)snprintf(head, sizeof(head),
				"Version:0.9\r\nStartHTML:%010zu\r\nEndHTML:%010zu\r\n"
				"StartFragment:%010zu\r\nEndFragment:%010zu\r\n",
				n, all, base + p.fragment + mark, base + p.fragment_end + mark);
	}
	if (!(n < sizeof(head))) {
		return sp_wr_fail(w, SP_ESPACE);
	}
	sp_wr_put(w, head, n);
	sp_wr_put(w, p.before, strlen(p.before));
	if (marks) {
		sp_wr_put(w, html.p, p.open);
		sp_wr_put(w, start_mark, strlen(start_mark));
		sp_wr_put(w, html.p + p.open, p.close - p.open);
		sp_wr_put(w, end_mark, strlen(end_mark));
		sp_wr_put(w, html.p + p.close, html.n - p.close);
	} else {
		sp_wr_span(w, html);
	}
	sp_wr_put(w, p.behind, strlen(p.behind));
	sp_wr_u8(w, 0);
	return sp_wr_ok(w);
}

/* ---- reading ---- */

struct offsets {
	size_t html, html_end, fragment, fragment_end; /* SIZE_MAX: none */
};

/* A number of at most 15 digits, else SIZE_MAX; "-1" says that there is none. */
static size_t number(struct sp_span s, size_t at, size_t end)
{
	size_t value = 0, digits = 0;

	for (; at < end && s.p[at] >= '0' && s.p[at] <= '9'; at++) {
		value = value * 10 + (s.p[at] - '0');
		if (++digits > 15) {
			return SIZE_MAX;
		}
	}
	return digits > 0 ? value : SIZE_MAX;
}

/* Lines "Key:value" up to the first that is none; returns where that begins. */
static size_t read_head(struct sp_span s, struct offsets *o)
{
	const struct {
		const char *key;
		size_t *to;
	} keys[] = {
			{"StartHTML:", &o->html},
			{"EndHTML:", &o->html_end},
			{"StartFragment:", &o->fragment},
			{"EndFragment:", &o->fragment_end},
	};
	size_t at = 0;

	*o = (struct offsets){SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};
	for (int line = 0; line < HEAD_LINES && at < s.n && at < HEAD_MAX; line++) {
		size_t end = at, next;

		if ((o->html != SIZE_MAX && at >= o->html) ||
				(o->fragment != SIZE_MAX && at >= o->fragment)) {
			break;
		}
		while (end < s.n && s.p[end] != '\r' && s.p[end] != '\n' && s.p[end] != '<') {
			end++;
		}
		if (end == s.n || s.p[end] == '<') {
			break;
		}
		for (size_t i = 0; i < SP_LEN(keys); i++) {
			if (starts(s, at, keys[i].key)) {
				*keys[i].to = number(s, at + strlen(keys[i].key), end);
			}
		}
		next = end + 1;
		if (s.p[end] == '\r' && next < s.n && s.p[next] == '\n') {
			next++;
		}
		at = next;
	}
	return at;
}

int sp_clip_html_read(struct sp_span wire, struct sp_span *whole, struct sp_span *fragment)
{
	const uint8_t *nul = wire.n > 0 ? memchr(wire.p, 0, wire.n) : NULL;
	struct offsets o;

	if (nul) {
		wire.n = (size_t)(nul - wire.p);
	}
	if (!starts(wire, 0, "Version:")) {
		return SP_EFIELD;
	}
	size_t body = read_head(wire, &o);
	/* An end that is a little too far is a common mistake of those who count the NUL. */
	if (o.html_end != SIZE_MAX && o.html_end > wire.n) {
		o.html_end = wire.n;
	}
	if (o.html == SIZE_MAX || o.html_end == SIZE_MAX || !(o.html <= o.html_end) ||
			o.html < body) {
		o.html = body;
		o.html_end = wire.n;
	}
	if (o.fragment_end != SIZE_MAX && o.fragment_end > wire.n) {
		o.fragment_end = wire.n;
	}
	if (o.fragment == SIZE_MAX || o.fragment_end == SIZE_MAX ||
			!(o.fragment <= o.fragment_end) || o.fragment < body) {
		size_t mark = find(wire, body, start_mark);
		size_t end = mark == SIZE_MAX ? SIZE_MAX : find(wire, mark, end_mark);

		o.fragment = end == SIZE_MAX ? o.html : mark + strlen(start_mark);
		o.fragment_end = end == SIZE_MAX ? o.html_end : end;
	}
	*whole = sp_span(wire.p + o.html, o.html_end - o.html);
	*fragment = sp_span(wire.p + o.fragment, o.fragment_end - o.fragment);
	return SP_OK;
}
