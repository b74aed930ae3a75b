/* desk/session/urilist.c - see urilist.h. */
#include "desk/session/urilist.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SCHEME "file:"
#define HOST_MAX 256

void sp_urilist_begin(struct sp_wr *w, enum sp_urilist_form form)
{
	if (form == SP_URILIST_GNOME) {
		sp_wr_put(w, "copy", 4);
	}
}

/* What RFC 3986 lets stand in a path as it is. */
static bool plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			(c != 0 && strchr("-._~/", c));
}

void sp_urilist_add(struct sp_wr *w, enum sp_urilist_form form, const char *path)
{
	static const char digit[] = "0123456789ABCDEF";

	if (form == SP_URILIST_GNOME) {
		sp_wr_u8(w, '\n');
	}
	sp_wr_put(w, "file://", 7);
	for (const char *p = path; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (plain(c)) {
			sp_wr_u8(w, c);
		} else {
			sp_wr_u8(w, '%');
			sp_wr_u8(w, (uint8_t)digit[c >> 4]);
			sp_wr_u8(w, (uint8_t)digit[c & 15]);
		}
	}
	if (form == SP_URILIST_PLAIN) {
		sp_wr_put(w, "\r\n", 2);
	}
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "//host" before the path: none, localhost, or our name. */
static bool skip_host(struct sp_span *uri)
{
	char ours[HOST_MAX] = "";
	size_t n = 0;

	if (uri->n < 2 || uri->p[0] != '/' || uri->p[1] != '/') {
		return true;
	}
	uri->p += 2;
	uri->n -= 2;
	while (n < uri->n && uri->p[n] != '/') {
		n++;
	}
	const char *host = (const char *)uri->p;
	uri->p += n;
	uri->n -= n;
	if (n == 0 || (n == 9 && strncasecmp(host, "localhost", n) == 0)) {
		return true;
	}
	return gethostname(ours, sizeof(ours) - 1) == 0 && strlen(ours) == n &&
			strncasecmp(host, ours, n) == 0;
}

static bool path_of(struct sp_span uri, char path[SP_URILIST_PATH])
{
	size_t n = 0;

	if (uri.n < sizeof(SCHEME) ||
			strncasecmp((const char *)uri.p, SCHEME, sizeof(SCHEME) - 1) != 0) {
		return false;
	}
	uri.p += sizeof(SCHEME) - 1;
	uri.n -= sizeof(SCHEME) - 1;
	if (!skip_host(&uri) || uri.n == 0 || uri.p[0] != '/') {
		return false;
	}
	for (size_t i = 0; i < uri.n; i++) {
		uint8_t c = uri.p[i];

		if (c == '%') {
			if (uri.n - i < 3 || hex(uri.p[i + 1]) < 0 || hex(uri.p[i + 2]) < 0) {
				return false;
			}
			c = (uint8_t)(hex(uri.p[i + 1]) << 4 | hex(uri.p[i + 2]));
			i += 2;
		}
		if (c == 0 || n + 1 >= SP_URILIST_PATH) {
			return false;
		}
		path[n++] = (char)c;
	}
	while (n > 1 && path[n - 1] == '/') {
		n--;
	}
	path[n] = '\0';
	return true;
}

bool sp_urilist_next(struct sp_span *rest, char path[SP_URILIST_PATH])
{
	while (rest->n > 0) {
		size_t n = 0, skip;

		while (n < rest->n && rest->p[n] != '\n') {
			n++;
		}
		struct sp_span line = sp_span(rest->p, n);
		skip = n < rest->n ? n + 1 : n;
		rest->p += skip;
		rest->n -= skip;
		/* Some programs end the list with a NUL. */
		while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\0')) {
			line.n--;
		}
		if (path_of(line, path)) {
			return true;
		}
	}
	return false;
}
