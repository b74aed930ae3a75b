/* gate/ship/http.c - see http.h. */
#include "gate/ship/http.h"

#include <stdbool.h>
#include <string.h>

/* The next line without its end (CR LF or LF); false while it is not whole. */
static bool next_line(struct sp_span *rest, struct sp_span *line)
{
	const uint8_t *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;

	if (end == NULL) {
		return false;
	}
	size_t n = (size_t)(end - rest->p);
	*line = sp_span(rest->p, n > 0 && rest->p[n - 1] == '\r' ? n - 1 : n);
	rest->p += n + 1;
	rest->n -= n + 1;
	return true;
}

/* Tabs and what can be seen; bytes from 0x80 on have no meaning, and are let through. */
static bool clean(struct sp_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f) {
			return false;
		}
	}
	return true;
}

static struct sp_span word(struct sp_span *rest)
{
	const uint8_t *space = rest->n > 0 ? memchr(rest->p, ' ', rest->n) : NULL;
	size_t n = space != NULL ? (size_t)(space - rest->p) : rest->n;
	struct sp_span w = sp_span(rest->p, n);
	size_t skip = space != NULL ? n + 1 : n;

	rest->p += skip;
	rest->n -= skip;
	return w;
}

static bool is_version(struct sp_span s)
{
	return s.n == 8 && memcmp(s.p, "HTTP/1.", 7) == 0 && (s.p[7] == '0' || s.p[7] == '1');
}

static int request_line(struct sp_span line, struct sp_http_request *out)
{
	out->method = word(&line);
	out->path = word(&line);
	const uint8_t *query = out->path.n > 0 ? memchr(out->path.p, '?', out->path.n) : NULL;

	if (query != NULL) {
		out->path.n = (size_t)(query - out->path.p);
	}
	bool good = out->method.n > 0 && out->path.n > 0 && out->path.p[0] == '/' &&
			is_version(line);
	for (size_t i = 0; good && i < out->method.n; i++) {
		good = 'A' <= out->method.p[i] && out->method.p[i] <= 'Z';
	}
	return good ? SP_OK : SP_EFIELD;
}

int sp_http_request_read(struct sp_span in, struct sp_http_request *out)
{
	struct sp_span rest = in, line;
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	while (next_line(&rest, &line)) {
		if (!clean(line)) {
			return SP_EFIELD;
		}
		if (n == 0 && request_line(line, out) != SP_OK) {
			return SP_EFIELD;
		}
		if (line.n == 0) {
			size_t used = in.n - rest.n;
			return used <= SP_HTTP_MAX ? (int)used : SP_ELIMIT;
		}
		if (n > 0 && memchr(line.p, ':', line.n) == NULL) {
			return SP_EFIELD;
		}
		n++;
	}
	return in.n < SP_HTTP_MAX ? 0 : SP_ELIMIT;
}

static int status_line(struct sp_span line)
{
	struct sp_span version = word(&line), code = word(&line);
	if (!is_version(version) || code.n != 3 || !('1' <= code.p[0] && code.p[0] <= '5')) {
		return SP_EFIELD;
	}
	for (size_t i = 1; i < 3; i++) {
		if (!('0' <= code.p[i] && code.p[i] <= '9')) {
			return SP_EFIELD;
		}
	}
	return (code.p[0] - '0') * 100 + (code.p[1] - '0') * 10 + code.p[2] - '0';
}

int sp_http_status_read(struct sp_span in)
{
	struct sp_span rest = in, line;
	bool head = false; /* of one that only says that another follows */

	while (next_line(&rest, &line)) {
		int status = head ? 0 : status_line(line);

		if (status < 0 || status >= 200) {
			return status;
		}
		head = line.n > 0;
	}
	return in.n < SP_HTTP_MAX ? 0 : SP_ELIMIT;
}
